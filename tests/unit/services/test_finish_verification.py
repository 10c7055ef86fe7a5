"""How a test ended, as the workflow or EventBridge tells it, and what is written then."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from datetime import timedelta
from itertools import count

import pytest

from cavok.adapters.table.table import ItemChanged
from cavok.domain import permissions
from cavok.domain.access_denied import Reason
from cavok.domain.accounts import Account, Issue, Status
from cavok.domain.errors import (
    MalformedEvent,
    ServiceUnavailable,
    VerificationNotFound,
)
from cavok.domain.instances import InstanceKey
from cavok.domain.interactions import Interaction
from cavok.domain.kinds import Kind
from cavok.domain.regions import RegionHealth, RegionStatus
from cavok.domain.steps import AskedResources as Found
from cavok.domain.steps import ResourceVerdict, Step, Verdict
from cavok.domain.survey import MAX_UNDER_CONTROL, Survey
from cavok.domain.verifications import State, Trigger, Verification
from cavok.services.finish_verification import (
    Ended,
    VerificationReport,
    abort_verification,
    finish_verification,
)
from tests.support.builders import (
    ACCOUNT_ID,
    NOW,
    ORGANIZATION_ID,
    VERIFICATION_ID,
    a_step,
    a_verification,
    an_account,
    an_account_with_keys,
    confirmed,
    denied,
    sample_event,
    steps_of,
    under_test,
)


@dataclass
class Controlled:
    """A resource, as far as a test's end looks at it."""

    instance: InstanceKey


class Table:
    """One account and one verification."""

    def __init__(self, account: Account | None, verification: Verification) -> None:
        self.account = account
        self.verification = verification
        self.writes = 0
        self.conflicts = 0
        self.progress_reads = 0
        self.resources = Resources([])

    def finish(
        self,
        before: Account,
        after: Account,
        verification: Verification,
        interaction: Interaction | None,
    ) -> None:
        if self.conflicts:
            self.conflicts -= 1
            raise ItemChanged
        assert before == self.account
        self.writes += 1
        self.account, self.verification = after, verification

    def finish_orphan(self, verification: Verification) -> None:
        self.writes += 1
        self.verification = verification


class Resources:
    """The account's instances under control, and how often they were read."""

    def __init__(self, instances: Iterable[InstanceKey]) -> None:
        self._instances = instances
        self.reads = 0

    def all_of(self, account_id: str) -> Iterator[Controlled]:
        assert account_id == ACCOUNT_ID
        self.reads += 1
        return (Controlled(instance) for instance in self._instances)


class Verifications:
    def __init__(self, table: Table) -> None:
        self._table = table
        self.finish, self.finish_orphan = table.finish, table.finish_orphan

    def stored_with_account(
        self, organization_id: str, account_id: str, verification_id: str
    ) -> tuple[Verification, Account | None]:
        assert (organization_id, account_id) == (ORGANIZATION_ID, ACCOUNT_ID)
        found, account = self._table.verification, self._table.account
        if verification_id != found.verification_id:
            raise VerificationNotFound
        return replace(found, steps=()) if found.running else found, account

    def progress(self, verification_id: str) -> tuple[Step, ...]:
        self._table.progress_reads += 1
        return self._table.verification.steps


def finished(report: VerificationReport, table: Table) -> Verification:
    return ended(report, table).verification


def ended(report: VerificationReport, table: Table) -> Ended:
    return finish_verification(
        report,
        verifications=Verifications(table),  # type: ignore[arg-type]
        resources=lambda: table.resources,  # type: ignore[arg-type, return-value]
        now=NOW,
    )


def a_table(account: Account | None = None) -> Table:
    return Table(under_test(account or an_account()), a_verification())


def failure(error: str, message: str) -> dict[str, object]:
    """What a Lambda task's error looks like to the workflow's Catch."""
    cause = {
        "errorMessage": message,
        "errorType": error,
        "requestId": "7f5cbb1c-0000-4000-8000-000000000000",
        "stackTrace": ['  File "/var/task/app.py", line 1\n'],
    }
    output = {"Error": error, "Cause": json.dumps(cause)}
    return sample_event("record_verification") | {"steps": [], "failure": output}


