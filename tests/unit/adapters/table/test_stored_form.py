"""Items keep the form in which production stores them: `stored_items.json`, attribute by attribute.

A change of a stored name or value fails here. It needs a migration of what is stored.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import timedelta
from importlib import import_module
from pathlib import Path
from typing import Any
from unittest.mock import Mock

import pytest

from cavok.adapters.table import keys
from cavok.adapters.table.accounts import AccountItem, ClaimItem, CredentialsItem
from cavok.adapters.table.audit import AuditItem
from cavok.adapters.table.bulk import BulkOperationItem, SelectedItem
from cavok.adapters.table.connection_hints import HintItem
from cavok.adapters.table.deleted import DeletedItem
from cavok.adapters.table.due import DueItem
from cavok.adapters.table.enrollment_totals import TotalsItem
from cavok.adapters.table.enrollments import EnrollmentItem
from cavok.adapters.table.idempotency import IdempotencyItem
from cavok.adapters.table.interactions import InteractionItem, RequestItem
from cavok.adapters.table.invitations import InvitationItem
from cavok.adapters.table.looks import LooksItem
from cavok.adapters.table.members import MemberItem
from cavok.adapters.table.organizations import OrganizationItem
from cavok.adapters.table.progress import Progress
from cavok.adapters.table.quotas import QuotaItem
from cavok.adapters.table.resources import ResourceClaimItem, ResourceItem
from cavok.adapters.table.synchronizations import SynchronizationItem
from cavok.adapters.table.table import Item
from cavok.adapters.table.template_versions import TemplateVersionItem
from cavok.adapters.table.trust_proofs import TrustProofItem
from cavok.adapters.table.usage import UsageItem
from cavok.adapters.table.verifications import ProgressItem, VerificationItem
from cavok.adapters.table.webhooks import DeliveryItem, HealthItem, WaitingItem, WebhookItem
from cavok.domain.access_denied import Reason
from cavok.domain.account_list import Selection
from cavok.domain.accounts import AccessType, Capability, Issue, LastVerification, Outcome, Status
from cavok.domain.actors import SCHEDULE, Actor, ActorKind
from cavok.domain.audit import (
    THE_WEBHOOK,
    AuditAction,
    AuditEntry,
    Change,
    Target,
    TargetType,
)
from cavok.domain.bulk import BulkAction, BulkFailure, BulkState
from cavok.domain.enrollments import SynchronizationSlot
from cavok.domain.events import EventType
from cavok.domain.idempotency import IdempotencyKey
from cavok.domain.interactions import (
    Interaction,
    InteractionAction,
    InteractionOutcome,
    Logged,
    Result,
    key_hash,
)
from cavok.domain.invitations import Invitation
from cavok.domain.kinds import Action, Kind
from cavok.domain.member_states import MemberState
from cavok.domain.members import Member, Place, Standing
from cavok.domain.organizations import Organization
from cavok.domain.permissions import TRUST_STEPS
from cavok.domain.providers import Provider
from cavok.domain.quotas import Uses
from cavok.domain.regions import RegionHealth, RegionStatus
from cavok.domain.resources import Resource
from cavok.domain.schedules import Schedule, Window
from cavok.domain.steps import Step
from cavok.domain.synchronizations import (
    OpenUnit,
    Synchronization,
    SynchronizationState,
    Walk,
)
from cavok.domain.trust import TrustProof
from cavok.domain.verifications import State, Trigger
from cavok.domain.webhooks import Delivery, DeliveryStatus, Health, SigningSecret, Webhook
from tests.support.builders import (
    ACCOUNT_ID,
    NOW,
    ORGANIZATION_ID,
    VERIFICATION_ID,
    a_bulk_operation,
    a_step,
    a_verification,
    an_account,
    confirmed,
    steps_of,
    under_test,
)
from tests.support.enrollments import (
    ENROLLMENT_ID,
    SYNCHRONIZATION_ID,
    an_enrollment,
    connected,
)

STORED: Mapping[str, Mapping[str, Mapping[str, Any]]] = json.loads(
    (Path(__file__).parent / "stored_items.json").read_text()
)

STEPS = (
    *TRUST_STEPS,
    "iam:ListRolePolicies",
    "iam:ListAttachedRolePolicies",
    "iam:GetRolePolicy",
    "ec2:DescribeInstances",
    "ec2:DescribeInstanceStatus",
    "ec2:StartInstances",
    "ec2:StopInstances",
    "rds:DescribeDBInstances",
    "rds:StartDBInstance",
    "rds:StopDBInstance",
    "rds:DescribeDBClusters",
    "rds:StartDBCluster",
    "rds:StopDBCluster",
    "logs:CreateLogGroup",
    "logs:TagResource",
    "logs:PutRetentionPolicy",
    "logs:CreateLogStream",
    "logs:PutLogEvents",
)
"""The catalog at the time. What it gained since is not in what is stored."""

HEALTH = (
    RegionHealth("eu-west-1", RegionStatus.REFUSED, Reason.SERVICE_CONTROL_POLICY),
    RegionHealth("us-east-1", RegionStatus.REACHABLE),
)
TESTED = replace(
    confirmed(under_test(an_account(regions=("eu-west-1", "us-east-1"))), *STEPS),
    issues=(Issue("c", "mé", "r"),),
    capabilities={"ec2": Capability.FULL, "rds": Capability.UNKNOWN},
    region_health=HEALTH,
    template_version=1,
    verification=LastVerification(VERIFICATION_ID, Outcome.DEGRADED, NOW, 3, "90fd"),
    attempts=2,
    version=5,
    writes=7,
)
RESTING = an_account(
    role_path="/team/",
    next_verification_at=None,
    capabilities=dict.fromkeys(("ec2", "rds", "logs"), Capability.UNKNOWN),
)
RESTING_BUT_KNOWN = replace(RESTING, template_version=1)
FINISHED = a_verification(
    state=State.FINISHED,
    outcome=Outcome.CONFIRMED,
    finished_at=NOW,
    steps=tuple(step for step in steps_of(an_account()) if step.step in STEPS),
    region_health=HEALTH,
    execution_arn="arn:x",
)
RUNNING = a_verification()
PERSON = Actor(kind=ActorKind.PERSON, sub="s", email="a@b.c")
STOP = Interaction(
    organization_id=ORGANIZATION_ID,
    account_id=ACCOUNT_ID,
    interaction_id=VERIFICATION_ID,
    action=InteractionAction.STOP,
    outcome=InteractionOutcome.ACCEPTED,
    detail="d",
    actor=PERSON,
    at=NOW,
    request_id="r",
    logged=Logged.PENDING,
    kind=Kind.EC2,
    instance_id="i-1",
    region="us-east-1",
    changed=True,
)
WITHOUT_INSTANCE = replace(STOP, kind=None, instance_id=None, region=None, changed=False)
OPEN = replace(
    STOP,
    outcome=InteractionOutcome.PENDING,
    detail="",
    changed=False,
    held_until=NOW,
    key_hash="8b72",
)
REFUSED = replace(STOP, outcome=InteractionOutcome.REFUSED, changed=False, refusal="wrong_state")
FOLLOWED = replace(STOP, result=Result.NOT_REACHED, state="running", state_reason="r", tried_at=NOW)
SCHEDULED = Resource(
    organization_id=ORGANIZATION_ID,
    account_id=ACCOUNT_ID,
    resource_id=VERIFICATION_ID,
    kind=Kind.RDS,
    instance_id="db",
    region="us-east-1",
    name="n",
    schedule=Schedule("Europe/Paris", (Window(("mon", "tue"), "08:00", "18:00"),)),
    followed_at=NOW,
    created_at=NOW,
    created_by="a",
    updated_at=NOW,
    stopped_at=NOW,
    note="n",
    revision="r",
    clocks=("a", "b"),
)
UNSCHEDULED = replace(
    SCHEDULED, name=None, schedule=None, stopped_at=None, note=None, revision=None, clocks=()
)
OLD_RESOURCE = replace(SCHEDULED, revision=None)
WEBHOOK = Webhook(
    organization_id=ORGANIZATION_ID,
    url="https://x",
    events=(EventType("Account Created"), EventType("Account Confirmed")),
    secrets=(SigningSecret(VERIFICATION_ID, "s"),),
    created_at=NOW,
    updated_at=NOW,
    updated_by="a",
)
ROTATED = replace(
    WEBHOOK, secrets=(SigningSecret("2", "t"), replace(WEBHOOK.secrets[0], until=NOW))
)
OFTEN_ROTATED = replace(
    ROTATED,
    secrets=(
        *ROTATED.secrets,
        SigningSecret("3", "u", NOW + timedelta(hours=1)),
        SigningSecret("4", "v", NOW),
    ),
)
PAUSED = Health(
    organization_id=ORGANIZATION_ID,
    failures=10,
    next_try_at=NOW,
    changed_at=NOW,
    version=3,
)
DELIVERY = Delivery(
    organization_id=ORGANIZATION_ID,
    event_id="e",
    type="Account Created",
    at=NOW,
    event="{}",
    status=DeliveryStatus.WAITING,
    tries=2,
    http_status=500,
    duration_ms=7,
    next_try_at=NOW,
)
ENTRY = AuditEntry(
    entry_id=VERIFICATION_ID,
    organization_id=ORGANIZATION_ID,
    account_id=ACCOUNT_ID,
    account_name="n",
    action=AuditAction.CHANGED,
    actor=PERSON,
    at=NOW,
    target=Target(TargetType.ACCOUNT, ACCOUNT_ID, "n"),
    changes=(Change("write_logs", True, False), Change("role_name", None, "CavokCloud")),
    detail="d",
    request_id="r",
    source_ip="203.0.113.7",
)
OF_WEBHOOK = replace(
    ENTRY,
    account_id=None,
    account_name=None,
    action=AuditAction.WEBHOOK_SET,
    target=THE_WEBHOOK,
    changes=(),
)
OF_SCHEDULE = replace(
    ENTRY,
    action=AuditAction.STOP_REQUESTED,
    actor=SCHEDULE,
    target=Target(TargetType.INSTANCE, "i-1"),
    changes=(),
    source_ip=None,
)
OLD_ENTRY = replace(
    ENTRY,
    actor=Actor(kind=ActorKind.PERSON, email="ada@example.com"),
    changes=(),
    request_id=None,
    source_ip=None,
)
OLD_BY_SCHEDULE = replace(OLD_ENTRY, actor=SCHEDULE)

TURN = replace(STOP, actor=SCHEDULE)
SCHEDULED_TEST = replace(RUNNING, trigger=Trigger.SCHEDULED, actor=SCHEDULE)


def with_the_name_alone(item: Any) -> Any:
    """As it was stored before there were kinds of actors."""
    item.actor_sub = item.actor_kind = None
    return item


def without_a_place_in_the_list(item: Any) -> Any:
    """As an account was stored before versions were counted."""
    item.template_pk = None
    return item


def without_a_place_by_turn(item: Any) -> Any:
    """As a resource was stored before there was a list of an organization's resources."""
    item.turns_of = item.turn_key = None
    return item


