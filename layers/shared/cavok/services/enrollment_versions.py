"""Which version of the template the stacks of enrollments have."""

from collections import defaultdict
from collections.abc import Sequence

from cavok.adapters.table.accounts import Accounts
from cavok.domain.accounts import Account
from cavok.domain.enrollments import Enrollment, EnrollmentStatus
from cavok.domain.permissions import DEFAULT_ROLE_NAME
from cavok.domain.template_versions import Template


def stack_templates(
    enrollments: Sequence[Enrollment], *, accounts: Accounts
) -> dict[str, Template | None]:
    """By enrollment: the version that its stack has, null if no test has read it. `enrollments`: of
    one organization.

    The stack makes the role of its own account too, so what a test reads there is the stack's. It
    updates the members through their stack set. An account that was added by hand before keeps its
    own role, which says nothing of the stack. One that the enrollment excludes is not its member,
    and has the stack's role all the same.
    """
    numbers = defaultdict[str, set[str]](set)
    for each in enrollments:
        if each.management_account_id:
            numbers[each.provider].add(each.management_account_id)
    found = {
        (provider, number): account
        for provider, wanted in numbers.items()
        for number, account in accounts.with_numbers(
            enrollments[0].organization_id, provider, wanted
        ).items()
    }
    templates = dict[str, Template | None]()
    for each in enrollments:
        account = found.get((each.provider, each.management_account_id or ""))
        own = account is not None and _is_of_the_stack(account, each)
        templates[each.enrollment_id] = account.template if account and own else None
    return templates


def _is_of_the_stack(account: Account, enrollment: Enrollment) -> bool:
    """Whether the account has the role that the stack makes. That is the stack's, once there is
    one: an account has no two roles of a name.
    """
    is_made = (
        enrollment.status is EnrollmentStatus.CONNECTED
        or account.enrollment_id == enrollment.enrollment_id
    )
    role = account.role_name, account.role_path
    return is_made and role == (DEFAULT_ROLE_NAME, enrollment.role_path)
