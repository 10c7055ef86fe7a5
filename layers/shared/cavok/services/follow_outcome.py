"""Follows a start or stop until its outcome is final, and tries a schedule's turn again."""

from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import datetime
from typing import TYPE_CHECKING

from cavok.domain import outcomes
from cavok.domain.accounts import Account
from cavok.domain.actors import Requester
from cavok.domain.errors import (
    AccountNotFound,
    ComesAgain,
    Conflict,
    InstanceNotFound,
    InteractionRefused,
    Overtaken,
    ServiceUnavailable,
    StillRunning,
)
from cavok.domain.followed_acts import FollowedAct
from cavok.domain.instances import Operation
from cavok.domain.interactions import Interaction, InteractionOutcome, Result
from cavok.domain.kinds import Action
from cavok.domain.outcomes import Finding
from cavok.domain.resources import Resource
from cavok.domain.schedules import Transition
from cavok.domain.session_names import session_name
from cavok.domain.session_policies import looking_policy
from cavok.services.connections import (
    ConnectionDependencies,
    RequestContext,
    enter_connected,
    require_connected,
)
from cavok.services.query_instances import query_in_parallel, why_not_described
from cavok.services.start_stop import act, require_no_later_act

if TYPE_CHECKING:
    from cavok.adapters.table.resources import Resources


@dataclass(frozen=True, slots=True)
class _Following:
    """What one look needs."""

    interaction: Interaction
    account: Account
    now: datetime
    connections: ConnectionDependencies
    resources: "Resources"

    @property
    def operation(self) -> Operation:
        act = self.interaction
        assert act.kind
        assert act.instance_id
        return Operation(Action(act.action.value), act.kind, act.instance_id, act.region)

    @property
    def context(self) -> RequestContext:
        act = self.interaction
        return RequestContext(
            organization_id=act.organization_id,
            account_id=act.account_id,
            requester=Requester(actor=act.actor, request_id=act.request_id),
            now=self.now,
        )


def follow_outcome(
    followed: FollowedAct,
    *,
    connections: ConnectionDependencies,
    resources: "Resources",
    now: datetime,
) -> Finding | None:
    """Looks at the instance once, and stores the outcome if it is final. Returns it; null if there
    is nothing to follow. May be called any number of times.

    If an act is still open, its process died or got no answer. The instance's state shows whether
    the act was carried out. Raises ComesAgain to be called again.
    """
    act = connections.interactions.find(followed.account_id, followed.interaction_id)
    if act is None or act.organization_id != followed.organization_id:
        return None
    if act.open and (seconds := outcomes.seconds_until_left(act, now)):
        raise ComesAgain(seconds)
    if not act.open and act.result is not Result.PENDING:
        return None
    if act.open and act.held_until is None:
        return _refuse(connections, act)
    try:
        account = connections.accounts.get(followed.organization_id, followed.account_id)
    except AccountNotFound:
        return _store(connections, act, outcomes.unseen_for_good("The account is gone."))
    return _follow(_Following(act, account, now, connections, resources))


def _follow(following: _Following) -> Finding | None:
    act, connections, now = following.interaction, following.connections, following.now
    found = outcomes.at_the_end(act, _look(following), now)
    later = None
    if found.result is not Result.REACHED:
        later = outcomes.later_act(act, connections.interactions.after(act))
    if later:
        if later is InteractionOutcome.PENDING and now < outcomes.followed_until(act):
            raise ComesAgain(outcomes.seconds_to_next_look(act, now))
        found = outcomes.superseded(found)
    if act.open and found.result is Result.NOT_REACHED:
        return _refuse(connections, act, found)
    if found.result is Result.PENDING:
        if act.open and outcomes.is_on_its_way(following.operation, found):
            _store(connections, act, found)
        raise ComesAgain(outcomes.seconds_to_next_look(act, now))
    if outcomes.is_turn(act):
        found = _follow_turn(following, found)
    return _store(connections, act, found)


def _store(connections: ConnectionDependencies, act: Interaction, found: Finding) -> Finding:
    """Stores a finding. Closes an open act with it: AWS has or may have carried it out."""
    if act.open:
        _close(connections, outcomes.carried_out(act, found))
    else:
        connections.interactions.set_result(act, found.result, found.state, found.reason)
    return found


