"""The names of sessions in customers' accounts."""


def session_name(purpose: str, interaction_id: str | None = None) -> str:
    """The session's name in the customer's CloudTrail, such as `cavok-stop-01J…`. The id is that of
    the interaction or test, and of its audit entry. It is null for a session that serves several of
    them (writing log lines), or none.
    """
    return f"cavok-{purpose}-{interaction_id}" if interaction_id else f"cavok-{purpose}"


def is_asked_for_again(name: str) -> bool:
    """Whether a warm process may need a session of this name again: for more lines, or for the next
    look at the same instance. Each listing, start and stop has its own name.
    """
    return name.startswith((session_name("logs"), session_name("look")))
