"""What follows from a test's steps: the rules of `status` in the HTTP API."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cavok.domain import permissions
from cavok.domain.access_denied import Reason
from cavok.domain.accounts import (
    CONNECTED,
    ROLE_GOES_WITHIN,
    TESTED_AGAIN_AFTER,
    UNKNOWN_CAPABILITIES,
    Account,
    Capability,
    Issue,
    LastVerification,
    Outcome,
    Status,
)
from cavok.domain.actors import SCHEDULE
from cavok.domain.audit import AuditAction
from cavok.domain.reverification import FIRST_RETRY, next_daily_slot
from cavok.domain.steps import REFUSALS_WANTED, AskedResources, Evidence, Judgement, Step, Verdict
from cavok.domain.verifications import (
    KEPT_FOR,
    LEASE,
    TIME_LIMIT,
    UNTESTED,
    State,
    Trigger,
    Unchanged,
    Verification,
    abort,
    begin,
    capabilities,
    count_only,
    entry_refused,
    entry_unknown,
    finish,
    found_again,
    in_order,
    untested_since,
)
from tests.support.builders import (
    ADA,
    NOW,
    OTHER_VERIFICATION_ID,
    REFUSALS,
    VERIFICATION_ID,
    a_slot,
    a_step,
    a_verification,
    actions_of,
    an_account,
    an_account_with_keys,
    confirmed,
    denied,
    steps_of,
    under_test,
)

STOP = "ec2:StopInstances"
SCHEDULED = a_verification(trigger=Trigger.SCHEDULED, actor=SCHEDULE)
DENIED, INCONCLUSIVE = Verdict.DENIED, Verdict.INCONCLUSIVE


def after_test(account: Account, *changes: Step, trigger: Trigger = Trigger.MANUAL) -> Account:
    """The account after a test that found everything working but the changes."""
    verification = a_verification(trigger=trigger)
    after, _ = finish(under_test(account), verification, steps_of(account, *changes), NOW)
    return after


def not_entered(account: Account) -> Step:
    return entry_refused(account, "AccessDenied", "is not authorized to perform", NOW)


def codes(account: Account) -> list[str]:
    return [issue.code for issue in account.issues]


@pytest.mark.parametrize("trigger", Trigger)
def test_a_test_that_begins_takes_the_slot_and_only_a_persons_is_a_touch(trigger: Trigger) -> None:
    account = an_account()
    verification = a_verification(trigger=trigger, started_at=NOW)

    tested, entry = begin(account, verification, ADA if trigger is Trigger.MANUAL else None)

    assert tested.slot == a_slot()
    assert tested.touched_at == (NOW if trigger is Trigger.MANUAL else account.touched_at)
    assert (entry is not None) is (trigger is Trigger.MANUAL), "a scheduled test is nobody's act"
    if entry:
        assert (entry.action, entry.at) == (AuditAction.TESTED, NOW)
        assert (entry.actor, entry.detail) == (ADA.actor, f"verification {VERIFICATION_ID}")
    assert (tested.status, tested.updated_at) == (account.status, account.updated_at)


@pytest.mark.parametrize(
    ("planned", "of_a_person"),
    [
        (None, NOW + LEASE),
        (NOW - timedelta(hours=1), NOW - timedelta(hours=1)),
        (NOW + timedelta(minutes=1), NOW + timedelta(minutes=1)),
        (NOW + timedelta(hours=1), NOW + LEASE),
    ],
    ids=["rests", "is due", "is due soon", "is due later"],
)
@pytest.mark.parametrize("trigger", Trigger)
def test_a_test_that_begins_has_a_lease_but_no_persons_moves_a_due_time_away(
    trigger: Trigger, planned: datetime | None, of_a_person: datetime
) -> None:
    """A sweep looks at it then, though somebody tests it."""
    account = an_account(next_verification_at=planned)

    tested, _ = begin(account, a_verification(trigger=trigger, started_at=NOW))

    expected = of_a_person if trigger is Trigger.MANUAL else NOW + LEASE
    assert tested.next_verification_at == expected


@pytest.mark.parametrize("state", State)
def test_only_a_running_test_runs(state: State) -> None:
    assert a_verification(state=state).running == (state is State.RUNNING)


def test_a_test_is_kept_for_90_days_and_as_long_as_its_account_if_that_rests() -> None:
    running, ended = a_verification(), a_verification(finished_at=NOW)
    due, resting = an_account(next_verification_at=NOW), an_account(next_verification_at=None)

    for account in (due, None):
        assert ended.kept_until(account) == NOW + KEPT_FOR
        assert running.kept_until(account) == running.started_at + KEPT_FOR
    assert ended.kept_until(resting) is None


def found(account: Account, day: int, *changes: Step) -> Account:
    """The account after a scheduled test so many days later."""
    test = a_verification(trigger=Trigger.SCHEDULED, verification_id=f"01JN8Q5M3C{day:016}")
    return finish(account, test, steps_of(account, *changes), NOW + timedelta(days=day))[0]


def is_told_and_stored(before: Account, after: Account) -> bool:
    return not found_again(before, after) and count_only(before, after) is None


def test_scheduled_tests_that_find_the_same_are_counted_and_stored_weekly() -> None:
    first = found(an_account(), 0)
    assert is_told_and_stored(an_account(), first)

    account, stored = first, []
    for day in range(1, 15):
        after = found(account, day)
        assert found_again(account, after)
        again = count_only(account, after)
        stored += [] if again else [day]
        account = again or after
        assert account.verification
        assert account.verification.finished_at == NOW + timedelta(days=day), "last tested"
        assert account.next_verification_at == after.next_verification_at

    assert stored == [7, 14]
    assert account.verification
    assert account.verification.unchanged == 0
    assert account.connected_at == NOW + timedelta(days=14)


@pytest.mark.parametrize("trigger", Trigger)
def test_a_test_changes_the_version_of_an_account_only_with_its_status(trigger: Trigger) -> None:
    new = an_account()
    first = after_test(new, trigger=trigger).after(new)
    same = after_test(first, trigger=trigger).after(first)
    lost = after_test(same, a_step(STOP, DENIED), trigger=trigger).after(same)

    statuses = [each.status for each in (new, first, same, lost)]
    assert statuses == [
        Status.UNCONFIRMED,
        Status.CONFIRMED,
        Status.CONFIRMED,
        Status.DEGRADED,
    ]
    versions = [each.version - new.version for each in (new, first, same, lost)]
    assert versions == [0, 1, 1, 2]


def test_a_test_that_is_counted_leaves_all_that_events_and_clients_compare() -> None:
    before = found(an_account(), 0)

    again = count_only(before, found(before, 1))

    assert again
    assert again.after(before).version == before.version
    assert again.updated_at == before.updated_at
    assert again.verification
    assert before.verification
    assert again.verification.verification_id == before.verification.verification_id
    test = a_verification(verification_id=before.verification.verification_id)
    assert test.since(again).unchanged == Unchanged(1, NOW + timedelta(days=1))
    assert a_verification(verification_id=OTHER_VERIFICATION_ID).since(again).unchanged is None


@pytest.mark.parametrize(
    "change",
    [
        a_step("ec2:StopInstances", Verdict.DENIED),
        replace(a_step("ec2:StopInstances"), evidence=Evidence.POLICY),
        replace(a_step("ec2:StopInstances"), error_code="Other"),
        replace(a_step("ec2:StopInstances"), region="eu-west-1"),
    ],
)
def test_a_test_that_finds_anything_else_is_stored(change: Step) -> None:
    before = found(an_account(), 0)

    assert is_told_and_stored(before, found(before, 1, change))


@pytest.mark.parametrize(
    ("verdict", "same"),
    [(Verdict.ALLOWED, True), (Verdict.PARTIAL, False), (Verdict.DENIED, False)],
)
def test_instances_that_come_and_go_are_no_change_where_all_are_allowed(
    verdict: Verdict, same: bool
) -> None:
    """Where some are refused, the account's issues say of how many."""

    def of(count: int) -> Step:
        allowed = {Verdict.ALLOWED: count, Verdict.PARTIAL: 1, Verdict.DENIED: 0}[verdict]
        resources = AskedResources(count, allowed, count - allowed)
        return replace(a_step("ec2:StopInstances", verdict), resources=resources)

    before = found(found(an_account(), 0, of(2)), 1, of(2))

    assert found_again(before, found(before, 2, of(2)))
    assert found_again(before, found(before, 2, of(3))) is same


