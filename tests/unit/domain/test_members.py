"""What a synchronization makes of one account: each rule alone. Whole synchronizations are in
tests/integration/test_synchronizations.py.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cavok.domain.accounts import Account, Status
from cavok.domain.member_states import MemberState
from cavok.domain.members import (
    GivenNames,
    Member,
    MemberChange,
    MemberShown,
    OrganizationAccount,
    Place,
    Standing,
    plan_seen,
    plan_unseen,
    standing_of,
    totals_by_unit,
)
from cavok.domain.synchronizations import Walk
from tests.support.builders import NOW, an_account, confirmed
from tests.support.enrollments import ENROLLMENT_ID, MANAGEMENT, a_member, an_enrollment

SHOPS = Place(("r-abcd", "ou-abcd-11111111"), "Root/Shops")
NUMBER = "200000000002"
SEEN = OrganizationAccount(account_number=NUMBER, name="Shop one", state="ACTIVE", place=SHOPS)
ENROLLMENT = an_enrollment()
MINE = an_account(account_number=NUMBER, enrollment_id=ENROLLMENT_ID, name="Shopone")
MEMBER = a_member(
    ENROLLMENT,
    name="Shop one",
    place=SHOPS,
    standing=Standing.INCLUDED,
    account_id=MINE.account_id,
    given_name="Shopone",
)


def plan(
    member: Member | None = MEMBER, account: Account | None = MINE, **seen: Any
) -> MemberChange | None:
    return plan_seen(
        ENROLLMENT, replace(SEEN, **seen), member, account, names=lambda: GivenNames([]), now=NOW
    )


def test_nothing_is_done_for_what_is_so_already() -> None:
    assert plan() is None


def test_a_new_account_has_the_enrollments_choices_and_is_due() -> None:
    change = plan(None, None)

    assert change
    assert change.adds
    assert change.states == (None, MemberState.ROLE_MISSING)
    made = change.account_after
    assert made
    assert (made.account_number, made.name, made.role_name) == (NUMBER, "Shopone", "CavokCloud")
    assert (made.regions, made.write_logs) == (ENROLLMENT.regions, ENROLLMENT.write_logs)
    assert (made.next_verification_at, made.enrollment_id) == (NOW, ENROLLMENT_ID)
    assert change.after.account_id == made.account_id


def test_a_move_changes_the_member_alone() -> None:
    change = plan(place=Place(("r-abcd",), "Root"))

    assert change
    assert not change.changes_account
    assert not change.adds


@pytest.mark.parametrize("state", ["SUSPENDED", "PENDING_ACTIVATION", "PENDING_CLOSURE", "CLOSED"])
def test_an_account_that_cannot_be_used_leaves_the_enrollment_and_keeps_its_status(
    state: str,
) -> None:
    change = plan(account=confirmed(MINE), state=state)

    assert change
    assert change.account_after
    assert change.account_after.enrollment_id is None
    assert change.account_after.status is Status.CONFIRMED
    before, after = change.states
    assert before is MemberState.CONNECTED
    assert after in (MemberState.SUSPENDED, MemberState.CLOSED)


def test_one_that_comes_back_is_due_if_it_rested() -> None:
    resting = replace(MINE, enrollment_id=None, next_verification_at=None, attempts=9)

    change = plan(replace(MEMBER, standing=Standing.SUSPENDED), resting)

    assert change
    assert change.account_after
    assert (change.account_after.next_verification_at, change.account_after.attempts) == (NOW, 0)


def test_an_account_of_another_enrollment_stays_there() -> None:
    theirs = replace(MINE, enrollment_id="01JN8Q5M3C0000000000000E02")

    change = plan(None, theirs)

    assert change
    assert (change.after.standing, change.after.account_id) == (Standing.EXCLUDED, None)
    assert not change.changes_account


def test_one_that_a_person_deleted_counts_as_excluded_before_and_after() -> None:
    change = plan(MEMBER, None)

    assert change
    assert change.after.removed
    assert change.states == (MemberState.EXCLUDED, MemberState.EXCLUDED)
    assert not change.adds
    assert plan(change.after, None) is None
    unseen = plan_unseen(ENROLLMENT, MEMBER, None, NOW)
    assert unseen
    assert unseen.after.removed


def test_a_revoked_one_is_excluded_and_not_tried_again() -> None:
    revoked = MINE.with_use_revoked(NOW)

    assert MEMBER.state(revoked) is MemberState.EXCLUDED
    assert revoked.tried_again(NOW) is revoked
    assert plan(account=revoked) is None


OPTIONS = [
    ({}, {}, Standing.INCLUDED),
    ({"include_ous": ("r-abcd",)}, {}, Standing.INCLUDED),
    ({"include_ous": ("ou-abcd-99999999",)}, {}, None),
    ({"include_ous": ("ou-abcd-99999999",)}, {"state": "CLOSED"}, None),
    ({"exclude_ous": ("r-abcd",)}, {}, Standing.EXCLUDED),
    ({"exclude_ous": ("r-abcd",)}, {"state": "SUSPENDED"}, Standing.SUSPENDED),
    ({"exclude_accounts": (NUMBER,)}, {}, Standing.EXCLUDED),
    ({"name_pattern": "shop*"}, {}, Standing.INCLUDED),
    ({"name_pattern": "SHOP ?NE"}, {}, Standing.INCLUDED),
    ({"name_pattern": "one"}, {}, Standing.EXCLUDED),
    ({"name_pattern": "${x}"}, {}, Standing.EXCLUDED),
    ({"exclude_ous": ("r-abcd",)}, {"account_number": MANAGEMENT}, Standing.INCLUDED),
    ({"include_ous": ("ou-x",)}, {"account_number": MANAGEMENT}, Standing.INCLUDED),
    ({"exclude_accounts": (MANAGEMENT,)}, {"account_number": MANAGEMENT}, Standing.EXCLUDED),
    ({}, {"state": None}, None),
    ({}, {"state": "NEW_IN_2030"}, None),
]


@pytest.mark.parametrize(("options", "seen", "expected"), OPTIONS)
def test_options_decide_who_is_in(
    options: dict[str, Any], seen: dict[str, Any], expected: Standing | None
) -> None:
    assert standing_of(an_enrollment(**options), replace(SEEN, **seen)) is expected


NAMES = st.lists(
    st.tuples(st.text(max_size=50), st.integers(0, 10**12 - 1)), unique_by=lambda n: n[1]
)


@given(NAMES, st.lists(st.from_regex("[A-Za-z0-9]{1,64}", fullmatch=True)))
def test_given_names_are_letters_and_digits_and_no_two_the_same(
    accounts: list[tuple[str, int]], there: list[str]
) -> None:
    names = GivenNames(there)
    given_names = [names.give(name, f"{number:012}") for name, number in accounts]

    for name in given_names:
        assert 1 <= len(name) <= 64
        assert name.isascii()
        assert name.isalnum()
    lower = [name.lower() for name in given_names]
    assert len(set(lower)) == len(lower)
    assert {name.lower() for name in there}.isdisjoint(lower)


def test_an_account_that_is_written_once_more_gets_the_same_name() -> None:
    names = GivenNames(["Shop"])
    wanted = [("Twin", "1" * 12), ("Twin", "2" * 12), ("shop", "3" * 12)]

    first, second = ([names.give(*each) for each in wanted] for _ in range(2))

    assert first == second == ["Twin", f"Twin{'2' * 12}", f"shop{'3' * 12}"]


def test_a_walk_lists_units_before_the_accounts_of_each_and_ends() -> None:
    walk = Walk().from_roots([("r-abcd", "Root")])
    assert walk.open
    walk = walk.after_page("t").after_page(None, [("ou-1", "A"), ("ou-2", "B")])
    assert walk.open
    assert [(each.unit_id, each.accounts, each.token) for each in walk.open] == [
        ("ou-2", False, None),
        ("ou-1", False, None),
        ("r-abcd", True, None),
    ]
    assert walk.open[-2].place == Place(("r-abcd", "ou-1"), "Root/A")
    for _ in range(5):
        walk = walk.after_page(None)
    assert walk.open == ()


def test_units_count_only_what_is_in_them() -> None:
    north = SHOPS.inside("ou-abcd-22222222", "North")
    shown = [
        MemberShown(replace(MEMBER, account_number=f"20000000000{digit}", place=place), state, None)
        for digit, (place, state) in enumerate(
            [
                (north, MemberState.CONNECTED),
                (SHOPS, MemberState.CONNECTED),
                (SHOPS, MemberState.CONNECTED),
                (SHOPS, MemberState.CLOSED),
            ]
        )
    ]

    shops, below = totals_by_unit(shown)

    assert (shops.place, below.place) == (SHOPS, north)
    assert shops.totals == dict.fromkeys(MemberState, 0) | {"connected": 2, "closed": 1}
    assert sum(below.totals.values()) == 1
