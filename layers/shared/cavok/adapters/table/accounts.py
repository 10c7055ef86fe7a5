"""Accounts in the table. Every read and write starts from the organization's key."""

import zlib
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, fields, replace
from datetime import date, datetime, timedelta
from itertools import islice
from typing import Any

from pynamodb.attributes import (
    BooleanAttribute,
    NumberAttribute,
    UnicodeAttribute,
    UTCDateTimeAttribute,
    VersionAttribute,
)
from pynamodb.constants import STRING
from pynamodb.expressions.update import Action
from pynamodb.transactions import TransactWrite

from cavok.adapters.table import keys
from cavok.adapters.table.audit import add_audit_entry
from cavok.adapters.table.deleted import DeletedItem
from cavok.adapters.table.enrollment_totals import Counted, count_members, counted
from cavok.adapters.table.idempotency import (
    IdempotencyItem,
    add_idempotency_key,
    made_by_key,
)
from cavok.adapters.table.issues import issue_of, issue_row
from cavok.adapters.table.organizations import OrganizationItem
from cavok.adapters.table.region_health import exceptions_of, health_of
from cavok.adapters.table.table import (
    EnumAttribute,
    Item,
    ItemChanged,
    JsonAttribute,
    PackedAttribute,
    Row,
    Table,
    retry_on_conflict,
)
from cavok.adapters.table.template_versions import count_version
from cavok.domain import audit
from cavok.domain.accounts import (
    AccessType,
    Account,
    Capability,
    LastVerification,
    ListedAccount,
    Outcome,
    Status,
    StatusChange,
    TestSlot,
)
from cavok.domain.audit import AuditEntry
from cavok.domain.errors import (
    AccountNotFound,
    AlreadyConnected,
    BusyWithOthers,
    MadeAndDeleted,
    QuotaExceeded,
)
from cavok.domain.idempotency import IdempotencyKey
from cavok.domain.ids import is_id
from cavok.domain.permissions import DEFAULT_ROLE_PATH

CHANGED_BY_OTHERS = "Others are changing the account. Try again."

MOST_WITH_A_NUMBER = 50
"""Organizations that follow one event. Another one's sweep finds the change."""
MOST_NUMBERS_READ = 1000
"""To find these. Anybody may add a number: whoever was never let in hides nobody's who was."""

_NAMES = (
    b"ec2:DescribeInstanceStatus,ec2:DescribeInstances,ec2:StartInstances,ec2:StopInstances,"
    b"iam:GetRolePolicy,iam:ListAttachedRolePolicies,iam:ListRolePolicies,logs:CreateLogGroup,"
    b"logs:CreateLogStream,logs:PutLogEvents,logs:PutRetentionPolicy,logs:TagResource,"
    b"rds:DescribeDBClusters,rds:DescribeDBInstances,rds:StartDBCluster,rds:StartDBInstance,"
    b"rds:StopDBCluster,rds:StopDBInstance,sts:AssumeRole,trust:account-matches,"
    b"trust:with-wrong-external-id,trust:without-external-id"
)
"""Frequent names, as a preset dictionary for zlib. Never change it: stored names were packed with
it. Other names only become a little larger. Names that were packed without it can be read too.
"""


def _pack_names(names: frozenset[str]) -> bytes:
    packer = zlib.compressobj(9, zdict=_NAMES)
    return packer.compress(",".join(sorted(names)).encode()) + packer.flush()


def _unpack_names(packed: bytes) -> frozenset[str]:
    names = zlib.decompressobj(zdict=_NAMES).decompress(packed).decode()
    return frozenset(filter(None, names.split(",")))


_FIRST_DAY = date(2020, 1, 1)
"""Day 0 of stored changes, which have days up to 2199."""

_LETTERS = {
    "u": Status.UNCONFIRMED,
    "c": Status.CONFIRMED,
    "d": Status.DEGRADED,
    "f": Status.FAILED,
}


def _text_of(changes: tuple[StatusChange, ...]) -> str | None:
    """Five characters a change: the day in four hexadecimal digits, and a letter for the status.
    Text, because a list is read without binary values.
    """
    letters = {status: letter for letter, status in _LETTERS.items()}
    days = [(date.fromisoformat(each.on) - _FIRST_DAY).days for each in changes]
    pairs = zip(days, changes, strict=True)
    return "".join(f"{day:04x}{letters[each.before]}" for day, each in pairs) or None


