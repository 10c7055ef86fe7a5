"""Step Functions."""

from __future__ import annotations

import contextvars
import json
import threading
from typing import Any

from ministack.services import stepfunctions

from local.fidelity.correction import corrects


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
def batch_the_items_of_a_distributed_map(
    original: Any, definition: dict[str, Any], raw: Any, effective: Any, iterator: Any, *scope: Any
) -> Any:
    """A Distributed Map honors `ItemBatcher` and `MaxConcurrencyPath`. Its map run counts items as
    items and batches as executions.

    The emulator ignores both fields.
    https://docs.aws.amazon.com/step-functions/latest/dg/input-output-itembatcher.html
    """
    execution, ctx = scope
    state = dict(definition)
    if path := state.pop("MaxConcurrencyPath", None):
        state["MaxConcurrency"] = stepfunctions._resolve_path_or_ctx(path, effective, ctx)
    batcher = state.pop("ItemBatcher", {})
    size = batcher.get("MaxItemsPerBatch")
    if path := batcher.get("MaxItemsPerBatchPath"):
        size = stepfunctions._resolve_path_or_ctx(path, effective, ctx)
    if not size:
        return original(state, raw, effective, iterator, *scope)
    items = stepfunctions._resolve_path_or_ctx(state["ItemsPath"], effective, ctx)
    batches = [{"Items": items[at : at + size]} for at in range(0, len(items), size)]
    before = set(stepfunctions._map_runs)
    try:
        return original({**state, "ItemsPath": "$"}, raw, batches, iterator, *scope)
    finally:
        _count_items(execution["executionArn"], before, batches)


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
