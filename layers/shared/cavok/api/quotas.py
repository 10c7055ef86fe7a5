"""The quota of requests, checked before the routes, and how much quotas leave a caller."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from cavok import wiring
from cavok.api.caller import Caller
from cavok.api.gate import caller_of
from cavok.api.router import Router

if TYPE_CHECKING:
    from cavok.adapters.table.quotas import Quotas


def count_request(event: Mapping[str, Any]) -> None:
    """Counts a request, unless its route needs no token. Raises QuotaExceeded, and Forbidden if the
    token names no organization. Requests that end something are counted apart, so that others of
    the organization never keep them out; those of viewers are not, because they end nothing.
    """
    context = event["requestContext"]
    method = context["http"]["method"]
    ends = method == "DELETE" or (method == "POST" and event["rawPath"].endswith("/revoke"))
    if not context.get("authorizer"):
        return
    caller = caller_of(event)
    if ends and caller.may_change:
        wiring.quota_of_ends().take(caller.organization_id, Router.now())
    else:
        count_page(caller)


def count_page(caller: Caller) -> None:
    """Counts a request, or a page of a request that reads many. Raises QuotaExceeded."""
    viewer = not caller.may_change
    wiring.request_quota().take(caller.organization_id, Router.now(), viewer=viewer)


def quotas_of(caller: Caller) -> "Quotas":
    """The quotas of the caller's organization; for a viewer, the viewers' share."""
    quotas = wiring.quotas()
    return quotas if caller.may_change else quotas.for_viewers()
