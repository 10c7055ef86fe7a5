"""Starting and stopping one instance of a connected account."""

from collections.abc import Callable
from datetime import datetime
from typing import TYPE_CHECKING

from cavok.domain.access_denied import NOT_READABLE, THROTTLING_CODES, TRANSIENT_CODES
from cavok.domain.accounts import CONNECTED, Account
from cavok.domain.audit import operation_requested
from cavok.domain.errors import (
    AccountNotFound,
    AmbiguousInstance,
    CallFailed,
    CavokError,
    InstanceNotFound,
    InteractionRefused,
    InvalidField,
    LaterRequestPending,
    NoCapacity,
    NotAnswered,
    Overtaken,
    PerhapsDone,
    RefusedByAws,
    StillRunning,
    UseEnded,
    VerificationNotFound,
    WrongState,
    refusal_of,
)
from cavok.domain.instances import (
    ActionPlan,
    Instance,
    Operation,
    PlannedAction,
    is_instance_id,
    plan,
)
from cavok.domain.interactions import Interaction, InteractionAction, InteractionOutcome
from cavok.domain.kinds import Action, Kind
from cavok.domain.outcomes import (
    HELD_FOR,
    accepted,
    begun,
    is_passing,
    is_turn,
    is_uncertain,
    later_act,
    refused,
)
from cavok.domain.quotas import QuotaName
from cavok.domain.schedules import REPEATED_FOR
from cavok.domain.session_names import session_name
from cavok.domain.session_policies import start_stop_policy
from cavok.domain.steps import Verdict
from cavok.services.connections import (
    ConnectionDependencies,
    RequestContext,
    enter_to_change,
    new_interaction,
    require_connected,
)
from cavok.services.query_instances import (
    query_in_parallel,
    why_call_failed,
    why_not_described,
    why_unavailable,
)

if TYPE_CHECKING:  # a function that only reads the history loads no boto3
    from cavok.adapters.customer.instances import InstanceClient
    from cavok.adapters.table.accounts import Accounts
    from cavok.adapters.table.interactions import Interactions
    from cavok.adapters.table.quotas import Count, Quotas
    from cavok.adapters.table.verifications import Verifications


AWS_SAID = (InstanceNotFound, InteractionRefused, NotAnswered)
"""Errors that AWS, or the account's stored state, causes. All others are our own faults."""


def start_stop(
    context: RequestContext,
    operation: Operation,
    *,
    dependencies: ConnectionDependencies,
    quotas: "Quotas | None" = None,
) -> Interaction:
    """Starts or stops an instance. Its interaction is stored, open, before AWS is called, and
    closed once AWS's answer is known. A request that repeats the idempotency key returns the closed
    interaction, or takes over the open one: a passing failure is not remembered, and nothing is
    done twice. Schedules have no quota, so people's requests cannot delay them.

    Raises AccountNotFound, InvalidField, InstanceNotFound, InteractionRefused, QuotaExceeded,
    ServiceUnavailable.
    """
    account = dependencies.accounts.get(context.organization_id, context.account_id)
    if not is_instance_id(operation.kind, operation.instance_id):
        kind = operation.kind.value
        raise InvalidField("instance_id", f"No {kind} instance can have this identifier.")
    interactions = dependencies.interactions
    use = QuotaName.STARTS_AND_STOPS, context.organization_id, context.now
    count = quotas.counting(*use) if quotas else None
    new = new_interaction(account, context, InteractionAction(operation.action))
    asked = begun(new, operation, context.idempotency_key)
    entry = operation_requested(
        account, context.requester, operation, context.now, asked.interaction_id
    )
    made = interactions.begin(asked, entry, count)
    if not made.open:
        return _same_answer(made)
    again = made.interaction_id != asked.interaction_id
    if again:
        _take_up(made, context, interactions, count)
    # Held when it ended: its process died, or AWS's answer was lost.
    uncertain_since = made.held_until if again else None
    called = False

    def check() -> None:
        nonlocal called
        if again:
            require_no_later_act(made, interactions)
        called = True

    try:
        name = session_name(operation.action, made.interaction_id)
        instance, action_plan = act(
            account, context, operation, dependencies, name=name, check=check
        )
        return interactions.close(
            accepted(made, instance, action_plan, again=uncertain_since is not None)
        )
    except AWS_SAID as failure:
        _leave(made, failure, context.now, interactions, uncertain_since)
        raise
    except Exception:
        ended_at = context.now if called else uncertain_since
        interactions.let_go(made, "Something failed on our side.", ended_at)
        raise


