"""How long a customer that is slow holds up others' scheduled tests. Time is simulated: nobody
waits, and each page takes as long as its slowest test, at most PATIENCE_SECONDS.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Collection, Mapping
from concurrent.futures import Future
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from math import inf
from random import Random
from typing import Any
from unittest.mock import Mock

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cavok.domain.accounts import Account
from cavok.domain.deadlines import (
    HAND_OVER_SECONDS,
    HOLD_UP_SECONDS,
    PATIENCE_SECONDS,
    SHORT_TEST_SECONDS,
    SWEEP_SECONDS,
    UNCLEAR_HOLD_UP_SECONDS,
    Deadline,
    ProcessorTime,
)
from cavok.domain.fair_queue import AccountKey
from cavok.services import sweep
from cavok.services.sweep import Sweep, SweepDependencies
from tests.support.builders import NOW, an_account, confirmed
from tests.support.without_threads import WithoutThreads, call_at_once

ACCOUNTS = 25
"""Of each organization, all of which are due."""

AT_ONCE = 4

PAGE = sweep.AT_ONCE

USUAL = 1.0
"""Seconds of an ordinary test."""

PROMISED = 10.0
"""Seconds by which a customer that hangs delays another's test, at most."""

LIMITS = (
    UNCLEAR_HOLD_UP_SECONDS,
    USUAL,
    USUAL + UNCLEAR_HOLD_UP_SECONDS,
    USUAL + HOLD_UP_SECONDS,
    SHORT_TEST_SECONDS,
    PATIENCE_SECONDS,
)
AROUND_EVERY_LIMIT = sorted({limit + by for limit in LIMITS for by in (-0.1, 0.0, 0.1)} | {4.0})

HELD_UP = PATIENCE_SECONDS + HAND_OVER_SECONDS
"""Seconds of the longest page."""

Seconds = Callable[[Account, int], float]
"""How long the test of an account takes that is on the page with this number, from 0."""


@dataclass
class Model:
    """A sweep over organizations. Tests of the `unclear` ones, organizations or accounts, end
    without a result, and handing over to tests of their own takes `handing` seconds a page. Tests
    of a `heavy` account, or of each account of a heavy organization, end without a result for want
    of processor time if others are on the page. No page begins after `lasts` seconds.

    `held_up`: from when to when a page went on for tests of the slow ones alone. `own`: for how
    many seconds each organization held up others, as the sweep counts them.
    """

    seconds: Seconds
    unclear: Collection[str] = ()
    handing: float = 0.0
    heavy: Collection[str] = ()
    lasts: float = inf
    now: float = 0.0
    pages: list[list[str]] = field(default_factory=list)
    ended: dict[str, float] = field(default_factory=dict)
    held_up: list[tuple[float, float]] = field(default_factory=list)
    own: Counter[str] = field(default_factory=Counter)

    def seconds_of(self, tests: Any, patience: float) -> dict[Future[Any], float]:
        took = {test: self.seconds(account, len(self.pages)) for test, account in tests.items()}
        for test, account in tests.items():
            self.ended[account.account_id] = self.now + min(took[test], patience)
        others = (took[test] for test, account in tests.items() if not is_slow(account))
        without = self.now + max(others, default=USUAL)
        self.now += min(max(took.values()), patience)
        self.held_up.append((min(without, self.now), self.now))
        self.pages.append([account.organization_id for account in tests.values()])
        return {test: seconds for test, seconds in took.items() if seconds < patience}

    def hand_over(self, own: Mapping[str, Callable[[], None]], *_: Any, seconds: float) -> Any:
        began = self.now
        self.now += min(self.handing, seconds) if own else 0.0
        if any(each.startswith("slow") for each in own):
            self.held_up.append((began, self.now))
        return call_at_once(own, 1, seconds=seconds)

    def test_one(
        self, account: Account, weighing: Mapping[str, ProcessorTime], **_: Any
    ) -> tuple[str, bool]:
        beside = len(weighing) > 1
        if beside and {account.organization_id, account.account_id} & {*self.heavy}:
            weighing[account.account_id].short = True
            raise sweep.NothingProven("OutOfTime")
        if {account.organization_id, account.account_id} & {*self.unclear}:
            raise sweep.NothingProven("OutOfTime")
        return "confirmed", True

    def swept(self, organizations: Collection[str], tests_of_their_own: int) -> dict[str, float]:
        """The seconds from the sweep's start to the end of each test, by account."""
        all_due = {(name, index): 0.0 for name in organizations for index in range(ACCOUNTS)}
        return self.swept_as_they_arrive(all_due, tests_of_their_own, AT_ONCE)

    def swept_as_they_arrive(
        self, arrivals: Mapping[tuple[str, int], float], tests_of_their_own: int, at_once: int
    ) -> dict[str, float]:
        """The same of accounts, by organization and number, that are due so many seconds after the
        sweep's start.
        """
        connected = confirmed(an_account())
        accounts, due_at = dict[AccountKey, Account](), dict[AccountKey, float]()
        for (name, index), at in arrivals.items():
            key = AccountKey(name, f"{name}{index}")
            due_at[key], accounts[key] = (
                at,
                replace(
                    connected,
                    organization_id=name,
                    account_id=f"{name}{index}",
                    next_verification_at=NOW - timedelta(minutes=1),
                ),
            )

        def when(at: float) -> datetime:
            return NOW + timedelta(seconds=at)

        due = Mock()
        due.keys = lambda *_: {key: when(at) for key, at in due_at.items() if at <= self.now}
        due.read = lambda wanted, _: {key: accounts[key] for key in wanted}
        dependencies = SweepDependencies(
            due=due,
            accounts=Mock(),
            verifications=Mock(),
            webhooks=Mock(get=lambda _: None),
            workflows=Mock(running_beside=lambda _: {}),
            testing=Mock(),
            clock=lambda: when(self.now),
        )
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(sweep, "AT_ONCE", at_once)
            patch.setattr(sweep.time, "monotonic", lambda: self.now)
            patch.setattr(sweep, "call_at_once", self.hand_over)
            patch.setattr(sweep, "seconds_of", self.seconds_of)
            patch.setattr(sweep, "ThreadPoolExecutor", WithoutThreads)
            patch.setattr(
                Sweep, "_test_one", lambda _, account, **given: self.test_one(account, **given)
            )
            put_behind = Sweep._put_behind

            def count(of: Sweep, name: str, held_up: float, **given: Any) -> None:
                self.own[name] += held_up
                put_behind(of, name, held_up, **given)

            patch.setattr(Sweep, "_put_behind", count)
            deadline = Deadline.after(self.lasts, lambda: self.now)
            Sweep("arn", "one", NOW, tests_of_their_own, dependencies).run(deadline)
        return self.ended


