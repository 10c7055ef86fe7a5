"""Every function's real handler, with the sample events under events/.

`test_message_contracts.py` runs the same handlers with what their producers emit. A new function
fails here until it has a sample event and a run, and there until its producer runs.
"""

from __future__ import annotations

import importlib
import json
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any

import pytest
from moto.backends import get_backend

from cavok import wiring
from cavok.adapters.bus import Bus
from cavok.adapters.sealing import credentials_context, session_context
from cavok.domain import audit, permissions
from cavok.domain.bulk import BulkAction, BulkMessage
from cavok.domain.interactions import Result
from cavok.domain.kinds import Kind
from cavok.domain.organizations import Organization
from cavok.domain.resources import Resource
from cavok.domain.schedules import DAYS, Schedule, Window
from cavok.domain.steps import Step
from cavok.domain.verifications import Trigger
from cavok.observability import metrics
from local.settings import ROOT
from tests.support import enrollments
from tests.support.api import Context
from tests.support.builders import (
    ACCOUNT_ID,
    ADA,
    KEY_ID,
    NUMBER,
    ORGANIZATION_ID,
    SECRET_KEY,
    VERIFICATION_ID,
    WORKLOAD,
    a_bulk_operation,
    a_verification,
    an_account_with_keys,
    an_interaction,
    confirmed,
    sample_event,
)
from tests.support.instances import make_database
from tests.support.messages import EventBridge
from tests.support.moto_stack import REGION, Clock, begin_bulk, begin_test, client, items
from tests.support.page import built

pytestmark = pytest.mark.filterwarnings("ignore:No application metrics")

Json = dict[str, Any]
NOW = Clock.time
INTERACTION_ID = "01JN8Q5M3C0000000000000009"
KEY = {"access_key_id": KEY_ID, "secret_access_key": SECRET_KEY}
FAILED = "Account Failed"
QUEUED = {"batchItemFailures": []}


# ---- what is there before ------------------------------------------------------------------------


def an_account(**but: Any) -> None:
    """A connected account that is entered with an access key. moto lets it do everything."""
    wiring.organizations().create(Organization.new(ORGANIZATION_ID), NOW)
    sealed = wiring.sealer().seal(KEY, credentials_context(ORGANIZATION_ID, ACCOUNT_ID))
    due = {"next_verification_at": NOW - timedelta(minutes=1)}
    wiring.accounts().add(confirmed(an_account_with_keys(**due | but)), sealed)


def a_test(event: Json) -> None:
    an_account()
    started = a_verification(trigger=Trigger(event["trigger"]), started_at=NOW)
    begin_test(wiring.accounts().get(ORGANIZATION_ID, ACCOUNT_ID), started)


def a_running_test(_: Json) -> None:
    a_test({"trigger": "manual"})


def a_sealed_session(event: Json) -> None:
    """What OpenSession answers is in the event. Only KMS can make it."""
    a_test(event)
    opened = handle("open_session", sample_event("open_session"))
    context = session_context(ORGANIZATION_ID, ACCOUNT_ID, VERIFICATION_ID)
    assert wiring.sealer().open(opened["session"], context)
    event["session"] = opened["session"]


def a_database(_: Json) -> None:
    an_account()
    make_database("orders")


def an_interaction_of_minutes_ago(event: Json) -> None:
    """CloudWatch Logs throws away what is as old as the sample."""
    an_account()
    at = NOW - timedelta(minutes=5)
    stop = an_interaction(interaction_id=INTERACTION_ID, at=at, result=Result.PENDING)
    wiring.interactions().record(stop)
    (message,) = event["Records"]
    message["body"] = message["body"].replace("2025-03-01T12:00:00Z", at.isoformat())


def a_resource(_: Json) -> None:
    """Its clock is the sample's: `<resource>-<revision>-1800`."""
    a_database(_)
    resource = Resource(
        organization_id=ORGANIZATION_ID,
        account_id=ACCOUNT_ID,
        resource_id="01JN8Q5M3C00000000000000R1",
        kind=Kind.RDS,
        instance_id="orders",
        region=REGION,
        name="orders",
        schedule=Schedule("UTC", (Window(DAYS, "08:00", "18:00"),)),
        followed_at=NOW - timedelta(days=2),
        created_at=NOW - timedelta(days=2),
        created_by="ada@example.com",
        updated_at=NOW - timedelta(days=2),
        revision="5f0c9a3be1d27846",
    )
    wiring.resources().add(resource)


