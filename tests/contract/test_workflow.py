"""Step Functions: AWS validates the workflows and evaluates single states. Creates nothing."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest

from tests.contract.place import Place

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
    state = {
        "Type": "Pass",
        "QueryLanguage": "JSONata",
        "Output": {"steps": "{% [$steps, $states.input.more] %}"},
        "End": True,
    }
    joined = _run(place, state, {"more": [{"step": 1}, {"step": 2}]}, {"steps": []})
    assert joined == {"steps": [{"step": 1}, {"step": 2}]}


def _run(place: Place, state: Any, given: Any, variables: Any) -> Any:
    answer = place.client("stepfunctions").test_state(
        definition=json.dumps(state), input=json.dumps(given), variables=json.dumps(variables)
    )
    assert answer["status"] == "SUCCEEDED", answer
    return json.loads(answer["output"])
