"""What a customer deploys for an enrollment: one template, in every form the same, with nothing of
a customer in the published one.
"""

from __future__ import annotations

import json
import re
import shlex
from dataclasses import replace
from datetime import timedelta
from typing import Any
from urllib.parse import parse_qs, urlsplit

import hcl2
import jmespath  # type: ignore[import-untyped]
import pytest

from cavok.adapters.templates import ENROLLMENT_TEMPLATE, FILES
from cavok.domain import enrollment_templates
from cavok.domain.accounts import AccessType
from cavok.domain.connection_hints import STRANGERS_ANSWERED_WITHIN
from cavok.domain.enrollment_templates import member_template, organization_template
from cavok.domain.enrollments import READS, Enrollment
from cavok.domain.instructions import Trust, installed, template_groups
from cavok.domain.permissions import LOGS
from cavok.domain.template_updates import Update
from tests.support import linted
from tests.support.builders import EXTERNAL_ID, NOW, WORKLOAD
from tests.support.customer_templates import granted_by, resolved
from tests.support.enrollments import an_enrollment, connected

OF_ROLES = template_groups(AccessType.ASSUME_ROLE)
TRUST = Trust(trusted_account_id=WORKLOAD, external_id=EXTERNAL_ID)
URL = "https://templates.example/connect/000000000000/organization-v1.yaml"
PLAIN = an_enrollment()
CHOOSY = an_enrollment(
    include_ous=("r-abcd", "ou-abcd-11111111"),
    exclude_accounts=("200000000002", "200000000003"),
    role_path="/team/",
    permissions_boundary="team/Limits",
    tags={"cost-centre": "4242", "owner": ""},
    features=("rds", "encrypted_volumes"),
    write_logs=False,
    regions=("eu-west-1",),
)
FILLED_IN = {
    "ExternalId": EXTERNAL_ID,
    "Ec2": "No",
    "Rds": "Yes",
    "EncryptedVolumes": "Yes",
    "WriteLogs": "No",
    "RolePath": "/team/",
    "PermissionsBoundary": "team/Limits",
    "OrganizationalUnitIds": "r-abcd,ou-abcd-11111111",
    "ExcludeAccounts": "200000000002,200000000003",
    "Tag1": "cost-centre=4242",
    "Tag2": "owner=",
}
OF_AN_OLDER_STACK = sorted(organization_template()["Parameters"].keys() - {"Checking"})
each_enrollment = pytest.mark.parametrize("enrollment", [PLAIN, CHOOSY], ids=["plain", "choosy"])


def copied(enrollment: Any) -> dict[str, Any]:
    text = enrollment_templates.cloudformation_template(enrollment, TRUST)
    template: dict[str, Any] = json.loads(text)
    return template


@each_enrollment
def test_the_template_passes_cfn_lint(enrollment: Any) -> None:
    text = json.dumps(copied(enrollment))
    member = json.loads(text)["Resources"]["CavokMembers"]["Properties"]["TemplateBody"]

    for each in (text, member):
        found = linted.findings(each)
        assert [str(finding) for finding in found] == []
    assert len(member) < 51_200, "CloudFormation API Reference, CreateStackSet: TemplateBody"


def test_the_role_of_the_organization_may_do_what_the_contract_lists_and_nothing_else() -> None:
    role = organization_template()["Resources"]["CavokOrganizationRole"]["Properties"]

    assert role["RoleName"] == "CavokOrganization"
    (policy,) = role["Policies"]
    (statement,) = policy["PolicyDocument"]["Statement"]
    assert statement == {"Effect": "Allow", "Action": list(READS), "Resource": "*"}
    (trusting,) = role["AssumeRolePolicyDocument"]["Statement"]
    assert trusting["Condition"] == {"StringEquals": {"sts:ExternalId": {"Ref": "ExternalId"}}}
    assert trusting["Principal"] == {
        "AWS": {"Fn::Sub": "arn:${AWS::Partition}:iam::${TrustedAccountId}:root"}
    }


