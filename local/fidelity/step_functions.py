"""Step Functions."""

from __future__ import annotations

import contextvars
import json
import threading
from typing import Any

from ministack.services import stepfunctions

from local.fidelity.correction import corrects


@corrects(stepfunctions, "_start_execution")
def start_an_execution_once(original: Any, data: dict[str, Any]) -> Any:
    """Starting a STANDARD execution that runs already, under the same name and with the same
    input, succeeds and answers as the first time.

    The emulator answers ExecutionAlreadyExists, as AWS does for another input and for an execution
    that has ended.
    https://docs.aws.amazon.com/step-functions/latest/apireference/API_StartExecution.html
    """
    machine_arn = str(data.get("stateMachineArn"))
    machine = stepfunctions._state_machines.get(machine_arn) or {}
    execution_arn = f"{machine_arn.replace(':stateMachine:', ':execution:')}:{data.get('name')}"
    running = stepfunctions._executions.get(execution_arn)
    if (
        running is None
        or machine.get("type") == "EXPRESS"
        or (running["status"], running["input"]) != ("RUNNING", data.get("input", "{}"))
    ):
        return original(data)
    return stepfunctions.json_response(
        {name: running[name] for name in ("executionArn", "startDate")}
    )


@corrects(stepfunctions, "_run_execution")
def time_out_executions(original: Any, execution_arn: str) -> Any:
    """A state machine's `TimeoutSeconds` ends its executions as `TIMED_OUT`, and an event says so.

    The emulator lets them run on.
    https://docs.aws.amazon.com/step-functions/latest/dg/statemachine-structure.html
    """
    execution = stepfunctions._executions.get(execution_arn) or {}
    machine = stepfunctions._state_machines.get(execution.get("stateMachineArn")) or {}
    seconds = json.loads(machine.get("definition") or "{}").get("TimeoutSeconds")
    if not seconds:
        return original(execution_arn)
    # The account and region of a request live in context variables, which a new thread does not
    # inherit.
    scope = contextvars.copy_context()
    timer = threading.Timer(seconds, scope.run, (_time_out, execution_arn))
    timer.daemon = True
    timer.start()
    try:
        return original(execution_arn)
    finally:
        timer.cancel()


def _time_out(execution_arn: str) -> None:
    execution = stepfunctions._executions.get(execution_arn)
    if execution is None or execution["status"] != "RUNNING":
        return
    execution.update(
        status="TIMED_OUT", stopDate=stepfunctions.now_iso(), error="States.Timeout", cause=None
    )
    stepfunctions._add_event(execution, "ExecutionTimedOut", {"executionTimedOutEventDetails": {}})
    stepfunctions._emit_execution_status_event(execution)


@corrects(stepfunctions, "_fail_execution")
def keep_aborted_executions_aborted(
    original: Any, execution: dict[str, Any], error: str, cause: str
) -> None:
    """A stopped execution stays `ABORTED` when its running task fails afterwards.

    The emulator turns it into `FAILED`.
    https://docs.aws.amazon.com/step-functions/latest/apireference/API_StopExecution.html
    """
    if execution["status"] == "RUNNING":
        original(execution, error, cause)
