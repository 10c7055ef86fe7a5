"""What a customer deploys for an enrollment: one CloudFormation template, which Terraform and the
AWS CLI deploy too, and how to take it away again.
"""

import json
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from cavok.domain import permissions
from cavok.domain.accounts import AccessType
from cavok.domain.chosen_groups import Choice
from cavok.domain.enrollments import MOST_TAGS, READS, ROLE_NAME, Enrollment
from cavok.domain.instructions import (
    CHANGES_ROLE,
    CHANGES_RULE,
    CONNECTION,
    Trust,
    connection_of,
    generic_template,
    if_true,
    installed,
    parameter_of,
    quick_create,
    role_with,
    value_of,
)
from cavok.domain.permissions import LOGS
from cavok.domain.regions import ALWAYS_ENABLED
from cavok.domain.role_stacks import InstructionStep
from cavok.domain.template_updates import WITHOUT_REPORT, Update, stacks_page, update_stack
from cavok.domain.template_versions import Template

STACK_NAME = "CavokOrganization"
TEMPLATE_NAME = "organization"
_OF_MEMBERS = "-members"
_MEMBERS = f"{STACK_NAME}{_OF_MEMBERS}"
"""The stack set."""

MOST_AT_ONCE = 100
"""Members' stacks that the stack set makes, updates or deletes at once. If one takes half a minute,
5,000 take half an hour.
"""

_CHOSEN = tuple(group for group in permissions.FEATURE_GROUPS if group is not LOGS)
"""Groups that are granted where they are among an enrollment's features. Log writing has a choice
of its own.
"""

_BOUNDARY = {
    "Type": "String",
    "Description": "Name of the permissions boundary that your organization asks for, if any, with "
    "its path. A policy of this name must be in every account.",
    "Default": "",
    "AllowedPattern": "([A-Za-z0-9_+=,.@-]+/)*[A-Za-z0-9_+=,.@-]*",
}
_OWN: dict[str, Any] = {
    "OrganizationalUnitIds": {
        "Type": "CommaDelimitedList",
        "Description": "Units whose accounts get the role, now and later: ou-… or, for all "
        "accounts, the root's r-…, as AWS Organizations shows them.",
        "AllowedPattern": "r-[0-9a-z]{4,32}|ou-[0-9a-z]{4,32}-[0-9a-z]{8,32}",
    },
    "ExcludeAccounts": {
        "Type": "String",
        "Description": "Account numbers, with commas, each once, that this stack leaves out. Not "
        "the account in which you deploy: it is left out anyway, and in a delegated administrator "
        "AWS would refuse the stack, which names it already. AWS does not apply the list to "
        "accounts that join the units later.",
        "Default": "",
        "AllowedPattern": "([0-9]{12}(,[0-9]{12})*)?",
    },
    "DelegatedAdministrator": {
        "Type": "String",
        "Description": "Yes if you deploy in a delegated administrator of StackSets, and not in "
        "the management account.",
        "Default": "No",
        "AllowedValues": ["Yes", "No"],
    },
}
"""Parameters of the organization's template that its members' has not."""


def member_template() -> dict[str, Any]:
    """The template of each member's stack: that of a single account, with a boundary by name,
    because its ARN differs by account, and one name for all roles.
    """
    template = generic_template(AccessType.ASSUME_ROLE)
    parameters = template["Parameters"]
    resources = template["Resources"]
    properties = resources["CavokRole"]["Properties"]
    parameters["PermissionsBoundary"] = _BOUNDARY
    parameters["RolePath"] |= {
        "Description": "Path of the roles, as Cavok shows it. It cannot be changed later, neither "
        "here nor in Cavok: end the enrollment, delete this stack, and make another."
    }
    for each in (properties, resources[CHANGES_ROLE]["Properties"]):
        each["PermissionsBoundary"] = _boundary()
    del parameters["RoleName"]  # Cavok has to know it of each member
    properties["RoleName"] = permissions.DEFAULT_ROLE_NAME
    resources[CONNECTION] = connection_of(template, "CavokRole")
    return template


