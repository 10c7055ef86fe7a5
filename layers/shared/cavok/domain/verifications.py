"""A verification: one test of an account, and what follows from its steps."""

import hashlib
import json
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Self

from cavok.domain import audit, permissions
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
    TestSlot,
)
from cavok.domain.actors import Actor, Requester
from cavok.domain.audit import AuditEntry
from cavok.domain.instances import InstanceKey
from cavok.domain.issues import (
    doubted,
    find_issues,
    instances_elsewhere,
    refused_for_instances,
)
from cavok.domain.regions import RegionHealth
from cavok.domain.reverification import next_verification_at
from cavok.domain.steps import Evidence, Judgement, Step, Verdict, skipped

TIME_LIMIT = timedelta(minutes=6)
"""A little more than the workflow's own timeout. Past it, the test is dead and its slot is free."""

LEASE = TIME_LIMIT + timedelta(minutes=1)
"""How long a running test keeps its account from being due. If the test dies, the account becomes
due again.
"""

KEPT_FOR = timedelta(days=90)


class Trigger(StrEnum):
    """What started a test: a person, or the schedule."""

    MANUAL = "manual"
    SCHEDULED = "scheduled"


class State(StrEnum):
    """`finished` tests have an outcome. `aborted` tests ended without one."""

    RUNNING = "running"
    FINISHED = "finished"
    ABORTED = "aborted"


@dataclass(frozen=True, slots=True)
class Unchanged:
    """Scheduled tests that found the same since: how many, and when the last one ended, UTC."""

    tests: int
    last_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Verification:
    """One test of an account. Times are UTC. `actor` is who requested it: a person, the schedule,
    or Cavok itself, after the account's stack spoke.
    """

    organization_id: str
    account_id: str
    verification_id: str
    trigger: Trigger
    actor: Actor
    connection_revision: int
    started_at: datetime
    state: State = State.RUNNING
    outcome: Outcome | None = None
    finished_at: datetime | None = None
    steps: tuple[Step, ...] = ()
    region_health: tuple[RegionHealth, ...] = ()
    execution_arn: str | None = None
    unchanged: Unchanged | None = None

    @classmethod
    def new(
        cls,
        account: Account,
        *,
        verification_id: str,
        trigger: Trigger,
        actor: Actor,
        started_at: datetime,
        execution_arn: str,
    ) -> Self:
        """A test of the account as it is connected now."""
        return cls(
            organization_id=account.organization_id,
            account_id=account.account_id,
            verification_id=verification_id,
            trigger=trigger,
            actor=actor,
            connection_revision=account.connection_revision,
            started_at=started_at,
            execution_arn=execution_arn,
        )

    @property
    def deadline(self) -> datetime:
        """Past it, the test is dead (TIME_LIMIT)."""
        return self.started_at + TIME_LIMIT

    @property
    def running(self) -> bool:
        """Whether it is stored as running, past its deadline too."""
        return self.state is State.RUNNING

    @property
    def lease_until(self) -> datetime:
        """When the account is due again if this test dies without a report."""
        return self.started_at + LEASE

    def kept_until(self, account: Account | None) -> datetime | None:
        """90 days from its end, and longer once later tests are counted on it. None (as long as the
        account) for a resting account's last verification. `account` is None if it was deleted.
        """
        if account and account.next_verification_at is None:
            return None
        return (self.finished_at or self.started_at) + KEPT_FOR

    def as_of(self, now: datetime) -> Self:
        """The verification as it is shown. Past its deadline, a running verification counts as
        aborted, whether or not that has been stored yet.
        """
        if self.state is State.RUNNING and now > self.deadline:
            return replace(self, state=State.ABORTED, finished_at=self.deadline)
        return self

    def since(self, account: Account) -> Self:
        """With the number of scheduled tests since, which the account counts while this test is its
        last.
        """
        last = account.verification
        if not last or not last.unchanged or last.verification_id != self.verification_id:
            return self
        return replace(self, unchanged=Unchanged(last.unchanged, last.finished_at))

    def aborted(self, now: datetime, steps: Iterable[Step] = ()) -> Self:
        """The verification aborted at `now`, with the steps that it had finished."""
        return replace(self, state=State.ABORTED, finished_at=now, steps=in_order(steps))


