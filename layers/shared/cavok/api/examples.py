"""Examples of bodies, parameters and messages, for /openapi.json and /docs alone. They are of one
account with a resource and a webhook: what an answer shows, and what an event tells, agrees. An
operation that changes something has an example of its own: the state that it leaves.
"""

from collections.abc import Iterable, Iterator
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

from pydantic import BaseModel

from cavok.api.caching import weak_tag
from cavok.api.conditions import etag, is_condition, tag_of
from cavok.api.models.about import Health
from cavok.api.models.accounts import AccountBody, AccountPage
from cavok.api.models.audit import AuditEntryBody, AuditPage
from cavok.api.models.detection import DetectionBody
from cavok.api.models.instances import InstanceBody, InstanceList
from cavok.api.models.instructions import InstructionsBody, InstructionStepBody
from cavok.api.models.interactions import InteractionBody, InteractionPage
from cavok.api.models.least_privilege import CoveredBody, LeastPrivilegeBody
from cavok.api.models.organizations import AccountCounts, ByStatus, OrganizationBody, QuotaBody
from cavok.api.models.permissions import PermissionGroupBody, PermissionsBody
from cavok.api.models.providers import ProviderList
from cavok.api.models.resources import NextAction, ResourceBody, ResourceList
from cavok.api.models.usage import AccountUsageBody, OrganizationUsageBody, UsageBody
from cavok.api.models.verifications import VerificationBody, VerificationPage
from cavok.api.models.webhooks import (
    DeliveryBody,
    DeliveryPage,
    Redelivery,
    TestMessage,
    WebhookBody,
)
from cavok.api.problem_pages import example
from cavok.api.responses import GatewayMessage
from cavok.domain import audit, instructions, permissions
from cavok.domain.accounts import (
    AccessType,
    Account,
    Capability,
    Issue,
    IssueCode,
    LastVerification,
    Outcome,
    Status,
)
from cavok.domain.actors import Actor, ActorKind, Requester
from cavok.domain.detection import Detection
from cavok.domain.events import (
    WEBHOOK_TEST,
    AccountChange,
    AccountVersion,
    Envelope,
    Event,
    EventType,
    InteractionChange,
    UsageChange,
    events_of,
)
from cavok.domain.interactions import (
    Interaction,
    InteractionAction,
    InteractionOutcome,
    Logged,
    Result,
    Usage,
)
from cavok.domain.kinds import Action, Kind
from cavok.domain.quotas import QuotaName
from cavok.domain.regions import RegionHealth, RegionStatus
from cavok.domain.resources import Resource
from cavok.domain.schedules import Schedule, Window
from cavok.domain.steps import ALLOWED, Step
from cavok.domain.verifications import State, Trigger, Verification
from cavok.domain.webhooks import (
    Delivery,
    DeliveryStatus,
    SigningSecret,
    Webhook,
    WebhookState,
    payload,
)

_ACCOUNT_ID, _TEST_ID, _RESOURCE_ID = (f"01JN8Q5M3C000000000000000{n}" for n in (1, 2, 3))
_INTERACTION_ID = "01JN8Q5M3C0000000000000004"
_ORGANIZATION_ID, _REGION, _PERIOD, _FREE = "org-one", "eu-west-1", "2026-11", 1000
_ADA = "ada@northwind.example"
_CONNECTED = datetime.fromisoformat("2026-11-25T16:30:00Z")
_TESTED = datetime.fromisoformat("2026-11-26T08:00:00Z")
_ENDED = _TESTED + timedelta(seconds=5)
_LATER = _TESTED + timedelta(hours=1)
_REQUESTER = Requester(
    actor=Actor(kind=ActorKind.PERSON, email=_ADA, sub="9f2d1c3e-0000-4000-8000-000000000001"),
    request_id="JKJaXmPLvHcESHA=",
    source_ip="203.0.113.7",
)
_TRUST = instructions.Trust(trusted_account_id="111122223333", external_id="cavok-Zk1bV7q0r3")
_TEMPLATE_URL = "https://templates.example/one.json"
TEMPLATE_VERSION = 1
HEALTH = (RegionHealth(_REGION, RegionStatus.REACHABLE),)

