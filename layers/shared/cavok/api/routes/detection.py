"""The route that looks for an account's role."""

from cavok import wiring
from cavok.api.conditions import IfMatch, IfNoneMatch, account_versions
from cavok.api.models.detection import DetectionBody
from cavok.api.request_context import request_context
from cavok.api.responses import answers
from cavok.api.router import Router
from cavok.services.detection import look_for_role

router = Router()


@router.post(
    "/v1/accounts/<account_id>/detection",
    summary="Look for an account's role",
    tags=["Accounts"],
    responses=answers("account_not_found", "busy_with_others", "precondition_failed"),
)
def detect(
    account_id: str, if_match: IfMatch = None, if_none_match: IfNoneMatch = None
) -> DetectionBody:
    """Checks whether the role of an account that is not connected lets Cavok in, and starts a test
    once it does. Ask every five seconds: an account is not checked more often. The check is free:
    it is neither a test nor an interaction. The test that it starts counts as yours.
    """
    state = look_for_role(
        request_context(router, account_id),
        versions=account_versions(if_match, if_none_match),
        accounts=wiring.accounts(),
        verifications=wiring.verifications(),
        looks=wiring.looks(),
        sessions=wiring.customer_sessions(),
        workflows=wiring.workflows,
        quotas=wiring.quotas(),
    )
    return DetectionBody(state=state)
