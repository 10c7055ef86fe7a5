"""Which of many instances a call is refused for, found with few calls that name many."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cavok.domain.access_denied import Reason
from cavok.domain.halving import (
    MAX_CALLS,
    Answer,
    Findings,
    Gone,
    Permitted,
    Refused,
    Unanswered,
    Unaskable,
    find_refused,
)


class Ec2:
    """A region whose policies allow some instances, and in which some are gone.

    names      which of the refused instances the message names: the first, the last, one that it
               should not, or none.
    protected  what no dry run can ask about. EC2 says so `before` it looks whether all are allowed,
               or after that.
    """

    def __init__(
        self,
        allowed: Collection[str],
        gone: Collection[str] = (),
        names: str = "none",
        fails_at: int | None = None,
        protected: Collection[str] = (),
        *,
        before: bool = True,
        silent: bool = False,
    ) -> None:
        self.allowed = set(allowed)
        self.gone = set(gone)
        self.protected = set(protected)
        self.before, self.silent = before, silent
        self.names = names
        self.fails_at = fails_at
        self.calls: list[list[str]] = []

    def __call__(self, ids: Sequence[str]) -> Answer:
        self.calls.append(list(ids))
        assert ids
        assert len(ids) <= 100
        if len(self.calls) == self.fails_at:
            return Unanswered("RequestLimitExceeded", "later")
        if gone := self.gone & set(ids):
            return Gone(frozenset(gone))
        protected = [each for each in ids if each in self.protected]
        one = frozenset([] if self.silent else protected[:1])
        if protected and self.before:
            return Unaskable(one)
        refused = [each for each in ids if each not in self.allowed]
        if not refused:
            return Unaskable(one) if protected else Permitted()
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
    gone, protected = (
        set(draw(st.lists(st.sampled_from(ids), max_size=5))) if ids else set() for _ in range(2)
    )
    names = draw(st.sampled_from(["first", "last", "wrong", "none"]))
    before, silent = draw(st.booleans()), draw(st.booleans())
    ec2 = Ec2(allowed, gone, names, protected=protected - gone, before=before, silent=silent)
    return ids, ec2


@settings(max_examples=400, deadline=None)
@given(regions())
def test_any_subset_is_found_exactly_or_the_calls_are_used_up(
    region: tuple[list[str], Ec2],
) -> None:
    ids, ec2 = region

    found = find_refused(ids, ec2)

    assert len(ec2.calls) == found.calls <= MAX_CALLS
    refused, protected = set(ids) - ec2.allowed - ec2.gone, ec2.protected
    assert set(found.allowed) <= ec2.allowed - ec2.gone - protected
    assert set(found.refused) <= refused
    assert set(found.skipped) <= protected
    remain = [*found.undecided, *found.unreached]
    assert not remain or found.calls == MAX_CALLS
    assert not found.undecided or not found.unreached
    decided = [*found.allowed, *found.refused, *found.skipped]
    assert len(set(decided)) == len(decided)
    left = set(ids) - set(decided) - set(remain)
    assert left <= ec2.gone, "only what is gone is neither decided nor undecided"
    if not remain:
        assert refused - protected <= set(found.refused) <= refused
        assert ec2.allowed & protected - ec2.gone <= set(found.skipped)


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
        pytest.param(range(100), 100, "first", 1, id="all allowed"),
        pytest.param(range(500), 500, "first", 5, id="more than one call may name"),
        pytest.param(range(1, 500), 500, "first", 8, id="one of 500 refused, and named"),
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


@pytest.mark.parametrize("count", [2, 3, 8])
def test_an_instance_that_a_refusal_names_is_asked_about_next_and_alone(count: int) -> None:
    ids = instances(count)
    ec2 = Ec2(ids[:-1], names="last")

    found = find_refused(ids, ec2)

    assert ec2.calls[:2] == [ids, ids[-1:]]
    assert found.refused == {ids[-1]: Refused(Reason.IDENTITY_POLICY, "No.", ids[-1])}


def test_an_instance_that_a_refusal_names_unasked_is_not_asked_about() -> None:
    """AWS's words are the customer's to write."""
    ids, asked = instances(4), list[str]()

    def ask(group: Sequence[str]) -> Answer:
        asked.extend(group)
        return Refused(Reason.EXPLICIT_DENY, "No.", "i-0fedcba9876543210")

    found = find_refused(ids, ask)

    assert set(asked) == set(found.refused) == set(ids)


def test_gone_instances_do_not_make_the_next_calls_smaller() -> None:
    ids = instances(203)
    ec2 = Ec2(ids, gone=ids[50:53])

    find_refused(ids, ec2)

    assert [len(call) for call in ec2.calls] == [100, 100, 100]


FEW_PROTECTED = [0, 50, 99, 100, 150, 180, 199]


@pytest.mark.parametrize("before", [True, False])
def test_each_of_few_that_cannot_be_asked_about_costs_a_call_and_hides_nothing(
    before: bool,
) -> None:
    ids = instances(200)
    protected = [ids[number] for number in FEW_PROTECTED]
    refused = ids[120]
    ec2 = Ec2(set(ids) - {refused}, names="first", protected=protected, before=before)

    found = find_refused(ids, ec2)

    assert sorted(found.skipped) == protected
    assert list(found.refused) == [refused]
    assert found.undecided == found.unreached == []
    assert len(found.allowed) == len(ids) - len(protected) - 1
    assert found.calls < MAX_CALLS


@pytest.mark.parametrize(("protected", "then"), [(16, 100), (17, 50)])
def test_calls_become_smaller_where_more_than_a_few_cannot_be_asked_about(
    protected: int, then: int
) -> None:
    ids = instances(300)
    ec2 = Ec2(ids, protected=ids[:protected])

    find_refused(ids, ec2)

    sizes = [len(call) for call in ec2.calls]
    assert sizes[: protected + 1] == [100] * protected + [then]


@pytest.mark.parametrize("before", [True, False])
@pytest.mark.parametrize("silent", [True, False])
@pytest.mark.parametrize("others", ["first", "last", "between"])
@pytest.mark.parametrize("count", [17, 65, 120, 300])
def test_any_number_that_cannot_be_asked_about_leaves_the_others_an_answer(
    count: int, others: str, silent: bool, before: bool
) -> None:
    """Identifiers are random, so that those who can be asked about are never all in the midst."""
    protected, other = instances(count), [f"i-{number:08x}" for number in range(30)]
    ids = [*other, *protected] if others == "first" else [*protected, *other]
    if others == "between":
        Random(count).shuffle(ids)
    ec2 = Ec2(ids, protected=protected, before=before, silent=silent)

    found = find_refused(ids, ec2)

    assert found.allowed
    assert found.undecided == []
    assert set(found.allowed) <= set(other)
    assert set(found.unreached) == set(ids) - set(found.allowed) - set(found.skipped)


def test_what_is_under_control_is_decided_however_many_cannot_be_asked_about() -> None:
    first, protected = "i-00000001", instances(300)

    found = find_refused([first, *protected], Ec2([first], protected=protected))

    assert found.allowed == [first]


def test_where_calls_are_refused_what_remains_may_be_refused() -> None:
    ids = instances(300)
    protected = ids[:200]

    found = find_refused(ids, Ec2([], protected=protected))

    assert found.refused
    assert found.undecided
    assert found.unreached == []


def test_an_answer_that_proves_nothing_leaves_what_remains_undecided() -> None:
    ids = instances(8)

    found = find_refused(ids, Ec2(ids, protected=ids[:1], fails_at=2))

    assert found.undecided == ids[1:]
    assert found.unreached == []


def test_all_that_cannot_be_asked_about_leave_nothing_in_question() -> None:
    ids = instances(20)

    found = find_refused(ids, Ec2(ids, protected=ids))

    assert (sorted(found.skipped), found.asked) == (ids, 0)


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
