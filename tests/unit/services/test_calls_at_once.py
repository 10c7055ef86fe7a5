"""Calls that are made at once, with a limit of time for all of them."""

import threading

from cavok.services.calls_at_once import call_at_once


def test_what_ends_in_time_is_told_in_the_order_of_the_calls() -> None:
    met = threading.Barrier(2, timeout=30)

    ended = call_at_once({"a": met.wait, "b": met.wait, "c": lambda: 7}, 2, seconds=60)

    assert list(ended) == ["a", "b", "c"]
    assert ended["c"].result() == 7


def test_what_takes_longer_is_left() -> None:
    release = threading.Event()

    ended = call_at_once({"slow": lambda: release.wait(30)}, 1, seconds=0.05)
    release.set()

    assert ended == {}


def test_what_has_not_begun_by_then_never_does() -> None:
    release, called = threading.Event(), list[str]()

    call_at_once(
        {"slow": lambda: release.wait(30), "late": lambda: called.append("late")}, 1, seconds=0.05
    )
    release.set()

    assert called == []
