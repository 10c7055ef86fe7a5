"""Enrollments: a customer's whole AWS Organization, connected by one stack."""

from collections.abc import Callable, Container, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any, Self

from cavok.domain.accounts import AccessType, Account, Fix, Issue, Severity
from cavok.domain.errors import AlreadyEnrolled, InvalidField
from cavok.domain.permissions import (
    DEFAULT_ROLE_PATH,
    FEATURE_GROUPS,
    LOGS,
    role_arn,
)
from cavok.domain.reverification import DAY
from cavok.domain.versions import require_version, version_after

AT_MOST = 10
"""Enrollments of an organization. A list shows all, with their totals."""

ROLE_NAME = "CavokOrganization"
READS = (
    "organizations:DescribeOrganization",
    "organizations:ListAccounts",
    "organizations:ListRoots",
    "organizations:ListOrganizationalUnitsForParent",
    "organizations:ListAccountsForParent",
    "organizations:ListParents",
)
"""All that the role may do. Only the management account and delegated administrators may call them.
Source: Organizations API Reference, "Reference: API operations by account".
"""

FEATURES = tuple(group.group for group in FEATURE_GROUPS)
"""The groups of permissions that members may be spared: names of the catalog."""

MOST_UNITS, MOST_EXCLUDED, MOST_TAGS = 50, 200, 3
"""Units in and out, and accounts out, so that the link stays short enough for a browser. Three
tags, because a template cannot turn a list into tags.
"""

SYNCHRONIZED_EVERY = timedelta(hours=6)
NEW_AFTER = timedelta(minutes=10)
"""Of a connected enrollment, what stacks say starts no synchronization sooner after the last one:
anybody who knows the external ID can say it. The next is due then.
"""
_HEARD = timedelta(seconds=1)
"""A synchronization in which a new member was heard of is due so long before its slot lapses."""
FIRST_RETRY = timedelta(minutes=5)
REST_AFTER = timedelta(days=7)
"""An enrollment whose stack never came is not tried any more once nobody touched it for so long."""

SLOT_HELD_FOR = timedelta(minutes=10)
"""By the round of a synchronization that took or renewed the slot. Longer than a round and its
retries take; then the synchronization is dead.
"""


class EnrollmentStatus(StrEnum):
    """`waiting`: its stack has not let Cavok in yet. `failed`: it did, and does not any more, or
    its role is open.
    """

    WAITING = "waiting"
    CONNECTED = "connected"
    FAILED = "failed"


class EnrollmentIssue(StrEnum):
    """What an issue of an enrollment is about. `synchronization_failed`: the last one ended without
    an answer, and nothing is known to be wrong. `unit_not_found` is information.
    """

    ROLE_NOT_ASSUMABLE = "role_not_assumable"
    CONFUSED_DEPUTY = "confused_deputy"
    WRONG_ACCOUNT = "wrong_account"
    WRONG_ORGANIZATION = "wrong_organization"
    ALREADY_ENROLLED = "already_enrolled"
    ORGANIZATION_NOT_READABLE = "organization_not_readable"
    SYNCHRONIZATION_FAILED = "synchronization_failed"
    UNIT_NOT_FOUND = "unit_not_found"


AT_ONCE_FAILED = frozenset(
    {
        EnrollmentIssue.CONFUSED_DEPUTY,
        EnrollmentIssue.WRONG_ACCOUNT,
        EnrollmentIssue.WRONG_ORGANIZATION,
        EnrollmentIssue.ALREADY_ENROLLED,
    }
)
"""These fail also an enrollment that waits for its stack."""


@dataclass(frozen=True, slots=True)
class SynchronizationSlot:
    """The right to synchronize, one at a time. It lapses, so that a synchronization that died does
    not hold it for ever.
    """

    synchronization_id: str
    expires_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class EnrollmentOptions:
    """What a person chose.

    include_ous           ids of units or roots; empty: the whole AWS Organization.
    exclude_ous           ids of units whose accounts are left out, at any depth.
    exclude_accounts      account numbers that are left out.
    name_pattern          of AWS's names, with `*` and `?`; case does not count. Null: all.
    permissions_boundary  its name, after `policy/`; null for none. It exists once an account.
    features              groups of permissions that the members' roles grant.
    """

    name: str
    include_ous: tuple[str, ...] = ()
    exclude_ous: tuple[str, ...] = ()
    exclude_accounts: tuple[str, ...] = ()
    name_pattern: str | None = None
    regions: tuple[str, ...]
    write_logs: bool
    role_path: str = DEFAULT_ROLE_PATH
    permissions_boundary: str | None = None
    tags: Mapping[str, str] = field(default_factory=dict)
    features: tuple[str, ...]


