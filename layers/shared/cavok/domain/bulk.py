"""Bulk operations: one action on many accounts of an organization, asked for with one request."""

import json
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Self

from cavok.domain.account_list import Selection
from cavok.domain.accounts import Account
from cavok.domain.actors import Requester
from cavok.domain.organizations import message_group
from cavok.domain.quotas import QuotaName
from cavok.domain.reading import ids_of, object_of, read_json

MOST_NAMED = 500
"""Accounts that a request may name by their ids."""

MOST_SELECTED = 10_000
"""Accounts of one operation. A filter that selects more is refused."""

MOST_LISTED = 100
"""Failures that an operation lists. It counts the others."""

MOST_REPEATS = 2
"""Times that an account is tried again. One that fails in the last is left, so that it does not
hold up those after it.
"""

CARRIED_OUT_WITHIN = timedelta(hours=12)
"""What is left then is left as it is: nobody expects a deletion the day after. Tests of
MOST_SELECTED accounts take half of that at the default quota.
"""

KEPT_FOR = timedelta(days=7)

_STOPS_WITHIN = timedelta(seconds=10)
"""So long a stopped operation may still treat the account at which it was."""


class BulkAction(StrEnum):
    """What is done with each account. `write_logs`: sets it to the value of the request."""

    TEST = "test"
    WRITE_LOGS = "write_logs"
    DELETE = "delete"


class BulkState(StrEnum):
    """`stopped`: a person ended it, or it took too long. What was left is as it was."""

    RUNNING = "running"
    FINISHED = "finished"
    STOPPED = "stopped"


@dataclass(frozen=True, slots=True, kw_only=True)
class BulkRequest:
    """What is asked for: of the accounts with these ids, of those that the selection finds, or of
    those that an earlier operation changed. `expected_total`: how many they must be; null allows
    any number.
    """

    action: BulkAction
    value: bool | None
    account_ids: Sequence[str]
    selection: Selection | None
    changed_by: str | None = None
    expected_total: int | None = None

    @property
    def counts_as(self) -> QuotaName:
        """The quota that it uses. A filter reads every account that it may select."""
        return QuotaName.LISTINGS if self.selection else QuotaName.CHANGES


@dataclass(frozen=True, slots=True)
class BulkFailure:
    """Why an account was refused. `code`: of the problem. `name` is null if it is not known."""

    account_id: str
    name: str | None
    code: str
    detail: str


@dataclass(frozen=True, slots=True, kw_only=True)
class BulkOperation:
    """One operation. Times are UTC.

    value         what `write_logs` becomes; null for other actions.
    selection     the filter that selected its accounts, which each must still meet; null if the
                  request named them.
    requester     in whose name each account is treated.
    done          accounts that were treated, in order; also those below.
    skipped       those that were left as they were: see `selects`, or a later operation has set
                  their write_logs.
    failed        those that were refused; `failures` lists the first of them.
    changes       a bit for each place of its list, whether that account was changed; the lowest bit
                  of each byte first.
    repeats       how often the next account was tried again.
    carried_by    the invocation that stored this.
    """

    organization_id: str
    operation_id: str
    action: BulkAction
    value: bool | None
    selection: Selection | None
    requester: Requester
    total: int
    started_at: datetime
    state: BulkState = BulkState.RUNNING
    done: int = 0
    skipped: int = 0
    failed: int = 0
    failures: tuple[BulkFailure, ...] = ()
    changes: bytes = b""
    repeats: int = 0
    finished_at: datetime | None = None
    carried_by: str | None = None

    @property
    def running(self) -> bool:
        """Whether it is stored as running."""
        return self.state is BulkState.RUNNING

    @property
    def changed(self) -> int:
        """How many accounts it changed, or began to test, or deleted."""
        return int.from_bytes(self.changes).bit_count()

    def changed_at(self, place: int) -> bool:
        """Whether it changed the account at this place of its list."""
        return bool(int.from_bytes(self.changes, "little") >> place & 1)

    def just_stopped(self, now: datetime) -> bool:
        """Whether an account may still be treated although it was stopped."""
        if self.state is not BulkState.STOPPED or self.finished_at is None:
            return False
        return now < self.finished_at + _STOPS_WITHIN

    def out_of_time(self, now: datetime) -> bool:
        """Whether nothing more of it may be done."""
        return now >= self.started_at + CARRIED_OUT_WITHIN

    def selects(self, account: Account) -> bool:
        """Whether it treats an account of its list, as that is now. A test would put a revoked
        account back into use: only its own route does that.
        """
        if self.action is BulkAction.TEST and account.revoked:
            return False
        return self.selection is None or self.selection.selects(account)

    def is_tested(self, account: Account) -> bool:
        """Whether this is a test, and one that began after the request has shown what the account
        is: ids sort by time. So an account is not tested twice if its result could not be stored.
        """
        last = account.verification
        tests = self.action is BulkAction.TEST
        return tests and last is not None and last.verification_id > self.operation_id

    def after_one(
        self,
        now: datetime,
        *,
        skipped: bool = False,
        changed: bool = False,
        failure: BulkFailure | None = None,
    ) -> Self:
        """After one more account; finished after the last."""
        listed = (failure,) if failure and len(self.failures) < MOST_LISTED else ()
        after = replace(
            self,
            done=self.done + 1,
            skipped=self.skipped + skipped,
            failed=self.failed + (failure is not None),
            failures=self.failures + listed,
            changes=_with_bit(self.changes, self.done) if changed else self.changes,
            repeats=0,
        )
        return after if after.done < after.total else after.ended(BulkState.FINISHED, now)

    def ended(self, state: BulkState, now: datetime) -> Self:
        """With its end."""
        return replace(self, state=state, finished_at=now)

    def as_of(self, now: datetime) -> Self:
        """As it is shown: one that nobody carried on until its time was over has stopped."""
        if not self.running or not self.out_of_time(now):
            return self
        return self.ended(BulkState.STOPPED, self.started_at + CARRIED_OUT_WITHIN)


def _with_bit(bits: bytes, place: int) -> bytes:
    whole = int.from_bytes(bits, "little") | 1 << place
    return whole.to_bytes((whole.bit_length() + 7) // 8, "little")


@dataclass(frozen=True, slots=True)
class BulkMessage:
    """The message to `run_bulk_operation`: which operation to carry on."""

    organization_id: str
    operation_id: str

    @property
    def group(self) -> str:
        """The same for all operations of an organization."""
        return message_group(self.organization_id)

    @property
    def body(self) -> str:
        """JSON, which `read` reads."""
        ids = {"organization_id": self.organization_id, "operation_id": self.operation_id}
        return json.dumps(ids)

    @classmethod
    def read(cls, body: str) -> Self:
        """Raises MalformedEvent."""
        return cls(**ids_of(object_of(read_json(body)), "organization_id", "operation_id"))
