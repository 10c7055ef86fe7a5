"""Sessions for using a connection: listing, starting, stopping, and writing logs."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from cavok.adapters.customer.session import CustomerSession
from cavok.adapters.customer.session_cache import SessionCache
from cavok.domain.accounts import AccessType, Account
from cavok.domain.session_policies import policy_text
from cavok.services.enter_account import EntryDependencies, enter_account


class CustomerSessions:
    """Enters accounts, and reuses open sessions while the process is warm."""

    def __init__(self, dependencies: EntryDependencies) -> None:
        self._dependencies = dependencies
        self._cache = SessionCache()

    def enter(
        self, account: Account, policy: Mapping[str, Any], purpose: str, now: datetime
    ) -> CustomerSession:
        """A session limited to `policy`; an access key cannot be limited. `purpose` names the
        session in the customer's CloudTrail. Raises EntryRefused, EntryInconclusive, SealBroken.
        """
        has_role = account.access_type is AccessType.ASSUME_ROLE
        text = policy_text(dict(policy)) if has_role else ""

        def enter() -> CustomerSession:
            session, _ = enter_account(
                account,
                policy=text,
                session_name=f"cavok-{purpose}",
                dependencies=self._dependencies,
            )
            return session

        return self._cache.get(account, text, now, enter)
