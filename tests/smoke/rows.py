"""What a run on a deployed stack proves of docs/aws-fidelity.md: one row there, one line here."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

TAKES_AN_INSTANCE = "takes an instance to start and stop, and a schedule"
TAKES_A_REFUSAL = "takes a role that tries other keys: ForAllValues is true of no keys, too"
TAKES_A_FAULT = "takes a fault, which this does not cause"
NOT_SENT = "it sends no such request"


@dataclass(frozen=True)
class Evidence:
    """What a run saw."""

    refused: dict[str, Any]
    """The verification of an account that has no role for us."""
    tested: dict[str, Any] | None
    """The verification once the role was there, if a profile of that account was given."""
    lines_of_functions: dict[str, int]
    """By log group: lines about the account that was tried."""
    swept: int
    """Accounts that the sweep tested, whoever's they are."""
    clocks_checked: bool
    requests_counted: bool
    """Whether CloudWatch has the API's metrics."""
    lengths_kept: bool
    """Whether HEAD and 304 are answered with no other length than GET."""
    deleted: int
    """The status with which the API answered DELETE."""

    @property
    def works(self) -> bool:
        """Whether the stack did what it is for."""
        return (
            _ended(self.refused, "failed")
            and (self.tested is None or _ended(self.tested, "confirmed", "degraded"))
            and self.deleted == 204
        )


@dataclass(frozen=True)
class Row:
    """A row that only a deployed stack can prove."""

    point: str
    """How the row begins."""
    proves: Callable[[Evidence], bool] | None
    """Whether a run proved it. None: no run can."""
    otherwise: str
    """Why it is not proven, then."""


def _ended(verification: dict[str, Any] | None, *outcomes: str) -> bool:
    return verification is not None and verification.get("outcome") in outcomes


def _wrote(evidence: Evidence, function: str) -> bool:
    return any(n for group, n in evidence.lines_of_functions.items() if group.endswith(function))


ROWS = (
    Row(
        "A function's exception is reported by its class",
        lambda e: _ended(e.refused, "failed"),
        "the test of an account without a role did not end as failed",
    ),
    Row("`TimeoutSeconds` of a workflow", None, TAKES_A_FAULT),
    Row("`dynamodb:LeadingKeys` has the partition keys", None, TAKES_A_REFUSAL),
    Row("Each item of a transaction", None, TAKES_A_REFUSAL),
    Row(
        "A workflow's own calls",
        lambda e: e.swept > 0,
        "no account was due: try again when one is",
    ),
    Row("Log delivery of EXPRESS and STANDARD", None, "only failed executions are logged"),
    Row("A failing batch of a stream", None, TAKES_A_FAULT),
    Row("The universal target `aws-sdk:sqs:sendMessage`", None, TAKES_AN_INSTANCE),
    Row("A failing Scheduler target", None, TAKES_A_FAULT),
    Row(
        "Alarms' metrics and dimensions",
        lambda e: e.requests_counted,
        "CloudWatch has no metric of the API yet: try again in a quarter of an hour",
    ),
    Row(
        "Requests about a log group",
        lambda e: sum(e.lines_of_functions.values()) > 0,
        "no function's log has a line about the account",
    ),
    Row("A schedule's ARN names its group", None, TAKES_AN_INSTANCE),
    Row("OPTIONS, without CORS in the template", None, NOT_SENT),
    Row("A 401 has `WWW-Authenticate`", None, NOT_SENT),
    Row("`Apigw-Requestid` is the `requestId`", None, NOT_SENT),
    Row("An API has a host of its own", None, "it follows no Location and no type of a problem"),
    Row("A listing of schedules", lambda e: e.clocks_checked, "the daily check of clocks failed"),
    Row("A batch of SQS", None, TAKES_AN_INSTANCE),
    Row(
        "A policy on `events:source`",
        lambda e: _wrote(e, "deliver_webhook"),
        "no event of the account reached deliver_webhook within a minute",
    ),
    Row('`"body": null`', lambda e: e.deleted == 204, "DELETE was not answered with 204"),
    Row(
        "An answer to HEAD, and a 304",
        lambda e: e.lengths_kept,
        "Content-Length is not that of GET: set it in `api/app.py`",
    ),
    Row(
        "ListStreams can be allowed",
        lambda e: _wrote(e, "deliver_webhook") and e.swept > 0,
        "no event followed from a write, or no account was due",
    ),
    Row("Lambda drops lines below the level", None, "takes an error of a function"),
)


def report(evidence: Evidence) -> Iterator[tuple[bool, str]]:
    """One line a row: whether it is proven, and the words."""
    for row in ROWS:
        proven = row.proves is not None and row.proves(evidence)
        yield proven, row.point if proven else f"{row.point} …: {row.otherwise}"
