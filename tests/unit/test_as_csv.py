"""Accounts as lines of a spreadsheet, and who gets them."""

from __future__ import annotations

import csv
import io
import json
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest

from cavok.api.as_csv import COLUMNS, LIMIT, csv_of
from cavok.api.negotiation import prefers_csv
from cavok.api.routes.accounts import listed_account
from cavok.domain.accounts import Account, Issue, LastVerification, Outcome, Severity
from cavok.domain.regions import REGIONS
from tests.support.builders import NOW, an_account, an_account_with_keys

MOST_OF_LAMBDA = 6 * 1024 * 1024
"""Source: AWS Lambda Developer Guide, "Lambda quotas": a response."""


def lines_of(*accounts: Account, header: bool = True) -> str:
    return csv_of([listed_account(each, NOW) for each in accounts], header=header)


def rows(text: str) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(text, newline="")))


def test_a_line_says_what_the_list_says() -> None:
    account = an_account(
        regions=("eu-west-1", "us-east-1"),
        issues=(
            Issue("permission_lost", "Lost.", "…"),
            Issue("permission_scoped", "Narrow.", "…", Severity.INFORMATION),
            Issue("instance_refused", "Refused.", "…"),
        ),
        template_version=1,
        enrollment_id="01JN8Q5M3C0000000000000E01",
        verification=LastVerification("v", Outcome.DEGRADED, datetime(2025, 3, 1, tzinfo=UTC)),
    )

    (row,) = rows(lines_of(account))

    assert tuple(row) == COLUMNS
    assert row["provider_id"] == account.account_number
    assert row["name"] == account.name
    assert row["problems"] == "Lost. Refused."
    assert row["regions"] == "eu-west-1 us-east-1"
    assert (row["write_logs"], row["access_type"]) == ("true", "assume_role")
    assert row["role_arn"] == f"arn:aws:iam::{account.account_number}:role/CavokCloud"
    assert (row["template_version"], row["last_outcome"]) == ("1", "degraded")
    assert row["last_tested_at"] == "2025-03-01T00:00:00Z"
    assert (row["ec2"], row["logs"]) == ("unknown", "unknown")
    assert row["enrollment_id"] == account.enrollment_id
    assert COLUMNS[-1] == "enrollment_id", "columns are added at the end"


def test_a_refused_log_line_is_a_problem_only_where_one_is_wanted() -> None:
    refused = (Issue("log_writing_refused", "Refused.", "…"),)
    accounts = [an_account(issues=refused, write_logs=logs) for logs in (True, False)]

    assert [row["problems"] for row in rows(lines_of(*accounts))] == ["Refused.", ""]


def test_what_is_not_known_is_empty() -> None:
    (row,) = rows(lines_of(an_account_with_keys(next_verification_at=None)))

    empty = (
        "role_arn",
        "template_version",
        "last_tested_at",
        "next_verification_at",
        "problems",
        "enrollment_id",
    )
    assert [row[name] for name in empty] == [""] * len(empty)


def test_lines_end_and_cells_are_quoted_as_the_rfc_says() -> None:
    said = 'Says "no", and\r\nmore, ümläut'
    text = lines_of(an_account(issues=(Issue("permission_lost", said, "…"),)))

    assert text.count("\r\n") == 3
    assert '"Says ""no"", and\r\nmore, ümläut"' in text
    assert rows(text)[0]["problems"] == said


def test_only_the_first_page_has_the_line_of_names() -> None:
    one, other = an_account(name="One"), an_account(name="Other")

    whole = lines_of(one, other)

    assert lines_of(one) + lines_of(other, header=False) == whole
    assert lines_of() == ",".join(COLUMNS) + "\r\n"
    assert lines_of(header=False) == ""


@pytest.mark.parametrize("begin", "=+-@\t\r\n＝＋－＠", ids=ascii)
def test_no_cell_is_a_formula(begin: str) -> None:
    formula = f"{begin}cmd|'/C calc'!A1"
    account = an_account(
        created_by=formula,
        issues=(Issue("permission_lost", formula, "…"),),
    )

    (row,) = rows(lines_of(account))

    assert row["created_by"] == f"'{formula}"
    assert row["problems"] == f"'{formula}"
    assert not [cell for cell in row.values() if cell[:1] in "=+-@\t\r\n" and cell]


@pytest.mark.parametrize("separator", [";", "\t", "\n", "\r\n"], ids=repr)
def test_no_cell_is_a_formula_where_something_else_separates_cells(separator: str) -> None:
    said = f"Refused{separator}=cmd|'/C calc'!A1, and a-b{separator}more"
    account = an_account(created_by=said, issues=(Issue("permission_lost", said, "…"),))

    (row,) = rows(lines_of(account))

    guarded = f"Refused{separator}'=cmd|'/C calc'!A1, and a-b{separator}more"
    assert (row["created_by"], row["problems"]) == (guarded, guarded)


def test_a_page_fits_into_an_answer_of_lambda() -> None:
    """As the runtime sends it: JSON, in which quotes and line ends take two bytes."""
    account = an_account(
        name="n" * 64,
        created_by="a" * 254,
        role_name="Cavok" + "r" * 59,
        role_path=f"/{'p' * 62}/",
        regions=tuple(sorted(REGIONS, key=len))[-20:],
        issues=(Issue("permission_lost", '"\n' * 5_000, "…"),),
    )
    one = len(json.dumps(lines_of(account, header=False)).encode())

    assert one * LIMIT < MOST_OF_LAMBDA


def test_the_longest_message_is_cut() -> None:
    long = replace(an_account(), issues=(Issue("permission_lost", "x" * 5_000, "…"),))

    (row,) = rows(lines_of(long))

    assert row["problems"] == "x" * 1_000


@pytest.mark.parametrize(
    "accept",
    [
        "text/csv",
        "TEXT/CSV",
        "text/csv; charset=utf-8",
        "text/*",
        "text/csv, */*",
        "text/csv, */*;q=0.8",
        "application/json;q=0.5, text/csv;q=0.6",
        "text/csv;q=0.1",
        "application/json;q=0, text/csv;q=0.1",
    ],
)
def test_who_prefers_csv_gets_it(accept: str) -> None:
    assert prefers_csv(accept)


@pytest.mark.parametrize(
    "accept",
    [
        "",
        "*/*",
        "application/json",
        "application/json, application/problem+json",
        "application/json, text/csv",
        "text/csv;q=0.9, application/json",
        "text/csv;q=0",
        "text/csv;q=0, */*",
        "text/csv;q=many",
        "text/html, application/xhtml+xml",
        "text/csvs",
        ";;,,",
    ],
)
def test_anybody_else_gets_json(accept: str) -> None:
    assert not prefers_csv(accept)


def test_the_columns_are_the_apis() -> None:
    known: Any = {*listed_account(an_account(), NOW)} | {*an_account().capabilities}

    own = {"problems", "template_version", "last_tested_at", "last_outcome"}
    assert {*COLUMNS} - known == own