def organization_template() -> dict[str, Any]:
    """The template of all enrollments: parameters have the customers' values. The stack set has no
    failure tolerance by default, so that one account that cannot have the role would leave others
    without it. Source: CloudFormation API Reference, StackSetOperationPreferences, which says of
    SOFT_FAILURE_TOLERANCE that it "decouples FailureToleranceCount from the actual concurrency".
    """
    member = member_template()
    filtered = {"Fn::Or": [{"Condition": "Delegated"}, {"Condition": "Excludes"}]}
    own_and = if_true(
        "Excludes",
        {"Fn::Sub": "${AWS::AccountId},${ExcludeAccounts}"},
        {"Ref": "AWS::AccountId"},
    )
    excluded = if_true("Delegated", own_and, {"Ref": "ExcludeAccounts"})
    return {
        "AWSTemplateFormatVersion": "2010-09-09",
        "Description": "The IAM roles with which Cavok Cloud lists this AWS Organization and "
        "manages its accounts, now and later. Delete the stack to disconnect all of them.",
        "Parameters": {**member["Parameters"], **_OWN},
        "Conditions": {
            **member["Conditions"],
            "Delegated": {"Fn::Equals": [{"Ref": "DelegatedAdministrator"}, "Yes"]},
            "Excludes": {"Fn::Not": [{"Fn::Equals": [{"Ref": "ExcludeAccounts"}, ""]}]},
            "Filters": filtered,
        },
        "Resources": {
            "CavokOrganizationRole": _organization_role(),
            **{
                name: member["Resources"][name]
                for name in ("CavokRole", CHANGES_RULE, CHANGES_ROLE)
            },
            # Before the members' stacks, which may take an hour and speak for themselves.
            CONNECTION: connection_of(member, "CavokOrganizationRole", "CavokRole"),
            "CavokMembers": {
                "Type": "AWS::CloudFormation::StackSet",
                # A delegated administrator is a member: its own role comes first.
                "DependsOn": "CavokRole",
                "Properties": {
                    "StackSetName": {"Fn::Sub": f"${{AWS::StackName}}{_OF_MEMBERS}"},
                    "Description": _after_the_connection("The role of Cavok Cloud in each member."),
                    "PermissionModel": "SERVICE_MANAGED",
                    "CallAs": if_true("Delegated", "DELEGATED_ADMIN", "SELF"),
                    "AutoDeployment": {"Enabled": True, "RetainStacksOnAccountRemoval": False},
                    "ManagedExecution": {"Active": True},
                    "Capabilities": ["CAPABILITY_NAMED_IAM"],
                    # So many stacks wait for our answer at once.
                    "OperationPreferences": {
                        "FailureTolerancePercentage": 100,
                        "MaxConcurrentCount": MOST_AT_ONCE,
                        "ConcurrencyMode": "SOFT_FAILURE_TOLERANCE",
                    },
                    "Parameters": [
                        {"ParameterKey": name, "ParameterValue": {"Ref": name}}
                        for name in member["Parameters"]
                    ],
                    "StackInstancesGroup": [
                        {
                            "DeploymentTargets": {
                                "OrganizationalUnitIds": {"Ref": "OrganizationalUnitIds"},
                                "AccountFilterType": if_true("Filters", "DIFFERENCE"),
                                "Accounts": if_true("Filters", {"Fn::Split": [",", excluded]}),
                            },
                            # Roles are in no region: one is enough. In the stack's own account,
                            # this one is enabled.
                            "Regions": [{"Ref": "AWS::Region"}],
                        }
                    ],
                    "TemplateBody": json.dumps(member, separators=(",", ":")),
                },
            },
        },
        "Outputs": {
            "OrganizationRoleArn": {"Value": {"Fn::GetAtt": ["CavokOrganizationRole", "Arn"]}},
            "RoleArn": {"Value": {"Fn::GetAtt": ["CavokRole", "Arn"]}},
        },
    }


def _after_the_connection(text: str) -> dict[str, Any]:
    """This text as a property of what is deleted before the stack says that it goes: the roles then
    go right after that. DependsOn takes no resource that has a condition.

    Source: CloudFormation Template Reference, DependsOn: "if the properties of resource A use a
    !Ref to resource B", then "Resource A is deleted before resource B". Of Metadata, no word.
    """
    return if_true("SpeaksToCavok", {"Fn::Select": [0, [text, {"Ref": CONNECTION}]]}, text)


