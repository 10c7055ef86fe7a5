"""What a test writes to the customer's own CloudWatch Logs, and what it leaves alone."""

from __future__ import annotations

import json
from typing import Any

import pytest

from local import aws
from local.customers import CustomerAccount
from tests.support.journeys import Journeys

GROUP = "/cavok/verifications"


def log_groups(place: CustomerAccount) -> dict[str, Any]:
    found = aws.logs(place.emulator_url, place.account_number).describe_log_groups()
    return {group["logGroupName"]: group for group in found["logGroups"]}


def summaries(place: CustomerAccount) -> list[dict[str, Any]]:
    logs = aws.logs(place.emulator_url, place.account_number)
    return [
        json.loads(event["message"])
        for event in logs.filter_log_events(logGroupName=GROUP)["events"]
    ]


def test_the_summary_stands_in_the_customers_account(journeys_of_all: Journeys) -> None:
    journey = journeys_of_all["all-permissions"]
    steps = journey.verification["steps"]

    (summary,) = summaries(journey.connected.place)

    assert summary["event"] == "Verification"
    assert summary["account_id"] == journey.account["account_id"]
    assert summary["verification_id"] == journey.verification["verification_id"]
    assert summary["verdicts"] == {
        step["step"]: step["verdict"] for step in steps if step["step"] != "logs:PutLogEvents"
    }


def test_the_log_group_is_kept_for_14_days_and_marked_as_ours(journeys_of_all: Journeys) -> None:
    place = journeys_of_all["all-permissions"].connected.place

    group = log_groups(place)[GROUP]

    assert group["retentionInDays"] == 14
    tags = aws.logs(place.emulator_url, place.account_number).list_tags_for_resource(
        resourceArn=group["arn"].removesuffix(":*")
    )
    assert tags["tags"] == {"ManagedBy": "Cavok Cloud"}


def test_a_retention_that_the_customer_changed_is_left_alone(journeys_of_all: Journeys) -> None:
    connected = journeys_of_all["ec2-only"].connected
    place = connected.place
    logs = aws.logs(place.emulator_url, place.account_number)
    logs.put_retention_policy(logGroupName=GROUP, retentionInDays=365)

    again = connected.test()

    assert log_groups(place)[GROUP]["retentionInDays"] == 365
    assert [summary["verification_id"] for summary in summaries(place)][-1] == (
        again["verification_id"]
    )
    retention = next(s for s in again["steps"] if s["step"] == "logs:PutRetentionPolicy")
    assert (retention["verdict"], retention["evidence"]) == ("allowed", "live")


@pytest.mark.parametrize("customer", ["logs-off", "logs-refused", "no-role-yet"])
def test_nothing_is_written_where_it_is_not_wanted_or_not_allowed(
    journeys_of_all: Journeys, customer: str
) -> None:
    assert log_groups(journeys_of_all[customer].connected.place) == {}


def test_nothing_is_written_to_an_account_that_is_another(journeys_of_all: Journeys) -> None:
    journey = journeys_of_all["keys-of-another-account"]
    theirs = CustomerAccount(journey.connected.place.emulator_url, str(journey.customer.keys_from))

    assert journey.customer.keys_from in journey.account["issues"][0]["message"]
    assert log_groups(theirs) == {}
    assert log_groups(journey.connected.place) == {}
