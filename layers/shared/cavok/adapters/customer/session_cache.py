"""Open sessions in customers' accounts, kept while a warm function lives."""

from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

from cavok.adapters.customer.session import CustomerSession
from cavok.domain.accounts import Account
from cavok.domain.session_policies import DURATION_SECONDS

LIFETIME = timedelta(seconds=DURATION_SECONDS)
_MARGIN = timedelta(minutes=2)
"""A session is not handed out in its last minutes, so that it does not expire during a call."""

_MAX_SESSIONS = 500


@dataclass(frozen=True, slots=True)
class _Key:
    """Whose session it is, which connection it was opened with, and its session policy."""

    organization_id: str
    account_id: str
    connection_revision: int
    policy: str


class SessionCache:
    """Sessions by owner. A session is never handed out for another organization or account, for
    another session policy, after the account was reconnected, or past its lifetime.
    """

    def __init__(self) -> None:
        self._kept: OrderedDict[_Key, tuple[CustomerSession, datetime]] = OrderedDict()

    def get(
        self, account: Account, policy: str, now: datetime, enter: Callable[[], CustomerSession]
    ) -> CustomerSession:
        """A session that is valid for at least two more minutes: the kept one, or a new one from
        `enter`, which is kept for LIFETIME.
        """
        kept = self._kept.get(_key(account, policy))
        if kept and now < kept[1] - _MARGIN:
            return kept[0]
        return self.renew(account, policy, now, enter)

    def renew(
        self, account: Account, policy: str, now: datetime, enter: Callable[[], CustomerSession]
    ) -> CustomerSession:
        """A new session from `enter`, which replaces the kept one."""
        key = _key(account, policy)
        self._kept.pop(key, None)
        session = enter()
        self._kept[key] = session, now + LIFETIME
        if len(self._kept) > _MAX_SESSIONS:
            self._kept.popitem(last=False)
        return session


def _key(account: Account, policy: str) -> _Key:
    return _Key(account.organization_id, account.account_id, account.connection_revision, policy)