def _organization_role() -> dict[str, Any]:
    """Trusts as the members' roles do, and may list the AWS Organization. Its actions have no
    resource that would narrow them.
    """
    statement = {"Effect": "Allow", "Action": list(READS), "Resource": "*"}
    document = {"Version": "2012-10-17", "Statement": [statement]}
    made = role_with([{"PolicyName": ROLE_NAME, "PolicyDocument": document}])
    properties = made["Properties"] | {
        "RoleName": ROLE_NAME,
        "Description": "Lets Cavok Cloud list the accounts of this AWS Organization.",
        "PermissionsBoundary": _boundary(),
    }
    return made | {"Properties": properties}


def _boundary() -> dict[str, Any]:
    arn = "arn:${AWS::Partition}:iam::${AWS::AccountId}:policy/${PermissionsBoundary}"
    return if_true("HasPermissionsBoundary", {"Fn::Sub": arn})


def stack_parameters(enrollment: Enrollment, trust: Trust) -> dict[str, str]:
    """The parameters that the quick-create link fills in. The others have defaults, but for the
    units: nobody but the customer knows the root's id.
    """
    return {
        "ExternalId": trust.external_id,
        "RolePath": enrollment.role_path,
        **{name: value for name, value in _chosen_parameters(enrollment).items() if value},
    }


def _chosen_parameters(enrollment: Enrollment) -> dict[str, str]:
    """Those that follow what a person may choose anew. Empty: nothing is chosen."""
    tags = [f"{key}={value}" for key, value in enrollment.tags.items()]
    choice = Choice.whole(enrollment.features)
    return {
        **{parameter_of(group): value_of(group, choice) for group in _CHOSEN},
        "WriteLogs": value_of(LOGS, choice),
        "PermissionsBoundary": enrollment.permissions_boundary or "",
        "OrganizationalUnitIds": ",".join(enrollment.include_ous),
        # The account of the stack is left out anyway, and must not be named twice.
        "ExcludeAccounts": ",".join(
            number
            for number in enrollment.exclude_accounts
            if number != enrollment.management_account_id
        ),
        **{f"Tag{number + 1}": "".join(tags[number : number + 1]) for number in range(MOST_TAGS)},
    }


def with_changed_parameters(before: Enrollment, after: Enrollment) -> Enrollment:
    """The enrollment after a person changed it, with the parameters that follow the change. None
    before a stack was read: it is deployed with what is chosen then.
    """
    moved = before.management_account_id != after.management_account_id
    if before.last_synchronized_at is None or moved:
        return replace(after, changed_parameters=())
    was, chosen = _chosen_parameters(before), _chosen_parameters(after)
    anew = {name for name in chosen if chosen[name] != was[name]}
    return replace(after, changed_parameters=tuple(sorted(anew.union(before.changed_parameters))))


def steps(enrollment: Enrollment, ours: str = "") -> tuple[InstructionStep, ...]:
    """The steps that a person follows, in order. `ours`: as of `role_stacks.stack_region`."""
    region = _stack_region(enrollment, ours)
    units = (
        "The units are filled in."
        if enrollment.include_ous
        else "Into OrganizationalUnitIds, enter the root's id (r-…), as AWS Organizations shows "
        "it, for all accounts, or those of single units."
    )
    if len(enrollment.include_ous) != 1:
        units += (
            " An account that moves from one of several units to another loses its role for "
            "minutes: one unit above them, or the root, avoids that."
        )
    excluded = (
        " Cavok leaves out the accounts that you excluded. The stack set does not know units and "
        "names that you excluded, and AWS does not apply its list of excluded accounts to accounts "
        "that join later: they get the role, and Cavok does not use it. If they must not have it, "
        "choose the units that should have it instead."
        if enrollment.exclude_ous or enrollment.exclude_accounts or enrollment.name_pattern
        else ""
    )
    return (
        InstructionStep(
            "Let StackSets in",
            "Sign in to the management account of your AWS Organization, or to a delegated "
            "administrator of StackSets. In CloudFormation, open StackSets once: if it asks you to "
            "activate trusted access with AWS Organizations, do so in the management account.",
        ),
        *([] if region in ALWAYS_ENABLED else [_of_a_region_to_enable(region, ours)]),
        *([] if enrollment.management_account_id else [_NUMBER]),
        InstructionStep(
            "Deploy on AWS",
            f"Press “Deploy on AWS”. {units} In a delegated administrator, set "
            "DelegatedAdministrator to Yes; from there, StackSets make no role in the management "
            "account: deploy that of a single account there, or exclude it. Acknowledge that it "
            f"creates IAM roles, and press “Create stack”. It makes {ROLE_NAME}, which may list "
            "the organization and nothing "
            "else, and the role CavokCloud here and in each member, now and whenever an account "
            "joins. Only Cavok may assume them, and only with your organization's external ID. If "
            "this account was connected by hand and has a role CavokCloud, AWS would roll this "
            "stack back: no account has two roles of a name. So delete that role first, with the "
            "stack that made it. Or, if nothing may be interrupted, give the account another role "
            "name in Cavok, deploy that role as its Instructions show, test it, and delete the old "
            "one: the account keeps the new one." + excluded,
        ),
        InstructionStep(
            "Members",
            "Nothing to press: once its roles are made, the stack tells Cavok, which synchronizes "
            "the AWS Organization. Members appear, and each is tested by itself. Only a stack in "
            "another region than Cavok's, or whose ReportConnection is No, tells nothing: then "
            "press “Synchronize now”. A member whose role is not there yet is shown as “role "
            "missing”: StackSets may take an hour for hundreds of accounts. The stack set's own "
            "page says why an account could not get it, such as a role of this name that is there "
            "already: then the account keeps that role.",
        ),
    )


