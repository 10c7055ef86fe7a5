"""Customers who fine-tuned what they gave: roles for some instances, an organization that denies a
region, a region that is not turned on. None of these is broken, and each test says what it may do.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import pytest

from local.customers import CUSTOMERS
from tests.e2e.using import Use, Used, control
from tests.support.connections import resource_states
from tests.support.http import answer, problem
from tests.support.journeys import Journey, Journeys
from tests.support.verdicts import ALL_WORKS, FULL, Row, but, rows
from tests.support.waiting import wait_for

PARTIAL: Row = ("partial", True, "live", None)
PREDICTED_PARTIAL: Row = ("partial", True, "policy", None)
PREDICTED_ALLOWED: Row = ("allowed", True, "policy", None)
PREDICTED_DENIED: Row = ("denied", False, "policy", "identity_policy")

EC2 = ("ec2:StartInstances", "ec2:StopInstances")
DATABASES = ("rds:StartDBInstance", "rds:StopDBInstance")
CLUSTERS = ("rds:StartDBCluster", "rds:StopDBCluster")

REACHABLE = {"region": "us-east-1", "status": "reachable", "reason": None}
NOT_ALLOWED = "identity_policy"

Found = tuple[int, int, int, tuple[tuple[str, str, str | None], ...]]
"""asked, allowed, denied; name, verdict and reason of each example, refused ones first"""


@dataclass(frozen=True)
class Expected:
    """What a test says. `issues` are codes, with what message and remedy must name."""

    steps: dict[str, Row]
    capabilities: dict[str, str]
    resources: dict[str, Found] = field(default_factory=dict)
    issues: tuple[tuple[str, tuple[str, ...]], ...] = ()
    region_health: tuple[dict[str, Any], ...] = (REACHABLE,)


def of(actions: tuple[str, ...], found: Any) -> dict[str, Any]:
    return dict.fromkeys(actions, found)


ONE_INSTANCE: Found = (
    2,
    1,
    1,
    (("web", "denied", NOT_ALLOWED), ("batch", "allowed", None)),
)
ALL_INSTANCES: Found = (2, 2, 0, (("batch", "allowed", None), ("web", "allowed", None)))

EXPECTED = {
    "one-instance": Expected(
        but(PARTIAL, *EC2),
        {**FULL, "ec2": "partial"},
        of(EC2, ONE_INSTANCE),
        (("permission_scoped", ("1 of 2 EC2 instances", *EC2)),),
    ),
    "by-tag": Expected(
        {
            **ALL_WORKS,
            **of(EC2, PARTIAL),
            **of(DATABASES, PREDICTED_DENIED),
            **of(CLUSTERS, PREDICTED_ALLOWED),
        },
        {**FULL, "ec2": "partial", "rds": "partial"},
        {
            **of(EC2, ONE_INSTANCE),
            **of(DATABASES, (1, 0, 1, (("orders", "denied", NOT_ALLOWED),))),
            **of(CLUSTERS, (1, 1, 0, (("ledger", "allowed", None),))),
        },
        (
            ("permission_missing", DATABASES),
            ("permission_scoped", ("1 of 2 EC2 instances", *EC2)),
        ),
    ),
    "by-database-name": Expected(
        {
            **ALL_WORKS,
            **of(DATABASES, PREDICTED_PARTIAL),
            **of(CLUSTERS, PREDICTED_DENIED),
        },
        {**FULL, "rds": "partial"},
        {
            **of(EC2, ALL_INSTANCES),
            **of(
                DATABASES,
                (2, 1, 1, (("orders", "denied", NOT_ALLOWED), ("dev-orders", "allowed", None))),
            ),
            **of(CLUSTERS, (1, 0, 1, (("ledger", "denied", NOT_ALLOWED),))),
        },
        (
            ("permission_missing", CLUSTERS),
            ("permission_scoped", ("1 of 2", *DATABASES)),
        ),
    ),
    "region-by-scp": Expected(
        ALL_WORKS,
        FULL,
        of(EC2, ALL_INSTANCES),
        (("region_refused", ("eu-central-1", "service control policy")),),
        (
            REACHABLE,
            {"region": "eu-central-1", "status": "refused", "reason": "service_control_policy"},
        ),
    ),
    "region-off": Expected(
        ALL_WORKS,
        FULL,
        of(EC2, ALL_INSTANCES),
        (("region_not_enabled", ("me-south-1", "Enable")),),
        (
            REACHABLE,
            {"region": "me-south-1", "status": "not_enabled", "reason": None},
        ),
    ),
}


@pytest.fixture(params=EXPECTED)
def customer(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def journey(customer: str, journeys_of_all: Journeys) -> Journey:
    return journeys_of_all[customer]


@pytest.fixture
def expected(customer: str) -> Expected:
    return EXPECTED[customer]


def test_every_step_has_its_verdict(journey: Journey, expected: Expected) -> None:
    assert rows(journey.verification["steps"]) == list(expected.steps.items())


def test_a_step_says_for_which_instances_it_holds(journey: Journey, expected: Expected) -> None:
    names = dict(zip(journey.prepared.instance_ids, ("web", "batch"), strict=True))

    found = {
        step["step"]: in_names(step["resources"], names)
        for step in journey.verification["steps"]
        if step["resources"]
    }

    assert found == expected.resources


def in_names(resources: dict[str, Any], names: dict[str, str]) -> Found:
    examples = [
        (names.get(each["id"], each["id"]), each["verdict"], each["reason"])
        for each in resources["examples"]
    ]
    verdicts = [verdict for _, verdict, _ in examples]
    assert verdicts == sorted(verdicts, key=lambda verdict: verdict != "denied")
    return (
        resources["asked"],
        resources["allowed"],
        resources["denied"],
        tuple(sorted(examples, key=lambda example: (example[1] != "denied", example[0]))),
    )


def test_a_customized_role_is_confirmed_and_told_as_information(
    journey: Journey, expected: Expected
) -> None:
    account, verification = journey.account, journey.verification

    assert (account["status"], verification["outcome"]) == ("confirmed", "confirmed")
    assert account["capabilities"] == expected.capabilities
    assert [issue["code"] for issue in account["issues"]] == [code for code, _ in expected.issues]
    for issue, (_, named) in zip(account["issues"], expected.issues, strict=True):
        assert issue["severity"] == "information"
        said = f"{issue['message']} {issue['remedy']}"
        assert all(words in said for words in named), said


def test_each_region_has_its_health(journey: Journey, expected: Expected) -> None:
    for shown in (journey.account, journey.verification):
        assert shown["region_health"] == list(expected.region_health)


def test_nothing_was_touched(journey: Journey) -> None:
    assert journey.resources_after == journey.resources_before


def issues(used: Used) -> list[tuple[str, str]]:
    return [(issue["code"], issue["severity"]) for issue in used.connected.account()["issues"]]


def test_what_the_role_is_limited_to_works_and_the_rest_is_refused(use: Use) -> None:
    used = use(CUSTOMERS["one-instance"])
    web, batch = used.prepared.instance_ids

    assert "AWS refuses ec2:StopInstances" in problem(used.post("ec2", web, "stop"), 409)["detail"]
    assert used.connected.account()["status"] == "confirmed"
    assert answer(used.post("ec2", batch, "start"))["outcome"] == "accepted"
    states = resource_states(used.connected.place)
    assert (states[web], states[batch]) == ("running", "running")


def test_an_account_proven_before_stays_confirmed_when_its_role_is_tightened(used: Used) -> None:
    """It is degraded only once an instance under Cavok's control is refused, which is named."""
    place, role = used.connected.place, str(used.prepared.role_name)
    web, batch = used.prepared.instance_ids
    control(used, "ec2", batch)
    tighten = CUSTOMERS["one-instance"].change
    assert tighten
    tighten(place, role)

    assert used.connected.test()["outcome"] == "confirmed"
    assert issues(used) == [("permission_scoped", "information")]

    control(used, "ec2", web)
    assert used.connected.test()["outcome"] == "degraded"
    refused, *others = used.connected.account()["issues"]
    assert (refused["code"], refused["severity"]) == ("instance_refused", "problem")
    assert web in refused["message"]
    assert batch not in refused["message"]
    assert [issue["severity"] for issue in others] == ["information"]


