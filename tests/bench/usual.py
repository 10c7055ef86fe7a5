"""The usual event of each function that no person's test invokes, and what must be there for it, in
the stand-in.
"""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from itertools import count
from typing import Any

import boto3
from ulid import ULID

from cavok.adapters.table.interactions import Interactions
from cavok.adapters.table.resources import Resources
from cavok.adapters.table.table import Table
from cavok.domain.accounts import Account
from cavok.domain.connection_hints import IN_EFFECT_AFTER
from cavok.domain.interactions import Result
from cavok.domain.kinds import Kind
from cavok.domain.resources import Resource
from cavok.domain.schedules import DAYS, Schedule, Window
from local.settings import REGION, Problem
from tests.bench import prepared
from tests.bench.functions import TABLE
from tests.bench.persons_test import request
from tests.bench.prepared import ORGANIZATION
from tests.bench.stand_in import EXTERNAL_ID, StandIn
from tests.bench.workflows import Pool
from tests.support.builders import an_interaction, sample_event

FIRST = 1_100_000
"""Numbers of the customers here. Others of the bench are smaller."""

TESTED_IN_BULK = 3
"""Accounts of an operation."""

MEMBERS = 40
"""Accounts of the AWS Organization that is read, in two units."""


@dataclass(frozen=True)
class Scene:
    """Where the events come from: `pool` has the API, through which much is made; `receiver` is the
    address of who takes messages; `account` has the EC2 instance `instance_id`.
    """

    pool: Pool
    aws: StandIn
    receiver: str
    account: Account
    instance_id: str

    def ask(self, method: str, path: str, body: Any = None, function: str = "AccountsApi") -> Any:
        """The body of the API's answer. Raises Problem if it refuses."""
        event = request(method, path, under="/v1", body=body, key=str(ULID()))
        answer = self.pool.invoke(function, event, 0).invocation.result
        if answer["statusCode"] >= 300:
            raise Problem(f"{method} {path}: {answer}")
        return json.loads(answer["body"])


@contextmanager
def scene(pool: Pool, aws: StandIn) -> Iterator[Scene]:
    """With an account of its own. Ends with who takes messages."""
    (account,) = prepared.connect_accounts(1, first=FIRST)
    instance_id = prepared.run_instance(account.account_number)
    server = ThreadingHTTPServer(("127.0.0.1", 0), _Receiver)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    address = f"http://127.0.0.1:{server.server_port}"
    try:
        yield Scene(pool, aws, address, account, instance_id)
    finally:
        server.shutdown()
        server.server_close()


class _Receiver(BaseHTTPRequestHandler):
    """Takes webhooks' messages, and answers to CloudFormation."""

    def do_POST(self) -> None:
        self.rfile.read(int(self.headers["content-length"]))
        self.send_response(200)
        self.send_header("content-length", "0")
        self.end_headers()

    def do_PUT(self) -> None:
        self.do_POST()

    def log_message(self, *_: object) -> None:
        """Nothing: the tables say what happened."""


Events = Callable[[Scene], Iterator[Any]]
"""Makes one event after another. What an event needs is there once it has been taken."""


def _stopping(here: Scene) -> Iterator[Any]:
    """A person stops an instance. moto is asked once, so that it still runs the next time."""
    account_id = here.account.account_id
    for _ in count():
        path = f"/{account_id}/instances/ec2/{here.instance_id}/stop"
        yield request("POST", path, key=str(ULID()))


def _the_page(_: Scene) -> Iterator[Any]:
    while True:
        yield sample_event("page")


def _tested_alone(here: Scene) -> Iterator[Any]:
    """A sweep has given the account a test of its own."""
    while True:
        test = str(ULID())
        prepared.lease(here.account, test)
        yield {
            "organization_id": ORGANIZATION,
            "account_id": here.account.account_id,
            "verification_id": test,
            "trigger": "scheduled",
            "correlation_id": "sweep",
        }


def _a_page_of_a_sweep(here: Scene) -> Iterator[Any]:
    """As many accounts are due as are tested at once, at the head of all. Two minutes after the
    last sweep, so that all connections are closed.
    """
    from cavok.services.sweep import AT_ONCE

    prepared.connect_accounts(AT_ONCE)
    for number in count():
        here.aws.hang_up()
        prepared.make_due(AT_ONCE)
        yield sample_event("sweep_accounts") | {"sweep_id": f"sweep-{number}"}