def test_the_accounts_own_role_is_that_of_the_members() -> None:
    template = organization_template()
    body = json.loads(template["Resources"]["CavokMembers"]["Properties"]["TemplateBody"])

    assert body == member_template()
    assert template["Resources"]["CavokRole"] == body["Resources"]["CavokRole"]
    assert body["Resources"]["CavokRole"]["Properties"]["RoleName"] == "CavokCloud"


def test_every_stack_speaks_for_itself_and_the_customers_own_waits_for_no_member() -> None:
    own = organization_template()["Resources"]["CavokConnection"]
    members = member_template()["Resources"]["CavokConnection"]

    assert own["DependsOn"] == ["CavokOrganizationRole", "CavokRole"]
    assert members["DependsOn"] == ["CavokRole"]
    assert own["Properties"] == members["Properties"]
    granted = {each["Ref"] for each in own["Properties"]["Grants"]}
    assert granted == {"WriteLogs", "PermissionsBoundary", "RolePath"} | {
        group.policy_name.removeprefix("Cavok") for group in OF_ROLES if group is not LOGS
    }


def test_the_stack_set_is_deleted_before_the_stack_says_that_it_goes() -> None:
    """Else CloudFormation asks us an hour before the roles go, and a test is let in."""
    members = organization_template()["Resources"]["CavokMembers"]
    description = members["Properties"]["Description"]

    assert '{"Ref": "CavokConnection"}' in json.dumps(description)
    assert members["DependsOn"] == "CavokRole", "where the stack does not speak"
    for reports in ("Yes", "No"):
        speaks = {"SpeaksToCavok": {"Fn::Equals": [reports, "Yes"]}}
        shown = resolved(description, speaks, {"CavokConnection": "id"})
        assert shown == "The role of Cavok Cloud in each member."


def test_whoever_types_excluded_accounts_reads_that_the_stacks_own_must_not_be_among_them() -> None:
    """The template names it in a delegated administrator, and AWS takes no account twice."""
    template = organization_template()
    groups = template["Resources"]["CavokMembers"]["Properties"]["StackInstancesGroup"]

    assert "${AWS::AccountId},${ExcludeAccounts}" in json.dumps(groups)
    assert (
        "Not the account in which you deploy"
        in (template["Parameters"]["ExcludeAccounts"]["Description"])
    )


def test_the_stack_set_deploys_to_whole_units_now_and_later_and_goes_on_past_failures() -> None:
    stack_set = organization_template()["Resources"]["CavokMembers"]["Properties"]

    assert stack_set["PermissionModel"] == "SERVICE_MANAGED"
    assert stack_set["AutoDeployment"] == {"Enabled": True, "RetainStacksOnAccountRemoval": False}
    preferences = stack_set["OperationPreferences"]
    assert preferences["FailureTolerancePercentage"] == 100
    assert preferences["ConcurrencyMode"] == "SOFT_FAILURE_TOLERANCE", "failures slow nobody"
    assert stack_set["ManagedExecution"] == {"Active": True}
    passed_on = {each["ParameterKey"] for each in stack_set["Parameters"]}
    assert passed_on == set(member_template()["Parameters"])
    for each in stack_set["Parameters"]:
        assert each["ParameterValue"] == {"Ref": each["ParameterKey"]}


def test_members_stacks_come_no_faster_than_two_processes_answer_them() -> None:
    """Before a queue that is behind passes any over. Of accounts that nobody has yet."""
    stack_set = organization_template()["Resources"]["CavokMembers"]["Properties"]
    at_once, processes = stack_set["OperationPreferences"]["MaxConcurrentCount"], 2
    slow = timedelta(seconds=2)

    assert slow * at_once / processes < STRANGERS_ANSWERED_WITHIN


def test_the_path_of_the_roles_is_called_what_it_is_for_good() -> None:
    """Neither CloudFormation nor PATCH of an enrollment changes it."""
    for template in (organization_template(), member_template()):
        assert "end the enrollment" in template["Parameters"]["RolePath"]["Description"]


