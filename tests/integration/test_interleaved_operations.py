"""Every operation between every two AWS calls of every other one. Whatever comes between, nothing
is lost, doubled, left wrong or logged as an error: the same invariants as after faults, and the end
is one to which the two lead one after the other, or one of them alone where the other was refused.
"""

from __future__ import annotations

import json
import logging
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import pytest

from cavok import wiring
from cavok.adapters.table import keys
from cavok.domain.clocks import clocks_of, names_of
from cavok.domain.errors import ComesAgain
from cavok.domain.followed_acts import FollowedAct
from cavok.observability import logger
from cavok.services.follow_outcome import follow_outcome
from functions.end_resources import app as end_resources
from functions.follow_schedule import app as follow_schedule
from functions.publish_events import app as publish_events
from functions.record_verification import app as record_verification
from functions.sweep_accounts import app as sweep_accounts
from tests.support import moto_stack as stack
from tests.support.api import KEYS, ROLE_ACCOUNT, Context, number
from tests.support.builders import ORGANIZATION_ID, an_interaction
from tests.support.faults import Calls, watched
from tests.support.instances import make_database
from tests.support.interleaving import Answer, calls_of, interleavings, snapshot
from tests.support.moto_stack import REGION, SWEEP, TABLE, Clock, Json, Key, client
from tests.support.operations import (
    EVENING,
    LATE,
    OFFICE,
    World,
    delete_the_account,
    finish_the_test,
    invoke,
    made_world,
    send,
)
from tests.support.version_counts import wrong_version_counts

pytestmark = pytest.mark.filterwarnings("ignore:No application metrics")


# ---- the operations ------------------------------------------------------------------------------


def _create(world: World) -> int:
    return send("POST", "/v1/accounts", ROLE_ACCOUNT | {"provider_id": number(1)})


def _create_with_key(world: World) -> int:
    body = ROLE_ACCOUNT | {"provider_id": number(1)}
    return send("POST", "/v1/accounts", body, Idempotency_Key="one")


def _change(world: World) -> int:
    return send("PATCH", world.path, {"name": "Other", "regions": [REGION, "eu-west-1"]})


def _rename(world: World) -> int:
    return send("PATCH", world.path, {"name": "Renamed"})


def _rotate(world: World) -> int:
    return send("PUT", f"{world.path}/credentials", KEYS)


def _delete_with_resources(world: World) -> int:
    """The event of the deletion is handled at once, and not again."""
    status = delete_the_account(world)
    _end_resources(world)
    return status


def _revoke(world: World) -> int:
    return send("POST", f"{world.path}/revoke")


def _begin(world: World) -> int:
    return send("POST", f"{world.path}/verifications")


def _abort(world: World) -> str:
    detail = {"status": "FAILED", "input": json.dumps(world.test)}
    return invoke(record_verification.handler, {"detail": detail})


def _sweep(world: World) -> str:
    return invoke(sweep_accounts.handler, {"sweep_arn": SWEEP, "sweep_id": "s", "apart": False})


def _record(world: World) -> str:
    interaction = an_interaction(account_id=world.account_id, at=Clock.time)
    wiring.interactions().record(interaction)
    return "done"


def _stop(world: World) -> int:
    return send("POST", f"{world.path}/instances/rds/orders/stop", Idempotency_Key="one")


def _start(world: World) -> int:
    return send("POST", f"{world.path}/instances/rds/orders/start", Idempotency_Key="two")


def _list(world: World) -> int:
    return send("GET", f"{world.path}/instances?kind=rds")


def _add_resource(world: World) -> int:
    body = {"kind": "rds", "instance_id": "billing", "region": REGION, "schedule": OFFICE}
    return send("POST", f"{world.path}/resources", body)


def _change_schedule(world: World) -> int:
    return send("PATCH", world.resource, {"schedule": LATE})


def _end_schedule(world: World) -> int:
    return send("PATCH", world.resource, {"schedule": None})


def _remove_resource(world: World) -> int:
    return send("DELETE", world.resource)


def _follow(world: World) -> str:
    return invoke(follow_schedule.handler, world.clock)


def _publish(world: World) -> str:
    """Lambda invokes it with at least one record."""
    found = records()
    return invoke(publish_events.handler, {"Records": found}) if found else "done"


def _end_resources(world: World) -> str:
    """Before, besides or after the account is deleted."""
    detail = {
        "event_id": "e",
        "organization_id": ORGANIZATION_ID,
        "account_id": world.account_id,
        "occurred_at": "2026-03-01T12:00:00Z",
    }
    return invoke(end_resources.handler, {"detail-type": "Account Deleted", "detail": detail})


