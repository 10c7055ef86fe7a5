"""Members of an enrollment: the accounts of a customer's AWS Organization, and what a
synchronization does with each.
"""

import re
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum
from itertools import chain, count
from typing import Self

from cavok.domain.accounts import AccessType, Account, ListedAccount
from cavok.domain.enrollments import Enrollment
from cavok.domain.member_states import MemberState, state_in_use
from cavok.domain.permissions import DEFAULT_ROLE_NAME
from cavok.domain.policy_matching import matches, symbols

LONGEST_NAME = 64
"""Letters and digits of an account's name."""


class Standing(StrEnum):
    """Whether a member is used, and why not. Only an included one has an account that is tested
    for the enrollment.
    """

    INCLUDED = "included"
    EXCLUDED = "excluded"
    SUSPENDED = "suspended"
    CLOSED = "closed"


_NOT_USED = {
    Standing.EXCLUDED: MemberState.EXCLUDED,
    Standing.SUSPENDED: MemberState.SUSPENDED,
    Standing.CLOSED: MemberState.CLOSED,
}
_STANDINGS = {
    "ACTIVE": Standing.INCLUDED,
    "PENDING_ACTIVATION": Standing.SUSPENDED,
    "SUSPENDED": Standing.SUSPENDED,
    "PENDING_CLOSURE": Standing.CLOSED,
    "CLOSED": Standing.CLOSED,
}
"""By the `State` of an account. Not by its `Status`, which AWS retires. Source: Organizations User
Guide, "Monitor the state of your AWS accounts"; API Reference, Account.
"""


@dataclass(frozen=True, slots=True)
class Place:
    """Where an account or unit is in the AWS Organization: the ids of the root and the units above
    it, and their names, as `Root/Shops/North`.
    """

    unit_ids: tuple[str, ...]
    path: str

    def inside(self, unit_id: str, name: str) -> Self:
        """The place inside a unit that is here."""
        return replace(self, unit_ids=(*self.unit_ids, unit_id), path=f"{self.path}/{name}")

    def under(self, units: Iterable[str]) -> bool:
        """Whether it is in one of these units, at any depth."""
        return not set(units).isdisjoint(self.unit_ids)


@dataclass(frozen=True, slots=True, kw_only=True)
class OrganizationAccount:
    """An account as AWS Organizations lists it. `state` is AWS's word, null if it says none."""

    account_number: str
    name: str
    state: str | None
    place: Place


@dataclass(frozen=True, slots=True, kw_only=True)
class Member:
    """An account of the AWS Organization, as the last synchronization left it.

    name        AWS's.
    account_id  its account; null if it has none. A person may have deleted that since.
    given_name  the account's name, if the synchronization gave it: only that follows AWS's.
    removed     whether a person deleted its account, so that it is not added again.
    writes      counts writes, for optimistic locking.
    """

    organization_id: str
    enrollment_id: str
    account_number: str
    name: str
    place: Place
    standing: Standing
    account_id: str | None = None
    given_name: str | None = None
    removed: bool = False
    writes: int = 0

    def state(self, account: ListedAccount | None) -> MemberState:
        """What it is, with its account; null if that was deleted, or never was. One that a person
        added again does not count before a synchronization has adopted it.
        """
        if self.standing is not Standing.INCLUDED:
            return _NOT_USED[self.standing]
        if account is None or account.enrollment_id != self.enrollment_id:
            return MemberState.EXCLUDED
        return state_in_use(account.status, revoked=account.revoked)


@dataclass(frozen=True, slots=True)
class MemberShown:
    """A member as it is listed, with its state. `account_id` is null if it has no account."""

    member: Member
    state: MemberState
    account_id: str | None

    @classmethod
    def of(cls, member: Member, account: ListedAccount | None) -> Self:
        """A member with its account; null if that was deleted."""
        return cls(member, member.state(account), account.account_id if account else None)


@dataclass(frozen=True, slots=True)
class UnitTotals:
    """How many members are in a root or unit itself, by state."""

    place: Place
    totals: Mapping[MemberState, int]


