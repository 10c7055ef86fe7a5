"""One sweep now, as the scheduler starts it: `python -m local.sweep` (make sweep)."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Mapping

from local import aws, stack
from local.display import console, step
from local.settings import Problem
from local.stack import Stack

_SWEEP_SECONDS = 600
_OUTCOMES_TO_MENTION = ("failed", "timedOut", "aborted", "pending", "running")


def start(running: Stack) -> str:
    """Starts `reverify_accounts`; returns the execution's ARN."""
    started = aws.step_functions(running.emulator_url).start_execution(
        stateMachineArn=running.state_machines["reverify_accounts"], input="{}"
    )
    return started["executionArn"]


def counts(running: Stack, execution_arn: str) -> Mapping[str, int]:
    """Waits for a sweep's end and returns the accounts of its map runs by outcome. Raises
    Problem.
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
    total: Counter[str] = Counter()
    for page in client.list_map_runs(executionArn=execution_arn)["mapRuns"]:
        total.update(client.describe_map_run(mapRunArn=page["mapRunArn"])["itemCounts"])
    return total


def main() -> None:
    """Runs one sweep and shows how many accounts were tested. Raises Problem."""
    running = stack.load()
    with step("Accounts that are due, tested again") as current:
        execution_arn = start(running)
        found = counts(running, execution_arn)
        current.outcome = told(found)
    console.print(f"  {execution_arn}", style="dim", soft_wrap=True)


def told(found: Mapping[str, int]) -> str:
    """A map run's counts in words."""
    if not found.get("total"):
        return "nothing was due: press Test, or change an account, or wait"
    tested = f"{found['succeeded']} of {found['total']} tested"
    others = [
        f"{found[outcome]} {outcome}" for outcome in _OUTCOMES_TO_MENTION if found.get(outcome)
    ]
    return ", ".join([tested, *others])


if __name__ == "__main__":
    stack.run(main)