def as_a_probe_shows(step: Step) -> Item:
    """As `progress.py` writes it, which does not know the item's class."""
    dynamodb, item = Mock(), ProgressItem()
    assert Progress(dynamodb, "table").show(VERIFICATION_ID, [step], NOW)
    item.deserialize(dynamodb.put_item.call_args.kwargs["Item"])
    return item


ENROLLMENT = an_enrollment(writes=3)
CHOOSY = connected(
    an_enrollment(
        include_ous=("r-abcd",),
        exclude_ous=("ou-abcd-11111111",),
        exclude_accounts=("200000000002",),
        name_pattern="Shop*",
        role_path="/team/",
        permissions_boundary="Limits",
        tags={"a": "b"},
        organization_arn="arn:o",
        issues=(Issue("c", "m", "r"),),
        slot=SynchronizationSlot(SYNCHRONIZATION_ID, NOW),
        next_synchronization_at=None,
        asked=True,
        ended_at=NOW,
        version=2,
        writes=3,
    )
)
PLACE = Place(("r-abcd", "ou-abcd-11111111"), "Root/Shops")
MEMBER = Member(
    organization_id=ORGANIZATION_ID,
    enrollment_id=ENROLLMENT_ID,
    account_number="200000000002",
    name="Shop, é",
    place=PLACE,
    standing=Standing.INCLUDED,
    account_id=ACCOUNT_ID,
    given_name="Shop",
    writes=2,
)
REMOVED = replace(
    MEMBER, standing=Standing.EXCLUDED, account_id=None, given_name=None, removed=True
)
SYNCHRONIZING = Synchronization(
    organization_id=ORGANIZATION_ID,
    enrollment_id=ENROLLMENT_ID,
    synchronization_id=SYNCHRONIZATION_ID,
    actor=PERSON,
    again=True,
    started_at=NOW,
)
WALK = Walk((OpenUnit(PLACE, accounts=True, token="t"),), frozenset({"200000000002"}), "1")