def is_slow(account: Account) -> bool:
    return account.organization_id.startswith("slow")


def of(seconds: float, *, others: float = USUAL) -> Seconds:
    """The seconds of the organization `slow`, and of all others."""
    return lambda account, _: seconds if account.organization_id == "slow" else others


def longest_delay(later: Mapping[str, float], before: Mapping[str, float]) -> float:
    """By how much the longest delayed test of others ends later than without the slow ones. One
    that is left to the next sweep then is later by minutes.
    """
    others = [each for each in before if not each.startswith("slow")]
    return max((later.get(each, inf) - before[each] for each in others), default=0.0)


def delay(slow: Model, ordinary: Model, most: int, *organizations: str) -> float:
    all_of_them = ("slow", *organizations)
    later, before = slow.swept(all_of_them, most), ordinary.swept(all_of_them, most)
    assert sum(not each.startswith("slow") for each in before) == ACCOUNTS * len(organizations)
    return longest_delay(later, before)


@pytest.mark.parametrize("most", [2, 40], ids="SweepTests {}".format)
@pytest.mark.parametrize("others", [USUAL, 3.0, 5.0], ids="others {}".format)
@pytest.mark.parametrize("seconds", AROUND_EVERY_LIMIT, ids="hangs {:.1f}".format)
def test_a_customer_that_hangs_delays_nobody_elses_test_by_more_than_ten_seconds(
    seconds: float, others: float, most: int
) -> None:
    """However early its tests end by themselves, and even if pages are slow for their weight."""
    slow = Model(of(seconds, others=others), unclear={"slow"})

    delayed = delay(slow, Model(of(others, others=others)), most, "a", "b", "c")

    assert delayed <= PROMISED


@pytest.mark.parametrize("unclear", [(), ("slow",)], ids=["alone clear", "alone unclear"])
@pytest.mark.parametrize("seconds", AROUND_EVERY_LIMIT, ids="takes {:.1f}".format)
def test_nor_does_one_whose_tests_need_pages_of_their_own(
    seconds: float, unclear: Collection[str]
) -> None:
    slow = Model(of(seconds), unclear, heavy={"slow"})

    assert delay(slow, Model(of(USUAL)), 40, "a", "b", "c") <= PROMISED
    shared = [page for page in slow.pages if "slow" in page and len({*page}) > 1]
    assert len(shared) == 1
    if seconds < PATIENCE_SECONDS:
        assert slow.pages.count(["slow"]) >= 1


HANDING = (0.0, HAND_OVER_SECONDS + 1)


