"""The bodies of permissions: the Access Details."""

from typing import Annotated, Any, Self

from aws_lambda_powertools.event_handler.openapi.params import Query

from cavok.api.models.common import ResponseBody
from cavok.domain.chosen_groups import OFFERED, Choice, GroupAccess, reading_part
from cavok.domain.instructions import RoleToBe, choice_for, documents_for_all, granted_groups
from cavok.domain.permissions import GROUPS, PermissionGroup, policy_document

Groups = Annotated[
    str | None,
    Query(
        max_length=500,
        description="The groups that you grant, with commas between them; `ec2:read_only` grants "
        "only what looks. Required groups need not be named.",
    ),
]


class ActionBody(ResponseBody):
    action: str
    why: str


class PermissionGroupBody(ResponseBody):
    group: str
    title: str
    why: str
    required: bool
    optional: bool
    feature: bool
    resource: str
    actions: list[ActionBody]
    read_only: list[str]

    @classmethod
    def of_group(cls, group: PermissionGroup) -> Self:
        """A group of the catalog."""
        reading = reading_part(group)
        return cls.of(
            group, actions=group.permissions, read_only=reading.actions if reading else ()
        )


class GroupChoiceBody(ResponseBody):
    """How much of a group is granted."""

    group: str
    access: GroupAccess


class PermissionsBody(ResponseBody):
    """Every permission that Cavok asks for, why, and the documents that grant them: without a
    choice, all but the optional ones.
    """

    groups: list[PermissionGroupBody]
    choice: list[GroupChoiceBody]
    policy_document: dict[str, Any]
    cloudformation_template: str | None
    terraform: str | None

    @classmethod
    def of_catalog(cls, choice: Choice | None = None, trusted_account_id: str = "") -> Self:
        """All groups of the catalog, optional ones too, and the documents that grant what was
        chosen. Without a choice, the policy alone, which is what most readers need.
        """
        role, chosen = RoleToBe(), choice or OFFERED
        template = terraform = None
        if choice:
            template, terraform = documents_for_all(choice, trusted_account_id)
        return cls(
            groups=[PermissionGroupBody.of_group(group) for group in GROUPS],
            choice=[GroupChoiceBody.of(each) for each in choice_for(role, chosen)],
            policy_document=policy_document(granted_groups(role, chosen)),
            cloudformation_template=template,
            terraform=terraform,
        )
