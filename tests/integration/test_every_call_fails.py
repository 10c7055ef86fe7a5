"""Every use case, with each of its AWS calls failing in turn, and the retry that production makes.

Each story runs well once, which counts its calls. Then it runs once per call and fault, its caller
repeats it as production does, and the end is compared with the good run: the table, the schedules,
the lines in the customer's log, and the events that follow.

KNOWN names every end that differs, and why. A new one fails here, and so does one that was mended
and is still listed.
"""

from __future__ import annotations

import functools
import json
from collections import Counter
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from moto.backends import get_backend

from cavok import wiring
from cavok.adapters.sealing import credentials_context
from cavok.adapters.table import keys
from cavok.adapters.table.webhooks import WaitingItem
from cavok.domain import audit
from cavok.domain import webhooks as domain_webhooks
from cavok.domain.accounts import Account, LastVerification, Outcome, Status
from cavok.domain.clocks import ClockMessage, clocks_of, names_of
from cavok.domain.interactions import InteractionOutcome
from cavok.domain.issues import confused_deputy
from cavok.domain.schedules import Schedule
from cavok.domain.verifications import begin
from cavok.domain.webhooks import COUNTED_TRY, PAUSED_AFTER, WAITING_A_DAY, wait_seconds
from cavok.services import webhooks as service_webhooks
from functions.deliver_webhook import app as deliver_webhook
from functions.end_resources import app as end_resources
from functions.follow_outcome import app as follow_outcome
from functions.follow_schedule import app as follow_schedule
from functions.log_interactions import app as log_interactions
from functions.publish_events import app as publish_events
from functions.reconcile_clocks import app as reconcile_clocks
from functions.record_verification import app as record_verification
from functions.run_bulk_operation import app as run_bulk_operation
from functions.sweep_accounts import app as sweep_accounts
from tests.support import api as http
from tests.support.api import KEY_ACCOUNT, Api, Context, number
from tests.support.builders import (
    ORGANIZATION_ID,
    a_failed_delivery,
    a_verification,
    an_account_with_keys,
    an_interaction,
    by,
    confirmed,
    steps_of,
)
from tests.support.enrollments import NEW
from tests.support.failing_calls import (
    ADMIN,
    NOW,
    RECEIVER,
    TURN,
    Run,
    a_database,
    a_due_database,
    a_scheduled_database,
    add_a_resource,
    ask,
    at,
    broken,
    connected,
    environment,
    feed_stream,
    forget,
    made_once,
    path_of,
)
from tests.support.faults import Calls, Died, Fault, watched
from tests.support.moto_stack import (
    CLOCKS,
    REGION,
    SWEEP,
    Clock,
    Json,
    plain_items,
    stored_items,
)
from tests.support.reliability import counted

__all__ = ["environment"]

pytestmark = pytest.mark.filterwarnings("ignore:No application metrics")


# ---- one run -------------------------------------------------------------------------------------


Act = Callable[[Run], None]


@dataclass
class Story:
    """A use case: what is there before, what is done (retries included), and what to look at.

    `aborts`: a test that does not come to run is aborted, and another one takes its place.
    `counts`: a test that finds what was there is only counted, unless a fault gives the account one
    of its own: that is stored, and an event.
    """

    name: str
    prepare: Act
    act: Act
    look: Callable[[Run], Any] = lambda run: None
    aborts: bool = False
    counts: bool = False


def run_story(
    story: Story, index: int | None = None, fault: Fault | None = None
) -> tuple[Run, Json]:
    forget()
    Clock.time = NOW
    run = Run()
    story.prepare(run)
    run.look()
    run.records.clear()
    run.calls.index, run.calls.fault, run.calls.after_write = index, fault, run.look
    with watched(run.calls):
        story.act(run)
    run.look()
    return run, _end(run, story)


def _end(run: Run, story: Story) -> Json:
    """What counts of the end of a run: no ids, no times."""
    items = plain_items()
    kinds = Counter(sk.partition("#")[0] for _, sk in items)
    events = _events(run.records)
    audit = Counter(item["action"] for (_, sk), item in items.items() if sk.startswith("AUDIT#"))
    tests = [item["state"] for (_, sk), item in items.items() if sk.startswith("VERIFICATION#")]
    if story.aborts:
        aborted = [item["trigger"] for item in items.values() if item.get("state") == "aborted"]
        tests = [state for state in tests if state != "aborted"]
        kinds.subtract(VERIFICATION=len(aborted), AUDIT=aborted.count("manual"))
        audit["tested"] -= aborted.count("manual")
    published = Counter(event["detail-type"] for event in events)
    if story.counts:
        kinds["VERIFICATION"], published["Verification Finished"], tests = 0, 0, []
    return {
        "items": dict(kinds),
        "wrong": broken(items),
        "events": dict(published),
        "accounts": sorted(
            (item["name"], item["status"], int(item["connection_revision"]))
            for (_, sk), item in items.items()
            if sk.startswith("ACCOUNT#")
        ),
        "tests": sorted(tests),
        "audit": dict(audit),
        "seen": story.look(run),
        "notes": run.notes,
    }


