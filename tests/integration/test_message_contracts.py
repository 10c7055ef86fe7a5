"""Every pair of producer and consumer in the template: what the producer emits, the real handler
behind the rule, filter, queue, schedule or state takes.

Each test walks the template, so that a new pair fails here until its producer runs here too. That
there are no pairs of another kind is shown by tests/unit/test_connections.py.
"""

from __future__ import annotations

import ast
import base64
import importlib
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import Any

import pytest

from cavok import wiring
from cavok.adapters.bus import Bus
from cavok.adapters.retry_queue import RetryQueue
from cavok.domain.accounts import Account, Status
from cavok.domain.events import REGISTRY, WEBHOOK_TEST, EventType
from cavok.domain.interactions import InteractionOutcome, Result
from cavok.domain.permissions import ACCOUNT_MATCHES, EC2, LOGS, RDS
from cavok.domain.resources import Resource
from cavok.domain.webhooks import PAUSED_AFTER, Health
from cavok.observability import metrics
from cavok.services.resources import ResourceDependencies
from local.settings import ROOT
from tests.integration.conftest import TABLE, WORKFLOW, client, items
from tests.integration.test_following_schedules import control, orders, scheduler
from tests.integration.test_start_stop import connect, dependencies, sessions
from tests.support.api import KEY_ACCOUNT, Api, Context
from tests.support.asl import Run, TaskFailed
from tests.support.builders import NUMBER, ORGANIZATION_ID, an_interaction, sample_event
from tests.support.documents import runbook_rows
from tests.support.template import template

__all__ = ["connect", "control", "dependencies", "orders", "scheduler", "sessions"]

pytestmark = pytest.mark.filterwarnings("ignore:No application metrics")

RESOURCES = template()["Resources"]
PARAMETERS = template()["Parameters"]
Json = dict[str, Any]


def of_type(name: str) -> dict[str, Json]:
    return {n: r["Properties"] for n, r in RESOURCES.items() if r["Type"] == name}


FUNCTIONS = of_type("AWS::Serverless::Function")
MACHINES = of_type("AWS::Serverless::StateMachine")


def sources(kind: str) -> dict[tuple[str, str], Json]:
    """Events of this type that SAM functions declare, by function and name."""
    return {
        (function, name): event["Properties"]
        for function, properties in FUNCTIONS.items()
        for name, event in properties.get("Events", {}).items()
        if event["Type"] == kind
    }


def mappings(source: str) -> dict[str, Json]:
    """Event source mappings by function, of streams (`Stream`) or queues (`Queue`)."""
    found = {
        function: event
        for kind in ("DynamoDB", "SQS")
        for (function, _), event in sources(kind).items()
        if source in event
    }
    attribute = {"Stream": "StreamArn", "Queue": "Arn"}[source]
    return found | {
        mapping["FunctionName"]["Ref"]: mapping | {source: mapping["EventSourceArn"]}
        for mapping in of_type("AWS::Lambda::EventSourceMapping").values()
        if mapping["EventSourceArn"]["Fn::GetAtt"][1] == attribute
    }


STREAMS, QUEUES = mappings("Stream"), mappings("Queue")


@dataclass(frozen=True)
class Rule:
    """A rule: its pattern, and its targets as logical ids."""

    pattern: Json
    targets: tuple[str, ...]

    def types(self) -> list[str]:
        return list(self.pattern["detail-type"])


RULES = {
    name: Rule(properties["EventPattern"], tuple(resolved(t["Arn"]) for t in properties["Targets"]))
    for resolved in [lambda value: value["Fn::GetAtt"][0]]
    for name, properties in of_type("AWS::Events::Rule").items()
} | {
    f"{function}{name}": Rule(properties["Pattern"], (function,))
    for (function, name), properties in sources("EventBridgeRule").items()
}


