"""The customer's template, the link that deploys it, and how to update to it."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from cavok.adapters.table.organizations import Organizations
from cavok.adapters.templates import TEMPLATE_NAMES, Templates
from cavok.domain.accounts import Account
from cavok.domain.chosen_groups import OFFERED, Choice
from cavok.domain.instructions import Trust, cloudformation_template, deploy_url
from cavok.domain.template_updates import Update, update_of
from cavok.services.organizations import trust_of


@dataclass(frozen=True, slots=True, kw_only=True)
class InstructionDependencies:
    """What instructions are made from. `trust` makes it of an external ID."""

    organizations: Organizations
    templates: Templates
    trust: Callable[[str], Trust]


def trust_and_address(
    organization_id: str, template: str, dependencies: InstructionDependencies, now: datetime
) -> tuple[Trust, str]:
    """What an organization's roles must trust, and the URL of the published template that makes
    them.
    """
    ours = dependencies
    trust = trust_of(organization_id, ours.trust, organizations=ours.organizations, now=now)
    return trust, ours.templates.address_of(template)


def instructions_for(
    account: Account,
    choice: Choice = OFFERED,
    *,
    dependencies: InstructionDependencies,
    now: datetime,
) -> tuple[Trust, str, str, Update | None]:
    """What the account's role must trust; its CloudFormation template and its “Deploy on AWS” link,
    both with what was chosen; and its update.
    """
    template = TEMPLATE_NAMES[account.access_type]
    trust, address = trust_and_address(account.organization_id, template, dependencies, now)
    return (
        trust,
        cloudformation_template(account, trust, choice=choice),
        deploy_url(account, trust, address, choice),
        update_of(account, address),
    )
