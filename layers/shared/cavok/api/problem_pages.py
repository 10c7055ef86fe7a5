"""The pages that explain problems: what each code means, what to do, and an example. Loaded only to
show one.
"""

import json
from html import escape
from http import HTTPStatus
from typing import NamedTuple

from cavok.api import html
from cavok.api.problems import STATUS_OF_CODE, type_of


class Explanation(NamedTuple):
    """What a code means, what a client does about it, and the `detail` of an example."""

    meaning: str
    remedy: str
    detail: str


_AGAIN = "Send the same request again after the seconds that Retry-After says."
_NOTHING_THERE = (
    "Check the id. The answer is the same for what does not exist and for what belongs to another "
    "organization."
)

EXPLANATIONS = {
    "account_not_found": Explanation(
        "Your organization has no account with this id: it never had, or the account was deleted.",
        f"{_NOTHING_THERE} GET /v1/accounts lists your accounts.",
        "There is no such account in your organization.",
    ),
    "already_connected": Explanation(
        "Your organization has connected this AWS account number already. It can do so once.",
        "Use the existing account: GET /v1/accounts?q= with the number finds it.",
        "Account number 123456789012 is already connected.",
    ),
    "already_controlled": Explanation(
        "The instance is a resource of this account already.",
        "Change the schedule of the existing resource, with PATCH.",
        "i-0123456789abcdef0 is a resource already.",
    ),
    "busy_with_others": Explanation(
        "Other requests changed the same thing at the same moment, and were faster.",
        "Read it again, then send the request again.",
        "The account is being changed by others at this moment. Please try again.",
    ),
    "changed_meanwhile": Explanation(
        "Other requests kept changing the same thing, so this one never had its turn.",
        _AGAIN,
        "The webhook is being changed.",
    ),
    "delivery_not_found": Explanation(
        "The webhook's newest 100 deliveries do not have this event.",
        "Take an event_id from GET /v1/organization/webhook/deliveries.",
        "There is no such delivery among the newest of your webhook.",
    ),
    "forbidden": Explanation(
        "Your token is valid, but does not allow this. Viewers may read, admins may change. The "
        "token must name an organization.",
        "Send an ID token, not an access token. Ask an admin of your organization for the group.",
        "Only admins can make changes. Ask an admin to make this one.",
    ),
    "has_no_access_key": Explanation(
        "The account is entered through an IAM role, so there is no access key to replace.",
        "Change role_name or role_path of the account instead.",
        "This account is entered through a role; it has no access key to replace.",
    ),
    "instance_not_found": Explanation(
        "The account has no such instance in the region, or in any of its regions.",
        "Check the kind, the id and the region. GET …/instances lists what is there.",
        "There is no rds instance orders in us-east-1.",
    ),
    "interaction_refused": Explanation(
        "The account's instances cannot be used this way at present. `detail` says why: AWS "
        "refused, the instance's state does not allow it, or its region is not clear.",
        "Do what the detail says. Where AWS refused, test the account: the test names the policy.",
        "The last test found that AWS refuses rds:StopDBInstance (identity_policy).",
    ),
    "internal_error": Explanation(
        "Something failed on our side. It was logged.",
        "Try again later. If it stays, ask for help and quote the request_id.",
        "Something failed on our side. It was logged.",
    ),
    "invalid_fields": Explanation(
        "Fields of the body, parameters or headers have values that the API does not take, or that "
        "it does not know.",
        "Correct each field that `errors` names.",
        "Please correct: name.",
    ),
    "made_and_deleted": Explanation(
        "The account that an earlier request with this Idempotency-Key made was deleted.",
        "To connect it anew, use a new key.",
        "The account that this Idempotency-Key created was deleted. Use a new key.",
    ),
    "malformed_header": Explanation(
        "A header is not written as its standard says, such as an If-Match without quotes.",
        "Send the ETag exactly as it was received, with its quotes.",
        'If-Match takes ETags, such as "7", or *; not 7',
    ),
    "malformed_request": Explanation(
        "The body cannot be read: it is not JSON in UTF-8, longer than 64 kB, nested too deep, or "
        "has an integer of more than 64 bits.",
        "Send one JSON object.",
        "The body is not valid JSON.",
    ),
    "method_not_allowed": Explanation(
        "The path exists, but not for this method.",
        "Use a method that the header Allow names.",
        "This path is for GET and HEAD and POST.",
    ),
    "no_such_path": Explanation(
        "The API has no such path.",
        "Compare it with the API's description.",
        "There is nothing at this path.",
    ),
    "not_answered": Explanation(
        "AWS did not answer a call in your account, or refused it for the moment. Where a start or "
        "stop may have been carried out all the same, `detail` says so.",
        f"{_AGAIN} With the same Idempotency-Key it acts once.",
        "EC2 did not answer. Please try again.",
    ),
    "not_connected": Explanation(
        "The account is not connected: it is unconfirmed, failed or revoked. So nothing in it is "
        "used.",
        "Follow its instructions, then test it. A revoked account only needs the test.",
        "The account Production1 is unconfirmed, not connected: follow its Instructions, press "
        "Test, and try again.",
    ),
    "overtaken": Explanation(
        "A later request started or stopped the same instance. Nothing was done for this one.",
        "Check the state of the instance before you ask again.",
        "A later request started or stopped it meanwhile. Nothing was done.",
    ),
    "precondition_failed": Explanation(
        "What you asked about is at none of the versions that If-Match names, because somebody "
        "changed it since you read it, or at one that If-None-Match names. Nothing was done.",
        "Read it again, look at what changed, and send the request with the new ETag.",
        "The account has changed: it is at version 8.",
    ),
    "quota_exceeded": Explanation(
        "Your organization did this too often.",
        "Wait the seconds that Retry-After says. RateLimit-Policy has the limit.",
        "Your organization may have 6 webhook tests in 60 seconds. Please wait.",
    ),
    "refused": Explanation(
        "The request cannot be served as it is.",
        "Compare it with the API's description.",
        "Bad Request",
    ),
    "resource_not_found": Explanation(
        "The account has no resource with this id.",
        f"{_NOTHING_THERE} GET …/resources lists those of the account.",
        "There is no such resource of this account.",
    ),
    "service_unavailable": Explanation(
        "A service that the API depends on did not answer, or is busy.",
        _AGAIN,
        "AWS did not answer us. Please try again.",
    ),
    "still_running": Explanation(
        "An earlier request with the same Idempotency-Key may still be carried out.",
        _AGAIN,
        "The first request with this Idempotency-Key may still be running. Please try again.",
    ),
    "unsupported_media_type": Explanation(
        "The body's Content-Type is not application/json.",
        "Send JSON, and say so.",
        "Send a JSON body with Content-Type: application/json.",
    ),
    "verification_not_found": Explanation(
        "The account has no test with this id.",
        f"{_NOTHING_THERE} GET …/verifications lists those of the account.",
        "There is no such verification of this account.",
    ),
    "verification_not_started": Explanation(
        "The test could not be started, so there is none.",
        _AGAIN,
        "The test could not be started. Please try again.",
    ),
    "webhook_not_found": Explanation(
        "Your organization has set no webhook.",
        "Set one with PUT /v1/organization/webhook.",
        "Your organization has set no webhook.",
    ),
    "webhook_paused": Explanation(
        "The webhook is paused, because its receiver failed again and again. Messages wait.",
        "Fix the receiver and resume the webhook, then deliver the message again.",
        "The webhook is paused. Resume it, then deliver the message again.",
    ),
}
"""One for each code."""