@pytest.mark.parametrize(
    "but",
    [{"status": Status.DEGRADED}, {"issues": (Issue("c", "m", "r"),)}, {"proven": frozenset()}],
)
def test_a_test_that_changes_the_account_is_stored(but: dict[str, Any]) -> None:
    before = found(an_account(), 0)

    assert is_told_and_stored(replace(before, **but), found(before, 1))


def test_an_account_that_stays_failed_or_was_tested_before_digests_is_stored() -> None:
    failed = replace(confirmed(an_account()), status=Status.FAILED)
    refused = [entry_refused(failed, "AccessDenied", "no", NOW)]
    once, _ = finish(failed, a_verification(), refused, NOW)
    twice, _ = finish(once, a_verification(), refused, NOW)
    assert twice.status is Status.FAILED
    assert is_told_and_stored(once, twice)

    old = found(an_account(), 0)
    assert old.verification
    old = replace(old, verification=replace(old.verification, found=None))
    assert is_told_and_stored(old, found(old, 1))


def test_an_account_where_everything_works_is_confirmed() -> None:
    after, verification = finish(
        under_test(an_account()), a_verification(), steps_of(an_account()), NOW
    )

    assert (after.status, after.issues) == (Status.CONFIRMED, ())
    assert after.capabilities == dict.fromkeys(UNKNOWN_CAPABILITIES, Capability.FULL)
    assert after.verification
    assert replace(after.verification, found=None) == LastVerification(
        VERIFICATION_ID, Outcome.CONFIRMED, NOW
    )
    assert (verification.state, verification.outcome) == (State.FINISHED, Outcome.CONFIRMED)
    assert verification.finished_at == NOW
    assert (after.connected_at, after.attempts) == (NOW, 0)