def _events(records: list[Json]) -> list[Json]:
    """The events that the stream's function makes of these records."""
    calls = Calls()
    if not records:
        return []
    with watched(calls):
        publish_events.handler({"Records": records}, Context())  # type: ignore[arg-type]
    return calls.events


# ---- the callers of production -------------------------------------------------------------------


def invoke(run: Run, handler: Any, event: Json, tries: int) -> Any:
    """A caller that repeats an invocation that failed: a state's Retry, or Lambda for an event."""
    for _ in range(tries):
        try:
            return handler(json.loads(json.dumps(event)), Context())
        except (Exception, Died):  # noqa: BLE001  Lambda repeats whatever failed
            continue
    run.notes.append("given up")
    return None


MANY = 20
"""Receives of a message, fewer than a queue of webhooks allows, and more than are needed."""


def feed_queue(run: Run, handler: Any, bodies: list[str], tries: int, queue: str = "queue") -> None:
    """Lambda, reading a queue: the failed messages again, a second later, then the dead-letter
    queue.
    """
    waiting = {f"m-{index}": body for index, body in enumerate(bodies)}
    sent = str(round(1000 * NOW.timestamp()))
    for count in range(1, tries + 1):
        Clock.time += timedelta(seconds=1)
        messages = [
            {
                "messageId": message_id,
                "receiptHandle": message_id,
                "body": body,
                "attributes": {"ApproximateReceiveCount": str(count), "SentTimestamp": sent},
                "eventSource": "aws:sqs",
                "eventSourceARN": f"arn:aws:sqs:us-east-1:111122223333:{queue}",
            }
            for message_id, body in waiting.items()
        ]
        try:
            failed = handler({"Records": messages}, Context())["batchItemFailures"]
        except (Exception, Died):  # noqa: BLE001  Lambda repeats whatever failed
            continue
        waiting = {one["itemIdentifier"]: waiting[one["itemIdentifier"]] for one in failed}
        if not waiting:
            return
    run.notes.append(f"dead letters: {', '.join(sorted(waiting))}")


# ---- the stories ---------------------------------------------------------------------------------


def _connect(run: Run) -> None:
    ask(run, "POST", "/v1/accounts", KEY_ACCOUNT, Idempotency_Key="one")


def _with_key(run: Run) -> None:
    answer = ADMIN.post("/v1/accounts", KEY_ACCOUNT)
    run.memory["path"] = f"/v1/accounts/{answer.json['account_id']}"


def _change(run: Run) -> None:
    body = {"name": "Other", "regions": ["eu-west-1"]}
    ask(run, "PATCH", run.memory["path"], body)


def _rotate(run: Run) -> None:
    ask(run, "PUT", f"{run.memory['path']}/credentials", http.KEYS)


def _delete(run: Run) -> None:
    ask(run, "DELETE", run.memory["path"])


def _begin(run: Run) -> None:
    ask(run, "POST", f"{run.memory['path']}/verifications")


def _without_role(run: Run) -> None:
    answer = ADMIN.post("/v1/accounts", http.ROLE_ACCOUNT)
    run.memory["path"] = f"/v1/accounts/{answer.json['account_id']}"


def _look_for_role(run: Run) -> None:
    """The page looks again and again, until a test runs."""
    for seconds in (0, 6, 12, 18):
        with at(NOW + timedelta(seconds=seconds)):
            answer = ask(run, "POST", f"{run.memory['path']}/detection")
        if answer.status == 200 and answer.json["state"] == "found":
            break
    run.notes.clear()


def _executions(run: Run) -> int:
    found = get_backend("stepfunctions")["123456789012"][REGION].state_machines
    return sum(len(machine.executions) for machine in found)


def _begun(run: Run) -> None:
    _with_key(run)
    answer = ADMIN.post(f"{run.memory['path']}/verifications")
    account_id = run.memory["path"].rpartition("/")[2]
    run.memory["account"] = wiring.accounts().get(ORGANIZATION_ID, account_id)
    run.memory["test"] = {
        "organization_id": ORGANIZATION_ID,
        "account_id": account_id,
        "verification_id": answer.json["verification_id"],
        "trigger": "manual",
        "correlation_id": "c",
    }


def _finish(run: Run) -> None:
    steps = [step.as_dict() for step in steps_of(run.memory["account"])]
    invoke(run, record_verification.handler, run.memory["test"] | {"steps": steps}, tries=5)


