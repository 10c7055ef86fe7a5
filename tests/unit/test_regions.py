"""What we call, and the addresses that we hand out, in every region: the region's own host, as
botocore's endpoint data has it. No endpoint is overridden here, as it is on the local stack.
"""

from __future__ import annotations

import ast
import inspect
import re
import traceback
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import boto3
import botocore.session
import pytest
from botocore.client import BaseClient

from cavok import wiring
from cavok.adapters import making_clients
from cavok.adapters.customer import session as customer_session
from cavok.adapters.customer.assume_role import STS_ALWAYS_ON
from cavok.adapters.customer.session import Credentials, CustomerSession
from cavok.adapters.table.table import Item
from cavok.domain.kinds import Kind
from cavok.domain.regions import REGIONS
from local.settings import ROOT
from tests.support.builders import NUMBER
from tests.support.template import template

PACKAGE = ROOT / "layers" / "shared" / "cavok"
GLOBAL = {
    "iam": "iam.amazonaws.com",
    "organizations": "organizations.us-east-1.amazonaws.com",
}
"""Services with one host for all regions. Source: AWS General Reference, "AWS Identity and Access
Management endpoints and quotas" and "AWS Organizations endpoints and quotas".
"""
OF_US_EAST_1 = {"s3.amazonaws.com"}
"""Hosts that serve this region itself. Source: S3 User Guide, "Request routing"."""

Place = tuple[str, int]


class Created(Exception):
    """A request was made, and goes no further. The message is its address."""


def factories() -> list[Callable[[], Any]]:
    """Everything that wiring makes without being told anything."""
    return [
        value
        for name, value in vars(wiring).items()
        if inspect.isroutine(inspect.unwrap(value))
        and inspect.unwrap(value).__module__ == wiring.__name__
        if all(p.default is not p.empty for p in inspect.signature(value).parameters.values())
        if name != "setting"
    ]


@cache
def calls_of_client() -> dict[Place, ast.Call]:
    """Where the package makes a client, or asks a customer's session for one."""
    return {
        (str(path), node.lineno): node
        for path in PACKAGE.rglob("*.py")
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.Call)
        and isinstance(node.func, ast.Attribute)
        and node.func.attr == "client"
    }


def makes_client(call: ast.Call) -> bool:
    made_by = "making_clients.session()"
    return isinstance(call.func, ast.Attribute) and ast.unparse(call.func.value) == made_by


def services_in_accounts() -> set[str]:
    """The services that we call in customers' accounts."""
    asked = (call.args[0] for call in calls_of_client().values() if not makes_client(call))
    named = {str(each.value) for each in asked if isinstance(each, ast.Constant)}
    return named | {kind.descriptor.service for kind in Kind}


@contextmanager
def recorded(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[tuple[Place, BaseClient]]]:
    """Each client that is made meanwhile, by boto3 or by pynamodb, and the place in our package."""
    made: list[tuple[Place, BaseClient]] = []
    create = botocore.session.Session.create_client

    def create_client(session: Any, *words: Any, **named: Any) -> BaseClient:
        client: BaseClient = create(session, *words, **named)
        frames = [f for f in traceback.extract_stack() if f.filename.startswith(str(PACKAGE))]
        place = (frames[-1].filename, frames[-1].lineno or 0) if frames else ("", 0)
        made.append((place, client))
        return client

    with monkeypatch.context() as patch:
        patch.setattr(botocore.session.Session, "create_client", create_client)
        yield made


def host_called(client: BaseClient) -> str:
    """The host that a request of this client goes to: its first operation that takes nothing."""
    model = client.meta.service_model
    operation = next(
        name
        for name, operation in client.meta.method_to_api_mapping.items()
        if not (shape := model.operation_model(operation).input_shape) or not shape.required_members
        if name.startswith(("list_", "describe_", "get_"))
    )

    def stop(request: Any, **_: Any) -> None:
        raise Created(request.url)

    client.meta.events.register_first("request-created.*", stop)
    with pytest.raises(Created) as created:
        getattr(client, operation)()
    client.meta.events.unregister("request-created.*", stop)  # clients are shared
    return str(urlsplit(str(created.value)).hostname)


@cache
def resolver() -> Any:
    return botocore.session.get_session().get_component("endpoint_resolver")


def is_of(region: str, client: BaseClient) -> bool:
    """Whether a client calls the region's own host, or the one that all regions share."""
    service, host = client.meta.service_model.service_name, host_called(client)
    prefix = client.meta.service_model.endpoint_prefix
    if service in GLOBAL:
        return host == GLOBAL[service]
    if region == "us-east-1" and host in OF_US_EAST_1:
        return True
    expected = resolver().construct_endpoint(prefix, region)["hostname"]
    return host == f"{prefix}.{region}.amazonaws.com" and host in (expected, *OF_US_EAST_1)


