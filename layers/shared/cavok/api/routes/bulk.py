"""The routes of bulk operations. `routes/accounts.py` begins them."""

from aws_lambda_powertools.event_handler import Response

from cavok import wiring
from cavok.api.models.bulk import OperationBody, OperationList
from cavok.api.responses import answers, ok
from cavok.api.router import Router
from cavok.domain.bulk import BulkOperation

router = Router()

LATEST = 10
"""Operations that the list has."""


def _body(operation: BulkOperation) -> OperationBody:
    return OperationBody.of_operation(operation.as_of(router.now()))


@router.get(
    "/v1/operations",
    summary="The latest bulk operations",
    tags=["Accounts"],
    responses=answers(),
)
def list_operations() -> Response[OperationList]:
    """Lists the organization's ten latest bulk operations, newest first."""
    found = wiring.bulk_operations().newest(router.caller.organization_id, LATEST)
    return ok(OperationList(operations=[_body(each) for each in found]), {})


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
    return ok(_body(operation), {})


@router.delete(
    "/v1/operations/<operation_id>",
    summary="Stop a bulk operation",
    tags=["Accounts"],
    responses=answers("operation_not_found", "busy_with_others"),
)
def stop_operation(operation_id: str) -> Response[OperationBody]:
    """Stops an operation: the accounts that are left stay as they are. One that is treated at this
    moment is still counted. Repeating the request, or sending it for an operation that is over,
    changes nothing.
    """
    from cavok.services.bulk import stop_bulk_operation

    operation = stop_bulk_operation(
        router.caller.organization_id,
        operation_id,
        requester=router.requester,
        operations=wiring.bulk_operations(),
        now=router.now(),
    )
    return ok(_body(operation), {})