def _die(run: Run) -> None:
    detail = {"status": "FAILED", "input": json.dumps(run.memory["test"])}
    invoke(run, record_verification.handler, {"detail": detail}, tries=3)


def _finish_of_a_deleted_account(run: Run) -> None:
    invoke(run, record_verification.handler, run.memory["test"] | {"steps": []}, tries=5)


def _deleted_while_tested(run: Run) -> None:
    _begun(run)
    ADMIN.delete(run.memory["path"])


def _due(run: Run) -> None:
    connected(run, 2, next_verification_at=NOW - timedelta(minutes=1))


def _due_again(run: Run) -> None:
    """Accounts that a sweep found confirmed yesterday, and that are as they were."""
    yesterday = NOW - timedelta(days=1)
    connected(run, 2, next_verification_at=yesterday)
    with at(yesterday):
        _sweep_once()
    assert _not_tested(yesterday) == []


def _dead(run: Run) -> None:
    """An account that is due because its test died."""
    (account,) = connected(run)
    long_ago = NOW - timedelta(hours=1)
    test = a_verification(account_id=account.account_id, started_at=long_ago)
    tested, entry = begin(account, test)
    wiring.verifications().begin(account, tested, test, entry)


def _sweep(run: Run) -> None:
    """Sweeps, until each account was tested. Tests of their own run. What a sweep that died began
    is due when its lease is over.
    """
    for minutes in (0, 2, 8, 12, 20):
        now = NOW + timedelta(minutes=minutes)
        with at(now), suppress(Exception, Died):
            for account_id in _sweep_once()["handed_over"]:
                invoke(run, record_verification.handler, _went_well(run, account_id), tries=5)
        if not _not_tested():
            return
    run.notes.append("given up")


def _sweep_once() -> Json:
    event = {"sweep_arn": SWEEP, "sweep_id": "s", "apart": False}
    swept: Json = sweep_accounts.handler(event, Context())  # type: ignore[arg-type]
    return swept


def _went_well(run: Run, account_id: str) -> Json:
    """What the workflow reports of a test that found everything working."""
    account = wiring.accounts().get(ORGANIZATION_ID, account_id)
    assert account.slot
    return {
        "organization_id": ORGANIZATION_ID,
        "account_id": account_id,
        "verification_id": account.slot.verification_id,
        "trigger": "scheduled",
        "steps": [step.as_dict() for step in steps_of(account)],
    }


def _not_tested(since: datetime = NOW) -> list[str]:
    return [name for name, tested_at, _ in _last_tests() if tested_at < f"{since:%FT%T}"]


def _last_tests() -> list[tuple[str, str, str]]:
    """Of each account its name, when its last test ended, and what came of it."""
    return sorted(
        (item["name"], item.get("last_finished_at", ""), item.get("last_outcome", ""))
        for (_, sk), item in plain_items().items()
        if sk.startswith("ACCOUNT#")
    )


def _confirmed(_: Run) -> list[str]:
    return [name for name, _, outcome in _last_tests() if outcome == Outcome.CONFIRMED]


def _an_account(run: Run) -> None:
    connected(run)


def _record_one(run: Run) -> None:
    interaction = an_interaction(account_id=run.memory["accounts"][0].account_id, at=NOW)
    repeated(run, lambda: wiring.interactions().record(interaction))


def _begin_and_close(run: Run) -> None:
    """A start or stop with a key, from its intent to its outcome."""
    closed = an_interaction(account_id=run.memory["accounts"][0].account_id, at=NOW, key_hash="k")
    opened = replace(closed, outcome=InteractionOutcome.PENDING)
    repeated(run, lambda: wiring.interactions().begin(opened))
    repeated(run, lambda: wiring.interactions().close(closed))


def repeated(run: Run, do: Callable[[], object]) -> None:
    for _ in range(3):
        try:
            do()
            return
        except (Exception, Died):  # noqa: BLE001  a caller repeats whatever failed
            continue
    run.notes.append("given up")


def _list(run: Run) -> None:
    (account,) = run.memory["accounts"]
    ask(run, "GET", f"{path_of(account)}/instances?kind=rds&region=us-east-1")


def _stop(run: Run) -> None:
    (account,) = run.memory["accounts"]
    ask(run, "POST", f"{path_of(account)}/instances/rds/orders/stop", Idempotency_Key="one")


def _database(run: Run) -> str:
    databases = get_backend("rds")["123456789012"][REGION].databases
    return str(databases["orders"].status)


LATE = {"time_zone": "UTC", "windows": [{"days": ["mon"], "start": "09:00", "stop": "18:00"}]}
SATURDAY_NIGHT = datetime(2025, 3, 1, 22, 0, tzinfo=UTC)


def _patch_resource(run: Run) -> None:
    """While a turn is due that both schedules have: its clock fires in the same minute."""
    with at(TURN + timedelta(seconds=5)):
        ask(run, "PATCH", run.memory["path"], {"schedule": LATE})