def test_an_account_with_keys_where_everything_works_is_confirmed() -> None:
    after, verification = finish(
        an_account_with_keys(), a_verification(), steps_of(an_account_with_keys()), NOW
    )

    by_step = {step.step: step for step in verification.steps}
    assert after.status is Status.CONFIRMED
    for step in (*permissions.TRUST_STEPS, *permissions.CHECKING.actions):
        if step != permissions.ACCOUNT_MATCHES:
            assert by_step[step].verdict is Verdict.SKIPPED
            assert by_step[step].reason is Reason.NOT_APPLICABLE


@pytest.mark.parametrize("group", ["ec2", "rds"])
def test_a_group_that_was_never_granted_leaves_the_account_confirmed(group: str) -> None:
    after = after_test(an_account(), *denied(actions_of(group)))

    assert (after.status, after.issues) == (Status.CONFIRMED, ())
    assert after.capabilities[group] is Capability.NONE


def test_the_checking_permissions_are_nobodys_loss() -> None:
    account = confirmed(an_account())

    assert after_test(account, *denied(permissions.CHECKING.actions)).status is Status.CONFIRMED


def test_one_permission_missing_of_a_group_that_works_is_an_issue_and_no_more() -> None:
    after = after_test(an_account(), *denied([STOP]))

    assert after.status is Status.CONFIRMED
    assert codes(after) == ["permission_missing"]
    assert after.capabilities["ec2"] is Capability.PARTIAL


def test_a_permission_that_was_had_once_and_is_lost_degrades_the_account() -> None:
    after = after_test(confirmed(an_account(), STOP), *denied([STOP]))

    assert after.status is Status.DEGRADED
    assert codes(after) == ["permission_lost"]
    assert STOP in after.issues[0].message


def test_a_whole_group_that_is_lost_degrades_the_account() -> None:
    after = after_test(confirmed(an_account()), *denied(actions_of("rds")))

    assert after.status is Status.DEGRADED
    assert after.capabilities["rds"] is Capability.NONE


def test_only_what_a_test_found_allowed_is_remembered() -> None:
    after = after_test(confirmed(an_account(), "rds:StopDBInstance"), *denied([STOP]))

    allowed = {
        action
        for group in permissions.REMEMBERED_GROUPS
        for action in actions_of(group)
        if action != STOP
    }
    assert after.proven == allowed | {"rds:StopDBInstance"}


def test_nothing_of_an_account_with_an_open_role_is_said_to_work() -> None:
    after = after_test(
        confirmed(an_account()), a_step(permissions.WITHOUT_EXTERNAL_ID, Verdict.ALLOWED)
    )

    assert after.status is Status.FAILED
    assert set(after.capabilities.values()) == {Capability.UNKNOWN}


def test_a_test_is_told_by_the_account_with_its_time() -> None:
    account = an_account(attempts=3)

    finished, _ = finish(account, a_verification(), steps_of(account), NOW)
    aborted, _ = abort(account, a_verification(), (), NOW)

    assert (finished.updated_at, finished.attempts) == (NOW, 0)
    assert (aborted.updated_at, aborted.attempts) == (NOW, 4)


def missing_of(account: Account, *found: Step, log_error: str | None = None) -> dict[str, Step]:
    """The steps that a test did not bring back."""
    _, ended = finish(account, a_verification(), found, NOW, log_error=log_error)
    return {step.step: step for step in ended.steps if step not in found}


def said_of(steps: dict[str, Step], *names: str) -> set[tuple[object, ...]]:
    return {(s.verdict, s.evidence, s.reason, s.detail) for n, s in steps.items() if n in names}


