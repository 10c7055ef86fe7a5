"""Writing interactions to customers' log groups. A batch of events takes one write per account and
day.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import partial

from cavok.adapters.customer.logs import INTERACTIONS, CustomerLogs, LogLine
from cavok.adapters.customer.session import CustomerSession
from cavok.adapters.table.accounts import Accounts
from cavok.adapters.table.interactions import Interactions
from cavok.domain import audit
from cavok.domain.access_denied import Reason
from cavok.domain.accounts import Account
from cavok.domain.actors import SYSTEM, Requester
from cavok.domain.deadlines import NO_DEADLINE, Deadline
from cavok.domain.errors import (
    AccountNotFound,
    CausedOutside,
    Conflict,
    EntryInconclusive,
    EntryRefused,
    LineDropped,
    LogWritingInconclusive,
    RoleIsOpen,
    ServiceUnavailable,
    UnusableEvent,
)
from cavok.domain.fair_queue import AccountKey, FairQueue
from cavok.domain.interactions import Logged, logged_at_first
from cavok.domain.log_writing import InteractionEvent, with_log_writing_refused
from cavok.domain.reading import read_json
from cavok.domain.session_names import session_name
from cavok.domain.session_policies import logging_policy
from cavok.domain.steps import Step, Verdict
from cavok.services.customer_sessions import CustomerSessions


@dataclass(frozen=True, slots=True, kw_only=True)
class LogWriting:
    """What writing log lines needs."""

    accounts: Accounts
    interactions: Interactions
    sessions: CustomerSessions
    connect: Callable[[CustomerSession], CustomerLogs] = CustomerLogs


def read_events(
    bodies: Mapping[str, str],
) -> tuple[dict[str, InteractionEvent], dict[str, UnusableEvent]]:
    """The events in message bodies, and why the other bodies hold none, both by message id."""
    events: dict[str, InteractionEvent] = {}
    unusable: dict[str, UnusableEvent] = {}
    for message_id, body in bodies.items():
        try:
            events[message_id] = InteractionEvent.of_event(read_json(body))
        except UnusableEvent as error:
            unusable[message_id] = error
    return events, unusable


CAUSED_OUTSIDE = (
    AccountNotFound,
    CausedOutside,
    Conflict,
    EntryInconclusive,
    LogWritingInconclusive,
)
"""Errors after which a line is retried, and which operators cannot fix. All others are our faults.
AccountNotFound: deleted between two reads; the next try finds nothing to do.
"""


@dataclass(frozen=True, slots=True)
class LoggingOutcome:
    """By message id: events that must be retried, and events whose line CloudWatch Logs discarded.
    All others are done.
    """

    failed: dict[str, Exception]
    dropped: dict[str, UnusableEvent]

    @property
    def faults(self) -> int:
        """How many failed by our own fault."""
        return sum(not isinstance(error, CAUSED_OUTSIDE) for error in self.failed.values())


def log_interactions(
    events: Mapping[str, InteractionEvent],
    *,
    writing: LogWriting,
    now: datetime,
    deadline: Deadline = NO_DEADLINE,
) -> LoggingOutcome:
    """Writes events, by message id. No account's lines are begun after the deadline: they are
    retried.

    An account that hangs or fails delays only its own lines, whatever the error: an exception that
    left this loop would return everybody's lines of the batch.
    """
    outcome = LoggingOutcome({}, {})
    for group in _in_turn(events):
        try:
            if not deadline.left:
                raise LogWritingInconclusive("The time for this batch was up.")
            dropped = _write(list(group.values()), writing, now)
        except Exception as error:  # noqa: BLE001
            outcome.failed.update(dict.fromkeys(group, error))
            continue
        for message_id, event in group.items():
            if why := dropped.get(event.interaction_id):
                outcome.dropped[message_id] = LineDropped(why)
    return outcome


def _in_turn(events: Mapping[str, InteractionEvent]) -> Iterator[Mapping[str, InteractionEvent]]:
    """The events of one account and day at a time. Organizations take turns, one account each."""
    queue = FairQueue()
    days: dict[AccountKey, dict[str, dict[str, InteractionEvent]]] = {}
    for message_id, event in events.items():
        key = AccountKey(event.organization_id, event.account_id)
        queue.add(key)
        days.setdefault(key, {}).setdefault(event.stream, {})[message_id] = event
    while queue:
        for key in queue.take(1):
            yield from days[key].values()


def _write(
    events: Sequence[InteractionEvent], writing: LogWriting, now: datetime
) -> Mapping[str, str]:
    """Writes the events of one account and day. Returns why lines were discarded, by interaction.
    Raises one of CAUSED_OUTSIDE if a retry may help.
    """
    first = events[0]
    try:
        account = writing.accounts.get(first.organization_id, first.account_id)
    except AccountNotFound:
        return {}  # disconnected meanwhile
    ids = writing.interactions.not_logged(account.account_id, [e.interaction_id for e in events])
    # An event that was delivered twice in one batch becomes one line.
    lines = {e.interaction_id: LogLine(e.at, e.line) for e in events if e.interaction_id in ids}
    if not lines:
        return {}
    logged, dropped = _logged(account, first.stream, lines, writing, now)
    for interaction_id in lines:
        one = Logged.REFUSED if interaction_id in dropped else logged
        writing.interactions.mark_logged(account.account_id, interaction_id, one)
    return dropped


def _logged(
    account: Account,
    stream: str,
    lines: Mapping[str, LogLine],
    writing: LogWriting,
    now: datetime,
) -> tuple[Logged, Mapping[str, str]]:
    expected = logged_at_first(account)
    if expected is not Logged.PENDING:
        return expected, {}
    requester = Requester(actor=SYSTEM, request_id=next(iter(lines)))
    try:
        session = writing.sessions.enter_to_change(
            account,
            logging_policy(),
            session_name("logs"),
            now,
            purpose="logs",
            requester=requester,
        )
    except (EntryRefused, RoleIsOpen):
        return Logged.REFUSED, {}  # the next test reports why
    appended = writing.connect(session).append(INTERACTIONS, stream, list(lines.values()))
    refused = [
        Step.of(action, judgement, started_at=now, region=session.region)
        for action, judgement in appended.calls
        if judgement.verdict is Verdict.DENIED or (not appended.written and judgement.stays)
    ]
    if refused:
        _degrade(account, refused, requester, writing.accounts, now)
    if not appended.written and not refused:
        last = appended.calls[-1][1]
        ours = any(each.reason is Reason.SESSION_POLICY for _, each in appended.calls)
        inconclusive = ServiceUnavailable if ours else LogWritingInconclusive
        raise inconclusive(f"{last.error_code}: {last.detail}")
    ids = list(lines)
    dropped = {ids[position]: why for position, why in appended.dropped.items()}
    return Logged.WRITTEN if appended.written else Logged.REFUSED, dropped


def _degrade(
    account: Account,
    refused: Sequence[Step],
    requester: Requester,
    accounts: Accounts,
    now: datetime,
) -> None:
    if with_log_writing_refused(account, refused, now) is account:
        return
    accounts.changed(
        account.organization_id,
        account.account_id,
        lambda current: with_log_writing_refused(current, refused, now),
        entry_of=partial(audit.degraded, requester=requester),
    )