def _follow(run: Run) -> None:
    resource = run.memory["resource"]
    event = {
        "organization_id": ORGANIZATION_ID,
        "account_id": resource.account_id,
        "resource_id": resource.resource_id,
        "clock": resource.clocks[0],
        "made_at": NOW.isoformat(),
    }
    invoke(run, follow_schedule.handler, event, tries=3)


def _a_stopped_database(run: Run) -> None:
    a_database(run)
    _stop(run)
    run.notes.clear()


def _look(run: Run) -> None:
    """Lambda, reading the queue of starts and stops: again after the time for which a look hides
    its message, or that it is invisible after a failure. Here a minute, for an hour and more.
    """
    bodies = [
        json.dumps({"detail-type": "Instance Interaction", "detail": _detail(item)})
        for (_, sk), item in stored_items().items()
        if sk.startswith("INTERACTION#") and item["action"]["S"] == "stop"
    ]
    for body in bodies:
        for minutes in range(1, 90):
            now = NOW + timedelta(minutes=minutes)
            if not _looked(body, now):
                break
        else:
            run.notes.append("given up")


def _detail(item: Json) -> Json:
    names = ("organization_id", "account_id", "interaction_id", "request_id")
    detail = {name: item[name]["S"] for name in names}
    return detail | {"event_id": "e", "occurred_at": item["at"]["S"]}


def _looked(body: str, now: datetime) -> bool:
    """Whether the message comes again."""

    message = {
        "messageId": "m",
        "receiptHandle": "m",
        "body": body,
        "attributes": {"ApproximateReceiveCount": "1"},
        "eventSource": "aws:sqs",
    }
    with at(now):
        try:
            answer = follow_outcome.handler({"Records": [message]}, Context())  # type: ignore[arg-type]
        except Died:
            return True
    return bool(answer["batchItemFailures"])


def _follow_to_the_end(run: Run) -> None:
    _follow(run)
    _look(run)


def _outcome(run: Run) -> Json:
    results = [
        (item.get("result"), item.get("state"))
        for (_, sk), item in stored_items().items()
        if sk.startswith("INTERACTION#") and item["action"]["S"] == "stop"
    ]
    notes = [item["note"]["S"] for item in stored_items().values() if "note" in item]
    return {"database": _database(run), "results": results, "notes": notes, **_schedules(run)}


def _deleted_with_resources(run: Run) -> None:
    a_scheduled_database(run)
    ADMIN.delete(path_of(run.memory["accounts"][0]))


def _end_resources(run: Run) -> None:
    """EventBridge delivers at least once: twice here."""
    account_id = run.memory["accounts"][0].account_id
    detail = {
        "event_id": "e",
        "organization_id": ORGANIZATION_ID,
        "account_id": account_id,
        "occurred_at": "2025-03-01T12:00:00Z",
    }
    for _ in range(2):
        event = {"detail-type": "Account Deleted", "detail": detail}
        invoke(run, end_resources.handler, event, tries=3)


def _wrong_clocks(run: Run) -> None:
    """One is missing, and one is left over of a change that was never saved."""
    a_scheduled_database(run)
    resource = run.memory["resource"]
    wiring.scheduler_client().end(resource.clocks[:1])
    other = resource.scheduled(Schedule("UTC", ()), NOW)
    wiring.scheduler_client().create(other, clocks_of(other, NOW))
    group = get_backend("scheduler")["123456789012"][REGION].schedule_groups[CLOCKS]
    for schedule in group.schedules.values():
        schedule.creation_date -= timedelta(days=2).total_seconds()


def _reconcile(run: Run) -> None:
    invoke(run, reconcile_clocks.handler, {"detail-type": "Scheduled Event"}, tries=3)


def _schedules(run: Run) -> Json:
    """The clocks in Scheduler, and whether they are those of the stored schedules."""
    groups = get_backend("scheduler")["123456789012"][REGION].schedule_groups
    there = {
        name: schedule.schedule_expression for name, schedule in groups[CLOCKS].schedules.items()
    }
    wanted = {
        name
        for account in run.memory["accounts"]
        for resource in wiring.resources().all_of(account.account_id)
        for name in names_of(clocks_of(resource, NOW))
    }
    return {"crons": sorted(there.values()), "as stored": set(there) == wanted}


def _schedules_and_turn(run: Run) -> Json:
    """And whether the turn is made that the clocks may have missed."""
    account_id = run.memory["accounts"][0].account_id
    due_at = TURN + timedelta(minutes=1)
    fired = [ClockMessage.read(entry["MessageBody"]) for entry in run.calls.fired]
    made = [
        resource.due_transition(due_at)
        for resource in wiring.resources().all_of(account_id)
        if any(message.is_of(resource) for message in fired)
    ]
    return {"turns": made, **_schedules(run)}


