"""Retrying after a conflict: at once after a change, with waits while an item is busy, not for
ever.
"""

from __future__ import annotations

import time
from collections.abc import Callable

import pytest
from botocore.exceptions import ReadTimeoutError
from pynamodb.exceptions import PutError, UpdateError

from cavok.adapters.table.table import (
    Item,
    ItemBusy,
    ItemChanged,
    Table,
    WriteConflict,
    retry_on_conflict,
)
from cavok.domain.errors import Conflict

GIVEN_UP = Conflict("Please try again.")


@pytest.fixture
def waits(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """Seconds that were waited. Nobody really waits."""
    waited: list[float] = []
    monkeypatch.setattr(time, "sleep", waited.append)
    return waited


def failing(conflict: WriteConflict, times: int) -> Callable[[], str]:
    left = iter(range(times))

    def attempt() -> str:
        if next(left, None) is not None:
            raise conflict
        return "written"

    return attempt


def test_a_change_by_others_is_read_again_at_once(waits: list[float]) -> None:
    assert retry_on_conflict(failing(ItemChanged(), 11), or_raise=GIVEN_UP) == "written"
    assert waits == []


def test_a_busy_item_is_waited_for(waits: list[float]) -> None:
    assert retry_on_conflict(failing(ItemBusy(), 11), or_raise=GIVEN_UP) == "written"
    assert len(waits) == 11
    assert sum(waits) < 9


@pytest.mark.parametrize("conflict", [ItemChanged(), ItemBusy()])
def test_the_twelfth_conflict_is_the_last(conflict: WriteConflict, waits: list[float]) -> None:
    with pytest.raises(Conflict) as given_up:
        retry_on_conflict(failing(conflict, 12), or_raise=GIVEN_UP)

    assert given_up.value is GIVEN_UP
    assert given_up.value.__cause__ is conflict
    assert len(waits) in (0, 11)


def test_any_other_error_is_not_retried(waits: list[float]) -> None:
    tries = iter(range(2))

    def attempt() -> None:
        next(tries)
        raise KeyError

    with pytest.raises(KeyError):
        retry_on_conflict(attempt, or_raise=GIVEN_UP)
    assert next(tries) == 1


@pytest.mark.parametrize(
    ("method", "error", "write"),
    [
        ("save", PutError, lambda table, item: table.put(item)),
        ("update", UpdateError, lambda table, item: table.update(item, [], Item.pk.exists())),
    ],
)
def test_a_write_without_an_answer_is_no_conflict_and_says_what_happened(
    method: str,
    error: type[PutError | UpdateError],
    write: Callable[[Table, Item], None],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A timeout's `response` is there, and is None."""
    failed = error(cause=ReadTimeoutError(endpoint_url="https://dynamodb.example"))

    def fail(*_: object, **__: object) -> None:
        raise failed

    monkeypatch.setattr(Item, method, fail)

    with pytest.raises(error) as raised:
        write(Table.__new__(Table), Item("a", "b"))

    assert raised.value is failed
