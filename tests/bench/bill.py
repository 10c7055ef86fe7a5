"""What AWS would bill for a number of scheduled tests, at public prices."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta

MILLION = 1_000_000
GB = 1024**3
MONTH = timedelta(days=730 / 24)

PRICES_OF = "us-east-1, on demand, without free tiers, arm64, as published in November 2025"
_LAMBDA = "https://aws.amazon.com/lambda/pricing/"
_STEPS = "https://aws.amazon.com/step-functions/pricing/"
_CLOUDWATCH = "https://aws.amazon.com/cloudwatch/pricing/"
_EVENTBRIDGE = "https://aws.amazon.com/eventbridge/pricing/"
_S3 = "https://aws.amazon.com/s3/pricing/"
_DYNAMODB = "https://aws.amazon.com/dynamodb/pricing/on-demand/"
SOURCES: Mapping[str, tuple[float, str]] = {
    "state transition": (25.00 / MILLION, _STEPS),
    "EXPRESS request": (1.00 / MILLION, _STEPS),
    "EXPRESS GB-second": (0.00001667, _STEPS),
    "Lambda request": (0.20 / MILLION, _LAMBDA),
    "Lambda GB-second": (0.0000133334, _LAMBDA),
    "read unit": (0.125 / MILLION, _DYNAMODB),
    "write unit": (0.625 / MILLION, _DYNAMODB),
    "GB-month stored": (0.25, _DYNAMODB),
    "GB-month of point-in-time recovery": (0.20, _DYNAMODB),
    "KMS request": (0.03 / 10_000, "https://aws.amazon.com/kms/pricing/"),
    "GB of logs": (0.50, _CLOUDWATCH),
    "metric of our own, a month": (0.30, _CLOUDWATCH),
    "metric of an alarm, a month": (0.10, _CLOUDWATCH),
    "KMS key, a month": (1.00, "https://aws.amazon.com/kms/pricing/"),
    "API request": (1.00 / MILLION, "https://aws.amazon.com/api-gateway/pricing/"),
    "trace": (5.00 / MILLION, "https://aws.amazon.com/xray/pricing/"),
    "bus event": (1.00 / MILLION, _EVENTBRIDGE),
    "Scheduler invocation": (1.00 / MILLION, _EVENTBRIDGE),
    "SQS request of a fair queue": (0.50 / MILLION, "https://cloudburn.io/blog/amazon-sqs-pricing"),
    "SNS publication": (0.50 / MILLION, "https://aws.amazon.com/sns/pricing/"),
    "S3 PUT": (5.00 / MILLION, _S3),
    "S3 GET": (0.40 / MILLION, _S3),
    "GB sent to another region": (0.02, "https://aws.amazon.com/ec2/pricing/on-demand/"),
    "GB sent to the internet": (0.09, "https://aws.amazon.com/ec2/pricing/on-demand/"),
}
"""US dollars. A KMS key costs as much again after its first rotation, and after its second; later
ones are free. STS is free, and so are Scheduler's first 14 million invocations in a month. What a
function sends is billed as EC2's is. Source: AWS Lambda pricing, "Data transfer".

A request of SQS costs 0.40 a million, and 0.10 more where messages have a group (fair queues): that
is from a guide of March 2026, since AWS's own page was not to be had. All of ours are taken to cost
both, as it is not known whether empty polls do.
"""

PRICES = {unit: dollars for unit, (dollars, _) in SOURCES.items()}

EXPRESS_MEMORY = 64 / 1024
"""GB that an EXPRESS execution is billed for: its definition and data fit the first 64 MB. Source:
AWS Step Functions pricing, which bills in chunks of these.
"""

LOGGED = 900
"""Bytes that the API's function logs of a request, roughly."""

WRITES_OF_ITS_OWN = 12
"""Write units of a test that an account gets of its own: its slot 6, and recording its end 6."""

COLD = 0.05
"""The assumed share of invocations that start a new environment. AWS says that it is typically
below one in a hundred; a sweep comes every two minutes, in bursts. Source: Lambda Developer Guide,
"Understanding the Lambda execution environment lifecycle", "Cold starts and latency".
"""

LOG_LINE = 26
"""Bytes that CloudWatch Logs adds to each event. Source: CloudWatch Logs API Reference,
PutLogEvents.
"""

_ID = "79b4f56e-95b1-4643-9700-2807f4e68189"
_FUNCTION = "arn:aws:lambda:us-east-1:111122223333:function:cavok-accounts-ProbeAccount-0123456789"
_TRACE = {
    "spanId": "5d5cd43f3a1b4f0a",
    "type": "X-Amzn-Trace-Id",
    "value": f"Root=1-{_ID};Sampled=1",
}
LINES_OF_LAMBDA: Mapping[str, Sequence[str]] = {
    "DEBUG": ("platform.start", "platform.runtimeDone", "platform.report"),
    "INFO": ("platform.start", "platform.report"),
    "WARN": (),
}
"""What Lambda itself logs of an invocation that succeeds, by `SystemLogLevel`. Source: Lambda
Developer Guide, "Configuring JSON and plain text log formats", "System log level event mapping".
"""


