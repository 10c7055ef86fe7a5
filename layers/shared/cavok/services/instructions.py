"""The customer's template, the link that deploys it, and how to update to it."""

from datetime import datetime

from cavok.adapters.table.organizations import Organizations
from cavok.adapters.templates import TEMPLATE_NAMES, Templates
from cavok.domain.accounts import Account
from cavok.domain.chosen_groups import OFFERED, Choice
from cavok.domain.instructions import Trust, cloudformation_template, deploy_url
from cavok.domain.template_updates import Update, update_of
from cavok.services.organizations import organization_of


def trust_of(
    organization_id: str,
    *,
    trusted_account_id: str,
    organizations: Organizations,
    now: datetime,
) -> Trust:
    """What the roles of an organization's accounts must trust."""
    organization = organization_of(organization_id, organizations=organizations, now=now)
    return Trust(trusted_account_id=trusted_account_id, external_id=organization.external_id)


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
