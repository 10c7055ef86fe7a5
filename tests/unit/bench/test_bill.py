"""What `make bench` takes for the bill of AWS."""

from __future__ import annotations

from dataclasses import replace

import pytest

from tests.bench.bill import (
    COLD,
    GB,
    MILLION,
    PRICES,
    Used,
    Work,
    bytes_of_lambdas_own_lines,
    dollars_of_a_million,
    dollars_of_metrics,
    dollars_of_transfer,
    dollars_with_calls,
    sampled,
)

NOTHING = Used(tests=1, work={})


def bill(**used: object) -> dict[str, float]:
    """The lines that are not zero."""
    lines = dollars_of_a_million(replace(NOTHING, **used))  # type: ignore[arg-type]
    return {name: dollars for name, dollars in lines.items() if dollars}


def test_nothing_costs_nothing() -> None:
    assert bill() == {}


@pytest.mark.parametrize(
    ("used", "line", "dollars"),
    [
        ({"transitions": 2}, "Step Functions, transitions", 50),
        ({"read": 7}, "DynamoDB, reads", 0.875),
        ({"written": 15}, "DynamoDB, writes", 9.375),
        ({"kms_requests": 1}, "KMS", 3),
        ({"log_bytes": GB / MILLION}, "Logs", 0.5),
        ({"traces": 1}, "X-Ray", 5),
        ({"events": 1}, "Events", 1),
        ({"sqs_requests": 3}, "Queues", 1.5),
        ({"scheduled": 2}, "Scheduler", 2),
    ],
)
def test_each_line_is_an_amount_at_its_price(
    used: dict[str, float], line: str, dollars: float
) -> None:
    assert bill(**used) == pytest.approx({line: dollars})


def test_what_several_tests_used_is_shared_by_them() -> None:
    assert bill(tests=100, written=1500) == pytest.approx({"DynamoDB, writes": 9.375})


def test_what_leaves_the_region_is_told_apart_and_shared_by_the_tests() -> None:
    """By no means every account is in another region."""
    used = replace(NOTHING, tests=4, sent=4 * GB / MILLION)

    assert (bill(tests=4, sent=used.sent), dollars_of_transfer(used)) == ({}, pytest.approx(0.02))


def test_a_metric_costs_the_less_a_test_the_more_there_are() -> None:
    assert dollars_of_metrics(2, MILLION) == pytest.approx(0.60)
    assert dollars_of_metrics(2, 3 * MILLION) == pytest.approx(0.20)


def test_of_tests_with_more_calls_lambdas_time_alone_costs_more() -> None:
    lines = {"Lambda, GB-seconds": 2.0, "DynamoDB, writes": 1.5}

    assert dollars_with_calls(lines, 1) == pytest.approx(3.5)
    assert dollars_with_calls(lines, 1.64) == pytest.approx(1.5 + 2 * 1.64)


def test_what_is_stored_is_recoverable_too() -> None:
    assert bill(kept=GB / MILLION) == pytest.approx({"DynamoDB, storage and recovery": 0.45})


def test_lambda_bills_the_starts_that_are_assumed_too() -> None:
    work = {"any": Work(invocations=2, warm=1.0, start=2.0, memory=0.5)}
    seconds = 2 * 0.5 * (1 + COLD * 2)

    assert bill(work=work) == pytest.approx(
        {
            "Lambda, requests": 0.4,
            "Lambda, GB-seconds": seconds * PRICES["Lambda GB-second"] * MILLION,
        }
    )


def test_lambda_bills_a_millisecond_at_least() -> None:
    assert Work(invocations=2, warm=0.0002, start=0, memory=0.5).gb_seconds == 0.001


def test_of_many_traces_a_second_one_and_a_twentieth_of_the_others_are_kept() -> None:
    assert (sampled(0.1), sampled(1)) == (1, 1)
    assert sampled(21) == pytest.approx(2 / 21)


def test_lambda_logs_two_lines_an_invocation_unless_it_is_told_not_to() -> None:
    assert bytes_of_lambdas_own_lines("WARN") == 0
    assert 600 < bytes_of_lambdas_own_lines("INFO") < 1200
    assert bytes_of_lambdas_own_lines("DEBUG") > bytes_of_lambdas_own_lines("INFO")
