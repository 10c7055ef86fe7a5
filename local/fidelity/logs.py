"""CloudWatch Logs."""

from __future__ import annotations

import json
from typing import Any

from ministack.core import iam_actions

from local.fidelity.correction import corrects


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