@pytest.mark.parametrize("handing", HANDING, ids="handing over {}".format)
@pytest.mark.parametrize("seconds", AROUND_EVERY_LIMIT, ids="hangs {:.1f}".format)
@pytest.mark.parametrize(("most", "hanging"), [(2, 2), (40, 20)])
def test_nor_does_it_delay_those_that_become_due_while_it_is_alone(
    most: int, hanging: int, seconds: float, handing: float
) -> None:
    """At night, an organization alone on a page is the rule. Then nobody knows what is usual."""
    first = {("slow", 0): 0.0}
    meanwhile = {("slow", index): 0.1 for index in range(1, hanging)}
    meanwhile |= {("x", index): 0.1 for index in range(40)}
    slow = Model(of(seconds), unclear={"slow"}, handing=handing)
    ordinary = Model(of(USUAL))

    later = slow.swept_as_they_arrive(first | meanwhile, most, 24)
    before = ordinary.swept_as_they_arrive(first | meanwhile, most, 24)

    assert any(each.startswith("x") for each in before)
    assert longest_delay(later, before) <= PROMISED


@pytest.mark.parametrize("most", [2, 40, 120], ids="SweepTests {}".format)
@pytest.mark.parametrize("seconds", AROUND_EVERY_LIMIT, ids="hangs {:.1f}".format)
def test_nor_do_two_that_hang_and_are_alone_together(seconds: float, most: int) -> None:
    """What both do is not usual: a customer may have two organizations."""

    def all_seconds(account: Account, _: int) -> float:
        return seconds if is_slow(account) else USUAL

    arrivals = {(name, index): 0.0 for name in ("slow0", "slow1") for index in range(60)}
    arrivals |= {("x", index): 0.1 for index in range(40)}
    slow = Model(all_seconds, unclear={"slow0", "slow1"})

    later = slow.swept_as_they_arrive(arrivals, most, 24)
    before = Model(of(USUAL)).swept_as_they_arrive(arrivals, most, 24)

    assert any(each.startswith("x") for each in before)
    assert longest_delay(later, before) <= PROMISED


@pytest.mark.parametrize("handing", HANDING, ids="handing over {}".format)
@pytest.mark.parametrize("hold_up", [0.1, UNCLEAR_HOLD_UP_SECONDS, HOLD_UP_SECONDS - 0.1])
def test_a_customer_that_held_up_others_a_little_does_not_hang_beside_them_then(
    hold_up: float, handing: float
) -> None:
    def all_seconds(account: Account, page: int) -> float:
        if account.organization_id != "slow":
            return USUAL
        return USUAL + hold_up if page == 0 else PATIENCE_SECONDS

    slow = Model(all_seconds, unclear={"slow"}, handing=handing)

    assert delay(slow, Model(of(USUAL)), 40, "a", "b", "c") <= PROMISED


@pytest.mark.parametrize("organizations", [("a",), ("a", "b"), tuple("abcdefg")], ids=len)
def test_a_customer_that_hangs_does_so_beside_few_and_beside_many(
    organizations: tuple[str, ...],
) -> None:
    slow = Model(of(SHORT_TEST_SECONDS), unclear={"slow"})

    assert delay(slow, Model(of(USUAL)), 40, *organizations) <= PROMISED


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
        assert (shared, delayed <= PROMISED) == (1, True)
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


@pytest.mark.parametrize("first", [0.01, 0.1, UNCLEAR_HOLD_UP_SECONDS, HOLD_UP_SECONDS])
def test_a_customer_that_hangs_longer_from_page_to_page_is_behind_before_it_hangs_long(
    first: float,
) -> None:
    def all_seconds(account: Account, page: int) -> float:
        return USUAL + first * 2**page if account.organization_id == "slow" else USUAL

    slow = Model(all_seconds, unclear={"slow"})

    assert delay(slow, Model(of(USUAL)), 40, "a", "b", "c") <= PROMISED


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

    assert delay(slow, Model(without), 40, "a", "b", "far") <= PROMISED


@pytest.mark.parametrize("seconds", [0.4, 1.5, 3.0, 8.4], ids="takes {:.1f}".format)
@pytest.mark.parametrize(
    ("far", "heavy"), [(4.0, ()), (USUAL, ("far0",))], ids=["slow", "one is too heavy"]
)
def test_whoever_is_behind_does_not_wait_for_pages_alone(
    far: float, heavy: Collection[str], seconds: float
) -> None:
    """Of another that held up others longer."""

    def all_seconds(account: Account, _: int) -> float:
        return {"slow": seconds, "far": far}.get(account.organization_id, USUAL)

    def without(account: Account, _: int) -> float:
        return far if account.organization_id == "far" else USUAL

    arrivals = {(name, index): 0.0 for name in ("slow", "a", "b", "far") for index in range(12)}
    slow = Model(all_seconds, heavy={"slow", *heavy})
    later = slow.swept_as_they_arrive(arrivals, 40, PAGE)
    before = Model(without, heavy={*heavy}).swept_as_they_arrive(arrivals, 40, PAGE)
    alone = slow.pages.index(["slow"])

    assert all({"a", "b"}.isdisjoint(page) for page in slow.pages[alone:])
    for each in heavy:  # whose turn is one of those
        del before[each]
    assert longest_delay(later, before) <= PROMISED