# ---- batches -------------------------------------------------------------------------------------


def _tested(account: Account, test: LastVerification) -> Account:
    return replace(account, status=Status(test.outcome.value), verification=test)


def _mixed_changes(run: Run) -> None:
    """Records of all kinds: two accounts with three versions each, interactions, usage."""
    run.look()
    run.records.clear()
    accounts = connected(run, 2, next_verification_at=None)
    run.look()
    for verdict in (Outcome.FAILED, Outcome.DEGRADED):
        for account in accounts:
            test = LastVerification("01JN8Q5M3C00000000000000A1", verdict, NOW)
            wiring.accounts().changed(
                ORGANIZATION_ID, account.account_id, functools.partial(_tested, test=test)
            )
            run.look()
    for index in range(3):
        one = an_interaction(index, account_id=accounts[index % 2].account_id, at=NOW)
        wiring.interactions().record(one)
        run.look()
    gone = wiring.accounts().get(ORGANIZATION_ID, accounts[0].account_id)
    wiring.accounts().delete(gone, entry=audit.deleted(gone, by("a"), NOW), now=NOW)
    run.look()
    run.memory["records"] = list(run.records)


def _publish(run: Run) -> None:
    feed_stream(run, run.memory["records"])


def _published(run: Run) -> Json:
    """Every event once or more; and whether each account's came in the order of its versions, for
    a consumer that remembers the ids it has seen.
    """
    first: dict[str, Json] = {}
    for event in run.calls.events:
        first.setdefault(event["detail"]["event_id"], event)
    versions: dict[str, list[int]] = {}
    for event in first.values():
        if "version" in event["detail"]:
            versions.setdefault(event["detail"]["account_id"], []).append(
                event["detail"]["version"]
            )
    return {
        "types": sorted(event["detail-type"] for event in first.values()),
        "in order": all(v == sorted(v) for v in versions.values()),
    }


def _webhooks(run: Run) -> None:
    for organization, host in (
        (ORGANIZATION_ID, "fast"),
        ("org-two", "slow"),
        ("org-three", "fast"),
    ):
        body = {"url": f"https://{host}.example.com/", "events": ["Account Failed"]}
        assert Api(organization, "admin").put("/v1/organization/webhook", body).status == 201


def _message(organization: str) -> str:
    detail = {
        "event_id": f"{organization}-0",
        "organization_id": organization,
        "account_id": "a",
        "occurred_at": "2025-03-01T12:00:00Z",
    }
    return json.dumps({"detail-type": "Account Failed", "detail": detail})


def _deliver(run: Run) -> None:
    _deliver_each(run, _message(ORGANIZATION_ID), "not JSON", _message("org-three"))


def _deliver_until_given_up(run: Run) -> None:
    """Of four tries, each is of another kind: the first, the next, the one after which waiting
    messages are counted, and the last. One failure more pauses the webhook.
    """
    with pytest.MonkeyPatch.context() as patch:
        for module in (domain_webhooks, service_webhooks):
            patch.setattr(module, "TRIES", COUNTED_TRY + 1)
        patch.setattr(domain_webhooks, "PAUSED_AFTER", COUNTED_TRY + 2)
        _deliver_each(run, _message("org-two"))


def _deliver_each(run: Run, *bodies: str) -> None:
    RECEIVER.ids.clear()
    wiring.first_tries.cache_clear()
    for body in bodies:  # one at a time, as the template says
        feed_queue(run, deliver_webhook.handler, [body], tries=MANY)
    # Sent twice at worst, as the same event.
    for body in dict.fromkeys(each["MessageBody"] for each in run.calls.retries):
        feed_queue(run, deliver_webhook.handler, [body], tries=MANY, queue="retries")


def _delivered(run: Run) -> Json:
    """What came, and what the log says of that. At least once: a message comes again whose process
    dies, or loses the table's answer, before it says that it was delivered.
    """
    organizations = (ORGANIZATION_ID, "org-two", "org-three")
    logs = [wiring.webhooks().deliveries(each) for each in organizations]
    return {
        "ids": sorted(set(RECEIVER.ids)),
        "log": [each.status for log in logs for each in log],
        "undelivered": bool(run.calls.undelivered),
    }


def _a_pause_is_over(run: Run) -> None:
    """The next try is due."""
    _webhooks(run)
    webhooks, now = wiring.webhooks(), Clock.time
    before = webhooks.health(ORGANIZATION_ID)
    failing = replace(before, failures=PAUSED_AFTER - 1).failed(now)
    assert webhooks.change_health(before, replace(failing, next_try_at=now))


def _deliver_in_a_pause(run: Run) -> None:
    _deliver_each(run, _message(ORGANIZATION_ID))


