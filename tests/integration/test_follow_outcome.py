"""Following what became of a start or stop, with AWS as moto has it."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any

import boto3
import pytest

from cavok import wiring
from cavok.adapters.customer.instances import InstanceClient
from cavok.adapters.table.accounts import Accounts
from cavok.adapters.table.interactions import InteractionItem, Interactions
from cavok.domain import audit
from cavok.domain.accounts import Status
from cavok.domain.actors import SCHEDULE
from cavok.domain.errors import (
    CallFailed,
    ComesAgain,
    EntryInconclusive,
    EntryRefused,
    InteractionRefused,
    NotAnswered,
)
from cavok.domain.followed_acts import FollowedAct
from cavok.domain.instances import Operation
from cavok.domain.interactions import Interaction, InteractionOutcome, Result
from cavok.domain.kinds import Action, DescribedPage, Kind
from cavok.domain.outcomes import Finding
from cavok.domain.resources import Resource
from cavok.domain.session_policies import looking_policy
from cavok.domain.steps import judge
from cavok.services.connections import ConnectionDependencies
from cavok.services.follow_outcome import follow_outcome
from cavok.services.resources import ResourceDependencies, schedule_resource
from cavok.services.start_stop import start_stop
from functions.follow_outcome import app
from tests.support.api import Context
from tests.support.builders import ACCOUNT_ID, NOW, ORGANIZATION_ID, sample_event
from tests.support.faults import Died
from tests.support.instances import run_instance
from tests.support.interleaving import interleavings, snapshot
from tests.support.moto_stack import Clock
from tests.support.schedules import EVENING, NIGHT, fire, stored
from tests.support.start_stop import CONTEXT, ENDS, KEYED, Connect, Sessions, end_meanwhile, history


@pytest.fixture
def look(dependencies: ConnectionDependencies) -> Callable[[Interaction, datetime], Any]:
    """Looks once. Returns the finding, or the seconds until the next look."""

    def once(interaction: Interaction, now: datetime, **but: str) -> Finding | int | None:
        names = {
            "organization_id": ORGANIZATION_ID,
            "account_id": ACCOUNT_ID,
            "interaction_id": interaction.interaction_id,
        }
        try:
            return follow_outcome(
                FollowedAct(**names | but),
                connections=dependencies,
                resources=wiring.resources(),
                now=now,
            )
        except ComesAgain as later:
            return later.seconds

    return once


Look = Callable[..., Any]


@pytest.fixture
def stopped(connect: Connect, dependencies: ConnectionDependencies) -> Interaction:
    """A person stopped an EC2 instance at NOW."""
    connect()
    operation = Operation(Action.STOP, Kind.EC2, run_instance(), "us-east-1")
    return start_stop(CONTEXT, operation, dependencies=dependencies)


def at(seconds: float) -> datetime:
    return NOW + timedelta(seconds=seconds)


def result(interactions: Interactions, interaction: Interaction) -> tuple[Any, Any, Any]:
    found = interactions.find(ACCOUNT_ID, interaction.interaction_id)
    assert found
    return found.result, found.state, found.state_reason


def start_again(interaction: Interaction) -> None:
    """Somebody starts it without Cavok."""
    ids = [str(interaction.instance_id)]
    boto3.client("ec2", "us-east-1").start_instances(InstanceIds=ids)


# ---- a person's act ------------------------------------------------------------------------------


def test_a_stop_that_worked_is_reached_and_looked_at_with_describe_alone(
    stopped: Interaction, look: Look, interactions: Interactions, sessions: Sessions
) -> None:
    assert stopped.result is Result.PENDING

    look(stopped, at(15))

    assert result(interactions, stopped) == (Result.REACHED, "stopped", None)
    assert sessions.policies[-1] == looking_policy(Kind.EC2)


def test_what_is_final_is_not_looked_at_again(
    stopped: Interaction, look: Look, interactions: Interactions, sessions: Sessions
) -> None:
    look(stopped, at(15))
    start_again(stopped)
    entered = len(sessions.policies)

    assert look(stopped, at(90)) is None

    assert len(sessions.policies) == entered
    assert result(interactions, stopped)[0] is Result.REACHED


def test_what_was_not_reached_is_said_with_its_state_and_reason(
    stopped: Interaction, look: Look, interactions: Interactions
) -> None:
    start_again(stopped)

    assert look(stopped, at(15)) == 15
    assert result(interactions, stopped)[0] is Result.PENDING
    look(stopped, at(60))

    assert result(interactions, stopped) == (
        Result.NOT_REACHED,
        "running",
        "It is still running.",
    )


def test_a_persons_act_is_not_repeated(
    stopped: Interaction, look: Look, interactions: Interactions
) -> None:
    start_again(stopped)

    for seconds in (60, 120, 600, 3600):
        look(stopped, at(seconds))

    described = boto3.client("ec2", "us-east-1").describe_instances()
    assert described["Reservations"][0]["Instances"][0]["State"]["Name"] == "running"


def test_a_later_act_of_a_person_decides_and_the_earlier_one_is_unknown(
    stopped: Interaction,
    look: Look,
    interactions: Interactions,
    dependencies: ConnectionDependencies,
) -> None:
    operation = Operation(Action.START, Kind.EC2, str(stopped.instance_id), "us-east-1")
    started = start_stop(replace(CONTEXT, now=at(30)), operation, dependencies=dependencies)

    look(stopped, at(60))
    look(started, at(60))

    assert result(interactions, stopped)[0] is Result.UNKNOWN
    assert result(interactions, started) == (Result.REACHED, "running", None)


def test_a_later_act_on_another_instance_decides_nothing(
    stopped: Interaction,
    look: Look,
    interactions: Interactions,
    dependencies: ConnectionDependencies,
) -> None:
    other = Operation(Action.STOP, Kind.EC2, run_instance(), "us-east-1")
    start_stop(replace(CONTEXT, now=at(30)), other, dependencies=dependencies)
    start_again(stopped)

    look(stopped, at(60))

    assert result(interactions, stopped)[0] is Result.NOT_REACHED


@pytest.mark.parametrize(
    "error", [EntryInconclusive("Throttling"), EntryRefused("AccessDenied: not this time")]
)
def test_what_nobody_could_look_at_for_ten_minutes_is_unknown(
    stopped: Interaction,
    look: Look,
    interactions: Interactions,
    sessions: Sessions,
    error: Exception,
) -> None:
    sessions.error = error

    assert look(stopped, at(15)) == 15
    assert look(stopped, at(599)) == 60
    look(stopped, at(600))

    found, state, reason = result(interactions, stopped)
    assert (found, state) == (Result.UNKNOWN, None)
    assert reason.startswith("Cavok could not look at it: ")
    assert reason.endswith(" Not followed after 10 minutes.")


def test_a_look_that_aws_refuses_is_one_that_says_nothing(
    stopped: Interaction, look: Look, monkeypatch: pytest.MonkeyPatch, interactions: Interactions
) -> None:
    def refuse(*_: object) -> None:
        raise CallFailed(judge("UnauthorizedOperation", "no"))

    monkeypatch.setattr(InstanceClient, "find", refuse)

    assert look(stopped, at(60)) == 30
    look(stopped, at(600))
    assert result(interactions, stopped)[0] is Result.UNKNOWN


def test_an_account_that_is_not_connected_any_more_is_not_entered(
    stopped: Interaction, look: Look, accounts: Accounts, sessions: Sessions
) -> None:
    accounts.changed(ORGANIZATION_ID, ACCOUNT_ID, lambda a: replace(a, status=Status.FAILED))
    entered = len(sessions.policies)

    assert look(stopped, at(15)) == 15
    assert len(sessions.policies) == entered


@pytest.mark.parametrize("end", ["deleted", "revoked"])
def test_an_act_whose_account_is_gone_or_revoked_is_unknown_at_once_with_the_reason(
    stopped: Interaction,
    look: Look,
    accounts: Accounts,
    interactions: Interactions,
    sessions: Sessions,
    end: str,
) -> None:
    if end == "deleted":
        account = accounts.get(ORGANIZATION_ID, ACCOUNT_ID)
        accounts.delete(account, entry=audit.deleted(account, CONTEXT.requester, at(5)), now=at(5))
    else:
        accounts.changed(ORGANIZATION_ID, ACCOUNT_ID, lambda a: a.with_use_revoked(at(5)))
    entered = len(sessions.policies)

    look(stopped, at(15))

    found, state, reason = result(interactions, stopped)
    assert (found, state) == (Result.UNKNOWN, None)
    said = {"deleted": "The account is gone.", "revoked": "A person revoked the use of the account"}
    assert reason.startswith(f"Cavok may not look at it any more: {said[end]}")
    assert len(sessions.policies) == entered


def test_nothing_is_done_for_another_organizations_event_or_an_unknown_interaction(
    stopped: Interaction, look: Look, sessions: Sessions
) -> None:
    entered = len(sessions.policies)

    assert look(stopped, at(15), organization_id="org-two") is None
    assert look(stopped, at(15), interaction_id="planner-17") is None
    assert len(sessions.policies) == entered


def test_a_start_of_what_runs_already_is_reached_at_once(
    connect: Connect, dependencies: ConnectionDependencies, look: Look, sessions: Sessions
) -> None:
    connect()
    operation = Operation(Action.START, Kind.EC2, run_instance(), "us-east-1")

    started = start_stop(CONTEXT, operation, dependencies=dependencies)

    assert (started.result, started.state) == (Result.REACHED, "running")
    assert look(started, at(15)) is None


@dataclass
class Queue:
    hidden: list[tuple[str, int]] = field(default_factory=list)

    def hide(self, receipt_handle: str, seconds: int) -> None:
        self.hidden.append((receipt_handle, seconds))


@pytest.mark.parametrize(("runs", "hidden"), [(True, [("r-1", 15)]), (False, [])])
def test_a_message_is_hidden_until_the_next_look_and_taken_once_the_result_is_final(
    connect: Connect,
    dependencies: ConnectionDependencies,
    monkeypatch: pytest.MonkeyPatch,
    runs: bool,
    hidden: list[tuple[str, int]],
) -> None:
    connect()
    operation = Operation(Action.STOP, Kind.EC2, run_instance(), "us-east-1")
    just_now = replace(CONTEXT, now=Clock.time)
    stopped = start_stop(just_now, operation, dependencies=dependencies)
    if runs:
        start_again(stopped)
    queue, event = Queue(), sample_event("follow_outcome")
    monkeypatch.setattr(wiring, "followed_acts", lambda: queue)
    monkeypatch.setattr(wiring, "connection_dependencies", lambda: dependencies)
    (record,) = event["Records"]
    message = json.loads(record["body"])
    message |= {
        "organization_id": ORGANIZATION_ID,
        "account_id": ACCOUNT_ID,
        "interaction_id": stopped.interaction_id,
    }
    record["body"] = json.dumps(message)

    answer = app.handler(event, Context())  # type: ignore[arg-type]

    assert queue.hidden == hidden
    failed = [each["itemIdentifier"] for each in answer["batchItemFailures"]]
    assert failed == (["m-1"] if runs else [])


# ---- an act that was left open -------------------------------------------------------------------


@pytest.fixture
def left(
    connect: Connect, dependencies: ConnectionDependencies, monkeypatch: pytest.MonkeyPatch
) -> Callable[..., Interaction]:
    """A person's stop whose process died at the call, or after it: `carried_out`."""

    def make(*, carried_out: bool, **account: Any) -> Interaction:
        connect(**account)
        web = run_instance(account.get("regions", ["us-east-1"])[-1])
        real = InstanceClient.act

        def die(client: InstanceClient, instance_id: str, action: Action) -> None:
            if carried_out:
                real(client, instance_id, action)
            raise Died

        operation = Operation(Action.STOP, Kind.EC2, web)
        with monkeypatch.context() as patch:
            patch.setattr(InstanceClient, "act", die)
            with pytest.raises(Died):
                start_stop(KEYED, operation, dependencies=dependencies)
        (act,) = open_acts()
        return act

    return make


