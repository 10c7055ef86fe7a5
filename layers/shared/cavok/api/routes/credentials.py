"""The route of an account's access key."""

from aws_lambda_powertools.event_handler import Response

from cavok import wiring
from cavok.api.conditions import IfMatch, IfNoneMatch, account_versions
from cavok.api.models.credentials import CredentialsBody
from cavok.api.responses import NO_CONTENT, answers, no_content
from cavok.api.router import Router
from cavok.services.accounts import rotate_credentials

router = Router()


@router.put(
    "/v1/accounts/<account_id>/credentials",
    summary="Rotate the access key",
    tags=["Accounts"],
    responses=answers(
        "account_not_found", "has_no_access_key", "precondition_failed", ok=NO_CONTENT
    ),
)
def put_credentials(
    account_id: str,
    body: CredentialsBody,
    if_match: IfMatch = None,
    if_none_match: IfNoneMatch = None,
) -> Response[None]:
    """Replaces the access key. The account is unconfirmed until the next test. Sealed copies of the
    old key stay in backups for 35 days and in histories of tests for 90 days, so delete it in IAM.
    """
    rotate_credentials(
        router.caller.organization_id,
        account_id,
        body.access_key(),
        versions=account_versions(if_match, if_none_match),
        requester=router.requester,
        accounts=wiring.accounts(),
        sealer=wiring.sealer(),
        quotas=wiring.quotas(),
        now=router.now(),
    )
    return no_content()
