"""The route of the usage of all accounts."""

from datetime import UTC, datetime
from typing import Self

from aws_lambda_powertools.event_handler.router import APIGatewayHttpRouter
from pydantic import BaseModel

from cavok import wiring
from cavok.api.documentation import answers
from cavok.api.gate import caller_of
from cavok.api.models import Cursor, Limit, Timestamp
from cavok.domain.interactions import AccountUsage, Usage, period_of
from cavok.domain.pages import Position

router = APIGatewayHttpRouter()  # type: ignore[no-untyped-call]


class AccountUsageBody(BaseModel):
    """One account's interactions. `name` is null if the account was deleted since."""

    account_id: str
    name: str | None
    used: int
    remaining: int
    billable: int

    @classmethod
    def of(cls, one: AccountUsage) -> Self:
        return cls(
            account_id=one.account_id,
            name=one.name,
            used=one.usage.used,
            remaining=one.usage.remaining,
            billable=one.usage.billable,
        )


class OrganizationUsageBody(BaseModel):
    """Interactions of this calendar month, UTC, by account. Each account has the free ones for
    itself; what is above them is billable, and nothing is blocked.
    """

    period: str
    resets_at: Timestamp
    free_interactions: int
    items: list[AccountUsageBody]
    next_cursor: str | None


@router.get(
    "/v1/organization/usage", summary="Usage by account", tags=["Organization"], responses=answers()
)
def list_usage(limit: Limit = 50, cursor: Cursor = None) -> OrganizationUsageBody:
    """The accounts that were used this calendar month, UTC, most used first. An interaction is in
    this list moments after it is in its account's own usage.
    """
    organization_id = caller_of(router.current_event.raw_event).organization_id
    period, free = period_of(datetime.now(UTC)), int(wiring.setting("FREE_INTERACTIONS"))
    scope = f"{organization_id}/usage/{period}"
    after = Position.of_cursor(cursor, scope)
    page = wiring.interactions().usage_of_accounts(
        organization_id, period, free, limit=limit, after=after
    )
    return OrganizationUsageBody(
        period=period,
        resets_at=Usage(period, free, 0).resets_at,
        free_interactions=free,
        items=[AccountUsageBody.of(one) for one in page.items],
        next_cursor=page.end.cursor(scope) if page.end else None,
    )
