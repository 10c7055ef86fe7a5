"""The calls of the stack's roles, decided a second time: by npm's `@cloud-copilot/iam-simulate`.

A call is one that a function or a workflow made on the local stack (`local/calls.py`), or one that
AWS makes with a role because the template says so, and the emulator does not: writing a function's
log, polling its queue.
"""

from __future__ import annotations

import json
import re
import subprocess
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

from local import aws
from local.calls import Call
from local.settings import ROOT, STACK_NAME, WORKLOAD_ACCOUNT_ID
from local.stack import Stack

ENVIRONMENT = ROOT / ".local" / "venvs" / "simulator"
SIMULATOR = ROOT / "tests" / "support" / "simulate.cjs"

MAPPED = {
    "kms:EncryptionContext:": "aws:PrincipalTag/EncryptionContext.",
    "scheduler:ListSchedules": "scheduler:UpdateSchedule",
}
"""What the simulator does not know, and what stands for it in policies and calls alike: the key
takes any name behind the colon, and Scheduler checks the listing on `schedule/*/*`.
"""

ON_EVERYTHING = (
    *(f"logs:{verb}LogDelivery" for verb in ("Create", "Get", "Update", "Delete")),
    *("logs:ListLogDeliveries", "logs:PutResourcePolicy", "logs:DescribeResourcePolicies"),
    "logs:DescribeLogGroups",
)
"""What Step Functions needs for a workflow's logs. Source: Step Functions Developer Guide, "Using
CloudWatch Logs to log execution history".
"""

TO_TRACE = (
    *("xray:PutTraceSegments", "xray:PutTelemetryRecords"),
    *("xray:GetSamplingRules", "xray:GetSamplingTargets"),
)
"""And for the traces of a person's test. Source: "Trace Step Functions request data"."""

Policies = dict[str, list[dict[str, Any]]]
"""The policy documents of each role, by its logical ID."""


def decide(policies: Policies, calls: Iterable[Call]) -> list[bool]:
    """Whether a role's own policies allow each call, in order. One process decides all."""
    lines = "".join(f"{json.dumps(_question(policies, call))}\n" for call in calls)
    for known, stand_in in MAPPED.items():
        lines = lines.replace(known, stand_in)
    answered = subprocess.run(
        [ENVIRONMENT / "bin" / "node", SIMULATOR],
        cwd=ENVIRONMENT,
        input=lines,
        capture_output=True,
        text=True,
        check=True,
    ).stdout
    answers = [json.loads(line) for line in answered.splitlines()]
    refused = [answer for answer in answers if "identity" not in answer]
    assert not refused, f"The simulator does not take these: {refused[:3]}"
    return [answer["identity"] == "Allowed" for answer in answers]


def _question(policies: Policies, call: Call) -> dict[str, Any]:
    # The simulator takes a wildcard for a set of resources. "*" itself means that there is none.
    resource = call.resource if call.resource == "*" else call.resource.replace("*", "any")
    return {
        "documents": policies[call.role],
        "principal": f"arn:aws:sts::{WORKLOAD_ACCOUNT_ID}:assumed-role/{call.role}/replay",
        "action": call.action,
        "resource": {
            "resource": resource,
            "accountId": resource.split(":")[4] if ":" in resource else WORKLOAD_ACCOUNT_ID,
        },
        "context": call.context,
    }


