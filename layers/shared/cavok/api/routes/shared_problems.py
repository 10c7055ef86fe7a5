"""The route of problems that accounts share."""

from typing import Annotated

from aws_lambda_powertools.event_handler import Response
from aws_lambda_powertools.event_handler.openapi.params import Query

from cavok import wiring
from cavok.api.models.common import Cursor
from cavok.api.models.shared_problems import SharedProblemBody, SharedProblemPage
from cavok.api.responses import answers, paged
from cavok.api.router import Router
from cavok.domain.account_list import AccountSort, Selection
from cavok.domain.pages import Position
from cavok.domain.shared_problems import shared_problems

router = Router()


@router.get("/v1/problems", summary="Problems by cause", tags=["Accounts"], responses=answers())
def list_problems(
    limit: Annotated[
        int, Query(ge=1, le=1000, description="The maximum number of accounts to look at.")
    ] = 500,
    cursor: Cursor = None,
) -> Response[SharedProblemPage]:
    """Lists the problems of all accounts, each cause once, with the accounts that have it. What
    only one account would say, such as its role or its instances, is left out. An answer looks at
    up to `limit` accounts with problems: first the failed ones, then degraded and unconfirmed ones,
    by name. A problem may be in several answers: join those with the same `cause`.
    """
    organization_id = router.caller.organization_id
    scope = f"{organization_id}/problems"
    page = wiring.account_list().page(
        organization_id,
        Selection(has_problems=True),
        limit=limit,
        sort=AccountSort.STATUS,
        after=Position.of_cursor(cursor, scope, "status"),
    )
    return paged(
        SharedProblemPage(
            accounts_read=len(page.items),
            items=[
                SharedProblemBody.of_problem(each)
                for each in shared_problems(
                    page.items, wiring.setting("AWS_REGION"), wiring.trust_policy(organization_id)
                )
            ],
            next_cursor=page.next_cursor(scope),
        ),
        router.query,
    )