def features_of(wanted: Sequence[str] | None, *, write_logs: bool) -> tuple[str, ...]:
    """The features in the order of the catalog; None: what is used by default. Raises InvalidField
    if logs should be written without the permission.
    """
    if wanted is None:
        default = (group.group for group in FEATURE_GROUPS if not group.optional)
        return tuple(name for name in default if write_logs or name != LOGS.group)
    if write_logs and LOGS.group not in wanted:
        raise InvalidField("features", "write_logs needs the feature logs.")
    return tuple(name for name in FEATURES if name in wanted)


@dataclass(frozen=True, slots=True, kw_only=True)
class Enrollment(EnrollmentOptions):
    """An enrollment. Times are UTC.

    management_account_id    the account in which its stack is: the management account, or a
                             delegated administrator. Null until a person says it.
    organization_arn         of the AWS Organization; null before the first synchronization, and
                             never changed after it.
    next_synchronization_at  null if nothing is due: no account is known, or nobody touched an
                             enrollment that waits.
    attempts                 consecutive synchronizations that failed.
    asked                    whether a person asked for a synchronization since the last that read
                             everything, so that the next one also tries missing roles again. If
                             all fail, that is forgotten with REST_AFTER.
    changed_parameters       of its stack: those that follow what a person chose anew since it was
                             connected. Nobody knows which the customer has brought to the stack.
    ended_at                 when a person ended it. Nobody sees it from then on; it is removed
                             with its members.
    touched_at               when a person last made, changed or synchronized it, or its stack spoke
                             while it was not connected.
    version                  changes with what a person can change, and with the status.
    writes                   counts every write, for optimistic locking.
    """

    organization_id: str
    enrollment_id: str
    provider: str
    management_account_id: str | None
    organization_arn: str | None = None
    status: EnrollmentStatus = EnrollmentStatus.WAITING
    issues: tuple[Issue, ...] = ()
    slot: SynchronizationSlot | None = None
    last_synchronized_at: datetime | None = None
    next_synchronization_at: datetime | None
    attempts: int = 0
    asked: bool = False
    changed_parameters: tuple[str, ...] = ()
    ended_at: datetime | None = None
    created_at: datetime
    created_by: str
    updated_at: datetime
    touched_at: datetime
    version: int = 0
    writes: int = 0

    @property
    def tag(self) -> str:
        """The version as conditions compare it: 16 hexadecimal digits."""
        return f"{self.version:016x}"

    @property
    def role_arn(self) -> str | None:
        """The role that lists the AWS Organization; null if its account is not known."""
        number = self.management_account_id
        return role_arn(number, self.role_path, ROLE_NAME) if number else None

    def synchronizing(self, now: datetime) -> bool:
        """Whether a synchronization holds the slot."""
        return self.slot is not None and self.slot.expires_at > now

    def held_by(self, synchronization_id: str) -> bool:
        """Whether this synchronization holds the slot, or held it last."""
        return self.slot is not None and self.slot.synchronization_id == synchronization_id

    def due(self, now: datetime) -> bool:
        """Whether something is to be done, and nobody does it."""
        due = self.next_synchronization_at
        return due is not None and due <= now and not self.synchronizing(now)

    def starts_for(self, now: datetime, *, own: bool) -> bool:
        """Whether a synchronization starts because a stack spoke: its `own`, which may let Cavok in
        now, or that of an account that nobody knows, which may have joined since the last one. Of
        one that is connected: not while it fails or runs, nor within NEW_AFTER of the last one.
        """
        if self.status is not EnrollmentStatus.CONNECTED:
            return own
        last, quiet = self.last_synchronized_at, not self.attempts and not self.synchronizing(now)
        return quiet and bool(last and now - last > NEW_AFTER)

    def heard_of(self, now: datetime) -> Self:
        """After its own stack spoke. One that is not connected is tried for another week, and soon
        again: AWS may not follow the new role yet. The same object if nothing changes.
        """
        lately = not self.attempts and now - self.touched_at <= DAY
        if self.status is EnrollmentStatus.CONNECTED or lately:
            return self
        return replace(self, attempts=0, touched_at=now)

    def with_new_member(self, now: datetime) -> Self:
        """After a stack spoke for which none may start, or another enrollment let its accounts go:
        one is due NEW_AFTER the last, or the one that runs, which may have passed by what changed:
        that one also if it is the first, or tried after failures. The same object if nothing
        changes, so that however many speak, one of them is written.
        """
        planned, last = self.next_synchronization_at, self.last_synchronized_at
        if self.slot and self.synchronizing(now):
            due = self.slot.expires_at - _HEARD
        elif self.status is not EnrollmentStatus.CONNECTED or self.attempts or not last:
            return self
        else:
            due = max(now, last + NEW_AFTER)
        if not planned or due >= planned:
            return self
        return replace(self, next_synchronization_at=due)

    def heard_too_often(self, now: datetime, *, deleted: bool) -> Self:
        """After stacks for which one starts said more than is followed: it is due in NEW_AFTER, or
        as after the one that runs, so that whoever says much in their name hides nothing. One that
        waits is tried for another week, also if the one that runs is refused, but for no deletion.
        One failure still counts: else a flood would repeat each refused one FIRST_RETRY later.
        The same object if nothing changes.
        """
        heard, waits = self, self.status is not EnrollmentStatus.CONNECTED
        if waits and not deleted and (self.attempts > 1 or now - self.touched_at > DAY):
            heard = replace(self, attempts=min(self.attempts, 1), touched_at=now)
        planned, soon = self.next_synchronization_at, now + NEW_AFTER
        if self.synchronizing(now):
            return heard.with_new_member(now)
        if planned and planned <= soon:
            return heard
        return replace(heard, next_synchronization_at=soon)

    def without_slot(self, synchronization_id: str, now: datetime) -> Self:
        """Without the slot of a synchronization that did not start, and due again."""
        if not self.held_by(synchronization_id):
            return self
        return replace(self, slot=None, next_synchronization_at=now)

    def at_one_of(self, versions: Container[Any] | None) -> Self:
        """The enrollment itself. Raises PreconditionFailed if it is at none of these versions."""
        require_version(self.tag, versions, of="enrollment")
        return self

    def after(self, before: Self) -> Self:
        """With the version that follows `before`: one higher if a counted field changed."""
        return replace(self, version=version_after(before, self, _VERSIONED))

    def entrance(self) -> Account:
        """The role as an account that Cavok enters. It is never stored."""
        assert self.management_account_id, "nothing enters an account that is not known"
        return Account(
            organization_id=self.organization_id,
            account_id=self.enrollment_id,
            provider=self.provider,
            account_number=self.management_account_id,
            name=self.name,
            access_type=AccessType.ASSUME_ROLE,
            role_name=ROLE_NAME,
            role_path=self.role_path,
            access_key_id_ending=None,
            write_logs=False,
            regions=self.regions,
            next_verification_at=None,
            created_at=self.created_at,
            created_by=self.created_by,
            updated_at=self.updated_at,
            touched_at=self.touched_at,
        )

    def require_same_organization(
        self, account_number: str | None, is_member: Callable[[str], bool]
    ) -> None:
        """Raises InvalidField for an account that was not found in the AWS Organization that was
        read. Its members would all be missing in another one.
        """
        if self.organization_arn is None or account_number in (None, self.management_account_id):
            return
        *_, management, name = self.organization_arn.split(":")
        if account_number != management and not is_member(account_number):
            raise InvalidField(
                "management_account_id",
                f"This enrollment is of the AWS {name.replace('organization/', 'Organization ')}, "
                f"in which account {account_number} was not found. Another AWS Organization is "
                "another enrollment.",
            )

    def has_account(self, account_number: str) -> bool:
        """Whether its stack is in this account, or its AWS Organization is managed from there."""
        _, _, _, _, manages, *_ = (self.organization_arn or ":::::").split(":")
        return account_number in (self.management_account_id, manages)

    def changed(self, now: datetime, **options: Any) -> Self:
        """With other options, and due for a synchronization with them. One that runs began with the
        old ones, so it loses the slot. A name alone is no reason for one. The same object if
        nothing changes. Raises InvalidField for another account of one that is connected.
        """
        number = options.get("management_account_id", self.management_account_id)
        moved = number != self.management_account_id
        if moved and self.status is EnrollmentStatus.CONNECTED:
            raise InvalidField(
                "management_account_id",
                "The enrollment is connected through another account. End it and make a new one.",
            )
        changed = replace(self, **options)
        changed = replace(changed, features=changed._features(options.get("features")))
        if changed == self:
            return self
        if replace(changed, name=self.name) == self:
            return replace(changed, updated_at=now, touched_at=now)
        if moved:
            changed = replace(changed, status=EnrollmentStatus.WAITING, issues=(), attempts=0)
        due = now if number else None
        return replace(
            changed, slot=None, next_synchronization_at=due, updated_at=now, touched_at=now
        )

    def _features(self, wanted: Sequence[str] | None) -> tuple[str, ...]:
        """In the order of the catalog. Who turns log writing on gets its permission too."""
        if wanted is None and self.write_logs:
            wanted = (*self.features, LOGS.group)
        return features_of(self.features if wanted is None else wanted, write_logs=self.write_logs)

    def begun(self, synchronization_id: str, now: datetime, *, by_person: bool) -> Self:
        """While this synchronization runs, which is not due again before its slot lapses."""
        slot = SynchronizationSlot(synchronization_id, now + SLOT_HELD_FOR)
        return replace(
            self,
            slot=slot,
            next_synchronization_at=slot.expires_at,
            asked=self.asked or by_person,
            touched_at=now if by_person else self.touched_at,
        )

    def renewed(self, synchronization_id: str, now: datetime) -> Self:
        """In each round of the synchronization that holds the slot."""
        begun = self.begun(synchronization_id, now, by_person=False)
        return begun.with_new_member(now) if self._has_heard else begun

    @property
    def _has_heard(self) -> bool:
        """Whether a new member was heard of during the synchronization that runs."""
        return self.slot is not None and (
            self.next_synchronization_at == self.slot.expires_at - _HEARD
        )

    def synchronized(self, now: datetime, issues: tuple[Issue, ...] = ()) -> Self:
        """After a synchronization that read everything, and found these."""
        done = replace(
            self,
            status=EnrollmentStatus.CONNECTED,
            issues=issues,
            slot=None,
            attempts=0,
            asked=False,
            last_synchronized_at=now,
            next_synchronization_at=now + SYNCHRONIZED_EVERY,
            updated_at=now if self.status is not EnrollmentStatus.CONNECTED else self.updated_at,
        )
        return done.with_new_member(now) if self._has_heard else done

    def not_synchronized(self, issue: Issue, now: datetime) -> Self:
        """After one that failed, for this reason. What proves nothing changes no status; one that
        never was connected waits on.
        """
        proves_nothing = issue.code == EnrollmentIssue.SYNCHRONIZATION_FAILED
        waits = self.status is EnrollmentStatus.WAITING and issue.code not in AT_ONCE_FAILED
        failed = replace(
            self,
            status=self.status if proves_nothing or waits else EnrollmentStatus.FAILED,
            issues=(issue,),
            slot=None,
            attempts=self.attempts + 1,
            asked=self.asked and now - self.touched_at <= REST_AFTER,
        )
        return replace(failed, next_synchronization_at=failed._tried_again_at(now))

    def _tried_again_at(self, now: datetime) -> datetime | None:
        waits = self.status is EnrollmentStatus.WAITING
        if waits and now - self.touched_at > REST_AFTER:
            return None
        return now + min(FIRST_RETRY * (1 << min(self.attempts - 1, 10)), SYNCHRONIZED_EVERY)

    def ended(self, now: datetime) -> Self:
        """Ended by a person: due, so that it is removed. A running synchronization keeps its slot,
        and removes it instead of going on.
        """
        due = self.slot.expires_at if self.slot and self.synchronizing(now) else now
        return replace(self, ended_at=now, next_synchronization_at=due)


