"""Ending a verification, however it ended. An account is never left testing."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import islice
from typing import TYPE_CHECKING, Any, NamedTuple, Self

from cavok.adapters.table.table import retry_on_conflict
from cavok.adapters.table.verifications import Verifications
from cavok.domain.accounts import Account, IssueCode
from cavok.domain.errors import (
    ChangedMeanwhile,
    EntryRefused,
    EntryRefusedYet,
    MalformedEvent,
    VerificationNotFound,
)
from cavok.domain.instances import InstanceKey
from cavok.domain.interactions import interaction_of_test
from cavok.domain.issues import needed_for
from cavok.domain.reading import ids_of, message_of, object_of, read_json
from cavok.domain.regions import UNUSABLE
from cavok.domain.steps import Step, Verdict
from cavok.domain.survey import MAX_UNDER_CONTROL, Survey
from cavok.domain.verifications import (
    State,
    Trigger,
    Verification,
    abort,
    entry_refused,
    entry_unknown,
    finish,
)

if TYPE_CHECKING:
    from cavok.adapters.table.resources import Resources

NOT_SURVEYED = Survey()


class Ended(NamedTuple):
    """A verification that ended. `overtaken`: its account was changed, revoked or deleted while it
    ran, so that its result is not used. This is no failure of Cavok's.
    """

    verification: Verification
    overtaken: bool

    def as_dict(self) -> dict[str, Any]:
        """As the workflow's output has it."""
        return {
            "verification_id": self.verification.verification_id,
            "state": self.verification.state,
            "outcome": self.verification.outcome,
        }


End = Callable[[Account, Verification], tuple[Account, Verification]]


@dataclass(frozen=True, slots=True, kw_only=True)
class VerificationReport:
    """How a verification ended.

    steps         its results.
    survey        what it found in the account's regions.
    error, cause  set when it could not enter the account.
    log_error     set when writing its summary failed for a reason other than an AWS response.
    died          whether its execution ended without a report.
    """

    organization_id: str
    account_id: str
    verification_id: str
    trigger: Trigger
    steps: tuple[Step, ...] = ()
    survey: Survey = NOT_SURVEYED
    error: str | None = None
    cause: str = ""
    log_error: str | None = None
    died: bool = False

    @classmethod
    def of_event(cls, event: Mapping[str, Any]) -> Self:
        """Reads the report of `verify_account`, or an EventBridge "Step Functions Execution Status
        Change". Raises MalformedEvent for an execution that somebody started with another input.
        """
        detail = event.get("detail")
        names = _input(detail) if detail else event
        failure, log_failure = event.get("failure") or {}, event.get("log_failure")
        return cls(
            organization_id=names["organization_id"],
            account_id=names["account_id"],
            verification_id=names["verification_id"],
            trigger=Trigger(names["trigger"]),
            steps=tuple(Step.from_dict(step) for step in event.get("steps") or ()),
            survey=Survey.from_dict(found) if (found := event.get("survey")) else NOT_SURVEYED,
            error=failure.get("Error"),
            cause=message_of(failure.get("Cause", "")),
            log_error=f"{log_failure['Error']}: {message_of(log_failure.get('Cause', ''))}"
            if log_failure
            else None,
            died=detail is not None,
        )

    def entry_step(self, account: Account, now: datetime) -> Step:
        """The step that says why the account could not be entered."""
        if self.error in (EntryRefused.__name__, EntryRefusedYet.__name__):
            code, _, message = self.cause.partition(": ")
            return entry_refused(account, code, message, now)
        return entry_unknown(account, str(self.error), self.cause, now)


def _input(execution: Mapping[str, Any]) -> Mapping[str, Any]:
    names = object_of(read_json(object_of(execution).get("input", "")))
    if names.get("trigger") not in [*Trigger]:
        raise MalformedEvent("trigger is not one of a test.")
    return {**names, **ids_of(names, "organization_id", "account_id", "verification_id")}


