"""What the adapters are made of is made once."""

from __future__ import annotations

import inspect
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
from tests.support.template import template

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


def clients_of_all_adapters(monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    """Every client that wiring makes, and one that customers share."""
    made, create = [], Session.create_client

    def note(session: Session, *given: Any, **but: Any) -> Any:
        client = create(session, *given, **but)
        made.append(client)
        return client

    monkeypatch.setattr(Session, "create_client", note)
    monkeypatch.setattr(wiring, "setting", lambda name: SETTINGS.get(name, "https://sqs.example/q"))
    makers = [
        one
        for one in vars(wiring).values()
        if inspect.isfunction(inspect.unwrap(one)) and one.__module__ == wiring.__name__
    ]
    cached = [one for one in makers if hasattr(one, "cache_clear")]
    for each in (*cached, session._shared_client):
        each.cache_clear()
    try:
        for make in makers:
            needed = inspect.signature(make).parameters.values()
            if all(one.default is not one.empty for one in needed):
                make()
        assert wiring.table().connection.client
        session._shared_client("ec2", "us-east-1")
    finally:
        for each in (*cached, session._shared_client):
            each.cache_clear()
    return made


SETTINGS = {
    "AWS_REGION": "us-east-1",
    "AUDIT_DAYS": "365",
    "TRUST_MAX_AGE": "15",
    "PUBLIC_TEMPLATES": "false",
    "QUOTAS": template()["Parameters"]["Quotas"]["Default"],
}


def test_no_client_waits_longer_for_aws_than_a_function_may(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """botocore waits a minute for a connection, and another for an answer, five times."""
    clients = clients_of_all_adapters(monkeypatch)

    services = {client.meta.service_model.service_name for client in clients}
    ours = {"dynamodb", "events", "kms", "s3", "scheduler", "sqs", "stepfunctions", "sts"}
    assert services == ours | {"ec2"}
    waits = {
        client.meta.service_model.service_name: (config.connect_timeout, config.read_timeout)
        for client in clients
        for config in (client.meta.config,)
    }
    assert {name: both for name, both in waits.items() if both[0] > 3 or both[1] > 8} == {}


@pytest.mark.parametrize(
    "client",
    [
        lambda: wiring.sealer.__wrapped__()._kms,
        lambda: wiring.workflows.__wrapped__()._sfn,
        lambda: wiring.templates.__wrapped__()._s3,
    ],
    ids=["a key", "Step Functions", "a bucket"],
)
def test_a_person_does_not_wait_for_what_does_not_answer_until_the_function_ends(
    monkeypatch: pytest.MonkeyPatch, client: Callable[[], Any]
) -> None:
    monkeypatch.setenv("AWS_DEFAULT_REGION", "us-east-1")
    monkeypatch.setattr(wiring, "setting", lambda name: SETTINGS.get(name, "arn:of:it"))
    monkeypatch.setattr(wiring, "_sfn", wiring._sfn.__wrapped__)
    config = client().meta.config

    longest = config.retries["total_max_attempts"] * (config.connect_timeout + config.read_timeout)
    assert longest < template()["Globals"]["Function"]["Timeout"] - 2


def forget() -> None:
    """Those of other tests have an environment of their own."""
    for made in (wiring.sealer, wiring._sts, session._shared_client):
        made.cache_clear()
