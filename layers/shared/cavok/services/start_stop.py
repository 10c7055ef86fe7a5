"""Starting and stopping one instance of a connected account."""

from dataclasses import replace
from typing import TYPE_CHECKING

from cavok.domain.accounts import Account
from cavok.domain.errors import (
    CallFailed,
    InstanceNotFound,
    InteractionRefused,
    VerificationNotFound,
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
from cavok.domain.kinds import Action
from cavok.domain.outcomes import PASSING_CODES, accepted, refused
from cavok.domain.session_policies import start_stop_policy
from cavok.domain.steps import Verdict
from cavok.services.connections import (
    ConnectionDependencies,
    RequestContext,
    enter_to_change,
    new_interaction,
    require_connected,
)
from cavok.services.query_instances import query_in_parallel, why_call_failed, why_not_described

if TYPE_CHECKING:  # a function that only reads the history loads no boto3
    from cavok.adapters.customer.instances import InstanceClient
    from cavok.adapters.table.verifications import Verifications


def start_stop(
    context: RequestContext, operation: Operation, *, dependencies: ConnectionDependencies
) -> Interaction:
    """Starts or stops an instance, and records one interaction, accepted or refused. A repeated
    request with the same idempotency key gets the recorded one.

    Raises AccountNotFound, InstanceNotFound, InteractionRefused, ServiceUnavailable.
    """
    account = dependencies.accounts.get(context.organization_id, context.account_id)
    interactions, key = dependencies.interactions, context.idempotency_key
    interaction = replace(
        new_interaction(account, context, InteractionAction(operation.action)),
        kind=operation.kind,
        instance_id=operation.instance_id,
        region=operation.region,
    )
    if key and (recorded := interactions.recorded(interaction, key)):
        return _same_answer(recorded)
    try:
        instance, action_plan = act(account, context, operation, dependencies)
    except (InstanceNotFound, InteractionRefused) as refusal:
        interactions.record(refused(interaction, refusal), key)
        raise
    return interactions.record(accepted(interaction, instance, action_plan), key)


def act(
    account: Account,
    context: RequestContext,
    operation: Operation,
    dependencies: ConnectionDependencies,
) -> tuple[Instance, ActionPlan]:
    """Enters the account, finds the instance, and starts or stops it if that is needed. Records
    nothing. Raises InstanceNotFound, InteractionRefused, ServiceUnavailable.
    """
    client, instance = _find(account, context, operation, dependencies)
    return instance, _execute(client, instance, operation.action)


def _same_answer(recorded: Interaction) -> Interaction:
    """The result of the first request with the same key."""
    if recorded.outcome is InteractionOutcome.REFUSED:
        raise InteractionRefused(recorded.detail, passing=recorded.result is not None)
    return recorded


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
            raise InteractionRefused(
                f"The last test found that AWS refuses {permission} "
                f"({step.reason.value if step.reason else 'no reason given'}). "
                "Grant it as the Instructions show, press Test, and try again."
            )


def _find(
    account: Account,
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
    session = enter_to_change(account, policy, context, dependencies)
    regions = [region] if region else account.regions
    clients = [dependencies.connect(session, kind, each) for each in regions]
    results, failures = query_in_parallel(clients, lambda client: client.find(instance_id))
    found = [(client, instance) for client, instance in results.items() if instance]
    if len(found) > 1:
        names = ", ".join(instance.region for _, instance in found)
        raise InteractionRefused(f"{instance_id} exists in {names}: say which with ?region=")
    if found:
        return found[0]
    for client, judgement in failures.items():
        why = why_not_described(kind, judgement)
        raise InteractionRefused(
            f"{instance_id} could not be looked for in {client.region}: {why}",
            passing=judgement.error_code in PASSING_CODES,
        )
    raise InstanceNotFound(absent)


def _execute(client: "InstanceClient", instance: Instance, action: Action) -> ActionPlan:
    """Calls AWS if that is needed, and returns the plan. Raises InteractionRefused."""
    action_plan = plan(instance, action)
    if action_plan.planned is PlannedAction.REFUSE:
        raise InteractionRefused(action_plan.detail, passing=action_plan.passing)
    if action_plan.planned is PlannedAction.CALL:
        try:
            client.act(instance.instance_id, action)
        except CallFailed as failure:
            permission = instance.kind.descriptor.permission(action)
            raise InteractionRefused(
                why_call_failed(permission, failure.judgement),
                passing=failure.judgement.error_code in PASSING_CODES,
            ) from failure
    return action_plan
