"""What a test says of an account, step by step, as the e2e tests expect it."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from cavok.domain.accounts import UNKNOWN_CAPABILITIES
from cavok.domain.permissions import STEPS
from cavok.domain.steps import REFUSALS_WANTED

Row = tuple[str, bool | None, str, str | None]
"""verdict, ok, evidence, reason"""

ALLOWED: Row = ("allowed", True, "live", None)
REFUSED_AS_IT_SHOULD: Row = ("denied", True, "live", None)


ALL_WORKS: dict[str, Row] = {
    step: REFUSED_AS_IT_SHOULD if step in REFUSALS_WANTED else ALLOWED for step in STEPS
}


def but(row: Row, *steps: str) -> dict[str, Row]:
    """All works, but for these steps; `rds:` names every step that starts so."""
    return {
        **ALL_WORKS,
        **{step: row for step in ALL_WORKS for named in steps if step.startswith(named)},
    }


FULL = dict.fromkeys(UNKNOWN_CAPABILITIES, "full")


def rows(steps: Iterable[dict[str, Any]]) -> list[tuple[str, Row]]:
    return [
        (step["step"], (step["verdict"], step["ok"], step["evidence"], step["reason"]))
        for step in steps
    ]
