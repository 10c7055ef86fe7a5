"""`make up` leaves a stack that tests its accounts by itself."""

from __future__ import annotations

from typing import Any

import pytest

from local import up


def test_after_make_up_sweeps_run_by_schedule(monkeypatch: pytest.MonkeyPatch) -> None:
    done: list[Any] = []
    monkeypatch.setattr(up.stack, "up", lambda: "the stack")
    monkeypatch.setattr(up.first_account, "connect", done.append)
    monkeypatch.setattr(up.first_account, "show_next_steps", done.append)
    monkeypatch.setattr(up.first_enrollment, "enroll", done.append)
    monkeypatch.setattr(
        up.sweep, "change_schedule", lambda running, **changes: done.append((running, changes))
    )

    up.main()

    enabled = ("the stack", {"State": "ENABLED"})
    assert done == ["the stack", "the stack", enabled, "the stack"]
