"""The template's workflows, with the real functions behind their states."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import Any

from local.settings import ROOT
from tests.support.asl import Run, TaskFailed
from tests.support.builders import sample_event
from tests.support.messages import invoke, matches
from tests.support.moto_stack import SWEEP, WORKFLOW, Json, client
from tests.support.template import of_type, template

PARAMETERS = template()["Parameters"]
MACHINES = of_type("AWS::Serverless::StateMachine")


def definition(machine: str) -> Json:
    """A workflow's definition with the template's own substitutions: functions by logical id."""
    text = (ROOT / MACHINES[machine]["DefinitionUri"]).read_text()
    for name, value in MACHINES[machine]["DefinitionSubstitutions"].items():
        text = text.replace(f"${{{name}}}", substitution(value))
    assert "${" not in text
    document: Json = json.loads(text)
    return document


def substitution(value: Json) -> str:
    if "Fn::GetAtt" in value:
        return str(value["Fn::GetAtt"][0])
    name = value["Ref"]
    return str(PARAMETERS[name]["Default"]) if name in PARAMETERS else str(name)


@dataclass
class StepFunctions:
    """Runs the workflows of the template with their real functions. `visited`: Task states.
    `failing`: a Task state that fails each time, and how. `history`: that of `Run`.
    """

    visited: set[tuple[str, str]] = field(default_factory=set)
    failing: tuple[str, TaskFailed] | None = None
    history: list[tuple[str, Any]] = field(default_factory=list)

    def start(self, machine: str, data: Any, name: str = "one") -> Any:
        context = {
            "Execution": {"Input": data, "Name": name, "Id": SWEEP},
            "StateMachine": {"Id": machine},
            "State": {"EnteredTime": "2025-03-01T12:00:00Z"},
        }

        def call(state: str, resource: str, arguments: Any) -> Any:
            self.visited.add((machine, state))
            if self.failing and self.failing[0] == state:
                raise self.failing[1]
            service = resource.removeprefix("arn:aws:states:::")
            return getattr(self, service.replace(":", "_").replace("-", "_"))(arguments)

        return Run(context, call, history=self.history).run(definition(machine), data)

    def lambda_invoke(self, arguments: Any) -> Json:
        return {"Payload": invoke(arguments["FunctionName"], arguments["Payload"])}


def run_started_test(machine: str, failing: tuple[str, TaskFailed] | None = None) -> StepFunctions:
    """Runs the test that was started last, with what it was started with."""
    sfn, runs = client("stepfunctions"), StepFunctions(failing=failing)
    started = sfn.list_executions(stateMachineArn=WORKFLOW)["executions"][0]
    execution = sfn.describe_execution(executionArn=started["executionArn"])
    result = runs.start(machine, json.loads(execution["input"]), started["name"])
    assert result["outcome"] or failing, "the test ended with a verdict"
    return runs


def deaths_of_a_test(pattern: Json) -> list[Json]:
    """What Step Functions tells the default bus of the test that was started last, for each of
    its ends that the rule must hear of. Source: Step Functions Developer Guide, "Automating Step
    Functions event delivery with EventBridge".
    """
    sfn = client("stepfunctions")
    started = sfn.list_executions(stateMachineArn=WORKFLOW)["executions"][0]
    execution = sfn.describe_execution(executionArn=started["executionArn"])
    event = sample_event("execution_died")
    machine = {"stateMachineArn": {"Ref": "VerifyAccount"}}
    ends = [
        event | {"detail": event["detail"] | machine | {"status": status}}
        for status in ("RUNNING", "SUCCEEDED", "FAILED", "TIMED_OUT", "ABORTED")
    ]
    heard = [each for each in ends if matches(pattern, each)]
    assert [each["detail"]["status"] for each in heard] == ["FAILED", "TIMED_OUT", "ABORTED"]
    return [each | {"detail": each["detail"] | {"input": execution["input"]}} for each in heard]
