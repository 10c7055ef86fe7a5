"""The routes of usage: the interactions that count in a month."""

from functools import partial

from aws_lambda_powertools.event_handler import Response

from cavok import wiring
from cavok.api.models.common import Cursor, Limit
from cavok.api.models.usage import (
    AccountUsageBody,
    MonthBody,
    MonthList,
    OrganizationUsageBody,
    UsageBody,
)
from cavok.api.quotas import count_page
from cavok.api.responses import answers, paged
from cavok.api.router import Router
from cavok.domain.interactions import end_of, period_of
from cavok.domain.pages import Position
from cavok.services.usage import months_of_organization, usage_of_account

router = Router()


@router.get(
    "/v1/accounts/<account_id>/usage",
    summary="Free tier of an account",
    tags=["Instances"],
    responses=answers("account_not_found"),
)
def get_usage(account_id: str) -> UsageBody:
    """Counts the account's interactions of this calendar month, UTC, against the free ones, and
    those of the last twelve months.
    """
    usage, months = usage_of_account(
        router.caller.organization_id,
        account_id,
        free=int(wiring.setting("FREE_INTERACTIONS")),
        accounts=wiring.accounts(),
        counters=wiring.usage_counters(),
        now=router.now(),
    )
    return UsageBody.of(usage, months=[MonthBody.of(month) for month in months])


@router.get(
    "/v1/organization/usage", summary="Usage by account", tags=["Organization"], responses=answers()
)
def list_usage(limit: Limit = 50, cursor: Cursor = None) -> Response[OrganizationUsageBody]:
    """Lists the accounts used in this calendar month, UTC, most used first. An interaction appears
    here moments after it appears in its account's own usage.
    """
    organization_id = router.caller.organization_id
    period, free = period_of(router.now()), int(wiring.setting("FREE_INTERACTIONS"))
    scope = f"{organization_id}/usage/{period}"
    page = wiring.usage_counters().of_organization(
        organization_id, period, free, limit=limit, after=Position.of_cursor(cursor, scope, "used")
    )
    return paged(
        OrganizationUsageBody(
            period=period,
            resets_at=end_of(period),
            free_interactions=free,
            items=[
                AccountUsageBody.of(one.usage, account_id=one.account_id, name=one.name)
                for one in page.items
            ],
            next_cursor=page.next_cursor(scope),
        ),
        router.query,
    )


@router.get(
    "/v1/organization/usage/months",
    summary="Usage by month",
    tags=["Organization"],
    responses=answers(),
)
def list_months() -> MonthList:
    """Adds up what all accounts used in each of the last twelve calendar months, UTC. Of a month in
    which more than 500 accounts were used, only those used most are added: it is not `complete`.
    """
    months = months_of_organization(
        router.caller.organization_id,
        counters=wiring.usage_counters(),
        count_page=partial(count_page, router.caller),
        now=router.now(),
    )
    return MonthList(items=[MonthBody.of(month) for month in months])