def _mended(run: Run) -> Json:
    """As `_delivered`, and the health. A fault never counts as one more failure of the receiver."""
    health = wiring.webhooks().health(ORGANIZATION_ID)
    assert health.failures <= PAUSED_AFTER + 1
    return _delivered(run) | {"failures": health.failures, "state": health.state}


def _a_failed_message(run: Run) -> None:
    _webhooks(run)
    failed = a_failed_delivery(f"{ORGANIZATION_ID}-0", _message(ORGANIZATION_ID))
    wiring.webhooks().record(failed, Clock.time)


def _deliver_again(run: Run) -> None:
    ask(run, "POST", f"/v1/organization/webhook/deliveries/{ORGANIZATION_ID}-0/redeliver")
    _deliver_each(run, *(each["MessageBody"] for each in run.calls.webhook_messages))


def _delivered_again(run: Run) -> Json:
    """As `_delivered`, and the same after each fault, also if the person asked twice."""
    seen = _delivered(run)
    assert (seen["ids"], seen["log"]) == ([f"{ORGANIZATION_ID}-0"], ["delivered"])
    return seen


def _a_day_without_room(run: Run) -> None:
    """As many of an organization's messages wait on as may."""
    _webhooks(run)
    item = WaitingItem(keys.webhook_pk("org-two"), keys.waiting_sk(NOW), used=WAITING_A_DAY)
    item.expires_at = NOW + timedelta(days=2)
    item.save()


def _deliver_what_may_not_wait_on(run: Run) -> None:
    _deliver_each(run, _message("org-two"))


def _given_up(run: Run) -> Json:
    """What the log says, whether an operator has the message, and whether it waited on first."""
    waited_on = max(run.calls.hidden.values(), default=0) > wait_seconds(COUNTED_TRY - 1)
    return {
        "log": [each.status for each in wiring.webhooks().deliveries("org-two")],
        "undelivered": bool(run.calls.undelivered),
        "waited on": waited_on,
    }


def _interactions(run: Run) -> None:
    """Of three customers; the first has two, and the last is entered with an access key."""
    accounts = connected(run, 2)
    with_key = an_account_with_keys(account_id=f"01JN8Q5M3C{2:016}", account_number=number(2))
    context = credentials_context(ORGANIZATION_ID, with_key.account_id)
    sealed = wiring.sealer().seal(http.KEYS, context)
    accounts += [wiring.accounts().add(confirmed(with_key), sealed), accounts[0]]
    run.memory["bodies"] = []
    for index, account in enumerate(accounts):
        stored = wiring.interactions().record(
            an_interaction(index, account_id=account.account_id, at=NOW - timedelta(seconds=index))
        )
        detail = {
            "organization_id": ORGANIZATION_ID,
            "account_id": account.account_id,
            "interaction_id": stored.interaction_id,
            "action": "stop",
            "at": stored.at.isoformat(),
        }
        event = {
            "source": "cavok.accounts",
            "detail-type": "Instance Interaction",
            "detail": detail,
        }
        run.memory["bodies"].append(json.dumps(event))


def _log(run: Run) -> None:
    feed_queue(run, log_interactions.handler, [*run.memory["bodies"], "not JSON"], tries=5)


def _lines(run: Run) -> Json:
    """How many lines each customer has, and what their records say."""
    ids: list[str] = []
    for index in range(3):
        for group in get_backend("logs")[number(index)][REGION].groups.values():
            for stream in group.streams.values():
                ids += [json.loads(event.message)["interaction_id"] for event in stream.events]
    logged = Counter(
        item["logged"]["S"]
        for (_, sk), item in stored_items().items()
        if sk.startswith("INTERACTION#")
    )
    return {"lines": len(set(ids)), "logged": dict(logged)}


def _no_webhook(run: Run) -> None:
    """An organization without one."""


def _set_webhook(run: Run) -> None:
    body = {"url": "https://fast.example.com/", "events": ["Account Failed"]}
    run.memory["answer"] = ask(run, "PUT", "/v1/organization/webhook", body)


def _secret(run: Run) -> Json:
    """Whether the person knows the secret that messages are signed with."""
    webhook = wiring.webhooks().get(ORGANIZATION_ID)
    assert webhook
    (stored,) = webhook.secrets
    context = {"organization": ORGANIZATION_ID, "webhook": stored.secret_id}
    secret = wiring.sealer().open(stored.sealed, context)["secret"]
    return {"shown": run.memory["answer"].json.get("secret") == secret}


def _three_accounts(run: Run) -> None:
    connected(run, 3)


def _in_bulk(run: Run, **body: Any) -> None:
    """A person asks for it, the stream carries that, and the queue's messages are handled."""
    selection = {"filter": {"status": "confirmed"}}
    ask(run, "POST", "/v1/accounts/bulk", {"selection": selection, **body}, Idempotency_Key="one")
    run.look()
    feed_stream(run, list(run.records))
    for message in run.calls.bulk:  # it grows meanwhile
        feed_queue(run, run_bulk_operation.handler, [message["MessageBody"]], MANY)


