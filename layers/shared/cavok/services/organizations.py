"""The organization of the caller, made at its first use."""

from datetime import datetime

from cavok.adapters.table.accounts import Accounts
from cavok.domain.organizations import Organization


def organization_of(organization_id: str, *, accounts: Accounts, now: datetime) -> Organization:
    """The organization, with the external ID that it keeps for ever."""
    return accounts.organization(organization_id) or accounts.create_organization(
        Organization.new(organization_id), now
    )
