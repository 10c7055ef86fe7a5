"""What an enrollment becomes: by a person, by a synchronization, and by one that failed."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from cavok.domain import enrollments
from cavok.domain.accounts import Issue
from cavok.domain.enrollments import (
    FEATURES,
    READS,
    SYNCHRONIZED_EVERY,
    Enrollment,
    EnrollmentIssue,
    EnrollmentStatus,
    features_of,
)
from cavok.domain.errors import InvalidField, PreconditionFailed
from cavok.domain.permissions import CAPABILITY_GROUPS, DEFAULT_ROLE_NAME, ROLE_NAME_PREFIX
from cavok.domain.session_policies import organization_policy
from tests.support.aws_organization import ARN
from tests.support.builders import NOW
from tests.support.enrollments import MANAGEMENT, SYNCHRONIZATION_ID, an_enrollment, connected

WAITING = an_enrollment()
CONNECTED = connected(WAITING)
REFUSED = enrollments.refused(WAITING, "AccessDenied: no")
OPEN = enrollments.open_to_others(WAITING)
UNANSWERED = enrollments.without_answer("Timeout")


def test_the_role_reads_the_organization_and_nothing_else() -> None:
    assert {action.partition(":")[0] for action in READS} == {"organizations"}
    assert [a for a in READS if not a.partition(":")[2].startswith(("Describe", "List"))] == []
    assert enrollments.ROLE_NAME.startswith(ROLE_NAME_PREFIX)
    assert enrollments.ROLE_NAME != DEFAULT_ROLE_NAME
    (statement,) = organization_policy()["Statement"]
    assert statement == {"Effect": "Allow", "Action": list(READS), "Resource": "*"}


def test_the_entrance_is_a_role_of_the_stacks_account() -> None:
    entrance = an_enrollment(role_path="/team/").entrance()

    assert entrance.role_arn == f"arn:aws:iam::{MANAGEMENT}:role/team/CavokOrganization"
    assert an_enrollment(management_account_id=None).role_arn is None


def test_by_default_members_grant_what_is_used_and_logs_if_they_are_written() -> None:
    used = tuple(group.group for group in CAPABILITY_GROUPS)
    assert features_of(None, write_logs=True) == used
    assert features_of(None, write_logs=False) == tuple(name for name in used if name != "logs")
    assert {"ec2", "rds", "logs"} <= {*used}
    assert features_of(["logs", "ec2"], write_logs=True) == ("ec2", "logs")
    assert features_of(FEATURES[::-1], write_logs=False) == FEATURES
    assert features_of([], write_logs=False) == ()
    with pytest.raises(InvalidField, match="needs the feature logs"):
        features_of(["ec2"], write_logs=True)


def test_a_change_makes_it_due_and_counts_as_a_version() -> None:
    changed = CONNECTED.changed(NOW, name="Other", features=["rds", "logs"])

    assert (changed.name, changed.features) == ("Other", ("rds", "logs"))
    assert (changed.next_synchronization_at, changed.touched_at) == (NOW, NOW)
    assert changed.after(CONNECTED).version == CONNECTED.version + 1
    assert CONNECTED.changed(NOW, name=CONNECTED.name) is CONNECTED or (
        CONNECTED.changed(NOW, name=CONNECTED.name) == CONNECTED
    )
    assert CONNECTED.after(CONNECTED).version == CONNECTED.version


def test_a_change_takes_the_slot_of_what_began_with_other_options_and_a_name_does_not() -> None:
    running = CONNECTED.begun(SYNCHRONIZATION_ID, NOW, by_person=False)

    assert running.changed(NOW, name="Other").held_by(SYNCHRONIZATION_ID)
    for options in ({"exclude_ous": ("ou-abcd-1",)}, {"name": "Other", "name_pattern": "x*"}):
        changed = running.changed(NOW, **options)
        assert (changed.slot, changed.due(NOW)) == (None, True)


def test_what_a_person_asked_for_is_remembered_until_one_has_read_everything() -> None:
    asked = CONNECTED.begun(SYNCHRONIZATION_ID, NOW, by_person=True)

    for after in (
        asked.changed(NOW, name_pattern="x*"),
        asked.not_synchronized(UNANSWERED, NOW),
        asked.begun("another", NOW, by_person=False),
    ):
        assert after.asked
    assert not CONNECTED.begun(SYNCHRONIZATION_ID, NOW, by_person=False).asked
    assert not asked.not_synchronized(UNANSWERED, NOW + timedelta(days=8)).asked
    assert not asked.synchronized(NOW).asked
    assert asked.synchronized(NOW).after(CONNECTED).version == CONNECTED.version


def test_new_members_are_looked_for_some_time_after_a_synchronization_and_if_none_fails() -> None:
    later = NOW + enrollments.NEW_AFTER

    for own in (False, True):
        assert CONNECTED.starts_for(later + timedelta(seconds=1), own=own)
        assert not CONNECTED.starts_for(later, own=own)
    after = later + timedelta(hours=1)
    running = CONNECTED.begun(SYNCHRONIZATION_ID, after, by_person=False)
    for other in (
        WAITING,
        running,
        CONNECTED.not_synchronized(UNANSWERED, NOW),
        CONNECTED.not_synchronized(REFUSED, NOW),
    ):
        assert not other.starts_for(after, own=False)


def test_the_own_stack_of_one_that_is_not_connected_starts_a_synchronization() -> None:
    failed = CONNECTED.not_synchronized(REFUSED, NOW)

    assert WAITING.starts_for(NOW, own=True)
    assert failed.starts_for(NOW, own=True)
    assert not CONNECTED.not_synchronized(UNANSWERED, NOW).starts_for(NOW, own=True)


@pytest.mark.parametrize("enrollment", [WAITING, CONNECTED])
def test_one_whose_stack_speaks_is_tried_soon_again_however_often_it_was_refused(
    enrollment: Enrollment,
) -> None:
    later = NOW + timedelta(days=8)
    for _ in range(9):
        enrollment = enrollment.not_synchronized(REFUSED, NOW)

    again = enrollment.heard_of(later).not_synchronized(REFUSED, later)

    assert again.next_synchronization_at == later + enrollments.FIRST_RETRY
    assert CONNECTED.heard_of(later) is CONNECTED
    assert WAITING.heard_of(NOW) is WAITING


def test_a_new_member_that_speaks_too_soon_brings_the_next_synchronization_forward_once() -> None:
    idle = CONNECTED.synchronized(NOW)
    soon = NOW + timedelta(minutes=1)

    heard = idle.with_new_member(soon)

    assert heard.next_synchronization_at == NOW + enrollments.NEW_AFTER
    assert heard.with_new_member(soon + timedelta(minutes=1)) is heard
    failing = idle.not_synchronized(UNANSWERED, soon)
    for other in (WAITING, failing, replace(idle, next_synchronization_at=soon)):
        assert other.with_new_member(soon) is other


def test_what_stacks_say_too_often_has_one_begin_within_ten_minutes_and_writes_once() -> None:
    soon, later = NOW + enrollments.NEW_AFTER, NOW + timedelta(minutes=9)
    rests = replace(WAITING, next_synchronization_at=None)

    for each in (rests, CONNECTED.synchronized(NOW - timedelta(hours=1))):
        heard = each.heard_too_often(NOW, deleted=False)
        assert heard.next_synchronization_at == soon
        assert heard.heard_too_often(later, deleted=False) is heard
    due = replace(WAITING, next_synchronization_at=later)
    assert due.heard_too_often(NOW, deleted=False) is due
    begun = WAITING.begun(SYNCHRONIZATION_ID, NOW, by_person=False)
    runs = begun.heard_too_often(later, deleted=False)
    assert runs.synchronized(later).next_synchronization_at == later + enrollments.NEW_AFTER
    assert runs.heard_too_often(later, deleted=False) is runs


def test_an_enrollment_at_rest_of_which_too_much_is_said_is_tried_for_another_week() -> None:
    """Whoever uses up what is followed within seconds would else have it tried once, in vain."""
    rests = replace(
        WAITING,
        touched_at=NOW - 2 * enrollments.REST_AFTER,
        attempts=9,
        next_synchronization_at=None,
    )

    heard = rests.heard_too_often(NOW, deleted=False)
    due = heard.next_synchronization_at
    assert due
    failed = heard.begun(SYNCHRONIZATION_ID, due, by_person=False).not_synchronized(REFUSED, due)

    assert failed.next_synchronization_at == due + enrollments.NEW_AFTER
    again = failed.next_synchronization_at
    flooded = failed.heard_too_often(due, deleted=False).not_synchronized(REFUSED, again)
    assert flooded.next_synchronization_at == again + enrollments.NEW_AFTER
    assert heard.heard_too_often(NOW + timedelta(minutes=1), deleted=False) is heard
    begun = rests.begun(SYNCHRONIZATION_ID, NOW, by_person=False)
    running = begun.heard_too_often(NOW, deleted=False)
    assert running.heard_too_often(NOW, deleted=False) is running
    assert running.not_synchronized(REFUSED, NOW).next_synchronization_at == (
        NOW + enrollments.NEW_AFTER
    )
    deleted = rests.heard_too_often(NOW, deleted=True)
    assert (deleted.touched_at, deleted.attempts) == (rests.touched_at, 9), "it brings no role"


@pytest.mark.parametrize(
    "enrollment",
    [CONNECTED, WAITING, WAITING.not_synchronized(UNANSWERED, NOW)],
    ids=["connected", "its first", "after a failure"],
)
def test_a_new_member_that_speaks_during_a_synchronization_is_looked_for_after_it(
    enrollment: Enrollment,
) -> None:
    running = enrollment.begun(SYNCHRONIZATION_ID, NOW, by_person=False)
    later = NOW + timedelta(minutes=1)

    heard = running.with_new_member(NOW)
    renewed = heard.renewed(SYNCHRONIZATION_ID, later)

    assert heard.with_new_member(later) is heard
    assert not renewed.due(later)
    assert renewed.slot
    assert renewed.due(renewed.slot.expires_at), "its execution died"
    done = renewed.synchronized(later)
    assert done.next_synchronization_at == later + enrollments.NEW_AFTER
    quiet = running.renewed(SYNCHRONIZATION_ID, later).synchronized(later)
    assert quiet.next_synchronization_at == later + SYNCHRONIZED_EVERY


def test_whoever_turns_log_writing_on_gets_its_permission_too() -> None:
    without = an_enrollment(write_logs=False, features=("ec2",))

    assert without.changed(NOW, write_logs=True).features == ("ec2", "logs")
    with pytest.raises(InvalidField):
        without.changed(NOW, write_logs=True, features=["rds"])
    assert without.changed(NOW, features=[]).features == ()


def test_another_account_begins_anew_unless_it_is_connected() -> None:
    failed = replace(WAITING, status=EnrollmentStatus.FAILED, issues=(OPEN,), attempts=3)

    moved = failed.changed(NOW, management_account_id="888888888888")

    assert (moved.status, moved.issues, moved.attempts) == (EnrollmentStatus.WAITING, (), 0)
    with pytest.raises(InvalidField, match="End it"):
        CONNECTED.changed(NOW, management_account_id="888888888888")


def test_the_account_of_another_organization_is_another_enrollment() -> None:
    """All members would be missing in it."""
    failed = replace(WAITING, status=EnrollmentStatus.FAILED, organization_arn=ARN)

    with pytest.raises(InvalidField, match="AWS Organization o-exampleorgid, in which") as refused:
        failed.require_same_organization("888888888888", lambda _: False)
    assert refused.value.field == "management_account_id"
    failed.require_same_organization("888888888888", lambda number: number == "888888888888")
    moved = replace(failed, management_account_id="777777777777")
    for known in (MANAGEMENT, "777777777777", None):  # AWS names the management account in the ARN
        moved.require_same_organization(known, lambda _: False)
    WAITING.require_same_organization("888888888888", lambda _: False)


def test_without_an_account_nothing_is_due() -> None:
    unknown = an_enrollment(management_account_id=None, next_synchronization_at=None)

    assert unknown.changed(NOW, name="Other").next_synchronization_at is None
    assert unknown.changed(NOW, management_account_id=MANAGEMENT).due(NOW)


def test_a_synchronization_holds_the_slot_until_it_ends_or_lapses() -> None:
    begun = WAITING.begun(SYNCHRONIZATION_ID, NOW, by_person=True)

    assert begun.held_by(SYNCHRONIZATION_ID)
    assert begun.synchronizing(NOW)
    assert not begun.due(NOW)
    assert begun.touched_at == NOW
    assert WAITING.begun(SYNCHRONIZATION_ID, NOW, by_person=False).touched_at == WAITING.touched_at
    later = NOW + enrollments.SLOT_HELD_FOR
    assert not begun.synchronizing(later)
    assert begun.due(later)
    assert begun.synchronized(NOW).slot is None
    assert begun.not_synchronized(UNANSWERED, NOW).slot is None
    assert begun.without_slot("another", NOW) is begun
    assert begun.without_slot(SYNCHRONIZATION_ID, NOW).due(NOW)


def test_after_a_whole_synchronization_it_is_connected_and_due_in_six_hours() -> None:
    done = replace(WAITING, issues=(REFUSED,), attempts=4).synchronized(NOW)

    assert (done.status, done.issues, done.attempts) == (EnrollmentStatus.CONNECTED, (), 0)
    assert done.next_synchronization_at == NOW + SYNCHRONIZED_EVERY == NOW + timedelta(hours=6)


@pytest.mark.parametrize(
    ("enrollment", "issue", "status"),
    [
        (WAITING, REFUSED, EnrollmentStatus.WAITING),
        (WAITING, enrollments.not_readable("x"), EnrollmentStatus.WAITING),
        (WAITING, OPEN, EnrollmentStatus.FAILED),
        (WAITING, enrollments.of_another_account(WAITING), EnrollmentStatus.FAILED),
        (WAITING, enrollments.of_another_organization(WAITING, ARN), EnrollmentStatus.FAILED),
        (WAITING, UNANSWERED, EnrollmentStatus.WAITING),
        (CONNECTED, REFUSED, EnrollmentStatus.FAILED),
        (CONNECTED, enrollments.not_readable("x"), EnrollmentStatus.FAILED),
        (CONNECTED, OPEN, EnrollmentStatus.FAILED),
        (CONNECTED, UNANSWERED, EnrollmentStatus.CONNECTED),
    ],
)
def test_only_what_proves_something_changes_the_status_and_each_failure_keeps_its_reason(
    enrollment: Enrollment, issue: Issue, status: EnrollmentStatus
) -> None:
    failed = enrollment.not_synchronized(issue, NOW)

    assert (failed.status, failed.issues) == (status, (issue,))
    assert failed.last_synchronized_at == enrollment.last_synchronized_at


def test_failures_are_repeated_less_and_less_often_and_an_unused_one_rests() -> None:
    waits, found = WAITING, []
    for _ in range(9):
        waits = waits.not_synchronized(REFUSED, NOW)
        assert waits.next_synchronization_at
        found.append(waits.next_synchronization_at - NOW)

    minutes = [5, 10, 20, 40, 80, 160, 320, 360, 360]
    assert found == [timedelta(minutes=each) for each in minutes]
    later = NOW + timedelta(days=8)
    assert WAITING.not_synchronized(REFUSED, later).next_synchronization_at is None
    assert CONNECTED.not_synchronized(REFUSED, later).next_synchronization_at


def test_an_end_is_due_at_once_or_left_to_the_synchronization_that_runs() -> None:
    assert CONNECTED.ended(NOW).due(NOW)
    running = CONNECTED.begun(SYNCHRONIZATION_ID, NOW, by_person=False)
    assert not running.ended(NOW).due(NOW)
    assert running.ended(NOW).held_by(SYNCHRONIZATION_ID)


def test_a_condition_compares_sixteen_digits() -> None:
    assert an_enrollment(version=10).tag == "000000000000000a"
    assert WAITING.at_one_of([WAITING.tag]) is WAITING
    assert WAITING.at_one_of(None) is WAITING
    with pytest.raises(PreconditionFailed, match="The enrollment is at version"):
        WAITING.at_one_of(["x"])


@pytest.mark.parametrize(
    "issue",
    [
        REFUSED,
        OPEN,
        UNANSWERED,
        enrollments.not_readable("x"),
        enrollments.of_another_organization(WAITING, ARN),
    ],
)
def test_each_issue_says_what_to_do_and_holds_no_external_id(issue: Any) -> None:
    assert issue.code in set(EnrollmentIssue)
    assert issue.remedy
    assert "cavok-" not in issue.message + issue.remedy
