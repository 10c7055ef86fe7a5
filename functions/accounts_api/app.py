"""The HTTP API, v1, except the routes that enter a customer's account."""

from typing import Any

from aws_lambda_powertools.utilities.typing import LambdaContext

from cavok import start_up, wiring
from cavok.api.app import make_app, respond
from cavok.api.routes import (
    about,
    accounts,
    audit,
    credentials,
    enrollments,
    instructions,
    interactions,
    least_privilege,
    organizations,
    permissions,
    providers,
    usage,
    verifications,
    webhooks,
)
from cavok.observability import logger

app = make_app(
    about.router,
    accounts.router,
    audit.router,
    credentials.router,
    enrollments.router,
    instructions.router,
    interactions.router,
    least_privilege.router,
    organizations.router,
    permissions.router,
    providers.router,
    usage.router,
    verifications.router,
    webhooks.router,
)

start_up.prepare(wiring.table)


@logger.inject_lambda_context(correlation_id_path="requestContext.requestId")
def handler(event: dict[str, Any], context: LambdaContext) -> dict[str, Any]:
    """One HTTP request in API Gateway's payload format 2.0."""
    return respond(app, event, context)
