"""Resources and their schedules on the deployed stack, with EventBridge Scheduler."""

from __future__ import annotations

import json
from typing import Any

import pytest

from local import aws
from local.stack import Stack
from tests.e2e.using import ScheduledStop, Use, Used, control
from tests.support import inspection
from tests.support.connections import resource_states
from tests.support.http import answer, problem
from tests.support.organizations import Organization
from tests.support.waiting import wait_for
from tests.support.weeks import DAYS, window_around_now


def schedules_of(stack: Stack, resource_id: str) -> list[str]:
    """The times of day of a resource's clocks."""
    scheduler = aws.client("scheduler", stack.emulator_url)
    found = scheduler.list_schedules(NamePrefix=resource_id)["Schedules"]
    return sorted(schedule["Name"].rpartition("-")[2] for schedule in found)


def test_a_schedule_that_fires_stops_the_instance_and_says_who_did_it(
    scheduled_stop: ScheduledStop,
) -> None:
    used, resource = scheduled_stop.used, scheduled_stop.resource
    place, instance = used.connected.place, scheduled_stop.instance_id
    at = f"{scheduled_stop.at:%Y-%m-%dT%H:%M}:00Z"
    assert resource["next_action"] == {"action": "stop", "at": at}

    wait_for(
        lambda: resource_states(place)[instance], lambda state: state == "stopped", seconds=180
    )

    interaction = wait_for(
        used.logged_history, lambda items: any(item["actor"] == "schedule" for item in items)
    )[0]
    assert (interaction["action"], interaction["outcome"]) == ("stop", "accepted")
    assert interaction["at"][:16] >= at[:16]
    assert interaction["logged"] == "written"
    assert [line["actor"] for line in used.lines()].count("schedule") == 1
    after = used.get(f"resources/{resource['resource_id']}")
    assert after["next_action"]["action"] == "start"
    assert after["note"] is None
    usage, history = used.counted()
    assert usage == history


def test_a_client_that_uses_the_key_of_a_turn_first_keeps_it_from_nothing(
    stop_whose_key_is_used: ScheduledStop,
) -> None:
    wait_for(
        stop_whose_key_is_used.used.history,
        lambda items: any(item["actor"] == "schedule" for item in items),
        seconds=180,
    )


def test_a_resource_is_made_read_changed_and_removed_with_its_eventbridge_schedules(
    used: Used, stack: Stack
) -> None:
    shift = window_around_now("Europe/Berlin", DAYS[:5])
    office = {"time_zone": "Europe/Berlin", "windows": [shift]}
    resource = control(used, "aurora", "ledger", office)
    path = f"{used.connected.path}/resources/{resource['resource_id']}"
    person = used.connected.person
    try:
        assert resource["schedule"] == office
        times = {shift[edge].replace(":", "") for edge in ("start", "stop")}
        assert set(schedules_of(stack, resource["resource_id"])) == times
        assert resource in used.get("resources")["items"]
        assert answer(person.get(path)) == resource
        again = {"kind": "aurora", "instance_id": "ledger", "region": "us-east-1"}
        problem(person.post(f"{used.connected.path}/resources", json=again), 409)

        free = answer(person.patch(path, json={"schedule": None}))
        assert (free["schedule"], free["next_action"]) == (None, None)
        assert schedules_of(stack, resource["resource_id"]) == []

        answer(person.patch(path, json={"schedule": office}))
    finally:
        assert person.delete(path).status_code == 204
    assert schedules_of(stack, resource["resource_id"]) == []
    problem(person.get(path), 404)
    assert person.delete(path).status_code == 204, "a repeated request"


def test_the_eventbridge_schedules_of_a_deleted_account_are_deleted(use: Use, stack: Stack) -> None:
    used = use(write_logs=False)
    shift = window_around_now("UTC", ("sat", "sun"))
    resource = control(used, "rds", "orders", {"time_zone": "UTC", "windows": [shift]})
    assert len(schedules_of(stack, resource["resource_id"])) == 2

    assert used.connected.person.delete(used.connected.path).status_code == 204

    wait_for(lambda: schedules_of(stack, resource["resource_id"]), lambda left: left == [])


def test_a_clock_that_somebody_deletes_is_back_after_the_daily_comparison(
    used: Used, stack: Stack
) -> None:
    shift = window_around_now("UTC", DAYS)
    resource = control(used, "aurora", "ledger", {"time_zone": "UTC", "windows": [shift]})
    try:
        before = schedules_of(stack, resource["resource_id"])
        scheduler = aws.client("scheduler", stack.emulator_url)
        (lost, _) = scheduler.list_schedules(NamePrefix=resource["resource_id"])["Schedules"]
        scheduler.delete_schedule(Name=lost["Name"], GroupName=lost["GroupName"])

        invoked = aws.client("lambda", stack.emulator_url).invoke(
            FunctionName=inspection.resource_name(stack, "ReconcileClocks"), Payload="{}"
        )

        assert json.load(invoked["Payload"]).get("MissingClocks") == 1
        assert schedules_of(stack, resource["resource_id"]) == before
    finally:
        path = f"{used.connected.path}/resources/{resource['resource_id']}"
        assert used.connected.person.delete(path).status_code == 204
    assert schedules_of(stack, resource["resource_id"]) == []


@pytest.mark.parametrize(
    ("schedule", "field"),
    [
        ({"time_zone": "Mars/Base", "windows": []}, "schedule.time_zone"),
        (
            {"time_zone": "UTC", "windows": [{"days": ["mon"], "start": "8:00", "stop": "18:00"}]},
            "schedule.windows.start",
        ),
        (
            {"time_zone": "UTC", "windows": [{"days": [], "start": "08:00", "stop": "18:00"}]},
            "schedule.windows.days",
        ),
        (
            {"time_zone": "UTC", "windows": [{"days": ["mon"], "start": "08:00", "stop": "24:00"}]},
            "schedule.windows.stop",
        ),
    ],
)
def test_the_refusal_of_a_malformed_schedule_names_the_field(
    used: Used, schedule: dict[str, Any], field: str
) -> None:
    body = {"kind": "rds", "instance_id": "orders", "region": "us-east-1", "schedule": schedule}

    refused = problem(
        used.connected.person.post(f"{used.connected.path}/resources", json=body), 422
    )

    assert [error["field"] for error in refused["errors"]] == [field]


def test_what_does_not_exist_is_no_resource(used: Used) -> None:
    body = {"kind": "rds", "instance_id": "nothing", "region": "us-east-1"}

    problem(used.connected.person.post(f"{used.connected.path}/resources", json=body), 404)


def test_another_organization_and_a_viewer_change_nothing(
    used: Used, organization: Organization, other_organization: Organization
) -> None:
    resource = control(used, "ec2", used.prepared.instance_ids[0])
    resources = f"{used.connected.path}/resources"
    path = f"{resources}/{resource['resource_id']}"
    stranger, viewer = other_organization.admin, organization.viewer
    body = {"kind": "rds", "instance_id": "orders", "region": "us-east-1"}
    try:
        for response in (
            stranger.get(resources),
            stranger.get(path),
            stranger.post(resources, json=body),
            stranger.patch(path, json={"schedule": None}),
            stranger.delete(path),
        ):
            problem(response, 404)
        answer(viewer.get(path))
        for response in (
            viewer.post(resources, json=body),
            viewer.patch(path, json={"schedule": None}),
            viewer.delete(path),
        ):
            problem(response, 403)
    finally:
        assert used.connected.person.delete(path).status_code == 204
