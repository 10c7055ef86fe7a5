"""The customer's template, the link that deploys it, and how to update to it."""

from cavok.adapters.templates import TEMPLATE_NAMES, Templates
from cavok.domain.accounts import Account
from cavok.domain.chosen_groups import OFFERED, Choice
from cavok.domain.instructions import Trust, cloudformation_template, deploy_url
from cavok.domain.template_updates import Update, update_of


def instructions_for(
    account: Account, trust: Trust, choice: Choice = OFFERED, *, templates: Templates
) -> tuple[str, str, Update | None]:
    """The CloudFormation template of an account, its “Deploy on AWS” link, both with what was
    chosen, and its update.
    """
    address = templates.address_of(TEMPLATE_NAMES[account.access_type])
    return (
        cloudformation_template(account, trust, choice=choice),
        deploy_url(account, trust, address, choice),
        update_of(account, address),
    )
