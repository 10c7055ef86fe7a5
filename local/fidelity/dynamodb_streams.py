"""DynamoDB streams as a source of Lambda events."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable
from typing import Any

from ministack.services import lambda_svc

from local.fidelity.correction import corrects

_RETRY_SECONDS = 0.05
"""Pause before a batch is tried again. AWS waits longer each time."""

_stream = threading.local()
"""`polled`: whether this thread polls streams now; `mapping`: the event source mapping at hand."""


@corrects(lambda_svc, "_execute_function")
def split_and_discard_failing_batches(
    original: Any, function: dict[str, Any], event: Any, *rest: Any
) -> Any:
    """A failing batch is tried again from its first failed record, or split in halves. After
    `MaximumRetryAttempts` it goes to the on-failure destination, and the stream continues behind
    it.

    The emulator retries the whole batch forever.
    https://docs.aws.amazon.com/lambda/latest/dg/services-dynamodb-errors.html
    https://docs.aws.amazon.com/lambda/latest/dg/services-ddb-batchfailurereporting.html
    """
    if not getattr(_stream, "polled", False) or rest:
        return original(function, event, *rest)
    return _deliver(original, function, event["Records"], _stream.mapping)


@corrects(lambda_svc, "_poll_dynamodb_streams")
def _mark_polling(original: Any) -> Any:
    _stream.polled = True
    try:
        return original()
    finally:
        _stream.polled = False


@corrects(lambda_svc, "_apply_filter_criteria")
def _remember_the_mapping(original: Any, records: list[Any], mapping: dict[str, Any]) -> Any:
    _stream.mapping = mapping
    return original(records, mapping)


def _deliver(
    invoke: Callable[..., Any], function: dict[str, Any], records: list[Any], mapping: Any
) -> dict[str, Any]:
    """The last result of the function, once each record was processed or discarded."""
    retries, most = 0, mapping.get("MaximumRetryAttempts", -1)
    while True:
        result: dict[str, Any] = invoke(function, {"Records": records})
        left = _from_the_first_failure(result, records)
        if not left or most < 0:
            return result
        if len(left) < len(records):
            records, retries = left, 0
        elif mapping.get("BisectBatchOnFunctionError") and len(left) > 1:
            middle = len(left) // 2
            _deliver(invoke, function, left[:middle], mapping)
            records, retries = left[middle:], 0
        elif retries < most:
            retries += 1
            threading.Event().wait(_RETRY_SECONDS)
        else:
            lambda_svc._send_ddb_stream_failure_record(
                mapping, function, left, mapping["EventSourceArn"], result, "RetryAttemptsExhausted"
            )
            return {"body": {}}


def _from_the_first_failure(result: dict[str, Any], records: list[Any]) -> list[Any]:
    """The records from the first failed one on."""
    if result.get("error"):
        return records
    body = result.get("body") or {}
    answer = json.loads(body) if isinstance(body, str) else body
    failed = {failure["itemIdentifier"] for failure in answer.get("batchItemFailures", [])}
    numbers = [record["dynamodb"]["SequenceNumber"] for record in records]
    first = next((at for at, number in enumerate(numbers) if number in failed), len(records))
    return records[first:]
