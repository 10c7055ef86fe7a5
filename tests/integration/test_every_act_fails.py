"""Starts and stops with each AWS call failing in turn, from the request to the final result.

Everything that production has runs here, by a clock of the test: who asked, and repeats what
failed; the table's stream, which has the act followed; the queue, which brings an act back until
its result is final. After each run, what must hold whatever failed: one interaction a request, none
left open or pending, usage that equals the interactions, a record that says what the instance did,
and no call that reverses a later request.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any

import pytest
from moto.backends import get_backend

from cavok import wiring
from cavok.domain.interactions import Interaction, InteractionOutcome, Result
from functions.follow_outcome import app as follow_outcome
from functions.follow_schedule import app as follow_schedule
from functions.instances_api import app as instances_api
from tests.support import api as http
from tests.support.api import Context
from tests.support.failing_calls import (
    ADMIN,
    NOW,
    Run,
    a_database,
    a_due_database,
    broken,
    environment,
    feed_stream,
    forget,
    made_once,
    path_of,
)
from tests.support.faults import Died, Fault, watched
from tests.support.moto_stack import REGION, Clock, plain_items
from tests.support.reliability import counted

__all__ = ["environment"]

pytestmark = pytest.mark.filterwarnings("ignore:No application metrics")

Json = dict[str, Any]
VISIBILITY = 180
"""Seconds after which a message comes again whose consumer died: FollowedActs in template.yaml."""
DELAY = 15
RECEIVES = 100


# ---- the world, by its own clock -----------------------------------------------------------------


@dataclass
class Message:
    body: str
    due: datetime
    receives: int = 0


@dataclass
class World:
    """One run, its time, and the queue of followed acts."""

    run: Run = field(default_factory=Run)
    queue: list[Message] = field(default_factory=list)
    dead: list[str] = field(default_factory=list)
    answers: list[http.Answer | None] = field(default_factory=list)
    _fed: int = 0
    _queued: int = 0

    def __post_init__(self) -> None:
        self.now = NOW

    @property
    def now(self) -> datetime:
        return Clock.time

    @now.setter
    def now(self, time: datetime) -> None:
        Clock.time = time

    def wait(self, seconds: float) -> None:
        """Lets time pass, in which the stream is read and due messages are taken."""
        self._until(self.now + timedelta(seconds=seconds))

    def wait_for_results(self) -> None:
        """Lets time pass until every act has its final result."""
        self._until(self.now + timedelta(hours=3))

    def _until(self, end: datetime) -> None:
        self._read_stream()
        while due := [message for message in self.queue if message.due <= end]:
            message = min(due, key=lambda each: each.due)
            self.now = max(self.now, message.due)
            self._take(message)
            self._read_stream()
        self.now = max(self.now, end) if end - self.now < timedelta(hours=1) else self.now

    def _read_stream(self) -> None:
        self.run.look()
        records = self.run.records[self._fed :]
        self._fed = len(self.run.records)
        if records:
            feed_stream(self.run, records)
        for entry in self.run.calls.messages[self._queued :]:
            self.queue.append(Message(entry["MessageBody"], self.now + timedelta(seconds=DELAY)))
        self._queued = len(self.run.calls.messages)

    def _take(self, message: Message) -> None:
        message.receives += 1
        record = {
            "messageId": "m",
            "receiptHandle": "m",
            "body": message.body,
            "attributes": {"ApproximateReceiveCount": str(message.receives)},
            "eventSource": "aws:sqs",
        }
        self.run.calls.hidden.clear()
        try:
            failed = follow_outcome.handler({"Records": [record]}, Context())["batchItemFailures"]  # type: ignore[arg-type]
        except Died:
            restart()
            failed = [{}]
        if not failed:
            self.queue.remove(message)
        elif message.receives == RECEIVES:
            self.queue.remove(message)
            self.dead.append(message.body)
        message.due = self.now + timedelta(seconds=self.run.calls.hidden.get("m", VISIBILITY))

    def ask(self, action: str, key: str | None, waits: tuple[float, ...] = ()) -> int:
        """A client that repeats its request after a 5xx, or none, as often as it has patience."""
        (account,) = self.run.memory["accounts"]
        path = f"{path_of(account)}/instances/rds/orders/{action}"
        headers = {"Idempotency-Key": key} if key else {}
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(http, "app", instances_api)
            for seconds in (0, *waits):
                self.wait(seconds)
                try:
                    answer = ADMIN.send("POST", path, None, headers, {})
                except Died:
                    restart()
                    self.answers.append(None)
                    continue
                self.answers.append(answer)
                if answer.status < 500:
                    return answer.status
        return 500

    def scheduler_invokes(self) -> None:
        """An asynchronous invocation, which Lambda repeats after one and after two minutes."""
        resource = self.run.memory["resource"]
        event = {
            "organization_id": resource.organization_id,
            "account_id": resource.account_id,
            "resource_id": resource.resource_id,
            "clock": resource.clocks[0],
        }
        for seconds in (0, 60, 120):
            self.wait(seconds)
            try:
                follow_schedule.handler(dict(event), Context())
                return
            except Died:
                restart()
            except Exception:  # noqa: BLE001  Lambda repeats whatever failed
                continue


def restart() -> None:
    """A new process remembers nothing."""
    wiring.customer_sessions.cache_clear()
    wiring.kept_listings.cache_clear()


# ---- the stories ---------------------------------------------------------------------------------

PATIENT = (2, 4, 90)


def database() -> Any:
    return get_backend("rds")["123456789012"][REGION].databases["orders"]


def _stopped_database(run: Run) -> None:
    a_database(run)
    database().status = "stopped"


def _stop(world: World) -> None:
    world.ask("stop", "one", PATIENT)


def _start(world: World) -> None:
    world.ask("start", "one", PATIENT)


def _stop_impatiently(world: World) -> None:
    world.ask("stop", "one")


def _stop_without_a_key(world: World) -> None:
    world.ask("stop", None)


def _stop_and_somebody_starts_it(world: World) -> None:
    """The first client comes back with its key when somebody else wants the opposite."""
    world.ask("stop", "one")
    world.wait(5)
    world.run.memory["last word"] = world.ask("start", "two", PATIENT)
    world.wait(5)
    world.ask("stop", "one", PATIENT)


def _turn(world: World) -> None:
    world.scheduler_invokes()


def _turn_and_somebody_starts_it(world: World) -> None:
    world.scheduler_invokes()
    world.wait(5)
    world.run.memory["last word"] = world.ask("start", "two", PATIENT)


def _turn_twice(world: World) -> None:
    """Scheduler invokes at least once."""
    world.scheduler_invokes()
    world.scheduler_invokes()


def _turn_has_to_wait_and_somebody_stops_it(world: World) -> None:
    """The turn is refused for a while. What a person wants meanwhile may never come to an end."""
    database().status = "backing-up"
    world.scheduler_invokes()
    database().status = "available"
    world.ask("stop", "two")


def _stop_and_delete_the_account(world: World) -> None:
    world.ask("stop", "one")
    (account,) = world.run.memory["accounts"]
    for _ in range(3):
        try:
            if ADMIN.delete(path_of(account)).status < 500:
                return
        except Died:
            continue


Look = Callable[[World, list[Interaction]], Iterator[str]]


def _as_recorded(wanted: str) -> Look:
    """One interaction, which says what the database did."""

    def look(world: World, acts: list[Interaction]) -> Iterator[str]:
        answer = world.answers[-1]
        if len(acts) > 1:
            yield f"{len(acts)} interactions for one request"
        for act in acts:
            carried_out = act.outcome is InteractionOutcome.ACCEPTED
            if carried_out != (database().status == wanted):
                yield f"{act.outcome} ({act.detail}), and it is {database().status}"
            if act.result is not (Result.REACHED if carried_out else None):
                yield f"{act.outcome}, and the result is {act.result}"
        if not acts and database().status == wanted:
            yield "changed without a record"
        if (
            answer
            and answer.status < 500
            and (answer.status == 202) != (database().status == wanted)
        ):
            yield f"the client was told {answer.status}, and it is {database().status}"

    return look


def _reached(wanted: str) -> Look:
    """As recorded, and the client's repetitions made it."""

    def look(world: World, acts: list[Interaction]) -> Iterator[str]:
        yield from _as_recorded(wanted)(world, acts)
        if database().status != wanted:
            yield f"it is {database().status}"
        if len(acts) != 1:
            yield f"{len(acts)} interactions"

    return look


