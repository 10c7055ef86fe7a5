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


@corrects(stepfunctions, "_run_distributed_map")
def run_distributed_maps_in_jsonata(
    original: Any, definition: dict[str, Any], raw: Any, effective: Any, iterator: Any, *scope: Any
) -> Any:
    """A Distributed Map evaluates JSONata in `Items`, `ItemSelector`, `ItemBatcher`,
    `MaxConcurrency`, the tolerated failures, `Output` and `Assign`. Its map run counts items as
    items and batches as executions.

    The emulator evaluates none of these, and knows no batches.
    https://docs.aws.amazon.com/step-functions/latest/dg/state-map-distributed.html
    https://docs.aws.amazon.com/step-functions/latest/dg/input-output-itembatcher.html
    """
    execution, ctx = scope
    if stepfunctions._state_query_language(definition, ctx) != "JSONata":
        return original(definition, raw, effective, iterator, *scope)
    state = {k: v for k, v in definition.items() if k not in ("ItemSelector", "ItemBatcher")}
    for field in ("MaxConcurrency", "ToleratedFailureCount", "ToleratedFailurePercentage"):
        if field in state:
            state[field] = _number(state, field, raw, ctx)
    items = _items(definition, raw, ctx)
    if "ItemBatcher" in definition:
        size = _number(definition["ItemBatcher"], "MaxItemsPerBatch", raw, ctx)
        items = [{"Items": items[at : at + size]} for at in range(0, len(items), size)]
    before = set(stepfunctions._map_runs)
    try:
        results, following = original({**state, "ItemsPath": "$"}, raw, items, iterator, *scope)
    finally:
        if "ItemBatcher" in definition:
            _count_items(execution["executionArn"], before, items)
    output = stepfunctions._apply_jsonata_output(
        definition, raw, ctx, result=results, default=results
    )
    stepfunctions._apply_state_assign(definition, raw, ctx, result=results)
    return output, following


def _number(fields: dict[str, Any], field: str, raw: Any, ctx: dict[str, Any]) -> int:
    return int(stepfunctions._jsonata_state_field(fields, field, "number", raw, ctx))


def _items(definition: dict[str, Any], raw: Any, ctx: dict[str, Any]) -> list[Any]:
    """What the children are given, before it is batched."""
    items = stepfunctions._jsonata_state_field(
        {"Items": "{% $states.input %}", **definition}, "Items", "array", raw, ctx
    )
    if "ItemSelector" not in definition:
        return list(items)
    return [
        stepfunctions._apply_jsonata_template(
            definition["ItemSelector"],
            raw,
            {**ctx, "Map": {"Item": {"Index": index, "Value": item}}},
        )
        for index, item in enumerate(items)
    ]


def _count_items(execution_arn: str, before: set[str], batches: list[dict[str, Any]]) -> None:
    """Replaces the emulator's count of batches by one of items. All items of a batch share its
    outcome.
    """
    for arn, run in list(stepfunctions._map_runs.items()):
        if arn in before or run["executionArn"] != execution_arn:
            continue
        counts = dict.fromkeys(run["itemCounts"], 0)
        outcomes = {"SUCCEEDED": "succeeded", "FAILED": "failed"}
        for child in list(stepfunctions._executions.values()):
            if child.get("mapRunArn") == arn:
                items = len(json.loads(child["input"])["Items"])
                counts[outcomes[child["status"]]] += items
        run["itemCounts"] = {**counts, "total": sum(len(batch["Items"]) for batch in batches)}
