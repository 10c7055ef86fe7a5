"""Which of many instances a call is refused for, found with few calls that name many."""

from __future__ import annotations

from collections.abc import Collection, Sequence

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cavok.domain.access_denied import Reason
from cavok.domain.halving import (
    MAX_CALLS,
    MAX_IDS_PER_CALL,
    Answer,
    Findings,
    Gone,
    Permitted,
    Refused,
    Unanswered,
    find_refused,
)


class Ec2:
    """A region whose policies allow some instances, and in which some are gone.

    names  which of the refused instances the message names: the first, the last, one that it should
           not, or none.
    """

    def __init__(
        self,
        allowed: Collection[str],
        gone: Collection[str] = (),
        names: str = "none",
        fails_at: int | None = None,
    ) -> None:
        self.allowed = set(allowed)
        self.gone = set(gone)
        self.names = names
        self.fails_at = fails_at
        self.calls: list[list[str]] = []

    def __call__(self, ids: Sequence[str]) -> Answer:
        self.calls.append(list(ids))
        assert ids
        assert len(ids) <= MAX_IDS_PER_CALL
        if len(self.calls) == self.fails_at:
            return Unanswered("RequestLimitExceeded", "later")
        if gone := self.gone & set(ids):
            return Gone(frozenset(gone))
        refused = [each for each in ids if each not in self.allowed]
        if not refused:
            return Permitted()
        suspects = {"first": refused[0], "last": refused[-1], "wrong": ids[0], "none": None}
        return Refused(Reason.IDENTITY_POLICY, "No.", suspects[self.names])


def instances(count: int) -> list[str]:
    return [f"i-{number:017x}" for number in range(count)]


@st.composite
def regions(draw: st.DrawFn) -> tuple[list[str], Ec2]:
    ids = instances(draw(st.integers(0, 500)))
    few = draw(st.booleans())
    chosen = set(draw(st.lists(st.sampled_from(ids), max_size=8 if few else 500)) if ids else [])
    allowed = chosen if draw(st.booleans()) else set(ids) - chosen
    gone = set(draw(st.lists(st.sampled_from(ids), max_size=5))) if ids else set()
    return ids, Ec2(allowed, gone, draw(st.sampled_from(["first", "last", "wrong", "none"])))


@settings(max_examples=400, deadline=None)
@given(regions())
def test_any_subset_is_found_exactly_or_the_calls_are_used_up(
    region: tuple[list[str], Ec2],
) -> None:
    ids, ec2 = region

    found = find_refused(ids, ec2)

    assert len(ec2.calls) == found.calls <= MAX_CALLS
    assert set(found.allowed) <= ec2.allowed - ec2.gone
    assert set(found.refused) <= set(ids) - ec2.allowed - ec2.gone
    assert not found.undecided or found.calls == MAX_CALLS
    decided = [*found.allowed, *found.refused]
    assert len(set(decided)) == len(decided)
    left = set(ids) - set(decided) - set(found.undecided)
    assert left <= ec2.gone, "only what is gone is neither decided nor undecided"
    if not found.undecided:
        assert set(found.refused) == set(ids) - ec2.allowed - ec2.gone


@settings(max_examples=200, deadline=None)
@given(st.sets(st.integers(0, 499), max_size=500), st.sampled_from(["first", "last", "none"]))
def test_the_first_instances_are_decided_first(allowed: set[int], names: str) -> None:
    """Those under control come first, so at least these have a verdict."""
    ids = instances(500)

    found = find_refused(ids, Ec2([ids[number] for number in allowed], names=names))

    named = sum(each in found.refused for each in ids[found.asked // 2 :])
    front = ids[: (MAX_CALLS // 4) - named]
    assert not set(front) & set(found.undecided)


@pytest.mark.parametrize(
    ("allowed", "count", "names", "most"),
    [
        pytest.param(range(500), 500, "first", 1, id="all allowed"),
        pytest.param(range(1200), 1200, "first", 3, id="more than one call may name"),
        pytest.param(range(1, 500), 500, "first", 4, id="one of 500 refused, and named"),
        pytest.param(range(1, 500), 500, "none", 20, id="one of 500 refused, and not named"),
        pytest.param([3, 17, 30], 41, "first", MAX_CALLS, id="three of 41 allowed"),
        pytest.param([3, 17, 30], 41, "none", MAX_CALLS, id="three of 41 allowed, none named"),
        pytest.param([], 50, "first", MAX_CALLS, id="none of 50 allowed"),
        pytest.param([], 1, "none", 1, id="one, refused"),
        pytest.param([], 0, "none", 0, id="no instance"),
    ],
)
def test_typical_accounts_are_decided_within_the_calls(
    allowed: Sequence[int], count: int, names: str, most: int
) -> None:
    ids = instances(count)

    found = find_refused(ids, Ec2([ids[number] for number in allowed], names=names))

    assert found.undecided == []
    assert found.calls <= most


def test_a_refusal_that_names_an_allowed_instance_misleads_nobody() -> None:
    ids = instances(8)

    found = find_refused(ids, Ec2(ids[:7], names="wrong"))

    assert list(found.refused) == ids[7:]


def test_an_instance_that_a_refusal_names_unasked_is_not_asked_about() -> None:
    """AWS's words are the customer's to write."""
    ids, asked = instances(4), list[str]()

    def ask(group: Sequence[str]) -> Answer:
        asked.extend(group)
        return Refused(Reason.EXPLICIT_DENY, "No.", "i-0fedcba9876543210")

    found = find_refused(ids, ask)

    assert set(asked) == set(found.refused) == set(ids)


def test_gone_instances_do_not_make_the_next_calls_smaller() -> None:
    ids = instances(500)
    ec2 = Ec2(ids, gone=ids[100:103])

    find_refused(ids, ec2)

    assert [len(call) for call in ec2.calls] == [500, 497]


def test_calls_become_half_as_large_with_a_refusal_and_twice_as_large_with_a_permission() -> None:
    ids = instances(64)
    ec2 = Ec2(ids[1:])

    find_refused(ids, ec2)

    assert [len(call) for call in ec2.calls] == [64, 32, 16, 8, 4, 2, 1, 1, 2, 4, 8, 16, 32]


def test_an_answer_that_proves_nothing_ends_asking_and_keeps_what_is_decided() -> None:
    ids = instances(8)

    found = find_refused(ids, Ec2(ids[4:], names="first", fails_at=3))

    assert found.unanswered == Unanswered("RequestLimitExceeded", "later")
    assert (found.allowed, list(found.refused), found.asked) == ([], ids[:1], 8)


def test_instances_that_are_gone_count_nowhere_even_if_no_message_names_them() -> None:
    ids = instances(4)
    gone = ids[1]

    def ask(group: Sequence[str]) -> Answer:
        return Gone(frozenset()) if gone in group else Permitted()

    found = find_refused(ids, ask)

    assert found == Findings(allowed=[ids[0], *ids[2:]], calls=found.calls)