def _last_word(world: World, acts: list[Interaction]) -> Iterator[str]:
    """The later request decides, by the time at which it was stored."""
    latest = acts[0].action.value if acts else None
    accepted = world.run.memory["last word"] == 202
    if accepted and latest == "start" and database().status != "available":
        yield f"somebody started it, and it is {database().status}"
    for action in ("start", "stop"):
        if len([act for act in acts if act.action.value == action]) > 1:
            yield f"two interactions for one {action}"


def _turn_done(world: World, acts: list[Interaction]) -> Iterator[str]:
    if database().status != "stopped":
        yield f"it is {database().status}"
    if [act.result for act in acts] != [Result.REACHED]:
        yield f"results {[act.result for act in acts]}"
    (account,) = world.run.memory["accounts"]
    (resource,) = wiring.resources().all_of(account.account_id)
    if resource.note:
        yield f"noted: {resource.note}"
    if resource.due_transition(world.now):
        yield "the transition is due again"


def _stopped_at_last(world: World, acts: list[Interaction]) -> Iterator[str]:
    """By the person or by the turn: it is lost to no act that did not happen."""
    if database().status != "stopped":
        yield f"it is {database().status}: {[(act.action, act.result) for act in acts]}"


def _one_interaction(world: World, acts: list[Interaction]) -> Iterator[str]:
    if len(acts) > 1:
        yield f"{len(acts)} interactions for one request"


