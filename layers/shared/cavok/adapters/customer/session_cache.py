"""Open sessions in customers' accounts, kept while a warm function lives."""

from collections import Counter, OrderedDict
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any, NamedTuple

from cavok.adapters.customer.session import CustomerSession
from cavok.domain.accounts import Account
from cavok.domain.errors import EntryRefused
from cavok.domain.session_names import is_asked_for_again
from cavok.domain.session_policies import LIFETIME, REFUSED_FOR, RENEWED_BEFORE

_MAX_SESSIONS = 500


class SessionLimits(NamedTuple):
    """The session policy, as JSON, and the session's name. Both are empty for an access key."""

    policy: str
    name: str


@dataclass(frozen=True, slots=True)
class _Key:
    """A session's account, the connection it was opened with, its session policy and its name."""

    organization_id: str
    account_id: str
    connection_revision: int
    limits: SessionLimits


class SessionCache:
    """Sessions by owner. A session is never handed out for another organization or account, for
    another session policy, under another name (which says its purpose), after the account was
    reconnected, or past its lifetime. A session that nobody needs again is not kept. If there are
    too many, the organization with the most loses its oldest, so that none drives out another's.
    """

    def __init__(self) -> None:
        self._kept: OrderedDict[_Key, tuple[CustomerSession, datetime]] = OrderedDict()
        self._refused: OrderedDict[_Version, tuple[str, datetime]] = OrderedDict()

    def get(
        self,
        account: Account,
        limits: SessionLimits,
        now: datetime,
        enter: Callable[[], CustomerSession],
    ) -> CustomerSession:
        """A session that is valid for at least two more minutes: the kept one, or a new one from
        `enter`, which is kept for LIFETIME at most.
        """
        self._forget_what_ended(account, now)
        kept = self._kept.get(_key(account, limits))
        if kept and now < kept[1] - RENEWED_BEFORE:
            return kept[0]
        return self.renew(account, limits, now, enter)

    def renew(
        self,
        account: Account,
        limits: SessionLimits,
        now: datetime,
        enter: Callable[[], CustomerSession],
    ) -> CustomerSession:
        """A new session from `enter`, which replaces the kept one. Raises what `enter` raises, and
        EntryRefused.
        """
        self.check(account, now)
        self._forget_what_ended(account, now)
        key = _key(account, limits)
        self._kept.pop(key, None)
        try:
            session = enter()
        except EntryRefused as error:
            self._refused[_version(account)] = str(error), now + REFUSED_FOR
            _forget_one_of_too_many(self._refused)
            raise
        # An access key's serves everything.
        if not limits.name or is_asked_for_again(limits.name):
            self._kept[key] = session, now + LIFETIME
            _forget_one_of_too_many(self._kept)
        return session

    def check(self, account: Account, now: datetime) -> None:
        """Raises EntryRefused if AWS refused the entry within REFUSED_FOR, under any session
        policy, and the account was neither tested nor changed since.
        """
        message, until = self._refused.get(_version(account), ("", now))
        if now < until:
            raise EntryRefused(message)

    def _forget_what_ended(self, account: Account, now: datetime) -> None:
        """Everybody's expired sessions, and those of the account's earlier connections: an access
        key is kept as plain text, and must not stay as long as the process.
        """
        mine = account.organization_id, account.account_id
        for key, (_, until) in list(self._kept.items()):
            older = key.connection_revision != account.connection_revision
            if now >= until or (older and (key.organization_id, key.account_id) == mine):
                self._kept.pop(key, None)


def _forget_one_of_too_many(kept: OrderedDict[Any, Any]) -> None:
    if len(kept) > _MAX_SESSIONS:
        most = Counter(key.organization_id for key in kept).most_common(1)[0][0]
        del kept[next(key for key in kept if key.organization_id == most)]


class _Version(NamedTuple):
    """The account, and the number of its writes: each test and each change makes one."""

    organization_id: str
    account_id: str
    writes: int


def _version(account: Account) -> _Version:
    return _Version(account.organization_id, account.account_id, account.writes)


def _key(account: Account, limits: SessionLimits) -> _Key:
    return _Key(account.organization_id, account.account_id, account.connection_revision, limits)
