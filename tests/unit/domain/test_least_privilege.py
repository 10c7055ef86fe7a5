"""The smallest policy with which an account would still work."""

from __future__ import annotations

import json
from bisect import bisect_left
from datetime import timedelta
from itertools import permutations
from typing import Any

import hcl2
import pytest
from hypothesis import given
from hypothesis import strategies as st

from cavok.domain import instructions, least_privilege, permissions
from cavok.domain.accounts import Account
from cavok.domain.errors import InvalidField
from cavok.domain.instructions import Trust
from cavok.domain.interactions import Interaction, InteractionAction, InteractionOutcome, Logged
from cavok.domain.kinds import Action, Kind
from cavok.domain.least_privilege import (
    MAX_ROLE_CHARACTERS,
    MAX_USER_CHARACTERS,
    LeastPrivilege,
    NotCovered,
    Scope,
)
from cavok.domain.policy_evaluation import Decision, evaluate, request_on
from cavok.domain.resources import Resource
from cavok.domain.template_versions import sid_of
from tests.support import linted
from tests.support.builders import (
    ACCOUNT_ID,
    ADA,
    EXTERNAL_ID,
    NOW,
    NUMBER,
    ORGANIZATION_ID,
    WORKLOAD,
    a_resource,
    an_account,
    an_account_with_keys,
)
from tests.support.customer_templates import granted_by

TRUST = Trust(trusted_account_id=WORKLOAD, external_id=EXTERNAL_ID)
INSTANCE, OTHER = "i-0123456789abcdef0", "i-0123456789abcdef1"
ARN = f"arn:aws:ec2:us-east-1:{NUMBER}:instance/{INSTANCE}"
TAGGED = {"cavok:managed": "true"}


def controlled(
    instance_id: str = INSTANCE, kind: Kind = Kind.EC2, region: str = "us-east-1"
) -> Resource:
    return a_resource(
        resource_id=f"resource-{instance_id}", kind=kind, instance_id=instance_id, region=region
    )


def used(
    action: str = "stop", instance_id: str | None = OTHER, kind: Kind = Kind.EC2, **but: Any
) -> Interaction:
    ordinary: dict[str, Any] = {
        "organization_id": ORGANIZATION_ID,
        "account_id": ACCOUNT_ID,
        "interaction_id": "interaction",
        "action": InteractionAction(action),
        "outcome": InteractionOutcome.ACCEPTED,
        "detail": "",
        "actor": ADA.actor,
        "at": NOW - timedelta(days=1),
        "request_id": "request",
        "logged": Logged.OFF,
        "kind": kind,
        "instance_id": instance_id,
        "region": "us-east-1",
    }
    return Interaction(**ordinary | but)


def offered(
    *seen: Resource | Interaction, by: str = "arn", account: Account | None = None, **but: Any
) -> LeastPrivilege:
    return least_privilege.least_privilege(
        account or an_account(),
        Scope(by),
        resources=[one for one in seen if isinstance(one, Resource)],
        interactions=[one for one in seen if isinstance(one, Interaction)],
        now=NOW,
        **but,
    )


def statements(policy: LeastPrivilege) -> dict[str, dict[str, Any]]:
    by_sid = {one["Sid"]: one for one in policy.policy_document["Statement"]}
    assert len(by_sid) == len(policy.policy_document["Statement"])
    return by_sid


def allows(policy: LeastPrivilege, action: str, arn: str, **tags: str) -> bool:
    role = f"arn:aws:iam::{NUMBER}:role/CavokCloud"
    decision = evaluate([policy.policy_document], request_on(action, arn, tags, role))
    assert decision in (Decision.ALLOWED, Decision.NOT_ALLOWED)
    return decision is Decision.ALLOWED


@pytest.mark.parametrize("by", Scope)
def test_with_nothing_under_control_it_looks_and_checks(by: Scope) -> None:
    policy = offered(by=by, account=an_account(write_logs=False))

    probed = [action for group in permissions.PROBED_GROUPS for action in group.actions]
    acting = {kind.descriptor.permission(action) for kind in Kind for action in Action}
    assert acting < set(probed)
    assert [action for s in policy.policy_document["Statement"] for action in s["Action"]] == [
        action for action in probed if action not in acting
    ]
    assert policy.covers == ()
    for kind in ("EC2 instances", "RDS instances", "Aurora clusters"):
        (text,) = [text for text in policy.removes if kind in text]
        assert text.startswith(f"Starting and stopping {kind}: none is under Cavok's control")
    assert "rds:StartDBCluster and rds:StopDBCluster allowed before" in str(policy.removes)


