"""How the emulator evaluates the conditions of a stack."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.support.piped_emulator import PipedEmulator, in_the_end

pytestmark = pytest.mark.timeout(900)  # longer than `in_the_end` waits
NUMBER = "210987654321"


def equals(parameter: str, value: str) -> dict[str, Any]:
    return {"Fn::Equals": [{"Ref": parameter}, value]}


def test_a_condition_may_ask_for_the_stacks_region_account_and_partition(
    emulator: PipedEmulator,
) -> None:
    conditions = {
        "IsHere": equals("AWS::Region", "us-east-1"),
        "IsOurs": equals("AWS::AccountId", NUMBER),
        "IsAws": equals("AWS::Partition", "aws"),
        "IsElsewhere": equals("AWS::Region", "eu-west-1"),
    }
    template = {
        "Conditions": conditions,
        "Resources": {
            "Always": {"Type": "AWS::SNS::Topic"},
            **{
                name.removeprefix("Is"): {"Type": "AWS::SNS::Topic", "Condition": name}
                for name in conditions
            },
        },
    }
    cloudformation = emulator.client("cloudformation", NUMBER)

    cloudformation.create_stack(StackName="asked", TemplateBody=json.dumps(template))

    def made() -> set[str] | None:
        (stack,) = cloudformation.describe_stacks(StackName="asked")["Stacks"]
        resources = cloudformation.describe_stack_resources(StackName="asked")["StackResources"]
        is_done = stack["StackStatus"] == "CREATE_COMPLETE"
        return {each["LogicalResourceId"] for each in resources} if is_done else None

    assert in_the_end(made) == {"Always", "Here", "Ours", "Aws"}
