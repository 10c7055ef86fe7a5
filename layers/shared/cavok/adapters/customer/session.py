"""A session in a customer's account: its credentials, and the clients that it makes."""

import threading
from dataclasses import asdict, dataclass, field, replace
from typing import TYPE_CHECKING, Any, Self

import boto3
from botocore.config import Config

from cavok.domain.permissions import DEFAULT_ROLE_PATH, role_arn

if TYPE_CHECKING:
    from cavok.domain.accounts import Account

CALL = Config(
    connect_timeout=3,
    read_timeout=8,
    retries={"mode": "standard", "total_max_attempts": 2},
)
"""A region that does not answer must not hang the function. One call takes 22 seconds at most."""

_MAKING_CLIENTS = threading.Lock()
"""Threads may share boto3 clients, but must not create them at the same time. Source: boto3 guide,
"Clients".
"""


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
    _clients: dict[tuple[str, str], Any] = field(
        default_factory=dict, init=False, repr=False, compare=False
    )

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
        if self.role_name is None:
            return None
        return role_arn(self.account_number, self.role_path, self.role_name)

    @classmethod
    def of_secret(cls, secret: dict[str, Any]) -> Self:
        """Reads `as_secret`."""
        return cls(**secret | {"credentials": Credentials(**secret["credentials"])})

    def at(self, region: str) -> Self:
        """The same session with another home region. Clients are shared."""
        moved = replace(self, region=region)
        moved._clients.update(self._clients)
        return moved

    def client(self, service: str, region: str | None = None) -> Any:
        """A boto3 client in the account's home region, or in `region`. Clients are reused: making
        one costs more CPU than a call.
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
