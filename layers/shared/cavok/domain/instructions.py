"""Instructions for connecting an account: policies, CloudFormation, Terraform and AWS CLI commands,
generated from the permission catalog.
"""

import hashlib
import json
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote, urlencode

from cavok.domain import permissions, role_changes, template_versions
from cavok.domain.accounts import AccessType, Account
from cavok.domain.chosen_groups import OFFERED, Choice, GroupAccess, GroupChoice, reading_part
from cavok.domain.permissions import (
    GRANTED_GROUPS,
    OPTIONAL_GROUPS,
    PermissionGroup,
    ProvenBy,
)
from cavok.domain.role_stacks import (
    USER_NAME,
    InstructionStep,
    console_of,
    stack_name,
    stack_region,
)

HOLDERS = {AccessType.ASSUME_ROLE: "role", AccessType.ACCESS_KEY: "user"}
"""What holds an account's policies. The names of its templates begin with it."""

OUR_ACCOUNT = "{CAVOK_ACCOUNT}"
OUR_TOPIC, OUR_REGION, OUR_BUS = "{CAVOK_TOPIC}", "{CAVOK_REGION}", "{CAVOK_BUS}"
"""Placeholders for the account that roles trust, and for the topic and the bus to which stacks and
EventBridge speak, in templates that are not yet installed. YAML quotes them, so that their
replacement is not read as a number.
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Trust:
    """The AWS account that a role must trust, and the external ID that it must require.
    `connections_topic`: the ARN of the topic to which its stack speaks; empty if there is none.
    """

    trusted_account_id: str
    external_id: str
    connections_topic: str = ""

    @property
    def region(self) -> str:
        """The region whose stacks can speak to the topic; empty if there is none."""
        return self.connections_topic.split(":")[3] if self.connections_topic else ""


@dataclass(frozen=True, slots=True)
class RoleToBe:
    """The role of an account that nobody has added yet."""

    access_type: AccessType = AccessType.ASSUME_ROLE
    role_name: str | None = permissions.DEFAULT_ROLE_NAME
    role_path: str = permissions.DEFAULT_ROLE_PATH
    write_logs: bool = True


Holder = Account | RoleToBe
"""What the texts are about: they make its role or user."""


def granted_groups(account: Holder, choice: Choice = OFFERED) -> tuple[PermissionGroup, ...]:
    """The groups that this account's policy grants, with the chosen permissions: logs only if
    Write logs is Yes, checking only if the account is entered through a role.
    """
    return choice.narrowed(_groups_for(account))


def choice_for(account: Holder, choice: Choice) -> tuple[GroupChoice, ...]:
    """How much of each group is granted, of those that matter to this account."""
    return tuple(GroupChoice(group.group, choice.of(group)) for group in _groups_for(account))


def warnings(account: Account, choice: Choice) -> tuple[str, ...]:
    """What the next test will report as a problem if the account's policy grants just this."""
    granted = {action for group in granted_groups(account, choice) for action in group.actions}
    lost = sorted(account.proven - granted)
    texts = []
    if lost:
        texts.append(
            f"A test found {', '.join(lost)} allowed before: without them, the next one reports "
            "lost permissions, and the account is degraded."
        )
    if account.write_logs and choice.of(permissions.LOGS) is GroupAccess.NONE:
        texts.append(
            "Write logs is Yes for this account. Set it to No, or the next test reports that log "
            "writing is refused, and the account is degraded."
        )
    return tuple(texts)


def _groups_for(account: Holder) -> tuple[PermissionGroup, ...]:
    """The groups that can be granted to this account, in the order of the catalog."""
    granted = _applying(GRANTED_GROUPS, account.access_type, write_logs=account.write_logs)
    return (*granted, *optional_groups(account.access_type))


def optional_groups(access_type: AccessType) -> tuple[PermissionGroup, ...]:
    """The groups that a policy can grant if the customer asks for them."""
    return _applying(OPTIONAL_GROUPS, access_type, write_logs=True)


def _applying(
    groups: Iterable[PermissionGroup], access_type: AccessType, *, write_logs: bool
) -> tuple[PermissionGroup, ...]:
    has_role = access_type is AccessType.ASSUME_ROLE
    return tuple(
        group for group in groups if group.applies_to(has_role=has_role, write_logs=write_logs)
    )


