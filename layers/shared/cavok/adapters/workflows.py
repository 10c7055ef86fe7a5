"""Executions of workflows: starting those that verify an account or synchronize an enrollment, and
finding those that run.
"""

import json
from datetime import datetime
from typing import TYPE_CHECKING, Any

from cavok.adapters.aws_errors import AWS_ERRORS, code_and_message, refused, was_repeated
from cavok.domain.errors import (
    ServiceUnavailable,
    SynchronizationNotStarted,
    VerificationNotStarted,
)
from cavok.domain.verifications import Verification

if TYPE_CHECKING:
    from mypy_boto3_stepfunctions import SFNClient


class Workflows:
    """Executions of `verify_account`, named after the verification so that operators can find
    either from the other.
    """

    def __init__(self, sfn: "SFNClient", verify_account_arn: str) -> None:
        self._sfn = sfn
        self._verify_account_arn = verify_account_arn

    def execution_arn(self, verification_id: str) -> str:
        """The ARN of a verification's execution, started or not."""
        return (
            f"{self._verify_account_arn.replace(':stateMachine:', ':execution:')}:{verification_id}"
        )

    def start(self, verification: Verification, correlation_id: str) -> None:
        """Starts the execution, once. Raises VerificationNotStarted if Step Functions refuses, and
        ServiceUnavailable if a try was not answered: the execution may be running then.

        The name of a STANDARD execution is unique for 90 days. Several EXPRESS ones may have one,
        and AWS may run each more than once (Step Functions Developer Guide, "Execution
        guarantees"): the first to end is recorded. AWS answers ExecutionAlreadyExists if it has
        ended, or runs with another correlation ID (Step Functions API Reference, StartExecution).
        """
        _start(
            self._sfn,
            self._verify_account_arn,
            verification.verification_id,
            execution_input(verification, correlation_id),
            or_raise=VerificationNotStarted,
            what="test",
        )

    def running_beside(self, execution_arn: str) -> dict[str, datetime]:
        """When the other executions began that this one's state machine runs, by ARN; the latest
        hundred. "Eventually consistent", so that one may be missing or over (Step Functions API
        Reference, ListExecutions). Raises ServiceUnavailable.
        """
        machine, _, _ = execution_arn.replace(":execution:", ":stateMachine:").rpartition(":")
        try:
            running = self._sfn.list_executions(stateMachineArn=machine, statusFilter="RUNNING")
        except AWS_ERRORS as error:
            raise ServiceUnavailable("Executions could not be listed.") from error
        began = {one["executionArn"]: one["startDate"] for one in running["executions"]}
        began.pop(execution_arn, None)
        return began


class SynchronizationWorkflows:
    """Executions of `synchronize_organization`, named after the synchronization."""

    def __init__(self, sfn: "SFNClient", synchronize_organization_arn: str) -> None:
        self._sfn = sfn
        self._arn = synchronize_organization_arn

    def start(
        self, organization_id: str, enrollment_id: str, synchronization_id: str, correlation_id: str
    ) -> None:
        """Starts the execution, once, as `Workflows.start`. Raises SynchronizationNotStarted,
        ServiceUnavailable.
        """
        ids = {
            "organization_id": organization_id,
            "enrollment_id": enrollment_id,
            "synchronization_id": synchronization_id,
            "correlation_id": correlation_id,
        }
        _start(
            self._sfn,
            self._arn,
            synchronization_id,
            ids,
            or_raise=SynchronizationNotStarted,
            what="synchronization",
        )


def _start(
    sfn: "SFNClient",
    machine_arn: str,
    name: str,
    given: dict[str, Any],
    *,
    or_raise: type[ServiceUnavailable],
    what: str,
) -> None:
    try:
        sfn.start_execution(stateMachineArn=machine_arn, name=name, input=json.dumps(given))
    except AWS_ERRORS as error:
        if code_and_message(error)[0] == "ExecutionAlreadyExists":
            return
        # If the SDK repeated the call, an earlier try may have started the execution.
        raised = or_raise if refused(error) and not was_repeated(error) else ServiceUnavailable
        raise raised(f"The {what} could not be started. Please try again in a moment.") from error


def execution_input(verification: Verification, correlation_id: str) -> dict[str, Any]:
    """The input of an execution: ids only, nothing secret."""
    return {
        "organization_id": verification.organization_id,
        "account_id": verification.account_id,
        "verification_id": verification.verification_id,
        "trigger": verification.trigger.value,
        "correlation_id": correlation_id,
    }
