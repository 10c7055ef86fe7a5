"""Cursors between the pages of a list."""

from __future__ import annotations

import base64
import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cavok.domain.errors import InvalidField
from cavok.domain.pages import Page, Position
from tests.support.builders import ACCOUNT_ID

SCOPE = "org-one/accounts//"
POSITION = Position("name", "production1#01JN8Q5M3C0000000000000001", "01JN8Q5M3C0000000000000001")


def encoded(content: Any) -> str:
    return base64.urlsafe_b64encode(json.dumps(content).encode()).decode()


IDS = st.from_regex("[0-9A-HJKMNP-TV-Z]{26}", fullmatch=True)
POSITIONS = st.one_of(
    st.builds(
        lambda name, account_id: Position("name", f"{name}#{account_id}", account_id),
        st.from_regex("[a-z0-9]{1,64}", fullmatch=True),
        IDS,
    ),
    st.builds(Position, st.just("number"), st.from_regex("[0-9]{12}", fullmatch=True), IDS),
    st.builds(Position, st.just("id"), IDS),
    st.builds(Position, st.just("used"), st.integers(0, 10**15 - 1).map(str), IDS),
)


@given(POSITIONS, st.text(max_size=80))
def test_a_cursor_leads_back_to_where_the_page_ended(position: Position, scope: str) -> None:
    assert Position.of_cursor(position.cursor(scope), scope, position.kind) == position


def test_no_cursor_is_the_first_page() -> None:
    assert Position.of_cursor(None, SCOPE, "name") is None


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
        Position.of_cursor(POSITION.cursor(scope), SCOPE, "name")

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
        encoded([SCOPE, "name", [POSITION.key], POSITION.account_id]),
        encoded([SCOPE, "name", POSITION.key, [POSITION.account_id]]),
        encoded([SCOPE, "name", 7, POSITION.account_id]),
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
        Position.of_cursor(cursor, SCOPE, "name")


@given(st.text(max_size=200))
def test_no_text_breaks_the_reading_of_a_cursor(text: str) -> None:
    with pytest.raises(InvalidField):
        Position.of_cursor(text, SCOPE, "name")


@pytest.mark.parametrize(
    "position",
    [
        *(
            Position("used", key, ACCOUNT_ID)
            for key in ("x", "-1", "1.5", "1e3", "٣", "1" * 16, " 1")
        ),
        Position("used", "1"),
        Position("used", "1", "x"),
        Position("name", f"PROD#{ACCOUNT_ID}", ACCOUNT_ID),
        Position("name", f"prod#{ACCOUNT_ID}", f"{ACCOUNT_ID[:-1]}0"),
        Position("name", f"{'a' * 65}#{ACCOUNT_ID}", ACCOUNT_ID),
        Position("name", "prod", ACCOUNT_ID),
        Position("number", "12345678901", ACCOUNT_ID),
        Position("number", "123456789012"),
        Position("id", ACCOUNT_ID, ACCOUNT_ID),
        Position("id", f"{ACCOUNT_ID}\n"),
        Position("id", "x"),
    ],
    ids=repr,
)
def test_a_position_of_another_form_was_never_in_a_cursor(position: Position) -> None:
    """DynamoDB would refuse it as the start of a page."""
    with pytest.raises(InvalidField, match="not issued for this list"):
        Position.of_cursor(position.cursor(SCOPE), SCOPE, position.kind)


def test_a_position_of_another_kind_was_never_in_a_cursor_of_this_list() -> None:
    with pytest.raises(InvalidField, match="not issued for this list"):
        Position.of_cursor(POSITION.cursor(SCOPE), SCOPE, "number", "id")


def test_a_position_that_the_prefix_leaves_out_was_never_in_a_cursor_of_this_list() -> None:
    cursor = POSITION.cursor(SCOPE)

    assert Position.of_cursor(cursor, SCOPE, "name", prefix="prod")
    with pytest.raises(InvalidField, match="not issued for this list"):
        Position.of_cursor(cursor, SCOPE, "name", prefix="test")


def test_a_cursor_needs_no_escaping_in_a_query() -> None:
    cursor = Position("name", "ÿ?>" * 9, "id").cursor(SCOPE)

    assert not set(cursor) & set("+/&?# ")


def test_a_page_leads_to_the_next_one_unless_it_is_the_last() -> None:
    page = Page(["a", "b"], POSITION)

    assert page.next_cursor(SCOPE) == POSITION.cursor(SCOPE)
    assert page.map(str.upper) == Page(["A", "B"], POSITION)
    assert Page(["a"], None).next_cursor(SCOPE) is None
