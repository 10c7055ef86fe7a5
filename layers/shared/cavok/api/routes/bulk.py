"""The route of bulk operations. `routes/accounts.py` begins them."""

from aws_lambda_powertools.event_handler import Response

from cavok import wiring
from cavok.api.models.bulk import OperationBody
from cavok.api.responses import answers, ok
from cavok.api.router import Router

router = Router()


@router.get(
    "/v1/operations/<operation_id>",
    summary="A bulk operation",
    tags=["Accounts"],
    responses=answers("operation_not_found"),
)
def get_operation(operation_id: str) -> Response[OperationBody]:
    """Says how far an operation is, for a week. `done` counts the accounts that were treated, also
    those that were skipped or refused. `failed` lists the first 100 that were refused, each with
    its problem, whose `type` is relative to `/v1/…/…`; `failed_total` counts all.
    """
    operation = wiring.bulk_operations().get(router.caller.organization_id, operation_id)
    return ok(OperationBody.of_operation(operation.as_of(router.now())), {})
