"""One step of a verification: what was tried, and what AWS's answer proves."""

from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence, Set
from dataclasses import asdict, dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any, Self

from cavok.domain.access_denied import (
    DENIED_CODES,
    OUT_OF_TIME,
    PASSING_CODES,
    TRANSIENT_CODES,
    Reason,
    refusal_reason,
)
from cavok.domain.permissions import (
    ASSUME_ROLE,
    WITH_WRONG_EXTERNAL_ID,
    WITHOUT_EXTERNAL_ID,
    group_of,
)
from cavok.domain.times import utc_text


class Verdict(StrEnum):
    """What AWS's answer proves. `partial`: allowed for some of the resources in question.
    `inconclusive`: nothing. `skipped`: the step was not tried.
    """

    ALLOWED = "allowed"
    PARTIAL = "partial"
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

PROGRESS_KEPT_FOR = timedelta(days=1)
"""How long the steps of a running test are kept. When it ends, they are stored with it."""

_DETAIL_LIMIT = 1500

MAX_EXAMPLES = 20
"""Resources that a step names. A role may be limited to a few of thousands."""


@dataclass(frozen=True, slots=True)
class ResourceVerdict:
    """Whether a permission holds for one resource. `id` is an instance ID or a database's name. One
    that could not be asked about is skipped.
    """

    id: str
    region: str
    verdict: Verdict
    reason: Reason | None = None