def _stack_region(enrollment: Enrollment, ours: str) -> str:
    """As `role_stacks.stack_region`, but rather where every member can have a stack than in the
    first region.
    """
    of_all = (each for each in enrollment.regions if each in ALWAYS_ENABLED)
    return ours if ours in enrollment.regions else next(of_all, enrollment.regions[0])


def _of_a_region_to_enable(region: str, ours: str) -> InstructionStep:
    """Source: CloudFormation User Guide, "Prepare to perform StackSet operations in AWS Regions
    that are disabled by default".
    """
    return InstructionStep(
        "A region to enable",
        f"The link deploys in {region}, which accounts do not have until they enable it. From a "
        "stack there, StackSets make the role only in members that have enabled it, and only if "
        "the management account has. To reach every member, "
        + (
            "deploy in a region that all accounts have instead, such as us-east-1, with the "
            "commands of the AWS CLI and that region after --region: roles are in no region. A "
            "stack there tells Cavok nothing."
            if region == ours
            else "add a region that all accounts have, such as us-east-1, to the enrollment: roles "
            "are in no region."
        ),
    )


_NUMBER = InstructionStep(
    "The account of the stack",
    "Enter in Cavok the number of the account in which you will deploy, before you do: then the "
    "stack itself starts the synchronization, because Cavok knows whose it is.",
)


def update_of(
    enrollment: Enrollment, template: Template | None, url: str, ours: str
) -> Update | None:
    """How to update the stack, and with it every member: to the newest version, and to what was
    chosen anew. Null while no stack is known. `template`: the version that the stack has. `url`: of
    the published template. `ours`: as of `role_stacks.stack_region`.

    Sources: CloudFormation Template Reference, AWS::CloudFormation::StackSet, TemplateBody: "Update
    requires: No interruption"; API Reference, UpdateStackSet: "Updates the stack set and associated
    stack instances".
    """
    outdated = template is not None and template.outdated
    if enrollment.last_synchronized_at is None and not outdated:
        return None
    return _update(enrollment, url, ours, _NOT_BY_THE_STACK)


def update_from(enrollment: Enrollment, account_number: str, url: str, ours: str = "") -> Update:
    """How to update the role that the stack made in this account: its own, or a member, in which
    nothing is to be done. `url`: of the published template. `ours`: as of
    `role_stacks.stack_region`.
    """
    number = enrollment.management_account_id
    in_a_member = InstructionStep(
        "In this account",
        f"Nothing is to be done here: the role's stack belongs to the stack set {_MEMBERS} of "
        f"account {number}. If you may not work there, ask who may.",
    )
    own = account_number == number
    return _update(enrollment, url, ours, _NOT_BY_THE_STACK if own else in_a_member)