Left = Callable[..., Interaction]


def open_acts() -> list[Interaction]:
    found = InteractionItem.query(
        f"ACCOUNT#{ACCOUNT_ID}", InteractionItem.sk.startswith("INTERACTION#")
    )
    return [act for act in map(InteractionItem.interaction, found) if act.open]


def recorded(interactions: Interactions, act: Interaction) -> Interaction:
    found = interactions.find(ACCOUNT_ID, act.interaction_id)
    assert found
    return found


def test_an_open_act_is_left_alone_while_its_maker_may_be_at_it(
    left: Left, look: Look, sessions: Sessions, interactions: Interactions
) -> None:
    act = left(carried_out=True)
    entered = len(sessions.policies)

    assert look(act, at(15)) == 45
    assert len(sessions.policies) == entered
    assert recorded(interactions, act).open


def test_an_open_act_that_the_instance_shows_is_accepted_and_reached(
    left: Left, look: Look, interactions: Interactions
) -> None:
    act = left(carried_out=True, regions=("us-east-1", "eu-west-1"))

    look(act, at(60))

    closed = recorded(interactions, act)
    assert (closed.outcome, closed.result) == (InteractionOutcome.ACCEPTED, Result.REACHED)
    assert (closed.region, closed.state) == ("eu-west-1", "stopped")
    assert closed.detail == "Cavok got no answer from AWS."
    assert [i.interaction_id for i in history(interactions)] == [act.interaction_id]