def template_groups(access_type: AccessType) -> tuple[PermissionGroup, ...]:
    """The groups that a template can grant, whatever its parameters are."""
    granted = _applying(GRANTED_GROUPS, access_type, write_logs=True)
    return (*granted, *optional_groups(access_type))


DocumentOf = Callable[[PermissionGroup], dict[str, Any]]
"""The policy document that grants a group."""


def granted_in_full(group: PermissionGroup) -> dict[str, Any]:
    """The document that grants a group on every resource, as in Access Details."""
    return permissions.policy_document([group])


def steps(account: Account) -> tuple[InstructionStep, ...]:
    """The steps that a person follows to connect the account, in order."""
    if account.access_type is AccessType.ASSUME_ROLE:
        return (
            *([_BY_STACK_SET] if account.has_enrolled_role else []),
            InstructionStep(
                "Sign in to AWS",
                f"Sign in to account {account.account_number} as someone who may create IAM roles.",
            ),
            InstructionStep(
                "Deploy on AWS",
                "Press “Deploy on AWS”. CloudFormation opens with everything filled in: "
                "acknowledge that it creates an IAM role and press “Create stack”. It creates the "
                f"role {account.role_name}, which only Cavok may assume, and only with your "
                "organization's external ID. When the stack is made, updated or deleted, it also "
                "publishes that to an SNS topic of Cavok's, so that Cavok tests the role at once; "
                f"set {REPORTS} to No if it should not. If you prefer, use the CloudFormation "
                "template, Terraform or the AWS CLI below instead. If instances have volumes under "
                "a customer managed key of KMS, set EncryptedVolumes to Yes. If your organization "
                "asks for a permissions boundary or for tags, enter them too.",
            ),
            InstructionStep(
                "Test the connection",
                "When the stack says CREATE_COMPLETE, press “Test”. A new role can take up "
                "to a minute to be usable. If the stack says ROLLBACK_COMPLETE, its first failed "
                "event says why: delete the stack, mend the cause, and deploy again. If a role of "
                "this name already exists, choose another role name for the account here.",
            ),
        )
    return (
        InstructionStep(
            "Create an IAM user",
            f"In account {account.account_number}, create an IAM user without console access and "
            "give it the permissions policy below. CloudFormation, Terraform or the AWS CLI below "
            "do it for you. If instances have volumes under a customer managed key of KMS, set "
            "EncryptedVolumes to Yes.",
        ),
        InstructionStep(
            "Create an access key",
            "Create an access key for that user and enter it under “Rotate keys”, unless you "
            "did so already.",
        ),
        InstructionStep(
            "Test the connection", "Press “Test” to check that everything is in place."
        ),
    )


_BY_STACK_SET = InstructionStep(
    "AWS Organization",
    "The stack set of your AWS Organization makes this role, as its enrollment shows: there is "
    "nothing to deploy here. Only if it cannot, which its page in CloudFormation says, deploy the "
    "role in this account itself, as follows. The stack set then leaves that role as it is.",
)


def trust_policy(account: Account, trust: Trust) -> dict[str, Any] | None:
    """The trust policy of the account's role. None for an access key."""
    if account.access_type is AccessType.ACCESS_KEY:
        return None
    return permissions.trust_policy(trust.trusted_account_id, trust.external_id)


def cloudformation_template(
    account: Account,
    trust: Trust,
    document_of: DocumentOf = granted_in_full,
    choice: Choice = OFFERED,
) -> str:
    """The published template, as JSON, with this account's values as defaults of its parameters.
    Groups that were not chosen are in it, turned off: an update of the stack keeps the choice.
    """
    parameters = stack_parameters(account, trust, choice)
    return _with_defaults(account, parameters, trust, document_of)


def _with_defaults(
    account: Holder,
    parameters: Mapping[str, str],
    trust: Trust,
    document_of: DocumentOf = granted_in_full,
) -> str:
    template = generic_template(account.access_type, document_of)
    for name, value in parameters.items():
        template["Parameters"][name]["Default"] = value
    return installed(
        json.dumps(template, indent=2), trust.trusted_account_id, trust.connections_topic
    )


def documents_for_all(choice: Choice, trusted_account_id: str) -> tuple[str, str]:
    """The CloudFormation template and the Terraform configuration of a role for an account that
    nobody has added yet. Whoever deploys them enters the external ID.
    """
    role = RoleToBe()
    trust = Trust(trusted_account_id=trusted_account_id, external_id="${var.external_id}")
    template = _with_defaults(role, _chosen_parameters(role, choice), trust)
    return template, f"{_EXTERNAL_ID_VARIABLE}\n{terraform(role, trust, choice=choice)}"


