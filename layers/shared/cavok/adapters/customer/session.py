"""A session in a customer's account: whose credentials it carries, and the clients it makes with
them.
"""

import threading
from dataclasses import asdict, dataclass, field
from typing import Any, Self

import boto3
from botocore.config import Config

CALL = Config(
    connect_timeout=3,
    read_timeout=8,
    retries={"mode": "standard", "total_max_attempts": 2},
)
"""A customer's region that hangs must not hang the function: 22 seconds at the very most a call."""

_MAKING_CLIENTS = threading.Lock()
"""boto3's clients may be shared by threads; making them may not. Source: boto3 guide, "Clients"."""


@dataclass(frozen=True, slots=True)
class Credentials:
    """AWS credentials that never show themselves in a log line, a traceback or a repr."""

    access_key_id: str = field(repr=False)
    secret_access_key: str = field(repr=False)
    session_token: str | None = field(default=None, repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class CustomerSession:
    """The way into one customer's account, in its home region. `role_name` is null for access
    keys.
    """

    account_number: str
    region: str
    role_name: str | None
    credentials: Credentials
    _clients: dict[tuple[str, str], Any] = field(
        default_factory=dict, init=False, repr=False, compare=False
    )

    def as_secret(self) -> dict[str, Any]:
        """For sealing alone."""
        return {
            "account_number": self.account_number,
            "region": self.region,
            "role_name": self.role_name,
            "credentials": asdict(self.credentials),
        }

    @classmethod
    def of_secret(cls, secret: dict[str, Any]) -> Self:
        return cls(**secret | {"credentials": Credentials(**secret["credentials"])})

    def client(self, service: str, region: str | None = None) -> Any:
        """A client in the account's home region, unless another is named. One of each, whoever
        asks: making one costs more CPU than a call.
        """
        name = (service, region or self.region)
        with _MAKING_CLIENTS:
            if name not in self._clients:
                self._clients[name] = self._made(*name)
            return self._clients[name]

    def _made(self, service: str, region: str) -> Any:
        return boto3.client(  # type: ignore[call-overload]
            service,
            region_name=region,
            aws_access_key_id=self.credentials.access_key_id,
            aws_secret_access_key=self.credentials.secret_access_key,
            aws_session_token=self.credentials.session_token,
            config=CALL,
        )
