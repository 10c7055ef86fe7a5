"""Ways into customers' accounts for the functions that use a connection, kept while they live."""

from collections import OrderedDict
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from cavok.adapters.customer.assume_role import Entry, session_of
from cavok.adapters.customer.session import Credentials, CustomerSession
from cavok.adapters.sealing import Sealer, credentials_context
from cavok.adapters.table.accounts import Accounts
from cavok.domain.accounts import AccessType, Account
from cavok.domain.errors import EntryInconclusive, EntryRefused
from cavok.domain.session_policies import DURATION_SECONDS, policy_text
from cavok.domain.steps import Verdict

LIFETIME = timedelta(seconds=DURATION_SECONDS)
_MARGIN = timedelta(minutes=2)
"""A session is not handed out in its last minutes, so that no call is made with a dead one."""

_MOST = 500


@dataclass(frozen=True, slots=True)
class _Key:
    """Whose session it is, of which way of entering, and what it may do at most."""

    organization_id: str
    account_id: str
    connection_revision: int
    policy: str


class SessionCache:
    """Sessions by whose they are. One is never handed out for another organization or account, for
    an account that is entered another way by now, for another purpose, or past its life.
    """

    def __init__(self) -> None:
        self._kept: OrderedDict[_Key, tuple[CustomerSession, datetime]] = OrderedDict()

    def get(
        self,
        account: Account,
        policy: str,
        now: datetime,
        enter: Callable[[], tuple[CustomerSession, datetime]],
    ) -> CustomerSession:
        """A session that lives for two more minutes at least: the kept one, or what `enter` gives
        together with the end of its life.
        """
        key = _Key(account.organization_id, account.account_id, account.connection_revision, policy)
        kept = self._kept.get(key)
        if kept and now < kept[1] - _MARGIN:
            return kept[0]
        self._kept.pop(key, None)
        self._kept[key] = session, _ = enter()
        if len(self._kept) > _MOST:
            self._kept.popitem(last=False)
        return session


class CustomerSessions:
    """Enters accounts: through the role with a session policy, or with the stored access key, which
    cannot be narrowed.
    """

    def __init__(
        self, accounts: Accounts, entry: Callable[[], Entry], sealer: Callable[[], Sealer]
    ) -> None:
        """`entry` and `sealer` are made at first use: most processes need one of them alone."""
        self._accounts = accounts
        self._entry = entry
        self._sealer = sealer
        self._cache = SessionCache()

    def enter(
        self, account: Account, policy: Mapping[str, Any], purpose: str, now: datetime
    ) -> CustomerSession:
        """`purpose` names the session in the customer's CloudTrail. Raises EntryRefused,
        EntryInconclusive, SealBroken.
        """
        if account.access_type is AccessType.ACCESS_KEY:
            return self._cache.get(account, "", now, lambda: self._with_key(account, now))
        text = policy_text(dict(policy))
        return self._cache.get(
            account, text, now, lambda: self._through_role(account, text, purpose, now)
        )

    def _through_role(
        self, account: Account, policy: str, purpose: str, now: datetime
    ) -> tuple[CustomerSession, datetime]:
        organization = self._accounts.organization(account.organization_id)
        if organization is None:
            raise EntryInconclusive("The organization of this account is not there.")
        judgement, session = self._entry().assume(
            account, f"cavok-{purpose}", organization.external_id, policy
        )
        if session is None:
            message = f"{judgement.error_code}: {judgement.detail}"
            denied = judgement.verdict is Verdict.DENIED
            raise EntryRefused(message) if denied else EntryInconclusive(message)
        return session, now + LIFETIME

    def _with_key(self, account: Account, now: datetime) -> tuple[CustomerSession, datetime]:
        sealed = self._accounts.sealed_credentials(account)
        if sealed is None:
            raise EntryInconclusive("The access key of this account is not there.")
        context = credentials_context(account.organization_id, account.account_id)
        key = self._sealer().open(sealed, context)
        return session_of(account, Credentials(**key)), now + LIFETIME
