"""docs/costs.md counts what follows from the catalog. `make catalog` writes its figures."""

from __future__ import annotations

from local.catalog import COSTS, cost_rows
from tests.support.documents import cost_figures

MOST_TRANSITIONS = 40
"""Of a person's test, two a probe. A limit on cost, which is raised only on purpose."""


def test_the_rows_that_count_probes_are_those_of_the_catalog() -> None:
    text = COSTS.read_text().splitlines()

    assert [row for row in cost_rows().values() if row not in text] == []


def test_a_persons_test_stays_cheap() -> None:
    assert cost_figures("Step Functions state transitions")[0] <= MOST_TRANSITIONS
