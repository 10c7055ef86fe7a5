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
from cavok.domain.permissions import LOG_GROUP_PREFIX
from cavok.domain.steps import ALLOWED, Judgement, Verdict

VERIFICATIONS = f"{LOG_GROUP_PREFIX}verifications"
INTERACTIONS = f"{LOG_GROUP_PREFIX}interactions"
RETENTION_DAYS = 14
TAGS = {"ManagedBy": "Cavok Cloud"}

_EXISTS = frozenset({"ResourceAlreadyExistsException"})
_MISSING = frozenset({"ResourceNotFoundException"})
"""CloudWatch Logs checks the permission before it looks for the group. Observed, and held by the
contract tests.
"""


@dataclass(frozen=True, slots=True)
class LogLine:
    """One JSON line. `at` is UTC."""

    at: datetime
    fields: Mapping[str, Any]


class CustomerLogs:
    """The log groups under /cavok/ of one customer."""

    def __init__(self, session: CustomerSession) -> None:
        self._session = session
        self._logs = session.client("logs")

    def append(
        self, group: str, stream: str, lines: Sequence[LogLine]
    ) -> tuple[bool, list[tuple[str, Judgement]]]:
        """Writes lines, and creates the group and the stream if they are missing. Returns whether
        the lines were written, and each call's IAM action with its result.
        """
        calls = [("logs:PutLogEvents", self._put(group, stream, lines))]
        if calls[0][1].error_code in _MISSING:
            calls = [(action, call()) for action, call in self.write(group, stream, *lines)]
        put = calls[-1][1]
        return put.verdict is Verdict.ALLOWED and put.error_code is None, calls

    def write(
        self, group: str, stream: str, *lines: LogLine
    ) -> Iterator[tuple[str, Callable[[], Judgement]]]:
        """The five calls that write lines, in order, each with the IAM action that it proves.

        The group is created first and tagged afterwards: creating it with tags needs both
        permissions, and a refusal would not say which one is missing. Retention is set only on a
        group that this write created, because the customer may have changed it on an older one.
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
                _MISSING,
                self._logs.put_retention_policy,
                logGroupName=target,
                retentionInDays=RETENTION_DAYS,
            )

        yield "logs:CreateLogGroup", create_group
        yield (
            "logs:TagResource",
            lambda: self._try(
                _MISSING, self._logs.tag_resource, resourceArn=self._arn(group), tags=TAGS
            ),
        )
        yield "logs:PutRetentionPolicy", put_retention
        yield (
            "logs:CreateLogStream",
            lambda: self._try(
                _EXISTS | _MISSING,
                self._logs.create_log_stream,
                logGroupName=group,
                logStreamName=stream,
            ),
        )
        yield "logs:PutLogEvents", lambda: self._put(group, stream, lines)

    def _put(self, group: str, stream: str, lines: Sequence[LogLine]) -> Judgement:
        """Writes the lines by time: CloudWatch Logs requires chronological order."""
        events = [
            {
                "timestamp": int(line.at.timestamp() * 1000),
                "message": json.dumps(dict(line.fields)),
            }
            for line in sorted(lines, key=lambda line: line.at)
        ]
        return self._try(
            _MISSING,
            self._logs.put_log_events,
            logGroupName=group,
            logStreamName=stream,
            logEvents=events,
        )

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