def test_an_open_act_on_its_way_is_accepted_and_followed_like_any_other(
    left: Left, look: Look, interactions: Interactions, monkeypatch: pytest.MonkeyPatch
) -> None:
    act = left(carried_out=True)
    real, stopping = InstanceClient.find, [True]

    def find(client: InstanceClient, instance_id: str) -> Any:
        found = real(client, instance_id)
        return replace(found, state="stopping") if found and stopping.pop() else found

    monkeypatch.setattr(InstanceClient, "find", find)

    assert look(act, at(60)) == 15
    closed = recorded(interactions, act)
    assert (closed.outcome, closed.result) == (InteractionOutcome.ACCEPTED, Result.PENDING)
    stopping.append(False)
    look(act, at(75))
    assert recorded(interactions, act).result is Result.REACHED


def test_an_open_act_that_the_instance_does_not_show_is_refused_and_its_key_forgotten(
    left: Left, look: Look, interactions: Interactions, dependencies: ConnectionDependencies
) -> None:
    act = left(carried_out=False)

    assert look(act, at(90)) == 15, "AWS's answers are eventually consistent"
    look(act, at(120))

    closed = recorded(interactions, act)
    assert (closed.outcome, closed.result) == (InteractionOutcome.REFUSED, None)
    assert closed.detail == "Cavok got no answer from AWS. It is still running."
    again = Operation(Action.STOP, Kind.EC2, str(act.instance_id))
    accepted = start_stop(replace(KEYED, now=at(200)), again, dependencies=dependencies)
    assert accepted.interaction_id != act.interaction_id
    assert [i.outcome for i in history(interactions)] == ["accepted", "refused"]