def act(
    account: Account,
    context: RequestContext,
    operation: Operation,
    dependencies: ConnectionDependencies,
    *,
    name: str,
    check: Callable[[], None],
) -> tuple[Instance, ActionPlan]:
    """Enters the account in a session with this name, finds the instance, and starts or stops it if
    that is needed. Records nothing. `check` runs just before AWS is called. Raises
    InstanceNotFound, InteractionRefused, NotAnswered, and what `check` raises.
    """
    client, instance = _find(account, name, context, operation, dependencies)

    def last_check() -> None:
        _require_still_connected(account, dependencies.accounts)
        check()

    return instance, _execute(client, instance, operation.action, last_check)


def require_no_later_act(act: Interaction, interactions: "Interactions") -> None:
    """Raises Overtaken if a later request started or stopped the same instance, and
    LaterRequestPending while one may be doing so: it may turn out to have done nothing.
    """
    match later_act(act, interactions.after(act)):
        case InteractionOutcome.ACCEPTED:
            message = "A later request started or stopped it meanwhile. Nothing was done."
            raise Overtaken(message)
        case InteractionOutcome.PENDING:
            message = "A later request may be starting or stopping it. Nothing was done."
            raise LaterRequestPending(message, passing=True)


def _require_still_connected(account: Account, accounts: "Accounts") -> None:
    """Finding an instance takes seconds. If the use of the account ended meanwhile, this use ends
    too.
    """
    try:
        current = accounts.get(account.organization_id, account.account_id)
    except AccountNotFound:
        raise UseEnded("Nothing was done: the account was deleted meanwhile.") from None
    same = current.connection_revision == account.connection_revision
    if not same or current.status not in CONNECTED:
        raise UseEnded(f"Nothing was done: the use of the account {account.name} ended meanwhile.")


def _leave(
    made: Interaction,
    failure: CavokError,
    now: datetime,
    interactions: "Interactions",
    uncertain_since: datetime | None,
) -> None:
    """Closes a start or stop that failed, unless it may have worked, or its key may try again. A
    retry that did nothing does not extend how long an uncertain act is followed.
    """
    if is_uncertain(failure):
        interactions.let_go(made, str(failure), ended_at=now)
    elif uncertain_since:
        interactions.let_go(made, str(failure), ended_at=uncertain_since)
    elif is_passing(failure) and made.key_hash and not is_turn(made):
        interactions.let_go(made, str(failure), ended_at=None)
    else:
        interactions.close(refused(made, failure))


def _same_answer(made: Interaction) -> Interaction:
    """The result of the first request with the same key."""
    if made.outcome is InteractionOutcome.REFUSED:
        raise refusal_of(made.refusal, made.detail, passing=made.result is not None)
    return made


def _take_up(
    made: Interaction,
    context: RequestContext,
    interactions: "Interactions",
    count: "Count | None",
) -> None:
    """Takes over an open act of an earlier request. This counts, because it enters the account and
    may call AWS, as the first request did. Raises QuotaExceeded; StillRunning while that request
    may be running, and after an hour: repeating a key must not keep an act open without end.
    """
    held = made.held_until and context.now < made.held_until
    if held or context.now >= made.at + REPEATED_FOR:
        raise StillRunning(
            "The first request with this Idempotency-Key may still be running. Please try again."
        )
    interactions.take_up(made, context.now + HELD_FOR, count)


