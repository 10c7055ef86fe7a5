"""The bodies of interactions."""

from cavok.api.models.common import ResponseBody, Timestamp
from cavok.domain.interactions import InteractionAction, InteractionOutcome, Logged, Result
from cavok.domain.kinds import Kind


class InteractionBody(ResponseBody):
    """One start, stop, listing or test. `logged` tells whether its line is in the account's own
    log, `result` whether the instance reached the state that was asked for.
    """

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
    result: Result | None
    state: str | None
    state_reason: str | None


class InteractionPage(ResponseBody):
    items: list[InteractionBody]
    next_cursor: str | None
