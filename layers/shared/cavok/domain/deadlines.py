"""How long a test may take. The clock is an argument."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from copy import copy
from dataclasses import dataclass, field, replace
from math import inf
from threading import Condition, Lock
from typing import Self

from cavok.domain.errors import OutOfTime

PERMISSION_SECONDS = 30.0
"""For the calls of one ProbePermission, or of writing a customer's log. The last call may begin at
this time and take 22 seconds (`adapters/customer/session.py`); both functions have 55.
"""

ACCOUNT_SECONDS = 80.0
"""For ProbeAccount to enter the account, look at its regions and probe. The log is written after
it, and its last call begins within LOG_SECONDS. The function has 110."""

LOG_SECONDS = 5.0

SHORT_TEST_SECONDS = 8.0
"""For the calls of a test that a sweep makes itself. An account that takes longer gets a test of
its own."""

WEIGHING_SECONDS, LEAST_WEIGHING_SECONDS = 1.7, 0.4
"""Processor time for what an account may have much of, in a page of a sweep: evaluating policies on
databases, reading lists of instances, and the calls that find out for which instances a permission
is refused. In SHORT_TEST_SECONDS a page has 4.6 seconds of a processor, of which its other calls
take up to 2.9. Its organizations share the rest equally; with many, each has at least the 0.4,
because few use up their share. The worst policies that a customer can write take five seconds a
permission, ordinary ones a millisecond a database.
"""

CALL_SECONDS = 0.004
"""Processor time that a call takes at most."""

HUNDRED_INSTANCES_SECONDS = 0.05
"""Processor time that reading the description of a hundred instances takes."""

ROUND_SECONDS = 60.0
"""For a round of a synchronization. No page is asked for after it, and a call takes up to 22
seconds; what was found is stored then. `ReadOrganization` has 180.
"""

PATIENCE_SECONDS = 8.5
"""How long a page of a sweep waits for the slowest of its accounts."""

HAND_OVER_SECONDS = 1.0
"""How long it waits then until accounts have been given tests of their own."""

BEGINNING_SECONDS = 10.0
"""No test of its own is started later than this after its account was chosen: the test would
outlive its slot.
"""

HOLD_UP_SECONDS = 2.0
"""How much longer than usual an organization's clear tests may take on a page of a sweep before it
is put behind. One with an unclear test that holds up a page for longer hung.
"""

UNCLEAR_HOLD_UP_SECONDS = 0.5
"""How much longer an organization without a verdict may hold up others in a sweep before it is put
behind by a line, and so on. An account that is too heavy counts for as much at least. With the page
on which tests hang, others wait ten seconds for them at most.
"""

SWEEP_SECONDS = 100.0
"""No page begins after this. It takes PATIENCE_SECONDS and HAND_OVER_SECONDS, so that a sweep is
over before the next one begins, and each call of the table takes up to 25. SweepAccounts has 180.
"""

STARTING_SECONDS = 10.0
"""For starting synchronizations, after the tests of a sweep. None is started after this."""

SWEEP_IS_OVER_SECONDS = SWEEP_SECONDS + PATIENCE_SECONDS + HAND_OVER_SECONDS
"""After its start, a sweep is over, also if Step Functions still lists it as running."""

PUBLISHING_SECONDS, SENDING_SECONDS = 15.0, 30.0
"""After the first, no events are put on the bus, and after the second, no messages sent to a queue.
A call without an answer takes 13, so what the bus took can be sent. PublishEvents has 60, and what
it leaves is delivered to it again.
"""

LINES_SECONDS = 25.0
"""No customer's log lines are begun after this. The last ones may take one more call without an
answer, of 22 seconds (`adapters/customer/session.py`). LogInteractions has 55.
"""


ENDING_SECONDS = 30.0
"""No resource of a deleted account is deleted after this, and none of their clocks ended. One write
of the table takes up to 25, and a clock that EventBridge Scheduler throttles 15. EndResources has
60: deleting many accounts must not hold Lambda's executions for long.
"""

LEFT_FOR_ANSWERING_SECONDS = 4.0
"""Before an HTTP function's time is over, no request begins to wait for others or for a throttled
table: who is told so tries again. A wait takes a second (`adapters/table/table.py`).
"""

IMPORTING_SECONDS = 6.0
"""No account of an import is stored after this. One that is being stored then waits for others as
any request does. The API's function has 15.
"""

SELECTING_SECONDS = 6.0
"""For finding the accounts that a filter selects, before a bulk operation begins. The API's
function has 15.
"""

BULK_SECONDS = 20.0
"""No account of a bulk operation is begun after this: others wait that long at most for an
execution. The last one takes a minute where AWS answers late. RunBulkOperation has 90; what it does
not finish, another invocation does.
"""

RECONCILING_SECONDS = 840.0
"""No unknown clock is ended after this. ReconcileClocks has 900."""


@dataclass(frozen=True, slots=True)
class Deadline:
    """A moment of a monotonic clock, both in seconds."""

    at: float
    clock: Callable[[], float]

    @classmethod
    def after(cls, seconds: float, clock: Callable[[], float]) -> Self:
        """So many seconds from now."""
        return cls(clock() + seconds, clock)

    def later(self, seconds: float) -> Self:
        """So many seconds after this one."""
        return replace(self, at=self.at + seconds)

    @property
    def left(self) -> float:
        """Seconds until then; 0 afterwards."""
        return max(0.0, self.at - self.clock())

    def check(self) -> None:
        """To be called before each call to AWS. Raises OutOfTime."""
        if not self.left:
            raise OutOfTime("The time for this test ran out before AWS was asked.")


NO_DEADLINE = Deadline(inf, lambda: 0.0)


@dataclass(slots=True)
class _Shared:
    left: float
    at_once: int = 0
    in_use: Lock = field(default_factory=Lock)
    counting: Condition = field(default_factory=Condition)


class ProcessorTime:
    """Seconds of processor time that threads share. `clock`: what the calling thread has used so
    far, in seconds. `short`: whether something was not done because too little was left.
    """

    def __init__(self, seconds: float, clock: Callable[[], float]) -> None:
        self.clock, self.short, self._shared = clock, False, _Shared(seconds)

    @property
    def left(self) -> float:
        """Seconds."""
        return self._shared.left

    def of_one(self) -> Self:
        """The same time for one of those that share it, with a `short` of its own."""
        return copy(self)

    @contextmanager
    def used(self) -> Iterator[Deadline]:
        """One thread at a time, which waits for others. The deadline is when nothing is left. What
        was used is counted whenever somebody looks at it, so that nobody else spends it too.
        """
        shared = self._shared
        with shared.in_use:
            before, none_left = self.clock(), False

            def less_than_none() -> float:
                nonlocal before, none_left
                with shared.counting:
                    now = self.clock()
                    shared.left, before = max(0.0, shared.left + before - now), now
                    none_left = not shared.left
                    return -shared.left

            try:
                yield Deadline(0.0, less_than_none)
            except OutOfTime:
                self.short |= none_left  # as it was when that was raised; else another time is over
                raise
            finally:
                less_than_none()

    @contextmanager
    def spent(self, expected: float = 0.0, *, waiting: float = 0.0) -> Iterator[None]:
        """Of any number of threads at once. What is expected is set aside meanwhile; it may take
        more. `waiting`: how many seconds it waits for others, who may need less than they set
        aside. Raises OutOfTime if too little is left then.
        """
        shared = self._shared
        with shared.counting:
            shared.counting.wait_for(lambda: self.left >= expected or not shared.at_once, waiting)
            if shared.left < expected:
                self.short = True
                raise OutOfTime("This test needs the processor for longer than others can wait.")
            shared.left -= expected
            shared.at_once += 1
        began = self.clock()
        try:
            yield
        finally:
            took = self.clock() - began
            with shared.counting:
                shared.left = max(0.0, shared.left + expected - took)
                shared.at_once -= 1
                shared.counting.notify_all()
