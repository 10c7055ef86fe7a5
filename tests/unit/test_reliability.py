"""The tables of docs/reliability.md are complete. Tests that make the numbers compare them."""

from __future__ import annotations

import pytest

from tests.support.reliability import INSTRUMENTS, TABLES, rows


@pytest.mark.parametrize("table", TABLES)
def test_nothing_is_wrong(table: str) -> None:
    assert rows(table)
    assert {row.split("|")[-2].strip() for row in rows(table)} == {"0"}


def test_the_seconds_of_each_instrument_are_said() -> None:
    assert [row.split("`")[1] for row in rows("seconds")] == list(INSTRUMENTS)