def begin(
    account: Account, verification: Verification, requester: Requester | None = None
) -> tuple[Account, AuditEntry | None]:
    """The account while this verification tests it, and the audit entry.

    The verification holds the account's test slot, and the account is due again when its lease is
    over. One that rested waits for a verdict from now on. Only a person's test updates `touched_at`
    and has a requester and an entry: it is an act, a scheduled test is maintenance. It leaves an
    earlier due time, at which a sweep looks how long the account has gone without a verdict.
    """
    started_at, due = verification.started_at, verification.lease_until
    manual, planned = verification.trigger is Trigger.MANUAL, account.next_verification_at
    tested = replace(
        account.touched(started_at) if manual else account,
        slot=TestSlot(verification.verification_id, verification.deadline),
        next_verification_at=min(planned, due) if manual and planned else due,
        woken_at=account.woken_at if planned else started_at,
    )
    if requester is None:
        return tested, None
    return tested, audit.tested(account, requester, started_at, verification.verification_id)


def in_order(steps: Iterable[Step]) -> tuple[Step, ...]:
    """Steps in the order of the catalog, in which they are shown."""
    position = {step: index for index, step in enumerate(permissions.STEPS)}
    return tuple(sorted(steps, key=lambda step: position[step.step]))


def finish(
    account: Account,
    verification: Verification,
    steps: Sequence[Step],
    now: datetime,
    *,
    log_error: str | None = None,
    region_health: Sequence[RegionHealth] = (),
    under_control: Collection[InstanceKey] = (),
    elsewhere: Sequence[str] | None = None,
    template_version: int | None = None,
) -> tuple[Account, Verification]:
    """The updated account, and the finished verification, that follow from a test's steps.

    The test is aborted and the account keeps its status if entering the account was inconclusive,
    if it is not proven that the role refuses a missing and a wrong external ID, if the account was
    reconnected while the test ran, or if the test's time was up and another test has taken the
    slot. `log_error` is set when writing the summary failed for a reason other than
    an AWS response. Without `region_health` the account keeps what an earlier test found in its
    regions. `under_control` are the account's instances under Cavok's control. `elsewhere` are the
    regions that have instances while the account's own have none; null if the test did not look.
    `template_version` is as in the survey: null leaves the account's.

    A test that merely cannot enter an account that was never connected leaves its status, and says
    so as an issue. Only a connected account has capabilities.
    """
    verification = replace(verification, region_health=tuple(region_health))
    complete = _complete(account, steps, now, log_error)
    stale = verification.connection_revision != account.connection_revision
    if stale or _other_slot(account, verification) or _entry_unknown(account, complete):
        return abort(account, verification, complete, now)
    complete = doubted(account, complete, under_control)
    health = verification.region_health or account.region_health
    outcome, issues = find_issues(
        account, complete, region_health=health, under_control=under_control
    )
    connected = outcome is not Outcome.FAILED
    going = connected and account.going(now)
    if connected:
        issues = (*issues, *instances_elsewhere(account, elsewhere))
    if connected and not _trust_proven(account, complete):
        return abort(account, verification, complete, now)
    not_there_yet = account.connected_at is None and merely_not_entered(complete)
    status = account.status if not_there_yet else Status(outcome.value)
    allowed = {
        step.step
        for step in complete
        if step.verdict in (Verdict.ALLOWED, Verdict.PARTIAL)
        and step.group in permissions.REMEMBERED_GROUPS
    }
    finished = replace(
        account,
        status=status,
        issues=issues,
        capabilities=capabilities(complete, issues) if connected else dict(UNKNOWN_CAPABILITIES),
        region_health=health,
        template_version=_version_after(account, template_version) if connected else None,
        verification=LastVerification(
            verification.verification_id, outcome, now, found=_digest(complete, health)
        ),
        slot=None,
        attempts=0 if connected else account.attempts + 1,
        connected_at=now if connected else account.connected_at,
        stack_deleted_at=account.stack_deleted_at if going or not connected else None,
        role_change=None if outcome is Outcome.CONFIRMED else account.role_change,
        role_changed_at=None if outcome is Outcome.CONFIRMED else account.role_changed_at,
        proven=account.proven | allowed if connected else account.proven,
        updated_at=now,
    )
    due = next_verification_at(finished.attention, now)
    if due and (going or account.heard_since(verification.started_at)):
        due = min(due, now + TESTED_AGAIN_AFTER)
    return (
        replace(finished, next_verification_at=due),
        replace(
            verification, state=State.FINISHED, outcome=outcome, finished_at=now, steps=complete
        ),
    )


def _version_after(account: Account, found: int | None) -> int | None:
    return account.template_version if found is None else found or None


FULL_EVERY = 7
"""One in this many tests without a change is stored in full: weekly."""

_FOUND = ("status", "issues", "capabilities", "region_health", "proven")