def test_the_workflows_report_is_read_whole() -> None:
    event = sample_event("record_verification")

    report = VerificationReport.of_event(event)

    assert (report.organization_id, report.account_id) == (ORGANIZATION_ID, ACCOUNT_ID)
    assert (report.verification_id, report.trigger) == (VERIFICATION_ID, Trigger.MANUAL)
    assert [step.as_dict() for step in report.steps] == event["steps"]
    assert (report.error, report.log_error, report.died) == (None, None, False)


def test_eventbridge_names_the_test_by_the_input_of_the_execution_that_died() -> None:
    report = VerificationReport.of_event(sample_event("execution_died"))

    assert (report.organization_id, report.account_id) == (ORGANIZATION_ID, ACCOUNT_ID)
    assert (report.verification_id, report.trigger) == (VERIFICATION_ID, Trigger.MANUAL)
    assert (report.steps, report.died) == ((), True)


@pytest.mark.parametrize(
    "input_",
    [
        "not JSON",
        "[]",
        "null",
        "{}",
        '{"organization_id": "o", "account_id": "a", "verification_id": "v"}',
        '{"organization_id": "o", "account_id": "a", "verification_id": 7, "trigger": "manual"}',
        '{"organization_id": "o", "account_id": "a", "verification_id": "v", "trigger": "mine"}',
    ],
)
def test_an_execution_with_the_input_of_no_test_is_no_report(input_: str) -> None:
    event = sample_event("execution_died")
    event["detail"]["input"] = input_

    with pytest.raises(MalformedEvent):
        VerificationReport.of_event(event)


def test_an_execution_that_died_before_its_input_was_known_is_no_report() -> None:
    """EventBridge leaves out an input of more than 248 KiB. Source: Step Functions Developer Guide,
    "Automating Step Functions event delivery with EventBridge".
    """
    event = sample_event("execution_died")
    del event["detail"]["input"]

    with pytest.raises(MalformedEvent):
        VerificationReport.of_event(event)


def test_the_message_of_a_lambdas_error_is_taken_out_of_its_cause() -> None:
    report = VerificationReport.of_event(failure("EntryRefused", "AccessDenied: not authorized"))

    assert (report.error, report.cause) == ("EntryRefused", "AccessDenied: not authorized")


@pytest.mark.parametrize("cause", ["", "plain words", "[1]", "7", '{"other": 1}'])
def test_a_cause_of_any_other_form_is_kept_as_it_is(cause: str) -> None:
    event = sample_event("record_verification")
    event["failure"] = {"Error": "States.Timeout", "Cause": cause}

    assert VerificationReport.of_event(event).cause == cause


def test_the_report_says_why_the_log_was_not_written() -> None:
    event = sample_event("record_verification")
    event["log_failure"] = {"Error": "States.Timeout"}

    assert VerificationReport.of_event(event).log_error == "States.Timeout: "


def test_a_test_that_went_through_decides_the_account() -> None:
    table = a_table()

    verification = finished(VerificationReport.of_event(sample_event("record_verification")), table)

    assert verification.state is State.FINISHED
    assert table.account
    assert (table.account.status, table.account.slot) == (Status.CONFIRMED, None)
    assert table.progress_reads == 0, "a person waits, and the report has the steps"


@pytest.mark.parametrize("error", ["EntryRefused", "EntryRefusedYet"])
@pytest.mark.parametrize(
    ("account", "step", "reason"),
    [
        (an_account(), permissions.ASSUME_ROLE, Reason.ROLE_NOT_ASSUMABLE),
        (an_account_with_keys(), permissions.ACCOUNT_MATCHES, Reason.CREDENTIALS_REJECTED),
    ],
)
def test_an_entry_that_aws_refused_is_told_in_awss_own_words(
    account: Account, step: str, reason: Reason, error: str
) -> None:
    table = a_table(confirmed(account))

    verification = finished(
        VerificationReport.of_event(failure(error, "AccessDenied: no: never")), table
    )

    (entry,) = (s for s in verification.steps if s.step == step)
    assert (entry.verdict, entry.reason) == (Verdict.DENIED, reason)
    assert (entry.error_code, entry.detail) == ("AccessDenied", "no: never")
    assert table.account
    assert table.account.status is Status.FAILED