@pytest.mark.parametrize("key", ["region-by-scp", "region-off"])
def test_a_region_that_cannot_be_used_is_left_out_of_listings(
    key: str, journeys_of_all: Journeys
) -> None:
    connected = journeys_of_all[key].connected
    listing = answer(connected.person.get(f"{connected.path}/instances?refresh=true"))

    other = connected.account()["regions"][1]
    assert {item["region"] for item in listing["items"]} == {"us-east-1"}
    assert {item["region"] for item in listing["unavailable"]} == {other}
    assert all("The last test found" in item["detail"] for item in listing["unavailable"])


def test_an_encrypted_instance_that_falls_back_was_accepted_and_not_reached(
    journeys_of_all: Journeys,
) -> None:
    journey = journeys_of_all["encrypted-instance"]
    used = Used(journey.connected, journey.prepared)
    place = used.connected.place
    ids = [name for name in resource_states(place) if name.startswith("i-")]
    (vault,) = set(ids) - set(journey.prepared.instance_ids)
    assert journey.account["status"] == "confirmed"

    started = answer(used.post("ec2", vault, "start"))
    found = wait_for(
        lambda: next(
            each for each in used.history() if each["interaction_id"] == started["interaction_id"]
        ),
        lambda each: each["result"] != "pending",
        seconds=150,
    )

    assert (found["outcome"], found["result"], found["state"]) == (
        "accepted",
        "not_reached",
        "stopped",
    )
    assert found["state_reason"].startswith("Client.InternalError")
    assert resource_states(place)[vault] == "stopped"


def test_a_role_that_is_opened_after_its_test_is_refused_at_the_next_act(
    journeys_of_all: Journeys,
) -> None:
    journey = journeys_of_all["opened-later"]
    used, later = Used(journey.connected, journey.prepared), journey.customer.later
    web, _ = journey.prepared.instance_ids
    assert journey.account["status"] == "confirmed"
    assert later
    later(used.connected.place, str(journey.prepared.role_name))

    assert used.post("ec2", web, "stop").status_code == 409

    assert resource_states(used.connected.place)[web] == "running"
    assert used.connected.account()["status"] == "failed"
    assert issues(used) == [("confused_deputy", "problem")]
