"""What a customer copies into their account: each form valid, and all of them saying the same."""

from __future__ import annotations

import io
import json
import re
import shlex
from dataclasses import replace
from typing import Any
from urllib.parse import parse_qs, parse_qsl, urlsplit

import hcl2
import pytest

from cavok.adapters.templates import TEMPLATE_NAMES
from cavok.domain import instructions, permissions, template_versions
from cavok.domain.accounts import AccessType, Account
from cavok.domain.instructions import Trust
from cavok.domain.organizations import new_external_id
from cavok.domain.regions import REGIONS
from cavok.domain.role_stacks import stack_name
from tests.support import linted
from tests.support.builders import (
    EXTERNAL_ID,
    NUMBER,
    WORKLOAD,
    an_account,
    an_account_with_keys,
)
from tests.support.customer_templates import granted_by, resolved, the_only

TRUST = Trust(trusted_account_id=WORKLOAD, external_id=EXTERNAL_ID)
ROLE, USER = an_account(), an_account_with_keys()
ACCOUNTS = {
    "role-with-logs": ROLE,
    "role-without-logs": an_account(write_logs=False),
    "user-with-logs": USER,
    "user-without-logs": an_account_with_keys(write_logs=False),
    "role-of-another-name": an_account(role_name="Cavok+=,.@_-1", regions=("eu-west-1",)),
}
each_account = pytest.mark.parametrize("account", ACCOUNTS.values(), ids=ACCOUNTS.keys())


def granted(account: Account) -> dict[str, Any]:
    """The policy documents that this account should grant, by name."""
    groups = instructions.granted_groups(account)
    return {g.policy_name: permissions.policy_document([g]) for g in groups}


def template_of(account: Account) -> dict[str, Any]:
    template: dict[str, Any] = json.loads(instructions.cloudformation_template(account, TRUST))
    return template


@pytest.mark.parametrize("name", [name for name in ACCOUNTS if "logs" in name])
def test_the_template_passes_cfn_lint(name: str) -> None:
    text = instructions.cloudformation_template(ACCOUNTS[name], TRUST)

    findings = linted.findings(text)

    assert [str(finding) for finding in findings] == []


@each_account
def test_the_template_grants_the_same_policies_with_logs_only_where_they_are_wanted(
    account: Account,
) -> None:
    template = template_of(account)

    assert template["Parameters"]["WriteLogs"]["Default"] == ("No", "Yes")[account.write_logs]
    assert granted_by(template) == granted(account)


@each_account
def test_grants_for_encrypted_volumes_are_made_only_if_the_customer_says_so(
    account: Account,
) -> None:
    more = granted_by(template_of(account), EncryptedVolumes="Yes")

    added = {name: document for name, document in more.items() if name not in granted(account)}
    (statement,) = added.pop("CavokEncryptedVolumes")["Statement"]
    assert added == {}
    assert statement == permissions.ENCRYPTED_VOLUMES.statement()


@each_account
def test_a_boundary_and_tags_are_what_the_customers_organization_asks_for(
    account: Account,
) -> None:
    boundary = f"arn:aws:iam::{account.account_number}:policy/Limits"
    chosen = {"PermissionsBoundary": boundary, "Tag1": "cost-center=42", "Tag3": "owner="}

    assert properties_of(account)["Tags"] == []
    assert "PermissionsBoundary" not in properties_of(account)
    made = properties_of(account, **chosen)
    assert made["PermissionsBoundary"] == boundary
    assert made["Tags"] == [
        {"Key": "cost-center", "Value": "42"},
        {"Key": "owner", "Value": ""},
    ]


def properties_of(account: Account, **chosen: str) -> dict[str, Any]:
    """The role or user that the template makes with these parameters, without its policies."""
    template = template_of(account)
    values = {name: p["Default"] for name, p in template["Parameters"].items()} | chosen
    properties = {k: v for k, v in the_only(template).items() if k not in POLICIES}
    found: dict[str, Any] = resolved(properties, template["Conditions"], values)
    return found


POLICIES = ("Policies", "AssumeRolePolicyDocument")


