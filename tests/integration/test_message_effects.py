"""What each consumer of a rule or a queue does for what its producer sends. That it takes every
message is shown by test_message_contracts.py; a consumer that takes a message and does nothing for
it, because it looks for another account or comes too late, is found here.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from cavok import wiring
from cavok.domain.accounts import Status
from cavok.domain.interactions import InteractionOutcome, Result
from tests.support.api import KEY_ACCOUNT, Api
from tests.support.builders import NUMBER, a_resource, an_interaction
from tests.support.messages import (
    QUEUES,
    RULES,
    STREAMS,
    EventBridge,
    Receiver,
    Stream,
    deliver,
    environment,
    eventbridge,
    fed_by_clocks,
    invoke,
    nothing_is_dropped,
    published,
    queue_names,
    receiver,
    said_by_a_stack,
)
from tests.support.moto_stack import Clock
from tests.support.workflows import deaths_of_a_test, run_started_test

__all__ = ["environment", "eventbridge", "nothing_is_dropped", "receiver"]

pytestmark = pytest.mark.filterwarnings("ignore:No application metrics")

Json = dict[str, Any]


class OwnAccount:
    """An organization with a confirmed account, and what its acts put on the bus and in queues."""

    def __init__(self, admin: Api, bus: EventBridge) -> None:
        self.admin, self.bus, self.stream = admin, bus, Stream()
        account = admin.account(**KEY_ACCOUNT | {"provider_id": NUMBER, "write_logs": True})
        self.account_id = str(account["account_id"])
        self.path = f"/v1/accounts/{self.account_id}"
        admin.post(f"{self.path}/verifications")
        run_started_test("VerifyAccount")
        assert admin.get(self.path).json["status"] in (Status.CONFIRMED, Status.DEGRADED)
        self.stream.changes()

    def publish(self) -> None:
        """Hands what was written since the last time to the functions that read the stream."""
        records = self.stream.changes()
        for function in STREAMS:
            assert invoke(function, {"Records": records}) == {"batchItemFailures": []}

    def act(self) -> str:
        """A stop of yesterday, of which nobody knows the outcome. Returns its id."""
        at = Clock.time - timedelta(days=1)
        stop = an_interaction(account_id=self.account_id, at=at, result=Result.PENDING)
        open_act = replace(stop, outcome=InteractionOutcome.PENDING, result=None, held_until=at)
        wiring.interactions().begin(open_act)
        wiring.interactions().close(stop)
        self.publish()
        return stop.interaction_id

    def interaction(self, interaction_id: str) -> Json:
        found: list[Json] = self.admin.get(f"{self.path}/interactions").json["items"]
        (one,) = (each for each in found if each["interaction_id"] == interaction_id)
        return one


@pytest.fixture
def own_account(
    admin: Api, eventbridge: EventBridge, monkeypatch: pytest.MonkeyPatch
) -> OwnAccount:
    monkeypatch.setenv("CLOCKS_GROUP", "cavok-clocks")
    return OwnAccount(admin, eventbridge)


def targets_of(event_type: str) -> Iterator[tuple[str, Json]]:
    """The targets of the rules that name a type of event, with the rule's pattern."""
    for rule in RULES.values():
        if event_type in rule.types():
            yield from ((target, rule.pattern) for target in rule.targets)


def consumer(target: str) -> str:
    """The function behind a target: itself, or the one that reads the queue."""
    return queue_names().get(target, target)


def deliver_to(function: str, event_type: str, events: list[Json]) -> None:
    (target,) = (each for each, _ in targets_of(event_type) if consumer(each) == function)
    passed = [event for event in events if event["detail-type"] == event_type]
    assert passed
    deliver(target, passed)


def log_interactions_writes_the_line(own_account: OwnAccount, _: Receiver) -> None:
    stop = own_account.act()
    assert own_account.interaction(stop)["logged"] == "pending"

    deliver_to("LogInteractions", "Instance Interaction", own_account.bus.events)

    assert own_account.interaction(stop)["logged"] == "written"


