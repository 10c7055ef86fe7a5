"""The outcome of a start or stop: whether the instance reached the requested state, and whether a
schedule's turn is tried again.
"""

import json
import math
from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from cavok.domain.actors import ActorKind
from cavok.domain.errors import CavokError, InteractionRefused, NotAnswered, PerhapsDone, code_of
from cavok.domain.instances import ActionPlan, Instance, Operation, PlannedAction
from cavok.domain.interactions import (
    Interaction,
    InteractionAction,
    InteractionOutcome,
    Result,
    key_hash,
)
from cavok.domain.kinds import Action, Kind, StateReason
from cavok.domain.permissions import ENCRYPTED_VOLUMES
from cavok.domain.schedules import REPEATED_FOR

HELD_FOR = timedelta(seconds=60)
"""How long the process that begins an act may call AWS: longer than its function can run."""

KEY_AWAITED_FOR = timedelta(minutes=2)
"""How long an act that failed for a passing cause waits for a repetition of its key."""

FOLLOWED_FOR = timedelta(minutes=10)
"""How long an instance is looked at after a call."""

UNCHANGED_FOR = timedelta(seconds=60)
"""Before this, an unchanged state proves nothing: AWS's answers are eventually consistent. Source:
EC2 Developer Guide, "Eventual consistency in the Amazon EC2 API".
"""

FALLEN_BACK_AFTER = timedelta(seconds=20)
"""UNCHANGED_FOR, if AWS says why it could not start the instance. The reason may be an earlier
start's.
"""

_FIRST_LOOK, _LONGEST_WAIT, _SLOW = 15, 60, 300
"""Seconds between looks."""
_FIRST_PAUSE, _LONGEST_PAUSE = timedelta(minutes=1), timedelta(minutes=15)


@dataclass(frozen=True, slots=True)
class Finding:
    """The finding of a look at an instance. `pending`: look again.

    state       null if the instance is gone, or could not be looked at.
    reason      for people; null if the state was reached.
    repeatable  whether the same call may succeed later.
    region      where the instance was found.
    """

    result: Result
    state: str | None
    reason: str | None = None
    repeatable: bool = False
    region: str | None = None


def finding(kind: Kind, action: Action, seen: Instance | None, age: timedelta) -> Finding:
    """The finding of one look, `age` after AWS was called. `seen` is null if there is no such
    instance.

    Source: EC2 User Guide, "Instance lifecycle"; EC2 API reference, StateReason.
    """
    descriptor = kind.descriptor
    ends = (descriptor.running, descriptor.stopped)
    wanted, opposite = ends if action is Action.START else ends[::-1]
    if seen is None or seen.state in descriptor.hidden:
        state = seen.state if seen else None
        if age < UNCHANGED_FOR:
            return Finding(Result.PENDING, state)
        return Finding(Result.NOT_REACHED, state, "It does not exist any more.")
    if seen.state == wanted:
        return Finding(Result.REACHED, seen.state)
    if seen.state in descriptor.broken:
        why = f"AWS says that it is {seen.state}, which ends only when a person mends it."
        return Finding(Result.NOT_REACHED, seen.state, why)
    if seen.state != opposite:
        return Finding(Result.PENDING, seen.state, f"It was still {seen.state}.")
    return _unchanged(seen, action, age)


def _unchanged(seen: Instance, action: Action, age: timedelta) -> Finding:
    """The instance is still, or again, in the state that it had before the call."""
    state, reason = seen.state, seen.reason if action is Action.START else None
    failed = reason and reason.code in seen.kind.descriptor.start_failures
    if age < (FALLEN_BACK_AFTER if failed else UNCHANGED_FOR):
        return Finding(Result.PENDING, state)
    why = _explained(reason) if reason and failed else f"It is still {state}."
    return Finding(Result.NOT_REACHED, state, why, repeatable=True)


def not_seen(reason: str) -> Finding:
    """A look that failed, and why."""
    return Finding(Result.PENDING, None, f"Cavok could not look at it: {reason}")


def unseen_for_good(reason: str) -> Finding:
    """What is known of an instance that Cavok may no longer look at, and why not."""
    return Finding(Result.UNKNOWN, None, f"Cavok may not look at it any more: {reason}")


