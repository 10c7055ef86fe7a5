"""How an account changes, and what it says of itself."""

from __future__ import annotations

from dataclasses import fields, replace
from datetime import datetime, timedelta
from itertools import pairwise
from typing import Any

import pytest

from cavok.domain.access_denied import Reason
from cavok.domain.accounts import (
    CONNECTED,
    TESTED_AGAIN_AFTER,
    UNKNOWN_CAPABILITIES,
    AccessType,
    Account,
    Capability,
    Issue,
    LastVerification,
    Outcome,
    Status,
    require_not_own,
)
from cavok.domain.errors import InvalidField
from cavok.domain.ids import is_id
from cavok.domain.regions import RegionHealth, RegionStatus
from cavok.domain.reverification import DAY, Attention, next_verification_at
from cavok.domain.verifications import untested_since
from tests.support.builders import (
    ACCOUNT_ID,
    NOW,
    NUMBER,
    VERIFICATION_ID,
    WORKLOAD,
    a_slot,
    an_account,
    an_account_with_keys,
    confirmed,
)

LATER, TOMORROW = NOW + timedelta(minutes=1), NOW + timedelta(days=1)
TEN_LATER = NOW + timedelta(minutes=10)
TESTED = replace(
    confirmed(an_account()),
    status=Status.DEGRADED,
    issues=(Issue("permission_lost", "Lost.", "Add it."),),
    capabilities=dict.fromkeys(UNKNOWN_CAPABILITIES, Capability.FULL),
    region_health=(RegionHealth("us-east-1", RegionStatus.REACHABLE),),
    verification=LastVerification(VERIFICATION_ID, Outcome.DEGRADED, NOW),
    slot=a_slot(),
    attempts=3,
    connection_revision=7,
    version=9,
)
"""An account that differs from a new one in every field that a test sets."""


def changed(after: Account, before: Account = TESTED) -> dict[str, Any]:
    """The fields that are different, with their new values."""
    names = [each.name for each in fields(Account)]
    return {
        name: getattr(after, name)
        for name in names
        if getattr(after, name) != getattr(before, name)
    }


@pytest.mark.parametrize(
    ("change", "version"),
    [
        ({"name": "Other"}, 10),
        ({"write_logs": False}, 10),
        ({"regions": ("eu-west-1",)}, 10),
        ({"role_name": "CavokOther"}, 10),
        ({"role_path": "/team/"}, 10),
        ({"access_key_id_ending": "ABCD"}, 10),
        ({"connection_revision": 77}, 10),
        ({"status": Status.FAILED}, 10),
        ({"issues": (), "verification": None, "attempts": 9, "slot": None}, 9),
        ({"next_verification_at": LATER, "updated_at": LATER, "touched_at": LATER}, 9),
    ],
)
def test_a_version_is_what_a_person_can_change_and_the_status(
    change: dict[str, Any], version: int
) -> None:
    assert replace(TESTED, **change).after(TESTED).version == version


def test_another_name_changes_nothing_else() -> None:
    assert changed(TESTED.renamed("Other", LATER)) == {"name": "Other", "updated_at": LATER}


def test_switching_the_logs_makes_the_account_due_and_keeps_what_is_known() -> None:
    tested_at, later = NOW - timedelta(hours=1), NOW + timedelta(hours=1)
    last = LastVerification(VERIFICATION_ID, Outcome.DEGRADED, tested_at)
    before = replace(TESTED, attempts=0, verification=last, next_verification_at=TOMORROW)
    assert changed(before.with_write_logs(False, later), before) == {
        "write_logs": False,
        "next_verification_at": later,
        "touched_at": later,
        "updated_at": later,
    }


