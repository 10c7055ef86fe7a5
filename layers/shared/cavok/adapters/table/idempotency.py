"""The Idempotency-Keys of an organization. Each is written in its request's transaction."""

from datetime import datetime

from pynamodb.attributes import TTLAttribute, UnicodeAttribute
from pynamodb.transactions import TransactWrite

from cavok.adapters.table import keys
from cavok.adapters.table.table import Item, Table
from cavok.domain.errors import KeyReused
from cavok.domain.idempotency import REPEATED_WITHIN, IdempotencyKey


class IdempotencyItem(Item):
    """Maps a key to the account, enrollment or bulk operation that it made. DynamoDB deletes it
    some time after it expired.
    """

    made_id = UnicodeAttribute(attr_name="account_id")
    body_hash = UnicodeAttribute()
    expires_at = TTLAttribute()

    @classmethod
    def of(
        cls, organization_id: str, key: IdempotencyKey, made_id: str, now: datetime
    ) -> "IdempotencyItem":
        """The item that makes the key return what it made for a day."""
        return cls(
            keys.organization_pk(organization_id),
            keys.idempotency_sk(key.key),
            made_id=made_id,
            body_hash=key.body_hash,
            expires_at=now + REPEATED_WITHIN,
        )

    def holds(self, key: IdempotencyKey, now: datetime) -> bool:
        """Whether the key was used in the last 24 hours. Raises KeyReused if that was with another
        body.
        """
        if self.expires_at <= now:
            return False
        if self.body_hash != key.body_hash:
            raise KeyReused("Idempotency-Key", "This key was already used with another body.")
        return True


def made_by_key(
    table: Table, organization_id: str, key: IdempotencyKey, now: datetime
) -> str | None:
    """The id of what this key made in the last 24 hours. Raises KeyReused if it came with another
    body.
    """
    pk, sk = keys.organization_pk(organization_id), keys.idempotency_sk(key.key)
    item = table.get(IdempotencyItem, pk, sk)
    return item.made_id if item and item.holds(key, now) else None


def add_idempotency_key(
    transaction: TransactWrite,
    organization_id: str,
    key: IdempotencyKey,
    made_id: str,
    now: datetime,
) -> None:
    """Adds a key that was not used in the last 24 hours."""
    transaction.save(
        IdempotencyItem.of(organization_id, key, made_id, now),
        condition=IdempotencyItem.pk.does_not_exist() | (IdempotencyItem.expires_at <= now),
    )