def found_again(before: Account, after: Account) -> bool:
    """Whether the test between `before` and `after` found the account connected and unchanged."""
    last, now = before.verification, after.verification
    if not last or not now or not last.found or after.status not in CONNECTED:
        return False
    same = all(getattr(before, name) == getattr(after, name) for name in _FOUND)
    return same and last.found == now.found


def count_only(before: Account, after: Account) -> Account | None:
    """The account, if the scheduled test that led from `before` to `after` is counted, not stored.
    None if it must be stored: on a change, and weekly.
    """
    last, now = before.verification, after.verification
    if not last or not now or not found_again(before, after) or last.unchanged + 1 >= FULL_EVERY:
        return None
    counted = replace(last, finished_at=now.finished_at, unchanged=last.unchanged + 1)
    return replace(after, verification=counted, updated_at=before.updated_at)


def _digest(steps: Iterable[Step], region_health: Iterable[RegionHealth]) -> str:
    """What a test found, without times and AWS's wording, in 16 characters. How many instances
    there are is no part of it where all are allowed: they come and go by themselves.
    """

    def counts(step: Step) -> list[int]:
        of = step.resources if step.verdict is not Verdict.ALLOWED else None
        return [of.asked, of.allowed, of.denied] if of else []

    facts = [
        [
            [s.step, s.verdict, s.evidence, s.reason, s.error_code, s.region, *counts(s)]
            for s in steps
        ],
        [[each.region, each.status, each.reason] for each in region_health],
    ]
    return hashlib.blake2b(json.dumps(facts).encode(), digest_size=8).hexdigest()


def abort(
    account: Account, verification: Verification, steps: Iterable[Step], now: datetime
) -> tuple[Account, Verification]:
    """Ends a test that proved nothing: its slot is freed, the account keeps its status and is
    tested again later, but not later than a sweep must look at it, and within ten minutes if this
    test may have missed what was said.
    """
    slot, planned = _other_slot(account, verification), account.next_verification_at
    freed = replace(account, slot=slot, attempts=account.attempts + 1, updated_at=now)
    due = next_verification_at(replace(freed.attention, connected=False), now)
    alarm_at = untested_since(account) + UNTESTED
    if due and verification.started_at <= alarm_at:
        due = min(due, max(alarm_at, now))
    if due and (account.going(now) or account.heard_since(verification.started_at)):
        due = min(due, now + TESTED_AGAIN_AFTER)
    manual = verification.trigger is Trigger.MANUAL
    if due and manual and planned and planned < verification.lease_until:
        due = min(due, planned)
    return replace(freed, next_verification_at=due), verification.aborted(now, steps)


UNTESTED = timedelta(hours=26)
"""An account that goes longer without a verdict rings an alarm (`HoursUntested` in template.yaml).
Only a sweep reports it, and only for accounts that are due. So no account is due later than this,
and no test by a person postpones its due time.
"""


def untested_since(account: Account) -> datetime:
    """The time since which the account has had no verdict, without the time that it rested. UTC."""
    last = account.verification
    since = last.finished_at if last else account.created_at
    return max(since, account.woken_at or since)


def _other_slot(account: Account, verification: Verification) -> TestSlot | None:
    """The slot of a later test, if this one ends past its time limit."""
    slot = account.slot
    return slot if slot and slot.verification_id != verification.verification_id else None


def capabilities(steps: Iterable[Step], issues: Iterable[Issue] = ()) -> dict[str, Capability]:
    """What the account can be used for, by permission group. A group with an inconclusive step is
    unknown, unless other steps already show that it is partial. A permission is partial while
    an issue says that it is refused for an instance.
    """
    refused = refused_for_instances(issues)
    by_group: dict[str, list[Verdict]] = {}
    for step in steps:
        in_part = step.verdict is Verdict.ALLOWED and step.step in refused
        verdict = Verdict.PARTIAL if in_part else step.verdict
        by_group.setdefault(step.group, []).append(verdict)
    return {group: _capability(by_group.get(group, [])) for group in UNKNOWN_CAPABILITIES}


def _capability(verdicts: Sequence[Verdict]) -> Capability:
    known = set(verdicts)
    if Verdict.PARTIAL in known or {Verdict.ALLOWED, Verdict.DENIED} <= known:
        return Capability.PARTIAL
    if known == {Verdict.ALLOWED}:
        return Capability.FULL
    if known == {Verdict.DENIED}:
        return Capability.NONE
    return Capability.UNKNOWN