def an_act_that_certainly_did_nothing(
    dependencies: ConnectionDependencies, sessions: Sessions
) -> Interaction:
    """An open stop of a request with a key: the account could not even be entered."""
    sessions.error = EntryInconclusive("Throttling: slow down.")
    operation = Operation(Action.STOP, Kind.EC2, run_instance())
    with pytest.raises(NotAnswered):
        start_stop(KEYED, operation, dependencies=dependencies)
    (act,) = open_acts()
    return act


def test_an_open_act_that_certainly_did_nothing_waits_for_its_key_and_is_then_refused_unseen(
    connect: Connect,
    dependencies: ConnectionDependencies,
    look: Look,
    interactions: Interactions,
    sessions: Sessions,
) -> None:
    connect()
    act = an_act_that_certainly_did_nothing(dependencies, sessions)
    entered = len(sessions.policies)

    assert look(act, at(15)) == 105
    look(act, at(120))

    closed = recorded(interactions, act)
    assert (closed.outcome, closed.result) == (InteractionOutcome.REFUSED, None)
    assert closed.detail.startswith("The account could not be entered")
    assert len(sessions.policies) == entered


def test_an_open_act_that_certainly_did_nothing_is_refused_although_its_account_is_gone(
    connect: Connect,
    dependencies: ConnectionDependencies,
    look: Look,
    accounts: Accounts,
    interactions: Interactions,
    sessions: Sessions,
) -> None:
    connect()
    act = an_act_that_certainly_did_nothing(dependencies, sessions)
    account = accounts.get(ORGANIZATION_ID, ACCOUNT_ID)
    accounts.delete(account, entry=audit.deleted(account, CONTEXT.requester, at(5)), now=at(5))

    look(act, at(120))

    closed = recorded(interactions, act)
    assert (closed.outcome, closed.result) == (InteractionOutcome.REFUSED, None)


