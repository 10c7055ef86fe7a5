"""The API keeps to what it says of itself, whatever it is sent."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from local.settings import environment
from local.stack import Stack
from tests.e2e.organizations import new_organization

SECONDS = 75
CHECKS = (
    "not_a_server_error",
    "status_code_conformance",
    "content_type_conformance",
    "response_schema_conformance",
)


@pytest.mark.timeout(SECONDS + 90)
def test_schemathesis_finds_no_server_error_and_no_undocumented_answer(
    stack: Stack, tmp_path: Path
) -> None:
    with new_organization(stack) as organization:
        done = subprocess.run(
            [
                Path(sys.executable).with_name("schemathesis"),
                "run",
                f"{stack.api_url}/openapi.json",
                f"--url={stack.api_url}",
                f"--header=Authorization: {organization.admin.headers['authorization']}",
                f"--checks={','.join(CHECKS)}",
                f"--max-time={SECONDS}",
                "--max-examples=25",
                "--generation-with-security-parameters=false",
                "--generation-deterministic",
                "--continue-on-failure",
                "--no-color",
            ],
            cwd=tmp_path,
            env=environment(stack.emulator_url),
            capture_output=True,
            text=True,
            check=False,
        )

    assert done.returncode == 0, done.stdout[-10000:] + done.stderr[-2000:]