_NOT_BY_THE_STACK = InstructionStep(
    "Roles that the stack did not make",
    "An account that was connected by hand before may have a role with a stack of its own. It "
    "keeps its version; its Instructions show how to update it.",
)


def _update(enrollment: Enrollment, url: str, ours: str, last: InstructionStep) -> Update:
    region = _stack_region(enrollment, ours)
    where = (
        f"the stack {STACK_NAME} in account {enrollment.management_account_id}, in {region} or in "
        "the region in which you deployed it"
    )
    chosen, root = _chosen_parameters(enrollment), ""
    if not enrollment.include_ous:  # they may be the root's or others: only the customer knows
        del chosen["OrganizationalUnitIds"]
        root = " For all accounts, OrganizationalUnitIds is the root's id (r-…)."
    given = {name: chosen[name] for name in enrollment.changed_parameters if name in chosen}
    others = [name for name in organization_template()["Parameters"] if name not in given]
    kept = (
        "The command sets what was chosen anew in Cavok since the stack was first read: "
        f"{_listed(given)}. All others keep"
        if given
        else "All keep"
    )
    return Update(
        steps=(
            InstructionStep(
                "CloudFormation",
                f"Open {where}. Press “Update”, replace the existing template by the address "
                "below, enter the parameters that should change, and keep the others. Acknowledge "
                "that it changes IAM roles, and submit. "
                "The command below does the same. CloudFormation updates the roles of this "
                "account, and then, through the stack set, the role of every member: nothing is to "
                f"be done in them. {WITHOUT_REPORT}",
            ),
            InstructionStep(
                "Parameters",
                f"{kept} what the stack has, also what you entered there yourself, such as "
                "ReadOnly, a boundary or ExcludeAccounts. Chosen in Cavok now: "
                f"{_listed(chosen)}.{root} Compare that with the stack: a choice from before Cavok "
                "kept note of changes is not in the command, so enter it yourself.",
            ),
            _UNITS,
            InstructionStep(
                "Terraform",
                "Replace template_url in your configuration by the address below, and of its "
                "parameters those that should change, look at “terraform plan”, and apply it. It "
                "updates the stack, which does the rest.",
            ),
            last,
        ),
        template_url=url,
        console_url=stacks_page(region, STACK_NAME),
        cli="# The region in which you deployed the stack.\n"
        f"region={region}\n{_UNITS_WARNING if 'OrganizationalUnitIds' in given else ''}"
        + update_stack(STACK_NAME, '"$region"', url, given, others),
    )


_UNITS = InstructionStep(
    "Units",
    "Add units to OrganizationalUnitIds beside those that are there, and take none out whose "
    "accounts should keep their role: CloudFormation first deletes the role in every account of a "
    "unit that is taken out, also where another unit of the list has the account, and only then "
    "makes roles in units that are new. So ou-x,r-… in place of ou-x interrupts nobody; r-… alone "
    "leaves the accounts of ou-x without their role meanwhile, and r-… in place of ou-x,r-… "
    "for good.",
)
"""Source: UpdateHandler of AWS::CloudFormation::StackSet, and AltStackInstancesCalculator, which
compares units by id, in github.com/aws-cloudformation/aws-cloudformation-resource-providers-
cloudformation.
"""
_UNITS_WARNING = (
    "# Each account of a unit that the stack has and OrganizationalUnitIds here has not loses its\n"
    "# role: the step “Units” says how to interrupt nobody.\n"
)


def _listed(parameters: Mapping[str, str]) -> str:
    return ", ".join(f"{name} {value or '(empty)'}" for name, value in parameters.items())


def ending_steps() -> tuple[InstructionStep, ...]:
    """What to delete in AWS after an enrollment was ended, in order. The same for all."""
    return (
        InstructionStep(
            "Schedules",
            "The accounts stay connected until their roles are gone. End schedules that should not "
            "act any more in Cavok first.",
        ),
        InstructionStep(
            f"The stack {STACK_NAME}",
            "Delete the stack in the account in which you deployed it. CloudFormation deletes the "
            "stack set with the role of every member first, then the two roles of this account. If "
            "it says that the stack set is not empty, open it under StackSets: it lists the "
            "accounts that are left, which are suspended or closed, were excluded, or could not "
            "delete theirs. Choose “Delete stacks from StackSet” for these, with “Retain stacks” "
            "for accounts that are suspended or closed, then delete this stack again.",
        ),
        InstructionStep(
            "Stacks of single accounts",
            "Accounts that were added by hand before have a stack of their own: delete it there.",
        ),
        InstructionStep(
            "Log groups",
            f"Log groups that start with {permissions.LOG_GROUP_PREFIX} are yours: delete them in "
            "each account if you do not need them.",
        ),
        InstructionStep(
            "The accounts in Cavok",
            "Then delete the accounts in Cavok. It deletes none by itself.",
        ),
    )


