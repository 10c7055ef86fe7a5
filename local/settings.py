"""Paths, names and environment of the local stack, and `Problem`, the error of its commands."""

from __future__ import annotations

import os
import platform
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
HOME = ROOT / ".local"
"""What all stacks of this checkout share: the Python environments."""

STACK_VARIABLE = "CAVOK_STACK"
"""Names a further stack beside the usual one, with a state and a port of its own."""

FURTHER_STACK = os.environ.get(STACK_VARIABLE, "")
STATE = HOME / "stacks" / FURTHER_STACK if FURTHER_STACK else HOME
STACK_FILE = STATE / "stack.json"
LOGS = STATE / "logs"

STACK_NAME = "cavok-local"
REGION = "us-east-1"
WORKLOAD_ACCOUNT_ID = "111122223333"
DEFAULT_PORT = 4566

RUNTIME = f"python{sys.version_info.major}.{sys.version_info.minor}"
"""Lambda workers run in this interpreter, and native wheels fit one interpreter version only."""

CLOCK = ("LD_PRELOAD", "CLOCK_AHEAD")
"""The variables with which tests set another clock: a library and its offset in seconds
(tests/support/at.py).
"""

ARCHITECTURE = "arm64" if platform.machine().lower() in ("arm64", "aarch64") else "x86_64"


class Problem(Exception):
    """A message for the person at the terminal: what is wrong and what to do about it."""


def requested_port() -> int | None:
    """The port in CAVOK_PORT, or None if it is not set. Raises Problem for an invalid one."""
    text = os.environ.get("CAVOK_PORT", "")
    if not text:
        return None
    if not text.isdigit() or not 1024 <= int(text) <= 65535:
        raise Problem(
            f"CAVOK_PORT={text} is not a port. "
            "Use a number from 1024 to 65535: CAVOK_PORT=4567 make up"
        )
    return int(text)


def environment(emulator_url: str, account_id: str = WORKLOAD_ACCOUNT_ID) -> dict[str, str]:
    """A process environment in which AWS tools reach the embedded AWS only.

    It leaves out the profiles, sessions and configuration files of real AWS accounts.
    """
    kept = {k: v for k, v in os.environ.items() if not k.startswith(("AWS_", "SAM_"))}
    return {
        **kept,
        "AWS_ENDPOINT_URL": emulator_url,
        # To the emulator, a 12-digit access key ID is the root user of the account with that ID.
        "AWS_ACCESS_KEY_ID": account_id,
        "AWS_SECRET_ACCESS_KEY": "local",
        "AWS_DEFAULT_REGION": REGION,
        "AWS_REGION": REGION,
        "AWS_CONFIG_FILE": os.devnull,
        "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
        "AWS_EC2_METADATA_DISABLED": "true",
        "NO_PROXY": "127.0.0.1,localhost",
        "SAM_CLI_TELEMETRY": "0",
    }
