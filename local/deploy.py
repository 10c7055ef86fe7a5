"""The project's real template, built by `sam build` and deployed by `sam deploy` into the embedded
AWS.
"""

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
from local.settings import ARCHITECTURE, HOME, LOGS, ROOT, RUNTIME, STACK_NAME, Problem, environment

_SAM_BIN = HOME / "venvs" / "sam" / "bin"
_RECORD = HOME / "deployed.json"
_DEPLOYED_FROM = ("template.yaml", "samconfig.toml", "functions", "layers", "statemachines")


def _parameters(emulator: Emulator) -> list[str]:
    return [
        "--parameter-overrides",
        f"Runtime={RUNTIME}",
        f"Architecture={ARCHITECTURE}",
        f"CognitoEndpoint={emulator.url}/",
        # A sweep runs when it is asked for (make sweep): none comes between a person and a test.
        "SweepState=DISABLED",
        "SweepConcurrency=1",
        # Each test has processes of its own on this machine.
        "SweepBatch=6",
        "AllowLoopbackWebhooks=true",
    ]


def is_current(emulator: Emulator) -> bool:
    """Whether what stands in this emulator was deployed from the files as they are now."""
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


def build(emulator: Emulator) -> None:
    """`sam build`, cached: only what changed is built again. Raises Problem with the tool's last
    words.
    """
    _sam("build", emulator, ["--cached", *_parameters(emulator)])


def deploy(emulator: Emulator) -> None:
    """`sam deploy` with the profile `local` of samconfig.toml. Raises Problem with the tool's last
    words.
    """
    try:
        _sam("deploy", emulator, _parameters(emulator))
    except Problem as problem:
        raise Problem(f"{problem}\n{_resources_that_failed(emulator)}") from problem
    _RECORD.write_text(json.dumps(_record_of(emulator)))


def _resources_that_failed(emulator: Emulator) -> str:
    """The first failures by name and reason: what follows them in the log is the rollback."""
    try:
        page = aws.cloudformation(emulator.url).describe_stack_events(StackName=STACK_NAME)
    except ClientError:
        return ""
    return "\n".join(
        f"{event['LogicalResourceId']}: {event.get('ResourceStatusReason')}"
        for event in reversed(page["StackEvents"])
        if event["ResourceStatus"].endswith("_FAILED")
    )


def outputs(emulator: Emulator) -> dict[str, str]:
    """The stack's outputs by key."""
    stack = aws.cloudformation(emulator.url).describe_stacks(StackName=STACK_NAME)["Stacks"][0]
    return {output["OutputKey"]: output["OutputValue"] for output in stack.get("Outputs", [])}


def _sam(command: str, emulator: Emulator, arguments: list[str]) -> None:
    LOGS.mkdir(parents=True, exist_ok=True)
    log = LOGS / f"sam-{command}.log"
    # `sam build` takes the first pythonX.Y on PATH, and pip from it.
    variables = environment(emulator.url)
    variables["PATH"] = f"{_SAM_BIN}{os.pathsep}{variables['PATH']}"
    with log.open("wb") as file:
        done = subprocess.run(
            [str(_SAM_BIN / "sam"), command, "--config-env", "local", *arguments],
            cwd=ROOT,
            env=variables,
            stdin=subprocess.DEVNULL,
            stdout=file,
            stderr=subprocess.STDOUT,
            check=False,
        )
    if done.returncode:
        raise Problem(
            f"sam {command} failed. Its last words, from {log.relative_to(ROOT)}:\n{tail(log)}"
        )


def _record_of(emulator: Emulator) -> dict[str, str]:
    return {"run_id": emulator.run_id, "fingerprint": _fingerprint()}


def _fingerprint() -> str:
    """A hash of every file that decides what is deployed, and of the runtime that it is built
    for.
    """
    digest = hashlib.sha256(f"{RUNTIME} {ARCHITECTURE}".encode())
    for path in _sources():
        digest.update(str(path.relative_to(ROOT)).encode() + b"\0")
        digest.update(path.read_bytes())
    return digest.hexdigest()


def _sources() -> Iterator[Path]:
    for name in _DEPLOYED_FROM:
        root = ROOT / name
        found = [root] if root.is_file() else sorted(p for p in root.rglob("*") if p.is_file())
        yield from (p for p in found if "__pycache__" not in p.parts)
