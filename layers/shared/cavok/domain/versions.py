"""Versions that a client names in order to change only a version that it has read (If-Match), or
only one that it has not read (If-None-Match).
"""

from collections.abc import Container, Iterable
from dataclasses import dataclass, replace
from typing import Any

from cavok.domain.errors import PreconditionFailed


class Every(Container[Any]):
    """Allows every version, but one must exist."""

    def __contains__(self, version: object) -> bool:
        return version is not None


@dataclass(frozen=True, slots=True)
class Versions(Container[Any]):
    """The versions of `named`, or all if it is None, except those of `excluded`. The version None
    means that the resource does not exist.
    """

    named: Container[Any] | None
    excluded: Container[Any]

    def after_the_change(self) -> "Versions":
        """For a change that was made already, such as by the first of two repeated requests.
        If-Match need not refuse it, although it names the version before (RFC 9110, 13.1.1).
        """
        return replace(self, named=None)

    def __contains__(self, version: object) -> bool:
        return (self.named is None or version in self.named) and version not in self.excluded


def require_version(version: int | str, allowed: Container[Any] | None, *, of: str) -> None:
    """Raises PreconditionFailed if `allowed` lacks this version; None allows every one."""
    if allowed is not None and version not in allowed:
        raise PreconditionFailed(
            f"The {of} is at version {version}, which your condition does not allow."
        )


def version_after(before: Any, after: Any, counted: Iterable[str]) -> int:
    """One higher than that of `before` if one of the counted fields changed."""
    changed = any(getattr(after, name) != getattr(before, name) for name in counted)
    return int(before.version) + changed
