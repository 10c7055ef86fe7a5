"""The routes that use a connection. `instances_api` serves them; the API's description, which
`accounts_api` serves, reads them here too.
"""

from collections.abc import Mapping
from datetime import UTC, datetime
from http import HTTPStatus
from typing import Annotated, Any

from aws_lambda_powertools.event_handler import Response
from aws_lambda_powertools.event_handler.openapi.params import Header, Query
from aws_lambda_powertools.event_handler.router import APIGatewayHttpRouter

from cavok import wiring
from cavok.api.documentation import ACCEPTED, answers
from cavok.api.gate import caller_of
from cavok.api.instance_models import InstanceList, InteractionBody, InteractionPage, UsageBody
from cavok.domain.instances import Action, Kind, Operation
from cavok.domain.interactions import period_of
from cavok.domain.pages import Position
from cavok.services.instances import Asked, list_instances, operate

router = APIGatewayHttpRouter()  # type: ignore[no-untyped-call]

Region = Annotated[
    str | None, Query(max_length=30, description="One of the account's regions; else all of them.")
]
IdempotencyKey = Annotated[
    str | None, Header(alias="Idempotency-Key", min_length=1, max_length=255)
]


def asked_of(event: Mapping[str, Any], account_id: str, key: str | None = None) -> Asked:
    """Who asks, by the claims that the gateway verified, and in which request."""
    caller = caller_of(event)
    return Asked(
        organization_id=caller.organization_id,
        account_id=account_id,
        actor=caller.name,
        request_id=event["requestContext"]["requestId"],
        now=datetime.now(UTC),
        key=key,
    )


def _asked(account_id: str, key: str | None = None) -> Asked:
    return asked_of(router.current_event.raw_event, account_id, key)


@router.get(
    "/v1/accounts/<account_id>/instances",
    summary="Instances of an account",
    tags=["Instances"],
    responses=answers(404, 409, 503),
)
def get_instances(
    account_id: str, region: Region = None, kind: Annotated[Kind | None, Query()] = None
) -> InstanceList:
    """EC2 instances, RDS instances and Aurora clusters over the account's regions. Members of a
    cluster are shown through it. What could not be listed is named.
    """
    listing = list_instances(
        _asked(account_id), region=region, kind=kind, connections=wiring.connections()
    )
    return InstanceList.of(listing)


@router.post(
    "/v1/accounts/<account_id>/instances/<kind>/<instance_id>/start",
    summary="Start an instance",
    tags=["Instances"],
    responses=answers(404, 409, 503, ok=ACCEPTED),
)
def start_instance(
    account_id: str,
    kind: Kind,
    instance_id: str,
    region: Region = None,
    idempotency_key: IdempotencyKey = None,
) -> Response[InteractionBody]:
    """Starts an instance. One that runs is left alone, and the answer says so."""
    operation = Operation(Action.START, kind, instance_id, region)
    return _operate(_asked(account_id, idempotency_key), operation)


@router.post(
    "/v1/accounts/<account_id>/instances/<kind>/<instance_id>/stop",
    summary="Stop an instance",
    tags=["Instances"],
    responses=answers(404, 409, 503, ok=ACCEPTED),
)
def stop_instance(
    account_id: str,
    kind: Kind,
    instance_id: str,
    region: Region = None,
    idempotency_key: IdempotencyKey = None,
) -> Response[InteractionBody]:
    """Stops an instance. One that is stopped is left alone, and the answer says so."""
    operation = Operation(Action.STOP, kind, instance_id, region)
    return _operate(_asked(account_id, idempotency_key), operation)


def _operate(asked: Asked, operation: Operation) -> Response[InteractionBody]:
    interaction = operate(asked, operation, connections=wiring.connections())
    return Response(
        status_code=HTTPStatus.ACCEPTED.value,
        content_type="application/json",
        body=InteractionBody.of(interaction),
    )


@router.get(
    "/v1/accounts/<account_id>/interactions",
    summary="Interactions with an account",
    tags=["Instances"],
    responses=answers(404),
)
def list_interactions(
    account_id: str,
    limit: Annotated[int, Query(ge=1, le=100, description="Entries of a page.")] = 50,
    cursor: Annotated[
        str | None, Query(max_length=1000, description="`next_cursor` of the page before.")
    ] = None,
) -> InteractionPage:
    """Every start, stop, listing and test of the last 90 days, newest first."""
    organization_id = caller_of(router.current_event.raw_event).organization_id
    wiring.accounts().get(organization_id, account_id)
    scope = f"{organization_id}/interactions/{account_id}"
    page = wiring.interactions().page(
        account_id, limit=limit, after=Position.of_cursor(cursor, scope)
    )
    return InteractionPage(
        items=[InteractionBody.of(interaction) for interaction in page.items],
        next_cursor=page.end.cursor(scope) if page.end else None,
    )


@router.get(
    "/v1/accounts/<account_id>/usage",
    summary="Free tier of an account",
    tags=["Instances"],
    responses=answers(404),
)
def get_usage(account_id: str) -> UsageBody:
    """Interactions of this calendar month, UTC, against those that are free."""
    organization_id = caller_of(router.current_event.raw_event).organization_id
    wiring.accounts().get(organization_id, account_id)
    period = period_of(datetime.now(UTC))
    free = int(wiring.setting("FREE_INTERACTIONS"))
    return UsageBody.of(wiring.interactions().usage(account_id, period, free))
