"""What became of a start or stop, and when it is looked at and tried again."""

from __future__ import annotations

import hashlib
import json
import re
from dataclasses import replace
from datetime import datetime, timedelta
from itertools import pairwise

import botocore.session
import pytest

from cavok.domain import outcomes
from cavok.domain.actors import SCHEDULE, Actor, ActorKind
from cavok.domain.errors import InstanceNotFound, InteractionRefused, NotAnswered, PerhapsDone
from cavok.domain.instances import ActionPlan, Instance, Operation, PlannedAction
from cavok.domain.interactions import Interaction, InteractionAction, InteractionOutcome, Result
from cavok.domain.kinds import Action, Kind, StateReason
from cavok.domain.outcomes import Finding, finding
from cavok.domain.permissions import ENCRYPTED_VOLUMES
from cavok.domain.schedules import REPEATED_FOR
from tests.support.builders import NOW, an_interaction, by
from tests.support.template import resource

START, STOP = Action.START, Action.STOP
EC2, RDS, AURORA = Kind.EC2, Kind.RDS, Kind.AURORA
AGAIN, REACHED, NOT = Result.PENDING, Result.REACHED, Result.NOT_REACHED
CLIENT_ERROR = StateReason("Client.InternalError", "Client.InternalError: Client error on launch")
NO_CAPACITY = StateReason("Server.InsufficientInstanceCapacity", "Insufficient capacity.")
BY_A_USER = StateReason("Client.UserInitiatedShutdown", "User initiated shutdown")


def an_instance(kind: Kind, state: str, reason: StateReason | None = None) -> Instance:
    return Instance(
        kind=kind,
        instance_id="x",
        name=None,
        region="eu-west-1",
        state=state,
        type="t",
        reason=reason,
    )


TABLE = [
    # kind, action, state, reason, seconds since the call, result
    (EC2, START, "running", None, 0, REACHED),
    (EC2, START, "pending", None, 500, AGAIN),
    (EC2, START, "stopping", CLIENT_ERROR, 500, AGAIN),
    (EC2, START, "stopped", None, 59, AGAIN),
    (EC2, START, "stopped", None, 60, NOT),
    (EC2, START, "stopped", BY_A_USER, 59, AGAIN),
    (EC2, START, "stopped", BY_A_USER, 60, NOT),
    (EC2, START, "stopped", CLIENT_ERROR, 19, AGAIN),
    (EC2, START, "stopped", CLIENT_ERROR, 20, NOT),
    (EC2, START, "stopped", NO_CAPACITY, 20, NOT),
    (EC2, START, "terminated", None, 59, AGAIN),
    (EC2, START, "shutting-down", None, 60, NOT),
    (EC2, START, None, None, 59, AGAIN),
    (EC2, START, None, None, 60, NOT),
    (EC2, STOP, "stopped", CLIENT_ERROR, 0, REACHED),
    (EC2, STOP, "stopping", None, 500, AGAIN),
    (EC2, STOP, "pending", None, 500, AGAIN),
    (EC2, STOP, "running", None, 59, AGAIN),
    (EC2, STOP, "running", CLIENT_ERROR, 59, AGAIN),
    (EC2, STOP, "running", None, 60, NOT),
    (EC2, STOP, "terminated", None, 60, NOT),
    *(
        row
        for kind in (RDS, AURORA)
        for row in (
            (kind, START, "available", None, 0, REACHED),
            (kind, START, "starting", None, 500, AGAIN),
            (kind, START, "configuring-enhanced-monitoring", None, 500, AGAIN),
            (kind, START, "stopped", None, 59, AGAIN),
            (kind, START, "stopped", None, 60, NOT),
            (kind, START, "incompatible-network", None, 0, NOT),
            (kind, START, "inaccessible-encryption-credentials", None, 0, NOT),
            (kind, START, None, None, 60, NOT),
            (kind, STOP, "stopped", None, 0, REACHED),
            (kind, STOP, "stopping", None, 500, AGAIN),
            (kind, STOP, "backing-up", None, 500, AGAIN),
            (kind, STOP, "available", None, 59, AGAIN),
            (kind, STOP, "available", None, 60, NOT),
            (kind, STOP, "failed", None, 0, NOT),
        )
    ),
]