@pytest.mark.parametrize("most", [2, 40, 120], ids="SweepTests {}".format)
@pytest.mark.parametrize("seconds", AROUND_EVERY_LIMIT, ids="hangs {:.1f}".format)
def test_whoever_needs_a_page_alone_waits_for_one_page_of_a_customer_that_hangs(
    seconds: float, most: int
) -> None:
    """Not for all its pages until it has no test of its own left."""
    arrivals = {("slow", index): 0.0 for index in range(60)} | {("x", 0): 0.0}
    arrivals |= {("a", index): 0.0 for index in range(10)}
    slow = Model(of(seconds), unclear={"slow"}, handing=HAND_OVER_SECONDS, heavy={"x"})

    later = slow.swept_as_they_arrive(arrivals, most, PAGE)
    before = Model(of(USUAL), heavy={"x"}).swept_as_they_arrive(arrivals, most, PAGE)

    assert slow.pages.count(["x"]) == 1
    assert longest_delay(later, before) <= PROMISED


@pytest.mark.parametrize("every", [4.0, PATIENCE_SECONDS], ids="every {:.1f}".format)
def test_nor_for_more_if_its_accounts_become_due_one_by_one(every: float) -> None:
    arrivals = {("slow", index): every * index for index in range(20)} | {("x", 0): 0.0}
    slow = Model(of(PATIENCE_SECONDS), unclear={"slow"}, heavy={"x"})

    later = slow.swept_as_they_arrive(arrivals, 40, PAGE)
    before = Model(of(USUAL), heavy={"x"}).swept_as_they_arrive(arrivals, 40, PAGE)

    assert longest_delay(later, before) <= PROMISED


TURNS_ALONE = {
    "all need pages alone": ((12, 6, 0), {"slow", "x"}),
    "some of x do": ((12, 24, 0), {"slow", *(f"x{index}" for index in range(12))}),
    "two of x do, beside ten others": ((10, 10, 10), {"slow", "x0", "x1"}),
}
"""How many accounts `slow`, `x` and each of ten others have, and who needs pages alone."""


@pytest.mark.parametrize("most", [2, 40], ids="SweepTests {}".format)
@pytest.mark.parametrize(("counts", "heavy"), TURNS_ALONE.values(), ids=TURNS_ALONE)
def test_a_customer_that_hangs_on_pages_alone_delays_nobody_by_more_than_one(
    counts: tuple[int, int, int], heavy: Collection[str], most: int
) -> None:
    """Neither whoever needs a page alone nor the other accounts of that organization."""

    def all_seconds(account: Account, page: int) -> float:
        return PATIENCE_SECONDS if account.organization_id == "slow" and page else USUAL

    of_slow, of_x, others = counts
    sizes = {"slow": of_slow, "x": of_x} | {f"o{n}": others for n in range(10)}
    arrivals = {(name, index): 0.0 for name, size in sizes.items() for index in range(size)}
    slow = Model(all_seconds, {"slow"}, handing=HAND_OVER_SECONDS, heavy=heavy)
    ordinary = Model(of(USUAL), heavy={*heavy} - {"slow"})

    later = slow.swept_as_they_arrive(arrivals, most, PAGE)
    before = ordinary.swept_as_they_arrive(arrivals, most, PAGE)

    assert longest_delay(later, before) <= PROMISED


@pytest.mark.parametrize("most", [2, 40], ids="SweepTests {}".format)
def test_nor_does_one_of_which_a_single_test_of_each_page_hangs(most: int) -> None:
    """The verdicts of the others do not keep away whoever needs a page alone."""
    arrivals = {("slow", index): 0.0 for index in range(20 * PAGE)} | {("x", 0): 0.0}
    hanging = {f"slow{index}" for index in range(0, 20 * PAGE, PAGE - 1)}

    def all_seconds(account: Account, _: int) -> float:
        return PATIENCE_SECONDS if account.account_id in hanging else USUAL

    slow = Model(all_seconds, hanging, handing=HAND_OVER_SECONDS, heavy={"x"}, lasts=SWEEP_SECONDS)

    later = slow.swept_as_they_arrive(arrivals, most, PAGE)

    assert slow.pages.count(["x"]) == 1
    assert later["x0"] <= PROMISED + USUAL


