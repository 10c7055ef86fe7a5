"""The routes of bulk operations."""

import time
from functools import partial

from aws_lambda_powertools.event_handler import Response

from cavok import wiring
from cavok.api.idempotency import request_key
from cavok.api.models.bulk import BulkAnswer, BulkRequestBody, OperationBody, OperationList
from cavok.api.models.common import IdempotencyKey
from cavok.api.responses import ACCEPTED, accepted, answers, ok
from cavok.api.router import Router
from cavok.domain.bulk import BulkOperation
from cavok.domain.deadlines import SELECTING_SECONDS, Deadline
from cavok.services.bulk import begin_bulk_operation, find_selected

router = Router()

LATEST = 10
"""Operations that the list has."""


def _body(operation: BulkOperation) -> OperationBody:
    return OperationBody.of_operation(operation.as_of(router.now()))


@router.post(
    "/v1/accounts/bulk",
    summary="Test, change or delete many accounts",
    tags=["Accounts"],
    responses=answers("selection_changed", ok=ACCEPTED),
)
def create_bulk_operation(
    body: BulkRequestBody, idempotency_key: IdempotencyKey = None
) -> Response[BulkAnswer]:
    """Begins an operation on up to 500 accounts by their ids, on all that a filter selects, at most
    10,000, or on those whose write_logs an earlier operation changed. Its list is fixed now. Each
    account is then treated as by its own route, in your name: with its audit entry, its events, and
    its use of the quota, of which an operation takes half and waits for more. An account that the
    filter no longer selects when its turn comes is skipped, and so is one whose write_logs a later
    operation has set meanwhile. A test skips revoked accounts, which only their own route puts back
    into use. What is left after twelve hours is left as it is. A
    request with the same Idempotency-Key and body returns the same operation. A `dry_run` begins
    nothing: it says how many accounts are selected. With that number as `expected_total`, nothing
    begins if another number is selected meanwhile. Conditions such as If-Match are for single
    accounts.
    """
    request, organization_id = body.bulk_request(), router.caller.organization_id
    find = partial(
        find_selected,
        organization_id,
        request,
        account_list=wiring.account_list(),
        operations=wiring.bulk_operations(),
        quotas=wiring.quotas(),
        deadline=Deadline.after(SELECTING_SECONDS, time.monotonic),
        now=router.now(),
    )
    if body.dry_run:
        return accepted(BulkAnswer(operation_id=None, total=len(find())))
    operation = begin_bulk_operation(
        organization_id,
        request,
        find,
        key=request_key(idempotency_key, body),
        requester=router.requester,
        operations=wiring.bulk_operations(),
        now=router.now(),
    )
    return accepted(BulkAnswer.of(operation))


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