def _changes_of(text: str | None) -> tuple[StatusChange, ...]:
    stored = text or ""
    return tuple(
        StatusChange(
            (_FIRST_DAY + timedelta(days=int(stored[at : at + 4], 16))).isoformat(),
            _LETTERS[stored[at + 4]],
        )
        for at in range(0, len(stored), 5)
    )


class ClaimItem(Item):
    """Ensures that an organization connects an account number only once."""

    account_id = UnicodeAttribute()


class CredentialsItem(Item):
    """A customer's access key, sealed. Only functions that enter accounts may open it."""

    sealed = UnicodeAttribute()


class AccountItem(Item):
    """An account. It stays below 1 kB while it has no issues, because each test writes it and
    DynamoDB bills writes by the kilobyte.
    """

    provider = UnicodeAttribute()
    account_number = UnicodeAttribute(attr_name="provider_id")
    name = UnicodeAttribute()
    name_key = UnicodeAttribute()
    status_pk = UnicodeAttribute()
    access_type = EnumAttribute(AccessType)
    role_name = UnicodeAttribute(null=True)
    role_path = UnicodeAttribute(null=True)
    access_key_id_ending = UnicodeAttribute(null=True)
    write_logs = BooleanAttribute()
    regions = JsonAttribute(dump=list, load=tuple)
    status = EnumAttribute(Status)
    changes = UnicodeAttribute(null=True)
    issues = JsonAttribute(
        dump=lambda issues: [issue_row(issue) for issue in issues],
        load=lambda rows: tuple(issue_of(row) for row in rows),
    )
    capabilities = JsonAttribute(
        dump=dict,
        load=lambda stored: {group: Capability(value) for group, value in stored.items()},
    )
    region_exceptions = JsonAttribute(dump=dict, load=dict, null=True, attr_name="region_health")
    template_version = NumberAttribute(null=True)
    template_pk = UnicodeAttribute(null=True)
    enrollment_id = UnicodeAttribute(null=True)
    last_verification_id = UnicodeAttribute(null=True)
    last_outcome = EnumAttribute(Outcome, null=True)
    last_finished_at = UTCDateTimeAttribute(null=True)
    last_unchanged = NumberAttribute(null=True)
    last_found = UnicodeAttribute(null=True)
    # Of this write, not of the account: each write replaces the whole item.
    quiet = BooleanAttribute(null=True)
    slot_verification_id = UnicodeAttribute(null=True)
    slot_expires_at = UTCDateTimeAttribute(null=True)
    next_verification_at = UTCDateTimeAttribute(null=True)
    due_shard = UnicodeAttribute(null=True)
    created_at = UTCDateTimeAttribute()
    created_by = UnicodeAttribute()
    updated_at = UTCDateTimeAttribute()
    touched_at = UTCDateTimeAttribute()
    heard_at = UTCDateTimeAttribute(null=True)
    woken_at = UTCDateTimeAttribute(null=True)
    connected_at = UTCDateTimeAttribute(null=True)
    stack_deleted_at = UTCDateTimeAttribute(null=True)
    role_change = UnicodeAttribute(null=True)
    role_changed_at = UTCDateTimeAttribute(null=True)
    attempts = NumberAttribute()
    proven = PackedAttribute(_pack_names, _unpack_names)
    connection_revision = NumberAttribute()
    # PynamoDB makes each write conditional on the version that was read. The test slot needs this.
    writes = VersionAttribute(attr_name="version")
    version = NumberAttribute(null=True, attr_name="edition")

    @classmethod
    def of(cls, account: Account, *, quiet: bool = False) -> "AccountItem":
        """The item that stores an account. `quiet`: no event says that a test ended."""
        last, slot, due = account.verification, account.slot, account.next_verification_at
        organization_id, version = account.organization_id, account.template_version
        return cls.of_fields(
            keys.organization_pk(organization_id),
            keys.account_sk(account.account_id),
            account,
            name_key=keys.name_key(account.name, account.account_id),
            status_pk=keys.status_pk(organization_id, account.status),
            template_pk=keys.template_pk(organization_id, version) if version else None,
            due_shard=keys.due_shard(account.account_id) if due else None,
            role_path=account.role_path if account.role_path != DEFAULT_ROLE_PATH else None,
            region_exceptions=exceptions_of(account.region_health),
            changes=_text_of(account.status_changes),
            last_verification_id=last.verification_id if last else None,
            last_outcome=last.outcome if last else None,
            last_finished_at=last.finished_at if last else None,
            last_unchanged=last.unchanged or None if last else None,
            last_found=last.found if last else None,
            slot_verification_id=slot.verification_id if slot else None,
            slot_expires_at=slot.expires_at if slot else None,
            quiet=quiet or None,
            version=account.version or None,
            writes=account.writes or None,
        )

    def account(self) -> Account:
        """The stored account. Raises ValueError if it lacks what every account has."""
        lacks = [name for name in _REQUIRED if getattr(self, name) is None]
        if lacks:
            raise ValueError(f"The account lacks {', '.join(lacks)}.")
        return self.as_a(
            Account,
            organization_id=self.pk.removeprefix(keys.ORGANIZATION),
            counted_version=self.template_version if self.template_pk else None,
            **_stored_otherwise(self),
        )


