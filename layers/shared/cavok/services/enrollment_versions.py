"""Which version of the template the stacks of enrollments have."""

from collections.abc import Sequence

from cavok.adapters.table.accounts import Accounts
from cavok.domain.enrollments import Enrollment
from cavok.domain.template_versions import Template


def stack_templates(
    enrollments: Sequence[Enrollment], *, accounts: Accounts
) -> dict[str, Template | None]:
    """By enrollment: the version that its stack has, null if no test has read it. `enrollments`: of
    one organization.

    The stack makes the role of its own account too, so what a test reads there is the stack's. It
    updates the members through their stack set.
    """
    numbers = {each.management_account_id for each in enrollments} - {None}
    organization_id = enrollments[0].organization_id if enrollments else ""
    found = accounts.with_numbers(organization_id, filter(None, numbers)) if numbers else {}
    templates = dict[str, Template | None]()
    for each in enrollments:
        account = found.get(each.management_account_id or "")
        own = account is not None and account.enrollment_id == each.enrollment_id
        templates[each.enrollment_id] = account.template if account and own else None
    return templates
