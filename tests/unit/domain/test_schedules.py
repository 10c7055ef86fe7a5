"""Weekly schedules and their transitions, including changes of daylight saving time."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given

from cavok.domain.kinds import Action
from cavok.domain.schedules import DAYS, Schedule, Transition, Window, is_time_zone
from tests.support.generated_schedules import MOMENTS
from tests.support.work import lines_run

WORKDAYS = DAYS[:5]
OFFICE = Schedule("Europe/Berlin", (Window(WORKDAYS, "08:00", "18:00"),))
MONDAY = datetime(2025, 3, 3, 12, tzinfo=UTC)
START, STOP = Action.START, Action.STOP


def berlin(*when: int) -> datetime:
    return datetime(*when, tzinfo=ZoneInfo("Europe/Berlin")).astimezone(UTC)  # type: ignore[misc, arg-type]


def test_the_office_is_on_from_eight_to_six_in_its_own_time() -> None:
    assert OFFICE.latest_transition(MONDAY) == Transition(berlin(2025, 3, 3, 8), START)
    assert OFFICE.next_transition(MONDAY) == Transition(berlin(2025, 3, 3, 18), STOP)


def test_over_the_weekend_it_is_off() -> None:
    sunday = berlin(2025, 3, 9, 12)

    assert OFFICE.latest_transition(sunday) == Transition(berlin(2025, 3, 7, 18), STOP)
    assert OFFICE.next_transition(sunday) == Transition(berlin(2025, 3, 10, 8), START)


def test_a_transition_is_the_latest_from_its_own_time_on() -> None:
    at = berlin(2025, 3, 3, 8)

    assert OFFICE.latest_transition(at).at == at
    assert OFFICE.latest_transition(at - timedelta(microseconds=1)).action is STOP


def test_local_time_moves_with_the_clocks() -> None:
    """Clocks in Berlin go forward on 30 March 2025."""
    assert OFFICE.next_transition(berlin(2025, 3, 28, 7)).at.hour == 7
    assert OFFICE.next_transition(berlin(2025, 3, 31, 7)).at.hour == 6


def test_a_window_past_midnight_ends_the_next_day() -> None:
    night = Schedule("UTC", (Window(("sun",), "22:00", "04:00"),))

    assert night.latest_transition(datetime(2025, 3, 3, 3, tzinfo=UTC)).action is START
    assert night.next_transition(datetime(2025, 3, 3, 3, tzinfo=UTC)) == Transition(
        datetime(2025, 3, 3, 4, tzinfo=UTC), STOP
    )


def test_windows_that_overlap_or_touch_are_one() -> None:
    both = Schedule(
        "UTC",
        (
            Window(("mon",), "08:00", "12:00"),
            Window(("mon",), "11:00", "14:00"),
            Window(("mon",), "14:00", "16:00"),
        ),
    )

    assert both.next_transition(datetime(2025, 3, 3, 9, tzinfo=UTC)) == Transition(
        datetime(2025, 3, 3, 16, tzinfo=UTC), STOP
    )
    assert set(both.crons(MONDAY)) == {"0800", "1600"}


@pytest.mark.parametrize(
    ("windows", "action"),
    [
        ((), STOP),
        ((Window(DAYS, "00:00", "00:00"),), START),
        ((Window(DAYS, "09:00", "09:00"),), START),
    ],
)
def test_a_week_without_changes_has_a_transition_each_midnight(
    windows: tuple[Window, ...], action: Action
) -> None:
    """AWS starts a stopped database again after seven days."""
    schedule = Schedule("Europe/Berlin", windows)

    assert schedule.latest_transition(MONDAY) == Transition(berlin(2025, 3, 3), action)
    assert schedule.next_transition(MONDAY) == Transition(berlin(2025, 3, 4), action)
    assert schedule.crons(MONDAY) == {"0000": "cron(0 0 ? * MON,TUE,WED,THU,FRI,SAT,SUN *)"}


def test_a_time_that_a_day_does_not_have_is_as_long_after_the_last_that_it_has() -> None:
    """At 2:00 on 30 March 2025 it is 3:00 in Berlin."""
    early = Schedule("Europe/Berlin", (Window(("sun",), "02:30", "05:00"),))

    transition = early.next_transition(berlin(2025, 3, 30, 1))

    assert transition == Transition(datetime(2025, 3, 30, 1, 30, tzinfo=UTC), START)
    assert transition.at == berlin(2025, 3, 30, 3, 30)


def test_a_time_that_scheduler_skips_has_an_expression_of_its_own() -> None:
    early = Schedule("Europe/Berlin", (Window(("sun",), "02:30", "05:00"),))

    assert early.crons(MONDAY) == {
        "0230": "cron(30 2 ? * SUN *)",
        "0330": "cron(30 3 ? * SUN *)",
        "0500": "cron(0 5 ? * SUN *)",
    }


@pytest.mark.parametrize(
    ("zone", "now", "window", "skipped"),
    [
        # Iran's last change: at midnight of Tuesday, 22 March 2022, it is 1:00.
        (
            "Asia/Tehran",
            datetime(2022, 3, 21, 12, tzinfo=UTC),
            Window(("tue",), "00:30", "05:00"),
            {"0130": "cron(30 1 ? * TUE *)"},
        ),
        # Volgograd's last change forward: at 2:00 of Sunday, 28 October 2018, it is 3:00.
        (
            "Europe/Volgograd",
            datetime(2018, 10, 25, 12, tzinfo=UTC),
            Window(("sun",), "02:30", "05:00"),
            {"0330": "cron(30 3 ? * SUN *)"},
        ),
        (
            "Europe/Volgograd",
            datetime(2018, 10, 27, 22, 30, tzinfo=UTC),
            Window(("sun",), "02:30", "05:00"),
            {"0330": "cron(30 3 ? * SUN *)"},
        ),
    ],
    ids=["tomorrow", "in the coming week", "today"],
)
def test_a_time_that_is_skipped_once_and_soon_has_an_expression_too(
    zone: str, now: datetime, window: Window, skipped: dict[str, str]
) -> None:
    """No later change of the same weekday makes up for one that is left out."""
    crons = Schedule(zone, (window,)).crons(now)

    assert crons.items() >= skipped.items()
    assert len(crons) == 3


HALF_HOURS = tuple(Window(DAYS, f"{hour:02}:00", f"{hour:02}:30") for hour in range(14))
DAY_LONG = tuple(Window(DAYS, f"{hour:02}:30", f"{hour:02}:29") for hour in range(14))


@pytest.mark.parametrize(
    ("windows", "lines"), [(OFFICE.windows, 500), (HALF_HOURS, 10_000), (DAY_LONG, 2500)]
)
def test_the_clocks_of_a_thousand_schedules_are_little_work(
    windows: tuple[Window, ...], lines: int
) -> None:
    """One invocation compares those of all tenants. What a time zone's years take is done once."""
    OFFICE.crons(MONDAY)
    schedule = Schedule("Europe/Berlin", windows)

    assert lines_run(lambda: schedule.crons(MONDAY)) < lines


