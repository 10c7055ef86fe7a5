"""The bodies of an organization's webhook."""

from typing import Annotated

from pydantic import BaseModel, Field, StrictBool, StrictStr

from cavok.api.models.common import RequestBodyWithoutNulls, ResponseBody, Timestamp
from cavok.domain.events import EventType


class WebhookSettings(RequestBodyWithoutNulls):
    """Where to send which events. `rotate_secret` replaces the signing secret at once."""

    url: Annotated[StrictStr, Field(min_length=1, max_length=2000)]
    events: Annotated[list[EventType], Field(min_length=1, max_length=len(EventType))]
    rotate_secret: StrictBool = False


class WebhookBody(ResponseBody):
    """A webhook. `secret` is shown once, in the answer that creates it."""

    url: str
    events: list[EventType]
    created_at: Timestamp
    updated_at: Timestamp
    updated_by: str
    secret: str | None = None


class TestMessage(BaseModel):
    detail: str = "A test message is on its way."