@pytest.mark.parametrize(
    ("parameter", "good", "bad"),
    [
        ("Tag1", ["", "a=b", "cost center=4 2", "a="], ["a", "=b", "a=b=c"]),
        (
            "PermissionsBoundary",
            ["", f"arn:aws:iam::{NUMBER}:policy/x/Y", "arn:aws:iam::aws:policy/PowerUserAccess"],
            ["Y", f"arn:aws:iam::{NUMBER}:role/Y"],
        ),
        ("RolePath", ["/", "/team/", "/a/b.c/"], ["", "team", "/team", "//", "/a b/"]),
    ],
)
def test_the_template_refuses_what_aws_would(
    parameter: str, good: list[str], bad: list[str]
) -> None:
    pattern = template_of(ROLE)["Parameters"][parameter]["AllowedPattern"]

    assert [value for value in good if not re.fullmatch(pattern, value)] == []
    assert [value for value in bad if re.fullmatch(pattern, value)] == []


def test_a_path_of_the_role_is_for_good() -> None:
    """CloudFormation replaces no role that has a name."""
    parameters = instructions.generic_template(AccessType.ASSUME_ROLE)["Parameters"]

    assert "delete the stack and deploy it again" in parameters["RolePath"]["Description"]


def test_a_role_path_is_in_every_form() -> None:
    account = an_account(role_path="/team/a/")

    assert account.role_arn == f"arn:aws:iam::{NUMBER}:role/team/a/CavokCloud"
    assert properties_of(account)["Path"] == "/team/a/"
    assert "param_RolePath=%2Fteam%2Fa%2F" in instructions.deploy_url(account, TRUST, "https://t")
    assert 'path                 = "/team/a/"' in instructions.terraform(account, TRUST)
    assert "--path '/team/a/'" in instructions.cli(account, TRUST)


def test_terraform_takes_a_boundary_and_tags() -> None:
    for account in (ROLE, USER):
        parsed = hcl2.load(io.StringIO(instructions.terraform(account, TRUST)))
        (made,) = (
            block
            for r in parsed["resource"]
            for kinds in r.values()
            for block in kinds.values()
            if "tags" in block
        )

        assert {"permissions_boundary", "tags"} <= {
            _text(name) for variable in parsed["variable"] for name in variable
        }
        assert made["permissions_boundary"] == "${var.permissions_boundary}"
        assert made["tags"] == "${var.tags}"


def test_each_role_of_an_aws_account_has_a_stack_of_its_own() -> None:
    roles = ("CavokCloud", "Cavok+=,.@_-1", "CavokOther")
    names = [stack_name(an_account(role_name=role)) for role in roles]

    assert names == ["CavokCloud", "Cavok-------1", "CavokOther"]
    assert stack_name(USER) == "CavokCloudUser"


def test_who_follows_the_steps_knows_what_to_do_when_the_stack_rolls_back() -> None:
    assert "ROLLBACK_COMPLETE" in instructions.steps(ROLE)[-1].text


def test_the_template_trusts_the_workload_account_with_the_external_id() -> None:
    template = template_of(ROLE)
    (statement,) = the_only(template)["AssumeRolePolicyDocument"]["Statement"]

    assert statement["Condition"] == {"StringEquals": {"sts:ExternalId": {"Ref": "ExternalId"}}}
    assert statement["Principal"]["AWS"] == {
        "Fn::Sub": "arn:${AWS::Partition}:iam::${TrustedAccountId}:root"
    }
    assert template["Parameters"]["ExternalId"]["Default"] == EXTERNAL_ID
    trusted = template["Parameters"]["TrustedAccountId"]
    assert (trusted["Default"], trusted["AllowedValues"]) == (WORKLOAD, [WORKLOAD])


@each_account
def test_the_link_fills_in_every_parameter_that_has_no_default(account: Account) -> None:
    values = instructions.stack_parameters(account, TRUST)
    assert values["WriteLogs"] == ("No", "Yes")[account.write_logs]
    filled_in = set(values)
    parameters = instructions.generic_template(account.access_type)["Parameters"]

    assert {name for name, each in parameters.items() if "Default" not in each} <= filled_in
    assert filled_in <= set(parameters)


@each_account
def test_the_template_to_copy_is_the_published_one_with_the_links_values_as_defaults(
    account: Account,
) -> None:
    copied, published = template_of(account), instructions.generic_template(account.access_type)
    filled_in = instructions.stack_parameters(account, TRUST)

    for name, value in filled_in.items():
        assert copied["Parameters"][name].pop("Default") == value
        published["Parameters"][name].pop("Default", None)
    assert copied == json.loads(instructions.installed(json.dumps(published), WORKLOAD))


