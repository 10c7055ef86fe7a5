"""What the adapters are made of is made once."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from botocore.session import Session

from cavok import wiring
from cavok.adapters.customer import session
from cavok.adapters.customer.assume_role import STS_ALWAYS_ON

THREADS = 6


@pytest.mark.parametrize(
    "make",
    [
        wiring.sealer,
        lambda: wiring._sts(STS_ALWAYS_ON),
        wiring._sts,
        lambda: session._shared_client("ec2", "us-east-1"),
    ],
    ids=["sealer", "STS elsewhere", "STS", "a customer's EC2"],
)
def test_threads_that_need_a_client_at_once_make_one(
    monkeypatch: pytest.MonkeyPatch, make: Callable[[], Any]
) -> None:
    """Nor do they make several clients at a time, which boto3 does not allow."""
    made, create, together = [], Session.create_client, threading.Barrier(THREADS)

    def slowly(session: Session, service: str, *rest: Any, **but: Any) -> Any:
        made.append(service)
        time.sleep(0.05)
        return create(session, service, *rest, **but)

    def need(_: int) -> Any:
        together.wait(60)
        return make()

    monkeypatch.setenv("SEALING_KEY_ID", "alias/cavok-sealing")
    monkeypatch.setenv("AWS_DEFAULT_REGION", "us-east-1")
    monkeypatch.setattr(Session, "create_client", slowly)
    forget()
    try:
        with ThreadPoolExecutor(THREADS) as pool:
            found = list(pool.map(need, range(THREADS)))
    finally:
        forget()

    assert len(made) == 1, made
    assert len(set(map(id, found))) == 1


def forget() -> None:
    """Those of other tests have an environment of their own."""
    for made in (wiring.sealer, wiring._sts, session._shared_client):
        made.cache_clear()
