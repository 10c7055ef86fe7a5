"""The caller's organization, created at its first use."""

from datetime import datetime

from cavok.adapters.table.organizations import Organizations
from cavok.domain.organizations import Organization


def organization_of(
    organization_id: str, *, organizations: Organizations, now: datetime
) -> Organization:
    """The organization, with its external ID, which never changes."""
    return organizations.get(organization_id) or organizations.create(
        Organization.new(organization_id), now
    )
