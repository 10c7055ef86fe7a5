"""The shapes of instances, interactions and usage in the HTTP API."""

from datetime import datetime
from typing import Annotated, Self

from pydantic import BaseModel, PlainSerializer

from cavok.domain.instances import Kind
from cavok.domain.interactions import (
    Interaction,
    InteractionAction,
    InteractionOutcome,
    Logged,
    Usage,
    iso,
)
from cavok.services.instances import Listing

Timestamp = Annotated[datetime, PlainSerializer(iso, return_type=str, when_used="json")]
"""ISO 8601, UTC."""


class InstanceBody(BaseModel):
    """An EC2 instance, RDS instance or Aurora cluster. `state` is AWS's own word for it."""

    kind: Kind
    instance_id: str
    name: str | None
    region: str
    state: str
    type: str


class UnavailableBody(BaseModel):
    """What could not be listed, and why."""

    region: str
    kind: Kind
    detail: str


class InstanceList(BaseModel):
    items: list[InstanceBody]
    unavailable: list[UnavailableBody]

    @classmethod
    def of(cls, listing: Listing) -> Self:
        return cls(
            items=[InstanceBody.model_validate(i, from_attributes=True) for i in listing.items],
            unavailable=[
                UnavailableBody.model_validate(u, from_attributes=True) for u in listing.unavailable
            ],
        )


class InteractionBody(BaseModel):
    """One start, stop, listing or test, and whether its line stands in the account's own log."""

    interaction_id: str
    kind: Kind | None
    instance_id: str | None
    region: str | None
    action: InteractionAction
    outcome: InteractionOutcome
    detail: str
    actor: str
    at: Timestamp
    logged: Logged

    @classmethod
    def of(cls, interaction: Interaction) -> Self:
        return cls.model_validate(interaction, from_attributes=True)


class InteractionPage(BaseModel):
    items: list[InteractionBody]
    next_cursor: str | None


class UsageBody(BaseModel):
    """The account's interactions of this calendar month, UTC. What is above the free ones is
    billable; nothing is blocked.
    """

    period: str
    free_interactions: int
    used: int
    remaining: int
    billable: int
    resets_at: Timestamp

    @classmethod
    def of(cls, usage: Usage) -> Self:
        return cls.model_validate(usage, from_attributes=True)
