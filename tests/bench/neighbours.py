"""How long an organization's requests take on the local stack, over HTTP, while another one that is
at a limit asks without a pause.

Both share more here than on AWS: one process is gateway, table and Lambda for all, on the machine's
few cores. So this is an upper bound, and only the ratio of the two says something.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from statistics import median, quantiles

import httpx

from local.stack import Stack
from tests.bench.warm_request import Neighbours
from tests.support.http import answer
from tests.support.organizations import new_organization
from tests.support.webhook_receiver import receiver

WEBHOOK, TEST_MESSAGE = "/v1/organization/webhook", "/v1/organization/webhook/test"
REQUESTS = 25
"""Of each kind in a run."""


def measure(stack: Stack, runs: int) -> Neighbours:
    """95th percentiles of `GET /v1/organization`, idle and beside the other in turn."""
    seconds: dict[str, list[float]] = {"alone": [], "beside": []}
    with new_organization(stack) as own, new_organization(stack) as greedy, receiver() as hook:
        settings = {"url": hook.url, "events": ["Account Created"]}
        answer(greedy.admin.put(WEBHOOK, json=settings))
        while greedy.admin.post(TEST_MESSAGE).status_code != 429:
            pass
        refusals: list[float] = []
        for _ in range(runs):
            seconds["alone"] += _requests(own.admin)
            with _asking(greedy.admin, refusals):
                seconds["beside"] += _requests(own.admin)
        answer(greedy.admin.delete(WEBHOOK))
    p95 = {name: quantiles(each, n=20)[-1] for name, each in seconds.items()}
    return Neighbours(p95["alone"], p95["beside"], median(refusals))


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
            if status == 429:
                refusals.append(seconds)

    asking = threading.Thread(target=ask)
    asking.start()
    yield
    over.set()
    asking.join()
