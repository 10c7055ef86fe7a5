"""Checking whether an account's role lets Cavok in, and testing the account once it does."""

from typing import TYPE_CHECKING

from cavok.domain.detection import Detection, waits_for_its_role
from cavok.domain.errors import PreconditionFailed, QuotaExceeded
from cavok.services.connections import RequestContext
from cavok.services.start_verification import start_verification

if TYPE_CHECKING:  # the function that serves the route loads boto3 at the first use
    from collections.abc import Callable, Container

    from cavok.adapters.table.accounts import Accounts
    from cavok.adapters.table.looks import LooksInTable
    from cavok.adapters.table.quotas import Quotas
    from cavok.adapters.table.verifications import Verifications
    from cavok.adapters.workflows import Workflows
    from cavok.services.customer_sessions import CustomerSessions


def look_for_role(
    context: RequestContext,
    *,
    versions: "Container[int] | None" = None,
    accounts: "Accounts",
    verifications: "Verifications",
    looks: "LooksInTable",
    sessions: "CustomerSessions",
    workflows: "Callable[[], Workflows]",
    quotas: "Quotas",
) -> Detection:
    """Tries to assume the account's role, if the account waits for it and nobody tried within five
    seconds. This is not a test: it is neither recorded nor counted, and changes nothing. If the
    role lets us in, a test starts in the name of the person who asked, unless the account was
    changed meanwhile. `versions`: the account's, as in `start_verification`.

    Raises AccountNotFound, PreconditionFailed, Conflict, ServiceUnavailable,
    VerificationNotStarted.
    """
    account = accounts.get(context.organization_id, context.account_id).at_one_of(versions)
    tests = verifications.page(account.account_id, limit=1, after=None).items
    if not waits_for_its_role(account, tests[0] if tests else None, context.now):
        return Detection.OFF
    if not_now := looks.take_turn(account, context.now):
        return not_now
    if not account.testing(context.now) and not sessions.lets_us_in(account):
        return Detection.WAITING
    try:
        start_verification(
            context.organization_id,
            context.account_id,
            versions=frozenset({account.version}),
            requester=context.requester,
            verifications=verifications,
            workflows=workflows(),
            quotas=quotas,
            again_counts=False,  # Looks have limits of their own.
            now=context.now,
        )
    except PreconditionFailed:  # such as revoked: the next look decides again
        if versions is not None:
            raise
        return Detection.WAITING
    except QuotaExceeded:
        return Detection.BUSY
    return Detection.FOUND