@pytest.fixture
def ours(monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[str], None]]:
    """Puts our functions into a region."""
    for name in ("AWS_ENDPOINT_URL", "AWS_PROFILE"):
        monkeypatch.delenv(name, raising=False)
    session = botocore.session.get_session()
    session.set_credentials("key", "secret")
    shared = boto3.Session(botocore_session=session)
    monkeypatch.setattr(making_clients, "botocore_session", lambda: session)
    monkeypatch.setattr(making_clients, "session", lambda: shared)
    values = {"AUDIT_DAYS": "1", "TRUST_MAX_AGE": "1", "PUBLIC_TEMPLATES": "false"}
    values["QUOTAS"] = template()["Parameters"]["Quotas"]["Default"]

    for name in ("table_name", "region"):
        monkeypatch.setattr(Item.Meta, name, "", raising=False)

    def be_in(region: str) -> None:
        session.set_config_variable("region", region)
        settings = values | {"AWS_REGION": region}
        monkeypatch.setattr(wiring, "setting", lambda name: settings.get(name, name))
        monkeypatch.setattr(Item, "_connection", None, raising=False)
        forget()

    def forget() -> None:
        for each in [*vars(wiring).values(), customer_session._shared_client]:
            if hasattr(each, "cache_clear"):
                each.cache_clear()

    yield be_in
    forget()


def test_every_client_of_ours_calls_the_host_of_our_region(
    ours: Callable[[str], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    wrong, places, services = [], set(), set()
    for region in sorted(REGIONS):
        ours(region)
        with recorded(monkeypatch) as made:
            for factory in factories():
                factory()
            # It connects when it is used.
            _ = wiring.table().connection.client
        places |= {place for place, _ in made}
        services |= {client.meta.service_model.service_name for _, client in made}
        wrong += [(region, host_called(client)) for _, client in made if not is_of(region, client)]

    assert wrong == []
    making = {place for place, call in calls_of_client().items() if makes_client(call)}
    ours_alone = {place for place in making if "customer/session.py" not in place[0]}
    assert ours_alone <= places, "or a client was not made here"
    assert "dynamodb" in services, "or pynamodb made none"


def test_every_client_in_a_customers_account_calls_the_host_of_the_region_asked_for(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.delenv("AWS_ENDPOINT_URL", raising=False)
    session = CustomerSession(
        account_number=NUMBER,
        region="eu-west-1",
        role_name="CavokCloud",
        role_path="/",
        credentials=Credentials("key", "secret", "token"),
    )

    assert services_in_accounts() >= {"ec2", "iam", "logs", "rds", "sts"}
    wrong = [
        (service, region)
        for region in sorted(REGIONS)
        for service in sorted(services_in_accounts())
        if not is_of(region, session.client(service, region))
    ]
    assert wrong == []
    assert is_of("eu-west-1", session.client("ec2"))
    assert is_of(STS_ALWAYS_ON, session.client("sts", STS_ALWAYS_ON))


def test_the_gate_catches_a_global_host(ours: Callable[[str], None]) -> None:
    ours("ap-southeast-5")
    config = botocore.config.Config(s3={"addressing_style": "virtual"}, signature_version="s3")
    client = making_clients.session().client
    legacy = client("s3", endpoint_url="https://s3.amazonaws.com", config=config)
    elsewhere = client("sts", region_name="us-east-1")

    assert not is_of("ap-southeast-5", legacy)
    assert not is_of("ap-southeast-5", elsewhere)
    assert is_of("us-east-1", elsewhere)


SHARED_ADDRESSES = {
    "https://console.aws.amazon.com/iam/home": "IAM is global, and so is its console.",
    "https://console.aws.amazon.com/organizations/v2/home/accounts": "Organizations, likewise.",
    "https://console.aws.amazon.com/organizations/v2/home/policies": "Organizations, likewise.",
    "https://console.aws.amazon.com/billing/home#/account": "The account's own page, likewise.",
}
HOSTS = re.compile(
    r"[\w.{}$:/#-]*(?:amazonaws\.com|console\.aws\.amazon\.com|amazoncognito\.com)[\w./#-]*"
)
SOURCES = [
    *PACKAGE.rglob("*.py"),
    *(ROOT / "functions").rglob("*.py"),
    ROOT / "template.yaml",
]


def addresses(path: Path) -> Iterator[str]:
    """The addresses on AWS that a file writes, with placeholders. Names of services that are
    principals, such as `lambda.amazonaws.com`, are none.
    """
    for line in path.read_text().splitlines():
        if not line.lstrip().startswith("#"):
            yield from (each for each in HOSTS.findall(line) if "://" in each)


def test_every_address_that_the_code_writes_names_its_region_or_is_one_of_all_regions() -> None:
    found = {each for path in SOURCES for each in addresses(path)}

    of_regions = {a for a in found if re.search(r"\{(\w+\.|AWS::)?[Rr]egion\}\.", a)}
    assert len(of_regions) > 2
    assert found - of_regions == SHARED_ADDRESSES.keys()