@pytest.mark.parametrize("most", [2, 40], ids="SweepTests {}".format)
def test_nor_for_more_if_one_of_its_accounts_shows_only_on_its_second_page(most: int) -> None:
    sizes = {"slow": 30, "x": 18} | {f"o{n}": 24 for n in range(5)}
    arrivals = {(name, index): 0.0 for name, size in sizes.items() for index in range(size)}
    heavy = {f"x{index}" for index in range(6)}
    slow = Model(of(PATIENCE_SECONDS), {"slow"}, handing=HAND_OVER_SECONDS, heavy=heavy)

    later = slow.swept_as_they_arrive(arrivals, most, PAGE)
    before = Model(of(USUAL), heavy=heavy).swept_as_they_arrive(arrivals, most, PAGE)

    assert longest_delay(later, before) <= PROMISED


HELD_UP_A_LITTLE = {
    "slower": (["slow"], USUAL + UNCLEAR_HOLD_UP_SECONDS, 0.0),
    "handed over": (["slow"], 0.1, HAND_OVER_SECONDS),
    "both of a customer hang": (["slow", "slow-too"], PATIENCE_SECONDS, 0.0),
}
"""Which organizations do so, how long their tests take then, and how long handing over."""


@pytest.mark.parametrize(
    ("names", "first", "handing"), HELD_UP_A_LITTLE.values(), ids=HELD_UP_A_LITTLE
)
def test_whoever_has_such_accounts_shares_no_page_with_one_that_held_up_others(
    names: Collection[str], first: float, handing: float
) -> None:
    """Though both are behind."""
    arrivals = {("x", index): 0.0 for index in range(PAGE + 10)}
    arrivals |= {(name, index): 0.5 for name in names for index in range(60)}

    def all_seconds(account: Account, page: int) -> float:
        return (first if page == 1 else PATIENCE_SECONDS) if is_slow(account) else USUAL

    slow = Model(all_seconds, names, handing, heavy={"x0"})
    slow.swept_as_they_arrive(arrivals, 120, PAGE)

    assert {*slow.pages[1]} == {*names}
    assert not [page for page in slow.pages if {"x", *names} <= {*page}]


@dataclass
class Scene:
    """Accounts as they become due, of `slow`, which may have a second organization, and of eight
    others: ordinary ones, slow ones, and such as need pages alone.
    """

    random: Random
    arrivals: dict[tuple[str, int], float] = field(default_factory=dict)
    takes: dict[str, float] = field(default_factory=dict)
    heavy: set[str] = field(default_factory=set)
    hanging: set[str] = field(default_factory=set)

    def __post_init__(self) -> None:
        some = self.random
        for name in (f"o{n}" for n in range(8)):
            self.takes[name] = some.choice([USUAL, USUAL, USUAL, 2.5, 4.0, 5.0])
            chance = some.choice([0.0, 0.0, 0.2, 1.0])
            for index in range(some.choice([0, 1, 2, 10, PAGE, 30])):
                self._add(name, index, 0.0, chance)
        now = 0.0
        for index in range(some.choice([0, 20, 60])):
            now += some.uniform(HELD_UP / PAGE, some.choice([0.6, 1.0, 3.0]))
            self._add(some.choice([*self.takes]), 100 + index, now, some.choice([0.0, 0.1]))
        every, chance = some.choice([0.0, 1.0, 4.0, 8.5]), some.choice([0.0, 0.0, 0.2, 1.0])
        seldom = some.choice([0.3, 1.0, 1.0])
        takes = some.choice([*AROUND_EVERY_LIMIT, *[PATIENCE_SECONDS] * 6])
        for name in some.choice([["slow"], ["slow"], ["slow", "slow-too"]]):
            self.takes[name] = takes
            for index in range(some.choice([1, 2, 5, 20, 60])):
                self._add(name, index, every * index, chance)
                if not index or some.random() < seldom:
                    self.hanging.add(f"{name}{index}")

    def _add(self, name: str, index: int, at: float, chance: float) -> None:
        self.arrivals[name, index] = round(at, 6)
        if self.random.random() < chance:
            self.heavy.add(f"{name}{index}")

    def seconds(self, account: Account, _: int) -> float:
        if is_slow(account) and account.account_id not in self.hanging:
            return USUAL
        return self.takes[account.organization_id]


