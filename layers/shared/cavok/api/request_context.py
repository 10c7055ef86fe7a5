"""Who uses a connection, and in which request."""

from cavok.api.router import Router
from cavok.services.connections import RequestContext


def request_context(router: Router, account_id: str, key: str | None = None) -> RequestContext:
    """The context of the current request. `key` is its Idempotency-Key."""
    caller = router.caller
    return RequestContext(
        organization_id=caller.organization_id,
        account_id=account_id,
        actor=caller.name,
        request_id=router.request_id,
        now=router.now(),
        idempotency_key=key,
    )
