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
    """One start, stop, listing or test. `logged` tells whether its line is in the account's own
    log.

    A start or stop is listed once AWS's answer to it is known.

    `outcome` is the answer to the request, `result` what became of it: whether the instance reached
    the state that was asked for. It is `pending` until that is known, for ten minutes at most; for
    a schedule's turn, which is tried again, about an hour. It is `unknown` if nobody could look, if
    the instance was still on its way then, or if a later request changed it. It is null where there
    is nothing to wait for. `state` is the last state that was seen, in AWS's own word.
    `state_reason` says why, and what to do, for people.
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
