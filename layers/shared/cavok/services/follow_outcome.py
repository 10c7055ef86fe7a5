"""Follows a start or stop until its outcome is final, and tries a schedule's turn again."""

from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from cavok.domain import outcomes
from cavok.domain.accounts import Account
from cavok.domain.errors import (
    AccountNotFound,
    CallFailed,
    Conflict,
    InstanceNotFound,
    InteractionRefused,
    ServiceUnavailable,
)
from cavok.domain.instances import Operation
from cavok.domain.interactions import Interaction, Result
from cavok.domain.kinds import Action
from cavok.domain.outcomes import Finding
from cavok.domain.resources import Resource
from cavok.domain.schedules import Transition
from cavok.domain.session_policies import looking_policy
from cavok.services.connections import (
    ConnectionDependencies,
    RequestContext,
    enter_connected,
    require_connected,
)
from cavok.services.query_instances import why_not_described
from cavok.services.start_stop import act

if TYPE_CHECKING:
    from cavok.adapters.table.resources import Resources


class NotFinal(Exception):
    """Look again in so many seconds."""

    def __init__(self, seconds: int) -> None:
        super().__init__(f"Look again in {seconds} seconds.")
        self.seconds = seconds


@dataclass(frozen=True, slots=True, kw_only=True)
class FollowedAct:
    """The start or stop to follow, as an `Instance Interaction` names it."""

    organization_id: str
    account_id: str
    interaction_id: str
    request_id: str


@dataclass(frozen=True, slots=True)
class _Following:
    """What one look needs."""

    interaction: Interaction
    account: Account
    operation: Operation
    context: RequestContext
    connections: ConnectionDependencies
    resources: "Resources"

    @property
    def now(self) -> datetime:
        return self.context.now


def follow_outcome(
    followed: FollowedAct,
    *,
    connections: ConnectionDependencies,
    resources: "Resources",
    now: datetime,
) -> Finding | None:
    """Looks once at the instance, and stores the outcome if it is final. Returns it; null if there
    is nothing to follow. May be called any number of times.

    Raises NotFinal if it is to be called again.
    """
    interaction = connections.interactions.find(followed.account_id, followed.interaction_id)
    if (
        interaction is None
        or interaction.result is not Result.PENDING
        or interaction.organization_id != followed.organization_id
    ):
        return None
    try:
        account = connections.accounts.get(followed.organization_id, followed.account_id)
    except AccountNotFound:
        return _settle(connections, interaction, outcomes.unseen_for_good("The account is gone."))
    if account.revoked:
        reason = f"A person revoked the use of the account {account.name}."
        return _settle(connections, interaction, outcomes.unseen_for_good(reason))
    assert interaction.kind
    assert interaction.instance_id
    context = RequestContext(
        organization_id=followed.organization_id,
        account_id=followed.account_id,
        actor=interaction.actor,
        request_id=followed.request_id,
        now=now,
    )
    action = Action(interaction.action.value)
    operation = Operation(action, interaction.kind, interaction.instance_id, interaction.region)
    following = _Following(interaction, account, operation, context, connections, resources)
    found = outcomes.at_the_end(interaction, _look(following), now)
    if found.result is Result.PENDING:
        raise NotFinal(outcomes.seconds_to_next_look(interaction, now))
    if found.result is not Result.REACHED and connections.interactions.has_later_act(interaction):
        found = outcomes.superseded(found)
    elif outcomes.is_turn(interaction):
        found = _follow_turn(following, found)
    return _settle(connections, interaction, found)


def _settle(
    connections: ConnectionDependencies, interaction: Interaction, found: Finding
) -> Finding:
    connections.interactions.set_result(interaction, found.result, found.state, found.reason)
    return found


def _look(following: _Following) -> Finding:
    """Looks at the instance with a session that may do nothing else."""
    interaction, operation = following.interaction, following.operation
    policy = looking_policy(operation.kind)
    try:
        require_connected(following.account)
        session = enter_connected(
            following.account, policy, following.context, following.connections
        )
        region = operation.region or following.account.home_region
        seen = following.connections.connect(session, operation.kind, region).find(
            operation.instance_id
        )
    except (InteractionRefused, ServiceUnavailable) as error:
        return outcomes.not_seen(str(error))
    except CallFailed as failure:
        return outcomes.not_seen(why_not_described(operation.kind, failure.judgement))
    age = following.now - outcomes.last_called_at(interaction)
    return outcomes.finding(operation.kind, operation.action, seen, age)


# ---- a schedule's turn ---------------------------------------------------------------------------


def _follow_turn(following: _Following, found: Finding) -> Finding:
    """The turn's outcome, after it was tried again as often as the schedule wants it. Raises
    NotFinal.
    """
    interaction, operation = following.interaction, following.operation
    resource, transition = _still_wanted(following)
    if resource is None or transition is None:
        return found
    if found.result is Result.NOT_REACHED and found.repeatable:
        next_try = outcomes.next_try_at(interaction)
        if next_try and following.now < next_try:
            raise NotFinal(max((next_try - following.now) // timedelta(seconds=1), 1))
        if next_try:
            found = _try_again(following, found)
        else:
            found = replace(found, reason=f"{found.reason} Cavok tried for an hour.")
    if found.result is Result.REACHED and not (interaction.tried_at or resource.note):
        return found
    after = (
        resource.followed(transition, following.now, changed=True)
        if found.result is Result.REACHED
        else resource.not_followed(
            transition, f"The {operation.action.value} was not seen to work. {found.reason}"
        )
    )
    # If somebody changes the schedule meanwhile, this turn is not its business any more.
    with suppress(Conflict):
        following.resources.save(after, before=resource)
    return found


def _still_wanted(following: _Following) -> tuple[Resource | None, Transition | None]:
    """The resource and its transition, if the schedule still wants what this turn was for."""
    operation = following.operation
    resource = following.resources.of_instance(
        following.account.account_id,
        operation.kind,
        operation.region or "",
        operation.instance_id,
    )
    if resource is None:
        return None, None
    asked_at = following.interaction.at
    return resource, resource.still_wanted(operation.action, asked_at, following.now)


def _try_again(following: _Following, found: Finding) -> Finding:
    """Starts or stops the instance again. Returns what is final: a refusal that no waiting ends.
    Raises NotFinal otherwise.
    """
    reason = found.reason
    try:
        act(following.account, following.context, following.operation, following.connections)
    except (InteractionRefused, InstanceNotFound) as refusal:
        reason = str(refusal)
        if not outcomes.is_passing(refusal):
            return replace(found, reason=reason)
    except ServiceUnavailable as error:
        reason = str(error)
    following.connections.interactions.tried_again(
        following.interaction, following.now, found.state, reason
    )
    tried = replace(following.interaction, tried_at=following.now)
    raise NotFinal(outcomes.seconds_to_next_look(tried, following.now))
