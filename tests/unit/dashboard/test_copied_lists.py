"""Lists and numbers that the page and the API's bodies repeat are those of the domain."""

from __future__ import annotations

import json
import re
from datetime import timedelta

import pytest
from pydantic import TypeAdapter

from cavok.api.models.accounts import Name, ProviderId, RoleName
from cavok.api.models.common import UnitId
from cavok.api.models.enrollments import EnrollmentChangeBody
from cavok.api.models.members import MemberTotals
from cavok.api.models.organizations import ByStatus
from cavok.api.models.resources import ScheduleBody
from cavok.domain.account_list import BY_URGENCY
from cavok.domain.accounts import FROM_GOOD_TO_BAD, MOST_CHANGES, Status
from cavok.domain.audit import CHOSEN
from cavok.domain.member_states import MemberState
from cavok.domain.permissions import TRUST_STEPS
from cavok.domain.schedules import REPEATED_FOR
from local.settings import ROOT

STATIC = ROOT / "functions/dashboard/static"


def written(file: str, name: str) -> str:
    """A constant as a module of the page writes it."""
    text = (STATIC / file).read_text()
    (value,) = re.findall(rf"^(?:export )?const {name} = ([^;]+);$", text, re.MULTILINE)
    return str(value)


def constant(file: str, name: str) -> object:
    """The value of a constant of a module of the page."""
    return json.loads(re.sub(r",(\s*\])", r"\1", written(file, name)))


def test_the_status_of_days_ends_where_an_account_keeps_no_more_changes() -> None:
    assert constant("lib/spark.js", "MOST_CHANGES") == MOST_CHANGES


def test_of_a_day_the_page_and_the_account_keep_the_same_worst_status() -> None:
    assert constant("lib/spark.js", "FROM_GOOD_TO_BAD") == [*FROM_GOOD_TO_BAD]


def test_members_are_counted_and_shown_in_each_state() -> None:
    assert constant("lib/units.js", "MEMBER_STATES") == [*MemberState]
    assert [*MemberTotals.model_fields] == [*MemberState]


def test_accounts_are_counted_in_each_status() -> None:
    assert [*ByStatus.model_fields] == [*Status]


def test_the_list_has_what_needs_somebody_first() -> None:
    assert constant("lib/store.js", "BY_URGENCY") == [*BY_URGENCY]


def test_the_entry_of_an_account_has_these_steps() -> None:
    assert constant("lib/connecting.js", "ENTRY") == [*TRUST_STEPS]


def test_a_week_has_as_many_windows_as_the_api_takes() -> None:
    windows = ScheduleBody.model_json_schema()["properties"]["windows"]

    assert constant("views/week.js", "MOST_WINDOWS") == windows["maxItems"]


def test_a_turn_is_missed_once_it_is_not_tried_again() -> None:
    assert constant("lib/turns.js", "TRIED_FOR") == REPEATED_FOR // timedelta(minutes=1)


def test_a_change_of_an_enrollment_is_compared_in_each_field_that_it_may_have() -> None:
    chosen = [*EnrollmentChangeBody.model_fields]

    assert constant("views/enrollment.js", "CHOSEN") == chosen
    # What an audit entry compares has one that stays.
    assert [name for name in CHOSEN if name != "role_path"] == chosen


@pytest.mark.parametrize(
    ("name", "kind"),
    [("NAME", Name), ("NUMBER", ProviderId), ("ROLE_NAME", RoleName), ("UNIT", UnitId)],
)
def test_the_forms_know_the_patterns_of_the_api(name: str, kind: object) -> None:
    pattern = TypeAdapter(kind).json_schema()["pattern"]

    assert written("lib/patterns.js", name) == f"/{pattern}/"


def test_of_other_modules_only_the_list_has_such_a_pattern() -> None:
    """The list is in the first view, which loads no module for one line. It has the same one."""
    patterns = re.findall("/\\^(.+)\\$/", (STATIC / "lib/patterns.js").read_text())
    copies = [
        path.name
        for path in STATIC.rglob("*.js")
        if path.name != "patterns.js"
        and any(f"/^{each}$/" in path.read_text() for each in [*patterns, r"\d{12}"])
    ]

    assert (len(patterns), copies) == (4, ["accounts.js"])
