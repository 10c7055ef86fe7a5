"""One round of a synchronization: a bounded part of the walk through an AWS Organization, and what
its accounts become. It writes nothing for what is already so, and a repeated round adds nothing
twice.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import datetime
from functools import partial
from itertools import islice
from typing import Any, Self

from pynamodb.transactions import TransactWrite

from cavok.adapters.aws_errors import is_passing
from cavok.adapters.customer.aws_organization import AwsOrganization
from cavok.adapters.customer.canary import Canary
from cavok.adapters.customer.session import CustomerSession
from cavok.adapters.table.accounts import Accounts, AccountToAdd
from cavok.adapters.table.enrollment_totals import Counted, count_members
from cavok.adapters.table.enrollments import Enrollments, retry_while_changed
from cavok.adapters.table.members import Members, delete_member, save_member
from cavok.adapters.table.synchronizations import Synchronizations, count_changes
from cavok.adapters.table.table import BATCH, ItemChanged, retry_while_busy
from cavok.domain import audit
from cavok.domain import enrollments as enrolling
from cavok.domain.accounts import Account, Issue
from cavok.domain.actors import SYSTEM, Requester
from cavok.domain.deadlines import Deadline
from cavok.domain.enrollments import Enrollment
from cavok.domain.errors import (
    BusyWithOthers,
    EnrollmentNotFound,
    OrganizationBusy,
    OrganizationUnclear,
    OrganizationUnreadable,
    ServiceUnavailable,
    SynchronizationNotFound,
    UnitGone,
)
from cavok.domain.member_states import MemberState
from cavok.domain.members import (
    GivenNames,
    Member,
    MemberChange,
    OrganizationAccount,
    Standing,
    plan_seen,
    plan_unseen,
)
from cavok.domain.reading import message_of
from cavok.domain.synchronizations import Synchronization, SynchronizationState, Walk
from cavok.observability import logger
from cavok.services.enter_account import EntryDependencies
from cavok.services.enter_organization import enter_organization

PAGES_A_ROUND = 100
"""Of AWS's lists, 20 entries each: about a minute at the rate that Organizations allows."""

ADDED_AT_ONCE = 24
"""New accounts of one transaction. Each is four items: member, account, claim and audit entry.
Three more count them. Source of the hundred: DynamoDB API Reference, TransactWriteItems.
"""

STORED_AT_ONCE = BATCH // ADDED_AT_ONCE * ADDED_AT_ONCE
"""Accounts that are read together. If all are new, no transaction is smaller than it could be."""

WRITTEN_AT_ONCE = 90
"""Members of one transaction that change alone."""

STUCK_ROUNDS = 20
"""In a row in which Organizations takes no call: some minutes. Then the next synchronization tries
it, later, and people see why.
"""

RESTARTS = 3
"""Of a unit's listing whose next page AWS refuses. Then it is no token that has lapsed."""

