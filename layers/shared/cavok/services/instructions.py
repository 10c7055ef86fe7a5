"""The customer's template, and the link that deploys it."""

from cavok.adapters.templates import Templates
from cavok.domain.accounts import Account
from cavok.domain.instructions import Trust, cloudformation_template, deploy_url


def instructions_for(account: Account, trust: Trust, *, templates: Templates) -> tuple[str, str]:
    """The CloudFormation template of an account and its “Deploy on AWS” link, valid for an hour."""
    template = cloudformation_template(account, trust)
    return template, deploy_url(account, trust, templates.publish(template))