TOPIC = f"arn:aws:sns:eu-west-1:{WORKLOAD}:cavok-connections"


def test_the_stack_speaks_to_our_topic_once_its_role_is_there_and_in_our_region_alone() -> None:
    trust = replace(TRUST, connections_topic=TOPIC)
    template = json.loads(instructions.cloudformation_template(an_account(), trust))
    connection = template["Resources"]["CavokConnection"]

    assert connection["DependsOn"] == ["CavokRole"]
    assert connection["Properties"]["ServiceToken"] == TOPIC
    assert connection["Properties"]["ExternalId"] == {"Ref": "ExternalId"}
    assert template["Conditions"][connection["Condition"]] == {
        "Fn::And": [
            {"Fn::Equals": [{"Ref": "ReportConnection"}, "Yes"]},
            {"Fn::Equals": [{"Ref": "AWS::Region"}, "eu-west-1"]},
        ]
    }
    assert template["Parameters"]["ReportConnection"]["Default"] == "Yes"
    assert set(connection) == {"Type", "Condition", "DependsOn", "Properties"}


def test_the_stack_speaks_of_each_change_of_what_it_grants() -> None:
    """CloudFormation says nothing of an update that changes no property."""
    template = instructions.generic_template(AccessType.ASSUME_ROLE)
    properties = template["Resources"]["CavokConnection"]["Properties"]
    conditions = json.dumps(template["Resources"]["CavokRole"]["Properties"]["Policies"])
    deciding = {
        name
        for name in template["Parameters"]
        for condition, test in template["Conditions"].items()
        if f'"{condition}"' in conditions and f'"{name}"' in json.dumps(test)
    }

    deciding |= {"PermissionsBoundary", "RoleName", "RolePath"}
    assert {each["Ref"] for each in properties["Grants"]} == deciding
    assert properties["Version"] == str(template_versions.current())


def test_the_stack_speaks_of_an_update_that_changes_only_its_policies() -> None:
    """To least privilege, to other ARNs there, and back: parameters and version stay."""

    def connection(*document_of: instructions.DocumentOf) -> Any:
        template = instructions.generic_template(AccessType.ASSUME_ROLE, *document_of)
        return template["Resources"]["CavokConnection"]

    def of(arn: str) -> instructions.DocumentOf:
        return lambda group: {"Statement": [group.statement() | {"Resource": arn}]}

    whole, one, other = connection(), connection(of("arn:one")), connection(of("arn:other"))

    grants = [each["Properties"].pop("Grants") for each in (whole, one, other)]
    assert whole == one == other
    assert len({json.dumps(each) for each in grants}) == 3
    assert [each[:-1] for each in grants[1:]] == [grants[0], grants[0]]
    assert connection(of("arn:one"))["Properties"]["Grants"] == grants[1]


def test_an_access_key_has_no_stack_that_speaks() -> None:
    template = json.dumps(instructions.generic_template(AccessType.ACCESS_KEY))

    assert "CavokConnection" not in template
    assert "ReportConnection" not in template


def test_where_there_is_no_topic_no_stack_speaks() -> None:
    template = json.loads(instructions.cloudformation_template(an_account(), TRUST))

    (_, region) = template["Conditions"]["SpeaksToCavok"]["Fn::And"]
    assert region == {"Fn::Equals": [{"Ref": "AWS::Region"}, ""]}


def test_the_rule_sends_changes_of_this_role_to_our_bus_and_its_role_may_nothing_else() -> None:
    trust = replace(TRUST, connections_topic=TOPIC)
    template = json.loads(instructions.cloudformation_template(an_account(), trust))
    rule, role = (template["Resources"][f"CavokChanges{name}"] for name in ("Rule", "Role"))
    bus = f"arn:aws:events:eu-west-1:{WORKLOAD}:event-bus/cavok-connections"

    pattern = rule["Properties"]["EventPattern"]
    assert pattern["source"] == ["aws.iam"]
    assert pattern["detail"]["requestParameters"] == {"roleName": [{"Ref": "CavokRole"}]}
    (target,) = rule["Properties"]["Targets"]
    assert (target["Arn"], target["RoleArn"]) == (bus, {"Fn::GetAtt": ["CavokChangesRole", "Arn"]})
    (policy,) = role["Properties"]["Policies"]
    assert policy["PolicyDocument"]["Statement"] == [
        {"Effect": "Allow", "Action": "events:PutEvents", "Resource": bus}
    ]
    assert role["Properties"]["AssumeRolePolicyDocument"]["Statement"] == [
        {
            "Effect": "Allow",
            "Principal": {"Service": "events.amazonaws.com"},
            "Action": "sts:AssumeRole",
            "Condition": {"StringEquals": {"aws:SourceAccount": {"Ref": "AWS::AccountId"}}},
        }
    ]
    assert role["Properties"]["PermissionsBoundary"], "also of this role, if they ask for one"


