"""Cursors between the pages of a list."""

from __future__ import annotations

import base64
import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cavok.domain.errors import InvalidField
from cavok.domain.pages import Position

SCOPE = "org-one/accounts//"
POSITION = Position("name", "production1#01JN8Q5M3C0000000000000001", "01JN8Q5M3C0000000000000001")


def encoded(content: Any) -> str:
    return base64.urlsafe_b64encode(json.dumps(content).encode()).decode()


@given(
    st.builds(
        Position,
        st.sampled_from(["name", "number", "id", "used"]),
        st.text(min_size=1, max_size=80),
        st.text(max_size=30),
    ),
    st.text(max_size=80),
)
def test_a_cursor_leads_back_to_where_the_page_ended(position: Position, scope: str) -> None:
    assert Position.of_cursor(position.cursor(scope), scope) == position


def test_no_cursor_is_the_first_page() -> None:
    assert Position.of_cursor(None, SCOPE) is None


@pytest.mark.parametrize(
    "scope",
    [
        "org-two/accounts//",
        "org-one/accounts/pro/",
        "org-one/accounts//confirmed",
        "org-one/verifications/01JN8Q5M3C0000000000000001",
        "",
    ],
)
def test_a_cursor_of_another_organization_or_list_is_refused(scope: str) -> None:
    with pytest.raises(InvalidField, match="not issued for this list") as refused:
        Position.of_cursor(POSITION.cursor(scope), SCOPE)

    assert refused.value.field == "cursor"


@pytest.mark.parametrize(
    "cursor",
    [
        "",
        "x",
        "====",
        "ünïcode",
        "\u0000",
        encoded(None),
        encoded("abcd"),
        encoded(7),
        encoded({}),
        encoded([SCOPE, "name", "key"]),
        encoded([SCOPE, "name", "key", "id", "more"]),
        encoded([SCOPE, "name", 7, "id"]),
        encoded([SCOPE, "name", "key", None]),
        encoded([SCOPE, "name", "", "id"]),
        encoded([SCOPE, "other", "key", "id"]),
        encoded([SCOPE, ["name"], "key", "id"]),
        base64.urlsafe_b64encode(b"\xff\xfe").decode(),
        base64.urlsafe_b64encode(b"[" * 700).decode(),
        base64.urlsafe_b64encode(b"[" * 100_000).decode(),
    ],
)
def test_what_was_never_a_cursor_of_this_list_is_refused(cursor: str) -> None:
    with pytest.raises(InvalidField, match="not issued for this list"):
        Position.of_cursor(cursor, SCOPE)


@given(st.text(max_size=200))
def test_no_text_breaks_the_reading_of_a_cursor(text: str) -> None:
    with pytest.raises(InvalidField):
        Position.of_cursor(text, SCOPE)


def test_a_position_in_a_list_by_count_has_a_count() -> None:
    assert Position("used", "1002", "a").count == 1002


@pytest.mark.parametrize("key", ["x", "-1", "1.5", "1e3", "٣", "1" * 16, " 1"])
def test_a_count_that_none_is_was_never_in_a_cursor(key: str) -> None:
    with pytest.raises(InvalidField, match="not issued for this list"):
        _ = Position("used", key, "a").count


def test_a_cursor_needs_no_escaping_in_a_query() -> None:
    cursor = Position("name", "ÿ?>" * 9, "id").cursor(SCOPE)

    assert not set(cursor) & set("+/&?# ")
