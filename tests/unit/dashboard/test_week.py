"""What the page reckons of a week that is not saved yet is what the API would do."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Callable, Iterator
from dataclasses import asdict
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import example, given

from cavok.domain.schedules import Schedule, Window
from local.settings import HOME, ROOT
from tests.support.generated_schedules import MOMENTS

NODE = HOME / "venvs" / "simulator" / "bin" / "node"
MODULE = ROOT / "functions/dashboard/static/lib/week.js"
ANSWERS = f"""
import {{ createInterface }} from "node:readline";
const week = await import({json.dumps(MODULE.as_uri())});
for await (const line of createInterface({{ input: process.stdin }})) {{
  const [name, ...given] = JSON.parse(line);
  console.log(JSON.stringify(week[name](...given)));
}}
"""
AHEAD = timedelta(days=14)
HOUR_SKIPPED = datetime(2026, 3, 7, 12, tzinfo=UTC)
"""In New York, the day before."""
HOUR_REPEATED = datetime(2026, 10, 31, 12, tzinfo=UTC)


def nightly(start: str, stop: str, *more: Window) -> Schedule:
    return Schedule("America/New_York", (Window(("sun",), start, stop), *more))


@pytest.fixture(scope="module")
def reckoned() -> Iterator[Callable[..., Any]]:
    """Calls a function of the page's module, in one process for all examples."""
    command = [str(NODE), "--input-type=module", "--eval", ANSWERS]
    with subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as node:
        asked, answers = node.stdin, node.stdout
        assert asked
        assert answers

        def call(name: str, *given: Any) -> Any:
            print(json.dumps([name, *given]), file=asked, flush=True)
            return json.loads(answers.readline())

        yield call
        asked.close()


def milliseconds(at: datetime) -> int:
    return round(at.timestamp() * 1000)


@example((nightly("01:30", "02:30"), HOUR_SKIPPED))
@example((nightly("02:45", "03:15"), HOUR_SKIPPED))
@example((nightly("00:30", "02:30", Window(("sun",), "03:30", "05:00")), HOUR_SKIPPED))
@example((nightly("00:30", "01:30"), HOUR_REPEATED))
@example((Schedule("UTC", ()), HOUR_SKIPPED))
@given(MOMENTS)
def test_the_page_shows_each_turn_that_the_schedule_takes(
    reckoned: Callable[..., Any], moment: tuple[Schedule, datetime]
) -> None:
    schedule, now = moment
    until, turns = now + AHEAD, []
    turn = schedule.next_transition(now)
    while turn.at <= until:
        turns.append({"action": turn.action, "at": milliseconds(turn.at)})
        turn = schedule.next_transition(turn.at)

    assert reckoned("turnsOf", asdict(schedule), milliseconds(now), milliseconds(until)) == turns


@given(MOMENTS)
def test_a_week_that_the_page_has_drawn_and_written_again_takes_the_same_turns(
    reckoned: Callable[..., Any], moment: tuple[Schedule, datetime]
) -> None:
    schedule, now = moment
    windows = reckoned("windowsOf", reckoned("spansOf", asdict(schedule)["windows"]))
    again = Schedule(
        schedule.time_zone,
        tuple(Window(tuple(each["days"]), each["start"], each["stop"]) for each in windows),
    )

    assert again.next_transition(now) == schedule.next_transition(now)
    assert again.latest_transition(now) == schedule.latest_transition(now)
