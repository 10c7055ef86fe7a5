"""Compares the clocks with the stored schedules, and repairs the differences."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from enum import StrEnum
from itertools import takewhile
from typing import TYPE_CHECKING

from cavok.domain.clocks import clocks_of, is_left_over, knows
from cavok.domain.deadlines import Deadline
from cavok.observability import count, logger
from cavok.services.clocks import complete_clocks

if TYPE_CHECKING:
    from cavok.adapters.scheduler import SchedulerClient
    from cavok.adapters.table.resources import Resources


class Difference(StrEnum):
    """A difference between the clocks and the stored schedules. The values are the names of
    metrics.

    MISSING  a schedule lacked a clock: it was not followed at that time of day.
    UNKNOWN  a clock that no schedule has: it did nothing.
    """

    MISSING = "MissingClocks"
    UNKNOWN = "UnknownClocks"


def reconcile_clocks(
    *, resources: "Resources", scheduler: "SchedulerClient", now: datetime, deadline: Deadline
) -> Iterator[tuple[Difference, str]]:
    """Creates missing clocks, and ends unknown ones. Yields each repair. A second run finds nothing
    more. A resource that cannot be read, and a clock that cannot be created, read or ended, does
    not hold up others: each is logged and counted, and what went wrong last is raised at the end.

    Reads both page by page, and keeps only the clocks' names and when they were made. Schedules may
    change meanwhile. Unknown clocks do no harm: after the deadline, the next run ends those that
    are left.
    """
    there = dict(scheduler.all_clocks())
    failure: Exception | None = None

    @contextmanager
    def concerning(item: str) -> Iterator[None]:
        nonlocal failure
        try:
            yield
        except Exception as error:  # noqa: BLE001  a failure concerns its item alone
            logger.exception("Not reconciled", item=item)
            count("ClockFaults")
            failure = error

    for key, read in resources.scheduled():
        with concerning(key):
            resource = read()
            wanted = clocks_of(resource, now)
            absent = [clock for clock in wanted if there.pop(clock.name, None) is None]
            for name in complete_clocks(resource, absent, resources=resources, scheduler=scheduler):
                yield Difference.MISSING, name
    for name, made_at in takewhile(lambda _: deadline.left, there.items()):
        with concerning(name):
            if is_left_over(made_at, now) and not _is_known(name, resources, scheduler):
                scheduler.end([name])
                yield Difference.UNKNOWN, name
    if failure:
        raise failure


def _is_known(name: str, resources: "Resources", scheduler: "SchedulerClient") -> bool:
    """Reads from the clock itself which resource it belongs to. The index of schedules may be late,
    or lack a schedule that is older than the index.
    """
    made_for = scheduler.resource_of(name)
    resource = resources.find(*made_for) if made_for else None
    return resource is not None and knows(resource, name)
