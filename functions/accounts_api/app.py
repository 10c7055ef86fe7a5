"""The HTTP API, v1, except the routes that enter a customer's account."""

from typing import Any

from aws_lambda_powertools.utilities.typing import LambdaContext

from cavok import start_up, wiring
from cavok.api.app import make_app, respond
from cavok.observability import logger

app = make_app(
    about=("/health",),
    accounts=("/v1/accounts",),
    audit=("/v1/audit", "/v1/accounts/<account_id>/audit"),
    bulk=("/v1/operations", "/v1/accounts/bulk$"),
    credentials=("/v1/accounts/<account_id>/credentials",),
    documents=("/openapi.json", "/docs"),
    enrollments=("/v1/enrollments",),
    imports=("/v1/accounts/import$",),
    instructions=("/v1/accounts/<account_id>/instructions",),
    interactions=("/v1/accounts/<account_id>/interactions",),
    invitations=("/v1/accounts/<account_id>/invitations", "/v1/invitation"),
    least_privilege=("/v1/accounts/<account_id>/least-privilege",),
    members=("/v1/enrollments/<enrollment_id>/members", "/v1/enrollments/<enrollment_id>/units"),
    organizations=("/v1/organization",),
    permissions=("/v1/permissions",),
    providers=("/v1/providers",),
    resource_list=("/v1/resources",),
    shared_problems=("/v1/problems",),
    synchronizations=("/v1/enrollments/<enrollment_id>/synchronizations",),
    usage=("/v1/organization/usage", "/v1/accounts/<account_id>/usage"),
    verifications=("/v1/accounts/<account_id>/verifications",),
    webhooks=("/v1/organization/webhook",),
)

start_up.prepare(wiring.table, wiring.accounts, wiring.request_quota)


@logger.inject_lambda_context(correlation_id_path="requestContext.requestId")
def handler(event: dict[str, Any], context: LambdaContext) -> dict[str, Any]:
    """One HTTP request in API Gateway's payload format 2.0."""
    return respond(app, event, context)
