"""Step Functions: AWS validates the workflows, evaluates single states, and starts an execution
once under its name.
"""

from __future__ import annotations

import json
import re
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import ClientError

from tests.contract.place import USABLE_WITHIN, Place
from tests.support.executions import check_that_a_name_is_one_execution

WORKFLOWS = Path(__file__).parents[2] / "statemachines"


def _definition(name: str) -> str:
    """A workflow with a made-up value for each placeholder."""
    function = "arn:aws:lambda:us-east-1:111122223333:function:any"
    text = (WORKFLOWS / f"{name}.asl.json").read_text()
    return re.sub(r"\$\{\w+\}", "1", re.sub(r"\$\{\w+Arn\}", function, text))


@pytest.mark.parametrize("name", ["verify_account", "reverify_accounts"])
def test_aws_finds_nothing_wrong_with_the_workflow(place: Place, name: str) -> None:
    answer = place.client("stepfunctions").validate_state_machine_definition(
        definition=_definition(name), type="STANDARD"
    )
    assert (answer["result"], answer["diagnostics"]) == ("OK", [])


def test_a_probe_that_timed_out_becomes_an_inconclusive_step(place: Place) -> None:
    """AWS fails a state whose JSONata yields nothing, and a timeout may have no Cause."""
    workflow = json.loads(_definition("verify_account"))
    probing = workflow["States"]["ProbePermissions"]["ItemProcessor"]["States"]
    state = {**probing["ProbeInconclusive"], "QueryLanguage": "JSONata"}
    failed = {"action": "ec2:StopInstances", "group": "ec2", "Error": "States.Timeout"}
    step = _run(place, state, failed, {"opened": {"region": "us-east-1"}})
    assert (step["verdict"], step["error_code"], step["detail"]) == (
        "inconclusive",
        "States.Timeout",
        "",
    )


def test_joining_no_steps_and_some_is_one_flat_list(place: Place) -> None:
    """The log group's iteration has several steps."""
    workflow = json.loads(_definition("verify_account"))
    assign = json.dumps(workflow["States"]["ProbePermissions"]["Assign"])
    state = {
        "Type": "Pass",
        "QueryLanguage": "JSONata",
        "Output": json.loads(assign.replace("$states.result", "$states.input.more")),
        "End": True,
    }
    joined = _run(place, state, {"more": [{"step": 1}, [{"step": 2}, {"step": 3}]]}, {"steps": []})
    assert joined == {"steps": [{"step": 1}, {"step": 2}, {"step": 3}]}


def test_a_running_execution_is_started_again_under_its_name_and_stays_one(place: Place) -> None:
    check_that_a_name_is_one_execution(place.client("stepfunctions"), _waiting_machine(place))


def _waiting_machine(place: Place) -> str:
    """A workflow that only waits, with a role that may do nothing."""
    client, iam, name = place.client("stepfunctions"), place.client("iam"), place.name("Workflow")
    trust = {
        "Effect": "Allow",
        "Principal": {"Service": "states.amazonaws.com"},
        "Action": "sts:AssumeRole",
    }
    document = json.dumps({"Version": "2012-10-17", "Statement": [trust]})
    role = iam.create_role(RoleName=name, AssumeRolePolicyDocument=document)["Role"]["Arn"]
    place.later(iam.delete_role, RoleName=name)
    wait = {"StartAt": "Wait", "States": {"Wait": {"Type": "Wait", "Seconds": 60, "End": True}}}
    arn: str = _once_usable(
        client.create_state_machine, name=name, definition=json.dumps(wait), roleArn=role
    )["stateMachineArn"]
    place.later(client.delete_state_machine, stateMachineArn=arn)
    return arn


def _once_usable(create: Callable[..., Any], **arguments: Any) -> Any:
    """Step Functions refuses a role that is seconds old: AccessDeniedException."""
    deadline = time.monotonic() + USABLE_WITHIN
    while True:
        try:
            return create(**arguments)
        except ClientError as error:
            code = error.response["Error"]["Code"]
            if code != "AccessDeniedException" or time.monotonic() > deadline:
                raise
            time.sleep(2)


def _run(place: Place, state: Any, given: Any, variables: Any) -> Any:
    answer = place.client("stepfunctions").test_state(
        definition=json.dumps(state), input=json.dumps(given), variables=json.dumps(variables)
    )
    assert answer["status"] == "SUCCEEDED", answer
    return json.loads(answer["output"])