NOT_TRIED = (
    Verdict.SKIPPED,
    Evidence.NONE,
    Reason.NOT_ENTERED,
    "The account could not be entered, so this was not tried.",
)
CUT_OFF = (INCONCLUSIVE, Evidence.NONE, Reason.ERROR, "The test ended before this.")
DIED = (INCONCLUSIVE, Evidence.NONE, Reason.ERROR, "States.Timeout")
NO_ROLE = (
    Verdict.SKIPPED,
    Evidence.NONE,
    Reason.NOT_APPLICABLE,
    "This account is entered with an access key, not with a role.",
)
NO_LOGS = (
    Verdict.SKIPPED,
    Evidence.NONE,
    Reason.WRITE_LOGS_OFF,
    "Write logs is No for this account.",
)


def test_what_was_not_reached_says_why() -> None:
    role, keys, quiet = an_account(), an_account_with_keys(), an_account(write_logs=False)
    entered = a_step(permissions.ASSUME_ROLE)
    elsewhere = a_step(permissions.ACCOUNT_MATCHES, DENIED, Reason.WRONG_ACCOUNT)
    ec2, logs = actions_of("ec2"), actions_of("logs")

    assert said_of(missing_of(role, not_entered(role)), *ec2, *logs) == {NOT_TRIED}
    assert said_of(missing_of(role, entered, elsewhere), *ec2, *logs) == {NOT_TRIED}
    assert said_of(missing_of(role, entered), *ec2, *logs) == {CUT_OFF}
    died = missing_of(role, entered, log_error="States.Timeout")
    assert (said_of(died, *ec2), said_of(died, *logs)) == ({CUT_OFF}, {DIED})
    refused = missing_of(role, not_entered(role), log_error="States.Timeout")
    assert (said_of(refused, *ec2), said_of(refused, *logs)) == ({NOT_TRIED}, {DIED})
    assert said_of(missing_of(quiet, entered, log_error="States.Timeout"), *logs) == {NO_LOGS}
    of_keys = missing_of(keys, a_step(permissions.ACCOUNT_MATCHES))
    assert said_of(of_keys, *permissions.CHECKING.actions) == {NO_ROLE}
    assert said_of(of_keys, permissions.ASSUME_ROLE) == {NO_ROLE}
    assert said_of(of_keys, *ec2) == {CUT_OFF}


@pytest.mark.parametrize(
    ("account", "step", "reason"),
    [
        (an_account(), permissions.ASSUME_ROLE, Reason.ROLE_NOT_ASSUMABLE),
        (an_account_with_keys(), permissions.ACCOUNT_MATCHES, Reason.CREDENTIALS_REJECTED),
    ],
)
def test_a_refused_entry_is_a_denied_step_with_awss_words(
    account: Account, step: str, reason: Reason
) -> None:
    refused = entry_refused(account, "AccessDenied", "No.", NOW)

    assert (refused.step, refused.verdict, refused.reason) == (step, DENIED, reason)
    assert (refused.error_code, refused.detail) == ("AccessDenied", "No.")
    assert (refused.evidence, refused.ok, refused.started_at) == (Evidence.LIVE, False, NOW)


def test_an_entry_that_proves_nothing_says_what_aws_answered() -> None:
    step = entry_unknown(an_account(), "ServiceUnavailable", "try again", NOW)

    assert (step.verdict, step.evidence, step.reason) == (INCONCLUSIVE, Evidence.NONE, Reason.ERROR)
    assert (step.error_code, step.detail) == ("ServiceUnavailable", "try again")


def test_a_permission_found_again_ends_the_degradation() -> None:
    lost = after_test(confirmed(an_account()), *denied([STOP]))

    assert after_test(lost).status is Status.CONFIRMED


def test_a_permission_that_could_not_be_proven_is_not_lost() -> None:
    account = confirmed(an_account())

    after = after_test(account, a_step(STOP, INCONCLUSIVE, Reason.NOT_PROVABLE))

    assert (after.status, codes(after)) == (Status.CONFIRMED, ["permission_unproven"])
    assert after.capabilities["ec2"] is Capability.UNKNOWN
    assert STOP in after.proven


def test_refused_logs_degrade_an_account_that_wants_them_at_its_very_first_test() -> None:
    after = after_test(an_account(write_logs=True), *denied(["logs:PutLogEvents"]))

    assert after.status is Status.DEGRADED
    assert codes(after) == ["log_writing_refused"]
    assert after.capabilities["logs"] is Capability.PARTIAL


def test_an_account_that_wants_no_logs_is_not_asked_for_them() -> None:
    account = an_account(write_logs=False)

    after, verification = finish(account, a_verification(), steps_of(account), NOW)

    assert after.status is Status.CONFIRMED
    assert after.capabilities["logs"] is Capability.UNKNOWN
    logs = [step for step in verification.steps if step.group == "logs"]
    assert {(step.verdict, step.reason) for step in logs} == {
        (Verdict.SKIPPED, Reason.WRITE_LOGS_OFF)
    }