@settings(max_examples=100)
@given(st.randoms(use_true_random=True), st.sampled_from([2, 40, 120]), st.sampled_from(HANDING))
def test_nobody_waits_for_it_any_longer_whatever_others_are_like(
    some: Random, tests: int, handing: float
) -> None:
    """Except for as long as they held up others themselves, and for a sweep's last pages, which
    chance may choose. A customer may have a second organization.
    """
    scene = Scene(some)
    model = Model(scene.seconds, scene.hanging, handing, scene.heavy, SWEEP_SECONDS)
    ended = model.swept_as_they_arrive(scene.arrivals, tests, PAGE)

    most = PROMISED * sum(name.startswith("slow") for name in scene.takes)
    for (name, index), due in scene.arrivals.items():
        end = min(ended.get(f"{name}{index}", inf), SWEEP_SECONDS - sweep.LAST_PAGE_SECONDS)
        waited = sum(max(0.0, min(until, end) - max(since, due)) for since, until in model.held_up)
        assert name.startswith("slow") or waited <= most + model.own[name], (
            name,
            index,
            waited,
        )


HELD_UP_OTHERS = {
    "is slow, and needs a page alone": (3.0, {"x0"}, (), 30.0),
    "ends unclear once": (1.6, (), {"x0"}, 15.0),
    "hangs once": (PATIENCE_SECONDS, (), {"x0"}, SWEEP_SECONDS + HELD_UP),
}
"""How long its first test takes, whether it is too heavy or unclear, and when all its tests must
have ended.
"""


