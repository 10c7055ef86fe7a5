"""The message to `follow_outcome`: which start or stop to follow."""

import json
from dataclasses import asdict, dataclass, fields
from typing import Self

from cavok.domain.interactions import Interaction
from cavok.domain.organizations import message_group
from cavok.domain.reading import ids_of, object_of, read_json


@dataclass(frozen=True, slots=True, kw_only=True)
class FollowedAct:
    """The start or stop to follow."""

    organization_id: str
    account_id: str
    interaction_id: str

    @classmethod
    def of(cls, act: Interaction) -> Self:
        """The message for an act that is stored."""
        return cls(
            organization_id=act.organization_id,
            account_id=act.account_id,
            interaction_id=act.interaction_id,
        )

    @property
    def group(self) -> str:
        """The same for all acts of an organization."""
        return message_group(self.organization_id)

    @property
    def body(self) -> str:
        """JSON, which `read` reads."""
        return json.dumps(asdict(self))

    @classmethod
    def read(cls, body: str) -> Self:
        """Raises MalformedEvent. Earlier versions sent the event of the interaction."""
        message = object_of(read_json(body))
        message = object_of(message.get("detail", message))
        return cls(**ids_of(message, *(each.name for each in fields(cls))))