def test_whoever_switches_the_logs_again_and_again_has_one_test_in_ten_minutes() -> None:
    account, now = replace(TESTED, attempts=0), LATER
    tests: list[datetime] = []
    for _ in range(120):
        now += timedelta(seconds=15)
        account = account.with_write_logs(not account.write_logs, now)
        due = account.next_verification_at
        if due and due <= now:  # as a sweep does
            last = LastVerification("test", Outcome.CONFIRMED, now)
            account = replace(
                account, verification=last, next_verification_at=now + timedelta(days=1)
            )
            tests.append(now)
    assert [after - before for before, after in pairwise(tests)] == [timedelta(minutes=10)] * 2


@pytest.mark.parametrize(
    ("but", "due"),
    [
        ({"status": Status.UNCONFIRMED}, TOMORROW),
        ({"status": Status.FAILED}, TOMORROW),
        ({"attempts": 3}, TOMORROW),
        ({"status": Status.UNCONFIRMED, "next_verification_at": None}, TEN_LATER),
        ({"verification": None}, TEN_LATER),
        ({"next_verification_at": NOW}, NOW),
        ({"touched_at": LATER}, LATER + timedelta(minutes=10)),
    ],
    ids=str,
)
def test_switching_the_logs_prolongs_and_shortens_no_wait_of_tests_that_find_nothing(
    but: dict[str, Any], due: datetime
) -> None:
    account = replace(TESTED, **({"attempts": 0, "next_verification_at": TOMORROW} | but))
    assert account.with_write_logs(False, TEN_LATER).next_verification_at == due


@pytest.mark.parametrize(
    "connection",
    [
        {"regions": ("eu-west-1", "us-east-1")},
        {"role_name": "CavokOther"},
        {"access_key_id_ending": "WXYZ"},
    ],
    ids=str,
)
def test_another_connection_makes_all_that_was_found_void(connection: dict[str, Any]) -> None:
    assert changed(
        replace(TESTED, next_verification_at=TOMORROW).reconnected(TEN_LATER, **connection)
    ) == connection | {
        "status": Status.UNCONFIRMED,
        "issues": (),
        "capabilities": UNKNOWN_CAPABILITIES,
        "region_health": (),
        "proven": frozenset(),
        "attempts": 0,
        "connected_at": None,
        "connection_revision": 8,
        "next_verification_at": TEN_LATER,
        "touched_at": TEN_LATER,
        "updated_at": TEN_LATER,
    }


@pytest.mark.parametrize("ends", ["confirmed", "failed", "overtaken"])
def test_whoever_changes_the_connection_again_and_again_has_no_more_tests_than_who_waits(
    ends: str,
) -> None:
    """Also if each change comes while a test runs, so that none ends with a verdict."""
    account, now = replace(TESTED, attempts=0, next_verification_at=TOMORROW), LATER
    tests: list[datetime] = []
    for number in range(240):
        now += timedelta(seconds=15)
        account = account.reconnected(now, role_name=f"Cavok{number}")
        due = account.next_verification_at
        if due and due <= now:  # as a sweep does
            tests.append(now)
            account = replace(account, attempts=account.attempts + 1)
            if ends != "overtaken":
                last = LastVerification("test", Outcome(ends), now)
                account = replace(account, verification=last)
            if ends == "confirmed":
                account = replace(account, status=Status.CONFIRMED, attempts=0)
            account = replace(
                account, next_verification_at=next_verification_at(account.attention, now)
            )
    between = [after - before for before, after in pairwise(tests)]
    if ends == "confirmed":
        assert between == [timedelta(minutes=10)] * 5
    else:
        assert between[:4] == [timedelta(minutes=2**n) for n in (1, 2, 3)] + [timedelta(minutes=10)]


def test_a_mistake_that_is_mended_at_once_is_tested_ten_minutes_after() -> None:
    account = replace(TESTED, touched_at=NOW, next_verification_at=TOMORROW, attempts=0)
    minute = timedelta(minutes=1)
    mended = account.reconnected(NOW + minute, regions=("eu-west-1",))
    assert mended.next_verification_at == NOW + 10 * minute


