"""What holds on a stack after any run of tests, whatever they did to it: no message is left in a
queue, no function logged an error or dropped an event, and no execution failed, unless a test
declared that it causes that.
"""

from __future__ import annotations

import json
import re
import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from operator import itemgetter
from typing import Any

from local import aws
from local.settings import STACK_NAME
from local.stack import Stack
from tests.support import inspection
from tests.support.queues import messages_in

DRAIN_SECONDS = 480
"""How long messages may still be on their way, and executions still run, after the last test. What
is to come again is hidden for two minutes, and a webhook's fifth try for seven, as is what a stack
says while its account is tested.
"""

GRACE = timedelta(minutes=4)
"""How long after a test what it caused may still be logged: work that was under way as it ended.
Lambda repeats an asynchronous invocation that failed a minute later, and again two minutes after
that. Source: Lambda Developer Guide, "How Lambda handles errors and retries with asynchronous
invocation".
"""

_ANSWERS = tuple(
    f"cavok.domain.errors.{error}:"
    for error in ("AccountNotFound", "EntryInconclusive", "EntryRefused", "EntryRefusedYet")
)
"""Exceptions with which a function answers its workflow: what a customer's account said."""

ANSWERING = ("OpenSession", "ProbeAccount", "ReadOrganization")
"""The functions that do. Of any other, they are errors."""

DROPPED = "Event dropped"
"""What a consumer logs of an event that it cannot take. None of ours is one."""

_CHAINS = ("The above exception was", "During handling of the above exception")
_NO_TEXT = re.compile("START |END |REPORT |{")
_EXCEPTION = re.compile(r"[\w.]+(:|$)")

_SHOWN = 800
"""Characters of each end of an error's text."""

_UNSUCCESSFUL = ("FAILED", "TIMED_OUT", "ABORTED")


@dataclass(frozen=True)
class Declared:
    """An error that a test causes on purpose, from `since` on, and at the latest `GRACE` after
    `until`, its end.
    """

    where: str
    says: str
    because: str
    since: datetime
    until: datetime | None = None


@dataclass(frozen=True)
class Error:
    """An error of a function or an execution."""

    where: str
    """The logical ID of the function or the state machine."""
    at: datetime
    says: str

    def __str__(self) -> str:
        return f"{self.where} at {self.at:%H:%M:%S}: {_shortened(self.says)}"

    def is_one_of(self, declared: Declared) -> bool:
        return (
            self.where == declared.where
            and declared.says in self.says
            and self.at >= declared.since
            and (declared.until is None or self.at <= declared.until + GRACE)
        )