_VERSIONED = (
    *EnrollmentOptions.__dataclass_fields__,
    "management_account_id",
    "organization_arn",
    "status",
)


def require_not_enrolled(account_number: str | None, others: Iterable[Enrollment]) -> None:
    """Raises AlreadyEnrolled for an account that another enrollment has: its stack makes roles and
    a stack set whose names are there once, so a second one cannot be deployed.
    """
    for other in others:
        if account_number and other.has_account(account_number):
            raise AlreadyEnrolled(
                f"management_account_id: account {account_number} is that of the enrollment "
                f"{other.name} ({other.enrollment_id}), or manages its AWS Organization. Change "
                "that enrollment, or end it first."
            )


def enrolled_before(
    enrollment: Enrollment, arn: str, others: Iterable[Enrollment]
) -> Enrollment | None:
    """The enrollment that has this AWS Organization already, or that is older and has the same
    account: of an enrollment that has not read its AWS Organization yet. Null: none.
    """
    number = enrollment.management_account_id
    for other in others:
        older = other.enrollment_id < enrollment.enrollment_id
        same = other.organization_arn == arn or (older and other.management_account_id == number)
        if same and other.enrollment_id != enrollment.enrollment_id:
            return other
    return None


def refused(enrollment: Enrollment, detail: str) -> Issue:
    """The issue of a role that cannot be assumed. AWS answers the same for one that does not
    exist.
    """
    return Issue(
        EnrollmentIssue.ROLE_NOT_ASSUMABLE,
        f"The role {enrollment.role_arn} is not there, or does not let Cavok in. AWS says: "
        f"{detail}",
        "Deploy the stack as the Instructions show, in this account, then synchronize.",
    )