@dataclass(frozen=True)
class Story:
    name: str
    prepare: Callable[[Run], None]
    act: Callable[[World], None]
    look: Look


STORIES = (
    Story("stop", a_database, _stop, _reached("stopped")),
    Story("start", _stopped_database, _start, _reached("available")),
    Story("stop, impatiently", a_database, _stop_impatiently, _as_recorded("stopped")),
    Story("stop without a key", a_database, _stop_without_a_key, _as_recorded("stopped")),
    Story("stop, and another starts", a_database, _stop_and_somebody_starts_it, _last_word),
    Story("turn", a_due_database, _turn, _turn_done),
    Story("turn twice", a_due_database, _turn_twice, _turn_done),
    Story("turn, and another starts", a_due_database, _turn_and_somebody_starts_it, _last_word),
    Story(
        "turn that waits, and another stops",
        a_due_database,
        _turn_has_to_wait_and_somebody_stops_it,
        _stopped_at_last,
    ),
    Story("stop, and delete", a_database, _stop_and_delete_the_account, _one_interaction),
)


# ---- what must hold ------------------------------------------------------------------------------


def wrong(world: World, story: Story) -> list[str]:
    return [*_everywhere(world), *story.look(world, acts_of(world))]


def acts_of(world: World) -> list[Interaction]:
    (account,) = world.run.memory["accounts"]
    page = wiring.interactions().page(account.account_id, limit=100, after=None)
    return [each for each in page.items if each.action.value in ("start", "stop")]


def _everywhere(world: World) -> Iterator[str]:
    items = plain_items()
    yield from broken(items)
    for (_, sk), item in items.items():
        if sk.startswith("INTERACTION#") and "pending" in (item["outcome"], item.get("result")):
            yield f"left {item['outcome']}, {item.get('result')}"
    if world.dead or world.queue:
        yield "an act was given up"
    yield from (note for note in world.run.notes if "given up" in note)
    yield from _published(world)


def _published(world: World) -> Iterator[str]:
    """Each interaction is published as it was recorded, however often."""
    published: dict[str, set[str]] = {}
    for event in world.run.calls.events:
        detail = event["detail"]
        if event["detail-type"] == "Instance Interaction" and detail["action"] in ("start", "stop"):
            published.setdefault(detail["interaction_id"], set()).add(json.dumps(detail))
    for act in acts_of(world):
        seen = published.pop(act.interaction_id, set())
        if [json.loads(each)["outcome"] for each in seen] != [act.outcome.value]:
            yield f"recorded as {act.outcome}, and published {seen}"
    if published:
        yield f"published, and not recorded: {published}"


def run_story(
    world: World, story: Story, index: int | None = None, fault: Fault | None = None
) -> World:
    forget()
    story.prepare(world.run)
    world.run.notes.clear()
    world.run.look()
    world._fed = len(world.run.records)
    world.run.calls = replace(world.run.calls, index=index, fault=fault, after_write=world.run.look)
    with watched(world.run.calls):
        story.act(world)
        world.wait_for_results()
    return world


@pytest.mark.parametrize("story", STORIES, ids=lambda story: story.name)
def test_whatever_fails_the_record_says_what_the_instance_did(story: Story) -> None:
    story = replace(story, prepare=made_once(story.prepare))
    good = run_story(World(), story)
    assert wrong(good, story) == []
    found: list[str] = []
    tried = 0
    for index, operation in enumerate(good.run.calls.made):
        for fault in Fault:
            if fault.fits(operation):
                tried += 1
                after = run_story(World(), story, index, fault)
                found += [f"{index} {operation} {fault}: {what}" for what in wrong(after, story)]
    assert found == []
    counted("acts", story.name, len(good.run.calls.made), tried, 0)
