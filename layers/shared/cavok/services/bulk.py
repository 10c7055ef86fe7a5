"""Bulk operations: beginning them, and carrying them on, one account after the other, each as its
own route does it.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from functools import cache, partial

from cavok.adapters.aws_errors import is_passing
from cavok.adapters.queue import Queue
from cavok.adapters.table.account_list import AccountList
from cavok.adapters.table.accounts import CHANGED_BY_OTHERS, Accounts, account_not_found
from cavok.adapters.table.bulk import BulkOperations
from cavok.adapters.table.members import Members
from cavok.adapters.table.quotas import Quotas
from cavok.adapters.table.table import ItemChanged, retry_while_busy
from cavok.adapters.table.verifications import Verifications
from cavok.adapters.workflows import Workflows
from cavok.domain import audit
from cavok.domain.account_list import Selection
from cavok.domain.accounts import Account
from cavok.domain.actors import Requester
from cavok.domain.bulk import (
    MOST_REPEATS,
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
    ComesAgain,
    InvalidField,
    OperationNotFound,
    PreconditionFailed,
    QuotaExceeded,
    SelectionChanged,
    SelectionTooLarge,
    ServiceUnavailable,
    code_of,
)
from cavok.domain.idempotency import IdempotencyKey
from cavok.domain.ids import new_id
from cavok.observability import logger
from cavok.services.accounts import AccountEdit, change_account, disconnect_account
from cavok.services.start_verification import start_verification

_READ_AGAIN = 3
"""Times that an account is read and compared with the filter, if somebody changes it meanwhile."""

LONGEST_DELAY = timedelta(minutes=15)
"""Source: SQS Developer Guide, "Amazon SQS message timers"."""

_FIRST_WAIT, _LONGEST_WAIT = 30, 540
"""Seconds until a message comes again after a failure that may pass, twice as many each time unless
accounts were treated meanwhile. The longest is that of the queue, after which it comes again when
an invocation died.
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

    @property
    def seconds_to_next_try(self) -> int:
        """After a failure that may pass."""
        return int(min(_FIRST_WAIT * 2 ** (self.received - 1), _LONGEST_WAIT))


def find_selected(
    organization_id: str,
    request: BulkRequest,
    *,
    account_list: AccountList,
    operations: BulkOperations,
    quotas: Quotas,
    deadline: Deadline,
    now: datetime,
) -> list[str]:
    """The accounts of a request, each once. Counts that against the quota, found or not. Raises
    QuotaExceeded, InvalidField for an operation whose changes cannot be told, SelectionChanged,
    SelectionTooLarge; and BusyWithOthers if they cannot be found in time: an operation on some of
    them is not what was asked for.
    """
    quotas.take(request.counts_as, organization_id, now)
    if request.selection:
        found = _by_filter(organization_id, request.selection, account_list, deadline)
    elif request.changed_by:
        found = _changed_by(organization_id, request.changed_by, operations, now)
    else:
        found = list(dict.fromkeys(request.account_ids))
    if request.expected_total not in (None, len(found)):
        raise SelectionChanged(
            f"This now selects {_accounts(len(found))}, not {request.expected_total:,}. Look at "
            "them again, and send the request with their new number."
        )
    return found


def _by_filter(
    organization_id: str, selection: Selection, account_list: AccountList, deadline: Deadline
) -> list[str]:
    found: dict[str, None] = {}  # in order
    for ids in account_list.ids(organization_id, selection):
        found.update(dict.fromkeys(ids))
        if len(found) > MOST_SELECTED:
            raise SelectionTooLarge(
                "selection.filter",
                f"This selects more than {MOST_SELECTED:,} accounts. Select fewer of them.",
            )
        if not deadline.left:
            raise BusyWithOthers("Finding these accounts took too long. Select fewer, or retry.")
    return list(found)


def _changed_by(
    organization_id: str, operation_id: str, operations: BulkOperations, now: datetime
) -> list[str]:
    field = "selection.changed_by"
    try:
        operation = operations.get(organization_id, operation_id).as_of(now)
        if operation.action is not BulkAction.WRITE_LOGS:
            raise InvalidField(field, "Only what write_logs changed can be selected.")
        if operation.running:
            raise InvalidField(field, "This operation still runs. Stop it, or wait for its end.")
        if operation.just_stopped(now):
            raise BusyWithOthers("This operation was stopped just now. Try again in a moment.")
        return operations.changed_by(operation)
    except OperationNotFound as error:
        raise InvalidField(field, str(error)) from None