def invoke(function: str, event: Any) -> Any:
    """The real handler, with an event that went through JSON as on its way to Lambda."""
    folder = FUNCTIONS[function]["CodeUri"].removeprefix("functions/")
    app = importlib.import_module(f"functions.{folder}.app")
    answer = app.handler(json.loads(json.dumps(event, default=_as_lambda_sends)), Context())
    return json.loads(json.dumps(answer))


def _as_lambda_sends(value: bytes) -> str:
    return base64.b64encode(value).decode()


def matches(pattern: Any, value: Any) -> bool:
    """Whether a pattern of EventBridge or Lambda accepts a value: exact values and prefixes."""
    if isinstance(pattern, dict):
        return isinstance(value, dict) and all(
            name in value and matches(inner, value[name]) for name, inner in pattern.items()
        )
    return any(
        str(value).startswith(one["prefix"])
        if isinstance(one, dict) and "prefix" in one
        else value == one
        for one in pattern
    )


# ---- the table and its stream --------------------------------------------------------------------


@dataclass
class Stream:
    """The records that DynamoDB would send for the writes since the last look."""

    seen: dict[tuple[str, str], Json] = field(default_factory=dict)
    count: int = 0

    def records(self) -> list[Json]:
        items = client("dynamodb").scan(TableName=TABLE)["Items"]
        now = {(item["pk"]["S"], item["sk"]["S"]): item for item in items}
        before, self.seen = self.seen, now
        changed = [key for key in {**before, **now} if before.get(key) != now.get(key)]
        return [self._record(key, before.get(key), now.get(key)) for key in changed]

    def _record(self, key: tuple[str, str], old: Json | None, new: Json | None) -> Json:
        self.count += 1
        view = RESOURCES["Table"]["Properties"]["StreamSpecification"]["StreamViewType"]
        images = {"OldImage": old, "NewImage": new}
        if not view.startswith("NEW_AND_OLD"):
            images = {name: images[name] for name in images if name.upper().startswith(view[:3])}
        return {
            "eventID": str(self.count),
            "eventName": "REMOVE" if new is None else "MODIFY" if old else "INSERT",
            "eventSource": "aws:dynamodb",
            "dynamodb": {
                "ApproximateCreationDateTime": 1740830400,
                "Keys": {"pk": {"S": key[0]}, "sk": {"S": key[1]}},
                "SequenceNumber": str(self.count),
                **{name: image for name, image in images.items() if image},
            },
        }


@dataclass
class EventBridge:
    """PutEvents, and the events as rules see them; and the queues that no rule feeds."""

    events: list[Json] = field(default_factory=list)
    sent: dict[str, list[Json]] = field(
        default_factory=lambda: {"FollowedActs": [], "WebhookMessages": []}
    )

    def send_message_batch(self, QueueUrl: str, Entries: list[Json]) -> Json:  # noqa: N803
        name = QueueUrl.rpartition("/")[2]
        self.sent[name] += [json.loads(entry["MessageBody"]) for entry in Entries]
        return {"Successful": [{"Id": entry["Id"]} for entry in Entries], "Failed": []}

    def put_events(self, Entries: list[Json]) -> Json:  # noqa: N803
        self.events += [
            {
                "version": "0",
                "id": f"e-{len(self.events)}",
                "source": entry["Source"],
                "detail-type": entry["DetailType"],
                "time": entry["Time"].isoformat(),
                "detail": json.loads(entry["Detail"]),
            }
            for entry in Entries
        ]
        return {"Entries": [{"EventId": "e"} for _ in Entries], "FailedEntryCount": 0}

    def put_foreign(self) -> None:
        """An interaction from another service, which knows no envelope."""
        detail = {
            "schema_version": 1,
            "organization_id": ORGANIZATION_ID,
            "account_id": "01JN8Q5M3C0000000000000009",
            "interaction_id": "planner-17",
            "action": "stop",
            "outcome": "accepted",
            "actor": "schedule",
            "at": datetime.now(UTC).isoformat(),
            "request_id": "r",
        }
        foreign = {"source": "cavok.planner", "detail-type": "Instance Interaction"}
        self.events.append(foreign | {"detail": detail})


