"""Every pair of producer and consumer in the template: what the producer emits, the real handler
behind the rule, filter, queue, schedule or state takes.

Each test walks the template, so that a new pair fails here until its producer runs here too. That
there are no pairs of another kind is shown by tests/unit/test_connections.py.
"""

from __future__ import annotations

import ast
import json
import traceback
from collections.abc import Iterator, Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from moto.backends import get_backend

from cavok import wiring
from cavok.adapters.queue import Queue
from cavok.domain.accounts import Account, Status
from cavok.domain.events import REGISTRY, WEBHOOK_TEST, EventType
from cavok.domain.interactions import InteractionOutcome, Result
from cavok.domain.permissions import ACCOUNT_MATCHES, EC2, LOGS, RDS
from cavok.domain.resources import Resource
from cavok.domain.webhooks import LAST_TRY_AFTER, PAUSED_AFTER, Health
from cavok.services.resources import ResourceDependencies, schedule_resource
from local.settings import ROOT
from tests.support.api import KEY_ACCOUNT, Api
from tests.support.asl import TaskFailed
from tests.support.aws_organization import InMemoryOrganization
from tests.support.builders import NUMBER, ORGANIZATION_ID, WORKLOAD, an_interaction
from tests.support.documents import runbook_rows
from tests.support.enrollments import MANAGEMENT, NEW, dependencies
from tests.support.messages import (
    QUEUES,
    RULES,
    STREAMS,
    EventBridge,
    Json,
    Receiver,
    Stream,
    deliver,
    environment,
    eventbridge,
    fed_by_clocks,
    invoke,
    mappings,
    matches,
    nothing_is_dropped,
    published,
    queue_names,
    receiver,
    records_of,
    said_by_a_stack,
    sources,
    told_by_the_rule_of_changes,
)
from tests.support.moto_stack import (
    REGION,
    SYNCHRONIZATIONS,
    Clock,
    client,
    confirm,
    items,
    let_customers_in,
)
from tests.support.schedules import EVENING, NIGHT, FiredClocks
from tests.support.start_stop import CONTEXT
from tests.support.state_machines import states
from tests.support.template import FUNCTIONS, folder, of_type, role
from tests.support.workflows import (
    MACHINES,
    StepFunctions,
    deaths_of_a_test,
    definition,
    run_started_test,
)

__all__ = ["environment", "eventbridge", "nothing_is_dropped", "receiver"]

pytestmark = pytest.mark.filterwarnings("ignore:No application metrics")


# ---- the table and its stream --------------------------------------------------------------------


@pytest.fixture
def records(admin: Api, eventbridge: EventBridge) -> list[Json]:
    """The stream's records of everything that an organization does: a webhook and its test message,
    an account that reaches every status, an interaction that crosses both thresholds and does not
    reach its state, a bulk operation, a deletion.
    """
    stream, found = Stream(), []
    body = {"url": "https://hooks.example.com/", "events": webhook_events()}
    assert admin.put("/v1/organization/webhook", body).status == 201
    assert admin.post("/v1/organization/webhook/test").status == 202
    health = Health(organization_id=ORGANIZATION_ID, failures=PAUSED_AFTER - 1)
    assert wiring.webhooks().change_health(health, health.failed(Clock.time))
    found += stream.changes()
    assert admin.post("/v1/organization/webhook/resume").status == 204
    found += stream.changes()
    account = admin.account(**KEY_ACCOUNT | {"provider_id": NUMBER})
    found += stream.changes()
    all_accounts = {"action": "test", "selection": {"filter": {}}}
    assert admin.post("/v1/accounts/bulk", all_accounts).status == 202
    found += stream.changes()
    path = f"/v1/accounts/{account['account_id']}"
    for status in (Status.FAILED, Status.DEGRADED):
        wiring.accounts().changed(
            ORGANIZATION_ID,
            account["account_id"],
            lambda current, status=status: replace(current, status=status),
        )
        found += stream.changes()
    assert admin.post(f"{path}/verifications").status == 202
    found += stream.changes()
    run_started_test("VerifyAccount")
    found += stream.changes()
    at = Clock.time
    stop = an_interaction(account_id=account["account_id"], at=at, result=Result.PENDING)
    open_act = replace(stop, outcome=InteractionOutcome.PENDING, result=None, held_until=at)
    wiring.interactions().begin(open_act)
    found += stream.changes()
    wiring.interactions().close(stop)
    found += stream.changes()
    wiring.interactions().set_result(stop, Result.NOT_REACHED, "running", "It is still running.")
    found += stream.changes()
    assert admin.post(f"{path}/revoke").status == 204
    found += stream.changes()
    assert admin.delete(path).status == 204
    return found + stream.changes()


