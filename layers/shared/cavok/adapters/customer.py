"""A session in a customer's account: whose credentials it carries, and the clients it makes with
them.
"""

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

    def as_secret(self) -> dict[str, Any]:
        """For sealing alone."""
        return asdict(self)

    @classmethod
    def of_secret(cls, secret: dict[str, Any]) -> Self:
        return cls(**secret | {"credentials": Credentials(**secret["credentials"])})

    def client(self, service: str, region: str | None = None) -> Any:
        """A client in the account's home region, unless another is named."""
        return boto3.client(  # type: ignore[call-overload]
            service,
            region_name=region or self.region,
            aws_access_key_id=self.credentials.access_key_id,
            aws_secret_access_key=self.credentials.secret_access_key,
            aws_session_token=self.credentials.session_token,
            config=CALL,
        )