@pytest.mark.parametrize(("kind", "action", "state", "reason", "seconds", "expected"), TABLE)
def test_what_a_look_says(
    kind: Kind,
    action: Action,
    state: str | None,
    reason: StateReason | None,
    seconds: int,
    expected: Result,
) -> None:
    seen = an_instance(kind, state, reason) if state else None

    found = finding(kind, action, seen, timedelta(seconds=seconds))

    assert (found.result, found.state) == (expected, state)
    assert bool(found.reason) or expected is not NOT, "what was not reached has a reason"
    opposite = {START: kind.descriptor.stopped, STOP: kind.descriptor.running}[action]
    assert found.repeatable is (expected is NOT and state == opposite)


@pytest.mark.parametrize("state", ["stopping", "pending", "rebooting"])
def test_what_is_on_its_way_is_named(state: str) -> None:
    found = finding(EC2, START, an_instance(EC2, state), timedelta(minutes=5))

    assert found == Finding(AGAIN, state, f"It was still {state}.")


def test_an_earlier_reason_is_not_blamed_for_a_start_that_nobody_explains() -> None:
    found = finding(EC2, START, an_instance(EC2, "stopped", BY_A_USER), timedelta(minutes=1))

    assert found.reason == "It is still stopped."


def test_a_look_that_failed_is_repeated_and_said() -> None:
    found = outcomes.not_seen("Throttling: slow down")

    assert found == Finding(AGAIN, None, "Cavok could not look at it: Throttling: slow down")


@pytest.mark.parametrize("found", [Finding(AGAIN, "pending", "why"), Finding(REACHED, "running")])
def test_a_later_request_leaves_the_earlier_ones_result_unknown(found: Finding) -> None:
    after = outcomes.superseded(found)

    assert (after.result, after.state) == (Result.UNKNOWN, found.state)
    assert after.reason == (
        "A later request started or stopped it before it was seen in the wanted state."
    )


def test_a_start_that_fell_back_for_a_key_names_the_statement_to_add() -> None:
    found = finding(EC2, START, an_instance(EC2, "stopped", CLIENT_ERROR), timedelta(minutes=1))

    assert found.reason
    assert found.reason.startswith("Client.InternalError: Client error on launch. ")
    statement = json.loads(found.reason[found.reason.index("{") :])
    assert statement == ENCRYPTED_VOLUMES.statement()


@pytest.mark.parametrize(
    ("message", "said"), [("Insufficient capacity.", ": Insufficient capacity."), ("", ".")]
)
def test_another_start_that_fell_back_has_awss_words_alone(message: str, said: str) -> None:
    reason = replace(NO_CAPACITY, message=message)
    found = finding(EC2, START, an_instance(EC2, "stopped", reason), timedelta(minutes=1))

    assert found.reason == f"Server.InsufficientInstanceCapacity{said}"


def test_the_statement_to_add_is_said_word_for_word() -> None:
    found = finding(EC2, START, an_instance(EC2, "stopped", CLIENT_ERROR), timedelta(minutes=1))

    statement = json.dumps(ENCRYPTED_VOLUMES.statement(), separators=(",", ":"))
    assert found.reason == (
        "Client.InternalError: Client error on launch. AWS says so if a volume is encrypted with "
        "a customer managed key that Cavok may not use. Add this statement to Cavok's role, and "
        f"let the key's policy allow it: {statement}"
    )