@dataclass(frozen=True)
class Work:
    """What a function did: how often it was invoked, the seconds of a warm invocation, of which
    Lambda bills at least a millisecond, and those that a start adds: INIT, which is billed since
    August 2025, and what only a first invocation does. Memory in GB.
    """

    invocations: float
    warm: float
    start: float
    memory: float

    @property
    def gb_seconds(self) -> float:
        return self.invocations * self.memory * (max(0.001, self.warm) + COLD * self.start)


@dataclass(frozen=True)
class Used:
    """What so many `tests` used. `kept` are the byte-months of what is stored, `traces` how many
    traces begin, before sampling, `sent` the bytes of requests to customers' AWS.
    """

    tests: int
    work: Mapping[str, Work]
    transitions: float = 0
    read: float = 0
    written: float = 0
    kept: float = 0
    kms_requests: float = 0
    events: float = 0
    sqs_requests: float = 0
    log_bytes: float = 0
    traces: float = 0
    scheduled: float = 0
    sent: float = 0


def dollars_of_a_million(used: Used) -> Mapping[str, float]:
    """By line of the bill."""
    invocations = sum(one.invocations for one in used.work.values())
    lines = {
        "Step Functions, transitions": used.transitions * PRICES["state transition"],
        "Lambda, requests": invocations * PRICES["Lambda request"],
        "Lambda, GB-seconds": sum(one.gb_seconds for one in used.work.values())
        * PRICES["Lambda GB-second"],
        "DynamoDB, reads": used.read * PRICES["read unit"],
        "DynamoDB, writes": used.written * PRICES["write unit"],
        "DynamoDB, storage and recovery": used.kept
        / GB
        * (PRICES["GB-month stored"] + PRICES["GB-month of point-in-time recovery"]),
        "KMS": used.kms_requests * PRICES["KMS request"],
        "Logs": used.log_bytes / GB * PRICES["GB of logs"],
        "X-Ray": used.traces * PRICES["trace"],
        "Events": used.events * PRICES["bus event"],
        "Queues": used.sqs_requests * PRICES["SQS request of a fair queue"],
        "Scheduler": used.scheduled * PRICES["Scheduler invocation"],
    }
    return {name: dollars / used.tests * MILLION for name, dollars in lines.items()}


def dollars_of_transfer(used: Used) -> float:
    """Of a million tests, if all that they ask of customers' AWS goes to another region."""
    return used.sent / GB * PRICES["GB sent to another region"] / used.tests * MILLION


def dollars_of_tests_of_their_own(seconds: float, memory: float) -> float:
    """Of a million tests that a sweep does not make itself, of so many seconds each in a function
    with this memory in GB: an EXPRESS execution, two invocations, what they write, a trace.
    """
    return MILLION * (
        PRICES["EXPRESS request"]
        + seconds * EXPRESS_MEMORY * PRICES["EXPRESS GB-second"]
        + 2 * PRICES["Lambda request"]
        + seconds * memory * PRICES["Lambda GB-second"]
        + WRITES_OF_ITS_OWN * PRICES["write unit"]
        + PRICES["trace"]
    )


def dollars_of_a_look(read: float, sent: int, seconds: float, memory: float) -> float:
    """Of one request of the page that only reads: so many units, bytes of the answer, and seconds
    of the API's function in so many GB. Its trace is kept.
    """
    return (
        PRICES["API request"]
        + PRICES["Lambda request"]
        + seconds * memory * PRICES["Lambda GB-second"]
        + read * PRICES["read unit"]
        + PRICES["trace"]
        + (bytes_of_lambdas_own_lines("INFO") + LOGGED) / GB * PRICES["GB of logs"]
        + sent / GB * PRICES["GB sent to the internet"]
    )


def dollars_of_metrics(metrics: int, tests_a_month: float) -> float:
    """Of a million tests. A metric costs the same each month, however many tests there are."""
    return metrics * PRICES["metric of our own, a month"] / tests_a_month * MILLION


def dollars_with_calls(lines: Mapping[str, float], times: float) -> float:
    """A whole bill, if its tests make so many times the calls. Lambda's GB-seconds grow as the
    calls do, because a page of a sweep then tests fewer accounts. No other line does.
    """
    return sum(lines.values()) + (times - 1) * lines["Lambda, GB-seconds"]


def sampled(traces_a_second: float) -> float:
    """The share that X-Ray keeps: the first in a second, and five in a hundred of the others. The
    share cannot be set. Source: Lambda Developer Guide, "Visualize Lambda function invocations
    using AWS X-Ray".
    """
    if traces_a_second <= 1:
        return 1.0
    return (1 + 0.05 * (traces_a_second - 1)) / traces_a_second


def bytes_of_lambdas_own_lines(level: str) -> int:
    """Of one invocation that succeeds, in JSON."""
    times = "2025-11-25T12:00:00.000Z"
    metrics = {
        "durationMs": 123.456,
        "billedDurationMs": 124,
        "memorySizeMB": 512,
        "maxMemoryUsedMB": 123,
    }
    records = {
        "platform.start": {"requestId": _ID, "functionArn": _FUNCTION, "version": "$LATEST"},
        "platform.runtimeDone": {"requestId": _ID, "status": "success", "metrics": metrics},
        "platform.report": {"requestId": _ID, "metrics": metrics, "status": "success"},
    }
    lines = (
        json.dumps({"time": times, "type": kind, "record": records[kind] | {"tracing": _TRACE}})
        for kind in LINES_OF_LAMBDA[level]
    )
    return sum(len(line) + LOG_LINE for line in lines)