def test_a_summary_that_could_not_be_written_for_our_own_reasons_leaves_the_logs_open() -> None:
    account = an_account(write_logs=True)
    steps = [step for step in steps_of(account) if step.group != "logs"]

    after, verification = finish(
        account, a_verification(), steps, NOW, log_error="States.Timeout: no answer"
    )

    assert (after.status, after.capabilities["logs"]) == (Status.CONFIRMED, Capability.UNKNOWN)
    logs = [step for step in verification.steps if step.group == "logs"]
    assert {(step.verdict, step.reason, step.detail) for step in logs} == {
        (INCONCLUSIVE, Reason.ERROR, "States.Timeout: no answer")
    }


def test_credentials_of_another_account_fail_the_account_and_say_whose_they_are() -> None:
    account = an_account_with_keys()
    detail = "These credentials belong to account 999999999999, not to 123456789012."
    match = a_step(permissions.ACCOUNT_MATCHES, DENIED, Reason.WRONG_ACCOUNT, detail=detail)

    after, verification = finish(account, a_verification(), [match], NOW)

    assert after.status is Status.FAILED
    assert (codes(after), after.issues[0].message) == (["wrong_account"], detail)
    assert {step.verdict for step in verification.steps if step.group in ("ec2", "rds")} == {
        Verdict.SKIPPED
    }


@pytest.mark.parametrize("step", sorted(REFUSALS_WANTED))
@pytest.mark.parametrize("trigger", list(Trigger))
@pytest.mark.parametrize("before", [an_account(), confirmed(an_account())])
def test_a_role_that_can_be_assumed_without_the_right_external_id_fails_the_account(
    step: str, trigger: Trigger, before: Account
) -> None:
    """At creation and at every re-verification, however well the rest works."""
    after = after_test(before, a_step(step, Verdict.ALLOWED), trigger=trigger)

    assert after.status is Status.FAILED
    assert codes(after) == ["confused_deputy"]


@pytest.mark.parametrize("step", sorted(REFUSALS_WANTED))
def test_a_trust_that_could_not_be_tried_neither_confirms_nor_fails(step: str) -> None:
    after = after_test(an_account(), a_step(step, INCONCLUSIVE, Reason.ERROR))

    assert after.status is Status.UNCONFIRMED


@pytest.mark.parametrize("account", [an_account(), an_account_with_keys()])
@pytest.mark.parametrize("test", [a_verification(), SCHEDULED], ids=["manual", "scheduled"])
def test_a_test_that_merely_cannot_enter_leaves_a_new_account_unconfirmed_and_says_why(
    account: Account, test: Verification
) -> None:
    after, verification = finish(account, test, [not_entered(account)], NOW)

    assert after.status is Status.UNCONFIRMED
    assert codes(after) == ["role_not_assumable" if account.role_name else "credentials_rejected"]
    assert verification.outcome is Outcome.FAILED
    assert (after.connected_at, after.attempts) == (None, 1)
    assert after.next_verification_at == NOW + FIRST_RETRY


def test_a_test_that_cannot_enter_leaves_an_account_failed_that_an_open_role_failed() -> None:
    """A role that is not there proves nothing about the one that comes."""
    issue = Issue("confused_deputy", "The role is open.", "Close it.")
    account = an_account(status=Status.FAILED, issues=(issue,))

    after, _ = finish(account, SCHEDULED, [not_entered(account)], NOW)

    assert (after.status, codes(after)) == (Status.FAILED, ["role_not_assumable"])


@pytest.mark.parametrize("test", [a_verification(), SCHEDULED], ids=["manual", "scheduled"])
def test_a_test_that_cannot_enter_what_was_confirmed_once_fails_it(test: Verification) -> None:
    """Nothing may stay green after its credentials died."""
    account = confirmed(an_account())

    after, _ = finish(account, test, [not_entered(account)], NOW)

    assert (after.status, codes(after)) == (Status.FAILED, ["role_not_assumable"])


def test_an_entry_that_proves_nothing_aborts_the_test_and_keeps_the_status() -> None:
    account = confirmed(an_account(next_verification_at=NOW + timedelta(days=1)))
    entry = entry_unknown(account, "ServiceUnavailable", "try again", NOW)

    after, verification = finish(under_test(account), a_verification(), [entry], NOW)

    assert (verification.state, verification.outcome) == (State.ABORTED, None)
    assert (after.status, after.issues, after.slot) == (Status.CONFIRMED, (), None)
    assert after.verification is None
    assert after.next_verification_at == NOW + FIRST_RETRY


def test_a_test_that_brought_nothing_back_is_aborted() -> None:
    _, verification = finish(an_account(), a_verification(), [], NOW)

    assert verification.state is State.ABORTED


