"""Bulk operations: beginning them, and carrying them on, one account after the other, each as its
own route does it.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from cavok.adapters.aws_errors import is_passing
from cavok.adapters.queue import Queue
from cavok.adapters.table.account_list import AccountList
from cavok.adapters.table.accounts import CHANGED_BY_OTHERS, Accounts, account_not_found
from cavok.adapters.table.bulk import BulkOperations
from cavok.adapters.table.members import Members
from cavok.adapters.table.quotas import Quotas
from cavok.adapters.table.table import retry_while_busy
from cavok.adapters.table.verifications import Verifications
from cavok.adapters.workflows import Workflows
from cavok.domain import audit
from cavok.domain.accounts import Account
from cavok.domain.actors import Requester
from cavok.domain.bulk import (
    MOST_SELECTED,
    BulkAction,
    BulkFailure,
    BulkMessage,
    BulkOperation,
    BulkRequest,
    BulkState,
)
from cavok.domain.deadlines import Deadline
from cavok.domain.errors import (
    AccountNotFound,
    BusyWithOthers,
    CavokError,
    OperationNotFound,
    PreconditionFailed,
    QuotaExceeded,
    SelectionTooLarge,
    ServiceUnavailable,
    code_of,
)
from cavok.domain.idempotency import IdempotencyKey
from cavok.domain.ids import new_id
from cavok.domain.quotas import QuotaName
from cavok.observability import logger
from cavok.services.accounts import AccountEdit, change_account, disconnect_account
from cavok.services.start_verification import start_verification

_READ_AGAIN = 3
"""Times that an account is read and compared with the filter, if somebody changes it meanwhile."""

LONGEST_DELAY = timedelta(minutes=15)
"""Source: SQS Developer Guide, "Amazon SQS message timers"."""

RECEIVED_OFTEN = 3
"""From this receive of a message on, an account on which the earlier ones died is left as failed,
so that it does not hold up those after it.
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class BulkDependencies:
    """What carrying on needs."""

    operations: BulkOperations
    accounts: Accounts
    members: Callable[[], Members]
    verifications: Verifications
    workflows: Workflows
    quotas: Quotas
    messages: Callable[[], Queue]
    clock: Callable[[], datetime]


@dataclass(frozen=True, slots=True)
class Receipt:
    """Which message came, and for which time."""

    message_id: str
    received: int

    def __str__(self) -> str:
        """No other invocation has the same."""
        return f"{self.message_id} {self.received}"


def find_selected(
    organization_id: str, request: BulkRequest, account_list: AccountList, deadline: Deadline
) -> list[str]:
    """The accounts of a request, each once. Raises SelectionTooLarge; and BusyWithOthers if they
    cannot be found in time: an operation on some of them is not what was asked for.
    """
    if request.selection is None:
        return list(dict.fromkeys(request.account_ids))
    found: list[str] = []
    for ids in account_list.ids(organization_id, request.selection):
        found += ids
        if len(found) > MOST_SELECTED:
            raise SelectionTooLarge(
                "selection.filter",
                f"This selects more than {MOST_SELECTED:,} accounts. Select fewer of them.",
            )
        if not deadline.left:
            raise BusyWithOthers("Finding these accounts took too long. Select fewer, or retry.")
    return list(dict.fromkeys(found))


def begin_bulk_operation(
    organization_id: str,
    request: BulkRequest,
    find: Callable[[], Sequence[str]],
    *,
    key: IdempotencyKey | None,
    requester: Requester,
    operations: BulkOperations,
    quotas: Quotas,
    now: datetime,
) -> BulkOperation:
    """Stores an operation on the accounts that `find` finds, from which the rest follows; or
    returns the one that this key began in the last 24 hours. Raises KeyReused, QuotaExceeded,
    BusyWithOthers, and what `find` does.
    """
    if key and (made := operations.made_by(organization_id, key, now)):
        return made
    quotas.check(QuotaName.CHANGES, organization_id, now)
    account_ids = find()
    operation = BulkOperation(
        organization_id=organization_id,
        operation_id=new_id(),
        action=request.action,
        value=request.value,
        selection=request.selection,
        requester=requester,
        total=len(account_ids),
        started_at=now,
    )
    if not account_ids:
        operation = operation.ended(BulkState.FINISHED, now)
    return operations.begin(
        operation,
        account_ids,
        key,
        entry=audit.bulk_requested(operation),
        with_items=quotas.counting(QuotaName.CHANGES, organization_id, now),
    )


def carry_on(
    message: BulkMessage, receipt: Receipt, dependencies: BulkDependencies, deadline: Deadline
) -> bool:
    """Treats accounts of an operation until the deadline, or until its quota is used up, and sends
    the message that has the rest treated. Returns whether nothing is left to do here: it is over,
    or another invocation carries it on.

    May be called any number of times: it begins after the last account whose result is stored, and
    treating an account twice changes nothing. Raises what AWS does if the message is to come again.
    """
    try:
        operation = dependencies.operations.get(message.organization_id, message.operation_id)
    except OperationNotFound:
        return True
    wait = _CarryingOn(operation, receipt, dependencies).run(deadline)
    if wait is None:
        return True
    (refusal,) = dependencies.messages().send([message], delay=min(wait, LONGEST_DELAY))
    if refusal:
        raise ServiceUnavailable(f"The rest of the operation was not queued: {refusal}")
    return False


