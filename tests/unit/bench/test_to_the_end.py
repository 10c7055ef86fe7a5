"""What `make bench` comes to late in its run, in small: a mistake there costs all that was measured
before.
"""

from __future__ import annotations

import json
import re
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Any
from unittest.mock import MagicMock, Mock

import pytest

from cavok.adapters import making_clients
from cavok.services.sweep import calls_of_a_test
from local.settings import Problem
from tests.bench import __main__ as bench
from tests.bench import (
    neighbours,
    persons_test,
    prepared,
    sweep,
    targets,
    warm_request,
    whole_test,
)
from tests.bench.bill import Used, Work
from tests.bench.functions import Invocation, memory_of
from tests.bench.measure import Sample
from tests.bench.neighbours import Messages
from tests.bench.persons_test import AT_ONCE, AT_ONCE_BY_DEFAULT, PersonsTest, Pressed
from tests.bench.reckoning import WHOLE_PROCESSOR
from tests.bench.workflows import Invoked, Pool, definition


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


def test_no_credentials_of_a_warm_request_are_left_for_what_follows(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(warm_request, "_LIMIT", 50)
    with warm_request._prepared():
        session = making_clients.botocore_session()
    assert making_clients.botocore_session() is not session


def test_what_ten_messages_take_alone_and_beside_an_attack_is_written() -> None:
    written = bench._messages(Messages(alone=1.25, beside=4.0)).as_markdown().splitlines()

    assert written[-2:] == [
        "| alone | 1.2 s |",
        "| beside 200 for another organization's slow receiver | 4.0 s |",
    ]


def test_what_is_billed_beside_the_tests_of_one_region_is_written() -> None:
    """With five regions a test makes 41 calls instead of 25, and so on."""
    dollars = {"Lambda, GB-seconds": 1.25, "DynamoDB, writes": 3.0}
    work = {"SweepAccounts": Work(invocations=1, warm=7.5, start=0, memory=1.5)}
    used = Used(tests=100, work=work, sent=100 * 50_000)

    written = sweep.beside_the_bill(dollars, used).as_markdown().splitlines()[-9:]

    calls = [calls_of_a_test(range(count)) for count in (1, 5, 20)]  # type: ignore[arg-type]
    assert [row.split("|")[2].strip() for row in written] == [
        f"{3 + 1.25 * calls[1] / calls[0]:.2f}",
        f"{3 + 1.25 * calls[2] / calls[0]:.2f}",
        "3.12",
        "0.93",  # 50 GB of 1,000,000,000 bytes, in those of 1,073,741,824
        "0.20",
        "0.59",
        "21.00",  # of which a page of 9.5 s instead of 1.5 s is 1.60
        "28.35",
        "1939.97",
    ]
    assert f"5 regions, {calls[1]} calls" in written[0]
    assert "50 kB" in written[3]


def test_the_functions_of_a_sweep_are_written_with_how_they_got_their_shares() -> None:
    assert sweep._functions(Used(tests=1, work={}), "by a quota").title.endswith("; by a quota")


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


# ---- what would not end


class Answering:
    """Answers with these statuses, the last one again and again, for a while."""

    def __init__(self, *statuses: int) -> None:
        self.statuses, self.count, self.until = statuses, 0, time.monotonic() + 60

    def request(self, *_: Any) -> Mock:
        if time.monotonic() > self.until:
            raise TimeoutError
        self.count += 1
        return Mock(status_code=self.statuses[min(self.count, len(self.statuses)) - 1])

    def post(self, path: str) -> Mock:
        return self.request("POST", path)


def test_nobody_is_asked_any_more_after_a_failure() -> None:
    client: Any = Answering(429)
    with suppress(ZeroDivisionError), neighbours._asking(client, []):
        raise ZeroDivisionError

    count = client.count
    time.sleep(0.1)
    assert client.count == count


@pytest.mark.parametrize("statuses", [(202, 500), (202, 401), (202,)])
def test_a_limit_that_is_not_reached_is_not_waited_for(statuses: tuple[int, ...]) -> None:
    client: Any = Answering(*statuses)

    with pytest.raises(Problem, match=f"it answers {statuses[-1]}"):
        neighbours._reach_the_limit(client)
    assert client.count <= neighbours.MOST


def test_a_limit_is_reached() -> None:
    client: Any = Answering(202, 202, 429)

    neighbours._reach_the_limit(client)

    assert client.count == 3


def invoked(function: str, seconds: float, init: float | None = None) -> Invoked:
    start = None if init is None else Sample(init, 0)
    return Invoked(function, start, Invocation(Sample(seconds, 0), None, 0, 0))


def test_the_start_of_a_function_that_is_not_invoked_again_is_not_told() -> None:
    """DeliverWebhook has nothing to send, if a sweep found no change."""
    first = [invoked("SweepAccounts", 5, init=1), invoked("DeliverWebhook", 2, init=1)]

    later = [invoked("SweepAccounts", 1), invoked("SweepAccounts", 3)]
    assert sweep.starts_of(first, later) == {"SweepAccounts": 1 + 3}


@pytest.mark.parametrize("later", [[32.6], [25.0], [32.6, 32.6]], ids=str)
def test_a_start_adds_its_init_and_no_noise_of_a_long_invocation(later: list[float]) -> None:
    first = [invoked("SweepAccounts", 31.0, init=1.2)]

    starts = sweep.starts_of(first, [invoked("SweepAccounts", one) for one in later])

    assert starts == {"SweepAccounts": 1.2}


def test_a_persons_test_is_told_as_customers_are_served_and_by_default() -> None:
    def pressed(seconds: float) -> Pressed:
        invocations = [invoked("OpenSession", 0.2, init=1), invoked("OpenSession", 0.1)]
        return Pressed(seconds, 34, tuple(invocations))

    tests = {
        AT_ONCE: PersonsTest(pressed(2.5), pressed(2.8), pressed(1.16), pressed(1.25)),
        AT_ONCE_BY_DEFAULT: PersonsTest(pressed(2.9), pressed(3.2), pressed(1.35), pressed(1.45)),
    }
    whole, functions = bench._persons_test(tests, "reckoned")

    assert [row[:2] for row in whole.rows] == [
        ("all functions cold, `ProbesAtOnce` 20", "2.50 s"),
        ("all functions cold, if INIT had its share too, `ProbesAtOnce` 20", "2.80 s"),
        ("warm, `ProbesAtOnce` 20", "1.16 s"),
        ("warm, after a pause that closed all connections, `ProbesAtOnce` 20", "1.25 s"),
        ("all functions cold, `ProbesAtOnce` 7", "2.90 s"),
        ("all functions cold, if INIT had its share too, `ProbesAtOnce` 7", "3.20 s"),
        ("warm, `ProbesAtOnce` 7", "1.35 s"),
        ("warm, after a pause that closed all connections, `ProbesAtOnce` 7", "1.45 s"),
    ]
    measured = list(bench.of_persons_tests(tests))
    worst = [row[0] for row in targets.table(measured).rows]
    assert all(name.endswith("(`ProbesAtOnce` 7)") for name in worst[:4]), "the default counts too"
    missed = targets.missed(measured, [])
    assert [sentence.partition(",")[0] for sentence in missed] == ["Not met: a person's test"]
    assert "warm (`ProbesAtOnce` 7)" in missed[0], "INIT's share and the pause are only told"
    assert functions.rows[0][:3] == ("OpenSession", "1769 MB", "1000 ms")


def test_a_median_test_has_the_invocations_of_all_tests_of_its_kind() -> None:
    tests = [Pressed(each, 20, (invoked("OpenSession", each),)) for each in (3, 1, 2)]

    middle = persons_test._middle(tests)

    assert middle.seconds == 2
    assert [one.seconds for one in middle.invocations] == [3, 1, 2]


def test_the_first_answer_is_the_median_of_the_cold_tests() -> None:
    of_the_api = [invoked("AccountsApi", each, init=0.1) for each in (0.1, 0.5, 0.2)]
    cold = Pressed(2.5, 20, (*of_the_api, invoked("OpenSession", 9, init=1)))

    assert bench.first_answer(PersonsTest(cold, cold, cold, cold)) == pytest.approx(0.3)


def test_a_persons_test_is_measured_with_each_number_of_probes_at_once(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    at_once: list[str] = []

    def press(*given: Any, now: float) -> Pressed:
        at_once.append(given[-1])
        return Pressed(now, 34, ())

    monkeypatch.setattr(persons_test, "connect_accounts", lambda *_, **__: [Mock()])
    monkeypatch.setattr(persons_test, "press", press)

    assert set(persons_test.measure(Mock(), Mock())) == set(at_once) == {"20", "7"}


def test_a_persons_test_after_a_pause_finds_all_connections_closed(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Each of them, and none before it."""
    done: list[str] = []

    def press(*_: Any, now: float) -> Pressed:
        done.append("press")
        return Pressed(len(done), 34, ())

    monkeypatch.setattr(persons_test, "press", press)
    aws = Mock(hang_up=lambda: done.append("hang up"))

    found = persons_test._measure(Mock(), aws, Mock(), "20")

    first = done.index("hang up")
    assert done[first:] == ["hang up", "press"] * persons_test.WARM_RUNS
    assert found.warm.seconds < first < found.warm_after_a_pause.seconds


def test_of_the_sweeps_that_find_all_as_it_was_the_median_counts(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    seconds = iter([9, 8, 7, 3, 1, 2])

    def swept(*_: object, **__: object) -> Mock:
        return Mock(invocations=[], execution=Mock(now=next(seconds)))

    monkeypatch.setattr(prepared, "connect_accounts", Mock())
    monkeypatch.setattr(sweep, "_counted_sweep", swept)
    monkeypatch.setattr(sweep, "_used", lambda counted, _: counted.execution.now)

    found = sweep.used_by_sweeps(Mock(), Mock())

    assert (found.in_full, found.as_it_was) == (7, 2)


def test_a_sweep_is_counted_that_finds_all_connections_closed(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """As two minutes later. They stay open if nobody closes them."""
    aws = Mock()
    for name in ("_sweep", "_items", "_check", "byte_months"):
        monkeypatch.setattr(sweep, name, getattr(aws, name))
    monkeypatch.setattr(prepared, "make_due", aws.make_due)
    aws.calls = []

    sweep._counted_sweep(Mock(invocations=[]), aws)

    order = [name for name, *_ in aws.method_calls]
    assert order.index("hang_up") < order.index("_sweep")


def test_a_start_takes_longer_if_it_has_its_share_of_a_processor() -> None:
    environment = Mock(init=Sample(0.3, 0.2), invoke=lambda _: Invocation(Sample(1, 0), None, 0, 0))
    whole, share = Pool(lambda _: environment), memory_of("AccountsApi") / WHOLE_PROCESSOR
    shared = Pool(lambda _: environment, init_has_its_share=True)

    assert whole.invoke("AccountsApi", {}, 0).seconds == pytest.approx(1.3)
    assert shared.invoke("AccountsApi", {}, 0).seconds == pytest.approx(1.1 + 0.2 / share)


def test_a_workflow_probes_as_many_at_once_as_is_asked() -> None:
    def at_once(**changed: str) -> list[str]:
        states = json.dumps(definition("verify_account", **changed))
        return re.findall(r"MaxConcurrency\W+number\W+(\d+)", states)

    assert at_once() == [AT_ONCE]
    assert at_once(ProbesAtOnce="7") == ["7"]