def a_resource_of_a_deleted_account(_: Json) -> None:
    a_resource(_)
    gone = account()
    wiring.accounts().delete(gone, entry=audit.deleted(gone, ADA, NOW), now=NOW)


def a_webhook(_: Json) -> None:
    body = {"url": Receiver.url, "events": [FAILED]}
    answer = handle("accounts_api", http("PUT", "/v1/organization/webhook", body))
    assert answer["statusCode"] == 201


def http(method: str, path: str, body: Json) -> Json:
    event = sample_event("api_create_account") | {"rawPath": path, "body": json.dumps(body)}
    event["requestContext"]["http"] |= {"method": method, "path": path}
    return event


def a_synchronization(event: Json) -> None:
    enrollments.make_one(event["enrollment_id"], event["synchronization_id"], ORGANIZATION_ID, 1)


def an_organization_that_is_spoken_of(event: Json) -> None:
    notification = json.loads(event["Records"][0]["body"])
    properties = json.loads(notification["Message"])["ResourceProperties"]
    found = replace(Organization.new(ORGANIZATION_ID), external_id=properties["ExternalId"])
    wiring.organizations().create(found, NOW)
    an_account()


def nothing(_: Json) -> None:
    """A new stack."""


class Receiver:
    """A customer's webhook receiver."""

    url = "https://hooks.example.com/"

    def __init__(self) -> None:
        self.types: list[str] = []

    def post(self, url: Any, body: bytes, headers: Json, **_: float) -> int:
        self.types.append(json.loads(body)["type"])
        return 200

    def put(self, url: Any, body: bytes, **_: float) -> int:
        self.types.append(json.loads(body)["Status"])
        return 200


RECEIVER, BUS = Receiver(), EventBridge()


# ---- what each answers ---------------------------------------------------------------------------


def account() -> Any:
    return wiring.accounts().get(ORGANIZATION_ID, ACCOUNT_ID)


def is_created(answer: Json) -> None:
    assert answer["statusCode"] == 201
    assert json.loads(answer["body"])["provider_id"] == NUMBER


def is_stopping(answer: Json) -> None:
    assert answer["statusCode"] == 202, answer
    assert get_backend("rds")[NUMBER][REGION].databases["orders"].status == "stopped"


def is_the_page(answer: Json) -> None:
    assert answer["statusCode"] == 200
    assert answer["headers"]["content-type"].startswith("text/html")


def has_opened(answer: Json) -> None:
    assert {step["step"] for step in answer["steps"]} == {permissions.ACCOUNT_MATCHES}
    assert answer["session"]
    assert answer["probes"]


def has_surveyed(answer: Json) -> None:
    assert {each["region"]: each["status"] for each in answer["region_health"]} == {
        "us-east-1": "reachable",
        "eu-west-1": "reachable",
    }


def has_probed(answer: Json) -> None:
    step = Step.from_dict(answer)
    assert (step.step, step.error_code) == ("ec2:StopInstances", "DryRunOperation")


def has_written_the_summary(answer: list[Json]) -> None:
    assert {step["verdict"] for step in answer} == {"allowed"}
    assert len(answer) == 5
    assert get_backend("logs")[NUMBER][REGION].groups["/cavok/verifications"].streams


def has_tested(answer: Json) -> None:
    steps = {step["step"]: step["verdict"] for step in answer["steps"]}
    assert steps["ec2:DescribeInstances"] == steps["logs:PutLogEvents"] == "allowed"
    assert answer["survey"]["region_health"]


def has_degraded(answer: Json) -> None:
    """The sample's test lost a permission."""
    assert (answer["state"], answer["outcome"]) == ("finished", "degraded")
    assert not account().testing(NOW)


def has_aborted(answer: Json) -> None:
    assert (answer["state"], answer["outcome"]) == ("aborted", None)
    assert not account().testing(NOW)


def has_swept(answer: Json) -> None:
    assert answer == {"tested": 1, "handed_over": [], "left": False}
    assert account().verification


