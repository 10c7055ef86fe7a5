"""One page of a sweep: accounts that are due, each leased to the test that it is about to have."""

from collections.abc import Iterator
from datetime import datetime

from ulid import ULID

from cavok.adapters.table.accounts import AccountChanged, Accounts
from cavok.adapters.table.due_accounts import DueAccounts
from cavok.adapters.table.verifications import Verifications
from cavok.domain.accounts import Account
from cavok.domain.errors import VerificationNotFound
from cavok.domain.verifications import SCHEDULE, Trigger, Verification
from cavok.services.finish_verification import abort_verification

PAGE = 200
"""Accounts of one page: 25 of each shard, well inside what a state may carry (256 kB), and many
enough that the states around them cost little each.
"""


def lease_due_accounts(
    sweep: str,
    *,
    due: DueAccounts,
    accounts: Accounts,
    verifications: Verifications,
    now: datetime,
) -> list[Verification]:
    """Tests that this sweep alone is to run, begun and stored. `sweep` is its execution's ARN.

    Whoever else takes an account at the same moment, a person or another sweep, leaves it to us or
    we to them. A test that died earlier is settled here, and its account tried again after a while,
    so that an account which kills its tests is tried ever more seldom.
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
        try:
            verifications.begin(account, verification)
        except AccountChanged:
            continue
        yield verification


def _running(account: Account, verifications: Verifications) -> Verification | None:
    """The test that holds the account's lapsed slot without having ended."""
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