def _operation(run: Run) -> Json:
    (item,) = (item for (_, sk), item in plain_items().items() if sk.startswith("OPERATION#"))
    counts = {name: int(item[name]) for name in ("total", "done", "skipped", "failed")}
    shown = {name: item.get(name) for name in ("state", "changes")}
    return {**shown, **counts, "executions": _executions(run)}


STORIES = (
    Story(
        "test in bulk",
        _three_accounts,
        functools.partial(_in_bulk, action="test"),
        _operation,
        aborts=True,
    ),
    Story(
        "write logs in bulk",
        _three_accounts,
        functools.partial(_in_bulk, action="write_logs", value=False),
        _operation,
    ),
    Story(
        "delete in bulk", _three_accounts, functools.partial(_in_bulk, action="delete"), _operation
    ),
    Story("connect", lambda run: None, _connect),
    Story("change", _with_key, _change),
    Story("rotate", _with_key, _rotate),
    Story("delete", _with_key, _delete),
    Story("begin a test", _with_key, _begin, _executions, aborts=True),
    Story("look for a role", _without_role, _look_for_role, _executions, aborts=True),
    Story("finish a test", _begun, _finish),
    Story("a test died", _begun, _die),
    Story("finish a deleted account's test", _deleted_while_tested, _finish_of_a_deleted_account),
    Story("sweep a page", _due, _sweep, aborts=True),
    Story("sweep a page again", _due_again, _sweep, _confirmed, aborts=True, counts=True),
    Story("sweep over a dead test", _dead, _sweep, aborts=True),
    Story("record", _an_account, _record_one),
    Story("begin and close an act", _an_account, _begin_and_close),
    Story("list instances", a_database, _list),
    Story("stop an instance", a_database, _stop, _database),
    Story("add a resource", a_database, add_a_resource, _schedules_and_turn),
    Story(
        "change a schedule",
        a_scheduled_database,
        _patch_resource,
        _schedules_and_turn,
    ),
    Story("remove a resource", a_scheduled_database, _delete, _schedules),
    Story("follow a schedule", a_due_database, _follow_to_the_end, _outcome),
    Story("follow an outcome", _a_stopped_database, _look, _outcome),
    Story("end resources", _deleted_with_resources, _end_resources, _schedules),
    Story("reconcile clocks", _wrong_clocks, _reconcile, _schedules),
    Story("publish", _mixed_changes, _publish, _published),
    Story("deliver", _webhooks, _deliver, _delivered),
    Story("deliver until given up", _webhooks, _deliver_until_given_up, _delivered),
    Story("deliver in a pause that is over", _a_pause_is_over, _deliver_in_a_pause, _mended),
    Story("deliver again", _a_failed_message, _deliver_again, _delivered_again),
    Story(
        "deliver when too many wait",
        _a_day_without_room,
        _deliver_what_may_not_wait_on,
        _given_up,
    ),
    Story("log", _interactions, _log, _lines),
    Story("set a webhook", _no_webhook, _set_webhook, _secret),
)


# ---- the test ------------------------------------------------------------------------------------

