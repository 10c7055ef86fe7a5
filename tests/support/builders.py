"""Accounts, steps and verifications as the tests need them: ordinary, but for what a test names."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

from ulid import ULID

from cavok.domain import permissions
from cavok.domain.access_denied import Reason
from cavok.domain.accounts import AccessType, Account, Status, TestSlot
from cavok.domain.actors import SCHEDULE, Actor, ActorKind, Requester
from cavok.domain.bulk import BulkAction, BulkOperation
from cavok.domain.interactions import (
    Interaction,
    InteractionAction,
    InteractionOutcome,
    Logged,
)
from cavok.domain.kinds import Kind
from cavok.domain.resources import Resource
from cavok.domain.steps import REFUSALS_WANTED, Evidence, Judgement, Step, Verdict
from cavok.domain.verifications import TIME_LIMIT, Trigger, Verification
from cavok.domain.webhooks import Delivery, DeliveryStatus
from local.settings import ROOT

NOW = datetime(2025, 3, 1, 12, 0, tzinfo=UTC)


ORGANIZATION_ID = "org-one"


ACCOUNT_ID = "01JN8Q5M3C0000000000000001"


VERIFICATION_ID = "01JN8Q5M3C00000000000000A1"


OTHER_VERIFICATION_ID = "01JN8Q5M3C00000000000000B2"


NUMBER = "123456789012"


WORKLOAD = "000000000000"


EXTERNAL_ID = "cavok-3xt3rnal_ID-of-org-one"


KEY_ID = "AKIAIOSFODNN7SECRETX"


SECRET_KEY = "wJalrXUtnFEMI/K7MDENG/bPxRfiCYVERYSECRET"


def by(name: str) -> Requester:
    """A person who asks for something, known by their email address alone."""
    actor = Actor(kind=ActorKind.PERSON, email=name)
    return Requester(actor=actor, request_id="r-1", source_ip="203.0.113.7")


ADA = by("ada@example.com")


BY_SCHEDULE = Requester(actor=SCHEDULE, request_id="r-1")


def an_account(**but: Any) -> Account:
    """An account entered through a role, that no test has seen yet."""
    ordinary: dict[str, Any] = {
        "organization_id": ORGANIZATION_ID,
        "account_id": ACCOUNT_ID,
        "provider": "aws",
        "account_number": NUMBER,
        "name": "Production1",
        "access_type": AccessType.ASSUME_ROLE,
        "role_name": "CavokCloud",
        "access_key_id_ending": None,
        "write_logs": True,
        "regions": ("us-east-1",),
        "next_verification_at": NOW,
        "created_at": NOW - timedelta(days=1),
        "created_by": "ada@example.com",
        "updated_at": NOW - timedelta(days=1),
        "touched_at": NOW - timedelta(hours=1),
    }
    return Account(**ordinary | but)


def an_account_with_keys(**but: Any) -> Account:
    """An account entered with the access key of an IAM user."""
    keys = {
        "access_type": AccessType.ACCESS_KEY,
        "role_name": None,
        "access_key_id_ending": KEY_ID[-4:],
    }
    return an_account(**keys | but)


def confirmed(account: Account, *proven: str) -> Account:
    """The account as a test left it that found everything, or just `proven`, working."""
    return replace(
        account,
        status=Status.CONFIRMED,
        connected_at=NOW - timedelta(days=1),
        proven=frozenset(proven or permissions.STEPS),
    )


def a_verification(**but: Any) -> Verification:
    """A test that a person asked for ten seconds ago."""
    ordinary: dict[str, Any] = {
        "organization_id": ORGANIZATION_ID,
        "account_id": ACCOUNT_ID,
        "verification_id": VERIFICATION_ID,
        "trigger": Trigger.MANUAL,
        "actor": ADA.actor,
        "connection_revision": 1,
        "started_at": NOW - timedelta(seconds=10),
    }
    return Verification(**ordinary | but)


def a_bulk_operation(**but: Any) -> BulkOperation:
    """Tests of three accounts that a person asked for ten seconds ago."""
    ordinary: dict[str, Any] = {
        "organization_id": ORGANIZATION_ID,
        "operation_id": "01JN8Q5M3C0000000000000P01",
        "action": BulkAction.TEST,
        "value": None,
        "selection": None,
        "requester": ADA,
        "total": 3,
        "started_at": NOW - timedelta(seconds=10),
    }
    return BulkOperation(**ordinary | but)


def a_slot(verification_id: str = VERIFICATION_ID) -> TestSlot:
    return TestSlot(verification_id, NOW + TIME_LIMIT)


def under_test(account: Account, verification_id: str = VERIFICATION_ID) -> Account:
    """The account while a test holds its slot."""
    return replace(account, slot=a_slot(verification_id))


def judged(verdict: Verdict, reason: Reason | None = None, **but: Any) -> Judgement:
    proven = verdict in (Verdict.ALLOWED, Verdict.DENIED)
    evidence = Evidence.LIVE if proven else Evidence.NONE
    return Judgement(**{"verdict": verdict, "reason": reason, "evidence": evidence} | but)


def a_step(
    step: str, verdict: Verdict = Verdict.ALLOWED, reason: Reason | None = None, **but: Any
) -> Step:
    """A step of a test. A refusal blames the identity policy unless another reason is given."""
    if verdict is Verdict.DENIED and reason is None and step not in REFUSALS_WANTED:
        reason = Reason.IDENTITY_POLICY
    return Step.of(step, judged(verdict, reason, **but), started_at=NOW, duration_ms=12)


def steps_of(account: Account, *changes: Step) -> list[Step]:
    """The steps that a test of this account brings back when everything works, but for the
    changes.
    """
    changed = {step.step: step for step in changes}
    has_role = account.access_type is AccessType.ASSUME_ROLE
    groups = [
        group.group
        for group in permissions.GRANTED_GROUPS
        if group.applies_to(has_role=has_role, write_logs=account.write_logs)
    ]
    trust = permissions.TRUST_STEPS if has_role else (permissions.ACCOUNT_MATCHES,)
    reached = (*trust, *actions_of(*groups))
    return [changed.get(step) or _working(step) for step in reached]


def denied(steps: Iterable[str], reason: Reason = Reason.IDENTITY_POLICY) -> list[Step]:
    return [a_step(step, Verdict.DENIED, reason) for step in steps]


def actions_of(*groups: str) -> tuple[str, ...]:
    return tuple(a for g in permissions.GRANTED_GROUPS if g.group in groups for a in g.actions)


def _working(step: str) -> Step:
    return a_step(step, Verdict.DENIED if step in REFUSALS_WANTED else Verdict.ALLOWED)


def sample_event(name: str) -> dict[str, Any]:
    """One of the events under events/, which `sam local invoke` takes as well."""
    event: dict[str, Any] = json.loads((ROOT / "events" / f"{name}.json").read_text())
    return event


def an_interaction(number: int = 0, **but: object) -> Interaction:
    at = NOW + timedelta(seconds=number)
    ordinary: dict[str, object] = {
        "organization_id": ORGANIZATION_ID,
        "account_id": ACCOUNT_ID,
        "interaction_id": str(ULID.from_datetime(at)),
        "action": InteractionAction.STOP,
        "kind": Kind.EC2,
        "instance_id": "i-0123456789abcdef0",
        "region": "us-east-1",
        "outcome": InteractionOutcome.ACCEPTED,
        "detail": "It was running; stop was asked for.",
        "actor": ADA.actor,
        "at": at,
        "request_id": "r-1",
        "logged": Logged.PENDING,
    }
    return Interaction(**ordinary | but)  # type: ignore[arg-type]


def a_resource(**but: Any) -> Resource:
    """An EC2 instance under control, without a schedule."""
    ordinary: dict[str, Any] = {
        "organization_id": ORGANIZATION_ID,
        "account_id": ACCOUNT_ID,
        "resource_id": "01JN8Q5M3C00000000000000R1",
        "kind": Kind.EC2,
        "instance_id": "i-0123456789abcdef0",
        "region": "us-east-1",
        "name": None,
        "schedule": None,
        "followed_at": NOW,
        "created_at": NOW,
        "created_by": "ada@example.com",
        "updated_at": NOW,
    }
    return Resource(**ordinary | but)


REFUSALS = (
    Reason.IDENTITY_POLICY,
    Reason.EXPLICIT_DENY,
    Reason.PERMISSIONS_BOUNDARY,
    Reason.SERVICE_CONTROL_POLICY,
    Reason.RESOURCE_CONTROL_POLICY,
    Reason.SESSION_POLICY,
    Reason.RESOURCE_POLICY,
    Reason.VPC_ENDPOINT_POLICY,
    Reason.UNSTATED,
)


def a_failed_delivery(
    event_id: str, event: str, organization_id: str = ORGANIZATION_ID
) -> Delivery:
    return Delivery(
        organization_id=organization_id,
        event_id=event_id,
        type="Account Failed",
        at=NOW,
        event=event,
        status=DeliveryStatus.FAILED,
        tries=9,
        http_status=404,
    )
