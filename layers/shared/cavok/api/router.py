"""A router, and what its routes need to know about the current request."""

from datetime import UTC, datetime

from aws_lambda_powertools.event_handler.router import APIGatewayHttpRouter

from cavok.api.caller import Caller
from cavok.api.gate import caller_of
from cavok.domain.actors import Requester


class Router(APIGatewayHttpRouter):
    """The routes of one resource. A function includes the routers that it serves."""

    def __init__(self) -> None:
        super().__init__()  # type: ignore[no-untyped-call]

    @property
    def caller(self) -> Caller:
        """Who sends the request, read from the verified token. Raises Forbidden."""
        return caller_of(self.current_event.raw_event)

    @property
    def request_id(self) -> str:
        """API Gateway's ID of the request. Every log line about the request has it."""
        return str(self.current_event.raw_event["requestContext"]["requestId"])

    @property
    def requester(self) -> Requester:
        """The caller, in this request, from this address. Raises Forbidden."""
        http = self.current_event.raw_event["requestContext"]["http"]
        return Requester(
            actor=self.caller.actor, request_id=self.request_id, source_ip=http.get("sourceIp")
        )

    @property
    def accept(self) -> str:
        """Which media types the client takes; empty if it does not say."""
        return str(self.current_event.headers.get("accept", ""))

    @property
    def query(self) -> dict[str, str]:
        """The query parameters of the request."""
        return self.current_event.query_string_parameters

    @staticmethod
    def now() -> datetime:
        """The time, UTC."""
        return datetime.now(UTC)
