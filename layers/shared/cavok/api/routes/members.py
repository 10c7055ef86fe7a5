"""The routes of an enrollment's members, and of the units in which they are."""

from typing import Annotated

from aws_lambda_powertools.event_handler import Response
from aws_lambda_powertools.event_handler.openapi.params import Query

from cavok import wiring
from cavok.api.models.common import Cursor, Limit, UnitId
from cavok.api.models.members import MemberBody, MemberPage, UnitBody, UnitPage
from cavok.api.responses import answers, paged
from cavok.api.router import Router
from cavok.domain.member_states import MemberState
from cavok.domain.pages import Position

router = Router()


@router.get(
    "/v1/enrollments/<enrollment_id>/members",
    summary="Members of an enrollment",
    tags=["Enrollments"],
    responses=answers("enrollment_not_found"),
)
def list_members(
    enrollment_id: str,
    *,
    limit: Limit = 50,
    cursor: Cursor = None,
    state: Annotated[MemberState | None, Query(description="Only members in this state.")] = None,
    ou: Annotated[
        UnitId | None, Query(description="Only members in this unit, at any depth.")
    ] = None,
    direct: Annotated[
        bool, Query(description="With `ou`: only members in the unit itself.")
    ] = False,
) -> Response[MemberPage]:
    """Lists the accounts of the AWS Organization by number. With `state` or `ou`, a page may have
    few or no members: go on while there is a `next_cursor`.
    """
    from cavok.services.members import members_page

    organization_id = router.caller.organization_id
    enrollment = wiring.enrollments().get(organization_id, enrollment_id)
    scope = f"{organization_id}/members/{enrollment_id}/{state or ''}/{ou or ''}/{direct}"
    page = members_page(
        enrollment,
        state=state,
        unit_id=ou,
        direct=direct,
        limit=limit,
        after=Position.of_cursor(cursor, scope, "member"),
        members=wiring.members(),
        accounts=wiring.accounts(),
    )
    items = [MemberBody.of_member(shown) for shown in page.items]
    return paged(MemberPage(items=items, next_cursor=page.next_cursor(scope)), router.query)


@router.get(
    "/v1/enrollments/<enrollment_id>/units",
    summary="Units of an enrollment",
    tags=["Enrollments"],
    responses=answers("enrollment_not_found"),
)
def list_units(enrollment_id: str, cursor: Cursor = None) -> Response[UnitPage]:
    """Counts the members in each root and unit itself, by state: of up to 500 members a page. A
    unit may be on several pages, so go on while there is a `next_cursor`, and add up its `totals`.
    """
    from cavok.services.members import units_page

    organization_id = router.caller.organization_id
    enrollment = wiring.enrollments().get(organization_id, enrollment_id)
    scope = f"{organization_id}/units/{enrollment_id}"
    page = units_page(
        enrollment,
        after=Position.of_cursor(cursor, scope, "member"),
        members=wiring.members(),
        accounts=wiring.accounts(),
    )
    items = [UnitBody.of_unit(unit) for unit in page.items]
    return paged(UnitPage(items=items, next_cursor=page.next_cursor(scope)), router.query)