_STORED_OTHERWISE = {
    "account_id": ("sk",),
    "role_path": ("role_path",),
    "status_changes": ("changes",),
    "region_health": ("regions", "region_exceptions"),
    "verification": ("last_verification_id", "last_outcome", "last_finished_at"),
    "slot": ("slot_verification_id", "slot_expires_at"),
    "version": ("version", "writes"),
}
"""Fields of a listed account, and their attributes; all other fields have an attribute of the same
name. A list shows neither how often the last test found the same, nor what.
"""

_REQUIRED = (
    "writes",  # PynamoDB lets a VersionAttribute be null.
    *(
        name
        for name, attribute in AccountItem.get_attributes().items()
        if name in Account.__dataclass_fields__ and not attribute.null
    ),
)
"""Attributes that every account has. PynamoDB checks that when it writes, not when it reads."""

LISTED = {
    attribute
    for field in fields(ListedAccount)
    for attribute in _STORED_OTHERWISE.get(field.name, (field.name,))
}
"""The attributes that a list needs."""


def listed(row: Row) -> ListedAccount:
    """Reads the attributes `LISTED` of an account."""
    return row.as_a(ListedAccount, **_stored_otherwise(row))


def _stored_otherwise(item: AccountItem | Row) -> dict[str, Any]:
    last = slot = None
    if item.last_verification_id and item.last_outcome and item.last_finished_at:
        last = LastVerification(
            item.last_verification_id,
            item.last_outcome,
            item.last_finished_at,
            unchanged=int(item.last_unchanged or 0),
            found=item.last_found,
        )
    if item.slot_verification_id and item.slot_expires_at:
        slot = TestSlot(item.slot_verification_id, item.slot_expires_at)
    return {
        "account_id": item.sk.removeprefix(keys.ACCOUNT),
        "role_path": item.role_path or DEFAULT_ROLE_PATH,
        "status_changes": _changes_of(item.changes),
        "region_health": health_of(item.regions, item.region_exceptions),
        "verification": last,
        "slot": slot,
        # Accounts stored before `writes` existed have one number for both.
        "version": int(item.version or item.writes),
    }


def account_key(organization_id: str, account_id: str) -> tuple[str, str]:
    """Raises AccountNotFound if `account_id` does not have the form of an id."""
    if not is_id(account_id):
        raise account_not_found()
    return keys.organization_pk(organization_id), keys.account_sk(account_id)


def account_of(item: AccountItem | None) -> Account:
    """The account of the item with its key. Raises AccountNotFound."""
    if item is None:
        raise account_not_found()
    return item.account()


def account_not_found() -> AccountNotFound:
    """What is raised for an id that the organization has no account with."""
    return AccountNotFound("There is no such account in your organization.")


ADDED_AT_ONCE = 19
"""Accounts in one transaction: each has up to five items, and two are shared. A transaction has a
hundred at most. Source: DynamoDB API reference, TransactWriteItems.
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class AccountToAdd:
    """A new account, its sealed credentials, its request's key, and its audit entry."""

    account: Account
    sealed: str | None
    key: IdempotencyKey | None
    entry: AuditEntry | None