OPERATIONS: dict[str, Callable[[World], object]] = {
    "create an account": _create,
    "create it with a key": _create_with_key,
    "change an account": _change,
    "rename an account": _rename,
    "rotate its key": _rotate,
    "delete an account": _delete_with_resources,
    "revoke an account": _revoke,
    "start a test": _begin,
    "finish a test": finish_the_test,
    "abort a test": _abort,
    "sweep": _sweep,
    "record": _record,
    "list instances": _list,
    "start an instance": _start,
    "stop an instance": _stop,
    "add a resource": _add_resource,
    "change a schedule": _change_schedule,
    "end a schedule": _end_schedule,
    "remove a resource": _remove_resource,
    "follow a schedule": _follow,
    "publish": _publish,
    "end resources": _end_resources,
}
OVERTAKEN = 409
"""What a request is answered if somebody else changed the same thing meanwhile."""
GIVES_WAY = {"sweep"}
"""Leaves an account that others change at this moment to the next sweep."""
OF_A_RUNNING_TEST = {"finish a test", "abort a test"}
OF_A_KEY = {"rotate its key"}
OF_A_DELETED_ACCOUNT = {"end resources"}


# ---- the world -----------------------------------------------------------------------------------

WORLDS: dict[Any, tuple[World, Callable[[], None]]] = {}
"""Made once each, and brought back from then on."""
ALONE: dict[tuple[str, Callable[[], None]], Json] = {}
"""What is left of each world after one operation."""
LOGGED: list[str] = []
"""The errors that were logged since the world was brought back."""
CALLS: dict[tuple[str, Callable[[], None]], int] = {}
"""How many calls one makes there by itself."""


def records() -> list[Json]:
    """What the table's stream has carried."""
    found: list[Json] = [record.to_json() for record in stack.table().stream_shard.items]
    for record in found:
        record["dynamodb"]["ApproximateCreationDateTime"] = Clock.time.timestamp()
    return found


def world_of(first: str, second: str) -> tuple[World, Callable[[], None]]:
    """What both operations need, and what brings it back."""
    both = {first, second}
    sealed_with = client("kms").list_keys()["Keys"][0]["KeyId"] if both & OF_A_KEY else None
    running = bool(both & OF_A_RUNNING_TEST)
    deleted = bool(both & OF_A_DELETED_ACCOUNT) and "delete an account" not in both
    kind = (sealed_with, running, deleted)
    if kind not in WORLDS:
        world = made_world(has_key=bool(sealed_with), running=running, deleted=deleted)
        WORLDS[kind] = world, _kept()
    return WORLDS[kind]


def _kept() -> Callable[[], None]:
    """Brings the world back, as it is now."""
    bring_back = snapshot()
    executions = [list(each.executions) for each in _machines()]

    def again() -> None:
        stack.empty()
        LOGGED.clear()
        bring_back()
        Clock.time = EVENING
        for machine, before in zip(_machines(), executions, strict=True):
            machine.executions[:] = before
        stack.table().stream_shard.items.clear()
        wiring.kept_listings.cache_clear()
        wiring.request_quota.cache_clear()
        wiring.quota_of_ends.cache_clear()

    return again


def _machines() -> list[Any]:
    return list(stack.backend("stepfunctions").state_machines)


def items() -> dict[Key, Json]:
    return stack.plain_items()


def _follow_to_its_end(item: Json) -> None:
    """A queue has each start and stop followed, for an hour at most."""
    names = ("organization_id", "account_id", "interaction_id")
    followed = FollowedAct(**{name: item[name] for name in names})
    for minutes in range(1, 80):
        with suppress(ComesAgain):
            follow_outcome(
                followed,
                connections=wiring.connection_dependencies(),
                resources=wiring.resources(),
                now=Clock.time + timedelta(minutes=minutes),
            )
            return


# ---- what must hold ------------------------------------------------------------------------------

_REQUESTED = {"start_requested", "stop_requested"}
"""In the trail also if the act was refused afterwards: see `_wrong_trail`."""
_MAY_BE_TOLD_TWICE = {"resource_added", "resource_removed"}
"""By two requests at once that both wrote, of which the later would have found nothing to do."""


