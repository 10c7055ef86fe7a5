"""docs/costs.md counts what follows from the catalog. `make catalog` writes its figures, and the
workflow itself is run to compare them.
"""

from __future__ import annotations

import re
from collections import Counter
from functools import cache
from typing import Any

import pytest

from cavok.domain.permissions import PROBED_GROUPS
from local.catalog import COSTS, cost_rows, measured_gb_seconds
from local.settings import ROOT
from tests.bench.bill import GB, MILLION, PRICES
from tests.bench.workflows import Bill, Reckoned, definition
from tests.support.documents import cost_figures, cost_row

MOST_TRANSITIONS = 40
"""Of a person's test, two a probe. A limit on cost, which is raised only on purpose."""


@cache
def persons_test() -> tuple[Bill, Counter[str], int]:
    """The bill of a person's test in an account with Write logs, its invocations by function, and
    how many of them open the session.
    """
    probes = [
        {"action": action, "group": group.group}
        for group in PROBED_GROUPS
        for action in group.actions
    ]
    opened = {"session": "sealed", "steps": [], "write_logs": True, "regions": [], "probes": probes}
    answers: dict[str, Any] = {"OpenSession": opened, "SurveyRegions": {}}
    invoked, sealed = Counter[str](), []

    def perform(resource: str, arguments: Any, now: float) -> tuple[Any, float]:
        assert resource.endswith(":lambda:invoke")
        invoked[arguments["FunctionName"]] += 1
        sealed.append("session" in arguments["Payload"])
        return {"Payload": answers.get(arguments["FunctionName"], {"step": "any"})}, 0.0

    execution = Reckoned({"Execution": {"Input": {"trigger": "manual"}}}, perform=perform)
    execution.run(definition("verify_account"), {})
    return execution.bill, invoked, sum(sealed)


def test_the_rows_that_count_probes_are_those_of_the_catalog() -> None:
    text = COSTS.read_text().splitlines()

    assert [row for row in cost_rows().values() if row not in text] == [], "run `make catalog`"


def test_the_workflow_takes_the_transitions_that_are_told() -> None:
    bill, *_ = persons_test()

    assert cost_figures("Step Functions state transitions")[0] == bill.transitions


def test_the_workflow_makes_the_invocations_and_opens_the_session_as_often_as_is_told() -> None:
    _, invoked, opened = persons_test()

    row = cost_row("Lambda invocations")
    assert f" {1 + invoked.total()} in the test: the API's one, " in row
    assert cost_figures("KMS requests")[0] == 1 + opened, "and OpenSession's Encrypt"


def test_a_persons_test_stays_cheap() -> None:
    assert cost_figures("Step Functions state transitions")[0] <= MOST_TRANSITIONS


def test_what_a_persons_test_takes_of_lambda_is_what_was_measured() -> None:
    """Each function's memory and its warm time, in the table that `make bench` writes."""
    measured = measured_gb_seconds()
    _, invoked, _ = persons_test()
    times = invoked + Counter(["AccountsApi"])

    assert measured.keys() == times.keys()
    used = sum(times[name] * one for name, one in measured.items())
    assert used == pytest.approx(cost_figures("Lambda GB-seconds")[0], abs=0.5)


def test_what_shows_first_on_a_bill_of_peoples_tests_is_what_is_told() -> None:
    prices = {
        "Step Functions state transitions": "state transition",
        "Lambda invocations": "Lambda request",
        "Lambda GB-seconds": "Lambda GB-second",
        "DynamoDB write units": "write unit",
        "DynamoDB read units": "read unit",
        "KMS requests": "KMS request",
        "Events of our own bus": "bus event",
        "SQS requests": "SQS request",
        "X-Ray traces": "trace",
    }
    dollars = {
        unit: cost_figures(unit)[0] * PRICES[priced] * MILLION for unit, priced in prices.items()
    }
    for unit, priced in (
        (
            "kB-months stored",
            PRICES["GB-month stored"] + PRICES["GB-month of point-in-time recovery"],
        ),
        ("kB logged", PRICES["GB of logs"]),
    ):
        dollars[unit] = cost_figures(unit)[0] * 1000 / GB * priced * MILLION

    assert sorted(dollars, key=dollars.__getitem__)[-3:] == [
        "KMS requests",
        "Lambda GB-seconds",
        "Step Functions state transitions",
    ]
    share = dollars["Step Functions state transitions"] / sum(dollars.values())
    assert share == pytest.approx(4 / 5, abs=0.05)
    text = " ".join(COSTS.read_text().split())
    assert (
        "about four fifths of what tests by people cost are state transitions. "
        "Lambda's GB-seconds come next, then KMS requests." in text
    )


def test_a_number_that_two_documents_tell_is_one() -> None:
    """How often a scheduled test reads the table. tests/integration/test_sweep.py counts it."""
    texts = [(ROOT / "docs" / name).read_text() for name in ("sweeping.md", "performance.md")]
    documented = [
        number for text in texts for number in re.findall(r"(\w+) reads an account", text)
    ]

    assert documented == ["three"] * 2
    assert cost_figures("DynamoDB read units")[1] == 3
