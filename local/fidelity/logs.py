"""CloudWatch Logs: what a request concerns, and lines that are thrown away."""

from __future__ import annotations

import json
import time
from typing import Any

from ministack.core import iam_actions
from ministack.services import cloudwatch_logs

from local.fidelity.correction import Response, corrects

_DAY = 24 * 3600 * 1000
_TWO_HOURS = 2 * 3600 * 1000


@corrects(iam_actions, "extract_resource_arn")
def name_the_stream_in_log_group_arns(original: Any, service: str, *request: Any) -> str:
    """Requests about a log group concern `log-group:NAME:log-stream:STREAM`, so that policies must
    name `log-group:NAME:*`. Only tagging concerns `log-group:NAME`.

    The emulator says `log-group:NAME` of all.
    https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/iam-access-control-overview-cwl.html
    """
    arn: str = original(service, *request)
    _, _, _, body, *_ = request
    named = json.loads(body or b"{}") if service == "logs" else {}
    if not named.get("logGroupName"):
        return arn
    return f"{arn}:log-stream:{named.get('logStreamName', '')}"


@corrects(cloudwatch_logs, "_put_log_events")
def throw_away_lines_of_other_times(original: Any, data: dict[str, Any]) -> Response:
    """PutLogEvents keeps no event that is more than two hours in the future, older than 14 days, or
    older than the group's retention. It keeps the others, succeeds, and names the positions of the
    rejected ones: two ends, exclusive, and a start, inclusive.

    The emulator keeps all.
    https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_PutLogEvents.html
    https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_RejectedLogEventsInfo.html
    """
    events, now = data.get("logEvents", []), int(time.time() * 1000)
    days = cloudwatch_logs._log_groups.get(data.get("logGroupName"), {}).get("retentionInDays")
    times = [event["timestamp"] for event in events]  # in order, or AWS refuses the call
    too_old = sum(at < now - 14 * _DAY for at in times)
    expired = sum(at < now - days * _DAY for at in times) if days else 0
    too_new = sum(at <= now + _TWO_HOURS for at in times)
    status, headers, body = original(data | {"logEvents": events[max(too_old, expired) : too_new]})
    rejected = {
        "tooOldLogEventEndIndex": too_old or None,
        "expiredLogEventEndIndex": expired if expired > too_old else None,
        "tooNewLogEventStartIndex": too_new if too_new < len(events) else None,
    }
    info = {name: index for name, index in rejected.items() if index is not None}
    if status == 200 and info:
        body = json.dumps(json.loads(body) | {"rejectedLogEventsInfo": info}).encode()
    return status, headers, body