def webhook_events() -> list[str]:
    return list(EventType)


def test_every_filter_of_a_stream_lets_records_pass_that_its_function_takes(
    records: list[Json], eventbridge: EventBridge
) -> None:
    assert STREAMS
    patterns: dict[str, list[Json]] = {function: [] for function in STREAMS}
    for function, mapping in mappings("Stream"):
        for each in mapping["FilterCriteria"]["Filters"]:
            pattern = json.loads(each["Pattern"])
            patterns[function].append(pattern)
            passed = [record for record in records if matches(pattern, record)]
            assert passed, f"{function}: nothing here is written that passes {pattern}"
            before = len(eventbridge.events)
            assert invoke(function, {"Records": passed}) == {"batchItemFailures": []}
            assert len(eventbridge.events) > before, f"{function}: no event of {pattern}"
    for function, of_function in patterns.items():
        dropped = [r for r in records if not any(matches(p, r) for p in of_function)]
        before = len(eventbridge.events), sum(map(len, eventbridge.sent.values()))
        invoke(function, {"Records": dropped})
        after = len(eventbridge.events), sum(map(len, eventbridge.sent.values()))
        assert after == before, f"{function}: its filters hold events or messages back"


@pytest.fixture
def events(records: list[Json], eventbridge: EventBridge) -> list[Json]:
    """Every event that reaches the bus, and one of another service."""
    for function in STREAMS:
        assert invoke(function, {"Records": records}) == {"batchItemFailures": []}
    eventbridge.put_foreign()
    return eventbridge.events


