"""A customer's AWS account as an organization connected it, and how it may change."""

from collections.abc import Container, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from typing import Self

from cavok.domain.errors import InvalidField
from cavok.domain.ids import new_id
from cavok.domain.permissions import (
    CAPABILITY_GROUPS,
    DEFAULT_ROLE_NAME,
    DEFAULT_ROLE_PATH,
    role_arn,
)
from cavok.domain.regions import UNUSABLE, RegionHealth
from cavok.domain.reverification import DAY, Attention
from cavok.domain.template_versions import Template, template_of
from cavok.domain.versions import require_version, version_after


class AccessType(StrEnum):
    """How Cavok enters an account: through an IAM role, or with an access key."""

    ASSUME_ROLE = "assume_role"
    ACCESS_KEY = "access_key"


class Status(StrEnum):
    """Whether an account is connected. `degraded`: it is, but something that it asks for does not
    work. `failed`: it is not connected. `unconfirmed`: not known yet.
    """

    UNCONFIRMED = "unconfirmed"
    CONFIRMED = "confirmed"
    DEGRADED = "degraded"
    FAILED = "failed"


CONNECTED = frozenset({Status.CONFIRMED, Status.DEGRADED})


class Capability(StrEnum):
    """Which permissions of a group work: all, some or none of them, or not known yet."""

    FULL = "full"
    PARTIAL = "partial"
    NONE = "none"
    UNKNOWN = "unknown"


UNKNOWN_CAPABILITIES: Mapping[str, Capability] = {
    group.group: Capability.UNKNOWN for group in CAPABILITY_GROUPS
}


@dataclass(frozen=True, slots=True)
class StatusChange:
    """A change of an account's status, on a day in UTC such as `2026-01-31`. `before` is what the
    status was until then.
    """

    on: str
    before: Status


MOST_CHANGES = 8
"""An account keeps its latest changes of status, two of a day at most."""

FROM_GOOD_TO_BAD = (Status.CONFIRMED, Status.DEGRADED, Status.UNCONFIRMED, Status.FAILED)


def changed_status(
    earlier: tuple[StatusChange, ...], before: Status, at: datetime
) -> tuple[StatusChange, ...]:
    """The changes with one more, oldest first. Of a day, the first stays, which says how the day
    began, and of the others the one that says the worst.
    """
    on = f"{at.astimezone(UTC):%Y-%m-%d}"
    of_the_day = [each for each in (*earlier, StatusChange(on, before)) if each.on == on]
    first, *others = of_the_day
    worst = max(others, key=lambda each: FROM_GOOD_TO_BAD.index(each.before), default=None)
    kept = (*(each for each in earlier if each.on != on), first, *([worst] if worst else []))
    return kept[-MOST_CHANGES:]


class Outcome(StrEnum):
    """The result of a finished test."""

    CONFIRMED = "confirmed"
    DEGRADED = "degraded"
    FAILED = "failed"


class Severity(StrEnum):
    """Only problems degrade or fail an account."""

    PROBLEM = "problem"
    INFORMATION = "information"


@dataclass(frozen=True, slots=True, kw_only=True)
class Fix:
    """A remedy in a form that can be copied: an IAM policy statement as JSON, a command of the AWS
    CLI, a page of the AWS console.
    """

    policy_statement: str | None = None
    cli: str | None = None
    console_url: str | None = None


class IssueCode(StrEnum):
    """What an issue is about. Problems: `role_not_assumable`, `credentials_rejected`,
    `wrong_account` and `confused_deputy` (the role lets others in) fail an account, and so does
    `disconnected`: the role cannot be assumed after its stack said that it is being deleted.
    `permission_lost`, `log_writing_refused` and `instance_refused` (an instance under Cavok's
    control) degrade it. `revoked`: a person ended its use. The others are information.
    `permission_scoped`: allowed for some instances only. `instances_elsewhere`: instances were
    found only in regions that the account does not name. `template_outdated`: the role is of an
    older version.
    """

    ROLE_NOT_ASSUMABLE = "role_not_assumable"
    DISCONNECTED = "disconnected"
    CREDENTIALS_REJECTED = "credentials_rejected"
    WRONG_ACCOUNT = "wrong_account"
    CONFUSED_DEPUTY = "confused_deputy"
    REVOKED = "revoked"
    PERMISSION_LOST = "permission_lost"
    INSTANCE_REFUSED = "instance_refused"
    LOG_WRITING_REFUSED = "log_writing_refused"
    PERMISSION_MISSING = "permission_missing"
    PERMISSION_SCOPED = "permission_scoped"
    PERMISSION_UNPROVEN = "permission_unproven"
    REGION_NOT_ENABLED = "region_not_enabled"
    REGION_REFUSED = "region_refused"
    INSTANCES_ELSEWHERE = "instances_elsewhere"
    TEMPLATE_OUTDATED = "template_outdated"