def _a_change(here: Scene) -> Iterator[Any]:
    """An instance was stopped."""
    text = json.dumps(sample_event("publish_events"))
    for number in count():
        event = json.loads(text.replace("01JN8Q5M3C0000000000000009", f"{number:026}"))
        event["Records"][0]["dynamodb"]["SequenceNumber"] = str(number)
        yield event


def _a_message(here: Scene) -> Iterator[Any]:
    body = {"url": f"{here.receiver}/hook", "events": ["Account Failed"]}
    here.ask("PUT", "/organization/webhook", body)
    sample = sample_event("deliver_webhook")
    text = sample["Records"][0]["body"].replace("org-one", ORGANIZATION)
    for number in count():
        said = text.replace("01JN8Q5M3C0000000000000001-2-", f"{number:026}-2-")
        yield {"Records": [sample["Records"][0] | {"body": said}]}


def _an_act_to_follow(here: Scene) -> Iterator[Any]:
    """An instance that was stopped a minute ago, and is."""
    owner = prepared.owner_of(here.account.account_number)
    instance_id = prepared.run_instance(here.account.account_number)
    boto3.client("ec2", REGION, **owner).stop_instances(InstanceIds=[instance_id])
    for _ in count():
        act = _record(here, instance_id=instance_id, result=Result.PENDING)
        names = ("organization_id", "account_id", "interaction_id")
        body = json.dumps({name: act[name] for name in names})
        sample = sample_event("follow_outcome")
        yield {"Records": [sample["Records"][0] | {"body": body}]}


def _a_line(here: Scene) -> Iterator[Any]:
    """One act, for the customer's log."""
    sample = sample_event("log_interactions")
    event = json.loads(sample["Records"][0]["body"])
    for _ in count():
        body = json.dumps(event | {"detail": event["detail"] | _record(here)})
        yield {"Records": [sample["Records"][0] | {"body": body}]}


def _record(here: Scene, **but: Any) -> dict[str, str]:
    """The names and the time of an interaction that is in the table."""
    act = an_interaction(
        organization_id=ORGANIZATION,
        account_id=here.account.account_id,
        interaction_id=str(ULID()),
        at=datetime.now(UTC) - timedelta(minutes=1),
        **but,
    )
    with prepared.adapters():
        Interactions(Table(TABLE, REGION)).record(act)
    return {
        "organization_id": act.organization_id,
        "account_id": act.account_id,
        "interaction_id": act.interaction_id,
        "at": act.at.isoformat(),
    }


def _a_fired_clock(here: Scene) -> Iterator[Any]:
    """An instance whose week ended with this hour, and which nobody has stopped yet."""
    for number in count():
        instance_id = prepared.run_instance(here.account.account_number)
        resource = _add(_a_resource(here.account, number, instance_id))
        yield {
            "organization_id": ORGANIZATION,
            "account_id": resource.account_id,
            "resource_id": resource.resource_id,
            "clock": f"{resource.resource_id}-{resource.revision}-1800",
            "made_at": resource.created_at.isoformat(),
        }


def _a_deleted_account(_: Scene) -> Iterator[Any]:
    """It had a resource."""
    text = json.dumps(sample_event("end_resources")).replace("org-one", ORGANIZATION)
    for number in count():
        (account,) = prepared.connect_accounts(1, first=FIRST + 1000 + number)
        _add(_a_resource(account, 1000 + number, "i-0123456789abcdef0"))
        prepared.delete(account)
        yield json.loads(text.replace("01JN8Q5M3C0000000000000001", account.account_id))


def _a_resource(account: Account, number: int, instance_id: str) -> Resource:
    """Under a schedule whose latest turn was at the last full hour: to stop."""
    now = datetime.now(UTC)
    hours = Window(DAYS, f"{(now.hour - 2) % 24:02}:00", f"{now.hour:02}:00")
    made = now - timedelta(days=2)
    return Resource(
        organization_id=ORGANIZATION,
        account_id=account.account_id,
        resource_id=f"01JN8Q5M3C{number:015}R",
        kind=Kind.EC2,
        instance_id=instance_id,
        region=REGION,
        name="orders",
        schedule=Schedule("UTC", (hours,)),
        followed_at=made,
        created_at=made,
        created_by="ada@example.com",
        updated_at=made,
        revision="5f0c9a3be1d27846",
    )


def _add(resource: Resource) -> Resource:
    with prepared.adapters():
        return Resources(Table(TABLE, REGION)).add(resource)


def _a_day(here: Scene) -> Iterator[Any]:
    """Of some schedules, which all have their clocks from the second day on."""
    for number in range(5):
        _add(_a_resource(here.account, 2000 + number, f"i-{number:017}"))
    while True:
        yield sample_event("reconcile_clocks")