def installed(template: str, trusted_account_id: str, topic: str = "") -> str:
    """A template that trusts only this account of Cavok's, and speaks only to this topic and to the
    bus of its name.
    """
    region, account, name = topic.split(":")[3:] if topic else ("", "", "")
    bus = f"arn:aws:events:{region}:{account}:event-bus/{name}"
    speaking = {OUR_TOPIC: topic, OUR_REGION: region, OUR_BUS: bus}
    values = {OUR_ACCOUNT: trusted_account_id, **speaking}
    for placeholder, value in values.items():
        template = template.replace(placeholder, value)
    return template


def stack_parameters(account: Account, trust: Trust, choice: Choice = OFFERED) -> dict[str, str]:
    """The template's parameters that the quick-create link fills in. The others have defaults."""
    chosen = _chosen_parameters(account, choice)
    if not account.role_name:
        return chosen
    has_path = account.role_path != permissions.DEFAULT_ROLE_PATH
    return {
        "ExternalId": trust.external_id,
        "RoleName": account.role_name,
        **({"RolePath": account.role_path} if has_path else {}),
        **chosen,
    }


_VALUES = {GroupAccess.ALL: "Yes", GroupAccess.READ_ONLY: "ReadOnly", GroupAccess.NONE: "No"}
"""The value of a group's parameter."""


def value_of(group: PermissionGroup, choice: Choice) -> str:
    """The value of a group's parameter that grants what was chosen."""
    return _VALUES[choice.of(group)]


def _chosen_parameters(account: Holder, choice: Choice) -> dict[str, str]:
    """Whether logs are written, and each group of which something else than offered is chosen."""
    logs = account.write_logs and choice.of(permissions.LOGS) is not GroupAccess.NONE
    return {
        "WriteLogs": _VALUES[GroupAccess.ALL if logs else GroupAccess.NONE],
        **{
            parameter_of(group): value_of(group, choice)
            for group in template_groups(account.access_type)
            if group is not permissions.LOGS and choice.of(group) is not OFFERED.of(group)
        },
    }


def deploy_url(account: Account, trust: Trust, template_url: str, choice: Choice = OFFERED) -> str:
    """The link that deploys the account's stack, with what was chosen."""
    parameters = stack_parameters(account, trust, choice)
    region = stack_region(account.regions, trust.region)
    return quick_create(region, stack_name(account), template_url, parameters)


def quick_create(region: str, stack: str, template_url: str, parameters: Mapping[str, str]) -> str:
    """The CloudFormation console's quick-create page, filled in. Anybody may make such a link, so
    it does not set which account is trusted.

    Source: CloudFormation User Guide, "Create quick-create links for stacks".
    """
    filled_in = {f"param_{name}": value for name, value in parameters.items()}
    query = urlencode(
        {"templateURL": template_url, "stackName": stack, **filled_in}, quote_via=quote, safe=""
    )
    return f"{console_of(region)}#/stacks/quickcreate?{query}"


def generic_template(
    access_type: AccessType, document_of: DocumentOf = granted_in_full
) -> dict[str, Any]:
    """The template of all accounts of this type: parameters have the customers' values."""
    groups = template_groups(access_type)
    chosen = [group for group in groups if group.proven_by is not ProvenBy.WRITING]
    has_role = access_type is AccessType.ASSUME_ROLE
    policies = [_inline_policy(group, document_of) for group in groups]
    template = {
        "AWSTemplateFormatVersion": "2010-09-09",
        "Description": "The IAM role with which Cavok Cloud manages this account. "
        "Delete the stack to disconnect."
        if has_role
        else "The IAM user with which Cavok Cloud manages this account. "
        "Create its access key by hand.",
        "Parameters": {
            **(_role_parameters() if has_role else {}),
            "WriteLogs": _yes_or_no(
                "Whether Cavok may write to CloudWatch log groups that start with /cavok/.", "Yes"
            ),
            **{parameter_of(group): _group_parameter(group) for group in chosen},
            **_OWN_RULES,
            **({REPORTS: _REPORTS, REPORTS_CHANGES: _REPORTS_CHANGES} if has_role else {}),
        },
        "Conditions": {
            "WritesLogs": _equals("WriteLogs", "Yes"),
            **{name: test for group in chosen for name, test in _group_conditions(group)},
            **{f"Has{name}": {"Fn::Not": [_equals(name, "")]} for name in _OWN_RULES},
            **({"SpeaksToCavok": _SPEAKS, _TELLS: _TELLS_OF_CHANGES} if has_role else {}),
        },
        **(_role(policies) if has_role else _user(policies)),
    }
    if has_role:
        connection = connection_of(template, "CavokRole")
        if document_of is not granted_in_full:
            connection["Properties"]["Grants"].append(_digest_of(policies))
        template["Resources"] |= {CONNECTION: connection, **changes_told()}
    return template


