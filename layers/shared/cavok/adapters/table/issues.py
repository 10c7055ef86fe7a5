"""The stored form of an issue. The stream's reader uses it too, without PynamoDB."""

import re
from dataclasses import asdict
from typing import Any

from cavok.domain.accounts import Fix, Issue, Severity

_ACTIONS = re.compile(r"[\w-]+:\w+(?:, [\w-]+:\w+)*")
"""How messages begin in issues that earlier versions stored without their actions."""


def issue_row(issue: Issue) -> list[Any]:
    """Optional fields are stored only if they are not empty: an account's item must stay small."""
    row: list[Any] = [issue.code, issue.message, issue.remedy]
    if issue.severity is not Severity.PROBLEM or issue.fix or issue.actions:
        row.append(issue.severity)
    if issue.fix or issue.actions:
        fix = asdict(issue.fix) if issue.fix else {}
        row.append({name: value for name, value in fix.items() if value})
    if issue.actions:
        row.append(list(issue.actions))
    return row


def issue_of(row: list[Any]) -> Issue:
    """Reads `issue_row`."""
    code, message, remedy, *rest = row
    severity = Severity(rest[0]) if rest else Severity.PROBLEM
    fix = Fix(**rest[1]) if len(rest) > 1 and rest[1] else None
    actions = tuple(rest[2]) if len(rest) > 2 else _read_from(message, severity)
    return Issue(code, message, remedy, severity, fix, actions)


def _read_from(message: str, severity: Severity) -> tuple[str, ...]:
    named = _ACTIONS.match(message) if severity is Severity.PROBLEM else None
    return tuple(named[0].split(", ")) if named else ()
