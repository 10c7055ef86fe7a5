"""The route of an account's interactions."""

from aws_lambda_powertools.event_handler import Response

from cavok import wiring
from cavok.api.models.common import Cursor, Limit
from cavok.api.models.interactions import InteractionBody, InteractionPage
from cavok.api.responses import answers, paged
from cavok.api.router import Router
from cavok.domain.pages import Position

router = Router()


@router.get(
    "/v1/accounts/<account_id>/interactions",
    summary="Interactions with an account",
    tags=["Instances"],
    responses=answers("account_not_found"),
)
def list_interactions(
    account_id: str, limit: Limit = 50, cursor: Cursor = None
) -> Response[InteractionPage]:
    """Lists every start, stop, listing and test of the last 90 days, newest first."""
    organization_id = router.caller.organization_id
    wiring.accounts().get(organization_id, account_id)
    scope = f"{organization_id}/interactions/{account_id}"
    page = wiring.interactions().page(
        account_id, limit=limit, after=Position.of_cursor(cursor, scope, "id")
    )
    return paged(
        InteractionPage(
            items=list(map(InteractionBody.of_interaction, page.items)),
            next_cursor=page.next_cursor(scope),
        ),
        router.query,
    )
