"""All customers share a client a service and region, and no call is made under another's key.

A server of our own stands for AWS. It notes under which key each request came, and for whom the
request says it is.
"""

from __future__ import annotations

import random
import re
import threading
import time
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs

import pytest
from botocore import UNSIGNED
from botocore.exceptions import ClientError
from pytest_socket import enable_socket

from cavok.adapters.customer import session as module
from cavok.adapters.customer.session import Credentials, CustomerSession, WrongKey
from cavok.adapters.table.table import Item
from cavok.services.sweep import AT_ONCE

CUSTOMERS, THREADS, CALLS = 12, 24, 400
EMPTY = b"<ListRolePoliciesResponse><ListRolePoliciesResult/></ListRolePoliciesResponse>"
MORE = EMPTY.replace(
    b"<ListRolePoliciesResult/>",
    b"<ListRolePoliciesResult><IsTruncated>true</IsTruncated><Marker>1</Marker></ListRolePoliciesResult>",
)
OWN_KEY = "AKIAOURFUNCTIONSOWNX"


@dataclass
class Aws:
    """Who came, as pairs of whose call a request says that it is, and whose key signed it."""

    came: list[tuple[str, str]] = field(default_factory=list)
    refuses_first_tries: bool = False
    throttled: str = ""
    tokens: set[tuple[str, str]] = field(default_factory=set)

    @property
    def under_another_key(self) -> int:
        return sum(whose != key for whose, key in self.came)


@pytest.fixture(autouse=True)
def stack() -> None:
    """No AWS."""


@pytest.fixture
def aws(monkeypatch: pytest.MonkeyPatch) -> Iterator[Aws]:
    """Answers IAM's calls after a random while; some with an error that botocore repeats."""
    aws = Aws()

    class Answers(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"  # connections are kept, and shared by customers

        def do_POST(self) -> None:
            body = parse_qs(self.rfile.read(int(self.headers["Content-Length"])).decode())
            signed = re.search("Credential=([^/]+)/", self.headers["Authorization"])
            assert signed
            aws.came.append((body["RoleName"][0], signed[1]))
            aws.tokens.add((signed[1], self.headers["X-Amz-Security-Token"]))
            time.sleep(random.uniform(0, 0.005))
            first = "attempt=1" in self.headers["amz-sdk-request"]
            throttled = signed[1] == aws.throttled
            fails = throttled or (aws.refuses_first_tries and first)
            answer = b"" if fails else EMPTY if "Marker" in body else MORE
            self.send_response(503 if throttled else 500 if fails else 200)
            self.send_header("Content-Length", str(len(answer)))
            self.end_headers()
            self.wfile.write(answer)

        def log_message(self, *_: object) -> None:
            pass

    enable_socket()
    with ThreadingHTTPServer(("127.0.0.1", 0), Answers) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        monkeypatch.setenv("AWS_ENDPOINT_URL", f"http://127.0.0.1:{server.server_port}")
        monkeypatch.setenv("AWS_ACCESS_KEY_ID", OWN_KEY)
        monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "own")
        module._shared_client.cache_clear()
        yield aws
        module._shared_client.cache_clear()
        server.shutdown()


def customer(number: int) -> CustomerSession:
    key = f"ASIACUSTOMER{number:08}"
    return CustomerSession(
        account_number=f"{number:012}",
        region="us-east-1",
        role_name=key,
        credentials=Credentials(key, "secret", f"token of {key}"),
    )


def list_policies(session: CustomerSession) -> None:
    """Two pages, so that a call begins where another customer's may have ended."""
    pages = session.client("iam").get_paginator("list_role_policies")
    assert len(list(pages.paginate(RoleName=session.role_name))) == 2


