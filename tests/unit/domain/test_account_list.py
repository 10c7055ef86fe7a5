"""Which accounts a list has."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cavok.domain.account_list import (
    BY_URGENCY,
    AccountSort,
    Selection,
    begins_a_word,
    has_problems,
    has_word,
)
from cavok.domain.accounts import AccessType, Issue, Severity, Status
from tests.support.builders import an_account

NAMES = st.from_regex("[A-Za-z0-9]{1,12}", fullmatch=True)


@pytest.mark.parametrize(
    ("name", "q"),
    [
        ("QuietHouse", "house"),
        ("QuietHouse", "quiet"),
        ("QuietHouseProd", "housep"),
        ("Production12", "12"),
        ("Production12East", "12e"),
        ("AWSBilling", "wsb"),
        ("aaAaab", "aaab"),
        ("lower", ""),
    ],
)
def test_a_word_is_found_from_its_beginning_on(name: str, q: str) -> None:
    assert has_word(name, q)


@pytest.mark.parametrize(
    ("name", "q"),
    [
        ("QuietHouse", "ouse"),
        ("Warehouse", "house"),
        ("Production12", "2"),
        ("Team7alpha", "alpha"),
        ("QuietHouse", "houses"),
    ],
)
def test_what_begins_within_a_word_is_not_found(name: str, q: str) -> None:
    assert not has_word(name, q)


@given(NAMES)
def test_words_are_as_a_pattern_has_them(name: str) -> None:
    begins = {match.start() for match in re.finditer("^|[A-Z]|(?<![0-9])[0-9]", name)}

    assert {at for at in range(len(name)) if begins_a_word(name, at)} == begins


@given(NAMES, st.from_regex("[a-z0-9]{1,4}", fullmatch=True))
def test_a_name_has_a_word_where_one_begins_so(name: str, q: str) -> None:
    lower = name.lower()
    expected = any(lower.startswith(q, at) and begins_a_word(name, at) for at in range(len(name)))

    assert has_word(name, q) is expected


def test_an_account_is_found_by_a_word_or_by_the_beginning_of_its_number() -> None:
    assert Selection(q="4000").finds("QuietHouse", "400012345678")
    assert Selection(q="4000").finds("Team4000", "123456789012")
    assert not Selection(q="0001").finds("QuietHouse", "400012345678")
    assert Selection().finds("QuietHouse", "400012345678")


@pytest.mark.parametrize("q", ["quiet house", "a/b", "ü", "a#", "٣", "-"])
def test_nothing_is_read_for_what_no_name_has(q: str) -> None:
    assert Selection(q=q).is_empty


def test_a_confirmed_account_has_no_problems() -> None:
    assert Selection(status=Status.CONFIRMED, has_problems=True).is_empty
    assert not Selection(status=Status.CONFIRMED, has_problems=False).is_empty
    assert Status.CONFIRMED not in Selection(has_problems=True).statuses
    assert Selection(has_problems=False).statuses == BY_URGENCY
    assert Selection(status=Status.FAILED, has_problems=True).statuses == (Status.FAILED,)


def test_information_is_no_problem() -> None:
    information = Issue("permission_scoped", "…", "…", Severity.INFORMATION)

    assert not has_problems((), write_logs=True)
    assert not has_problems((information,), write_logs=True)
    assert has_problems((information, Issue("permission_lost", "…", "…")), write_logs=True)


def test_a_refused_log_line_is_a_problem_only_where_one_is_wanted() -> None:
    refused = Issue("log_writing_refused", "…", "…")

    for write_logs in (True, False):
        account = an_account(issues=(refused,), write_logs=write_logs)
        assert has_problems(account.issues, write_logs=write_logs) is write_logs
        assert Selection(has_problems=write_logs).selects(account)
        assert not Selection(has_problems=not write_logs).selects(account)


def test_the_order_by_status_has_them_all() -> None:
    assert set(BY_URGENCY) == set(Status)


@pytest.mark.parametrize("sort", AccountSort)
def test_a_hyphen_reverses(sort: AccountSort) -> None:
    assert sort.reversed is sort.startswith("-")
    assert sort.field == sort.lstrip("-")


SELECTIONS = st.builds(
    Selection,
    q=st.text("a1/", max_size=3),
    status=st.none() | st.sampled_from(Status),
    access_type=st.none() | st.sampled_from(AccessType),
    has_problems=st.none() | st.booleans(),
    template_version=st.none() | st.integers(1, 12),
    enrollment_id=st.none() | st.sampled_from(["01JN8Q5M3C0000000000000010", "r-ab12"]),
    unit_id=st.none() | st.sampled_from(["r-ab12", "ou-ab12-11111111"]),
)
SORTS = st.none() | st.sampled_from(AccountSort)


@given(SELECTIONS, SORTS, SELECTIONS, SORTS)
def test_no_two_lists_share_their_cursors(
    one: Selection, its_sort: AccountSort | None, other: Selection, others_sort: AccountSort | None
) -> None:
    same = (one, its_sort) == (other, others_sort)

    assert (one.scope("org-one", its_sort) == other.scope("org-one", others_sort)) is same