def test_a_test_of_the_account_as_it_was_entered_before_decides_nothing() -> None:
    account = under_test(an_account().reconnected(NOW, role_name="CavokOther"))

    after, verification = finish(
        account, a_verification(connection_revision=1), steps_of(account), NOW
    )

    assert (after.status, after.slot) == (Status.UNCONFIRMED, None)
    assert verification.state is State.ABORTED


def test_a_late_test_neither_decides_nor_ends_the_one_that_took_its_slot() -> None:
    account = under_test(an_account(), OTHER_VERIFICATION_ID)

    after, verification = finish(account, a_verification(), steps_of(account), NOW)

    assert after.slot == account.slot
    assert after.status is Status.UNCONFIRMED
    assert verification.state is State.ABORTED


def test_a_failed_test_remembers_what_worked_before() -> None:
    account = confirmed(an_account(), STOP)

    after = after_test(account, a_step(permissions.WITHOUT_EXTERNAL_ID, Verdict.ALLOWED))

    assert after.proven == frozenset({STOP})
    assert after.connected_at == account.connected_at


def test_connected_accounts_are_due_within_a_day_and_others_soon() -> None:
    good, bad = after_test(an_account()), after_test(an_account(), not_entered(an_account()))

    assert good.next_verification_at == next_daily_slot(good.account_id, NOW)
    assert bad.next_verification_at == NOW + FIRST_RETRY


def test_an_aborted_test_keeps_the_slot_of_another_and_what_was_finished() -> None:
    account = under_test(an_account(), OTHER_VERIFICATION_ID)

    after, verification = abort(account, a_verification(), [a_step(STOP)], NOW)

    assert after.slot == account.slot
    assert [step.step for step in verification.steps] == [STOP]


def test_a_running_test_past_its_deadline_is_shown_as_dead() -> None:
    verification = a_verification(started_at=NOW - TIME_LIMIT)
    later = NOW + timedelta(seconds=1)

    assert verification.as_of(NOW).state is State.RUNNING
    assert verification.as_of(later).state is State.ABORTED
    assert verification.as_of(later).finished_at == NOW


def test_a_finished_test_stays_finished_for_ever() -> None:
    finished = a_verification(state=State.FINISHED, finished_at=NOW)

    assert finished.as_of(NOW + timedelta(days=30)) is finished


@pytest.mark.parametrize(
    ("verdicts", "capability"),
    [
        ([Verdict.ALLOWED, Verdict.ALLOWED], Capability.FULL),
        ([Verdict.DENIED, Verdict.DENIED], Capability.NONE),
        ([Verdict.ALLOWED, Verdict.DENIED], Capability.PARTIAL),
        ([Verdict.ALLOWED, Verdict.DENIED, Verdict.INCONCLUSIVE], Capability.PARTIAL),
        ([Verdict.ALLOWED, Verdict.INCONCLUSIVE], Capability.UNKNOWN),
        ([Verdict.DENIED, Verdict.INCONCLUSIVE], Capability.UNKNOWN),
        ([Verdict.SKIPPED], Capability.UNKNOWN),
        ([], Capability.UNKNOWN),
    ],
)
def test_a_group_is_as_capable_as_its_steps_prove(
    verdicts: list[Verdict], capability: Capability
) -> None:
    steps = [
        a_step(action, verdict)
        for action, verdict in zip(actions_of("rds"), verdicts, strict=False)
    ]

    assert capabilities(steps)["rds"] is capability


ANSWERS = st.one_of(
    st.just(Judgement(verdict=Verdict.ALLOWED)),
    st.builds(Judgement, verdict=st.just(Verdict.DENIED), reason=st.sampled_from(REFUSALS)),
    st.builds(
        Judgement,
        verdict=st.just(Verdict.INCONCLUSIVE),
        evidence=st.just(Evidence.NONE),
        reason=st.sampled_from((Reason.ERROR, Reason.NOT_PROVABLE, Reason.REGION_DISABLED)),
    ),
)
ACCOUNTS = st.builds(
    lambda keys, logs, before, slot: replace(
        confirmed(an_account_with_keys() if keys else an_account())
        if before
        else (an_account_with_keys() if keys else an_account()),
        write_logs=logs,
        slot=a_slot(slot) if slot else None,
    ),
    st.booleans(),
    st.booleans(),
    st.booleans(),
    st.sampled_from((None, VERIFICATION_ID, OTHER_VERIFICATION_ID)),
)
TESTS = st.builds(
    a_verification, trigger=st.sampled_from(Trigger), connection_revision=st.integers(1, 2)
)
FOUND = st.lists(
    st.builds(Step.of, st.sampled_from(permissions.STEPS), ANSWERS, started_at=st.just(NOW)),
    unique_by=lambda step: step.step,
    max_size=len(permissions.STEPS),
)


