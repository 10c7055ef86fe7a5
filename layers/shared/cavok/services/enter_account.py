"""Entering an account: the first steps of a test, and the probes that are to follow."""

from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Self

from cavok.adapters.customer.assume_role import Entry, session_of, whose_account
from cavok.adapters.customer.canary import Canary
from cavok.adapters.customer.session import Credentials, CustomerSession
from cavok.adapters.sealing import Sealer, credentials_context
from cavok.adapters.table.accounts import Accounts
from cavok.domain import permissions
from cavok.domain.access_denied import Reason
from cavok.domain.accounts import AccessType, Account
from cavok.domain.errors import (
    EntryInconclusive,
    EntryRefused,
    EntryRefusedYet,
    OurEntryBroken,
)
from cavok.domain.steps import Judgement, Step, Verdict
from cavok.domain.verifications import Trigger
from cavok.services.timing import timed


@dataclass(frozen=True, slots=True)
class Visit:
    """Which account is entered, in which test."""

    organization_id: str
    account_id: str
    verification_id: str
    trigger: Trigger

    @classmethod
    def of(cls, event: Mapping[str, str]) -> Self:
        """From the names that the workflow carries."""
        return cls(
            event["organization_id"],
            event["account_id"],
            event["verification_id"],
            Trigger(event["trigger"]),
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Doors:
    """What entering takes. `sealer` is made when it is needed: a role needs none."""

    accounts: Accounts
    entry: Entry
    canary: Canary
    sealer: Callable[[], Sealer]


@dataclass(frozen=True, slots=True, kw_only=True)
class Entered:
    """A way into an account; there is none, and there are no probes, where the account is not the
    one it should be.
    """

    account: Account
    session: CustomerSession | None
    steps: Sequence[Step]
    probes: Sequence[str]


def enter(visit: Visit, doors: Doors) -> Entered:
    """Raises AccountNotFound, EntryRefused, EntryRefusedYet, EntryInconclusive, OurEntryBroken,
    SealBroken.
    """
    account = doors.accounts.get(visit.organization_id, visit.account_id)
    if account.access_type is AccessType.ASSUME_ROLE:
        try:
            session, steps = _through_role(account, visit, doors)
        except EntryRefused as refusal:
            _blame_ourselves_first(doors.canary, refusal)
            raise
    else:
        session, steps = _with_key(account, visit, doors)
    if any(step.reason is Reason.WRONG_ACCOUNT for step in steps):
        return Entered(account=account, session=None, steps=steps, probes=())
    return Entered(account=account, session=session, steps=steps, probes=_probes(account))


def _blame_ourselves_first(canary: Canary, refusal: EntryRefused) -> None:
    """A refusal counts only if our own role lets us in at this moment. That AWS throttles us just
    then, or does not answer, is no fault that an operator could mend.
    """
    ours = canary.judgement()
    if ours.verdict is Verdict.ALLOWED:
        return
    message = f"{ours.error_code}: {ours.detail}"
    if ours.verdict is Verdict.DENIED:
        raise OurEntryBroken(f"Our own test role refuses us too: {message}") from refusal
    raise EntryInconclusive(f"Our own test role could not be tried: {message}") from refusal


def _through_role(
    account: Account, visit: Visit, doors: Doors
) -> tuple[CustomerSession, list[Step]]:
    entry, verification_id = doors.entry, visit.verification_id
    organization = doors.accounts.organization(account.organization_id)
    if organization is None:
        raise EntryInconclusive("The organization of this account is not there.")
    entered: list[CustomerSession] = []

    def assume() -> Judgement:
        judgement, session = entry.with_external_id(
            account, verification_id, organization.external_id
        )
        entered.extend([session] if session else [])
        return judgement

    steps = [timed(permissions.ASSUME_ROLE, assume)]
    if not entered:
        raise _not_entered(account, visit.trigger, steps[0])
    session = entered[0]
    checks: dict[str, Callable[[], Judgement]] = {
        permissions.ACCOUNT_MATCHES: lambda: whose_account(session),
        permissions.WITHOUT_EXTERNAL_ID: lambda: entry.without_external_id(
            account, verification_id
        ),
        permissions.WITH_WRONG_EXTERNAL_ID: lambda: entry.with_wrong_external_id(
            account, verification_id
        ),
    }
    with ThreadPoolExecutor(len(checks)) as pool:  # what is waited for costs; none needs another
        steps += pool.map(timed, checks, checks.values())
    return session, steps


def _with_key(account: Account, visit: Visit, doors: Doors) -> tuple[CustomerSession, list[Step]]:
    sealed = doors.accounts.sealed_credentials(account)
    if sealed is None:
        raise EntryInconclusive("The access key of this account is not there.")
    context = credentials_context(account.organization_id, account.account_id)
    key = doors.sealer().open(sealed, context)
    session = session_of(account, Credentials(**key))
    step = timed(permissions.ACCOUNT_MATCHES, lambda: whose_account(session))
    if step.verdict is not Verdict.ALLOWED and step.reason is not Reason.WRONG_ACCOUNT:
        raise _not_entered(account, visit.trigger, step)
    return session, [step]


def _not_entered(account: Account, trigger: Trigger, step: Step) -> Exception:
    """Worth repeating when a person waits for it, or when a connection that once worked would be
    called broken.
    """
    message = f"{step.error_code}: {step.detail}"
    if step.verdict is not Verdict.DENIED:
        return EntryInconclusive(message)
    worth_waiting = trigger is Trigger.MANUAL or account.connected_at is not None
    return EntryRefusedYet(message) if worth_waiting else EntryRefused(message)


def _probes(account: Account) -> list[str]:
    has_role = account.access_type is AccessType.ASSUME_ROLE
    groups = [
        group
        for group in permissions.PROBED_GROUPS
        if has_role or group is not permissions.CHECKING
    ]
    return [action for group in groups for action in group.actions]