@dataclass
class Receiver:
    """A customer's webhook receiver."""

    bodies: list[Json] = field(default_factory=list)

    def post(self, url: object, body: bytes, headers: Mapping[str, str]) -> int:
        self.bodies.append(json.loads(body))
        return 200


@pytest.fixture
def eventbridge(monkeypatch: pytest.MonkeyPatch) -> EventBridge:
    made = EventBridge()
    monkeypatch.setattr(wiring, "bus", lambda: Bus(made, "cavok"))  # type: ignore[arg-type]
    acts, messages = (
        RetryQueue(made, f"https://sqs.example/{name}")  # type: ignore[arg-type]
        for name in ("FollowedActs", "WebhookMessages")
    )
    monkeypatch.setattr(wiring, "followed_acts", lambda: acts)
    monkeypatch.setattr(wiring, "webhook_messages", lambda: messages)
    monkeypatch.setenv("FREE_INTERACTIONS", "1")
    monkeypatch.setenv("ALLOW_LOOPBACK_WEBHOOKS", "false")
    return made


@pytest.fixture
def receiver(monkeypatch: pytest.MonkeyPatch) -> Receiver:
    made = Receiver()
    monkeypatch.setattr(wiring, "webhook_client", lambda: made)
    return made


@pytest.fixture
def records(admin: Api, eventbridge: EventBridge) -> list[Json]:
    """The stream's records of everything that an organization does: a webhook and its test message,
    an account that reaches every status, an interaction that crosses both thresholds and does not
    reach its state, a deletion.
    """
    stream, found = Stream(), []
    body = {"url": "https://hooks.example.com/", "events": webhook_events()}
    assert admin.put("/v1/organization/webhook", body).status == 201
    assert admin.post("/v1/organization/webhook/test").status == 202
    health = Health(organization_id=ORGANIZATION_ID, failures=PAUSED_AFTER - 1)
    assert wiring.webhooks().change_health(health, health.failed(datetime.now(UTC)))
    found += stream.records()
    assert admin.post("/v1/organization/webhook/resume").status == 204
    found += stream.records()
    account = admin.account(**KEY_ACCOUNT | {"provider_id": NUMBER})
    found += stream.records()
    path = f"/v1/accounts/{account['account_id']}"
    for status in (Status.FAILED, Status.DEGRADED):
        wiring.accounts().changed(
            ORGANIZATION_ID,
            account["account_id"],
            lambda current, status=status: replace(current, status=status),
        )
        found += stream.records()
    assert admin.post(f"{path}/verifications").status == 202
    found += stream.records()
    run_started_test("VerifyAccount")
    found += stream.records()
    at = datetime.now(UTC)
    stop = an_interaction(account_id=account["account_id"], at=at, result=Result.PENDING)
    open_act = replace(stop, outcome=InteractionOutcome.PENDING, result=None, held_until=at)
    wiring.interactions().begin(open_act)
    found += stream.records()
    wiring.interactions().close(stop)
    found += stream.records()
    wiring.interactions().set_result(stop, Result.NOT_REACHED, "running", "It is still running.")
    found += stream.records()
    assert admin.post(f"{path}/revoke").status == 204
    found += stream.records()
    assert admin.delete(path).status == 204
    return found + stream.records()


def webhook_events() -> list[str]:
    return list(EventType)