@pytest.mark.parametrize(
    "error", ["EntryInconclusive", "SealBroken", "States.Timeout", "Lambda.Unknown", "KeyError"]
)
def test_an_entry_that_failed_otherwise_aborts_the_test_and_says_why(error: str) -> None:
    table = a_table()

    verification = finished(VerificationReport.of_event(failure(error, "what happened")), table)

    assert verification.state is State.ABORTED
    entry = verification.steps[0]
    assert (entry.verdict, entry.error_code) == (Verdict.INCONCLUSIVE, error)
    assert entry.detail == "what happened"
    assert table.account
    assert (table.account.status, table.account.slot) == (Status.UNCONFIRMED, None)


def test_an_execution_that_died_aborts_its_test_and_keeps_what_was_finished() -> None:
    table = a_table()
    table.verification = a_verification(steps=(a_step("ec2:StopInstances"),))

    verification = finished(VerificationReport.of_event(sample_event("execution_died")), table)

    assert verification.state is State.ABORTED
    assert [step.step for step in verification.steps] == ["ec2:StopInstances"]
    assert table.account
    assert table.account.slot is None


def test_the_end_is_written_once_however_often_it_is_reported() -> None:
    table = a_table()
    first = finished(VerificationReport.of_event(sample_event("record_verification")), table)

    again = finished(VerificationReport.of_event(sample_event("execution_died")), table)

    assert again == first
    assert table.writes == 1


def test_whoever_changed_the_account_meanwhile_is_not_overwritten() -> None:
    table = a_table()
    table.conflicts = 3

    finished(VerificationReport.of_event(sample_event("record_verification")), table)

    assert table.writes == 1


def test_a_table_that_never_lets_it_be_written_makes_the_workflow_try_again() -> None:
    table = a_table()
    table.conflicts = 1000

    with pytest.raises(ServiceUnavailable, match=VERIFICATION_ID):
        finished(VerificationReport.of_event(sample_event("record_verification")), table)


def test_the_test_of_an_account_that_was_deleted_meanwhile_is_aborted() -> None:
    table = a_table()
    table.account = None

    verification = finished(VerificationReport.of_event(sample_event("record_verification")), table)

    assert verification.state is State.ABORTED
    assert table.verification == verification


def test_a_test_that_never_began_is_an_error_that_somebody_sees() -> None:
    table = a_table()
    table.verification = a_verification(verification_id="01JN8Q5M3C00000000000000C3")

    with pytest.raises(VerificationNotFound):
        finished(VerificationReport.of_event(sample_event("record_verification")), table)


def test_an_execution_that_died_and_tested_no_account_is_dropped() -> None:
    """Somebody started it by hand: it ended nothing, and no retry finds its test."""
    table = a_table()
    table.verification = a_verification(verification_id="01JN8Q5M3C00000000000000C3")

    with pytest.raises(MalformedEvent):
        finished(VerificationReport.of_event(sample_event("execution_died")), table)


@pytest.mark.parametrize("event", ["record_verification", "execution_died"])
def test_a_test_is_overtaken_by_a_change_of_its_account_or_its_deletion(event: str) -> None:
    report = VerificationReport.of_event(sample_event(event))
    table, changed, deleted = a_table(), a_table(), a_table()
    assert changed.account
    changed.account = changed.account.with_use_revoked(NOW)
    deleted.account = None

    deleted.verification = a_verification(steps=(a_step("ec2:StopInstances"),))

    found = [ended(report, each).overtaken for each in (table, changed, deleted)]

    assert found == [False, True, True]
    assert len(deleted.verification.steps) == 1, "those that were shown"


def test_a_test_that_could_not_be_started_frees_its_slot() -> None:
    table = a_table()
    later = NOW + timedelta(seconds=1)

    verification = abort_verification(
        table.verification,
        verifications=Verifications(table),  # type: ignore[arg-type]
        now=later,
    )

    assert (verification.state, verification.finished_at) == (State.ABORTED, later)
    assert table.account
    assert table.account.slot is None


STOPPED_BY_CAVOK = InstanceKey(Kind.EC2, "us-east-1", "i-0123456789abcdef0")


