"""Verifications in the table, and the one test slot of an account."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime

from pynamodb.exceptions import DoesNotExist
from pynamodb.transactions import TransactWrite

from cavok.adapters.table import interactions
from cavok.adapters.table.accounts import Accounts
from cavok.adapters.table.items import (
    ProgressItem,
    VerificationItem,
    account_pk,
    progress_sk_prefix,
    verification_sk,
)
from cavok.domain.accounts import Account, TestSlot
from cavok.domain.audit import AuditAction, audit
from cavok.domain.errors import VerificationNotFound
from cavok.domain.ids import is_id
from cavok.domain.interactions import interaction_of_test
from cavok.domain.pages import Page, Position
from cavok.domain.steps import Step
from cavok.domain.verifications import KEPT_FOR, State, Trigger, Verification, in_order


class Verifications:
    """Reads and writes verifications. An account's are reached only by who reached the account."""

    def __init__(self, accounts: Accounts) -> None:
        self._accounts = accounts

    def get(self, account_id: str, verification_id: str) -> Verification:
        """With the steps that are finished so far. Raises VerificationNotFound."""
        try:
            if not is_id(verification_id):
                raise DoesNotExist
            item = VerificationItem.get(
                account_pk(account_id), verification_sk(verification_id), consistent_read=True
            )
        except DoesNotExist:
            raise VerificationNotFound("There is no such verification of this account.") from None
        return self._with_progress(item.verification())

    def page(self, account_id: str, *, limit: int, after: Position | None) -> Page[Verification]:
        """Newest first."""
        pk = account_pk(account_id)
        start = {"pk": {"S": pk}, "sk": {"S": verification_sk(after.key)}} if after else None
        items = list(
            VerificationItem.query(
                pk,
                VerificationItem.sk.startswith("VERIFICATION#"),
                scan_index_forward=False,
                last_evaluated_key=start,
                limit=limit + 1,
                page_size=limit + 1,
            )
        )
        shown = [self._with_progress(item.verification()) for item in items[:limit]]
        return Page(
            shown, Position("id", shown[-1].verification_id) if len(items) > limit else None
        )

    def begin(self, account: Account, verification: Verification) -> Account:
        """Takes the account's test slot and stores the verification. Raises AccountChanged.

        Whoever asked for it, the account is not due while the test runs: of a person's test and a
        sweep, or of two sweeps, one alone gets it.
        """
        slot = TestSlot(verification.verification_id, verification.deadline)
        item = VerificationItem.of(verification, expires_at=verification.started_at + KEPT_FOR)
        by_hand = verification.trigger is Trigger.MANUAL
        touched_at = verification.started_at if by_hand else account.touched_at
        return self._accounts.save(
            account,
            replace(
                account,
                slot=slot,
                touched_at=touched_at,
                next_verification_at=verification.lease_until,
            ),
            entry=audit(
                AuditAction.TESTED,
                account,
                verification.actor,
                verification.started_at,
                f"verification {verification.verification_id}",
            ),
            with_items=lambda transaction: transaction.save(
                item, condition=VerificationItem.pk.does_not_exist()
            ),
        )

    def finish(self, before: Account, after: Account, verification: Verification) -> None:
        """Writes the finished verification and its account in one transaction. Raises
        AccountChanged.

        The newest verification of an account that is never due again is kept as long as the
        account. All others expire.
        """
        item = VerificationItem.of(verification, expires_at=_expiry(after, verification))
        self._accounts.save(
            before,
            after,
            with_items=lambda transaction: _end(transaction, item, after, verification),
        )

    def finish_orphan(self, verification: Verification, now: datetime) -> None:
        """Writes the end of a verification whose account was deleted meanwhile."""
        VerificationItem.of(verification, expires_at=now + KEPT_FOR).save()

    def progress(self, account_id: str, verification_id: str) -> tuple[Step, ...]:
        """The steps that a running verification has finished."""
        return in_order(self._finished_steps(account_id, verification_id))

    def _finished_steps(self, account_id: str, verification_id: str) -> Iterator[Step]:
        items = ProgressItem.query(
            account_pk(account_id),
            ProgressItem.sk.startswith(progress_sk_prefix(verification_id)),
            consistent_read=True,
        )
        for item in items:
            yield from item.finished_steps()

    def _with_progress(self, verification: Verification) -> Verification:
        if verification.state is not State.RUNNING:
            return verification
        return replace(
            verification, steps=self.progress(verification.account_id, verification.verification_id)
        )


def _end(
    transaction: TransactWrite, item: VerificationItem, account: Account, verification: Verification
) -> None:
    running = VerificationItem.state == State.RUNNING.value
    transaction.save(item, condition=VerificationItem.pk.does_not_exist() | running)
    if interaction := interaction_of_test(account, verification):
        interactions.add_to(transaction, interaction)


def _expiry(account: Account, verification: Verification) -> datetime | None:
    if account.next_verification_at is None:
        return None
    return (verification.finished_at or verification.started_at) + KEPT_FOR
