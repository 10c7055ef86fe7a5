"""The customer's template, the link that deploys it, and how to update to it."""

from cavok.adapters.table.enrollments import Enrollments
from cavok.adapters.table.members import Members
from cavok.adapters.templates import ENROLLMENT_TEMPLATE, TEMPLATE_NAMES, Templates
from cavok.domain.accounts import Account
from cavok.domain.chosen_groups import OFFERED, Choice
from cavok.domain.enrollment_templates import update_from
from cavok.domain.instructions import Trust, cloudformation_template, deploy_url
from cavok.domain.template_updates import Update, update_of


def instructions_for(
    account: Account, trust: Trust, choice: Choice = OFFERED, *, templates: Templates
) -> tuple[str, str]:
    """The CloudFormation template of an account, and its “Deploy on AWS” link, both with what was
    chosen.
    """
    address = templates.address_of(TEMPLATE_NAMES[account.access_type])
    return (
        cloudformation_template(account, trust, choice=choice),
        deploy_url(account, trust, address, choice),
    )


def update_for(
    account: Account, *, templates: Templates, enrollments: Enrollments, members: Members
) -> Update | None:
    """How to update the account's role; null if there is nothing to update. The role of a member
    that a synchronization added comes from the enrollment's stack. One that was added by hand
    before has a stack of its own, or that role, if it had none.
    """
    if account.template is None or not account.template.outdated:
        return None
    if account.has_enrolled_role and account.enrollment_id:
        ids, number = (account.organization_id, account.enrollment_id), account.account_number
        enrollment, member = enrollments.stored(*ids), members.with_numbers(*ids, [number])
        if enrollment and number in member and member[number].given_name:
            return update_from(enrollment, number, templates.address_of(ENROLLMENT_TEMPLATE))
    return update_of(account, templates.address_of(TEMPLATE_NAMES[account.access_type]))
