"""Keys are spelled in `keys.py`, and again where Python does not reach: in the template and in the
workflow. All spell the same.
"""

from __future__ import annotations

import inspect
import re
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path
from unittest.mock import Mock

from aws_lambda_powertools.utilities.data_classes.dynamo_db_stream_event import DynamoDBRecord
from hypothesis import given
from hypothesis import strategies as st

from cavok.adapters.table import keys
from cavok.adapters.table.accounts import AccountItem
from cavok.adapters.table.progress import Progress
from cavok.adapters.table.stream import change_of
from cavok.adapters.table.verifications import ProgressItem
from cavok.domain.events import AccountChange
from cavok.domain.interactions import key_hash
from cavok.domain.kinds import Action, Kind
from cavok.domain.steps import PROGRESS_KEPT_FOR
from local.settings import ROOT
from tests.support.builders import (
    ACCOUNT_ID,
    NOW,
    ORGANIZATION_ID,
    VERIFICATION_ID,
    a_step,
    an_account,
)
from tests.support.template import resource

TEMPLATE = (ROOT / "template.yaml").read_text()


def test_keys_are_as_production_stores_them() -> None:
    assert [
        keys.ORGANIZATION_SK,
        keys.WEBHOOK_SK,
        keys.LOOKS_SK,
        keys.HEALTH_SK,
        keys.INVITATION_SK,
        keys.webhook_pk("o"),
        keys.delivery_sk(datetime(2025, 3, 1, 12, tzinfo=UTC), "e"),
        keys.waiting_sk(datetime(2025, 3, 1, 12, tzinfo=UTC)),
        keys.quota_sk("q"),
        keys.organization_pk("o"),
        keys.account_pk("a"),
        keys.account_sk("a"),
        keys.credentials_sk("a"),
        keys.claim_sk("aws", "123456789012"),
        keys.enrollment_sk("e"),
        keys.totals_sk("e"),
        keys.member_sk("e", "123456789012"),
        keys.synchronization_sk("e", "s"),
        keys.operation_sk("o"),
        keys.selected_sk("o", 1),
        keys.hint_sk("123456789012"),
        keys.audit_sk("e"),
        keys.idempotency_sk("k"),
        keys.deleted_sk("d"),
        keys.verification_sk("v"),
        keys.progress_pk("v"),
        keys.progress_sk("s"),
        keys.interaction_sk("i"),
        keys.request_sk(key_hash("k", Action.STOP, Kind.EC2, "i-1")),
        keys.usage_sk("2025-03"),
        keys.trust_sk("logs"),
        keys.resource_sk("r"),
        keys.resource_claim_sk("ec2", "us-east-1", "i-1"),
        keys.name_key("Name", "a"),
        keys.status_pk("o", "failed"),
        keys.template_sk(2),
        keys.template_pk("o", 2),
        keys.due_shard("a"),
        keys.usage_of("o", "2025-03"),
        keys.turns_of("o"),
        keys.turn_key(NOW, "stop", "ec2", "us-east-1", "r"),
        keys.turn_key(None, "", "ec2", "us-east-1", "r"),
    ] == [
        "ORG",
        "WEBHOOK",
        "LOOKS",
        "HEALTH",
        "INVITATION",
        "WEBHOOK#o",
        "DELIVERY#2025-03-01T12:00:00.000000#e",
        "WAITING#2025-03-01",
        "QUOTA#q",
        "ORG#o",
        "ACCOUNT#a",
        "ACCOUNT#a",
        "CREDENTIALS#a",
        "PROVIDER#aws#123456789012",
        "ENROLLMENT#e",
        "TOTALS#e",
        "MEMBER#e#123456789012",
        "SYNCHRONIZATION#e#s",
        "OPERATION#o",
        "SELECTED#o#1",
        "HINT#123456789012",
        "AUDIT#e",
        "IDEMPOTENCY#8254c329a92850f6d539dd376f4816ee2764517da5e0235514af433164480d7a",
        "DELETED#d",
        "VERIFICATION#v",
        "PROGRESS#v",
        "PROGRESS#s",
        "INTERACTION#i",
        "REQUEST#8b72d6ca949e4249f22c1c1f2f288751aad1077247431be6a2f80d5c0e027bbd",
        "USAGE#2025-03",
        "TRUST#logs",
        "RESOURCE#r",
        "RESOURCE_OF#ec2#us-east-1#i-1",
        "name#a",
        "ORG#o#failed",
        "TEMPLATE#2",
        "ORG#o#TEMPLATE#2",
        "DUE#4",
        "ORG#o#USAGE#2025-03",
        "ORG#o#TURNS",
        "2025-03-01T12:00:00Z#stop#ec2#us-east-1#r",
        "~##ec2#us-east-1#r",
    ]


def test_every_key_is_pinned_there() -> None:
    pinned = inspect.getsource(test_keys_are_as_production_stores_them)
    made = [name for name in vars(keys) if re.search("_(PK|SK|pk|sk)$", name)]

    assert [name for name in made if f"keys.{name}" not in pinned] == []