def test_every_filter_of_a_stream_lets_records_pass_that_its_function_takes(
    records: list[Json], eventbridge: EventBridge
) -> None:
    assert STREAMS
    for function, mapping in STREAMS.items():
        patterns = [json.loads(f["Pattern"]) for f in mapping["FilterCriteria"]["Filters"]]
        for pattern in patterns:
            passed = [record for record in records if matches(pattern, record)]
            assert passed, f"{function}: nothing here is written that passes {pattern}"
            before = len(eventbridge.events)
            assert invoke(function, {"Records": passed}) == {"batchItemFailures": []}
            assert len(eventbridge.events) > before, f"{function}: no event of {pattern}"
        dropped = [r for r in records if not any(matches(p, r) for p in patterns)]
        before = len(eventbridge.events), len(eventbridge.sent["FollowedActs"])
        invoke(function, {"Records": dropped})
        after = len(eventbridge.events), len(eventbridge.sent["FollowedActs"])
        assert after == before, f"{function}: its filters hold events or acts back"


@pytest.fixture
def events(records: list[Json], eventbridge: EventBridge) -> list[Json]:
    """Every event that reaches the bus, and one of another service."""
    for function in STREAMS:
        assert invoke(function, {"Records": records}) == {"batchItemFailures": []}
    eventbridge.put_foreign()
    return eventbridge.events


def deaths_of_a_test(pattern: Json) -> list[Json]:
    """What Step Functions tells the default bus of the test that was started last, for each of
    its ends that the rule must hear of. Source: Step Functions Developer Guide, "Automating Step
    Functions event delivery with EventBridge".
    """
    sfn = client("stepfunctions")
    started = sfn.list_executions(stateMachineArn=WORKFLOW)["executions"][0]
    execution = sfn.describe_execution(executionArn=started["executionArn"])
    event = sample_event("execution_died")
    machine = {"stateMachineArn": {"Ref": "VerifyAccount"}}
    ends = [
        event | {"detail": event["detail"] | machine | {"status": status}}
        for status in ("RUNNING", "SUCCEEDED", "FAILED", "TIMED_OUT", "ABORTED")
    ]
    heard = [each for each in ends if matches(pattern, each)]
    assert [each["detail"]["status"] for each in heard] == ["FAILED", "TIMED_OUT", "ABORTED"]
    return [each | {"detail": each["detail"] | {"input": execution["input"]}} for each in heard]