def on_its_way(item: SynchronizationItem) -> SynchronizationItem:
    item.walk = WALK
    return item


def as_it_ended(item: SynchronizationItem) -> SynchronizationItem:
    item.state, item.finished_at, item.reason = SynchronizationState.FAILED, NOW, "r"
    item.found, item.added, item.changed, item.missing = 4, 3, 2, 1
    item.walk = None
    return item


ENDED = replace(
    SYNCHRONIZING,
    state=SynchronizationState.FAILED,
    finished_at=NOW,
    found=4,
    added=3,
    changed=2,
    missing=1,
    reason="r",
)
TOTALS = {state: number for number, state in enumerate(MemberState)}

NEW_ORGANIZATION = Organization("org-one", "x", dict.fromkeys(Status, 0))
STEP = a_step("ec2:StopInstances")
PROOF = TrustProof(2, NOW)
LOOKS = {ACCOUNT_ID: NOW}
INVITATION = Invitation(
    organization_id=ORGANIZATION_ID, account_id=ACCOUNT_ID, digest="d", expires_at=NOW
)
BULK = a_bulk_operation(
    action=BulkAction.WRITE_LOGS,
    value=False,
    selection=Selection(q="a", status=Status.FAILED, access_type=AccessType.ACCESS_KEY),
    state=BulkState.STOPPED,
    done=2,
    skipped=1,
    failed=1,
    failures=(BulkFailure(ACCOUNT_ID, None, "account_not_found", "It is gone."),),
    changes=b"\x01",
    repeats=1,
    finished_at=NOW,
    carried_by="m 1",
)
WRITTEN: Mapping[str, Item] = {
    "a bulk operation that begins": BulkOperationItem.of(a_bulk_operation()),
    "a bulk operation that was stopped": BulkOperationItem.of(BULK),
    "accounts of a bulk operation": SelectedItem(
        "ORG#o", "SELECTED#p#0", account_ids=[ACCOUNT_ID, VERIFICATION_ID], expires_at=NOW
    ),
    "a tested account": AccountItem.of(TESTED),
    "an account older than counts of versions": without_a_place_in_the_list(
        AccountItem.of(RESTING_BUT_KNOWN)
    ),
    "how many accounts have a version": TemplateVersionItem("ORG#o", "TEMPLATE#2", accounts=6),
    "an account that rests": AccountItem.of(RESTING),
    "an account of an enrollment": AccountItem.of(replace(RESTING, enrollment_id=ENROLLMENT_ID)),
    "an account whose stack was deleted": AccountItem.of(replace(RESTING, stack_deleted_at=NOW)),
    "an account whose role was changed": AccountItem.of(
        replace(RESTING, role_change="It was.", role_changed_at=NOW)
    ),
    "an account of which too much was said": AccountItem.of(replace(RESTING, heard_at=NOW)),
    "what an account's stacks said": HintItem(
        "ORG#o", "HINT#123456789012", requests=("r", "s"), began_at=NOW, expires_at=NOW
    ),
    "what an account's stacks said, followed": HintItem(
        "ORG#o",
        "HINT#123456789012",
        requests=("r", "s"),
        followed=("r",),
        began_at=NOW,
        expires_at=NOW,
    ),
    "an enrollment": EnrollmentItem.of(ENROLLMENT),
    "an enrollment with all choices": EnrollmentItem.of(CHOOSY),
    "an enrollment's members by state": TotalsItem(
        "ORG#o", "TOTALS#e", **{str(state): number for state, number in TOTALS.items() if number}
    ),
    "a member": MemberItem.of(MEMBER),
    "a member whose account was deleted": MemberItem.of(REMOVED),
    "a running synchronization": on_its_way(SynchronizationItem.of(SYNCHRONIZING)),
    "a failed synchronization": as_it_ended(SynchronizationItem.of(SYNCHRONIZING)),
    "a finished verification": VerificationItem.of(FINISHED, expires_at=NOW),
    "a running verification": VerificationItem.of(RUNNING, expires_at=None),
    "a new organization": OrganizationItem.of(NEW_ORGANIZATION, NOW),
    "an account number's claim": ClaimItem(
        "ORG#o", keys.claim_sk(Provider.AWS, "123456789012"), account_id=ACCOUNT_ID
    ),
    "an access key": CredentialsItem("ORG#o", keys.credentials_sk(ACCOUNT_ID), sealed="sealed"),
    "a month's usage": UsageItem(
        f"ACCOUNT#{ACCOUNT_ID}",
        "USAGE#2025-03",
        used=6,
        listed_at=NOW,
        organization_id="o",
        usage_of=keys.usage_of("o", "2025-03"),
    ),
    "a step of a running test": as_a_probe_shows(STEP),
    "an interaction with an instance": InteractionItem.of(STOP),
    "an interaction with the account": InteractionItem.of(WITHOUT_INSTANCE),
    "an open start or stop": InteractionItem.of(OPEN),
    "an interaction that was followed": InteractionItem.of(FOLLOWED),
    "a refused start or stop": InteractionItem.of(REFUSED),
    "a request key": RequestItem.of(STOP, key_hash("k", Action.STOP, Kind.EC2, "i-1")),
    "an idempotency key": IdempotencyItem.of(
        ORGANIZATION_ID, IdempotencyKey("k", "h"), ACCOUNT_ID, NOW
    ),
    "a resource with a schedule": ResourceItem.of(SCHEDULED),
    "a resource older than the list of turns": without_a_place_by_turn(ResourceItem.of(SCHEDULED)),
    "a resource older than revisions": ResourceItem.of(OLD_RESOURCE),
    "a resource without one": ResourceItem.of(UNSCHEDULED),
    "a resource's claim": ResourceClaimItem.of(SCHEDULED),
    "a deleted resource": DeletedItem.of(f"ACCOUNT#{ACCOUNT_ID}", VERIFICATION_ID, NOW, ("a", "b")),
    "a webhook": WebhookItem.of(WEBHOOK),
    "a webhook with two secrets": WebhookItem.of(ROTATED),
    "a webhook with four secrets": WebhookItem.of(OFTEN_ROTATED),
    "a paused webhook's health": HealthItem.of(PAUSED),
    "a delivery": DeliveryItem.of(DELIVERY, NOW),
    "what counts against a quota": QuotaItem(
        "ORG#o", "QUOTA#q", began_at=NOW, used=6, expires_at=NOW
    ),
    "a day's messages that wait on": WaitingItem(
        "WEBHOOK#o", "WAITING#2025-03-01", used=6, expires_at=NOW
    ),
    "an audit entry of the webhook": AuditItem.of(OF_WEBHOOK, timedelta(days=1)),
    "an audit entry": AuditItem.of(ENTRY, timedelta(days=1)),
    "an audit entry older than kinds": with_the_name_alone(
        AuditItem.of(OLD_ENTRY, timedelta(days=1))
    ),
    "an older audit entry by schedule": with_the_name_alone(
        AuditItem.of(OLD_BY_SCHEDULE, timedelta(days=1))
    ),
    "a turn older than kinds": with_the_name_alone(InteractionItem.of(TURN)),
    "an older scheduled test": with_the_name_alone(
        VerificationItem.of(SCHEDULED_TEST, expires_at=None)
    ),
    "an audit entry of a schedule": AuditItem.of(OF_SCHEDULE, timedelta(days=1)),
    "accounts that are looked at": LooksItem("ORG#o", "LOOKS", looks=LOOKS, expires_at=NOW),
    "an invitation": InvitationItem.of(INVITATION),
    "a proof of a role's trust": TrustProofItem.of(
        TESTED, "logs", PROOF, kept_for=timedelta(days=1)
    ),
}
READ: Mapping[str, tuple[type[Item], Callable[[Any], object], object]] = {
    "a bulk operation that begins": (
        BulkOperationItem,
        BulkOperationItem.operation,
        a_bulk_operation(),
    ),
    "a bulk operation that was stopped": (BulkOperationItem, BulkOperationItem.operation, BULK),
    "accounts of a bulk operation": (
        SelectedItem,
        lambda item: item.account_ids,
        (ACCOUNT_ID, VERIFICATION_ID),
    ),
    "a tested account": (AccountItem, AccountItem.account, replace(TESTED, counted_version=1)),
    "an account older than counts of versions": (
        AccountItem,
        AccountItem.account,
        replace(RESTING_BUT_KNOWN, version=1, writes=1),
    ),
    "how many accounts have a version": (
        TemplateVersionItem,
        lambda item: (item.sk, item.accounts),
        ("TEMPLATE#2", 6),
    ),
    "an account that rests": (
        AccountItem,
        AccountItem.account,
        replace(RESTING, version=1, writes=1),
    ),
    "an account of an enrollment": (
        AccountItem,
        AccountItem.account,
        replace(RESTING, enrollment_id=ENROLLMENT_ID, version=1, writes=1),
    ),
    "an account whose role was changed": (
        AccountItem,
        AccountItem.account,
        replace(RESTING, role_change="It was.", role_changed_at=NOW, version=1, writes=1),
    ),
    "an account of which too much was said": (
        AccountItem,
        AccountItem.account,
        replace(RESTING, heard_at=NOW, version=1, writes=1),
    ),
    "an account whose stack was deleted": (
        AccountItem,
        AccountItem.account,
        replace(RESTING, stack_deleted_at=NOW, version=1, writes=1),
    ),
    "what an account's stacks said": (
        HintItem,
        lambda item: (item.requests, item.followed, item.began_at),
        (("r", "s"), None, NOW),
    ),
    "what an account's stacks said, followed": (
        HintItem,
        lambda item: (item.requests, item.followed, item.began_at),
        (("r", "s"), ("r",), NOW),
    ),
    "an enrollment": (EnrollmentItem, EnrollmentItem.enrollment, ENROLLMENT),
    "an enrollment with all choices": (EnrollmentItem, EnrollmentItem.enrollment, CHOOSY),
    "an enrollment's members by state": (TotalsItem, TotalsItem.totals, TOTALS),
    "a member": (MemberItem, MemberItem.member, MEMBER),
    "a member whose account was deleted": (MemberItem, MemberItem.member, REMOVED),
    "a running synchronization": (
        SynchronizationItem,
        lambda item: (item.synchronization(), item.walk),
        # Without the units that AWS has listed, it begins anew.
        (SYNCHRONIZING, replace(WALK, open=None)),
    ),
    "a failed synchronization": (
        SynchronizationItem,
        lambda item: (item.synchronization(), item.walk),
        (ENDED, None),
    ),
    "a finished verification": (VerificationItem, VerificationItem.verification, FINISHED),
    "a running verification": (VerificationItem, VerificationItem.verification, RUNNING),
    "a new organization": (OrganizationItem, OrganizationItem.organization, NEW_ORGANIZATION),
    "an account number's claim": (ClaimItem, lambda item: item.account_id, ACCOUNT_ID),
    "an access key": (CredentialsItem, lambda item: item.sealed, "sealed"),
    "a month's usage": (UsageItem, lambda item: (item.used, item.listed_at), (6, NOW)),
    "a step of a running test": (ProgressItem, ProgressItem.finished_steps, [STEP]),
    "an interaction with an instance": (InteractionItem, InteractionItem.interaction, STOP),
    "an open start or stop": (InteractionItem, InteractionItem.interaction, OPEN),
    "a refused start or stop": (InteractionItem, InteractionItem.interaction, REFUSED),
    "an interaction that was followed": (InteractionItem, InteractionItem.interaction, FOLLOWED),
    "an interaction with the account": (
        InteractionItem,
        InteractionItem.interaction,
        WITHOUT_INSTANCE,
    ),
    "a resource with a schedule": (ResourceItem, ResourceItem.resource, SCHEDULED),
    "a resource older than the list of turns": (ResourceItem, ResourceItem.resource, SCHEDULED),
    "a resource older than revisions": (ResourceItem, ResourceItem.resource, OLD_RESOURCE),
    "a resource without one": (ResourceItem, ResourceItem.resource, UNSCHEDULED),
    "a webhook": (WebhookItem, WebhookItem.webhook, WEBHOOK),
    "a webhook with two secrets": (WebhookItem, WebhookItem.webhook, ROTATED),
    "a webhook with four secrets": (WebhookItem, WebhookItem.webhook, OFTEN_ROTATED),
    "a paused webhook's health": (HealthItem, HealthItem.health, PAUSED),
    "a delivery": (DeliveryItem, DeliveryItem.delivery, DELIVERY),
    "what counts against a quota": (QuotaItem, QuotaItem.uses, Uses(NOW, 6)),
    "an audit entry of the webhook": (AuditItem, AuditItem.entry, OF_WEBHOOK),
    "an audit entry": (AuditItem, AuditItem.entry, ENTRY),
    "an audit entry older than kinds": (AuditItem, AuditItem.entry, OLD_ENTRY),
    "an older audit entry by schedule": (AuditItem, AuditItem.entry, OLD_BY_SCHEDULE),
    "a turn older than kinds": (InteractionItem, InteractionItem.interaction, TURN),
    "an older scheduled test": (
        VerificationItem,
        VerificationItem.verification,
        SCHEDULED_TEST,
    ),
    "an audit entry of a schedule": (AuditItem, AuditItem.entry, OF_SCHEDULE),
    "accounts that are looked at": (LooksItem, lambda item: item.looks, LOOKS),
    "an invitation": (InvitationItem, InvitationItem.invitation, INVITATION),
    "a proof of a role's trust": (TrustProofItem, TrustProofItem.proof, PROOF),
    "a request key": (RequestItem, lambda item: item.interaction_id, STOP.interaction_id),
    "an idempotency key": (
        IdempotencyItem,
        lambda item: (item.made_id, item.body_hash),
        (ACCOUNT_ID, "h"),
    ),
    "a resource's claim": (
        ResourceClaimItem,
        lambda item: item.resource_id,
        SCHEDULED.resource_id,
    ),
    "a deleted resource": (DeletedItem, lambda item: item.clocks, ("a", "b")),
    "a day's messages that wait on": (WaitingItem, lambda item: item.used, 6),
}