def has_published(answer: Json) -> None:
    assert answer == QUEUED
    assert [event["detail-type"] for event in BUS.events] == ["Instance Interaction"]


def has_logged(answer: Json) -> None:
    assert answer == QUEUED
    (stream,) = get_backend("logs")[NUMBER][REGION].groups["/cavok/interactions"].streams.values()
    assert [json.loads(e.message)["interaction_id"] for e in stream.events] == [INTERACTION_ID]


def has_followed(answer: Json) -> None:
    assert answer == QUEUED
    followed = wiring.interactions().find(ACCOUNT_ID, INTERACTION_ID)
    assert followed
    assert followed.result is Result.NOT_REACHED, "the instance is gone"


def has_acted(answer: Json) -> None:
    assert answer["done"]["action"] in ("start", "stop"), "by the time of day"


def has_ended(answer: Json) -> None:
    assert answer == {"ended": 1}
    assert list(wiring.resources().all_of(ACCOUNT_ID)) == []


def has_delivered(answer: Json) -> None:
    assert answer == QUEUED
    assert RECEIVER.types == [FAILED]


def has_given_up(answer: Json) -> None:
    assert answer == {"more": False}
    (issue,) = enrollments.stored(enrollments.ENROLLMENT_ID).issues
    assert "Task timed out after 180.00 seconds" in issue.message


def has_heard(answer: Json) -> None:
    assert answer == QUEUED
    assert RECEIVER.types == ["SUCCESS"]
    assert account().testing(Clock.time)


def a_bulk_operation_on_one(event: Json) -> None:
    an_account()
    message = BulkMessage.read(event["Records"][0]["body"])
    begin_bulk(
        a_bulk_operation(
            organization_id=message.organization_id,
            operation_id=message.operation_id,
            action=BulkAction.DELETE,
            total=1,
            started_at=NOW,
        ),
        [ACCOUNT_ID],
    )


def has_deleted(answer: Json) -> None:
    assert answer == QUEUED
    assert not any(item["sk"].startswith("ACCOUNT#") for item in items())


def has_reconciled(answer: Json) -> None:
    assert answer == {}


@dataclass(frozen=True)
class Sample:
    """A sample event, its function, what is there before, and what must come of it."""

    event: str
    function: str
    prepare: Callable[[Json], None]
    check: Callable[[Any], None]


SAMPLES = (
    Sample("api_create_account", "accounts_api", nothing, is_created),
    Sample("api_stop_instance", "instances_api", a_database, is_stopping),
    Sample("page", "dashboard", nothing, is_the_page),
    Sample("open_session", "open_session", a_test, has_opened),
    Sample("survey_regions", "survey_regions", a_sealed_session, has_surveyed),
    Sample("probe_permission", "probe_permission", a_sealed_session, has_probed),
    Sample("write_customer_log", "write_customer_log", a_sealed_session, has_written_the_summary),
    Sample("probe_account", "probe_account", a_test, has_tested),
    Sample("record_verification", "record_verification", a_test, has_degraded),
    Sample("execution_died", "record_verification", a_running_test, has_aborted),
    Sample("sweep_accounts", "sweep_accounts", lambda _: an_account(), has_swept),
    Sample("publish_events", "publish_events", nothing, has_published),
    Sample("log_interactions", "log_interactions", an_interaction_of_minutes_ago, has_logged),
    Sample("follow_outcome", "follow_outcome", an_interaction_of_minutes_ago, has_followed),
    Sample("run_bulk_operation", "run_bulk_operation", a_bulk_operation_on_one, has_deleted),
    Sample("follow_schedule", "follow_schedule", a_resource, has_acted),
    Sample("end_resources", "end_resources", a_resource_of_a_deleted_account, has_ended),
    Sample("deliver_webhook", "deliver_webhook", a_webhook, has_delivered),
    Sample("hear_connections", "hear_connections", an_organization_that_is_spoken_of, has_heard),
    Sample("reconcile_clocks", "reconcile_clocks", nothing, has_reconciled),
    Sample("read_organization", "read_organization", a_synchronization, has_given_up),
)


# ---- the tests -----------------------------------------------------------------------------------