@pytest.mark.parametrize(
    ("kind", "state", "reason"),
    [
        (EC2, "terminated", "It does not exist any more."),
        (RDS, "failed", "AWS says that it is failed, which ends only when a person mends it."),
    ],
)
def test_what_will_never_follow_says_why(kind: Kind, state: str, reason: str) -> None:
    found = finding(kind, START, an_instance(kind, state), timedelta(minutes=1))

    assert found == Finding(NOT, state, reason)


def test_what_may_not_be_looked_at_stays_unknown() -> None:
    assert outcomes.unseen_for_good("AccessDenied: no.") == Finding(
        Result.UNKNOWN, None, "Cavok may not look at it any more: AccessDenied: no."
    )


# ---- answers -------------------------------------------------------------------------------------

CALL = ActionPlan(PlannedAction.CALL, "It was stopped; start was asked for.")
NOTHING = ActionPlan(PlannedAction.NOTHING, "It is that already; nothing was done.")


ADA = by("ada@example.com").actor


def an_act(actor: Actor = ADA, **but: object) -> Interaction:
    made = replace(an_interaction(), action=InteractionAction.START, actor=actor, at=NOW)
    return replace(made, **but)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("plan", "state", "expected"),
    [
        (CALL, "stopped", (True, Result.PENDING, None)),
        (NOTHING, "pending", (False, Result.PENDING, None)),
        (NOTHING, "running", (False, Result.REACHED, "running")),
    ],
)
def test_an_accepted_act_is_followed_unless_the_state_is_reached(
    plan: ActionPlan, state: str, expected: object
) -> None:
    done = outcomes.accepted(an_act(), an_instance(EC2, state), plan)

    assert (done.changed, done.result, done.state) == expected
    assert done.outcome is InteractionOutcome.ACCEPTED
    assert (done.detail, done.region) == (plan.detail, "eu-west-1")


@pytest.mark.parametrize(
    ("plan", "detail"),
    [
        (CALL, CALL.detail),
        (NOTHING, "It is running, perhaps by an earlier try of this request."),
    ],
)
def test_an_act_whose_earlier_try_may_have_worked_counts_as_a_change(
    plan: ActionPlan, detail: str
) -> None:
    done = outcomes.accepted(an_act(), an_instance(EC2, "running"), plan, again=True)

    assert (done.changed, done.detail) == (True, detail)


@pytest.mark.parametrize(
    ("actor", "refusal", "expected"),
    [
        (SCHEDULE, InteractionRefused("No capacity", passing=True), Result.PENDING),
        (SCHEDULE, InteractionRefused("Denied"), None),
        (SCHEDULE, InstanceNotFound("Gone"), None),
        (ADA, InteractionRefused("No capacity", passing=True), None),
    ],
)
def test_only_a_turn_that_was_refused_for_a_passing_cause_is_followed(
    actor: Actor, refusal: Exception, expected: Result | None
) -> None:
    done = outcomes.refused(an_act(actor), refusal)

    assert (done.outcome, done.result) == (InteractionOutcome.REFUSED, expected)
    assert done.detail == str(refusal)


# ---- times ---------------------------------------------------------------------------------------

ON_ITS_WAY = Finding(Result.PENDING, "pending", "It was still pending.")


def minutes(count: float) -> datetime:
    return NOW + timedelta(minutes=count)


@pytest.mark.parametrize(
    ("interaction", "last_minute"),
    [
        (an_act(), 10),
        (an_act(SCHEDULE), 60),
        (an_act(SCHEDULE, tried_at=minutes(45)), 60),
        (an_act(SCHEDULE, tried_at=minutes(60)), 70),
    ],
)
def test_what_is_on_its_way_when_the_time_is_over_is_unknown(
    interaction: Interaction, last_minute: int
) -> None:
    just_before, over = minutes(last_minute - 0.01), minutes(last_minute)

    assert outcomes.at_the_end(interaction, ON_ITS_WAY, just_before) is ON_ITS_WAY
    assert outcomes.at_the_end(interaction, ON_ITS_WAY, over) == Finding(
        Result.UNKNOWN,
        "pending",
        f"It was still pending. Not followed after {last_minute} minutes.",
    )


