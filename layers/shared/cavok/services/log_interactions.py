"""Writing interactions to customers' log groups. A batch of events takes one write per account and
day.
"""

import json
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from cavok.adapters.customer.logs import INTERACTIONS, CustomerLogs, LogLine
from cavok.adapters.customer.session import CustomerSession
from cavok.adapters.table.accounts import Accounts
from cavok.adapters.table.interactions import Interactions
from cavok.domain.accounts import Account
from cavok.domain.errors import (
    AccountNotFound,
    EntryRefused,
    LogWritingInconclusive,
    MalformedEvent,
    RoleIsOpen,
    UnusableEvent,
)
from cavok.domain.interactions import Logged, logged_at_first
from cavok.domain.log_writing import InteractionEvent, with_log_writing_refused
from cavok.domain.session_policies import logging_policy
from cavok.domain.steps import Step, Verdict
from cavok.domain.verifications import SCHEDULE
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
            events[message_id] = InteractionEvent.of_event(json.loads(body))
        except UnusableEvent as error:
            unusable[message_id] = error
        except ValueError as error:
            unusable[message_id] = MalformedEvent(f"Not JSON: {error}")
    return events, unusable


def log_interactions(
    events: Mapping[str, InteractionEvent], *, writing: LogWriting, now: datetime
) -> dict[str, Exception]:
    """Writes events, by message id. Returns those that must be retried, with the reason.

    An account that hangs or fails delays only its own lines, whatever the error: an exception that
    left this loop would return everybody's lines of the batch.
    """
    failed: dict[str, Exception] = {}
    for group in _by_customer_and_day(events):
        try:
            _write(list(group.values()), writing, now)
        except Exception as error:  # noqa: BLE001
            failed |= dict.fromkeys(group, error)
    return failed


def _by_customer_and_day(
    events: Mapping[str, InteractionEvent],
) -> Iterable[dict[str, InteractionEvent]]:
    groups: dict[tuple[str, str, str], dict[str, InteractionEvent]] = defaultdict(dict)
    for message_id, event in events.items():
        groups[event.organization_id, event.account_id, event.stream][message_id] = event
    return groups.values()


def _write(events: Sequence[InteractionEvent], writing: LogWriting, now: datetime) -> None:
    """Writes the events of one account and day. Raises CavokError if a retry may help."""
    first = events[0]
    try:
        account = writing.accounts.get(first.organization_id, first.account_id)
    except AccountNotFound:
        return  # disconnected meanwhile
    ids = writing.interactions.not_logged(account.account_id, [e.interaction_id for e in events])
    # An event that was delivered twice in one batch becomes one line.
    lines = {e.interaction_id: LogLine(e.at, e.line) for e in events if e.interaction_id in ids}
    if not lines:
        return
    logged = _logged(account, first.stream, list(lines.values()), writing, now)
    for interaction_id in lines:
        writing.interactions.mark_logged(account.account_id, interaction_id, logged)


def _logged(
    account: Account,
    stream: str,
    lines: Sequence[LogLine],
    writing: LogWriting,
    now: datetime,
) -> Logged:
    expected = logged_at_first(account)
    if expected is not Logged.PENDING:
        return expected
    try:
        session = writing.sessions.enter_to_change(
            account, logging_policy(), "logs", now, actor=SCHEDULE
        )
    except (EntryRefused, RoleIsOpen):
        return Logged.REFUSED  # the next test reports why
    written, calls = writing.connect(session).append(INTERACTIONS, stream, lines)
    refused = [
        Step.of(action, judgement, started_at=now, region=session.region)
        for action, judgement in calls
        if judgement.verdict is Verdict.DENIED
    ]
    if refused:
        _degrade(account, refused, writing.accounts, now)
    if not written and not refused:
        last = calls[-1][1]
        raise LogWritingInconclusive(f"{last.error_code}: {last.detail}")
    return Logged.WRITTEN if written else Logged.REFUSED


def _degrade(account: Account, refused: Sequence[Step], accounts: Accounts, now: datetime) -> None:
    if with_log_writing_refused(account, refused, now) is account:
        return
    accounts.changed(
        account.organization_id,
        account.account_id,
        lambda current: with_log_writing_refused(current, refused, now),
        actor=None,
    )
