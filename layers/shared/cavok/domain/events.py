"""The registry of events: every type that this service puts on the bus, its envelope and its
schema, and which events follow from a change.

An event follows from one change of one item and from nothing else. So its `event_id` is the same
however often it is published. `docs/events` is generated from here: `make events`.
"""

import json
from collections.abc import Container, Iterable, Iterator, Mapping
from dataclasses import asdict, dataclass, replace
from datetime import datetime
from enum import StrEnum
from typing import Any

from cavok.domain.accounts import Issue, IssueCode, LastVerification, Outcome, Severity, Status
from cavok.domain.errors import UnknownEvent
from cavok.domain.followed_acts import FollowedAct
from cavok.domain.ids import ULID_PATTERN
from cavok.domain.interactions import THRESHOLDS, Interaction, Result, thresholds_crossed
from cavok.domain.kinds import Kind
from cavok.domain.organizations import message_group
from cavok.domain.providers import AVAILABLE
from cavok.domain.reading import ids_of, read_json, time_of, type_and_detail
from cavok.domain.times import utc_text

SOURCE = "cavok.accounts"
SCHEMA_VERSION = 1
WEBHOOK_TEST = "Webhook Test"
"""Sent to a webhook at a person's request. Nobody subscribes to it."""

WEBHOOK_PAUSED = "Webhook Paused"
WEBHOOK_RESUMED = "Webhook Resumed"
TO_NO_WEBHOOK = frozenset({WEBHOOK_PAUSED, WEBHOOK_RESUMED})
OF_WEBHOOKS = TO_NO_WEBHOOK | {WEBHOOK_TEST}
"""They concern no account, and no webhook subscribes to them."""


class EventType(StrEnum):
    """The type of an event that a webhook may subscribe to."""

    CREATED = "Account Created"
    CONFIRMED = "Account Confirmed"
    DEGRADED = "Account Degraded"
    FAILED = "Account Failed"
    REVOKED = "Account Revoked"
    DELETED = "Account Deleted"
    VERIFICATION_FINISHED = "Verification Finished"
    INTERACTION = "Instance Interaction"
    NOT_FOLLOWED = "Instance Did Not Follow"
    USAGE = "Usage Threshold Crossed"


@dataclass(frozen=True, slots=True)
class Event:
    """An event to be put on the bus. `type` is its `detail-type`, `at` when it occurred, UTC."""

    type: str
    at: datetime
    detail: dict[str, Any]

    @property
    def body(self) -> str:
        """The message of the webhooks' queue."""
        return queue_message(self.type, self.detail)

    @property
    def group(self) -> str:
        """The same for all events of an organization."""
        return message_group(self.detail["organization_id"])


def queue_message(event_type: str, detail: Mapping[str, Any]) -> str:
    """The message of the webhooks' queue: an event as the bus delivers it, in short."""
    return json.dumps({"detail-type": event_type, "detail": detail})


@dataclass(frozen=True, slots=True, kw_only=True)
class Envelope:
    """The fields that every event has. `account_id` is null if the event concerns no account.
    `version` is set if the event follows from a version of an account.
    """

    event_id: str
    organization_id: str
    account_id: str | None
    occurred_at: datetime
    version: int | None = None

    def event(self, event_type: str, fields: Mapping[str, Any]) -> Event:
        """An event with this envelope around the fields of its type."""
        detail = {
            "schema_version": SCHEMA_VERSION,
            "event_id": self.event_id,
            "occurred_at": utc_text(self.occurred_at),
            "organization_id": self.organization_id,
            "account_id": self.account_id,
        }
        if self.version is not None:
            detail["version"] = self.version
        return Event(event_type, self.occurred_at, detail | dict(fields))


# ---- the registry --------------------------------------------------------------------------------

