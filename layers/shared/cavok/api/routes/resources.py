"""The routes of resources: instances that Cavok controls, and their schedules."""

from aws_lambda_powertools.event_handler import Response

from cavok import wiring
from cavok.api.conditions import IfMatch, IfNoneMatch, tag_of, versions_of
from cavok.api.models.common import Cursor, Limit
from cavok.api.models.resources import (
    NewResourceBody,
    ResourceBody,
    ResourceChangeBody,
    ResourceList,
)
from cavok.api.request_context import request_context
from cavok.api.responses import CREATED, NO_CONTENT, answers, created, no_content, ok, paged
from cavok.api.router import Router
from cavok.domain.pages import Position
from cavok.domain.resources import Resource
from cavok.services.resources import add_resource, remove_resource, schedule_resource

router = Router()


def _body(resource: Resource) -> ResourceBody:
    return ResourceBody.of(resource, next_action=resource.next_transition(router.now()))


def _ok(resource: Resource) -> Response[ResourceBody]:
    shown = _body(resource)
    return ok(shown, {"ETag": tag_of(resource.version, shown)})


@router.get(
    "/v1/accounts/<account_id>/resources",
    summary="Resources of an account",
    tags=["Resources"],
    responses=answers("account_not_found"),
)
def list_resources(
    account_id: str, limit: Limit = 50, cursor: Cursor = None
) -> Response[ResourceList]:
    """Lists the instances that Cavok controls, oldest first, and what each does next."""
    organization_id = router.caller.organization_id
    wiring.accounts().get(organization_id, account_id)
    scope = f"{organization_id}/resources/{account_id}"
    page = wiring.resources().page(
        account_id, limit=limit, after=Position.of_cursor(cursor, scope, "id")
    )
    body = ResourceList(items=list(map(_body, page.items)), next_cursor=page.next_cursor(scope))
    return paged(body, router.query)


@router.post(
    "/v1/accounts/<account_id>/resources",
    summary="Add a resource",
    tags=["Resources"],
    responses=answers("account_not_found", "already_controlled", ok=CREATED),
)
def create_resource(account_id: str, body: NewResourceBody) -> Response[ResourceBody]:
    """Puts an instance of the account under Cavok's control. Its schedule takes effect at the next
    start or stop. If the same person repeats the request within a day, it returns the same
    resource.
    """
    resource = add_resource(
        request_context(router, account_id),
        body.new_resource(),
        dependencies=wiring.resource_dependencies(),
        quotas=wiring.quotas(),
    )
    shown, path = _body(resource), f"/v1/accounts/{account_id}/resources/{resource.resource_id}"
    return created(shown, path, tag_of(resource.version, shown))


@router.get(
    "/v1/accounts/<account_id>/resources/<resource_id>",
    summary="One resource",
    tags=["Resources"],
    responses=answers("resource_not_found"),
)
def get_resource(account_id: str, resource_id: str) -> Response[ResourceBody]:
    """Returns an instance that Cavok controls, and what it does next."""
    wiring.accounts().get(router.caller.organization_id, account_id)
    return _ok(wiring.resources().get(account_id, resource_id))


@router.patch(
    "/v1/accounts/<account_id>/resources/<resource_id>",
    summary="Change a schedule",
    tags=["Resources"],
    responses=answers("resource_not_found", "busy_with_others", "precondition_failed"),
)
def patch_resource(
    account_id: str,
    resource_id: str,
    body: ResourceChangeBody,
    if_match: IfMatch = None,
    if_none_match: IfNoneMatch = None,
) -> Response[ResourceBody]:
    """Replaces the schedule, which takes effect at its next start or stop. Null ends it. A start or
    stop that is due now in both schedules is still made.
    """
    resource = schedule_resource(
        request_context(router, account_id),
        resource_id,
        body.schedule.schedule() if body.schedule else None,
        versions=versions_of(if_match, if_none_match),
        dependencies=wiring.resource_dependencies(),
        quotas=wiring.quotas(),
    )
    return _ok(resource)


@router.delete(
    "/v1/accounts/<account_id>/resources/<resource_id>",
    summary="Remove a resource",
    tags=["Resources"],
    responses=answers("resource_not_found", "precondition_failed", ok=NO_CONTENT),
)
def delete_resource(
    account_id: str, resource_id: str, if_match: IfMatch = None, if_none_match: IfNoneMatch = None
) -> Response[None]:
    """Ends Cavok's control of an instance, and its schedule. The instance itself is not changed.
    Repeating the request within a day returns the same answer.
    """
    remove_resource(
        request_context(router, account_id),
        resource_id,
        versions=versions_of(if_match, if_none_match),
        dependencies=wiring.resource_dependencies(),
    )
    return no_content()
