"""Entering the account: the first steps of a test, the probes to run, and the sealed session to run
them with.
"""

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

from cavok.adapters.accounts import Accounts
from cavok.adapters.canary import Canary
from cavok.adapters.customer import Credentials, CustomerSession
from cavok.adapters.entry import Entry, session_of, whose_account
from cavok.adapters.sealing import Sealer, credentials_context, session_context
from cavok.domain import permissions
from cavok.domain.accounts import AccessType, Account
from cavok.domain.errors import (
    EntryInconclusive,
    EntryRefused,
    EntryRefusedYet,
    OurEntryBroken,
)
from cavok.domain.refusals import Reason
from cavok.domain.steps import Judgement, Step, Verdict
from cavok.domain.verifications import Trigger
from cavok.services.timing import timed


@dataclass(frozen=True, slots=True, kw_only=True)
class Entered:
    """A way into an account; there is none, and there are no probes, where the account is not the
    one it should be.
    """

    account: Account
    session: CustomerSession | None
    steps: Sequence[Step]
    probes: Sequence[str]


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenedSession:
    """The same for a workflow to carry: `session` is sealed."""

    session: str | None
    steps: Sequence[Step]
    probes: Sequence[str]
    region: str
    write_logs: bool

    def as_dict(self) -> dict[str, Any]:
        """What the workflow carries on. The probes name their group, for the step of a probe that
        crashed.
        """
        return {
            "session": self.session,
            "steps": [step.as_dict() for step in self.steps],
            "probes": [
                {"action": action, "group": permissions.group_of(action)} for action in self.probes
            ],
            "region": self.region,
            "write_logs": self.write_logs,
        }


def open_session(
    organization_id: str,
    account_id: str,
    verification_id: str,
    trigger: Trigger,
    *,
    accounts: Accounts,
    entry: Entry,
    canary: Canary,
    sealer: Callable[[], Sealer],
) -> OpenedSession:
    """Enters, and seals the session for the states that follow. Raises what `enter` does."""
    entered = enter(
        organization_id,
        account_id,
        verification_id,
        trigger,
        accounts=accounts,
        entry=entry,
        canary=canary,
        sealer=sealer,
    )
    context = session_context(organization_id, account_id, verification_id)
    session = entered.session
    return OpenedSession(
        session=sealer().seal(session.as_secret(), context) if session else None,
        steps=entered.steps,
        probes=entered.probes,
        region=entered.account.home_region,
        write_logs=entered.account.write_logs and session is not None,
    )


def enter(
    organization_id: str,
    account_id: str,
    verification_id: str,
    trigger: Trigger,
    *,
    accounts: Accounts,
    entry: Entry,
    canary: Canary,
    sealer: Callable[[], Sealer],
) -> Entered:
    """Raises AccountNotFound, EntryRefused, EntryRefusedYet, EntryInconclusive, OurEntryBroken,
    SealBroken. `sealer` is made for an access key alone: a role needs none.
    """
    account = accounts.get(organization_id, account_id)
    if account.access_type is AccessType.ASSUME_ROLE:
        try:
            session, steps = _through_role(account, verification_id, trigger, accounts, entry)
        except EntryRefused as refusal:
            _blame_ourselves_first(canary, refusal)
            raise
    else:
        session, steps = _with_key(account, trigger, accounts, sealer())
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
    account: Account, verification_id: str, trigger: Trigger, accounts: Accounts, entry: Entry
) -> tuple[CustomerSession, list[Step]]:
    organization = accounts.organization(account.organization_id)
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
        raise _not_entered(account, trigger, steps[0])
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


def _with_key(
    account: Account, trigger: Trigger, accounts: Accounts, sealer: Sealer
) -> tuple[CustomerSession, list[Step]]:
    sealed = accounts.sealed_credentials(account)
    if sealed is None:
        raise EntryInconclusive("The access key of this account is not there.")
    key = sealer.open(sealed, credentials_context(account.organization_id, account.account_id))
    session = session_of(account, Credentials(**key))
    step = timed(permissions.ACCOUNT_MATCHES, lambda: whose_account(session))
    if step.verdict is not Verdict.ALLOWED and step.reason is not Reason.WRONG_ACCOUNT:
        raise _not_entered(account, trigger, step)
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