REASON_LIMIT = 500
"""Characters of a failure that people see."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SynchronizationDependencies:
    """What a round needs. `connect` makes the client of an AWS Organization from a session."""

    enrollments: Enrollments
    members: Members
    synchronizations: Synchronizations
    accounts: Accounts
    entry: EntryDependencies
    canary: Callable[[], Canary]
    connect: Callable[[CustomerSession], AwsOrganization]
    own_account: str
    clock: Callable[[], datetime]


@dataclass(frozen=True, slots=True, kw_only=True)
class RoundRequest:
    """Which synchronization has its round. `failure`: why the workflow gives it up; null if it does
    not.
    """

    organization_id: str
    enrollment_id: str
    synchronization_id: str
    failure: Mapping[str, Any] | None = None

    @classmethod
    def of(cls, event: Mapping[str, Any]) -> Self:
        """Reads the input of the state."""
        names = ("organization_id", "enrollment_id", "synchronization_id")
        return cls(**{name: event[name] for name in names}, failure=event.get("failure"))


def make_round(
    request: RoundRequest, dependencies: SynchronizationDependencies, deadline: Deadline
) -> bool:
    """Whether the synchronization needs another round. Raises EntryInconclusive, BusyWithOthers,
    ServiceUnavailable: the same round may be made in a moment.
    """
    try:
        return _make_round(request, dependencies, deadline)
    except Exception as error:
        if is_passing(error):
            raise ServiceUnavailable("The table did not answer.") from error
        raise


def _make_round(
    request: RoundRequest, dependencies: SynchronizationDependencies, deadline: Deadline
) -> bool:
    enrollment = dependencies.enrollments.stored(request.organization_id, request.enrollment_id)
    if enrollment is None:
        return False
    if enrollment.ended_at:
        return _Removal(enrollment, dependencies).round(deadline)
    try:
        synchronization, walk = dependencies.synchronizations.with_walk(
            request.organization_id, request.enrollment_id, request.synchronization_id
        )
    except SynchronizationNotFound:
        return False
    if not synchronization.running or not enrollment.held_by(request.synchronization_id):
        return False  # it was given up, and another has begun since
    this = _Synchronizing(enrollment, synchronization, walk, dependencies)
    if request.failure is not None:
        return this.failed(enrolling.without_answer(_said(request.failure)))
    return this.round(deadline)


def _said(failure: Mapping[str, Any]) -> str:
    return f"{failure.get('Error', '')}: {message_of(failure.get('Cause', ''))}"[:REASON_LIMIT]


class _Synchronizing:
    """`names` are read once, and only if an account needs one."""

    def __init__(
        self,
        enrollment: Enrollment,
        synchronization: Synchronization,
        walk: Walk,
        dependencies: SynchronizationDependencies,
    ) -> None:
        self._enrollment = enrollment
        self._synchronization = synchronization
        self._walk = walk
        self._dependencies = dependencies
        self._names: GivenNames | None = None

    def round(self, deadline: Deadline) -> bool:
        """Whether another round is needed."""
        try:
            return self._round(deadline)
        except (ItemChanged, BusyWithOthers):
            if self._holds_slot():
                raise
            return False  # another one took its place at this moment

    def _round(self, deadline: Deadline) -> bool:
        try:
            self._hold_slot()
        except EnrollmentNotFound:  # a person ended it at this moment
            return True
        if not self._enrollment.held_by(self._synchronization.synchronization_id):
            return False
        entered = enter_organization(
            self._enrollment,
            self._synchronization.synchronization_id,
            self._dependencies.entry,
            self._dependencies.canary(),
        )
        if isinstance(entered, Issue):
            return self.failed(entered)
        return self._read(self._dependencies.connect(entered), deadline)

    def _read(self, organization: AwsOrganization, deadline: Deadline) -> bool:
        began = self._walk
        try:
            return self._read_on(organization, deadline)
        except OrganizationUnreadable as error:
            return self.failed(enrolling.not_readable(str(error)))
        except OrganizationUnclear as error:
            return self.failed(enrolling.without_answer(str(error)))
        except OrganizationBusy as error:
            logger.warning("Organizations is busy", error=str(error)[:REASON_LIMIT])
            if self._walk != began or self._may_wait():
                return True
            return self.failed(enrolling.without_answer(str(error)))

    def _read_on(self, organization: AwsOrganization, deadline: Deadline) -> bool:
        arn = organization.arn()
        if self._enrollment.organization_arn not in (None, arn):
            return self.failed(enrolling.of_another_organization(self._enrollment, arn))
        if other := self._enrolled_before(arn):
            return self.failed(enrolling.enrolled_already(arn, other))
        if self._walk_on(organization, deadline) and self._compare(organization, deadline):
            return self._finished(arn)
        return True

    def _may_wait(self) -> bool:
        """Whether another round may come no further."""
        self._advance(replace(self._walk, stuck=self._walk.stuck + 1))
        return self._walk.stuck < STUCK_ROUNDS

    def _holds_slot(self) -> bool:
        ids = self._enrollment.organization_id, self._enrollment.enrollment_id
        found = self._dependencies.enrollments.stored(*ids)
        return found is not None and found.held_by(self._synchronization.synchronization_id)

    def _enrolled_before(self, arn: str) -> Enrollment | None:
        if self._enrollment.organization_arn:
            return None
        organization_id = self._enrollment.organization_id
        others = self._dependencies.enrollments.of_organization(organization_id)
        return enrolling.enrolled_before(self._enrollment, arn, others)

    def _hold_slot(self) -> None:
        """Each round renews the slot, so that a long synchronization does not lapse."""
        now, own = self._dependencies.clock(), self._synchronization.synchronization_id
        self._enrollment = self._dependencies.enrollments.changed(
            self._enrollment.organization_id,
            self._enrollment.enrollment_id,
            lambda found: found.renewed(own, now) if found.held_by(own) else found,
        )

    # ---- the walk ------------------------------------------------------------------------------

    def _walk_on(self, organization: AwsOrganization, deadline: Deadline) -> bool:
        """Whether everything is listed. Stores what it found, and then how far it is. Raises
        OrganizationBusy after that.
        """
        walk, busy = self._walk, None
        if walk.open is None:
            walk = walk.from_roots(organization.roots())
        seen: dict[str, OrganizationAccount] = {}
        for _ in range(PAGES_A_ROUND):
            if not walk.open or not deadline.left:
                break
            try:
                walk, listed = _next_page(organization, walk)
            except OrganizationBusy as error:
                busy = error
                break
            seen |= {each.account_number: each for each in listed}
        if walk != self._walk:
            self._store([each for number, each in seen.items() if number not in walk.seen])
            self._advance(replace(walk, seen=walk.seen | seen.keys(), stuck=0))
        if busy:
            raise busy
        return not walk.open

    def _advance(self, walk: Walk) -> None:
        synchronization = replace(self._synchronization, found=len(walk.seen))
        advance = partial(self._dependencies.synchronizations.advance, synchronization, walk)
        # Whoever takes its place writes the same item.
        retry_while_busy(advance, lambda: True)
        self._walk, self._synchronization = walk, synchronization

    def _store(self, seen: Sequence[OrganizationAccount]) -> None:
        """Makes members and accounts of what AWS listed."""
        own = self._dependencies.own_account
        others = (each for each in seen if each.account_number != own)
        while batch := list(islice(others, STORED_AT_ONCE)):
            missing = retry_while_changed(partial(self._store_batch, batch))
            self._synchronization = replace(
                self._synchronization, missing=self._synchronization.missing + missing
            )

    def _store_batch(self, seen: Sequence[OrganizationAccount]) -> int:
        """How many of them wait for their role. Reads everything anew at each try."""
        organization_id = self._enrollment.organization_id
        numbers = [each.account_number for each in seen]
        members = self._dependencies.members.with_numbers(
            organization_id, self._enrollment.enrollment_id, numbers
        )
        accounts = self._dependencies.accounts.with_numbers(
            organization_id, self._enrollment.provider, numbers
        )
        now = self._dependencies.clock()
        changes, waiting = [], []
        for each in seen:
            member, account = members.get(each.account_number), accounts.get(each.account_number)
            change = plan_seen(
                self._enrollment, each, member, account, names=self._all_names, now=now
            )
            if change:
                changes.append(change)
            after = change.after if change else member
            stays = change.account_after if change else account
            if after and stays and after.state(stays) is MemberState.ROLE_MISSING:
                waiting.append(stays)
        self._write(changes)
        written = {change.after.account_number for change in changes}
        if self._synchronization.again:
            self._try_again([each for each in waiting if each.account_number not in written], now)
        return len(waiting)

    def _all_names(self) -> GivenNames:
        if self._names is None:
            self._names = GivenNames(
                self._dependencies.accounts.names(self._enrollment.organization_id)
            )
        return self._names

    def _try_again(self, accounts: Sequence[Account], now: datetime) -> None:
        for account in accounts:
            again = account.tried_again(now)
            if again is not account:
                self._dependencies.accounts.confirm(again, quiet=True)

    # ---- writing -------------------------------------------------------------------------------

    def _write(self, changes: Sequence[MemberChange]) -> None:
        """Accounts that are there already one by one, because each has its own conditions; new ones
        and members alone in batches. Raises ItemChanged, ItemBusy.
        """
        lets_go = any(change.lets_go for change in changes)
        if lets_go:  # First: it is lost if this process dies in between.
            _have_others_look(self._enrollment, self._dependencies)
        for change in changes:
            if change.changes_account:
                self._write_account(change)
        if lets_go:  # Whoever has looked in between passed them by.
            _have_others_look(self._enrollment, self._dependencies)
        others = [change for change in changes if not change.changes_account]
        new = [change for change in others if change.adds]
        alone = [change for change in others if not change.adds]
        for batch in (*_batches(new, ADDED_AT_ONCE), *_batches(alone, WRITTEN_AT_ONCE)):
            self._write_batch(batch)

    def _write_batch(self, changes: Sequence[MemberChange]) -> None:
        accounts = (change.account_after for change in changes if change.adds)
        new = [self._to_add(account) for account in accounts if account]
        self._dependencies.accounts.add_all(new, with_items=self._items(changes))

    def _to_add(self, account: Account) -> AccountToAdd:
        entry = audit.created(account, self._requester)
        return AccountToAdd(account=account, sealed=None, key=None, entry=entry)

    def _write_account(self, change: MemberChange) -> None:
        before, after = change.account_before, change.account_after
        assert before, "it changes an account"
        assert after, "no account is deleted"
        self._dependencies.accounts.save(
            before,
            after,
            entry=audit.changed(before, after, self._requester),
            with_items=self._items([change], counted=False),
            member=self._counted(change),
        )

    def _items(
        self, changes: Sequence[MemberChange], *, counted: bool = True
    ) -> Callable[[TransactWrite], None]:
        """Adds the members to the transaction, and what counts them, once each. `counted`: whether
        their states are counted here, and not with the account.
        """
        adds = sum(change.adds for change in changes)

        def add(transaction: TransactWrite) -> None:
            for change in changes:
                if change.before != change.after:
                    save_member(transaction, change.after)
            if counted:
                organization_id = self._enrollment.organization_id
                count_members(transaction, organization_id, map(self._counted, changes))
            changed = sum(
                not change.adds and (change.before is not None or change.changes_account)
                for change in changes
            )
            count_changes(transaction, self._synchronization, added=adds, changed=changed)

        return add

    def _counted(self, change: MemberChange) -> Counted:
        return Counted(self._enrollment.enrollment_id, *change.states)

    @property
    def _requester(self) -> Requester:
        return Requester(actor=SYSTEM, request_id=self._synchronization.synchronization_id)

    # ---- the end -------------------------------------------------------------------------------

    def _compare(self, organization: AwsOrganization, deadline: Deadline) -> bool:
        """Whether every stored member was compared with what AWS listed. One that was not listed is
        asked for: it may have moved while the tree was read. Raises OrganizationBusy.
        """
        try:
            while deadline.left:
                page = self._dependencies.members.after(
                    self._enrollment.organization_id,
                    self._enrollment.enrollment_id,
                    self._walk.compared,
                )
                if not page:
                    return True
                for member in page:
                    if not deadline.left:
                        break
                    if self._is_gone(member, organization):
                        retry_while_changed(partial(self._close, member.account_number))
                    self._walk = replace(self._walk, compared=member.account_number, stuck=0)
            return False
        finally:
            self._advance(self._walk)

    def _is_gone(self, member: Member, organization: AwsOrganization) -> bool:
        number, closed = member.account_number, member.standing is Standing.CLOSED
        return not closed and number not in self._walk.seen and not organization.has(number)

    def _close(self, number: str) -> None:
        """Reads it anew at each try."""
        organization_id, own = self._enrollment.organization_id, self._enrollment.enrollment_id
        member = self._dependencies.members.with_numbers(organization_id, own, [number])[number]
        accounts = self._dependencies.accounts.with_numbers(
            organization_id, self._enrollment.provider, [number]
        )
        account, now = accounts.get(number), self._dependencies.clock()
        change = plan_unseen(self._enrollment, member, account, now)
        if change:
            self._write([change])

    def _finished(self, arn: str) -> bool:
        """Of two enrollments that read one AWS Organization at once, the first to end has it."""
        enrollments, read = self._dependencies.enrollments, self._enrollment

        def end(enrollment: Enrollment, now: datetime) -> Enrollment:
            issues = enrolling.units_not_found(read, self._walk.units)
            return replace(enrollment.synchronized(now, issues), organization_arn=arn)

        def attempt() -> bool:
            known = read.organization_arn is not None
            before = None if known else enrollments.ever_connected(read.organization_id)
            if other := self._enrolled_before(arn):
                return self.failed(enrolling.enrolled_already(arn, other))
            return self._end(end, SynchronizationState.FINISHED, connected_before=before)

        return retry_while_changed(attempt)

    def failed(self, issue: Issue) -> bool:
        """Ends the synchronization, and keeps why."""
        return retry_while_changed(
            lambda: self._end(
                lambda enrollment, now: enrollment.not_synchronized(issue, now),
                SynchronizationState.FAILED,
                issue.message[:REASON_LIMIT],
            )
        )

    def _end(
        self,
        change: Callable[[Enrollment, datetime], Enrollment],
        state: SynchronizationState,
        reason: str | None = None,
        connected_before: int | None = None,
    ) -> bool:
        """Whether another round is needed: to remove an enrollment that a person has ended
        meanwhile. Raises ItemChanged, ItemBusy.
        """
        enrollments, now = self._dependencies.enrollments, self._dependencies.clock()
        ids = self._enrollment.organization_id, self._enrollment.enrollment_id
        before = enrollments.stored(*ids)
        if before is None or not before.held_by(self._synchronization.synchronization_id):
            return False
        after = before if before.ended_at else change(before, now)
        enrollments.end(
            before,
            after,
            self._synchronization,
            state,
            now=now,
            reason=reason,
            connected_before=connected_before,
        )
        return before.ended_at is not None


def _next_page(organization: AwsOrganization, walk: Walk) -> tuple[Walk, list[OrganizationAccount]]:
    """The walk after its next page, and the accounts on it. Raises OrganizationUnclear, as the
    calls do.
    """
    assert walk.open, "nothing is open"
    unit = walk.open[-1]
    try:
        if unit.accounts:
            accounts, token = organization.accounts(unit.place, unit.token)
            return walk.after_page(token), accounts
        units, token = organization.units(unit.unit_id, unit.token)
        return walk.after_page(token, units), []
    except UnitGone as error:
        if unit.token:  # AWS does not say how long a token is good: from its first page again
            if unit.restarts == RESTARTS:
                raise OrganizationUnclear(str(error)) from error
            again = replace(unit, token=None, restarts=unit.restarts + 1)
            return replace(walk, open=(*walk.open[:-1], again)), []
        logger.warning("Unit not listed", unit=unit.unit_id, error=str(error))
        return replace(walk, open=walk.open[:-1]), []


def _batches(changes: Sequence[MemberChange], size: int) -> Iterator[Sequence[MemberChange]]:
    return (changes[start : start + size] for start in range(0, len(changes), size))


def _have_others_look(enrollment: Enrollment, dependencies: SynchronizationDependencies) -> None:
    """For the accounts that this enrollment lets go: others passed them by."""
    organization_id, now = enrollment.organization_id, dependencies.clock()
    for other in dependencies.enrollments.of_organization(organization_id):
        if other.enrollment_id == enrollment.enrollment_id:
            continue
        with suppress(EnrollmentNotFound):  # ended at this moment
            dependencies.enrollments.changed(
                organization_id, other.enrollment_id, lambda each: each.with_new_member(now)
            )


class _Removal:
    """Removes an enrollment that was ended. Its accounts stay, without it."""

    def __init__(self, enrollment: Enrollment, dependencies: SynchronizationDependencies) -> None:
        self._enrollment = enrollment
        self._dependencies = dependencies

    def round(self, deadline: Deadline) -> bool:
        """Whether another round is needed."""
        ids = self._enrollment.organization_id, self._enrollment.enrollment_id
        while deadline.left:
            page = self._dependencies.members.after(*ids, "")
            if not page:
                self._remove(*ids)
                return False
            retry_while_changed(
                partial(self._remove_batch, [member.account_number for member in page])
            )
        return True

    def _remove_batch(self, numbers: Sequence[str]) -> None:
        organization_id, own = self._enrollment.organization_id, self._enrollment.enrollment_id
        members = self._dependencies.members.with_numbers(organization_id, own, numbers)
        accounts = self._dependencies.accounts.with_numbers(
            organization_id, self._enrollment.provider, numbers
        )
        for number, account in accounts.items():
            if account.enrollment_id == own and number in members:
                self._let_go(members.pop(number), account)
        if members:
            self._dependencies.members.delete(list(members.values()))

    def _let_go(self, member: Member, account: Account) -> None:
        now = self._dependencies.clock()
        after = account.enrolled(None, now)
        requester = Requester(actor=SYSTEM, request_id=self._enrollment.enrollment_id)
        self._dependencies.accounts.save(
            account,
            after,
            entry=audit.changed(account, after, requester),
            with_items=lambda transaction: delete_member(transaction, member),
            member=Counted(self._enrollment.enrollment_id, None, None),
        )

    def _remove(self, organization_id: str, enrollment_id: str) -> None:
        _have_others_look(self._enrollment, self._dependencies)
        enrollments = self._dependencies.enrollments

        def attempt() -> None:
            found = enrollments.stored(organization_id, enrollment_id)
            if found:
                enrollments.remove(found)

        retry_while_changed(attempt)
