"""The only way into a customer's account."""

from collections.abc import Callable
from dataclasses import dataclass

from cavok.adapters.customer.assume_role import CustomerRoles
from cavok.adapters.customer.session import Credentials, CustomerSession
from cavok.adapters.sealing import Sealer, credentials_context
from cavok.adapters.table.accounts import Accounts
from cavok.adapters.table.organizations import Organizations
from cavok.domain import permissions
from cavok.domain.accounts import AccessType, Account
from cavok.domain.errors import EntryInconclusive, EntryRefused
from cavok.domain.organizations import Organization
from cavok.domain.steps import Judgement, Step, Verdict
from cavok.services.timing import timed


@dataclass(frozen=True, slots=True, kw_only=True)
class EntryDependencies:
    """What entering an account needs. `roles` and `sealer` are made at first use, because entering
    an account needs only one of them.
    """

    organizations: Organizations
    accounts: Accounts
    roles: Callable[[], CustomerRoles]
    sealer: Callable[[], Sealer]


def enter_account(
    account: Account,
    *,
    policy: str,
    session_name: str,
    dependencies: EntryDependencies,
    organization: Callable[[], Organization | None],
) -> tuple[CustomerSession, list[Step]]:
    """A session in the account, and the `sts:AssumeRole` step that opened it.

    `policy` is the session policy as JSON, and `session_name` names the session in the customer's
    CloudTrail. Neither applies to an access key: it cannot be narrowed, no call to AWS is made,
    there is no step, and `organization` is not asked. Raises EntryRefused, EntryInconclusive,
    SealBroken.
    """
    if account.access_type is AccessType.ACCESS_KEY:
        return _with_key(account, dependencies), []
    return _through_role(account, policy, session_name, dependencies.roles(), organization())


def entry_error(step: Step) -> EntryRefused | EntryInconclusive:
    """The error of a step that did not enter the account: EntryRefused if AWS denied it, otherwise
    EntryInconclusive.
    """
    message = f"{step.error_code}: {step.detail}"
    denied = step.verdict is Verdict.DENIED
    return EntryRefused(message) if denied else EntryInconclusive(message)


def _through_role(
    account: Account,
    policy: str,
    session_name: str,
    roles: CustomerRoles,
    organization: Organization | None,
) -> tuple[CustomerSession, list[Step]]:
    if organization is None:
        raise EntryInconclusive("The organization of this account does not exist.")
    sessions: list[CustomerSession] = []

    def assume() -> Judgement:
        judgement, session = roles.assume(account, session_name, organization.external_id, policy)
        sessions.extend([session] if session else [])
        return judgement

    step = timed(permissions.ASSUME_ROLE, assume)
    if not sessions:
        raise entry_error(step)
    return sessions[0], [step]


def _with_key(account: Account, dependencies: EntryDependencies) -> CustomerSession:
    sealed = dependencies.accounts.sealed_credentials(account)
    if sealed is None:
        raise EntryInconclusive("The access key of this account does not exist.")
    context = credentials_context(account.organization_id, account.account_id)
    key = dependencies.sealer().open(sealed, context)
    return CustomerSession.in_account(account, Credentials(**key))