def test_every_rule_sends_events_that_its_targets_take(
    admin: Api,
    events: list[Json],
    eventbridge: EventBridge,
    receiver: Receiver,
    senders: set[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("CLOCKS_GROUP", "cavok-clocks")
    fed: set[str] = set()
    for name, rule in RULES.items():
        for event_type in rule.types():
            if "aws.states" in rule.pattern["source"]:
                passed = deaths_of_a_test(rule.pattern)
            elif "aws.iam" in rule.pattern["source"]:
                passed = told_by_the_rule_of_changes("100000000001")
                assert all(matches(rule.pattern, each) for each in passed)
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
    with monkeypatch.context() as no_time:  # so that the rest is sent again
        no_time.setattr("functions.run_bulk_operation.app.BULK_SECONDS", 0.0)
        deliver("BulkOperations", eventbridge.sent["BulkOperations"])
    receiver.refuses = 1
    for function in FUNCTIONS:
        for queue in {*sends_to(function)} - {fed_by_clocks()}:  # see the schedules, below
            fed.add(queue)
            assert eventbridge.sent.get(queue), f"{queue}: cause a message in the fixture `records`"
            deliver(queue, eventbridge.sent[queue])
    deliver("WebhookMessages", redelivered(admin, eventbridge))
    deliver_in_vain(eventbridge, receiver)
    assert use_cases_that_send() - {"_fire_for_turn_near"} <= senders, (  # see a change, below
        "run each use case that sends to a queue, in the fixture `records` or here"
    )
    fed |= {fed_by_clocks(), fed_by_stacks()}
    assert set(queue_names()) <= fed, "a queue with a consumer that nothing feeds"
    assert {body["type"] for body in receiver.bodies} == {*EventType, WEBHOOK_TEST}, CAUSE_IT
    assert {event["detail-type"] for event in events} == REGISTRY.keys() - {WEBHOOK_TEST}, CAUSE_IT


CAUSE_IT = "cause each type of event in the fixture `records`"


@pytest.fixture(autouse=True)
def senders(monkeypatch: pytest.MonkeyPatch) -> set[str]:
    """The functions above the adapters that ran while something was sent to a queue."""
    found, send = set[str](), Queue.send

    def noting(queue: Queue, messages: Any, **named: Any) -> Any:
        calls = traceback.extract_stack()
        found.update(call.name for call in calls if call.filename in above_adapters())
        return send(queue, messages, **named)

    monkeypatch.setattr(Queue, "send", noting)
    return found


@cache
def above_adapters() -> frozenset[str]:
    """The files of use cases, routes and handlers."""
    floors = ("layers/shared/cavok/services", "layers/shared/cavok/api", "functions")
    return frozenset(str(path) for floor in floors for path in (ROOT / floor).rglob("*.py"))


def use_cases_that_send() -> set[str]:
    """The functions above the adapters that send to a queue."""
    found = {
        function.name
        for path in above_adapters()
        for function in ast.walk(ast.parse(Path(path).read_text()))
        if isinstance(function, ast.FunctionDef)
        for call in ast.walk(function)
        if isinstance(call, ast.Call)
        and getattr(call.func, "attr", getattr(call.func, "id", None))
        in ("send", "_send", "_send_on")
    }
    return found - {"_send", "_send_on"}


def redelivered(admin: Api, eventbridge: EventBridge) -> list[Json]:
    """What is sent when a person has each message delivered again, once it was delivered."""
    path = "/v1/organization/webhook/deliveries"
    before = list(eventbridge.sent["WebhookMessages"])
    deliveries = admin.get(path).json["items"]
    assert {each["status"] for each in deliveries} == {"delivered"}
    newest = {each["type"]: each["event_id"] for each in deliveries}
    assert newest.keys() == {*EventType, WEBHOOK_TEST}, CAUSE_IT
    for event_id in newest.values():
        assert admin.post(f"{path}/{event_id}/redeliver").status == 202
    return eventbridge.sent["WebhookMessages"][len(before) :]


def deliver_in_vain(eventbridge: EventBridge, receiver: Receiver) -> None:
    """One message has its last try, and is kept for an operator."""
    event = eventbridge.sent["WebhookMessages"][0]
    event = event | {"detail": event["detail"] | {"event_id": "undelivered"}}
    receiver.refuses = 1
    records = records_of("WebhookRetries", [event], sent_at=Clock.time - LAST_TRY_AFTER)
    assert invoke("DeliverWebhook", {"Records": records}) == {"batchItemFailures": []}
    assert eventbridge.sent["UndeliveredWebhooks"] == [event]


def sends_to(function: str) -> list[str]:
    """The queues to which a function sends what another takes, not only what it gave up."""
    resources: list[Any] = []
    for statement in role(function)["Policies"][0]["PolicyDocument"]["Statement"]:
        if statement["Action"] == "sqs:SendMessage":
            of_statement = statement["Resource"]
            resources += of_statement if isinstance(of_statement, list) else [of_statement]
    sent_to = [each["Fn::GetAtt"][0] for each in resources if isinstance(each, dict)]
    return [queue for queue in sent_to if queue in queue_names()]


# ---- workflows -----------------------------------------------------------------------------------


def task_states(machine: Mapping[str, Any]) -> Iterator[str]:
    return (name for name, state in states(machine) if state["Type"] == "Task")


def shown() -> set[str]:
    """The steps that tests showed while they ran."""
    found = (item for item in items() if item["pk"].startswith("PROGRESS#"))
    return {step["step"] for item in found for step in json.loads(item["steps"])}


def synchronize(
    monkeypatch: pytest.MonkeyPatch, failing: tuple[str, TaskFailed] | None = None
) -> StepFunctions:
    """What a sweep starts, run to its end, in an AWS Organization without other members."""
    organization = InMemoryOrganization()
    organization.member(MANAGEMENT, "Main")
    monkeypatch.setenv("OWN_ACCOUNT_ID", WORKLOAD)
    made, sfn = dependencies(organization), client("stepfunctions")
    runs = StepFunctions(failing=failing)
    Clock.time += timedelta(hours=7)
    StepFunctions().start("ReverifyAccounts", json.loads(SWEEP["Target"]["Input"]))
    started = sfn.list_executions(stateMachineArn=SYNCHRONIZATIONS)["executions"]
    execution = sfn.describe_execution(executionArn=started[0]["executionArn"])
    with monkeypatch.context() as patched:
        let_customers_in(patched)
        patched.setattr(wiring, "synchronization_dependencies", lambda: made)
        runs.start("SynchronizeOrganization", json.loads(execution["input"]))
    (enrollment,) = wiring.enrollments().of_organization(ORGANIZATION_ID)
    assert [each.code for each in enrollment.issues] == (
        ["synchronization_failed"] if failing else []
    )
    assert enrollment.status == "connected"
    return runs


def test_every_task_of_a_workflow_sends_what_its_function_takes(
    admin: Api, monkeypatch: pytest.MonkeyPatch
) -> None:
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

    admin.post("/v1/enrollments", NEW)
    visited |= synchronize(monkeypatch).visited
    visited |= synchronize(monkeypatch, ("ReadOrganization", killed)).visited

    expected = {(name, task) for name in MACHINES for task in task_states(definition(name))}
    express = {("VerifyAccountExpress", t) for t in TAKEN_BY_PEOPLE}
    assert (
        MACHINES["VerifyAccount"]["DefinitionUri"]
        == (MACHINES["VerifyAccountExpress"]["DefinitionUri"])
    )
    assert visited == expected - express - {("VerifyAccount", "ProbeAccount")}, (
        "let a test here reach each Task; if only a person's test does, name it in TAKEN_BY_PEOPLE"
    )


def persons_test(admin: Api, **fields: Any) -> tuple[Json, set[str]]:
    """A person's test of a new account, run to its end, and the Task states that it took."""
    path = f"/v1/accounts/{admin.account(**KEY_ACCOUNT | fields)['account_id']}/verifications"
    started = admin.post(path).json["verification_id"]
    visited = {state for _, state in run_started_test("VerifyAccount").visited}
    return admin.get(f"{path}/{started}").json, visited


def test_nothing_is_looked_at_where_the_credentials_are_of_another_account(admin: Api) -> None:
    verification, visited = persons_test(admin, provider_id="999999999999")

    assert visited == TAKEN_BY_PEOPLE - {"ProbePermission"} | {"RecordVerification"}
    (entering,) = (step for step in verification["steps"] if step["verdict"] != "skipped")
    assert (entering["step"], entering["reason"]) == (ACCOUNT_MATCHES, "wrong_account")
    assert (verification["outcome"], verification["region_health"]) == ("failed", [])
    assert get_backend("logs")[NUMBER][REGION].groups == {}


def test_nothing_is_written_where_write_logs_is_no(admin: Api) -> None:
    verification, visited = persons_test(admin, provider_id=NUMBER, write_logs=False)

    assert visited == TAKEN_BY_PEOPLE | {"RecordVerification"}
    assert {step["step"] for step in verification["steps"]} >= {ACCOUNT_MATCHES, *EC2.actions}
    written = [step for step in verification["steps"] if step["group"] == LOGS.group]
    assert {step["verdict"] for step in written} <= {"skipped"}
    assert get_backend("logs")[NUMBER][REGION].groups == {}


HOW_TASKS_FAIL = (TaskFailed("Lambda.Unknown", "it was killed"), TaskFailed("States.Timeout"))


PROVES_NOTHING = {"OpenSession"}
"""Tasks without which nothing is known of the account: their failure is ours. It aborts tests."""


def caught_by(machine: str) -> list[str]:
    return [name for name, state in states(definition(machine)) if "Catch" in state]


def passes_its_error_on(machine: str, name: str) -> bool:
    found = dict(states(definition(machine)))[name]
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
    assert tested["state"] == ("aborted" if state in PROVES_NOTHING else "finished"), (
        f"name {state} in PROVES_NOTHING if, and only if, a test without it knows nothing"
    )
    shown = failure.output["Error"] in json.dumps(tested)
    assert shown == passes_its_error_on("VerifyAccount", state), tested


@pytest.mark.parametrize("failure", HOW_TASKS_FAIL, ids=lambda each: each.output["Error"])
def test_what_a_catch_of_a_sweep_passes_on_is_what_the_next_state_takes(
    admin: Api, failure: TaskFailed
) -> None:
    account = admin.account(**KEY_ACCOUNT | {"provider_id": NUMBER})
    make_due(account["account_id"])
    assert caught_by("ReverifyAccounts") == ["SweepAccounts"], "let each of them fail here"

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
    for name, schedule in SCHEDULES.items():
        target = schedule["Target"]["Arn"].get("Ref")
        assert target in MACHINES, f"{name} starts no workflow: give its input to its target here"
        runs = StepFunctions()

        runs.start(target, json.loads(schedule["Target"]["Input"]))

        assert (target, "SweepAccounts") in runs.visited, f"say here which Task {name} leads to"


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


def test_a_change_just_before_a_turn_sends_what_that_function_takes(
    orders: Resource,
    control: ResourceDependencies,
    fired_clocks: FiredClocks,
    senders: set[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(wiring, "resource_dependencies", lambda: control)
    context = replace(CONTEXT, now=EVENING.replace(hour=21, minute=59))

    schedule_resource(context, orders.resource_id, NIGHT, dependencies=control)

    assert "_fire_for_turn_near" in senders
    (entry,) = fired_clocks.entries
    deliver(fed_by_clocks(), [json.loads(entry["MessageBody"])])


def fed_by_stacks() -> str:
    """The queue that is subscribed to the topic which customers' templates name."""
    (subscription,) = of_type("AWS::SNS::Subscription").values()
    named = FUNCTIONS["AccountsApi"]["Environment"]["Variables"]["CONNECTIONS_TOPIC"]
    assert subscription["TopicArn"] == named == {"Ref": "Connections"}
    return str(subscription["Endpoint"]["Fn::GetAtt"][0])


def test_what_a_customers_stack_says_is_what_its_function_takes(
    admin: Api, eventbridge: EventBridge, receiver: Receiver
) -> None:
    external_id = admin.get("/v1/organization").json["external_id"]
    account = admin.account(**KEY_ACCOUNT | {"provider_id": NUMBER})

    deliver(fed_by_stacks(), [published(said_by_a_stack(NUMBER, external_id))])

    assert admin.get(f"/v1/accounts/{account['account_id']}").json["testing"] is True
    assert [each["Status"] for each in receiver.bodies] == ["SUCCESS"]


def test_what_the_rule_of_a_customers_template_sends_is_what_our_function_takes(
    admin: Api, eventbridge: EventBridge, receiver: Receiver
) -> None:
    account = admin.account(provider_id=NUMBER)
    confirm(ORGANIZATION_ID, str(account["account_id"]))

    for event in told_by_the_rule_of_changes(NUMBER):
        deliver(fed_by_stacks(), [event])
        assert admin.get(f"/v1/accounts/{account['account_id']}").json["testing"] is True


SCHEDULED_EVENT = {"source": "aws.events", "detail-type": "Scheduled Event", "detail": {}}
"""What a rule with a rate sends. Source: EventBridge User Guide, "Scheduled events"."""


def test_every_function_that_is_invoked_by_the_clock_takes_that(
    control: ResourceDependencies, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(wiring, "scheduler_client", lambda: control.scheduler)
    scheduled = {function for function, _ in sources("Schedule")}

    assert scheduled == {"ReconcileClocks"}, "name it here, and give it what it needs"
    for function in scheduled:
        assert invoke(function, SCHEDULED_EVENT) == {}


# ---- all of them ---------------------------------------------------------------------------------


def test_every_function_has_a_producer_that_runs_here() -> None:
    """What API Gateway sends is in every test that has an `Api`, and under events/."""
    routed = {each["IntegrationUri"]["Fn::GetAtt"][0] for each in of_type(INTEGRATION).values()}
    tasks = {
        state["Arguments"]["FunctionName"]
        for machine in MACHINES
        for _, state in states(definition(machine))
        if state.get("Resource", "").endswith(":lambda:invoke")
    }
    targets = {target for rule in RULES.values() for target in rule.targets}
    clocked = {function for function, _ in sources("Schedule")}

    fed = routed | tasks | STREAMS.keys() | QUEUES.keys() | targets | clocked
    assert fed & FUNCTIONS.keys() == FUNCTIONS.keys(), "add here what invokes the function"


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
    assert messages.keys() == senders_to("UnfollowedSchedules"), (
        "say above what the function takes, and name it in the runbook"
    )
    by_hand = runbook_rows("Following a schedule by hand")
    for function, message in messages.items():
        has = {*message, f'"detail-type": "{message.get("detail-type")}"'}
        named = [name for body, name in by_hand if body.strip("`") in has]
        assert named == [f"`{folder(function)}`"]
        invoke(function, message)


def senders_to(queue: str) -> set[str]:
    """The functions whose failed invocations go to a queue."""
    return {
        name
        for name, function in FUNCTIONS.items()
        if function.get("DeadLetterQueue", {}).get("TargetArn") == {"Fn::GetAtt": [queue, "Arn"]}
    }
