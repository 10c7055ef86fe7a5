"""Sessions for using a connection: listing, starting, stopping, and writing logs."""

from collections.abc import Mapping
from datetime import datetime
from functools import partial
from typing import Any

from cavok.adapters.customer.session import CustomerSession
from cavok.adapters.customer.session_cache import SessionCache, SessionLimits
from cavok.domain.accounts import AccessType, Account
from cavok.domain.actors import Requester
from cavok.domain.errors import EntryInconclusive, EntryRefused
from cavok.domain.session_names import session_name
from cavok.domain.session_policies import entering_policy, policy_text
from cavok.services.enter_account import EntryDependencies, enter_account
from cavok.services.trust import TrustGuard


class CustomerSessions:
    """Enters accounts, and reuses open sessions while the process is warm."""

    def __init__(self, dependencies: EntryDependencies, trust: TrustGuard) -> None:
        self._dependencies = dependencies
        self._trust = trust
        self._cache = SessionCache()

    def enter(
        self, account: Account, policy: Mapping[str, Any], name: str, now: datetime
    ) -> CustomerSession:
        """A session for reading, limited to `policy`. `name` is its name in the customer's
        CloudTrail, from `session_name`. An access key has neither. Raises EntryRefused,
        EntryInconclusive, SealBroken.
        """
        limits = _limits(account, policy, name)
        return self._cache.get(account, limits, now, lambda: self._entered(account, *limits))

    def enter_to_change(
        self,
        account: Account,
        policy: Mapping[str, Any],
        name: str,
        now: datetime,
        *,
        purpose: str,
        requester: Requester,
    ) -> CustomerSession:
        """Like `enter`, for a session that changes something in the account. The role's trust must
        be proven: recently for `purpose`, or now. An access key has no trust policy.
        `requester`: the person or schedule that the access is for. Raises also RoleIsOpen.
        """
        has_role = account.access_type is AccessType.ASSUME_ROLE
        if not has_role or self._trust.proven(account, purpose, now):
            return self.enter(account, policy, name, now)
        self._cache.check(account, now)
        limits = _limits(account, policy, name)

        def enter() -> CustomerSession:
            return self._entered(account, *limits)

        # A new session, not a kept one: if AWS refuses the right external ID too, the refusals of
        # the wrong ones prove nothing.
        return self._trust.enter(
            account,
            lambda: self._cache.renew(account, limits, now, enter),
            purpose=purpose,
            name=name,
            requester=requester,
            now=now,
        )

    def lets_us_in(self, account: Account) -> bool:
        """Whether the account's role lets us in at this moment. The session is discarded."""
        policy, name = policy_text(entering_policy()), session_name("detection")
        try:
            self._entered(account, policy, name)
        except (EntryRefused, EntryInconclusive):
            return False
        return True

    def _entered(self, account: Account, policy: str, name: str) -> CustomerSession:
        session, _ = enter_account(
            account,
            policy=policy,
            session_name=name,
            dependencies=self._dependencies,
            organization=partial(self._dependencies.organizations.get, account.organization_id),
        )
        return session


def _limits(account: Account, policy: Mapping[str, Any], name: str) -> SessionLimits:
    if account.access_type is AccessType.ACCESS_KEY:
        return SessionLimits("", "")
    return SessionLimits(policy_text(dict(policy)), name)