def test_an_open_act_that_a_later_one_overtook_is_unknown(
    left: Left, look: Look, interactions: Interactions, dependencies: ConnectionDependencies
) -> None:
    act = left(carried_out=True)
    operation = Operation(Action.START, Kind.EC2, str(act.instance_id))
    start_stop(replace(CONTEXT, now=at(30)), operation, dependencies=dependencies)

    look(act, at(120))

    closed = recorded(interactions, act)
    assert (closed.outcome, closed.result) == (InteractionOutcome.ACCEPTED, Result.UNKNOWN)


def test_an_open_act_whose_account_is_gone_is_closed_as_unknown(
    left: Left, look: Look, accounts: Accounts, interactions: Interactions
) -> None:
    act = left(carried_out=True)
    account = accounts.get(ORGANIZATION_ID, ACCOUNT_ID)
    accounts.delete(account, entry=audit.deleted(account, CONTEXT.requester, at(5)), now=at(5))

    look(act, at(60))

    assert (recorded(interactions, act).open, open_acts()) == (False, [])
    assert recorded(interactions, act).result is Result.UNKNOWN


def test_repeating_a_key_for_nothing_does_not_prolong_how_long_its_act_is_followed(
    left: Left, dependencies: ConnectionDependencies, sessions: Sessions, look: Look
) -> None:
    """The queue would give the act up after 100 looks, and it would stay open."""
    act = left(carried_out=False)
    assert act.instance_id
    stop = Operation(Action.STOP, Kind.EC2, act.instance_id)
    found: Any = None
    for seconds in range(60, 300, 15):
        sessions.error = EntryRefused("AccessDenied: no.")
        with pytest.raises(InteractionRefused):
            start_stop(replace(KEYED, now=at(seconds)), stop, dependencies=dependencies)
        sessions.error = None
        found = look(act, at(seconds))
        if not isinstance(found, int):
            break

    assert found.result is Result.NOT_REACHED
    assert open_acts() == []


# ---- a schedule's turn ---------------------------------------------------------------------------