def _accounts(number: int) -> str:
    return "1 account" if number == 1 else f"{number:,} accounts"


def begin_bulk_operation(
    organization_id: str,
    request: BulkRequest,
    find: Callable[[], Sequence[str]],
    *,
    key: IdempotencyKey | None,
    requester: Requester,
    operations: BulkOperations,
    now: datetime,
) -> BulkOperation:
    """Stores an operation on the accounts that `find` finds, from which the rest follows; or
    returns the one that this key began in the last 24 hours. Raises KeyReused, BusyWithOthers, and
    what `find` does.
    """
    if key and (made := operations.made_by(organization_id, key, now)):
        return made
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
    entry = audit.bulk_requested(operation, request.changed_by)
    return operations.begin(operation, account_ids, key, entry)


def stop_bulk_operation(
    organization_id: str,
    operation_id: str,
    *,
    requester: Requester,
    operations: BulkOperations,
    now: datetime,
) -> BulkOperation:
    """Stops an operation, if it runs, and returns it. An account that is treated at this moment is
    still counted. Raises OperationNotFound, BusyWithOthers.
    """
    entry_of = partial(audit.bulk_stopped, requester=requester, at=now)
    return operations.stop(organization_id, operation_id, entry_of, now)


def carry_on(
    message: BulkMessage, receipt: Receipt, dependencies: BulkDependencies, deadline: Deadline
) -> bool:
    """Treats accounts of an operation until the deadline, or until its quota is used up, and sends
    the message that has the rest treated. Returns whether nothing is left to do here: it is over,
    or another invocation carries it on.

    May be called any number of times: it begins after the last account whose result is stored, and
    treating an account twice changes nothing. Raises ComesAgain if the message is to come again
    soon, and what AWS does.
    """
    try:
        return _carry_on(message, receipt, dependencies, deadline)
    except OperationNotFound:
        logger.warning("The operation is gone")
        return True
    except Exception as error:
        if not _passes(error):
            raise
        logger.warning("Comes again", exc_info=True)
        raise ComesAgain(receipt.seconds_to_next_try) from error


