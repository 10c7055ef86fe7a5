"""The table's stream: the change that one record describes.

Reads the images without PynamoDB, so that publish_events starts fast.
"""

import json
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from aws_lambda_powertools.utilities.data_classes.dynamo_db_stream_event import DynamoDBRecord

from cavok.adapters.table import keys
from cavok.adapters.table.issues import issue_of
from cavok.domain.accounts import LastVerification, Outcome, Status
from cavok.domain.actors import Actor, ActorKind
from cavok.domain.bulk import BulkMessage
from cavok.domain.events import (
    AccountChange,
    AccountVersion,
    InteractionChange,
    ItemChange,
    UsageChange,
    WebhookChange,
)
from cavok.domain.interactions import (
    Interaction,
    InteractionAction,
    InteractionOutcome,
    Logged,
    Result,
)
from cavok.domain.kinds import Kind

Image = Mapping[str, Any]
"""An item's attributes, deserialized."""


def change_of(record: DynamoDBRecord) -> ItemChange | None:
    """The change in a record. None for an item from which no event follows, and for a deleted item
    other than an account.

    Raises KeyError or ValueError for an image that is not an item of the table.
    """
    written = record.dynamodb
    assert written is not None
    before, after = written.old_image or None, written.new_image or None
    sk = written.keys["sk"]
    at = datetime.fromtimestamp(written.approximate_creation_date_time or 0, UTC)
    if sk.startswith(keys.ACCOUNT):
        return AccountChange(_account(before), _account(after), at)
    if after and sk.startswith(keys.USAGE):
        return UsageChange(
            organization_id=after["organization_id"],
            account_id=after["pk"].removeprefix(keys.ACCOUNT),
            period=after["sk"].removeprefix(keys.USAGE),
            before=int(before["used"]) if before else 0,
            after=int(after["used"]),
            at=at,
        )
    if after and sk == keys.HEALTH_SK:
        return _webhook_change(before, after)
    if after and sk.startswith(keys.INTERACTION):
        return InteractionChange(_interaction(before) if before else None, _interaction(after), at)
    return None


def operation_to_run(record: DynamoDBRecord) -> BulkMessage | None:
    """The bulk operation that was just begun. Raises as `change_of`."""
    written = record.dynamodb
    assert written is not None
    key, is_new = written.keys, written.new_image and not written.old_image
    if not is_new or not key["sk"].startswith(keys.OPERATION):
        return None
    return BulkMessage(
        key["pk"].removeprefix(keys.ORGANIZATION), key["sk"].removeprefix(keys.OPERATION)
    )


def _webhook_change(before: Image | None, after: Image) -> WebhookChange:
    paused = after.get("next_try_at")
    return WebhookChange(
        organization_id=after["pk"].removeprefix(keys.WEBHOOK),
        was_paused=bool(before and before.get("next_try_at")),
        failures=int(after["failures"]),
        next_try_at=datetime.fromisoformat(paused) if paused else None,
        at=datetime.fromisoformat(after["changed_at"]),
    )


def _account(image: Image | None) -> AccountVersion | None:
    if not image:
        return None
    last = None
    if image.get("last_verification_id"):
        last = LastVerification(
            image["last_verification_id"],
            Outcome(image["last_outcome"]),
            datetime.fromisoformat(image["last_finished_at"]),
        )
    return AccountVersion(
        organization_id=image["pk"].removeprefix(keys.ORGANIZATION),
        account_id=image["sk"].removeprefix(keys.ACCOUNT),
        provider=image["provider"],
        account_number=image["provider_id"],
        name=image["name"],
        status=Status(image["status"]),
        issues=tuple(issue_of(row) for row in json.loads(image["issues"])),
        verification=last,
        version=int(image["version"]),
        at=datetime.fromisoformat(image["updated_at"]),
        quiet=bool(image.get("quiet")),
    )


def _actor(image: Image) -> Actor:
    kind = image.get("actor_kind")
    return Actor.of_stored(
        image["actor"], image.get("actor_sub"), ActorKind(kind) if kind else None
    )


def _interaction(image: Image) -> Interaction:
    return Interaction(
        organization_id=image["organization_id"],
        account_id=image["account_id"],
        interaction_id=image["interaction_id"],
        action=InteractionAction(image["action"]),
        outcome=InteractionOutcome(image["outcome"]),
        detail=image["detail"],
        actor=_actor(image),
        at=datetime.fromisoformat(image["at"]),
        request_id=image["request_id"],
        logged=Logged(image["logged"]),
        kind=Kind(image["kind"]) if image.get("kind") else None,
        instance_id=image.get("instance_id"),
        region=image.get("region"),
        changed=bool(image.get("changed")),
        result=Result(image["result"]) if image.get("result") else None,
        state=image.get("state"),
        state_reason=image.get("state_reason"),
    )