def test_every_rule_sends_events_that_its_targets_take(
    admin: Api,
    events: list[Json],
    eventbridge: EventBridge,
    receiver: Receiver,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("CLOCKS_GROUP", "cavok-clocks")
    fed: set[str] = set()
    for name, rule in RULES.items():
        for event_type in rule.types():
            if "aws.states" in rule.pattern["source"]:
                passed = deaths_of_a_test(rule.pattern)
            else:
                passed = [
                    event
                    for event in events
                    if event["detail-type"] == event_type and matches(rule.pattern, event)
                ]
            assert passed, f"{name}: no producer here emits {event_type}"
            for target in rule.targets:
                fed.add(target)
                deliver(target, passed)
    for function in FUNCTIONS:
        for queue in sends_to(function):
            fed.add(queue)
            assert eventbridge.sent[queue]
            deliver(queue, eventbridge.sent[queue])
    deliver("WebhookMessages", redelivered(admin, eventbridge))
    fed.add(fed_by_clocks())  # see the schedules, below
    assert set(queue_names()) <= fed, "a queue with a consumer that nothing feeds"
    assert {body["type"] for body in receiver.bodies} == {*EventType, WEBHOOK_TEST}
    assert {event["detail-type"] for event in events} == REGISTRY.keys() - {WEBHOOK_TEST}


SENDERS = {
    "publish_events": "every event of the stream",
    "send_test_message": "the test message of `records`",
    "redeliver": "`redelivered`",
}
"""The functions of `services` that send to a queue, and what each sends here."""


def redelivered(admin: Api, eventbridge: EventBridge) -> list[Json]:
    """What is sent when a person has each message delivered again, once it was delivered."""
    path = "/v1/organization/webhook/deliveries"
    before = list(eventbridge.sent["WebhookMessages"])
    deliveries = admin.get(path).json["items"]
    assert {each["status"] for each in deliveries} == {"delivered"}
    newest = {each["type"]: each["event_id"] for each in deliveries}
    assert newest.keys() == {*EventType, WEBHOOK_TEST}
    for event_id in newest.values():
        assert admin.post(f"{path}/{event_id}/redeliver").status == 202
    return eventbridge.sent["WebhookMessages"][len(before) :]


def test_each_use_case_that_sends_to_a_queue_runs_here() -> None:
    found = {
        function.name
        for path in (ROOT / "layers/shared/cavok/services").glob("*.py")
        for function in ast.walk(ast.parse(path.read_text()))
        if isinstance(function, ast.FunctionDef)
        for call in ast.walk(function)
        if isinstance(call, ast.Call)
        and getattr(call.func, "attr", getattr(call.func, "id", None)) in ("send", "_send")
    }

    assert found - {"_send"} == SENDERS.keys()


def fed_by_clocks() -> str:
    """The queue to which the clocks send, as the functions know it that set them."""
    (queue,) = {
        properties["Environment"]["Variables"]["FIRED_CLOCKS_URL"]["Ref"]
        for properties in FUNCTIONS.values()
        if "FIRED_CLOCKS_URL" in properties.get("Environment", {}).get("Variables", {})
    }
    return str(queue)


def sends_to(function: str) -> list[str]:
    """The queues to which a function sends what another takes, not only what it gave up."""
    role = RESOURCES[FUNCTIONS[function]["Role"]["Fn::GetAtt"][0]]["Properties"]
    sent_to = [
        statement["Resource"]["Fn::GetAtt"][0]
        for statement in role["Policies"][0]["PolicyDocument"]["Statement"]
        if statement["Action"] == "sqs:SendMessage" and isinstance(statement["Resource"], dict)
    ]
    return [queue for queue in sent_to if queue in queue_names()]


def queue_names() -> dict[str, str]:
    """The function that each queue feeds."""
    return {mapping["Queue"]["Fn::GetAtt"][0]: name for name, mapping in QUEUES.items()}


def deliver(target: str, events: list[Json]) -> None:
    """To a function directly, or through the queue that feeds it. Nothing may fail, nothing may be
    dropped.
    """
    if target in FUNCTIONS:
        for event in events:
            invoke(target, event)
        return
    messages = [
        {
            "messageId": f"m-{index}",
            "receiptHandle": "r",
            "body": json.dumps(event),
            "attributes": {"ApproximateReceiveCount": "1"},
            "eventSource": "aws:sqs",
        }
        for index, event in enumerate(events)
    ]
    answer = invoke(queue_names()[target], {"Records": messages})
    assert answer == {"batchItemFailures": []}, target


@pytest.fixture(autouse=True)
def _environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """What the template sets and the other tests here do not need. The namespace of metrics is read
    at import.
    """
    monkeypatch.setattr(metrics.provider, "namespace", "Cavok/Accounts")
    for name in ("CANARY_ROLE_ARN", "CANARY_EXTERNAL_ID"):
        monkeypatch.setenv(name, "not used: the account is entered with an access key")


@pytest.fixture(autouse=True)
def _nothing_is_dropped(monkeypatch: pytest.MonkeyPatch) -> None:
    """A consumer that drops an event of ours has met one that it cannot take."""

    def refuse(error: Exception, message_id: object) -> None:
        raise AssertionError(f"dropped: {error}")

    for place in ("cavok.batches", "cavok.messages"):
        monkeypatch.setattr(importlib.import_module(place), "drop", refuse)


# ---- workflows -----------------------------------------------------------------------------------


def definition(machine: str) -> Json:
    """A workflow's definition with the template's own substitutions: functions by logical id."""
    text = (ROOT / MACHINES[machine]["DefinitionUri"]).read_text()
    for name, value in MACHINES[machine]["DefinitionSubstitutions"].items():
        text = text.replace(f"${{{name}}}", substitution(value))
    assert "${" not in text
    document: Json = json.loads(text)
    return document


def substitution(value: Json) -> str:
    if "Fn::GetAtt" in value:
        return str(value["Fn::GetAtt"][0])
    name = value["Ref"]
    return str(PARAMETERS[name]["Default"]) if name in PARAMETERS else str(name)


def states(machine: Mapping[str, Any]) -> Iterator[Json]:
    """Every state, those inside of Maps too, with its name."""
    for name, state in machine["States"].items():
        yield {"Name": name, **state}
        if "ItemProcessor" in state:
            yield from states(state["ItemProcessor"])


def task_states(machine: Mapping[str, Any]) -> Iterator[str]:
    return (state["Name"] for state in states(machine) if state["Type"] == "Task")


@dataclass
class StepFunctions:
    """Runs the workflows of the template with their real functions. `visited`: Task states.
    `failing`: a Task state that fails each time, and how.
    """

    visited: set[tuple[str, str]] = field(default_factory=set)
    failing: tuple[str, TaskFailed] | None = None

    def start(self, machine: str, data: Any, name: str = "one") -> Any:
        context = {
            "Execution": {"Input": data, "Name": name, "Id": f"{WORKFLOW}:{name}"},
            "StateMachine": {"Id": machine},
            "State": {"EnteredTime": "2025-03-01T12:00:00Z"},
        }

        def call(state: str, resource: str, arguments: Any) -> Any:
            self.visited.add((machine, state))
            if self.failing and self.failing[0] == state:
                raise self.failing[1]
            service = resource.removeprefix("arn:aws:states:::")
            return getattr(self, service.replace(":", "_").replace("-", "_"))(arguments)

        return Run(context, call).run(definition(machine), data)

    def lambda_invoke(self, arguments: Any) -> Json:
        return {"Payload": invoke(arguments["FunctionName"], arguments["Payload"])}

    def aws_sdk_sfn_listExecutions(self, arguments: Any) -> Json:  # noqa: N802
        return {"Executions": [{"Name": "this one"}]}


def run_started_test(machine: str, failing: tuple[str, TaskFailed] | None = None) -> StepFunctions:
    """Runs the test that was started last, with what it was started with."""
    sfn, runs = client("stepfunctions"), StepFunctions(failing=failing)
    started = sfn.list_executions(stateMachineArn=WORKFLOW)["executions"][0]
    execution = sfn.describe_execution(executionArn=started["executionArn"])
    result = runs.start(machine, json.loads(execution["input"]), started["name"])
    assert result["outcome"] or failing, "the test ended with a verdict"
    return runs


def shown() -> set[str]:
    """The steps that tests showed while they ran."""
    found = (item for item in items() if item["pk"].startswith("PROGRESS#"))
    return {step["step"] for item in found for step in json.loads(item["steps"])}


def test_every_task_of_a_workflow_sends_what_its_function_takes(admin: Api) -> None:
    visited: set[tuple[str, str]] = set()
    account = admin.account(**KEY_ACCOUNT | {"provider_id": NUMBER})
    admin.post(f"/v1/accounts/{account['account_id']}/verifications")
    visited |= run_started_test("VerifyAccount").visited
    assert shown() >= {ACCOUNT_MATCHES, *EC2.actions, *RDS.actions, *LOGS.actions[:-1]}
    make_due(account["account_id"])
    killed = TaskFailed("Lambda.Unknown", "it was killed")
    sweep = StepFunctions(failing=("SweepAccounts", killed))
    swept = sweep.start("ReverifyAccounts", json.loads(SWEEP["Target"]["Input"]))
    visited |= sweep.visited
    assert swept == {"tested": 0, "handed_over": [account["account_id"]], "left": False}
    visited |= run_started_test("VerifyAccountExpress").visited
    test = admin.get(f"/v1/accounts/{account['account_id']}/verifications").json["items"][0]
    assert (test["trigger"], test["state"]) == ("scheduled", "finished")

    expected = {(name, task) for name in MACHINES for task in task_states(definition(name))}
    express = {("VerifyAccountExpress", t) for t in TAKEN_BY_PEOPLE}
    assert (
        MACHINES["VerifyAccount"]["DefinitionUri"]
        == (MACHINES["VerifyAccountExpress"]["DefinitionUri"])
    )
    assert visited == expected - express - {("VerifyAccount", "ProbeAccount")}


HOW_TASKS_FAIL = (TaskFailed("Lambda.Unknown", "it was killed"), TaskFailed("States.Timeout"))


PROVES_NOTHING = {"OpenSession"}
"""Tasks without which nothing is known of the account: their failure is ours. It aborts tests."""


def caught_by(machine: str) -> list[str]:
    return [state["Name"] for state in states(definition(machine)) if "Catch" in state]


def passes_its_error_on(machine: str, name: str) -> bool:
    found = next(state for state in states(definition(machine)) if state["Name"] == name)
    return "errorOutput" in json.dumps(found["Catch"])


@pytest.mark.parametrize("failure", HOW_TASKS_FAIL, ids=lambda each: each.output["Error"])
@pytest.mark.parametrize("state", sorted({*caught_by("VerifyAccount")} - {"ProbeAccount"}))
def test_what_a_catch_passes_on_is_what_the_next_state_takes(
    admin: Api, state: str, failure: TaskFailed
) -> None:
    account = admin.account(**KEY_ACCOUNT | {"provider_id": NUMBER})
    admin.post(f"/v1/accounts/{account['account_id']}/verifications")

    runs = run_started_test("VerifyAccount", (state, failure))

    assert ("VerifyAccount", state) in runs.visited
    tested = admin.get(f"/v1/accounts/{account['account_id']}/verifications").json["items"][0]
    assert tested["state"] == ("aborted" if state in PROVES_NOTHING else "finished")
    shown = failure.output["Error"] in json.dumps(tested)
    assert shown == passes_its_error_on("VerifyAccount", state), tested


@pytest.mark.parametrize("failure", HOW_TASKS_FAIL, ids=lambda each: each.output["Error"])
def test_what_a_catch_of_a_sweep_passes_on_is_what_the_next_state_takes(
    admin: Api, failure: TaskFailed
) -> None:
    account = admin.account(**KEY_ACCOUNT | {"provider_id": NUMBER})
    make_due(account["account_id"])
    assert caught_by("ReverifyAccounts") == ["SweepAccounts"]

    sweep = StepFunctions(failing=("SweepAccounts", failure))
    sweep.start("ReverifyAccounts", json.loads(SWEEP["Target"]["Input"]))
    run_started_test("VerifyAccountExpress", ("ProbeAccount", failure))

    tested = admin.get(f"/v1/accounts/{account['account_id']}/verifications").json["items"][0]
    assert tested["state"] == "aborted"


TAKEN_BY_PEOPLE = {
    "OpenSession",
    "SurveyRegions",
    "ProbePermission",
    "WriteCustomerLog",
}
"""States of the one definition that only a test of a person's reaches, in VerifyAccount."""


def make_due(account_id: str) -> Account:
    past = datetime(2025, 3, 1, tzinfo=UTC)
    return wiring.accounts().changed(
        ORGANIZATION_ID, account_id, lambda current: replace(current, next_verification_at=past)
    )


# ---- schedules -----------------------------------------------------------------------------------

SCHEDULES = of_type("AWS::Scheduler::Schedule")
SWEEP = SCHEDULES["SweepSchedule"]


def test_every_schedule_of_the_template_starts_a_workflow_that_takes_its_input() -> None:
    assert SCHEDULES
    for schedule in SCHEDULES.values():
        target = schedule["Target"]["Arn"]["Ref"]
        runs = StepFunctions()

        runs.start(target, json.loads(schedule["Target"]["Input"]))

        assert (target, "SweepAccounts") in runs.visited


def test_every_schedule_of_a_resource_sends_what_its_function_takes(
    orders: Resource, control: ResourceDependencies, scheduler: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert list(of_type("AWS::Scheduler::ScheduleGroup")) == ["Clocks"]
    monkeypatch.setattr(wiring, "resource_dependencies", lambda: control)
    schedules = scheduler.list_schedules()["Schedules"]

    assert schedules
    for one in schedules:
        made = scheduler.get_schedule(Name=one["Name"], GroupName=one["GroupName"])
        deliver(fed_by_clocks(), [json.loads(json.loads(made["Target"]["Input"])["MessageBody"])])


SCHEDULED_EVENT = {"source": "aws.events", "detail-type": "Scheduled Event", "detail": {}}
"""What a rule with a rate sends. Source: EventBridge User Guide, "Scheduled events"."""


def test_every_function_that_is_invoked_by_the_clock_takes_that(
    control: ResourceDependencies, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(wiring, "scheduler_client", lambda: control.scheduler)
    scheduled = {function for function, _ in sources("Schedule")}

    assert scheduled == {"ReconcileClocks"}
    for function in scheduled:
        assert invoke(function, SCHEDULED_EVENT) == {}


# ---- all of them ---------------------------------------------------------------------------------


def test_every_function_has_a_producer_that_runs_here() -> None:
    """What API Gateway sends is in every test that has an `Api`, and under events/."""
    routed = {each["IntegrationUri"]["Fn::GetAtt"][0] for each in of_type(INTEGRATION).values()}
    tasks = {
        state["Arguments"]["FunctionName"]
        for machine in MACHINES
        for state in states(definition(machine))
        if state.get("Resource", "").endswith(":lambda:invoke")
    }
    targets = {target for rule in RULES.values() for target in rule.targets}
    clocked = {function for function, _ in sources("Schedule")}

    fed = routed | tasks | STREAMS.keys() | QUEUES.keys() | targets | clocked
    assert fed & FUNCTIONS.keys() == FUNCTIONS.keys()


INTEGRATION = "AWS::ApiGatewayV2::Integration"


# ---- the runbook ---------------------------------------------------------------------------------


def test_every_message_of_unfollowed_schedules_is_taken_by_the_function_that_the_runbook_names(
    orders: Resource,
    control: ResourceDependencies,
    scheduler: Any,
    admin: Api,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A dead letter of Lambda or Scheduler has the event, as the function would have got it."""
    monkeypatch.setattr(wiring, "resource_dependencies", lambda: control)
    monkeypatch.setattr(wiring, "scheduler_client", lambda: control.scheduler)
    (clock, *_) = scheduler.list_schedules()["Schedules"]
    made = scheduler.get_schedule(Name=clock["Name"], GroupName=clock["GroupName"])
    deleted = {
        "event_id": "e",
        "organization_id": ORGANIZATION_ID,
        "account_id": orders.account_id,
        "occurred_at": "2025-03-01T12:00:00Z",
    }
    messages = {
        "FollowSchedule": json.loads(json.loads(made["Target"]["Input"])["MessageBody"]),
        "EndResources": {"detail-type": "Account Deleted", "detail": deleted},
        "ReconcileClocks": SCHEDULED_EVENT,
    }
    assert messages.keys() == senders_to("UnfollowedSchedules")
    by_hand = runbook_rows("Following a schedule by hand")
    for function, message in messages.items():
        folder = FUNCTIONS[function]["CodeUri"].removeprefix("functions/")
        has = {*message, f'"detail-type": "{message.get("detail-type")}"'}
        named = [name for body, name in by_hand if body.strip("`") in has]
        assert named == [f"`{folder}`"]
        invoke(function, message)


def senders_to(queue: str) -> set[str]:
    """The functions whose failed invocations go to a queue."""
    return {
        name
        for name, function in FUNCTIONS.items()
        if function.get("DeadLetterQueue", {}).get("TargetArn") == {"Fn::GetAtt": [queue, "Arn"]}
    }
