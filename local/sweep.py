"""One sweep now, as the scheduler starts it: `python -m local.sweep` (make sweep)."""

from __future__ import annotations

import time

from local import aws, stack
from local.display import console, step
from local.settings import Problem

_SWEEP_SECONDS = 600


def main() -> None:
    """Start `reverify_accounts` and wait for its end; shows how many accounts were tested. Raises
    Problem.
    """
    running = stack.load()
    client = aws.step_functions(running.emulator_url)
    with step("Accounts that are due, tested again"):
        execution = client.start_execution(
            stateMachineArn=running.state_machines["reverify_accounts"], input="{}"
        )
        deadline = time.monotonic() + _SWEEP_SECONDS
        while (found := client.describe_execution(executionArn=execution["executionArn"]))[
            "status"
        ] == "RUNNING":
            if time.monotonic() > deadline:
                raise Problem(
                    f"The sweep did not finish within {_SWEEP_SECONDS} s. Look into it: make logs"
                )
            time.sleep(0.5)
    if found["status"] != "SUCCEEDED":
        raise Problem(
            f"The sweep ended as {found['status']}: {found.get('error')} {found.get('cause')}"
        )
    for page in client.list_map_runs(executionArn=execution["executionArn"])["mapRuns"]:
        counts = client.describe_map_run(mapRunArn=page["mapRunArn"])["itemCounts"]
        console.print(
            f"  {counts['succeeded']} tested, {counts['failed']} failed, of {counts['total']}"
        )


if __name__ == "__main__":
    stack.run(main)
