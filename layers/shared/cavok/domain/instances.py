"""A customer's instances, and whether one can be started or stopped as it is."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

EXCLUDE_TAG = "cavok:exclude"
"""The customer's own veto: an instance tagged `cavok:exclude=true` is shown and never touched."""


class Kind(StrEnum):
    EC2 = "ec2"
    RDS = "rds"
    AURORA = "aurora"


class Action(StrEnum):
    START = "start"
    STOP = "stop"


@dataclass(frozen=True, slots=True, kw_only=True)
class Instance:
    """One EC2 instance, RDS instance or Aurora cluster. `state` is AWS's own word for it.

    name    the tag Name of an EC2 instance; the identifier of a database.
    type    the instance class; of an Aurora cluster, its engine.
    member_of  the cluster through which alone this database starts and stops; null for others.
    """

    kind: Kind
    instance_id: str
    name: str | None
    region: str
    state: str
    type: str
    excluded: bool = False
    member_of: str | None = None


@dataclass(frozen=True, slots=True)
class Unavailable:
    """What could not be listed, and why."""

    region: str
    kind: Kind
    detail: str


PERMISSION: Mapping[tuple[Kind, Action], str] = {
    (Kind.EC2, Action.START): "ec2:StartInstances",
    (Kind.EC2, Action.STOP): "ec2:StopInstances",
    (Kind.RDS, Action.START): "rds:StartDBInstance",
    (Kind.RDS, Action.STOP): "rds:StopDBInstance",
    (Kind.AURORA, Action.START): "rds:StartDBCluster",
    (Kind.AURORA, Action.STOP): "rds:StopDBCluster",
}
"""The one permission that an action needs, beside looking."""

LOOKING: Mapping[Kind, str] = {
    Kind.EC2: "ec2:DescribeInstances",
    Kind.RDS: "rds:DescribeDBInstances",
    Kind.AURORA: "rds:DescribeDBClusters",
}
"""The one permission that listing a kind needs."""


@dataclass(frozen=True, slots=True)
class Operation:
    """What is asked of which instance. Without a region, all of the account's are searched."""

    action: Action
    kind: Kind
    instance_id: str
    region: str | None = None

    @property
    def permission(self) -> str:
        return PERMISSION[self.kind, self.action]


_IDS = {
    Kind.EC2: re.compile(r"i-[0-9a-f]{8,17}"),
    Kind.RDS: re.compile(r"[A-Za-z][A-Za-z0-9-]{0,62}"),
    Kind.AURORA: re.compile(r"[A-Za-z][A-Za-z0-9-]{0,62}"),
}


def is_instance_id(kind: Kind, text: str) -> bool:
    """Whether AWS could have given this identifier. What could not be is never sent, nor put into a
    policy, where a `*` would mean every instance.
    """
    return _IDS[kind].fullmatch(text) is not None


_STARTS_FROM = frozenset({"stopped"})
_STOPS_FROM = {
    Kind.EC2: frozenset({"running"}),
    Kind.RDS: frozenset({"available"}),
    Kind.AURORA: frozenset({"available"}),
}
_ON = frozenset({"pending", "running", "starting", "available"})
_OFF = frozenset({"stopping", "stopped"})


class PlannedAction(StrEnum):
    CALL = "call"
    NOTHING = "nothing"
    REFUSE = "refuse"


@dataclass(frozen=True, slots=True)
class ActionPlan:
    """What a start or stop requires: a call to AWS, nothing, or a refusal. `detail` says why, for
    people.
    """

    planned: PlannedAction
    detail: str


def plan(instance: Instance, action: Action) -> ActionPlan:
    """What a start or stop of this instance requires. An instance that is already in the wanted
    state, or on its way there, requires nothing.

    Source: EC2 User Guide, "Instance lifecycle"; RDS User Guide, "Stopping a DB instance": only an
    available one stops, only a stopped one starts.
    """
    if instance.excluded:
        tag = f"{EXCLUDE_TAG}=true"
        return ActionPlan(
            PlannedAction.REFUSE, f"{instance.instance_id} is excluded by its tag {tag}."
        )
    if instance.member_of:
        return ActionPlan(
            PlannedAction.REFUSE,
            f"{instance.instance_id} is a member of the cluster {instance.member_of}: "
            f"{action} the cluster.",
        )
    starts = action is Action.START
    if instance.state in (_STARTS_FROM if starts else _STOPS_FROM[instance.kind]):
        return ActionPlan(PlannedAction.CALL, f"It was {instance.state}; {action} was asked for.")
    if instance.state in (_ON if starts else _OFF):
        return ActionPlan(
            PlannedAction.NOTHING, f"It is {instance.state} already; nothing was done."
        )
    return ActionPlan(
        PlannedAction.REFUSE, f"{instance.instance_id} is {instance.state}; it cannot {action} now."
    )