def test_by_arn_it_names_each_instance_in_its_region() -> None:
    policy = offered(
        controlled(),
        controlled("orders", Kind.RDS, "eu-central-1"),
        controlled("cluster", Kind.AURORA),
    )

    named = statements(policy)
    assert named["CavokEc2StartAndStop"] == {
        "Sid": "CavokEc2StartAndStop",
        "Effect": "Allow",
        "Action": ["ec2:StartInstances", "ec2:StopInstances"],
        "Resource": [ARN],
    }
    assert named["CavokRdsStartAndStop"]["Resource"] == [
        f"arn:aws:rds:eu-central-1:{NUMBER}:db:orders"
    ]
    assert named["CavokAuroraStartAndStop"]["Resource"] == [
        f"arn:aws:rds:us-east-1:{NUMBER}:cluster:cluster"
    ]
    assert named[sid_of("CavokLogs")] == permissions.LOGS.statement()
    assert named[sid_of("CavokChecking")]["Resource"] == f"arn:aws:iam::{NUMBER}:role/CavokCloud"
    assert f"Starting and stopping EC2 instances other than {INSTANCE} (us-east-1)." in (
        policy.removes
    )
    assert "Reading the policies of roles other than CavokCloud." in policy.removes


def test_by_tag_it_allows_every_instance_that_has_the_tag_and_no_other() -> None:
    policy = offered(controlled(), by="tag")

    (statement,) = [s for s in policy.policy_document["Statement"] if "Condition" in s]
    assert statement["Resource"] == f"arn:aws:ec2:*:{NUMBER}:instance/*"
    assert statement["Condition"] == {"StringEquals": {"aws:ResourceTag/cavok:managed": "true"}}
    assert allows(policy, "ec2:StopInstances", ARN, **TAGGED)
    assert not allows(policy, "ec2:StopInstances", ARN, **{"cavok:managed": "false"})
    assert not allows(policy, "ec2:StopInstances", ARN)
    text = next(text for text in policy.removes if "EC2" in text)
    assert "without the tag cavok:managed = true" in text
    assert text.endswith(f"Before you apply the policy, set the tag on: {INSTANCE} (us-east-1).")


@pytest.mark.parametrize("by", Scope)
def test_a_start_may_use_the_licenses_and_reserved_capacity_of_its_instance(by: Scope) -> None:
    """AWS asks about these, too, if the instance has some. They have no tag of ours."""
    also = [
        "arn:aws:license-manager:us-east-1:999999999999:license-configuration:lic-0123",
        f"arn:aws:resource-groups:us-east-1:{NUMBER}:group/reserved",
    ]
    start = "ec2:StartInstances"

    assert all(allows(offered(controlled(), by=by), start, arn) for arn in also)
    for without in (offered(by=by), offered(used("stop"), by=by)):
        assert not any(allows(without, start, arn) for arn in also)


def test_what_was_used_but_is_not_under_control_is_allowed_as_it_was_used() -> None:
    policy = offered(controlled(), used("stop"))

    other = ARN.replace(INSTANCE, OTHER)
    assert allows(policy, "ec2:StopInstances", other)
    assert not allows(policy, "ec2:StartInstances", other)
    assert [covered.resource_id for covered in policy.covers] == [f"resource-{INSTANCE}"]
    texts = [text for text in policy.removes if "EC2" in text]
    assert texts[:2] == [
        f"Starting EC2 instances other than {INSTANCE} (us-east-1).",
        f"Stopping EC2 instances other than {INSTANCE} (us-east-1), {OTHER} (us-east-1).",
    ]
    assert "unless you turn on EncryptedVolumes" in texts[2]


def test_instances_that_need_other_actions_are_other_statements_in_one_order() -> None:
    uses = [used("stop", "c", Kind.RDS), controlled("b", Kind.RDS), used("start", "a", Kind.RDS)]

    for order in permutations(uses):
        assert [s["Sid"] for s in offered(*order).statements["rds"]][1:] == [
            "CavokRdsStart",
            "CavokRdsStartAndStop",
            "CavokRdsStop",
        ]


def test_an_instance_that_was_started_and_stopped_needs_both() -> None:
    policy = offered(used("stop", "a", Kind.RDS), used("start", "a", Kind.RDS))

    assert [s["Sid"] for s in policy.statements["rds"]][1:] == ["CavokRdsStartAndStop"]


@pytest.mark.parametrize(("count", "more"), [(20, ""), (21, " and 1 more")])
def test_twenty_instances_are_all_named(count: int, more: str) -> None:
    policy = offered(*(controlled(f"db-{n:02}", Kind.RDS) for n in range(count)))

    names = ", ".join(f"db-{n:02} (us-east-1)" for n in range(20))
    assert f"Starting and stopping RDS instances other than {names}{more}." in policy.removes


