"""Items hold what they were given, and little more than it weighs."""

from __future__ import annotations

import base64
import zlib
from dataclasses import replace
from datetime import date, timedelta

from hypothesis import given
from hypothesis import strategies as st

from cavok.adapters.table.accounts import _NAMES, AccountItem
from cavok.adapters.table.verifications import pack_steps, unpack_steps
from cavok.domain.access_denied import Reason
from cavok.domain.accounts import (
    MOST_CHANGES,
    Account,
    Capability,
    LastVerification,
    Outcome,
    Status,
    StatusChange,
)
from cavok.domain.permissions import PROBED_GROUPS, STEPS
from cavok.domain.regions import RegionHealth, RegionStatus
from cavok.domain.steps import Evidence, Step, Verdict
from tests.bench.capacity import weight
from tests.support.builders import (
    NOW,
    VERIFICATION_ID,
    actions_of,
    an_account,
    confirmed,
    steps_of,
    under_test,
)

A_WRITE_UNIT, SPARE = 1024, 60
"""Bytes. What an account leaves at least for what it does not have yet, such as another group."""

ANY_STEP = st.builds(
    Step,
    step=st.sampled_from(STEPS),
    group=st.just(""),
    verdict=st.sampled_from(Verdict),
    ok=st.sampled_from([True, False, None]),
    evidence=st.sampled_from(Evidence),
    reason=st.none() | st.sampled_from(Reason),
    error_code=st.none() | st.text(),
    detail=st.none() | st.text(),
    region=st.none() | st.text(),
    started_at=st.timedeltas(timedelta(), timedelta(hours=1)).map(
        lambda wait: NOW + timedelta(milliseconds=round(wait.total_seconds() * 1000))
    ),
    duration_ms=st.integers(0, 10**6),
)


@given(st.lists(ANY_STEP, min_size=1))
def test_steps_come_back_as_they_were(steps: list[Step]) -> None:
    returned = unpack_steps(pack_steps(steps))

    assert [{**s.as_dict(), "group": ""} for s in returned] == [s.as_dict() for s in steps]


def test_the_steps_of_a_test_that_found_all_well_take_half_a_kilobyte() -> None:
    assert len(pack_steps(steps_of(an_account()))) < 512


def well(account: Account) -> Account:
    """As a connected account is on almost every day, a test under way."""
    last = LastVerification(VERIFICATION_ID, Outcome.CONFIRMED, NOW)
    proven = confirmed(account, *actions_of("ec2", "rds"))
    health = tuple(RegionHealth(region, RegionStatus.REACHABLE) for region in account.regions)
    return under_test(
        an_account(**{**_fields(proven), "region_health": health, "verification": last})
    )


def _fields(account: Account) -> dict[str, object]:
    return {name: getattr(account, name) for name in ("status", "connected_at", "proven")}


def test_an_account_that_is_well_fits_a_kilobyte_while_it_is_tested() -> None:
    """A write unit is a kilobyte begun, and each test writes the account twice."""
    item = AccountItem.of(well(an_account())).serialize()

    assert weight(item | {"version": {"N": "1000"}}) <= A_WRITE_UNIT - SPARE


def test_an_account_that_a_sweep_finds_as_it_was_fits_a_kilobyte() -> None:
    """With all that a test can prove, and longer names than most."""
    account = replace(
        well(an_account()),
        slot=None,
        created_by="somebody.with.a.name@of-a-long-domain.example",
        regions=("eu-central-1", "eu-west-1", "us-east-1"),
        capabilities=dict.fromkeys((group.group for group in PROBED_GROUPS), Capability.FULL),
        proven=frozenset(STEPS),
        verification=LastVerification(
            VERIFICATION_ID, Outcome.CONFIRMED, NOW, unchanged=6, found="0123456789abcdef"
        ),
    )
    item = AccountItem.of(account).serialize()

    assert (
        weight(item | {"version": {"N": "1000"}, "quiet": {"BOOL": True}}) <= A_WRITE_UNIT - SPARE
    )


def test_an_account_whose_status_stays_has_no_byte_for_its_changes() -> None:
    assert "changes" not in AccountItem.of(well(an_account())).serialize()


@given(
    st.lists(
        st.tuples(st.dates(date(2020, 1, 1), date(2199, 1, 1)), st.sampled_from(Status)),
        max_size=MOST_CHANGES,
    )
)
def test_changes_of_status_come_back_as_they_were_and_take_five_bytes_each(
    given_changes: list[tuple[date, Status]],
) -> None:
    changes = tuple(StatusChange(day.isoformat(), status) for day, status in given_changes)
    item = AccountItem.of(an_account(status_changes=changes, writes=1))

    assert item.account().status_changes == changes
    assert len(item.changes or "") == 5 * len(changes) <= 40


@given(
    st.frozensets(
        st.sampled_from(STEPS)
        | st.text(st.characters(exclude_characters=",", codec="utf-8"), min_size=1)
    )
)
def test_names_come_back_as_they_were(names: frozenset[str]) -> None:
    proven = AccountItem.proven

    assert proven.deserialize(proven.serialize(names)) == names
    assert proven.deserialize(zlib.compress(",".join(names).encode())) == names, "as once packed"


def test_packed_names_stay_readable() -> None:
    packed = base64.b64decode("ePl/BbJoSx2N02EXpwB/BbJo")

    assert AccountItem.proven.deserialize(packed) == frozenset(_NAMES.decode().split(","))
