"""The deployed stack as its operator sees it: executions, logs, items, functions."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from local import aws
from local.settings import STACK_NAME
from local.stack import Stack
from tests.support.waiting import eventually


def execution_arn(stack: Stack, verification_id: str) -> str:
    """An execution is named after the verification."""
    machine = stack.state_machines["verify_account"].replace(":stateMachine:", ":execution:")
    return f"{machine}:{verification_id}"


def execution(stack: Stack, verification_id: str) -> dict[str, Any]:
    return dict(
        aws.step_functions(stack.emulator_url).describe_execution(
            executionArn=execution_arn(stack, verification_id)
        )
    )


def ended(stack: Stack, verification_id: str) -> dict[str, Any]:
    """An execution that has ended. That is a moment after RecordVerification stored the end."""

    def found() -> dict[str, Any] | None:
        seen = execution(stack, verification_id)
        return seen if seen["status"] != "RUNNING" else None

    return eventually(found, "its execution ends", seconds=60)


def history(stack: Stack, verification_id: str) -> list[dict[str, Any]]:
    """Every event of an execution, with all inputs and outputs."""
    pages = aws.client("stepfunctions", stack.emulator_url).get_paginator("get_execution_history")
    found = pages.paginate(
        executionArn=execution_arn(stack, verification_id), includeExecutionData=True
    )
    return [event for page in found for event in page["events"]]


def failures(stack: Stack, verification_id: str) -> list[str]:
    """The errors of the tasks that failed so far, tries that were repeated included."""
    return [
        event["taskFailedEventDetails"]["error"]
        for event in history(stack, verification_id)
        if "taskFailedEventDetails" in event
    ]


def log_lines(stack: Stack, group: str = "") -> list[str]:
    """Every line of the stack's own log groups whose name ends so."""
    groups = aws.logs(stack.emulator_url).get_paginator("describe_log_groups").paginate()
    names = [
        found["logGroupName"]
        for page in groups
        for found in page["logGroups"]
        if STACK_NAME in found["logGroupName"] and found["logGroupName"].endswith(group)
    ]
    assert names, f"no log group of {group}"
    return [event["message"] for name in names for event in log_events(stack, name)]


def log_events(stack: Stack, group: str, since: int = 0) -> Iterator[dict[str, Any]]:
    """The events of a log group by time, from `since` on (milliseconds). The emulator returns one
    page and no token for the next, so each page is asked for by time.
    """
    logs, seen = aws.logs(stack.emulator_url), set[tuple[str, int, str]]()
    while True:
        page = {
            (event["logStreamName"], event["timestamp"], event["message"]): event
            for event in logs.filter_log_events(logGroupName=group, startTime=since)["events"]
        }
        new = [event for key, event in page.items() if key not in seen]
        yield from (dict(event) for event in new)
        if not new:
            return
        seen.update(page)
        since = new[-1]["timestamp"]


def structured(lines: list[str]) -> list[dict[str, Any]]:
    """The lines that are JSON objects; Lambda writes others in between."""
    return [json.loads(line) for line in lines if line.startswith("{")]


def items(stack: Stack) -> list[dict[str, Any]]:
    """Every item of the table."""
    pages = aws.client("dynamodb", stack.emulator_url).get_paginator("scan")
    return [item for page in pages.paginate(TableName=stack.table_name) for item in page["Items"]]


def stream_records(stack: Stack) -> list[dict[str, Any]]:
    """Every record of the table's stream."""
    streams = aws.client("dynamodbstreams", stack.emulator_url)
    arn = streams.list_streams(TableName=stack.table_name)["Streams"][0]["StreamArn"]
    found: list[dict[str, Any]] = []
    for shard in streams.describe_stream(StreamArn=arn)["StreamDescription"]["Shards"]:
        iterator = streams.get_shard_iterator(
            StreamArn=arn, ShardId=shard["ShardId"], ShardIteratorType="TRIM_HORIZON"
        )["ShardIterator"]
        while iterator:
            page = streams.get_records(ShardIterator=iterator)
            found += page["Records"]
            iterator = page.get("NextShardIterator") if page["Records"] else None
    return found


def functions(stack: Stack) -> list[str]:
    """Every function of the template by its logical ID."""
    pages = aws.client("cloudformation", stack.emulator_url).get_paginator("list_stack_resources")
    return [
        resource["LogicalResourceId"]
        for page in pages.paginate(StackName=STACK_NAME)
        for resource in page["StackResourceSummaries"]
        if resource["ResourceType"] == "AWS::Lambda::Function"
    ]


def log_group(stack: Stack, logical_id: str) -> str:
    """The name of a function's own log group."""
    configuration = aws.client("lambda", stack.emulator_url).get_function_configuration(
        FunctionName=resource_name(stack, logical_id)
    )
    return str(configuration["LoggingConfig"]["LogGroup"])


def role_name(stack: Stack, logical_id: str) -> str:
    """The execution role of a function."""
    configuration = aws.client("lambda", stack.emulator_url).get_function_configuration(
        FunctionName=resource_name(stack, logical_id)
    )
    return str(configuration["Role"]).rsplit("/", 1)[-1]


def resource_name(stack: Stack, logical_id: str) -> str:
    """What a resource of the template is called."""
    found = aws.cloudformation(stack.emulator_url).describe_stack_resource(
        StackName=STACK_NAME, LogicalResourceId=logical_id
    )
    return found["StackResourceDetail"]["PhysicalResourceId"]
