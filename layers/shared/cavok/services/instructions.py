"""The customer's template, the link that deploys it, and how to update to it."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from cavok.adapters.table.enrollments import Enrollments
from cavok.adapters.table.members import Members
from cavok.adapters.table.organizations import Organizations
from cavok.adapters.templates import ENROLLMENT_TEMPLATE, TEMPLATE_NAMES, Templates
from cavok.domain.accounts import Account
from cavok.domain.chosen_groups import OFFERED, Choice
from cavok.domain.enrollment_templates import update_from
from cavok.domain.instructions import Trust, cloudformation_template, deploy_url
from cavok.domain.template_updates import Update, update_of
from cavok.services.organizations import trust_of


@dataclass(frozen=True, slots=True, kw_only=True)
class InstructionDependencies:
    """What instructions are made from. `trust` makes it of an external ID."""

    organizations: Organizations
    enrollments: Enrollments
    members: Members
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
) -> tuple[Trust, str, str]:
    """What the account's role must trust; and its CloudFormation template and its “Deploy on AWS”
    link, both with what was chosen.
    """
    template = TEMPLATE_NAMES[account.access_type]
    trust, address = trust_and_address(account.organization_id, template, dependencies, now)
    return (
        trust,
        cloudformation_template(account, trust, choice=choice),
        deploy_url(account, trust, address, choice),
    )


def update_for(account: Account, ours: str, dependencies: InstructionDependencies) -> Update | None:
    """How to update the account's role; null if there is nothing to update. The role of a member
    that a synchronization added comes from the enrollment's stack. One that was added by hand
    before has a stack of its own, or that role, if it had none. `ours`: as of `stack_region`.
    """
    if account.template is None or not account.template.outdated:
        return None
    address_of = dependencies.templates.address_of
    if account.has_enrolled_role and account.enrollment_id:
        ids, number = (account.organization_id, account.enrollment_id), account.account_number
        enrollment = dependencies.enrollments.stored(*ids)
        member = dependencies.members.with_numbers(*ids, [number])
        if enrollment and number in member and member[number].given_name:
            return update_from(enrollment, number, address_of(ENROLLMENT_TEMPLATE), ours)
    return update_of(account, address_of(TEMPLATE_NAMES[account.access_type]), ours)
