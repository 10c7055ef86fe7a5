"""Who sends a request, read from the verified token alone."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Self

from cavok.domain.actors import Actor, ActorKind
from cavok.domain.errors import AdminsOnly, InNoGroup, TokenWithoutOrganization


class Group(StrEnum):
    """The user pool's groups. Every member may read; admins and operators may change."""

    VIEWER = "viewer"
    ADMIN = "admin"
    OPERATOR = "operator"


@dataclass(frozen=True, slots=True)
class Caller:
    """A person of an organization. `operator` is an admin who also sees execution ARNs."""

    organization_id: str
    actor: Actor
    groups: frozenset[str]

    @classmethod
    def of_claims(cls, claims: Mapping[str, Any]) -> Self:
        """Reads the claims that API Gateway's JWT authorizer verified. Raises
        TokenWithoutOrganization.

        API Gateway passes a list claim as the text `[admin operator]`. An unverified email address
        is not used as a name.
        """
        organization_id, sub = claims.get("custom:organization"), claims.get("sub")
        if not (organization_id and sub):
            raise TokenWithoutOrganization(
                "Your token names no organization. Use an ID token of a user who belongs to one."
            )
        groups = str(claims.get("cognito:groups", "")).strip("[]").replace(",", " ").split()
        verified = str(claims.get("email_verified", "")).lower() == "true"
        actor = Actor(
            kind=ActorKind.PERSON,
            sub=str(sub),
            email=str(claims["email"]) if verified and claims.get("email") else None,
        )
        return cls(str(organization_id), actor, frozenset(groups))

    def must_read(self) -> Self:
        """Raises InNoGroup for a caller who may not read."""
        if not self.groups & set(Group):
            raise InNoGroup(
                "You are in none of the groups viewer, admin and operator. Ask an admin to add you."
            )
        return self

    def must_change(self) -> Self:
        """Raises AdminsOnly for a caller who may not make changes."""
        if not self.may_change:
            raise AdminsOnly("Only admins can make changes. Ask an admin to make this one.")
        return self

    def must_refresh(self) -> Self:
        """Raises AdminsOnly for a caller who may not have AWS asked again."""
        if not self.may_change:
            raise AdminsOnly("Only admins can list with refresh. Leave it out, or ask an admin.")
        return self

    @property
    def may_change(self) -> bool:
        """Whether the caller may make changes."""
        return bool(self.groups & {Group.ADMIN, Group.OPERATOR})

    @property
    def sees_executions(self) -> bool:
        """Whether the caller may see execution ARNs."""
        return Group.OPERATOR in self.groups
