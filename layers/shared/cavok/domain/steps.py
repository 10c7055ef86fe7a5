"""One step of a verification: what was tried, and what AWS's answer proves."""

from collections.abc import Mapping, Set
from dataclasses import asdict, dataclass, replace
from datetime import datetime
from enum import StrEnum
from typing import Any, Self

from cavok.domain.access_denied import DENIED_CODES, TRANSIENT_CODES, Reason, refusal_reason
from cavok.domain.permissions import (
    ASSUME_ROLE,
    WITH_WRONG_EXTERNAL_ID,
    WITHOUT_EXTERNAL_ID,
    group_of,
)
from cavok.domain.times import utc_text


class Verdict(StrEnum):
    """What AWS's answer proves. `inconclusive`: nothing. `skipped`: the step was not tried."""

    ALLOWED = "allowed"
    DENIED = "denied"
    INCONCLUSIVE = "inconclusive"
    SKIPPED = "skipped"


class Evidence(StrEnum):
    """What a verdict is based on: AWS's response to a live call, the role's own policies, or
    nothing.
    """

    LIVE = "live"
    POLICY = "policy"
    NONE = "none"


REFUSALS_WANTED = frozenset({WITHOUT_EXTERNAL_ID, WITH_WRONG_EXTERNAL_ID})
"""Steps that pass if AWS refuses the call."""

REGION_DISABLED_CODES = frozenset(
    {"AuthFailure", "InvalidClientTokenId", "OptInRequired", "UnrecognizedClientException"}
)
"""Error codes of a region that the account has not enabled. They prove nothing about a permission.
"""

_DETAIL_LIMIT = 1500


@dataclass(frozen=True, slots=True, kw_only=True)
class Judgement:
    """What one answer of AWS proves. `detail` is AWS's own message."""

    verdict: Verdict
    evidence: Evidence = Evidence.LIVE
    reason: Reason | None = None
    error_code: str | None = None
    detail: str | None = None


ALLOWED = Judgement(verdict=Verdict.ALLOWED)


def judge(error_code: str, message: str, proofs: Set[str] = frozenset()) -> Judgement:
    """What an AWS error proves. `proofs` are codes that only authorized callers receive, such as
    DryRunOperation.
    """
    detail = message[:_DETAIL_LIMIT]
    if error_code in proofs:
        return Judgement(verdict=Verdict.ALLOWED, error_code=error_code, detail=detail)
    if error_code in DENIED_CODES:
        return Judgement(
            verdict=Verdict.DENIED,
            reason=refusal_reason(message),
            error_code=error_code,
            detail=detail,
        )
    if error_code in REGION_DISABLED_CODES:
        reason = Reason.REGION_DISABLED
    else:
        reason = Reason.ERROR if error_code in TRANSIENT_CODES else Reason.NOT_PROVABLE
    return Judgement(
        verdict=Verdict.INCONCLUSIVE,
        evidence=Evidence.NONE,
        reason=reason,
        error_code=error_code,
        detail=detail,
    )


def skipped(reason: Reason, detail: str | None = None) -> Judgement:
    """The result of a step that was not tried, and why."""
    return Judgement(verdict=Verdict.SKIPPED, evidence=Evidence.NONE, reason=reason, detail=detail)


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """A step as the API shows it. `ok` is null if the step is inconclusive or skipped. Times are
    UTC.
    """

    step: str
    group: str
    verdict: Verdict
    ok: bool | None
    evidence: Evidence
    reason: Reason | None
    error_code: str | None
    detail: str | None
    region: str | None
    started_at: datetime
    duration_ms: int

    @classmethod
    def of(
        cls,
        step: str,
        judgement: Judgement,
        *,
        started_at: datetime,
        duration_ms: int = 0,
        region: str | None = None,
    ) -> Self:
        """The step of an IAM action or trust check with its result. `duration_ms` is in
        milliseconds. Raises KeyError for a step that the catalog does not have.
        """
        return cls(
            step=step,
            group=group_of(step),
            verdict=judgement.verdict,
            ok=_ok(step, judgement.verdict),
            evidence=judgement.evidence,
            reason=_reason(step, judgement),
            error_code=judgement.error_code,
            detail=judgement.detail,
            region=region,
            started_at=_to_the_millisecond(started_at),
            duration_ms=duration_ms,
        )

    def predicted(self, verdict: Verdict, reason: Reason | None, detail: str) -> Self:
        """This inconclusive step with the verdict that the role's own policies give."""
        return replace(
            self,
            verdict=verdict,
            ok=_ok(self.step, verdict),
            evidence=Evidence.POLICY,
            reason=reason,
            detail=detail,
        )

    def as_dict(self) -> dict[str, Any]:
        """JSON form: ISO 8601 times, plain strings."""
        return asdict(self) | {"started_at": utc_text(self.started_at)}

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Self:
        """Reads `as_dict`. ValueError or KeyError for anything else."""
        return cls(
            step=data["step"],
            group=data["group"],
            verdict=Verdict(data["verdict"]),
            ok=data["ok"],
            evidence=Evidence(data["evidence"]),
            reason=Reason(data["reason"]) if data["reason"] else None,
            error_code=data["error_code"],
            detail=data["detail"],
            region=data["region"],
            started_at=datetime.fromisoformat(data["started_at"]),
            duration_ms=int(data["duration_ms"]),
        )


def _to_the_millisecond(at: datetime) -> datetime:
    """Rounded down as it is stored, so that a step looks the same during and after its test."""
    return at.replace(microsecond=at.microsecond // 1000 * 1000)


def _ok(step: str, verdict: Verdict) -> bool | None:
    if verdict in (Verdict.INCONCLUSIVE, Verdict.SKIPPED):
        return None
    return (verdict is Verdict.DENIED) == (step in REFUSALS_WANTED)


def _reason(step: str, judgement: Judgement) -> Reason | None:
    """A refused AssumeRole has one reason, whatever AWS's message says. An expected refusal has
    none.
    """
    if step in REFUSALS_WANTED:
        return {Verdict.ALLOWED: Reason.CONFUSED_DEPUTY, Verdict.DENIED: None}.get(
            judgement.verdict, judgement.reason
        )
    if step == ASSUME_ROLE and judgement.verdict is Verdict.DENIED:
        return Reason.ROLE_NOT_ASSUMABLE
    return judgement.reason