def totals_by_unit(members: Iterable[MemberShown]) -> list[UnitTotals]:
    """The units of these members, by path."""
    counts: dict[Place, Counter[MemberState]] = {}
    for shown in members:
        counts.setdefault(shown.member.place, Counter())[shown.state] += 1
    by_path = sorted(counts.items(), key=lambda each: each[0].path)
    return [
        UnitTotals(place, {state: found[state] for state in MemberState})
        for place, found in by_path
    ]


@dataclass(frozen=True, slots=True, kw_only=True)
class MemberChange:
    """A member and its account, before and after. Null: it is not there."""

    before: Member | None
    after: Member
    account_before: Account | None
    account_after: Account | None

    @property
    def adds(self) -> bool:
        """Whether it adds an account."""
        return self.account_before is None and self.account_after is not None

    @property
    def changes_account(self) -> bool:
        """Whether it changes an account that is there."""
        return self.account_before is not None and self.account_before != self.account_after

    @property
    def lets_go(self) -> bool:
        """Whether an enrollment has its account no more."""
        before, after = self.account_before, self.account_after
        return bool(before and after and before.enrollment_id and not after.enrollment_id)

    @property
    def states(self) -> tuple[MemberState | None, MemberState]:
        """The member's state before and after."""
        before = self.before.state(self.account_before) if self.before else None
        return before, self.after.state(self.account_after)


def plain_name(name: str) -> str:
    """What an account may have of AWS's name: its letters and digits."""
    return re.sub("[^A-Za-z0-9]", "", name)[:LONGEST_NAME]


class GivenNames:
    """The names of an organization's accounts, so that new ones are unique. Case does not count.
    They help people: an index tells them, which may not know yet what was written a moment ago.
    """

    def __init__(self, names: Iterable[str]) -> None:
        self._holders = {name.lower(): "" for name in names}
        """By name: the number of the account that got it here, or empty."""

    def give(self, wanted: str, account_number: str) -> str:
        """Letters and digits of AWS's name; with the account number, if somebody has that name, or
        nothing is left of it. The same for an account that is written once more.
        """
        plain = plain_name(wanted)
        longer = f"{plain[: LONGEST_NAME - len(account_number)]}{account_number}"
        others = (f"{longer[: LONGEST_NAME - 6]}{number}" for number in count(2))
        candidates = (name for name in chain([plain, longer], others) if name)

        def is_free(name: str) -> bool:
            return self._holders.get(name.lower(), account_number) == account_number

        chosen = next(filter(is_free, candidates))
        self._holders[chosen.lower()] = account_number
        return chosen


def standing_of(enrollment: Enrollment, seen: OrganizationAccount) -> Standing | None:
    """The standing that AWS and the enrollment's options give an account. Null: it is outside of
    the chosen units, or in a state that is not known.
    """
    standing = _STANDINGS.get(seen.state or "")
    own = seen.account_number == enrollment.management_account_id
    chosen = own or not enrollment.include_ous or seen.place.under(enrollment.include_ous)
    if standing is not Standing.INCLUDED:
        return standing if chosen else None
    if seen.account_number in enrollment.exclude_accounts:
        return Standing.EXCLUDED
    if own:  # The stack has made its role, whatever the units are.
        return Standing.INCLUDED
    if not chosen:
        return None
    left_out = seen.place.under(enrollment.exclude_ous) or not _is_named(enrollment, seen.name)
    return Standing.EXCLUDED if left_out else Standing.INCLUDED


def _is_named(enrollment: Enrollment, name: str) -> bool:
    if enrollment.name_pattern is None:
        return True
    pattern = symbols(enrollment.name_pattern.lower(), None)
    return pattern is not None and matches(pattern, name.lower())