def _digest_of(policies: list[dict[str, Any]]) -> str:
    """Differs with what is granted, where neither parameters nor the version say it: CloudFormation
    speaks of an update only if a property changes.
    """
    return hashlib.sha256(json.dumps(policies, sort_keys=True).encode()).hexdigest()[:16]


def _equals(parameter: str, value: str) -> dict[str, Any]:
    return {"Fn::Equals": [{"Ref": parameter}, value]}


def _yes_or_no(description: str, default: str, *others: str) -> dict[str, Any]:
    return {
        "Type": "String",
        "Description": description,
        "Default": default,
        "AllowedValues": ["Yes", *others, "No"],
    }


def _group_parameter(group: PermissionGroup) -> dict[str, Any]:
    """Yes unless the customer says otherwise; of an optional group No."""
    reading = reading_part(group)
    actions, default = ", ".join(group.actions), value_of(group, OFFERED)
    if group.optional:
        why = f" {group.permissions[0].why}"
        return _yes_or_no(f"{group.title}: whether to grant {actions}.{why}", default)
    if reading is None:
        return _yes_or_no(f"{group.title}: whether to grant {actions}.", default)
    return _yes_or_no(
        f"{group.title}: whether to grant {actions}. ReadOnly leaves out starting and stopping.",
        default,
        _VALUES[GroupAccess.READ_ONLY],
    )


def parameter_of(group: PermissionGroup) -> str:
    """The template's parameter for a group, such as `EncryptedVolumes`."""
    return group.policy_name.removeprefix("Cavok")


def _condition_of(group: PermissionGroup) -> str:
    """The template's condition that a group is granted, such as `GrantsEncryptedVolumes`."""
    return f"Grants{parameter_of(group)}"


def _only_reads(group: PermissionGroup) -> str:
    return f"OnlyReads{parameter_of(group)}"


def _group_conditions(group: PermissionGroup) -> Iterable[tuple[str, dict[str, Any]]]:
    """The conditions on a group's parameter, by name."""
    parameter = parameter_of(group)
    if reading_part(group) is None:
        return [(_condition_of(group), _equals(parameter, "Yes"))]
    return [
        (_condition_of(group), {"Fn::Not": [_equals(parameter, "No")]}),
        (_only_reads(group), _equals(parameter, _VALUES[GroupAccess.READ_ONLY])),
    ]


def _inline_policy(group: PermissionGroup, document_of: DocumentOf) -> dict[str, Any]:
    """One inline policy per group, of which a parameter decides."""
    policy = _policy(group, document_of(group))
    if group.proven_by is ProvenBy.WRITING:
        return if_true("WritesLogs", policy)
    if reading := reading_part(group):
        policy = if_true(_only_reads(group), _policy(group, granted_in_full(reading)), policy)
    return if_true(_condition_of(group), policy)


def _policy(group: PermissionGroup, document: dict[str, Any]) -> dict[str, Any]:
    return {"PolicyName": group.policy_name, "PolicyDocument": document}


def if_true(condition: str, value: Any, otherwise: Any = None) -> dict[str, Any]:
    """A value of a template for when this condition holds. Without another one, else nothing."""
    return {"Fn::If": [condition, value, otherwise or {"Ref": "AWS::NoValue"}]}


_TAGS = ("Tag1", "Tag2", "Tag3")
_OWN_RULES: dict[str, Any] = {
    "PermissionsBoundary": {
        "Type": "String",
        "Description": "ARN of the permissions boundary that your organization asks for, if any.",
        "Default": "",
        "AllowedPattern": "(arn:aws:iam::([0-9]{12}|aws):policy/.+)?",
    },
    **{
        name: {
            "Type": "String",
            "Description": "A tag that your organization asks for, such as cost-center=42, if any.",
            "Default": "",
            "AllowedPattern": "([^=]{1,128}=[^=]{0,256})?",
        }
        for name in _TAGS
    },
}
"""Parameters for what customers' organizations demand of each role and user. Three tags, because a
template cannot turn a list into tags.
"""