ADDED = Account(
    organization_id=_ORGANIZATION_ID,
    account_id=_ACCOUNT_ID,
    provider="aws",
    account_number="123456789012",
    name="Production1",
    access_type=AccessType.ASSUME_ROLE,
    role_name=permissions.DEFAULT_ROLE_NAME,
    access_key_id_ending=None,
    write_logs=True,
    regions=(_REGION,),
    next_verification_at=_CONNECTED,
    created_at=_CONNECTED,
    created_by=_ADA,
    updated_at=_CONNECTED,
    touched_at=_CONNECTED,
    version=1,
    writes=1,
)
_ACCOUNT = replace(
    ADDED,
    region_health=HEALTH,
    template_version=TEMPLATE_VERSION,
    status=Status.CONFIRMED,
    capabilities={group.group: Capability.FULL for group in permissions.CAPABILITY_GROUPS},
    verification=LastVerification(_TEST_ID, Outcome.CONFIRMED, _ENDED),
    next_verification_at=_TESTED + timedelta(hours=6),
    updated_at=_ENDED,
    touched_at=_TESTED,
    version=2,
    writes=3,  # its test began, and ended
)
_CHANGED = replace(_ACCOUNT, name="Production2", updated_at=_LATER, version=3, writes=4)
RUNNING = Verification(
    organization_id=_ORGANIZATION_ID,
    account_id=_ACCOUNT_ID,
    verification_id=_TEST_ID,
    trigger=Trigger.MANUAL,
    actor=_REQUESTER.actor,
    connection_revision=1,
    started_at=_TESTED,
)
VERIFICATION = replace(
    RUNNING,
    state=State.FINISHED,
    outcome=Outcome.CONFIRMED,
    finished_at=_ENDED,
    steps=(
        Step.of(
            Kind.EC2.descriptor.stop,
            ALLOWED,
            started_at=_TESTED + timedelta(seconds=2),
            duration_ms=180,
            region=_REGION,
        ),
    ),
    region_health=HEALTH,
)
RESOURCE = Resource(
    organization_id=_ORGANIZATION_ID,
    account_id=_ACCOUNT_ID,
    resource_id=_RESOURCE_ID,
    kind=Kind.RDS,
    instance_id="orders",
    region=_REGION,
    name="orders",
    schedule=Schedule(
        "Europe/Berlin", (Window(("mon", "tue", "wed", "thu", "fri"), "08:00", "18:00"),)
    ),
    followed_at=_TESTED,
    created_at=_TESTED,
    created_by=_ADA,
    updated_at=_TESTED,
    revision="5c1f6a0e9b7d4d2e",
)
_INTERACTION = Interaction(
    organization_id=_ORGANIZATION_ID,
    account_id=_ACCOUNT_ID,
    interaction_id=_INTERACTION_ID,
    action=InteractionAction.STOP,
    kind=RESOURCE.kind,
    instance_id=RESOURCE.instance_id,
    region=_REGION,
    outcome=InteractionOutcome.ACCEPTED,
    detail="It was available; stop was asked for.",
    actor=_REQUESTER.actor,
    at=_ENDED,
    request_id=_REQUESTER.request_id,
    logged=Logged.WRITTEN,
    result=Result.PENDING,
    state="stopping",
)
WEBHOOK = Webhook(
    organization_id=_ORGANIZATION_ID,
    url="https://northwind.example/cavok",
    events=(EventType.FAILED, EventType.DEGRADED),
    secrets=(SigningSecret("1", ""),),
    created_at=_CONNECTED,
    updated_at=_CONNECTED,
    updated_by=_ADA,
)
_USAGE = Usage(_PERIOD, _FREE, 800)
_LOST = Issue(
    IssueCode.PERMISSION_LOST,
    "ec2:StopInstances was allowed and no longer is.",
    "Add ec2:StopInstances to the role's policy, as the Instructions show.",
)
_NOT_ENTERED = Issue(
    IssueCode.ROLE_NOT_ASSUMABLE,
    "Cavok cannot assume the role CavokCloud in account 123456789012.",
    "Follow the Instructions of this account, then press Test.",
)