def test_a_kind_that_was_only_started_may_not_be_stopped() -> None:
    policy = offered(used("start", "orders", Kind.RDS))

    (text,) = [text for text in policy.removes if text.startswith("Stopping RDS")]
    assert text == (
        "Stopping RDS instances: none is under Cavok's control, and none was stopped in the last "
        "90 days. If a test found rds:StopDBInstance allowed before, the next one reports a lost "
        "permission."
    )


@pytest.mark.parametrize("by", Scope)
def test_a_kind_that_was_only_stopped_may_not_be_started(by: Scope) -> None:
    policy = offered(used("stop", "orders", Kind.RDS), by=by)

    database = f"arn:aws:rds:us-east-1:{NUMBER}:db:orders"
    assert allows(policy, "rds:StopDBInstance", database, **TAGGED)
    assert not allows(policy, "rds:StartDBInstance", database, **TAGGED)
    (text,) = [text for text in policy.removes if text.startswith("Starting RDS")]
    assert "none was started in the last 90 days" in text
    assert "found rds:StartDBInstance allowed before" in text


@pytest.mark.parametrize(
    "unused",
    [
        used("list", None),
        used("test", None, kind=None, region=None),
        used("stop", outcome=InteractionOutcome.REFUSED),
        used("stop", at=NOW - timedelta(days=90, seconds=1)),
    ],
)
def test_other_uses_ask_for_nothing(unused: Interaction) -> None:
    assert offered(unused) == offered()
    assert offered(used("stop", at=NOW - timedelta(days=90))) != offered()


def test_it_says_if_older_uses_were_not_looked_at() -> None:
    policy = offered(since=NOW)

    assert policy.removes[-1].startswith("What was started or stopped before 2025-03-01 12:00 UTC")
    assert not any("too many to look at" in text for text in offered().removes)


def test_a_sentence_names_twenty_instances_and_counts_the_rest() -> None:
    resources = [controlled(f"i-{number:017x}") for number in range(23)]

    text = next(text for text in offered(*resources).removes if "EC2" in text)
    assert text.count("us-east-1") == 20
    assert text.endswith(" and 3 more.")


def fitting(account: Account) -> int:
    """How many instances a policy by ARN takes."""

    def is_too_long(count: int) -> bool:
        try:
            offered(*(controlled(f"i-{n:017x}") for n in range(count)), account=account)
        except InvalidField:
            return True
        return False

    return bisect_left(range(200), True, key=is_too_long) - 1


@pytest.mark.parametrize(
    ("account", "limit"),
    [(an_account(), MAX_ROLE_CHARACTERS), (an_account_with_keys(), MAX_USER_CHARACTERS)],
    ids=["role", "user"],
)
def test_it_is_never_longer_than_iam_takes(account: Account, limit: int) -> None:
    most = fitting(account)
    resources = [controlled(f"i-{n:017x}") for n in range(most + 1)]

    size = sum(
        len(json.dumps(document, separators=(",", ":")))
        for document in documents(account, offered(*resources[:-1], account=account)).values()
    )
    assert limit - 75 < size <= limit, "one ARN more does not fit"
    with pytest.raises(InvalidField, match=r"at most .* Ask for by=tag") as problem:
        offered(*resources, account=account)
    assert problem.value.field == "by"
    assert f"{limit:,}" in problem.value.message
    assert len(offered(*resources, account=account, by="tag").covers) == most + 1


def template_of(account: Account, policy: LeastPrivilege) -> str:
    return instructions.cloudformation_template(account, TRUST, policy.document_of)


def documents(account: Account, policy: LeastPrivilege) -> dict[str, Any]:
    """Those of all inline policies that the template can make, by name."""
    template = json.loads(template_of(account, policy))
    options = {"WriteLogs": "Yes", "EncryptedVolumes": "Yes"}
    return granted_by(template, **options)


@pytest.mark.parametrize("by", Scope)
@pytest.mark.parametrize(
    "account",
    [an_account(), an_account(write_logs=False), an_account_with_keys()],
    ids=["role", "role without logs", "user"],
)
def test_template_and_terraform_grant_the_same_policy(account: Account, by: Scope) -> None:
    policy = offered(
        controlled(), used("stop"), controlled("orders", Kind.RDS), by=by, account=account
    )

    names = {group.policy_name for group in instructions.granted_groups(account)}
    granted = [
        statement
        for name, document in documents(account, policy).items()
        if name in names
        for statement in document["Statement"]
    ]
    assert granted == policy.policy_document["Statement"]
    findings = linted.findings(template_of(account, policy))
    assert [str(finding) for finding in findings] == []
    terraform = instructions.terraform(account, TRUST, policy.document_of)
    assert hcl2.loads(terraform)
    for statement in granted:
        assert f'"Sid": "{statement["Sid"]}"' in terraform


