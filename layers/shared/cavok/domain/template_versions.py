"""The versions of what Cavok asks a role to grant, and the one that a role has.

The number is in the Sid of each group's statement, in every form in which customers get it:
CloudFormation, Terraform, CLI, and the policy to copy. A test reads it with the role's policies. It
is what the customer's own policies say, so no verdict follows from it.
"""

import json
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any


@dataclass(frozen=True, slots=True, kw_only=True)
class TemplateVersion:
    """What a version adds to the one before it and removes from it, as IAM actions, and why, in one
    sentence. Both are empty if it changes a condition or a resource.
    """

    version: int
    text: str
    adds: tuple[str, ...] = ()
    removes: tuple[str, ...] = ()


VERSIONS_FILE = Path(__file__).with_suffix(".json")
"""`make catalog` adds an entry when the catalog grants something else."""

VERSIONS = tuple(
    TemplateVersion(
        version=number,
        text=each["text"],
        adds=tuple(each["adds"]),
        removes=tuple(each["removes"]),
    )
    for number, each in enumerate(json.loads(VERSIONS_FILE.read_text("utf-8")), start=1)
)
"""A role may be years old, so no entry ever changes or goes."""

UNNUMBERED = frozenset(
    {"CavokChecking", "CavokEc2", "CavokRds", "CavokLogs", "CavokEncryptedVolumes"}
)
"""The Sids of roles that are older than the numbers. They grant what version 1 grants."""

UNKNOWN = 0
"""In place of a version: policies that were read and do not say which one, or not plausibly."""

# Source: IAM User Guide, "IAM JSON policy elements: Sid": "The Sid element supports ASCII uppercase
# letters (A-Z), lowercase letters (a-z), and numbers (0-9)."
_NUMBERED = re.compile("Cavok[A-Za-z0-9]*V([0-9]+)")
_PLAUSIBLE = re.compile("[1-9][0-9]{0,3}")


@dataclass(frozen=True, slots=True)
class Template:
    """The version that a role has, the newest one, and what the later ones change, oldest first."""

    version: int
    current: int
    changes: tuple[TemplateVersion, ...]

    @property
    def outdated(self) -> bool:
        """Whether there is a later version."""
        return bool(self.changes)


def current() -> int:
    """The newest version."""
    return VERSIONS[-1].version


def sid_of(policy_name: str) -> str:
    """The Sid of the statement that grants a group, such as `CavokEc2V1`."""
    return f"{policy_name}V{current()}"


def version_in(documents: Iterable[Any]) -> int:
    """The version of a role with these inline policies, which are all it has. If they name
    several, the lowest: someone updated a part of the role. UNKNOWN if they name none, or one that
    does not exist. Never raises for a document's content.
    """
    found = {
        number
        for document in documents
        for sid in _sids(document)
        if (number := _number(sid)) is not None
    }
    if not found or not all(_exists(number) for number in found):
        return UNKNOWN
    return min(found)


def template_of(version: int | None) -> Template | None:
    """What there is to say about a role of this version. Null if it is not known, or later than the
    newest, as after a return to an older release.
    """
    if version is None or not _exists(version):
        return None
    return Template(version, current(), VERSIONS[version:])


def is_outdated(version: int | None) -> bool:
    """Whether it is known and there is a later one: `template_of(version).outdated`, at the price
    of a comparison.
    """
    return version is not None and 1 <= version < current()


@dataclass(frozen=True, slots=True)
class VersionInUse:
    """How many accounts have a version."""

    version: int
    accounts: int

    @property
    def outdated(self) -> bool:
        """Whether there is a later version."""
        return is_outdated(self.version)


def in_use(accounts: Mapping[int, int]) -> list[VersionInUse]:
    """The versions that accounts have, newest first, and in any case the newest one. Without those
    that `template_of` does not know.
    """
    counted = {current(): 0} | {version: count for version, count in accounts.items() if count}
    known = sorted(filter(_exists, counted), reverse=True)
    return [VersionInUse(version, counted[version]) for version in known]


def _exists(version: int) -> bool:
    return 1 <= version <= current()


def _sids(document: Any) -> Iterator[str]:
    statements = document.get("Statement") if isinstance(document, dict) else None
    for statement in statements if isinstance(statements, list) else [statements]:
        sid = statement.get("Sid") if isinstance(statement, dict) else None
        if isinstance(sid, str):
            yield sid


def _number(sid: str) -> int | None:
    """The number in a Sid of Cavok's; null for a statement of somebody else."""
    if sid in UNNUMBERED:
        return 1
    named = _NUMBERED.fullmatch(sid)
    if named is None:
        return None
    return int(named[1]) if _PLAUSIBLE.fullmatch(named[1]) else UNKNOWN