def test_changes_are_told_only_where_aws_tells_of_roles_and_only_if_the_customer_wants_it() -> None:
    template = instructions.generic_template(AccessType.ASSUME_ROLE)

    parameter = template["Parameters"]["ReportChanges"]
    assert parameter["Default"] == "No"
    for said in (
        "a stack in us-east-1",
        "in another region tells of no change",
        "ReportConnection",
    ):
        assert said in parameter["Description"]
    for name in ("CavokChangesRule", "CavokChangesRole"):
        assert template["Conditions"][template["Resources"][name]["Condition"]] == {
            "Fn::And": [
                {"Fn::Equals": [{"Ref": "ReportChanges"}, "Yes"]},
                {"Fn::Equals": [{"Ref": "AWS::Region"}, "us-east-1"]},
            ]
        }
    assert "CavokChanges" not in json.dumps(instructions.generic_template(AccessType.ACCESS_KEY))


@each_account
def test_the_link_brings_the_presigned_address_through_the_console_unharmed(
    account: Account,
) -> None:
    presigned = (
        "https://bucket.s3.us-east-1.amazonaws.com/connect/0f.json?X-Amz-Algorithm=AWS4-HMAC-SHA256"
        "&X-Amz-Credential=ASIA%2F20250301%2Fus-east-1%2Fs3%2Faws4_request&X-Amz-Signature=1a2b"
        "&X-Amz-Security-Token=a%2Bb%3D%3D"
    )

    link = urlsplit(instructions.deploy_url(account, TRUST, presigned))

    page, _, query = link.fragment.partition("?")
    values = dict(parse_qsl(query, strict_parsing=True))
    assert page == "/stacks/quickcreate"
    assert values.pop("templateURL") == presigned
    assert values.pop("stackName") == stack_name(account)
    assert values == {
        f"param_{name}": value
        for name, value in instructions.stack_parameters(account, TRUST).items()
    }
    assert link.hostname == f"{account.home_region}.console.aws.amazon.com"
    assert parse_qs(link.query) == {"region": [account.home_region]}


@pytest.mark.parametrize(
    ("regions", "opened"),
    [
        (("us-east-1", "eu-west-1"), "eu-west-1"),
        (("us-east-1", "us-west-2"), "us-east-1"),
        (("me-south-1", "us-west-2"), "me-south-1"),
    ],
)
def test_the_link_opens_cavoks_own_region_if_the_account_has_it(
    regions: tuple[str, ...], opened: str
) -> None:
    """Elsewhere the stack says nothing."""
    trust = replace(TRUST, connections_topic=TOPIC)

    link = instructions.deploy_url(an_account(regions=regions), trust, "https://t")

    assert urlsplit(link).hostname == f"{opened}.console.aws.amazon.com"


@pytest.mark.parametrize("region", sorted(REGIONS))
def test_the_longest_link_to_a_public_template_is_shorter_than_any_limit(region: str) -> None:
    """The console once took 1,024 characters, and mail programs cut longer lines."""
    account = an_account(
        role_name="Cavok" + "+" * 59, role_path="/+" * 31 + "+/", regions=(region,)
    )
    trust = Trust(trusted_account_id=WORKLOAD, external_id=new_external_id())
    name = TEMPLATE_NAMES[account.access_type]
    place = f"connect/{WORKLOAD}/{'s' * 57}-connections"
    address = f"https://{'b' * 63}.s3.{region}.amazonaws.com/{place}/{name}0.yaml"

    assert len(instructions.deploy_url(account, trust, address)) < 1024


