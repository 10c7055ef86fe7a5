"""A model of a fair queue and of its consumers, by what AWS documents.

A tenant is noisy while it has more than a tenth of the consumers' recent processing time, or more
than a tenth of the messages in flight and at least 30. Messages of quiet tenants come first, then
those of the noisy tenant with the fewest in flight. A message without a group is a tenant of its
own. AWS calls these thresholds approximate. Taken and hidden messages are in flight; at the most of
those, the queue hands out nothing.

A tenant is quiet again when it has no message left, or has sent none for five minutes. AWS does not
say whether one with such a share is then marked as noisy again at once. So both are modelled.

Sources: SQS Developer Guide, "How Amazon SQS fair queues work", "Amazon SQS standard queue quotas".
"""

from __future__ import annotations

import heapq
from collections import Counter, defaultdict, deque
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

NOISY_SHARE = 0.1
NOISY_IN_FLIGHT = 30
QUIET_AFTER_SECONDS = 300.0
RECENT_SECONDS = 60.0
"""Not documented: what of the consumers' processing time is recent."""
MOST_IN_FLIGHT = 120_000

Work = tuple[float, str, float, int]
"""When a consumer's work on a message ends, whose it is, how long it takes, and which consumer."""
Handle = Callable[["Sent", int, float], float]
"""How long a consumer, 0 to n - 1, works on a message that it takes at this time."""
Timed = TypeVar("Timed", bound=tuple[Any, ...])


@dataclass(frozen=True)
class Sent:
    """A message. `group` is null if it names none. It keeps its consumer for `seconds`; null: as
    long as the others. Then it is hidden for `hidden` seconds; it is not taken again.
    """

    name: str
    group: str | None
    at: float
    seconds: float | None = None
    hidden: float = 0.0

    @property
    def tenant(self) -> str:
        return self.group or self.name


def taken_at(
    messages: Sequence[Sent],
    *,
    consumers: int,
    seconds: float,
    most_in_flight: int = MOST_IN_FLIGHT,
    stays_quiet: bool = False,
    handle: Handle | None = None,
) -> dict[str, float]:
    """When each message is taken, by its name. Each keeps one of the consumers for `seconds`, or as
    long as `handle` says.
    `stays_quiet`: a tenant that has sent nothing for five minutes is not marked as noisy again.
    """
    coming = sorted((each.at, number, each) for number, each in enumerate(messages))
    waiting: dict[str, deque[Sent]] = {}
    newest: dict[str, float] = {}
    busy: list[Work] = []
    free = list(range(consumers))
    in_flight: list[tuple[float, str]] = []
    done: deque[Work] = deque()
    worked: dict[str, float] = defaultdict(float)
    found: dict[str, float] = {}
    now = 0.0
    while coming or waiting:
        for *_, each in _past(coming, now):
            waiting.setdefault(each.tenant, deque()).append(each)
            newest[each.tenant] = each.at
        over = _past(busy, now)
        done += over
        for _, tenant, lasted, _ in over:
            worked[tenant] += lasted
        free += [consumer for *_, consumer in over]
        _past(in_flight, now)
        if waiting and free and len(in_flight) < most_in_flight:
            while done and now - done[0][0] >= RECENT_SECONDS:
                _, tenant, lasted, _ = done.popleft()
                worked[tenant] = round(worked[tenant] - lasted, 6)  # 0 when all of it is past
            noisy = _noisy([tenant for _, tenant in in_flight], worked)
            if stays_quiet:
                noisy = {n: f for n, f in noisy.items() if now - newest[n] < QUIET_AFTER_SECONDS}
            first = min(waiting, key=lambda one: (noisy.get(one, -1), waiting[one][0].at))
            chosen = waiting[first].popleft()
            waiting = {tenant: left for tenant, left in waiting.items() if left}
            found[chosen.name] = now
            lasts, consumer = seconds if chosen.seconds is None else chosen.seconds, free.pop(0)
            lasts = handle(chosen, consumer, now) if handle else lasts
            heapq.heappush(busy, (now + lasts, first, lasts, consumer))
            heapq.heappush(in_flight, (now + lasts + chosen.hidden, first))
        else:
            now = min(heap[0][0] for heap in (coming, busy, in_flight) if heap)
    return found


def _past(heap: list[Timed], now: float) -> list[Timed]:
    """Takes out what is over, or has come, at this time."""
    found = []
    while heap and heap[0][0] <= now:
        found.append(heapq.heappop(heap))
    return found


def _noisy(flying: list[str], worked: Mapping[str, float]) -> dict[str, int]:
    """The noisy tenants, with how many messages each has in flight. `flying`: the tenant of each
    message in flight. `worked`: the recent processing time of each.
    """
    in_flight, of_all = Counter(flying), sum(worked.values())
    busy = {one for one, lasted in worked.items() if lasted > NOISY_SHARE * of_all}
    many = {
        one
        for one, count in in_flight.items()
        if count >= NOISY_IN_FLIGHT and count > NOISY_SHARE * len(flying)
    }
    return {one: in_flight[one] for one in busy | many}
