"""What `make bench` reckons from what it measures."""

from __future__ import annotations

from pathlib import Path
from unittest.mock import Mock

import pytest

from tests.bench import yardstick
from tests.bench.functions import throttled, variables_of
from tests.bench.measure import Sample
from tests.bench.reckoning import share_of_a_processor, with_a_share
from tests.bench.sweep import SHARDS, batches_of_the_stream
from tests.bench.workflows import TRANSITION, Reckoned, definition
from tests.bench.yardstick import on_the_reference
from tests.support.stream_records import stream_record
from tests.support.template import FUNCTIONS


def test_a_function_has_a_share_of_a_processor_by_its_memory() -> None:
    assert share_of_a_processor(1769) == 1
    assert share_of_a_processor(256) == pytest.approx(0.145, abs=0.001)


def test_work_takes_longer_with_a_share_and_waiting_does_not() -> None:
    """0.3 seconds, of which 0.1 are work: four tenths with a quarter of a processor."""
    assert with_a_share(Sample(0.3, 0.1), 0.25).wall == pytest.approx(0.2 + 0.4)
    assert with_a_share(Sample(0.3, 0.1), 0.25).cpu == 0.1


@pytest.mark.parametrize("share", [1, 1.7])
def test_a_whole_processor_and_more_makes_nothing_faster(share: float) -> None:
    assert with_a_share(Sample(0.3, 0.1), share) == Sample(0.3, 0.1)


@pytest.mark.parametrize(("throttled", "wall"), [(0, 0.25), (0.15, 0.175), (0.4, 0.15)])
def test_work_on_a_machine_of_half_the_speed_takes_half_as_long_on_the_reference(
    throttled: float, wall: float
) -> None:
    """0.3 seconds, of which 0.1 are work that is half as much there, and some were waited for a
    share of a processor, perhaps on two processors.
    """
    there = on_the_reference(Sample(0.3, 0.1), 2, throttled)

    assert there.wall == pytest.approx(wall)
    assert there.cpu == 0.05


@pytest.mark.parametrize("slower", [0.5, 1, 1.3, 3])
@pytest.mark.parametrize("throttled", [0, 0.004, 0.02])
@pytest.mark.parametrize("wall", [0.0039, 0.004, 0.01])
def test_no_time_is_shorter_than_its_work(wall: float, throttled: float, slower: float) -> None:
    """A burst ends before its quota holds it back."""
    there = on_the_reference(Sample(wall, 0.004), slower, throttled)

    assert there.wall >= there.cpu > 0


@pytest.mark.parametrize("counts", ["throttled_time 1500000000", "throttled_usec 1500000"])
def test_the_kernel_says_how_long_a_group_was_held_back(tmp_path: Path, counts: str) -> None:
    """With groups of version 1 and 2."""
    (tmp_path / "cpu.stat").write_text(f"nr_throttled 3\n{counts}\n")

    assert (throttled(tmp_path), throttled(None)) == (1.5, 0)


def test_a_yardstick_is_asked_again_after_some_seconds(monkeypatch: pytest.MonkeyPatch) -> None:
    """Each of the three times it is asked, it takes longer."""
    measured = iter([1, 9, 1, 2, 2, 2, 3, 3, 3])
    now = [0.0]
    monkeypatch.setattr(
        yardstick, "running", lambda *_: Sample(0, next(measured) * yardstick.REFERENCE)
    )
    monkeypatch.setattr(yardstick, "time", Mock(monotonic=lambda: now[0]))
    of_this_machine = yardstick.Yardstick()

    found = []
    for now[0] in (0, 4, 6, 10, 12):
        found.append(of_this_machine.slower())

    assert found == pytest.approx([1, 1, 2, 2, 3])


@pytest.mark.parametrize("name", FUNCTIONS)
def test_each_function_is_told_what_the_template_tells_it(name: str) -> None:
    assert variables_of(name)["TABLE_NAME"]


def test_a_sweep_is_measured_with_the_pages_of_a_stack_with_many_accounts() -> None:
    assert variables_of("SweepAccounts")["SWEEP_TESTS"] == "40"


# ---- the table's stream


def batches(seconds: list[float], *, window: float = 0, size: int = 100) -> list[int]:
    """How many records Lambda takes at a time of those written at these seconds."""
    records = [
        (at, stream_record(n, ("ORG#a", f"ACCOUNT#{n}"), None, {"n": {"N": str(n)}}))
        for n, at in enumerate(seconds)
    ]
    return sorted(len(batch) for batch in batches_of_the_stream(records, size, window))


def test_lambda_takes_what_each_shard_has_at_each_look() -> None:
    at_once, one_each_second = batches([0.1] * 100), batches([float(n) for n in range(100)])

    assert len(at_once) == SHARDS
    assert one_each_second == [1] * 100


def test_a_window_gathers_and_a_batch_has_its_limit() -> None:
    seconds = [n / 10 for n in range(100)]

    assert len(batches(seconds, window=10)) == SHARDS < len(batches(seconds))
    assert max(batches([0.1] * 100, size=10)) == 10
    assert sum(batches(seconds)) == 100


# ---- executions in reckoned time

ONE_TASK = {
    "StartAt": "Ask",
    "States": {"Ask": {"Type": "Task", "Resource": "any", "Arguments": "{% $states.input %}"}},
}


def run(machine: object, data: object) -> Reckoned:
    """Each task takes as many seconds as its arguments say."""
    execution = Reckoned({}, perform=lambda resource, seconds, now: ({}, seconds))
    execution.run(machine, data)  # type: ignore[arg-type]
    return execution


def mapping(at_once: int) -> object:
    processor = {"ProcessorConfig": {"Mode": "INLINE"}, **ONE_TASK}
    state = {
        "Type": "Map",
        "Items": "{% $states.input %}",
        "MaxConcurrency": at_once,
        "ItemProcessor": processor,
    }
    return {"StartAt": "Each", "States": {"Each": state}}


def test_a_state_takes_its_own_time_and_its_tasks() -> None:
    execution = run(ONE_TASK, 2)

    assert execution.now == pytest.approx(2 + TRANSITION)
    assert execution.bill.transitions == 1


def test_branches_run_at_once_as_far_as_the_map_allows() -> None:
    """Of 3, 1, 1 and 1 seconds, two at once: three seconds, each second with another state's."""
    assert run(mapping(4), [3, 1, 1, 1]).now == pytest.approx(3 + 2 * TRANSITION)
    assert run(mapping(2), [3, 1, 1, 1]).now == pytest.approx(3 + 4 * TRANSITION)


def test_each_state_of_a_branch_counts_as_a_transition_and_the_branch_itself_does_not() -> None:
    assert run(mapping(4), [1, 1, 1]).bill.transitions == 1 + 3


def test_a_workflow_names_resources_where_it_had_placeholders() -> None:
    states = definition("verify_account")["States"]

    assert states["RecordVerification"]["Arguments"]["FunctionName"] == "RecordVerification"