def plain(item: Mapping[str, Mapping[str, Any]]) -> dict[str, Any]:
    """Without packed attributes: another version of zlib may pack the same otherwise."""
    return {name: value for name, value in item.items() if "B" not in value}


def test_every_item_is_pinned() -> None:
    """All classes of the table. One reads an index, whose entries are the items' own."""
    for path in Path(keys.__file__).parent.glob("*.py"):
        import_module(f"cavok.adapters.table.{path.stem}")
    classes = {each for each in Item.__subclasses__() if each.__module__.startswith("cavok.")}

    classes -= {DueItem}
    assert {type(item) for item in WRITTEN.values()} == classes
    assert {kind for kind, _, _ in READ.values()} == classes
    assert set(WRITTEN) == set(STORED)


@pytest.mark.parametrize("name", WRITTEN)
def test_an_item_is_written_as_production_stores_it(name: str) -> None:
    written = WRITTEN[name].serialize()

    assert plain(written) == plain(STORED[name])
    assert set(written) == set(STORED[name])


@pytest.mark.parametrize("name", READ)
def test_what_production_stores_is_read_as_it_was_written(name: str) -> None:
    kind, read, thing = READ[name]
    stored = {
        name: {"B": base64.b64decode(value["B"])} if "B" in value else dict(value)
        for name, value in STORED[name].items()
    }
    if kind is AccountItem:
        stored.setdefault("version", {"N": "1"})

    assert read(kind.from_raw_data(stored)) == thing


def test_what_an_earlier_release_stored_besides_is_no_fault() -> None:
    stored = STORED["a paused webhook's health"] | {"paused_at": {"S": "2025-03-01"}}

    assert HealthItem.from_raw_data(stored).health() == PAUSED


def test_an_older_secret_without_an_end_is_not_stored() -> None:
    """It could not be read again, and with it the webhook."""
    endless = replace(OFTEN_ROTATED, secrets=(*OFTEN_ROTATED.secrets, SigningSecret("5", "w")))

    with pytest.raises(AssertionError, match="no end"):
        WebhookItem.of(endless).serialize()