# ---- messages ------------------------------------------------------------------------------------


def _version(
    number: int, status: Status, outcome: Outcome | None, *issues: Issue
) -> AccountVersion:
    return AccountVersion(
        organization_id=_ORGANIZATION_ID,
        account_id=_ACCOUNT_ID,
        provider=_ACCOUNT.provider,
        account_number=_ACCOUNT.account_number,
        name=_ACCOUNT.name,
        status=status,
        issues=issues,
        verification=LastVerification(_TEST_ID, outcome, _ENDED) if outcome else None,
        version=number,
        at=_ENDED,
    )


def _events() -> Iterator[Event]:
    """At least one of each type. Of several, the last one is the example."""
    created = _version(ADDED.writes, Status.UNCONFIRMED, None)
    confirmed = _version(_ACCOUNT.writes, Status.CONFIRMED, Outcome.CONFIRMED)
    degraded = _version(6, Status.DEGRADED, Outcome.DEGRADED, _LOST)
    failed = _version(8, Status.FAILED, Outcome.FAILED, _NOT_ENTERED)
    revoked = _ACCOUNT.with_use_revoked(_ENDED)
    not_used = _version(9, revoked.status, Outcome.FAILED, *revoked.issues)
    missed = replace(_INTERACTION, result=Result.NOT_REACHED, state="available")
    usage = UsageChange(
        organization_id=_ORGANIZATION_ID,
        account_id=_ACCOUNT_ID,
        period=_USAGE.period,
        before=_USAGE.used - 1,
        after=_USAGE.used,
        at=_ENDED,
    )
    for change in (
        AccountChange(None, created, _CONNECTED),
        AccountChange(confirmed, degraded, _ENDED),
        AccountChange(degraded, failed, _ENDED),
        AccountChange(failed, not_used, _ENDED),
        AccountChange(not_used, None, _ENDED),
        AccountChange(created, confirmed, _ENDED),
        InteractionChange(None, _INTERACTION, _ENDED),
        InteractionChange(_INTERACTION, missed, _ENDED),
        usage,
    ):
        yield from events_of(change, _USAGE.free_interactions)
    envelope = Envelope(
        event_id=_INTERACTION_ID,
        organization_id=_ORGANIZATION_ID,
        account_id=None,
        occurred_at=_ENDED,
    )
    yield envelope.event(WEBHOOK_TEST, {"message": "This is a test. Your receiver got it."})


MESSAGES: dict[str, Any] = {
    event.type: payload({"detail-type": event.type, "detail": event.detail}) for event in _events()
}
"""What a webhook is sent, by the type of the event."""


# ---- bodies --------------------------------------------------------------------------------------

_CURSOR = "WyJvcmctb25lIiwibmFtZSIsIlByb2R1Y3Rpb24xIiwiMDFKTjhRIl0="
_GROUP = permissions.RDS
_SHORT_TEMPLATE = '{"AWSTemplateFormatVersion": "2010-09-09", …}'
_SHORT_TERRAFORM = 'resource "aws_iam_role" "cavok" { … }'


def _body(account: Account) -> AccountBody:
    return AccountBody.of(
        account, provider_id=account.account_number, access_key_id=None, testing=False
    )


_account = _body(_ACCOUNT)
_verification = VerificationBody.of(VERIFICATION)
_resource = ResourceBody.of(
    RESOURCE, next_action=NextAction(action=Action.STOP, at=_TESTED + timedelta(hours=9))
)
_interaction = InteractionBody.of_interaction(_INTERACTION)
_webhook = WebhookBody.of(WEBHOOK, secret=None, state=WebhookState.ACTIVE)
_new_webhook = _webhook.model_copy(
    update={"secret": "whsec_C2FVsBQIhrscChlQIMV+b5sSYspob7oD1wWHj+C0zbk="}
)


def _just(action: InteractionAction, state: str) -> InteractionBody:
    """An act that AWS has accepted a moment ago."""
    detail = f"It was {state}; {action} was asked for."
    act = replace(_INTERACTION, action=action, detail=detail, state=None, logged=Logged.PENDING)
    return InteractionBody.of_interaction(act)


