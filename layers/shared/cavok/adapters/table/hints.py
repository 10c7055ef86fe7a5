"""What customers' stacks said of their accounts lately."""

from datetime import datetime

from pynamodb.attributes import TTLAttribute, UTCDateTimeAttribute, VersionAttribute

from cavok.adapters.table import keys
from cavok.adapters.table.table import Item, JsonAttribute, Table, retry_on_conflict
from cavok.domain.connection_hints import AT_ONCE, OF_AN_ACCOUNT, Admission, HintLimit, RecentHints
from cavok.domain.errors import ChangedMeanwhile

_BUSY = ChangedMeanwhile("Too many stacks of the organization speak at this moment.")


class HintItem(Item):
    """The latest requests of an account's stacks, or of all of an organization. The version gives
    each request one answer.
    """

    requests = JsonAttribute(dump=list, load=tuple)
    began_at = UTCDateTimeAttribute()
    expires_at = TTLAttribute()
    version = VersionAttribute()


class Hints:
    """Limits what hints cause, for all processes together. A refused hint writes nothing."""

    def __init__(self, table: Table) -> None:
        self._table = table

    def admit(
        self, organization_id: str, account_number: str, request_id: str, now: datetime
    ) -> Admission:
        """Whether to follow a hint about this account. Raises ChangedMeanwhile."""
        return self._admit(organization_id, account_number, request_id, OF_AN_ACCOUNT, now)

    def starts_at_once(self, organization_id: str, request_id: str, now: datetime) -> bool:
        """Whether the organization's hints may start another test. Raises ChangedMeanwhile."""
        admission = self._admit(organization_id, "", request_id, AT_ONCE, now)
        return admission is not Admission.TOO_MANY

    def _admit(
        self,
        organization_id: str,
        account_number: str,
        request_id: str,
        limit: HintLimit,
        now: datetime,
    ) -> Admission:
        def attempt() -> Admission:
            key = keys.organization_pk(organization_id), keys.hint_sk(account_number)
            item = self._table.get(HintItem, *key) or HintItem(*key, requests=(), began_at=now)
            recent = RecentHints(item.began_at, item.requests)
            admission, after = recent.with_request(request_id, limit, now)
            if admission is Admission.ADMITTED:
                item.requests, item.began_at = after.requests, after.began_at
                item.expires_at = after.began_at + limit.per
                self._table.put(item)
            return admission

        return retry_on_conflict(attempt, or_raise=_BUSY)
