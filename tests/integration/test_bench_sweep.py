"""What `make bench` tells of a sweep over many due accounts, in small."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from cavok import wiring
from cavok.services.sweep import AT_ONCE
from tests.bench import sweep
from tests.support.faults import Calls, watched
from tests.support.moto_stack import TABLE, Clock, client


@pytest.fixture(autouse=True)
def one_call_after_another(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Moto's transactions know no threads."""
    monkeypatch.setenv("ALLOW_LOOPBACK_WEBHOOKS", "false")
    wiring.table()
    with watched(Calls()):
        yield


def test_a_single_account_is_tested_with_the_first_page_and_then_the_sweep_ends() -> None:
    now, due = Clock.time, 2 * AT_ONCE
    sweep._fill(client("dynamodb"), TABLE, due, now, due=due)
    sweep.put_one_of_another(client("dynamodb"), TABLE, now)

    assert sweep.turn_of(sweep.ANOTHER, now) <= AT_ONCE

    still_due = wiring.due_accounts().keys(now, None)
    assert len(still_due) == due + 1 - AT_ONCE
