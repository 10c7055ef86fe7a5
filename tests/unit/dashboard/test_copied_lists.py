"""Lists and numbers that the page and the API's bodies repeat are those of the domain."""

from __future__ import annotations

import json
import re

from cavok.api.models.members import MemberTotals
from cavok.api.models.organizations import ByStatus
from cavok.domain.accounts import FROM_GOOD_TO_BAD, MOST_CHANGES, Status
from cavok.domain.member_states import MemberState
from local.settings import ROOT

LIB = ROOT / "functions/dashboard/static/lib"


def constant(file: str, name: str) -> object:
    """The value of a constant of a module of the page."""
    text = (LIB / file).read_text()
    (value,) = re.findall(rf"^(?:export )?const {name} = (.+);$", text, re.MULTILINE)
    return json.loads(value)


def test_the_status_of_days_ends_where_an_account_keeps_no_more_changes() -> None:
    assert constant("spark.js", "MOST_CHANGES") == MOST_CHANGES


def test_of_a_day_the_page_and_the_account_keep_the_same_worst_status() -> None:
    assert constant("spark.js", "FROM_GOOD_TO_BAD") == [*FROM_GOOD_TO_BAD]


def test_members_are_counted_and_shown_in_each_state() -> None:
    assert constant("units.js", "MEMBER_STATES") == [*MemberState]
    assert [*MemberTotals.model_fields] == [*MemberState]


def test_accounts_are_counted_in_each_status() -> None:
    assert [*ByStatus.model_fields] == [*Status]
