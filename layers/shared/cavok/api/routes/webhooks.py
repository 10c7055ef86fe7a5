"""The routes of an organization's webhook."""

from aws_lambda_powertools.event_handler import Response

from cavok import wiring
from cavok.api.models.webhooks import TestMessage, WebhookBody, WebhookSettings
from cavok.api.responses import ACCEPTED, NO_CONTENT, accepted, answers, no_content
from cavok.api.router import Router
from cavok.services.webhooks import send_test_message, set_webhook, webhook_of

router = Router()


@router.get(
    "/v1/organization/webhook", summary="Your webhook", tags=["Webhook"], responses=answers(404)
)
def get_webhook() -> WebhookBody:
    """Returns your webhook: which events go where. The signing secret is not shown again."""
    webhook = webhook_of(router.caller.organization_id, webhooks=wiring.webhooks())
    return WebhookBody.of(webhook, secret=None)


@router.put(
    "/v1/organization/webhook", summary="Set the webhook", tags=["Webhook"], responses=answers(400)
)
def put_webhook(body: WebhookSettings) -> WebhookBody:
    """Sets the webhook. If the signing secret is new, this answer shows it, once.

    Messages are signed as the Standard Webhooks specification defines. They go only to public
    https addresses, and redirects are not followed. A message is sent again for some hours until
    your receiver answers with 2xx. Messages with the same `webhook-id` are the same event.
    """
    caller = router.caller
    webhook, secret = set_webhook(
        caller.organization_id,
        body.url,
        list(dict.fromkeys(body.events)),
        new_secret_wanted=body.rotate_secret,
        actor=caller.name,
        allow_loopback=wiring.loopback_webhooks_allowed(),
        webhooks=wiring.webhooks(),
        sealer=wiring.sealer(),
        now=router.now(),
    )
    return WebhookBody.of(webhook, secret=secret)


@router.delete(
    "/v1/organization/webhook",
    summary="Remove the webhook",
    tags=["Webhook"],
    responses=answers(ok=NO_CONTENT),
)
def delete_webhook() -> Response[None]:
    """Removes the webhook and its secret. No more messages are sent."""
    wiring.webhooks().delete(router.caller.organization_id)
    return no_content()


@router.post(
    "/v1/organization/webhook/test",
    summary="Send a test message",
    tags=["Webhook"],
    responses=answers(404, ok=ACCEPTED),
)
def post_webhook_test() -> Response[TestMessage]:
    """Sends a message of the type `Webhook Test`, the same way as every event."""
    send_test_message(
        router.caller.organization_id,
        webhooks=wiring.webhooks(),
        messages=wiring.webhook_messages(),
        now=router.now(),
    )
    return accepted(TestMessage())