def _by_own_rules() -> dict[str, Any]:
    """Properties of the role or user."""
    tags = [if_true(f"Has{tag}", {"Key": _part(tag, 0), "Value": _part(tag, 1)}) for tag in _TAGS]
    boundary = {"Ref": "PermissionsBoundary"}
    return {"PermissionsBoundary": if_true("HasPermissionsBoundary", boundary), "Tags": tags}


def _part(tag: str, index: int) -> dict[str, Any]:
    return {"Fn::Select": [index, {"Fn::Split": ["=", {"Ref": tag}]}]}


def _role_parameters() -> dict[str, Any]:
    return {
        "TrustedAccountId": {
            "Type": "String",
            "Description": "The AWS account of Cavok Cloud.",
            "Default": OUR_ACCOUNT,
            "AllowedValues": [OUR_ACCOUNT],
        },
        "ExternalId": {
            "Type": "String",
            "Description": "Your organization's external ID. Whoever has this ID in Cavok Cloud "
            "may start and stop this account's instances: compare it with the one on your own "
            "page.",
            "MinLength": 2,
        },
        "RoleName": {
            "Type": "String",
            "Description": "Name of the role; it starts with Cavok.",
            "Default": permissions.DEFAULT_ROLE_NAME,
            "AllowedPattern": f"{permissions.ROLE_NAME_PREFIX}[A-Za-z0-9+=,.@_-]{{0,59}}",
        },
        "RolePath": {
            "Type": "String",
            "Description": "Path of the role, as Cavok shows it. CloudFormation cannot change it "
            "later: change it in Cavok, delete the stack and deploy it again.",
            "Default": permissions.DEFAULT_ROLE_PATH,
            "AllowedPattern": "/([A-Za-z0-9+=,.@_-]+/)*",
        },
    }


CONNECTION, REPORTS = "CavokConnection", "ReportConnection"
_REPORTS = _yes_or_no(
    "Whether this stack tells Cavok when it makes, updates or deletes the role, so that Cavok "
    "tests it at once. Whoever runs the stack publishes to a topic of Cavok's: No if they may not.",
    "Yes",
)
_SPEAKS = {"Fn::And": [_equals(REPORTS, "Yes"), _equals("AWS::Region", OUR_REGION)]}
"""A topic hears stacks of its own region alone. Source: CloudFormation Template Reference,
AWS::CloudFormation::CustomResource: "The service token must be from the same Region in which you
are creating the stack."
"""


def connection_of(template: Mapping[str, Any], *roles: str) -> dict[str, Any]:
    """The resource with which a stack of this template speaks, after it has made these roles.
    CloudFormation speaks of an update if a property changes, so the parameters that decide what is
    granted, and by which role, are among them.
    """
    groups = {parameter_of(group) for group in (*permissions.GRANTED_GROUPS, *OPTIONAL_GROUPS)}
    granting = {"WriteLogs", "PermissionsBoundary", "RoleName", "RolePath", *groups}
    return {
        "Type": "Custom::CavokConnection",
        "Condition": "SpeaksToCavok",
        "DependsOn": list(roles),
        "Properties": {
            "ServiceToken": OUR_TOPIC,
            "ExternalId": {"Ref": "ExternalId"},
            "Version": str(template_versions.current()),
            "Grants": [{"Ref": name} for name in template["Parameters"] if name in granting],
        },
    }


REPORTS_CHANGES, _TELLS = "ReportChanges", "TellsOfChanges"
_REPORTS_CHANGES = _yes_or_no(
    "Whether EventBridge tells Cavok at once that this role's trust or policies changed, and by "
    "whom, so that Cavok tests it then. It takes a stack in us-east-1, where AWS tells of roles, "
    "and a trail of CloudTrail there; a stack in another region tells of no change. "
    "ReportConnection takes a stack in Cavok's own region: if that is not us-east-1, no stack does "
    "both. AWS bills this account for each change as an event.",
    "No",
)
_TELLS_OF_CHANGES = {
    "Fn::And": [_equals(REPORTS_CHANGES, "Yes"), _equals("AWS::Region", "us-east-1")]
}
"""A rule for events of IAM must be in us-east-1. Source: AWS re:Post Knowledge Center, "Why doesn't
my EventBridge rule for IAM start?".
"""