def cloudformation_template(enrollment: Enrollment, trust: Trust) -> str:
    """The published template, as JSON, with this enrollment's values as defaults of its
    parameters.
    """
    template = organization_template()
    for name, value in stack_parameters(enrollment, trust).items():
        template["Parameters"][name] = {**template["Parameters"][name], "Default": value}
    return installed(
        json.dumps(template, indent=2), trust.trusted_account_id, trust.connections_topic
    )


def deploy_url(enrollment: Enrollment, trust: Trust, template_url: str) -> str:
    """The link that deploys the enrollment's stack."""
    parameters = stack_parameters(enrollment, trust)
    region = _stack_region(enrollment, trust.region)
    return quick_create(region, STACK_NAME, template_url, parameters)


def terraform(enrollment: Enrollment, trust: Trust, template_url: str) -> str:
    """A Terraform configuration that creates the same stack. For all accounts, it looks up the
    root. It waits as long as many members take: by default, the provider gives up after 30 minutes.
    """
    filled_in = stack_parameters(enrollment, trust)
    parameters = "\n".join(f"    {name} = {_hcl(value)}" for name, value in filled_in.items())
    lookup = root = ""
    if not enrollment.include_ous:
        lookup = 'data "aws_organizations_organization" "this" {}\n\n'
        root = "\n    OrganizationalUnitIds = data.aws_organizations_organization.this.roots[0].id"
    return f"""terraform {{
  required_providers {{
    aws = {{ source = "hashicorp/aws" }}
  }}
}}

variable "delegated_administrator" {{
  description = "Whether this is a delegated administrator, and not the management account."
  type        = bool
  default     = false
}}

{lookup}resource "aws_cloudformation_stack" "cavok" {{
  name         = "{STACK_NAME}"
  template_url = {_hcl(template_url)}
  capabilities = ["CAPABILITY_NAMED_IAM"]
  parameters = {{
{parameters}{root}
    DelegatedAdministrator = var.delegated_administrator ? "Yes" : "No"
  }}

  timeouts {{
    create = "12h"
    update = "12h"
    delete = "12h"
  }}
}}
"""


def _hcl(text: str) -> str:
    """A string of HCL, in which `${` and `%{{` would begin a template."""
    return json.dumps(text).replace("${", "$${").replace("%{", "%%{")


def cli(enrollment: Enrollment, trust: Trust, template_url: str) -> str:
    """AWS CLI commands for a POSIX shell that create the same stack."""
    region = _stack_region(enrollment, trust.region)
    filled_in = stack_parameters(enrollment, trust)
    units = filled_in.pop("OrganizationalUnitIds", "")
    given = [{"ParameterKey": name, "ParameterValue": value} for name, value in filled_in.items()]
    # Commas in a value would end it in the short form.
    others = json.dumps(given, separators=(",", ":"))[1:-1]
    chosen = units or "$(aws organizations list-roots --query 'Roots[0].Id' --output text)"
    return f"""# In the management account, once: lets StackSets deploy to members.
aws cloudformation activate-organizations-access

# If this prints a role, the account was connected by hand: see the steps, else the stack fails.
aws iam list-roles --query "Roles[?RoleName=='{permissions.DEFAULT_ROLE_NAME}'].Arn" --output text

# In a delegated administrator, add to the parameters:
#   {{"ParameterKey":"DelegatedAdministrator","ParameterValue":"Yes"}}
units="{chosen}"
aws cloudformation create-stack --region {region} --stack-name {STACK_NAME} \\
  --template-url '{template_url}' \\
  --capabilities CAPABILITY_NAMED_IAM \\
  --parameters '[{others},{{"ParameterKey":"OrganizationalUnitIds","ParameterValue":"'"$units"'"}}]'
"""
