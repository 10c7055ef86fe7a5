"""The routes of instances."""

from typing import Annotated

from aws_lambda_powertools.event_handler import Response
from aws_lambda_powertools.event_handler.openapi.params import Query

from cavok import wiring
from cavok.api.models.common import IdempotencyKey
from cavok.api.models.instances import InstanceList
from cavok.api.models.interactions import InteractionBody
from cavok.api.quotas import quotas_of
from cavok.api.request_context import request_context
from cavok.api.responses import ACCEPTED, accepted, answers
from cavok.api.router import Router
from cavok.domain.instances import Operation
from cavok.domain.kinds import Action, Kind
from cavok.services.instances import recent_instances
from cavok.services.start_stop import start_stop

router = Router()

_INSTANCE = "/v1/accounts/<account_id>/instances/<kind>/<instance_id>"

Region = Annotated[
    str | None,
    Query(max_length=30, description="One of the account's regions. Default: all of them."),
]


@router.get(
    "/v1/accounts/<account_id>/instances",
    summary="Instances of an account",
    tags=["Instances"],
    responses=answers("account_not_found", "not_connected"),
)
def get_instances(
    account_id: str,
    region: Region = None,
    kind: Annotated[Kind | None, Query()] = None,
    refresh: Annotated[bool, Query(description="Whether to ask AWS anew. Admins only.")] = False,
) -> InstanceList:
    """Lists the instances of every kind in the account's regions. A cluster stands for its members.
    `unavailable` names what could not be listed, or did not fit. An answer from AWS that is less
    than a minute old, see `as_of`, is returned again. Only a call to AWS counts against the free
    tier, once a minute.
    """
    if refresh:
        router.caller.must_refresh()
    listing = recent_instances(
        request_context(router, account_id),
        region=region,
        kind=kind,
        refresh=refresh,
        dependencies=wiring.connection_dependencies(),
        quotas=quotas_of(router.caller),
        kept=wiring.kept_listings(),
    )
    return InstanceList.of_listing(listing)


@router.post(
    f"{_INSTANCE}/start",
    summary="Start an instance",
    tags=["Instances"],
    responses=answers("instance_not_found", "not_connected", ok=ACCEPTED),
)
def start_instance(
    account_id: str,
    kind: Kind,
    instance_id: str,
    region: Region = None,
    idempotency_key: IdempotencyKey = None,
) -> Response[InteractionBody]:
    """Starts an instance. If it is running already, nothing is done, and the answer says so.
    Accepted does not mean started: the interaction's `result` says later whether it runs.
    """
    operation = Operation(Action.START, kind, instance_id, region)
    return _start_or_stop(account_id, operation, idempotency_key)


@router.post(
    f"{_INSTANCE}/stop",
    summary="Stop an instance",
    tags=["Instances"],
    responses=answers("instance_not_found", "not_connected", ok=ACCEPTED),
)
def stop_instance(
    account_id: str,
    kind: Kind,
    instance_id: str,
    region: Region = None,
    idempotency_key: IdempotencyKey = None,
) -> Response[InteractionBody]:
    """Stops an instance. If it is stopped already, nothing is done, and the answer says so.
    Accepted does not mean stopped: the interaction's `result` says later whether it is.
    """
    operation = Operation(Action.STOP, kind, instance_id, region)
    return _start_or_stop(account_id, operation, idempotency_key)


def _start_or_stop(
    account_id: str, operation: Operation, key: str | None
) -> Response[InteractionBody]:
    interaction = start_stop(
        request_context(router, account_id, key),
        operation,
        dependencies=wiring.connection_dependencies(),
        quotas=wiring.quotas(),
    )
    wiring.kept_listings().forget(interaction.organization_id, account_id)
    return accepted(InteractionBody.of_interaction(interaction))
