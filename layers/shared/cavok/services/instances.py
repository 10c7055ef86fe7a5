"""Using a connection: listing a customer's instances, starting and stopping one."""

from collections.abc import Callable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor, wait
from dataclasses import dataclass, replace
from datetime import datetime
from typing import TYPE_CHECKING, TypeVar

from ulid import ULID

from cavok.domain.access_denied import Reason
from cavok.domain.accounts import CONNECTED, Account
from cavok.domain.errors import (
    CallFailed,
    EntryInconclusive,
    EntryRefused,
    InstanceNotFound,
    InteractionRefused,
    InvalidField,
    ServiceUnavailable,
    VerificationNotFound,
)
from cavok.domain.instances import (
    LOOKING,
    PERMISSION,
    Action,
    Decision,
    Instance,
    Kind,
    Operation,
    Unavailable,
    Verdict,
    decide,
    is_instance_id,
)
from cavok.domain.interactions import (
    Interaction,
    InteractionAction,
    InteractionOutcome,
    logged_at_first,
)
from cavok.domain.session_policies import listing_policy, operating_policy
from cavok.domain.steps import Judgement
from cavok.domain.steps import Verdict as Proof

if TYPE_CHECKING:  # who only reads the history loads no boto3
    from cavok.adapters.customer.instances import Instances
    from cavok.adapters.customer.session import CustomerSession
    from cavok.adapters.table.accounts import Accounts
    from cavok.adapters.table.interactions import Interactions
    from cavok.adapters.table.verifications import Verifications
    from cavok.services.customer_sessions import CustomerSessions

TIME_LIMIT_SECONDS = 12
"""What has not answered by then is named as unavailable: the gateway itself waits for 30."""

_THREADS = 16

T = TypeVar("T")


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """Who asks for what, in which request. `key` makes a repeated request the same one."""

    organization_id: str
    account_id: str
    actor: str
    request_id: str
    now: datetime
    key: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Connections:
    """What using a connection takes."""

    accounts: "Accounts"
    verifications: "Verifications"
    sessions: "CustomerSessions"
    interactions: "Interactions"
    connect: "Callable[[CustomerSession, Kind, str], Instances]"


@dataclass(frozen=True, slots=True)
class Listing:
    items: Sequence[Instance]
    unavailable: Sequence[Unavailable]


def list_instances(
    asked: Asked, *, region: str | None, kind: Kind | None, connections: Connections
) -> Listing:
    """The instances of a connected account over its regions, in parallel, or of the one region or
    kind asked for. What cannot be listed is named. Raises AccountNotFound, InvalidField,
    InteractionRefused, ServiceUnavailable.
    """
    account = connections.accounts.get(asked.organization_id, asked.account_id)
    if region not in (None, *account.regions):
        raise InvalidField("region", f"One of this account's: {', '.join(account.regions)}.")
    _must_be_connected(account)
    session = _enter(account, listing_policy(), asked, connections)
    places = [
        connections.connect(session, each_kind, each_region)
        for each_region in ([region] if region else account.regions)
        for each_kind in ([kind] if kind else list(Kind))
    ]
    found, failed = _everywhere(places, lambda place: place.list())
    listing = Listing(
        sorted(
            (instance for instances in found.values() for instance in instances),
            key=lambda i: (i.region, list(Kind).index(i.kind), i.name or "", i.instance_id),
        ),
        [Unavailable(p.region, p.kind, _why_not_listed(p.kind, j)) for p, j in failed.items()],
    )
    missing = f"; {len(listing.unavailable)} could not be listed" if listing.unavailable else ""
    count = len(listing.items)
    detail = f"{count} instance{'' if count == 1 else 's'}{missing}."
    interaction = _interaction(account, asked, InteractionAction.LIST)
    connections.interactions.record(replace(interaction, region=region, kind=kind, detail=detail))
    return listing


def operate(asked: Asked, operation: Operation, *, connections: Connections) -> Interaction:
    """Starts or stops an instance, and records that, whether AWS takes it or not.

    Raises AccountNotFound, InstanceNotFound, InteractionRefused, ServiceUnavailable.
    """
    account = connections.accounts.get(asked.organization_id, asked.account_id)
    interaction = replace(
        _interaction(account, asked, InteractionAction(operation.action)),
        kind=operation.kind,
        instance_id=operation.instance_id,
        region=operation.region,
    )
    if asked.key and (made := connections.interactions.recorded(interaction, asked.key)):
        return _as_answered(made)
    try:
        place, instance = _locate(account, asked, operation, connections)
        decision = _carry_out(place, instance, operation.action)
    except (InstanceNotFound, InteractionRefused) as refusal:
        refused = replace(interaction, outcome=InteractionOutcome.REFUSED, detail=str(refusal))
        connections.interactions.record(refused, asked.key)
        raise
    done = replace(
        interaction,
        region=instance.region,
        detail=decision.detail,
        changed=decision.verdict is Verdict.ACT,
    )
    return connections.interactions.record(done, asked.key)


def _as_answered(made: Interaction) -> Interaction:
    """The answer that the first request of the same key had."""
    if made.outcome is InteractionOutcome.REFUSED:
        raise InteractionRefused(made.detail)
    return made


