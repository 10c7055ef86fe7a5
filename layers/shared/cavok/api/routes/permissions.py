"""The route of permissions: the Access Details."""

from cavok import wiring
from cavok.api.caching import FOR_ALL
from cavok.api.models.permissions import Groups, PermissionsBody
from cavok.api.responses import NO_TOKEN, PUBLIC
from cavok.api.router import Router
from cavok.domain.chosen_groups import choice_of

router = Router()


@router.get(
    "/v1/permissions",
    summary="Access Details",
    tags=["Access details"],
    responses=PUBLIC,
    security=NO_TOKEN,
    cache_control=FOR_ALL,
)
def list_permissions(groups: Groups = None) -> PermissionsBody:
    """Lists every permission that Cavok asks for, and why. With `groups`, also returns
    CloudFormation and Terraform of a role that grants just these. What is left out on purpose is no
    problem of the account: its tests say that it is limited.
    """
    choice = choice_of(groups) if groups is not None else None
    return PermissionsBody.of_catalog(choice, wiring.setting("TRUSTED_ACCOUNT_ID"))