def _explained(reason: StateReason) -> str:
    """AWS's reason and, where it hides the cause, what to do.

    Source: AWS re:Post, "kms-iam-ec2-permission": EC2 makes a grant in the caller's name for each
    volume under a customer managed key, and falls back with Client.InternalError if it may not.
    """
    says = reason.message.removeprefix(f"{reason.code}: ").rstrip(".")
    text = f"{reason.code}: {says}." if says else f"{reason.code}."
    if reason.code != "Client.InternalError":
        return text
    statement = json.dumps(ENCRYPTED_VOLUMES.statement(), separators=(",", ":"))
    return (
        f"{text} AWS says so if a volume is encrypted with a customer managed key that Cavok may "
        "not use. Add this statement to Cavok's role, and let the key's policy allow it: "
        f"{statement}"
    )


# ---- when to look, when to try again -------------------------------------------------------------


def is_turn(interaction: Interaction) -> bool:
    """Whether a schedule asked for it, so that it is tried again."""
    return interaction.actor.kind is ActorKind.SCHEDULE


def begun(interaction: Interaction, operation: Operation, key: str | None) -> Interaction:
    """An open start or stop, held by the process that makes it. A key belongs to its actor.
    Otherwise a turn could take a person's request for its own and do nothing, and repeating another
    person's key would act under that person's name.
    """
    kind, instance_id, region = operation.kind, operation.instance_id, operation.region
    actor = interaction.actor
    whose = (actor.kind, actor.sub) if actor.sub else (actor.kind,)
    request = (operation.action, kind, instance_id, *((region,) if region else ()))
    return replace(
        interaction,
        outcome=InteractionOutcome.PENDING,
        kind=kind,
        instance_id=instance_id,
        region=region,
        held_until=interaction.at + HELD_FOR,
        key_hash=key_hash(*whose, key, *request) if key else None,
    )


def accepted(
    act: Interaction, instance: Instance, action_plan: ActionPlan, *, again: bool = False
) -> Interaction:
    """A start or stop that AWS accepted, or that was not needed. It is followed, unless the
    instance is in the wanted state. `again`: an earlier try may have called AWS.
    """
    called = action_plan.planned is PlannedAction.CALL
    descriptor = instance.kind.descriptor
    reached = not called and instance.state in (descriptor.running, descriptor.stopped)
    detail = f"It is {instance.state}, perhaps by an earlier try of this request."
    return replace(
        act,
        outcome=InteractionOutcome.ACCEPTED,
        region=instance.region,
        detail=action_plan.detail if called or not again else detail,
        changed=called or again,
        result=Result.REACHED if reached else Result.PENDING,
        state=instance.state if reached else None,
    )


def refused(interaction: Interaction, refusal: CavokError) -> Interaction:
    """A refused start or stop. A schedule's turn is followed and tried again if the cause may end
    by itself.
    """
    again = is_turn(interaction) and is_passing(refusal)
    return replace(
        interaction,
        outcome=InteractionOutcome.REFUSED,
        detail=str(refusal),
        refusal=code_of(type(refusal)),
        result=Result.PENDING if again else None,
    )


_NO_ANSWER = "Cavok got no answer from AWS."


def carried_out(act: Interaction, found: Finding) -> Interaction:
    """An open act that AWS has or may have carried out, with the finding of a look."""
    return replace(
        act,
        outcome=InteractionOutcome.ACCEPTED,
        region=act.region or found.region,
        detail=_NO_ANSWER,
        changed=True,
        result=found.result,
        state=found.state,
        state_reason=found.reason,
    )


def not_carried_out(act: Interaction, found: Finding | None) -> Interaction:
    """An open act that AWS has not carried out: it was certainly not called, or the instance is
    unchanged. A schedule's turn is tried again.
    """
    seen = f"{_NO_ANSWER} {found.reason}" if found else None
    return replace(
        act,
        outcome=InteractionOutcome.REFUSED,
        region=act.region or (found.region if found else None),
        detail=act.detail or seen or "",
        result=Result.PENDING if is_turn(act) else None,
    )


def is_on_its_way(operation: Operation, found: Finding) -> bool:
    """Whether an instance was seen on its way to the requested state."""
    of_kind = operation.kind.descriptor
    return found.state == (
        of_kind.starting if operation.action is Action.START else of_kind.stopping
    )


