"""The routes of resources and their schedules, which `instances_api` serves beside instances."""

from datetime import UTC, datetime

from aws_lambda_powertools.event_handler import Response
from aws_lambda_powertools.event_handler.router import APIGatewayHttpRouter

from cavok import wiring
from cavok.api.documentation import CREATED, NO_CONTENT, answers
from cavok.api.instance_routes import asked_of
from cavok.api.resource_models import (
    NewResourceBody,
    ResourceBody,
    ResourceChangeBody,
    ResourceList,
)
from cavok.domain.resources import Resource
from cavok.services.instances import Asked
from cavok.services.resources import add_resource, remove_resource, schedule_resource

router = APIGatewayHttpRouter()  # type: ignore[no-untyped-call]


def _asked(account_id: str) -> Asked:
    return asked_of(router.current_event.raw_event, account_id)


def _body(resource: Resource) -> ResourceBody:
    return ResourceBody.of(resource, resource.next_turn(datetime.now(UTC)))


@router.get(
    "/v1/accounts/<account_id>/resources",
    summary="Resources of an account",
    tags=["Resources"],
    responses=answers(404),
)
def list_resources(account_id: str) -> ResourceList:
    """Instances under control, in the order of their making, with what comes next for each."""
    wiring.accounts().get(_asked(account_id).organization_id, account_id)
    return ResourceList(items=[_body(r) for r in wiring.resources().all_of(account_id)])


@router.post(
    "/v1/accounts/<account_id>/resources",
    summary="Put an instance under control",
    tags=["Resources"],
    responses=answers(400, 404, 409, 503, ok=CREATED),
)
def create_resource(account_id: str, body: NewResourceBody) -> Response[ResourceBody]:
    """Looks for the instance in the account, and follows its schedule from the next turn on."""
    resource = add_resource(_asked(account_id), body.new_resource(), control=wiring.control())
    return Response(
        status_code=CREATED.value,
        content_type="application/json",
        body=_body(resource),
        headers={"Location": f"/v1/accounts/{account_id}/resources/{resource.resource_id}"},
    )


@router.get(
    "/v1/accounts/<account_id>/resources/<resource_id>",
    summary="One resource",
    tags=["Resources"],
    responses=answers(404),
)
def get_resource(account_id: str, resource_id: str) -> ResourceBody:
    """An instance under control, and what comes next for it."""
    wiring.accounts().get(_asked(account_id).organization_id, account_id)
    return _body(wiring.resources().get(account_id, resource_id))


@router.patch(
    "/v1/accounts/<account_id>/resources/<resource_id>",
    summary="Change a schedule",
    tags=["Resources"],
    responses=answers(400, 404, 409, 503),
)
def patch_resource(account_id: str, resource_id: str, body: ResourceChangeBody) -> ResourceBody:
    """Another schedule, followed from its next turn on; null ends it."""
    schedule = body.schedule.schedule() if body.schedule else None
    return _body(
        schedule_resource(_asked(account_id), resource_id, schedule, control=wiring.control())
    )


@router.delete(
    "/v1/accounts/<account_id>/resources/<resource_id>",
    summary="Let an instance go",
    tags=["Resources"],
    responses=answers(404, 503, ok=NO_CONTENT),
)
def delete_resource(account_id: str, resource_id: str) -> Response[None]:
    """Ends its schedule. The instance itself stays as it is."""
    remove_resource(_asked(account_id), resource_id, control=wiring.control())
    return Response(status_code=NO_CONTENT.value)
