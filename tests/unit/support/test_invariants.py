"""Which lines of a function's log are errors."""

from __future__ import annotations

import pytest

from tests.support.invariants import errors_in

CRASH = (
    "START RequestId: a",
    "Traceback (most recent call last):",
    '  File "app.py", line 1, in handler',
    "    raise KeyError(name)",
    "KeyError: 'event_id'",
    "END RequestId: a",
)
RAISED_FROM = (
    "Traceback (most recent call last):",
    '  File "app.py", line 1, in handler',
    "botocore.exceptions.ClientError: An error occurred",
    "",
    "The above exception was the direct cause of the following exception:",
    "",
    "Traceback (most recent call last):",
    '  File "app.py", line 2, in handler',
    "cavok.domain.errors.EntryRefused: AccessDenied: no",
)
OF_SEVERAL_LINES = (
    "Traceback (most recent call last):",
    '  File "app.py", line 2, in handler',
    "botocore.parsers.ResponseParserError: Unable to parse response:",
    "b'nonsense'",
    "END RequestId: a",
)


@pytest.mark.parametrize(
    ("lines", "errors"),
    [
        (("START RequestId: a", '{"level": "WARNING", "message": "ERROR"}'), []),
        (('{"level": "ERROR", "message": "no"}',), ['{"level": "ERROR", "message": "no"}']),
        (('{"_aws": {}, "Errors": [0.0]}',), []),
        (("2026 a Task timed out after 3 seconds",), ["2026 a Task timed out after 3 seconds"]),
        (CRASH, ["KeyError: 'event_id'"]),
        ((*CRASH, *CRASH), ["KeyError: 'event_id'"] * 2),
        (RAISED_FROM, ["cavok.domain.errors.EntryRefused: AccessDenied: no"]),
        (OF_SEVERAL_LINES, ["botocore.parsers.ResponseParserError: Unable to parse response:"]),
        (
            (*CRASH[:3], "END RequestId: a", "START RequestId: b", '{"level": "INFO"}', *CRASH[3:]),
            ["KeyError: 'event_id'"],
        ),
    ],
    ids=[
        "a warning",
        "an error",
        "a metric",
        "a timeout",
        "an exception",
        "two invocations",
        "a chain",
        "a message of several lines",
        "a traceback that comes late",
    ],
)
def test_errors_are_found_and_nothing_else(lines: tuple[str, ...], errors: list[str]) -> None:
    assert [line for _, line in errors_in(lines)] == errors