def report_of_refused(instance_id: str) -> VerificationReport:
    """The report of a test that found one instance refused, and another allowed."""
    verdicts = [
        ResourceVerdict(instance_id, "us-east-1", Verdict.DENIED, Reason.IDENTITY_POLICY),
        ResourceVerdict("i-0aaaaaaaaaaaaaaa0", "us-east-1", Verdict.ALLOWED),
    ]
    found = a_step("ec2:StopInstances", Verdict.PARTIAL, resources=Found.of(verdicts))
    return report_of(found)


def report_of(*changes: Step) -> VerificationReport:
    """The report of a test that found everything working but the changes."""
    steps = [step.as_dict() for step in steps_of(an_account(), *changes)]
    return VerificationReport.of_event(sample_event("record_verification") | {"steps": steps})


@pytest.mark.parametrize(
    ("instance_id", "status"),
    [
        (STOPPED_BY_CAVOK.instance_id, Status.DEGRADED),
        ("i-0ffffffffffffffff", Status.CONFIRMED),
    ],
)
def test_a_refused_instance_matters_if_it_is_under_control(
    instance_id: str, status: Status
) -> None:
    table = a_table()
    table.resources = Resources([STOPPED_BY_CAVOK])

    finished(report_of_refused(instance_id), table)

    assert table.account
    assert table.account.status is status
    assert table.resources.reads == 1


def test_the_end_of_a_test_reads_as_many_resources_as_a_test_asks_about() -> None:
    """However many its account has: it shares its process with tests of others."""
    table, read = a_table(), 0

    def endless() -> Iterator[InstanceKey]:
        nonlocal read
        for read in count(1):
            yield InstanceKey(Kind.EC2, "us-east-1", f"i-{read:017x}")

    table.resources = Resources(endless())

    finished(report_of_refused("i-00000000000000007"), table)

    assert read == MAX_UNDER_CONTROL
    assert table.account
    assert table.account.status is Status.DEGRADED


def test_the_resources_are_not_read_where_nothing_of_them_is_in_question() -> None:
    table = a_table()
    table.resources = Resources([STOPPED_BY_CAVOK])

    finished(report_of(*denied(["ec2:DescribeInstanceStatus"])), table)

    assert table.resources.reads == 0


@pytest.mark.parametrize("action", ["ec2:StartInstances", "ec2:DescribeInstances"])
def test_a_permission_that_is_refused_as_a_whole_matters_to_what_is_under_control(
    action: str,
) -> None:
    table = a_table()
    table.resources = Resources([STOPPED_BY_CAVOK])
    refused = replace(denied([action])[0], region=STOPPED_BY_CAVOK.region)

    finished(report_of(refused), table)

    assert table.account
    assert table.account.status is Status.DEGRADED


def test_the_resources_are_read_where_one_of_them_was_refused_before() -> None:
    issue = Issue("instance_refused", "It is refused.", "Allow it.")
    table = a_table(replace(confirmed(an_account()), status=Status.DEGRADED, issues=(issue,)))
    table.resources = Resources([STOPPED_BY_CAVOK])

    finished(report_of(), table)

    assert table.resources.reads == 1
    assert table.account
    assert table.account.status is Status.CONFIRMED


def test_what_the_survey_found_is_kept_and_an_instance_under_control_there_is_a_problem() -> None:
    refused = RegionHealth("us-east-1", RegionStatus.REFUSED, Reason.SERVICE_CONTROL_POLICY)
    table = a_table()
    table.resources = Resources([STOPPED_BY_CAVOK])
    report = replace(report_of(), survey=Survey(region_health=(refused,)))

    verification = finished(report, table)

    assert table.account
    assert table.account.region_health == verification.region_health == (refused,)
    assert table.resources.reads == 1
    assert table.account.status is Status.DEGRADED
    assert STOPPED_BY_CAVOK.instance_id in table.account.issues[0].message


def test_the_workflows_report_holds_the_survey() -> None:
    report = VerificationReport.of_event(sample_event("record_verification"))

    assert [each.region for each in report.survey.region_health] == ["us-east-1"]
    assert report.survey.elsewhere == ()