def _require_not_denied(account: Account, permission: str, verifications: "Verifications") -> None:
    """Refuses a permission that the last test found denied, without trying it on an instance."""
    if account.verification is None:
        return
    try:
        last = verifications.get(account.account_id, account.verification.verification_id)
    except VerificationNotFound:
        return
    for step in last.steps:
        if step.step == permission and step.verdict is Verdict.DENIED:
            raise RefusedByAws(
                f"The last test found that AWS refuses {permission} "
                f"({step.reason.value if step.reason else 'no reason given'}). "
                "Grant it as the Instructions show, press Test, and try again."
            )


def _find(
    account: Account,
    name: str,
    context: RequestContext,
    operation: Operation,
    dependencies: ConnectionDependencies,
) -> "tuple[InstanceClient, Instance]":
    """The only instance of this kind and identifier, and the client of its region."""
    require_connected(account)
    kind, instance_id, region = operation.kind, operation.instance_id, operation.region
    absent = f"There is no {kind.value} instance {instance_id[:64]} in this account's regions."
    if not is_instance_id(kind, instance_id) or region not in (None, *account.regions):
        raise InstanceNotFound(absent)
    _require_not_denied(account, operation.permission, dependencies.verifications)
    policy = start_stop_policy(account.account_number, operation)
    session = enter_to_change(account, policy, name, context, dependencies)
    regions = [region] if region else account.regions
    clients = [dependencies.connect(session, kind, each) for each in regions]
    results, failures = query_in_parallel(clients, lambda client: client.find(instance_id))
    found = [(client, instance) for client, instance in results.items() if instance]
    described = [
        client.region
        for client in clients
        if results.get(client)
        or (client in failures and failures[client].error_code == NOT_READABLE)
    ]
    if len(described) > 1:
        names = ", ".join(described)
        raise AmbiguousInstance(f"{instance_id} exists in {names}: say which with ?region=")
    if found:
        return found[0]
    for client, judgement in failures.items():
        why = why_not_described(kind, judgement)
        message = f"{instance_id} could not be looked for in {client.region}: {why}"
        raise why_unavailable(judgement)(message)
    raise InstanceNotFound(absent)


def _execute(
    client: "InstanceClient", instance: Instance, action: Action, check: Callable[[], None]
) -> ActionPlan:
    """Calls AWS if that is needed, and returns the plan. Raises InteractionRefused, NotAnswered."""
    action_plan = plan(instance, action)
    if action_plan.planned is PlannedAction.REFUSE:
        raise action_plan.refusal(action_plan.detail, passing=action_plan.passing)
    if action_plan.planned is PlannedAction.CALL:
        check()
        try:
            client.act(instance.instance_id, action)
        except CallFailed as failure:
            if not _worked_all_the_same(client, instance, action, failure):
                raise _why_not(instance.kind, action, failure) from failure
    return action_plan


def _worked_all_the_same(
    client: "InstanceClient", instance: Instance, action: Action, failure: CallFailed
) -> bool:
    """Whether a call without an answer, or the SDK's first try of one, did what was wanted."""
    perhaps = TRANSIENT_CODES | instance.kind.descriptor.wrong_state
    if failure.judgement.error_code not in perhaps:
        return False
    try:
        seen = client.find(instance.instance_id)
    except CallFailed:
        return False
    return seen is not None and plan(seen, action).planned is PlannedAction.NOTHING


def _why_not(kind: Kind, action: Action, failure: CallFailed) -> InteractionRefused | NotAnswered:
    code, of_kind = failure.judgement.error_code, kind.descriptor
    why = why_call_failed(of_kind.permission(action), failure.judgement)
    if failure.judgement.passing:
        uncertain = failure.repeated or code not in THROTTLING_CODES
        return (PerhapsDone if uncertain else NotAnswered)(why)
    if code in of_kind.wrong_state:
        return WrongState(why, passing=True)
    if code in of_kind.no_capacity:
        return NoCapacity(why, passing=True)
    return RefusedByAws(why)
