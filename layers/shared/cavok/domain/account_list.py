"""Which accounts a list has, and in which order."""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum

from cavok.domain.accounts import AccessType, Account, Issue, Status, is_problem

BY_URGENCY = (Status.FAILED, Status.DEGRADED, Status.UNCONFIRMED, Status.CONFIRMED)
"""The order of a list by status: what needs somebody comes first."""

_FINDABLE = re.compile(r"[a-z0-9]*")


class AccountSort(StrEnum):
    """The order of a list. A hyphen reverses it. `status`: failed, degraded, unconfirmed,
    confirmed, and by name within each.
    """

    NAME = "name"
    NAME_REVERSED = "-name"
    STATUS = "status"
    STATUS_REVERSED = "-status"
    PROVIDER_ID = "provider_id"
    PROVIDER_ID_REVERSED = "-provider_id"

    @property
    def field(self) -> "AccountSort":
        """The same without the hyphen."""
        return AccountSort(self.removeprefix("-"))

    @property
    def reversed(self) -> bool:
        """Whether it has the hyphen."""
        return self.startswith("-")


def has_problems(issues: Iterable[Issue], *, write_logs: bool) -> bool:
    """Whether one of the issues is a problem. A confirmed account has none (`find_issues`)."""
    return any(is_problem(each.code, each.severity, write_logs=write_logs) for each in issues)


def begins_a_word(name: str, at: int) -> bool:
    """A name has no spaces: its words begin at its start, at capitals, and at digits after
    something else.
    """
    if at == 0 or name[at].isupper():
        return True
    return name[at].isdigit() and not name[at - 1].isdigit()


def has_word(name: str, q: str) -> bool:
    """Whether `q`, in lower case, is found where a word of the name begins. It may go on over the
    next words.
    """
    lower = name.lower()
    at = lower.find(q)
    while at >= 0:
        if begins_a_word(name, at):
            return True
        at = lower.find(q, at + 1)
    return False


@dataclass(frozen=True, slots=True, kw_only=True)
class Selection:
    """Which accounts of an organization a list has. Null allows any, and so does an empty `q`.

    q        what a word of the name begins with, or the account number; in lower case.
    unit_id  of an AWS Organization: accounts in it, at any depth, that an enrollment has.
    """

    q: str = ""
    status: Status | None = None
    access_type: AccessType | None = None
    has_problems: bool | None = None
    template_version: int | None = None
    enrollment_id: str | None = None
    unit_id: str | None = None

    @property
    def is_empty(self) -> bool:
        """Whether no account can be in it, so that none need be read."""
        contradicts = self.status is Status.CONFIRMED and self.has_problems is True
        return contradicts or not _FINDABLE.fullmatch(self.q)

    @property
    def statuses(self) -> tuple[Status, ...]:
        """The statuses that its accounts may have, by urgency."""
        if self.status:
            return (self.status,)
        return BY_URGENCY[:-1] if self.has_problems else BY_URGENCY

    def finds(self, name: str, account_number: str) -> bool:
        """Whether an account is found by `q`."""
        return account_number.startswith(self.q) or has_word(name, self.q)

    def selects(self, account: Account) -> bool:
        """Whether an account is in it, read by itself; the same as a list finds. Of a unit it says
        only that the account may be in it: where it is, its member knows.
        """
        return (
            (not self.q or self.finds(account.name, account.account_number))
            and self.status in (None, account.status)
            and self.access_type in (None, account.access_type)
            and self.has_problems
            in (None, has_problems(account.issues, write_logs=account.write_logs))
            and self.template_version in (None, account.counted_version)
            and self.enrollment_id in (None, account.enrollment_id)
            and (self.unit_id is None or account.enrollment_id is not None)
        )

    def scope(self, organization_id: str, sort: AccountSort | None) -> str:
        """The name of this list, for its cursors. Only `q` may contain a slash, so no two lists
        have one name.
        """
        filters = (
            self.status,
            self.template_version,
            self.access_type,
            self.has_problems,
            self.enrollment_id,
            self.unit_id,
            sort,
        )
        named = "/".join("" if each is None else str(each) for each in filters)
        return f"{organization_id}/accounts/{self.q}/{named}"
