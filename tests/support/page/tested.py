"""What the domain makes of samples: what a test finds, so that no account has a status beside
issues or capabilities that the API never sends together; and the smallest policy for an account.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

from pydantic import TypeAdapter

from cavok.adapters.templates import TEMPLATE_NAMES
from cavok.api.models.accounts import AccountBody
from cavok.api.models.instructions import InstructionsBody
from cavok.api.models.invitations import InvitedBody
from cavok.api.models.least_privilege import LeastPrivilegeBody
from cavok.api.models.shared_problems import SharedProblemBody
from cavok.domain import permissions
from cavok.domain.accounts import AccessType, Account, Issue, Severity
from cavok.domain.actors import SCHEDULE
from cavok.domain.fixes import ShownFix
from cavok.domain.instructions import Trust, cloudformation_template, deploy_url
from cavok.domain.invitations import VALID_FOR
from cavok.domain.kinds import Kind
from cavok.domain.least_privilege import Scope, least_privilege
from cavok.domain.regions import RegionHealth
from cavok.domain.shared_problems import shared_problems
from cavok.domain.steps import Step
from cavok.domain.template_updates import issues_shown
from cavok.domain.verifications import Trigger, Verification, finish
from tests.support.builders import a_resource

_NOW = datetime(2026, 1, 5, 10, tzinfo=UTC)
_STEPS = TypeAdapter(list[Step])
_HEALTH = TypeAdapter(list[RegionHealth])
_TRUST = Trust(trusted_account_id="111122223333", external_id="cavok-0000")
FOUND = ("status", "issues", "capabilities", "region_health")
"""What a test decides of an account."""


def _trust_policy() -> dict[str, Any]:
    return permissions.trust_policy(_TRUST.trusted_account_id, _TRUST.external_id)


def account_of(sample: Mapping[str, Any], proven: Collection[str] = ()) -> Account:
    """A sample account as the domain has it, which was connected before. Of these permissions, a
    test has found that they are allowed.
    """
    return Account(
        organization_id="northwind",
        account_id=sample["account_id"],
        provider="aws",
        account_number=sample["provider_id"],
        name=sample["name"],
        access_type=AccessType(sample["access_type"]),
        role_name=sample["role_arn"] and sample["role_arn"].rpartition("/")[2],
        access_key_id_ending=sample["access_key_id"],
        write_logs=sample["write_logs"],
        regions=tuple(sample["regions"]),
        next_verification_at=None,
        created_at=_NOW,
        created_by="admin",
        updated_at=_NOW,
        touched_at=_NOW,
        connected_at=_NOW,
        proven=frozenset(proven),
    )


def shared_problems_of(samples: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """The problems of sample accounts by cause, as the API sends them."""
    accounts = [
        replace(account_of(sample), issues=tuple(map(_issue_of, sample["issues"])))
        for sample in samples
    ]
    return [
        SharedProblemBody.of_problem(each).model_dump(mode="json")
        for each in shared_problems(accounts, trust_policy=_trust_policy)
    ]


def _issue_of(sample: Mapping[str, Any]) -> Issue:
    fix = sample["fix"] and ShownFix(**sample["fix"])
    severity = Severity(sample["severity"])
    return Issue(sample["code"], sample["message"], sample["remedy"], severity, fix)


def least_privilege_of(
    sample: Mapping[str, Any], resources: Sequence[Mapping[str, Any]]
) -> dict[str, Any]:
    """The smallest policy for a sample account with these resources, as the API sends it."""
    account = account_of(sample)
    controlled = [
        a_resource(
            resource_id=each["resource_id"],
            kind=Kind(each["kind"]),
            region=each["region"],
            instance_id=each["instance_id"],
        )
        for each in resources
    ]
    offered = least_privilege(account, Scope.ARN, resources=controlled, interactions=(), now=_NOW)
    return LeastPrivilegeBody.of_account(account, _TRUST, offered).model_dump(mode="json")


def instructions_of(sample: Mapping[str, Any]) -> dict[str, Any]:
    """The instructions of a sample account, as the API sends them where templates are public."""
    account = account_of(sample)
    shown = InstructionsBody.of_account(account, _TRUST, *_documents_of(account), None)
    return shown.model_dump(mode="json")


def invited_of(sample: Mapping[str, Any], now: datetime) -> dict[str, Any]:
    """What a new invitation for a sample account shows, likewise."""
    account = account_of(sample)
    shown = InvitedBody.of_account(account, _TRUST, *_documents_of(account), now + VALID_FOR)
    return shown.model_dump(mode="json")


def _documents_of(account: Account) -> tuple[str, str]:
    """The template, and the link that deploys it."""
    name = f"connect/{_TRUST.trusted_account_id}/{TEMPLATE_NAMES[account.access_type]}.yaml"
    address = f"https://cavok-templates.s3.us-east-1.amazonaws.com/{name}"
    return cloudformation_template(account, _TRUST), deploy_url(account, _TRUST, address)


def found(
    sample: Mapping[str, Any],
    steps: Sequence[Mapping[str, Any]],
    health: Sequence[Mapping[str, Any]],
    lost: Collection[str] = (),
) -> dict[str, Any]:
    """What a test with these steps and regions finds of a sample account that was connected before,
    as the API sends it. `lost` are permissions that an earlier test found allowed.
    """
    account = account_of(sample, lost)
    verification = Verification(
        organization_id=account.organization_id,
        account_id=account.account_id,
        verification_id="test1",
        trigger=Trigger.SCHEDULED,
        actor=SCHEDULE,
        connection_revision=account.connection_revision,
        started_at=_NOW,
    )
    after, finished = finish(
        account,
        verification,
        _STEPS.validate_python(steps),
        _NOW,
        region_health=_HEALTH.validate_python(health),
    )
    assert finished.outcome, "such a test proves nothing"
    body = AccountBody.of(
        after,
        provider_id=after.account_number,
        access_key_id=after.access_key_id_ending,
        issues=issues_shown(after, trust_policy=_trust_policy),
        testing=False,
    ).model_dump(mode="json")
    return {name: body[name] for name in FOUND}