def plan_seen(
    enrollment: Enrollment,
    seen: OrganizationAccount,
    member: Member | None,
    account: Account | None,
    *,
    names: Callable[[], GivenNames],
    now: datetime,
) -> MemberChange | None:
    """What a synchronization does with an account that AWS lists; null if nothing. `account`: the
    organization's, by its number. `names` is called only where a name is given.
    """
    standing = standing_of(enrollment, seen)
    if standing is None:
        if member is None or seen.state not in _STANDINGS:
            return None
        standing = Standing.EXCLUDED  # it has moved out of the chosen units
    removed = account is None and member is not None and _was_removed(member)
    elsewhere = account is not None and account.enrollment_id not in (
        None,
        enrollment.enrollment_id,
    )
    if standing is Standing.INCLUDED and (removed or elsewhere):
        standing = Standing.EXCLUDED
    after = replace(
        member or _new(enrollment, seen),
        name=seen.name,
        place=seen.place,
        standing=standing,
        account_id=account.account_id if account and not elsewhere else None,
        removed=removed,
    )
    account_after = account
    if standing is Standing.INCLUDED:
        after, account_after = _used(enrollment, seen, member, after, account, names=names, now=now)
    elif account and not elsewhere:
        account_after = _let_go(account, now)
    return _change(member, after, account, account_after)


def plan_unseen(
    enrollment: Enrollment, member: Member, account: Account | None, now: datetime
) -> MemberChange | None:
    """What a synchronization does with a member that AWS does not list any more; null if nothing.
    Its account stays.
    """
    removed = account is None and _was_removed(member)
    own = account is not None and account.enrollment_id == enrollment.enrollment_id
    after = replace(member, standing=Standing.CLOSED, removed=removed)
    return _change(member, after, account, _let_go(account, now) if account and own else account)


def _was_removed(member: Member) -> bool:
    """Of a member without an account: whether a person deleted it."""
    return member.removed or member.account_id is not None


def _new(enrollment: Enrollment, seen: OrganizationAccount) -> Member:
    return Member(
        organization_id=enrollment.organization_id,
        enrollment_id=enrollment.enrollment_id,
        account_number=seen.account_number,
        name=seen.name,
        place=seen.place,
        standing=Standing.EXCLUDED,
    )


def _used(
    enrollment: Enrollment,
    seen: OrganizationAccount,
    before: Member | None,
    after: Member,
    account: Account | None,
    *,
    names: Callable[[], GivenNames],
    now: datetime,
) -> tuple[Member, Account]:
    """An included member and its account: new, adopted, renamed as AWS renamed it, or as it was."""
    number = seen.account_number
    if account is None:
        made = account_of(enrollment, number, names().give(seen.name, number), now)
        return replace(after, account_id=made.account_id, given_name=made.name), made
    if account.enrollment_id is None:
        account = account.enrolled(enrollment.enrollment_id, now)
    follows = before is not None and before.given_name == account.name
    # Case does not count in names: the account itself would hold the one that it should get.
    if follows and before and plain_name(before.name).lower() != plain_name(seen.name).lower():
        account = account.renamed(names().give(seen.name, number), now)
        after = replace(after, given_name=account.name)
    return after, account


def account_of(enrollment: Enrollment, account_number: str, name: str, now: datetime) -> Account:
    """The new account of a member."""
    return Account.added(
        enrollment.organization_id,
        provider=enrollment.provider,
        account_number=account_number,
        name=name,
        access_type=AccessType.ASSUME_ROLE,
        role_name=DEFAULT_ROLE_NAME,
        role_path=enrollment.role_path,
        write_logs=enrollment.write_logs,
        regions=enrollment.regions,
        enrollment_id=enrollment.enrollment_id,
        by=enrollment.created_by,
        now=now,
    )


def _let_go(account: Account, now: datetime) -> Account:
    return account.enrolled(None, now) if account.enrollment_id else account


def _change(
    before: Member | None, after: Member, account_before: Account | None, account: Account | None
) -> MemberChange | None:
    if before == after and account_before == account:
        return None
    return MemberChange(
        before=before, after=after, account_before=account_before, account_after=account
    )
