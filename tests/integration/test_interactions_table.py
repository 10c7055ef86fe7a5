"""Interactions and usage in the table: none lost, none counted twice."""

from __future__ import annotations

import time
from dataclasses import replace
from datetime import timedelta

import pytest
from pynamodb.exceptions import CancellationReason, TransactWriteError, VerboseClientError
from pynamodb.transactions import TransactWrite

from cavok import wiring
from cavok.adapters.table.accounts import Accounts
from cavok.adapters.table.interactions import InteractionItem, Interactions
from cavok.domain.accounts import Outcome
from cavok.domain.errors import ServiceUnavailable, StillRunning
from cavok.domain.interactions import (
    Interaction,
    InteractionAction,
    InteractionOutcome,
    Logged,
    Result,
    interaction_of_test,
)
from cavok.domain.organizations import Organization
from cavok.domain.outcomes import later_act
from cavok.domain.pages import Position
from cavok.domain.verifications import State
from tests.support.builders import (
    ACCOUNT_ID,
    NOW,
    ORGANIZATION_ID,
    a_verification,
    an_account,
    an_interaction,
    confirmed,
    under_test,
)
from tests.support.moto_stack import begin_test


def a_conflict() -> TransactWriteError:
    error = {"Error": {"Code": "TransactionCanceledException", "Message": "conflict"}}
    reasons = [None, CancellationReason("TransactionConflict", "held by another")]
    cause = VerboseClientError(error, "TransactWriteItems", cancellation_reasons=reasons)
    return TransactWriteError("conflict", cause)


def used(interactions: Interactions) -> int:
    (month,) = wiring.usage_counters().months_of_account(ACCOUNT_ID, ["2025-03"])
    return month.used


def test_an_interaction_comes_back_as_it_was_stored(interactions: Interactions) -> None:
    stop = an_interaction()
    listing = an_interaction(1, kind=None, instance_id=None, region=None)
    for interaction in (stop, listing):
        interactions.record(interaction)

    assert interactions.page(ACCOUNT_ID, limit=10, after=None).items == [listing, stop]


def test_an_account_that_was_never_used_has_used_nothing(interactions: Interactions) -> None:
    assert used(interactions) == 0


def test_storing_the_same_interaction_again_counts_it_once(interactions: Interactions) -> None:
    interaction = an_interaction()

    for _ in range(3):
        assert interactions.record(interaction) == interaction

    assert used(interactions) == 1


