"""One page of a sweep: due accounts, each leased to the test that is about to run."""

from collections.abc import Iterator
from datetime import datetime

from ulid import ULID

from cavok.adapters.table.accounts import Accounts
from cavok.adapters.table.due_accounts import DueAccounts
from cavok.adapters.table.table import WriteConflict
from cavok.adapters.table.verifications import Verifications
from cavok.domain.accounts import Account
from cavok.domain.errors import VerificationNotFound
from cavok.domain.verifications import SCHEDULE, Trigger, Verification, begin
from cavok.services.finish_verification import abort_verification

PAGE = 200
"""Accounts per page: 25 from each shard. That fits into a state's payload (256 kB), and spreads the
cost of the surrounding states over many accounts.
"""


def lease_due_accounts(
    sweep: str,
    *,
    due: DueAccounts,
    accounts: Accounts,
    verifications: Verifications,
    now: datetime,
) -> list[Verification]:
    """Begins and stores the tests that this sweep is to run. `sweep` is its execution's ARN.

    If a person or another sweep takes an account at the same moment, only one of them gets it. A
    test that died earlier is aborted here instead, and its account becomes due again later: an
    account whose tests keep dying is tested less and less often.
    """
    return list(_lease(sweep, due.page(now, PAGE), accounts, verifications, now))


def _lease(
    sweep: str,
    found: list[Account],
    accounts: Accounts,
    verifications: Verifications,
    now: datetime,
) -> Iterator[Verification]:
    for account in found:
        if account.testing(now):
            continue
        if dead := _running(account, verifications):
            abort_verification(dead, accounts=accounts, verifications=verifications, now=now)
            continue
        verification = _scheduled(account, sweep, now)
        tested, entry = begin(account, verification)
        try:
            verifications.begin(account, tested, verification, entry)
        except WriteConflict:
            continue
        yield verification


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