class Accounts:
    """Reads and writes accounts. Each write keeps the counts by status and by template version, and
    the audit trail, in the same transaction. Audit entries expire after `audit_kept_for`.
    """

    def __init__(self, table: Table, audit_kept_for: timedelta = audit.KEPT_FOR) -> None:
        self._table = table
        self._audit_kept_for = audit_kept_for

    def get(self, organization_id: str, account_id: str) -> Account:
        """Raises AccountNotFound."""
        return account_of(self._table.get(AccountItem, *account_key(organization_id, account_id)))

    def made_by(self, organization_id: str, key: IdempotencyKey, now: datetime) -> Account | None:
        """The account that this key created in the last 24 hours. Raises KeyReused if it came
        with another body, Conflict if the account was deleted.
        """
        account_id = made_by_key(self._table, organization_id, key, now)
        if account_id is None:
            return None
        try:
            return self.get(organization_id, account_id)
        except AccountNotFound:
            raise made_and_deleted() from None

    def made_by_each(
        self, organization_id: str, wanted: Sequence[IdempotencyKey], now: datetime
    ) -> dict[IdempotencyKey | None, Account | None]:
        """The accounts that these keys created in the last 24 hours; null for one that was deleted.
        Raises KeyReused if a key came with another body.
        """
        pk = keys.organization_pk(organization_id)
        by_sk = {keys.idempotency_sk(key.key): key for key in wanted}
        used = self._table.get_many(IdempotencyItem, [(pk, sk) for sk in by_sk])
        ids = {by_sk[item.sk]: item.made_id for item in used if item.holds(by_sk[item.sk], now)}
        wanted_items = [(pk, keys.account_sk(account_id)) for account_id in ids.values()]
        found = {
            item.sk: item.account() for item in self._table.get_many(AccountItem, wanted_items)
        }
        return {key: found.get(keys.account_sk(account_id)) for key, account_id in ids.items()}

    def add(
        self,
        account: Account,
        sealed_credentials: str | None,
        key: IdempotencyKey | None = None,
        *,
        entry: AuditEntry | None = None,
        with_items: Callable[[TransactWrite], None] = lambda transaction: None,
    ) -> Account:
        """Stores a new account, its sealed credentials, its claim on the account number, the
        request's key, and its audit entry; or returns the account that the same key created
        meanwhile. Raises Conflict, KeyReused, and what `with_items` raises.
        """
        return retry_on_conflict(
            lambda: self._add(account, sealed_credentials, key, entry, with_items),
            or_raise=BusyWithOthers(
                "Other accounts are being connected at this moment. Please try again."
            ),
        )

    def _add(
        self,
        account: Account,
        sealed_credentials: str | None,
        key: IdempotencyKey | None,
        entry: AuditEntry | None,
        with_items: Callable[[TransactWrite], None],
    ) -> Account:
        new = AccountToAdd(account=account, sealed=sealed_credentials, key=key, entry=entry)
        try:
            (stored,) = self.add_all([new], with_items=with_items)
        except (ItemChanged, QuotaExceeded) as error:
            if key and (made := self.made_by(account.organization_id, key, account.created_at)):
                return made
            if isinstance(error, ItemChanged) and 0 in error.failed:
                raise already_connected(account.account_number) from None
            raise
        return stored

    def add_all(
        self, new: Sequence[AccountToAdd], *, with_items: Callable[[TransactWrite], None]
    ) -> list[Account]:
        """Stores new accounts of one organization with all that belongs to them, in one transaction
        that holds them: ADDED_AT_ONCE of any kind, or none but what `with_items` adds. Raises
        ItemChanged if one cannot be stored, whose 0 is the first one's claim; ItemBusy, and what
        `with_items` raises.
        """
        accounts = [replace(each.account, version=1) for each in new]
        items = [AccountItem.of(account) for account in accounts]
        with self._table.transaction() as transaction:
            for each, account, item in zip(new, accounts, items, strict=True):
                transaction.save(_claim(account), condition=ClaimItem.pk.does_not_exist())
                transaction.save(item)
                _count_version(transaction, account, None)
                if each.entry:
                    self._add_audit_entry(transaction, each.entry)
                if each.sealed:
                    transaction.save(_credentials(account, sealed=each.sealed))
                if each.key:
                    of_it = account.organization_id, each.key, account.account_id
                    add_idempotency_key(transaction, *of_it, account.created_at)
            statuses = Counter(account.status for account in accounts)
            counts = [_counts(status, count) for status, count in statuses.items()]
            if accounts:
                transaction.update(_organization(accounts[0]), counts)
            with_items(transaction)
        return [_as_stored(*each) for each in zip(accounts, items, strict=True)]

    def claimed(
        self, organization_id: str, numbers: Iterable[tuple[str, str]]
    ) -> set[tuple[str, str]]:
        """Those of the account numbers, each after its provider, that the organization connects
        already; an early check.
        """
        pk = keys.organization_pk(organization_id)
        found = self._table.get_many(ClaimItem, [(pk, keys.claim_sk(*each)) for each in numbers])
        return {keys.number_claimed(claim.sk) for claim in found}

    def with_numbers(
        self, organization_id: str, provider: str, numbers: Iterable[str]
    ) -> dict[str, Account]:
        """The organization's accounts with these numbers, by number, read consistently."""
        pk = keys.organization_pk(organization_id)
        claims = [(pk, keys.claim_sk(provider, number)) for number in numbers]
        ids = [claim.account_id for claim in self._table.get_many(ClaimItem, claims)]
        wanted = [(pk, keys.account_sk(account_id)) for account_id in ids]
        found = (item.account() for item in self._table.get_many(AccountItem, wanted))
        return {account.account_number: account for account in found}

    def with_number(self, account_number: str) -> list[tuple[str, str]]:
        """The organizations, with their accounts, that are connected with this AWS account, or once
        were: MOST_WITH_A_NUMBER of all customers. Only to follow what AWS itself says of it.
        """
        found = self._table.entries(
            AccountItem.by_number, account_number, None, start=None, size=MOST_NUMBERS_READ
        )
        wanted = ((each["pk"][STRING], each["sk"][STRING]) for each in found)
        rows = self._table.get_rows(
            AccountItem, islice(wanted, MOST_NUMBERS_READ), ("pk", "sk", "connected_at")
        )
        connected = (
            (row.pk.removeprefix(keys.ORGANIZATION), row.sk.removeprefix(keys.ACCOUNT))
            for row in rows
            if row.connected_at
        )
        return sorted(connected)[:MOST_WITH_A_NUMBER]

    def names(self, organization_id: str) -> list[str]:
        """The names of all its accounts, in small letters, from the index by name."""
        pk = keys.organization_pk(organization_id)
        keyed = self._table.entries(AccountItem.by_name, pk, None, start=None, size=None)
        return [keys.name_in(each["name_key"][STRING]) for each in keyed]

    def require_unclaimed(self, account: Account) -> None:
        """An early check before something costly; `add` decides. Raises AlreadyConnected."""
        claim = _claim(account)
        if self._table.get(ClaimItem, claim.pk, claim.sk):
            raise already_connected(account.account_number)

    def save(
        self,
        before: Account,
        after: Account,
        *,
        entry: AuditEntry | None = None,
        with_items: Callable[[TransactWrite], None] = lambda transaction: None,
        quiet: bool = False,
        member: Counted | None = None,
    ) -> Account:
        """Writes a changed account, and in the same transaction its audit entry and what
        `with_items` adds. `quiet`: no event says that a test ended. `member`: how it counts in its
        enrollment; null if its status alone says it. Raises ItemChanged, ItemBusy.
        """
        after = after.after(before)
        item = AccountItem.of(after, quiet=quiet)
        member = member or counted(before, after)
        with self._table.transaction() as transaction:
            transaction.save(item)
            with_items(transaction)
            count_members(transaction, after.organization_id, [member])
            if entry:
                self._add_audit_entry(transaction, entry)
            if before.status is not after.status:
                changes = [_counts(before.status, -1), _counts(after.status, +1)]
                transaction.update(_organization(after), changes)
            _count_version(transaction, after, before.counted_version)
        return _as_stored(after, item)

    def confirm(self, after: Account, *, quiet: bool) -> None:
        """Writes an account that a test found unchanged, except perhaps the version of its role.
        `quiet`: no event follows. Raises ItemChanged, ItemBusy.
        """
        item = AccountItem.of(after, quiet=quiet)
        if after.counted_version == after.template_version:
            self._table.put(item)  # alone it costs half
            return
        with self._table.transaction() as transaction:
            transaction.save(item)
            _count_version(transaction, after, after.counted_version)

    def _add_audit_entry(self, transaction: TransactWrite, entry: AuditEntry) -> None:
        add_audit_entry(transaction, entry, self._audit_kept_for)

    def save_credentials(
        self,
        before: Account,
        after: Account,
        sealed: str,
        *,
        entry: AuditEntry,
        count: Callable[[TransactWrite], None],
    ) -> Account:
        """Replaces the account and its sealed access key, and counts that. Raises ItemChanged,
        whose 0 is the account, ItemBusy, QuotaExceeded.
        """

        def with_items(transaction: TransactWrite) -> None:
            transaction.save(_credentials(after, sealed=sealed))
            count(transaction)

        return self.save(before, after, entry=entry, with_items=with_items)

    def sealed_credentials(self, account: Account) -> str | None:
        """The account's sealed access key, if it has one."""
        pk, sk = (
            keys.organization_pk(account.organization_id),
            keys.credentials_sk(account.account_id),
        )
        item = self._table.get(CredentialsItem, pk, sk)
        return item.sealed if item else None

    def delete(self, account: Account, *, entry: AuditEntry, now: datetime) -> None:
        """Removes the account, its credentials and its claim, and remembers that for a day. Raises
        ItemChanged, ItemBusy.
        """
        pk = keys.organization_pk(account.organization_id)
        with self._table.transaction() as transaction:
            transaction.delete(AccountItem.of(account))
            transaction.delete(_claim(account))
            transaction.delete(_credentials(account))
            transaction.save(DeletedItem.of(pk, account.account_id, now))
            transaction.update(_organization(account), [_counts(account.status, -1)])
            count_members(transaction, account.organization_id, [counted(account, None)])
            count_version(transaction, account.organization_id, account.counted_version, None)
            self._add_audit_entry(transaction, entry)

    def was_deleted(self, organization_id: str, account_id: str, now: datetime) -> bool:
        """Whether the organization deleted this account within a day."""
        pk = keys.organization_pk(organization_id)
        return DeletedItem.find(self._table, pk, account_id, now) is not None

    def changed(
        self,
        organization_id: str,
        account_id: str,
        change: Callable[[Account], Account],
        *,
        entry_of: Callable[[Account, Account], AuditEntry] | None = None,
        with_items: Callable[[TransactWrite], None] = lambda transaction: None,
    ) -> Account:
        """Reads, changes and writes an account with what `with_items` adds and the audit entry of
        the account before and after, and repeats that if another write came first. Raises
        AccountNotFound, Conflict, and what `with_items` raises.
        """

        def attempt() -> Account:
            before = self.get(organization_id, account_id)
            after = change(before)
            if after == before:
                return before
            entry = entry_of(before, after) if entry_of else None
            return self.save(before, after, entry=entry, with_items=with_items)

        return retry_on_conflict(attempt, or_raise=BusyWithOthers(CHANGED_BY_OTHERS))

    def read(self, organization_id: str, account_ids: Sequence[str]) -> list[ListedAccount]:
        """Accounts in the order of `account_ids`, without deleted ones."""
        rows = self.rows(organization_id, account_ids, LISTED)
        found = {account.account_id: account for account in map(listed, rows)}
        return [found[account_id] for account_id in account_ids if account_id in found]

    def rows(
        self, organization_id: str, account_ids: Iterable[str], names: Iterable[str]
    ) -> Iterator[Row]:
        """Attributes of accounts, in any order, without deleted ones."""
        pk = keys.organization_pk(organization_id)
        wanted = [(pk, keys.account_sk(account_id)) for account_id in account_ids]
        return self._table.get_rows(AccountItem, wanted, names)


