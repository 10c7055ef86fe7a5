"""An AWS Organization in memory, listed as AWS lists it: twenty entries a page, and pages that may
be empty although more follow.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from cavok.adapters.customer.aws_organization import AccountsPage, UnitsPage
from cavok.domain.errors import OrganizationBusy, OrganizationUnreadable, UnitGone
from cavok.domain.members import OrganizationAccount, Place

ARN = "arn:aws:organizations::999999999999:organization/o-exampleorgid"
ROOT = "r-abcd"
PAGE = 20


def unit_id(number: int) -> str:
    return f"ou-abcd-{number:08}"


@dataclass
class Listed:
    name: str
    parent: str
    state: str | None = "ACTIVE"


@dataclass
class InMemoryOrganization:
    """In place of `AwsOrganization`. `busy_after`: calls until AWS refuses one for its rate.
    `refuses`: what AWS says to each call. `fails`: raised by each call.
    """

    units_by_id: dict[str, tuple[str, str]] = field(default_factory=dict)
    """Name and parent."""
    members: dict[str, Listed] = field(default_factory=dict)
    calls: int = 0
    busy_after: int | None = None
    refuses: str | None = None
    fails: Exception | None = None
    organization_arn: str = ARN

    def unit(self, name: str, parent: str = ROOT) -> str:
        made = unit_id(len(self.units_by_id) + 1)
        self.units_by_id[made] = (name, parent)
        return made

    def member(
        self, number: str, name: str, parent: str = ROOT, state: str | None = "ACTIVE"
    ) -> str:
        self.members[number] = Listed(name, parent, state)
        return number

    def connect(self, _session: object) -> Any:
        return self

    def arn(self) -> str:
        self._count()
        return self.organization_arn

    def roots(self) -> list[tuple[str, str]]:
        self._count()
        return [(ROOT, "Root")]

    def units(self, parent: str, token: str | None) -> UnitsPage:
        self._count()
        self._find(parent)
        inside = [(key, name) for key, (name, own) in self.units_by_id.items() if own == parent]
        page, following = _page(inside, token)
        return UnitsPage(page, following)

    def accounts(self, place: Place, token: str | None) -> AccountsPage:
        self._count()
        self._find(place.unit_ids[-1])
        inside = [
            OrganizationAccount(account_number=number, name=one.name, state=one.state, place=place)
            for number, one in self.members.items()
            if one.parent == place.unit_ids[-1]
        ]
        page, following = _page(inside, token)
        return AccountsPage(page, following)

    def has(self, account_number: str) -> bool:
        self._count()
        return account_number in self.members

    def _find(self, unit: str) -> None:
        if unit != ROOT and unit not in self.units_by_id:
            raise UnitGone("ParentNotFoundException", unit)

    def _count(self) -> None:
        self.calls += 1
        if self.fails:
            raise self.fails
        if self.refuses:
            raise OrganizationUnreadable(self.refuses)
        if self.busy_after is not None and self.calls > self.busy_after:
            self.busy_after = None
            raise OrganizationBusy("TooManyRequestsException: too many")


def _page(entries: list[Any], token: str | None) -> tuple[list[Any], str | None]:
    """The second page is always empty."""
    if token == "empty":
        return [], str(PAGE)
    start = int(token or 0)
    page, more = entries[start : start + PAGE], len(entries) > start + PAGE
    if not more:
        return page, None
    return page, "empty" if start == 0 else str(start + PAGE)