@pytest.mark.parametrize("find", [Schedule.latest_transition, Schedule.next_transition])
def test_a_schedules_transitions_are_found_without_a_look_at_each_minute(
    find: Callable[[Schedule, datetime], Transition],
) -> None:
    """A page of a hundred resources shows those of each."""
    schedule = Schedule("Europe/Berlin", DAY_LONG)

    assert lines_run(lambda: find(schedule, MONDAY)) < 3000


def test_a_time_that_a_day_has_twice_is_the_first() -> None:
    """At 3:00 on 26 October 2025 it is 2:00 in Berlin."""
    early = Schedule("Europe/Berlin", (Window(("sun",), "02:30", "05:00"),))

    assert early.next_transition(berlin(2025, 10, 26, 1)).at == datetime(
        2025, 10, 26, 0, 30, tzinfo=UTC
    )
    assert early.next_transition(datetime(2025, 10, 26, 1, tzinfo=UTC)).action is STOP


def test_there_is_one_expression_for_each_time_of_day() -> None:
    assert OFFICE.crons(MONDAY) == {
        "0800": "cron(0 8 ? * MON,TUE,WED,THU,FRI *)",
        "1800": "cron(0 18 ? * MON,TUE,WED,THU,FRI *)",
    }


def hhmm(windows: str, days: tuple[str, ...] = DAYS) -> tuple[Window, ...]:
    return tuple(Window(days, each[:5], each[6:]) for each in windows.split())


@pytest.mark.parametrize(
    ("windows", "turns"),
    [
        (hhmm("02:00-03:00"), ["start 03:00", "stop 04:00"]),
        (hhmm("02:45-03:15"), ["start 03:45", "stop 04:15"]),
        (hhmm("02:30-03:30", ("sun",)), ["start 03:30", "stop 04:30"]),
        (hhmm("02:30-03:45"), ["start 03:30", "stop 03:45"]),
        (hhmm("00:30-02:30 03:15-05:00"), ["start 00:30", "stop 05:00"]),
        (hhmm("02:45-03:15 04:00-05:00"), ["start 03:45", "stop 05:00"]),
        (hhmm("00:30-02:30 02:30-03:15"), ["start 00:30", "stop 03:15"]),
        (hhmm("01:00-02:00 03:00-04:00"), ["start 01:00", "stop 04:00"]),
        (hhmm("03:30-02:30"), []),
    ],
    ids=[
        "it is skipped",
        "it would end before it starts",
        "it would end as it starts",
        "it is shorter",
        "it overlaps with the next",
        "it comes later and overlaps with the next",
        "it is one with the next",
        "it ends as the next starts",
        "it ends as that of the next day starts",
    ],
)
def test_a_window_in_which_clocks_go_forward(windows: tuple[Window, ...], turns: list[str]) -> None:
    """At 2:00 on 28 March 2027 it is 3:00 in Berlin. There is a clock for each turn."""
    schedule, at = Schedule("Europe/Berlin", windows), berlin(2027, 3, 28)
    crons = schedule.crons(at)
    found = []
    while (turn := schedule.next_transition(at)).at < berlin(2027, 3, 29):
        at = turn.at
        local = at.astimezone(ZoneInfo("Europe/Berlin"))
        found.append(f"{turn.action} {local:%H:%M}")
        assert "SUN" in crons[f"{local:%H%M}"]

    assert found == turns


