"""The route that connects many accounts."""

from aws_lambda_powertools.event_handler import Response

from cavok import wiring
from cavok.api.idempotency import key_of
from cavok.api.importing import ImportRequest
from cavok.api.models.common import IdempotencyKey
from cavok.api.models.imports import AccountsImportBody, AccountsImportResult
from cavok.api.responses import answers, ok
from cavok.api.router import Router
from cavok.api.routes.accounts import listed_account
from cavok.services.import_accounts import AccountsImport

router = Router()


@router.post(
    "/v1/accounts/import",
    summary="Connect many accounts",
    tags=["Accounts"],
    responses=answers(),
)
def import_accounts(
    body: AccountsImportBody, idempotency_key: IdempotencyKey = None
) -> Response[AccountsImportResult]:
    """Adds up to 500 accounts, each as if it were posted alone. One that is refused does not stop
    the others: `refused` has its place in the request, from 0, and the problem, whose `type` is
    relative to this address. Each account counts against the quota of new ones; those beyond it
    are refused, and so is what takes more than six seconds. A request with the same Idempotency-Key
    and body returns the same accounts, and retries those that were refused.
    """
    request = ImportRequest.of(body, wiring.setting("AWS_REGION"))
    work = AccountsImport(
        organization_id=router.caller.organization_id,
        new=request.new,
        own_account=wiring.setting("TRUSTED_ACCOUNT_ID"),
        key=key_of(idempotency_key, request.without_secrets),
        requester=router.requester,
        organizations=wiring.organizations(),
        accounts=wiring.accounts(),
        sealer=wiring.sealer(),
        quotas=wiring.quotas(),
        now=router.now(),
    )
    work.run()
    created = [listed_account(work.created[index], work.now) for index in sorted(work.created)]
    refused = {**request.refused, **work.refused}
    return ok(request.result(created, refused, router.request_id), {})
