"""How long a customer that is slow holds up others' scheduled tests. Time is simulated: nobody
waits, and each page takes as long as its slowest test, at most PATIENCE_SECONDS.
"""

from __future__ import annotations

from collections.abc import Callable, Collection
from concurrent.futures import Future
from dataclasses import dataclass, field, replace
from datetime import timedelta
from typing import Any
from unittest.mock import Mock

import pytest

from cavok.domain.accounts import Account
from cavok.domain.deadlines import (
    HOLD_UP_SECONDS,
    NO_DEADLINE,
    PATIENCE_SECONDS,
    SHORT_TEST_SECONDS,
)
from cavok.domain.fair_queue import AccountKey
from cavok.services import sweep
from cavok.services.sweep import Sweep, SweepDependencies
from tests.support.builders import NOW, an_account, confirmed

ACCOUNTS = 25
"""Of each organization, all of which are due."""

AT_ONCE = 4

USUAL = 1.0
"""Seconds of an ordinary test."""

LIMITS = (USUAL, USUAL + HOLD_UP_SECONDS, SHORT_TEST_SECONDS, PATIENCE_SECONDS)
AROUND_EVERY_LIMIT = sorted({limit + by for limit in LIMITS for by in (-0.1, 0.0, 0.1)} | {4.0})

Seconds = Callable[[Account, int], float]
"""How long the test of an account takes that is on the page with this number, from 0."""


class WithoutThreads:
    """A pool that runs at once what it is given."""

    def __init__(self, _: int) -> None:
        self.shutdown = Mock()

    def submit(self, run: Callable[..., Any], *given: Any) -> Future[Any]:
        future = Future[Any]()
        try:
            future.set_result(run(*given))
        except Exception as error:  # noqa: BLE001  as ThreadPoolExecutor does
            future.set_exception(error)
        return future


@dataclass
class Model:
    """A sweep over organizations. Tests of the `unclear` ones end without a result."""

    seconds: Seconds
    unclear: Collection[str] = ()
    now: float = 0.0
    pages: list[list[str]] = field(default_factory=list)
    ended: dict[str, float] = field(default_factory=dict)

    def seconds_of(self, tests: Any, patience: float) -> dict[Future[Any], float]:
        took = {test: self.seconds(account, len(self.pages)) for test, account in tests.items()}
        for test, account in tests.items():
            self.ended[account.account_id] = self.now + min(took[test], patience)
        self.now += min(max(took.values()), patience)
        self.pages.append([account.organization_id for account in tests.values()])
        return {test: seconds for test, seconds in took.items() if seconds < patience}

    def test_one(self, account: Account) -> tuple[str, bool]:
        if account.organization_id in self.unclear:
            raise sweep.NothingProven("OutOfTime")
        return "confirmed", True

    def swept(self, organizations: Collection[str], tests_of_their_own: int) -> dict[str, float]:
        """The seconds from the sweep's start to the end of each test, by account."""
        connected = confirmed(an_account())
        accounts = {
            AccountKey(name, f"{name}{index}"): replace(
                connected,
                organization_id=name,
                account_id=f"{name}{index}",
                next_verification_at=NOW - timedelta(minutes=1),
            )
            for name in organizations
            for index in range(ACCOUNTS)
        }
        due = Mock()
        due.keys = lambda _, since: {} if since else dict.fromkeys(accounts, NOW)
        due.read = lambda wanted, _: [accounts[key] for key in wanted]
        dependencies = SweepDependencies(
            due=due,
            accounts=Mock(),
            verifications=Mock(),
            webhooks=Mock(get=lambda _: None),
            workflows=Mock(another_runs=lambda _: False),
            testing=Mock(),
            clock=lambda: NOW,
        )
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(sweep, "AT_ONCE", AT_ONCE)
            patch.setattr(sweep, "seconds_of", self.seconds_of)
            patch.setattr(sweep, "ThreadPoolExecutor", WithoutThreads)
            patch.setattr(Sweep, "_test_one", lambda _, account, **__: self.test_one(account))
            Sweep("arn", "one", tests_of_their_own, dependencies).run(NO_DEADLINE)
        return self.ended


def of(seconds: float, *, others: float = USUAL) -> Seconds:
    """The seconds of the organization `slow`, and of all others."""
    return lambda account, _: seconds if account.organization_id == "slow" else others


def delay(slow: Model, ordinary: Model, most: int, *organizations: str) -> float:
    """By how much the longest delayed test of others ends later than without the slow ones."""
    all_of_them = ("slow", *organizations)
    later, before = slow.swept(all_of_them, most), ordinary.swept(all_of_them, most)
    others = [each for each in before if not each.startswith("slow")]
    assert len(others) == ACCOUNTS * len(organizations)
    return max(later[each] - before[each] for each in others)


