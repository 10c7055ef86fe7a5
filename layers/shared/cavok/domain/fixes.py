"""Remedies in a form to copy: an IAM policy statement, a command of the AWS CLI, a page of the AWS
console.

Nothing here is a secret: an account's own number, role name and instances.
"""

import hashlib
import json
from collections.abc import Iterable, Sequence
from urllib.parse import quote

from cavok.domain import permissions
from cavok.domain.access_denied import Reason
from cavok.domain.accounts import Account, Fix
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
_NO_PAGE = frozenset({Reason.SESSION_POLICY, Reason.RESOURCE_POLICY, Reason.VPC_ENDPOINT_POLICY})


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
    return f"{_IAM}#/roles/details/{quote(account.role_name, safe='')}?section={section}"


def enabling(regions: Iterable[str]) -> Fix:
    """Opts in to regions. Source: AWS Account Management Reference Guide, EnableRegion."""
    commands = [f"aws account enable-region --region-name {region}" for region in regions]
    return Fix(cli="\n".join(commands), console_url=_REGIONS)


def _put_role_policy(role_name: str, statement: dict[str, object]) -> str:
    """Adds a separate policy. PutRolePolicy replaces a policy of the same name, so the name follows
    from the statement. No text in it has a quote.
    """
    document = json.dumps({"Version": "2012-10-17", "Statement": [statement]})
    name = f"CavokAdded{hashlib.blake2b(document.encode(), digest_size=4).hexdigest()}"
    return (
        f"aws iam put-role-policy --role-name {role_name} --policy-name {name} "
        f"--policy-document '{document}'"
    )
