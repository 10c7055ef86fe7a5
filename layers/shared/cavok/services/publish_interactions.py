"""What the table says of interactions and usage, told on the bus. Who records an interaction makes
no second write, so no event is lost, and none tells of what was not recorded.
"""

from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from cavok.adapters.bus import Bus
from cavok.domain.events import Event
from cavok.domain.interactions import (
    DETAIL_TYPE,
    EVENT_FIELDS,
    EVENT_VERSION,
    USAGE_DETAIL_TYPE,
    iso,
    thresholds_crossed,
)


def publish_interactions(
    records: Sequence[Mapping[str, Any]], *, bus: Bus, free_interactions: int
) -> str | None:
    """Publishes what records of the table's stream mean, in order. Returns the sequence number of
    the first that the bus did not take; from there on the stream comes again.
    """
    events = [
        (record["dynamodb"]["SequenceNumber"], event)
        for record in records
        for event in events_of(record, free_interactions)
    ]
    taken = bus.put([event for _, event in events])
    return next(
        (number for (number, _), was_taken in zip(events, taken, strict=True) if not was_taken),
        None,
    )


def events_of(record: Mapping[str, Any], free_interactions: int) -> Iterator[Event]:
    """The events that one record of the stream means: at its making for an interaction, at each
    threshold that it crosses for a month's usage.
    """
    change = record["dynamodb"]
    if "NewImage" not in change:
        return
    image, sk = change["NewImage"], change["Keys"]["sk"]["S"]
    if sk.startswith("INTERACTION#") and record["eventName"] == "INSERT":
        detail = {name: image.get(name, {}).get("S") for name in EVENT_FIELDS}
        at = datetime.fromisoformat(image["at"]["S"])
        yield Event(DETAIL_TYPE, at, detail | {"schema_version": EVENT_VERSION, "at": iso(at)})
    if sk.startswith("USAGE#"):
        account_id = change["Keys"]["pk"]["S"].removeprefix("ACCOUNT#")
        period, used = sk.removeprefix("USAGE#"), int(image["used"]["N"])
        before = int(change.get("OldImage", {}).get("used", {"N": "0"})["N"])
        written_at = datetime.fromtimestamp(change["ApproximateCreationDateTime"], UTC)
        for percent in thresholds_crossed(before, used, free_interactions):
            yield Event(
                USAGE_DETAIL_TYPE,
                written_at,
                {
                    "schema_version": EVENT_VERSION,
                    # Stable, so that whoever hears it twice knows.
                    "event_id": f"{account_id}/{period}/{percent}",
                    "organization_id": image["organization_id"]["S"],
                    "account_id": account_id,
                    "period": period,
                    "percent": percent,
                    "used": used,
                    "free_interactions": free_interactions,
                },
            )
