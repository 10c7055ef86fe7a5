"""How long an organization's requests take on the local stack, over HTTP, while another one that is
at a limit asks without a pause; and how long its webhook's messages take while many wait for
another's slow receiver.

Both share more here than on AWS: one process is gateway, table and Lambda for all, on the machine's
few cores. So this is an upper bound, and only the comparison of the two says something.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from http import HTTPStatus
from statistics import median, quantiles

import httpx

from local.settings import Problem
from local.stack import Stack
from tests.bench.warm_request import Neighbours
from tests.support.http import answer
from tests.support.organizations import new_organization
from tests.support.webhook_messages import (
    PATH,
    messages_queue,
    set_webhook,
    slow_receiver,
    ten_take,
)
from tests.support.webhook_receiver import receiver

TEST_MESSAGE = f"{PATH}/test"
REQUESTS = 25
"""Of each kind in a run."""
MOST = 100
"""Test messages after which a limit of a few a minute is reached."""


def measure(stack: Stack, runs: int) -> Neighbours:
    """95th percentiles of `GET /v1/organization`, idle and beside the other in turn."""
    seconds: dict[str, list[float]] = {"alone": [], "beside": []}
    with new_organization(stack) as own, new_organization(stack) as greedy, receiver() as hook:
        set_webhook(greedy, hook, "Account Created")
        _reach_the_limit(greedy.admin)
        refusals: list[float] = []
        for _ in range(runs):
            seconds["alone"] += _requests(own.admin)
            with _asking(greedy.admin, refusals):
                seconds["beside"] += _requests(own.admin)
        answer(greedy.admin.delete(PATH))
    p95 = {name: quantiles(each, n=20)[-1] for name, each in seconds.items()}
    return Neighbours(p95["alone"], p95["beside"], median(refusals))


@dataclass(frozen=True)
class Messages:
    """Seconds until ten messages of an organization have arrived: alone, and while 200 of another
    one's wait for a receiver that answers each just before its time is up.
    """

    alone: float
    beside: float


def measure_messages(stack: Stack) -> Messages:
    """Once each, as an attack takes minutes."""
    queue = messages_queue(stack)
    with new_organization(stack) as own, receiver() as hook:
        set_webhook(own, hook, "Account Failed")
        alone = ten_take(queue, own, hook)
        with slow_receiver(stack, queue):
            beside = ten_take(queue, own, hook)
        answer(own.admin.delete(PATH))
    return Messages(alone, beside)


def _reach_the_limit(client: httpx.Client) -> None:
    """Raises Problem if it is not reached."""
    status = 0
    for _ in range(MOST):
        status = client.post(TEST_MESSAGE).status_code
        if status == HTTPStatus.TOO_MANY_REQUESTS:
            return
        if status >= HTTPStatus.BAD_REQUEST:
            break
    raise Problem(f"{TEST_MESSAGE} reaches no limit: it answers {status}.")


def _requests(client: httpx.Client) -> list[float]:
    return [_timed(client, "GET", "/v1/organization")[0] for _ in range(REQUESTS)]


def _timed(client: httpx.Client, method: str, path: str) -> tuple[float, int]:
    began = time.perf_counter()
    status = client.request(method, path).status_code
    return time.perf_counter() - began, status


@contextmanager
def _asking(client: httpx.Client, refusals: list[float]) -> Iterator[None]:
    """Six of its requests a minute are no refusals."""
    over = threading.Event()

    def ask() -> None:
        while not over.is_set():
            seconds, status = _timed(client, "POST", TEST_MESSAGE)
            if status == HTTPStatus.TOO_MANY_REQUESTS:
                refusals.append(seconds)

    asking = threading.Thread(target=ask)
    asking.start()
    try:
        yield
    finally:
        over.set()
        asking.join()
