"""What the table says of an account, the bus tells."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from cavok.adapters.bus import Bus
from cavok.adapters.table.stream import account_version
from cavok.domain.events import Event, events_of


def publish_account_events(
    before: Mapping[str, Any] | None, after: Mapping[str, Any] | None, at: datetime, *, bus: Bus
) -> list[Event]:
    """Publishes what one stream record tells, if anything. Raises NotPublished."""
    events = list(events_of(account_version(before), account_version(after), at))
    bus.publish(events)
    return events