def open_to_others(enrollment: Enrollment) -> Issue:
    """The issue of a role that can be assumed without the right external ID."""
    return Issue(
        EnrollmentIssue.CONFUSED_DEPUTY,
        f"The role {enrollment.role_arn} can be assumed without this organization's external ID. "
        "Anyone who knows its name could make Cavok list your AWS Organization.",
        "Put the condition StringEquals sts:ExternalId with this organization's external ID into "
        "the role's trust policy, or deploy the stack again, then synchronize.",
    )


def of_another_account(enrollment: Enrollment) -> Issue:
    """The issue of credentials that belong to another account."""
    return Issue(
        EnrollmentIssue.WRONG_ACCOUNT,
        f"AWS says that the session does not belong to account {enrollment.management_account_id}.",
        "Enter the number of the account in which you deployed the stack.",
    )


def of_another_organization(enrollment: Enrollment, arn: str) -> Issue:
    """The issue of an account that is in another AWS Organization by now."""
    return Issue(
        EnrollmentIssue.WRONG_ORGANIZATION,
        f"The account {enrollment.management_account_id} is in {arn}. This enrollment is of "
        f"{enrollment.organization_arn}, whose accounts stay as they are.",
        "Make another enrollment for the other AWS Organization, and end this one if its AWS "
        "Organization is gone.",
    )


