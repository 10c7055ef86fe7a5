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
from cavok.domain.errors import ServiceUnavailable
from cavok.domain.interactions import (
    InteractionAction,
    Logged,
    Result,
    Usage,
    interaction_of_test,
)
from cavok.domain.organizations import Organization
from cavok.domain.pages import Position
from cavok.domain.verifications import State
from tests.integration.conftest import begin_test
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


def a_conflict() -> TransactWriteError:
    error = {"Error": {"Code": "TransactionCanceledException", "Message": "conflict"}}
    reasons = [None, CancellationReason("TransactionConflict", "held by another")]
    cause = VerboseClientError(error, "TransactWriteItems", cancellation_reasons=reasons)
    return TransactWriteError("conflict", cause)


def used(interactions: Interactions) -> int:
    return wiring.usage_counters().of_account(ACCOUNT_ID, "2025-03", 1000).used


def test_an_interaction_comes_back_as_it_was_stored(interactions: Interactions) -> None:
    stop = an_interaction()
    listing = an_interaction(1, kind=None, instance_id=None, region=None)
    for interaction in (stop, listing):
        interactions.record(interaction)

    assert interactions.page(ACCOUNT_ID, limit=10, after=None).items == [listing, stop]


def test_an_account_that_was_never_used_has_used_nothing(interactions: Interactions) -> None:
    assert wiring.usage_counters().of_account(ACCOUNT_ID, "2025-03", 1000) == Usage(
        "2025-03", 1000, 0
    )


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


def test_one_key_is_one_interaction(interactions: Interactions) -> None:
    first, again = an_interaction(0), an_interaction(1)

    assert interactions.record(first, "k") == first
    assert interactions.record(again, "k") == first
    assert interactions.recorded(again, "k") == first
    assert used(interactions) == 1


def test_one_key_for_something_else_is_something_else(interactions: Interactions) -> None:
    interactions.record(an_interaction(0), "k")
    start = an_interaction(1, action=InteractionAction.START)

    assert interactions.record(start, "k") == start
    assert used(interactions) == 2


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
    interactions.tried_again(stop, NOW, "running", "It is still running.")

    found = interactions.find(ACCOUNT_ID, stop.interaction_id)
    assert found == replace(stop, result=Result.REACHED, state="stopped")
