"""Routes of the audit trail."""

from typing import Self

from aws_lambda_powertools.event_handler.router import APIGatewayHttpRouter
from pydantic import BaseModel

from cavok import wiring
from cavok.api.documentation import answers
from cavok.api.gate import caller_of
from cavok.api.models import Cursor, Limit, Timestamp
from cavok.domain.audit import AuditAction, AuditEntry
from cavok.domain.pages import Page, Position
from cavok.services.audit import trail_of_account

router = APIGatewayHttpRouter()  # type: ignore[no-untyped-call]


class AuditEntryBody(BaseModel):
    """Who did what to which account. `actor` is a person, or `schedule`."""

    entry_id: str
    account_id: str
    account_name: str
    action: AuditAction
    actor: str
    at: Timestamp
    detail: str | None

    @classmethod
    def of(cls, entry: AuditEntry) -> Self:
        return cls.model_validate(entry, from_attributes=True)


class AuditPage(BaseModel):
    items: list[AuditEntryBody]
    next_cursor: str | None

    @classmethod
    def of(cls, page: Page[AuditEntry], scope: str) -> Self:
        return cls(
            items=[AuditEntryBody.of(entry) for entry in page.items],
            next_cursor=page.end.cursor(scope) if page.end else None,
        )


@router.get("/v1/audit", summary="Audit trail", tags=["Audit"], responses=answers())
def list_audit(limit: Limit = 50, cursor: Cursor = None) -> AuditPage:
    """Who did what to which account of your organization, newest first. Kept for a year."""
    organization_id = caller_of(router.current_event.raw_event).organization_id
    scope = f"{organization_id}/audit"
    page = wiring.audit_trail().of_organization(
        organization_id, limit=limit, after=Position.of_cursor(cursor, scope)
    )
    return AuditPage.of(page, scope)


@router.get(
    "/v1/accounts/<account_id>/audit",
    summary="Audit trail of an account",
    tags=["Audit"],
    responses=answers(404),
)
def list_account_audit(account_id: str, limit: Limit = 50, cursor: Cursor = None) -> AuditPage:
    """Who did what to this account, newest first; after it was deleted, too."""
    organization_id = caller_of(router.current_event.raw_event).organization_id
    scope = f"{organization_id}/audit/{account_id}"
    page = trail_of_account(
        organization_id,
        account_id,
        limit=limit,
        after=Position.of_cursor(cursor, scope),
        trail=wiring.audit_trail(),
        accounts=wiring.accounts(),
    )
    return AuditPage.of(page, scope)
