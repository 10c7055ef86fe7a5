"""How many members of an enrollment are in which state, in the table."""

from collections.abc import Iterable
from dataclasses import dataclass

from pynamodb.attributes import NumberAttribute
from pynamodb.expressions.update import Action
from pynamodb.transactions import TransactWrite

from cavok.adapters.table import keys
from cavok.adapters.table.table import Item
from cavok.domain.accounts import Account
from cavok.domain.member_states import MemberState, state_in_use


class TotalsItem(Item):
    """The number of an enrollment's members by state."""

    connected = NumberAttribute(null=True)
    role_missing = NumberAttribute(null=True)
    problem = NumberAttribute(null=True)
    excluded = NumberAttribute(null=True)
    suspended = NumberAttribute(null=True)
    closed = NumberAttribute(null=True)

    def totals(self) -> dict[MemberState, int]:
        """The stored numbers."""
        return {state: int(getattr(self, state.value) or 0) for state in MemberState}


@dataclass(frozen=True, slots=True)
class Counted:
    """Under which state a member counts before and after a write. Null: it does not count."""

    enrollment_id: str
    before: MemberState | None
    after: MemberState | None


def counted(before: Account | None, after: Account | None) -> Counted | None:
    """What a write of an account alone changes; null for one of no enrollment. A deleted one is
    excluded from then on: its member stays.
    """
    account = before or after
    if account is None or account.enrollment_id is None:
        return None
    return Counted(account.enrollment_id, _state(before), _state(after) or MemberState.EXCLUDED)


def _state(account: Account | None) -> MemberState | None:
    return state_in_use(account.status, revoked=account.revoked) if account else None


def count_members(
    transaction: TransactWrite, organization_id: str, changes: Iterable[Counted | None]
) -> None:
    """Adds the changes of one enrollment to a transaction, as one item."""
    numbers: dict[MemberState, int] = {}
    enrollment_id = ""
    for change in changes:
        if change and change.before is not change.after:
            enrollment_id = change.enrollment_id
            for state, by in ((change.before, -1), (change.after, +1)):
                if state:
                    numbers[state] = numbers.get(state, 0) + by
    actions: list[Action] = [
        getattr(TotalsItem, state.value).add(number) for state, number in numbers.items() if number
    ]
    if actions:
        pk, sk = keys.organization_pk(organization_id), keys.totals_sk(enrollment_id)
        transaction.update(TotalsItem(pk, sk), actions)
