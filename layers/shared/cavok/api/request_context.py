"""Who uses a connection, and in which request."""

from cavok.api.router import Router
from cavok.services.instances import Asked


def request_context(router: Router, account_id: str, key: str | None = None) -> Asked:
    """The context of the current request. `key` is its Idempotency-Key."""
    caller = router.caller
    return Asked(
        organization_id=caller.organization_id,
        account_id=account_id,
        actor=caller.name,
        request_id=router.request_id,
        now=router.now(),
        key=key,
    )