def _refuse(
    connections: ConnectionDependencies, act: Interaction, found: Finding | None = None
) -> Finding | None:
    """Closes an act that was not carried out. Its key may try again. A schedule's turn is tried
    again by the next look, so ComesAgain is raised.
    """
    closed = _close(connections, outcomes.not_carried_out(act, found), forget=True)
    if closed.result is Result.PENDING:
        raise ComesAgain(1)
    return found


def _close(
    connections: ConnectionDependencies, act: Interaction, *, forget: bool = False
) -> Interaction:
    """Closes an open act. If its key was sent again meanwhile, that request is about to call AWS,
    and closes it itself.
    """
    try:
        return connections.interactions.close(act, forget=forget, unless_taken_up=True)
    except StillRunning:
        raise ComesAgain(outcomes.HELD_FOR.total_seconds()) from None


def _look(following: _Following) -> Finding:
    """Reads the instance with a session that may do nothing else."""
    interaction, operation = following.interaction, following.operation
    if following.account.revoked:
        reason = f"A person revoked the use of the account {following.account.name}."
        return outcomes.unseen_for_good(reason)
    policy = looking_policy(operation.kind)
    try:
        require_connected(following.account)
        name = session_name("look", interaction.interaction_id)
        session = enter_connected(
            following.account, policy, name, following.context, following.connections
        )
    except (InteractionRefused, ServiceUnavailable) as error:
        return outcomes.not_seen(str(error))
    # The region of an open act may not be known yet.
    regions = [operation.region] if operation.region else following.account.regions
    clients = [following.connections.connect(session, operation.kind, each) for each in regions]
    results, failures = query_in_parallel(
        clients, lambda client: client.find(operation.instance_id)
    )
    seen = next((instance for instance in results.values() if instance), None)
    for judgement in failures.values() if seen is None else ():
        return outcomes.not_seen(why_not_described(operation.kind, judgement))
    age = following.now - outcomes.last_called_at(interaction)
    found = outcomes.finding(operation.kind, operation.action, seen, age)
    return replace(found, region=seen.region) if seen else found


# ---- a schedule's turn ---------------------------------------------------------------------------


def _follow_turn(following: _Following, found: Finding) -> Finding:
    """The turn's outcome, once no further try is due. Raises ComesAgain until then."""
    interaction, operation = following.interaction, following.operation
    resource, transition = _still_wanted(following)
    if resource is None or transition is None:
        return found
    if found.result is Result.NOT_REACHED and found.repeatable:
        next_try = outcomes.next_try_at(interaction)
        if next_try and following.now < next_try:
            raise ComesAgain((next_try - following.now).total_seconds())
        last = outcomes.given_up(interaction, found)
        found = _try_again(following, found) if next_try else last
    noted = resource.followed_at == transition.at and not (interaction.tried_at or resource.note)
    if found.result is Result.REACHED and noted:
        return found
    after = (
        resource.followed(transition, following.now, changed=True)
        if found.result is Result.REACHED
        else resource.not_followed(
            transition, f"The {operation.action.value} was not seen to work. {found.reason}"
        )
    )
    # A Conflict means that somebody changed the schedule: this turn no longer counts.
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
    """Starts or stops the instance again. Returns the outcome if it is final: a refusal that
    waiting cannot end. Raises ComesAgain otherwise.
    """
    interaction, interactions = following.interaction, following.connections.interactions

    def check() -> None:
        require_no_later_act(interaction, interactions)
        if not _still_wanted(following)[1]:
            raise Overtaken("The schedule wants something else by now.")

    # Stored before AWS is called, so that each try is made once.
    if interactions.begin_try(interaction, following.now, found.state):
        try:
            act(
                following.account,
                following.context,
                following.operation,
                following.connections,
                name=session_name(interaction.action, interaction.interaction_id),
                check=check,
            )
        except Overtaken:
            return outcomes.superseded(found)
        except (InteractionRefused, InstanceNotFound, ServiceUnavailable) as failure:
            final = not outcomes.is_passing(failure)
            if final and not isinstance(failure, ServiceUnavailable):
                return replace(found, reason=str(failure))
            interactions.note_try(interaction, str(failure))
    tried = replace(interaction, tried_at=following.now)
    raise ComesAgain(outcomes.seconds_to_next_look(tried, following.now))
