"""The API keeps to what it says of itself, whatever it is sent."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from local.customers import CustomerAccount
from local.settings import environment
from local.stack import Stack
from tests.support.connections import connect
from tests.support.organizations import Organization, new_organization

SECONDS = 75
CHECKS = (
    "not_a_server_error",
    "status_code_conformance",
    "content_type_conformance",
    "response_schema_conformance",
)
KEYS = {"access_key_id": "AKIAIOSFODNN7EXAMPLE", "secret_access_key": "not-a-real-one"}


def configuration(organization: Organization, new_place: Callable[[], CustomerAccount]) -> str:
    """Half of the requests are about accounts that exist; those that delete have some of their
    own.
    """
    kept = [connect(organization.admin, new_place()) for _ in range(2)]
    kept += [
        connect(organization.admin, new_place(), access_type="access_key", credentials=KEYS)
        for _ in range(2)
    ]
    tests = [account.press_test()["verification_id"] for account in kept]
    deletable = [connect(organization.admin, new_place()).account_id for _ in range(10)]
    return f"""
[dictionaries]
kept = {{ values = {json.dumps([account.account_id for account in kept])} }}
deletable = {{ values = {json.dumps(deletable)} }}
tests = {{ values = {json.dumps(tests)} }}
tags = {{ values = {json.dumps(["*", '"0"', '"1"', 'W/"1"'])} }}

[parameters]
"path.account_id" = {{ dictionary = "kept", probability = 0.5 }}
"path.verification_id" = {{ dictionary = "tests", probability = 0.7 }}
"header.if-match" = {{ dictionary = "tags", probability = 0.7 }}

[[operations]]
include-method = "DELETE"
parameters = {{ "path.account_id" = {{ dictionary = "deletable", probability = 0.5 }} }}
"""


@pytest.mark.timeout(3 * SECONDS + 200)
def test_schemathesis_finds_no_server_error_and_no_undocumented_answer(
    stack: Stack, new_place: Callable[[], CustomerAccount], tmp_path: Path
) -> None:
    wanted = {"200", "201", "202", "204", "404", "409", "412", "422"}
    answers: set[str] = set()
    with new_organization(stack) as organization:
        (tmp_path / "schemathesis.toml").write_text(configuration(organization, new_place))
        for seed in range(3):  # a busy machine needs more than one run to see every answer
            answers |= run_schemathesis(stack, organization, tmp_path, seed)
            if wanted <= answers:
                break

    assert wanted <= answers


def run_schemathesis(stack: Stack, organization: Organization, folder: Path, seed: int) -> set[str]:
    """The status codes that a run saw. Fails if the API broke one of CHECKS."""
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
            f"--seed={seed}",
            "--continue-on-failure",
            "--no-color",
            "--report=ndjson",
            "--report-ndjson-path=report.ndjson",
        ],
        cwd=folder,
        env=environment(stack.emulator_url),
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout[-10000:] + done.stderr[-2000:]
    return set(re.findall(r'"status_code": ?(\d+)', (folder / "report.ndjson").read_text()))