@dataclass(frozen=True, slots=True)
class Issue:
    """Something to know about an account, and what a person can do about it. `code`: an IssueCode,
    or that of another release, which stored the issue. `actions` are the IAM actions with which the
    message of a problem with permissions begins.
    """

    code: str
    message: str
    remedy: str
    severity: Severity = Severity.PROBLEM
    fix: Fix | None = None
    actions: tuple[str, ...] = ()


def is_problem(code: str, severity: str, *, write_logs: bool) -> bool:
    """Whether an issue is a problem of an account. A refused log line is none where none is wanted,
    although the issue stays until the next test.
    """
    return severity == Severity.PROBLEM and (write_logs or code != IssueCode.LOG_WRITING_REFUSED)


def require_not_own(
    account_number: str | None, own_account: str, *, field: str = "provider_id"
) -> None:
    """`own_account`: the number of the account in which Cavok runs. A role there would let Cavok
    act on itself. Raises InvalidField, which names the API's field.
    """
    if account_number == own_account:
        raise InvalidField(field, "This is Cavok's own account. Enter one of yours.")


TESTED_AGAIN_AFTER = timedelta(minutes=10)
"""After a change, an account is due no sooner than this after its last test, or a person's last
act. Otherwise, changing it back and forth would cause test after test.
"""


ROLE_GOES_WITHIN = timedelta(minutes=1)
"""CloudFormation says that it deletes a connection, waits for the answer, and then deletes the
role. So the account is tested this much later.
"""
DISCONNECTED_WITHIN = timedelta(minutes=40)
"""A role that was let in no later than this is gone with its stack: our own answer, for which its
deletion waits, may take 30 minutes, and the next test ten.
"""
ROLE_GONE_AFTER = timedelta(hours=1)
"""CloudFormation may take so long for the role after it has said that it deletes it."""


@dataclass(frozen=True, slots=True)
class LastVerification:
    """The last test with a verdict that is stored in full. `unchanged`: how many scheduled tests
    since found the same. `finished_at`: when the last of these ended, UTC. `found`: a digest of
    what the test found; null for a test that is older than digests.
    """

    verification_id: str
    outcome: Outcome
    finished_at: datetime
    unchanged: int = 0
    found: str | None = None


@dataclass(frozen=True, slots=True)
class TestSlot:
    """A lock that lets one test at a time use an account. It expires, so that a test that died
    cannot hold it forever.
    """

    verification_id: str
    expires_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class ListedAccount:
    """The part of an account that people see. Times are UTC.

    region_health        what the last test found in each of `regions`; empty before the first.
    template_version     the version that a test last read in the role's policies; null if no test
                         could.
    status_changes       the latest changes of status, oldest first, at most MOST_CHANGES.
    enrollment_id        the enrollment that it is a member of and used by; null if none.
    version              changes with the fields that a person can change, and with the status. A
                         client's If-Match names it.
    """

    account_id: str
    provider: str
    account_number: str
    name: str
    access_type: AccessType
    role_name: str | None
    role_path: str = DEFAULT_ROLE_PATH
    access_key_id_ending: str | None
    write_logs: bool
    regions: tuple[str, ...]
    status: Status = Status.UNCONFIRMED
    status_changes: tuple[StatusChange, ...] = ()
    issues: tuple[Issue, ...] = ()
    capabilities: Mapping[str, Capability] = field(
        default_factory=lambda: dict(UNKNOWN_CAPABILITIES)
    )
    region_health: tuple[RegionHealth, ...] = ()
    template_version: int | None = None
    enrollment_id: str | None = None
    verification: LastVerification | None = None
    slot: TestSlot | None = None
    next_verification_at: datetime | None
    created_at: datetime
    created_by: str
    updated_at: datetime
    version: int = 0

    @property
    def role_arn(self) -> str | None:
        """Null for an account with an access key."""
        return role_arn(self.account_number, self.role_path, self.role_name)

    @property
    def has_enrolled_role(self) -> bool:
        """Whether its role is the one that an enrollment's stack makes in each member. An account
        that was added by hand before may have made it with a stack of its own, which only its
        member tells.
        """
        return self.enrollment_id is not None and self.role_name == DEFAULT_ROLE_NAME

    @property
    def template(self) -> Template | None:
        """The version of its role, as of this release; null if it is not known."""
        return template_of(self.template_version)

    @property
    def revoked(self) -> bool:
        """Whether a person revoked its use, and no person's test has ended with a verdict since."""
        return any(issue.code == IssueCode.REVOKED for issue in self.issues)

    def testing(self, now: datetime) -> bool:
        """Whether a test holds the slot."""
        return self.slot is not None and self.slot.expires_at > now