def is_passing(failure: Exception) -> bool:
    """Whether the cause of a failure may end by itself."""
    return isinstance(failure, NotAnswered) or (
        isinstance(failure, InteractionRefused) and failure.passing
    )


def is_uncertain(failure: Exception) -> bool:
    """Whether AWS may have started or stopped the instance although the call failed."""
    return isinstance(failure, PerhapsDone)


def last_called_at(interaction: Interaction) -> datetime:
    """When AWS was last called, or may have been."""
    return interaction.held_until or interaction.tried_at or interaction.at


def followed_until(interaction: Interaction) -> datetime:
    """When the time for following an act is over."""
    follow = REPEATED_FOR if is_turn(interaction) else FOLLOWED_FOR
    return max(interaction.at + follow, last_called_at(interaction) + FOLLOWED_FOR)


def at_the_end(interaction: Interaction, found: Finding, now: datetime) -> Finding:
    """The finding; final if the time for following is over. Then `pending` becomes `unknown`."""
    if found.result is not Result.PENDING or now < followed_until(interaction):
        return found
    minutes = (now - interaction.at) // timedelta(minutes=1)
    seen = found.reason or "Nothing was seen to change."
    reason = f"{seen} Not followed after {minutes} minutes."
    return replace(found, result=Result.UNKNOWN, reason=reason)


def later_act(act: Interaction, after: Iterable[Interaction]) -> InteractionOutcome | None:
    """Accepted if a later request started or stopped the same instance; pending if an open one may
    have done so, or may be about to. A request that AWS refused, even temporarily, did not.
    `after`: the later interactions with an instance of the same kind and identifier.
    """
    found = {
        each.outcome
        for each in after
        if each.action in (InteractionAction.START, InteractionAction.STOP)
        and (each.outcome is InteractionOutcome.ACCEPTED or each.held_until)
        # The region of an open act may not be known yet.
        and (None in (each.region, act.region) or each.region == act.region)
    }
    outcomes = (InteractionOutcome.ACCEPTED, InteractionOutcome.PENDING)
    return next((each for each in outcomes if each in found), None)


def superseded(found: Finding) -> Finding:
    """The finding if the instance was started or stopped again since: it says nothing about the
    earlier request.
    """
    reason = "A later request started or stopped it before it was seen in the wanted state."
    return replace(found, result=Result.UNKNOWN, reason=reason)


def given_up(turn: Interaction, found: Finding) -> Finding:
    """The finding after a turn's last try, with AWS's answer to it."""
    first = turn.detail if turn.outcome is InteractionOutcome.REFUSED else None
    why = (turn.state_reason if turn.tried_at else first) or found.reason
    return replace(found, reason=f"{why} Cavok tried for an hour.")


def seconds_until_left(act: Interaction, now: datetime) -> int:
    """How long to leave an open act to others, who may still carry it out, or repeat its key."""
    until = act.held_until or act.at + KEY_AWAITED_FOR
    left = max(math.ceil((until - now).total_seconds()), 0)
    return max(left, _seconds_of_repetitions(act)) if left else 0


def seconds_to_next_look(interaction: Interaction, now: datetime) -> int:
    """Often at first, then once a minute, and after ten minutes every five."""
    age = now - last_called_at(interaction)
    if age >= FOLLOWED_FOR:
        return _SLOW
    often = min(max(int(age.total_seconds()) // 2, _FIRST_LOOK), _LONGEST_WAIT)
    return max(often, _seconds_of_repetitions(interaction)) if interaction.open else often


def _seconds_of_repetitions(act: Interaction) -> int:
    """The shortest wait for an open act. It grows with the time for which its key is repeated: each
    repetition begins the looks anew, and the queue gives up a message that it handed out too often.
    """
    repeated_for = last_called_at(act) - act.at - HELD_FOR
    return min(int(repeated_for.total_seconds()) // 4, _SLOW)


def next_try_at(interaction: Interaction) -> datetime | None:
    """When a turn is tried again: after 1, 3, 7, 15, 30, 45 and 60 minutes. Null after the last."""
    age = last_called_at(interaction) - interaction.at
    coming = age + min(age + _FIRST_PAUSE, _LONGEST_PAUSE)
    return interaction.at + coming if coming <= REPEATED_FOR + _FIRST_PAUSE else None
