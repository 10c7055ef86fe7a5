"""Entering the account of an enrollment's stack, to list its AWS Organization. The trust is checked
as that of any account.
"""

from functools import partial

from cavok.adapters.customer.canary import Canary
from cavok.adapters.customer.session import CustomerSession
from cavok.domain import enrollments
from cavok.domain.access_denied import Reason
from cavok.domain.accounts import Issue
from cavok.domain.enrollments import Enrollment
from cavok.domain.errors import EntryInconclusive, EntryRefused
from cavok.domain.session_names import session_name
from cavok.domain.session_policies import organization_policy, policy_text
from cavok.services.enter_account import EntryDependencies, enter_account
from cavok.services.enter_for_verification import check_canary, check_trust


def enter_organization(
    enrollment: Enrollment,
    synchronization_id: str,
    dependencies: EntryDependencies,
    canary: Canary,
) -> CustomerSession | Issue:
    """A session that may list the AWS Organization, once the role has refused others; or what is
    wrong with the role. Raises EntryInconclusive if AWS does not say.
    """
    entrance = enrollment.entrance()
    name = session_name("enrollment", synchronization_id)
    organization = partial(dependencies.organizations.get, enrollment.organization_id)
    try:
        session, _ = enter_account(
            entrance,
            policy=policy_text(organization_policy()),
            session_name=name,
            dependencies=dependencies,
            organization=organization,
        )
    except EntryRefused as refusal:
        check_canary(canary, refusal, dependencies.roles().through(entrance))
        return enrollments.refused(enrollment, str(refusal))
    steps = check_trust(entrance, session, name, dependencies)
    if any(step.reason is Reason.CONFUSED_DEPUTY for step in steps):
        return enrollments.open_to_others(enrollment)
    if any(step.reason is Reason.WRONG_ACCOUNT for step in steps):
        return enrollments.of_another_account(enrollment)
    if not all(step.ok for step in steps):
        unanswered = (step for step in steps if not step.ok)
        said = "; ".join(f"{step.step}: {step.error_code} {step.detail}" for step in unanswered)
        raise EntryInconclusive(f"AWS did not say whether the role refuses others: {said}")
    return session
