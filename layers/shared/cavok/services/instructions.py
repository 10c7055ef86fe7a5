"""The customer's template, and the link that deploys it."""

from cavok.adapters.templates import TEMPLATE_NAMES, Templates
from cavok.domain.accounts import Account
from cavok.domain.instructions import Trust, cloudformation_template, deploy_url


def instructions_for(account: Account, trust: Trust, *, templates: Templates) -> tuple[str, str]:
    """The CloudFormation template of an account and its “Deploy on AWS” link."""
    address = templates.address_of(TEMPLATE_NAMES[account.access_type])
    return cloudformation_template(account, trust), deploy_url(account, trust, address)
