"""Updating a role that is of an older version: what there is to know, and how it is done."""

import shlex
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from types import MappingProxyType
from urllib.parse import quote

from cavok.domain.accounts import Account, Fix, Issue, IssueCode, ListedAccount, Severity
from cavok.domain.fixes import (
    ShownFix,
    TrustPolicy,
    ends_in_the_stack,
    terraform,
    unread,
    with_trust,
)
from cavok.domain.role_stacks import InstructionStep, console_of, stack_name, stack_region
from cavok.domain.template_versions import TemplateVersion, is_outdated


@dataclass(frozen=True, slots=True, kw_only=True)
class Update:
    """How a person updates the role. `cli` is for a POSIX shell."""

    steps: tuple[InstructionStep, ...]
    template_url: str
    console_url: str
    cli: str


def template_outdated(account: ListedAccount, ours: str = "") -> tuple[Issue, ...]:
    """The information that the account's role is of an older version. It follows from the release
    that shows the account, so it is not stored. `ours`: as of `stack_region`.
    """
    if not is_outdated(account.template_version) or not (template := account.template):
        return ()
    return (
        Issue(
            IssueCode.TEMPLATE_OUTDATED,
            " ".join([f"The role is version {template.version}.", *_in_words(template.changes)]),
            f"Nothing that works today stops working. For what is new, {_HOW_OF_A_MEMBER}"
            if account.has_enrolled_role
            else "Nothing that works today stops working. For what is new, update the role, as the "
            "Instructions show, then press Test.",
            Severity.INFORMATION,
            ShownFix(console_url=url) if (url := stack_page(account, ours)) else None,
        ),
    )


def issues_shown(
    account: ListedAccount, ours: str = "", trust_policy: TrustPolicy = unread
) -> tuple[Issue, ...]:
    """What an account shows: what its last test found, and what this release knows of its role.
    `ours`: as of `stack_region`.
    """
    if not account.issues:  # as most accounts of a list
        return template_outdated(account, ours)
    found = (
        replace(issue, fix=fix_shown(account, issue.fix, ours)) if issue.fix else issue
        for issue in with_trust(account, trust_policy)
    )
    return (*found, *template_outdated(account, ours))


def fix_shown(account: ListedAccount, fix: Fix, ours: str = "") -> ShownFix:
    """A fix of the account's in each form. `ours`: as of `stack_region`."""
    return ShownFix(
        policy_statement=fix.policy_statement,
        cli=fix.cli,
        console_url=fix.console_url,
        terraform=terraform(fix),
        stack_url=stack_page(account, ours) if ends_in_the_stack(fix) else None,
    )


def _in_words(changes: tuple[TemplateVersion, ...]) -> Iterator[str]:
    for change in changes:
        does = [
            f"{verb} {', '.join(actions)}"
            for verb, actions in (("adds", change.adds), ("removes", change.removes))
            if actions
        ]
        yield f"Version {change.version}{' ' if does else ''}{' and '.join(does)}: {change.text}"


def update_of(account: Account, template_url: str, ours: str = "") -> Update | None:
    """How to update a role that has a stack of its own. Null if there is nothing to update.
    `template_url`: of the published template. `ours`: as of `stack_region`.

    Sources: CloudFormation Template Reference, AWS::IAM::Role, Policies: "Update requires: No
    interruption"; IAM API Reference, PutRolePolicy: "Adds or updates an inline policy document";
    Terraform's AWS provider updates `aws_iam_role_policy` with that call.
    """
    template = account.template
    if template is None or not template.outdated:
        return None
    name, region = stack_name(account), stack_region(account.regions, ours)
    return Update(
        steps=(
            *([_OF_A_MEMBER] if account.has_enrolled_role else []),
            InstructionStep(
                "CloudFormation",
                f"Open the stack {name} in {region}, in the region in which you deployed it, or "
                "the one in which you made the role. Press “Update”, replace the existing template "
                "by the address below, keep all parameters, acknowledge that it changes an IAM "
                "role, and submit. The command "
                f"below does the same. {WITHOUT_REPORT}",
            ),
            InstructionStep(
                "Terraform",
                "Replace your configuration by the one below, with your variables, look at "
                "“terraform plan”, and apply it. It changes the role's policies in place.",
            ),
            InstructionStep(
                "AWS CLI",
                "If you made the role with commands, run those below again, without the first: "
                "put-role-policy replaces a policy of the same name.",
            ),
            InstructionStep(
                "Least privilege",
                "If the role has the policy from “Least privilege”, take the new one from there. "
                "All of the above would again let Cavok start and stop every instance.",
            ),
            InstructionStep(
                "Access Details",
                "If you chose there what to grant, CloudFormation keeps your choice. For Terraform "
                "and the AWS CLI, choose it there again, and take the configuration or the "
                "commands from there: those below grant all that Cavok asks for.",
            ),
        ),
        template_url=template_url,
        console_url=stacks_page(region, name),
        cli=update_stack(name, region, template_url),
    )