def enrolled_already(arn: str, other: Enrollment) -> Issue:
    """The issue of a second enrollment of an AWS Organization."""
    return Issue(
        EnrollmentIssue.ALREADY_ENROLLED,
        f"{arn} is that of the enrollment {other.name} ({other.enrollment_id}). A member has one "
        "role CavokCloud, so the stack set of a second enrollment cannot make it.",
        "End this enrollment and change the other one; or end the other one, delete its stack, and "
        "synchronize.",
    )


def not_readable(detail: str) -> Issue:
    """The issue of a role that may not list its AWS Organization."""
    return Issue(
        EnrollmentIssue.ORGANIZATION_NOT_READABLE,
        f"AWS does not let the role list the AWS Organization: {detail}",
        "Deploy the stack in the management account, or in a delegated administrator that may list "
        "the organization, then synchronize.",
        fix=Fix(console_url="https://console.aws.amazon.com/organizations/v2/home/accounts"),
    )


def units_not_found(enrollment: Enrollment, units: Container[str]) -> tuple[Issue, ...]:
    """The information that AWS listed some of the chosen or excluded units not. `units`: the ids of
    those that it did.
    """
    chosen = (*enrollment.include_ous, *enrollment.exclude_ous)
    unknown = [each for each in chosen if each not in units]
    if not unknown:
        return ()
    message = f"AWS lists no unit {', '.join(unknown)} in this AWS Organization."
    remedy = "Compare the enrollment's units with AWS Organizations, and correct them."
    return (Issue(EnrollmentIssue.UNIT_NOT_FOUND, message, remedy, Severity.INFORMATION),)


def without_answer(detail: str) -> Issue:
    """The issue of a synchronization that proved nothing."""
    return Issue(
        EnrollmentIssue.SYNCHRONIZATION_FAILED,
        f"The last synchronization did not end: {detail}",
        "It is tried again by itself. What was found before stays as it is.",
    )
