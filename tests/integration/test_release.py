"""The templates that `make check` compares are those that CloudFormation gets."""

from __future__ import annotations

import os

import pytest

from local.release import SAM_PYTHON, expanded
from local.settings import ROOT


@pytest.fixture(autouse=True)
def stack() -> None:
    """No AWS: SAM expands a template by itself."""


@pytest.mark.skipif(
    not SAM_PYTHON.exists() and "CI" not in os.environ,
    reason="`sam` is not installed here: `make up` or `make check` first. With CI set, this fails.",
)
def test_sams_own_resources_are_expanded() -> None:
    (template,) = expanded((ROOT / "template.yaml").read_text())

    resources = template["Resources"]
    assert [r["Type"] for r in resources.values() if "Serverless" in r["Type"]] == []
    named = resources["ReverifyAccounts"]
    assert named["Type"] == "AWS::StepFunctions::StateMachine"
    assert "${AWS::StackName}" in str(named["Properties"]["StateMachineName"])
    assert resources["Table"]["DeletionPolicy"] == "RetainExceptOnCreate"