def call_at_once(aws: Aws) -> None:
    """Hundreds of calls of many customers in many threads, also of one customer in several."""
    sessions = [customer(number) for number in range(CUSTOMERS)]
    order = [random.choice(sessions) for _ in range(CALLS // 2)]
    with ThreadPoolExecutor(THREADS) as pool:
        list(pool.map(list_policies, order))


def test_each_call_goes_out_under_its_own_customers_key(aws: Aws) -> None:
    call_at_once(aws)

    assert len(aws.came) == CALLS
    assert aws.under_another_key == 0
    assert len(Counter(key for _, key in aws.came)) == CUSTOMERS
    assert aws.tokens == {(key, f"token of {key}") for key, _ in aws.tokens}


def test_a_repeated_call_too(aws: Aws) -> None:
    aws.refuses_first_tries = True
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(list_policies, [customer(number) for number in range(4)] * 2))

    assert len(aws.came) == 2 * 2 * 8
    assert aws.under_another_key == 0


def test_a_customer_whose_calls_keep_failing_leaves_the_others_their_repetitions(
    aws: Aws, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A customer can have its own account throttled, and botocore counts repetitions by client."""
    monkeypatch.setattr(time, "sleep", lambda _: None)
    failing, other = customer(1), customer(2)
    aws.throttled = str(failing.role_name)
    for _ in range(120):
        with pytest.raises(ClientError):
            failing.client("iam").list_role_policies(RoleName=failing.role_name)
    assert len(aws.came) == 2 * 120, "each call was repeated once"

    aws.refuses_first_tries = True
    list_policies(other)


def test_customers_share_one_client_and_its_connections(aws: Aws) -> None:
    one, other = (customer(n).client("iam") for n in (1, 2))

    assert one._endpoint is other._endpoint
    assert module._shared_client.cache_info().misses == 1


def test_a_page_of_a_sweep_keeps_its_connections() -> None:
    """STS is asked three things at once about each account."""
    assert module.CALL.max_pool_connections >= 3 * AT_ONCE  # type: ignore[attr-defined]
    assert Item.Meta.max_pool_connections > AT_ONCE


def test_connections_are_closed_before_there_are_too_many_and_made_again(
    aws: Aws, monkeypatch: pytest.MonkeyPatch
) -> None:
    list_policies(customer(1))
    manager = module._shared_client("iam", "us-east-1")._endpoint.http_session._manager
    module.close_idle_connections()
    assert len(manager.pools) == 1, "few are kept"

    monkeypatch.setattr(module, "MOST_DESCRIPTORS", 0)
    module.close_idle_connections()

    assert len(manager.pools) == 0
    list_policies(customer(1))


def test_connections_are_closed_too_if_nobody_can_say_how_many_there_are(
    aws: Aws, without_lists_of_descriptors: None
) -> None:
    list_policies(customer(1))
    manager = module._shared_client("iam", "us-east-1")._endpoint.http_session._manager

    module.close_idle_connections()

    assert len(manager.pools) == 0
    list_policies(customer(1))


def test_the_shared_client_alone_sends_nothing_least_of_all_as_ourselves(aws: Aws) -> None:
    shared = module._shared_client("iam", "us-east-1")

    with pytest.raises(WrongKey):
        shared.list_role_policies(RoleName="nobody")

    assert aws.came == []
    assert shared._request_signer._credentials.access_key != OWN_KEY


def test_nor_does_another_thread_that_was_handed_the_shared_client(aws: Aws) -> None:
    """A call of a customer is going on meanwhile."""
    shared = module._shared_client("iam", "us-east-1")
    with ThreadPoolExecutor(2) as pool:
        calls = [pool.submit(list_policies, customer(1)) for _ in range(10)]
        alone = [pool.submit(shared.list_role_policies, RoleName="nobody") for _ in range(10)]

    assert all(isinstance(each.exception(), WrongKey) for each in alone)
    assert not any(each.exception() for each in calls)
    assert {whose for whose, _ in aws.came} == {customer(1).role_name}


def test_a_call_that_another_key_signed_is_not_sent(
    aws: Aws, monkeypatch: pytest.MonkeyPatch
) -> None:
    """botocore's signer, should it ever take the credentials from somewhere else."""
    theirs = module.Signer("ASIASOMEBODYELSE0000", "secret")
    monkeypatch.setattr(module.Signer, "get_frozen_credentials", lambda _: theirs)

    with pytest.raises(WrongKey) as raised:
        list_policies(customer(1))

    assert aws.came == []
    assert "ASIA" not in str(raised.value)


def test_nor_one_that_nobody_signed(aws: Aws) -> None:
    client = customer(1).client("iam")
    client.meta.events.register("choose-signer.iam", lambda **_: UNSIGNED)

    with pytest.raises(WrongKey):
        client.list_role_policies(RoleName="nobody")

    assert aws.came == []