@each_account
def test_terraform_parses_and_makes_the_same_policies(account: Account) -> None:
    text = instructions.terraform(account, TRUST)
    kind = "role" if account.role_name else "user"

    resources = hcl2.load(io.StringIO(text))["resource"]

    blocks = [
        block
        for resource in resources
        for kinds in resource.values()
        for block in kinds.values()
        if "policy" in block
    ]
    documents = {_text(block["name"]): _encoded_json(block["policy"]) for block in blocks}
    optional = {_text(block["name"]): block["count"] for block in blocks if "count" in block}
    assert optional == {"CavokEncryptedVolumes": "${var.encrypted_volumes ? 1 : 0}"}
    assert documents.pop("CavokEncryptedVolumes")["Statement"] == [
        permissions.ENCRYPTED_VOLUMES.statement()
    ]
    assert documents == granted(account)
    assert {_text(k) for r in resources for k in r} == {f"aws_iam_{kind}", f"aws_iam_{kind}_policy"}


def test_terraform_trusts_with_the_external_id() -> None:
    resources = hcl2.load(io.StringIO(instructions.terraform(ROLE, TRUST)))["resource"]
    (role,) = (
        block
        for r in resources
        for kinds in r.values()
        for block in kinds.values()
        if "assume_role_policy" in block
    )

    assert _text(role["name"]) == ROLE.role_name
    assert _encoded_json(role["assume_role_policy"]) == instructions.trust_policy(ROLE, TRUST)


@each_account
def test_the_commands_are_ones_that_a_shell_reads_as_meant(account: Account) -> None:
    commands = [
        shlex.split(command)
        for command in commands_of(account).replace("\\\n", " ").strip().split("\n\n")
    ]
    kind, name = ("role", account.role_name) if account.role_name else ("user", "CavokCloud")

    assert all(command[:2] == ["aws", "iam"] for command in commands)
    assert all(_option(command, f"--{kind}-name") == name for command in commands)
    documents = {
        _option(c, "--policy-name"): json.loads(_option(c, "--policy-document"))
        for c in commands
        if c[2] == f"put-{kind}-policy"
    }
    assert documents == granted(account)
    if kind == "role":
        trusted = json.loads(_option(commands[0], "--assume-role-policy-document"))
        assert trusted == instructions.trust_policy(account, TRUST)
    else:
        assert commands[-1][2] == "create-access-key"


def commands_of(account: Account) -> str:
    """The commands without the comments, which offer what is optional."""
    lines = instructions.cli(account, TRUST).splitlines(keepends=True)
    return "".join(line for line in lines if not line.startswith("#"))


@each_account
def test_the_commands_offer_grants_for_encrypted_volumes_as_a_comment(account: Account) -> None:
    text = instructions.cli(account, TRUST)

    (_, _, offered) = text.partition("# aws iam put-")
    command = "aws iam put-" + offered.replace("\\\n#", " ")
    document = json.loads(_option(shlex.split(command), "--policy-document"))
    assert document["Statement"] == [permissions.ENCRYPTED_VOLUMES.statement()]


@pytest.mark.parametrize("account", [ROLE, ACCOUNTS["role-without-logs"]])
def test_everything_that_makes_a_role_has_the_organizations_external_id_in_it(
    account: Account,
) -> None:
    forms = {
        "trust policy": json.dumps(instructions.trust_policy(account, TRUST)),
        "template": instructions.cloudformation_template(account, TRUST),
        "link": instructions.deploy_url(account, TRUST, "https://templates.example/a.json"),
        "terraform": instructions.terraform(account, TRUST),
        "cli": instructions.cli(account, TRUST),
    }

    assert [form for form, text in forms.items() if EXTERNAL_ID not in text] == []


def test_whoever_uses_keys_is_shown_no_trust_and_no_external_id() -> None:
    assert instructions.trust_policy(USER, TRUST) is None
    assert EXTERNAL_ID not in instructions.cloudformation_template(USER, TRUST)


@each_account
def test_the_steps_end_with_the_test(account: Account) -> None:
    assert "Test" in instructions.steps(account)[-1].text
    assert any(account.account_number in step.text for step in instructions.steps(account))


def _option(command: list[str], name: str) -> str:
    return command[command.index(name) + 1]


def _text(value: str) -> str:
    """HCL strings come with their quotes."""
    return value.strip('"')


def _encoded_json(expression: str) -> Any:
    """What is inside `${jsonencode(…)}`; the parser writes the object's colons as equals signs."""
    inner = expression.removeprefix("${jsonencode(").removesuffix(")}")
    return json.loads(inner.replace('" = ', '": '))