def test_revoking_ends_all_use_and_remembers_what_was_proven() -> None:
    after = TESTED.with_use_revoked(LATER)

    assert after.revoked
    assert changed(after) == {
        "status": Status.UNCONFIRMED,
        "issues": after.issues,
        "capabilities": UNKNOWN_CAPABILITIES,
        "region_health": (),
        "slot": None,
        "attempts": 0,
        "connection_revision": 8,
        "next_verification_at": None,
        "touched_at": LATER,
        "updated_at": LATER,
    }


def test_a_test_holds_the_slot_until_it_expires() -> None:
    expires_at = a_slot().expires_at

    assert TESTED.testing(expires_at - timedelta(microseconds=1))
    assert not TESTED.testing(expires_at)
    assert not an_account().testing(NOW)


def test_a_role_has_an_arn_and_an_access_key_has_none() -> None:
    assert an_account().role_arn == f"arn:aws:iam::{NUMBER}:role/CavokCloud"
    assert an_account(role_path="/a/b/").role_arn == f"arn:aws:iam::{NUMBER}:role/a/b/CavokCloud"
    assert an_account_with_keys().role_arn is None


def test_the_first_region_is_home() -> None:
    assert an_account(regions=("eu-west-1", "us-east-1")).home_region == "eu-west-1"


def test_regions_where_no_call_works_are_unusable() -> None:
    refused = RegionHealth("eu-west-1", RegionStatus.REFUSED, Reason.SERVICE_CONTROL_POLICY)
    off = RegionHealth("ap-east-1", RegionStatus.NOT_ENABLED)
    others = (
        RegionHealth("us-east-1", RegionStatus.REACHABLE),
        RegionHealth("us-east-2", RegionStatus.UNKNOWN),
    )

    account = an_account(region_health=(refused, off, *others))

    assert account.unusable_regions == {"eu-west-1": refused, "ap-east-1": off}


@pytest.mark.parametrize("status", Status)
@pytest.mark.parametrize("connected_at", [None, NOW])
def test_what_decides_when_it_is_tested_again(status: Status, connected_at: object) -> None:
    account = an_account(status=status, connected_at=connected_at, attempts=4, touched_at=LATER)

    assert account.attention == Attention(
        account_id=ACCOUNT_ID,
        connected=status in CONNECTED,
        was_connected=connected_at is not None,
        attempts=4,
        touched_at=LATER,
        revoked=False,
    )
    assert account.with_use_revoked(NOW).attention.revoked


def test_the_count_of_unchanged_tests_is_kept_where_another_test_becomes_the_last() -> None:
    last = LastVerification(VERIFICATION_ID, Outcome.CONFIRMED, NOW, unchanged=2)
    before = replace(TESTED, verification=last)
    another = replace(TESTED, verification=replace(last, finished_at=LATER))

    assert before.last_replaced_by(another) == last
    assert before.last_replaced_by(before) is None
    assert TESTED.last_replaced_by(another) is None
    assert replace(TESTED, verification=None).last_replaced_by(another) is None


HEARD = NOW + timedelta(hours=1)


def test_an_account_of_which_too_many_speak_at_once_is_due_for_the_sweep() -> None:
    later = an_account(next_verification_at=HEARD + timedelta(hours=5))
    rests = an_account(next_verification_at=None)

    assert later.heard_of(HEARD, deleted=False, due=True).next_verification_at == HEARD
    assert rests.heard_of(HEARD, deleted=False, due=True).next_verification_at == HEARD
    due = an_account(next_verification_at=NOW)
    assert due.heard_of(HEARD, deleted=False, due=True) == due
    assert rests.heard_of(HEARD, deleted=True, due=True) == rests, "a deletion brings no role"