def end(world: World) -> Json:
    """What counts of the end, without ids and times, after what production does anyway. Not how
    often somebody looked, or was refused.
    """
    stored = items()
    for (_, sk), item in stored.items():
        if sk.startswith("INTERACTION#") and "pending" in (item["outcome"], item.get("result")):
            _follow_to_its_end(item)
    stored = items()

    def of(prefix: str) -> list[Json]:
        return [item for (_, sk), item in stored.items() if sk.startswith(prefix)]

    trail = [each["action"] for each in of("AUDIT#")]
    return {
        "accounts": sorted((a["name"], a["status"], a["regions"]) for a in of("ACCOUNT#")),
        "testing": sorted(bool(a.get("slot_verification_id")) for a in of("ACCOUNT#")),
        "tests": sorted((t["trigger"], t["state"]) for t in of("VERIFICATION#")),
        "audit": sorted(each for each in trail if each not in _MAY_BE_TOLD_TWICE | _REQUESTED),
        "told of resources": sorted(_MAY_BE_TOLD_TWICE & set(trail)),
        "resources": sorted((r["instance_id"], r.get("schedule") or "") for r in of("RESOURCE#")),
        "clocks": sorted(clock.schedule_expression for clock in stack.clocks()),
        "database": stack.backend("rds").databases["orders"].status,
        "executions": sum(len(machine.executions) for machine in _machines()),
        "interactions": sorted(
            (i["action"], i["outcome"])
            for i in of("INTERACTION#")
            if i["action"] != "list" and i["outcome"] != "refused"
        ),
    }


def wrong(world: World, answers: tuple[Answer, Answer]) -> Iterator[str]:
    """Invariants that do not hold."""
    yield from (f"logged {line}" for line in LOGGED)
    for answer in answers:
        if answer.error:
            yield f"raised {answer.error!r}"
        elif isinstance(answer.value, int) and answer.value >= 500:
            yield f"answered {answer.value}"
        elif isinstance(answer.value, str) and answer.value != "done":
            yield f"given up: {answer.value}"
    stored = items()
    accounts = {sk[8:]: item for (_, sk), item in stored.items() if sk.startswith("ACCOUNT#")}
    yield from _wrong_counts(stored, accounts)
    yield from wrong_version_counts(stored.values())
    yield from _left_behind(stored, accounts)
    yield from _wrong_slots(stored, accounts)
    yield from _wrong_clocks(world)
    yield from _wrong_events()
    yield from _wrong_trail(stored)


def _wrong_trail(items: Json) -> Iterator[str]:
    """Each start and stop is told once, whatever came of it: under its own id."""
    acts = {
        sk.removeprefix("INTERACTION#")
        for (_, sk), item in items.items()
        if sk.startswith("INTERACTION#")
        and f"{item['action']}_requested" in _REQUESTED
        and item["request_id"] != an_interaction().request_id  # of "record", without an entry
    }
    entries = {
        sk.removeprefix("AUDIT#")
        for (_, sk), item in items.items()
        if sk.startswith("AUDIT#") and item["action"] in _REQUESTED
    }
    if acts != entries:
        yield f"acts {acts}, told {entries}"


def _wrong_counts(items: Json, accounts: Json) -> Iterator[str]:
    statuses = ("unconfirmed", "confirmed", "degraded", "failed")
    for (pk, sk), item in items.items():
        if sk == "ORG":
            counted = Counter({status: int(item[status]) for status in statuses})
            there = Counter(a["status"] for a in accounts.values() if a["pk"] == pk)
            if +counted != there:
                yield f"counts {counted} of {there}"
        if sk.startswith("USAGE#"):
            made = sum(
                p == pk
                and s.startswith("INTERACTION#")
                and each["outcome"] != "pending"
                and each.get("counted", True)
                for (p, s), each in items.items()
            )
            if int(item["used"]) != made:
                yield f"used {item['used']} of {made}"


def _left_behind(items: Json, accounts: Json) -> Iterator[str]:
    owners = {
        "PROVIDER#": lambda pk, sk, item: item["account_id"] in accounts,
        "CREDENTIALS#": lambda pk, sk, item: sk in accounts,
        "RESOURCE_OF#": lambda pk, sk, item: (pk, f"RESOURCE#{item['resource_id']}") in items,
        "RESOURCE#": lambda pk, sk, item: pk.removeprefix("ACCOUNT#") in accounts,
    }
    for (pk, sk), item in items.items():
        for prefix, has_owner in owners.items():
            if sk.startswith(prefix) and not has_owner(pk, sk.removeprefix(prefix), item):
                yield f"{prefix} without its owner"


def _wrong_slots(items: Json, accounts: Json) -> Iterator[str]:
    executions = {execution.name for machine in _machines() for execution in machine.executions}
    for account_id, account in accounts.items():
        slot = account.get("slot_verification_id")
        test = items.get((f"ACCOUNT#{account_id}", f"VERIFICATION#{slot}"), {"state": "missing"})
        if slot and test["state"] != "running":
            yield f"a slot whose test is {test['state']}"
        if slot and test.get("trigger") == "manual" and slot not in executions:
            yield "a slot without an execution"


