"""Proofs of roles' trust in the table, for all processes: the newest of each purpose."""

from datetime import timedelta

from pynamodb.attributes import NumberAttribute, TTLAttribute, UTCDateTimeAttribute

from cavok.adapters.table import keys
from cavok.adapters.table.table import Item, Table
from cavok.domain.accounts import Account
from cavok.domain.trust import TrustProof


class TrustProofItem(Item):
    """When AWS last refused to let others into a role, by purpose of the session."""

    connection_revision = NumberAttribute()
    refused_at = UTCDateTimeAttribute()
    expires_at = TTLAttribute()

    @classmethod
    def of(
        cls, account: Account, purpose: str, proof: TrustProof, *, kept_for: timedelta
    ) -> "TrustProofItem":
        """The item that stores a proof until it can no longer hold."""
        return cls.of_fields(
            keys.account_pk(account.account_id),
            keys.trust_sk(purpose),
            proof,
            expires_at=proof.refused_at + kept_for,
        )

    def proof(self) -> TrustProof:
        """The stored proof."""
        return self.as_a(TrustProof)


class TrustProofs:
    """Reads and writes proofs. The caller has read the account in its organization before."""

    def __init__(self, table: Table) -> None:
        self._table = table

    def get(self, account: Account, purpose: str) -> TrustProof | None:
        """The newest proof, of any connection revision and age."""
        pk = keys.account_pk(account.account_id)
        item = self._table.get(TrustProofItem, pk, keys.trust_sk(purpose))
        return item.proof() if item else None

    def put(self, account: Account, purpose: str, proof: TrustProof, kept_for: timedelta) -> None:
        """Replaces the proof. If an older proof is written last, it only causes another check."""
        self._table.put(TrustProofItem.of(account, purpose, proof, kept_for=kept_for))