_OF_OPERATIONS: dict[str, dict[str, BaseModel]] = {
    "create_account": {"201": _body(ADDED)},
    "patch_account": {"200": _body(_CHANGED)},
    "create_verification": {"202": VerificationBody.of(RUNNING)},
    "start_instance": {"202": _just(InteractionAction.START, "stopped")},
    "stop_instance": {"202": _just(InteractionAction.STOP, "available")},
    "put_webhook": {"201": _new_webhook},
}
ANSWERS = {
    operation: {status: body.model_dump(mode="json") for status, body in bodies.items()}
    for operation, bodies in _OF_OPERATIONS.items()
}
"""By operation and status, where the answer is not as the example of its component."""


def _answers() -> Iterable[BaseModel]:
    yield _account
    yield _verification
    yield _resource
    yield _interaction
    yield _webhook
    yield AccountPage(items=[_account], next_cursor=_CURSOR)
    yield VerificationPage(items=[_verification], next_cursor=None)
    yield ResourceList(items=[_resource], next_cursor=None)
    yield InteractionPage(items=[_interaction], next_cursor=None)
    entry = audit.created(_ACCOUNT, _REQUESTER)
    entry = replace(entry, entry_id="01JN8Q5M3C0000000000000005", changes=entry.changes[:2])
    yield AuditPage(items=[AuditEntryBody.of_entry(entry)], next_cursor=None)
    yield DetectionBody(state=Detection.FOUND)
    instance = InstanceBody(
        kind=RESOURCE.kind,
        instance_id=RESOURCE.instance_id,
        name=RESOURCE.name,
        region=_REGION,
        state="available",
        type="db.t4g.micro",
    )
    yield InstanceList(items=[instance], unavailable=[], as_of=_ENDED)
    step = InstructionStepBody.of(instructions.steps(_ACCOUNT)[0])
    yield InstructionsBody(
        steps=[step],
        trust_policy=instructions.trust_policy(_ACCOUNT, _TRUST),
        permissions_policy=permissions.policy_document([_GROUP]),
        deploy_on_aws_url=instructions.deploy_url(_ACCOUNT, _TRUST, _TEMPLATE_URL),
        cloudformation_template=_SHORT_TEMPLATE,
        terraform=_SHORT_TERRAFORM,
        cli="aws iam create-role …",
        update=None,
    )
    yield LeastPrivilegeBody(
        policy_document=permissions.policy_document([_GROUP]),
        cloudformation_template=_SHORT_TEMPLATE,
        terraform=_SHORT_TERRAFORM,
        removes=["Starting and stopping every EC2 instance."],
        covers=[CoveredBody(resource_id=_RESOURCE_ID, actions=[RESOURCE.kind.descriptor.stop])],
    )
    yield PermissionsBody(
        groups=[PermissionGroupBody.of(_GROUP, actions=_GROUP.permissions[:1])],
        policy_document=permissions.policy_document([_GROUP]),
    )
    yield OrganizationBody(
        organization_id=_ORGANIZATION_ID,
        external_id=_TRUST.external_id,
        trusted_account_id=_TRUST.trusted_account_id,
        accounts=AccountCounts(
            total=1, by_status=ByStatus(unconfirmed=0, confirmed=1, degraded=0, failed=0)
        ),
        quotas=[QuotaBody(name=QuotaName.TESTS, limit=60, per_seconds=60, remaining=59)],
    )
    yield UsageBody.of(_USAGE)
    yield OrganizationUsageBody(
        period=_USAGE.period,
        resets_at=_USAGE.resets_at,
        free_interactions=_USAGE.free_interactions,
        items=[AccountUsageBody.of(_USAGE, account_id=_ACCOUNT_ID, name=_ACCOUNT.name)],
        next_cursor=None,
    )
    delivery = Delivery(
        organization_id=_ORGANIZATION_ID,
        event_id=MESSAGES[EventType.FAILED]["data"]["event_id"],
        type=EventType.FAILED,
        at=_ENDED,
        event="",
        status=DeliveryStatus.DELIVERED,
        tries=1,
        http_status=204,
        duration_ms=85,
    )
    yield DeliveryPage(items=[DeliveryBody.of(delivery)])
    yield ProviderList.of_all()
    yield from (Health(), TestMessage(), Redelivery(), GatewayMessage(message="Unauthorized"))