@pytest.mark.parametrize("most", [2, 40], ids="SweepTests {}".format)
@pytest.mark.parametrize("others", [USUAL, 3.0, 5.0], ids="others {}".format)
@pytest.mark.parametrize("seconds", AROUND_EVERY_LIMIT, ids="hangs {:.1f}".format)
def test_a_customer_that_hangs_delays_nobody_elses_test_by_more_than_the_patience(
    seconds: float, others: float, most: int
) -> None:
    """However early its tests end by themselves, and even if pages are slow for their weight."""
    slow = Model(of(seconds, others=others), unclear={"slow"})

    delayed = delay(slow, Model(of(others, others=others)), most, "a", "b", "c")

    assert delayed <= PATIENCE_SECONDS


@pytest.mark.parametrize("organizations", [("a",), ("a", "b"), tuple("abcdefg")], ids=len)
def test_a_customer_that_hangs_does_so_beside_few_and_beside_many(
    organizations: tuple[str, ...],
) -> None:
    slow = Model(of(SHORT_TEST_SECONDS), unclear={"slow"})

    assert delay(slow, Model(of(USUAL)), 40, *organizations) <= PATIENCE_SECONDS


@pytest.mark.parametrize("seconds", AROUND_EVERY_LIMIT, ids="takes {:.1f}".format)
def test_a_customer_whose_tests_are_slow_but_clear_delays_others_once_or_hardly(
    seconds: float,
) -> None:
    """Up to HOLD_UP_SECONDS more than usual is no reason to go behind: each of its pages takes as
    much longer.
    """
    slow = Model(of(seconds))
    delayed = delay(slow, Model(of(USUAL)), 2, "a", "b", "c")

    shared = sum("slow" in page and len(set(page)) > 1 for page in slow.pages)
    if seconds > USUAL + HOLD_UP_SECONDS:
        assert (shared, delayed <= PATIENCE_SECONDS) == (1, True)
    else:
        assert delayed <= HOLD_UP_SECONDS * shared
    if seconds < PATIENCE_SECONDS:
        assert len(slow.ended) == 4 * ACCOUNTS, "all are tested, the slow ones too"


def test_a_customer_whose_tests_are_unclear_but_hardly_slower_does_not_wait_for_all_others() -> (
    None
):
    """Nor does anybody wait for it: what it holds up is added up."""
    slow = Model(of(USUAL + 0.01), unclear={"slow"})
    slow.swept(("slow", "a", "b", "c"), 40)

    assert all("slow" in page for page in slow.pages[:20])


@pytest.mark.parametrize("first", [0.1, HOLD_UP_SECONDS])
def test_a_customer_that_hangs_longer_from_page_to_page_is_behind_before_it_hangs_long(
    first: float,
) -> None:
    def all_seconds(account: Account, page: int) -> float:
        return USUAL + first * 2**page if account.organization_id == "slow" else USUAL

    slow = Model(all_seconds, unclear={"slow"})

    assert delay(slow, Model(of(USUAL)), 40, "a", "b", "c") <= PATIENCE_SECONDS


@pytest.mark.parametrize("seconds", [SHORT_TEST_SECONDS, PATIENCE_SECONDS])
def test_whoever_is_slow_but_clear_does_not_wait_again_and_again_for_one_that_hangs(
    seconds: float,
) -> None:
    """Both are behind the others. The one that hangs goes behind the other then, too."""

    def all_seconds(account: Account, _: int) -> float:
        return {"slow": seconds, "far": 4.0}.get(account.organization_id, USUAL)

    def without(account: Account, _: int) -> float:
        return {"far": 4.0}.get(account.organization_id, USUAL)

    slow = Model(all_seconds, unclear={"slow"})

    assert delay(slow, Model(without), 40, "a", "b", "far") <= 2 * PATIENCE_SECONDS


def test_those_that_hang_together_are_behind_the_others_too() -> None:
    """As where a region does not answer."""

    def all_seconds(account: Account, _: int) -> float:
        return SHORT_TEST_SECONDS if account.organization_id.startswith("slow") else USUAL

    slow = Model(all_seconds, unclear={"slow", "slow2"})
    slow.swept(("slow", "slow2", "a", "b"), 40)

    shared = [page for page in slow.pages if {"slow", "slow2"} & {*page} and {"a", "b"} & {*page}]
    assert len(shared) == 1
