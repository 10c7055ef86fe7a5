"""The route about the API itself, which needs no token."""

from cavok.api.models.about import Health
from cavok.api.responses import NO_TOKEN, PUBLIC
from cavok.api.router import Router

router = Router()


@router.get("/health", summary="Health", tags=["About"], responses=PUBLIC, security=NO_TOKEN)
def health() -> Health:
    """Tells whether the API answers."""
    return Health()
