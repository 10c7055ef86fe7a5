"""CloudFormation."""

from __future__ import annotations

from typing import Any

from ministack.services import iam
from ministack.services.cloudformation import provisioners

from local.fidelity.correction import replaces


@replaces(provisioners, "_RESOURCE_HANDLERS")
def give_roles_their_permissions_boundary(handlers: dict[str, Any]) -> dict[str, Any]:
    """A role has the `PermissionsBoundary` that its template says.

    The emulator forgets it when a stack creates the role.
    https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-resource-iam-role.html
    """
    create = handlers["AWS::IAM::Role"]["create"]

    def with_boundary(logical_id: str, props: dict[str, Any], stack_name: str) -> Any:
        name, attributes = create(logical_id, props, stack_name)
        iam._roles[name]["PermissionsBoundary"] = props.get("PermissionsBoundary")
        return name, attributes

    handlers["AWS::IAM::Role"]["create"] = with_boundary
    return handlers
