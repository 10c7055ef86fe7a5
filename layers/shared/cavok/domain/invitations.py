"""Invitations: links to a page for one account, without sign-in. It shows what the account's role
or user is to be granted, and how to create it. An account has one invitation at most.
"""

import hashlib
import hmac
import re
import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Self

from cavok.domain.accounts import Account
from cavok.domain.ids import ULID_PATTERN

VALID_FOR = timedelta(days=7)
SECRET_BYTES = 32

_TOKEN = re.compile(f"({ULID_PATTERN})[0-9a-f]{{{2 * SECRET_BYTES}}}", re.ASCII)


@dataclass(frozen=True, slots=True, kw_only=True)
class Invitation:
    """What is stored of an invitation. `digest`: of its token, which is shown once. The token is
    random, so nobody finds it from the digest.
    """

    organization_id: str
    account_id: str
    digest: str
    expires_at: datetime

    @classmethod
    def new(cls, account: Account, now: datetime) -> tuple[str, Self]:
        """A token, and the invitation that it opens. The token begins with the account's id, and
        has letters and digits only: programs that find links in mails leave out what may be the
        punctuation of a sentence.
        """
        token = f"{account.account_id}{secrets.token_hex(SECRET_BYTES)}"
        return token, cls.of_token(token, account, now)

    @classmethod
    def of_token(cls, token: str, account: Account, now: datetime) -> Self:
        """The invitation that this token opens from now on."""
        return cls(
            organization_id=account.organization_id,
            account_id=account.account_id,
            digest=_digest(token),
            expires_at=(now + VALID_FOR).replace(microsecond=0),
        )

    def is_valid(self, now: datetime) -> bool:
        """Whether it has not expired."""
        return now < self.expires_at

    def opens_with(self, token: str, now: datetime) -> bool:
        """Whether this is its token, before it expires."""
        return hmac.compare_digest(self.digest, _digest(token)) and self.is_valid(now)


def account_id_of(token: str) -> str | None:
    """The account that a token names. It proves nothing. Null if no token has this form."""
    found = _TOKEN.fullmatch(token)
    return found[1] if found else None


def page_of(token: str) -> str:
    """The invitation's page, relative to the root of the API. The token is in the fragment, which
    browsers never send, so no log of a server or proxy has it.
    """
    return f"./#/invitation/{token}"


def _digest(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()
