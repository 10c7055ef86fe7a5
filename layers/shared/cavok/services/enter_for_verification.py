"""Entering an account for a verification: the trust steps, and the probes to run next."""

from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from typing import Self

from cavok.adapters.customer.assume_role import whose_account
from cavok.adapters.customer.canary import Canary
from cavok.adapters.customer.session import CustomerSession
from cavok.domain import permissions
from cavok.domain.access_denied import OF_THE_CALLER, Reason, refusal_reason
from cavok.domain.accounts import AccessType, Account
from cavok.domain.errors import (
    EntryInconclusive,
    EntryRefused,
    EntryRefusedYet,
    OurEntryBroken,
)
from cavok.domain.organizations import Organization
from cavok.domain.session_names import session_name
from cavok.domain.session_policies import probing_policy_text
from cavok.domain.steps import Judgement, Step, Verdict
from cavok.domain.verifications import Trigger
from cavok.services.enter_account import EntryDependencies, enter_account, entry_error
from cavok.services.timing import timed
from cavok.services.trust import until_answered, wrong_entries


@dataclass(frozen=True, slots=True)
class VerificationRequest:
    """Which account to verify, in which verification."""

    organization_id: str
    account_id: str
    verification_id: str
    trigger: Trigger

    @classmethod
    def of(cls, event: Mapping[str, str]) -> Self:
        """Reads the input of a workflow execution."""
        return cls(
            event["organization_id"],
            event["account_id"],
            event["verification_id"],
            Trigger(event["trigger"]),
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class EntryResult:
    """An entered account. `probes` are the IAM actions to probe. If the credentials belong to
    another AWS account, `session` is null and there are no probes.
    """

    account: Account
    session: CustomerSession | None
    steps: Sequence[Step]
    probes: Sequence[str]


def enter_for_verification(
    request: VerificationRequest,
    dependencies: EntryDependencies,
    canary: Canary,
    account: Account | None = None,
    *,
    on_session: Callable[[CustomerSession], object] = lambda session: None,
) -> EntryResult:
    """Enters the account and checks its trust. `account`: as just read, or None to read it.
    `on_session` is called with the session before its trust is checked.

    A refusal is worth waiting for: a new role may not be in effect yet. Not for a sweep, which has
    others to test, where the account was never connected.

    Raises AccountNotFound, EntryRefused, EntryRefusedYet, EntryInconclusive, OurEntryBroken,
    SealBroken.
    """
    read = partial(dependencies.organizations.get, request.organization_id)
    of_a_sweep = account is not None  # which takes no slot
    if account:
        organization: Callable[[], Organization | None] = read
    else:
        with ThreadPoolExecutor(1) as pool:  # at once: somebody waits
            organization = pool.submit(read).result
            account = dependencies.accounts.get(request.organization_id, request.account_id)
    if request.trigger is Trigger.SCHEDULED:
        _require_wanted(account, None if of_a_sweep else request.verification_id)
    name = session_name("test", request.verification_id)
    try:
        session, steps = enter_account(
            account,
            policy=probing_policy_text(),
            session_name=name,
            dependencies=dependencies,
            organization=organization,
        )
        on_session(session)
        if account.access_type is AccessType.ASSUME_ROLE:
            steps += check_trust(account, session, name, dependencies)
        else:
            steps += _check_key(session)
    except EntryRefused as refusal:
        if account.access_type is AccessType.ASSUME_ROLE:
            check_canary(canary, refusal, dependencies.roles().through(account))
        if of_a_sweep and account.connected_at is None:
            raise
        raise EntryRefusedYet(str(refusal)) from refusal
    if any(step.reason is Reason.WRONG_ACCOUNT for step in steps):
        return EntryResult(account=account, session=None, steps=steps, probes=())
    return EntryResult(account=account, session=session, steps=steps, probes=probes_of(account))


def _require_wanted(account: Account, verification_id: str | None) -> None:
    """Of a scheduled test. AWS may run an EXPRESS execution again: "at least once" (Step Functions
    Developer Guide, "Execution guarantees"). Once its test has ended, it enters no account. Raises
    EntryInconclusive. `verification_id`: of a test that takes the slot, or None.
    """
    if account.revoked:
        raise EntryInconclusive("A person revoked the use of the account meanwhile.")
    holder = account.slot.verification_id if account.slot else None
    if verification_id and verification_id != holder:
        raise EntryInconclusive("The test has ended, or lost the account to another one.")


def check_canary(canary: Canary, refusal: EntryRefused, through: str | None) -> None:
    """A refusal counts only if it blames no policy of our own, and our own canary role still lets
    us in through the same region. The canary is in our account: a policy of ours may let us in
    there, and nowhere else. Throttling or a timeout of the canary is inconclusive: operators have
    nothing to fix. Raises OurEntryBroken, EntryInconclusive.
    """
    if refusal_reason(str(refusal)) in OF_THE_CALLER:
        raise OurEntryBroken(f"A policy of our own refuses us: {refusal}") from refusal
    ours = canary.judgement(through)
    if ours.verdict is Verdict.ALLOWED:
        return
    message = f"{ours.error_code}: {ours.detail}"
    if ours.verdict is Verdict.DENIED:
        raise OurEntryBroken(f"Our own test role refuses us too: {message}") from refusal
    raise EntryInconclusive(f"Our own test role could not be tried: {message}") from refusal


def check_trust(
    account: Account, session: CustomerSession, name: str, dependencies: EntryDependencies
) -> list[Step]:
    """The steps that prove whose account it is, and that its role refuses others."""
    roles = dependencies.roles()
    checks: dict[str, Callable[[], Judgement]] = {
        permissions.ACCOUNT_MATCHES: lambda: whose_account(session),
        **wrong_entries(roles, account, name, roles.through(account)),
    }
    patient = [partial(until_answered, check) for check in checks.values()]
    with ThreadPoolExecutor(len(checks)) as pool:  # independent calls; waiting time costs money
        return list(pool.map(timed, checks, patient))


def _check_key(session: CustomerSession) -> list[Step]:
    """GetCallerIdentity is the first call with an access key, so it also proves the key itself."""
    step = timed(permissions.ACCOUNT_MATCHES, lambda: whose_account(session))
    if step.verdict is not Verdict.ALLOWED and step.reason is not Reason.WRONG_ACCOUNT:
        raise entry_error(step)
    return [step]


def probes_of(account: Account) -> list[str]:
    """The IAM actions that a test of this account probes, in the order of the catalog."""
    has_role = account.access_type is AccessType.ASSUME_ROLE
    return [
        action
        for group in permissions.PROBED_GROUPS
        if group.applies_to(has_role=has_role, write_logs=account.write_logs)
        for action in group.actions
    ]