@given(ACCOUNTS, TESTS, FOUND, st.none() | st.just("Lambda.Unknown: died"))
def test_however_a_test_ends_its_account_is_left_consistent(
    account: Account, verification: Verification, found: list[Step], log_error: str | None
) -> None:
    after, ended = finish(account, verification, found, NOW, log_error=log_error)

    others = account.slot and account.slot.verification_id == OTHER_VERIFICATION_ID
    assert after.slot == (account.slot if others else None)
    assert ended.state is not State.RUNNING
    assert ended.finished_at == NOW
    assert tuple(step.step for step in ended.steps) == permissions.STEPS
    assert all(step in ended.steps for step in found)
    assert (ended.outcome is None) == (ended.state is State.ABORTED)
    assert after.proven >= account.proven
    due = after.next_verification_at
    stays_due = ended.state is State.ABORTED and verification.trigger is Trigger.MANUAL
    assert due is None or due > NOW or (stays_due and due == account.next_verification_at)
    if ended.outcome in (Outcome.FAILED, Outcome.DEGRADED) and after.status is not account.status:
        assert after.issues, "a bad status says why"
    if ended.state is State.ABORTED:
        assert (after.status, after.issues) == (account.status, account.issues)


@given(ACCOUNTS, TESTS, FOUND)
def test_no_account_is_connected_whose_role_lets_anyone_in(
    account: Account, verification: Verification, found: list[Step]
) -> None:
    after, ended = finish(account, verification, found, NOW)

    open_to_all = any(step.reason is Reason.CONFUSED_DEPUTY for step in found)
    if open_to_all and ended.state is State.FINISHED:
        assert after.status not in CONNECTED


@given(st.permutations(permissions.STEPS))
def test_steps_are_shown_in_the_order_of_the_catalog(order: list[str]) -> None:
    steps = in_order(a_step(step) for step in order)

    assert tuple(step.step for step in steps) == permissions.STEPS


WAKING: list[Callable[[Account, datetime], Account]] = [
    lambda account, now: begin(account, a_verification(started_at=now), ADA)[0],
    lambda account, now: account.with_write_logs(False, now),
    lambda account, now: account.reconnected(now, role_name="CavokOther"),
]
"""What a person does that ends an account's rest."""


@pytest.mark.parametrize("wake", WAKING, ids=["tests", "switches logs", "reconnects"])
def test_the_time_that_an_account_rested_is_no_time_that_it_waited(
    wake: Callable[[Account, datetime], Account],
) -> None:
    resting = an_account(next_verification_at=None, created_at=NOW - timedelta(days=30))
    assert untested_since(wake(resting, NOW)) == NOW
    assert untested_since(resting) == resting.created_at


@pytest.mark.parametrize("wake", WAKING, ids=["tests", "switches logs", "reconnects"])
def test_whatever_a_person_does_an_account_that_does_not_rest_waits_for_its_verdict(
    wake: Callable[[Account, datetime], Account],
) -> None:
    resting = an_account(next_verification_at=None, created_at=NOW - timedelta(days=30))
    woken = WAKING[0](resting, NOW)
    assert untested_since(wake(woken, NOW + timedelta(days=1))) == NOW
    assert wake(woken, NOW + timedelta(days=1)).touched_at == NOW + timedelta(days=1)

    tested = found(an_account(), 0)
    assert untested_since(wake(tested, NOW + timedelta(days=1))) == NOW


A_MINUTE = timedelta(minutes=1)


@pytest.mark.parametrize(
    ("began", "ended", "due"),
    [
        (-60, -56, 0),
        (-2, 0, 0),
        (-2, 3, 3),
        (0, 3, 3),
        (1, 4, 4 + 8 * 60 + 32),
    ],
    ids=["before", "ends then", "while it runs", "begins then", "after"],
)
def test_an_account_whose_test_is_aborted_is_due_when_an_alarm_is_to_ring(
    began: int, ended: int, due: int
) -> None:
    """In minutes from then on. Of tests that begin after that, a sweep has told."""
    account = replace(found(an_account(), 0), attempts=8)
    rings = NOW + UNTESTED
    test = replace(SCHEDULED, started_at=rings + began * A_MINUTE)
    tested, _ = begin(account, test)

    after, _ = abort(tested, test, (), rings + ended * A_MINUTE)

    assert after.next_verification_at == rings + due * A_MINUTE


