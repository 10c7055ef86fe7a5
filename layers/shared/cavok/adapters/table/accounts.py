"""Organizations and accounts in the table. Every read and write starts from the organization's
key.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from datetime import datetime, timedelta

from pynamodb.connection import Connection
from pynamodb.exceptions import DoesNotExist, PutError, TransactWriteError
from pynamodb.expressions.update import Action
from pynamodb.transactions import TransactWrite

from cavok.adapters.table.audit import AuditItem
from cavok.adapters.table.items import (
    AccountItem,
    ClaimItem,
    CredentialsItem,
    OrganizationItem,
    account_sk,
    claim_sk,
    organization_pk,
    status_pk,
)
from cavok.domain.accounts import Account, Status
from cavok.domain.audit import KEPT_FOR, AuditAction, AuditEntry, audit, changes
from cavok.domain.errors import AccountNotFound, Conflict, ServiceUnavailable
from cavok.domain.ids import is_id
from cavok.domain.organizations import Organization
from cavok.domain.pages import Page, Position

_CONDITION_FAILED = "ConditionalCheckFailed"
_TRIES = 5


class AccountChanged(Exception):
    """Somebody else wrote the account since it was read."""


class Accounts:
    """Reads and writes organizations and accounts; the count of accounts by status and the audit
    trail are kept in the same transaction. Audit entries lapse after `audit_kept_for`.
    """

    def __init__(self, connection: Connection, audit_kept_for: timedelta = KEPT_FOR) -> None:
        self._connection = connection
        self._audit_kept_for = audit_kept_for

    def transaction(self) -> TransactWrite:
        return TransactWrite(connection=self._connection)

    def organization(self, organization_id: str) -> Organization | None:
        try:
            item = OrganizationItem.get(
                organization_pk(organization_id), "ORG", consistent_read=True
            )
        except DoesNotExist:
            return None
        counts = {status: int(getattr(item, status.value)) for status in Status}
        return Organization(organization_id, item.external_id, counts)

    def create_organization(self, organization: Organization, now: datetime) -> Organization:
        """Stores a new organization, or returns the one that somebody else stored first."""
        item = OrganizationItem(
            organization_pk(organization.organization_id),
            "ORG",
            external_id=organization.external_id,
            created_at=now,
        )
        try:
            item.save(OrganizationItem.pk.does_not_exist())
        except PutError as error:
            if error.cause_response_code != "ConditionalCheckFailedException":
                raise
            stored = self.organization(organization.organization_id)
            if stored is None:
                raise ServiceUnavailable("The organization could not be read back.") from error
            return stored
        return organization

    def get(self, organization_id: str, account_id: str) -> Account:
        """Raises AccountNotFound."""
        try:
            if not is_id(account_id):
                raise DoesNotExist
            item = AccountItem.get(
                organization_pk(organization_id), account_sk(account_id), consistent_read=True
            )
        except DoesNotExist:
            raise AccountNotFound("There is no such account in your organization.") from None
        return item.account()

    def add(self, account: Account, sealed_credentials: str | None) -> Account:
        """Stores a new account, its sealed credentials, and its claim on the number. Raises
        Conflict.
        """
        for _ in range(_TRIES):
            try:
                return self._add(account, sealed_credentials)
            except TransactWriteError as error:
                if _failed_condition(error, 0):
                    raise Conflict(
                        f"Account number {account.account_number} is already connected."
                    ) from None
                # Another account of the organization may be counted at this very moment.
                if not _changed_meanwhile(error):
                    raise
        raise Conflict("Other accounts are being connected at this moment. Please try again.")

    def _add(self, account: Account, sealed_credentials: str | None) -> Account:
        pk = organization_pk(account.organization_id)
        item = AccountItem.of(account)
        claim = ClaimItem(
            pk, claim_sk(account.provider, account.account_number), account_id=account.account_id
        )
        with self.transaction() as transaction:
            transaction.save(claim, condition=ClaimItem.pk.does_not_exist())
            transaction.save(item)
            transaction.update(OrganizationItem(pk, "ORG"), [_counts(account.status, +1)])
            created = (AuditAction.CREATED, account, account.created_by, account.created_at)
            self._tell(transaction, audit(*created))
            if sealed_credentials:
                sk = credentials_sk(account.account_id)
                transaction.save(CredentialsItem(pk, sk, sealed=sealed_credentials))
        return replace(account, version=int(item.version))

    def save(
        self,
        before: Account,
        after: Account,
        *,
        entry: AuditEntry | None = None,
        with_items: Callable[[TransactWrite], None] = lambda transaction: None,
    ) -> Account:
        """Writes a changed account, and in the same transaction its audit entry and what
        `with_items` adds. Raises AccountChanged.
        """
        item = AccountItem.of(after)
        try:
            with self.transaction() as transaction:
                transaction.save(item)
                with_items(transaction)
                self._tell(transaction, entry)
                if before.status is not after.status:
                    transaction.update(
                        OrganizationItem(organization_pk(after.organization_id), "ORG"),
                        [_counts(before.status, -1), _counts(after.status, +1)],
                    )
        except TransactWriteError as error:
            if _changed_meanwhile(error):
                raise AccountChanged from error
            raise
        return replace(after, version=int(item.version))

    def _tell(self, transaction: TransactWrite, entry: AuditEntry | None) -> None:
        if entry:
            transaction.save(AuditItem.of(entry, self._audit_kept_for))

    def save_credentials(
        self, before: Account, after: Account, sealed: str, *, actor: str
    ) -> Account:
        """Replaces the sealed access key together with the account. Raises AccountChanged."""
        item = CredentialsItem(
            organization_pk(after.organization_id), credentials_sk(after.account_id), sealed=sealed
        )
        return self.save(
            before,
            after,
            entry=audit(AuditAction.CREDENTIALS_ROTATED, after, actor, after.updated_at),
            with_items=lambda transaction: transaction.save(item),
        )

    def sealed_credentials(self, account: Account) -> str | None:
        try:
            item = CredentialsItem.get(
                organization_pk(account.organization_id),
                credentials_sk(account.account_id),
                consistent_read=True,
            )
        except DoesNotExist:
            return None
        return item.sealed

    def delete(self, account: Account, *, actor: str, now: datetime) -> None:
        """Removes the account, its credentials and its claim at once. Raises AccountChanged."""
        pk = organization_pk(account.organization_id)
        try:
            with self.transaction() as transaction:
                transaction.delete(AccountItem.of(account))
                transaction.delete(
                    ClaimItem(pk, claim_sk(account.provider, account.account_number))
                )
                transaction.delete(CredentialsItem(pk, credentials_sk(account.account_id)))
                transaction.update(OrganizationItem(pk, "ORG"), [_counts(account.status, -1)])
                self._tell(transaction, audit(AuditAction.DELETED, account, actor, now))
        except TransactWriteError as error:
            if _changed_meanwhile(error):
                raise AccountChanged from error
            raise

    def changed(
        self,
        organization_id: str,
        account_id: str,
        change: Callable[[Account], Account],
        *,
        actor: str | None,
    ) -> Account:
        """Reads, changes and writes an account; again if somebody wrote it meanwhile. The audit
        trail tells what an actor did; what merely turned out has none. Raises AccountNotFound.
        """
        for _ in range(_TRIES):
            account = self.get(organization_id, account_id)
            changed = change(account)
            if changed == account:
                return account
            told = changes(account, changed)
            done = (AuditAction.CHANGED, changed)
            entry = audit(*done, actor, changed.updated_at, told) if actor else None
            try:
                return self.save(account, changed, entry=entry)
            except AccountChanged:
                continue
        raise Conflict("The account is being changed by others at this moment. Please try again.")

    def page(
        self,
        organization_id: str,
        *,
        limit: int,
        prefix: str = "",
        status: Status | None = None,
        after: Position | None = None,
    ) -> Page[Account]:
        """Accounts whose name starts with `prefix`, by name; then, for digits, those whose number
        does, by number.
        """
        found: list[tuple[Position, str]] = []
        if after is None or after.kind == "name":
            found += self._by_name(organization_id, prefix, status, after, limit + 1)
        if prefix.isdigit() and len(found) <= limit:
            start = after if after and after.kind == "number" else None
            found += self._by_number(organization_id, prefix, status, start, limit + 1 - len(found))
        shown = found[:limit]
        accounts = self.read(organization_id, [account_id for _, account_id in shown])
        return Page(accounts, shown[-1][0] if len(found) > limit else None)

    def read(self, organization_id: str, account_ids: Sequence[str]) -> list[Account]:
        """Accounts in the order of their ids; those deleted meanwhile are left out."""
        keys = [
            (organization_pk(organization_id), account_sk(account_id)) for account_id in account_ids
        ]
        found = {
            item.account_id: item.account()
            for item in AccountItem.batch_get(keys, consistent_read=True)
        }
        return [found[account_id] for account_id in account_ids if account_id in found]

    def _by_name(
        self,
        organization_id: str,
        prefix: str,
        status: Status | None,
        after: Position | None,
        limit: int,
    ) -> list[tuple[Position, str]]:
        pk, start = organization_pk(organization_id), None
        hash_name, hash_key = (
            ("status_pk", status_pk(organization_id, status)) if status else ("pk", pk)
        )
        if after:
            key = {"pk": pk, "sk": account_sk(after.account_id), "name_key": after.key}
            start = {name: {"S": value} for name, value in (key | {hash_name: hash_key}).items()}
        index = AccountItem.by_status if status else AccountItem.by_name
        found = index.query(
            hash_key,
            AccountItem.name_key.startswith(prefix.lower()) if prefix else None,
            last_evaluated_key=start,
            limit=limit,
            page_size=limit,
        )
        ids = [(item.name_key, item.sk.removeprefix("ACCOUNT#")) for item in found]
        return [(Position("name", key, account_id), account_id) for key, account_id in ids]

    def _by_number(
        self,
        organization_id: str,
        prefix: str,
        status: Status | None,
        after: Position | None,
        limit: int,
    ) -> list[tuple[Position, str]]:
        """Those found by name already are left out; the status of a claim is known only to its
        account.
        """
        start = None
        if after:
            start = {
                "pk": {"S": organization_pk(organization_id)},
                "sk": {"S": claim_sk("aws", after.key)},
            }
        claims = ClaimItem.query(
            organization_pk(organization_id),
            ClaimItem.sk.startswith(claim_sk("aws", prefix)),
            last_evaluated_key=start,
            page_size=limit,
        )
        found: list[tuple[Position, str]] = []
        while len(found) < limit and (chunk := _take(claims, limit)):
            accounts = self.read(organization_id, [claim.account_id for claim in chunk])
            found += [
                (Position("number", account.account_number, account.account_id), account.account_id)
                for account in accounts
                if not account.name.startswith(prefix)
                and (status is None or account.status is status)
            ]
        return found[:limit]


def credentials_sk(account_id: str) -> str:
    return f"CREDENTIALS#{account_id}"


def _take(claims: Iterator[ClaimItem], count: int) -> list[ClaimItem]:
    return [claim for _, claim in zip(range(count), claims, strict=False)]


def _counts(status: Status, change: int) -> Action:
    counter = getattr(OrganizationItem, status.value)
    return counter.add(change)  # type: ignore[no-any-return]


def _failed_condition(error: TransactWriteError, index: int) -> bool:
    reason = error.cancellation_reasons[index] if error.cancellation_reasons else None
    return reason is not None and reason.code == _CONDITION_FAILED


def _changed_meanwhile(error: TransactWriteError) -> bool:
    """Whether another write came between, or is in the way at this moment. Source: DynamoDB API
    reference, TransactWriteItems.
    """
    codes = {reason.code for reason in error.cancellation_reasons if reason}
    return bool(codes & {_CONDITION_FAILED, "TransactionConflict"})