def _wrong_clocks(world: World) -> Iterator[str]:
    wanted = {
        name
        for resource in wiring.resources().all_of(world.account_id)
        for name in names_of(clocks_of(resource, Clock.time))
    }
    there = {clock.name for clock in stack.clocks()}
    if there != wanted:
        yield f"clocks missing: {wanted - there}, unknown: {there - wanted}"


def _wrong_events() -> Iterator[str]:
    """Each change of an account told, in order."""
    calls = Calls()
    carried = records()
    with watched(calls):
        if carried:
            publish_events.handler({"Records": carried}, Context())
    versions: dict[str, list[int]] = {}
    for event in calls.events:
        if "version" in event["detail"]:
            versions.setdefault(event["detail"]["account_id"], []).append(
                event["detail"]["version"]
            )
    if any(found != sorted(found) for found in versions.values()):
        yield "events out of order"


class _Errors(logging.Handler):
    """Whoever overtakes somebody else causes no error that an operator would look at."""

    def emit(self, record: logging.LogRecord) -> None:
        LOGGED.append(f"{record.getMessage()}: {record.exc_info and record.exc_info[1]!r}")


# ---- the test ------------------------------------------------------------------------------------


@pytest.fixture(autouse=True)
def _around(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    stack.surround(monkeypatch)
    errors = _Errors(logging.ERROR)
    logger.addHandler(errors)
    monkeypatch.setattr(time, "sleep", lambda seconds: None)
    # By chance it would be another one each time, and with it how many places are told apart.
    monkeypatch.setattr(keys, "due_shard", lambda account_id: keys.DUE_SHARDS[3])
    client("dynamodb").update_table(
        TableName=TABLE,
        StreamSpecification={"StreamEnabled": True, "StreamViewType": "NEW_AND_OLD_IMAGES"},
    )
    for name in ("orders", "billing"):
        make_database(name)
    yield
    logger.removeHandler(errors)


@pytest.mark.parametrize("first", OPERATIONS)
def test_nothing_that_comes_between_leaves_anything_wrong(first: str) -> None:
    found: list[str] = []
    for second in OPERATIONS:
        runs = list(interleaved(first, second))
        found += [f"{second} at {run.at}: {each}" for run in runs for each in run.wrong]
        found += [f"{second} at {each}" for each in unlike_any_order(first, second, runs)]
    assert not found, "\n".join(found)


@dataclass(frozen=True)
class Ended:
    """One interleaving: what both were answered, and what was left."""

    at: str
    answers: tuple[object, object]
    end: Json
    wrong: list[str]
    conflict: bool


def interleaved(first: str, second: str) -> Iterator[Ended]:
    world, bring_back = world_of(first, second)
    one, two = OPERATIONS[first], OPERATIONS[second]
    if (first, bring_back) not in CALLS:
        CALLS[first, bring_back] = calls_of(bring_back, lambda: one(world))
    calls = CALLS[first, bring_back]
    for run in interleavings(bring_back, lambda: one(world), lambda: two(world), calls):
        second_answer = run.second
        if second_answer.value == 503 or "StillRunning" in str(second_answer.value):
            # The same request is running. It is sent again later.
            second_answer = Answer.of(lambda: two(world))
        answers = run.first, second_answer
        ended = end(world)
        values = answers[0].value, answers[1].value
        yield Ended(run.at, values, ended, list(wrong(world, answers)), run.conflict)


def unlike_any_order(first: str, second: str, runs: list[Ended]) -> Iterator[str]:
    """Ends to which the two would not have led one after the other, nor one of them alone where the
    other was refused, because it was overtaken.
    """
    plain = [(run.answers, run.end) for run in runs if not run.conflict]
    serial = [plain[0], plain[-1]]
    for run in runs:
        if (run.answers, run.end) in serial:
            continue
        gave_way = run.answers[0] == OVERTAKEN or first in GIVES_WAY
        alone = second if gave_way else first if run.answers[1] == OVERTAKEN else None
        right = [end_alone(alone, first, second)] if alone else [ended for _, ended in serial]
        if run.end not in right or not alone:
            yield f"{run.at}: {run.answers}; {difference(run.end, right)}"


def end_alone(name: str, first: str, second: str) -> Json:
    """Always the same, so that it is looked for once in each world."""
    world, bring_back = world_of(first, second)
    if (name, bring_back) not in ALONE:
        bring_back()
        OPERATIONS[name](world)
        ALONE[name, bring_back] = end(world)
    return ALONE[name, bring_back]


def difference(ended: Json, serial: list[Json]) -> str:
    return "; ".join(
        f"{name}: {ended[name]}, not {' or '.join(str(each[name]) for each in serial)}"
        for name in ended
        if any(ended[name] != each[name] for each in serial)
    )