def test_members_grant_the_catalog_and_each_group_can_be_left_out() -> None:
    usual = {group.policy_name for group in OF_ROLES if not group.optional}

    assert granted_by(member_template()).keys() == usual
    for group in OF_ROLES:
        name = "WriteLogs" if group is LOGS else group.policy_name.removeprefix("Cavok")
        assert granted_by(member_template(), **{name: "No"}).keys() == usual - {group.policy_name}
        assert granted_by(member_template(), **{name: "Yes"}).keys() == usual | {group.policy_name}


def test_changes_of_the_role_are_told_in_the_management_account_and_in_each_member() -> None:
    for template in (organization_template(), member_template()):
        rule = template["Resources"]["CavokChangesRule"]["Properties"]
        changed = rule["EventPattern"]["detail"]["requestParameters"]["roleName"]
        assert changed == [{"Ref": "CavokRole"}]


def test_a_boundary_is_named_because_it_exists_once_an_account() -> None:
    for role in ("CavokRole", "CavokOrganizationRole", "CavokChangesRole"):
        properties = organization_template()["Resources"][role]["Properties"]
        arn = "arn:${AWS::Partition}:iam::${AWS::AccountId}:policy/${PermissionsBoundary}"
        assert properties["PermissionsBoundary"]["Fn::If"][:2] == [
            "HasPermissionsBoundary",
            {"Fn::Sub": arn},
        ]
    pattern = member_template()["Parameters"]["PermissionsBoundary"]["AllowedPattern"]
    for name in ("", "Limits", "team/a/Limits"):
        assert re.fullmatch(pattern, name)
    for name in ("/Limits", "a b", "arn:aws:iam::1:policy/x"):
        assert not re.fullmatch(pattern, name)


def test_the_published_template_has_no_value_of_any_enrollment() -> None:
    text = (FILES / f"{ENROLLMENT_TEMPLATE}.yaml").read_text()
    generic = json.dumps(organization_template())

    for enrollment in (PLAIN, CHOOSY):
        enrollment_templates.cloudformation_template(enrollment, TRUST)
    assert json.dumps(organization_template()) == generic, "values stay in the copy"
    for value in (*FILLED_IN.values(), WORKLOAD, PLAIN.management_account_id or ""):
        if value not in ("Yes", "No"):
            assert value not in text
    assert "{CAVOK_ACCOUNT}" in text


def test_a_link_fills_in_the_choices_and_never_whom_to_trust() -> None:
    link = urlsplit(enrollment_templates.deploy_url(CHOOSY, TRUST, URL))
    query = parse_qs(link.fragment.partition("?")[2], keep_blank_values=True)
    given = {
        name.removeprefix("param_"): value
        for name, (value,) in query.items()
        if name.startswith("param_")
    }

    assert link.netloc == "eu-west-1.console.aws.amazon.com"
    assert query["templateURL"] == [URL]
    assert query["stackName"] == ["CavokOrganization"]
    assert given.items() >= FILLED_IN.items()
    others = given.keys() - FILLED_IN.keys()
    assert {given[name] for name in others} <= {"No"}, "groups that it did not choose"
    assert set(given) <= set(organization_template()["Parameters"])
    assert "TrustedAccountId" not in given
    assert "OrganizationalUnitIds" not in enrollment_templates.stack_parameters(PLAIN, TRUST)


def test_the_stack_is_deployed_and_updated_where_it_speaks() -> None:
    """In Cavok's own region, if it is one of the enrollment's, or in one that every member has."""
    trust = replace(TRUST, connections_topic=f"arn:aws:sns:eu-west-1:{WORKLOAD}:cavok-connections")
    for regions, opened in (
        (("us-east-1", "eu-west-1"), "eu-west-1"),
        (("us-east-1", "us-west-2"), "us-east-1"),
        (("eu-south-1", "eu-central-1", "us-east-1"), "eu-central-1"),
        (("eu-south-1", "eu-south-2"), "eu-south-1"),
    ):
        enrollment = an_enrollment(regions=regions)
        update = enrollment_templates.update_from(enrollment, "100000000001", URL, trust.region)

        for link in (enrollment_templates.deploy_url(enrollment, trust, URL), update.console_url):
            assert urlsplit(link).netloc == f"{opened}.console.aws.amazon.com"
        assert f"create-stack --region {opened} " in enrollment_templates.cli(
            enrollment, trust, URL
        )