@dataclass(frozen=True, slots=True)
class AskedResources:
    """For how many resources a permission was checked, and for how many it is allowed and denied.
    Resources whose answer proved nothing count as neither. `examples` lists denied ones first, and
    of these the ones under Cavok's control. It names as many as fit of those under control that are
    not allowed.
    """

    asked: int
    allowed: int
    denied: int
    examples: tuple[ResourceVerdict, ...] = ()

    @classmethod
    def of(
        cls,
        verdicts: Sequence[ResourceVerdict],
        under_control: Mapping[str, Collection[str]] | None = None,
    ) -> Self:
        """Counts verdicts, and keeps at most MAX_EXAMPLES of them as examples. `under_control` has
        the IDs of the resources under Cavok's control, by region.
        """
        controlled = under_control or {}
        counts = Counter(each.verdict for each in verdicts)

        def rank(each: ResourceVerdict) -> tuple[bool, ...]:
            other = each.id not in controlled.get(each.region, ())
            return (
                other or each.verdict is Verdict.ALLOWED,
                each.verdict is not Verdict.DENIED,
                other,
                each.verdict is Verdict.SKIPPED,
            )

        shown = sorted(verdicts, key=rank)[:MAX_EXAMPLES]
        return cls(
            asked=len(verdicts) - counts[Verdict.SKIPPED],
            allowed=counts[Verdict.ALLOWED],
            denied=counts[Verdict.DENIED],
            examples=tuple(sorted(shown, key=lambda each: each.verdict is not Verdict.DENIED)),
        )

    def verdict(self, *, listed: bool, complete: bool) -> Verdict:
        """The verdict for all of them together.

        listed    whether nothing is hidden, as in a region that did not answer. Without that, the
                  answers say nothing about the others.
        complete  whether these are all there are. A sample may be allowed, but never denied.

        Partial takes at least one that is allowed and one that is denied. If some proved nothing
        and the others agree, the verdict is inconclusive.
        """
        if self.allowed and self.denied:
            return Verdict.PARTIAL
        if self.allowed and self.allowed == self.asked and listed:
            return Verdict.ALLOWED
        if self.denied and self.denied == self.asked and listed and complete:
            return Verdict.DENIED
        return Verdict.INCONCLUSIVE

    def doubting(self, keys: Collection[tuple[str, str]]) -> Self:
        """These resources, where `allowed` proves nothing for `keys` (region and ID). A resource
        that no example names counts as allowed if there are more than the examples.
        """
        shown = {(each.region, each.id): each.verdict for each in self.examples}
        named = sum(verdict is not Verdict.SKIPPED for verdict in shown.values())
        hidden = Verdict.ALLOWED if named < self.asked else None
        doubts = {key for key in keys if shown.get(key, hidden) is Verdict.ALLOWED}
        others = (each for each in self.examples if (each.region, each.id) not in doubts)
        unknown = (
            ResourceVerdict(name, region, Verdict.INCONCLUSIVE, Reason.NOT_PROVABLE)
            for region, name in sorted(doubts)
        )
        examples = sorted((*unknown, *others), key=lambda each: each.verdict is not Verdict.DENIED)
        return replace(
            self, allowed=self.allowed - len(doubts), examples=tuple(examples[:MAX_EXAMPLES])
        )

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Self:
        """Reads the JSON form. ValueError or KeyError for anything else."""
        return cls(
            asked=int(data["asked"]),
            allowed=int(data["allowed"]),
            denied=int(data["denied"]),
            examples=tuple(
                ResourceVerdict(
                    id=each["id"],
                    region=each["region"],
                    verdict=Verdict(each["verdict"]),
                    reason=Reason(each["reason"]) if each["reason"] else None,
                )
                for each in data["examples"]
            ),
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Judgement:
    """What one answer of AWS proves. `detail` is AWS's own message. `resources` is null if the
    permission was not asked for named resources.
    """

    verdict: Verdict
    evidence: Evidence = Evidence.LIVE
    reason: Reason | None = None
    error_code: str | None = None
    detail: str | None = None
    resources: AskedResources | None = None

    @property
    def passing(self) -> bool:
        """Whether AWS may answer otherwise in a moment."""
        return self.error_code in TRANSIENT_CODES

    @property
    def stays(self) -> bool:
        """Whether it is an error other than a refusal that only the customer can end, such as a
        used-up quota.
        """
        ours = self.reason is Reason.SESSION_POLICY
        return self.verdict is Verdict.INCONCLUSIVE and not self.passing and not ours


ALLOWED = Judgement(verdict=Verdict.ALLOWED)


def judge(error_code: str, message: str, proofs: Set[str] = frozenset()) -> Judgement:
    """What an AWS error proves. `proofs` are codes that only authorized callers receive, such as
    DryRunOperation. A refusal by the session policy proves nothing: that policy is Cavok's own.
    """
    detail = message[:_DETAIL_LIMIT]
    if error_code in proofs:
        return Judgement(verdict=Verdict.ALLOWED, error_code=error_code, detail=detail)
    refused = refusal_reason(message) if error_code in DENIED_CODES else None
    if refused and refused is not Reason.SESSION_POLICY:
        return Judgement(
            verdict=Verdict.DENIED, reason=refused, error_code=error_code, detail=detail
        )
    if refused:
        reason = refused
    elif error_code in REGION_DISABLED_CODES:
        reason = Reason.REGION_DISABLED
    else:
        reason = Reason.ERROR if error_code in PASSING_CODES else Reason.NOT_PROVABLE
    return Judgement(
        verdict=Verdict.INCONCLUSIVE,
        evidence=Evidence.NONE,
        reason=reason,
        error_code=error_code,
        detail=detail,
    )


def out_of_time(detail: str) -> Judgement:
    """The result of a step for which the test had no time left."""
    return judge(OUT_OF_TIME, detail)


def skipped(reason: Reason, detail: str | None = None) -> Judgement:
    """The result of a step that was not tried, and why."""
    return Judgement(verdict=Verdict.SKIPPED, evidence=Evidence.NONE, reason=reason, detail=detail)


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """A step as the API shows it. `ok` is null if the step is inconclusive or skipped, and true if
    it is partial. Times are UTC.
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
    resources: AskedResources | None = None

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
            resources=judgement.resources,
        )

    def predicted(
        self,
        verdict: Verdict,
        reason: Reason | None,
        detail: str,
        resources: AskedResources | None = None,
    ) -> Self:
        """This step with the verdict that the role's own policies give, on `resources` if these are
        known. It proves nothing if they decide nothing.
        """
        known = verdict is not Verdict.INCONCLUSIVE
        return replace(
            self,
            verdict=verdict,
            ok=_ok(self.step, verdict),
            evidence=Evidence.POLICY if known else Evidence.NONE,
            reason=reason,
            detail=detail[:_DETAIL_LIMIT],
            resources=resources,
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
            resources=AskedResources.from_dict(found) if (found := data.get("resources")) else None,
        )


def refused_by_us(steps: Iterable[Step]) -> set[str]:
    """The steps that Cavok's own session policy refused."""
    return {step.step for step in steps if step.reason is Reason.SESSION_POLICY}


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
