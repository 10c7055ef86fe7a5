"""EC2."""

from __future__ import annotations

from typing import Any
from urllib.parse import parse_qs

from ministack.services import ec2

from local.fidelity.correction import Response, corrects


@corrects(ec2, "handle_request")
async def honor_dry_run(original: Any, *request: Any) -> Response:
    """AWS never acts when `DryRun` is true: it answers `DryRunOperation` (HTTP 412).

    The emulator ignores the flag, so a dry-run StopInstances stops the instance. It has checked
    authorization before this function is called. An absent instance is
    `InvalidInstanceID.NotFound`; AWS does not document whether that or the dry run is answered
    first, so the probes treat it as inconclusive.
    https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_StopInstances.html
    """
    _method, _path, _headers, body, query = request
    params = {**query, **parse_qs(body.decode("utf-8", "replace"))}
    if params.get("DryRun", [""])[0].lower() != "true":
        return await original(*request)  # type: ignore[no-any-return]
    named = [values[0] for key, values in params.items() if key.startswith("InstanceId.")]
    for instance_id in named:
        if instance_id not in ec2._instances:
            message = f"The instance ID '{instance_id}' does not exist"
            return ec2._error("InvalidInstanceID.NotFound", message, 400)  # type: ignore[no-any-return]
    message = "Request would have succeeded, but DryRun flag is set."
    return ec2._error("DryRunOperation", message, 412)  # type: ignore[no-any-return]