def _carry_on(
    message: BulkMessage, receipt: Receipt, dependencies: BulkDependencies, deadline: Deadline
) -> bool:
    operation = dependencies.operations.get(message.organization_id, message.operation_id)
    work = _CarryingOn(operation, receipt, dependencies)
    try:
        wait = work.run(deadline)
    except Exception as error:
        if not _passes(error) or not work.gets_on:
            raise
        logger.warning("Comes again", exc_info=True)
        # False also after an answer that was lost, so it does not end the operation.
        work.note_repetition()
        wait = timedelta(seconds=_FIRST_WAIT)  # of a new message, whose receives count anew
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
        self._treated_before = operation.done - operation.failed
        self._receipt = receipt
        self._dependencies = dependencies
        self._places = cache(self._read_places)

    def run(self, deadline: Deadline) -> timedelta | None:
        """How long to wait before it goes on; null if nothing is left to do here."""
        repeats = self._operation.running and self._receipt.received > 1
        if repeats and not self.note_repetition():
            return None
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

    @property
    def gets_on(self) -> bool:
        """Whether an account was treated, and not only given up."""
        return self._operation.done - self._operation.failed > self._treated_before

    def note_repetition(self) -> bool:
        """Notes that the next account is tried again, before that begins, so that a try whose
        invocation dies is counted too. False if another invocation has carried the operation on.
        """
        operations, before = self._dependencies.operations, self._operation
        noted: list[BulkOperation] = []
        try:
            retry_while_busy(lambda: noted.append(operations.repeat(before)), goes_on=lambda: True)
        except ItemChanged:
            return False
        self._operation = noted[-1]
        return True

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
        """The operation after this account. Raises QuotaExceeded, what may pass, and what a fault
        of ours does.
        """
        operation, name = self._operation, None
        if operation.repeats > MOST_REPEATS:
            logger.warning("Left in bulk, because invocations died", account_id=account_id)
            return operation.after_one(now, failure=BulkFailure(account_id, None, *_FAULT))
        try:
            account = self._find(account_id)
            name = account.name if account else None
            return self._treated_while_selected(account_id, account, now)
        except QuotaExceeded:
            raise
        except Exception as error:
            is_final = isinstance(error, CavokError) and not _passes(error)
            if not is_final and operation.repeats < MOST_REPEATS:
                raise
            logger.warning("Refused in bulk", account_id=account_id, exc_info=True)
            failure = BulkFailure(account_id, name, *_problem_of(error))
            return operation.after_one(now, failure=failure)

    @property
    def _repeats(self) -> bool:
        """Whether this account may have been treated, by an invocation that died before it stored
        that.
        """
        return bool(self._operation.repeats)

    def _find(self, account_id: str) -> Account | None:
        try:
            return self._dependencies.accounts.get(self._operation.organization_id, account_id)
        except AccountNotFound:
            return None

    def _treated_while_selected(
        self, account_id: str, account: Account | None, now: datetime
    ) -> BulkOperation:
        """The operation after this account, which is treated in the version that was compared."""
        operation = self._operation
        for _ in range(_READ_AGAIN):
            if account is None:
                return self._after_a_missing_one(account_id, now)
            if operation.is_tested(account):
                return operation.after_one(now, changed=self._repeats)
            if (
                not operation.selects(account)
                or not self._is_in_unit(account)
                or self._was_set_since(account)
            ):
                return operation.after_one(now, skipped=True)
            try:
                changed = self._treat(account, now)
            except PreconditionFailed:
                account = self._find(account_id)
            else:
                return operation.after_one(now, changed=changed)
        raise BusyWithOthers(CHANGED_BY_OTHERS)

    def _is_in_unit(self, account: Account) -> bool:
        """Whether its member is in the unit of the filter, if that has one."""
        selection = self._operation.selection
        unit_id = selection.unit_id if selection else None
        if unit_id is None or account.enrollment_id is None:
            return unit_id is None
        number = account.account_number
        members = [(account.enrollment_id, number)]
        inside = self._dependencies.members().inside(account.organization_id, unit_id, members)
        return number in inside

    def _was_set_since(self, account: Account) -> bool:
        """Whether a later operation has set write_logs of this account to the other value, perhaps
        that which it had: what was asked for last counts.
        """
        operation, dependencies = self._operation, self._dependencies
        if operation.action is not BulkAction.WRITE_LOGS or account.write_logs is operation.value:
            return False
        return any(
            self._places(later.operation_id, later.total).get(account.account_id, later.total)
            < later.done
            for later in dependencies.operations.later_write_logs(operation)
            if later.value is not operation.value
        )

    def _read_places(self, operation_id: str, total: int) -> dict[str, int]:
        """Where each account of another operation stands in its list."""
        organization_id = self._operation.organization_id
        listed = self._dependencies.operations.listed(organization_id, operation_id, total)
        return {account_id: place for place, account_id in enumerate(listed)}

    def _after_a_missing_one(self, account_id: str, now: datetime) -> BulkOperation:
        """The operation after an account that is not there: that may be what was wanted. Raises
        AccountNotFound if the request named it.
        """
        operation, accounts = self._operation, self._dependencies.accounts
        deletes = operation.action is BulkAction.DELETE
        if deletes and accounts.was_deleted(operation.organization_id, account_id, now):
            return operation.after_one(now, changed=self._repeats)
        if operation.selection is None:
            raise account_not_found()
        return operation.after_one(now, skipped=True)

    def _treat(self, account: Account, now: datetime) -> bool:
        """Whether that changed the account."""
        operation, dependencies = self._operation, self._dependencies
        ids = operation.organization_id, account.account_id
        versions = {account.version}
        match operation.action:
            case BulkAction.TEST:
                start_verification(
                    *ids,
                    versions=versions,
                    requester=operation.requester,
                    verifications=dependencies.verifications,
                    workflows=dependencies.workflows,
                    quotas=dependencies.quotas,
                    again_counts=False,
                    now=now,
                )
            case BulkAction.WRITE_LOGS:
                if account.write_logs is operation.value:
                    return self._repeats and account.updated_at >= operation.started_at
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
        return True


def _passes(error: Exception) -> bool:
    """Whether the same may succeed in a moment."""
    return is_passing(error) or isinstance(error, ServiceUnavailable | BusyWithOthers)


_FAULT = ("internal_error", "Something failed on our side. It was logged.")


def _problem_of(error: Exception) -> tuple[str, str]:
    """The code and the detail of the problem that people see."""
    if isinstance(error, CavokError):
        return code_of(type(error)), str(error)
    if is_passing(error):
        return "service_unavailable", "AWS did not answer us. Please try again."
    return _FAULT