def example(code: str) -> dict[str, object]:
    """A problem with this code."""
    status = STATUS_OF_CODE[code]
    made: dict[str, object] = {
        "type": type_of(code),
        "title": status.phrase,
        "status": status.value,
        "detail": EXPLANATIONS[code].detail,
        "code": code,
        "request_id": "JKJaXmPLvHcESHA=",
    }
    if status is HTTPStatus.UNPROCESSABLE_ENTITY:
        message = "A name is 1 to 64 letters and digits, without spaces or other characters."
        made["errors"] = [{"field": "name", "message": message}]
    return made


def page(code: str) -> str:
    """The page of a code, as HTML. Its links are relative: right under every prefix."""
    meaning, remedy, _ = map(escape, EXPLANATIONS[code])
    status, shown = STATUS_OF_CODE[code], escape(json.dumps(example(code), indent=2), quote=False)
    return html.page(
        f"{code} · Cavok Accounts",
        f"<h1><code>{code}</code></h1><p>{status.value} {status.phrase}</p>"
        f"<h2>What it means</h2><p>{meaning}</p>"
        f"<h2>What to do</h2><p>{remedy}</p>"
        f"<h2>Example</h2><pre>{shown}</pre>"
        '<p><a href="../../docs">The API</a></p>',
    )