TAKEN_APART = re.compile(r"""\.r?partition\(|\.r?split\(["']#|["'][!#~]["']|f["'][^"'\n]*[!#~]""")


def test_no_other_module_of_the_table_takes_a_key_apart_or_makes_one() -> None:
    """Nor a range of keys. A whole prefix may be taken off: what is left is an id."""
    modules = (path for path in Path(keys.__file__).parent.glob("*.py") if path.name != "keys.py")

    assert [path.name for path in modules if TAKEN_APART.search(path.read_text())] == []


SPELLED = re.compile(r"""["']#["']|\}[#~]""")


def test_no_module_of_the_api_does() -> None:
    """There a `#` also begins what a page's address ends with, such as `#/components`."""
    modules = (ROOT / "layers/shared/cavok/api").rglob("*.py")

    assert [path.name for path in modules if SPELLED.search(path.read_text())] == []


def test_what_a_key_is_made_of_is_read_from_it() -> None:
    turn = ("2025-03-01T12:00:00Z", "stop", "ec2", "us-east-1", "r")

    assert keys.member_in(keys.member_sk("e", "123456789012")) == ("e", "123456789012")
    assert keys.synchronization_in(keys.synchronization_sk("e", "s")) == ("e", "s")
    assert keys.number_claimed(keys.claim_sk("aws", "123456789012")) == ("aws", "123456789012")
    assert keys.name_in(keys.name_key("Name", "a")) == "name"
    assert keys.turn_in(keys.turn_key(NOW, *turn[1:])) == turn


def test_later_members_are_those_with_a_higher_number_of_the_same_enrollment() -> None:
    numbers = ["000000000000", "123456789012", "123456789013", "999999999999"]

    def after(number: str) -> list[str]:
        first, last = keys.members_after("e", number)
        return [each for each in numbers if first <= keys.member_sk("e", each) <= last]

    assert after("") == numbers
    assert after("123456789012") == numbers[2:]
    first, last = keys.members_after("e", "")
    assert not first <= keys.member_sk("f", "123456789012") <= last


def prefixes() -> list[str]:
    """What sort keys begin with, where an owner may have several such items."""
    return [
        value
        for name, value in vars(keys).items()
        if name.isupper() and isinstance(value, str) and value.endswith("#")
    ]


def test_no_query_by_prefix_finds_another_kind_of_item() -> None:
    assert not [(a, b) for a in prefixes() for b in prefixes() if a != b and b.startswith(a)]


def test_filters_of_the_stream_name_these_keys() -> None:
    assert set(re.findall(r'"prefix": "([^"]+)"', TEMPLATE)) == {
        keys.account_sk(""),
        keys.interaction_sk(""),
        keys.usage_sk(""),
        keys.operation_sk(""),
    }
    assert f'{{"prefix": "ACCOUNT#"}}, "{keys.HEALTH_SK}"' in TEMPLATE


def test_policies_allow_these_partitions_and_no_others() -> None:
    allowed = {
        pattern
        for listed in re.findall(r"dynamodb:LeadingKeys: \[([^\]]+)\]", TEMPLATE)
        for pattern in re.findall(r'"([^"]+)"', listed)
    }

    assert allowed == {
        keys.organization_pk("*"),
        keys.account_pk("*"),
        keys.progress_pk("*"),
        keys.webhook_pk("*"),
    }
    assert TEMPLATE.count("LeadingKeys") == TEMPLATE.count("dynamodb:LeadingKeys: [")


def test_the_reader_of_the_stream_knows_an_account_by_its_keys() -> None:
    image = AccountItem.of(an_account()).serialize() | {"version": {"N": "1"}}
    written = {"Keys": {name: image[name] for name in ("pk", "sk")}, "NewImage": image}

    change = change_of(DynamoDBRecord({"eventName": "INSERT", "dynamodb": written}))

    assert isinstance(change, AccountChange)
    assert change.after
    assert (change.after.organization_id, change.after.account_id) == (ORGANIZATION_ID, ACCOUNT_ID)


def test_what_a_probe_shows_is_what_the_table_reads() -> None:
    """The writer loads no PynamoDB, so it does not know the item's class."""
    dynamodb, step = Mock(), a_step("ec2:StopInstances")

    assert Progress(dynamodb, "table").show(VERIFICATION_ID, [step], NOW)

    written = dynamodb.put_item.call_args.kwargs["Item"]
    item = ProgressItem()
    item.deserialize(written)
    assert set(written) == {"pk", "sk", "steps", "expires_at"}
    assert (item.pk, item.sk) == (keys.progress_pk(VERIFICATION_ID), keys.progress_sk(step.step))
    assert (item.finished_steps(), item.expires_at) == ([step], NOW + PROGRESS_KEPT_FOR)


