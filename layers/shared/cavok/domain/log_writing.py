"""Log lines for the customer's account: their content, and the effect of a refused line."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any, Self

from cavok.domain.accounts import CONNECTED, Account, Capability, IssueCode, Status
from cavok.domain.errors import MalformedEvent, UnknownEvent
from cavok.domain.events import EventType
from cavok.domain.issues import log_writing_issues
from cavok.domain.permissions import LOGS
from cavok.domain.reading import ids_of, time_of, type_and_detail
from cavok.domain.steps import Step
from cavok.domain.times import utc_text

_EARLIEST = datetime(1970, 1, 1, tzinfo=UTC)
"""The earliest time of a line: CloudWatch Logs counts from here."""
_LINE_FIELDS = (
    "actor",
    "action",
    "kind",
    "instance_id",
    "region",
    "outcome",
    "detail",
    "interaction_id",
    "request_id",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class InteractionEvent:
    """An `Instance Interaction` event from the bus, of this or another Cavok service."""

    organization_id: str
    account_id: str
    interaction_id: str
    at: datetime
    line: Mapping[str, Any]

    @classmethod
    def of_event(cls, event: Mapping[str, Any]) -> Self:
        """Reads an event as EventBridge delivers it. Raises UnusableEvent.

        The envelope may be missing: other services of Cavok put this type on the bus too.
        """
        event_type, detail = type_and_detail(event)
        if event_type != EventType.INTERACTION:
            raise UnknownEvent(f"{event_type} is not {EventType.INTERACTION}.")
        names = ids_of(detail, "organization_id", "account_id", "interaction_id")
        at = time_of(detail, "at")
        if at < _EARLIEST:
            raise MalformedEvent("at is before 1970.")
        line = {
            "event": EventType.INTERACTION.value,
            "service": ids_of(event, "source")["source"],
            "at": utc_text(at),
            **{name: detail.get(name) for name in _LINE_FIELDS},
        }
        return cls(**names, at=at, line=line)

    @property
    def stream(self) -> str:
        """One log stream a day, UTC."""
        return f"{self.at:%Y-%m-%d}"


def with_log_writing_refused(account: Account, refused: Sequence[Step], now: datetime) -> Account:
    """The account degraded, with an issue for the refused steps, and due for a full test.

    Returns the same object if such an issue is known, if log writing is off by now, or if the
    account is not connected, because its issues then report a worse problem.
    """
    known = any(issue.code == IssueCode.LOG_WRITING_REFUSED for issue in account.issues)
    if known or not refused or not account.write_logs or account.status not in CONNECTED:
        return account
    works_in_part = account.capabilities[LOGS.group] is not Capability.NONE
    return replace(
        account,
        status=Status.DEGRADED,
        issues=(*account.issues, *log_writing_issues(account, refused)),
        capabilities={
            **account.capabilities,
            LOGS.group: Capability.PARTIAL if works_in_part else Capability.NONE,
        },
        next_verification_at=now,
        updated_at=now,
    )