CHANGES_RULE, CHANGES_ROLE = "CavokChangesRule", "CavokChangesRole"


def changes_told() -> dict[str, Any]:
    """The rule that sends changes of the role CavokRole to our bus, and the role with which it may
    do that and nothing else. Attempts that AWS refused are left out.

    The role is for rules of its own account. It cannot name the rule, which names the role.

    Sources: EventBridge User Guide, "Sending and receiving events between AWS accounts",
    "Cross-service confused deputy prevention", "Using IAM policy conditions".
    """
    detail = {
        "eventSource": [role_changes.EVENT_SOURCE],
        "eventName": list(role_changes.WHAT_CHANGED),
        "errorCode": [{"exists": False}],
        "requestParameters": {"roleName": [{"Ref": "CavokRole"}]},
    }
    sending = {"Effect": "Allow", "Action": "events:PutEvents", "Resource": OUR_BUS}
    events = {"Service": "events.amazonaws.com"}
    own = {"StringEquals": {"aws:SourceAccount": {"Ref": "AWS::AccountId"}}}
    trusting = {
        "Effect": "Allow",
        "Principal": events,
        "Action": "sts:AssumeRole",
        "Condition": own,
    }
    return {
        CHANGES_RULE: {
            "Type": "AWS::Events::Rule",
            "Condition": _TELLS,
            "Properties": {
                "Description": "Tells Cavok Cloud that its role was changed.",
                "EventPattern": {
                    "source": [role_changes.SOURCE],
                    "detail-type": [role_changes.DETAIL_TYPE],
                    "detail": detail,
                },
                "Targets": [
                    {
                        "Id": "Cavok",
                        "Arn": OUR_BUS,
                        "RoleArn": {"Fn::GetAtt": [CHANGES_ROLE, "Arn"]},
                    }
                ],
            },
        },
        CHANGES_ROLE: {
            "Type": "AWS::IAM::Role",
            "Condition": _TELLS,
            "Properties": {
                "Path": {"Ref": "RolePath"},
                "Description": "Lets EventBridge tell Cavok Cloud that its role was changed.",
                "AssumeRolePolicyDocument": _document(trusting),
                "Policies": [{"PolicyName": "CavokChanges", "PolicyDocument": _document(sending)}],
                **_by_own_rules(),
            },
        },
    }


def _document(statement: Mapping[str, Any]) -> dict[str, Any]:
    return {"Version": "2012-10-17", "Statement": [dict(statement)]}


def _role(policies: list[dict[str, Any]]) -> dict[str, Any]:
    return {
        "Resources": {
            "CavokRole": role_with(policies),
        },
        "Outputs": {"RoleArn": {"Value": {"Fn::GetAtt": ["CavokRole", "Arn"]}}},
    }


def role_with(policies: list[dict[str, Any]]) -> dict[str, Any]:
    """A role with these policies, which trusts Cavok alone. Parameters say the rest."""
    trusting = permissions.trust_policy("", "")
    (statement,) = trusting["Statement"]
    statement["Principal"] = {
        "AWS": {"Fn::Sub": "arn:${AWS::Partition}:iam::${TrustedAccountId}:root"}
    }
    statement["Condition"] = {"StringEquals": {"sts:ExternalId": {"Ref": "ExternalId"}}}
    return {
        "Type": "AWS::IAM::Role",
        "Properties": {
            "RoleName": {"Ref": "RoleName"},
            "Path": {"Ref": "RolePath"},
            "Description": "Lets Cavok Cloud control when this account's instances run.",
            "AssumeRolePolicyDocument": trusting,
            "Policies": policies,
            **_by_own_rules(),
        },
    }


def _user(policies: list[dict[str, Any]]) -> dict[str, Any]:
    return {
        "Resources": {
            "CavokUser": {
                "Type": "AWS::IAM::User",
                "Properties": {"UserName": USER_NAME, "Policies": policies, **_by_own_rules()},
            }
        },
        "Outputs": {"UserName": {"Value": {"Ref": "CavokUser"}}},
    }


