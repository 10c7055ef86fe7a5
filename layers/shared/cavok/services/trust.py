"""Whether a customer's role refuses callers without the organization's external ID."""

import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta
from functools import partial
from typing import TypeVar

from cavok.adapters.customer.assume_role import CustomerRoles
from cavok.adapters.table.accounts import CHANGED_BY_OTHERS, Accounts
from cavok.adapters.table.table import retry_on_conflict
from cavok.adapters.table.trust_proofs import TrustProofs
from cavok.domain import audit, permissions
from cavok.domain.access_denied import WORTH_REPEATING, Reason
from cavok.domain.accounts import Account
from cavok.domain.actors import Requester
from cavok.domain.errors import ChangedMeanwhile, EntryInconclusive, EntryRefused, RoleIsOpen
from cavok.domain.issues import confused_deputy
from cavok.domain.steps import Judgement, Step
from cavok.domain.trust import TrustProof, with_open_role
from cavok.services.timing import timed

TRUST_RETRY_WAITS = (1.0, 2.0)
"""Seconds until a throttled check of the trust is repeated."""

T = TypeVar("T")
Check = Callable[[], Judgement]


def wrong_entries(
    roles: CustomerRoles, account: Account, name: str, through: str | None
) -> dict[str, Check]:
    """The two checks that AWS must refuse, by step. `name`: the session's name. `through`: the
    region of the entry that they belong to, as in `CustomerRoles.through`.
    """
    tried = (account, name, through)
    return {
        permissions.WITHOUT_EXTERNAL_ID: partial(roles.try_without_external_id, *tried),
        permissions.WITH_WRONG_EXTERNAL_ID: partial(roles.try_wrong_external_id, *tried),
    }


def until_answered(check: Check) -> Judgement:
    """The check's answer. A throttled check is repeated: without an answer it proves nothing."""
    for wait in TRUST_RETRY_WAITS:
        judgement = check()
        if judgement.error_code not in WORTH_REPEATING:
            return judgement
        time.sleep(wait)
    return check()


class TrustGuard:
    """Proves a role's trust before something is changed in the account, once in `max_age`.

    The proof is stored in the table, so that all processes share it. Each purpose has its own:
    writing a log line proves nothing for the next act.
    """

    def __init__(
        self,
        *,
        accounts: Accounts,
        proofs: TrustProofs,
        roles: Callable[[], CustomerRoles],
        max_age: timedelta,
    ) -> None:
        self._accounts = accounts
        self._proofs = proofs
        self._roles = roles
        self._max_age = max_age

    def proven(self, account: Account, purpose: str, now: datetime) -> bool:
        """Whether the trust was proven for this purpose within `max_age`."""
        proof = self._proofs.get(account, purpose)
        return proof is not None and proof.holds(account, now, self._max_age)

    def enter(
        self,
        account: Account,
        enter: Callable[[], T],
        *,
        purpose: str,
        name: str,
        requester: Requester,
        now: datetime,
    ) -> T:
        """Runs `enter`, which uses the right external ID, beside the checks that must be refused.
        Returns its result once all three prove the trust. `name`: the session's name. `requester`:
        the person or schedule that the access is for.

        Raises what `enter` raises; RoleIsOpen if AWS lets somebody else in, after the account has
        failed; EntryInconclusive if AWS does not say, or if the account was revoked, reconnected or
        failed meanwhile; AccountNotFound if it was deleted.
        """
        roles = self._roles()
        checks = wrong_entries(roles, account, name, None)
        refusal: EntryRefused | EntryInconclusive | None = None
        with ThreadPoolExecutor(len(checks)) as pool:  # beside entering; waiting time costs money
            tried = pool.map(timed, checks, [partial(until_answered, c) for c in checks.values()])
            try:
                entered = enter()
            except (EntryRefused, EntryInconclusive) as error:
                refusal = error
        steps = list(tried)
        if through := roles.through(account):  # STS is off in our region: its answers do not count
            checks = wrong_entries(roles, account, name, through)
            steps = [timed(step, partial(until_answered, check)) for step, check in checks.items()]
        if any(step.reason is Reason.CONFUSED_DEPUTY for step in steps):
            self._fail(account, requester, now)
            issue = confused_deputy(account)
            raise RoleIsOpen(f"{issue.message} {issue.remedy}")
        if refusal:
            raise refusal
        if not all(step.ok for step in steps):
            raise EntryInconclusive("; ".join(map(_unanswered, steps)))
        # The checks take seconds. If the use of the account ended meanwhile, this use ends too.
        current = self._accounts.get(account.organization_id, account.account_id)
        if current.connection_revision != account.connection_revision:
            raise EntryInconclusive("The account was changed meanwhile.")
        proof = TrustProof(account.connection_revision, now)
        self._proofs.put(account, purpose, proof, self._max_age)
        return entered

    def _fail(self, account: Account, requester: Requester, now: datetime) -> None:
        """Fails the account, unless it was reconnected, revoked or failed meanwhile."""

        def attempt() -> None:
            current = self._accounts.get(account.organization_id, account.account_id)
            if current.connection_revision != account.connection_revision:
                return
            failed = with_open_role(current, now)
            if failed is not current:
                entry = audit.failed(current, failed, requester)
                self._accounts.save(current, failed, entry=entry)

        retry_on_conflict(attempt, or_raise=ChangedMeanwhile(CHANGED_BY_OTHERS))


def _unanswered(step: Step) -> str:
    return f"{step.step}: {step.error_code or step.verdict.value}"
