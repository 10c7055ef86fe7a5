"""Remedies in a form to copy: an IAM policy statement, a command of the AWS CLI, a page of the AWS
console.

Nothing here is a secret: an account's own number, role name and instances. The external ID is added
to what is shown alone, so that no stored issue and no event has it.
"""

import hashlib
import json
import re
import shlex
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Any
from urllib.parse import quote

from cavok.domain import permissions
from cavok.domain.access_denied import Reason
from cavok.domain.accounts import Account, Fix, Issue, ListedAccount
from cavok.domain.instances import InstanceKey

_IAM = "https://console.aws.amazon.com/iam/home"
_ORGANIZATIONS = "https://console.aws.amazon.com/organizations/v2/home/policies"
ACCOUNT_SETTINGS = f"{_IAM}#/account_settings"
_REGIONS = "https://console.aws.amazon.com/billing/home#/account"

_NOT_GRANTED = frozenset({Reason.IDENTITY_POLICY, Reason.UNSTATED})
"""Refusals that one more statement in the role's or user's policy fixes."""

_PAGES = {
    Reason.SERVICE_CONTROL_POLICY: f"{_ORGANIZATIONS}/service-control-policy",
    Reason.RESOURCE_CONTROL_POLICY: f"{_ORGANIZATIONS}/resource-control-policy",
}
_ROLES = f"{_IAM}#/roles/details/"
_TRUST_PAGE = "?section=trust_relationships"
_REPLACES = "# Replaces the whole trust policy: then nobody but Cavok may assume the role."
_ADDED = "CavokAdded"
_PUT_ROLE_POLICY = re.compile(
    rf"aws iam put-role-policy --role-name (\S+) --policy-name {_ADDED}(\w+) "
    "--policy-document '([^']+)'"
)
_PUT_TRUST = re.compile(
    rf"{re.escape(_REPLACES)}\naws iam update-assume-role-policy --role-name \S+ "
    "--policy-document '([^']+)'"
)
_NO_PAGE = frozenset({Reason.SESSION_POLICY, Reason.RESOURCE_POLICY, Reason.VPC_ENDPOINT_POLICY})


@dataclass(frozen=True, slots=True)
class ShownFix(Fix):
    """A fix with what follows from it, which is not stored. `stack_url`: the console's list of
    stacks, if the role's stack is to be mended, and is in the account itself.
    """

    terraform: str | None = None
    stack_url: str | None = None


def fix_of_refusal(
    account: Account,
    reason: Reason,
    actions: Sequence[str],
    instances: Iterable[InstanceKey] = (),
) -> Fix | None:
    """The fix of refused actions. The statement names the instances if there are any, else the
    catalog's resource. None if a person must decide what to change.
    """
    if reason in _NOT_GRANTED:
        return grant(account, actions, [each.arn(account.account_number) for each in instances])
    if reason in _NO_PAGE:
        return None
    return Fix(console_url=_PAGES.get(reason) or principal_page(account, "permissions"))


def grant(account: Account, actions: Sequence[str], arns: Sequence[str] = ()) -> Fix:
    """The statement that allows actions on these ARNs, or on the catalog's resource, and how to add
    it. An access key's user is not known by name, so there is no command for it.
    """
    resources = list(arns) or sorted({permissions.group_with(each).resource for each in actions})
    statement: dict[str, object] = {
        "Effect": "Allow",
        "Action": list(actions),
        "Resource": resources if len(resources) > 1 else resources[0],
    }
    return Fix(
        policy_statement=json.dumps(statement),
        cli=_put_role_policy(account.role_name, statement) if account.role_name else None,
        console_url=principal_page(account, "permissions"),
    )


def principal_page(account: Account, section: str) -> str:
    """The page of the account's role; for an access key, the list of users. `section` is a tab of
    the role's page: permissions or trust_relationships.
    """
    if account.role_name is None:
        return f"{_IAM}#/users"
    return f"{_ROLES}{quote(account.role_name, safe='')}?section={section}"


TrustPolicy = Callable[[], Mapping[str, Any] | None]
"""Reads what the trust policies of an organization's roles must say."""


def unread() -> None:
    """The trust policy, where no fix is shown."""


def with_trust(account: ListedAccount, trust_policy: TrustPolicy) -> tuple[Issue, ...]:
    """The account's issues. Those that end in its role's trust policy have the statement, and the
    command that sets it: not for a role that a stack set makes, which its stack is to mend.
    """
    in_the_trust = [issue for issue in account.issues if issue.fix and _of_the_trust(issue.fix)]
    policy = trust_policy() if in_the_trust else None
    if not policy:
        return account.issues
    statement, document = json.dumps(policy["Statement"][0]), shlex.quote(json.dumps(policy))
    command = (
        f"{_REPLACES}\naws iam update-assume-role-policy --role-name {account.role_name} "
        f"--policy-document {document}"
    )
    cli = None if account.has_enrolled_role else command
    return tuple(
        replace(issue, fix=replace(issue.fix or Fix(), policy_statement=statement, cli=cli))
        if issue in in_the_trust
        else issue
        for issue in account.issues
    )


def _of_the_trust(fix: Fix) -> bool:
    return (fix.console_url or "").endswith(_TRUST_PAGE)


def ends_in_the_stack(fix: Fix) -> bool:
    """Whether the stack that made the role mends it: by its statements, or by its trust policy. It
    makes no Deny, and its boundary is the customer's own policy.
    """
    in_the_role = (fix.console_url or "").startswith(_ROLES)
    return in_the_role and (bool(fix.policy_statement) or _of_the_trust(fix))


@lru_cache(maxsize=200)
def terraform(fix: Fix) -> str | None:
    """What the fix's command does, in Terraform; null if it changes no policy of a role. JSON is an
    expression of HCL. Kept, because most accounts of a list that lack the same have the same fix.
    """
    if command := _PUT_TRUST.fullmatch(fix.cli or ""):
        policy = json.dumps(json.loads(command[1]), indent=2)
        return f"{_REPLACES}\nassume_role_policy = jsonencode({policy})\n"
    command = _PUT_ROLE_POLICY.fullmatch(fix.cli or "")
    if command is None:
        return None
    role_name, ending, document = command.groups()
    policy = json.dumps(json.loads(document), indent=2).replace("\n", "\n  ")
    return f"""resource "aws_iam_role_policy" "cavok_added_{ending}" {{
  name   = "{_ADDED}{ending}"
  role   = "{role_name}"
  policy = jsonencode({policy})
}}
"""


def enabling(regions: Iterable[str]) -> Fix:
    """Opts in to regions. Source: AWS Account Management Reference Guide, EnableRegion."""
    commands = [f"aws account enable-region --region-name {region}" for region in regions]
    return Fix(cli="\n".join(commands), console_url=_REGIONS)


def _put_role_policy(role_name: str, statement: dict[str, object]) -> str:
    """Adds a separate policy. PutRolePolicy replaces a policy of the same name, so the name follows
    from the statement. No text in it has a quote.
    """
    document = json.dumps({"Version": "2012-10-17", "Statement": [statement]})
    name = f"{_ADDED}{hashlib.blake2b(document.encode(), digest_size=4).hexdigest()}"
    return (
        f"aws iam put-role-policy --role-name {role_name} --policy-name {name} "
        f"--policy-document '{document}'"
    )