@pytest.mark.parametrize("status", [Status.FAILED, Status.UNCONFIRMED])
def test_an_account_whose_stack_made_a_role_is_tested_soon_again_if_aws_does_not_follow_it_yet(
    status: Status,
) -> None:
    rests = an_account(
        status=status, touched_at=HEARD - timedelta(days=8), attempts=12, next_verification_at=None
    )

    heard = rests.heard_of(HEARD, deleted=False, due=False)

    assert (heard.attempts, heard.touched_at, heard.woken_at) == (1, HEARD, HEARD)
    assert heard.next_verification_at is None, "its test begins at once"
    assert rests.heard_of(HEARD, deleted=True, due=False) == rests
    connected = replace(rests, status=Status.CONFIRMED)
    assert connected.heard_of(HEARD, deleted=False, due=False) == connected
    once_more = heard.heard_of(HEARD + timedelta(minutes=3), deleted=False, due=False)
    assert once_more == heard, "a flood writes nothing"


def test_a_revoked_account_and_one_under_test_are_not_due_for_what_a_stack_says() -> None:
    revoked = an_account().with_use_revoked(NOW)
    held = replace(a_slot(), expires_at=HEARD + timedelta(minutes=1))
    tested = an_account(slot=held, next_verification_at=None)

    for account in (revoked, tested):
        assert account.heard_of(HEARD, deleted=False, due=True) == account
    assert revoked.heard_too_often(HEARD, deleted=False) == revoked
    noted = tested.heard_too_often(HEARD, deleted=False)
    assert noted == replace(tested, heard_at=HEARD), "its test may have missed it"


def test_what_stacks_say_too_often_makes_an_account_due_ten_minutes_after_its_last_test() -> None:
    later, lately = HEARD + timedelta(hours=5), HEARD - timedelta(minutes=4)
    tested = replace(confirmed(an_account()), next_verification_at=later)
    last = LastVerification("v-1", Outcome.CONFIRMED, lately)
    again = replace(tested, verification=last)
    rests = an_account(next_verification_at=None)

    assert tested.heard_too_often(HEARD, deleted=False).next_verification_at == HEARD
    deleted = again.heard_too_often(HEARD, deleted=True)
    assert deleted.next_verification_at == lately + TESTED_AGAIN_AFTER
    assert deleted.stack_deleted_at == HEARD
    assert deleted.heard_too_often(HEARD + timedelta(minutes=5), deleted=True) == deleted
    assert rests.heard_too_often(HEARD, deleted=False).next_verification_at == HEARD
    assert rests.heard_too_often(HEARD, deleted=True) == rests, "a deletion brings no role"


def test_an_account_at_rest_of_which_too_much_is_said_is_tested_for_another_week() -> None:
    """Whoever uses up what is followed would else have the new role's account rest again, and ring
    for the time that it rested.
    """
    rests = an_account(touched_at=HEARD - timedelta(days=8), attempts=12, next_verification_at=None)
    held = replace(a_slot(), expires_at=HEARD + timedelta(minutes=1))

    for account in (rests, replace(rests, slot=held, next_verification_at=held.expires_at)):
        heard = account.heard_too_often(HEARD, deleted=False)
        assert (heard.attempts, heard.touched_at) == (1, HEARD)
        later = HEARD + timedelta(seconds=30)
        assert heard.heard_too_often(later, deleted=False) == heard
    assert untested_since(rests.heard_too_often(HEARD, deleted=False)) == HEARD
    lately = replace(rests, touched_at=HEARD - DAY, next_verification_at=HEARD)
    heard = lately.heard_too_often(HEARD, deleted=False)
    assert heard == replace(lately, heard_at=HEARD), "its waits become no shorter"


def test_what_is_said_too_often_is_noted_once_in_ten_minutes() -> None:
    waits = an_account(next_verification_at=HEARD)
    meanwhile, again = HEARD + timedelta(minutes=9), HEARD + TESTED_AGAIN_AFTER

    noted = waits.heard_too_often(HEARD, deleted=False)

    assert noted == replace(waits, heard_at=HEARD)
    assert noted.heard_too_often(meanwhile, deleted=False) == noted
    assert noted.heard_too_often(again, deleted=False).heard_at == again
    assert waits.heard_too_often(HEARD, deleted=True) == noted, "a running test may let it in"


