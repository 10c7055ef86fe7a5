"""The bodies of organizations."""

from pydantic import BaseModel

from cavok.api.models.common import ResponseBody
from cavok.domain.quotas import QuotaName


class ByStatus(BaseModel):
    unconfirmed: int
    confirmed: int
    degraded: int
    failed: int


class VersionInUseBody(ResponseBody):
    """How many accounts have a version."""

    version: int
    accounts: int
    outdated: bool


class AccountCounts(BaseModel):
    total: int
    by_status: ByStatus
    by_template_version: list[VersionInUseBody]


class QuotaBody(ResponseBody):
    """`requests` is counted in the answering process alone."""

    name: QuotaName
    limit: int
    per_seconds: int
    remaining: int


class OrganizationBody(ResponseBody):
    organization_id: str
    external_id: str
    trusted_account_id: str
    accounts: AccountCounts
    quotas: list[QuotaBody]
