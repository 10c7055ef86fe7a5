"""Starting a test of an account. One test runs at a time."""

from collections.abc import Container
from datetime import datetime

from cavok.adapters.table.accounts import CHANGED_BY_OTHERS
from cavok.adapters.table.quotas import Quotas
from cavok.adapters.table.table import retry_on_conflict
from cavok.adapters.table.verifications import Verifications
from cavok.adapters.workflows import Workflows
from cavok.domain.accounts import Account
from cavok.domain.actors import Actor, Requester
from cavok.domain.errors import BusyWithOthers, VerificationNotStarted
from cavok.domain.ids import new_id
from cavok.domain.quotas import QuotaName
from cavok.domain.verifications import Trigger, Verification, begin


def start_verification(
    organization_id: str,
    account_id: str,
    *,
    versions: Container[int] | None = None,
    requester: Requester,
    verifications: Verifications,
    workflows: Workflows,
    quotas: Quotas,
    again_counts: bool = True,
    now: datetime,
) -> Verification:
    """Starts a test, or returns the running one, of an account at one of `versions`; None allows
    any. Raises AccountNotFound, PreconditionFailed, Conflict, QuotaExceeded, ServiceUnavailable.

    A person's running test is started again, because the process that began it may have died before
    its execution. It counts again if `again_counts`. Beyond the quota it is returned as it is.
    """

    def attempt() -> tuple[Verification, bool]:
        """The verification, and whether it was begun here."""
        # In one call, because a person waits.
        found, count = quotas.counting_beside(account_id, QuotaName.TESTS, organization_id, now)
        account = found.at_one_of(versions)
        if account.slot and account.testing(now):
            return verifications.get(account_id, account.slot.verification_id), False
        verification = _new(account, requester.actor, workflows, now)
        tested, entry = begin(account, verification, requester)
        verifications.begin(account, tested, verification, entry, count)
        return verification, True

    verification, begun = retry_on_conflict(attempt, or_raise=BusyWithOthers(CHANGED_BY_OTHERS))
    if not verification.running or verification.trigger is not Trigger.MANUAL:
        return verification
    # All organizations share Step Functions' quota of calls.
    if not begun and again_counts and not quotas.takes(QuotaName.TESTS, organization_id, now):
        return verification
    if begun:
        _start(verification, requester.request_id, workflows, verifications, now)
    else:
        workflows.start(verification, requester.request_id)
    return verification


def _start(
    verification: Verification,
    request_id: str,
    workflows: Workflows,
    verifications: Verifications,
    now: datetime,
) -> None:
    """Starts the execution of a test that was just begun. Without one, the test is aborted."""
    try:
        workflows.start(verification, request_id)
    except VerificationNotStarted:
        from cavok.services.finish_verification import abort_verification  # rarely needed

        abort_verification(verification, verifications=verifications, now=now)
        raise


def start_unasked(
    account: Account,
    *,
    actor: Actor,
    request_id: str,
    verifications: Verifications,
    workflows: Workflows,
    now: datetime,
) -> None:
    """Starts a test as a sweep does: it is no person's act, costs the organization nothing, and is
    due again if it dies. Raises ItemChanged, ItemBusy, ServiceUnavailable.
    """
    verification = _new(account, actor, workflows, now, Trigger.SCHEDULED)
    tested, entry = begin(account, verification)
    verifications.begin(account, tested, verification, entry)
    _start(verification, request_id, workflows, verifications, now)


def _new(
    account: Account,
    actor: Actor,
    workflows: Workflows,
    now: datetime,
    trigger: Trigger = Trigger.MANUAL,
) -> Verification:
    verification_id = new_id()
    return Verification.new(
        account,
        verification_id=verification_id,
        trigger=trigger,
        actor=actor,
        started_at=now,
        execution_arn=workflows.execution_arn(verification_id),
    )
