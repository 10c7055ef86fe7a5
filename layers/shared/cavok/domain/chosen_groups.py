"""How much of each permission group a customer grants: all, only what looks, or nothing.

Every text that customers deploy follows from one choice: policies, CloudFormation and its
parameters, Terraform and CLI.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Self

from cavok.domain.errors import InvalidField
from cavok.domain.kinds import Action, Kind
from cavok.domain.permissions import GROUPS, PermissionGroup


class GroupAccess(StrEnum):
    """How much of a group is granted. `read_only`: without what starts and stops instances."""

    ALL = "all"
    READ_ONLY = "read_only"
    NONE = "none"


@dataclass(frozen=True, slots=True)
class GroupChoice:
    """How much of one group is granted."""

    group: str
    access: GroupAccess


@dataclass(frozen=True, slots=True)
class Choice:
    """How much of each group a customer grants, by its name. What it does not name is left out.
    Null if nobody chose: all but the optional groups.
    """

    access: Mapping[str, GroupAccess] | None

    @classmethod
    def whole(cls, groups: Iterable[str]) -> Self:
        """All of each of these groups, and nothing else."""
        return cls(dict.fromkeys(groups, GroupAccess.ALL))

    def of(self, group: PermissionGroup) -> GroupAccess:
        """How much of this group is granted."""
        if self.access is None:
            return GroupAccess.NONE if group.optional else GroupAccess.ALL
        return self.access.get(group.group, GroupAccess.NONE)

    def narrowed(self, groups: Iterable[PermissionGroup]) -> tuple[PermissionGroup, ...]:
        """The groups of which something is granted, each with the permissions that are."""
        parts = ((group, self.of(group)) for group in groups)
        return tuple(
            (reading_part(group) or group) if access is GroupAccess.READ_ONLY else group
            for group, access in parts
            if access is not GroupAccess.NONE
        )


OFFERED = Choice(None)
"""What Cavok asks for."""


def reading_part(group: PermissionGroup) -> PermissionGroup | None:
    """The group without what starts and stops instances. None if it has nothing to leave out, or
    nothing else.
    """
    acting = {kind.descriptor.permission(action) for kind in Kind for action in Action}
    looking = tuple(each for each in group.permissions if each.action not in acting)
    if len(looking) in (0, len(group.permissions)):
        return None
    return replace(group, permissions=looking)


def choice_of(text: str) -> Choice:
    """Reads names of groups with commas between them; `ec2:read_only` is the part that looks.
    Required groups may be named: they are always granted. Raises InvalidField.
    """
    known = {
        name: (group.group, access)
        for group in GROUPS
        for name, access in (
            (group.group, GroupAccess.ALL),
            (f"{group.group}:{GroupAccess.READ_ONLY}", GroupAccess.READ_ONLY),
        )
        if access is GroupAccess.ALL or reading_part(group)
    }
    names = [name for name in text.split(",") if name]
    if unknown := [name for name in names if name not in known]:
        raise InvalidField(
            "groups", f"“{unknown[0]}” is not one of the groups: {', '.join(known)}."
        )
    chosen = dict(known[name] for name in names)
    if len(chosen) < len(names):
        raise InvalidField("groups", "Name each group once.")
    return Choice(chosen)