def _a_stack_that_changed(here: Scene) -> Iterator[Any]:
    """One of an account that nobody has tested lately."""
    sample = sample_event("hear_connections")
    notification = json.loads(sample["Records"][0]["body"])
    said = json.loads(notification["Message"])
    bucket = "cloudformation-custom-resource-response-useast1"
    sent = int((datetime.now(UTC) - IN_EFFECT_AFTER).timestamp() * 1000)
    for number in count():
        (account,) = prepared.connect_accounts(1, first=FIRST + 2000 + number)
        prepared.claim(account)
        prepared.forget_hints(account)
        stack = (
            f"arn:aws:cloudformation:{REGION}:{account.account_number}:stack/CavokCloud/{number}"
        )
        body = said | {
            "StackId": stack,
            "RequestId": f"request-{number}",
            "ResponseURL": f"{here.receiver}/{bucket}/answer",
            "ResourceProperties": said["ResourceProperties"] | {"ExternalId": EXTERNAL_ID},
        }
        attributes = {"ApproximateReceiveCount": "1", "SentTimestamp": str(sent)}
        published = notification | {"Message": json.dumps(body)}
        message = {"body": json.dumps(published), "attributes": attributes}
        asked = len(here.aws.calls)
        yield {"Records": [sample["Records"][0] | message]}
        if not any(call.operation == "StartExecution" for call in here.aws.calls[asked:]):
            raise Problem("No test was started for a stack that changed.")


def _a_round(here: Scene) -> Iterator[Any]:
    """A synchronization's only one. The first of all adds the members."""
    management = f"{prepared.FIRST_NUMBER + FIRST + 3000}"
    _make_organization(management)
    new = {"name": "Northwind", "provider": "aws", "management_account_id": management}
    made = here.ask("POST", "/enrollments", new | {"write_logs": True})
    while True:
        asked = len(here.aws.calls)
        here.ask("POST", f"/enrollments/{made['enrollment_id']}/synchronizations")
        begun = next(c.asked for c in here.aws.calls[asked:] if c.operation == "StartExecution")
        yield json.loads(begun["input"]) | {"failure": None}


def _an_operation(here: Scene) -> Iterator[Any]:
    """On accounts that are tested at once."""
    sample = sample_event("run_bulk_operation")
    for number in count():
        first = FIRST + 4000 + TESTED_IN_BULK * number
        named = [each.account_id for each in prepared.connect_accounts(TESTED_IN_BULK, first=first)]
        asked = {"action": "test", "selection": {"account_ids": named}}
        begun = here.ask("POST", "/accounts/bulk", asked)
        ids = {"organization_id": ORGANIZATION, "operation_id": begun["operation_id"]}
        yield {"Records": [sample["Records"][0] | {"body": json.dumps(ids)}]}
        done = here.ask("GET", f"/operations/{begun['operation_id']}")
        if (done["state"], done["failed_total"]) != ("finished", 0):
            raise Problem(f"An operation was not carried out: {done}")


def _make_organization(management: str) -> None:
    """An AWS Organization with two units and `MEMBERS` in them."""
    owner = prepared.owner_of(management)
    aws = boto3.client("organizations", REGION, **owner)
    aws.create_organization(FeatureSet="ALL")
    root = aws.list_roots()["Roots"][0]["Id"]
    units = [
        aws.create_organizational_unit(ParentId=root, Name=name)["OrganizationalUnit"]["Id"]
        for name in ("Production", "Development")
    ]
    for number in range(MEMBERS):
        made = aws.create_account(Email=f"{number}@northwind.example", AccountName=f"W{number}")
        account_id = made["CreateAccountStatus"]["AccountId"]
        where = {"SourceParentId": root, "DestinationParentId": units[number % 2]}
        aws.move_account(AccountId=account_id, **where)


EVENTS: Mapping[str, Events] = {
    "SweepAccounts": _a_page_of_a_sweep,
    "DashboardPage": _the_page,
    "DeliverWebhook": _a_message,
    "EndResources": _a_deleted_account,
    "FollowOutcome": _an_act_to_follow,
    "FollowSchedule": _a_fired_clock,
    "HearConnections": _a_stack_that_changed,
    "InstancesApi": _stopping,
    "LogInteractions": _a_line,
    "ProbeAccount": _tested_alone,
    "PublishEvents": _a_change,
    "ReadOrganization": _a_round,
    "ReconcileClocks": _a_day,
    "RunBulkOperation": _an_operation,
}
"""By function, in this order: the accounts that a synchronization adds are due. A person's test has
the events of the others.
"""
