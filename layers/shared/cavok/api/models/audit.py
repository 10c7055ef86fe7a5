"""The bodies of the audit trail."""

from cavok.api.models.common import ResponseBody, Timestamp
from cavok.domain.audit import AuditAction


class AuditEntryBody(ResponseBody):
    """Who did what to which account, or to the webhook: then there is no account. `actor` is a
    person, or `schedule`.
    """

    entry_id: str
    account_id: str | None
    account_name: str | None
    action: AuditAction
    actor: str
    at: Timestamp
    detail: str | None


class AuditPage(ResponseBody):
    items: list[AuditEntryBody]
    next_cursor: str | None