def follow_outcome_stores_the_result(own_account: OwnAccount, _: Receiver) -> None:
    stop = own_account.act()
    assert own_account.interaction(stop)["result"] == "pending"

    deliver("FollowedActs", own_account.bus.sent["FollowedActs"])

    assert own_account.interaction(stop)["result"] == "not_reached"


def run_bulk_operation_deletes_the_account(own_account: OwnAccount, _: Receiver) -> None:
    selection = {"account_ids": [own_account.account_id]}
    body = {"action": "delete", "selection": selection}
    assert own_account.admin.post("/v1/accounts/bulk", body).status == 202
    own_account.publish()

    deliver("BulkOperations", own_account.bus.sent["BulkOperations"])

    assert own_account.admin.get(own_account.path).status == 404


def record_verification_aborts_the_test(own_account: OwnAccount, _: Receiver) -> None:
    own_account.admin.post(f"{own_account.path}/verifications")
    ((target, pattern),) = targets_of("Step Functions Execution Status Change")

    deliver(target, deaths_of_a_test(pattern)[:1])

    tested = own_account.admin.get(f"{own_account.path}/verifications").json["items"][0]
    assert tested["state"] == "aborted"
    assert own_account.admin.get(own_account.path).json["testing"] is False


def end_resources_deletes_them(own_account: OwnAccount, _: Receiver) -> None:
    wiring.resources().add(a_resource(account_id=own_account.account_id))
    assert own_account.admin.delete(own_account.path).status == 204
    own_account.publish()

    deliver_to("EndResources", "Account Deleted", own_account.bus.events)

    assert not list(wiring.resources().all_of(own_account.account_id))


def deliver_webhook_posts_it(own_account: OwnAccount, receiver: Receiver) -> None:
    body = {"url": "https://hooks.example.com/", "events": ["Account Deleted"]}
    assert own_account.admin.put("/v1/organization/webhook", body).status == 201
    assert own_account.admin.delete(own_account.path).status == 204
    own_account.publish()

    deliver("WebhookMessages", own_account.bus.sent["WebhookMessages"])

    assert [each["data"]["account_id"] for each in receiver.bodies] == [own_account.account_id]
    (delivery,) = own_account.admin.get("/v1/organization/webhook/deliveries").json["items"]
    assert delivery["status"] == "delivered"


def hear_connections_has_the_account_tested(own_account: OwnAccount, receiver: Receiver) -> None:
    external_id = own_account.admin.get("/v1/organization").json["external_id"]
    number = own_account.admin.get(own_account.path).json["provider_id"]

    deliver("ConnectionHints", [published(said_by_a_stack(number, external_id))])

    assert own_account.admin.get(own_account.path).json["testing"] is True
    assert [each["Status"] for each in receiver.bodies] == ["SUCCESS"]


EFFECTS: dict[str, Callable[[OwnAccount, Receiver], None]] = {
    "DeliverWebhook": deliver_webhook_posts_it,
    "EndResources": end_resources_deletes_them,
    "FollowOutcome": follow_outcome_stores_the_result,
    "RunBulkOperation": run_bulk_operation_deletes_the_account,
    "HearConnections": hear_connections_has_the_account_tested,
    "LogInteractions": log_interactions_writes_the_line,
    "RecordVerification": record_verification_aborts_the_test,
}


@pytest.mark.parametrize("function", sorted(EFFECTS))
def test_a_consumer_does_its_work_for_what_its_producer_sends(
    function: str, own_account: OwnAccount, receiver: Receiver
) -> None:
    EFFECTS[function](own_account, receiver)


def test_every_consumer_of_a_rule_or_a_queue_is_here() -> None:
    """What fired clocks do is shown in test_following_schedules.py."""
    targets = {consumer(target) for rule in RULES.values() for target in rule.targets}
    assert (targets | QUEUES.keys()) - {consumer(fed_by_clocks())} == EFFECTS.keys(), (
        "show in EFFECTS what each consumer does"
    )
