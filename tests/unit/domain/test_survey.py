"""What a test finds in the regions, as the workflow passes it on, and what it asks about."""

from __future__ import annotations

import json
import random
from dataclasses import replace

import pytest

from cavok.domain.access_denied import Reason
from cavok.domain.kinds import Kind
from cavok.domain.regions import REGIONS, RegionHealth, RegionStatus
from cavok.domain.survey import (
    MAX_ASKED,
    MAX_PACKED_POLICIES,
    MAX_ROTATING,
    MAX_UNDER_CONTROL,
    FoundInstances,
    Survey,
    ask_about,
)
from tests.support.builders import sample_event

LIMIT = 256 * 1024
"""Bytes of a state's input or output. Source: Step Functions Developer Guide, "Service quotas"."""

MARGIN = 16 * 1024
"""For what a state gains before anybody thinks of this limit."""

REFUSED = RegionHealth("eu-west-1", RegionStatus.REFUSED, Reason.SERVICE_CONTROL_POLICY)
US = RegionHealth("us-east-1", RegionStatus.REACHABLE)
EU = RegionHealth("eu-central-1", RegionStatus.REACHABLE)


def ids(count: int, start: int = 0) -> tuple[str, ...]:
    return tuple(f"i-{number:017x}" for number in range(start, start + count))


def test_a_survey_is_the_same_after_its_way_through_the_workflow() -> None:
    survey = Survey(
        region_health=(US, REFUSED),
        instances={"us-east-1": ("i-0123456789abcdef0", "i-01234567")},
        under_control={
            Kind.EC2: {"us-east-1": ("i-0123456789abcdef0",)},
            Kind.RDS: {"us-east-1": ("orders",)},
        },
        asked_in_part=("us-east-1",),
        unlisted={"eu-central-1": Reason.IDENTITY_POLICY, "us-east-1": Reason.ERROR},
        elsewhere=("eu-west-3",),
        inline_policies=({"Statement": [{"Sid": "für Ops", "Effect": "Allow"}]},),
        policy_name="CavokChecking",
        template_version=1,
    )

    assert Survey.from_dict(json.loads(json.dumps(survey.as_dict()))) == survey
    assert Survey.from_dict(Survey().as_dict()) == Survey()
    none = Survey(inline_policies=())
    assert Survey.from_dict(none.as_dict()) == none


def test_the_survey_of_a_test_that_runs_during_an_update_is_read() -> None:
    """Its execution keeps the former definition of the workflow, which knows no `unlisted` and no
    version, and what is under control without its kind.
    """
    stored = Survey(region_health=(US,)).as_dict()
    del stored["unlisted"], stored["template_version"]
    ids = {"us-east-1": ("orders",)}

    assert Survey.from_dict(stored) == Survey(region_health=(US,))
    of_any_kind = Survey.from_dict(stored | {"under_control": {"us-east-1": ["orders"]}})
    assert of_any_kind.under_control == dict.fromkeys(Kind, ids)


def test_the_largest_survey_fits_into_a_state() -> None:
    regions = sorted(REGIONS)[:20]
    control = [f"{number:063}" for number in range(MAX_UNDER_CONTROL)]
    survey = Survey(
        region_health=tuple(
            RegionHealth(r, RegionStatus.REFUSED, Reason.SERVICE_CONTROL_POLICY) for r in regions
        ),
        instances={region: ids(MAX_ASKED) for region in regions},
        under_control={
            kind: {r: tuple(control[n + 20 * k :: 20 * len(Kind)]) for n, r in enumerate(regions)}
            for k, kind in enumerate(Kind)
        },
        asked_in_part=tuple(regions),
        unlisted=dict.fromkeys(regions, Reason.RESOURCE_CONTROL_POLICY),
        elsewhere=tuple(sorted(REGIONS)[20:]),
        inline_policies=(policy_of(5_300),),
    )
    assert len(survey.as_dict()["inline_policies"]) > MAX_PACKED_POLICIES * 0.95
    sealed_session = "x" * 4000

    state = sample_event("probe_permission") | {
        "survey": survey.as_dict(),
        "session": sealed_session,
    }

    assert MARGIN < LIMIT - len(json.dumps(state)) < 2 * MARGIN