def finish_verification(
    report: VerificationReport,
    *,
    verifications: Verifications,
    resources: "Callable[[], Resources]",
    now: datetime,
) -> Ended:
    """Decides what a verification's end means and writes it. Repeated reports change nothing.

    The account's resources are read only if a refusal may concern one of them. Raises
    VerificationNotFound, and ChangedMeanwhile if the account keeps changing meanwhile. Also
    MalformedEvent if an execution died that belongs to no stored test: somebody started it by hand.
    """

    def judged(account: Account, verification: Verification) -> tuple[Account, Verification]:
        return judge(report, account, verification, resources, now)

    end = _aborting(verifications, now) if report.died else judged
    try:
        return _write_end(report, end, verifications=verifications, now=now)
    except VerificationNotFound as error:
        if report.died:
            raise MalformedEvent("The execution's input names no test that is stored.") from error
        raise


def judge(
    report: VerificationReport,
    account: Account,
    verification: Verification,
    resources: "Callable[[], Resources]",
    now: datetime,
) -> tuple[Account, Verification]:
    """The account after a test that did not die, and the ended test. Writes nothing."""
    steps = [report.entry_step(account, now)] if report.error else report.steps
    asked = _may_concern_resources(account, steps, report.survey)
    return finish(
        account,
        verification,
        steps,
        now,
        log_error=report.log_error,
        region_health=report.survey.region_health,
        elsewhere=report.survey.elsewhere,
        under_control=_under_control(resources(), account) if asked else (),
        template_version=report.survey.template_version,
    )


def _may_concern_resources(account: Account, steps: Sequence[Step], survey: Survey) -> bool:
    return (
        bool(account.unusable_regions)
        or any(each.status in UNUSABLE for each in survey.region_health)
        or any(issue.code == IssueCode.INSTANCE_REFUSED for issue in account.issues)
        or any(
            step.step in needed_for()
            and (step.verdict is Verdict.DENIED or (step.resources and step.resources.denied))
            for step in steps
        )
    )


def _under_control(resources: "Resources", account: Account) -> frozenset[InstanceKey]:
    """The oldest instances under Cavok's control, as many as a test asks about: a test's end must
    not grow with their number.
    """
    oldest = islice(resources.all_of(account.account_id), MAX_UNDER_CONTROL)
    return frozenset(each.instance for each in oldest)


def abort_verification(
    verification: Verification, *, verifications: Verifications, now: datetime
) -> Verification:
    """Aborts a verification that was stopped, timed out or crashed, and keeps its finished steps.

    Raises ChangedMeanwhile if the account keeps changing meanwhile.
    """
    end = _aborting(verifications, now)
    return _write_end(verification, end, verifications=verifications, now=now).verification


def _aborting(verifications: Verifications, now: datetime) -> End:
    """Reads the steps that were shown, because there is no report with steps."""
    return lambda account, test: abort(
        account, test, verifications.progress(test.verification_id), now
    )


def _write_end(
    of: VerificationReport | Verification,
    end: End,
    *,
    verifications: Verifications,
    now: datetime,
) -> Ended:
    verification_id = of.verification_id

    def attempt() -> Ended:
        current, account = verifications.stored_with_account(
            of.organization_id, of.account_id, verification_id
        )
        if current.state is not State.RUNNING:
            return Ended(current, overtaken=False)
        if account is None:
            orphan = current.aborted(now, verifications.progress(verification_id))
            verifications.finish_orphan(orphan)
            return Ended(orphan, overtaken=True)
        after, finished = end(account, current)
        interaction = interaction_of_test(after, finished)
        verifications.finish(account, after, finished, interaction)
        return Ended(finished, current.connection_revision != account.connection_revision)

    return retry_on_conflict(
        attempt,
        or_raise=ChangedMeanwhile(
            f"The end of verification {verification_id} could not be written; "
            "it will be tried again."
        ),
    )
