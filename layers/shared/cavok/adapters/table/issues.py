"""The stored form of an issue. The stream's reader uses it too, without PynamoDB."""

from dataclasses import asdict
from typing import Any

from cavok.domain.accounts import Fix, Issue, Severity


def issue_row(issue: Issue) -> list[Any]:
    """Optional fields are stored only where they say something: an account's item must stay
    small.
    """
    row: list[Any] = [issue.code, issue.message, issue.remedy]
    if issue.severity is not Severity.PROBLEM or issue.fix:
        row.append(issue.severity)
    if issue.fix:
        row.append({name: value for name, value in asdict(issue.fix).items() if value})
    return row


def issue_of(row: list[Any]) -> Issue:
    """Reads `issue_row`."""
    code, message, remedy, *rest = row
    severity = Severity(rest[0]) if rest else Severity.PROBLEM
    return Issue(code, message, remedy, severity, Fix(**rest[1]) if len(rest) > 1 else None)
