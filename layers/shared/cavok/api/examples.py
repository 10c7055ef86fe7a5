"""Examples of bodies, parameters and messages, for /openapi.json and /docs alone. They are of one
account with a resource and a webhook: what answers and events show agrees. An
operation that changes something has an example of its own: the state that it leaves.
"""

from collections.abc import Iterable, Iterator
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any, NamedTuple

from pydantic import BaseModel

from cavok.adapters.table import keys
from cavok.api.as_csv import csv_of
from cavok.api.caching import NOT_NAMED, weak_tag
from cavok.api.conditions import etag, is_condition, tag_of
from cavok.api.models.about import Health
from cavok.api.models.accounts import AccountBody, AccountPage
from cavok.api.models.audit import AuditEntryBody, AuditPage
from cavok.api.models.bulk import BulkAnswer, OperationBody, OperationList
from cavok.api.models.detection import DetectionBody
from cavok.api.models.enrollments import (
    EndedEnrollmentBody,
    EnrollmentBody,
    EnrollmentInstructionsBody,
    EnrollmentPage,
)
from cavok.api.models.instances import InstanceBody, InstanceList
from cavok.api.models.instructions import InstructionsBody, InstructionStepBody
from cavok.api.models.interactions import InteractionBody, InteractionPage
from cavok.api.models.invitations import (
    InvitationBody,
    InvitationPage,
    InvitedBody,
    ValidInvitationBody,
)
from cavok.api.models.least_privilege import LeastPrivilegeBody
from cavok.api.models.members import MemberBody, MemberPage, UnitBody, UnitPage
from cavok.api.models.organizations import (
    AccountCounts,
    ByStatus,
    OrganizationBody,
    QuotaBody,
    VersionInUseBody,
)
from cavok.api.models.permissions import GroupChoiceBody, PermissionGroupBody, PermissionsBody
from cavok.api.models.providers import ProviderList
from cavok.api.models.resource_list import ListedResourceBody, OrganizationResourceList
from cavok.api.models.resources import NextAction, ResourceBody, ResourceList
from cavok.api.models.shared_problems import SharedProblemBody, SharedProblemPage
from cavok.api.models.synchronizations import SynchronizationBody
from cavok.api.models.usage import (
    AccountUsageBody,
    MonthBody,
    MonthList,
    OrganizationUsageBody,
    UsageBody,
)
from cavok.api.models.verifications import VerificationBody, VerificationPage
from cavok.api.models.webhooks import (
    DeliveryBody,
    DeliveryPage,
    Redelivery,
    TestMessage,
    WebhookBody,
)
from cavok.api.parameters import unknown_parameter
from cavok.api.problem_pages import example
from cavok.api.problems import PROBLEM_JSON
from cavok.api.responses import GatewayMessage
from cavok.domain import audit, instructions, permissions, template_versions
from cavok.domain.account_list import AccountSort, Selection
from cavok.domain.accounts import (
    AccessType,
    Account,
    Capability,
    Fix,
    Issue,
    IssueCode,
    LastVerification,
    Outcome,
    Status,
    StatusChange,
)
from cavok.domain.actors import Actor, ActorKind, Requester
from cavok.domain.bulk import BulkAction, BulkOperation, BulkState
from cavok.domain.chosen_groups import GroupAccess, choice_of
from cavok.domain.detection import Detection
from cavok.domain.enrollments import Enrollment, EnrollmentStatus, features_of
from cavok.domain.errors import PreconditionFailed
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
from cavok.domain.fixes import grant, principal_page
from cavok.domain.interactions import (
    Interaction,
    InteractionAction,
    InteractionOutcome,
    Logged,
    Result,
    Usage,
)
from cavok.domain.invitations import Invitation
from cavok.domain.kinds import Action, Kind
from cavok.domain.least_privilege import Scope, least_privilege
from cavok.domain.member_states import MemberState
from cavok.domain.members import Member, MemberShown, Place, Standing, totals_by_unit
from cavok.domain.pages import Position, PositionKind
from cavok.domain.quotas import QuotaName
from cavok.domain.regions import RegionHealth, RegionStatus
from cavok.domain.resource_list import ListedResource, ResourceSelection
from cavok.domain.resources import Resource
from cavok.domain.schedules import Schedule, Window
from cavok.domain.shared_problems import shared_problems
from cavok.domain.steps import ALLOWED, Step
from cavok.domain.synchronizations import Synchronization, SynchronizationState
from cavok.domain.verifications import State, Trigger, Verification
from cavok.domain.webhooks import (
    Delivery,
    DeliveryStatus,
    ReceiverMessage,
    SigningSecret,
    Webhook,
    WebhookState,
    payload,
    signed_headers,
)


