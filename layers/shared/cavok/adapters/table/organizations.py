"""Organizations in the table."""

from datetime import datetime
from threading import Lock

from pynamodb.attributes import NumberAttribute, UnicodeAttribute, UTCDateTimeAttribute
from pynamodb.constants import STRING

from cavok.adapters.table import keys
from cavok.adapters.table.table import Item, Table, WriteConflict
from cavok.domain.accounts import Status
from cavok.domain.errors import ServiceUnavailable
from cavok.domain.organizations import Organization


class OrganizationItem(Item):
    """An organization, and the number of its accounts in each status, of its enrollments, and of
    those that were ever connected.
    """

    external_id = UnicodeAttribute()
    created_at = UTCDateTimeAttribute()
    unconfirmed = NumberAttribute(default=0)
    confirmed = NumberAttribute(default=0)
    degraded = NumberAttribute(default=0)
    failed = NumberAttribute(default=0)
    enrollments = NumberAttribute(null=True)
    ever_connected = NumberAttribute(null=True)

    @classmethod
    def of(cls, organization: Organization, created_at: datetime) -> "OrganizationItem":
        """The item of a new organization, without any account."""
        pk = keys.organization_pk(organization.organization_id)
        sk, external_id = keys.ORGANIZATION_SK, organization.external_id
        return cls(pk, sk, external_id=external_id, created_at=created_at)

    def organization(self) -> Organization:
        """The stored organization, with its counts."""
        counts = {status: int(getattr(self, status.value)) for status in Status}
        return self.as_a(
            Organization, organization_id=self.pk.removeprefix(keys.ORGANIZATION), counts=counts
        )


class Organizations:
    """Reads and creates organizations. Writes of accounts update the counts."""

    def __init__(self, table: Table) -> None:
        self._table = table

    def get(self, organization_id: str) -> Organization | None:
        """The organization; null before its first use."""
        pk = keys.organization_pk(organization_id)
        item = self._table.get(OrganizationItem, pk, keys.ORGANIZATION_SK)
        return item.organization() if item else None

    def with_external_id(self, external_id: str) -> str | None:
        """The id of the organization that has it; null, for a moment, for one that is new."""
        index = OrganizationItem.by_external_id
        found = self._table.entries(index, external_id, None, start=None, size=1)
        return next((each["pk"][STRING].removeprefix(keys.ORGANIZATION) for each in found), None)

    def create(self, organization: Organization, now: datetime) -> Organization:
        """Stores a new organization, or returns another request's, if that was first. Raises
        ServiceUnavailable.
        """
        item = OrganizationItem.of(organization, created_at=now)
        try:
            self._table.put(item, OrganizationItem.pk.does_not_exist())
        except WriteConflict as error:
            stored = self.get(organization.organization_id)
            if stored is None:
                raise ServiceUnavailable("The organization could not be read back.") from error
            return stored
        return organization


READ_SECONDS = 1.0
"""Who waits longer for another thread's read makes its own: a call may hang."""


class KeptOrganizations(Organizations):
    """Reads each organization once: only for fields that never change, not for the counts."""

    def __init__(self, table: Table) -> None:
        super().__init__(table)
        self._kept: dict[str, Organization] = {}
        self._reading: dict[str, Lock] = {}

    def get(self, organization_id: str) -> Organization | None:
        """As of the first read."""
        reading = self._reading.setdefault(organization_id, Lock())  # a page's accounts ask at once
        held = reading.acquire(timeout=READ_SECONDS)
        try:
            if organization_id not in self._kept and (read := super().get(organization_id)):
                self._kept[organization_id] = read
            return self._kept.get(organization_id)
        finally:
            if held:
                reading.release()