@each_enrollment
def test_the_copied_template_is_the_published_one_with_the_same_defaults(enrollment: Any) -> None:
    template, filled_in = (
        copied(enrollment),
        enrollment_templates.stack_parameters(enrollment, TRUST),
    )
    for name, value in filled_in.items():
        parameter = template["Parameters"][name]
        assert parameter.pop("Default") == value
        if "AllowedPattern" in parameter and parameter["Type"] == "String":
            assert re.fullmatch(parameter["AllowedPattern"], value), name
    published = json.loads(installed(json.dumps(organization_template()), WORKLOAD))
    for name in filled_in:
        published["Parameters"][name].pop("Default", None)

    assert template == published


@each_enrollment
def test_terraform_creates_the_same_stack(enrollment: Any) -> None:
    text = enrollment_templates.terraform(enrollment, TRUST, URL)
    stack = hcl2.loads(text)["resource"][0]
    (properties,) = next(iter(stack.values())).values()

    shown = json.dumps(properties)
    assert URL in shown
    for name, value in enrollment_templates.stack_parameters(enrollment, TRUST).items():
        assert name in shown
        assert json.dumps(value)[1:-1] in shown
    looks_up = "aws_organizations_organization" in text
    assert looks_up is (not enrollment.include_ous)
    (timeouts,) = properties["timeouts"]
    assert {timeouts[each].strip('"') for each in ("create", "update", "delete")} == {"12h"}


@each_enrollment
def test_the_command_creates_the_same_stack(enrollment: Any) -> None:
    text = enrollment_templates.cli(enrollment, TRUST, URL)
    (command,) = re.findall(
        r"^aws cloudformation create-stack.*?^  --parameters [^\n]*", text, re.DOTALL | re.MULTILINE
    )
    words = shlex.split(command.replace("\\\n", " "))
    parameters = json.loads(words[words.index("--parameters") + 1].replace("$units", "UNITS"))
    given = {each["ParameterKey"]: each["ParameterValue"] for each in parameters}

    expected = enrollment_templates.stack_parameters(enrollment, TRUST)
    units = expected.pop("OrganizationalUnitIds", "$(aws organizations list-roots")
    assert given.pop("OrganizationalUnitIds") == "UNITS"
    assert given == expected
    assert f'units="{units}' in text
    assert words[words.index("--template-url") + 1] == URL


def test_the_steps_say_that_automatic_deployment_knows_no_exclusions() -> None:
    plain, choosy = (
        " ".join(step.text for step in enrollment_templates.steps(each)) for each in (PLAIN, CHOOSY)
    )

    assert "join later" not in plain
    assert "AWS does not apply its list of excluded accounts to accounts that join later" in choosy
    assert "OrganizationalUnitIds" in plain


def test_whoever_names_several_units_is_told_what_a_move_between_them_costs() -> None:
    one = an_enrollment(include_ous=("ou-abcd-11111111",))

    for enrollment, warned in ((CHOOSY, True), (PLAIN, True), (one, False)):
        texts = " ".join(step.text for step in enrollment_templates.steps(enrollment))
        assert ("moves from one of several units to another" in texts) is warned


def test_the_account_of_the_stack_is_asked_for_before_the_stack_speaks() -> None:
    """What a stack says matches no enrollment that does not know its account."""

    def titles(number: str | None) -> list[str]:
        enrollment = an_enrollment(management_account_id=number)
        return [step.title for step in enrollment_templates.steps(enrollment)]

    assert titles(PLAIN.management_account_id) == ["Let StackSets in", "Deploy on AWS", "Members"]
    asked_for = titles(None)
    assert asked_for.index("The account of the stack") < asked_for.index("Deploy on AWS")