@pytest.fixture(autouse=True)
def _environment(monkeypatch: pytest.MonkeyPatch) -> None:
    arn = "arn:aws:{}:us-east-1:000000000000:{}"
    environment = {
        "WEBHOOK_QUEUE_URL": client("sqs").create_queue(QueueName="webhooks")["QueueUrl"],
        "FOLLOWED_ACTS_URL": "https://sqs.example/acts",
        "BULK_OPERATIONS_URL": "https://sqs.example/bulk",
        "ALLOW_LOOPBACK_WEBHOOKS": "false",
        "CLOCKS_GROUP": "cavok-clocks",
        "FIRED_CLOCKS_URL": "https://sqs.example/fired",
        "CLOCKS_ROLE_ARN": "arn:aws:iam::000000000000:role/clocks",
        "UNFOLLOWED_SCHEDULES_ARN": arn.format("sqs", "unfollowed"),
        "CANARY_ROLE_ARN": "not used: the account is entered with an access key",
        "CANARY_EXTERNAL_ID": "not used",
        "OWN_ACCOUNT_ID": WORKLOAD,
    }
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setattr(metrics.provider, "namespace", "Cavok/Accounts")
    monkeypatch.setattr(wiring, "webhook_client", lambda: RECEIVER)
    monkeypatch.setattr(wiring, "bus", lambda: Bus(BUS, "cavok"))  # type: ignore[arg-type]
    RECEIVER.types.clear()
    BUS.events.clear()
    client("scheduler").create_schedule_group(Name="cavok-clocks")
    for adapter in (wiring.scheduler_client, wiring._queue):
        adapter.cache_clear()


def handle(function: str, event: Json) -> Any:
    """The handler's answer, as JSON on both ways."""
    is_page = function == "dashboard"
    app = built.app() if is_page else importlib.import_module(f"functions.{function}.app")
    return json.loads(json.dumps(app.handler(json.loads(json.dumps(event)), Context())))


def test_every_function_has_a_sample_and_every_sample_a_function() -> None:
    assert {s.function for s in SAMPLES} == {p.parent.name for p in ROOT.glob("functions/*/app.py")}
    assert {s.event for s in SAMPLES} == {path.stem for path in ROOT.glob("events/*.json")}


@pytest.mark.parametrize("sample", SAMPLES, ids=lambda sample: sample.event)
def test_a_function_takes_its_sample_event(sample: Sample) -> None:
    event = sample_event(sample.event)
    sample.prepare(event)

    sample.check(handle(sample.function, event))


def test_an_execution_that_is_no_test_is_dropped_when_it_dies(
    capsys: pytest.CaptureFixture[str],
) -> None:
    event = sample_event("execution_died")
    event["detail"]["input"] = "{}"

    assert handle("record_verification", event) == {}

    lines = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert [line["DroppedEvents"] for line in lines if "DroppedEvents" in line] == [[1.0]]


def test_a_persons_test_that_our_own_session_policy_refuses_rings_our_alarm(
    capsys: pytest.CaptureFixture[str],
) -> None:
    event = sample_event("record_verification")
    a_test(event)
    (step,) = (each for each in event["steps"] if each["step"] == "ec2:StopInstances")
    step |= {"verdict": "inconclusive", "ok": None, "reason": "session_policy"}

    handle("record_verification", event)

    lines = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    (counted,) = (line for line in lines if "OurEntryBroken" in line)
    assert counted["OurEntryBroken"] == [1.0]
    assert "outcome" not in counted, "the alarm knows no such dimension"


@pytest.mark.parametrize(("revoked", "outcome"), [(True, "overtaken"), (False, "aborted")])
def test_a_customer_who_revokes_accounts_during_tests_rings_no_alarm_for_aborted_ones(
    revoked: bool, outcome: str, capsys: pytest.CaptureFixture[str]
) -> None:
    event = sample_event("execution_died")
    a_running_test(event)
    if revoked:
        before = account()
        wiring.accounts().save(before, before.with_use_revoked(Clock.time))

    has_aborted(handle("record_verification", event))

    lines = [line for line in capsys.readouterr().out.splitlines() if '"Verifications"' in line]
    assert [json.loads(line)["outcome"] for line in lines] == [outcome]
