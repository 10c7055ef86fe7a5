"""The route of the caller's organization."""

from aws_lambda_powertools.event_handler import Response

from cavok import wiring
from cavok.api.caching import weak_tag
from cavok.api.models.organizations import (
    AccountCounts,
    ByStatus,
    OrganizationBody,
    QuotaBody,
    VersionInUseBody,
)
from cavok.api.quotas import quotas_of
from cavok.api.responses import answers, ok
from cavok.api.router import Router
from cavok.domain.organizations import Organization
from cavok.domain.quotas import QuotaName
from cavok.domain.template_versions import in_use
from cavok.services.organizations import organization_of

router = Router()


@router.get(
    "/v1/organization", summary="Your organization", tags=["Organization"], responses=answers()
)
def get_organization() -> Response[OrganizationBody]:
    """Returns your organization, its external ID, its number of connected accounts, and its
    quotas. Beyond a quota the answer is 429, and `Retry-After` says how long to wait.
    """
    organization = organization_of(
        router.caller.organization_id, organizations=wiring.organizations(), now=router.now()
    )
    body = OrganizationBody.of(
        organization,
        trusted_account_id=wiring.setting("TRUSTED_ACCOUNT_ID"),
        accounts=_accounts(organization),
        quotas=_quotas(organization.organization_id),
    )
    return ok(body, {"ETag": _tag(body)})


def _accounts(organization: Organization) -> AccountCounts:
    counts = organization.counts
    by_version = wiring.template_versions().counts(organization.organization_id)
    return AccountCounts(
        total=sum(counts.values()),
        by_status=ByStatus.model_validate(counts),
        by_template_version=[VersionInUseBody.of(each) for each in in_use(by_version)],
    )


def _tag(body: OrganizationBody) -> str:
    """Weak, because it ignores how many requests remain: each request changes that number."""
    shown = body.model_copy(
        update={"quotas": [each for each in body.quotas if each.name != QuotaName.REQUESTS]}
    )
    return weak_tag(shown.model_dump_json())


def _quotas(organization_id: str) -> list[QuotaBody]:
    now, quotas = router.now(), quotas_of(router.caller)
    remaining = quotas.remaining(organization_id, now)
    remaining[QuotaName.REQUESTS] = wiring.request_quota().remaining(
        organization_id, now, viewer=not router.caller.may_change
    )
    return [
        QuotaBody(
            name=name,
            limit=quota.limit,
            per_seconds=int(quota.per.total_seconds()),
            remaining=remaining[name],
        )
        for name, quota in quotas.quotas.items()
    ]
