"""The stack's data, on moto: the table as the template has it, the sealing key, the bucket, the
workflow. No socket opens.
"""

from __future__ import annotations

import errno
from collections import Counter
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric import rsa
from moto import mock_aws
from pytest_socket import disable_socket

from cavok import wiring
from cavok.adapters.customer.session import Credentials, CustomerSession
from cavok.adapters.table.accounts import Accounts
from cavok.adapters.table.interactions import Interactions
from cavok.domain.quotas import QuotaName
from tests.support import key_sizes, moto_speed, start_keys
from tests.support.api import Api
from tests.support.builders import NUMBER, ORGANIZATION_ID, WORKLOAD
from tests.support.interleaving import TRIED
from tests.support.moto_stack import (
    BUCKET,
    REGION,
    SYNCHRONIZATIONS,
    TABLE,
    WORKFLOW,
    make_stack,
    stop_the_clock,
)
from tests.support.reliability import counted
from tests.support.schedules import control, fired_clocks, orders, scheduler
from tests.support.start_stop import connect, dependencies, sessions

__all__ = [
    "connect",
    "control",
    "dependencies",
    "fired_clocks",
    "orders",
    "scheduler",
    "sessions",
]

KEY = "alias/cavok-sealing"
LIMITS = {"webhook_tests": 6}
"""Other quotas are never reached here: a warm process counts what all its tests do."""

_generate_one_key = cache(rsa.generate_private_key)
"""moto makes a pair of RSA keys for each KMS key, even for one that only seals, in 80 ms."""


def pytest_runtest_setup() -> None:
    disable_socket(allow_unix_socket=True)


@pytest.fixture(autouse=True)
def changed_moto(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Changed anew for each test: the same process may run tests of `tests/unit` between them."""
    monkeypatch.setattr(rsa, "generate_private_key", _generate_one_key)
    with start_keys.validated(), key_sizes.validated(), moto_speed.unsigned():
        yield


@pytest.fixture(autouse=True)
def stack(changed_moto: None, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Everything that the functions find, empty, at a time that is always the same. Clients are
    kept from test to test, as in a warm process.
    """
    for name in ("AWS_PROFILE", "AWS_SESSION_TOKEN", "AWS_ENDPOINT_URL"):
        monkeypatch.delenv(name, raising=False)
    environment = {
        "AUDIT_DAYS": "365",
        "FREE_INTERACTIONS": "1000",
        "QUOTAS": ",".join(f"{name}:{LIMITS.get(name, 1_000_000)}/60" for name in QuotaName),
        "TRUST_MAX_AGE": "15",
        "AWS_REGION": REGION,
        "AWS_DEFAULT_REGION": REGION,
        "TABLE_NAME": TABLE,
        "SWEEP_TESTS": "80",
        "SEALING_KEY_ID": KEY,
        "VERIFY_ACCOUNT_ARN": WORKFLOW,
        "SYNCHRONIZE_ORGANIZATION_ARN": SYNCHRONIZATIONS,
        "WEBHOOK_RETRIES_URL": "https://sqs.example/WebhookRetries",
        "UNDELIVERED_WEBHOOKS_URL": "https://sqs.example/UndeliveredWebhooks",
        "TEMPLATES_BUCKET": BUCKET,
        "PUBLIC_TEMPLATES": "true",
        "TRUSTED_ACCOUNT_ID": WORKLOAD,
        "CONNECTIONS_TOPIC": f"arn:aws:sns:{REGION}:{WORKLOAD}:cavok-connections",
        "POWERTOOLS_METRICS_NAMESPACE": "Cavok/Accounts",
        "POWERTOOLS_TRACE_DISABLED": "true",
    }
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    stop_the_clock(monkeypatch)
    for counted_by_time in (
        wiring.first_tries,
        wiring.answers_to_stacks,
        wiring.request_quota,
        wiring.quota_of_ends,
    ):
        counted_by_time.cache_clear()
    with mock_aws():
        make_stack(KEY)
        wiring.templates.cache_clear()
        wiring.kept_listings.cache_clear()
        yield


@pytest.fixture(autouse=True)
def _counted_interleavings(request: pytest.FixtureRequest) -> Iterator[None]:
    """Holds how many a test tries against docs/reliability.md."""
    before = Counter(TRIED)
    yield
    if tried := TRIED - before:
        numbers = (tried[each] for each in ("places", "runs", "conflicts"))
        counted("interleavings", f"`{request.node.name}`", *numbers, 0)


@pytest.fixture
def admin() -> Api:
    return Api(ORGANIZATION_ID, "admin")


@pytest.fixture
def viewer() -> Api:
    return Api(ORGANIZATION_ID, "viewer")


@pytest.fixture
def operator() -> Api:
    return Api(ORGANIZATION_ID, "operator")


@pytest.fixture
def other_admin() -> Api:
    """The admin of a second organization."""
    return Api("org-two", "admin")


@pytest.fixture
def nobody() -> Api:
    """A request that the gateway let through without a token, as on the public routes."""
    return Api(None)


@pytest.fixture
def accounts() -> Accounts:
    return wiring.accounts()


@pytest.fixture
def interactions() -> Interactions:
    return wiring.interactions()


@pytest.fixture
def session() -> CustomerSession:
    """The way into a customer's account. moto lets anybody do anything."""
    return CustomerSession(
        account_number=NUMBER,
        region=REGION,
        role_name="CavokCloud",
        credentials=Credentials("AKIAIOSFODNN7EXAMPLE", "nothing"),
    )


@pytest.fixture
def without_lists_of_descriptors(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody can say which files and connections are open: `/dev/fd` is not there on Lambda, and
    `/proc` takes a descriptor to look.
    """
    iterdir = Path.iterdir

    def refuse(folder: Path) -> Iterator[Path]:
        if folder.parts[:2] in {("/", "dev"), ("/", "proc")}:
            raise FileNotFoundError(errno.ENOENT, "No such file or directory", str(folder))
        return iterdir(folder)

    monkeypatch.setattr(Path, "iterdir", refuse)
