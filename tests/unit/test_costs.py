"""docs/costs.md counts what follows from the catalog. `make catalog` writes its figures, and the
workflow itself is run to compare them.
"""

from __future__ import annotations

import re
from collections import Counter
from datetime import timedelta
from functools import cache
from typing import Any

import pytest

from cavok.domain.permissions import PROBED_GROUPS
from local.catalog import COSTS, cost_rows, measured_gb_seconds
from local.settings import ROOT
from tests.bench.bill import (
    GB,
    MILLION,
    MONTH,
    PRICES,
    WRITES_OF_ITS_OWN,
    dollars_of_a_look,
    dollars_of_tests_of_their_own,
)
from tests.bench.functions import memory_of
from tests.bench.sweep import ACCOUNT_SECONDS, OF_ITS_OWN, SWEEPS_A_DAY, SWEPT
from tests.bench.workflows import Bill, Reckoned, definition
from tests.support.documents import cost_figures, cost_row
from tests.support.template import resource, template

MOST_TRANSITIONS = 25
"""Of a person's test, one a probe. A limit on cost, which is raised only on purpose."""


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
        "SQS requests": "SQS request of a fair queue",
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

    first, *next_ones = sorted(dollars, key=dollars.__getitem__, reverse=True)[:3]
    assert first == "Step Functions state transitions"
    assert dollars[first] > sum(dollars.values()) * 2 / 3
    assert {*next_ones} == {"KMS requests", "Lambda GB-seconds"}, "their order depends on both"
    assert all(dollars[unit] < sum(dollars.values()) / 8 for unit in next_ones)
    text = " ".join(COSTS.read_text().split())
    assert (
        "more than two thirds of what tests by people cost are state transitions. KMS requests "
        "and Lambda's GB-seconds come next, each with less than an eighth." in text
    )


def test_what_the_stack_costs_while_nothing_is_tested_is_what_is_told() -> None:
    """By the alarms and the queues of the template."""
    resources = template()["Resources"].values()
    alarms = [one["Properties"] for one in resources if one["Type"] == "AWS::CloudWatch::Alarm"]
    metrics = sum(
        sum("MetricStat" in each for each in one["Metrics"]) if "Metrics" in one else 1
        for one in alarms
    )
    events = [
        *(
            event
            for one in resources
            if one["Type"] == "AWS::Serverless::Function"
            for event in one["Properties"].get("Events", {}).values()
        ),
        *(one for one in resources if one["Type"] == "AWS::Lambda::EventSourceMapping"),
    ]
    queues = sum(event["Type"] in ("SQS", "AWS::Lambda::EventSourceMapping") for event in events)
    requests = queues * 5 * MONTH.total_seconds() / 20

    sweeps = round(MONTH / timedelta(minutes=2))
    each = sweeps * PRICES["state transition"]
    key = f"{PRICES['KMS key, a month']:.2f}"

    text = COSTS.read_text()
    for row in (
        f"one each two minutes: {sweeps:,} transitions | {each:.2f} |",
        f"the start and the end of an execution as steps | {2 * each:.2f} |",
        f"| the {queues} queues that functions read, if Lambda keeps five long polls of 20 s open "
        f"for each: {requests / MILLION:.1f} million requests "
        f"| {requests * PRICES['SQS request of a fair queue']:.2f} |",
        f"| the {len(alarms)} alarms, which look at {metrics} metrics "
        f"| {metrics * PRICES['metric of an alarm, a month']:.2f} |",
        f"| the KMS key, and {key} more after each of its first two yearly rotations | {key} |",
    ):
        assert row in text


def pace(view: str, name: str) -> float:
    """Seconds from one look of the page to the next, as a module of it says."""
    text = (ROOT / "functions/dashboard/static/views" / f"{view}.js").read_text()
    ((milliseconds,),) = [re.findall(rf"^const {name} = ([\d_]+);$", text, re.MULTILINE)]
    return int(milliseconds) / 1000


def test_a_running_test_is_read_as_often_as_is_told() -> None:
    of_the_test = {pace("tests", "LIVE_EVERY_MS"), pace("connect", "LIVE_EVERY_MS")}
    of_its_account = {pace("account", "TESTING_MS"), pace("connect", "TESTING_MS")}

    assert (of_the_test, of_its_account) == ({0.7}, {2})
    pace_of_both = "one in 0.7 seconds at the test, and one in two at its account"
    assert pace_of_both in cost_row("API requests")


