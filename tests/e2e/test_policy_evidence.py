"""What the role's own policies say where no harmless call can prove a permission."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from local import customers
from local.customers import CUSTOMERS, CustomerAccount
from tests.support.connections import Connected, connect, resource_states
from tests.support.organizations import Organization


@pytest.fixture
def connected(organization: Organization, new_place: Callable[[], CustomerAccount]) -> Connected:
    """An account with the offered role, and without any instance."""
    made = connect(organization.admin, new_place())
    customers.deploy(made.place, made.offer())
    return made


def starts_and_stops(verification: dict[str, Any]) -> list[dict[str, Any]]:
    found = [
        step
        for step in verification["steps"]
        if step["step"] in ("ec2:StartInstances", "ec2:StopInstances")
    ]
    assert len(found) == 2
    return found


def test_without_instances_start_and_stop_are_predicted(connected: Connected) -> None:
    ended = connected.test()

    assert ended["outcome"] == "confirmed"
    for step in starts_and_stops(ended):
        assert (step["verdict"], step["ok"], step["evidence"]) == ("allowed", True, "policy")
        assert step["reason"] is None
        assert step["error_code"] == "InvalidInstanceID.NotFound"
        assert "inline policies allow it" in step["detail"]
    assert connected.account()["capabilities"]["ec2"] == "full"


def test_who_may_not_list_instances_gets_start_and_stop_predicted_too(
    connected: Connected,
) -> None:
    customers.prepare(
        CUSTOMERS["all-permissions"],
        connected.place.emulator_url,
        account_number=connected.place.account_number,
        offer=connected.offer(),
    )
    customers.deny("ec2:DescribeInstances")(connected.place, "CavokCloud")
    before = resource_states(connected.place)

    ended = connected.test()

    by_name = {step["step"]: step for step in ended["steps"]}
    assert by_name["ec2:DescribeInstances"]["reason"] == "explicit_deny"
    for step in starts_and_stops(ended):
        assert (step["verdict"], step["evidence"]) == ("allowed", "policy")
    assert connected.account()["capabilities"]["ec2"] == "partial"
    assert resource_states(connected.place) == before


def test_without_instances_and_without_checking_it_stays_inconclusive(
    connected: Connected,
) -> None:
    customers.take_away("iam")(connected.place, "CavokCloud")

    ended = connected.test()

    assert ended["outcome"] == "confirmed"
    for step in starts_and_stops(ended):
        assert (step["verdict"], step["ok"], step["evidence"], step["reason"]) == (
            "inconclusive",
            None,
            "none",
            "not_provable",
        )
    assert connected.account()["capabilities"]["ec2"] == "unknown"