def _id(number: int) -> str:
    return f"01JN8Q5M3C{number:016}"


_ACCOUNT_ID, _TEST_ID, _RESOURCE_ID, _INTERACTION_ID, _ENTRY_ID = map(_id, range(1, 6))
_ORGANIZATION_ID, _REGION, _PERIOD, _FREE = "org-one", "eu-west-1", "2026-11", 1000
_ADA = "ada@northwind.example"
_CONNECTED = datetime.fromisoformat("2026-11-25T16:30:00Z")
_TESTED = datetime.fromisoformat("2026-11-26T08:00:00Z")
_ENDED = _TESTED + timedelta(seconds=5)
_STARTED, _STOPPED = _TESTED + timedelta(minutes=20), _TESTED + timedelta(minutes=30)
_LATER = _TESTED + timedelta(hours=1)
REQUESTER = Requester(
    actor=Actor(kind=ActorKind.PERSON, email=_ADA, sub="9f2d1c3e-0000-4000-8000-000000000001"),
    request_id="JKJaXmPLvHcESHA=",
    source_ip="203.0.113.7",
)
_TRUST = instructions.Trust(trusted_account_id="111122223333", external_id="cavok-Zk1bV7q0r3")
_TEMPLATE_URL = "https://templates.example/one.json"
TEMPLATE_VERSION = template_versions.current()
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
JOINED = replace(ADDED, enrollment_id=_id(10))
"""The same account, if a synchronization adds it."""
_CONFIRMED = LastVerification(_TEST_ID, Outcome.CONFIRMED, _ENDED)
_ACCOUNT = replace(
    JOINED,
    region_health=HEALTH,
    template_version=TEMPLATE_VERSION,
    status=Status.CONFIRMED,
    status_changes=(StatusChange(f"{_ENDED:%Y-%m-%d}", Status.UNCONFIRMED),),
    capabilities={group.group: Capability.FULL for group in permissions.CAPABILITY_GROUPS},
    verification=_CONFIRMED,
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
    actor=REQUESTER.actor,
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
INTERACTION = Interaction(
    organization_id=_ORGANIZATION_ID,
    account_id=_ACCOUNT_ID,
    interaction_id=_INTERACTION_ID,
    action=InteractionAction.STOP,
    kind=RESOURCE.kind,
    instance_id=RESOURCE.instance_id,
    region=_REGION,
    outcome=InteractionOutcome.ACCEPTED,
    detail="It was available; stop was asked for.",
    actor=REQUESTER.actor,
    at=_STOPPED,
    request_id=REQUESTER.request_id,
    logged=Logged.WRITTEN,
    result=Result.PENDING,
    state="stopping",
)
WEBHOOK = Webhook(
    organization_id=_ORGANIZATION_ID,
    url="https://northwind.example/cavok",
    events=(EventType.FAILED, EventType.DEGRADED, EventType.USAGE),
    secrets=(SigningSecret("1", ""),),
    created_at=_CONNECTED,
    updated_at=_CONNECTED,
    updated_by=_ADA,
)
INVITATION_TOKEN = f"{_ACCOUNT_ID}{'5f0c7a9e1b7d4d2e' * 4}"
INVITATION = Invitation.of_token(INVITATION_TOKEN, _ACCOUNT, _ENDED)
ENROLLED = Enrollment(
    organization_id=_ORGANIZATION_ID,
    enrollment_id=str(JOINED.enrollment_id),
    provider="aws",
    name="Northwind",
    management_account_id=JOINED.account_number,
    exclude_ous=("ou-ab12-11111111",),
    regions=(_REGION,),
    write_logs=True,
    features=features_of(None, write_logs=True),
    next_synchronization_at=_CONNECTED,
    created_at=_CONNECTED,
    created_by=_ADA,
    updated_at=_CONNECTED,
    touched_at=_CONNECTED,
    version=1,
    writes=1,
)
ENROLLMENT = replace(
    ENROLLED,
    organization_arn=f"arn:aws:organizations::{JOINED.account_number}:organization/o-ab12cd34ef",
    status=EnrollmentStatus.CONNECTED,
    last_synchronized_at=_TESTED,
    next_synchronization_at=_TESTED + timedelta(hours=6),
    updated_at=_TESTED,
    touched_at=_TESTED,
    version=2,
    writes=3,
)
_ENROLLMENT_CHANGED = replace(
    ENROLLMENT,
    name="Northwind2",
    next_synchronization_at=_LATER,
    updated_at=_LATER,
    touched_at=_LATER,
    version=3,
    writes=4,
)
MEMBER = Member(
    organization_id=_ORGANIZATION_ID,
    enrollment_id=ENROLLMENT.enrollment_id,
    account_number=JOINED.account_number,
    name="Production 1",
    place=Place(("r-ab12", "ou-ab12-22222222"), "Root/Shops"),
    standing=Standing.INCLUDED,
    account_id=JOINED.account_id,
    given_name=JOINED.name,
)
SYNCHRONIZING = Synchronization(
    organization_id=_ORGANIZATION_ID,
    enrollment_id=ENROLLMENT.enrollment_id,
    synchronization_id=_id(11),
    actor=REQUESTER.actor,
    again=True,
    started_at=_TESTED - timedelta(seconds=20),
)
SYNCHRONIZATION = replace(
    SYNCHRONIZING, state=SynchronizationState.FINISHED, finished_at=_TESTED, found=1
)
BULK_OPERATION = BulkOperation(
    organization_id=_ORGANIZATION_ID,
    operation_id=_id(12),
    action=BulkAction.TEST,
    value=None,
    selection=None,
    requester=REQUESTER,
    total=2,
    started_at=_TESTED,
).after_one(_TESTED, changed=True)
_USAGE = Usage(_PERIOD, _FREE, 800)
_LOST = Issue(
    IssueCode.PERMISSION_LOST,
    "ec2:StopInstances was allowed and no longer is.",
    "Add ec2:StopInstances to the role's policy, as the Instructions show.",
    fix=grant(_ACCOUNT, ["ec2:StopInstances"]),
)
WITH_A_PROBLEM = replace(_ACCOUNT, status=Status.DEGRADED, issues=(_LOST,))
_BY_HAND = replace(WITH_A_PROBLEM, enrollment_id=None)
_NOT_ENTERED = Issue(
    IssueCode.ROLE_NOT_ASSUMABLE,
    "Cavok cannot assume the role CavokCloud in account 123456789012.",
    "Follow the Instructions of this account, then press Test.",
    fix=Fix(console_url=principal_page(_ACCOUNT, "trust_relationships")),
)


# ---- messages ------------------------------------------------------------------------------------

# The account's later tests, one a day.
_DEGRADED = LastVerification(_id(6), Outcome.DEGRADED, _ENDED + timedelta(days=1))
_FAILED = LastVerification(_id(7), Outcome.FAILED, _ENDED + timedelta(days=2))


def _version(
    number: int, at: datetime, status: Status, last: LastVerification | None, *issues: Issue
) -> AccountVersion:
    return AccountVersion(
        organization_id=_ORGANIZATION_ID,
        account_id=_ACCOUNT_ID,
        provider=_ACCOUNT.provider,
        account_number=_ACCOUNT.account_number,
        name=_ACCOUNT.name,
        status=status,
        issues=issues,
        verification=last,
        version=number,
        at=at,
    )


def _tested(number: int, last: LastVerification, *issues: Issue) -> AccountVersion:
    return _version(number, last.finished_at, Status(last.outcome), last, *issues)


def _events() -> Iterator[Event]:
    """At least one of each type. If there are several, the last one is the example."""
    created = _version(ADDED.writes, ADDED.created_at, Status.UNCONFIRMED, None)
    confirmed = _tested(_ACCOUNT.writes, _CONFIRMED)
    degraded = _tested(5, _DEGRADED, _LOST)
    failed = _tested(7, _FAILED, _NOT_ENTERED)
    revoked = _ACCOUNT.with_use_revoked(failed.at + timedelta(hours=1))
    not_used = _version(8, revoked.updated_at, revoked.status, _FAILED, *revoked.issues)
    missed = replace(INTERACTION, result=Result.NOT_REACHED, state="available")
    usage = UsageChange(
        organization_id=_ORGANIZATION_ID,
        account_id=_ACCOUNT_ID,
        period=_USAGE.period,
        before=_USAGE.used - 1,
        after=_USAGE.used,
        at=INTERACTION.at,
    )
    for change in (
        AccountChange(None, created, created.at),
        AccountChange(confirmed, degraded, degraded.at),
        AccountChange(degraded, failed, failed.at),
        AccountChange(failed, not_used, not_used.at),
        AccountChange(not_used, None, not_used.at + timedelta(hours=1)),
        AccountChange(created, confirmed, confirmed.at),
        InteractionChange(None, INTERACTION, INTERACTION.at),
        InteractionChange(INTERACTION, missed, INTERACTION.at + timedelta(minutes=10)),
        usage,
    ):
        yield from events_of(change, _USAGE.free_interactions)
    envelope = Envelope(
        event_id=_id(8),
        organization_id=_ORGANIZATION_ID,
        account_id=None,
        occurred_at=WEBHOOK.created_at + timedelta(minutes=1),
    )
    yield envelope.event(WEBHOOK_TEST, {"message": "This is a test. Your receiver got it."})


MESSAGES: dict[str, Any] = {
    event.type: payload({"detail-type": event.type, "detail": event.detail}) for event in _events()
}
"""What a webhook is sent, by the type of the event."""

DELIVERY = Delivery(
    organization_id=_ORGANIZATION_ID,
    event_id=MESSAGES[EventType.FAILED]["data"]["event_id"],
    type=EventType.FAILED,
    at=datetime.fromisoformat(MESSAGES[EventType.FAILED]["timestamp"]),
    event="",
    status=DeliveryStatus.DELIVERED,
    tries=1,
    http_status=204,
    duration_ms=85,
)


# ---- bodies --------------------------------------------------------------------------------------

_SECRET = "whsec_C2FVsBQIhrscChlQIMV+b5sSYspob7oD1wWHj+C0zbk="  # noqa: S105  of nobody
_GROUP = permissions.RDS
_GROUPS = f"checking,ec2:{GroupAccess.READ_ONLY}"
_SHORT_TEMPLATE = '{"AWSTemplateFormatVersion": "2010-09-09", …}'
_SHORT_TERRAFORM = 'resource "aws_iam_role" "cavok" { … }'


def _body(account: Account) -> AccountBody:
    return AccountBody.of(
        account, provider_id=account.account_number, access_key_id=None, testing=False
    )


_account = _body(_ACCOUNT)
_verification = VerificationBody.of(VERIFICATION)
_NEXT_STOP = _TESTED + timedelta(hours=9)
_resource = ResourceBody.of(RESOURCE, next_action=NextAction(action=Action.STOP, at=_NEXT_STOP))
_listed_resource = ListedResourceBody.of_listed(
    ListedResource(
        resource=RESOURCE,
        account_name=_ACCOUNT.name,
        account_number=_ACCOUNT.account_number,
        account_status=_ACCOUNT.status,
    ),
    _TESTED,
)
_interaction = InteractionBody.of_interaction(INTERACTION)


def _enrollment_body(enrollment: Enrollment, **totals: int) -> EnrollmentBody:
    counted = {str(state): totals.get(state, 0) for state in MemberState}
    template = template_versions.template_of(TEMPLATE_VERSION) if totals else None
    return EnrollmentBody.of(enrollment, totals=counted, template=template, synchronizing=False)


_enrollment = _enrollment_body(ENROLLMENT, connected=1)
_webhook = WebhookBody.of(WEBHOOK, secret=None, state=WebhookState.ACTIVE)
_new_webhook = _webhook.model_copy(update={"secret": _SECRET})


def _just(act: Interaction, state: str) -> InteractionBody:
    """An act that AWS has accepted a moment ago."""
    detail = f"It was {state}; {act.action} was asked for."
    return InteractionBody.of_interaction(
        replace(act, detail=detail, state=None, logged=Logged.PENDING)
    )


_START = replace(INTERACTION, interaction_id=_id(9), action=InteractionAction.START, at=_STARTED)


_OF_OPERATIONS: dict[str, dict[str, BaseModel]] = {
    "create_account": {"201": _body(ADDED)},
    "patch_account": {"200": _body(_CHANGED)},
    "create_verification": {"202": VerificationBody.of(RUNNING)},
    "start_instance": {"202": _just(_START, "stopped")},
    "stop_instance": {"202": _just(INTERACTION, "available")},
    "put_webhook": {"201": _new_webhook},
    "create_enrollment": {"201": _enrollment_body(ENROLLED)},
    "patch_enrollment": {"200": _enrollment_body(_ENROLLMENT_CHANGED, connected=1)},
    "create_synchronization": {"202": SynchronizationBody.of(SYNCHRONIZING)},
    "stop_operation": {
        "200": OperationBody.of_operation(BULK_OPERATION.ended(BulkState.STOPPED, _TESTED))
    },
}
ANSWERS = {
    operation: {status: body.model_dump(mode="json") for status, body in bodies.items()}
    for operation, bodies in _OF_OPERATIONS.items()
}
"""By operation and status, where the answer is not as the example of its component."""


ACCOUNTS_AS_CSV = csv_of([_account.model_dump(mode="json")], header=True)
"""The first page of the list, as CSV."""


def _answers() -> Iterable[BaseModel]:
    yield _account
    yield _verification
    yield _resource
    yield _interaction
    yield _webhook
    yield _enrollment
    yield EnrollmentPage(items=[_enrollment])
    yield EndedEnrollmentBody.made()
    yield SynchronizationBody.of(SYNCHRONIZATION)
    shown = MemberShown.of(MEMBER, _ACCOUNT)
    yield MemberPage(items=[MemberBody.of_member(shown)], next_cursor=None)
    units = [UnitBody.of_unit(unit) for unit in totals_by_unit([shown])]
    yield UnitPage(items=units, next_cursor=None)
    deploying = EnrollmentInstructionsBody.of_enrollment(ENROLLMENT, _TRUST, _TEMPLATE_URL, None)
    yield deploying.model_copy(
        update={
            "steps": deploying.steps[:1],
            "cloudformation_template": _SHORT_TEMPLATE,
            "terraform": 'resource "aws_cloudformation_stack" "cavok" { … }',
            "cli": "aws cloudformation create-stack …",
        }
    )
    yield AccountPage(items=[_account], next_cursor=None)
    yield VerificationPage(items=[_verification], next_cursor=None)
    yield ResourceList(items=[_resource], next_cursor=None)
    yield OrganizationResourceList(items=[_listed_resource], next_cursor=None)
    yield InteractionPage(items=[_interaction], next_cursor=None)
    entry = audit.created(_ACCOUNT, REQUESTER)
    entry = replace(entry, entry_id=_ENTRY_ID, changes=entry.changes[:2])
    yield AuditPage(items=[AuditEntryBody.of_entry(entry)], next_cursor=None)
    yield SharedProblemPage(
        accounts_read=1,
        items=[SharedProblemBody.of_problem(each) for each in shared_problems([_BY_HAND])],
        next_cursor=None,
    )
    yield BulkAnswer.of(BULK_OPERATION)
    yield OperationBody.of_operation(BULK_OPERATION)
    yield OperationList(operations=[OperationBody.of_operation(BULK_OPERATION)])
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
    chosen = [GroupChoiceBody(group=permissions.EC2.group, access=GroupAccess.READ_ONLY)]
    yield InstructionsBody(
        steps=[step],
        trust_policy=instructions.trust_policy(_ACCOUNT, _TRUST),
        permissions_policy=permissions.policy_document([_GROUP]),
        deploy_on_aws_url=instructions.deploy_url(_ACCOUNT, _TRUST, _TEMPLATE_URL),
        cloudformation_template=_SHORT_TEMPLATE,
        terraform=_SHORT_TERRAFORM,
        cli="aws iam create-role …",
        update=None,
        choice=chosen,
        warnings=list(instructions.warnings(_ACCOUNT, choice_of(_GROUPS))),
    )
    yield InvitationBody.of_token(INVITATION_TOKEN, INVITATION)
    yield InvitationPage(items=[ValidInvitationBody.of(INVITATION)])
    yield InvitedBody(
        provider_id=_ACCOUNT.account_number,
        role_arn=_ACCOUNT.role_arn,
        trusted_account_id=_TRUST.trusted_account_id,
        external_id=_TRUST.external_id,
        groups=[
            PermissionGroupBody.of(
                _GROUP, actions=_GROUP.permissions[:1], read_only=_GROUP.actions[:1]
            )
        ],
        trust_policy=instructions.trust_policy(_ACCOUNT, _TRUST),
        permissions_policy=permissions.policy_document([_GROUP]),
        deploy_on_aws_url=instructions.deploy_url(_ACCOUNT, _TRUST, _TEMPLATE_URL),
        cloudformation_template=_SHORT_TEMPLATE,
        expires_at=INVITATION.expires_at,
    )
    offered = least_privilege(
        _ACCOUNT, Scope.ARN, resources=[RESOURCE], interactions=[INTERACTION], now=_LATER
    )
    yield LeastPrivilegeBody.of(
        offered, cloudformation_template=_SHORT_TEMPLATE, terraform=_SHORT_TERRAFORM
    )
    yield PermissionsBody(
        groups=[
            PermissionGroupBody.of(
                _GROUP, actions=_GROUP.permissions[:1], read_only=_GROUP.actions[:1]
            )
        ],
        choice=chosen,
        policy_document=permissions.policy_document([_GROUP]),
        cloudformation_template=_SHORT_TEMPLATE,
        terraform=_SHORT_TERRAFORM,
    )
    yield OrganizationBody(
        organization_id=_ORGANIZATION_ID,
        external_id=_TRUST.external_id,
        trusted_account_id=_TRUST.trusted_account_id,
        accounts=AccountCounts(
            total=1,
            by_status=ByStatus(unconfirmed=0, confirmed=1, degraded=0, failed=0),
            by_template_version=[
                VersionInUseBody.of(each)
                for each in template_versions.in_use({TEMPLATE_VERSION: 1})
            ],
        ),
        quotas=[QuotaBody(name=QuotaName.TESTS, limit=60, per_seconds=60, remaining=59)],
    )
    months = [MonthBody(period=_USAGE.period, used=_USAGE.used, complete=True)]
    yield UsageBody.of(_USAGE, months=months)
    yield MonthList(items=months)
    yield OrganizationUsageBody(
        period=_USAGE.period,
        resets_at=_USAGE.resets_at,
        free_interactions=_USAGE.free_interactions,
        items=[AccountUsageBody.of(_USAGE, account_id=_ACCOUNT_ID, name=_ACCOUNT.name)],
        next_cursor=None,
    )
    yield DeliveryPage(items=[DeliveryBody.of(DELIVERY)])
    yield ProviderList.of_all()
    yield from (Health(), TestMessage(), Redelivery(), GatewayMessage(message="Unauthorized"))


_new_account = _account.model_dump(
    mode="json",
    include={"provider", "provider_id", "name", "access_type", "write_logs", "regions"},
)
_already_connected = example("already_connected")
_already_connected["type"] = f"../..{_already_connected['type']}"
EXAMPLES: dict[str, Any] = {
    "Problem": example("account_not_found"),
    "NewAccountBody": _new_account,
    "AccountsImportBody": {"accounts": [_new_account, _new_account | {"name": "Production2"}]},
    "AccountsImportResult": {
        "created": [_body(ADDED).model_dump(mode="json")],
        "refused": [{"index": 1, "problem": _already_connected}],
    },
    "BulkRequestBody": {"action": "test", "selection": {"account_ids": [_ACCOUNT_ID, _id(13)]}},
    "AccountChangeBody": {"name": _CHANGED.name},
    "NewEnrollmentBody": _enrollment.model_dump(
        mode="json",
        include={
            "name",
            "provider",
            "management_account_id",
            "exclude_ous",
            "regions",
            "write_logs",
        },
    ),
    "EnrollmentChangeBody": {"name": _ENROLLMENT_CHANGED.name},
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
    "access_type": _ACCOUNT.access_type,
    "account_id": _ACCOUNT_ID,
    "action": Action.STOP,
    "by": Scope.ARN,
    "direct": True,
    "enrollment_id": ENROLLMENT.enrollment_id,
    "event_id": MESSAGES[EventType.FAILED]["data"]["event_id"],
    "groups": _GROUPS,
    "has_problems": False,
    "idempotency-key": "5f0c7a9e-1b7d-4d2e-9a55-3f2f0a4c8d11",
    "instance_id": RESOURCE.instance_id,
    "invitation": INVITATION_TOKEN,
    "kind": RESOURCE.kind,
    "limit": 50,
    "operation_id": BULK_OPERATION.operation_id,
    "ou": MEMBER.place.unit_ids[-1],
    "percent": "80",
    "period": _PERIOD,
    "q": "Prod",
    "refresh": True,
    "region": _REGION,
    "resource_id": _RESOURCE_ID,
    "sort": AccountSort.NAME,
    "state": MemberState.CONNECTED,
    "status": _ACCOUNT.status,
    "synchronization_id": SYNCHRONIZATION.synchronization_id,
    "template_version": TEMPLATE_VERSION,
    "verification_id": _TEST_ID,
}
"""One for each name, except those of conditions and `cursor`."""


_SELECTION = Selection(
    q=PARAMETERS["q"].lower(),
    **{name: PARAMETERS[name] for name in ("status", "access_type", "has_problems")},
    template_version=TEMPLATE_VERSION,
    enrollment_id=ENROLLMENT.enrollment_id,
    unit_id=PARAMETERS["ou"],
)


def _cursor(scope: str, kind: PositionKind, key: str, account_id: str = "") -> str:
    return Position(kind, key, account_id).cursor(f"{_ORGANIZATION_ID}/{scope}")


_RESOURCES = ResourceSelection(
    **{name: PARAMETERS[name] for name in ("account_id", "kind", "region", "action")}
)
_TURN = keys.turn_key(_NEXT_STOP, Action.STOP, RESOURCE.kind, _REGION, _RESOURCE_ID)
_NAME = keys.name_key(_ACCOUNT.name, _ACCOUNT_ID)

_CURSORS = {
    "/v1/accounts": _cursor(
        _SELECTION.scope("", PARAMETERS["sort"]).removeprefix("/"),
        "name",
        _NAME,
        _ACCOUNT_ID,
    ),
    "/v1/problems": _cursor("problems", "status", f"degraded:{_NAME}", _ACCOUNT_ID),
    "/v1/audit": _cursor("audit", "id", _ENTRY_ID),
    "/v1/resources": _cursor(_RESOURCES.scope("").removeprefix("/"), "turn", _TURN, _ACCOUNT_ID),
    "/v1/enrollments/{enrollment_id}/members": _cursor(
        "members/{enrollment_id}/{state}/{ou}/{direct}".format_map(PARAMETERS),
        "member",
        MEMBER.account_number,
    ),
    "/v1/enrollments/{enrollment_id}/units": _cursor(
        "units/{enrollment_id}".format_map(PARAMETERS), "member", MEMBER.account_number
    ),
    "/v1/organization/usage": _cursor(f"usage/{_PERIOD}", "used", str(_USAGE.used), _ACCOUNT_ID),
    **{
        f"/v1/accounts/{{account_id}}/{list_}": _cursor(f"{list_}/{_ACCOUNT_ID}", "id", last_id)
        for list_, last_id in (
            ("verifications", _TEST_ID),
            ("resources", _RESOURCE_ID),
            ("interactions", _INTERACTION_ID),
            ("audit", _ENTRY_ID),
        )
    },
}
"""By the path of the list: each takes only its own."""


class _Versioned(NamedTuple):
    """The strong ETags of a resource: of its current state, and of another state, with which
    If-None-Match lets a change happen.
    """

    there: Account | Resource | Webhook | Enrollment
    tag: str
    other_tag: str


_OTHER_VERSION = f"{1:016x}"
_AS_TESTED, _AS_ADDED = (
    etag(each.version, each.writes, testing=False) for each in (_ACCOUNT, ADDED)
)
_VERSIONED = {
    "/v1/accounts/{account_id}": _Versioned(_ACCOUNT, _AS_TESTED, _AS_ADDED),
    "/v1/accounts/{account_id}/detection": _Versioned(ADDED, _AS_ADDED, _AS_TESTED),
    "/v1/accounts/{account_id}/resources/{resource_id}": _Versioned(
        RESOURCE, *(tag_of(version, _resource) for version in (RESOURCE.version, _OTHER_VERSION))
    ),
    "/v1/enrollments/{enrollment_id}": _Versioned(
        ENROLLMENT, *(tag_of(version, _enrollment) for version in (ENROLLMENT.tag, ENROLLED.tag))
    ),
    "/v1/organization/webhook": _Versioned(
        WEBHOOK, *(tag_of(version, _webhook) for version in (WEBHOOK.version, _OTHER_VERSION))
    ),
}
"""By path. Requests that change something below a path take its tags too."""


def of_parameter(name: str, method: str, path: str) -> Any:
    """The example of a parameter of an operation; None if it has none yet."""
    if name == "cursor":
        return _CURSORS.get(path)
    return _tag_for(name, method, path) if is_condition(name) else PARAMETERS.get(name)


def _headers_of(message: Any) -> dict[str, Any]:
    """The examples of the headers of a message to a webhook."""
    signed_at = datetime.fromisoformat(message["timestamp"])
    headers = signed_headers(ReceiverMessage.of(message), [_SECRET], signed_at)
    return {**headers, "webhook-timestamp": int(headers["webhook-timestamp"])}


def _tag_for(name: str, method: str, path: str) -> str:
    """A route that changes something takes the tag of what is there. A list has a weak tag, as all
    that is only shown, and If-Match never matches one.
    """
    if versioned := _versioned(method, path):
        for_change = name == "if-none-match" and method != "get"
        return versioned.other_tag if for_change else versioned.tag
    return "*" if name == "if-match" else weak_tag("")


def _versioned(method: str, path: str) -> _Versioned | None:
    below = method != "get"
    owners = [each for each in _VERSIONED if path == each or (below and path.startswith(each))]
    return _VERSIONED[max(owners, key=len)] if owners else None


# ---- problems ------------------------------------------------------------------------------------

_DETAILS = {
    **{
        (operation, "busy_with_others"): "The enrollment is being changed at this moment. Please "
        "try again."
        for operation in ("patch_enrollment", "delete_enrollment")
    },
    ("patch_resource", "busy_with_others"): "The resource was changed by others at this moment. "
    "Please try again.",
    ("stop_operation", "busy_with_others"): "Too many requests do this at the moment. Try again.",
    ("redeliver_usage_event", "not_subscribed"): "Your webhook does not subscribe to Usage "
    "Threshold Crossed. Add it, then deliver the message again.",
}
"""By operation and code, where they are not as on the code's page."""


def _problem(code: str, method: str, path: str, operation: dict[str, Any]) -> dict[str, object]:
    """The example of a code, as this operation sends it."""
    shown = example(code)
    if detail := _DETAILS.get((operation["operationId"], code)):
        shown["detail"] = detail
    elif code == "precondition_failed":
        shown["detail"] = _refused(method, path)
    elif code == "invalid_fields":
        known = [each["name"] for each in operation.get("parameters", ()) if each["in"] == "query"]
        error = {"field": "unknown", "message": unknown_parameter(known)}
        shown |= {"detail": "Please correct: unknown.", "errors": [error]}
    return shown


def _refused(method: str, path: str) -> str:
    """The detail of a condition that allows no version."""
    versioned = _versioned(method, path)
    if method != "get" and versioned:
        try:
            versioned.there.at_one_of(())
        except PreconditionFailed as error:
            return str(error)
    return NOT_NAMED


def add(document: dict[str, Any]) -> None:
    """Adds the examples of bodies, answers and messages to an OpenAPI document. A part without an
    example is described without one.
    """
    schemas = document["components"]["schemas"]
    for name, example_ in EXAMPLES.items():
        schemas[name]["examples"] = [example_]
    for path, operations in document["paths"].items():
        for method, operation in operations.items():
            for status, answer in ANSWERS.get(operation["operationId"], {}).items():
                operation["responses"][status]["content"]["application/json"]["example"] = answer
            for response in operation["responses"].values():
                if shown := response.get("content", {}).get(PROBLEM_JSON):
                    shown["example"] = _problem(shown["example"], method, path, operation)
    _add_messages(document["webhooks"])


def _add_messages(webhooks: dict[str, Any]) -> None:
    for name, message in MESSAGES.items():
        operation = webhooks[name]["post"]
        operation["requestBody"]["content"]["application/json"]["example"] = message
        headers = _headers_of(message)
        for header in operation["parameters"]:
            header["example"] = headers[header["name"]]
