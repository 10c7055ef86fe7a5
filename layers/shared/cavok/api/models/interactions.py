"""The bodies of interactions."""

from typing import Literal

from cavok.api.models.common import ResponseBody, Timestamp
from cavok.domain.interactions import (
    Interaction,
    InteractionAction,
    InteractionOutcome,
    Logged,
    Result,
)
from cavok.domain.kinds import Kind


class InteractionBody(ResponseBody):
    """One start, stop, listing or test. `logged` says whether its line is in the account's own
    log.

    A start or stop is listed once AWS's answer to it is known.

    `outcome` is the answer to the request. `result` says whether the instance reached the requested
    state. It is `pending` until that is known: for ten minutes at most, or about an hour for a
    schedule's turn, which is tried again. It is `unknown` if Cavok could not look, if the instance
    was still changing then, or if a later request changed it. It is null if there is nothing to
    wait for. `state` is the last observed state, in AWS's own word. `state_reason` says why, and
    what to do.
    """

    interaction_id: str
    kind: Kind | None
    instance_id: str | None
    region: str | None
    action: InteractionAction
    outcome: Literal[InteractionOutcome.ACCEPTED, InteractionOutcome.REFUSED]
    detail: str
    actor: str
    at: Timestamp
    logged: Logged
    result: Result | None
    state: str | None
    state_reason: str | None

    @classmethod
    def of_interaction(cls, interaction: Interaction) -> "InteractionBody":
        """An interaction, with the name of its actor."""
        return cls.of(interaction, actor=interaction.actor.name)


class InteractionPage(ResponseBody):
    items: list[InteractionBody]
    next_cursor: str | None
