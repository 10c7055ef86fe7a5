"""A customer's instances, and whether one can be started or stopped in its present state."""

from dataclasses import dataclass
from enum import StrEnum
from typing import Self

from cavok.domain.errors import (
    ExcludedByTag,
    InteractionRefused,
    MemberOfCluster,
    NotAnswered,
    WrongState,
)
from cavok.domain.kinds import Action, DescribedInstance, Kind, StateReason

EXCLUDE_TAG = "cavok:exclude"
"""A customer sets this tag to `true` to forbid Cavok to start or stop the instance."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Instance:
    """One instance of a customer: the fields of `DescribedInstance`, its kind and its region.

    excluded  whether the customer's tag forbids Cavok to start or stop it.
    """

    kind: Kind
    instance_id: str
    name: str | None
    region: str
    state: str
    type: str
    excluded: bool = False
    member_of: str | None = None
    reason: StateReason | None = None

    @classmethod
    def of(cls, described: DescribedInstance, kind: Kind, region: str) -> Self:
        """What a Describe operation said, with its kind and region."""
        return cls(
            kind=kind,
            instance_id=described.instance_id,
            name=described.name,
            region=region,
            state=described.state,
            type=described.type,
            excluded=described.tags.get(EXCLUDE_TAG, "").lower() == "true",
            member_of=described.member_of,
            reason=described.reason,
        )


@dataclass(frozen=True, slots=True, order=True)
class InstanceKey:
    """Which instance of an account. A database and a cluster may have the same name. The identifier
    is as AWS stores it.
    """

    kind: Kind
    region: str
    instance_id: str

    def __post_init__(self) -> None:
        object.__setattr__(self, "instance_id", self.kind.descriptor.stored_id(self.instance_id))

    def arn(self, account_number: str) -> str:
        """Its ARN, with its region."""
        pattern = self.kind.descriptor.arn.format(
            account_number=account_number, instance_id=self.instance_id
        )
        return pattern.replace(":*:", f":{self.region}:", 1)


@dataclass(frozen=True, slots=True)
class Unavailable:
    """Instances that could not be listed, and why: in words, and as an error."""

    region: str
    kind: Kind
    detail: str
    cause: type[InteractionRefused | NotAnswered]

    @property
    def passing(self) -> bool:
        """Whether a retry may succeed at once. What cannot be read may be so for days: if it
        counted, each look at the account would list it anew.
        """
        return issubclass(self.cause, NotAnswered)


@dataclass(frozen=True, slots=True)
class Operation:
    """A start or stop of one instance. If `region` is null, all of the account's are searched. The
    identifier is as AWS stores it: policies name it so.
    """

    action: Action
    kind: Kind
    instance_id: str
    region: str | None = None

    def __post_init__(self) -> None:
        object.__setattr__(self, "instance_id", self.kind.descriptor.stored_id(self.instance_id))

    @property
    def permission(self) -> str:
        """The IAM action that it needs, besides Describe."""
        return self.kind.descriptor.permission(self.action)


def is_instance_id(kind: Kind, text: str) -> bool:
    """Whether AWS could have given this identifier. Others are never sent to AWS or put into a
    policy, where a `*` would mean every instance.
    """
    return kind.descriptor.id_pattern.fullmatch(text) is not None


class PlannedAction(StrEnum):
    """What to do for a start or stop: call AWS, do nothing, or refuse."""

    CALL = "call"
    NOTHING = "nothing"
    REFUSE = "refuse"


@dataclass(frozen=True, slots=True)
class ActionPlan:
    """What a start or stop requires: a call to AWS, nothing, or a refusal. `detail` says why, for
    people; `refusal` is its cause. `passing`: the refusal ends without a person, for example
    because the instance is stopping.
    """

    planned: PlannedAction
    detail: str
    refusal: type[InteractionRefused] = WrongState
    passing: bool = False


def plan(instance: Instance, action: Action) -> ActionPlan:
    """What a start or stop of this instance requires. An instance that is already in the wanted
    state, or on its way there, requires nothing.

    Source: EC2 User Guide, "Instance lifecycle"; RDS User Guide, "Stopping a DB instance": only an
    available instance stops, only a stopped one starts.
    """
    name, state, of_kind = instance.instance_id, instance.state, instance.kind.descriptor
    if instance.excluded:
        tag = f"{EXCLUDE_TAG}=true"
        detail = f"{name} is excluded by its tag {tag}."
        return ActionPlan(PlannedAction.REFUSE, detail, ExcludedByTag)
    if instance.member_of:
        return ActionPlan(
            PlannedAction.REFUSE,
            f"{name} is a member of the cluster {instance.member_of}: {action} the cluster.",
            MemberOfCluster,
        )
    on, off = (of_kind.running, of_kind.starting), (of_kind.stopped, of_kind.stopping)
    wanted, (opposite, _) = (on, off) if action is Action.START else (off, on)
    if state == opposite:
        return ActionPlan(PlannedAction.CALL, f"It was {state}; {action} was asked for.")
    if state in wanted:
        return ActionPlan(PlannedAction.NOTHING, f"It is {state} already; nothing was done.")
    return ActionPlan(
        PlannedAction.REFUSE,
        f"{name} is {state}; it cannot {action} now.",
        passing=state not in of_kind.hidden | of_kind.broken,
    )