def test_an_account_that_has_the_role_already_is_told_before_the_stack_fails() -> None:
    """The template has no parameter for it: the stack makes the role, or nothing."""
    (text,) = (each.text for each in enrollment_templates.steps(PLAIN) if "roll" in each.text)

    assert "delete that role first, with the stack that made it" in text
    assert "another role name in Cavok" in text
    before, _, _ = enrollment_templates.cli(PLAIN, TRUST, URL).partition("create-stack")
    assert "RoleName=='CavokCloud'" in before
    own = enrollment_templates.organization_template()["Resources"]["CavokRole"]
    assert "Condition" not in own


def test_updating_says_that_a_stack_without_reports_is_tested_by_a_person() -> None:
    for number in (PLAIN.management_account_id, "100000000001"):
        steps = enrollment_templates.update_from(PLAIN, str(number), URL).steps

        assert "A stack whose ReportConnection is No does not tell Cavok" in steps[0].text


def test_there_is_no_update_before_a_stack_was_ever_read() -> None:
    assert enrollment_templates.update_of(CHOOSY, None, URL, TRUST.region) is None


def updated(enrollment: Enrollment) -> tuple[dict[str, str], list[str], str]:
    """What the command gives, what it keeps of a stack of an older version, which has a parameter
    less, and what the step of the parameters says.
    """
    update = enrollment_templates.update_of(connected(enrollment), None, URL, TRUST.region)
    assert update
    words = shlex.split(update.cli.partition("\n")[2].replace("\\\n", " "))
    pattern = re.compile('ParameterKey=([A-Za-z0-9]+),ParameterValue="(.*)"')
    given = {found[1]: found[2] for found in map(pattern.fullmatch, words) if found}
    (query,) = (words[n + 1] for n, word in enumerate(words) if word == "--query")
    of_a_stack = (*OF_AN_OLDER_STACK, "GivenUpSince")
    stack = {"Parameters": [{"ParameterKey": name} for name in of_a_stack]}
    kept = [
        word.removeprefix("ParameterKey=").removesuffix(",UsePreviousValue=true")
        for word in jmespath.search(query, {"Stacks": [stack]})
    ]
    (parameters,) = (each.text for each in update.steps if each.title == "Parameters")
    return given, kept, parameters


@each_enrollment
def test_an_update_of_the_stack_keeps_what_its_owner_entered_there(enrollment: Any) -> None:
    """Such as ReadOnly, which no enrollment says: Yes would let Cavok start and stop."""
    given, kept, parameters = updated(enrollment)

    assert (given, kept) == ({}, OF_AN_OLDER_STACK)
    filled_in = enrollment_templates.stack_parameters(enrollment, TRUST)
    for name in filled_in.keys() - {"ExternalId", "RolePath"}:
        assert f"{name} {filled_in[name]}" in parameters, "to be entered, if it should change"
    assert "All keep what the stack has" in parameters
    # Also of one that was stored, and changed, before there was `changed_parameters`.
    assert "a choice from before Cavok kept note of changes is not in the command" in parameters


def test_an_update_of_the_stack_brings_what_was_chosen_anew_and_nothing_else() -> None:
    """Also what is not chosen any more, as a tag."""
    before = connected(CHOOSY)

    def change(found: Enrollment, **options: Any) -> Enrollment:
        changed = found.changed(NOW, **options)
        return enrollment_templates.with_changed_parameters(found, changed)

    after = change(change(before, write_logs=True), tags={"owner": ""}, name="Other")
    given, kept, parameters = updated(after)

    assert given == {"WriteLogs": "Yes", "Tag1": "owner=", "Tag2": ""}
    assert kept == [name for name in OF_AN_OLDER_STACK if name not in given]
    assert "first read: Tag1 owner=, Tag2 (empty), WriteLogs Yes. All others keep" in parameters
    assert change(CHOOSY, write_logs=True).changed_parameters == (), "no stack was read"
    everywhere = change(before, include_ous=())
    assert updated(everywhere)[0] == {}, "nobody but the customer knows the root"
    assert "OrganizationalUnitIds is the root's id" in updated(everywhere)[2]


