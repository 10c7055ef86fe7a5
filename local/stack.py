"""The local stack as a whole: `python -m local.stack up | down | status`.

`.local/stack.json` describes the running stack to people, tests and other tools: see `Stack`.
"""

from __future__ import annotations

import argparse
import json
import sys
from dataclasses import asdict, dataclass
from urllib.parse import urlsplit

from local import deploy, process, users
from local.display import console, error_console, step
from local.settings import REGION, STACK_FILE, WORKLOAD_ACCOUNT_ID, Problem
from local.users import User


@dataclass(frozen=True)
class Stack:
    """The content of `.local/stack.json`."""

    api_url: str
    dashboard_url: str
    emulator_url: str
    region: str
    workload_account_id: str
    user_pool_id: str
    user_pool_client_id: str
    table_name: str
    event_bus_name: str
    state_machines: dict[str, str]
    users: dict[str, User]


def load() -> Stack:
    """The running stack. Raises Problem if there is none."""
    if not process.running() or not STACK_FILE.exists():
        raise Problem("No local stack runs in this checkout. Start it: make up")
    return Stack(**json.loads(STACK_FILE.read_text()))


def load_current() -> Stack:
    """The running stack, deployed from the files as they are. Raises Problem."""
    stack, emulator = load(), process.running()
    if not emulator or not deploy.is_current(emulator):
        raise Problem("The local stack is of other files than these. Deploy them: make up")
    return stack


def up() -> Stack:
    """Start the emulator and deploy the stack, each only if needed. Raises Problem."""
    with step("Embedded AWS, with IAM enforced") as current:
        emulator, started = process.start()
        current.outcome, current.quick = emulator.url, not started
    if deploy.is_current(emulator):
        with step("Template, functions and workflows") as current:
            current.outcome, current.quick = "unchanged", True
    else:
        with step("Functions and layer built (sam build)"):
            built = deploy.build(emulator)
        with step("Template deployed (sam deploy)"):
            deploy.deploy(emulator, built)
    stack = describe(emulator, deploy.outputs(emulator))
    _write(stack)
    return stack


def down() -> None:
    """Stop what `up` started in this checkout, and nothing else."""
    with step("Local stack") as current:
        current.quick = True
        current.outcome = "stopped" if process.stop() else "none was running in this checkout"
    STACK_FILE.unlink(missing_ok=True)


def status() -> None:
    """Print the content of `.local/stack.json`. Raises Problem if no stack runs."""
    stack = load()
    console.print_json(json.dumps(asdict(stack)))


def describe(emulator: process.Emulator, outputs: dict[str, str]) -> Stack:
    """The stack with these outputs. Its users are made if they are missing."""
    pool_id = outputs["UserPoolId"]
    return Stack(
        api_url=on_loopback(outputs["ApiUrl"], emulator.url),
        dashboard_url=on_loopback(outputs["DashboardUrl"], emulator.url),
        emulator_url=emulator.url,
        region=REGION,
        workload_account_id=WORKLOAD_ACCOUNT_ID,
        user_pool_id=pool_id,
        user_pool_client_id=outputs["UserPoolClientId"],
        table_name=outputs["TableName"],
        event_bus_name=outputs["EventBusName"],
        state_machines={
            name: outputs[key]
            for name, key in (
                ("verify_account", "VerifyAccountArn"),
                ("verify_account_express", "VerifyAccountExpressArn"),
                ("reverify_accounts", "ReverifyAccountsArn"),
            )
            if key in outputs
        },
        users=users.ensure_all(emulator.url, pool_id, _known_users(pool_id)),
    )


def on_loopback(url: str, emulator_url: str) -> str:
    """The emulator's loopback URL of an API, whose own host name resolves in browsers only."""
    parts = urlsplit(url)
    api_id = (parts.hostname or "").split(".")[0]
    return f"{emulator_url}/_aws/execute-api/{api_id}{parts.path}"


def _known_users(pool_id: str) -> dict[str, User]:
    try:
        known = json.loads(STACK_FILE.read_text())
    except (OSError, ValueError):
        return {}
    return known["users"] if known.get("user_pool_id") == pool_id else {}


def _write(stack: Stack) -> None:
    STACK_FILE.touch(mode=0o600)
    STACK_FILE.write_text(json.dumps(asdict(stack), indent=2) + "\n")


def main() -> None:
    parser = argparse.ArgumentParser(prog="local.stack", description=__doc__)
    parser.add_argument("command", choices=("up", "down", "status"))
    command = parser.parse_args().command
    {"up": up, "down": down, "status": status}[command]()


def run(entry: object) -> None:
    """Run a command. A Problem ends it with its message and exit status 1."""
    assert callable(entry)
    try:
        entry()
    except Problem as problem:
        error_console.print(f"\n{problem}", style="bold red", markup=False)
        sys.exit(1)
    except KeyboardInterrupt:
        sys.exit("\nInterrupted. What was started keeps running. Stop it with: make down")


if __name__ == "__main__":
    run(main)