def policy_of(characters: int) -> dict[str, str]:
    """A policy that packs badly."""
    return {"Sid": random.Random(7).randbytes(characters // 2).hex()}


def test_policies_as_large_as_roles_have_are_carried_and_larger_ones_left_out() -> None:
    arns = [f"arn:aws:ec2:us-east-1:123456789012:instance/{each}" for each in ids(130)]
    statement = {"Effect": "Allow", "Action": ["ec2:StopInstances"], "Resource": arns}
    as_stored = {"Version": "2012-10-17", "Statement": [statement]}
    for document in (as_stored, policy_of(5_316)):
        survey = Survey(inline_policies=(document,))
        assert Survey.from_dict(survey.as_dict()) == survey
    assert len(survey.as_dict()["inline_policies"]) == MAX_PACKED_POLICIES

    deep: list[object] = []
    for _ in range(100_000):
        deep = [deep]
    for large in (policy_of(5_320), deep):
        survey = Survey(inline_policies=(large,))
        assert Survey.from_dict(survey.as_dict()).inline_policies is None


def test_after_the_probes_only_what_counts_is_passed_on() -> None:
    survey = Survey(
        region_health=(US,),
        instances={"us-east-1": ids(1)},
        under_control={Kind.EC2: {"us-east-1": ids(1)}},
        unlisted={"us-east-1": Reason.ERROR},
        elsewhere=(),
        inline_policies=({},),
        template_version=1,
    )

    assert survey.recorded == Survey(region_health=(US,), elsewhere=(), template_version=1)


def test_permissions_are_probed_in_the_home_region_or_where_any_region_answers() -> None:
    assert Survey(region_health=(US, EU)).probing_region("us-east-1") == "us-east-1"
    assert Survey(region_health=(REFUSED, US, EU)).probing_region("eu-west-1") == "us-east-1"
    assert Survey(region_health=(REFUSED,)).probing_region("eu-west-1") == "eu-west-1"
    assert Survey().probing_region("us-east-1") == "us-east-1"


def test_a_person_asks_about_what_is_under_control_and_then_about_others() -> None:
    found = FoundInstances(ids=ids(800), complete=True)
    controlled = ids(3, start=700)

    asked = ask_about(found, controlled, rotation=None)

    assert asked[:3] == controlled
    assert len(set(asked)) == len(asked) == MAX_ASKED


def test_a_scheduled_test_asks_about_a_few_others_and_about_every_one_in_turn() -> None:
    found, controlled = FoundInstances(ids=ids(180), complete=True), ids(5)

    turns = [ask_about(found, controlled, rotation=day) for day in range(739_000, 739_004)]

    assert all(turn[:5] == controlled for turn in turns)
    assert {len(turn) for turn in turns} == {5 + MAX_ROTATING}
    assert {each for turn in turns for each in turn} == set(found.ids)


@pytest.mark.parametrize("rotation", [None, 739_001])
def test_of_spot_instances_only_those_under_control_are_asked_about(rotation: int | None) -> None:
    spot, others = ids(70), ids(5, start=100)
    found = FoundInstances(ids=(*spot, *others), complete=True, spot=frozenset(spot))

    asked = ask_about(found, spot[3:4], rotation=rotation)

    assert asked[0] == spot[3]
    assert sorted(asked[1:]) == sorted(others)
    assert not found.asked_in_part(asked)
    assert found.asked_in_part(others[1:])
    assert replace(found, complete=False).asked_in_part(asked)


def test_a_region_is_asked_about_in_part_unless_it_is_asked_about_each_of_all() -> None:
    three = FoundInstances(ids=ids(3), complete=True)

    assert not three.asked_in_part(ids(3))
    assert not three.asked_in_part(ids(4))
    assert three.asked_in_part(ids(2))
    assert FoundInstances(ids=ids(3)).asked_in_part(ids(3))


def test_few_others_are_all_asked_about_once() -> None:
    asked = ask_about(FoundInstances(ids=ids(7), complete=True), (), rotation=739_001)

    assert sorted(asked) == sorted(ids(7))


def test_an_instance_under_control_that_is_gone_is_not_asked_about() -> None:
    gone, here = ids(1), ids(1, start=1)

    assert ask_about(FoundInstances(ids=here, complete=True), (*gone, *here), rotation=1) == here


def test_an_instance_under_control_that_may_be_on_a_further_page_is_asked_about() -> None:
    unseen, here = ids(1), ids(1, start=1)

    assert ask_about(FoundInstances(ids=here), unseen, rotation=None) == (*unseen, *here)


def test_more_under_control_than_a_test_asks_about_leaves_no_room_for_others() -> None:
    found = FoundInstances(ids=ids(900), complete=True)

    assert ask_about(found, ids(600), rotation=3) == ids(MAX_ASKED)
    assert ask_about(found, ids(600), rotation=None) == ids(MAX_ASKED)
