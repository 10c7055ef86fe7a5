"""docs/costs.md counts what follows from the catalog. A new permission changes the figures."""

from __future__ import annotations

import re

from cavok.domain.permissions import PROBED_GROUPS
from local.settings import ROOT

PROBES = sum(len(group.permissions) for group in PROBED_GROUPS)
THE_LOG_GROUP = 1


def figures(unit: str) -> list[int]:
    """The whole numbers in the row of a unit."""
    table = (ROOT / "docs" / "costs.md").read_text()
    (row,) = re.findall(rf"^\| {unit} \|(.*)$", table, re.M)
    return [int(number) for number in re.findall(r"\d+", row)]


def test_a_persons_test_counts_one_state_machine_and_one_branch_a_probe() -> None:
    states, an_iteration = 8, 2
    all_of_them = states + an_iteration * (PROBES + THE_LOG_GROUP)
    assert figures("Step Functions state transitions") == [
        all_of_them,
        states,
        an_iteration,
        PROBES,
    ]
    assert all_of_them <= 40


def test_a_persons_test_invokes_one_function_a_probe() -> None:
    assert figures("Lambda invocations")[::2] == [PROBES + THE_LOG_GROUP + 5, PROBES]


def test_each_probe_opens_the_sealed_session_once() -> None:
    opened = PROBES + THE_LOG_GROUP + 2
    assert figures("KMS requests") == [opened + 1, opened]
