"""Sweeps: one at once, `python -m local.sweep` (make sweep), or by the template's schedule."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Mapping
from typing import Any

from local import aws, stack
from local.display import console, step
from local.settings import STACK_NAME, Problem
from local.stack import Stack

_SWEEP_SECONDS = 600
_OF_A_SCHEDULE = (
    "Name",
    "GroupName",
    "Description",
    "ScheduleExpression",
    "State",
    "Target",
    "FlexibleTimeWindow",
)
_OTHER_OUTCOMES = ("failed", "timedOut", "aborted", "pending", "running")


def schedule(running: Stack) -> dict[str, Any]:
    """The schedule that starts sweeps, as EventBridge Scheduler has it."""
    resource = aws.cloudformation(running.emulator_url).describe_stack_resource(
        StackName=STACK_NAME, LogicalResourceId="SweepSchedule"
    )["StackResourceDetail"]
    name = resource["PhysicalResourceId"].rpartition("/")[2]
    found: dict[str, Any] = _scheduler(running).get_schedule(Name=name)
    return {field: found[field] for field in _OF_A_SCHEDULE}


def change_schedule(running: Stack, **changes: Any) -> dict[str, Any]:
    """Changes that schedule, and returns what it was before: `change_schedule(**before)`."""
    before = schedule(running)
    _scheduler(running).update_schedule(**before | changes)
    return before


def _scheduler(running: Stack) -> Any:
    return aws.client("scheduler", running.emulator_url)


def start(running: Stack) -> str:
    """Start `reverify_accounts`. Returns the ARN of its execution."""
    started = aws.step_functions(running.emulator_url).start_execution(
        stateMachineArn=running.state_machines["reverify_accounts"], input="{}"
    )
    return started["executionArn"]


def wait_for_counts(running: Stack, execution_arn: str) -> Mapping[str, int]:
    """Wait until a sweep ends, and return the item counts of its map runs. Raises Problem."""
    client = aws.step_functions(running.emulator_url)
    deadline = time.monotonic() + _SWEEP_SECONDS
    while (found := client.describe_execution(executionArn=execution_arn))["status"] == "RUNNING":
        if time.monotonic() > deadline:
            raise Problem(
                f"The sweep did not finish within {_SWEEP_SECONDS} s. Look into it: make logs"
            )
        time.sleep(0.3)
    if found["status"] != "SUCCEEDED":
        raise Problem(
            f"The sweep ended as {found['status']}: {found.get('error')} {found.get('cause')}"
        )
    total: Counter[str] = Counter()
    for page in client.list_map_runs(executionArn=execution_arn)["mapRuns"]:
        total.update(client.describe_map_run(mapRunArn=page["mapRunArn"])["itemCounts"])
    return total


def main() -> None:
    """Run one sweep and show how many accounts were tested. Raises Problem."""
    running = stack.load()
    with step("Due accounts tested again") as current:
        execution_arn = start(running)
        current.outcome = summary(wait_for_counts(running, execution_arn))
    console.print(f"  {execution_arn}", style="dim", soft_wrap=True)


def summary(counts: Mapping[str, int]) -> str:
    """The item counts of a map run in words."""
    if not counts.get("total"):
        return "nothing was due: press Test, or change an account, or wait"
    tested = f"{counts['succeeded']} of {counts['total']} tested"
    others = [f"{counts[outcome]} {outcome}" for outcome in _OTHER_OUTCOMES if counts.get(outcome)]
    return ", ".join([tested, *others])


if __name__ == "__main__":
    stack.run(main)
