"""The routes of verifications: the tests of an account."""

from aws_lambda_powertools.event_handler import Response

from cavok import wiring
from cavok.api.conditions import IfMatch, IfNoneMatch, account_versions
from cavok.api.models.common import Cursor, Limit
from cavok.api.models.verifications import VerificationBody, VerificationPage
from cavok.api.responses import ACCEPTED, accepted, answers, ok, paged
from cavok.api.router import Router
from cavok.domain.pages import Position
from cavok.domain.verifications import State, Verification
from cavok.observability import logger
from cavok.services.start_verification import start_verification

_AGAIN = {"Retry-After": "1"}
"""Sent with a running test, which may have more steps by then."""

router = Router()


def _body(verification: Verification) -> VerificationBody:
    arn = verification.execution_arn if router.caller.sees_executions else None
    return VerificationBody.of(verification.as_of(router.now()), execution_arn=arn)


@router.post(
    "/v1/accounts/<account_id>/verifications",
    summary="Test an account",
    tags=["Verifications"],
    responses=answers("account_not_found", "busy_with_others", "precondition_failed", ok=ACCEPTED),
)
def create_verification(
    account_id: str, if_match: IfMatch = None, if_none_match: IfNoneMatch = None
) -> Response[VerificationBody]:
    """Starts a test, or returns the one that is running. A test puts a revoked account back
    into use. With If-Match, it does so only if you have seen the revocation.
    """
    verification = start_verification(
        router.caller.organization_id,
        account_id,
        versions=account_versions(if_match, if_none_match),
        requester=router.requester,
        verifications=wiring.verifications(),
        workflows=wiring.workflows(),
        quotas=wiring.quotas(),
        now=router.now(),
    )
    verification_id = verification.verification_id
    logger.info("Test requested", verification_id=verification_id)
    address = f"/v1/accounts/{account_id}/verifications/{verification_id}"
    return accepted(_body(verification), address, _AGAIN)


@router.get(
    "/v1/accounts/<account_id>/verifications",
    summary="Tests of an account",
    tags=["Verifications"],
    responses=answers("account_not_found"),
)
def list_verifications(
    account_id: str, limit: Limit = 50, cursor: Cursor = None
) -> Response[VerificationPage]:
    """Lists an account's tests, newest first."""
    organization_id = router.caller.organization_id
    account = wiring.accounts().get(organization_id, account_id)
    scope = f"{organization_id}/verifications/{account_id}"
    page = wiring.verifications().page(
        account_id, limit=limit, after=Position.of_cursor(cursor, scope, "id")
    )
    return paged(
        VerificationPage(
            items=[_body(verification.since(account)) for verification in page.items],
            next_cursor=page.next_cursor(scope),
        ),
        router.query,
    )


@router.get(
    "/v1/accounts/<account_id>/verifications/<verification_id>",
    summary="One test of an account",
    tags=["Verifications"],
    responses=answers("verification_not_found"),
)
def get_verification(account_id: str, verification_id: str) -> Response[VerificationBody]:
    """Returns a test, with the steps finished so far. While it runs, Retry-After says when there
    may be more.
    """
    account = wiring.accounts().get(router.caller.organization_id, account_id)
    body = _body(wiring.verifications().get(account_id, verification_id).since(account))
    return ok(body, _AGAIN if body.state is State.RUNNING else {})