class _CarryingOn:
    def __init__(
        self, operation: BulkOperation, receipt: Receipt, dependencies: BulkDependencies
    ) -> None:
        self._operation = operation
        self._receipt = receipt
        self._dependencies = dependencies

    def run(self, deadline: Deadline) -> timedelta | None:
        """How long to wait before it goes on; null if nothing is left to do here."""
        while self._operation.running:
            for account_id in self._dependencies.operations.accounts_from(self._operation):
                now = self._dependencies.clock()
                if self._operation.out_of_time(now):
                    self._advance(self._operation.ended(BulkState.STOPPED, now))
                    return None
                if not deadline.left:
                    return timedelta()
                try:
                    after = self._treated(account_id, now)
                except QuotaExceeded as error:
                    return error.wait
                if not self._advance(after):
                    return None
        return None

    def _advance(self, after: BulkOperation) -> bool:
        operations, before = self._dependencies.operations, self._operation
        after = replace(after, carried_by=str(self._receipt))
        stored: list[bool] = []
        retry_while_busy(
            lambda: stored.append(operations.advance(before, after)), goes_on=lambda: True
        )
        self._operation = after
        return stored[-1]

    def _treated(self, account_id: str, now: datetime) -> BulkOperation:
        """The operation after this account. Raises QuotaExceeded, and what may pass."""
        name = None
        try:
            account = self._find(account_id)
            name = account.name if account else None
            wanted = self._treat_while_selected(account_id, account, now)
        except QuotaExceeded:
            raise
        except Exception as error:
            if not _is_final(error) and self._receipt.received < RECEIVED_OFTEN:
                raise
            logger.warning("Refused in bulk", account_id=account_id, exc_info=True)
            failure = BulkFailure(account_id, name, *_problem_of(error))
            return self._operation.after_one(now, failure=failure)
        return self._operation.after_one(now, skipped=not wanted)

    def _find(self, account_id: str) -> Account | None:
        try:
            return self._dependencies.accounts.get(self._operation.organization_id, account_id)
        except AccountNotFound:
            return None

    def _treat_while_selected(
        self, account_id: str, account: Account | None, now: datetime
    ) -> bool:
        """Whether the account was wanted. If a filter selected it, it is treated in the version
        that was compared with the filter.
        """
        for _ in range(_READ_AGAIN):
            if account is None:
                return self._is_gone(account_id, now)
            if not self._operation.selects(account) or not self._is_in_unit(account):
                return False
            try:
                self._treat(account, now)
            except PreconditionFailed:
                account = self._find(account_id)
            else:
                return True
        raise BusyWithOthers(CHANGED_BY_OTHERS)

    def _is_in_unit(self, account: Account) -> bool:
        """Whether its member is in the unit of the filter, if that has one."""
        unit_id = self._operation.selection.unit_id if self._operation.selection else None
        if unit_id is None or account.enrollment_id is None:
            return unit_id is None
        number = account.account_number
        members = [(account.enrollment_id, number)]
        inside = self._dependencies.members().inside(account.organization_id, unit_id, members)
        return number in inside

    def _is_gone(self, account_id: str, now: datetime) -> bool:
        """Whether that is what was wanted of an account that is not there. Raises AccountNotFound
        if the request named it.
        """
        operation, accounts = self._operation, self._dependencies.accounts
        deletes = operation.action is BulkAction.DELETE
        if deletes and accounts.was_deleted(operation.organization_id, account_id, now):
            return True
        if operation.selection is None:
            raise account_not_found()
        return False

    def _treat(self, account: Account, now: datetime) -> None:
        operation, dependencies = self._operation, self._dependencies
        ids = operation.organization_id, account.account_id
        versions = {account.version} if operation.selection else None
        match operation.action:
            case BulkAction.TEST if operation.is_tested(account):
                return
            case BulkAction.TEST:
                start_verification(
                    *ids,
                    versions=versions,
                    requester=operation.requester,
                    verifications=dependencies.verifications,
                    workflows=dependencies.workflows,
                    quotas=dependencies.quotas,
                    now=now,
                )
            case BulkAction.WRITE_LOGS:
                change_account(
                    *ids,
                    AccountEdit(write_logs=operation.value),
                    versions=versions,
                    requester=operation.requester,
                    accounts=dependencies.accounts,
                    quotas=dependencies.quotas,
                    now=now,
                )
            case BulkAction.DELETE:
                disconnect_account(
                    *ids,
                    versions=versions,
                    requester=operation.requester,
                    accounts=dependencies.accounts,
                    now=now,
                )


def _is_final(error: Exception) -> bool:
    """Whether it is an answer. Anything else may pass, or be a fault of ours."""
    return isinstance(error, CavokError) and not isinstance(error, ServiceUnavailable)


def _problem_of(error: Exception) -> tuple[str, str]:
    """The code and the detail of the problem that people see."""
    if isinstance(error, CavokError):
        return code_of(type(error)), str(error)
    if is_passing(error):
        return "service_unavailable", "AWS did not answer us. Please try again."
    return "internal_error", "Something failed on our side. It was logged."
