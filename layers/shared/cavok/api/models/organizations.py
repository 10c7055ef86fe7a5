"""The bodies of organizations."""

from pydantic import BaseModel

from cavok.api.models.common import ResponseBody


class ByStatus(BaseModel):
    unconfirmed: int
    confirmed: int
    degraded: int
    failed: int


class AccountCounts(BaseModel):
    total: int
    by_status: ByStatus


class OrganizationBody(ResponseBody):
    organization_id: str
    external_id: str
    trusted_account_id: str
    accounts: AccountCounts
