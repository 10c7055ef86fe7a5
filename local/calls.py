"""The calls that the stack's roles make, as the embedded AWS decides them: one JSON object a line.

`tests/e2e/test_replay.py` has another simulator decide them again. A role that the emulator never
asks, because it makes a workflow's calls itself, is recorded here too: AWS does ask it.

Only the standard library, ministack and `local.settings` may be imported here, as in
`local.emulator`.
"""

from __future__ import annotations

import contextvars
import inspect
import json
import re
from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from typing import Any

from local.settings import STATE, WORKLOAD_ACCOUNT_ID

FILE = STATE / "emulator" / "calls.jsonl"

_SESSION = re.compile(rf"arn:aws:sts::{WORKLOAD_ACCOUNT_ID}:assumed-role/([^/]+)/")

_role_of_workflow: contextvars.ContextVar[str] = contextvars.ContextVar("role_of_workflow")
"""The ARN of the role of the execution that runs now."""


@dataclass(frozen=True)
class Call:
    """What a role of the workload account did, or tried."""

    role: str
    """Its name, without a path."""
    action: str
    resource: str
    context: dict[str, Any] = field(default_factory=dict)
    """Condition keys of the request, and their values: a string, or a list of strings."""
    allowed: bool = True
    """What the emulator decided."""


def recorded() -> list[Call]:
    """Each distinct call since the emulator started. Tests call this, outside of the emulator."""
    return [Call(**json.loads(line)) for line in FILE.read_text().splitlines()]


def install() -> None:
    """Make the emulator write down each distinct call."""
    from ministack.core import iam_evaluator
    from ministack.services import stepfunctions

    seen: set[str] = set()

    def record(call: Call) -> None:
        line = json.dumps(asdict(call), sort_keys=True, default=str)
        if line not in seen:
            seen.add(line)
            with FILE.open("a") as file:
                file.write(f"{line}\n")

    FILE.touch()
    _record_what_is_decided(iam_evaluator, record)
    _record_what_workflows_do(stepfunctions, record)


def _record_what_is_decided(iam_evaluator: Any, record: Callable[[Call], None]) -> None:
    enforce = iam_evaluator.enforce
    signature = inspect.signature(enforce)

    def recording(*request: Any, **named: Any) -> Any:
        denied = enforce(*request, **named)
        asked = signature.bind(*request, **named).arguments
        caller = iam_evaluator.resolve_caller_identity(asked["access_key_id"]) or {}
        session = _SESSION.match(caller.get("userArn", ""))
        if session and not isinstance(denied, iam_evaluator.AuthError):
            given = asked.get("service_context") or {}
            context = {name: value for name, value in given.items() if value}
            resource = asked.get("resource_arn", "*")
            record(Call(session[1], asked["iam_action"], resource, context, denied is None))
        return denied

    iam_evaluator.enforce = recording


def _record_what_workflows_do(stepfunctions: Any, record: Callable[[Call], None]) -> None:
    run_execution, invoke = stepfunctions._run_execution, stepfunctions._invoke_resource

    def running(execution_arn: str) -> Any:
        machine = stepfunctions._executions[execution_arn]["stateMachineArn"]
        entered = _role_of_workflow.set(stepfunctions._state_machines[machine]["roleArn"])
        try:
            return run_execution(execution_arn)
        finally:
            _role_of_workflow.reset(entered)

    def invoking(resource: str, arguments: dict[str, Any]) -> Any:
        role = _role_of_workflow.get("")
        if f"::{WORKLOAD_ACCOUNT_ID}:" in role:
            record(Call(role.rsplit("/", 1)[-1], *_call_of(resource, arguments)))
        return invoke(resource, arguments)

    stepfunctions._run_execution, stepfunctions._invoke_resource = running, invoking


def _call_of(resource: str, arguments: dict[str, Any]) -> tuple[str, str, dict[str, Any]]:
    """Action, ARN and context of the call that a Task state makes."""
    integration = resource.removeprefix("arn:aws:states:::")
    if integration == "lambda:invoke":
        return "lambda:InvokeFunction", arguments["FunctionName"], {}
    if integration.startswith("aws-sdk:sfn:"):
        operation = integration.rsplit(":", 1)[-1]
        return f"states:{operation[0].upper()}{operation[1:]}", arguments["StateMachineArn"], {}
    if integration == "dynamodb:putItem":
        from ministack.services.dynamodb import _tables

        table = _tables[arguments["TableName"]]["TableArn"]
        return "dynamodb:PutItem", table, {"dynamodb:LeadingKeys": [arguments["Item"]["pk"]["S"]]}
    return integration, "*", {}
