"""Organizations in the table."""

from datetime import datetime

from pynamodb.attributes import NumberAttribute, UnicodeAttribute, UTCDateTimeAttribute

from cavok.adapters.table import keys
from cavok.adapters.table.table import Item
from cavok.domain.accounts import Status
from cavok.domain.organizations import Organization


class OrganizationItem(Item):
    """An organization, and the number of its accounts in each status."""

    external_id = UnicodeAttribute()
    created_at = UTCDateTimeAttribute()
    unconfirmed = NumberAttribute(default=0)
    confirmed = NumberAttribute(default=0)
    degraded = NumberAttribute(default=0)
    failed = NumberAttribute(default=0)

    @classmethod
    def of(cls, organization: Organization, created_at: datetime) -> "OrganizationItem":
        pk = keys.organization_pk(organization.organization_id)
        sk, external_id = keys.ORGANIZATION_SK, organization.external_id
        return cls(pk, sk, external_id=external_id, created_at=created_at)

    def organization(self) -> Organization:
        counts = {status: int(getattr(self, status.value)) for status in Status}
        return self.as_a(
            Organization, organization_id=self.pk.removeprefix(keys.ORGANIZATION), counts=counts
        )
