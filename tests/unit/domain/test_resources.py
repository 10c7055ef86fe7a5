"""How following its schedule changes a resource."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from cavok.domain.instances import InstanceKey, Operation
from cavok.domain.kinds import Action, Kind
from cavok.domain.resources import AWS_RESTARTS_AFTER, FIRST_FIRED_AFTER, Resource
from cavok.domain.schedules import DAYS, Schedule, Transition, Window
from tests.support.builders import NOW, a_resource
from tests.support.generated_schedules import MOMENTS, SCHEDULES, WINDOWS

HOUR = timedelta(hours=1)
MOMENT = timedelta(microseconds=1)
OFFICE = Schedule("UTC", (Window(DAYS, "08:00", "18:00"),))
ORDERS = a_resource(kind=Kind.RDS, instance_id="orders", name="orders", schedule=OFFICE)
"""Set at noon, in the middle of the window."""

STOP_TODAY = Transition(NOW.replace(hour=18), Action.STOP)


def stopped(at: datetime) -> Resource:
    return replace(ORDERS, stopped_at=at, followed_at=at)


def test_a_schedule_applies_from_its_next_transition_on() -> None:
    assert ORDERS.due_transition(NOW + HOUR) is None
    assert ORDERS.due_transition(NOW + 6 * HOUR) == STOP_TODAY


def test_a_transition_is_due_only_once() -> None:
    after = ORDERS.followed(STOP_TODAY, NOW + 6 * HOUR, changed=True)

    assert after.due_transition(NOW + 6 * HOUR) is None
    assert after.due_transition(NOW + 7 * HOUR) is None


def test_of_late_transitions_only_the_latest_is_due() -> None:
    late = NOW + timedelta(days=3)

    due = ORDERS.due_transition(late)

    assert due
    assert due == Transition(late.replace(hour=8), Action.START)


def test_without_a_schedule_there_are_no_transitions() -> None:
    free = replace(ORDERS, schedule=None)

    assert free.due_transition(NOW + 6 * HOUR) is None
    assert free.next_transition(NOW) is None


def test_a_database_that_runs_seven_days_after_its_stop_was_restarted_by_aws() -> None:
    at = NOW + AWS_RESTARTS_AFTER + HOUR

    after = stopped(NOW).followed(Transition(at, Action.STOP), at, changed=True)

    assert after.note == (
        "AWS starts stopped RDS instances again after seven days. It was stopped again."
    )
    assert after.stopped_at == at


def test_a_database_that_somebody_started_sooner_was_not() -> None:
    at = NOW + timedelta(days=3)

    assert stopped(NOW).followed(Transition(at, Action.STOP), at, changed=True).note is None


def test_a_database_that_is_off_still_has_been_off_since_its_stop() -> None:
    at = NOW + timedelta(days=3)

    after = stopped(NOW).followed(Transition(at, Action.STOP), at, changed=False)

    assert (after.stopped_at, after.note) == (NOW, None)


def test_an_ec2_instance_is_never_restarted_by_aws() -> None:
    at = NOW + 2 * AWS_RESTARTS_AFTER
    web = replace(stopped(NOW), kind=Kind.EC2)

    assert web.followed(Transition(at, Action.STOP), at, changed=True).note is None


def test_an_accepted_transition_is_the_last_that_was_handled() -> None:
    start = Transition(NOW + 20 * HOUR, Action.START)

    stopped_now = ORDERS.followed(STOP_TODAY, NOW + 7 * HOUR, changed=True)
    found_off = ORDERS.followed(STOP_TODAY, NOW + 7 * HOUR, changed=False)
    started = stopped_now.followed(start, start.at, changed=True)

    assert stopped_now == replace(ORDERS, followed_at=STOP_TODAY.at, stopped_at=NOW + 7 * HOUR)
    assert found_off == stopped_now, "off since then, as far as Cavok knows"
    assert started == replace(ORDERS, followed_at=start.at)


def test_a_database_is_restarted_by_aws_after_seven_days_and_not_before() -> None:
    for wait, restarted in ((AWS_RESTARTS_AFTER, True), (AWS_RESTARTS_AFTER - HOUR, False)):
        at = NOW + wait
        after = stopped(NOW).followed(Transition(at, Action.STOP), at, changed=True)
        assert bool(after.note) is restarted
        off = stopped(NOW).followed(Transition(at, Action.STOP), at, changed=False)
        assert off.note is None, "it was off"
    first = ORDERS.followed(STOP_TODAY, NOW + 30 * AWS_RESTARTS_AFTER, changed=True)
    assert first.note is None, "never stopped before"


def test_a_transition_names_its_operation_and_its_instance() -> None:
    assert ORDERS.operation(STOP_TODAY) == Operation(Action.STOP, Kind.RDS, "orders", "us-east-1")
    assert ORDERS.instance == InstanceKey(Kind.RDS, "us-east-1", "orders")
    assert ORDERS.next_transition(NOW) == STOP_TODAY


def test_a_turn_is_wanted_until_the_next_transition_and_while_its_schedule_stays() -> None:
    stop, asked_at = STOP_TODAY, STOP_TODAY.at + HOUR
    turn = replace(ORDERS, followed_at=stop.at)

    assert turn.still_wanted(Action.STOP, asked_at, asked_at) == stop
    assert turn.still_wanted(Action.STOP, stop.at, asked_at + 12 * HOUR) == stop
    assert turn.still_wanted(Action.STOP, asked_at, stop.at + 14 * HOUR) is None, "started since"
    assert turn.still_wanted(Action.START, asked_at, asked_at) is None
    assert turn.still_wanted(Action.STOP, stop.at - HOUR, asked_at) is None, "an earlier turn"
    changed = turn.scheduled(OFFICE, stop.at + 2 * HOUR)
    assert changed.still_wanted(Action.STOP, asked_at, stop.at + 3 * HOUR) is None
    assert replace(turn, schedule=None).still_wanted(Action.STOP, asked_at, asked_at) is None


def around_a_turn(
    data: st.DataObject,
) -> tuple[Resource, Schedule, Transition, datetime]:
    """A resource that followed its schedule up to a turn, another schedule, often of the same
    turns, the turn, and a moment around it.
    """
    old, moment = data.draw(MOMENTS)
    more = data.draw(st.lists(WINDOWS, max_size=2).map(tuple))
    new = data.draw(st.one_of(st.just(replace(old, windows=old.windows + more)), SCHEDULES))
    turn = old.next_transition(moment)
    before = old.latest_transition(turn.at - MOMENT)
    seconds = [-120.1, -120, -1e-6, 0, 5, 59, 130, 3600, 3600.1, 3 * 86_400]
    after = timedelta(seconds=data.draw(st.sampled_from(seconds)))
    resource = replace(ORDERS, schedule=old, followed_at=before.at)
    return resource, new, turn, turn.at + after


@given(st.data())
def test_another_schedule_cancels_no_due_turn_that_it_has_too(data: st.DataObject) -> None:
    """Its clock may fire so late, and then does nothing. No other turn of the past is due: a person
    may have set another state since a turn that was lost days ago.
    """
    resource, new, turn, now = around_a_turn(data)
    latest = new.latest_transition(now)
    has_it_too = now - latest.at <= HOUR and latest == resource.due_transition(now)

    changed = resource.scheduled(new, now)
    assert changed.due_transition(now) == (latest if has_it_too else None)
    followed = resource.followed(turn, now, changed=True)
    if resource.due_transition(now) == turn:
        assert followed.scheduled(new, now).due_transition(now) is None
    assert resource.scheduled(None, now).due_transition(now) is None


@given(st.data())
def test_a_schedule_that_is_set_again_makes_no_turn_that_is_tried_no_more(
    data: st.DataObject,
) -> None:
    resource, _, _, now = around_a_turn(data)

    near, due = resource.turn_near(now), resource.due_transition(now)
    again = resource.scheduled(resource.schedule, now)

    assert near is None or now - near.at <= HOUR
    assert near or due is None or now - due.at > HOUR
    assert again.turn_near(now) == near
    assert again.due_transition(now) == (due if due and now - due.at <= HOUR else None)


@given(st.data())
def test_a_turn_is_near_if_no_clock_may_fire_for_it(data: st.DataObject) -> None:
    resource, new, _, now = around_a_turn(data)
    changed = resource.scheduled(new, now)

    near = changed.turn_near(now)

    if near:
        assert near.at - now <= FIRST_FIRED_AFTER
        assert changed.due_transition(max(near.at, now)) == near
        assert changed.followed(near, near.at, changed=True).turn_near(now) is None
    else:
        assert changed.due_transition(now) is None
        assert new.next_transition(now).at - now > FIRST_FIRED_AFTER


def test_no_turn_is_near_without_a_schedule_or_hours_before_one() -> None:
    assert replace(ORDERS, schedule=None).turn_near(STOP_TODAY.at) is None
    assert ORDERS.turn_near(NOW) is None
    assert ORDERS.turn_near(STOP_TODAY.at - FIRST_FIRED_AFTER) == STOP_TODAY
    assert ORDERS.turn_near(STOP_TODAY.at + HOUR) == STOP_TODAY, "it is tried for an hour"


def test_another_schedule_forgets_what_the_last_one_did() -> None:
    old = replace(stopped(NOW), note="old", updated_at=NOW)

    after = old.scheduled(None, NOW + HOUR)

    assert replace(after, revision=None) == replace(
        ORDERS, schedule=None, followed_at=NOW + HOUR, updated_at=NOW + HOUR
    )


def test_a_revision_follows_from_the_one_before_and_the_schedule_and_never_comes_back() -> None:
    night = Schedule("UTC", (Window(DAYS, "22:00", "04:00"),))
    one, two = ORDERS.scheduled(night, NOW), ORDERS.scheduled(OFFICE, NOW)

    assert one.revision == ORDERS.scheduled(night, NOW + HOUR).revision, "a repeated request"
    chain = [one, two, one.scheduled(None, NOW), one.scheduled(night, NOW)]
    chain += [one.scheduled(OFFICE, NOW).scheduled(night, NOW)]
    assert len({resource.revision for resource in chain}) == len(chain)


def test_a_request_is_repeated_by_the_same_person_with_the_same_schedule_within_a_day() -> None:
    made = ORDERS.scheduled(OFFICE, NOW)
    again = replace(made, resource_id="another", created_at=NOW + HOUR)

    assert again.repeats(made)
    assert not replace(again, created_at=NOW + 24 * HOUR).repeats(made)
    assert not replace(again, created_by="somebody else").repeats(made)
    assert not again.repeats(made.scheduled(None, NOW)), "changed since"


def test_a_refusal_is_noted_until_the_next_transition_succeeds() -> None:
    refused = ORDERS.not_followed(STOP_TODAY, "The account is failed.")
    start = Transition(STOP_TODAY.at + 14 * HOUR, Action.START)

    assert refused.note == "The account is failed."
    assert refused.due_transition(STOP_TODAY.at + HOUR) is None
    assert refused.followed(start, start.at, changed=True).note is None


def test_another_schedule_leaves_the_instance_as_it_is_until_its_next_transition() -> None:
    night = Schedule("UTC", (Window(DAYS, "22:00", "04:00"),))

    after = replace(ORDERS, note="old").scheduled(night, NOW)

    assert after.due_transition(NOW + HOUR) is None
    assert after.note is None
    assert after.due_transition(NOW.replace(hour=22)) == Transition(
        NOW.replace(hour=22), Action.START
    )
