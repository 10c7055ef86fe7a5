"""The bodies of an enrollment's members, and of the units in which they are."""

from typing import Self

from cavok.api.models.common import ResponseBody
from cavok.domain.member_states import MemberState
from cavok.domain.members import MemberShown, UnitTotals


class MemberTotals(ResponseBody):
    """The number of members in each state."""

    connected: int
    role_missing: int
    problem: int
    excluded: int
    suspended: int
    closed: int


class MemberBody(ResponseBody):
    """An account of the AWS Organization."""

    provider_id: str
    name: str
    ou_id: str
    ou_path: str
    state: MemberState
    account_id: str | None

    @classmethod
    def of_member(cls, shown: MemberShown) -> Self:
        """A member as it is shown."""
        member = shown.member
        return cls(
            provider_id=member.account_number,
            name=member.name,
            ou_id=member.place.unit_ids[-1],
            ou_path=member.place.path,
            state=shown.state,
            account_id=shown.account_id,
        )


class MemberPage(ResponseBody):
    """A page of members, by account number."""

    items: list[MemberBody]
    next_cursor: str | None


class UnitBody(ResponseBody):
    """A root or unit of the AWS Organization that has members."""

    ou_id: str
    ou_ids: list[str]
    ou_path: str
    totals: MemberTotals

    @classmethod
    def of_unit(cls, unit: UnitTotals) -> Self:
        """A unit as it is shown."""
        totals = {str(state): number for state, number in unit.totals.items()}
        return cls(
            ou_id=unit.place.unit_ids[-1],
            ou_ids=list(unit.place.unit_ids),
            ou_path=unit.place.path,
            totals=MemberTotals(**totals),
        )


class UnitPage(ResponseBody):
    """The units of some members. Add up the pages."""

    items: list[UnitBody]
    next_cursor: str | None