EXAMPLES: dict[str, Any] = {
    "Problem": example("account_not_found"),
    "NewAccountBody": _account.model_dump(
        mode="json",
        include={"provider", "provider_id", "name", "access_type", "write_logs", "regions"},
    ),
    "AccountChangeBody": {"name": _CHANGED.name},
    "CredentialsBody": {
        "access_key_id": "AKIAIOSFODNN7EXAMPLE",
        "secret_access_key": "your secret access key",
    },
    "NewResourceBody": _resource.model_dump(
        mode="json", include={"kind", "instance_id", "region", "schedule"}
    ),
    "ResourceChangeBody": _resource.model_dump(mode="json", include={"schedule"}),
    "WebhookSettings": _webhook.model_dump(mode="json", include={"url", "events"}),
    **{type(body).__name__: body.model_dump(mode="json") for body in _answers()},
}
"""By component: each body that a client sends or gets."""


# ---- parameters ----------------------------------------------------------------------------------

PARAMETERS: dict[str, Any] = {
    "account_id": _ACCOUNT_ID,
    "by": "arn",
    "cursor": _CURSOR,
    "event_id": MESSAGES[EventType.FAILED]["data"]["event_id"],
    "idempotency-key": "5f0c7a9e-1b7d-4d2e-9a55-3f2f0a4c8d11",
    "instance_id": RESOURCE.instance_id,
    "kind": RESOURCE.kind,
    "limit": 50,
    "percent": "80",
    "period": _PERIOD,
    "q": "Prod",
    "refresh": True,
    "region": _REGION,
    "resource_id": _RESOURCE_ID,
    "status": "confirmed",
    "verification_id": _TEST_ID,
}
"""One for each name, except those of conditions."""

_TAGS = {
    "/v1/accounts/{account_id}": etag(_ACCOUNT.version, _ACCOUNT.writes, testing=False),
    "/v1/accounts/{account_id}/resources/{resource_id}": tag_of(RESOURCE.version, _resource),
    "/v1/organization/webhook": tag_of(WEBHOOK.version, _webhook),
}
"""Strong ETags by the path of what has them."""


def of_parameter(name: str, method: str, path: str) -> Any:
    """The example of a parameter of an operation."""
    return _tag_for(name, method, path) if is_condition(name) else PARAMETERS[name]


def header_of_message(name: str, event_type: str) -> str | int:
    """The example of a header of a message to a webhook."""
    message = MESSAGES[event_type]
    signed_at = datetime.fromisoformat(message["timestamp"])
    headers: dict[str, str | int] = {
        "webhook-id": message["data"]["event_id"],
        "webhook-timestamp": int(signed_at.timestamp()),
        "webhook-signature": "v1,K5oZfzN95Z9UVu1EsfQmfVNQhnkZ2pj9o9NDN/H/pI4=",
    }
    return headers[name]


def _tag_for(name: str, method: str, path: str) -> str:
    """A route that changes something takes the tag of what is there. A list has a weak tag, as all
    that is only shown, and If-Match never matches one.
    """
    owners = [each for each in _TAGS if path == each or (method != "get" and path.startswith(each))]
    if owners:
        return _TAGS[max(owners, key=len)]
    return "*" if name == "if-match" else weak_tag("")


def add(document: dict[str, Any]) -> None:
    """Adds the examples of bodies, answers and messages to an OpenAPI document."""
    schemas = document["components"]["schemas"]
    for name, example_ in EXAMPLES.items():
        schemas[name]["examples"] = [example_]
    for operations in document["paths"].values():
        for operation in operations.values():
            for status, answer in ANSWERS.get(operation["operationId"], {}).items():
                operation["responses"][status]["content"]["application/json"]["example"] = answer
    for name, operations in document["webhooks"].items():
        body = operations["post"]["requestBody"]["content"]["application/json"]
        body["example"] = MESSAGES[name]
