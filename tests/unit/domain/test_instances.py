"""Whether an instance can be started or stopped as it is."""

from __future__ import annotations

from dataclasses import replace

import pytest

from cavok.domain.instances import (
    Instance,
    InstanceKey,
    Operation,
    PlannedAction,
    is_instance_id,
    plan,
)
from cavok.domain.kinds import Action, Kind
from cavok.domain.permissions import GROUPS

WEB = Instance(
    kind=Kind.EC2,
    instance_id="i-0123456789abcdef0",
    name="web",
    region="us-east-1",
    state="running",
    type="t3.small",
)
ORDERS = replace(WEB, kind=Kind.RDS, instance_id="orders", state="available")


@pytest.mark.parametrize(
    ("kind", "state", "action", "planned"),
    [
        (Kind.EC2, "stopped", Action.START, PlannedAction.CALL),
        (Kind.EC2, "running", Action.STOP, PlannedAction.CALL),
        (Kind.EC2, "running", Action.START, PlannedAction.NOTHING),
        (Kind.EC2, "pending", Action.START, PlannedAction.NOTHING),
        (Kind.EC2, "stopped", Action.STOP, PlannedAction.NOTHING),
        (Kind.EC2, "stopping", Action.STOP, PlannedAction.NOTHING),
        (Kind.EC2, "stopping", Action.START, PlannedAction.REFUSE),
        (Kind.EC2, "pending", Action.STOP, PlannedAction.REFUSE),
        (Kind.EC2, "terminated", Action.START, PlannedAction.REFUSE),
        (Kind.EC2, "shutting-down", Action.STOP, PlannedAction.REFUSE),
        (Kind.RDS, "stopped", Action.START, PlannedAction.CALL),
        (Kind.RDS, "available", Action.STOP, PlannedAction.CALL),
        (Kind.RDS, "available", Action.START, PlannedAction.NOTHING),
        (Kind.RDS, "starting", Action.START, PlannedAction.NOTHING),
        (Kind.RDS, "modifying", Action.STOP, PlannedAction.REFUSE),
        (Kind.RDS, "backing-up", Action.START, PlannedAction.REFUSE),
        (Kind.AURORA, "stopped", Action.START, PlannedAction.CALL),
        (Kind.AURORA, "available", Action.STOP, PlannedAction.CALL),
        (Kind.AURORA, "stopping", Action.START, PlannedAction.REFUSE),
    ],
)
def test_an_instance_is_acted_on_left_alone_or_refused_by_its_state(
    kind: Kind, state: str, action: Action, planned: PlannedAction
) -> None:
    action_plan = plan(replace(WEB, kind=kind, state=state), action)

    assert action_plan.planned is planned
    assert state in action_plan.detail


@pytest.mark.parametrize("action", Action)
def test_an_excluded_instance_is_never_touched_whatever_its_state(action: Action) -> None:
    for state in ("running", "stopped"):
        action_plan = plan(replace(WEB, state=state, excluded=True), action)

        assert action_plan.planned is PlannedAction.REFUSE
        assert "cavok:exclude=true" in action_plan.detail


def test_a_member_of_a_cluster_is_started_and_stopped_through_its_cluster() -> None:
    action_plan = plan(replace(ORDERS, member_of="ledger"), Action.STOP)

    assert action_plan.planned is PlannedAction.REFUSE
    assert "stop the cluster" in action_plan.detail
    assert "ledger" in action_plan.detail


@pytest.mark.parametrize(
    ("kind", "text"),
    [
        (Kind.EC2, "*"),
        (Kind.EC2, "i-*"),
        (Kind.EC2, "i-0123456789abcdef0*"),
        (Kind.EC2, "orders"),
        (Kind.EC2, "i-0123456789abcdef0\n"),
        (Kind.RDS, "*"),
        (Kind.RDS, "o?ders"),
        (Kind.RDS, "1orders"),
        (Kind.RDS, "arn:aws:rds:us-east-1:123456789012:db:orders"),
        (Kind.AURORA, "led/ger"),
        (Kind.AURORA, ""),
    ],
)
def test_what_could_name_more_than_one_instance_is_no_identifier(kind: Kind, text: str) -> None:
    assert not is_instance_id(kind, text)


@pytest.mark.parametrize(
    ("kind", "text"),
    [
        (Kind.EC2, "i-0123456789abcdef0"),
        (Kind.EC2, "i-01234567"),
        (Kind.RDS, "orders-2"),
        (Kind.AURORA, "Ledger"),
    ],
)
def test_what_aws_gives_is_an_identifier(kind: Kind, text: str) -> None:
    assert is_instance_id(kind, text)


def test_every_permission_that_is_used_is_one_that_was_asked_for() -> None:
    granted = {action for group in GROUPS for action in group.actions}

    for kind in Kind:
        assert {kind.descriptor.describe, *map(kind.descriptor.permission, Action)} <= granted


@pytest.mark.parametrize(
    ("kind", "text", "stored"),
    [
        (Kind.RDS, "Orders-2", "orders-2"),
        (Kind.AURORA, "LEDGER", "ledger"),
        (Kind.EC2, "i-0123456789abcdef0", "i-0123456789abcdef0"),
        (Kind.EC2, "I-0123456789ABCDEF0", "I-0123456789ABCDEF0"),
    ],
)
def test_an_identifier_is_the_one_that_aws_stores(kind: Kind, text: str, stored: str) -> None:
    assert InstanceKey(kind, "us-east-1", text) == InstanceKey(kind, "us-east-1", stored)
    assert InstanceKey(kind, "us-east-1", text).instance_id == stored
    assert Operation(Action.STOP, kind, text).instance_id == stored
    assert is_instance_id(kind, Operation(Action.STOP, kind, text).instance_id) == (
        stored[0].islower()
    )


@pytest.mark.parametrize(
    ("kind", "state", "passing"),
    [
        (Kind.EC2, "stopping", True),
        (Kind.EC2, "shutting-down", False),
        (Kind.EC2, "terminated", False),
        (Kind.RDS, "backing-up", True),
        (Kind.RDS, "failed", False),
        (Kind.AURORA, "modifying", True),
        (Kind.AURORA, "inaccessible-encryption-credentials", False),
    ],
)
def test_a_refusal_passes_unless_only_a_person_ends_the_state(
    kind: Kind, state: str, passing: bool
) -> None:
    action_plan = plan(replace(WEB, kind=kind, state=state), Action.START)

    assert (action_plan.planned, action_plan.passing) == (PlannedAction.REFUSE, passing)
    assert not plan(replace(WEB, excluded=True), Action.STOP).passing
