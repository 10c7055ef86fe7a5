"""Counts AWS calls, and makes one of them fail.

Works on botocore's one method for calls, after its own retries: a fault is what is left when the
SDK has given up, or what the SDK's repetition of a call sees.
"""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, Protocol, TypeVar

from botocore.client import BaseClient
from botocore.exceptions import ClientError, ReadTimeoutError

_METHOD = "_make_api_call"
REAL = getattr(BaseClient, _METHOD)
_WRITES = frozenset({"PutItem", "UpdateItem", "DeleteItem", "TransactWriteItems"})


_READS = ("Get", "Query", "BatchGet", "Describe", "Decrypt", "AssumeRole")


class Fault(StrEnum):
    """How a call fails.

    throttled  nothing happened.
    timeout    it happened; no answer comes. A 500 of AWS, after it happened, means the same.
    repeated   it happened; the SDK repeats it, and the caller sees the second answer. Not of a
               transaction: the SDK repeats that with its ClientRequestToken, and DynamoDB answers
               that it succeeded (DynamoDB API Reference, TransactWriteItems).
    busy       DynamoDB: another transaction holds the item. Nothing happened.
    refused    PutEvents: one entry in the middle is refused, the others are accepted.
    dies       it happened, and then the process that called dies.
    """

    THROTTLED = "throttled"
    TIMEOUT = "timeout"
    REPEATED = "repeated"
    BUSY = "busy"
    REFUSED = "refused"
    DIES = "dies"

    def fits(self, operation: str) -> bool:
        """Whether this operation can fail so, in a way that differs from the others."""
        if self is Fault.BUSY:
            return operation == "TransactWriteItems"
        if self is Fault.REFUSED:
            return operation == "PutEvents"
        if self is Fault.REPEATED and operation == "TransactWriteItems":
            return False
        return self is Fault.THROTTLED or not operation.startswith(_READS)


class Died(BaseException):
    """The process is gone: no `except Exception` sees it."""


@dataclass
class Calls:
    """The AWS calls of one run. `events` are those that the bus accepted, `messages` those that the
    queue of acts took, `webhook_messages` those of webhooks' first queue, `retries` those of the
    queue of retries, in order, `undelivered` those that were given up, `fired` those of clocks, and
    `bulk` those of bulk operations. `hidden`: for how many seconds a consumer hid a message.
    """

    index: int | None = None
    fault: Fault | None = None
    made: list[str] = field(default_factory=list)
    events: list[dict[str, Any]] = field(default_factory=list)
    messages: list[dict[str, Any]] = field(default_factory=list)
    webhook_messages: list[dict[str, Any]] = field(default_factory=list)
    retries: list[dict[str, Any]] = field(default_factory=list)
    undelivered: list[dict[str, Any]] = field(default_factory=list)
    fired: list[dict[str, Any]] = field(default_factory=list)
    bulk: list[dict[str, Any]] = field(default_factory=list)
    hidden: dict[str, int] = field(default_factory=dict)
    after_write: Callable[[], None] = lambda: None
    _lock: Any = field(default_factory=threading.RLock)

    def call(self, client: Any, operation: str, arguments: dict[str, Any]) -> Any:
        with self._lock:
            number = len(self.made)
            self.made.append(operation)
            if number != self.index or self.fault is None:
                return self._run(client, operation, arguments)
            return self._fail(self.fault, client, operation, arguments)

    def _run(self, client: Any, operation: str, arguments: dict[str, Any]) -> Any:
        if operation == "PutEvents":
            return self._put_events(arguments["Entries"], refused=None)
        if operation == "SendMessageBatch":
            return self._send(arguments["QueueUrl"], arguments["Entries"])
        if operation == "ChangeMessageVisibility":
            self.hidden[arguments["ReceiptHandle"]] = arguments["VisibilityTimeout"]
            return {}
        try:
            return REAL(client, operation, arguments)
        finally:
            if operation in _WRITES:
                self.after_write()

    def _send(self, queue_url: str, entries: list[dict[str, Any]]) -> Any:
        queues = {
            "acts": self.messages,
            "queue": self.webhook_messages,
            "retries": self.retries,
            "undelivered": self.undelivered,
            "fired": self.fired,
            "bulk": self.bulk,
        }
        queues.get(queue_url.rpartition("/")[2], []).extend(entries)
        return {"Successful": [{"Id": entry["Id"]} for entry in entries], "Failed": []}

    def _fail(self, fault: Fault, client: Any, operation: str, arguments: dict[str, Any]) -> Any:
        if fault is Fault.THROTTLED:
            raise _error(operation, "ThrottlingException", 400)
        if fault is Fault.BUSY:
            raise transaction_conflict(operation, arguments)
        if fault is Fault.REFUSED:
            entries = arguments["Entries"]
            return self._put_events(entries, refused=(len(entries) - 1) // 2)
        answer = self._run(client, operation, arguments)
        if fault is Fault.DIES:
            raise Died
        if fault is Fault.TIMEOUT:
            raise ReadTimeoutError(endpoint_url="https://aws.example")
        del answer
        return self._run(client, operation, arguments)

    def _put_events(self, entries: list[dict[str, Any]], refused: int | None) -> Any:
        accepted = [entry for index, entry in enumerate(entries) if index != refused]
        self.events += [
            {
                "id": f"e-{len(self.events)}",
                "source": entry["Source"],
                "detail-type": entry["DetailType"],
                "detail": json.loads(entry["Detail"]),
            }
            for entry in accepted
        ]
        answers = [
            {"ErrorCode": "ThrottlingException"} if index == refused else {"EventId": "e"}
            for index in range(len(entries))
        ]
        return {"Entries": answers, "FailedEntryCount": int(refused is not None)}


class TakesCalls(Protocol):
    """Makes each call itself, or lets it fail."""

    def call(self, client: Any, operation: str, arguments: dict[str, Any]) -> Any: ...


C = TypeVar("C", bound=TakesCalls)


@contextmanager
def watched(calls: C) -> Iterator[C]:
    """Sends every call of every client through `calls`."""

    def make_api_call(client: Any, operation: str, arguments: dict[str, Any]) -> Any:
        return calls.call(client, operation, arguments)

    before = getattr(BaseClient, _METHOD)
    setattr(BaseClient, _METHOD, make_api_call)
    try:
        yield calls
    finally:
        setattr(BaseClient, _METHOD, before)


def _error(operation: str, code: str, status: int, **more: Any) -> ClientError:
    error = {"Code": code, "Message": "made by a test"}
    metadata = {"HTTPStatusCode": status, "RequestId": "r", "HTTPHeaders": {}}
    response: Any = {"Error": error, "ResponseMetadata": metadata, **more}
    return ClientError(response, operation)


def transaction_conflict(operation: str, arguments: dict[str, Any]) -> ClientError:
    """What DynamoDB answers to a write while a transaction holds an item. Nothing happened."""
    if operation != "TransactWriteItems":
        return _error(operation, "TransactionConflictException", 400)
    reasons = [{"Code": "None"} for _ in arguments["TransactItems"]]
    reasons[-1] = {"Code": "TransactionConflict"}
    return _error(operation, "TransactionCanceledException", 400, CancellationReasons=reasons)
