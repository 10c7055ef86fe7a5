"""The route of permissions: the Access Details."""

from cavok.api.caching import FOR_ALL
from cavok.api.models.permissions import PermissionsBody
from cavok.api.responses import NO_TOKEN, PUBLIC
from cavok.api.router import Router

router = Router()


@router.get(
    "/v1/permissions",
    summary="Access Details",
    tags=["Access details"],
    responses=PUBLIC,
    security=NO_TOKEN,
    cache_control=FOR_ALL,
)
def list_permissions() -> PermissionsBody:
    """Lists every permission that Cavok asks for, and why."""
    return PermissionsBody.of_catalog()
