"""The permission catalog. `instructions.json` holds the Access Details that customers read."""

from __future__ import annotations

import json

import pytest

from cavok.adapters.customer.probes import PROBES
from cavok.api.descriptions import OWN
from cavok.api.examples import EXAMPLES
from cavok.domain import permissions
from cavok.domain.template_versions import sid_of


def test_only_the_trust_is_mandatory() -> None:
    assert [group.group for group in permissions.GROUPS if group.required] == ["trust"]


def test_logs_are_restricted_to_our_own_log_groups_and_the_rest_is_on_everything() -> None:
    statements = {s["Sid"]: s for s in permissions.policy_document()["Statement"]}

    logs = statements.pop(permissions.LOGS.statement()["Sid"])
    assert logs["Resource"] == "arn:aws:logs:*:*:log-group:/cavok/*"
    assert {s["Resource"] for s in statements.values()} == {"*"}


def test_the_policy_names_each_action_and_no_wildcard() -> None:
    document = permissions.policy_document()
    actions = [action for s in document["Statement"] for action in s["Action"]]

    asked_for = {a for group in permissions.GROUPS for a in group.actions}
    not_by_default = {a for group in permissions.OPTIONAL_GROUPS for a in group.actions}
    assert set(actions) == asked_for - not_by_default - {"sts:AssumeRole"}
    assert not any("*" in action for action in actions)


def test_grants_of_keys_are_for_ec2_alone_and_only_where_the_customer_asks_for_them() -> None:
    assert permissions.ENCRYPTED_VOLUMES in permissions.OPTIONAL_GROUPS
    assert permissions.ENCRYPTED_VOLUMES.statement() == {
        "Sid": sid_of("CavokEncryptedVolumes"),
        "Effect": "Allow",
        "Action": ["kms:CreateGrant"],
        "Resource": "*",
        "Condition": {
            "Bool": {"kms:GrantIsForAWSResource": "true"},
            "StringLike": {"kms:ViaService": "ec2.*.amazonaws.com"},
        },
    }


def test_what_only_use_proves_is_no_capability_of_an_account() -> None:
    """It would be unknown for ever: no test has a step for it."""
    capabilities = {group.group for group in permissions.CAPABILITY_GROUPS}

    assert capabilities.isdisjoint(group.group for group in permissions.OPTIONAL_GROUPS)
    assert set(permissions.STEPS).isdisjoint(
        action for group in permissions.OPTIONAL_GROUPS for action in group.actions
    )


def test_the_policy_fits_into_a_role_many_times_over() -> None:
    """10,240 characters of inline policies a role. Source: IAM User Guide, "IAM and STS quotas"."""
    assert len(json.dumps(permissions.policy_document(), separators=(",", ":"))) < 2048


def test_the_trust_policy_names_the_workload_account_and_demands_the_external_id() -> None:
    assert permissions.trust_policy("000000000000", "cavok-x") == {
        "Version": "2012-10-17",
        "Statement": [
            {
                "Sid": "CavokCloud",
                "Effect": "Allow",
                "Principal": {"AWS": "arn:aws:iam::000000000000:root"},
                "Action": "sts:AssumeRole",
                "Condition": {"StringEquals": {"sts:ExternalId": "cavok-x"}},
            }
        ],
    }


def test_each_probed_permission_has_one_probe_and_each_probe_a_permission() -> None:
    assert set(PROBES) == {a for g in permissions.PROBED_GROUPS for a in g.actions}


def test_the_api_describes_each_capability_and_shows_it_in_its_example() -> None:
    capabilities = {group.group for group in permissions.CAPABILITY_GROUPS}

    assert OWN["CapabilitiesBody"].keys() == capabilities
    assert EXAMPLES["AccountBody"]["capabilities"].keys() == capabilities


@pytest.mark.parametrize("group", permissions.GROUPS, ids=lambda g: g.group)
def test_everything_that_is_asked_for_says_why(group: permissions.PermissionGroup) -> None:
    assert group.title
    assert group.why.endswith(".")
    # An outsider reads it, who has only an invitation.
    assert group.why.startswith("Cavok ")
    assert all(permission.why.endswith((".", "change.")) for permission in group.permissions)