@given(MOMENTS)
def test_there_is_no_transition_between_the_latest_and_the_next(
    moment: tuple[Schedule, datetime],
) -> None:
    schedule, now = moment
    latest, following = schedule.latest_transition(now), schedule.next_transition(now)

    assert latest.at <= now < following.at
    assert schedule.latest_transition(latest.at) == latest
    assert schedule.next_transition(latest.at) == following
    assert schedule.latest_transition(following.at - timedelta(microseconds=1)) == latest
    assert schedule.latest_transition(following.at) == following


@given(MOMENTS)
def test_turns_alternate_and_are_no_further_apart_than_the_windows_say(
    moment: tuple[Schedule, datetime],
) -> None:
    """But for the change of the clocks. It is off for a week at most: AWS starts a stopped database
    then.
    """
    schedule, now = moment
    zone, runs = ZoneInfo(schedule.time_zone), local_runs(schedule, now)
    is_constant = not runs or any(stop - start > timedelta(days=7) for start, stop in runs)
    turn = schedule.latest_transition(now)
    for _ in range(4):
        before, turn = turn, schedule.next_transition(turn.at)
        moments = (before.at - timedelta(days=1), before.at, turn.at)
        offsets = [at.astimezone(zone).utcoffset() or timedelta() for at in moments]
        change = max(offsets) - min(offsets)
        if is_constant:
            assert before.action is turn.action is (START if runs else STOP)
            longest = timedelta(days=1)
        elif before.action is STOP:
            assert turn.action is START
            longest = timedelta(days=7)
        else:
            assert turn.action is STOP
            on, off = (each.at.astimezone(zone).replace(tzinfo=None) for each in (before, turn))
            within = [stop - start for start, stop in runs if on - change <= start < off]
            longest = sum(within, timedelta())
        assert turn.at - before.at <= longest + change


@given(MOMENTS)
def test_each_transition_has_an_expression_for_its_minute(
    moment: tuple[Schedule, datetime],
) -> None:
    """In every time zone. Scheduler goes by local time and skips nonexistent times."""
    schedule, now = moment
    transition = schedule.next_transition(now)
    local = transition.at.astimezone(ZoneInfo(schedule.time_zone))

    cron = schedule.crons(now)[f"{local:%H%M}"]
    assert DAYS[local.weekday()].upper() in cron


@given(MOMENTS)
def test_it_is_on_when_the_windows_say_so(moment: tuple[Schedule, datetime]) -> None:
    schedule, first = moment
    zone, spans = ZoneInfo(schedule.time_zone), []
    for start, stop in local_runs(schedule, first):
        begin, end = (at.replace(tzinfo=zone).astimezone(UTC) for at in (start, stop))
        spans.append((begin, end if end > begin else begin + (stop - start)))

    for now in (first + quarter * timedelta(minutes=15) for quarter in range(20)):
        is_on = any(begin <= now < end for begin, end in spans)
        assert (schedule.latest_transition(now).action is START) == is_on


def local_runs(schedule: Schedule, now: datetime) -> list[list[datetime]]:
    """What the windows say for the three weeks before and after, by the clock on the wall."""
    local = now.astimezone(ZoneInfo(schedule.time_zone)).replace(tzinfo=None)
    spans = []
    for number in range(-21, 22):
        day = local.date() + timedelta(days=number)
        for window in schedule.windows:
            if DAYS[day.weekday()] in window.days:
                start, stop = (
                    datetime.fromisoformat(f"{day}T{clock}")
                    for clock in (window.start, window.stop)
                )
                spans.append([start, stop if stop > start else stop + timedelta(days=1)])
    runs: list[list[datetime]] = []
    for start, stop in sorted(spans):
        if runs and start <= runs[-1][1]:
            runs[-1][1] = max(stop, runs[-1][1])
        else:
            runs.append([start, stop])
    return runs


def test_time_zones_are_those_of_the_iana_database() -> None:
    assert is_time_zone("Europe/Berlin")
    for name in ("Berlin", "", "../etc/passwd", "/etc/passwd", "Europe/Berlin\0", "UTC+1"):
        assert not is_time_zone(name)


@pytest.mark.parametrize(
    "name", ["localtime", "Factory", "posixrules", "right/UTC", "posix/Europe/Berlin"]
)
def test_what_a_machine_keeps_beside_the_time_zones_is_none(name: str) -> None:
    """EventBridge Scheduler would refuse it."""
    assert not is_time_zone(name)
