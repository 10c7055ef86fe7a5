"""What a person sees of a test while it runs, and of those that ran before."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from local import customers
from local.customers import CustomerAccount
from local.faults import FOREVER, Fault, faults
from tests.support.connections import connect
from tests.support.http import answer
from tests.support.journeys import Journeys
from tests.support.organizations import Organization
from tests.support.waiting import wait_for


def test_finished_steps_show_while_the_others_still_run(
    organization: Organization, new_place: Callable[[], CustomerAccount]
) -> None:
    connected = connect(organization.admin, new_place())
    customers.deploy(connected.place, connected.offer())
    running: list[dict[str, Any]] = []

    # However fast the machine is: these steps wait for the others to be seen.
    with faults(Fault("rds", connected.place.account_number, seconds=FOREVER)):
        started = connected.press_test()
        assert connected.account()["testing"] is True
        test = started["verification_id"]
        running.append(wait_for(lambda: connected.verification(test), lambda seen: seen["steps"]))
    ended = connected.watch(
        test,
        lambda seen: running.append(seen) if seen["state"] == "running" else None,
        every=0.02,
    )

    assert started["steps"] == []
    partial = [seen["steps"] for seen in running]
    assert any(0 < len(steps) < len(ended["steps"]) for steps in partial)
    assert [len(steps) for steps in partial] == sorted(len(steps) for steps in partial)
    assert all(step in ended["steps"] for step in partial[-1])
    assert connected.account()["testing"] is False


def test_pressing_test_again_answers_with_the_test_that_runs(
    organization: Organization, new_place: Callable[[], CustomerAccount]
) -> None:
    connected = connect(organization.admin, new_place())

    # It waits most of a minute for a role.
    first = connected.press_test()
    again = organization.operator.post(f"{connected.path}/verifications")
    customers.deploy(connected.place, connected.offer())

    assert again.status_code == 202
    assert again.json()["verification_id"] == first["verification_id"]
    assert again.headers["location"] == (
        f"{connected.path}/verifications/{first['verification_id']}"
    )
    connected.watch(first["verification_id"])
    history = answer(connected.person.get(f"{connected.path}/verifications"))
    assert len(history["items"]) == 1


def test_the_history_is_paged_newest_first(journeys_of_all: Journeys) -> None:
    journey = journeys_of_all["keys-of-another-account"]
    connected = journey.connected
    tests = [journey.verification, connected.test(), connected.test()]

    paged: list[str] = []
    seen: list[str] = []  # with what a sweep may have tested meanwhile
    cursor: str | None = None
    while cursor is not None or not seen:
        params = {"limit": 1} | ({"cursor": cursor} if cursor else {})
        page = answer(connected.person.get(f"{connected.path}/verifications", params=params))
        paged += [test["verification_id"] for test in page["items"] if test["trigger"] == "manual"]
        seen += [test["verification_id"] for test in page["items"]]
        cursor = page["next_cursor"]

    assert paged == [test["verification_id"] for test in reversed(tests)]
    assert seen == sorted(seen, reverse=True)


def test_only_operators_see_the_execution(
    journeys_of_all: Journeys, organization: Organization
) -> None:
    journey = journeys_of_all["all-permissions"]
    path = f"{journey.connected.path}/verifications/{journey.verification['verification_id']}"

    assert journey.verification["execution_arn"] is None
    assert organization.viewer.get(path).json()["execution_arn"] is None
    shown = organization.operator.get(path).json()["execution_arn"]
    assert shown.endswith(f":{journey.verification['verification_id']}")