KNOWN = {
    # The client's repetition rotates again.
    "rotate": "4 TransactWriteItems timeout, 4 TransactWriteItems dies",
    # After a test that was aborted nobody looks any more: a person presses Test.
    "look for a role": "8 StartExecution throttled",
    # Each try looks for the instance, and a listing counts. Then each sets clocks: a change counts.
    "add a resource": """
        7 DescribeDBInstances throttled, 8 TransactWriteItems dies,
        9 TransactWriteItems throttled, 9 TransactWriteItems timeout, 9 TransactWriteItems dies,
        10 CreateSchedule throttled, 10 CreateSchedule timeout, 10 CreateSchedule dies,
        11 CreateSchedule throttled, 11 CreateSchedule timeout, 11 CreateSchedule dies,
        12 TransactWriteItems throttled, 12 TransactWriteItems timeout,
        12 TransactWriteItems dies, 13 SendMessageBatch throttled, 13 SendMessageBatch timeout,
        13 SendMessageBatch dies""",
    # In flight until follow_outcome looks at the instance: test_every_act_fails.py.
    "stop an instance": "2 TransactWriteItems dies, 9 PutItem dies, 12 StopDBInstance dies",
    "follow a schedule": "3 TransactWriteItems dies, 10 PutItem dies, 13 StopDBInstance dies",
    # The first or the last try is repeated after its failure was counted: one more pauses the
    # webhook.
    "deliver until given up": """
        5 PutItem timeout, 5 PutItem dies,
        6 SendMessageBatch throttled, 6 SendMessageBatch timeout, 6 SendMessageBatch dies,
        30 PutItem timeout, 30 PutItem dies,
        31 SendMessageBatch throttled, 31 SendMessageBatch timeout, 31 SendMessageBatch dies""",
    # The try was claimed but not made (3), or the end of the pause could not be stored (4): the
    # next try is due two minutes later, and time stands still here. Or the end of the pause is
    # stored, and the delivery is not (4, 5): it comes again, and a second success counts.
    "deliver in a pause that is over": """
        3 TransactWriteItems timeout, 3 TransactWriteItems dies,
        4 TransactWriteItems throttled, 4 TransactWriteItems timeout, 4 TransactWriteItems busy,
        4 TransactWriteItems dies,
        5 PutItem throttled, 5 PutItem timeout, 5 PutItem dies""",
    # The person asks again: another act, with its own audit entry. It is delivered all the same.
    "deliver again": """
        4 TransactWriteItems timeout, 4 TransactWriteItems dies,
        5 PutItem throttled, 5 PutItem timeout, 5 PutItem dies,
        6 SendMessageBatch throttled, 6 SendMessageBatch timeout, 6 SendMessageBatch dies""",
    # The list is asked for again, and counts again.
    "list instances": "8 TransactWriteItems dies",
    # The repeated request finds the webhook set, and does not show its secret again.
    "set a webhook": "5 TransactWriteItems timeout, 5 TransactWriteItems dies",
}
"""Ends that differ from the good run, by story: index and name of the call, and its fault."""


@pytest.mark.parametrize("story", STORIES, ids=lambda story: story.name)
def test_a_call_that_fails_changes_nothing_but_what_is_known(story: Story) -> None:
    story = replace(story, prepare=made_once(story.prepare))
    good, expected = run_story(story)
    found: dict[str, str] = {}
    tried = 0
    for index, operation in enumerate(good.calls.made):
        for fault in Fault:
            if fault.fits(operation):
                tried += 1
                _, end = run_story(story, index, fault)
                if end != expected:
                    found[f"{index} {operation} {fault}"] = _difference(expected, end)
    for where, what in found.items():
        print(f"{story.name}: {where}: {what}")
    assert expected["wrong"] == []
    assert sorted(found) == sorted(_known(story))
    counted("faults", story.name, len(good.calls.made), tried, len(found), 0)


def _known(story: Story) -> list[str]:
    lines = KNOWN.get(story.name, "").splitlines()
    return [one.strip() for line in lines for one in line.split(",") if one.strip()]


def _difference(expected: Json, end: Json) -> str:
    return "; ".join(
        f"{name}: {end[name]} not {expected[name]}"
        for name in expected
        if end[name] != expected[name]
    )


# ---- changes by PATCH ----------------------------------------------------------------------------


def _an_open_role(run: Run) -> None:
    """Its answer shows the trust policy that it must have."""
    (account,) = connected(run)
    opened = replace(account, status=Status.FAILED, issues=(confused_deputy(account),))
    wiring.accounts().save(account, opened)
    run.memory["path"] = path_of(account)


def _an_enrollment(run: Run) -> None:
    """Its answer shows its members by state, and the version of its stack."""
    enrollment_id = ADMIN.post("/v1/enrollments", NEW).json["enrollment_id"]
    run.memory["path"] = f"/v1/enrollments/{enrollment_id}"


@pytest.mark.parametrize("prepare", [_an_open_role, _an_enrollment])
def test_a_change_is_not_made_if_a_call_fails_and_the_answer_says_so(prepare: Act) -> None:
    """All that is read for the answer is read before the write."""
    calls, index, statuses = Calls(), 0, list[int]()
    while index <= len(calls.made):
        forget()
        prepare(run := Run())
        calls = Calls(index, Fault.THROTTLED)
        with watched(calls):
            answer = ADMIN.patch(run.memory["path"], {"name": "Other"})
        is_made = ADMIN.get(run.memory["path"]).json["name"] == "Other"
        assert is_made == (answer.status == 200), calls.made
        statuses.append(answer.status)
        index += 1
    assert statuses == [503] * (len(statuses) - 1) + [200]


def test_an_enrollment_is_not_made_if_a_call_fails_and_the_answer_says_so() -> None:
    """Nothing is read after the write."""
    calls, index, statuses = Calls(), 0, list[int]()
    while index <= len(calls.made):
        forget()
        calls = Calls(index, Fault.THROTTLED)
        with watched(calls):
            answer = ADMIN.post("/v1/enrollments", NEW)
        is_made = bool(ADMIN.get("/v1/enrollments").json["items"])
        assert is_made == (answer.status == 201), calls.made
        statuses.append(answer.status)
        index += 1
    assert statuses == [503] * (len(statuses) - 1) + [201]
