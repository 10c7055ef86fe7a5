"""The policies we hand out, as parliament reads them: known actions, fitting resources."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Mapping

from cavok.domain import instructions, permissions, session_policies
from tests.support.builders import an_account, an_account_with_keys

# In a process of its own: it is slow to load, and its warnings are not ours.
PARLIAMENT = """
import json, parliament, sys
for name, document in json.load(sys.stdin).items():
    for finding in parliament.analyze_policy_string(json.dumps(document)).findings:
        if finding.issue != "RESOURCE_STAR":  # Access Details asks for every resource
            print(name, finding)
"""


def findings(documents: Mapping[str, object]) -> list[str]:
    done = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", PARLIAMENT],
        input=json.dumps(documents),
        capture_output=True,
        text=True,
        check=True,
    )
    return done.stdout.splitlines()


def test_every_policy_we_hand_out_is_one_that_iam_understands() -> None:
    accounts = [
        make(write_logs=write_logs)
        for make in (an_account, an_account_with_keys)
        for write_logs in (True, False)
    ]
    handed_out = {
        f"{account.access_type}, logs {account.write_logs}": permissions.policy_document(
            instructions.granted_groups(account)
        )
        for account in accounts
    }
    nonsense = {
        "Version": "2012-10-17",
        "Statement": [{"Effect": "Allow", "Action": "ec2:StopTheWorld", "Resource": "*"}],
    }
    others = {
        "Access Details": permissions.policy_document(),
        "session": session_policies.probing_policy(),
        "nonsense": nonsense,
    }

    found = findings(handed_out | others)

    assert found, "or parliament looked at nothing"
    assert [finding for finding in found if not finding.startswith("nonsense ")] == []
