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
from cavok.domain.reading import ids_of, object_of, read_json

MOST_NAMED = 500
"""Accounts that a request may name by their ids."""

MOST_SELECTED = 10_000
"""Accounts of one operation. A filter that selects more is refused."""

MOST_LISTED = 100
"""Failures that an operation lists. It counts the others."""

CARRIED_OUT_WITHIN = timedelta(hours=12)
"""What is left then is left as it is: nobody expects a deletion the day after. Tests of
MOST_SELECTED accounts take half of that at the default quota.
"""

KEPT_FOR = timedelta(days=7)


class BulkAction(StrEnum):
    """What is done with each account. `write_logs`: sets it to the value of the request."""

    TEST = "test"
    WRITE_LOGS = "write_logs"
    DELETE = "delete"


class BulkState(StrEnum):
    """`stopped`: it took too long, and the accounts that were left are as they were."""

    RUNNING = "running"
    FINISHED = "finished"
    STOPPED = "stopped"


@dataclass(frozen=True, slots=True, kw_only=True)
class BulkRequest:
    """What is asked for: of the accounts with these ids, or of those that the selection finds."""

    action: BulkAction
    value: bool | None
    account_ids: Sequence[str]
    selection: Selection | None


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
    skipped       those that the filter no longer selected.
    failed        those that were refused; `failures` lists the first of them.
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
    finished_at: datetime | None = None
    carried_by: str | None = None

    @property
    def running(self) -> bool:
        """Whether it is stored as running."""
        return self.state is BulkState.RUNNING

    def out_of_time(self, now: datetime) -> bool:
        """Whether nothing more of it may be done."""
        return now >= self.started_at + CARRIED_OUT_WITHIN

    def selects(self, account: Account) -> bool:
        """Whether it treats an account of its list, as that is now. A test puts a revoked account
        back into use: only somebody who named it asked for that.
        """
        if self.selection is None:
            return True
        if self.action is BulkAction.TEST and account.revoked:
            return False
        return self.selection.selects(account)

    def is_tested(self, account: Account) -> bool:
        """Whether a test that began after the request has shown what the account is: ids sort by
        time. So an account is not tested twice if its result could not be stored.
        """
        last = account.verification
        return last is not None and last.verification_id > self.operation_id

    def after_one(
        self, now: datetime, *, skipped: bool = False, failure: BulkFailure | None = None
    ) -> Self:
        """After one more account; finished after the last."""
        listed = (failure,) if failure and len(self.failures) < MOST_LISTED else ()
        after = replace(
            self,
            done=self.done + 1,
            skipped=self.skipped + skipped,
            failed=self.failed + (failure is not None),
            failures=self.failures + listed,
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