Schema = Mapping[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class EventDeclaration:
    """One type of event: its source, when it occurs, and the JSON Schema of each field of `detail`.

    source      null if it is not on the bus.
    when        for the table in docs/events.
    fields      beside the envelope's.
    optional    fields, the envelope's too, that may be missing.
    """

    type: str
    source: str | None
    when: str
    description: str
    fields: Mapping[str, Schema]
    optional: frozenset[str] = frozenset()

    @property
    def file_name(self) -> str:
        """The file of its schema under docs/events."""
        return f"{_slug(self.type, '_')}.v{SCHEMA_VERSION}.json"

    def schema(self) -> dict[str, Any]:
        """The JSON Schema of `detail`, as docs/events publishes it."""
        properties = _ENVELOPE | dict(self.fields)
        return {
            "$schema": "https://json-schema.org/draft/2020-12/schema",
            "$id": f"https://cavok.cloud/events/{self.file_name}",
            "title": self.type,
            "description": self.description,
            "type": "object",
            "$comment": "Fields may be added within a version: ignore those you do not know.",
            "required": [name for name in properties if name not in self.optional],
            "properties": properties,
        }

    def message_schema(self) -> dict[str, Any]:
        """The JSON Schema of `data` in a message to a webhook, which always has a whole envelope:
        `checked_event` refuses other events.
        """
        return replace(self, optional=self.optional - _ENVELOPE.keys()).schema()


def _slug(event_type: str, separator: str) -> str:
    return event_type.lower().replace(" ", separator)


def _one_of(names: Iterable[str]) -> Schema:
    """Without its type, generators make an enumeration whose members are no texts."""
    return {"type": "string", "enum": [*names]}


_TEXT: Schema = {"type": "string", "minLength": 1}
_TEXT_OR_NULL: Schema = {"type": ["string", "null"]}
_TIME: Schema = {
    "type": "string",
    "format": "date-time",
    "pattern": "^.+Z$",
    "description": "ISO 8601, UTC.",
}
_ACCOUNT_ID: Schema = {"type": "string", "pattern": f"^{ULID_PATTERN}$"}
_ENVELOPE: dict[str, Schema] = {
    "schema_version": {"type": "integer", "const": SCHEMA_VERSION},
    "event_id": {
        **_TEXT,
        "description": "Unique, and the same however often the event comes.",
    },
    "occurred_at": _TIME,
    "organization_id": _TEXT,
    "account_id": {
        **_TEXT,
        "description": "Cavok's own id of the account, not the AWS account number.",
    },
}
_FIXES = ("policy_statement", "cli", "console_url")
_ISSUES: Schema = {
    "type": "array",
    "items": {
        "type": "object",
        "required": ["code", "message", "remedy", "severity", "fix"],
        "properties": {
            "code": {"type": "string", "description": "For programs, such as role_not_assumable."},
            "message": {"type": "string", "description": "For people: what does not work."},
            "remedy": {"type": "string", "description": "For people: what to do about it."},
            "severity": _one_of(Severity),
            "fix": {
                "type": ["object", "null"],
                "description": "The remedy in a form to copy.",
                "properties": dict.fromkeys(_FIXES, _TEXT_OR_NULL),
            },
        },
    },
}


def _account_event(
    event_type: EventType,
    when: str,
    description: str,
    *,
    statuses: tuple[Status, ...] = tuple(Status),
    tested: bool = True,
    previous: bool = False,
) -> EventDeclaration:
    """tested    whether a test with a verdict came before.
    previous  whether the event names the status before.
    """
    fields: dict[str, Schema] = {
        "event_id": {
            "type": "string",
            "pattern": f"^{ULID_PATTERN}-[0-9]+-{_slug(event_type, '-')}$",
            "description": "The same however often the event comes.",
        },
        "account_id": _ACCOUNT_ID,
        "version": {
            "type": "integer",
            "minimum": 1,
            "description": "Counts what happened to the account: the order of its events. It "
            "is not the account's `version`, and not for If-Match.",
        },
        # Open: providers may be added, and their accounts have other numbers.
        "provider": {**_TEXT, "examples": [*AVAILABLE]},
        "provider_id": {**_TEXT, "description": "The AWS account number: 12 digits."},
        "name": _TEXT,
        "status": _one_of(statuses),
        "issues": _ISSUES,
        "verification": {
            "type": "object" if tested else ["object", "null"],
            "description": "The last test with a verdict.",
            "required": ["verification_id", "outcome", "finished_at"],
            "properties": {
                "verification_id": {"type": "string", "pattern": f"^{ULID_PATTERN}$"},
                "outcome": _one_of(Outcome),
                "finished_at": _TIME,
            },
        },
    }
    if previous:
        fields["previous_status"] = _one_of(Status)
    return EventDeclaration(
        type=event_type, source=SOURCE, when=when, description=description, fields=fields
    )


_DECLARATIONS = (
    _account_event(
        EventType.CREATED,
        "an account was added",
        "An account was added.",
        statuses=(Status.UNCONFIRMED,),
        tested=False,
    ),
    _account_event(
        EventType.CONFIRMED,
        "its status became `confirmed`",
        "The status of an account became confirmed.",
        statuses=(Status.CONFIRMED,),
        previous=True,
    ),
    _account_event(
        EventType.DEGRADED,
        "its status became `degraded`",
        "The status of an account became degraded: connected, but something it asks for "
        "does not work.",
        statuses=(Status.DEGRADED,),
        previous=True,
    ),
    _account_event(
        EventType.FAILED,
        "its status became `failed`",
        "The status of an account became failed: not connected.",
        statuses=(Status.FAILED,),
        previous=True,
    ),
    _account_event(
        EventType.REVOKED,
        "a person revoked its use",
        "A person revoked the use of an account. Cavok does not enter it until a person tests it.",
        statuses=(Status.UNCONFIRMED,),
        tested=False,
        previous=True,
    ),
    _account_event(
        EventType.DELETED,
        "it was disconnected",
        "An account was disconnected. The fields show its last version.",
        tested=False,
    ),
    _account_event(
        EventType.VERIFICATION_FINISHED,
        "a test ended with a verdict, whether or not it changed the status. Scheduled tests that "
        "found no change may cause none, unless the organization's webhook asks for it",
        "A test of an account ended with a verdict.",
    ),
    EventDeclaration(
        type=EventType.INTERACTION,
        source=SOURCE,
        when="an instance was started or stopped, instances were listed, a person's test ended; "
        "or any of these was refused",
        description="Any Cavok service may put this event on the bus, with a source that starts "
        "with `cavok.`. Its line is written to /cavok/interactions in the customer's account if "
        "the account wants logs. Delivered at least once; `interaction_id` identifies "
        "repetitions. This service always sets `event_id` and `occurred_at`.",
        fields={
            "organization_id": {
                **_TEXT,
                "description": "The organization of the account. A line for another "
                "organization's account is dropped.",
            },
            "interaction_id": {
                **_TEXT,
                "maxLength": 128,
                "description": "Unique; the same for a repetition.",
            },
            "action": {
                **_TEXT,
                "description": "What was done. This service says start, stop, list or test.",
                "examples": ["start", "stop", "list", "test"],
            },
            "kind": {
                **_TEXT_OR_NULL,
                "description": f"One of {', '.join(Kind)}; null if no single instance is meant.",
            },
            "instance_id": _TEXT_OR_NULL,
            "region": _TEXT_OR_NULL,
            "outcome": _one_of(("accepted", "refused")),
            "detail": {**_TEXT_OR_NULL, "description": "For people. Never a secret."},
            "actor": {**_TEXT, "description": "A person's email address, or `schedule`."},
            "at": {
                "type": "string",
                "format": "date-time",
                "description": "When it happened, as `occurred_at`. CloudWatch Logs refuses lines "
                "older than 14 days.",
            },
            "request_id": {
                **_TEXT,
                "description": "The request's id in the logs of the service that handled it.",
            },
        },
        optional=frozenset({"event_id", "occurred_at", "kind", "instance_id", "region", "detail"}),
    ),
    EventDeclaration(
        type=EventType.NOT_FOLLOWED,
        source=SOURCE,
        when="AWS accepted a start or stop, or refused a schedule's for an hour, and the instance "
        "did not reach the requested state",
        description="An instance did not reach the requested state. For a schedule's turn, the "
        "event comes after the last try. Once per interaction.",
        fields={
            "interaction_id": {**_TEXT, "description": "The start or stop, as in its own event."},
            "action": _one_of(("start", "stop")),
            "kind": {**_TEXT, "description": f"One of {', '.join(Kind)}."},
            "instance_id": _TEXT,
            "region": _TEXT_OR_NULL,
            "state": {
                **_TEXT_OR_NULL,
                "description": "The last observed state, in AWS's word; null if the instance is "
                "gone.",
            },
            "state_reason": {
                **_TEXT_OR_NULL,
                "description": "For people: why it is in that state, and what to do.",
            },
            "actor": {**_TEXT, "description": "A person's email address, or `schedule`."},
            "at": {**_TIME, "description": "When the start or stop was requested."},
        },
    ),
    EventDeclaration(
        type=EventType.USAGE,
        source=SOURCE,
        when="an account's interactions of the month reached 80 or 100 % of the free ones",
        description="An account's interactions of this month reached 80 or 100 percent of the "
        "free ones. Once per account, month and percentage.",
        fields={
            "event_id": {"type": "string", "description": "account_id/period/percent"},
            "period": {
                "type": "string",
                "pattern": "^[0-9]{4}-[0-9]{2}$",
                "description": "Calendar month, UTC.",
            },
            "percent": {"type": "integer", "enum": list(THRESHOLDS)},
            "used": {"type": "integer", "minimum": 1},
            "free_interactions": {"type": "integer", "minimum": 0},
        },
    ),
    EventDeclaration(
        type=WEBHOOK_TEST,
        source=None,
        when="a person asked for a test message to the organization's webhook",
        description="A test message for the organization's webhook. Concerns no account.",
        fields={"account_id": {"type": "null"}, "message": _TEXT},
    ),
    EventDeclaration(
        type=WEBHOOK_PAUSED,
        source=SOURCE,
        when="the receiver of a webhook keeps failing, so that its messages wait",
        description="An organization's webhook is paused: its receiver failed again and again. One "
        "message is tried after `next_try_at`. Concerns no account.",
        fields={
            "account_id": {"type": "null"},
            "failures": {
                "type": "integer",
                "description": "Failed tries, less the successful ones since.",
            },
            "next_try_at": _TIME,
        },
    ),
    EventDeclaration(
        type=WEBHOOK_RESUMED,
        source=SOURCE,
        when="the receiver of a paused webhook accepted a message, or a person resumed or set it",
        description="An organization's webhook is no longer paused. Concerns no account.",
        fields={"account_id": {"type": "null"}},
    ),
)
REGISTRY: Mapping[str, EventDeclaration] = {one.type: one for one in _DECLARATIONS}
"""Every type of event by its `detail-type`."""


# ---- what follows from a change ------------------------------------------------------------------

_REACHED = {
    Status.CONFIRMED: EventType.CONFIRMED,
    Status.DEGRADED: EventType.DEGRADED,
    Status.FAILED: EventType.FAILED,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class AccountVersion:
    """A version of an account: the fields that events carry. `at` is when it was written, UTC.
    `quiet`: a test found it unchanged, and no webhook asks for that event.
    """

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
    quiet: bool = False

    @property
    def revoked(self) -> bool:
        """As in `Account.revoked`."""
        return any(issue.code == IssueCode.REVOKED for issue in self.issues)


@dataclass(frozen=True, slots=True)
class AccountChange:
    """Two versions of an account. `before` is null for a new account, `after` for a deleted one.
    `at` is when the table was written, UTC.
    """

    before: AccountVersion | None
    after: AccountVersion | None
    at: datetime


@dataclass(frozen=True, slots=True)
class InteractionChange:
    """An interaction before and after a write. `before` is null for a new interaction; a new start
    or stop is open. `at` is when the table was written, UTC.
    """

    before: Interaction | None
    after: Interaction
    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class UsageChange:
    """A counter of an account's interactions in one month, before and after. `at` is when the
    table was written, UTC.
    """

    organization_id: str
    account_id: str
    period: str
    before: int
    after: int
    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class WebhookChange:
    """The health of a webhook's receiver after a write, and whether the webhook was paused before.
    `next_try_at` is null unless it is paused now. `at` is when it changed, UTC.
    """

    organization_id: str
    was_paused: bool
    failures: int
    next_try_at: datetime | None
    at: datetime


ItemChange = AccountChange | InteractionChange | UsageChange | WebhookChange


def events_of(change: ItemChange, free_interactions: int) -> Iterator[Event]:
    """The events that follow from one changed item, in their order.

    `free_interactions` is the number that is free per account and month.
    """
    match change:
        case AccountChange():
            yield from _account_events(change)
        case InteractionChange():
            yield from _interaction_events(change)
        case UsageChange():
            yield from _usage_events(change, free_interactions)
        case WebhookChange():
            yield from _webhook_events(change)


def act_to_follow(change: ItemChange) -> FollowedAct | None:
    """The start or stop that was just begun. It is followed even if its process dies."""
    if not isinstance(change, InteractionChange) or change.before:
        return None
    act = change.after
    return FollowedAct.of(act) if act.open or act.result is Result.PENDING else None


def _account_events(change: AccountChange) -> Iterator[Event]:
    """Most versions cause no event: a test that begins, a changed name, a later due time."""
    before, after = change.before, change.after
    if after is None:
        if before is not None:
            yield _account_event_of(EventType.DELETED, before, change.at, before.version + 1)
        return
    if before is None:
        yield _account_event_of(EventType.CREATED, after, after.at, after.version)
        return
    if after.verification and after.verification != before.verification and not after.quiet:
        # A test that found the same leaves `at`, when the account last changed.
        ended = max(after.at, after.verification.finished_at)
        yield _account_event_of(EventType.VERIFICATION_FINISHED, after, ended, after.version)
    if after.revoked and not before.revoked:
        yield _account_event_of(
            EventType.REVOKED,
            after,
            after.at,
            after.version,
            previous_status=before.status.value,
        )
    if after.status is not before.status and after.status in _REACHED:
        yield _account_event_of(
            _REACHED[after.status],
            after,
            after.at,
            after.version,
            previous_status=before.status.value,
        )


def _issue_body(issue: Issue) -> dict[str, Any]:
    body = asdict(issue)
    del body["actions"]  # the message begins with them
    return body


def _account_event_of(
    event_type: EventType, account: AccountVersion, at: datetime, version: int, **more: str
) -> Event:
    last = account.verification
    envelope = Envelope(
        event_id=f"{account.account_id}-{version}-{_slug(event_type, '-')}",
        organization_id=account.organization_id,
        account_id=account.account_id,
        occurred_at=at,
        version=version,
    )
    verification = (
        {
            "verification_id": last.verification_id,
            "outcome": last.outcome.value,
            "finished_at": utc_text(last.finished_at),
        }
        if last
        else None
    )
    return envelope.event(
        event_type,
        {
            "provider": account.provider,
            "provider_id": account.account_number,
            "name": account.name,
            "status": account.status.value,
            "issues": [_issue_body(issue) for issue in account.issues],
            "verification": verification,
            **more,
        },
    )


def _interaction_events(change: InteractionChange) -> Iterator[Event]:
    """One event when the interaction closes, and one if the instance did not reach the state."""
    before, after = change.before, change.after
    if not after.open and (before is None or before.open):
        yield _interaction_event_of(
            EventType.INTERACTION,
            after,
            after.at,
            outcome=after.outcome.value,
            detail=after.detail,
            request_id=after.request_id,
        )
    elif before and before.result is not after.result and after.result is Result.NOT_REACHED:
        yield _interaction_event_of(
            EventType.NOT_FOLLOWED,
            after,
            change.at,
            state=after.state,
            state_reason=after.state_reason,
        )


def _interaction_event_of(
    event_type: EventType, interaction: Interaction, at: datetime, **more: str | None
) -> Event:
    envelope = Envelope(
        event_id=f"{interaction.interaction_id}-{_slug(event_type, '-')}",
        organization_id=interaction.organization_id,
        account_id=interaction.account_id,
        occurred_at=at,
    )
    return envelope.event(
        event_type,
        {
            "interaction_id": interaction.interaction_id,
            "action": interaction.action.value,
            "kind": interaction.kind.value if interaction.kind else None,
            "instance_id": interaction.instance_id,
            "region": interaction.region,
            "actor": interaction.actor.name,
            "at": utc_text(interaction.at),
            **more,
        },
    )


def _usage_events(change: UsageChange, free_interactions: int) -> Iterator[Event]:
    for percent in thresholds_crossed(change.before, change.after, free_interactions):
        envelope = Envelope(
            event_id=f"{change.account_id}/{change.period}/{percent}",
            organization_id=change.organization_id,
            account_id=change.account_id,
            occurred_at=change.at,
        )
        yield envelope.event(
            EventType.USAGE,
            {
                "period": change.period,
                "percent": percent,
                "used": change.after,
                "free_interactions": free_interactions,
            },
        )


def _webhook_events(change: WebhookChange) -> Iterator[Event]:
    """One event if the webhook was paused or resumed. Most writes only count a try."""
    paused = change.next_try_at is not None
    if paused is change.was_paused:
        return
    event_type = WEBHOOK_PAUSED if paused else WEBHOOK_RESUMED
    envelope = Envelope(
        event_id=f"{change.organization_id}/{utc_text(change.at)}/{_slug(event_type, '-')}",
        organization_id=change.organization_id,
        account_id=None,
        occurred_at=change.at,
    )
    fields: dict[str, Any] = {}
    if change.next_try_at is not None:
        fields = {"failures": change.failures, "next_try_at": utc_text(change.next_try_at)}
    yield envelope.event(event_type, fields)


# ---- reading -------------------------------------------------------------------------------------


def read_event(body: str) -> Mapping[str, Any]:
    """The event in an SQS message that a rule sent. Raises UnusableEvent."""
    return checked_event(read_json(body))


def checked_event(event: Mapping[str, Any], types: Container[str] = REGISTRY) -> Mapping[str, Any]:
    """The same event, as EventBridge delivers it, if its type is one of these, which its consumer
    takes, and its envelope is complete. Raises UnusableEvent.
    """
    event_type, detail = type_and_detail(event)
    if event_type not in types:
        raise UnknownEvent(f"{event_type} is not a type that is accepted here.")
    ids_of(detail, "event_id", "organization_id")
    time_of(detail, "occurred_at")
    if event_type not in OF_WEBHOOKS:
        ids_of(detail, "account_id")
    return event