def test_an_update_says_what_a_unit_that_is_taken_out_costs() -> None:
    """CloudFormation deletes the roles of its accounts, also if another unit has them."""
    before = connected(CHOOSY)

    def update(**options: Any) -> Update:
        after = enrollment_templates.with_changed_parameters(before, before.changed(NOW, **options))
        found = enrollment_templates.update_of(after, None, URL, TRUST.region)
        assert found
        return found

    units = update(include_ous=("ou-abcd-11111111",))
    assert "Each account of a unit that the stack has" in units.cli.partition("aws ")[0]
    assert "Each account of a unit" not in update(write_logs=True).cli
    (text,) = (step.text for step in units.steps if step.title == "Units")
    assert "Add units to OrganizationalUnitIds beside those that are there" in text


def test_an_update_command_says_that_the_stack_may_be_in_another_region() -> None:
    """Of regions that were chosen anew, none needs be that of the stack."""
    update = enrollment_templates.update_from(PLAIN, "100000000001", URL)
    comment, region, command = update.cli.split("\n", 2)

    assert comment == "# The region in which you deployed the stack."
    assert region == "region=us-east-1"
    assert command.count('--region "$region" ') == command.count("--region") == 2


def test_the_end_says_what_to_delete_in_order() -> None:
    titles = [step.title for step in enrollment_templates.ending_steps()]

    assert titles[1] == "The stack CavokOrganization"
    assert titles[-1] == "The accounts in Cavok"


def test_the_end_says_how_a_stack_set_is_emptied_that_keeps_accounts() -> None:
    """StackSets leaves suspended accounts and, with a filter, excluded ones that came later."""
    text = enrollment_templates.ending_steps()[1].text

    assert "If it says that the stack set is not empty, open it under StackSets" in text
    assert "with “Retain stacks” for accounts that are suspended or closed" in text


@pytest.mark.parametrize(
    ("regions", "ours", "named"),
    [
        (("eu-south-1",), "", "eu-south-1"),
        (("eu-south-1", "us-east-1"), "eu-south-1", "eu-south-1"),
        (("eu-south-1", "us-east-1"), "", None),
    ],
)
def test_a_stack_in_a_region_to_enable_says_which_members_get_no_role(
    regions: tuple[str, ...], ours: str, named: str | None
) -> None:
    found = enrollment_templates.steps(an_enrollment(regions=regions), ours)

    texts = [each.text for each in found if "only in members that have enabled it" in each.text]
    assert [named in text for text in texts] == ([True] if named else [])


@pytest.mark.parametrize(
    ("ours", "advice"),
    [
        ("eu-south-1", "deploy in a region that all accounts have instead"),
        ("us-west-2", "add a region that all accounts have"),
    ],
)
def test_what_is_advised_for_a_region_to_enable_changes_where_the_stack_is(
    ours: str, advice: str
) -> None:
    """The link prefers Cavok's own region, whatever else the enrollment has."""
    (text,) = (
        each.text
        for each in enrollment_templates.steps(an_enrollment(regions=("eu-south-1",)), ours)
        if "only in members that have enabled it" in each.text
    )
    both = enrollment_templates.steps(an_enrollment(regions=("eu-south-1", "us-east-1")), ours)

    assert advice in text
    assert any("to enable" in each.title for each in both) == (ours == "eu-south-1")


def test_the_stacks_own_account_is_not_excluded_twice() -> None:
    """A delegated administrator's stack leaves it out by itself. AWS takes no account twice."""
    own, other = "100000000001", "100000000002"
    enrollment = an_enrollment(management_account_id=own, exclude_accounts=(own, other))
    alone = replace(enrollment, exclude_accounts=(own,))

    assert enrollment_templates.stack_parameters(enrollment, TRUST)["ExcludeAccounts"] == other
    assert "ExcludeAccounts" not in enrollment_templates.stack_parameters(alone, TRUST)


def test_a_delegated_administrator_is_told_of_the_management_accounts_role() -> None:
    (text,) = (each.text for each in enrollment_templates.steps(PLAIN) if "Yes" in each.text)

    assert "StackSets make no role in the management account" in text
