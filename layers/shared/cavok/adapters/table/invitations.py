"""Invitations in the table, at most one per account."""

from datetime import timedelta

from pynamodb.attributes import TTLAttribute, UnicodeAttribute

from cavok.adapters.table import keys
from cavok.adapters.table.audit import add_audit_entry
from cavok.adapters.table.quotas import Count
from cavok.adapters.table.table import Item, Table
from cavok.domain.audit import AuditEntry
from cavok.domain.invitations import Invitation


class InvitationItem(Item):
    """An invitation. It outlives a deleted account, whose invitation opens nothing."""

    organization_id = UnicodeAttribute()
    digest = UnicodeAttribute()
    expires_at = TTLAttribute()

    @classmethod
    def of(cls, invitation: Invitation) -> "InvitationItem":
        """The item that stores an invitation until it expires."""
        pk = keys.account_pk(invitation.account_id)
        return cls.of_fields(pk, keys.INVITATION_SK, invitation)

    def invitation(self) -> Invitation:
        """The stored invitation."""
        return self.as_a(Invitation, account_id=self.pk.removeprefix(keys.ACCOUNT))


class Invitations:
    """Reads and writes invitations. Unlike all else of an account, an invitation is read before the
    account: it says to which organization that belongs.
    """

    def __init__(self, table: Table, audit_kept_for: timedelta) -> None:
        self._table = table
        self._audit_kept_for = audit_kept_for

    def get(self, account_id: str) -> Invitation | None:
        """The account's invitation, also an expired one; null if none is stored."""
        item = self._table.get(InvitationItem, keys.account_pk(account_id), keys.INVITATION_SK)
        return item.invitation() if item else None

    def save(self, invitation: Invitation, entry: AuditEntry, count: Count) -> None:
        """Replaces the account's invitation. Raises WriteConflict, QuotaExceeded."""
        with self._table.transaction() as transaction:
            transaction.save(InvitationItem.of(invitation))
            count(transaction)
            add_audit_entry(transaction, entry, self._audit_kept_for)

    def remove(self, invitation: Invitation, entry: AuditEntry) -> None:
        """Removes the invitation that was read. Raises WriteConflict if there is another one."""
        with self._table.transaction() as transaction:
            same = InvitationItem.digest == invitation.digest
            transaction.delete(InvitationItem.of(invitation), condition=same)
            add_audit_entry(transaction, entry, self._audit_kept_for)
