"""A session in a customer's account: its credentials, and the calls that are made with them."""

import re
from contextvars import ContextVar
from dataclasses import asdict, astuple, dataclass, field, replace
from functools import partial
from math import inf
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

from botocore import xform_name
from botocore.config import Config
from botocore.credentials import Credentials as Signer

from cavok.adapters import making_clients
from cavok.adapters.making_clients import MAKING_CLIENTS, made_once
from cavok.domain.permissions import DEFAULT_ROLE_PATH, role_arn
from cavok.observability import logger

if TYPE_CHECKING:
    from cavok.domain.accounts import Account

CALL = Config(
    connect_timeout=3,
    read_timeout=8,
    max_pool_connections=72,
    retries={"mode": "legacy", "total_max_attempts": 2},
)
"""A region that does not answer must not hang the function. One call takes 22 seconds at most. In
the mode `standard` a client repeats a limited number of failed calls, and customers share clients.
Source: boto3 guide, "Retries". A page of a sweep makes 72 STS calls at once: with fewer
connections, most calls would open a new one.
"""

MOST_DESCRIPTORS = 400
"""Open files and connections that a process may keep between pages of a sweep. Lambda allows 1,024,
and a page has up to some 350 calls at once. Source: Lambda Developer Guide, "Lambda quotas".
"""

_DESCRIPTORS = Path("/proc/self/fd")
"""Lambda has no `/dev/fd`. Source: github.com/aws/aws-lambda-base-images/issues/132."""

_clients: list[Any] = []
"""The clients that customers share."""

_NOBODY = "nobody"
"""The key of the shared clients themselves. botocore looks for no other key if one is given, so a
call without a customer can never be made with our own role.
"""

_CALLER: ContextVar[str | None] = ContextVar(
    "access key of the call that is being made", default=None
)

_KEY = re.compile(rb"Credential=([^/]+)/")
"""In the header `Authorization`. Source: IAM User Guide, "Elements of an AWS API request
signature".
"""


class WrongKey(Exception):
    """A request was signed with a key other than that of its session. It was not sent."""


@dataclass(frozen=True, slots=True)
class Credentials:
    """AWS credentials that never appear in a repr, a traceback or a log line."""

    access_key_id: str = field(repr=False)
    secret_access_key: str = field(repr=False)
    session_token: str | None = field(default=None, repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class CustomerSession:
    """Credentials for one customer's account and its home region. `role_name` is null for access
    keys. Only `services/enter_account.py` opens one.
    """

    account_number: str
    region: str
    role_name: str | None
    credentials: Credentials
    role_path: str = DEFAULT_ROLE_PATH

    def as_secret(self) -> dict[str, Any]:
        """JSON form, with the plaintext credentials. Use only to seal it."""
        return {
            "account_number": self.account_number,
            "region": self.region,
            "role_name": self.role_name,
            "role_path": self.role_path,
            "credentials": asdict(self.credentials),
        }

    @classmethod
    def in_account(cls, account: "Account", credentials: Credentials) -> Self:
        """A session in the account's home region."""
        return cls(
            account_number=account.account_number,
            region=account.home_region,
            role_name=account.role_name,
            role_path=account.role_path,
            credentials=credentials,
        )

    @property
    def role_arn(self) -> str | None:
        """Null for an access key."""
        return role_arn(self.account_number, self.role_path, self.role_name)

    @classmethod
    def of_secret(cls, secret: dict[str, Any]) -> Self:
        """Reads `as_secret`."""
        return cls(**secret | {"credentials": Credentials(**secret["credentials"])})

    def at(self, region: str) -> Self:
        """The same session with another home region."""
        return replace(self, region=region)

    def client(self, service: str, region: str | None = None) -> Any:
        """A boto3 client in the account's home region, or in `region`, whose calls are made with
        the session's credentials. Threads may share it.
        """
        shared = _shared_client(service, region or self.region)
        return _with_credentials(shared, self.credentials)


@made_once
def _shared_client(service: str, region: str) -> Any:
    """One client for all customers, with its connections. Making one takes the CPU of several
    calls. By itself it sends nothing.
    """
    client = making_clients.session().client(  # type: ignore[call-overload]
        service,
        region_name=region,
        aws_access_key_id=_NOBODY,
        aws_secret_access_key=_NOBODY,
        config=CALL,
    )
    client.meta.events.register_first("before-send", _check_the_key)
    _clients.append(client)
    return client


def method_of(permission: str) -> str:
    """boto3's method for a permission: `start_instances` for `ec2:StartInstances`."""
    return xform_name(permission.partition(":")[2])


def paginator_of(client: Any, permission: str) -> Any:
    """The client's paginator for a permission. The first of a service reads a file, which botocore
    keeps for all of its clients.
    """
    with MAKING_CLIENTS:
        return client.get_paginator(method_of(permission))


def close_idle_connections() -> None:
    """Closes idle connections if there are too many: each region and service has its own, and
    customers use many. A call in progress keeps its connection.
    """
    if _descriptors() > MOST_DESCRIPTORS:
        for client in tuple(_clients):
            client.close()


def _descriptors() -> float:
    """How many this process has. More than any number if that cannot be seen, for example because
    none is left to look with: new connections cost less than a call that can open none.
    """
    try:
        return sum(1 for _ in _DESCRIPTORS.iterdir())
    except OSError as error:
        logger.warning("Descriptors not counted", error=repr(error))
        return inf


def _with_credentials(shared: Any, credentials: Credentials) -> Any:
    """A copy of the client that shares everything except the last step, sending a call."""
    bound = object.__new__(type(shared))
    signer = Signer(*astuple(credentials))
    vars(bound).update(vars(shared), _make_request=partial(_send, shared, signer))
    return bound


def _send(
    shared: Any, signer: Signer, operation: Any, request: Any, context: dict[str, Any]
) -> Any:
    """Sends a call with the session's credentials in the request, where botocore's signer prefers
    them. The thread has the session's key separately, so that neither way has to be trusted.
    """
    context["signing"] = context.get("signing", {}) | {"request_credentials": signer}
    token = _CALLER.set(signer.access_key)
    try:
        return shared._make_request(operation, request, context)
    finally:
        _CALLER.reset(token)


def _check_the_key(request: Any, **_: Any) -> None:
    """Raises WrongKey."""
    signed = _KEY.search(request.headers.get("Authorization", b""))
    caller = _CALLER.get()
    if not (signed and caller and signed[1] == caller.encode()):
        raise WrongKey(f"{request.method} {request.url}")
