"""The routes of an organization's webhook."""

from typing import Any

from aws_lambda_powertools.event_handler import Response

from cavok import wiring
from cavok.api.conditions import IfMatch, IfNoneMatch, tag_of, versions_of
from cavok.api.models.webhooks import (
    DeliveryBody,
    DeliveryPage,
    Redelivery,
    TestMessage,
    WebhookBody,
    WebhookSettings,
)
from cavok.api.responses import (
    ACCEPTED,
    CREATED,
    NO_CONTENT,
    PHRASES,
    accepted,
    answers,
    created,
    no_content,
    ok,
)
from cavok.api.router import Router

router = Router()
# Each route imports its use case, which loads the client for receivers: most processes never do.


@router.get(
    "/v1/organization/webhook",
    summary="Your webhook",
    tags=["Webhook"],
    responses=answers("webhook_not_found"),
)
def get_webhook() -> Response[WebhookBody]:
    """Returns your webhook: which events go where. The signing secret is not shown again."""
    from cavok.services.webhooks import webhook_of

    organization_id, webhooks = router.caller.organization_id, wiring.webhooks()
    webhook = webhook_of(organization_id, webhooks=webhooks)
    shown = WebhookBody.of(webhook, secret=None, state=webhooks.health(organization_id).state)
    return ok(shown, {"ETag": tag_of(webhook.version, shown)})


@router.put(
    "/v1/organization/webhook",
    summary="Set the webhook",
    tags=["Webhook"],
    responses={**answers("precondition_failed"), CREATED.value: {"description": PHRASES[CREATED]}},
)
def put_webhook(
    body: WebhookSettings, if_match: IfMatch = None, if_none_match: IfNoneMatch = None
) -> Response[WebhookBody]:
    """Sets the webhook, and resumes it: 201 if there was none. If the signing secret is new, this
    answer shows it, once.

    Messages are signed as the Standard Webhooks specification defines. They go only to public
    https addresses, and redirects are not followed. A message is sent again for some hours until
    your receiver answers with 2xx. Messages with the same `webhook-id` are the same event.
    """
    from cavok.services.webhooks import set_webhook

    result = set_webhook(
        router.caller.organization_id,
        body.url,
        list(dict.fromkeys(body.events)),
        new_secret_wanted=body.rotate_secret,
        versions=versions_of(if_match, if_none_match),
        requester=router.requester,
        allow_loopback=wiring.loopback_webhooks_allowed(),
        webhooks=wiring.webhooks(),
        quotas=wiring.quotas(),
        sealer=wiring.sealer(),
        now=router.now(),
    )
    shown = WebhookBody.of(result.webhook, secret=result.secret, state=result.state)
    return created(shown, "/v1/organization/webhook") if result.created else ok(shown, {})


@router.delete(
    "/v1/organization/webhook",
    summary="Remove the webhook",
    tags=["Webhook"],
    responses=answers("precondition_failed", ok=NO_CONTENT),
)
def delete_webhook(if_match: IfMatch = None, if_none_match: IfNoneMatch = None) -> Response[None]:
    """Removes the webhook and its secret. No more messages are sent."""
    from cavok.services.webhooks import remove_webhook

    remove_webhook(
        router.caller.organization_id,
        versions=versions_of(if_match, if_none_match),
        requester=router.requester,
        webhooks=wiring.webhooks(),
        now=router.now(),
    )
    return no_content()


@router.post(
    "/v1/organization/webhook/test",
    summary="Send a test message",
    tags=["Webhook"],
    responses=answers("webhook_not_found", ok=ACCEPTED),
)
def post_webhook_test() -> Response[TestMessage]:
    """Sends a message of the type `Webhook Test`, in the same way as every event. A paused webhook
    gets it too, and is resumed if its receiver accepts it. The quota `webhook_tests` limits it.
    """
    from cavok.services.webhooks import send_test_message

    send_test_message(router.caller.organization_id, **_by_hand())
    return accepted(TestMessage())


@router.post(
    "/v1/organization/webhook/resume",
    summary="Resume the webhook",
    tags=["Webhook"],
    responses=answers("webhook_not_found", "precondition_failed", ok=NO_CONTENT),
)
def resume_webhook(if_match: IfMatch = None, if_none_match: IfNoneMatch = None) -> Response[None]:
    """Resumes a paused webhook. The next failure pauses it again. Waiting messages are sent at
    their next try. To get one at once, deliver it again.
    """
    from cavok.services.webhooks import end_pause

    end_pause(
        router.caller.organization_id,
        versions=versions_of(if_match, if_none_match),
        requester=router.requester,
        webhooks=wiring.webhooks(),
        quotas=wiring.quotas(),
        now=router.now(),
    )
    return no_content()


@router.get(
    "/v1/organization/webhook/deliveries",
    summary="Deliveries",
    tags=["Webhook"],
    responses=answers("webhook_not_found"),
)
def list_deliveries() -> DeliveryPage:
    """Lists what became of the newest 100 messages, newest first. Each is kept for a week
    after its latest try.
    """
    from cavok.services.webhooks import webhook_of

    organization_id, webhooks = router.caller.organization_id, wiring.webhooks()
    webhook_of(organization_id, webhooks=webhooks)
    found, now = webhooks.deliveries(organization_id), router.now()
    return DeliveryPage(items=[DeliveryBody.of(each.as_of(now)) for each in found])


@router.post(
    "/v1/organization/webhook/deliveries/<event_id>/redeliver",
    summary="Deliver again",
    tags=["Webhook"],
    responses=answers("delivery_not_found", "not_subscribed", ok=ACCEPTED),
)
def redeliver_event(event_id: str) -> Response[Redelivery]:
    """Sends one of the newest 100 messages again, if your webhook still subscribes to its type."""
    from cavok.services.webhooks import redeliver

    redeliver(router.caller.organization_id, event_id, **_by_hand())
    return accepted(Redelivery())


@router.post(
    "/v1/organization/webhook/deliveries/<account_id>/<period>/<percent>/redeliver",
    summary="Deliver a usage event again",
    tags=["Webhook"],
    responses=answers("delivery_not_found", "not_subscribed", ok=ACCEPTED),
)
def redeliver_usage_event(account_id: str, period: str, percent: str) -> Response[Redelivery]:
    """The same for the `event_id` of a `Usage Threshold Crossed`, which has slashes."""
    return redeliver_event(f"{account_id}/{period}/{percent}")


def _by_hand() -> dict[str, Any]:
    return {
        "requester": router.requester,
        "webhooks": wiring.webhooks(),
        "quotas": wiring.quotas(),
        "messages": wiring.webhook_messages(),
        "now": router.now(),
    }
