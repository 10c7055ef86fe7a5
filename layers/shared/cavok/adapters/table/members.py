"""Members of enrollments in the table."""

from collections.abc import Iterable, Sequence

from pynamodb.attributes import BooleanAttribute, UnicodeAttribute, VersionAttribute
from pynamodb.transactions import TransactWrite

from cavok.adapters.table import keys
from cavok.adapters.table.table import BATCH, EnumAttribute, Item, JsonAttribute, Table
from cavok.domain.members import Member, Place, Standing


class MemberItem(Item):
    """An account of a customer's AWS Organization. It stays below 1 kB unless its units have long
    names, of which JSON stores each letter beyond ASCII in six bytes.
    """

    name = UnicodeAttribute()
    place = JsonAttribute(
        dump=lambda place: [list(place.unit_ids), place.path],
        load=lambda stored: Place(tuple(stored[0]), stored[1]),
    )
    standing = EnumAttribute(Standing)
    account_id = UnicodeAttribute(null=True)
    given_name = UnicodeAttribute(null=True)
    removed = BooleanAttribute(null=True)
    # PynamoDB makes each write conditional on the version that was read.
    writes = VersionAttribute(attr_name="version")

    @classmethod
    def of(cls, member: Member) -> "MemberItem":
        """The item that stores a member."""
        return cls.of_fields(
            keys.organization_pk(member.organization_id),
            keys.member_sk(member.enrollment_id, member.account_number),
            member,
            removed=member.removed or None,
            writes=member.writes or None,
        )

    def member(self) -> Member:
        """The stored member."""
        enrollment_id, number = keys.member_in(self.sk)
        return self.as_a(
            Member,
            organization_id=self.pk.removeprefix(keys.ORGANIZATION),
            enrollment_id=enrollment_id,
            account_number=number,
            removed=bool(self.removed),
            writes=int(self.writes),
        )


class Members:
    """Reads members. Writes are parts of transactions with their accounts."""

    def __init__(self, table: Table) -> None:
        self._table = table

    def with_numbers(
        self, organization_id: str, enrollment_id: str, numbers: Iterable[str]
    ) -> dict[str, Member]:
        """The members with these account numbers, read consistently."""
        pk = keys.organization_pk(organization_id)
        wanted = [(pk, keys.member_sk(enrollment_id, number)) for number in numbers]
        found = (item.member() for item in self._table.get_many(MemberItem, wanted))
        return {member.account_number: member for member in found}

    def inside(
        self, organization_id: str, unit_id: str, members: Iterable[tuple[str, str]]
    ) -> set[str]:
        """The account numbers of those members that are in this unit, at any depth. `members`:
        their enrollment and number each.
        """
        pk = keys.organization_pk(organization_id)
        wanted = [(pk, keys.member_sk(*each)) for each in members]
        rows = self._table.get_rows(MemberItem, wanted, ("sk", "place"))
        return {keys.member_in(row.sk)[1] for row in rows if row.place.under([unit_id])}

    def after(
        self, organization_id: str, enrollment_id: str, number: str, limit: int = BATCH
    ) -> list[Member]:
        """The next members by account number; from the first on if `number` is empty."""
        found = MemberItem.query(
            keys.organization_pk(organization_id),
            MemberItem.sk.between(*keys.members_after(enrollment_id, number)),
            consistent_read=True,
            limit=limit,
            page_size=limit,
        )
        return [item.member() for item in found]

    def delete(self, members: Sequence[Member]) -> None:
        """Deletes at most a hundred members as they were read. Raises ItemChanged, ItemBusy."""
        with self._table.transaction() as transaction:
            for member in members:
                transaction.delete(MemberItem.of(member))


def save_member(transaction: TransactWrite, member: Member) -> None:
    """Adds a member to a transaction, on condition that it is as it was read."""
    transaction.save(MemberItem.of(member))


def delete_member(transaction: TransactWrite, member: Member) -> None:
    """Deletes a member in a transaction, on condition that it is as it was read."""
    transaction.delete(MemberItem.of(member))
