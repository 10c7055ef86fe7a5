"""Connecting many accounts with one request. One that is refused does not stop the others."""

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from cavok.adapters.sealing import Sealer
from cavok.adapters.table.accounts import (
    ADDED_AT_ONCE,
    Accounts,
    AccountToAdd,
    already_connected,
    made_and_deleted,
)
from cavok.adapters.table.organizations import Organizations
from cavok.adapters.table.quotas import Quotas
from cavok.adapters.table.table import WriteConflict, retry_while_busy
from cavok.domain import audit
from cavok.domain.accounts import Account, require_not_own
from cavok.domain.actors import Requester
from cavok.domain.deadlines import IMPORTING_SECONDS, Deadline
from cavok.domain.errors import (
    BusyWithOthers,
    CavokError,
    Conflict,
    InvalidField,
    QuotaExceeded,
)
from cavok.domain.idempotency import IdempotencyKey
from cavok.domain.quotas import QuotaName
from cavok.services.accounts import NewAccount, connect_account
from cavok.services.organizations import organization_of

MOST = 500
"""Accounts in one request. They take some seconds: their transactions, one after the other, and a
call to KMS for each access key.
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class AccountsImport:
    """The accounts of one request, by their places in it, and what became of each."""

    organization_id: str
    new: Mapping[int, NewAccount]
    own_account: str
    key: IdempotencyKey | None
    requester: Requester
    organizations: Organizations
    accounts: Accounts
    sealer: Sealer
    quotas: Quotas
    now: datetime
    deadline: Deadline = field(
        default_factory=lambda: Deadline.after(IMPORTING_SECONDS, time.monotonic)
    )
    created: dict[int, Account] = field(default_factory=dict)
    refused: dict[int, CavokError] = field(default_factory=dict)

    def run(self) -> None:
        """Stores each new account as `connect_account` does, many in one transaction. Each counts
        against the quota: those beyond it are refused, and those for which no time is left. An
        account that the same key created in the last 24 hours counts as created. Raises KeyReused
        if the key came with another body.
        """
        organization_of(self.organization_id, organizations=self.organizations, now=self.now)
        waiting = self._waiting()
        while waiting:
            if not self.deadline.left:
                self.refused.update(dict.fromkeys(waiting, _out_of_time()))
                return
            left = self.quotas.left(QuotaName.NEW_ACCOUNTS, self.organization_id, self.now)
            batch = waiting[: min(ADDED_AT_ONCE, left)]
            waiting = waiting[len(batch) :]
            if batch:
                self._add(batch)
                continue
            try:
                self.quotas.check(QuotaName.NEW_ACCOUNTS, self.organization_id, self.now)
            except QuotaExceeded as error:
                self.refused.update(dict.fromkeys(waiting, error))
                return

    def _waiting(self) -> list[int]:
        """The places of the accounts to store. Notes those that the same request stored before, and
        refuses those that cannot be stored. Looks up all of them at once.
        """
        numbers = {each.claim for each in self.new.values()}
        claimed = self.accounts.claimed(self.organization_id, numbers)
        keys = {index: self.key.of_entry(index) for index in self.new} if self.key else {}
        made = self.accounts.made_by_each(self.organization_id, [*keys.values()], self.now)
        waiting = []
        for index, new in self.new.items():
            key = keys.get(index)
            if key in made:
                self._note_made(index, made[key])
                continue
            try:
                require_not_own(new.account_number, self.own_account)
                if new.claim in claimed:
                    raise already_connected(new.account_number)
            except (InvalidField, Conflict) as error:
                self.refused[index] = error
            else:
                claimed.add(new.claim)  # for the same number further down
                waiting.append(index)
        return waiting

    def _note_made(self, index: int, account: Account | None) -> None:
        if account:
            self.created[index] = account
        else:
            self.refused[index] = made_and_deleted()

    def _add(self, batch: Sequence[int]) -> None:
        """All in one transaction. If another request is in the way of one, each by itself."""
        count = self.quotas.counting(
            QuotaName.NEW_ACCOUNTS, self.organization_id, self.now, len(batch)
        )
        to_add = [self._to_add(index) for index in batch]
        stored: list[Account] = []
        try:
            retry_while_busy(
                lambda: stored.extend(self.accounts.add_all(to_add, with_items=count)),
                goes_on=lambda: bool(self.deadline.left),
            )
        except (WriteConflict, QuotaExceeded):
            for index in batch:
                self._add_alone(index)
        self.created.update(zip(batch, stored, strict=False))

    def _to_add(self, index: int) -> AccountToAdd:
        new = self.new[index]
        account = new.account(self.organization_id, self.requester, self.now)
        of_it = self.organization_id, account.account_id
        return AccountToAdd(
            account=account,
            sealed=new.access_key.sealed(self.sealer, *of_it) if new.access_key else None,
            key=self.key.of_entry(index) if self.key else None,
            entry=audit.created(account, self.requester),
        )

    def _add_alone(self, index: int) -> None:
        if not self.deadline.left:
            self.refused[index] = _out_of_time()
            return
        try:
            self.created[index] = connect_account(
                self.organization_id,
                self.new[index],
                own_account=self.own_account,
                key=self.key.of_entry(index) if self.key else None,
                requester=self.requester,
                organizations=self.organizations,
                accounts=self.accounts,
                sealer=self.sealer,
                quotas=self.quotas,
                now=self.now,
            )
        except (InvalidField, Conflict, QuotaExceeded) as error:
            self.refused[index] = error


def _out_of_time() -> BusyWithOthers:
    return BusyWithOthers("There was no time left for this account. Send it again.")
