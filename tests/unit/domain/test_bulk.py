"""What a bulk operation treats, counts and lists, and when it ends."""

from __future__ import annotations

from dataclasses import replace

import pytest

from cavok.domain.account_list import Selection
from cavok.domain.accounts import LastVerification, Outcome, Status
from cavok.domain.bulk import (
    CARRIED_OUT_WITHIN,
    MOST_LISTED,
    BulkAction,
    BulkFailure,
    BulkMessage,
    BulkState,
)
from cavok.domain.errors import MalformedEvent
from tests.support.builders import (
    ACCOUNT_ID,
    NOW,
    a_bulk_operation,
    an_account,
    confirmed,
)

FAILURE = BulkFailure(ACCOUNT_ID, "A", "account_not_found", "It is gone.")
OPERATION = a_bulk_operation()
LATE = OPERATION.started_at + CARRIED_OUT_WITHIN


def test_it_is_finished_after_its_last_account() -> None:
    one = OPERATION.after_one(NOW)
    two = one.after_one(NOW, skipped=True)
    three = two.after_one(NOW, failure=FAILURE)

    assert [each.state for each in (one, two, three)] == ["running", "running", "finished"]
    assert (three.done, three.skipped, three.failed, three.failures) == (3, 1, 1, (FAILURE,))
    assert (two.finished_at, three.finished_at) == (None, NOW)


def test_it_lists_the_first_failures_and_counts_the_others() -> None:
    operation = a_bulk_operation(total=MOST_LISTED + 2)
    for _ in range(operation.total):
        operation = operation.after_one(NOW, failure=FAILURE)

    assert (len(operation.failures), operation.failed) == (MOST_LISTED, MOST_LISTED + 2)


def test_it_has_stopped_once_its_time_is_over_whoever_noticed() -> None:
    assert OPERATION.as_of(NOW) is OPERATION
    stopped = OPERATION.as_of(LATE)
    assert (stopped.state, stopped.finished_at) == (BulkState.STOPPED, LATE)
    ended = replace(OPERATION, state=BulkState.FINISHED)
    assert ended.as_of(LATE) is ended


def test_named_accounts_are_treated_as_they_are_and_others_while_they_fit() -> None:
    account = an_account(status=Status.FAILED)
    by_filter = replace(OPERATION, selection=Selection(status=Status.FAILED))

    assert OPERATION.selects(account)
    assert by_filter.selects(account)
    assert not by_filter.selects(confirmed(account))


@pytest.mark.parametrize("action", BulkAction)
@pytest.mark.parametrize("selection", [None, Selection()])
def test_only_a_test_leaves_revoked_accounts_out(
    action: BulkAction, selection: Selection | None
) -> None:
    revoked = confirmed(an_account()).with_use_revoked(NOW)
    operation = replace(OPERATION, action=action, selection=selection)

    assert operation.selects(revoked) is (action is not BulkAction.TEST)


def test_it_says_of_each_place_whether_its_account_was_changed() -> None:
    operation, changed = a_bulk_operation(total=20, repeats=2), {0, 7, 8, 17}
    for place in range(operation.total):
        operation = operation.after_one(NOW, changed=place in changed)

    assert {place for place in range(100) if operation.changed_at(place)} == changed
    assert (operation.changed, len(operation.changes), operation.repeats) == (4, 3, 0)


def test_a_later_test_counts_as_its_own() -> None:
    account = confirmed(an_account())
    for verification_id, tested in (("0" * 26, False), ("Z" * 26, True)):
        last = LastVerification(verification_id, Outcome.CONFIRMED, NOW)
        assert OPERATION.is_tested(replace(account, verification=last)) is tested
    assert not OPERATION.is_tested(account)
    assert not replace(OPERATION, action=BulkAction.DELETE).is_tested(
        replace(account, verification=LastVerification("Z" * 26, Outcome.CONFIRMED, NOW))
    )


def test_its_message_is_read_as_it_was_written() -> None:
    message = BulkMessage("org-one", "p")

    assert BulkMessage.read(message.body) == message
    with pytest.raises(MalformedEvent):
        BulkMessage.read('{"organization_id": "org-one"}')
