"""The customer's template, and the address of the published one."""

from cavok.adapters.templates import TEMPLATE_NAMES, Templates
from cavok.domain.accounts import Account
from cavok.domain.instructions import Trust, cloudformation_template


def instructions_for(account: Account, trust: Trust, *, templates: Templates) -> tuple[str, str]:
    """The CloudFormation template of an account, and the URL of the published one."""
    address = templates.address_of(TEMPLATE_NAMES[account.access_type])
    return cloudformation_template(account, trust), address
