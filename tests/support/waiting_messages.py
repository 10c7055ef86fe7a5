"""A model of what waits in the queue of retries for one organization, which makes as many messages
as it can, and whose receiver knows all about us. The real `Health` and `Delivery` decide.
"""

from __future__ import annotations

import heapq
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import date, datetime, timedelta
from itertools import count, takewhile
from typing import NamedTuple

from cavok.domain.quotas import QuotaName, parse_quotas
from cavok.domain.webhooks import (
    COUNTED_TRY,
    LISTED_DELIVERIES,
    TRIES,
    WAITING_A_DAY,
    Delivery,
    DeliveryStatus,
    Health,
    this_try,
    wait_seconds,
)
from tests.support.builders import NOW, a_failed_delivery
from tests.support.template import resource, template

OF_AN_ACT = 2
"""A test ends, and the account's status changes; an instance is stopped, and does not follow."""
OF_A_NEW_ACCOUNT, OF_A_CHANGE = 11, 5
"""Scheduled tests of an account that never lets us in: until they come once a day, and again after
a change of its role.
"""
MINUTE = timedelta(minutes=1)
IN_SMALL = 10
"""New messages a minute in the model. It is linear, so that so many tell about more."""


def limits_a_minute() -> dict[QuotaName, float]:
    quotas = parse_quotas(template()["Parameters"]["Quotas"]["Default"])
    return {name: quota.limit * MINUTE / quota.per for name, quota in quotas.items()}


def messages_a_minute() -> int:
    """As many as an organization's quotas let it make. Requests that end something, such as an
    account, have no quota of their own. Each process counts requests alone: the gateway bounds all.
    """
    limits = limits_a_minute() | {QuotaName.REQUESTS: 0}
    requests = 60 * resource("ApiStage")["DefaultRouteSettings"]["ThrottlingRateLimit"]
    swept = OF_A_NEW_ACCOUNT * limits[QuotaName.NEW_ACCOUNTS]
    swept += OF_A_CHANGE * limits[QuotaName.CHANGES]
    return round(requests + OF_AN_ACT * sum(limits.values()) + swept)


class Try(NamedTuple):
    """A try of an event's message. `logged`: what the log says before it."""

    health: Health
    event: int
    tries: int
    logged: Delivery | None
    now: datetime


class Message(NamedTuple):
    """Comes next `at`. `sent_at`: when it was sent to the queue of retries; null before."""

    at: datetime
    number: int
    event: int
    sent_at: datetime | None
    received: int


class Organization:
    """`accepts`: its receiver. `meddles`: somebody ends each pause at once, and has the newest
    messages delivered again in turn, as often as the quota allows. `new`: whether it makes any.
    """

    def __init__(
        self,
        accepts: Callable[[Try], bool],
        *,
        meddles: bool = False,
        new: bool = True,
    ) -> None:
        self._accepts, self._meddles = accepts, meddles
        self._new = IN_SMALL if new else 0
        self._scale = IN_SMALL / messages_a_minute() if new else 1.0
        self._health = Health(organization_id="org-one")
        self._log: dict[int, Delivery] = {}
        self._counted: Counter[date] = Counter()
        self._queue: list[Message] = []
        self._numbers = count()
        self._events = 0

    def most_waiting(self, hours: int) -> int:
        """How many of its messages wait at most, if each is tried when it is due."""
        most, until = 0, NOW + timedelta(hours=hours)
        if not self._new:
            for _ in range(LISTED_DELIVERIES):
                self._make(NOW)
        # It ends the pause, too: both count.
        meddling = 2 * MINUTE / limits_a_minute()[QuotaName.WEBHOOK_CHANGES]
        acts = heapq.merge(
            _every(MINUTE / self._new, self._make) if self._new else (),
            _every(meddling / self._scale, self._deliver_again) if self._meddles else (),
            key=lambda act: act[0],
        )
        for now, act in takewhile(lambda act: act[0] < until, acts):
            act(now)
            while self._queue and self._queue[0].at <= now:
                self._try(heapq.heappop(self._queue))
                most = max(most, len(self._queue))
        return round(most / self._scale)

    def _make(self, now: datetime) -> None:
        self._send(now, self._events)
        self._events += 1

    def _deliver_again(self, now: datetime) -> None:
        newest = range(max(self._events - LISTED_DELIVERIES, 0), self._events)
        event = newest[next(self._numbers) % len(newest)]
        if logged := self._log.get(event):
            self._health = self._health.resumed(now)
            self._log[event] = logged.begun_anew(now)
            self._send(now, event)

    def _send(
        self, at: datetime, event: int, sent_at: datetime | None = None, received: int = 0
    ) -> None:
        message = Message(at, next(self._numbers), event, sent_at, received)
        heapq.heappush(self._queue, message)

    def _try(self, message: Message) -> None:
        now, event, received = message.at, message.event, message.received + 1
        logged = self._log.get(event)
        tries = this_try(logged, message.sent_at, received, now) if message.sent_at else 1
        if not tries:
            return
        delivery = _delivery(tries, now)
        if self._accepted(Try(self._health, event, tries, logged, now)):
            self._log[event] = replace(delivery, status=DeliveryStatus.DELIVERED)
            return
        if logged and _is_done(tries, logged, now):
            return
        if tries == COUNTED_TRY:
            self._counted[now.date()] += 1
            if self._counted[now.date()] > WAITING_A_DAY * self._scale:
                delivery = delivery.given_up()
        self._log[event] = delivery
        if delivery.open:
            again = now + timedelta(seconds=wait_seconds(tries))
            if tries == 1:
                self._send(again, event, now)
            else:
                self._send(again, event, message.sent_at, received)

    def _accepted(self, trial: Try) -> bool:
        if self._meddles:
            self._health = self._health.resumed(trial.now)
        paused = self._health.next_try_at
        if paused:
            if trial.now < paused:
                return False
            self._health = self._health.failed(trial.now)
        accepted = self._accepts(trial)
        if accepted and self._health.failures:
            self._health = self._health.mended(trial.now)
        elif not accepted and not paused:
            self._health = self._health.failed(trial.now)
        return accepted


_DELIVERY = a_failed_delivery("e-1", "{}")

Act = tuple[datetime, Callable[[datetime], None]]


def _every(interval: timedelta, act: Callable[[datetime], None]) -> Iterator[Act]:
    return ((NOW + number * interval, act) for number in count())


def _is_done(tries: int, logged: Delivery, now: datetime) -> bool:
    """After a failure, as `record_failure` says."""
    waits = tries == 1 < logged.tries and logged.as_of(now).open
    return waits or logged.status is DeliveryStatus.DELIVERED


def _delivery(tries: int, now: datetime) -> Delivery:
    last = tries >= TRIES
    return replace(
        _DELIVERY,
        status=DeliveryStatus.FAILED if last else DeliveryStatus.WAITING,
        tries=tries,
        next_try_at=None if last else now + timedelta(seconds=wait_seconds(tries)),
    )
