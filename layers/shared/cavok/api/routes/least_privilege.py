"""The route of the smallest policy for an account."""

from functools import partial
from typing import Annotated

from aws_lambda_powertools.event_handler.openapi.params import Query

from cavok import wiring
from cavok.api.models.least_privilege import LeastPrivilegeBody
from cavok.api.quotas import count_page
from cavok.api.responses import answers
from cavok.api.router import Router
from cavok.domain.least_privilege import Scope
from cavok.services.least_privilege import least_privilege_for
from cavok.services.organizations import trust_of

router = Router()

By = Annotated[
    Scope,
    Query(description="Whether the policy names instances by ARN, or all with a tag that you set."),
]


@router.get(
    "/v1/accounts/<account_id>/least-privilege",
    summary="The smallest policy for an account",
    tags=["Accounts"],
    responses=answers("account_not_found"),
)
def get_least_privilege(account_id: str, by: By = Scope.ARN) -> LeastPrivilegeBody:
    """Returns the smallest policy with which Cavok can go on as before: it may start and stop the
    instances under its control, and those that it started or stopped in the last 90 days. A policy
    by tag covers instances with the tag `cavok:managed` = `true`, which you set first.
    """
    organization_id = router.caller.organization_id
    account = wiring.accounts().get(organization_id, account_id)
    now = router.now()
    offered = least_privilege_for(
        account,
        by,
        resources=wiring.resources(),
        interactions=wiring.interactions(),
        count_page=partial(count_page, router.caller),
        now=now,
    )
    trust = trust_of(organization_id, wiring.trust, organizations=wiring.organizations(), now=now)
    return LeastPrivilegeBody.of_account(account, trust, offered)
