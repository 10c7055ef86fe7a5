"""Documents for the groups that a customer chooses, through the API."""

from __future__ import annotations

import json
from urllib.parse import parse_qs, urlsplit

import pytest

from cavok.domain import permissions
from cavok.domain.permissions import CHECKING, EC2, ENCRYPTED_VOLUMES, LOGS, RDS
from tests.support.api import KEY_ACCOUNT, Api, is_problem
from tests.support.builders import WORKLOAD
from tests.support.customer_templates import granted_by

READING = tuple(
    action for action in EC2.actions if action not in {"ec2:StartInstances", "ec2:StopInstances"}
)


def actions_in(document: dict[str, list[dict[str, list[str]]]]) -> list[str]:
    return [action for statement in document["Statement"] for action in statement["Action"]]


def parameters_of(link: str) -> dict[str, str]:
    """Those that the link fills in."""
    query = parse_qs(urlsplit(link).fragment.partition("?")[2])
    return {
        name.removeprefix("param_"): value
        for name, (value,) in query.items()
        if name.startswith("param_")
    }


def test_anybody_gets_documents_for_a_choice_and_only_then(nobody: Api) -> None:
    usual = nobody.get("/v1/permissions").json
    answer = nobody.get("/v1/permissions", groups="checking,ec2:read_only")

    assert (usual["cloudformation_template"], usual["terraform"]) == (None, None)
    assert usual["policy_document"] == permissions.policy_document()
    chosen = {each["group"]: each["access"] for each in answer.json["choice"]}
    assert (chosen.pop("checking"), chosen.pop("ec2")) == ("all", "read_only")
    assert {"rds", "logs", "encrypted_volumes"} <= set(chosen)
    assert set(chosen.values()) == {"none"}
    assert actions_in(answer.json["policy_document"]) == [*CHECKING.actions, *READING]
    template = json.loads(answer.json["cloudformation_template"])
    assert [*granted_by(template)] == ["CavokChecking", "CavokEc2"]
    assert WORKLOAD in answer.json["terraform"]
    assert "ec2:StopInstances" not in answer.json["terraform"]
    assert answer.headers["cache-control"] == "public, max-age=300"
    assert answer.json["groups"] == usual["groups"]
    read_only = {each["group"]: each["read_only"] for each in usual["groups"]}
    assert read_only["ec2"] == [*READING]
    assert read_only["logs"] == []


def test_an_accounts_instructions_are_those_for_the_choice(admin: Api, viewer: Api) -> None:
    account = admin.account()
    path = f"/v1/accounts/{account['account_id']}/instructions"

    usual, shown = viewer.get(path).json, viewer.get(path, groups="rds,encrypted_volumes").json

    assert actions_in(shown["permissions_policy"]) == [*RDS.actions, *ENCRYPTED_VOLUMES.actions]
    assert parameters_of(shown["deploy_on_aws_url"]) == parameters_of(
        usual["deploy_on_aws_url"]
    ) | {"WriteLogs": "No", "Checking": "No", "Ec2": "No", "EncryptedVolumes": "Yes"}
    assert [*granted_by(json.loads(shown["cloudformation_template"]))] == [
        RDS.policy_name,
        ENCRYPTED_VOLUMES.policy_name,
    ]
    for form in ("terraform", "cli"):
        assert "ec2:StopInstances" in usual[form]
        assert "ec2:StopInstances" not in shown[form]
        assert shown["trust_policy"] == usual["trust_policy"]
    assert usual["warnings"] == []
    assert [text for text in shown["warnings"] if text.startswith("Write logs is Yes")]


def test_an_account_with_keys_has_no_groups_that_need_a_role(admin: Api) -> None:
    account = admin.account(**(KEY_ACCOUNT | {"write_logs": False}))

    shown = admin.get(f"/v1/accounts/{account['account_id']}/instructions", groups="trust,ec2").json

    assert [each["group"] for each in shown["choice"]] == ["ec2", "rds", "encrypted_volumes"]
    assert actions_in(shown["permissions_policy"]) == [*EC2.actions]
    assert LOGS.policy_name not in shown["terraform"]


@pytest.mark.parametrize("groups", ["s3", "ec2:all", "ec2,ec2", "x" * 501])
def test_what_is_no_choice_is_refused_by_name(nobody: Api, admin: Api, groups: str) -> None:
    account = admin.account()

    for answer in (
        nobody.get("/v1/permissions", groups=groups),
        admin.get(f"/v1/accounts/{account['account_id']}/instructions", groups=groups),
    ):
        assert is_problem(answer, 422)
        assert answer.fields == ["groups"]


def test_nothing_may_be_chosen(nobody: Api) -> None:
    answer = nobody.get("/v1/permissions", groups="trust")

    assert answer.json["policy_document"]["Statement"] == []
    assert granted_by(json.loads(answer.json["cloudformation_template"])) == {}
