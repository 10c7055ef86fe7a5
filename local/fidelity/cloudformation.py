"""CloudFormation."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ministack.core.responses import get_account_id, get_region
from ministack.services import iam
from ministack.services.cloudformation import changesets, engine, handlers, provisioners, stacks

from local.fidelity.correction import corrects, replaces


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


@corrects(changesets, "_evaluate_conditions")
@corrects(engine, "_evaluate_conditions")
@corrects(handlers, "_evaluate_conditions")
@corrects(stacks, "_evaluate_conditions")
def know_pseudo_parameters_in_conditions(
    evaluate: Callable[..., dict[str, bool]], template: dict[str, Any], params: dict[str, Any]
) -> dict[str, bool]:
    """A condition may ask for the region, the account or the partition of the stack.

    The emulator compares the name of the parameter. CloudFormation User Guide, "Get AWS values
    using pseudo parameters": "use them the same way as you would a parameter, as the argument for
    the Ref function"; Template Reference, "Condition functions", which take Ref.
    https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/pseudo-parameter-reference.html
    """
    known = {
        "AWS::AccountId": get_account_id(),
        "AWS::Partition": "aws",
        "AWS::Region": get_region(),
        "AWS::URLSuffix": "amazonaws.com",
    }
    return evaluate(template, params | {name: {"Value": value} for name, value in known.items()})