def test_what_was_never_seen_to_change_is_said_so_at_the_end() -> None:
    found = outcomes.at_the_end(an_act(), Finding(Result.PENDING, "stopped"), minutes(10))

    assert found.reason == "Nothing was seen to change. Not followed after 10 minutes."


@pytest.mark.parametrize("result", [Result.REACHED, Result.NOT_REACHED])
def test_what_is_final_stays(result: Result) -> None:
    found = Finding(result, "stopped", "why")

    assert outcomes.at_the_end(an_act(), found, minutes(90)) is found


def test_a_turn_is_tried_again_with_growing_pauses_for_an_hour() -> None:
    turn, tries = an_act(SCHEDULE), [NOW]
    while coming := outcomes.next_try_at(turn):
        tries.append(coming)
        turn = replace(turn, tried_at=coming)

    assert [(each - NOW) // timedelta(minutes=1) for each in tries] == [0, 1, 3, 7, 15, 30, 45, 60]
    assert all(later > earlier for earlier, later in pairwise(tries))


def test_looks_are_often_at_first_and_few_in_all() -> None:
    act, now, looks = an_act(), NOW, []
    while now < minutes(60):
        now += timedelta(seconds=outcomes.seconds_to_next_look(act, now))
        looks.append((now - NOW).total_seconds())

    assert outcomes.seconds_to_next_look(act, minutes(9.99)) == 60
    assert outcomes.seconds_to_next_look(act, minutes(10)) == 300
    assert looks[:4] == [15, 30, 45, 67]
    assert len([look for look in looks if look <= 600]) <= 15
    assert len(looks) <= 25


@pytest.mark.parametrize("falls_back_after", range(20, 600, 7))
def test_the_queue_does_not_give_up_a_turn_that_is_tried_again(falls_back_after: int) -> None:
    """Each try starts the instance, which falls back after some time."""
    turn, now, receives = an_act(SCHEDULE), NOW, 0
    while True:
        now += timedelta(seconds=outcomes.seconds_to_next_look(turn, now))
        receives += 1
        while (now - outcomes.last_called_at(turn)).total_seconds() < falls_back_after:
            now += timedelta(seconds=outcomes.seconds_to_next_look(turn, now))
            receives += 1
        coming = outcomes.next_try_at(turn)
        if coming is None:
            break
        if now < coming:
            now = coming
            receives += 1
        turn = replace(turn, tried_at=now)

    # Function errors and throttled invocations count as receives too.
    assert receives + 20 <= resource("FollowedActs")["RedrivePolicy"]["maxReceiveCount"]


@pytest.mark.parametrize("takes", [1, 10, 28])
@pytest.mark.parametrize("every", [5, 20, 30, 45, 55, 59, 70, 110])
def test_the_queue_does_not_give_up_an_act_whose_key_is_repeated(every: int, takes: int) -> None:
    """For an hour. Each try holds the act for a minute, or until AWS has not said what it did."""
    repeated = range(0, int(REPEATED_FOR.total_seconds()), max(every, takes + 1))
    now, receives = NOW + timedelta(seconds=15), 0

    def as_stored() -> Interaction:
        latest = max(each for each in repeated if NOW + timedelta(seconds=each) <= now)
        began = NOW + timedelta(seconds=latest)
        ended = began + timedelta(seconds=takes)
        held_until = ended if now >= ended else began + outcomes.HELD_FOR
        return replace(outcomes.begun(an_act(), STOP_WEB, "k"), held_until=held_until)

    while True:
        receives += 1
        act = as_stored()
        if seconds := outcomes.seconds_until_left(act, now):
            now += timedelta(seconds=seconds)
        elif now - outcomes.last_called_at(act) >= outcomes.UNCHANGED_FOR:
            break
        else:
            now += timedelta(seconds=outcomes.seconds_to_next_look(act, now))

    assert receives + 20 <= resource("FollowedActs")["RedrivePolicy"]["maxReceiveCount"]
    assert now < NOW + REPEATED_FOR + timedelta(minutes=7)


# ---- an open act ---------------------------------------------------------------------------------

START_WEB = Operation(kind=EC2, instance_id="i-1", region="eu-west-1", action=START)
STOP_WEB = replace(START_WEB, action=STOP)


def test_an_act_begins_open_and_held_for_a_minute() -> None:
    asked = an_act(kind=None, instance_id=None, region=None)

    assert outcomes.begun(asked, START_WEB, None) == replace(
        asked,
        outcome=InteractionOutcome.PENDING,
        kind=EC2,
        instance_id="i-1",
        region="eu-west-1",
        held_until=minutes(1),
        key_hash=None,
    )


def test_a_key_stands_for_one_action_on_one_instance_and_region_of_its_actor_alone() -> None:
    """The hashes are stored, so they stay the same from one version to the next."""
    ada = replace(ADA, sub="ada")
    others = (
        (ada, STOP_WEB, "k"),
        (ada, replace(START_WEB, instance_id="i-2"), "k"),
        (ada, replace(START_WEB, kind=RDS), "k"),
        (ada, replace(START_WEB, region="us-east-1"), "k"),
        (ada, replace(START_WEB, region=None), "k"),
        (ada, START_WEB, "other"),
        (replace(ada, sub="grace"), START_WEB, "k"),
        (SCHEDULE, START_WEB, "k"),
    )
    hashes = [
        outcomes.begun(an_act(who), operation, key).key_hash
        for who, operation, key in ((ada, START_WEB, "k"), *others)
    ]

    assert len(set(hashes)) == len(hashes)
    ends = b"\0k\0start\0ec2\0i-1\0eu-west-1"
    assert hashes[0] == hashlib.sha256(b"person\0ada" + ends).hexdigest()
    assert hashes[-1] == hashlib.sha256(b"schedule" + ends).hexdigest()
    renamed = Actor(kind=ActorKind.PERSON, sub="ada", email="renamed@example.com")
    assert outcomes.begun(an_act(renamed), START_WEB, "k").key_hash == hashes[0]


OPEN = an_act(outcome=InteractionOutcome.PENDING, region=None, detail="")
SEEN = Finding(Result.PENDING, "pending", "It was still pending.", region="eu-west-1")


@pytest.mark.parametrize("known", [None, "us-east-1"])
def test_an_open_act_that_aws_may_have_carried_out_is_accepted_as_it_was_seen(
    known: str | None,
) -> None:
    act = replace(OPEN, region=known)

    assert outcomes.carried_out(act, SEEN) == replace(
        act,
        outcome=InteractionOutcome.ACCEPTED,
        region=known or "eu-west-1",
        detail="Cavok got no answer from AWS.",
        changed=True,
        result=Result.PENDING,
        state="pending",
        state_reason="It was still pending.",
    )


@pytest.mark.parametrize(
    ("act", "found", "region", "detail"),
    [
        (OPEN, SEEN, "eu-west-1", "Cavok got no answer from AWS. It was still pending."),
        (replace(OPEN, region="us-east-1"), SEEN, "us-east-1", None),
        (replace(OPEN, detail="Throttling."), SEEN, "eu-west-1", "Throttling."),
        (replace(OPEN, detail="Throttling."), None, None, "Throttling."),
        (OPEN, None, None, ""),
    ],
)
def test_an_open_act_that_did_nothing_is_refused_with_what_is_known(
    act: Interaction, found: Finding | None, region: str | None, detail: str | None
) -> None:
    of_a_person = outcomes.not_carried_out(act, found)
    of_a_turn = outcomes.not_carried_out(replace(act, actor=SCHEDULE), found)

    assert of_a_person.outcome is of_a_turn.outcome is InteractionOutcome.REFUSED
    assert of_a_person.region == region
    assert detail is None or of_a_person.detail == detail
    assert (of_a_person.result, of_a_turn.result) == (None, Result.PENDING)


@pytest.mark.parametrize("kind", list(Kind))
def test_only_the_state_between_is_on_its_way(kind: Kind) -> None:
    of_kind, (starts, stops) = kind.descriptor, (START_WEB, STOP_WEB)
    on_its_way = {
        (operation.action, state)
        for operation in (replace(starts, kind=kind), replace(stops, kind=kind))
        for state in (of_kind.starting, of_kind.stopping, of_kind.running, of_kind.stopped, None)
        if outcomes.is_on_its_way(operation, Finding(Result.PENDING, state))
    }

    assert on_its_way == {(START, of_kind.starting), (STOP, of_kind.stopping)}


@pytest.mark.parametrize("function", ["InstancesApi", "FollowSchedule"])
def test_an_act_is_held_for_longer_than_its_function_may_run(function: str) -> None:
    assert timedelta(seconds=resource(function)["Timeout"]) < outcomes.HELD_FOR


def test_an_open_act_is_its_makers_while_it_is_held_and_its_keys_for_two_minutes() -> None:
    held = an_interaction(
        outcome=InteractionOutcome.PENDING, held_until=NOW + timedelta(seconds=60)
    )
    free = replace(held, held_until=None)

    assert [outcomes.seconds_until_left(held, at) for at in (NOW, minutes(1))] == [60, 0]
    assert [outcomes.seconds_until_left(free, at) for at in (NOW, minutes(2))] == [120, 0]


@pytest.mark.parametrize(
    ("failure", "passing", "uncertain"),
    [
        (NotAnswered("x"), True, False),
        (PerhapsDone("x"), True, True),
        (InteractionRefused("x", passing=True), True, False),
        (InteractionRefused("x"), False, False),
        (InstanceNotFound("x"), False, False),
    ],
)
def test_what_passes_and_what_may_have_worked(
    failure: Exception, passing: bool, uncertain: bool
) -> None:
    assert (outcomes.is_passing(failure), outcomes.is_uncertain(failure)) == (passing, uncertain)


def test_the_last_word_on_a_turn_is_what_aws_said_to_its_last_try() -> None:
    found = Finding(NOT, "available", "It is still available.", repeatable=True)
    first = an_interaction(
        actor=SCHEDULE, outcome=InteractionOutcome.REFUSED, detail="No capacity."
    )
    refused_again = replace(first, tried_at=minutes(60), state_reason="Throttled.")
    fell_back = replace(first, tried_at=minutes(60))
    accepted = replace(first, outcome=InteractionOutcome.ACCEPTED, detail="It was stopped.")

    assert [
        outcomes.given_up(turn, found).reason
        for turn in (first, refused_again, fell_back, accepted)
    ] == [
        "No capacity. Cavok tried for an hour.",
        "Throttled. Cavok tried for an hour.",
        "It is still available. Cavok tried for an hour.",
        "It is still available. Cavok tried for an hour.",
    ]


def test_each_state_that_a_database_is_in_meanwhile_passes() -> None:
    """Whose state it is that AWS objects to: the database's, its cluster's, or its shards'."""
    rds = botocore.session.get_session().get_service_model("rds")
    operations = {kind.descriptor.permission(a) for kind in (RDS, AURORA) for a in Action}
    codes = {
        error.metadata["error"]["code"]
        for operation in operations
        for error in rds.operation_model(operation.partition(":")[2]).error_shapes
    }

    states = {code for code in codes if re.match("InvalidDB(Instance|Cluster|ShardGroup)", code)}
    assert len(states) == 3
    assert states <= RDS.descriptor.wrong_state & AURORA.descriptor.wrong_state