@dataclass
class Invariants:
    """The state of a stack since the first test, and what tests declared."""

    stack: Stack
    since: datetime = field(default_factory=lambda: datetime.now(UTC))
    declared: list[Declared] = field(default_factory=list)

    def declare(self, where: str, says: str, *, because: str) -> None:
        """Errors of this function or state machine whose text contains `says` are caused by a test
        on purpose, from now until it ends.
        """
        self.declared.append(Declared(where, says, because, datetime.now(UTC)))

    def end_of_test(self) -> None:
        """Nothing that was declared so far excuses an error of a later test."""
        now = datetime.now(UTC)
        self.declared = [replace(each, until=each.until or now) for each in self.declared]

    def violations(self) -> list[str]:
        """What does not hold, in words. Waits until the stack is idle, or for `DRAIN_SECONDS`."""
        busy = self._wait_until_idle()
        errors = [*self._errors_in_logs(), *self._executions(*_UNSUCCESSFUL)]
        undeclared = [
            error for error in errors if not any(error.is_one_of(each) for each in self.declared)
        ]
        missed = [
            each for each in self.declared if not any(error.is_one_of(each) for error in errors)
        ]
        return [
            *busy,
            *(str(error) for error in undeclared),
            *(f"declared, and did not happen: {each}" for each in missed),
        ]

    def _wait_until_idle(self) -> list[str]:
        deadline = time.monotonic() + DRAIN_SECONDS
        while (busy := self._busy()) and time.monotonic() < deadline:
            time.sleep(1)
        return busy

    def _busy(self) -> list[str]:
        return [
            *(f"{queue} holds {count} messages" for queue, count in self._messages() if count),
            *(f"still running: {each.where} {each.says}" for each in self._executions("RUNNING")),
        ]

    def _messages(self) -> Iterator[tuple[str, int]]:
        """Of each queue: waiting, in flight and delayed."""
        sqs = aws.client("sqs", self.stack.emulator_url)
        for queue, url in self._resources("AWS::SQS::Queue"):
            yield queue, messages_in(sqs, url)

    def _executions(self, *statuses: str) -> Iterator[Error]:
        """Those in one of these statuses."""
        for machine, arn in self._resources("AWS::StepFunctions::StateMachine"):
            for execution in self._listed(stateMachineArn=arn):
                if execution["status"] in statuses:
                    yield self._described(machine, execution)

    def _listed(self, **of: str) -> list[dict[str, Any]]:
        pages = aws.step_functions(self.stack.emulator_url).get_paginator("list_executions")
        found = [each for page in pages.paginate(**of) for each in page["executions"]]  # type: ignore[arg-type]
        return [each for each in found if each["startDate"] >= self.since]

    def _described(self, machine: str, execution: dict[str, Any]) -> Error:
        found = aws.step_functions(self.stack.emulator_url).describe_execution(
            executionArn=execution["executionArn"]
        )
        words = (found["status"], found.get("error"), found.get("cause"), found["name"])
        return Error(machine, found["startDate"], " ".join(str(word) for word in words if word))

    def _errors_in_logs(self) -> Iterator[Error]:
        client = aws.client("lambda", self.stack.emulator_url)
        for function, name in self._resources("AWS::Lambda::Function"):
            configuration = client.get_function_configuration(FunctionName=name)
            yield from self._errors_of(function, configuration["LoggingConfig"]["LogGroup"])

    def _errors_of(self, function: str, group: str) -> Iterator[Error]:
        since = int(self.since.timestamp() * 1000)
        events = sorted(
            inspection.log_events(self.stack, group, since), key=itemgetter("logStreamName")
        )
        for number, line in errors_in(event["message"] for event in events):
            at = datetime.fromtimestamp(events[number]["timestamp"] / 1000, UTC)
            if function not in ANSWERING or not line.startswith(_ANSWERS):
                yield Error(function, at, line)

    def _resources(self, kind: str) -> list[tuple[str, str]]:
        """Logical and physical IDs of the template's resources of a type."""
        client = aws.client("cloudformation", self.stack.emulator_url)
        pages = client.get_paginator("list_stack_resources").paginate(StackName=STACK_NAME)
        return [
            (each["LogicalResourceId"], each["PhysicalResourceId"])
            for page in pages
            for each in page["StackResourceSummaries"]
            if each["ResourceType"] == kind
        ]


Declare = Callable[..., None]
"""See `Invariants.declare`."""


def holding(stack: Stack) -> Iterator[Invariants]:
    """The body of a fixture that checks the invariants when it ends."""
    invariants = Invariants(stack)
    yield invariants
    violations = invariants.violations()
    assert not violations, "\n\n".join(["After all tests:", *violations])


def errors_in(lines: Iterable[str]) -> Iterator[tuple[int, str]]:
    """Lines of level ERROR and above, dropped events, timeouts, processes that died, and how
    tracebacks end, with their numbers.
    """
    numbered = list(enumerate(lines))
    yield from ((number, line) for number, line in numbered if _is_error(line))
    yield from _raised((number, line) for number, line in numbered if not _NO_TEXT.match(line))


def _shortened(text: str) -> str:
    """Its beginning, and its end: a line of the log ends with what was raised, and where."""
    return text if len(text) <= 2 * _SHOWN else f"{text[:_SHOWN]} … {text[-_SHOWN:]}"


def _is_error(line: str) -> bool:
    if not line.startswith("{"):
        return "Task timed out" in line or "Runtime exited" in line
    said = json.loads(line)
    return said.get("level") in ("ERROR", "CRITICAL") or said.get("message") == DROPPED


def _raised(lines: Iterable[tuple[int, str]]) -> Iterator[tuple[int, str]]:
    """The last line of each traceback; of a chain of exceptions, that of the last one. The parts
    of a traceback may stand apart: the emulator writes what comes late into the log of the
    function's next invocation.
    """
    inside, raised = False, None
    for number, line in lines:
        if line.startswith("Traceback "):
            if raised:
                yield raised
            inside, raised = True, None
        elif line.startswith(_CHAINS):
            inside, raised = True, None
        elif inside and _EXCEPTION.match(line):
            inside, raised = False, (number, line)
    if raised:
        yield raised
