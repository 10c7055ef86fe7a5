"""Writing to CloudWatch Logs in a customer's account, one call at a time, so that each permission
gets its own verdict.
"""

import json
import secrets
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from cavok.adapters.aws_errors import AWS_ERRORS, judge_error
from cavok.adapters.customer.session import CustomerSession
from cavok.domain.permissions import LOG_GROUP_PREFIX, RETENTION_DAYS
from cavok.domain.steps import ALLOWED, Judgement, Verdict

VERIFICATIONS = f"{LOG_GROUP_PREFIX}verifications"
INTERACTIONS = f"{LOG_GROUP_PREFIX}interactions"
TAGS = {"ManagedBy": "Cavok Cloud"}

_EXISTS = frozenset({"ResourceAlreadyExistsException"})
MISSING = frozenset({"ResourceNotFoundException"})
"""CloudWatch Logs checks the permission before it looks for the group. Observed, and checked by the
contract tests.
"""

_PUT = "logs:PutLogEvents"


@dataclass(frozen=True, slots=True)
class LogLine:
    """One JSON line. `at` is UTC."""

    at: datetime
    fields: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Appended:
    """The outcome of writing lines. `calls` has each call's IAM action with its result. `dropped`
    has the lines that CloudWatch Logs accepted and discarded, by their position, and why.
    """

    written: bool
    calls: Sequence[tuple[str, Judgement]]
    dropped: Mapping[int, str]


class CustomerLogs:
    """The log groups under /cavok/ of one customer."""

    def __init__(self, session: CustomerSession) -> None:
        self._session = session
        self._logs = session.client("logs")

    def append(self, group: str, stream: str, lines: Sequence[LogLine]) -> Appended:
        """Writes lines, and creates the group and the stream if they are missing."""
        put, dropped = self._put(group, stream, lines)
        calls = [(_PUT, put)]
        if put.error_code in MISSING:
            calls = [(action, call()) for action, call in self.prepare(group, stream)]
            put, dropped = self._put(group, stream, lines)
            calls.append((_PUT, put))
        written = put.verdict is Verdict.ALLOWED and put.error_code is None
        return Appended(written, calls, dropped)

    def write(self, group: str, stream: str, line: LogLine) -> tuple[str, Callable[[], Judgement]]:
        """The call that writes a line to a group that `prepare` made, with its IAM action."""
        return _PUT, lambda: self._put(group, stream, [line])[0]

    def prepare(self, group: str, stream: str) -> Iterator[tuple[str, Callable[[], Judgement]]]:
        """The four calls that make a group and a stream, each with the IAM action that it proves.
        The first must finish before the others, which may be made at once.

        The group is created first and tagged afterwards: creating it with tags needs both
        permissions, and a refusal would not say which one is missing. Retention is set only on a
        group that these calls created, because the customer may have changed it on an older one.
        Otherwise the permission is proven on a group that does not exist.
        """
        made: list[bool] = []

        def create_group() -> Judgement:
            judgement = self._try(_EXISTS, self._logs.create_log_group, logGroupName=group)
            made.append(judgement is ALLOWED)
            return judgement

        def put_retention() -> Judgement:
            target = group if any(made) else f"{LOG_GROUP_PREFIX}probe-{secrets.token_hex(8)}"
            return self._try(
                MISSING,
                self._logs.put_retention_policy,
                logGroupName=target,
                retentionInDays=RETENTION_DAYS,
            )

        yield "logs:CreateLogGroup", create_group
        yield (
            "logs:TagResource",
            lambda: self._try(
                MISSING, self._logs.tag_resource, resourceArn=self._arn(group), tags=TAGS
            ),
        )
        yield "logs:PutRetentionPolicy", put_retention
        yield (
            "logs:CreateLogStream",
            lambda: self._try(
                _EXISTS | MISSING,
                self._logs.create_log_stream,
                logGroupName=group,
                logStreamName=stream,
            ),
        )

    def _put(
        self, group: str, stream: str, lines: Sequence[LogLine]
    ) -> tuple[Judgement, dict[int, str]]:
        """Writes the lines by time: CloudWatch Logs requires chronological order."""
        by_time = sorted(range(len(lines)), key=lambda index: lines[index].at)
        events = [
            {
                "timestamp": int(lines[index].at.timestamp() * 1000),
                "message": json.dumps(dict(lines[index].fields)),
            }
            for index in by_time
        ]
        rejected: dict[str, int] = {}

        def put_log_events(**arguments: Any) -> None:
            answer = self._logs.put_log_events(**arguments)
            rejected.update(answer.get("rejectedLogEventsInfo", {}))

        judgement = self._try(
            MISSING, put_log_events, logGroupName=group, logStreamName=stream, logEvents=events
        )
        return judgement, {by_time[n]: why for n, why in _reasons(rejected, len(events)).items()}

    def _arn(self, group: str) -> str:
        return (
            f"arn:aws:logs:{self._session.region}:{self._session.account_number}:log-group:{group}"
        )

    def _try(
        self, proofs: frozenset[str], call: Callable[..., object], **arguments: Any
    ) -> Judgement:
        try:
            call(**arguments)
        except AWS_ERRORS as error:
            return judge_error(error, proofs)
        return ALLOWED


def _reasons(rejected: Mapping[str, int], count: int) -> dict[int, str]:
    """Why events of an accepted call were discarded, by their position. The call succeeds
    nevertheless. Source: CloudWatch Logs API Reference, PutLogEvents and RejectedLogEventsInfo: the
    two end indexes are exclusive, the start index is inclusive.
    """
    too_old, expired = (
        rejected.get(name, 0) for name in ("tooOldLogEventEndIndex", "expiredLogEventEndIndex")
    )
    too_new = rejected.get("tooNewLogEventStartIndex", count)
    return (
        dict.fromkeys(range(too_new, count), "It is more than two hours in the future.")
        | dict.fromkeys(range(expired), "It is older than the log group's retention.")
        | dict.fromkeys(range(too_old), "It is older than 14 days.")
    )
