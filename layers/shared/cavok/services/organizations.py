"""The caller's organization, created at its first use."""

from collections.abc import Callable
from datetime import datetime
from typing import TYPE_CHECKING

from cavok.adapters.table.organizations import Organizations
from cavok.domain.organizations import Organization

if TYPE_CHECKING:
    from cavok.domain.instructions import Trust


def organization_of(
    organization_id: str, *, organizations: Organizations, now: datetime
) -> Organization:
    """The organization, with its external ID, which never changes."""
    return organizations.get(organization_id) or organizations.create(
        Organization.new(organization_id), now
    )


def trust_of(
    organization_id: str,
    trust: Callable[[str], "Trust"],
    *,
    organizations: Organizations,
    now: datetime,
) -> "Trust":
    """What the roles of an organization's accounts must trust. `trust` makes it of the external
    ID.
    """
    return trust(organization_of(organization_id, organizations=organizations, now=now).external_id)
