"""One page of a sweep: due accounts, each leased to the test that is about to run."""

from dataclasses import dataclass, field
from datetime import datetime

from ulid import ULID

from cavok.adapters.table.accounts import Accounts
from cavok.adapters.table.due_accounts import DueAccounts
from cavok.adapters.table.table import WriteConflict
from cavok.adapters.table.verifications import Verifications
from cavok.domain.accounts import Account
from cavok.domain.deadlines import Deadline
from cavok.domain.errors import VerificationNotFound
from cavok.domain.verifications import SCHEDULE, Trigger, Verification, begin
from cavok.services.finish_verification import abort_verification

PAGE_SECONDS = 20.0
"""No lease begins later, because the function has 50 and a call of the table may take 25. What a
page leaves is due on the next one.
"""


@dataclass(frozen=True, slots=True)
class LeasedPage:
    """The tests that a sweep is to run, and the errors of accounts that could not be leased."""

    tests: list[Verification] = field(default_factory=list)
    failed: list[tuple[Account, Exception]] = field(default_factory=list)


def lease_due_accounts(
    sweep: str,
    *,
    due: DueAccounts,
    accounts: Accounts,
    verifications: Verifications,
    now: datetime,
    deadline: Deadline,
    limit: int,
) -> LeasedPage:
    """Begins and stores the tests that this sweep is to run at once: at most `limit`. `sweep` is
    its execution's ARN.

    If a person or another sweep takes an account at the same moment, only one of them gets it. A
    test that died earlier is aborted here instead, and its account becomes due again later: an
    account whose tests keep dying is tested less and less often.

    A failure concerns its account alone: the others are leased by now, and nobody else would run
    their tests. Raises it if it left the page empty.
    """
    page = LeasedPage()
    for account in due.page(now, limit):
        if not deadline.left:
            break
        try:
            test = _lease(account, sweep, accounts, verifications, now)
        except Exception as error:  # noqa: BLE001  see above
            page.failed.append((account, error))
        else:
            page.tests.extend([test] if test else [])
    if page.failed and not page.tests:
        raise page.failed[0][1]
    return page


def _lease(
    account: Account,
    sweep: str,
    accounts: Accounts,
    verifications: Verifications,
    now: datetime,
) -> Verification | None:
    if account.testing(now):
        return None
    if dead := _running(account, verifications):
        abort_verification(dead, accounts=accounts, verifications=verifications, now=now)
        return None
    test = _scheduled(account, sweep, now)
    tested, entry = begin(account, test)
    try:
        verifications.begin(account, tested, test, entry)
    except WriteConflict:
        return None
    except Exception:
        # It may have been written although its answer was lost.
        if not _holds(test, accounts):
            raise
    return test


def _holds(test: Verification, accounts: Accounts) -> bool:
    """Whether the account's test slot is this test's."""
    slot = accounts.get(test.organization_id, test.account_id).slot
    return slot is not None and slot.verification_id == test.verification_id


def _running(account: Account, verifications: Verifications) -> Verification | None:
    """The test that never ended and still holds the account's expired slot."""
    if account.slot is None:
        return None
    try:
        verification = verifications.get(account.account_id, account.slot.verification_id)
    except VerificationNotFound:
        return None
    return verification if verification.running else None


def _scheduled(account: Account, sweep: str, now: datetime) -> Verification:
    return Verification(
        organization_id=account.organization_id,
        account_id=account.account_id,
        verification_id=str(ULID()),
        trigger=Trigger.SCHEDULED,
        actor=SCHEDULE,
        connection_revision=account.connection_revision,
        started_at=now,
        execution_arn=sweep,
    )
