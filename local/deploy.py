"""Deploys the project's own template into the embedded AWS, with `sam build` and `sam deploy`."""

from __future__ import annotations

import hashlib
import json
import os
import subprocess
from collections.abc import Iterator
from pathlib import Path

from botocore.exceptions import ClientError

from local import aws
from local.process import Emulator, tail
from local.settings import (
    ARCHITECTURE,
    HOME,
    LOGS,
    ROOT,
    RUNTIME,
    STACK_NAME,
    STATE,
    Problem,
    environment,
)

SAM_BIN = HOME / "venvs" / "sam" / "bin"
_RECORD = STATE / "deployed.json"
_SOURCES = ("template.yaml", "samconfig.toml", "functions", "layers", "statemachines")


def parameters(emulator: Emulator) -> list[str]:
    """The options of SAM that set the template's parameters as this machine needs them."""
    return [
        "--parameter-overrides",
        f"Runtime={RUNTIME}",
        f"Architecture={ARCHITECTURE}",
        f"CognitoEndpoint={emulator.url}/",
        # `make up` lets sweeps run by schedule. Tests start theirs, so that none interferes.
        "SweepState=DISABLED",
        # Five for one organization: each of these needs its own Lambda process on this machine.
        "SweepTests=10",
        "QueueConcurrency=20",
        "AllowLoopbackWebhooks=true",
        # Tests do in a minute what people do in a week.
        "Quotas=requests:100000/60,tests:1000/60,listings:1000/60,starts_and_stops:1000/60,"
        "webhook_tests:6/60,webhook_changes:1000/60,new_accounts:1000/60,changes:1000/60",
    ]


def is_current(emulator: Emulator) -> bool:
    """Whether this emulator runs a stack deployed from the files as they are now."""
    try:
        recorded = json.loads(_RECORD.read_text())
    except (OSError, ValueError):
        return False
    if recorded != _record_of(emulator):
        return False
    try:
        found = aws.cloudformation(emulator.url).describe_stacks(StackName=STACK_NAME)["Stacks"]
    except ClientError:
        return False
    return found[0]["StackStatus"] in ("CREATE_COMPLETE", "UPDATE_COMPLETE")


def build(emulator: Emulator) -> dict[str, str]:
    """`sam build`, cached: builds only what changed. Returns of which files: one that changes
    meanwhile may be missing. Raises Problem with the end of its output.
    """
    built = _record_of(emulator)
    _sam("build", emulator, ["--cached", *parameters(emulator)])
    return built


def deploy(emulator: Emulator, built: dict[str, str]) -> None:
    """`sam deploy` of what was built, with the profile `local` of samconfig.toml. Raises Problem
    with the end of its output and the resources that failed.
    """
    try:
        _sam("deploy", emulator, parameters(emulator))
    except Problem as problem:
        raise Problem(f"{problem}\n{_failed_resources(emulator)}") from problem
    _RECORD.write_text(json.dumps(built))


def deploy_beside(emulator: Emulator, stack_name: str) -> None:
    """A further stack of the same account and region, from what was built last. Raises Problem."""
    named = ["--stack-name", stack_name, "--s3-prefix", stack_name]
    _sam("deploy", emulator, [*named, *parameters(emulator)])


def _failed_resources(emulator: Emulator) -> str:
    """The failed resources and reasons, oldest first: the first is the cause, the rest follow."""
    try:
        page = aws.cloudformation(emulator.url).describe_stack_events(StackName=STACK_NAME)
    except ClientError:
        return ""
    return "\n".join(
        f"{event['LogicalResourceId']}: {event.get('ResourceStatusReason')}"
        for event in reversed(page["StackEvents"])
        if event["ResourceStatus"].endswith("_FAILED")
    )


def outputs(emulator: Emulator, stack_name: str = STACK_NAME) -> dict[str, str]:
    """The stack's outputs by key."""
    stack = aws.cloudformation(emulator.url).describe_stacks(StackName=stack_name)["Stacks"][0]
    return {output["OutputKey"]: output["OutputValue"] for output in stack.get("Outputs", [])}


def _sam(command: str, emulator: Emulator, arguments: list[str]) -> None:
    LOGS.mkdir(parents=True, exist_ok=True)
    log = LOGS / f"sam-{command}.log"
    # `sam build` uses the first pythonX.Y on PATH and its pip.
    variables = environment(emulator.url)
    variables["PATH"] = f"{SAM_BIN}{os.pathsep}{variables['PATH']}"
    with log.open("wb") as file:
        done = subprocess.run(
            [str(SAM_BIN / "sam"), command, "--config-env", "local", *arguments],
            cwd=ROOT,
            env=variables,
            stdin=subprocess.DEVNULL,
            stdout=file,
            stderr=subprocess.STDOUT,
            check=False,
        )
    if done.returncode:
        raise Problem(f"sam {command} failed. The end of {log.relative_to(ROOT)}:\n{tail(log)}")


def _record_of(emulator: Emulator) -> dict[str, str]:
    return {"run_id": emulator.run_id, "fingerprint": _fingerprint()}


def _fingerprint() -> str:
    """A hash of all deployed files and of the runtime that they are built for."""
    digest = hashlib.sha256(f"{RUNTIME} {ARCHITECTURE}".encode())
    for path in _source_files():
        digest.update(str(path.relative_to(ROOT)).encode() + b"\0")
        digest.update(path.read_bytes())
    return digest.hexdigest()


def _source_files() -> Iterator[Path]:
    for name in _SOURCES:
        root = ROOT / name
        found = [root] if root.is_file() else sorted(p for p in root.rglob("*") if p.is_file())
        yield from (p for p in found if "__pycache__" not in p.parts)
