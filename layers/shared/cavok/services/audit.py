"""Reading the audit trail of an account, which outlives the account."""

from cavok.adapters.table.accounts import Accounts, account_not_found
from cavok.adapters.table.audit import AuditTrail
from cavok.domain.audit import AuditEntry
from cavok.domain.pages import Page, Position


def trail_of_account(
    organization_id: str,
    account_id: str,
    *,
    limit: int,
    after: Position | None,
    trail: AuditTrail,
    accounts: Accounts,
) -> Page[AuditEntry]:
    """The account's entries, newest first. Raises AccountNotFound if the organization never had the
    account.
    """
    page = trail.of_account(organization_id, account_id, limit=limit, after=after)
    if any(entry.organization_id != organization_id for entry in page.items):
        raise account_not_found()
    if not page.items:
        accounts.get(organization_id, account_id)
    return page
