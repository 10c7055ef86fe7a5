"""The example of an answer shows the state in which its operation leaves things. Here each runs, on
what the examples show.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any
from unittest.mock import Mock

import boto3
import pytest
from botocore.client import BaseClient
from botocore.exceptions import ReadTimeoutError
from pynamodb.transactions import TransactWrite
from standardwebhooks import Webhook

from cavok import wiring
from cavok.adapters.table.accounts import AccountItem
from cavok.adapters.table.enrollment_totals import Counted, count_members
from cavok.adapters.table.members import save_member
from cavok.adapters.table.table import ItemChanged, Table
from cavok.api import examples, gate
from cavok.api.conditions import is_condition
from cavok.api.problem_pages import EXPLANATIONS
from cavok.api.problems import PROBLEM_JSON
from cavok.api.router import Router
from cavok.domain import audit
from cavok.domain.errors import QuotaExceeded
from cavok.domain.events import EventType
from cavok.domain.organizations import Organization
from cavok.domain.quotas import QuotaName
from cavok.domain.verifications import finish
from cavok.services.request_quota import RequestQuota
from tests.support.api import Answer, Api
from tests.support.builders import a_failed_delivery, steps_of
from tests.support.declared import described_api
from tests.support.enrollments import stored
from tests.support.moto_stack import begin_bulk, begin_test
from tests.support.tenants import whole_api

__all__ = ["whole_api"]

Json = dict[str, Any]
ADMIN = Api(examples.ADDED.organization_id, "admin")
OPERATIONS = {
    operation["operationId"]: (method.upper(), path, operation)
    for path, methods in described_api()["paths"].items()
    for method, operation in methods.items()
}
CHANGES = {
    name: (method, path, operation)
    for name, (method, path, operation) in OPERATIONS.items()
    if method != "GET" and "204" not in operation["responses"]
}


@pytest.fixture(autouse=True)
def now(monkeypatch: pytest.MonkeyPatch) -> None:
    """What a schedule does next depends on it."""
    at = examples.VERIFICATION.finished_at
    monkeypatch.setattr(Router, "now", staticmethod(lambda: at))


def add_account() -> None:
    organization_id, at = examples.ADDED.organization_id, examples.ADDED.created_at
    wiring.organizations().create(Organization.new(organization_id), at)
    joined, member = replace(examples.JOINED, version=0, writes=0), examples.MEMBER

    def of_its_enrollment(transaction: TransactWrite) -> None:
        save_member(transaction, member)
        counted = Counted(member.enrollment_id, None, member.state(joined))
        count_members(transaction, organization_id, [counted])

    entry = audit.created(joined, examples.REQUESTER)
    wiring.accounts().add(joined, None, entry=entry, with_items=of_its_enrollment)


def add_test() -> None:
    account = wiring.accounts().get(examples.ADDED.organization_id, examples.ADDED.account_id)
    tested, ended_at = begin_test(account, examples.RUNNING), examples.VERIFICATION.finished_at
    assert ended_at
    after, ended = finish(
        tested,
        examples.RUNNING,
        steps_of(account),
        ended_at,
        region_health=examples.HEALTH,
        template_version=examples.TEMPLATE_VERSION,
    )
    wiring.verifications().finish(tested, after, ended, None)


def add_database() -> None:
    rds().create_db_instance(
        DBInstanceIdentifier=examples.RESOURCE.instance_id,
        DBInstanceClass="db.t4g.micro",
        Engine="postgres",
        AllocatedStorage=20,
        MasterUsername="root",
        MasterUserPassword="not-a-secret",
    )


def stop_database() -> None:
    rds().stop_db_instance(DBInstanceIdentifier=examples.RESOURCE.instance_id)


def rds() -> Any:
    return boto3.client("rds", examples.RESOURCE.region)


def add_resource() -> None:
    wiring.resources().add(examples.RESOURCE)


def add_webhook() -> None:
    webhook, who = examples.WEBHOOK, examples.REQUESTER
    action, at = audit.AuditAction.WEBHOOK_SET, webhook.created_at
    entry = audit.of_webhook(action, webhook.organization_id, who, at)
    wiring.webhooks().save(None, webhook, entry, lambda transaction: None)


def add_deliveries() -> None:
    ids = examples.PARAMETERS
    of_usage = "/".join((ids["account_id"], ids["period"], ids["percent"]))
    for event_id, event_type in ((ids["event_id"], EventType.FAILED), (of_usage, EventType.USAGE)):
        failed = replace(a_failed_delivery(event_id, "{}"), type=event_type)
        wiring.webhooks().record(failed, failed.at)


def add_enrollment() -> None:
    enrolled, enrollments = examples.ENROLLED, wiring.enrollments()
    organization_id, at = enrolled.organization_id, enrolled.created_at
    wiring.organizations().create(Organization.new(organization_id), at)
    action = audit.AuditAction.ENROLLMENT_CREATED
    entry = audit.of_enrollment(action, enrolled, examples.REQUESTER, at)
    made = enrollments.create(replace(enrolled, writes=0), entry, lambda transaction: None)
    own, ended_at = examples.SYNCHRONIZING, examples.SYNCHRONIZATION.finished_at
    assert ended_at
    begun = made.begun(own.synchronization_id, own.started_at, by_person=True)
    enrollments.begin(made, begun, own, entry=None, count=lambda transaction: None)
    before = stored(enrolled.enrollment_id, organization_id)
    arn = examples.ENROLLMENT.organization_arn
    after = replace(before.synchronized(ended_at), organization_arn=arn)
    enrollments.end(before, after, own, examples.SYNCHRONIZATION.state, now=ended_at)


CONNECTED = (add_account, add_test, add_database)
BEFORE: dict[str, Sequence[Callable[[], None]]] = {
    "patch_account": CONNECTED,
    "create_verification": CONNECTED,
    "create_bulk_operation": CONNECTED,
    "detect": [add_account],
    "start_instance": [*CONNECTED, stop_database],
    "stop_instance": CONNECTED,
    "create_invitation": [add_account],
    "create_resource": CONNECTED,
    "patch_resource": [*CONNECTED, add_resource],
    "patch_enrollment": [*CONNECTED, add_enrollment],
    "delete_enrollment": [add_enrollment],
    "create_synchronization": [add_enrollment],
    "stop_operation": [lambda: add_operation()],  # noqa: PLW0108  it is defined below
    "post_webhook_test": [add_webhook],
    "redeliver_event": [add_webhook, add_deliveries],
    "redeliver_usage_event": [add_webhook, add_deliveries],
}
"""What comes before an operation, unless nothing does."""


def examples_of(operation: Json) -> Json:
    """Those of its parameters, by name."""
    return {each["name"]: each["example"] for each in operation.get("parameters", ())}


@pytest.mark.parametrize("name", CHANGES)
def test_an_example_shows_the_state_in_which_its_operation_leaves_things(name: str) -> None:
    method, path, operation = CHANGES[name]
    for step in BEFORE.get(name, ()):
        step()
    sent = example_of_body(operation)
    known = examples_of(operation)

    answer = ADMIN.send(method, path.format_map(known), sent)

    shown, schema = example_of_answer(operation, answer)
    assert state(shown, schema) == state(answer.json, schema)
    for field, value in {**known, **(sent or {})}.items():
        assert shown.get(field, value) == value, field


CONDITIONAL = [
    name
    for name, (method, _, operation) in OPERATIONS.items()
    if method != "GET" and "if-match" in {each["name"] for each in operation.get("parameters", ())}
]


@pytest.mark.parametrize("name", CONDITIONAL)
def test_the_examples_of_conditions_together_let_a_change_happen(name: str) -> None:
    method, path, operation = OPERATIONS[name]
    for step in [add_account] if name == "detect" else EVERYTHING:
        step()
    known = examples_of(operation)
    conditions = {name: known[name] for name in ("if-match", "if-none-match")}

    answer = ADMIN.send(method, path.format_map(known), example_of_body(operation), conditions)

    if name == "put_credentials":  # looked at once the conditions hold
        assert answer.json["code"] == "has_no_access_key"
    else:
        assert answer.status < 300, answer.json


def example_of_body(operation: Json) -> Any:
    content = operation.get("requestBody", {}).get("content", {})
    for body in content.values():
        return examples.EXAMPLES[component(body["schema"])]
    return None


def example_of_answer(operation: Json, answer: Answer) -> tuple[Any, Json]:
    body = operation["responses"][str(answer.status)]["content"]["application/json"]
    name = component(body["schema"])
    return body.get("example", examples.EXAMPLES[name]), body["schema"]


def component(schema: Json) -> str:
    return str(schema["$ref"]).rpartition("/")[2]


def state(value: Any, schema: Json) -> Any:
    """What says how things stand: which fields are null, and every truth and name of a closed set.
    Of all else, only that it is there.
    """
    if name := component(schema) if "$ref" in schema else None:
        return state(value, described_api()["components"]["schemas"][name])
    if value is None or isinstance(value, bool):
        return value
    options = schema.get("anyOf", ())
    if options:
        return state(value, next(each for each in options if each != {"type": "null"}))
    if isinstance(value, dict):
        shapes = schema.get("properties", {})
        return {name: state(each, shapes.get(name, {})) for name, each in value.items()}
    if isinstance(value, list):
        return bool(value)
    return value if "enum" in schema else "…"


# ---- what is only read ---------------------------------------------------------------------------

READS = {
    name: (path, operation)
    for name, (method, path, operation) in OPERATIONS.items()
    if method == "GET"
}


def add_interaction() -> None:
    wiring.interactions().record(examples.INTERACTION)


def add_delivery() -> None:
    wiring.webhooks().record(examples.DELIVERY, examples.DELIVERY.at)


def add_operation() -> None:
    begin_bulk(examples.BULK_OPERATION, [examples.ADDED.account_id] * 2)


def add_problem() -> None:
    with AccountItem.batch_write() as batch:
        batch.save(AccountItem.of(examples.WITH_A_PROBLEM))


def add_invitation() -> None:
    invitation, who = examples.INVITATION, examples.REQUESTER
    entry = audit.invited(examples.ADDED, who, examples.ADDED.created_at, invitation.expires_at)
    wiring.invitations().save(invitation, entry, lambda transaction: None)


EVERYTHING = (
    *CONNECTED,
    add_resource,
    add_interaction,
    add_invitation,
    add_enrollment,
    add_webhook,
    add_delivery,
    add_operation,
)
BEFORE_IT_IS_READ: dict[str, Sequence[Callable[[], None]]] = {
    "get_instructions": [add_account],
    "list_problems": [add_account, add_problem],
}


@pytest.mark.parametrize("name", READS)
def test_an_example_shows_what_is_read(name: str) -> None:
    path, operation = READS[name]
    for step in BEFORE_IT_IS_READ.get(name, EVERYTHING):
        step()
    known = {
        name: value for name, value in examples_of(operation).items() if not is_condition(name)
    }

    query, place = queried(operation, known), path.format_map(known)
    if "cursor" in query:
        following = ADMIN.get(place, **query)
        assert following.status == 200, following.text
        del query["cursor"]

    answer = ADMIN.get(place, token_of(known), **query)

    assert answer.status == 200, answer.text
    shown, schema = example_of_answer(operation, answer)
    assert state(shown, schema) == state(answer.json, schema)


def token_of(known: Json) -> dict[str, str]:
    """The header of an operation that asks for an invitation."""
    return {"Invitation": known["invitation"]} if "invitation" in known else {}


def queried(operation: Json, known: Json) -> Json:
    names = {each["name"] for each in operation.get("parameters", ()) if each["in"] == "query"}
    return {name: value for name, value in known.items() if name in names}


def test_the_smallest_policy_is_that_of_what_the_examples_show() -> None:
    for step in EVERYTHING:
        step()
    path, operation = READS["get_least_privilege"]

    answer = ADMIN.get(path.format_map(examples.PARAMETERS))

    shown, _ = example_of_answer(operation, answer)
    for field in ("policy_document", "removes", "covers"):
        assert answer.json[field] == shown[field], field


# ---- problems ------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Request:
    """A request of the examples. Nothing is in its way."""

    method: str
    path: str
    known: Json
    body: Any
    patch: pytest.MonkeyPatch

    def send(
        self, sender: Api = ADMIN, body: Any = None, query: Json | None = None, **headers: str
    ) -> Answer:
        given = {name.replace("_", "-"): value for name, value in headers.items()}
        given = token_of(self.known) | given
        path = self.path.format_map(self.known)
        return sender.send(self.method, path, body or self.body, given, query)


def at_another_version(request: Request) -> Answer:
    """A schedule that is set already is no change, so another one."""
    body = {"schedule": None} if request.path.endswith("/resources/{resource_id}") else None
    return request.send(body=body if request.method == "PATCH" else None, If_Match='"9"')


def with_another_id(request: Request) -> Answer:
    """The last one of the path."""
    name = [each for each in re.findall(r"{(\w+)}", request.path) if each.endswith("_id")][-1]
    return with_(request, name, f"{request.known[name][:-1]}9")


def with_(request: Request, name: str, value: str) -> Answer:
    return replace(request, known=request.known | {name: value}).send()


def by(group: str | None, **claims: str) -> Callable[[Request], Answer]:
    return lambda request: request.send(Api(ADMIN.organization_id, group, claims))


def after(change: Callable[[], Answer]) -> Callable[[Request], Answer]:
    def way(request: Request) -> Answer:
        assert change().status < 300
        return request.send()

    return way


def while_others_write(request: Request) -> Answer:
    @contextmanager
    def changed(_: Table) -> Iterator[Mock]:
        yield Mock()
        raise ItemChanged({0})

    request.patch.setattr(Table, "transaction", changed)
    # The schedule of the example is there already, and would not be written.
    return request.send(body={"schedule": None} if "{resource_id}" in request.path else None)


def beyond_a_quota(request: Request) -> Answer:
    minute = timedelta(minutes=1)
    refused = QuotaExceeded(QuotaName.REQUESTS, 1200, minute, minute)
    request.patch.setattr(RequestQuota, "take", Mock(side_effect=refused))
    return request.send()


def without_aws(request: Request) -> Answer:
    gone = ReadTimeoutError(endpoint_url="https://aws.example")
    request.patch.setattr(BaseClient, "_make_api_call", Mock(side_effect=gone))
    return request.send()


def with_a_fault_of_ours(request: Request) -> Answer:
    request.patch.setattr(gate, "check", Mock(side_effect=ValueError))
    return request.send()


def of_another_number(request: Request) -> Answer:
    return request.send(body=examples.EXAMPLES["BulkRequestBody"] | {"expected_total": 1})


def without_an_account(request: Request) -> Answer:
    body = {**examples.EXAMPLES["NewEnrollmentBody"]}
    del body["management_account_id"]
    made = ADMIN.post("/v1/enrollments", body).json
    return with_(request, "enrollment_id", made["enrollment_id"])


def beyond_ten(request: Request) -> Answer:
    body = examples.EXAMPLES["NewEnrollmentBody"]
    others = [body | {"management_account_id": f"90000000000{number}"} for number in range(10)]
    for each in others:
        assert ADMIN.post("/v1/enrollments", each).status == 201
    return request.send()


WEBHOOK = "/v1/organization/webhook"
OTHER_EVENTS = examples.EXAMPLES["WebhookSettings"] | {"events": ["Account Confirmed"]}
ACCOUNT = f"/v1/accounts/{examples.ADDED.account_id}"
WAYS: dict[str, Callable[[Request], Answer]] = {
    "account_not_found": with_another_id,
    "admins_only": by("viewer"),
    "already_connected": Request.send,
    "already_controlled": by("admin", email="grace@northwind.example"),
    "busy_with_others": while_others_write,
    "delivery_not_found": with_another_id,
    "enrollment_not_found": with_another_id,
    "has_no_access_key": Request.send,
    "has_no_account_yet": without_an_account,
    "has_no_version": lambda request: request.send(If_Match='"9"'),
    "in_no_group": by(None),
    "instance_not_found": lambda request: with_(request, "instance_id", "invoices"),
    "internal_error": with_a_fault_of_ours,
    "invalid_fields": lambda request: request.send(query={"unknown": "1"}),
    "invitation_not_found": lambda request: request.send(Invitation="another"),
    "malformed_header": lambda request: request.send(If_Match="7"),
    "malformed_request": lambda request: request.send(body="{"),
    "not_connected": after(lambda: ADMIN.patch(ACCOUNT, {"role_name": "CavokOther"})),
    "not_subscribed": after(lambda: ADMIN.put(WEBHOOK, OTHER_EVENTS)),
    "operation_not_found": with_another_id,
    "precondition_failed": at_another_version,
    "quota_exceeded": beyond_a_quota,
    "resource_not_found": with_another_id,
    "selection_changed": of_another_number,
    "service_unavailable": without_aws,
    "synchronization_not_found": with_another_id,
    "too_many_enrollments": beyond_ten,
    "unsupported_media_type": lambda request: request.send(body="{}", Content_Type="text/plain"),
    "verification_not_found": with_another_id,
    "webhook_not_found": after(lambda: ADMIN.delete(WEBHOOK)),
}
"""How to make an operation answer with a code."""


def problems_of(operation: Json) -> Json:
    """The examples of its problems, by status."""
    return {
        status: body["example"]
        for status, answer in operation["responses"].items()
        if (body := answer.get("content", {}).get(PROBLEM_JSON))
    }


@pytest.mark.parametrize("name", OPERATIONS)
def test_the_example_of_each_problem_is_what_its_operation_answers(
    name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    method, path, operation = OPERATIONS[name]
    alone = name in ("detect", "create_enrollment")  # the example's enrollment is not there yet
    for step in [add_account] if alone else [*EVERYTHING, add_deliveries]:
        step()
    known = examples_of(operation)
    shown = problems_of(operation)

    # Others first: these two may need something to be changed, and it stays so.
    for status in sorted(shown, key=lambda status: (status in ("404", "409"), status)):
        with monkeypatch.context() as patch:
            request = Request(method, path, known, example_of_body(operation), patch)
            answer = WAYS[shown[status]["code"]](request)

        own_id = {"request_id": answer.json["request_id"]}
        assert answer.json == shown[status] | own_id
        assert str(answer.status) == status == str(shown[status]["status"])
    assert {"400", "412", "422", "500"} <= shown.keys()
    assert ({"403", "429", "503"} <= shown.keys()) is (operation.get("security") != [])


def test_every_way_to_fail_is_that_of_an_example() -> None:
    codes = {
        problem["code"]
        for _, _, operation in OPERATIONS.values()
        for problem in problems_of(operation).values()
    }

    assert codes == WAYS.keys()


# ---- messages ------------------------------------------------------------------------------------


def found(value: Any, name: str) -> Iterator[Json]:
    """Every object that has this field."""
    if isinstance(value, dict):
        if value.get(name):
            yield value
        value = list(value.values())
    for each in value if isinstance(value, list) else ():
        yield from found(each, name)


def test_each_test_and_each_interaction_is_one_wherever_an_example_shows_it() -> None:
    shown = [examples.EXAMPLES, examples.MESSAGES, examples.ANSWERS]
    tests = [each for each in found(shown, "verification_id") if each["finished_at"]]
    acts = {
        (each["interaction_id"], each["action"], each["at"])
        for each in found(shown, "interaction_id")
    }

    ends = {(each["verification_id"], each["outcome"], each["finished_at"]) for each in tests}
    assert {outcome for _, outcome, _ in ends} == {"confirmed", "degraded", "failed"}
    assert len({id_ for id_, _, _ in ends}) == len({at for _, _, at in ends}) == len(ends)
    assert {action for _, action, _ in acts} == {"start", "stop"}
    assert len({id_ for id_, _, _ in acts}) == len({at for _, _, at in acts}) == len(acts)


def test_every_part_of_a_fix_is_shown_by_an_example() -> None:
    shown = [*found([examples.EXAMPLES, examples.MESSAGES, examples.ANSWERS], "fix")]
    schemas = described_api()["components"]["schemas"]
    parts = {**schemas["FixBody"]["properties"], **schemas["SharedFixBody"]["properties"]}

    assert {part for each in shown for part, given in each["fix"].items() if given} == parts.keys()


@pytest.mark.parametrize("code", EXPLANATIONS)
def test_a_problem_is_of_the_account_of_the_other_examples(code: str) -> None:
    accounts = [examples.EXAMPLES["AccountBody"]]
    accounts += [
        examples.ANSWERS["create_account"]["201"],
        examples.ANSWERS["patch_account"]["200"],
    ]
    detail = EXPLANATIONS[code].detail
    second_region = {"us-east-1"} if code == "ambiguous_instance" else set()

    regions = set(re.findall(r"\b[a-z]{2}-[a-z]+-\d\b", detail))
    assert regions <= {*accounts[0]["regions"], *second_region}
    assert set(re.findall(r"at version (\d+)", detail)) <= {str(one["version"]) for one in accounts}
    assert set(re.findall(r"\b\d{12}\b", detail)) <= {accounts[0]["provider_id"]}


def test_each_message_tells_of_its_own_moment() -> None:
    messages = examples.MESSAGES
    for message in messages.values():
        assert message["timestamp"] == message["data"]["occurred_at"]
    at = {name: message["timestamp"] for name, message in messages.items()}
    of_account = sorted(
        (message["data"]["version"], message["timestamp"])
        for message in messages.values()
        if "version" in message["data"]
    )
    assert at["Account Created"] == examples.EXAMPLES["AccountBody"]["created_at"]
    assert at["Account Confirmed"] == examples.EXAMPLES["AccountBody"]["updated_at"]
    assert at["Account Failed"] == examples.EXAMPLES["DeliveryPage"]["items"][0]["at"]
    assert at["Instance Interaction"] == examples.EXAMPLES["InteractionBody"]["at"]
    assert at["Instance Did Not Follow"] > at["Instance Interaction"]
    assert [moment for _, moment in of_account] == sorted(moment for _, moment in of_account)
    assert len(set(of_account)) == len({version for version, _ in of_account})
    for name in ("Account Confirmed", "Account Degraded", "Account Failed"):
        assert at[name] == messages[name]["data"]["verification"]["finished_at"], name


@pytest.mark.parametrize("name", examples.MESSAGES)
def test_each_message_is_signed_with_the_secret_that_the_example_shows(name: str) -> None:
    header = examples_of(described_api()["webhooks"][name]["post"])
    body = json.dumps(examples.MESSAGES[name], separators=(",", ":"))
    secret = examples.ANSWERS["put_webhook"]["201"]["secret"]

    signed_at = datetime.fromtimestamp(header["webhook-timestamp"], UTC)

    signature = Webhook(secret).sign(header["webhook-id"], signed_at, body)
    assert header["webhook-signature"] == signature
