"""The bodies of an organization's webhook."""

from typing import Annotated

from pydantic import BaseModel, Field, StrictBool, StrictStr

from cavok.api.models.common import RequestBodyWithoutNulls, ResponseBody, Timestamp
from cavok.domain.events import EventType
from cavok.domain.webhooks import DeliveryStatus, WebhookState


class WebhookSettings(RequestBodyWithoutNulls):
    """Where to send which events. `rotate_secret` makes a new signing secret; the one that it
    replaces also signs for another 24 hours.
    """

    url: Annotated[StrictStr, Field(min_length=1, max_length=2000)]
    events: Annotated[list[EventType], Field(min_length=1, max_length=len(EventType))]
    rotate_secret: StrictBool = False


class WebhookBody(ResponseBody):
    """A webhook. `secret` is shown once, in the answer that creates it. `paused`: your receiver
    failed again and again, so messages wait.
    """

    state: WebhookState
    url: str
    events: list[EventType]
    created_at: Timestamp
    updated_at: Timestamp
    updated_by: str
    secret: str | None = None


class TestMessage(BaseModel):
    detail: str = "A test message is on its way."


class Redelivery(BaseModel):
    detail: str = "The message is on its way again."


class DeliveryBody(ResponseBody):
    """What became of an event's message at its latest try."""

    event_id: str
    type: str
    status: DeliveryStatus
    http_status: int | None
    duration_ms: int | None
    tries: int
    next_try_at: Timestamp | None
    at: Timestamp


class DeliveryPage(ResponseBody):
    """The newest 100, so there is no next page."""

    items: list[DeliveryBody]
    next_cursor: str | None = None
