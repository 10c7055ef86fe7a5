"""What other services hear of accounts. The contract is in docs/events: one JSON Schema a type.

Every event follows from two versions of one account and nothing else. Verification Finished does
too: the account remembers its last one. So all events of an account have one order, that of its
versions, and an id that is the same however often it is told.
"""

from collections.abc import Iterator
from dataclasses import asdict, dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any

from cavok.domain.accounts import Issue, LastVerification, Status

SOURCE = "cavok.accounts"
SCHEMA_VERSION = 1


class EventType(StrEnum):
    """The `detail-type` on the bus."""

    CREATED = "Account Created"
    CONFIRMED = "Account Confirmed"
    DEGRADED = "Account Degraded"
    FAILED = "Account Failed"
    DELETED = "Account Deleted"
    VERIFICATION_FINISHED = "Verification Finished"


_REACHED = {
    Status.CONFIRMED: EventType.CONFIRMED,
    Status.DEGRADED: EventType.DEGRADED,
    Status.FAILED: EventType.FAILED,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class AccountVersion:
    """What a version of an account says to others. `at` is when it was written, UTC."""

    organization_id: str
    account_id: str
    provider: str
    account_number: str
    name: str
    status: Status
    issues: tuple[Issue, ...]
    verification: LastVerification | None
    version: int
    at: datetime


@dataclass(frozen=True, slots=True)
class Event:
    """`type` is the `detail-type` on the bus."""

    type: str
    at: datetime
    detail: dict[str, Any]


def events_of(
    before: AccountVersion | None, after: AccountVersion | None, deleted_at: datetime
) -> Iterator[Event]:
    """What happened between two versions: none before is a new account, none after a deleted one.

    Most versions say nothing to others: a test that begins, a changed name, a later due time.
    """
    if after is None:
        if before is not None:
            yield _event(EventType.DELETED, before, deleted_at, before.version + 1)
        return
    if before is None:
        yield _event(EventType.CREATED, after, after.at, after.version)
        return
    if after.verification and after.verification != before.verification:
        yield _event(EventType.VERIFICATION_FINISHED, after, after.at, after.version)
    if after.status is not before.status and after.status in _REACHED:
        yield _event(
            _REACHED[after.status], after, after.at, after.version, previous_status=before.status
        )


def _event(
    event_type: EventType, account: AccountVersion, at: datetime, version: int, **more: Any
) -> Event:
    last = account.verification
    detail = {
        "schema_version": SCHEMA_VERSION,
        "event_id": f"{account.account_id}-{version}-{event_type.lower().replace(' ', '-')}",
        "occurred_at": _text(at),
        "organization_id": account.organization_id,
        "account_id": account.account_id,
        "version": version,
        "provider": account.provider,
        "provider_id": account.account_number,
        "name": account.name,
        "status": account.status.value,
        "issues": [asdict(issue) for issue in account.issues],
        "verification": {
            "verification_id": last.verification_id,
            "outcome": last.outcome.value,
            "finished_at": _text(last.finished_at),
        }
        if last
        else None,
    }
    return Event(event_type, at, detail | {name: str(value) for name, value in more.items()})


def _text(at: datetime) -> str:
    return at.isoformat().replace("+00:00", "Z")