def test_what_is_said_too_often_makes_tests_without_a_verdict_no_more_frequent() -> None:
    """Nobody knows when the last of these ended."""
    verdict = LastVerification("v-1", Outcome.CONFIRMED, HEARD - timedelta(hours=5))
    failing = replace(confirmed(an_account()), attempts=3, verification=verdict)
    soon, later = HEARD + timedelta(minutes=2), HEARD + timedelta(hours=4)

    planned = replace(failing, next_verification_at=soon)
    assert planned.heard_too_often(HEARD, deleted=False).next_verification_at == soon
    waits = replace(failing, next_verification_at=later).heard_too_often(HEARD, deleted=False)
    assert waits.next_verification_at == HEARD + TESTED_AGAIN_AFTER
    assert waits.heard_too_often(HEARD + timedelta(minutes=1), deleted=False) == waits


def test_who_says_much_in_a_stacks_name_does_not_hide_that_it_is_deleted_later() -> None:
    forged = confirmed(an_account()).heard_too_often(HEARD, deleted=True)
    meanwhile, later = HEARD + timedelta(minutes=9), HEARD + timedelta(minutes=30)

    assert forged.heard_too_often(meanwhile, deleted=True).stack_deleted_at == HEARD
    assert forged.heard_too_often(later, deleted=True).stack_deleted_at == later


def test_who_said_before_that_a_stack_is_deleted_does_not_hide_when_it_is() -> None:
    """A test may find the role gone before the deletion is followed."""
    known = replace(confirmed(an_account()), next_verification_at=HEARD + timedelta(hours=5))
    forged = known.with_deletion(HEARD)
    meanwhile, later = HEARD + timedelta(minutes=9), HEARD + timedelta(minutes=45)

    assert forged == replace(known, stack_deleted_at=HEARD)
    assert forged.with_deletion(meanwhile) is forged
    again = HEARD + TESTED_AGAIN_AFTER
    assert forged.with_deletion(again).stack_deleted_at == again
    assert forged.with_deletion(later).stack_deleted_at == later


def test_a_stack_deletes_no_access_key() -> None:
    keys = an_account_with_keys()

    assert keys.heard_of(HEARD, deleted=True, due=False) == keys
    role = confirmed(an_account())
    assert role.heard_of(HEARD, deleted=True, due=False).stack_deleted_at == HEARD


@pytest.mark.parametrize("status", [Status.FAILED, Status.UNCONFIRMED])
def test_an_account_that_is_not_connected_keeps_its_reason_whoever_says_it_was_deleted(
    status: Status,
) -> None:
    failed = replace(confirmed(an_account()), status=status)

    assert failed.heard_of(HEARD, deleted=True, due=False) == failed


def test_another_role_has_no_change_of_the_one_before() -> None:
    account = an_account(role_change="CloudTrail says so.", role_changed_at=NOW)

    other = account.reconnected(LATER, role_name="CavokOther")
    assert (other.role_change, other.role_changed_at) == (None, None)
    assert account.renamed("Other1", LATER).role_change == "CloudTrail says so."


def test_an_account_that_is_added_is_unconfirmed_and_due() -> None:
    added = Account.added(
        "northwind",
        provider="aws",
        account_number="123456789012",
        name="Production1",
        access_type=AccessType.ASSUME_ROLE,
        role_name="CavokCloud",
        role_path="/",
        write_logs=True,
        regions=("us-east-1",),
        by="ada@example.com",
        now=NOW,
    )

    assert added.status is Status.UNCONFIRMED
    assert added.next_verification_at == added.created_at == added.touched_at == NOW
    assert added.created_by == "ada@example.com"
    assert is_id(added.account_id)


@pytest.mark.parametrize("field", ["provider_id", "management_account_id"])
def test_no_role_may_be_in_cavoks_own_account(field: str) -> None:
    require_not_own("123456789012", WORKLOAD, field=field)
    require_not_own(None, WORKLOAD, field=field)
    with pytest.raises(InvalidField, match="Cavok's own account") as refused:
        require_not_own(WORKLOAD, WORKLOAD, field=field)
    assert refused.value.field == field
