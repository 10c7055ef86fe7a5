"""The end of a test, however it ends. An account is never left testing."""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Self

from cavok.adapters.table.accounts import AccountChanged, Accounts
from cavok.adapters.table.verifications import Verifications
from cavok.domain.accounts import Account
from cavok.domain.errors import AccountNotFound, EntryRefused, EntryRefusedYet, ServiceUnavailable
from cavok.domain.steps import Step
from cavok.domain.verifications import (
    State,
    Trigger,
    Verification,
    conclude,
    entry_refused,
    entry_unknown,
    settle_aborted,
)

_TRIES = 8

Decision = Callable[[Account, Verification], tuple[Account, Verification]]


@dataclass(frozen=True, slots=True, kw_only=True)
class EndOfTest:
    """How a test ended: its steps, or the error that kept it from entering the account, or merely
    that it ended.
    """

    organization_id: str
    account_id: str
    verification_id: str
    trigger: Trigger
    steps: tuple[Step, ...] = ()
    error: str | None = None
    cause: str = ""
    log_error: str | None = None
    died: bool = False

    @classmethod
    def of_event(cls, event: Mapping[str, Any]) -> Self:
        """Reads what `verify_account` sends, the sweep's word that a test died (EXPRESS executions
        emit no event), or an EventBridge "Step Functions Execution Status Change".
        """
        detail = event.get("detail")
        names = json.loads(detail["input"]) if detail else event
        failure, log_failure = event.get("failure") or {}, event.get("log_failure")
        return cls(
            organization_id=names["organization_id"],
            account_id=names["account_id"],
            verification_id=names["verification_id"],
            trigger=Trigger(names["trigger"]),
            steps=tuple(Step.from_dict(step) for step in event.get("steps") or ()),
            error=failure.get("Error"),
            cause=_message(failure.get("Cause", "")),
            log_error=f"{log_failure['Error']}: {_message(log_failure.get('Cause', ''))}"
            if log_failure
            else None,
            died=detail is not None or bool(event.get("died")),
        )

    def entry_step(self, account: Account, now: datetime) -> Step:
        """The step that tells what kept the test from entering the account."""
        if self.error in (EntryRefused.__name__, EntryRefusedYet.__name__):
            code, _, message = self.cause.partition(": ")
            return entry_refused(account, code, message, now)
        return entry_unknown(account, str(self.error), self.cause, now)


def settle_test(
    report: EndOfTest, *, accounts: Accounts, verifications: Verifications, now: datetime
) -> Verification:
    """Decides what a test's end means and writes it, once, however often it is told."""

    def decide(account: Account, verification: Verification) -> tuple[Account, Verification]:
        if report.died:
            return settle_aborted(account, verification, verification.steps, now)
        steps = [report.entry_step(account, now)] if report.error else report.steps
        return conclude(account, verification, steps, now, log_error=report.log_error)

    begun = verifications.get(report.account_id, report.verification_id)
    return _settle(begun, decide, accounts, verifications, now)


def abort_verification(
    verification: Verification, *, accounts: Accounts, verifications: Verifications, now: datetime
) -> Verification:
    """Settles a test that was stopped, timed out or crashed; the steps it had finished are kept."""
    return _settle(
        verification, lambda a, v: settle_aborted(a, v, v.steps, now), accounts, verifications, now
    )


def _settle(
    begun: Verification,
    decide: Decision,
    accounts: Accounts,
    verifications: Verifications,
    now: datetime,
) -> Verification:
    current = begun
    for _ in range(_TRIES):
        if current.state is not State.RUNNING:
            return current
        try:
            account = accounts.get(current.organization_id, current.account_id)
        except AccountNotFound:
            orphan = current.aborted(now, current.steps)
            verifications.settle_orphan(orphan, now)
            return orphan
        after, settled = decide(account, current)
        try:
            verifications.settle(account, after, settled)
        except AccountChanged:
            current = verifications.get(current.account_id, current.verification_id)
            continue
        return settled
    raise ServiceUnavailable(
        f"Verification {begun.verification_id} could not be settled; it will be retried."
    )


def _message(cause: str) -> str:
    """The message of the exception in a Lambda task's Cause, which is JSON; other causes are plain
    text.
    """
    try:
        details = json.loads(cause)
    except ValueError:
        return cause
    return str(details.get("errorMessage", cause)) if isinstance(details, dict) else cause
