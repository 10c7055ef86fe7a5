"""The chain from a function's log line to the operators. Only AWS itself can prove it."""

from __future__ import annotations

import json
import time
from typing import Any

import pytest

from tests.contract.place import Place
from tests.support.template import template

WITHIN = 240.0
"""Seconds. CloudWatch extracts the metric within a minute or two, and evaluates once a minute."""


@pytest.fixture(scope="module")
def operators(place: Place) -> dict[str, str]:
    """A topic, and a queue that subscribes to it: the topic's ARN and the queue's URL."""
    sns, sqs = place.client("sns"), place.client("sqs")
    topic = sns.create_topic(Name=place.name("operators"))["TopicArn"]
    place.later(sns.delete_topic, TopicArn=topic)
    allowed = {
        "Effect": "Allow",
        "Principal": {"Service": "sns.amazonaws.com"},
        "Action": "sqs:SendMessage",
        "Resource": "*",
        "Condition": {"ArnEquals": {"aws:SourceArn": topic}},
    }
    policy = json.dumps({"Version": "2012-10-17", "Statement": [allowed]})
    url = sqs.create_queue(QueueName=place.name("operators"), Attributes={"Policy": policy})
    queue = url["QueueUrl"]
    place.later(sqs.delete_queue, QueueUrl=queue)
    attributes = sqs.get_queue_attributes(QueueUrl=queue, AttributeNames=["QueueArn"])
    sns.subscribe(TopicArn=topic, Protocol="sqs", Endpoint=attributes["Attributes"]["QueueArn"])
    return {"queue": queue, "topic": topic}


def test_a_metric_in_a_log_line_rings_the_alarm_of_the_template(
    place: Place, operators: dict[str, str]
) -> None:
    properties = template()["Resources"]["OurEntryBrokenAlarm"]["Properties"]
    (dimension,) = properties["Dimensions"]
    assert dimension["Value"] == {"Ref": "AWS::StackName"}
    # In its own namespace, so that no alarm of a deployed stack rings.
    alarm = properties | {
        "Namespace": place.name("Metrics"),
        "Dimensions": [dimension | {"Value": place.name("stack")}],
        "AlarmActions": [operators["topic"]],
    }
    cloudwatch = place.client("cloudwatch")
    cloudwatch.put_metric_alarm(AlarmName=place.name("alarm"), **alarm)
    place.later(cloudwatch.delete_alarms, AlarmNames=[place.name("alarm")])

    log(place, alarm)

    message = received(place, operators["queue"])
    assert (message["AlarmName"], message["NewStateValue"]) == (place.name("alarm"), "ALARM")


def log(place: Place, alarm: dict[str, Any]) -> None:
    """Writes a line in the format of Powertools."""
    logs, group = place.client("logs"), f"/cavok/contract-{place.run}-metrics"
    logs.create_log_group(logGroupName=group)
    place.later(logs.delete_log_group, logGroupName=group)
    logs.create_log_stream(logGroupName=group, logStreamName="one")
    now = int(time.time() * 1000)
    dimensions = {one["Name"]: one["Value"] for one in alarm["Dimensions"]}
    directive = {
        "Namespace": alarm["Namespace"],
        "Dimensions": [list(dimensions)],
        "Metrics": [{"Name": alarm["MetricName"], "Unit": "Count"}],
    }
    line = {"_aws": {"Timestamp": now, "CloudWatchMetrics": [directive]}, **dimensions}
    message = json.dumps(line | {alarm["MetricName"]: [1.0]}, separators=(",", ":"))
    logs.put_log_events(
        logGroupName=group,
        logStreamName="one",
        logEvents=[{"timestamp": now, "message": message}],
    )


def received(place: Place, queue: str) -> dict[str, Any]:
    sqs, deadline = place.client("sqs"), time.monotonic() + WITHIN
    while time.monotonic() < deadline:
        answer = sqs.receive_message(QueueUrl=queue, WaitTimeSeconds=10)
        for message in answer.get("Messages", []):
            found: dict[str, Any] = json.loads(json.loads(message["Body"])["Message"])
            return found
    raise AssertionError(f"The alarm did not ring within {WITHIN} s.")
