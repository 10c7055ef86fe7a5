"""The bodies of permissions: the Access Details."""

from typing import Any, Self

from cavok.api.models.common import ResponseBody
from cavok.domain.permissions import GROUPS, policy_document


class ActionBody(ResponseBody):
    action: str
    why: str


class PermissionGroupBody(ResponseBody):
    group: str
    title: str
    why: str
    required: bool
    optional: bool
    resource: str
    actions: list[ActionBody]


class PermissionsBody(ResponseBody):
    """Every permission that Cavok asks for, why, and the policy that grants all but the optional
    ones.
    """

    groups: list[PermissionGroupBody]
    policy_document: dict[str, Any]

    @classmethod
    def of_catalog(cls) -> Self:
        """All groups of the catalog, optional ones too."""
        groups = [PermissionGroupBody.of(group, actions=group.permissions) for group in GROUPS]
        return cls(groups=groups, policy_document=policy_document())
