"""Who uses a connection, and in which request."""

from cavok.api.router import Router
from cavok.services.connections import RequestContext


def request_context(router: Router, account_id: str, key: str | None = None) -> RequestContext:
    """The context of the current request. `key` is its Idempotency-Key."""
    return RequestContext(
        organization_id=router.caller.organization_id,
        account_id=account_id,
        requester=router.requester,
        now=router.now(),
        idempotency_key=key,
    )