IDS = {kind: st.from_regex(kind.descriptor.id_pattern, fullmatch=True) for kind in Kind}
REGIONS = st.sampled_from(("us-east-1", "eu-central-1"))
SEEN = st.lists(
    st.sampled_from(list(Kind)).flatmap(
        lambda kind: (
            st.builds(controlled, IDS[kind], st.just(kind), REGIONS)
            | st.builds(used, st.sampled_from(("start", "stop")), IDS[kind], st.just(kind))
        )
    ),
    max_size=12,
)


@given(SEEN, st.sampled_from(list(Scope)))
def test_it_covers_every_resource_and_nothing_that_access_details_does_not_grant(
    seen: list[Resource | Interaction], by: Scope
) -> None:
    policy = offered(*seen, by=by)

    resources = [one for one in seen if isinstance(one, Resource)]
    assert [covered.resource_id for covered in policy.covers] == [r.resource_id for r in resources]
    for covered, resource in zip(policy.covers, resources, strict=True):
        kind = resource.kind.descriptor
        assert covered.actions == (kind.describe, kind.start, kind.stop)
    granted = {a for s in policy.policy_document["Statement"] for a in s["Action"]}
    assert granted <= {a for group in permissions.GRANTED_GROUPS for a in group.actions}
    stranger = ARN.replace(INSTANCE, "i-00000000000000000")
    named = {one.instance_id for one in seen}
    if "i-00000000000000000" not in named:
        assert not allows(policy, "ec2:StopInstances", stranger)


@pytest.mark.parametrize(
    ("account", "holder", "limit"),
    [
        (an_account(), "role", "MAX_ROLE_CHARACTERS"),
        (an_account_with_keys(), "user", "MAX_USER_CHARACTERS"),
    ],
)
def test_a_policy_that_is_exactly_as_long_as_iam_takes_is_offered(
    account: Account, holder: str, limit: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    exact = sum(
        len(json.dumps(document, separators=(",", ":")))
        for document in documents(account, offered(controlled(), account=account)).values()
    )

    monkeypatch.setattr(least_privilege, limit, exact)
    offered(controlled(), account=account)
    monkeypatch.setattr(least_privilege, limit, exact - 1)
    with pytest.raises(InvalidField) as refused:
        offered(controlled(), account=account)
    assert (refused.value.field, refused.value.message) == (
        "by",
        f"This policy would name too many instances: it would have {exact:,} characters, and the "
        f"inline policies of a {holder} have at most {exact - 1:,}. Ask for by=tag, whose length "
        "does not depend on the number of instances.",
    )


@pytest.mark.parametrize(
    ("by", "later"), [(Scope.TAG, "has the tag"), (Scope.ARN, "is added to it")]
)
def test_what_is_put_under_control_later_is_told(by: Scope, later: str) -> None:
    policy = offered(controlled("orders", Kind.RDS), by=by)

    assert policy.removes[-2:] == (
        "Instances that you put under Cavok's control later: this policy does not let Cavok start "
        f"or stop one until it {later}, or until its kind is added if the policy has none of it.",
        "Reading the policies of roles other than CavokCloud.",
    )


@pytest.mark.parametrize(
    ("seen", "listed"),
    [
        (controlled(), True),
        (used("start"), True),
        (used("stop"), False),
        (controlled("orders", Kind.RDS), False),
        (used("start", "orders", Kind.RDS), False),
    ],
)
def test_encrypted_volumes_are_told_where_ec2_instances_are_started(
    seen: Resource | Interaction, listed: bool
) -> None:
    text = (
        "Starting EC2 instances with volumes under a customer managed key of KMS, unless you turn "
        "on EncryptedVolumes in the template."
    )

    assert (text in offered(seen).removes) is listed


def test_a_kind_without_any_instance_is_told_word_for_word() -> None:
    (text,) = [text for text in offered().removes if "Aurora" in text]

    assert text == (
        "Starting and stopping Aurora clusters: none is under Cavok's control, and none was "
        "started or stopped in the last 90 days. If a test found rds:StartDBCluster and "
        "rds:StopDBCluster allowed before, the next one reports a lost permission."
    )


def test_a_policy_that_does_not_cover_a_resource_is_not_offered(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(least_privilege, "_acting", lambda *_: [])

    with pytest.raises(NotCovered, match=f"ec2:StartInstances on {ARN}"):
        offered(controlled())
