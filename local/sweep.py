"""Sweeps: one at once, `python -m local.sweep` (make sweep), or by the template's schedule."""

from __future__ import annotations

import json
import time
from collections.abc import Sequence
from typing import Any, NamedTuple

from local import aws, stack
from local.display import console, step
from local.settings import STACK_NAME, Problem
from local.stack import Stack

_SWEEP_SECONDS = 600
_TEST_SECONDS = 150.0
_OF_A_SCHEDULE = (
    "Name",
    "GroupName",
    "Description",
    "ScheduleExpression",
    "State",
    "Target",
    "FlexibleTimeWindow",
)


class Swept(NamedTuple):
    """How many accounts a sweep tested itself, and those to which it gave tests of their own."""

    tested: int
    handed_over: tuple[str, ...]

    @property
    def total(self) -> int:
        return self.tested + len(self.handed_over)


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


def wait_for(running: Stack, execution_arn: str, *, tests: float = _TEST_SECONDS) -> Swept:
    """Wait until a sweep ends, and up to so many seconds for the tests of their own that it
    started. Raises Problem.
    """
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
    output = json.loads(found["output"])
    swept = Swept(output.get("tested", 0), tuple(output.get("handed_over", ())))
    _wait_for_tests(running, swept.handed_over, tests)
    return swept


def _wait_for_tests(running: Stack, account_ids: Sequence[str], seconds: float) -> None:
    client = aws.client("dynamodb", running.emulator_url)
    deadline = time.monotonic() + seconds
    waiting = list(account_ids)
    while waiting and time.monotonic() < deadline:
        found = client.query(
            TableName=running.table_name,
            KeyConditionExpression="pk = :pk AND begins_with(sk, :tests)",
            ExpressionAttributeValues={
                ":pk": {"S": f"ACCOUNT#{waiting[-1]}"},
                ":tests": {"S": "VERIFICATION#"},
            },
            ScanIndexForward=False,
            Limit=1,
        )["Items"]
        if found and found[0]["state"]["S"] == "running":
            time.sleep(0.3)
        else:
            waiting.pop()


def main() -> None:
    """Run one sweep and show how many accounts were tested. Raises Problem."""
    running = stack.load()
    with step("Due accounts tested again") as current:
        execution_arn = start(running)
        current.outcome = summary(wait_for(running, execution_arn))
    console.print(f"  {execution_arn}", style="dim", soft_wrap=True)


def summary(swept: Swept) -> str:
    """What a sweep did, in words."""
    if not swept.total:
        return "nothing was due: press Test, or change an account, or wait"
    apart = f", {len(swept.handed_over)} in tests of their own" if swept.handed_over else ""
    return f"{swept.total} tested{apart}"


if __name__ == "__main__":
    stack.run(main)
