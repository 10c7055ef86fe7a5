"""The bodies of verifications: the tests of an account."""

from cavok.api.models.common import RegionHealthBody, ResponseBody, Timestamp
from cavok.domain.access_denied import Reason
from cavok.domain.accounts import Outcome
from cavok.domain.steps import Evidence, Verdict
from cavok.domain.verifications import State, Trigger


class ResourceVerdictBody(ResponseBody):
    id: str
    region: str
    verdict: Verdict
    reason: Reason | None


class ResourcesBody(ResponseBody):
    """For how many resources a permission was checked. `examples` are at most 20, denied ones
    first.
    """

    asked: int
    allowed: int
    denied: int
    examples: list[ResourceVerdictBody]


class StepBody(ResponseBody):
    """One step of a test: what was tried, and what AWS's answer proves."""

    step: str
    group: str
    verdict: Verdict
    ok: bool | None
    evidence: Evidence
    reason: Reason | None
    error_code: str | None
    detail: str | None
    region: str | None
    started_at: Timestamp
    duration_ms: int
    resources: ResourcesBody | None


class UnchangedBody(ResponseBody):
    """Scheduled tests that found the same since: how many, and when the last one ended."""

    tests: int
    last_at: Timestamp


class VerificationBody(ResponseBody):
    """One test of an account. Only operators see `execution_arn`, the workflow that ran it."""

    verification_id: str
    account_id: str
    trigger: Trigger
    state: State
    outcome: Outcome | None
    started_at: Timestamp
    finished_at: Timestamp | None
    steps: list[StepBody]
    region_health: list[RegionHealthBody]
    unchanged: UnchangedBody | None
    execution_arn: str | None = None


class VerificationPage(ResponseBody):
    items: list[VerificationBody]
    next_cursor: str | None