def _interaction(account: Account, asked: Asked, action: InteractionAction) -> Interaction:
    return Interaction(
        organization_id=account.organization_id,
        account_id=account.account_id,
        interaction_id=str(ULID()),
        action=action,
        outcome=InteractionOutcome.ACCEPTED,
        detail="",
        actor=asked.actor,
        at=asked.now,
        request_id=asked.request_id,
        logged=logged_at_first(account),
    )


def _must_be_connected(account: Account) -> None:
    if account.status not in CONNECTED:
        raise InteractionRefused(
            f"The account {account.name} is {account.status.value}, not connected: follow its "
            "Instructions, press Test, and try again."
        )


def _must_not_be_known_to_lack(
    account: Account, permission: str, verifications: "Verifications"
) -> None:
    """Refuses what the last test found refused, without trying it on a real instance."""
    if account.verification is None:
        return
    try:
        last = verifications.get(account.account_id, account.verification.verification_id)
    except VerificationNotFound:
        return
    for step in last.steps:
        if step.step == permission and step.verdict is Proof.DENIED:
            raise InteractionRefused(
                f"The last test found that AWS refuses {permission} "
                f"({step.reason.value if step.reason else 'no reason given'}). "
                "Grant it as the Instructions show, press Test, and try again."
            )


def _enter(
    account: Account, policy: dict[str, object], asked: Asked, connections: Connections
) -> "CustomerSession":
    try:
        return connections.sessions.enter(account, policy, "instances", asked.now)
    except EntryRefused as error:
        raise InteractionRefused(
            f"AWS does not let Cavok into the account: {error} Press Test to see what is wrong."
        ) from error
    except EntryInconclusive as error:
        raise ServiceUnavailable(
            "The account could not be entered at this moment. Please try again."
        ) from error


def _locate(
    account: Account, asked: Asked, operation: Operation, connections: Connections
) -> "tuple[Instances, Instance]":
    """The one instance of this kind and identifier, and where it is."""
    _must_be_connected(account)
    kind, instance_id, region = operation.kind, operation.instance_id, operation.region
    absent = f"There is no {kind.value} instance {instance_id[:64]} in this account's regions."
    if not is_instance_id(kind, instance_id) or region not in (None, *account.regions):
        raise InstanceNotFound(absent)
    _must_not_be_known_to_lack(account, operation.permission, connections.verifications)
    policy = operating_policy(account.account_number, operation)
    session = _enter(account, policy, asked, connections)
    regions = [region] if region else account.regions
    places = [connections.connect(session, kind, each) for each in regions]
    found, failed = _everywhere(places, lambda place: place.find(instance_id))
    located = [(place, instance) for place, instance in found.items() if instance]
    if len(located) > 1:
        names = ", ".join(instance.region for _, instance in located)
        raise InteractionRefused(f"{instance_id} exists in {names}: say which with ?region=")
    if located:
        return located[0]
    for place, judgement in failed.items():
        why = _why_not_listed(kind, judgement)
        raise InteractionRefused(f"{instance_id} could not be looked for in {place.region}: {why}")
    raise InstanceNotFound(absent)


def _carry_out(place: "Instances", instance: Instance, action: Action) -> Decision:
    decision = decide(instance, action)
    if decision.verdict is Verdict.REFUSE:
        raise InteractionRefused(decision.detail)
    if decision.verdict is Verdict.ACT:
        try:
            place.act(instance.instance_id, action)
        except CallFailed as failure:
            permission = PERMISSION[instance.kind, action]
            raise InteractionRefused(_why_refused(permission, failure.judgement)) from failure
    return decision


def _everywhere(
    places: "Sequence[Instances]", look: "Callable[[Instances], T]"
) -> "tuple[dict[Instances, T], dict[Instances, Judgement]]":
    """What `look` finds in each place, and why it found nothing there, in the order of places."""
    pool = ThreadPoolExecutor(max_workers=min(_THREADS, len(places)))
    futures: dict[Instances, Future[T]] = {place: pool.submit(look, place) for place in places}
    wait(futures.values(), timeout=TIME_LIMIT_SECONDS)
    pool.shutdown(wait=False, cancel_futures=True)
    found: dict[Instances, T] = {}
    failed: dict[Instances, Judgement] = {}
    for place, future in futures.items():
        if not future.done() or future.cancelled():
            failed[place] = _NO_ANSWER
            continue
        try:
            found[place] = future.result()
        except CallFailed as failure:
            failed[place] = failure.judgement
    return found, failed


_NO_ANSWER = Judgement(
    verdict=Proof.INCONCLUSIVE,
    reason=Reason.ERROR,
    error_code="RequestTimeout",
    detail=f"no answer within {TIME_LIMIT_SECONDS} seconds",
)


def _why_not_listed(kind: Kind, judgement: Judgement) -> str:
    if judgement.reason is Reason.REGION_DISABLED:
        return f"The account has not enabled this region ({judgement.error_code})."
    return _why_refused(LOOKING[kind], judgement)


def _why_refused(permission: str, judgement: Judgement) -> str:
    verb = "refuses" if judgement.verdict is Proof.DENIED else "did not carry out"
    # EC2 appends what only sts:DecodeAuthorizationMessage reads.
    said = (judgement.detail or "").partition(" Encoded authorization failure message")[0]
    return f"AWS {verb} {permission}: {judgement.error_code}: {said}"
