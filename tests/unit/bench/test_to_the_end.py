"""What `make bench` comes to late in its run, in small: a mistake there costs all that was measured
before.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from unittest.mock import MagicMock, Mock

import pytest

from tests.bench import __main__ as bench
from tests.bench import neighbours, sweep, warm_request, whole_test
from tests.bench.neighbours import Messages


def test_the_plain_script_makes_each_call_of_the_customers_log() -> None:
    session = Mock(account_number="111122223333", region="us-east-1")
    session.client.return_value.put_log_events.return_value = {}

    judgements = whole_test._write_log(session)

    assert len(judgements) == 5


def test_warm_requests_can_be_measured_again_and_again(monkeypatch: pytest.MonkeyPatch) -> None:
    """For the requests themselves, and for those beside an organization at its limits."""
    monkeypatch.setattr(warm_request, "_LIMIT", 50)
    for _ in range(2):
        with warm_request._prepared() as calls:
            assert set(calls) > set(warm_request._CALLS)


def test_what_ten_messages_take_alone_and_beside_an_attack_is_written() -> None:
    written = bench._messages(Messages(alone=1.25, beside=4.0)).as_markdown().splitlines()

    assert written[-2:] == [
        "| alone | 1.2 s |",
        "| beside 200 for another organization's slow receiver | 4.0 s |",
    ]


@pytest.mark.parametrize(("turn", "pages"), [(1, 0), (24, 0), (25, 1)])
def test_the_turn_of_a_single_account_beside_many_due_ones_is_written(
    turn: int, pages: int
) -> None:
    written = sweep._turn(turn).as_markdown().splitlines()

    assert f"| which test of the sweep is its own | {turn} |" in written
    assert f"| pages that it waits for | {pages} |" in written


def test_messages_are_measured_first_alone_and_then_beside_the_attack(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Without a stack: each thing that is entered or done says so."""
    done: list[str] = []

    @contextmanager
    def entered(name: str) -> Iterator[Mock]:
        done.append(name)
        yield MagicMock()
        done.append(f"end of {name}")

    def ten_take(*_: object) -> float:
        done.append("ten")
        return float(len(done))

    monkeypatch.setattr(neighbours, "messages_queue", Mock())
    monkeypatch.setattr(neighbours, "set_webhook", Mock())
    monkeypatch.setattr(neighbours, "answer", Mock())
    monkeypatch.setattr(neighbours, "new_organization", lambda _: entered("organization"))
    monkeypatch.setattr(neighbours, "receiver", lambda: entered("receiver"))
    monkeypatch.setattr(neighbours, "slow_receiver", lambda *_: entered("attack"))
    monkeypatch.setattr(neighbours, "ten_take", ten_take)

    found = neighbours.measure_messages(Mock())

    assert done[:6] == ["organization", "receiver", "ten", "attack", "ten", "end of attack"]
    assert (found.alone, found.beside) == (3, 5)
