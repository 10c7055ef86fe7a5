"""The HTTP API, v1: instances, interactions, usage and resources. The only HTTP function that may
enter a customer's account.
"""

from typing import Any

import cavok.api.deferred  # noqa: F401  first, before Powertools makes models

# isort: split
from aws_lambda_powertools.event_handler import APIGatewayHttpResolver
from aws_lambda_powertools.utilities.typing import LambdaContext

from cavok.api import gate, instance_routes, problems, resource_routes
from cavok.observability import logger

app = APIGatewayHttpResolver(enable_validation=True)
problems.install(app)
app.include_router(instance_routes.router)
app.include_router(resource_routes.router)


@logger.inject_lambda_context(correlation_id_path="requestContext.requestId")
def handler(event: dict[str, Any], context: LambdaContext) -> dict[str, Any]:
    """One HTTP request in API Gateway's payload format 2.0."""
    return gate.refusal(event) or app.resolve(event, context)