def terraform(
    account: Holder,
    trust: Trust,
    document_of: DocumentOf = granted_in_full,
    choice: Choice = OFFERED,
) -> str:
    """A Terraform configuration that creates the same role or user. Policies are embedded as JSON,
    which HCL accepts as expressions. Groups that were not chosen are not in it; an optional one has
    a variable.
    """
    granted = [group for group in granted_groups(account, choice) if not group.optional]
    optional = optional_groups(account.access_type)
    kind, block = (
        ("role", _terraform_role(account, trust))
        if account.role_name
        else ("user", _terraform_user())
    )
    policies = "\n".join(
        f"""
resource "aws_iam_{kind}_policy" "{group.group}" {{
{_terraform_count(group)}  name   = "{group.policy_name}"
  {kind}   = aws_iam_{kind}.cavok.id
  policy = jsonencode({_indented(document_of(group))})
}}"""
        for group in (*granted, *optional)
    )
    variables = "\n".join(
        [*(_terraform_variable(group, choice) for group in optional), _TERRAFORM_RULES]
    )
    return f"""terraform {{
  required_providers {{
    aws = {{ source = "hashicorp/aws" }}
  }}
}}

{variables}
{block}
{policies}
"""


_TERRAFORM_RULES = """variable "permissions_boundary" {
  description = "ARN of the permissions boundary that your organization asks for, if any."
  type        = string
  default     = null
}

variable "tags" {
  description = "Tags that your organization asks for, if any."
  type        = map(string)
  default     = {}
}
"""


_EXTERNAL_ID_VARIABLE = """variable "external_id" {
  description = "Your organization's external ID, as Cavok shows it to you."
  type        = string
}
"""


def _terraform_variable(group: PermissionGroup, choice: Choice) -> str:
    default = str(choice.of(group) is not GroupAccess.NONE).lower()
    return f"""variable "{group.group}" {{
  description = "{group.permissions[0].why}"
  type        = bool
  default     = {default}
}}
"""


def _terraform_count(group: PermissionGroup) -> str:
    """Whether the policy of an optional group is created."""
    return f"  count  = var.{group.group} ? 1 : 0\n" if group.optional else ""


def _terraform_role(account: Holder, trust: Trust) -> str:
    document = permissions.trust_policy(trust.trusted_account_id, trust.external_id)
    return f"""resource "aws_iam_role" "cavok" {{
  name                 = "{account.role_name}"
  path                 = "{account.role_path}"
  description          = "Lets Cavok Cloud control when this account's instances run."
  permissions_boundary = var.permissions_boundary
  tags                 = var.tags
  assume_role_policy   = jsonencode({_indented(document)})
}}

output "role_arn" {{
  value = aws_iam_role.cavok.arn
}}"""


def _terraform_user() -> str:
    return f"""resource "aws_iam_user" "cavok" {{
  name                 = "{USER_NAME}"
  permissions_boundary = var.permissions_boundary
  tags                 = var.tags
}}"""


def _indented(document: Mapping[str, Any]) -> str:
    return json.dumps(document, indent=2).replace("\n", "\n  ")


_CLI_RULES = """# If your organization asks for them, add to the first command:
#   --permissions-boundary 'ARN' --tags 'Key=KEY,Value=VALUE'
"""


def cli(account: Account, trust: Trust, choice: Choice = OFFERED) -> str:
    """AWS CLI commands for a POSIX shell that create the same role or user."""
    granted = granted_groups(account, choice)
    kind, name = ("role", account.role_name) if account.role_name else ("user", USER_NAME)
    if account.role_name:
        document = json.dumps(permissions.trust_policy(trust.trusted_account_id, trust.external_id))
        create = (
            f"aws iam create-role --role-name '{name}' --path '{account.role_path}' \\\n"
            f"  --assume-role-policy-document '{document}'"
        )
    else:
        create = f"aws iam create-user --user-name '{name}'"
    commands = [_CLI_RULES + create] + [
        f"aws iam put-{kind}-policy --{kind}-name '{name}' --policy-name {group.policy_name} \\\n"
        f"  --policy-document '{json.dumps(permissions.policy_document([group]))}'"
        for group in granted
    ]
    if kind == "user":
        commands.append(f"aws iam create-access-key --user-name '{name}'")
    commands += [
        f"# Only for {group.title.lower()}: {group.permissions[0].why}\n"
        f"# aws iam put-{kind}-policy --{kind}-name '{name}' "
        f"--policy-name {group.policy_name} \\\n"
        f"#   --policy-document '{json.dumps(permissions.policy_document([group]))}'"
        for group in optional_groups(account.access_type)
        if group not in granted
    ]
    return "\n\n".join(commands) + "\n"
