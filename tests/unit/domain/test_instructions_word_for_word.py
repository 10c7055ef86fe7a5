"""What a customer reads and copies, word for word, as `instructions.json` has it: a change shows
there, where a person reads it. `make catalog` writes it again.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from cavok.api.models.permissions import PermissionsBody
from cavok.domain import instructions
from cavok.domain.accounts import Account
from cavok.domain.instructions import Trust
from tests.support.builders import EXTERNAL_ID, WORKLOAD, an_account, an_account_with_keys

FILE = Path(__file__).with_name("instructions.json")
TRUST = Trust(trusted_account_id=WORKLOAD, external_id=EXTERNAL_ID)
ACCOUNTS = {
    "role": an_account(regions=("eu-west-1", "us-east-1")),
    "user": an_account_with_keys(write_logs=False),
}


def shown(account: Account) -> dict[str, Any]:
    """All that the instructions say. Long texts are lists of lines, so that a change is one."""
    template = instructions.cloudformation_template(account, TRUST)
    return {
        "steps": [[step.title, step.text] for step in instructions.steps(account)],
        "trust_policy": instructions.trust_policy(account, TRUST),
        "cloudformation_template": template.splitlines(),
        "stack_parameters": instructions.stack_parameters(account, TRUST),
        "deploy_url": instructions.deploy_url(
            account, TRUST, "https://bucket.example/role-v1.yaml?a=b&c"
        ),
        "terraform": instructions.terraform(account, TRUST).splitlines(),
        "cli": instructions.cli(account, TRUST).splitlines(),
    }


def access_details() -> dict[str, Any]:
    return PermissionsBody.of_catalog().model_dump(mode="json")


def test_the_access_details_are_these() -> None:
    assert access_details() == json.loads(FILE.read_text())["access_details"]


@pytest.mark.parametrize("name", ACCOUNTS)
def test_the_instructions_are_these(name: str) -> None:
    assert shown(ACCOUNTS[name]) == json.loads(FILE.read_text())[name]


if __name__ == "__main__":
    every = {"access_details": access_details()}
    every |= {name: shown(account) for name, account in ACCOUNTS.items()}
    FILE.write_text(json.dumps(every, indent=2, ensure_ascii=False) + "\n")