@pytest.fixture
def refusing(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """AWS refuses to act with these codes, one a call; then it acts."""
    codes: list[str] = []
    real = InstanceClient.act

    def act(client: InstanceClient, instance_id: str, action: Action) -> None:
        if codes:
            raise CallFailed(judge(codes.pop(0), "Not now."))
        real(client, instance_id, action)

    monkeypatch.setattr(InstanceClient, "act", act)
    return codes


def evening(minutes: float) -> datetime:
    return EVENING + timedelta(minutes=minutes)


def the_turn(interactions: Interactions) -> Interaction:
    (turn,) = history(interactions)[:1]
    assert turn.actor == SCHEDULE
    return turn


@pytest.mark.parametrize(
    "code", ["InsufficientDBInstanceCapacity", "ThrottlingException", "RequestLimitExceeded"]
)
def test_a_turn_that_aws_refuses_for_a_passing_cause_is_tried_again_until_it_works(
    orders: Resource,
    control: ResourceDependencies,
    interactions: Interactions,
    look: Look,
    refusing: list[str],
    code: str,
) -> None:
    refusing += [code] * 3
    assert fire(orders, control, EVENING) is None
    turn = the_turn(interactions)
    assert (turn.outcome, turn.result) == (InteractionOutcome.REFUSED, Result.PENDING)
    assert "Cavok tries again for an hour." in str(stored(orders).note)

    waits = [look(turn, evening(minutes)) for minutes in (0.25, 1, 1.5, 3, 7)]

    assert refusing == []
    assert waits[1::2] == [15, 15], "looked at soon after each try"
    assert look(turn, evening(7.25)).result is Result.REACHED
    assert result(interactions, turn) == (Result.REACHED, "stopped", None)
    assert stored(orders).note is None
    turns = [each for each in history(interactions) if each.actor == SCHEDULE]
    assert len(turns) == 1, "one turn is one interaction, and counts once"


PASSING: dict[str, Callable[[pytest.MonkeyPatch, Sessions], None]] = {
    "the entry is throttled": lambda patch, sessions: patch.setattr(
        sessions, "error", EntryInconclusive("Throttling: slow down.")
    ),
    "the describe is throttled": lambda patch, _: patch.setattr(
        InstanceClient, "find", failing("RequestLimitExceeded")
    ),
    "the stop fails inside AWS": lambda patch, _: patch.setattr(
        InstanceClient, "act", failing("InternalFailure")
    ),
    "the description lacks a field": lambda patch, _: patch.setattr(
        InstanceClient,
        "_describe",
        lambda *_: iter([DescribedPage((), ("no DBInstanceClass",))]),
    ),
    "the database is in a backup": lambda patch, _: patch.setattr(
        InstanceClient, "find", seen_in("backing-up")
    ),
}
"""What ends by itself, while the evening's turn is made."""


def failing(code: str) -> Callable[..., Any]:
    def fail(*_: object) -> None:
        raise CallFailed(judge(code, "Not now."))

    return fail


def seen_in(state: str) -> Callable[..., Any]:
    real = InstanceClient.find

    def find(client: InstanceClient, instance_id: str) -> Any:
        found = real(client, instance_id)
        return found and replace(found, state=state)

    return find


@pytest.mark.parametrize("cause", PASSING)
@pytest.mark.parametrize("passes_after", [0.1, 20])
def test_a_turn_that_meets_what_passes_is_made_when_it_has_passed(
    orders: Resource,
    control: ResourceDependencies,
    interactions: Interactions,
    sessions: Sessions,
    look: Look,
    cause: str,
    passes_after: float,
) -> None:
    with pytest.MonkeyPatch.context() as patch:
        PASSING[cause](patch, sessions)
        assert fire(orders, control, EVENING) is None
        assert str(stored(orders).note).endswith("Cavok tries again for an hour.")
        (turn,) = [*open_acts(), *(i for i in history(interactions) if i.actor == SCHEDULE)]
        now = EVENING + timedelta(seconds=15)
        while now < evening(passes_after):
            wait = look(turn, now)
            assert isinstance(wait, int), "nothing is final while it may pass"
            now += timedelta(seconds=wait)

    while isinstance(wait := look(turn, now), int):
        now += timedelta(seconds=wait)

    assert now < evening(passes_after + 20)
    assert result(interactions, turn) == (Result.REACHED, "stopped", None)
    assert stored(orders).note is None
    turns = [each for each in history(interactions) if each.actor == SCHEDULE]
    assert len(turns) == 1


@pytest.mark.parametrize("action", Action)
def test_a_request_that_did_nothing_ends_no_turn(
    orders: Resource,
    control: ResourceDependencies,
    dependencies: ConnectionDependencies,
    interactions: Interactions,
    look: Look,
    action: Action,
) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(InstanceClient, "find", seen_in("backing-up"))
        fire(orders, control, EVENING)
        turn = the_turn(interactions)
        with pytest.raises((InteractionRefused, NotAnswered)):
            start_stop(
                replace(KEYED, now=EVENING + timedelta(seconds=10)),
                Operation(action, Kind.RDS, "orders"),
                dependencies=dependencies,
            )
        wait = look(turn, EVENING + timedelta(seconds=30))
        assert isinstance(wait, int), "nothing is final yet"

    now = EVENING + timedelta(seconds=30 + wait)
    while isinstance(wait := look(turn, now), int):
        now += timedelta(seconds=wait)

    assert result(interactions, turn) == (Result.REACHED, "stopped", None)


def test_a_turn_that_never_works_is_tried_for_an_hour_and_then_said(
    orders: Resource,
    control: ResourceDependencies,
    interactions: Interactions,
    look: Look,
    refusing: list[str],
) -> None:
    refusing += ["InsufficientDBInstanceCapacity"] * 100
    fire(orders, control, EVENING)
    turn, now, looks = the_turn(interactions), EVENING + timedelta(seconds=15), 0
    while isinstance(wait := look(turn, now), int):
        now, looks = now + timedelta(seconds=wait), looks + 1

    assert 100 - len(refusing) == 8, "at 0, 1, 3, 7, 15, 30, 45 and 60 minutes"
    assert timedelta(hours=1) <= now - EVENING <= timedelta(minutes=63)
    assert looks <= 45, "the queue gives a message up after 50 receives"
    assert result(interactions, turn) == (
        Result.NOT_REACHED,
        "available",
        "AWS did not carry out rds:StopDBInstance: InsufficientDBInstanceCapacity: Not now. "
        "Cavok tried for an hour.",
    )
    assert "Cavok tried for an hour" in str(stored(orders).note)


def test_a_turn_that_aws_denies_at_a_later_try_ends(
    orders: Resource,
    control: ResourceDependencies,
    interactions: Interactions,
    look: Look,
    refusing: list[str],
) -> None:
    refusing += ["ThrottlingException", "AccessDenied"]
    fire(orders, control, EVENING)
    turn = the_turn(interactions)

    look(turn, evening(1))

    found, _, reason = result(interactions, turn)
    assert found is Result.NOT_REACHED
    assert "AccessDenied" in reason


def test_a_turn_that_was_accepted_and_fell_back_is_tried_again(
    orders: Resource, control: ResourceDependencies, interactions: Interactions, look: Look
) -> None:
    turn = fire(orders, control, EVENING)
    boto3.client("rds", "us-east-1").start_db_instance(DBInstanceIdentifier="orders")

    assert look(turn, evening(1)) == 15
    assert look(turn, evening(1.25)).result is Result.REACHED
    assert stored(orders).stopped_at is not None


@pytest.mark.parametrize("change", ["schedule", "none", "removed", "person"])
def test_nothing_is_tried_again_that_nobody_wants_any_more(
    orders: Resource,
    control: ResourceDependencies,
    interactions: Interactions,
    look: Look,
    refusing: list[str],
    change: str,
) -> None:
    refusing += ["ThrottlingException"] * 2
    fire(orders, control, EVENING)
    turn, later = the_turn(interactions), replace(CONTEXT, now=evening(0.5))
    if change == "person":
        stays_on = Operation(Action.START, Kind.RDS, "orders", "us-east-1")
        start_stop(later, stays_on, dependencies=control.connections)
    elif change == "removed":
        wiring.resources().remove(ACCOUNT_ID, orders.resource_id, NOW)
    else:
        schedule = NIGHT if change == "schedule" else None
        schedule_resource(later, orders.resource_id, schedule, dependencies=control)

    found = look(turn, evening(1))

    assert refusing == ["ThrottlingException"], "no second try"
    assert found.result is (Result.UNKNOWN if change == "person" else Result.NOT_REACHED)


@pytest.mark.parametrize("end", ENDS)
def test_a_turn_is_not_tried_again_in_an_account_whose_use_ended_at_that_moment(
    orders: Resource,
    control: ResourceDependencies,
    interactions: Interactions,
    look: Look,
    refusing: list[str],
    monkeypatch: pytest.MonkeyPatch,
    end: Callable[[Accounts], None],
) -> None:
    refusing += ["ThrottlingException"] * 2
    fire(orders, control, EVENING)
    turn = the_turn(interactions)
    end_meanwhile(monkeypatch, end, look=2)

    found = look(turn, evening(1))

    assert refusing == ["ThrottlingException"], "no second try"
    assert found.result is Result.NOT_REACHED
    assert "Nothing was done" in found.reason


def test_a_turn_that_was_denied_is_not_followed(
    orders: Resource,
    control: ResourceDependencies,
    interactions: Interactions,
    look: Look,
    refusing: list[str],
) -> None:
    refusing += ["AccessDenied"]
    fire(orders, control, EVENING)

    turn = the_turn(interactions)
    assert turn.result is None
    assert look(turn, evening(1)) is None


@pytest.mark.parametrize("called", [True, False])
def test_an_open_act_that_its_key_takes_up_while_it_is_looked_at_stays_open(
    called: bool,
    left: Left,
    connect: Connect,
    dependencies: ConnectionDependencies,
    look: Look,
    interactions: Interactions,
    sessions: Sessions,
) -> None:
    """Who took it up is about to call AWS, and says then how it ended."""
    if called:
        left(carried_out=False)
    else:
        connect()
        sessions.error = EntryInconclusive("Throttling: slow down.")
        operation = Operation(Action.STOP, Kind.EC2, run_instance())
        with pytest.raises(NotAnswered):
            start_stop(KEYED, operation, dependencies=dependencies)
        sessions.error = None
    (act,) = open_acts()
    until, answers = at(180), []

    for run in interleavings(
        snapshot(), lambda: look(act, at(120)), lambda: interactions.take_up(act, until)
    ):
        stored = recorded(interactions, act)
        if run.second.error is None:
            assert (stored.open, stored.held_until) == (True, until), run.at
        answers.append(run.second.error)
    assert None in answers
