"""What is measured of a large AWS Organization's enrollment."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from local.settings import ROOT
from tests.bench import organization, targets
from tests.bench.organization import ASKED, EMPTY, IN_A_UNIT, Peak, Synchronized, written_by
from tests.bench.targets import Measured

PK = {"pk": {"S": "ORG#one"}, "sk": {"S": "MEMBER#a#1"}}


def record(keys: dict[str, Any], **images: Any) -> dict[str, Any]:
    return {"dynamodb": {"Keys": keys, **images}}


def test_units_are_of_the_organizations_own_writes_each_twice() -> None:
    small, large = PK | {"name": {"S": "x"}}, PK | {"name": {"S": "x" * 1500}}
    others = {"pk": {"S": "ORG#two"}, "sk": PK["sk"]}

    counter = PK | {"sk": {"S": "ORG"}}
    assert written_by([record(PK, NewImage=small)], "one") == (1, 2)
    assert written_by([record(PK, OldImage=large, NewImage=small)], "one") == (1, 4)
    assert written_by([record(PK, OldImage=small)], "one") == (1, 2)
    assert written_by([record(counter, NewImage=counter)], "one") == (0, 2)
    assert written_by([record(others, NewImage=others)], "one") == (0, 0)


def process(folder: Path, number: int, environment: str, peak: str) -> None:
    (folder / str(number)).mkdir()
    (folder / str(number) / "environ").write_bytes(environment.encode())
    (folder / str(number) / "status").write_text(f"Name:\tpython\n{peak}Threads:\t1\n")


def test_the_peak_is_that_of_the_functions_own_processes(tmp_path: Path) -> None:
    own = "A=1\0AWS_LAMBDA_FUNCTION_NAME=reader\0"
    process(tmp_path, 1, own, "VmHWM:\t  120 kB\n")
    process(tmp_path, 2, own, "VmHWM:\t   80 kB\n")
    process(tmp_path, 3, "AWS_LAMBDA_FUNCTION_NAME=reader2\0", "VmHWM:\t 900 kB\n")
    process(tmp_path, 4, own, "")
    (tmp_path / "5").mkdir()
    peak = Peak("reader", tmp_path)

    peak.look()

    assert peak.bytes == 120 * 1024
    peak.forget()
    assert (tmp_path / "2" / "clear_refs").read_text() == "5"
    assert not (tmp_path / "3" / "clear_refs").exists()


def test_members_fill_one_unit_after_the_other_and_none_is_in_the_empty_one() -> None:
    made = organization.members(2 * IN_A_UNIT + 1)

    assert len({each.name for each in made}) == len(made)
    assert [each.unit for each in made[::IN_A_UNIT]] == ["Unit 000", "Unit 001", "Unit 002"]
    assert EMPTY not in {each.unit for each in made}


def test_a_request_that_reads_more_beside_many_accounts_misses_its_target() -> None:
    few, many = 10.5, 35.0
    ratio = Measured(targets.PAGE_UNITS, many / few, "the list's first page, of ten")

    (miss,) = targets.missed([ratio], targets.OF_AN_ORGANIZATION)

    assert "beside a few (the list's first page, of ten): 3.33 x, at most 1 x" in miss
    times, units = [(0.043, 0.104)] * len(ASKED), [(few, many)] * len(ASKED)
    assert organization.pages(times, units)[0][1:] == ("43 ms", "104 ms", "10.5", "35")


def test_the_table_has_a_place_in_the_document_and_says_what_is_not_known() -> None:
    one = Synchronized(
        found=5000,
        added=5000,
        changed=0,
        seconds=61.4,
        rounds=4,
        items=10_000,
        units=52_000.0,
        memory=None,
    )

    text = organization.table(one, one, roles=False).as_markdown()

    for part in ("5,000 members without roles", "61 s", "10,000", "10.40", "not known"):
        assert part in text
    document = (ROOT / "docs" / "performance.md").read_text()
    assert document.index("<!-- organization: begin -->") < document.index("organization: end")
