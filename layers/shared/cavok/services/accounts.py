"""Connecting, changing and disconnecting accounts."""

from collections.abc import Container, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import partial

from cavok.adapters.sealing import Sealer, credentials_context
from cavok.adapters.table.accounts import CHANGED_BY_OTHERS, Accounts
from cavok.adapters.table.organizations import Organizations
from cavok.adapters.table.quotas import Quotas
from cavok.adapters.table.table import ItemChanged, retry_on_conflict
from cavok.domain import audit
from cavok.domain.accounts import AccessType, Account, require_not_own
from cavok.domain.actors import Requester
from cavok.domain.errors import (
    AccountNotFound,
    AlreadyConnected,
    BusyWithOthers,
    HasNoAccessKey,
    InvalidField,
    QuotaExceeded,
)
from cavok.domain.fixes import TrustPolicy, unread, with_trust
from cavok.domain.idempotency import IdempotencyKey
from cavok.domain.providers import Provider
from cavok.domain.quotas import QuotaName
from cavok.services.organizations import organization_of


@dataclass(frozen=True, slots=True)
class AccessKey:
    """A customer's access key, before it is sealed."""

    access_key_id: str = field(repr=False)
    secret_access_key: str = field(repr=False)

    @property
    def ending(self) -> str:
        """The last four characters of its id, which may be shown."""
        return self.access_key_id[-4:]

    def sealed(self, sealer: Sealer, organization_id: str, account_id: str) -> str:
        """Base64 text that opens only for this account."""
        secret = {"access_key_id": self.access_key_id, "secret_access_key": self.secret_access_key}
        return sealer.seal(secret, credentials_context(organization_id, account_id))