@pytest.mark.parametrize(
    ("planned", "due"),
    [(-60, -60), (3, 3), (60, 4 + 8 * 60 + 32)],
    ids=["was due", "became due", "was due later"],
)
def test_no_persons_test_that_is_aborted_moves_a_due_time_away(planned: int, due: int) -> None:
    """In minutes from its begin."""
    account = replace(found(an_account(), 0), attempts=8)
    began = NOW + timedelta(hours=12)
    test = a_verification(started_at=began)
    tested, _ = begin(replace(account, next_verification_at=began + planned * A_MINUTE), test)

    after, _ = abort(tested, test, (), began + 4 * A_MINUTE)

    assert after.next_verification_at == began + due * A_MINUTE


SAID_UNTIL = TESTED_AGAIN_AFTER + ROLE_GOES_WITHIN
"""A note of what is said too often stands for these ten minutes, and AWS follows within one more.
"""


@pytest.mark.parametrize("began", [-A_MINUTE, SAID_UNTIL - timedelta(seconds=1)])
@pytest.mark.parametrize("attempts", [0, 11])
def test_a_test_that_may_have_missed_what_is_said_too_often_is_followed_by_another_within_minutes(
    began: timedelta, attempts: int
) -> None:
    """It began before, or before AWS followed: as when a role's twenty-first change comes during
    its test, or an update right before one that is planned.
    """
    account = replace(found(an_account(), 0), attempts=attempts)
    noted = account.heard_too_often(NOW, deleted=False)
    test = replace(SCHEDULED, started_at=NOW + began)
    tested, _ = begin(noted, test)
    ended = NOW + began + 2 * A_MINUTE

    for steps in (steps_of(account), [not_entered(account)], []):
        after, _ = finish(tested, test, steps, ended)
        assert after.next_verification_at
        assert after.next_verification_at - ended <= TESTED_AGAIN_AFTER


def test_a_deletion_beyond_the_limit_of_an_account_that_is_then_let_in_is_tested_soon() -> None:
    """Also if it came during the test: nothing else notes it of one that is not connected."""
    failing = replace(an_account(), attempts=2, next_verification_at=NOW)
    test = replace(SCHEDULED, started_at=NOW)
    begun, _ = begin(failing, test)
    ended = NOW + A_MINUTE

    for tested in (begun, failing):  # a sweep's own test holds no slot
        noted = tested.heard_too_often(NOW + A_MINUTE / 2, deleted=True)
        let_in, _ = finish(noted, test, steps_of(failing), ended)
        assert let_in.next_verification_at == ended + TESTED_AGAIN_AFTER


def test_a_test_that_cannot_have_missed_what_is_said_too_often_is_followed_by_a_daily_one() -> None:
    """Nor does one word make tests without a verdict more frequent for longer."""
    account = replace(found(an_account(), 0), attempts=8)
    noted = account.heard_too_often(NOW, deleted=False)
    test = replace(SCHEDULED, started_at=NOW + SAID_UNTIL)
    tested, _ = begin(noted, test)
    ended = test.started_at + A_MINUTE

    confirmed_again, _ = finish(tested, test, steps_of(account), ended)
    aborted, _ = abort(tested, test, (), ended)

    assert confirmed_again.next_verification_at == next_daily_slot(account.account_id, ended)
    assert aborted.next_verification_at == ended + 256 * FIRST_RETRY


@pytest.mark.parametrize("attempts", [0, 11])
def test_a_deletion_that_is_noted_during_a_test_that_proves_nothing_is_tested_within_minutes(
    attempts: int,
) -> None:
    account = replace(found(an_account(), 0), attempts=attempts)
    tested, _ = begin(account, SCHEDULED)
    noted = tested.with_deletion(NOW + A_MINUTE)

    after, _ = abort(noted, SCHEDULED, (), NOW + 2 * A_MINUTE)

    assert after.next_verification_at
    assert after.next_verification_at <= NOW + 2 * A_MINUTE + TESTED_AGAIN_AFTER


@pytest.mark.parametrize("then", ["changed", "heard of", "dead"])
def test_a_test_that_wakes_an_account_lets_no_alarm_ring_for_the_time_that_it_rested(
    then: str,
) -> None:
    """As of a deletion in its stack's name, which anybody can forge."""
    rests = an_account(
        next_verification_at=None,
        created_at=NOW - timedelta(days=20),
        touched_at=NOW - timedelta(days=20),
        attempts=5,
    )
    soon = NOW + timedelta(seconds=20)
    test = replace(SCHEDULED, started_at=NOW)
    tested, _ = begin(rests, test)

    if then == "changed":
        tested = tested.reconnected(soon, regions=("eu-west-1",))
    if then == "heard of":
        tested, _ = abort(tested.heard_too_often(soon, deleted=False), test, (), NOW + A_MINUTE)

    assert tested.next_verification_at
    assert tested.next_verification_at - untested_since(tested) <= timedelta(minutes=12)