WITHOUT_REPORT = (
    "A stack whose ReportConnection is No does not tell Cavok of its update, nor does one in "
    "another region than Cavok's: press “Test” after it. All others have the account tested by "
    "themselves."
)

_OF_A_MEMBER = InstructionStep(
    "AWS Organization",
    "If the role came with the stack of your AWS Organization, update that one stack, as its "
    "enrollment shows: then CloudFormation updates the role of every member. What follows is for a "
    "role with a stack of its own.",
)
_HOW_OF_A_MEMBER = (
    "update the one stack of your AWS Organization, in the account of its enrollment, as that "
    "shows: its stack set updates this role. A role with a stack of its own is updated as the "
    "Instructions show. Then press Test."
)


def stack_page(account: ListedAccount, ours: str = "") -> str | None:
    """The console's list of stacks, with the account's role in its filter. Null for a role that a
    stack set makes: its stack is in another account, or has another name. `ours`: as of
    `stack_region`.
    """
    if account.has_enrolled_role:
        return None
    return stacks_page(stack_region(account.regions, ours), stack_name(account))


def stacks_page(region: str, name: str) -> str:
    """The console's list of stacks, with this name in its filter. AWS documents no address of a
    stack by its name; without the filter this is the list of the region.
    """
    return (
        f"{console_of(region)}#/stacks?filteringStatus=active&filteringText={quote(name, safe='')}"
    )


def update_stack(
    name: str,
    region: str,
    template_url: str,
    given: Mapping[str, str] = MappingProxyType({}),
    others: Sequence[str] = (),
) -> str:
    """Each parameter that the stack has keeps its value; new parameters have a default. Those
    `given` get these values; then `others` are all that the template has beside them. The command
    asks the stack for its parameters: an older template had fewer, and for any other parameter
    CloudFormation says "Cannot specify usePreviousValue as true for a parameter key not in the
    previous template".

    Sources: CloudFormation API Reference, Parameter: UsePreviousValue is "the existing parameter
    value that the stack is using for a given parameter key", and "If you don't specify a key and
    value for a particular parameter, CloudFormation uses the default value"; UpdateStack: "If you
    have IAM resources with custom names, you must specify CAPABILITY_NAMED_IAM."; AWS CLI User
    Guide, "Using shorthand syntax", of values with commas.
    """
    of_the_stack = f"--region {region} --stack-name {name}"
    # No `!`, which a shell may take for a command of its history.
    kept = f"[?contains([{', '.join(map(repr, others))}], ParameterKey)]" if others else "[]"
    query = (
        f"Stacks[0].Parameters{kept}.join('', ['ParameterKey=', ParameterKey, "
        "',UsePreviousValue=true'])"
    )
    values = "".join(
        shlex.quote(f'ParameterKey={key},ParameterValue="{_escaped(value)}"') + " \\\n    "
        for key, value in given.items()
    )
    return (
        f"aws cloudformation update-stack {of_the_stack} \\\n"
        f"  --template-url '{template_url}' \\\n"
        "  --capabilities CAPABILITY_NAMED_IAM \\\n"
        f"  --parameters {values}$(aws cloudformation describe-stacks {of_the_stack} \\\n"
        f'    --query "{query}" \\\n'
        "    --output text)"
    )


def _escaped(value: str) -> str:
    return value.replace("\\", "\\\\").replace('"', '\\"')