@dataclass(frozen=True, slots=True, kw_only=True)
class NewAccount:
    """An account to connect. `access_key` is set only for access keys, `role_name` only for Assume
    Role. `role_path` matters only for Assume Role.
    """

    provider: Provider
    account_number: str
    name: str
    access_type: AccessType
    write_logs: bool
    regions: tuple[str, ...]
    role_name: str | None
    role_path: str
    access_key: AccessKey | None

    @property
    def claim(self) -> tuple[str, str]:
        """What an organization has once: the provider and the account's number there."""
        return self.provider, self.account_number

    def account(self, organization_id: str, requester: Requester, now: datetime) -> Account:
        """As it is stored."""
        return Account.added(
            organization_id,
            provider=self.provider,
            account_number=self.account_number,
            name=self.name,
            access_type=self.access_type,
            role_name=self.role_name,
            role_path=self.role_path,
            access_key_id_ending=self.access_key.ending if self.access_key else None,
            write_logs=self.write_logs,
            regions=self.regions,
            by=requester.actor.name,
            now=now,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class AccountEdit:
    """Changes to an account. Null leaves a field unchanged."""

    name: str | None = None
    write_logs: bool | None = None
    regions: Sequence[str] | None = None
    role_name: str | None = None
    role_path: str | None = None

    def applied_to(self, account: Account, now: datetime) -> Account:
        """The changed account, or the same object if nothing changes. Raises InvalidField."""
        if account.access_type is AccessType.ACCESS_KEY:
            self._require_no_role()
        changed = account
        if self.name not in (None, account.name):
            changed = changed.renamed(str(self.name), now)
        regions = tuple(self.regions) if self.regions else account.regions
        role = self.role_name or account.role_name, self.role_path or account.role_path
        if (regions, *role) != (account.regions, account.role_name, account.role_path):
            changed = changed.reconnected(
                now, regions=regions, role_name=role[0], role_path=role[1]
            )
        if self.write_logs not in (None, account.write_logs):
            changed = changed.with_write_logs(bool(self.write_logs), now)
        return changed

    def _require_no_role(self) -> None:
        for name, value in (("role_name", self.role_name), ("role_path", self.role_path)):
            if value is not None:
                raise InvalidField(
                    name, "This account is entered with an access key; it has no role."
                )


def connect_account(
    organization_id: str,
    new: NewAccount,
    *,
    own_account: str,
    key: IdempotencyKey | None,
    requester: Requester,
    organizations: Organizations,
    accounts: Accounts,
    sealer: Sealer,
    quotas: Quotas,
    now: datetime,
) -> Account:
    """Stores a new account, unconfirmed and due for its first test; or returns the account that
    this key created in the last 24 hours.

    Raises Conflict if the account number is connected already, or the key's account was deleted;
    InvalidField if the key came with another body, or for `own_account`; QuotaExceeded.
    """
    require_not_own(new.account_number, own_account)
    if key and (made := accounts.made_by(organization_id, key, now)):
        return made
    organization_of(organization_id, organizations=organizations, now=now)
    account = new.account(organization_id, requester, now)
    sealed = None
    if new.access_key:  # All share KMS: a refused request must not call it.
        try:
            quotas.check(QuotaName.NEW_ACCOUNTS, organization_id, now)
            accounts.require_unclaimed(account)
        except (QuotaExceeded, AlreadyConnected):
            if key and (made := accounts.made_by(organization_id, key, now)):
                return made  # meanwhile
            raise
        sealed = new.access_key.sealed(sealer, organization_id, account.account_id)
    count = quotas.counting(QuotaName.NEW_ACCOUNTS, organization_id, now)
    entry = audit.created(account, requester)
    return accounts.add(account, sealed, key, entry=entry, with_items=count)


def change_account(
    organization_id: str,
    account_id: str,
    change: AccountEdit,
    *,
    versions: Container[int] | None = None,
    requester: Requester,
    accounts: Accounts,
    quotas: Quotas,
    now: datetime,
    trust_policy: TrustPolicy = unread,
) -> Account:
    """Applies a change. `trust_policy` is read before the write, if the account's fixes show it: a
    read that fails must not hide that the change was made. Here and below, `versions`: the versions
    that the client allows; None allows any. Raises AccountNotFound, InvalidField,
    PreconditionFailed, Conflict, QuotaExceeded.
    """

    def apply(account: Account) -> Account:
        changed = change.applied_to(account.at_one_of(versions), now)
        with_trust(changed, trust_policy)
        return changed

    count = quotas.counting(QuotaName.CHANGES, organization_id, now)
    entry_of = partial(audit.changed, requester=requester)
    return accounts.changed(organization_id, account_id, apply, entry_of=entry_of, with_items=count)


def rotate_credentials(
    organization_id: str,
    account_id: str,
    key: AccessKey,
    *,
    versions: Container[int] | None = None,
    requester: Requester,
    accounts: Accounts,
    sealer: Sealer,
    quotas: Quotas,
    now: datetime,
) -> None:
    """Replaces the sealed access key. The account is unconfirmed until it is tested again. Raises
    AccountNotFound, PreconditionFailed, QuotaExceeded, and Conflict also if somebody changed the
    account meanwhile: if two people rotate at once, the slower one must not overwrite the other's
    key unseen.
    """
    account = accounts.get(organization_id, account_id).at_one_of(versions)
    if account.access_type is not AccessType.ACCESS_KEY:
        raise HasNoAccessKey(
            "This account is entered through a role; it has no access key to replace."
        )
    quotas.check(QuotaName.CHANGES, organization_id, now)
    sealed = key.sealed(sealer, organization_id, account_id)
    reconnected = account.reconnected(now, access_key_id_ending=key.ending)
    entry = audit.credentials_rotated(account, reconnected, requester)
    count = quotas.counting(QuotaName.CHANGES, organization_id, now)

    def attempt() -> None:
        try:
            accounts.save_credentials(account, reconnected, sealed, entry=entry, count=count)
        except ItemChanged as error:
            if 0 in error.failed:
                raise BusyWithOthers(CHANGED_BY_OTHERS) from None
            raise  # the count alone

    retry_on_conflict(attempt, or_raise=BusyWithOthers(CHANGED_BY_OTHERS))


def revoke_account(
    organization_id: str,
    account_id: str,
    *,
    versions: Container[int] | None = None,
    requester: Requester,
    accounts: Accounts,
    now: datetime,
) -> None:
    """Ends all use of the account until a person tests it. Repeated calls change nothing. Raises
    AccountNotFound, PreconditionFailed, Conflict.
    """

    def attempt() -> None:
        account = accounts.get(organization_id, account_id).at_one_of(versions)
        revoked = account.with_use_revoked(now)
        if revoked is not account:
            entry = audit.revoked(account, revoked, requester)
            accounts.save(account, revoked, entry=entry)

    retry_on_conflict(attempt, or_raise=BusyWithOthers(CHANGED_BY_OTHERS))


def disconnect_account(
    organization_id: str,
    account_id: str,
    *,
    versions: Container[int] | None = None,
    requester: Requester,
    accounts: Accounts,
    now: datetime,
) -> None:
    """Deletes the account and its secrets. A repetition within a day does nothing. Raises
    AccountNotFound, PreconditionFailed, Conflict.
    """

    def attempt() -> None:
        try:
            account = accounts.get(organization_id, account_id)
        except AccountNotFound:
            if not accounts.was_deleted(organization_id, account_id, now):
                raise
        else:
            entry = audit.deleted(account, requester, now)
            accounts.delete(account.at_one_of(versions), entry=entry, now=now)

    retry_on_conflict(attempt, or_raise=BusyWithOthers(CHANGED_BY_OTHERS))
