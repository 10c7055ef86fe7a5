"""A role that is not there when the test starts."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from local import customers
from local.customers import CustomerAccount
from local.stack import Stack
from tests.support import inspection
from tests.support.connections import Connected, connect
from tests.support.journeys import Journeys
from tests.support.organizations import Organization

TRIES = 5
"""Entries that a person's test tries before it calls a role missing."""


def refused_attempts(stack: Stack, verification_id: str) -> int:
    """How often a running test was refused by the customer's role so far."""
    return inspection.failures(stack, verification_id).count("EntryRefusedYet")


def test_an_unconfirmed_account_is_confirmed_once_its_role_is_deployed(
    journeys_of_all: Journeys,
) -> None:
    journey = journeys_of_all["no-role-yet"]
    assert journey.account["status"] == "unconfirmed"

    customers.deploy(journey.connected.place, journey.connected.offer())
    again = journey.connected.test()

    assert again["outcome"] == "confirmed"
    account = journey.connected.account()
    assert (account["status"], account["issues"]) == ("confirmed", [])
    history = journey.connected.person.get(f"{journey.connected.path}/verifications").json()
    by_hand = [test for test in history["items"] if test["trigger"] == "manual"]
    assert [test["outcome"] for test in by_hand] == ["confirmed", "failed"]


def test_five_tries_are_made_before_a_role_is_called_missing(
    stack: Stack, journeys_of_all: Journeys
) -> None:
    journey = journeys_of_all["no-role-yet"]

    assert refused_attempts(stack, journey.verification["verification_id"]) == TRIES


def deploy_during_the_test(stack: Stack, connected: Connected) -> tuple[dict[str, Any], int]:
    """The test of an account whose role is deployed once it was refused, and the refusals by
    then.
    """
    offer = connected.offer()
    refusals: list[int] = []

    def deploy_once_refused(seen: dict[str, Any]) -> None:
        if not refusals and refused_attempts(stack, seen["verification_id"]):
            customers.deploy(connected.place, offer)
            refusals.append(refused_attempts(stack, seen["verification_id"]))

    started = connected.press_test()
    ended = connected.watch(started["verification_id"], deploy_once_refused)
    assert refusals, "the test was not refused before the role was there"
    return ended, refusals[0]


def test_a_role_deployed_while_the_test_retries_is_confirmed_by_that_same_test(
    stack: Stack, organization: Organization, new_place: Callable[[], CustomerAccount]
) -> None:
    for _ in range(3):
        connected = connect(organization.admin, new_place())
        ended, refusals = deploy_during_the_test(stack, connected)
        if refusals < TRIES:
            break  # on a busy machine the role may come after the last try

    assert ended["outcome"] == "confirmed"