@dataclass(frozen=True)
class Deployed:
    """The roles of the stack, and what the template connects them with."""

    stack: Stack

    @cached_property
    def _logical(self) -> dict[str, str]:
        """Logical IDs by the last part of physical IDs, which ARNs contain."""
        pages = self._client("cloudformation").get_paginator("list_stack_resources")
        return {
            re.split("[:/]", each["PhysicalResourceId"])[-1]: each["LogicalResourceId"]
            for page in pages.paginate(StackName=STACK_NAME)
            for each in page["StackResourceSummaries"]
        }

    @cached_property
    def policies(self) -> Policies:
        iam = self._client("iam")
        return {
            logical: [
                iam.get_role_policy(RoleName=name, PolicyName=policy)["PolicyDocument"]
                for policy in iam.list_role_policies(RoleName=name)["PolicyNames"]
            ]
            for name, logical in self._logical.items()
            if logical.endswith("Role")
        }

    def own(self, calls: Iterable[Call]) -> list[Call]:
        """Those of the template's roles, by their logical IDs. Tests make further roles."""
        return [
            replace(call, role=self._logical[call.role])
            for call in calls
            if call.role in self._logical
        ]

    def kinds(self, call: Call) -> frozenset[str]:
        """What a call does, without what differs from account to account: `dynamodb:GetItem Table
        ORG` or `kms:Decrypt SealingKey account,organization`. Several keys are several kinds.
        """
        parts = re.split("[:/]", call.resource)
        what = next((self._logical[part] for part in parts if part in self._logical), "")
        if call.action == "sts:AssumeRole" and not what:
            what = "customers"
        if "index" in parts:
            return frozenset([f"{call.action} {what}/{parts[-1]}"])
        if keys := call.context.get("dynamodb:LeadingKeys"):
            return frozenset(f"{call.action} {what} {key.partition('#')[0]}" for key in keys)
        details = [
            *call.context.get("kms:EncryptionContextKeys", ()),
            *call.context.get("events:source", ()),
        ]
        return frozenset([f"{call.action} {what} {','.join(sorted(details))}".strip()])

    def calls_of_aws(self) -> Iterator[Call]:
        """What AWS does with the roles that the template gives it."""
        for function in self._functions():
            role = function["Role"].rsplit("/", 1)[-1]
            log = f"{self._arn('logs')}:log-group:{function['LoggingConfig']['LogGroup']}"
            for action in ("logs:CreateLogStream", "logs:PutLogEvents"):
                yield Call(role, action, f"{log}:log-stream:any")
            if function["TracingConfig"]["Mode"] == "Active":
                for action in ("xray:PutTraceSegments", "xray:PutTelemetryRecords"):
                    yield Call(role, action, "*")
            if letters := function.get("DeadLetterConfig", {}).get("TargetArn"):
                yield Call(role, "sqs:SendMessage", letters)
            for source in self._client("lambda").list_event_source_mappings(
                FunctionName=function["FunctionName"]
            )["EventSourceMappings"]:
                yield from _polling(role, source)
        yield from self._starting_sweeps()
        yield from self._running_workflows()

    def passing_roles(self, calls: Iterable[Call]) -> Iterator[Call]:
        """Who creates a schedule passes the role of its target."""
        clocks = next(name for name, logical in self._logical.items() if logical == "ClocksRole")
        service = {"iam:PassedToService": "scheduler.amazonaws.com"}
        for call in calls:
            if call.action == "scheduler:CreateSchedule":
                arn = f"arn:aws:iam::{WORKLOAD_ACCOUNT_ID}:role/{clocks}"
                yield Call(call.role, "iam:PassRole", arn, service)

    def _running_workflows(self) -> Iterator[Call]:
        client = self._client("stepfunctions")
        for listed in client.list_state_machines()["stateMachines"]:
            logical = self._logical.get(listed["name"], "")
            if not logical:
                continue
            machine = client.describe_state_machine(stateMachineArn=listed["stateMachineArn"])
            role = machine["roleArn"].rsplit("/", 1)[-1]
            traces = TO_TRACE if logical.startswith("VerifyAccount") else ()
            for action in (*ON_EVERYTHING, *traces):
                yield Call(role, action, "*")

    def _starting_sweeps(self) -> Iterator[Call]:
        scheduler = self._client("scheduler")
        for listed in scheduler.list_schedules(GroupName="default")["Schedules"]:
            target = scheduler.get_schedule(Name=listed["Name"])["Target"]
            role = target["RoleArn"].rsplit("/", 1)[-1]
            if role in self._logical:
                yield Call(role, "states:StartExecution", target["Arn"])
                yield Call(role, "sqs:SendMessage", target["DeadLetterConfig"]["Arn"])

    def _functions(self) -> Iterator[dict[str, Any]]:
        for page in self._client("lambda").get_paginator("list_functions").paginate():
            yield from (f for f in page["Functions"] if f["FunctionName"] in self._logical)

    def _arn(self, service: str) -> str:
        return f"arn:aws:{service}:{self.stack.region}:{WORKLOAD_ACCOUNT_ID}"

    def _client(self, service: str) -> Any:
        return aws.client(service, self.stack.emulator_url)


def _polling(role: str, source: dict[str, Any]) -> Iterator[Call]:
    arn = source["EventSourceArn"]
    if ":sqs:" in arn:
        for action in ("ReceiveMessage", "DeleteMessage", "GetQueueAttributes"):
            yield Call(role, f"sqs:{action}", arn)
    else:
        for action in ("GetRecords", "GetShardIterator", "DescribeStream"):
            yield Call(role, f"dynamodb:{action}", arn)
        yield Call(role, "dynamodb:ListStreams", "*")
        yield Call(role, "sqs:SendMessage", source["DestinationConfig"]["OnFailure"]["Destination"])
