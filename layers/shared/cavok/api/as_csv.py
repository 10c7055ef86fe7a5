"""Accounts as CSV (RFC 4180) in UTF-8, for spreadsheets: one line each, with a line of names before
the first. A spreadsheet runs a cell that begins as a formula does. So such a text gets an
apostrophe before it, which spreadsheets show as text. Where semicolons, tabs or line ends separate
cells, one also begins after those.
"""

import csv
import io
import re
from collections.abc import Iterable
from typing import Any

from cavok.api.plain import Plain
from cavok.domain.accounts import is_problem
from cavok.domain.permissions import CAPABILITY_GROUPS

LIMIT = 1_000
"""Accounts in one answer. With the longest texts they are 4 MB; Lambda sends 6."""

_LONGEST_TEXT = 1_000
"""Characters of the messages of one account's problems."""

_FORMULA = re.compile(r"^(?=[\t\r\n])|(?<![^;\t\r\n])(?=[=+\-@\uFF1D\uFF0B\uFF0D\uFF20])")
"""Where one begins, also with signs of full width. Source: OWASP, "CSV Injection"."""

_CAPABILITIES = tuple(group.group for group in CAPABILITY_GROUPS)

COLUMNS = (
    "account_id",
    "provider",
    "provider_id",
    "name",
    "status",
    "problems",
    "access_type",
    "role_arn",
    "write_logs",
    "regions",
    *_CAPABILITIES,
    "template_version",
    "last_tested_at",
    "last_outcome",
    "next_verification_at",
    "created_at",
    "created_by",
    "updated_at",
    "enrollment_id",
)
"""Names of the API, where it has one. More may be added at the end."""


def csv_of(accounts: Iterable[Plain], *, header: bool) -> str:
    """The lines of accounts, as a list has them. `header`: the line of names comes first."""
    text = io.StringIO()
    lines = csv.writer(text, lineterminator="\r\n")
    if header:
        lines.writerow(COLUMNS)
    lines.writerows(map(_line, accounts))
    return text.getvalue()


def _line(account: Plain) -> list[str]:
    template, last = account["template"] or {}, account["verification"] or {}
    problems = [
        issue["message"]
        for issue in account["issues"]
        if is_problem(issue["code"], issue["severity"], write_logs=account["write_logs"])
    ]
    values = {
        **account,
        **account["capabilities"],
        "problems": " ".join(problems)[:_LONGEST_TEXT],
        "regions": " ".join(account["regions"]),
        "template_version": template.get("version"),
        "last_tested_at": last.get("finished_at"),
        "last_outcome": last.get("outcome"),
    }
    return [_cell(values[column]) for column in COLUMNS]


def _cell(value: Any) -> str:
    if value is None:
        return ""
    text = str(value).lower() if isinstance(value, bool) else str(value)
    return _FORMULA.sub("'", text)