def made_and_deleted() -> MadeAndDeleted:
    """What is said of a key whose account was deleted."""
    return MadeAndDeleted(
        "The account that this Idempotency-Key created was deleted. Use a new key."
    )


def already_connected(account_number: str) -> AlreadyConnected:
    """What is said of a number that the organization connects already."""
    return AlreadyConnected(f"Account number {account_number} is already connected.")


def _claim(account: Account) -> ClaimItem:
    pk = keys.organization_pk(account.organization_id)
    sk = keys.claim_sk(account.provider, account.account_number)
    return ClaimItem(pk, sk, account_id=account.account_id)


def _credentials(account: Account, sealed: str | None = None) -> CredentialsItem:
    pk = keys.organization_pk(account.organization_id)
    return CredentialsItem(pk, keys.credentials_sk(account.account_id), sealed=sealed)


def _organization(account: Account) -> OrganizationItem:
    return OrganizationItem(keys.organization_pk(account.organization_id), keys.ORGANIZATION_SK)


def _counts(status: Status, change: int) -> Action:
    counter = getattr(OrganizationItem, status.value)
    return counter.add(change)  # type: ignore[no-any-return]


def _count_version(transaction: TransactWrite, account: Account, before: int | None) -> None:
    """`before`: the version under which the stored account counts."""
    count_version(transaction, account.organization_id, before, account.template_version)


def _as_stored(account: Account, item: AccountItem) -> Account:
    return replace(account, writes=int(item.writes), counted_version=account.template_version)