@pytest.mark.parametrize(
    ("first", "heavy", "unclear", "until"), HELD_UP_OTHERS.values(), ids=HELD_UP_OTHERS
)
def test_nobody_waits_for_all_pages_alone_of_a_customer_that_needs_many(
    first: float,
    heavy: Collection[str],
    unclear: Collection[str],
    until: float,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """They fill this sweep and the next ones. By chance, each may have the last page."""
    arrivals = {(name, n): 0.0 for name, size in (("x", 20), ("many", 400)) for n in range(size)}

    def all_seconds(account: Account, page: int) -> float:
        if account.organization_id == "x":
            return first if account.account_id == "x0" else USUAL
        return 4.0 if account.account_id in model.ended else USUAL

    model = Model(all_seconds, unclear, heavy={"many", *heavy}, lasts=SWEEP_SECONDS)
    monkeypatch.setattr(sweep, "choice", max)
    ended = model.swept_as_they_arrive(arrivals, 2, PAGE)

    assert sum(page == ["many"] for page in model.pages) > 10
    assert max(ended.get(f"x{index}", inf) for index in range(20)) <= until


def test_a_single_page_alone_at_a_sweeps_end_comes_before_whoever_hung(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Others' shared pages fill the sweep until then."""
    arrivals = {("slow", index): 0.0 for index in range(20)} | {("x", 0): 0.0}
    arrivals |= {(f"o{n}", index): 0.0 for n in range(22) for index in range(91)}
    slow = Model(of(PATIENCE_SECONDS), {"slow"}, HAND_OVER_SECONDS, {"x"}, SWEEP_SECONDS)
    monkeypatch.setattr(sweep, "choice", max)
    ended = slow.swept_as_they_arrive(arrivals, 40, PAGE)

    assert SWEEP_SECONDS - sweep.LAST_PAGE_SECONDS < ended["x0"] < SWEEP_SECONDS


def test_whoever_hung_does_not_do_so_again_in_a_sweep_that_others_shared_pages_fill(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    arrivals = {("slow", index): 0.0 for index in range(30)}
    arrivals |= {(f"o{n}", index): 0.0 for n in range(30) for index in range(100)}
    slow = Model(of(PATIENCE_SECONDS), {"slow"}, lasts=SWEEP_SECONDS)
    monkeypatch.setattr(sweep, "choice", max)
    slow.swept_as_they_arrive(arrivals, 120, PAGE)

    assert slow.now >= SWEEP_SECONDS
    assert sum("slow" in page for page in slow.pages) == 1


@pytest.mark.parametrize("organizations", [1, 24], ids="organizations {}".format)
def test_a_backlog_of_accounts_that_need_pages_alone_gets_some(organizations: int) -> None:
    """Whether it is one organization's, or each page has one account of each of many. If pages on
    which nobody has a verdict filled the sweep, the next one would begin with the same.
    """
    heavy = [f"heavy{n}" for n in range(organizations)]
    arrivals = {(name, n): 0.0 for n in range(400 // organizations) for name in heavy}
    arrivals |= {("x", 0): 0.0}
    model = Model(of(USUAL, others=SHORT_TEST_SECONDS), heavy={*heavy, "x"}, lasts=SWEEP_SECONDS)
    model.swept_as_they_arrive(arrivals, 2, PAGE)

    assert organizations > 1 or model.pages.count(["x"]) == 1
    assert sum(len(page) > 1 for page in model.pages) <= 2


def test_those_that_hang_together_are_behind_the_others_too() -> None:
    """As where a region does not answer."""

    def all_seconds(account: Account, _: int) -> float:
        return SHORT_TEST_SECONDS if is_slow(account) else USUAL

    slow = Model(all_seconds, unclear={"slow", "slow2"})
    slow.swept(("slow", "slow2", "a", "b"), 40)

    shared = [page for page in slow.pages if {"slow", "slow2"} & {*page} and {"a", "b"} & {*page}]
    assert len(shared) == 1


def test_those_that_hang_as_often_share_pages_then() -> None:
    """However many tests of their own took how long to begin."""
    arrivals = {("slow", index): 0.0 for index in range(40)} | {("a", 0): 0.0}
    arrivals |= {("slow-too", index): float(index > 4) for index in range(20)}

    def all_seconds(account: Account, _: int) -> float:
        return PATIENCE_SECONDS if is_slow(account) else USUAL

    slow = Model(all_seconds, {"slow", "slow-too"}, HAND_OVER_SECONDS)
    slow.swept_as_they_arrive(arrivals, 120, PAGE)

    assert all({"slow", "slow-too"} <= {*page} for page in slow.pages[:2])


def delay_of_arrivals(
    arrivals: Mapping[tuple[str, int], float],
    seconds: float,
    handing: float,
    unclear: Collection[str] = ("slow",),
) -> float:
    slow = Model(of(seconds), unclear, handing)
    later = slow.swept_as_they_arrive(arrivals, 120, PAGE)
    return longest_delay(later, Model(of(USUAL)).swept_as_they_arrive(arrivals, 120, PAGE))


@settings(max_examples=20)
@given(
    st.lists(
        st.tuples(st.sampled_from("abc"), st.floats(HELD_UP / PAGE, 1.0)), min_size=20, max_size=80
    ),
    st.lists(st.floats(0, 60), min_size=1, max_size=60),
    st.sampled_from(AROUND_EVERY_LIMIT),
    st.sampled_from(HANDING),
)
def test_nor_whenever_accounts_become_due_if_a_page_holds_those_of_one_that_hangs(
    others: list[tuple[str, float]], hanging: list[float], seconds: float, handing: float
) -> None:
    """That is two and a half a second. Of 100,000 a day, fewer than two become due. Stored times
    have microseconds.
    """
    arrivals, now = {("slow", index): round(at, 6) for index, at in enumerate(hanging)}, 0.0
    for index, (name, gap) in enumerate(others):
        now += gap
        arrivals[name, index] = now

    assert delay_of_arrivals(arrivals, seconds, handing) <= PROMISED


def test_if_more_become_due_one_organizations_wait_for_its_turns() -> None:
    """18 a second: those of `a` while another hangs, and then those of `b` and `c`, which take
    turns with them.
    """
    arrivals = {("slow", index): 0.0 for index in range(60)}
    arrivals |= {("a", index): 0.1 + index / 18 for index in range(171)}
    arrivals |= {("bc"[index % 2], index): 9.6 + index / 18 for index in range(300)}

    assert PROMISED < delay_of_arrivals(arrivals, PATIENCE_SECONDS, HAND_OVER_SECONDS) <= 20


def more_than_a_page_if_one_hangs(seconds: float) -> dict[tuple[str, int], float]:
    """Without it, those of `b` fill a page by themselves. While it hangs, some of `c` become due,
    too: then they are more than a page, and take turns.
    """
    arrivals = {("slow", 0): 0.0} | {("a", index): 0.0 for index in range(PAGE - 1)}
    arrivals |= {("b", index): 0.5 for index in range(PAGE)}
    return arrivals | {("c", index): min(seconds, PATIENCE_SECONDS) for index in range(10)}


@pytest.mark.parametrize("handing", HANDING, ids="handing over {}".format)
@pytest.mark.parametrize("seconds", AROUND_EVERY_LIMIT, ids="hangs {:.1f}".format)
def test_nobody_is_left_to_the_next_sweep_because_another_hung(
    seconds: float, handing: float
) -> None:
    arrivals = more_than_a_page_if_one_hangs(seconds)

    assert delay_of_arrivals(arrivals, seconds, handing) <= PROMISED


@pytest.mark.parametrize("seconds", [USUAL + HOLD_UP_SECONDS + 0.1, SHORT_TEST_SECONDS])
def test_nor_because_another_was_so_slow_that_it_is_put_behind(seconds: float) -> None:
    arrivals = more_than_a_page_if_one_hangs(seconds)

    assert delay_of_arrivals(arrivals, seconds, 0.0, unclear=()) <= PROMISED


A_DAY = 100_000 / 86_400
"""Accounts that become due a second, of 100,000 a day."""


def a_sweep_of(due: int, a_second: float, seconds: float) -> tuple[Model, dict[str, float]]:
    """Of accounts that are due when it begins, while others become due at this rate, if each test
    takes so many seconds. And when each account became due, in seconds since it began.
    """
    arrivals = {("a", index): 0.0 for index in range(due)}
    arrivals |= {("a", due + index): (index + 0.5) / a_second for index in range(200)}
    model = Model(of(seconds, others=seconds))
    model.swept_as_they_arrive(arrivals, 2, PAGE)
    return model, {f"{name}{index}": at for (name, index), at in arrivals.items()}


@pytest.mark.parametrize("seconds", [0.6, 2.0, 8.0])
@pytest.mark.parametrize("due", [0, 1, PAGE, 139])
def test_accounts_that_become_due_meanwhile_make_no_pages_of_their_own(
    due: int, seconds: float
) -> None:
    """Each page costs its slowest test's time. They wait for the next sweep."""
    model, due_at = a_sweep_of(due, A_DAY, seconds)

    assert all(each in model.ended for each, at in due_at.items() if at == 0.0)
    tested = sum(map(len, model.pages))
    assert all(len(page) == PAGE for page in model.pages[:-1])
    assert len(model.pages) == -(-tested // PAGE)
    assert len(model.pages) <= -(-due // PAGE) + model.now * A_DAY / PAGE


def test_accounts_that_become_due_meanwhile_and_fill_a_page_are_tested_at_once() -> None:
    model, due_at = a_sweep_of(1, 10.0, 4.0)

    assert len(model.ended) == 1 + (len(due_at) - 1) // PAGE * PAGE


@pytest.mark.parametrize("others", [0.6, 2.4], ids="others {}".format)
@pytest.mark.parametrize("count", [1, 3])
@pytest.mark.parametrize("why", ["too heavy", "slow but clear", "hangs"])
def test_nor_do_they_while_an_organization_is_behind_or_needs_pages_alone(
    why: str, count: int, others: float
) -> None:
    """Each page costs its slowest test's time, whoever waits behind those who are tested."""
    seconds = {"too heavy": 3.0, "slow but clear": 5.0, "hangs": PATIENCE_SECONDS}[why]
    arrivals = {(f"o{index % 60}", index): 0.0 for index in range(139)}
    arrivals |= {(f"o{n % 60}", 139 + n): (n + 0.5) / A_DAY for n in range(200)}
    slow = {("slow", index): 0.0 for index in range(count)}
    model = Model(of(seconds, others=others), lasts=SWEEP_SECONDS)
    model.heavy = {"slow"} if why == "too heavy" else ()
    model.unclear = {"slow"} if why == "hangs" else ()
    without = Model(of(others, others=others))
    without.swept_as_they_arrive(arrivals, 2, PAGE)
    model.swept_as_they_arrive(slow | arrivals, 2, PAGE)

    of_others = [page for page in model.pages if {*page} != {"slow"}]
    assert len(of_others) <= len(without.pages) + 2
    if why == "too heavy":
        assert model.pages.count(["slow"]) == count, "none lacks its page alone"


@pytest.mark.parametrize("heavy", [(), ("slow",)], ids=["behind", "alone"])
def test_but_nobody_waits_longer_for_those_than_for_the_next_sweep(heavy: Collection[str]) -> None:
    """Which may begin a minute after this one, and leaves everything to it if it still runs."""
    arrivals = {("slow", index): 0.0 for index in range(PAGE if heavy else 600)}
    arrivals |= {("a", index): 0.0 for index in range(PAGE)}
    arrivals |= {("b", index): 15.0 for index in range(3)}
    model = Model(of(4.0), heavy=heavy, lasts=SWEEP_SECONDS)

    ended = model.swept_as_they_arrive(arrivals, 2, PAGE)

    assert model.now >= SWEEP_SECONDS
    assert max(ended.get(f"b{index}", inf) for index in range(3)) <= 15.0 + 60.0 + PROMISED


def test_nor_if_another_hangs_in_the_middle_of_the_sweep() -> None:
    """Whoever becomes due after that waits no minute more for it."""
    arrivals = {("alone", index): 0.0 for index in range(PAGE)} | {("slow", 0): 45.0}
    arrivals |= {("a", index): 45.0 for index in range(PAGE - 1)} | {("b", 0): 60.0}

    def all_seconds(account: Account, _: int) -> float:
        return {"alone": 4.0, "slow": PATIENCE_SECONDS}.get(account.organization_id, USUAL)

    model = Model(all_seconds, unclear={"slow"}, heavy={"alone"}, lasts=SWEEP_SECONDS)

    assert model.swept_as_they_arrive(arrivals, 40, PAGE).get("b0", inf) <= 60.0 + PROMISED
