"""Identifiers, times, external IDs and errors: what many modules rely on."""

from __future__ import annotations

import re
import time
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import pytest
from ulid import ULID

from cavok.domain.accounts import Status
from cavok.domain.errors import CallFailed, InteractionRefused, InvalidField
from cavok.domain.ids import is_id
from cavok.domain.organizations import Organization, new_external_id
from cavok.domain.steps import judge
from cavok.domain.times import utc_text


def test_an_external_id_is_random_and_has_the_characters_that_sts_takes() -> None:
    made = {new_external_id() for _ in range(100)}

    assert len(made) == 100
    assert {len(each) for each in made} == {38}
    assert all(re.fullmatch(r"cavok-[\w-]{32}", each) for each in made)


def test_a_new_organization_has_an_external_id_of_its_own_and_no_account() -> None:
    one, other = Organization.new("org-one"), Organization.new("org-two")

    assert (one.organization_id, one.counts) == ("org-one", dict.fromkeys(Status, 0))
    assert one.external_id != other.external_id
    assert one.external_id.startswith("cavok-")


@pytest.mark.parametrize(
    ("text", "is_one"),
    [
        pytest.param(str(ULID()), True, id="a new one"),
        ("01JN8Q5M3C0000000000000001", True),
        ("01JN8Q5M3C000000000000000", False),
        ("01JN8Q5M3C00000000000000011", False),
        ("01jn8q5m3c0000000000000001", False),
        ("01JN8Q5M3C000000000000000I", False),
        ("", False),
    ],
)
def test_an_identifier_is_known_by_its_form(text: str, is_one: bool) -> None:
    assert is_id(text) is is_one


@pytest.mark.parametrize(
    ("at", "text"),
    [
        (datetime(2025, 3, 1, 12, tzinfo=UTC), "2025-03-01T12:00:00Z"),
        (datetime(2025, 3, 1, 12, tzinfo=timezone(timedelta(hours=2))), "2025-03-01T10:00:00Z"),
        (datetime(2025, 3, 1, 12, 0, 0, 1_000, tzinfo=UTC), "2025-03-01T12:00:00.001000Z"),
    ],
)
def test_times_are_told_in_utc_wherever_this_runs(
    at: datetime, text: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TZ", "Asia/Tokyo")
    time.tzset()
    written = utc_text(at)
    monkeypatch.undo()
    time.tzset()

    assert written == text


def test_a_time_in_utc_is_not_converted() -> None:
    """A list of a hundred accounts tells four hundred times."""

    class InUtc(datetime):
        def astimezone(self, tz: Any = None) -> Any:
            raise AssertionError

    assert utc_text(InUtc(2025, 3, 1, 12, tzinfo=UTC)) == "2025-03-01T12:00:00Z"


def test_an_invalid_field_is_named_with_what_is_wrong() -> None:
    error = InvalidField("regions", "Too many.")

    assert (error.field, error.message, str(error)) == ("regions", "Too many.", "Too many.")


def test_a_refusal_passes_only_if_that_is_said() -> None:
    lasting, passing = InteractionRefused("No."), InteractionRefused("Later.", passing=True)

    assert (lasting.passing, passing.passing) == (False, True)
    assert str(lasting) == "No."


def test_a_call_that_failed_says_what_aws_answered() -> None:
    answer = judge("AccessDenied", "No.")

    error = CallFailed(answer)

    assert (error.judgement, str(error)) == (answer, "AccessDenied: No.")
    assert error.repeated is False
    assert CallFailed(answer, repeated=True).repeated is True
