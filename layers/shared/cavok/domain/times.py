"""Times as text."""

from datetime import UTC, datetime


def utc_text(at: datetime) -> str:
    """ISO 8601 in UTC: `2025-03-01T12:00:00Z`."""
    in_utc = at if at.tzinfo is UTC else at.astimezone(UTC)
    return in_utc.isoformat().removesuffix("+00:00") + "Z"