def test_a_transaction_whose_answer_was_lost_is_not_counted_again(
    interactions: Interactions, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It went through, and the answer did not: what DynamoDB calls a conflict on the retry."""
    commit, lost = TransactWrite._commit, []

    def commit_and_lose_the_answer(self: TransactWrite) -> object:
        result = commit(self)
        if not lost:
            lost.append(self)
            raise TransactWriteError("the connection broke")
        return result

    monkeypatch.setattr(TransactWrite, "_commit", commit_and_lose_the_answer)
    interaction = an_interaction()

    assert interactions.record(interaction) == interaction
    assert lost
    assert used(interactions) == 1


def test_a_transaction_that_never_went_through_is_an_error(
    interactions: Interactions, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(self: TransactWrite) -> None:
        raise TransactWriteError("the table is gone")

    monkeypatch.setattr(TransactWrite, "_commit", fail)

    with pytest.raises(TransactWriteError):
        interactions.record(an_interaction())


# ---- an act, from its intent to its outcome ------------------------------------------------------


def an_open_act(number: int = 0, key: str | None = "k", **but: object) -> Interaction:
    return an_interaction(
        number,
        outcome=InteractionOutcome.PENDING,
        held_until=NOW + timedelta(seconds=60),
        key_hash=key,
        **but,
    )


def history(interactions: Interactions) -> list[Interaction]:
    return list(interactions.page(ACCOUNT_ID, limit=10, after=None).items)


def test_an_open_act_is_stored_and_counts_and_is_shown_once_it_is_closed(
    interactions: Interactions,
) -> None:
    act = an_open_act()

    assert interactions.begin(act) == act
    assert interactions.find(ACCOUNT_ID, act.interaction_id) == act
    assert (used(interactions), history(interactions)) == (0, [])

    closed = replace(act, outcome=InteractionOutcome.ACCEPTED, held_until=None)
    for _ in range(2):
        assert interactions.close(replace(closed, held_until=NOW)) == closed
    assert (used(interactions), history(interactions)) == (1, [closed])


def test_one_key_is_one_act_whoever_begins_it_and_the_first_outcome_stays(
    interactions: Interactions,
) -> None:
    first, again = an_open_act(0), an_open_act(1)

    assert interactions.begin(first) == first
    assert interactions.begin(again) == first
    accepted = interactions.close(replace(first, outcome=InteractionOutcome.ACCEPTED))
    assert interactions.close(replace(first, outcome=InteractionOutcome.REFUSED)) == accepted
    assert interactions.begin(again) == accepted
    assert used(interactions) == 1


@pytest.mark.parametrize("conflict", [False, True])
def test_a_key_of_a_day_ago_begins_another_act_though_dynamodb_keeps_its_item(
    interactions: Interactions, monkeypatch: pytest.MonkeyPatch, conflict: bool
) -> None:
    first = interactions.begin(an_open_act(0))
    just_before = an_open_act(1, at=NOW + timedelta(days=1, seconds=-1))
    later = an_open_act(2, at=NOW + timedelta(days=1))

    assert interactions.begin(just_before) == first
    commit, refused = TransactWrite._commit, [conflict]

    def refuse_first(self: TransactWrite) -> object:
        if refused and refused.pop():
            raise a_conflict()
        return commit(self)

    monkeypatch.setattr(TransactWrite, "_commit", refuse_first)
    assert interactions.begin(later) == later
    assert interactions.begin(replace(later, interaction_id=an_open_act(3).interaction_id)) == later


def test_another_key_or_none_is_another_act(interactions: Interactions) -> None:
    for number, key in enumerate(("k", "l", None, None)):
        act = an_open_act(number, key)
        assert interactions.begin(act) == act


def test_an_open_act_that_nobody_holds_is_taken_up_by_one(interactions: Interactions) -> None:
    act, later = interactions.begin(an_open_act()), NOW + timedelta(seconds=90)
    interactions.let_go(act, "Throttled.", ended_at=None)
    left = interactions.find(ACCOUNT_ID, act.interaction_id)
    assert left == replace(act, detail="Throttled.", held_until=None)

    interactions.take_up(left, later)

    with pytest.raises(StillRunning):
        interactions.take_up(left, later)
    held = interactions.find(ACCOUNT_ID, act.interaction_id)
    assert held
    assert held.held_until == later


def test_what_is_closed_is_neither_let_go_nor_taken_up(interactions: Interactions) -> None:
    act = interactions.begin(an_open_act())
    closed = interactions.close(replace(act, outcome=InteractionOutcome.ACCEPTED))

    interactions.let_go(act, "Too late.", ended_at=NOW)
    with pytest.raises(StillRunning):
        interactions.take_up(act, NOW + timedelta(seconds=120))

    assert interactions.find(ACCOUNT_ID, act.interaction_id) == closed


def test_a_key_that_is_forgotten_begins_another_act(interactions: Interactions) -> None:
    act = interactions.begin(an_open_act(0))
    interactions.close(replace(act, outcome=InteractionOutcome.REFUSED), forget=True)
    again = an_open_act(1)

    assert interactions.begin(again) == again


def test_an_act_forgets_its_own_key_alone(interactions: Interactions) -> None:
    old = interactions.begin(an_open_act(0))
    new = replace(an_open_act(1), at=old.at + timedelta(days=1))
    assert interactions.begin(new) == new

    closed = interactions.close(replace(old, outcome=InteractionOutcome.REFUSED), forget=True)

    assert not closed.open
    assert interactions.begin(replace(an_open_act(2), at=new.at)) == new


@pytest.mark.parametrize(
    ("but", "later"),
    [
        ({}, InteractionOutcome.ACCEPTED),
        ({"region": None}, InteractionOutcome.ACCEPTED),
        ({"region": "eu-west-1"}, None),
        ({"instance_id": "i-0123456789abcdef1"}, None),
        ({"outcome": InteractionOutcome.REFUSED}, None),
        (
            {"outcome": InteractionOutcome.PENDING, "held_until": NOW},
            InteractionOutcome.PENDING,
        ),
        ({"outcome": InteractionOutcome.PENDING}, None),
        ({"action": InteractionAction.TEST}, None),
    ],
)
def test_a_later_act_is_one_that_may_have_changed_the_same_instance(
    interactions: Interactions, but: dict[str, object], later: InteractionOutcome | None
) -> None:
    act = interactions.record(an_interaction(0))
    interactions.record(an_interaction(-1))
    interactions.begin(an_interaction(1, **but))

    assert later_act(act, interactions.after(act)) is later
    if later is InteractionOutcome.PENDING:
        interactions.record(an_interaction(2))
        assert later_act(act, interactions.after(act)) is InteractionOutcome.ACCEPTED


def test_each_try_of_a_turn_is_begun_by_one(interactions: Interactions) -> None:
    turn = interactions.record(an_interaction(result=Result.PENDING))
    at = NOW + timedelta(minutes=1)

    assert interactions.begin_try(turn, at, "running")
    assert not interactions.begin_try(turn, at, "running")
    interactions.note_try(turn, "Not now.")

    tried = interactions.find(ACCOUNT_ID, turn.interaction_id)
    assert tried == replace(turn, tried_at=at, state="running", state_reason="Not now.")
    assert interactions.begin_try(tried, at + timedelta(minutes=2), "running")


def test_a_counter_that_others_hold_is_waited_for(
    interactions: Interactions, monkeypatch: pytest.MonkeyPatch
) -> None:
    """In a burst, transactions meet at the month's counter, and DynamoDB lets one of them pass."""
    commit, held = TransactWrite._commit, iter([True, True, False])

    def meet(self: TransactWrite) -> object:
        if next(held):
            raise a_conflict()
        return commit(self)

    monkeypatch.setattr(TransactWrite, "_commit", meet)
    monkeypatch.setattr(time, "sleep", lambda seconds: None)

    interactions.record(an_interaction())

    assert used(interactions) == 1


def test_a_counter_that_is_held_for_long_is_an_error_and_not_a_loss(
    interactions: Interactions, monkeypatch: pytest.MonkeyPatch
) -> None:
    def meet(self: TransactWrite) -> None:
        raise a_conflict()

    waited: list[float] = []
    monkeypatch.setattr(TransactWrite, "_commit", meet)
    monkeypatch.setattr(time, "sleep", waited.append)

    with pytest.raises(ServiceUnavailable):
        interactions.record(an_interaction())
    assert sum(waited) < 10, "an HTTP request waits for it"


def test_pages_go_from_the_newest_to_the_oldest(interactions: Interactions) -> None:
    made = [an_interaction(number) for number in range(5)]
    for interaction in made:
        interactions.record(interaction)

    seen: list[str] = []
    after: Position | None = None
    while True:
        page = interactions.page(ACCOUNT_ID, limit=2, after=after)
        seen += [interaction.interaction_id for interaction in page.items]
        if (after := page.end) is None:
            break

    assert seen == [interaction.interaction_id for interaction in reversed(made)]


def test_what_became_of_a_line_is_written_once(interactions: Interactions) -> None:
    interaction = an_interaction()
    interactions.record(interaction)

    interactions.mark_logged(ACCOUNT_ID, interaction.interaction_id, Logged.WRITTEN)
    interactions.mark_logged(ACCOUNT_ID, interaction.interaction_id, Logged.REFUSED)

    (stored,) = interactions.page(ACCOUNT_ID, limit=1, after=None).items
    assert stored.logged is Logged.WRITTEN
    assert stored == replace(interaction, logged=Logged.WRITTEN)


def test_lines_of_another_service_are_always_to_be_written(interactions: Interactions) -> None:
    pending, done = an_interaction(0), an_interaction(1)
    for interaction in (pending, done):
        interactions.record(interaction)
    interactions.mark_logged(ACCOUNT_ID, done.interaction_id, Logged.WRITTEN)
    ids = [pending.interaction_id, done.interaction_id, "planner-17"]

    assert interactions.not_logged(ACCOUNT_ID, ids) == {pending.interaction_id, "planner-17"}
    interactions.mark_logged(ACCOUNT_ID, "planner-17", Logged.WRITTEN)
    assert len(interactions.page(ACCOUNT_ID, limit=10, after=None).items) == 2


def test_an_interaction_lapses_after_90_days(interactions: Interactions) -> None:
    interactions.record(an_interaction())

    (item,) = InteractionItem.query(
        f"ACCOUNT#{ACCOUNT_ID}", InteractionItem.sk.startswith("INTERACTION#")
    )
    assert item.expires_at == NOW + timedelta(days=90)


def test_a_persons_test_is_counted_with_its_verdict_and_once(
    accounts: Accounts, interactions: Interactions
) -> None:
    verifications, verification = wiring.verifications(), a_verification()
    wiring.organizations().create(Organization.new(ORGANIZATION_ID), NOW)
    before = accounts.add(an_account(), None)
    tested = begin_test(before, verification)
    after = replace(confirmed(under_test(tested)), slot=None)
    ended = replace(verification, state=State.FINISHED, outcome=Outcome.CONFIRMED, finished_at=NOW)

    assert used(interactions) == 0
    verifications.finish(tested, after, ended, interaction_of_test(after, ended))

    (interaction,) = interactions.page(ACCOUNT_ID, limit=10, after=None).items
    assert interaction.interaction_id == verification.verification_id
    assert interaction.action is InteractionAction.TEST
    assert used(interactions) == 1


def test_the_first_result_of_an_act_stays(interactions: Interactions) -> None:
    stop = interactions.record(an_interaction(result=Result.PENDING))

    interactions.set_result(stop, Result.REACHED, "stopped", None)
    interactions.set_result(stop, Result.NOT_REACHED, "running", "It is still running.")
    assert not interactions.begin_try(stop, NOW, "running")
    interactions.note_try(stop, "It is still running.")

    found = interactions.find(ACCOUNT_ID, stop.interaction_id)
    assert found == replace(stop, result=Result.REACHED, state="stopped")
