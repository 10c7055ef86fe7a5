"""The routes of the audit trail."""

from aws_lambda_powertools.event_handler import Response

from cavok import wiring
from cavok.api.models.audit import AuditEntryBody, AuditPage
from cavok.api.models.common import Cursor, Limit
from cavok.api.responses import answers, paged
from cavok.api.router import Router
from cavok.domain.audit import AuditEntry
from cavok.domain.pages import Page, Position
from cavok.services.audit import trail_of_account

router = Router()


def _body(page: Page[AuditEntry], scope: str) -> AuditPage:
    return AuditPage(
        items=[AuditEntryBody.of_entry(entry) for entry in page.items],
        next_cursor=page.next_cursor(scope),
    )


@router.get("/v1/audit", summary="Audit trail", tags=["Audit"], responses=answers())
def list_audit(limit: Limit = 50, cursor: Cursor = None) -> Response[AuditPage]:
    """Lists who did what to which account of your organization, newest first. Entries are kept for
    a year by default.
    """
    organization_id = router.caller.organization_id
    scope = f"{organization_id}/audit"
    page = wiring.audit_trail().of_organization(
        organization_id, limit=limit, after=Position.of_cursor(cursor, scope, "id")
    )
    return paged(_body(page, scope), router.query)


@router.get(
    "/v1/accounts/<account_id>/audit",
    summary="Audit trail of an account",
    tags=["Audit"],
    responses=answers("account_not_found"),
)
def list_account_audit(
    account_id: str, limit: Limit = 50, cursor: Cursor = None
) -> Response[AuditPage]:
    """Lists who did what to this account, newest first. It also works for a deleted account."""
    organization_id = router.caller.organization_id
    scope = f"{organization_id}/audit/{account_id}"
    page = trail_of_account(
        organization_id,
        account_id,
        limit=limit,
        after=Position.of_cursor(cursor, scope, "id"),
        trail=wiring.audit_trail(),
        accounts=wiring.accounts(),
    )
    return paged(_body(page, scope), router.query)
