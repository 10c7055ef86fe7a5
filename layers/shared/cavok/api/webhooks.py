"""Routes of an organization's webhook."""

from datetime import UTC, datetime
from typing import Annotated, Self

from aws_lambda_powertools.event_handler import Response
from aws_lambda_powertools.event_handler.router import APIGatewayHttpRouter
from pydantic import BaseModel, Field, StrictBool, StrictStr

from cavok import wiring
from cavok.api.documentation import ACCEPTED, NO_CONTENT, answers
from cavok.api.gate import caller_of
from cavok.api.models import Request, Timestamp
from cavok.domain.events import EventType
from cavok.domain.webhooks import Webhook
from cavok.services import webhooks as service

router = APIGatewayHttpRouter()  # type: ignore[no-untyped-call]


class WebhookSettings(Request):
    """Where to send, and what. `rotate_secret` makes a new signing secret at once."""

    url: Annotated[StrictStr, Field(min_length=1, max_length=2000)]
    events: Annotated[list[EventType], Field(min_length=1, max_length=len(EventType))]
    rotate_secret: StrictBool = False


class WebhookBody(BaseModel):
    """A webhook. `secret` is there once, when it was made."""

    url: str
    events: list[EventType]
    created_at: Timestamp
    updated_at: Timestamp
    updated_by: str
    secret: str | None = None

    @classmethod
    def of(cls, webhook: Webhook, secret: str | None = None) -> Self:
        return cls(
            url=webhook.url,
            events=list(webhook.events),
            created_at=webhook.created_at,
            updated_at=webhook.updated_at,
            updated_by=webhook.updated_by,
            secret=secret,
        )


class TestMessage(BaseModel):
    detail: str = "A test message is on its way."


@router.get(
    "/v1/organization/webhook", summary="Your webhook", tags=["Webhook"], responses=answers(404)
)
def get_webhook() -> WebhookBody:
    """Where your organization is told of its accounts. The signing secret is not shown again."""
    organization_id = caller_of(router.current_event.raw_event).organization_id
    return WebhookBody.of(service.webhook_of(organization_id, webhooks=wiring.webhooks()))


@router.put(
    "/v1/organization/webhook", summary="Set the webhook", tags=["Webhook"], responses=answers(400)
)
def put_webhook(body: WebhookSettings) -> WebhookBody:
    """Sets the webhook. The answer shows the signing secret if it is new, and never again.

    Messages are signed as the Standard Webhooks specification says. They go to https addresses of
    the internet alone, redirects are not followed, and each is repeated for some hours until your
    receiver answers with 2xx. The same `webhook-id` is the same event.
    """
    caller = caller_of(router.current_event.raw_event)
    webhook, secret = service.set_webhook(
        caller.organization_id,
        body.url,
        list(dict.fromkeys(body.events)),
        new_secret_wanted=body.rotate_secret,
        actor=caller.name,
        allow_loopback=wiring.loopback_webhooks_allowed(),
        webhooks=wiring.webhooks(),
        sealer=wiring.sealer(),
        now=datetime.now(UTC),
    )
    return WebhookBody.of(webhook, secret)


@router.delete(
    "/v1/organization/webhook",
    summary="Remove the webhook",
    tags=["Webhook"],
    responses=answers(ok=NO_CONTENT),
)
def delete_webhook() -> Response[None]:
    """No more messages are sent; the secret is gone."""
    organization_id = caller_of(router.current_event.raw_event).organization_id
    wiring.webhooks().delete(organization_id)
    return Response(status_code=NO_CONTENT.value)


@router.post(
    "/v1/organization/webhook/test",
    summary="Send a test message",
    tags=["Webhook"],
    responses=answers(404, ok=ACCEPTED),
)
def post_webhook_test() -> Response[TestMessage]:
    """Sends a message of the type `Webhook Test`, the way every other goes."""
    organization_id = caller_of(router.current_event.raw_event).organization_id
    service.send_test_message(
        organization_id, webhooks=wiring.webhooks(), bus=wiring.bus(), now=datetime.now(UTC)
    )
    return Response(status_code=ACCEPTED.value, content_type="application/json", body=TestMessage())
