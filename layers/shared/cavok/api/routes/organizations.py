"""The route of the caller's organization."""

from cavok import wiring
from cavok.api.models.organizations import AccountCounts, ByStatus, OrganizationBody
from cavok.api.responses import answers
from cavok.api.router import Router
from cavok.services.organizations import organization_of

router = Router()


@router.get(
    "/v1/organization", summary="Your organization", tags=["Organization"], responses=answers()
)
def get_organization() -> OrganizationBody:
    """Returns your organization, its external ID, and how many accounts it has connected."""
    organization = organization_of(
        router.caller.organization_id, organizations=wiring.organizations(), now=router.now()
    )
    counts = organization.counts
    accounts = AccountCounts(total=sum(counts.values()), by_status=ByStatus.model_validate(counts))
    return OrganizationBody.of(
        organization,
        trusted_account_id=wiring.setting("TRUSTED_ACCOUNT_ID"),
        accounts=accounts,
    )
