"""Versions that a client names, so that it changes only what it has read (If-Match)."""

from collections.abc import Container
from typing import Any

from cavok.domain.errors import PreconditionFailed


class Every(Container[Any]):
    """All versions, but not that there is none."""

    def __contains__(self, version: object) -> bool:
        return True


def require_version(version: int | str, allowed: Container[Any] | None, *, of: str) -> None:
    """Raises PreconditionFailed if `allowed` is without this version; None allows every one."""
    if allowed is not None and version not in allowed:
        raise PreconditionFailed(f"The {of} has changed: it is at version {version}.")
