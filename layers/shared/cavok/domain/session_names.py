"""The names of sessions in customers' accounts."""


def session_name(purpose: str, interaction_id: str | None = None) -> str:
    """The name under which the calls stand in the customer's CloudTrail, such as `cavok-stop-01J…`.
    The id is that of the interaction or test, under which the audit entry is found too. It is null
    for what serves several of them, as log lines do, or none.
    """
    return f"cavok-{purpose}-{interaction_id}" if interaction_id else f"cavok-{purpose}"
