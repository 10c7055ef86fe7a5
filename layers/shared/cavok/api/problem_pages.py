"""The pages that explain problems: what each code means, what to do, and an example. Loaded only to
show one.
"""

import json
from html import escape
from typing import NamedTuple

from cavok.api import html
from cavok.api.problems import STATUS_OF_CODE, title_of, type_of
from cavok.api.responses import PHRASES


class Explanation(NamedTuple):
    """What a code means, what to do about it, and the `detail` of an example."""

    meaning: str
    remedy: str
    detail: str


_AGAIN = "Send the same request again after the seconds that Retry-After says."
_NOTHING_THERE = (
    "Check the id. The answer is the same whether the id does not exist or belongs to another "
    "organization."
)

EXPLANATIONS = {
    "account_not_found": Explanation(
        "Your organization has no account with this id: it never existed, or it was deleted.",
        f"{_NOTHING_THERE} GET /v1/accounts lists your accounts.",
        "There is no such account in your organization.",
    ),
    "admins_only": Explanation(
        "Your token is valid, and you may read. Only admins and operators may change something,"
        " or list instances again with `refresh`.",
        "Ask an admin of your organization to do it, or to make you an admin. List instances "
        "without `refresh`.",
        "Only admins can make changes. Ask an admin to make this one.",
    ),
    "already_connected": Explanation(
        "Your organization has already connected this AWS account number. It can do so only once.",
        "Use the existing account: GET /v1/accounts?q= with the number finds it.",
        "Account number 123456789012 is already connected.",
    ),
    "already_controlled": Explanation(
        "The instance is a resource of this account already.",
        "Change the schedule of the existing resource, with PATCH.",
        "orders is a resource already.",
    ),
    "already_enrolled": Explanation(
        "The account is that of another enrollment of your organization, or manages its AWS "
        "Organization. Its roles and its stack set have names that an account has once, so a "
        "second stack could not be deployed.",
        "Change the enrollment that the detail names, with PATCH; or end it, delete its stack, and "
        "send the request again.",
        "management_account_id: account 123456789012 is that of the enrollment Northwind "
        "(01JN8Q5M3C0000000000000E01), or manages its AWS Organization. Change that enrollment, or "
        "end it first.",
    ),
    "ambiguous_instance": Explanation(
        "The account has instances of this kind and identifier in several regions.",
        "Send the request with `?region=` and one of the regions that the detail names.",
        "orders exists in eu-west-1, us-east-1: say which with ?region=",
    ),
    "busy_with_others": Explanation(
        "Other requests changed the same thing at the same moment, and were faster; or a request "
        "for many accounts had no time left.",
        "Read it again, then send the request again.",
        "Others are changing the account. Try again.",
    ),
    "changed_meanwhile": Explanation(
        "Other requests kept changing the same thing, so this one never had its turn.",
        _AGAIN,
        "The webhook is being changed.",
    ),
    "cursor_not_issued": Explanation(
        "This list did not issue the cursor to your organization for this selection.",
        "Begin at the first page, without a cursor, and take each cursor from next_cursor.",
        "Please correct: cursor.",
    ),
    "delivery_not_found": Explanation(
        "This event is not among the webhook's newest 100 deliveries.",
        "Take an event_id from GET /v1/organization/webhook/deliveries.",
        "There is no such delivery among the newest of your webhook.",
    ),
    "enrollment_not_found": Explanation(
        "Your organization has no enrollment with this id: it never existed, or it was ended.",
        f"{_NOTHING_THERE} GET /v1/enrollments lists your enrollments.",
        "There is no such enrollment in your organization.",
    ),
    "excluded_by_tag": Explanation(
        "The instance has the tag cavok:exclude=true, which forbids Cavok to start or stop it.",
        "If Cavok should start and stop it after all, remove the tag.",
        "i-0123456789abcdef0 is excluded by its tag cavok:exclude=true.",
    ),
    "has_no_account_yet": Explanation(
        "The enrollment does not know in which AWS account you deployed its stack, so there is "
        "nothing to enter.",
        "Send the account's number as management_account_id with PATCH, then synchronize.",
        "Enter the number of the account in which you deployed the stack: management_account_id.",
    ),
    "has_no_access_key": Explanation(
        "The account is entered through an IAM role, so there is no access key to replace.",
        "Change role_name or role_path of the account instead.",
        "This account is entered through a role; it has no access key to replace.",
    ),
    "has_no_version": Explanation(
        "The request has a condition, but it is sent to a list, an instance or a message, which "
        "has no version. So no ETag in If-Match can match. `If-None-Match: *` fails because the "
        "list exists. Nothing was done.",
        "Send it without the condition. If the request takes an Idempotency-Key, use one: that "
        "makes it safe to repeat.",
        "Nothing at this path has a version. Leave out If-Match.",
    ),
    "in_no_group": Explanation(
        "Your token is valid, but you are in none of the groups viewer, admin and operator, so "
        "you may not even read.",
        "Ask an admin of your organization to add you to one, then sign in again.",
        "You are in none of the groups viewer, admin and operator. Ask an admin to add you.",
    ),
    "instance_not_found": Explanation(
        "The account has no such instance in the region, or in any of its regions.",
        "Check the kind, the id and the region. GET …/instances lists what is there.",
        "There is no rds instance invoices in this account's regions.",
    ),
    "interaction_refused": Explanation(
        "An earlier request with the same Idempotency-Key was refused, before a release that "
        "stores why. The answer is the same again; nothing was tried.",
        "Do what the detail says, then use a new key.",
        "i-0123456789abcdef0 is excluded by its tag cavok:exclude=true.",
    ),
    "internal_error": Explanation(
        "Something failed on our side. It was logged.",
        "Try again later. If it stays, ask for help and quote the request_id.",
        "Something failed on our side. It was logged.",
    ),
    "invalid_fields": Explanation(
        "Fields of the body, parameters or headers have invalid values, or are unknown to the API.",
        "Correct each field that `errors` names.",
        "Please correct: name.",
    ),
    "invitation_not_found": Explanation(
        "No invitation opens with the header Invitation: it never did, it expired or was withdrawn,"
        " a newer one replaced it, or its account was deleted. The answer does not say which.",
        "Send all that follows `#/invitation/` in the link, or ask the person who sent it for a "
        "new one.",
        "This link is not valid, or not any more. Ask the person who sent it for a new one.",
    ),
    "key_reused": Explanation(
        "An earlier request with this Idempotency-Key had another body. Nothing was done.",
        "Use a new key for a new request. To repeat a request, send the same body.",
        "Please correct: Idempotency-Key.",
    ),
    "later_request_pending": Explanation(
        "A later request may be starting or stopping the same instance. Nothing was done for "
        "this one.",
        "Wait some seconds and check the state of the instance before you ask again.",
        "A later request may be starting or stopping it. Nothing was done.",
    ),
    "made_and_deleted": Explanation(
        "The account that an earlier request with this Idempotency-Key created was deleted, or "
        "the enrollment was ended.",
        "To connect it again, use a new key.",
        "The account that this Idempotency-Key created was deleted. Use a new key.",
    ),
    "malformed_header": Explanation(
        "A header does not follow its standard, such as an If-Match without quotes.",
        "Send the ETag exactly as it was received, with its quotes.",
        'If-Match takes ETags, such as "7", or *; not 7',
    ),
    "malformed_request": Explanation(
        "The body cannot be read: it is not JSON in UTF-8, longer than 64 kB (of many accounts, "
        "512 kB), nested too deep, or has an integer of more than 64 bits.",
        "Send one JSON object.",
        "The body is not valid JSON.",
    ),
    "member_of_cluster": Explanation(
        "The database is a member of a cluster, and starts and stops with it.",
        "Start or stop the cluster that the detail names.",
        "orders-1 is a member of the cluster orders: stop the cluster.",
    ),
    "method_not_allowed": Explanation(
        "The path exists, but not for this method.",
        "Use a method from the header Allow.",
        "This path is for GET and HEAD and POST.",
    ),
    "no_capacity": Explanation(
        "AWS has no capacity for the instance at present.",
        "Try again later, or change the instance's type or zone.",
        "AWS did not carry out ec2:StartInstances: InsufficientInstanceCapacity: No capacity.",
    ),
    "no_such_path": Explanation(
        "The API has no such path.",
        "Check the path against the API documentation.",
        "There is nothing at this path.",
    ),
    "not_answered": Explanation(
        "AWS did not answer a call in your account, or refused it for the moment. Nothing was "
        "started or stopped.",
        _AGAIN,
        "EC2 did not answer. Please try again.",
    ),
    "not_connected": Explanation(
        "The account is not connected: it is unconfirmed or failed. So Cavok does not use it.",
        "Follow its instructions, then test it.",
        "The account Production1 is unconfirmed, not connected: follow its Instructions, press "
        "Test, and try again.",
    ),
    "not_let_in": Explanation(
        "AWS does not let Cavok into the account: its role cannot be assumed, or its access key"
        " is refused.",
        "Test the account: the test says what is wrong and what to do.",
        "AWS does not let Cavok into the account: AccessDenied: no. Press Test to see what is "
        "wrong.",
    ),
    "not_readable": Explanation(
        "AWS described an instance without a field that Cavok needs. It may be the requested "
        "instance, so nothing was done.",
        "Look at the instance in AWS's console: it may be new, or being deleted. Send the request "
        "again later, or ask Cavok's support.",
        "orders could not be looked for in eu-west-1: Of the RDS instances in AWS's answer, 1 "
        "cannot be read (no DBInstanceClass).",
    ),
    "not_subscribed": Explanation(
        "The webhook does not subscribe to this type of event any more, so the message would not "
        "be sent.",
        "Add the type to the webhook's events, then deliver the message again.",
        "Your webhook does not subscribe to Account Failed. Add it, then deliver the message "
        "again.",
    ),
    "overtaken": Explanation(
        "A later request started or stopped the same instance. Nothing was done for this one.",
        "Check the state of the instance before you ask again.",
        "A later request started or stopped it meanwhile. Nothing was done.",
    ),
    "perhaps_done": Explanation(
        "AWS did not answer a start or stop. It may have carried it out nevertheless.",
        f"{_AGAIN} With the same Idempotency-Key it acts only once. Without one, check the "
        "instance first.",
        "AWS did not carry out ec2:StopInstances: RequestTimeout: no answer",
    ),
    "operation_not_found": Explanation(
        "Your organization has no bulk operation with this id, or it began more than a week ago.",
        "Take the id from the answer that began it. Another organization's is not found either.",
        "There is no such operation of your organization.",
    ),
    "policy_too_long": Explanation(
        "A policy that names each instance would be longer than IAM allows.",
        "Ask for by=tag, whose length does not depend on the number of instances.",
        "Please correct: by.",
    ),
    "precondition_failed": Explanation(
        "If-Match does not name the current version: somebody has changed it since you read it, or "
        "the tag is weak. Or If-None-Match names the current version. Nothing was done.",
        "Read it again, check what changed, and send the request with the new ETag.",
        "The account is at version 3, which your condition does not allow.",
    ),
    "quota_exceeded": Explanation(
        "Your organization has used up this quota.",
        "Wait as many seconds as Retry-After says. RateLimit-Policy has the limit.",
        "Your organization may have 1200 requests in 60 seconds. Please wait.",
    ),
    "refused": Explanation(
        "The API cannot serve this request.",
        "Check the request against the API documentation.",
        "Bad Request",
    ),
    "refused_by_aws": Explanation(
        "AWS refuses a call that this request needs, or refused it in the account's last test.",
        "Test the account: the test names the permission and the policy that refuses it. Grant "
        "it, test again, and then send the request again.",
        "The last test found that AWS refuses rds:StopDBInstance (identity_policy). Grant it as"
        " the Instructions show, press Test, and try again.",
    ),
    "region_unusable": Explanation(
        "No call works in this region: the account has not enabled it, or AWS refuses every "
        "call there.",
        "Enable the region, or take it out of the account's regions, then test the account.",
        "The last test found that the account has not enabled this region. Press Test to look "
        "again.",
    ),
    "resource_not_found": Explanation(
        "The account has no resource with this id.",
        f"{_NOTHING_THERE} GET …/resources lists the account's resources.",
        "There is no such resource of this account.",
    ),
    "role_lets_others_in": Explanation(
        "The account's role can be assumed without the external ID of your organization, so "
        "others could use it. The account has failed, and nothing was done.",
        "Correct the role's trust policy as the instructions show, then test the account.",
        "Nothing was done. The role can be assumed without its external ID. Deploy it again.",
    ),
    "selection_changed": Explanation(
        "The bulk operation would have more or fewer accounts than the request's expected_total: "
        "some joined or left meanwhile. Nothing was done.",
        "Look at the accounts again. Then send the request with their new number.",
        "This now selects 2 accounts, not 1. Look at them again, and send the request with their "
        "new number.",
    ),
    "selection_too_large": Explanation(
        "The filter of a bulk operation selects more accounts than one operation may have. Nothing "
        "was done.",
        "Select fewer of them, such as those in one status, and begin several operations.",
        "Please correct: selection.filter.",
    ),
    "service_unavailable": Explanation(
        "A service that the API depends on did not answer, or is busy.",
        _AGAIN,
        "AWS did not answer us. Please try again.",
    ),
    "still_running": Explanation(
        "An earlier request with the same Idempotency-Key may still be running.",
        _AGAIN,
        "The first request with this Idempotency-Key may still be running. Please try again.",
    ),
    "synchronization_not_found": Explanation(
        "This enrollment has no such synchronization, or it is older than 90 days.",
        "Take the id from the answer that started it. Another organization's is not found either.",
        "There is no such synchronization of this enrollment.",
    ),
    "synchronization_not_started": Explanation(
        "AWS Step Functions did not start the synchronization. Nothing was synchronized.",
        _AGAIN,
        "The synchronization could not be started. Please try again in a moment.",
    ),
    "token_without_organization": Explanation(
        "Your token is valid, but names no organization.",
        "Send an ID token, not an access token, of a user who belongs to an organization.",
        "Your token names no organization. Use an ID token of a user who belongs to one.",
    ),
    "too_many_enrollments": Explanation(
        "Your organization has ten enrollments, which is the most.",
        "End one that you do not need, then make this one.",
        "Your organization may have 10 enrollments. End one first.",
    ),
    "unsupported_media_type": Explanation(
        "The body's Content-Type is not application/json, or it has a Content-Encoding.",
        "Send JSON without compression, with Content-Type: application/json.",
        "Send a JSON body with Content-Type: application/json.",
    ),
    "use_ended": Explanation(
        "While the request ran, the account was deleted, revoked or changed, or its role was found "
        "open to others. Nothing was done.",
        "Read the account. If it is still there and connected, send the request again.",
        "Nothing was done: the use of the account Production1 ended meanwhile.",
    ),
    "use_revoked": Explanation(
        "A person revoked the use of the account, so Cavok does not use it. Its role is unchanged.",
        "To allow its use again, test it.",
        "A person revoked the use of the account Production1: press Test to use it again, and "
        "try again.",
    ),
    "verification_not_found": Explanation(
        "The account has no test with this id.",
        f"{_NOTHING_THERE} GET …/verifications lists the account's tests.",
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
    "wrong_state": Explanation(
        "The instance cannot be started or stopped from its current state.",
        "Wait until it is running or stopped, and send the request again. A state that does not"
        " end, such as failed, needs a person.",
        "orders is rebooting; it cannot stop now.",
    ),
}
"""One for each code."""

_FIELDS = {
    "cursor_not_issued": ("cursor", "This cursor was not issued for this list."),
    "invalid_fields": (
        "name",
        "A name is 1 to 64 letters and digits, without spaces or other characters.",
    ),
    "key_reused": ("Idempotency-Key", "This key was already used with another body."),
    "selection_too_large": (
        "selection.filter",
        "This selects more than 10,000 accounts. Select fewer of them.",
    ),
    "policy_too_long": (
        "by",
        "This policy would name too many instances. Ask for by=tag, whose length does not depend "
        "on the number of instances.",
    ),
}
"""The field that a problem is about, and what is wrong with it."""


def example(code: str) -> dict[str, object]:
    """A problem with this code."""
    status = STATUS_OF_CODE[code]
    made: dict[str, object] = {
        "type": type_of(code),
        "title": title_of(code),
        "status": status.value,
        "detail": EXPLANATIONS[code].detail,
        "code": code,
        "request_id": "JKJaXmPLvHcESHA=",
    }
    if code in _FIELDS:
        field, message = _FIELDS[code]
        made["errors"] = [{"field": field, "message": message}]
    return made


def page(code: str) -> str:
    """The page of a code, as HTML. Its links are relative, so that they work under every prefix."""
    meaning, remedy, _ = map(html.prose, EXPLANATIONS[code])
    status, shown = STATUS_OF_CODE[code], escape(json.dumps(example(code), indent=2), quote=False)
    return html.page(
        f"{code} · Cavok Accounts",
        f"<h1><code>{code}</code></h1><p>{status.value} {PHRASES[status]}</p>"
        f"<h2>What it means</h2><p>{meaning}</p>"
        f"<h2>What to do</h2><p>{remedy}</p>"
        f"<h2>Example</h2><pre>{shown}</pre>"
        '<p><a href="../../docs">The API</a></p>',
    )