def test_an_open_page_costs_what_is_told() -> None:
    """The page decides how often it reads. docs/api.md and performance.md have the read units."""
    listed, shown = pace("accounts", "REFRESH_EVERY_MS"), pace("account", "IDLE_MS")
    taking = {"seconds": 0.16, "memory": memory_of("AccountsApi") / 1024}
    text = " ".join(COSTS.read_text().split())
    measured = (ROOT / "docs" / "performance.md").read_text()
    ((numbers,),) = [
        re.findall(r"\| the organization, with its counts .* \| (\d+) \|$", measured, re.M)
    ]
    ((page,),) = [
        re.findall(
            r"^\| any order, alone .* \| (\d+) \|$", (ROOT / "docs/api.md").read_text(), re.M
        )
    ]
    refresh = dollars_of_a_look(int(page), 8_000, **taking)
    refresh += dollars_of_a_look(int(numbers), 3_000, **taking)
    of_list = refresh * 3600 / listed
    of_account = dollars_of_a_look(2, 3_000, **taking) * 3600 / shown

    assert f"two requests every {listed:.0f} s, of {page} and {numbers} read units" in text
    assert f"an account one every {shown:.0f} s," in text
    assert f"An hour of an open list costs about {of_list:.4f} USD" in text
    assert f"one of an open account about {of_account:.4f}, if" in text


def test_a_sweep_costs_what_is_told_whatever_it_finds_due() -> None:
    """Its nine queries, of half a unit each, and no second of the function."""
    ones = ("state transition", "Scheduler invocation", "Lambda request")
    each = sum(PRICES[one] for one in ones) + 9 / 2 * PRICES["read unit"]
    many, fewer, few = (each * SWEEPS_A_DAY / n * MILLION for n in (100_000, 10_000, 1_000))
    text = " ".join(COSTS.read_text().split())

    assert f"A sweep costs some {each:.5f} USD whatever it finds due" in text
    assert (
        f"With 100,000 accounts a day that is {many:.1f} USD of a million tests, with 10,000 about "
        f"{fewer:.0f}, and with 1,000 some {few:.0f}," in text
    )


def test_the_first_view_costs_what_is_told() -> None:
    """It has as many requests and kilobytes as `make bench` measured, and begins no trace."""
    measured = (ROOT / "docs" / "performance.md").read_text()
    ((size, requests),) = re.findall(r"^\| sign-in \| ([\d.]+) kB \| (\d+) \|$", measured, re.M)
    text = " ".join(COSTS.read_text().split())

    assert f"costs {requests} requests and as many invocations, and {float(size):.0f} kB" in text
    assert resource("DashboardPage")["Tracing"] == "PassThrough"


def test_a_link_to_a_template_costs_what_is_told() -> None:
    put, get = (PRICES[one] * MILLION for one in ("S3 PUT", "S3 GET"))
    text = " ".join(COSTS.read_text().split())

    assert f"one GET, to compare: {put + get:.2f} USD a million" in text
    assert f"another GET, of CloudFormation's, {get:.2f}." in text


@pytest.mark.parametrize("name", ["costs.md", "performance.md"])
def test_what_tests_of_their_own_cost_is_what_is_told(name: str) -> None:
    """Calculated from the seconds that both functions take. They cost most if they hang."""
    memory = memory_of("ProbeAccount") / 1024
    usual, hanging = (
        dollars_of_tests_of_their_own(seconds, memory) for seconds in (OF_ITS_OWN, ACCOUNT_SECONDS)
    )
    text = " ".join((ROOT / "docs" / name).read_text().split())

    assert f"about {usual:.0f} USD" in text
    assert f"about {round(hanging, -1):,.0f} if they" in text
    assert f"{WRITES_OF_ITS_OWN} write units" in text


def test_what_is_not_on_the_bill_of_a_sweep_is_what_is_told() -> None:
    key = PRICES["KMS request"] + PRICES["read unit"]
    text = " ".join((ROOT / "docs" / "performance.md").read_text().split())

    assert f"a Decrypt and a read: {key * MILLION:.2f} more" in text
    asked = PRICES["bus event"] + 3 * PRICES["SQS request of a fair queue"]
    asked += PRICES["KMS request"] + 2 * PRICES["read unit"] + PRICES["write unit"]
    assert f"three SQS requests {3 * PRICES['SQS request of a fair queue'] * MILLION:.2f}," in text
    assert f"About {asked * MILLION + 1.10:.1f} more;" in text
    steps = 2 * PRICES["state transition"] / SWEPT * MILLION
    assert f"does not say: {steps:.2f} for these sweeps" in text


def test_a_number_that_two_documents_tell_is_one() -> None:
    """How often a scheduled test reads the table. tests/integration/test_sweep.py counts it."""
    texts = [(ROOT / "docs" / name).read_text() for name in ("sweeping.md", "performance.md")]
    documented = [
        number for text in texts for number in re.findall(r"(\w+) reads an account", text)
    ]

    assert documented == ["three"] * 2
    assert cost_figures("DynamoDB read units")[1] == 3
