"""The HTTP API, v1: instances and resources. The only HTTP function that may enter a customer's
account.
"""

from typing import Any

from aws_lambda_powertools.utilities.typing import LambdaContext

from cavok import start_up, wiring
from cavok.api.app import make_app, respond
from cavok.observability import logger

app = make_app(
    detection=("/v1/accounts/<account_id>/detection",),
    instances=("/v1/accounts/<account_id>/instances",),
    resources=("/v1/accounts/<account_id>/resources",),
)

start_up.prepare(wiring.table, wiring.accounts, wiring.request_quota, wiring.customer_roles)


@logger.inject_lambda_context(correlation_id_path="requestContext.requestId")
def handler(event: dict[str, Any], context: LambdaContext) -> dict[str, Any]:
    """One HTTP request in API Gateway's payload format 2.0."""
    return respond(app, event, context)
