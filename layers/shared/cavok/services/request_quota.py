"""The quota of requests. Each process counts its own, so that a read writes nothing."""

from collections import OrderedDict
from datetime import datetime

from cavok.domain.quotas import Quota, Uses

ORGANIZATIONS = 1_000
"""The number of organizations whose requests a process counts: the most recent ones."""


class RequestQuota:
    """The requests of each organization to this process. On AWS many processes run at once, each
    serves one request at a time, and each allows the whole quota: the quota limits an
    organization's share of a process.
    """

    def __init__(self, quota: Quota) -> None:
        self.quota = quota
        self._uses: OrderedDict[str, Uses] = OrderedDict()

    def take(self, organization_id: str, now: datetime, *, viewer: bool = False) -> None:
        """Raises QuotaExceeded."""
        quota = self.quota.for_viewers() if viewer else self.quota
        self._uses[organization_id] = quota.take(self._uses.get(organization_id), now)
        self._uses.move_to_end(organization_id)
        if len(self._uses) > ORGANIZATIONS:
            self._uses.popitem(last=False)

    def remaining(self, organization_id: str, now: datetime, *, viewer: bool = False) -> int:
        """How many more requests this process allows the organization now."""
        quota = self.quota.for_viewers() if viewer else self.quota
        return quota.remaining(self._uses.get(organization_id), now)
