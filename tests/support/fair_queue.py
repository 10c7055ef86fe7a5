"""A model of a fair queue and of its consumers, by what AWS documents.

A tenant is noisy while it has more than a tenth of the consumers' recent processing time, or more
than a tenth of the messages in flight and at least 30. Messages of quiet tenants come first, then
those of the noisy tenant with the fewest in flight. A message without a group is a tenant of its
own. AWS calls these thresholds approximate.

Source: SQS Developer Guide, "How Amazon SQS fair queues work".
"""

from __future__ import annotations

import heapq
from collections import Counter, deque
from collections.abc import Sequence
from dataclasses import dataclass

NOISY_SHARE = 0.1
NOISY_IN_FLIGHT = 30
RECENT_SECONDS = 60.0
"""Not documented: what of the consumers' processing time is recent."""


@dataclass(frozen=True)
class Sent:
    """A message. `group` is null if it names none. It keeps its consumer for `seconds`; null: as
    long as the others.
    """

    name: str
    group: str | None
    at: float
    seconds: float | None = None


def taken_at(messages: Sequence[Sent], *, consumers: int, seconds: float) -> dict[str, float]:
    """When each message is taken, by its name. Each keeps one of the consumers for `seconds`."""
    tenant = {each.name: each.group or each.name for each in messages}
    coming = deque(sorted(messages, key=lambda each: each.at))
    waiting: dict[str, deque[Sent]] = {}
    busy: list[tuple[float, str]] = []
    done: list[tuple[float, str]] = []
    found: dict[str, float] = {}
    now = 0.0
    while coming or waiting:
        while coming and coming[0].at <= now:
            each = coming.popleft()
            waiting.setdefault(tenant[each.name], deque()).append(each)
        if waiting and len(busy) < consumers:
            flying = Counter(tenant[name] for _, name in busy)
            done = [each for each in done if now - each[0] < RECENT_SECONDS]
            worked = Counter(tenant[name] for _, name in done)

            first = min(
                waiting,
                key={
                    mine: _rank(
                        flying[mine], len(busy), worked[mine], len(done), waiting[mine][0].at
                    )
                    for mine in waiting
                }.__getitem__,
            )
            chosen = waiting[first].popleft()
            if not waiting[first]:
                del waiting[first]
            found[chosen.name] = now
            lasts = seconds if chosen.seconds is None else chosen.seconds
            heapq.heappush(busy, (now + lasts, chosen.name))
            continue
        if busy and (not coming or waiting or busy[0][0] <= coming[0].at):
            now, name = heapq.heappop(busy)
            done.append((now, name))
        else:
            now = coming[0].at
    return found


def _rank(
    flying: int, all_flying: int, worked: int, all_worked: int, at: float
) -> tuple[bool, int, float]:
    """The first is served first."""
    noisy = worked > NOISY_SHARE * all_worked or (
        flying >= NOISY_IN_FLIGHT and flying > NOISY_SHARE * all_flying
    )
    return noisy, flying if noisy else 0, at
