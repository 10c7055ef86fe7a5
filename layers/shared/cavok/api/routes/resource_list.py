"""The route of all resources of an organization, in the order of their next turns."""

from typing import Annotated

from aws_lambda_powertools.event_handler import Response
from aws_lambda_powertools.event_handler.openapi.params import Query

from cavok import wiring
from cavok.api.models.common import Cursor, Limit
from cavok.api.models.resource_list import ListedResourceBody, OrganizationResourceList
from cavok.api.responses import answers, paged
from cavok.api.router import Router
from cavok.domain.kinds import Action, Kind
from cavok.domain.pages import Position
from cavok.domain.resource_list import ResourceSelection

router = Router()


@router.get(
    "/v1/resources",
    summary="Resources of all accounts",
    tags=["Resources"],
    responses=answers(),
)
def list_organization_resources(
    *,
    limit: Limit = 50,
    cursor: Cursor = None,
    account_id: Annotated[
        str | None, Query(max_length=64, description="Only resources of this account.")
    ] = None,
    kind: Annotated[Kind | None, Query(description="Only instances of this kind.")] = None,
    region: Annotated[
        str | None, Query(max_length=30, description="Only instances in this region.")
    ] = None,
    action: Annotated[
        Action | None, Query(description="Only resources whose schedule does this next.")
    ] = None,
) -> Response[OrganizationResourceList]:
    """Lists the instances of all accounts that Cavok controls: what starts or stops soonest comes
    first, what has no schedule last. A page looks at 5,000 resources at most to find those that all
    filters select. So it may have few or none: go on while there is a `next_cursor`. A turn moves
    its resource to another place, so it may be listed twice. A resource appears here moments after
    it was added.
    """
    organization_id, now = router.caller.organization_id, router.now()
    selection = ResourceSelection(account_id=account_id, kind=kind, region=region, action=action)
    scope = selection.scope(organization_id)
    page = wiring.resource_list().page(
        organization_id,
        selection,
        limit=limit,
        now=now,
        after=Position.of_cursor(cursor, scope, "turn"),
    )
    body = OrganizationResourceList(
        items=[ListedResourceBody.of_listed(one, now) for one in page.items],
        next_cursor=page.next_cursor(scope),
    )
    return paged(body, router.query)
