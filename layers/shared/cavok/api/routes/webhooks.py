"""The routes of an organization's webhook."""

from aws_lambda_powertools.event_handler import Response

from cavok import wiring
from cavok.api.models.webhooks import TestMessage, WebhookBody, WebhookSettings
from cavok.api.responses import (
    ACCEPTED,
    CREATED,
    NO_CONTENT,
    accepted,
    answers,
    created,
    no_content,
    ok,
)
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
    "/v1/organization/webhook",
    summary="Set the webhook",
    tags=["Webhook"],
    responses={**answers(400), CREATED.value: {"description": CREATED.phrase}},
)
def put_webhook(body: WebhookSettings) -> Response[WebhookBody]:
    """Sets the webhook: 201 if there was none. If the signing secret is new, this answer shows it,
    once.

    Messages are signed as the Standard Webhooks specification defines. They go only to public
    https addresses, and redirects are not followed. A message is sent again for some hours until
    your receiver answers with 2xx. Messages with the same `webhook-id` are the same event.
    """
    caller = router.caller
    result = set_webhook(
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
    shown = WebhookBody.of(result.webhook, secret=result.secret)
    return created(shown, "/v1/organization/webhook") if result.created else ok(shown, {})


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
