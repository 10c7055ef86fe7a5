"""Which accounts of an organization were recently checked, for all processes."""

from datetime import datetime

from pynamodb.attributes import TTLAttribute, VersionAttribute

from cavok.adapters.table import keys
from cavok.adapters.table.table import Item, JsonAttribute, Table, retry_on_conflict
from cavok.domain.accounts import Account
from cavok.domain.detection import KEPT_FOR, Detection, recent, refusal
from cavok.domain.errors import ChangedMeanwhile


class LooksItem(Item):
    """When each account was last checked, for at most `LOOKS_AT_ONCE` accounts. The version gives
    each turn to one request only.
    """

    looks = JsonAttribute(
        dump=lambda looks: {each: at.isoformat() for each, at in looks.items()},
        load=lambda stored: {each: datetime.fromisoformat(at) for each, at in stored.items()},
    )
    expires_at = TTLAttribute()
    version = VersionAttribute()


class LooksInTable:
    """Gives each request its turn to check an account."""

    def __init__(self, table: Table) -> None:
        self._table = table

    def take_turn(self, account: Account, now: datetime) -> Detection | None:
        """None if the caller should check the account now; otherwise why not. Raises
        ChangedMeanwhile.
        """

        def attempt() -> Detection | None:
            pk = keys.organization_pk(account.organization_id)
            item = self._table.get(LooksItem, pk, keys.LOOKS_SK) or LooksItem(pk, keys.LOOKS_SK)
            looks = recent(item.looks or {}, now)
            if refused := refusal(looks, account.account_id):
                return refused
            item.looks = {**looks, account.account_id: now}
            item.expires_at = now + KEPT_FOR
            self._table.put(item)
            return None

        busy = ChangedMeanwhile("Too many accounts are being looked at. Please try again.")
        return retry_on_conflict(attempt, or_raise=busy)