def entry_refused(account: Account, error_code: str, message: str, now: datetime) -> Step:
    """The step that says why the account could not be entered."""
    uses_keys = account.access_type is AccessType.ACCESS_KEY
    reason = Reason.CREDENTIALS_REJECTED if uses_keys else Reason.ROLE_NOT_ASSUMABLE
    judgement = Judgement(
        verdict=Verdict.DENIED, reason=reason, error_code=error_code, detail=message
    )
    return Step.of(entry_step(account), judgement, started_at=now)


def entry_unknown(account: Account, error_code: str, message: str, now: datetime) -> Step:
    """The step that says that entering the account was inconclusive: Cavok may be the cause."""
    judgement = Judgement(
        verdict=Verdict.INCONCLUSIVE,
        evidence=Evidence.NONE,
        reason=Reason.ERROR,
        error_code=error_code,
        detail=message,
    )
    return Step.of(entry_step(account), judgement, started_at=now)


def entry_step(account: Account) -> str:
    """The step whose verdict says whether the account could be entered."""
    uses_keys = account.access_type is AccessType.ACCESS_KEY
    return permissions.ACCOUNT_MATCHES if uses_keys else permissions.ASSUME_ROLE


def _complete(
    account: Account, steps: Iterable[Step], now: datetime, log_error: str | None
) -> tuple[Step, ...]:
    """Every step of the catalog. Steps that were not reached are skipped, with the reason."""
    done = {step.step: step for step in steps}
    entered = _in_its_account(account, done.values())
    missing = (step for step in permissions.STEPS if step not in done)
    return in_order(
        [
            *done.values(),
            *(
                Step.of(s, _why_missing(account, s, log_error, entered), started_at=now)
                for s in missing
            ),
        ]
    )


def _in_its_account(account: Account, steps: Iterable[Step]) -> bool:
    """Whether the test entered, and nothing says that it entered another account."""
    verdicts = {step.step: step.verdict for step in steps}
    return (
        verdicts.get(entry_step(account)) is Verdict.ALLOWED
        and verdicts.get(permissions.ACCOUNT_MATCHES) is not Verdict.DENIED
    )


def _why_missing(account: Account, step: str, log_error: str | None, entered: bool) -> Judgement:
    group = permissions.group_with(step)
    uses_keys = account.access_type is AccessType.ACCESS_KEY
    if uses_keys and group.needs_role and step != permissions.ACCOUNT_MATCHES:
        return skipped(
            Reason.NOT_APPLICABLE, "This account is entered with an access key, not with a role."
        )
    by_writing = group.proven_by is permissions.ProvenBy.WRITING
    if by_writing and not account.write_logs:
        return skipped(Reason.WRITE_LOGS_OFF, "Write logs is No for this account.")
    if (by_writing and log_error) or entered:
        return Judgement(
            verdict=Verdict.INCONCLUSIVE,
            evidence=Evidence.NONE,
            reason=Reason.ERROR,
            detail=log_error if by_writing and log_error else "The test ended before this.",
        )
    return skipped(Reason.NOT_ENTERED, "The account could not be entered, so this was not tried.")


def _entry_unknown(account: Account, steps: Iterable[Step]) -> bool:
    entry = next(step for step in steps if step.step == entry_step(account))
    return entry.verdict in (Verdict.INCONCLUSIVE, Verdict.SKIPPED)


_TRUST_PROVEN = {
    permissions.ASSUME_ROLE: Verdict.ALLOWED,
    permissions.ACCOUNT_MATCHES: Verdict.ALLOWED,
    permissions.WITHOUT_EXTERNAL_ID: Verdict.DENIED,
    permissions.WITH_WRONG_EXTERNAL_ID: Verdict.DENIED,
}


def _trust_proven(account: Account, steps: Iterable[Step]) -> bool:
    """Whether this test itself proved that it is the right account, and that nobody enters it
    without the right external ID. An access key has no trust policy to prove.
    """
    found = {step.step: step.verdict for step in steps if step.step in _TRUST_PROVEN}
    if account.access_type is AccessType.ACCESS_KEY:
        return found[permissions.ACCOUNT_MATCHES] is Verdict.ALLOWED
    return found == _TRUST_PROVEN


def merely_not_entered(steps: Iterable[Step]) -> bool:
    """Whether nothing but the entry was refused."""
    reasons = {step.reason for step in steps}
    refused = {Reason.ROLE_NOT_ASSUMABLE, Reason.CREDENTIALS_REJECTED} & reasons
    return bool(refused) and Reason.CONFUSED_DEPUTY not in reasons
