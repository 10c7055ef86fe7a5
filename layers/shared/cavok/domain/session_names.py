"""The names of sessions in customers' accounts."""


def session_name(purpose: str, interaction_id: str | None = None) -> str:
    """The session's name in the customer's CloudTrail, such as `cavok-stop-01J…`. The id is that of
    the interaction or test, and of its audit entry. It is null for a session that serves several of
    them, such as one that writes log lines, or none.
    """
    return f"cavok-{purpose}-{interaction_id}" if interaction_id else f"cavok-{purpose}"
