"""The route of cloud providers."""

from cavok.api.caching import FOR_ALL
from cavok.api.models.providers import ProviderList
from cavok.api.responses import NO_TOKEN, PUBLIC
from cavok.api.router import Router

router = Router()


@router.get(
    "/v1/providers",
    summary="Cloud providers",
    tags=["Access details"],
    responses=PUBLIC,
    security=NO_TOKEN,
    cache_control=FOR_ALL,
)
def list_providers() -> ProviderList:
    """Lists the cloud providers, and whether you can connect their accounts."""
    return ProviderList.of_all()
