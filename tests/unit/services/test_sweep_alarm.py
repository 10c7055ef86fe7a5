"""How long an account whose tests are all aborted goes without an alarm. Time is simulated."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from itertools import count, cycle
from types import SimpleNamespace
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from cavok.domain.accounts import Account
from cavok.domain.deadlines import HAND_OVER_SECONDS, NO_DEADLINE, PATIENCE_SECONDS, Deadline
from cavok.domain.fair_queue import AccountKey
from cavok.domain.reverification import next_daily_slot
from cavok.domain.verifications import (
    LEASE,
    UNTESTED,
    Trigger,
    Verification,
    abort,
    begin,
    untested_since,
)
from cavok.services import sweep
from cavok.services.sweep import Sweep
from tests.support.builders import ADA, NOW, a_verification, an_account, confirmed
from tests.support.without_threads import WithoutThreads, call_at_once

A_SWEEP = timedelta(minutes=2)
A_PAGE = timedelta(seconds=PATIENCE_SECONDS + HAND_OVER_SECONDS)
AN_HOUR, A_DAY = timedelta(hours=1), timedelta(days=1)

Lengths = Sequence[timedelta | None]
"""How long the account's tests take, one after another; None if one dies and nobody reports it."""


@dataclass
class Model:
    """An account whose tests are all aborted, the sweeps, and a person who presses Test."""

    account: Account
    lengths: Lengths
    now: datetime = NOW
    running: dict[str, Verification] = field(default_factory=dict)
    ends: dict[str, datetime] = field(default_factory=dict)
    ids: count[int] = field(default_factory=count)

    def __post_init__(self) -> None:
        self._next = cycle(self.lengths)

    def begin(self, _: Account, tested: Account, test: Verification, __: Any) -> None:
        self.account, self.running[test.verification_id] = tested, test
        if (length := next(self._next)) is not None:
            self.ends[test.verification_id] = self.now + length

    def abort(self, test: Verification, **_: Any) -> None:
        self.account, _ended = abort(self.account, test, (), self.now)
        del self.running[test.verification_id]
        self.ends.pop(test.verification_id, None)

    def press(self) -> None:
        if self.account.testing(self.now):
            return
        test = a_verification(
            verification_id=f"pressed-{next(self.ids)}",
            trigger=Trigger.MANUAL,
            started_at=self.now,
        )
        tested, entry = begin(self.account, test, ADA)
        self.begin(self.account, tested, test, entry)

    def stored(self, _: str, verification_id: str) -> Verification:
        ended = replace(a_verification(), verification_id=verification_id).aborted(self.now)
        return self.running.get(verification_id, ended)

    def wait(self, tests: Mapping[Any, Account], patience: float) -> dict[Any, float]:
        self.now += timedelta(seconds=patience)
        return {}

    def due(self) -> bool:
        at = self.account.next_verification_at
        return at is not None and at <= self.now

    def sweep(self) -> float:
        """The hours that it tells."""
        key = AccountKey(self.account.organization_id, self.account.account_id)
        dependencies: Any = SimpleNamespace(
            due=SimpleNamespace(
                keys=lambda _, since: {} if since else {key: self.now},
                read=lambda *_: {key: self.account if self.due() else None},
            ),
            verifications=self,
            workflows=SimpleNamespace(running_beside=lambda _: {}, start=lambda *_: None),
            clock=lambda: self.now,
        )
        return Sweep("arn", "one", self.now, 2, dependencies).run(NO_DEADLINE).hours_untested

    def rings_after(self, presses: Sequence[timedelta], first: timedelta) -> timedelta:
        """How long after its last verdict the alarm rings. Nothing else ends it."""
        since, last, rhythm = untested_since(self.account), NOW, cycle(presses)
        pressing = NOW + first
        while True:
            due = self.account.next_verification_at
            assert due
            sweeps = last + A_SWEEP * max(1, -((due - last) // -A_SWEEP))  # others find nothing
            ending = min(self.ends, key=lambda test: self.ends[test], default="")
            at = min(sweeps, pressing, self.ends.get(ending, sweeps))
            self.now = max(self.now, at)
            assert self.now - since <= 3 * A_DAY, "it never rings"
            if ending and at == self.ends[ending]:
                self.abort(self.running[ending])
            elif at == pressing:
                pressing += next(rhythm)
                self.press()
            else:
                last = sweeps
                if self.sweep() > UNTESTED / AN_HOUR:
                    return self.now - since


def rings_after(
    due: timedelta, lengths: Lengths, presses: Sequence[timedelta], first: timedelta
) -> timedelta:
    account = replace(confirmed(an_account()), created_at=NOW, next_verification_at=NOW + due)
    model = Model(account, lengths)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(sweep, "ThreadPoolExecutor", WithoutThreads)
        patch.setattr(sweep, "call_at_once", call_at_once)
        patch.setattr(sweep, "seconds_of", model.wait)
        patch.setattr(sweep, "abort_verification", model.abort)
        patch.setattr(Sweep, "_test_one", unclear)
        return model.rings_after(presses, first)


def unclear(*_: Any, **__: Any) -> Any:
    raise sweep.NothingProven("OutOfTime")


def minutes(least: float, most: float) -> st.SearchStrategy[timedelta]:
    return st.floats(least, most).map(lambda each: timedelta(minutes=each))


LENGTHS = st.lists(st.none() | minutes(0, 5), min_size=1, max_size=4)
NOBODY = [A_DAY * 9]


@given(minutes(60, 25 * 60), LENGTHS)
@example(timedelta(hours=9), [timedelta(minutes=3)])
@example(timedelta(hours=9), [timedelta(minutes=5)])
def test_an_account_whose_tests_are_all_aborted_rings_an_alarm_in_time(
    due: timedelta, lengths: Lengths
) -> None:
    """Whenever they begin, and however long they take."""
    waited = rings_after(due, lengths, NOBODY, A_DAY * 9)

    assert UNTESTED < waited <= UNTESTED + LEASE + A_SWEEP + A_PAGE


@given(
    minutes(60, 25 * 60),
    LENGTHS,
    st.lists(minutes(0.1, 600), min_size=1, max_size=4),
    minutes(0, 60),
)
@example(timedelta(hours=9), [timedelta(minutes=1)], [timedelta(minutes=3)], timedelta(hours=1))
@example(timedelta(hours=9), [timedelta(minutes=5)], [timedelta(seconds=6)], timedelta(hours=1))
def test_no_person_who_keeps_pressing_test_silences_the_alarm(
    due: timedelta, lengths: Lengths, presses: Sequence[timedelta], before: timedelta
) -> None:
    """In whatever rhythm, from up to an hour before it rings."""
    waited = rings_after(due, lengths, presses, UNTESTED - before)

    assert UNTESTED < waited <= UNTESTED + LEASE + A_SWEEP + A_PAGE


# ---- accounts whose turn does not come


def swept_in_time_for(
    pages: int, due: Mapping[AccountKey, datetime], *, apart: bool = False
) -> sweep.Swept:
    """A sweep that has time for so many pages, each of one account, whose test ends unclear."""
    accounts = {
        key: replace(
            confirmed(an_account()),
            organization_id=key.organization_id,
            account_id=key.account_id,
            created_at=NOW,
            next_verification_at=at,
        )
        for key, at in due.items()
    }
    dependencies: Any = SimpleNamespace(
        due=SimpleNamespace(
            keys=lambda *_: due, read=lambda wanted, _: {key: accounts[key] for key in wanted}
        ),
        verifications=SimpleNamespace(begin=lambda *_: None),
        workflows=SimpleNamespace(running_beside=lambda _: {}, start=lambda *_: None),
        clock=lambda: NOW,
    )
    looks = count()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(sweep, "AT_ONCE", 1)
        patch.setattr(sweep, "ThreadPoolExecutor", WithoutThreads)
        patch.setattr(sweep, "call_at_once", call_at_once)
        patch.setattr(sweep, "seconds_of", lambda tests, _: dict.fromkeys(tests, 0.0))
        patch.setattr(Sweep, "_test_one", unclear)
        deadline = Deadline(pages, lambda: float(next(looks)))
        return Sweep("arn", "one", NOW, 2, dependencies).run(deadline, apart=apart)


@given(st.datetimes(NOW.replace(tzinfo=None), timezones=st.just(NOW.tzinfo)), st.text(min_size=1))
def test_no_account_is_due_later_after_a_verdict_than_a_sweep_assumes(
    now: datetime, account_id: str
) -> None:
    assert next_daily_slot(account_id, now) - now <= sweep.LONGEST_WAIT


@pytest.mark.parametrize("apart", [False, True])
def test_an_account_that_sweeps_do_not_reach_rings_an_alarm_in_time(apart: bool) -> None:
    """Its last verdict may be 25 hours older than its due time, and nobody reads whether it is."""
    first, late, later = (AccountKey(name, f"{name}1") for name in ("a", "b", "c"))
    due = {first: NOW - 2 * AN_HOUR, late: NOW - 1.1 * AN_HOUR, later: NOW}

    swept = swept_in_time_for(1, due, apart=apart)

    assert swept.hours_untested == pytest.approx(26.1)
    assert swept_in_time_for(2, due).hours_untested == pytest.approx(25), "of the last one"
    assert swept_in_time_for(3, due).hours_untested == 0, "each was read"


def test_so_does_one_that_waits_behind_others_of_its_organization_that_hang() -> None:
    """Which was given its share of tests of their own."""
    due = {AccountKey("a", f"a{n}"): NOW - 2 * AN_HOUR for n in range(3)}

    assert swept_in_time_for(9, due).hours_untested == pytest.approx(27)
