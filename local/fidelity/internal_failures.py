"""Failures of the emulator itself, in any service."""

from __future__ import annotations

import logging
from typing import Any

from ministack import app
from ministack.core import iam_actions

from local.fidelity.correction import Response, corrects


@corrects(app, "_dispatch_service_request")
async def answer_in_the_protocol_of_the_service(original: Any, *request: Any) -> Response:
    """A service that fails answers `InternalFailure` with the status 500, as it answers other
    errors. SDKs read that, and try again.

    The emulator answers in JSON whatever the service speaks, or in plain text if it fails before
    the service is asked.
    https://docs.aws.amazon.com/STS/latest/APIReference/CommonErrors.html
    """
    try:
        answer: Response = await original(*request)
    except Exception:
        logging.getLogger("ministack").exception("Error before a service is asked")
        return _failure(request)
    failed = answer[0] == 500 and b'"__type": "InternalError"' in answer[2]
    return _failure(request) if failed else answer


def _failure(request: tuple[Any, ...]) -> Response:
    method, path, headers, body, query, request_id = request
    params = app._routing_params(method, path, headers, body, query)
    service = app.detect_service(method, path, headers, params)
    named = {"error_code": "InternalFailure", "message": "It failed.", "headers": headers}
    written = iam_actions.access_denied_response(service, "", "", request_id, **named)
    return 500, *written[1:]