@dataclass(frozen=True, slots=True, kw_only=True)
class Account(ListedAccount):
    """One connected AWS account, whole. Times are UTC.

    connection_revision  counts changes to how the account is entered, and ends of all its use:
                         revoking, and finding the role open. A test of an older revision does not
                         change the status.
    proven               permissions that a test has found allowed since the connection last
                         changed. Losing one is an issue.
    connected_at         when a test last found the account connected; null if none has since the
                         connection last changed.
    counted_version      the `template_version` under which its organization counts it, and a list
                         finds it; null also for an account that was stored before versions were
                         counted, until its next write.
    stack_deleted_at     when the stack of a connected account said that it deletes the role; null
                         again once a test finds the account connected an hour later. Alone it
                         proves nothing.
    role_change          what CloudTrail said of a change of its role; null again once a test finds
                         no problem. Alone it proves nothing.
    role_changed_at      when that change was made.
    attempts             consecutive tests that did not find the account connected.
    touched_at           when a person last changed or tested it, or its stack spoke while it was
                         not connected.
    heard_at             when more was said of it than is followed, noted once in ten minutes: also
                         that its stack deletes the role, if it is not connected, and does not rest.
    woken_at             when a person or its stack last did so, or had it tested, while it rested;
                         null if none has.
    writes               counts every write, for optimistic locking and the order of events.
    """

    organization_id: str
    touched_at: datetime
    heard_at: datetime | None = None
    woken_at: datetime | None = None
    counted_version: int | None = None
    attempts: int = 0
    connected_at: datetime | None = None
    stack_deleted_at: datetime | None = None
    role_change: str | None = None
    role_changed_at: datetime | None = None
    proven: frozenset[str] = frozenset()
    connection_revision: int = 1
    writes: int = 0

    @classmethod
    def added(
        cls,
        organization_id: str,
        *,
        provider: str,
        account_number: str,
        name: str,
        access_type: AccessType,
        role_name: str | None,
        role_path: str,
        access_key_id_ending: str | None = None,
        write_logs: bool,
        regions: tuple[str, ...],
        enrollment_id: str | None = None,
        by: str,
        now: datetime,
    ) -> Self:
        """A new account: unconfirmed, and due for its first test. `by`: who adds it."""
        return cls(
            organization_id=organization_id,
            account_id=new_id(),
            provider=provider,
            account_number=account_number,
            name=name,
            access_type=access_type,
            role_name=role_name,
            role_path=role_path,
            access_key_id_ending=access_key_id_ending,
            write_logs=write_logs,
            regions=regions,
            enrollment_id=enrollment_id,
            next_verification_at=now,
            created_at=now,
            created_by=by,
            updated_at=now,
            touched_at=now,
        )

    @property
    def home_region(self) -> str:
        """The region in which permissions are probed and logs are written."""
        return self.regions[0]

    @property
    def unusable_regions(self) -> Mapping[str, RegionHealth]:
        """Regions in which no call can work, as far as the last test knows."""
        return {each.region: each for each in self.region_health if each.status in UNUSABLE}

    @property
    def attention(self) -> Attention:
        """The facts that decide when the account is verified again."""
        return Attention(
            account_id=self.account_id,
            connected=self.status in CONNECTED,
            was_connected=self.connected_at is not None,
            attempts=self.attempts,
            touched_at=self.touched_at,
            revoked=self.revoked,
        )

    def going(self, now: datetime) -> bool:
        """Whether its stack said lately that it deletes the role, which may still be there. One
        that was let in again has another role than the one that goes.
        """
        said = self.stack_deleted_at
        return self.status in CONNECTED and said is not None and now - said < ROLE_GONE_AFTER

    def heard_since(self, began_at: datetime) -> bool:
        """Whether a test that began then may have missed what was said beyond the limit: also what
        came after the note of it, or what AWS did not follow yet.
        """
        heard = self.heard_at
        return heard is not None and began_at - heard < TESTED_AGAIN_AFTER + ROLE_GOES_WITHIN

    def last_replaced_by(self, after: Self) -> LastVerification | None:
        """Its last test, if `after` has another one, and if tests since then are counted here
        alone.
        """
        last = self.verification
        return last if last and last.unchanged and last != after.verification else None

    def touched(self, now: datetime) -> Self:
        """The account after a person changed or tested it, or its stack said that the role is
        there.
        """
        rests = self.next_verification_at is None
        return replace(self, touched_at=now, woken_at=now if rests else self.woken_at)

    def at_one_of(self, versions: Container[int] | None) -> Self:
        """The account itself. Raises PreconditionFailed if it is at none of these versions."""
        require_version(self.version, versions, of="account")
        return self

    def after(self, before: Self) -> Self:
        """The account with the version that follows `before`, one higher if a counted field
        changed, and with the change of its status.
        """
        changes = before.status_changes
        if self.status is not before.status:
            changes = changed_status(changes, before.status, self.updated_at)
        return replace(
            self, version=version_after(before, self, _VERSIONED), status_changes=changes
        )

    def renamed(self, name: str, now: datetime) -> Self:
        """With another name. No test becomes due."""
        return replace(self, name=name, updated_at=now)

    def with_write_logs(self, write_logs: bool, now: datetime) -> Self:
        """With log writing on or off. Due at once, so that a test shows whether it works, but not
        within ten minutes of the last test or change. If the account's tests find it not connected,
        or die, its due time stays: its tests are repeated anyway, and show nothing about logs.
        """
        due, planned = self._due_after_a_change(now), self.next_verification_at
        if planned and (self.status not in CONNECTED or self.attempts):
            due = planned
        return replace(
            self.touched(now),
            write_logs=write_logs,
            next_verification_at=due,
            updated_at=now,
        )

    def _due_again_from(self) -> datetime:
        """When a change makes it due at once."""
        last = self.verification
        known = max(self.touched_at, last.finished_at) if last else self.touched_at
        return known + TESTED_AGAIN_AFTER

    def _due_after_a_change(self, now: datetime) -> datetime | None:
        """At once, so that a test shows whether it works, or ten minutes later. An earlier due time
        stays. Only a person tests a revoked account.
        """
        planned = self.next_verification_at
        if self.revoked:
            return planned
        return min(planned, max(now, self._due_again_from())) if planned else now

    def reconnected(
        self,
        now: datetime,
        *,
        regions: tuple[str, ...] | None = None,
        role_name: str | None = None,
        role_path: str | None = None,
        access_key_id_ending: str | None = None,
    ) -> Self:
        """With a changed connection. Earlier results no longer hold: unconfirmed, and due. Repeated
        changes do not make unsuccessful tests more frequent. A revoked account stays revoked. Null
        leaves a field unchanged.
        """
        return replace(
            self.touched(now),
            regions=regions or self.regions,
            role_name=role_name or self.role_name,
            role_path=role_path or self.role_path,
            access_key_id_ending=access_key_id_ending or self.access_key_id_ending,
            status=Status.UNCONFIRMED,
            issues=self.issues if self.revoked else (),
            capabilities=dict(UNKNOWN_CAPABILITIES),
            region_health=(),
            template_version=None,
            proven=frozenset(),
            attempts=0 if now >= self._due_again_from() else self.attempts,
            connected_at=None,
            role_change=None,
            role_changed_at=None,
            connection_revision=self.connection_revision + 1,
            next_verification_at=self._due_after_a_change(now),
            updated_at=now,
        )

    def enrolled(self, enrollment_id: str | None, now: datetime) -> Self:
        """A member of this enrollment; null: of none any more. One that joins and waits for its
        role without being due is due: the role may come with the enrollment.
        """
        joined = replace(self, enrollment_id=enrollment_id, updated_at=now)
        waits = self.status is Status.UNCONFIRMED and not self.revoked
        if enrollment_id and waits and self.next_verification_at is None:
            return replace(joined.touched(now), next_verification_at=now, attempts=0)
        return joined

    def tried_again(self, now: datetime) -> Self:
        """Due now, if it waits for its role: a person wants it tried again. The same object if it
        was tested or touched within ten minutes, or is tested or due at this moment.
        """
        planned = self.next_verification_at
        if (
            self.status is not Status.UNCONFIRMED
            or self.revoked
            or self.testing(now)
            or (planned and planned <= now)
            or now < self._due_again_from()
        ):
            return self
        return replace(self.touched(now), next_verification_at=now, attempts=0, updated_at=now)

    def heard_of(self, now: datetime, *, deleted: bool, due: bool) -> Self:
        """After its stack spoke. `due`: it is due, as no test starts at once. The same object if
        nothing changes. An account that is not connected keeps the reason that a test found:
        anybody can say that its stack was deleted.

        Of a role that is there, one that is not connected is tested for another week, the next
        times soon after each other, even if AWS does not follow the role yet. One failed test still
        counts: so hints that come as often as they may cause no tests beside their own.
        """
        goes = deleted and self.role_name and self.status in CONNECTED
        said = replace(self, stack_deleted_at=now) if goes else self
        comes = not deleted and self.status not in CONNECTED and not self.revoked
        if comes and (self.attempts > 1 or now - self.touched_at > DAY):
            said = replace(said.touched(now), attempts=min(self.attempts, 1))
        planned = self.next_verification_at
        waits = due and not self.revoked and not self.testing(now)
        if deleted and planned is None:
            waits = False  # it rests, and a deletion brings no role
        return replace(said, next_verification_at=min(planned or now, now)) if waits else said

    def with_deletion(self, now: datetime) -> Self:
        """After its stack said that it deletes the role, which is noted once in ten minutes. The
        same object if nothing changes.
        """
        noted = _lately(self.stack_deleted_at, now)
        return self if noted else self.heard_of(now, deleted=True, due=False)

    def heard_too_often(self, now: datetime, *, deleted: bool) -> Self:
        """After its stack said more than is followed: due ten minutes after its last test, so that
        whoever says much in its name hides nothing. After one without a verdict, whose end is not
        known, or that was refused: in ten minutes. However much is said, it changes nothing more
        within these, nor before an earlier test. A test that may have missed it is followed by
        another one (`heard_since`). Of a role that is there, one that rests is tested for another
        week, as `heard_of` has it.
        """
        planned, due = self.next_verification_at, max(now, self._due_again_from())
        if self.revoked or (deleted and planned is None):
            return self  # it rests, and a deletion brings no role
        said = self
        if deleted:
            said = self.with_deletion(now)
        elif now - self.touched_at > DAY:
            said = self.heard_of(now, deleted=False, due=False)
        has_own_note = deleted and self.status in CONNECTED
        if not has_own_note and not _lately(self.heard_at, now):
            said = replace(said, heard_at=now)
        if self.attempts:
            due = max(due, now + TESTED_AGAIN_AFTER)
        if self.testing(now):
            return said
        return replace(said, next_verification_at=min(planned or due, due))

    def with_use_revoked(self, now: datetime) -> Self:
        """Not used, and not tested by a schedule, until a person tests it. A running test loses its
        slot and decides nothing, because its revision is older. The same object if nothing changes.
        """
        if self.revoked and self.slot is None:
            return self
        return replace(
            self,
            status=Status.UNCONFIRMED,
            issues=(_REVOKED_ISSUE,),
            capabilities=dict(UNKNOWN_CAPABILITIES),
            region_health=(),
            template_version=None,
            slot=None,
            attempts=0,
            connection_revision=self.connection_revision + 1,
            next_verification_at=None,
            touched_at=now,
            updated_at=now,
        )


def _lately(noted_at: datetime | None, now: datetime) -> bool:
    """Whether it was noted, and need not be noted again yet."""
    return noted_at is not None and now - noted_at < TESTED_AGAIN_AFTER


_VERSIONED = (
    "name",
    "write_logs",
    "regions",
    "role_name",
    "role_path",
    "access_key_id_ending",
    "connection_revision",
    "status",
)

_REVOKED_ISSUE = Issue(
    IssueCode.REVOKED,
    "A person revoked the use of this account. Cavok does not enter it.",
    "Press Test to use the account again.",
)
