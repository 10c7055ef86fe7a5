"""Listings of instances that a warm process keeps for a minute, so that viewers cannot cause an
unlimited number of calls in a customer's account, and of interactions that count.
"""

from collections import OrderedDict, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from cavok.domain.accounts import Account
from cavok.domain.instances import Instance, Unavailable
from cavok.domain.kinds import Kind

KEPT_FOR = timedelta(minutes=1)
MAX_LISTINGS, MAX_INSTANCES = 200, 50_000
"""The most that a process keeps, about 25 MB."""


@dataclass(frozen=True, slots=True)
class Listing:
    """Instances by region and kind, what could not be listed, and when AWS was asked (UTC)."""

    items: Sequence[Instance]
    unavailable: Sequence[Unavailable]
    as_of: datetime

    def only(self, region: str | None, kind: Kind | None) -> "Listing":
        """What concerns this region and kind; null for all."""

        def wanted(one: Instance | Unavailable) -> bool:
            return region in (None, one.region) and kind in (None, one.kind)

        return Listing(
            list(filter(wanted, self.items)), list(filter(wanted, self.unavailable)), self.as_of
        )


class KeptListings:
    """Whole listings, by organization and account. If the account was written since, it is listed
    again: its role, credentials or regions may have changed, or a test found something else.
    """

    def __init__(self) -> None:
        self._kept: OrderedDict[tuple[str, str], tuple[int, Listing]] = OrderedDict()

    def get(self, account: Account, now: datetime) -> Listing | None:
        """The listing that is kept. None if it is a minute old, or the account was written since.
        `account` as it is stored at this moment.
        """
        writes, listing = self._kept.get(_key(account), (None, None))
        if listing is None or writes != account.writes:
            return None
        return listing if timedelta() <= now - listing.as_of < KEPT_FOR else None

    def keep(self, account: Account, listing: Listing) -> None:
        """Replaces the account's listing. If there are too many, the organization with the most
        listings loses its oldest ones, so that no organization takes another's share.
        """
        self.forget(account.organization_id, account.account_id)
        self._kept[_key(account)] = account.writes, listing
        while len(self._kept) > MAX_LISTINGS or self._instances() > MAX_INSTANCES:
            share: defaultdict[str, float] = defaultdict(float)
            for (organization_id, _), (_, each) in self._kept.items():
                share[organization_id] += 1 + len(each.items) * MAX_LISTINGS / MAX_INSTANCES
            most = max(share, key=share.__getitem__)
            del self._kept[next(key for key in self._kept if key[0] == most)]

    def forget(self, organization_id: str, account_id: str) -> None:
        """Called after an act, which makes the kept listing out of date."""
        self._kept.pop((organization_id, account_id), None)

    def _instances(self) -> int:
        return sum(len(listing.items) for _, listing in self._kept.values())


def _key(account: Account) -> tuple[str, str]:
    return account.organization_id, account.account_id