def rows_of_the_map(columns: int) -> list[list[str]]:
    """Items have four columns, indexes five."""
    rows = [
        [cell.strip() for cell in line.strip("|").split("|")]
        for line in str(keys.__doc__).splitlines()
        if line.startswith("| ") and not line.startswith("| -")
    ]
    return [row for row in rows if len(row) == columns][1:]


FOLDER = Path(keys.__file__).parent


def test_the_local_sweep_waits_for_tests_under_these_keys() -> None:
    text = (ROOT / "local" / "sweep.py").read_text()

    assert f'f"{keys.ACCOUNT}{{' in text
    assert f'"{keys.VERIFICATION}"' in text


def files_that_spell(sort_key: str) -> set[str]:
    """The modules that name what makes sort keys with this beginning."""
    names = [
        name for name, value in vars(keys).items() if name.endswith("_SK") and value == sort_key
    ]
    for name, make in vars(keys).items():
        if name.endswith("_sk"):
            given = [NOW if each == "at" else "" for each in inspect.signature(make).parameters]
            names += [name] if beginning(make(*given)) == sort_key else []
    spelling = re.compile(rf"\bkeys\.({'|'.join(names)})\b")
    return {path.stem for path in FOLDER.glob("*.py") if spelling.search(path.read_text())}


def beginning(sort_key: str) -> str:
    return re.sub("#.*", "#", sort_key)


def test_the_map_has_every_file_that_reads_or_writes_an_item_by_its_key() -> None:
    listed: dict[str, set[str]] = {}
    for _, _, sk, files in rows_of_the_map(columns=4):
        first, *others = files.split(", ")
        listed.setdefault(beginning(sk), set()).update((first, *others))
        assert "(Item):" in (FOLDER / f"{first}.py").read_text()
        for other in set(others) - files_that_spell(beginning(sk)):
            text = (FOLDER / f"{other}.py").read_text()
            assert f"from cavok.adapters.table.{first} import" in text, (
                f"{other} does not know {sk}"
            )

    for sort_key, there in listed.items():
        assert files_that_spell(sort_key) <= there, sort_key


def test_the_map_has_every_item() -> None:
    items = [sk for _, _, sk, _ in rows_of_the_map(columns=4)]

    assert {beginning(sk) for sk in items} | {keys.ORGANIZATION, keys.WEBHOOK} == {
        *prefixes(),
        *(value for name, value in vars(keys).items() if name.endswith("_SK")),
    }


def test_the_architecture_says_what_becomes_of_every_item_of_a_deleted_account() -> None:
    page = (ROOT / "docs" / "architecture.md").read_text()
    (section,) = re.findall(r"\*\*Deleting an account\.\*\*.*?\n\*\*", page, re.DOTALL)

    assert set(re.findall(r"`([A-Z_]+#)`", section)) == set(prefixes()) - {keys.ORGANIZATION}


def test_the_table_has_the_indexes_of_the_map() -> None:
    declared = {
        index["IndexName"]: (
            *(key["AttributeName"] for key in index["KeySchema"]),
            index["Projection"]["ProjectionType"],
        )
        for index in resource("Table")["GlobalSecondaryIndexes"]
    }
    described = {
        name: (hash_key, range_key, projection.upper().replace("KEYS ONLY", "KEYS_ONLY"))
        for name, _, hash_key, range_key, projection in rows_of_the_map(columns=5)
    }

    assert described == declared


SPANS = st.builds(
    timedelta,
    seconds=st.just(0) | st.integers(0, 10**9),
    microseconds=st.just(0) | st.integers(0, 999_999),
)
SECOND = timedelta(seconds=1)
ZONES = st.integers(-1439, 1439).map(lambda minutes: timezone(timedelta(minutes=minutes)))


@given(SPANS, ZONES, SPANS, ZONES)
def test_due_times_have_the_same_order_as_text_and_in_time(
    until_due: timedelta, zone: timezone, later: timedelta, other_zone: timezone
) -> None:
    """The index by_due compares them as text: one that sorted after now would never be due."""
    due = NOW + until_due
    texts = _as_stored(due.astimezone(zone)), _as_stored((due + later).astimezone(other_zone))

    assert (texts[0] < texts[1], texts[0] == texts[1]) == (bool(later), not later)


def _as_stored(due: datetime) -> str:
    item = AccountItem.of(an_account(next_verification_at=due)).serialize()
    return str(item["next_verification_at"]["S"])


@given(SPANS, ZONES, SPANS, ZONES)
def test_turns_have_the_same_order_as_text_and_in_time(
    until: timedelta, zone: timezone, later: timedelta, other_zone: timezone
) -> None:
    """A turn is at a full second. Those without a turn come last."""
    begun, apart = NOW + until // SECOND * SECOND, later // SECOND
    times = begun.astimezone(zone), (begun + apart * SECOND).astimezone(other_zone)
    first, second = (keys.turn_key(at, "stop", "ec2", "us-east-1", "r") for at in times)

    assert (first < second, first == second) == (bool(apart), not apart)
    assert second < keys.turn_key(None, "", "aurora", "af-south-1", "0")
