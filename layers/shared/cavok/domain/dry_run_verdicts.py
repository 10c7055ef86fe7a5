"""What AWS's answers to dry runs of EC2's start and stop prove: for one call, for each instance,
and for the permission. Databases have no dry run: `policy_verdicts.py`.

`unlisted`: the regions whose instances could not all be listed, and why.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace

from cavok.domain.access_denied import (
    DENIED_CODES,
    MAX_MESSAGE,
    TRANSIENT_CODES,
    Reason,
    refusal_reason,
)
from cavok.domain.halving import (
    MAX_CALLS,
    Answer,
    Findings,
    Gone,
    Permitted,
    Refused,
    Unanswered,
    Unaskable,
)
from cavok.domain.steps import AskedResources, Evidence, Judgement, ResourceVerdict, Verdict, judge
from cavok.domain.survey import ASKED_ABOUT

DRY_RUN = "DryRunOperation"
"""AWS's answer to a dry run of a call that is allowed."""

REFUSED = "UnauthorizedOperation"
"""EC2's code for a call that is not allowed."""

_UNASKABLE = frozenset({"IncorrectInstanceState", "OperationNotPermitted", "UnsupportedOperation"})
"""Answers about an existing instance to which the operation does not apply, because it is
terminated, protected from being stopped, or a Spot instance of a one-time request. Source: EC2 API
Reference, "Error codes".
"""

_INSTANCE = re.compile(r"\bi-[0-9a-f]{8,17}\b")
_REFUSED_INSTANCE = re.compile(r":instance/(i-[0-9a-f]{8,17})\b")


def answer_of(error_code: str, message: str, ids: Sequence[str]) -> Answer:
    """What AWS's answer to a dry run says about the instances that the call named."""
    if error_code == DRY_RUN:
        return Permitted()
    message = message[:MAX_MESSAGE]
    if error_code in DENIED_CODES:
        reason, named = refusal_reason(message), _REFUSED_INSTANCE.search(message)
        if reason is Reason.SESSION_POLICY:  # Cavok's own
            return Unanswered(error_code, message)
        return Refused(reason, message, named[1] if named else None)
    about = frozenset(_INSTANCE.findall(message)) & frozenset(ids)
    if error_code in ASKED_ABOUT.descriptor.absent:
        return Gone(about)
    if error_code in _UNASKABLE or (about and error_code not in TRANSIENT_CODES):
        return Unaskable(about)
    return Unanswered(error_code, message)


def judge_findings(
    findings: Mapping[str, Findings],
    resources: AskedResources,
    unlisted: Mapping[str, Reason],
    *,
    asked_in_part: bool,
) -> Judgement:
    """One answer for all regions, in which some instances were asked about. `asked_in_part`: a
    region has more instances than the test asks about, or one that could not be read.
    """
    in_part = asked_in_part or any(found.unreached for found in findings.values())
    verdict = resources.verdict(listed=not unlisted, complete=not in_part)
    counted = f"AWS allows it for {resources.allowed} of {resources.asked} instances."
    if verdict is Verdict.ALLOWED:
        detail = f"{counted} Others were not asked about." if in_part else counted
        return Judgement(verdict=verdict, error_code=DRY_RUN, detail=detail, resources=resources)
    if verdict is Verdict.INCONCLUSIVE:
        return replace(_undecided(findings, unlisted, resources, counted), resources=resources)
    refused = _first_refused(findings, resources)
    judgement = judge(REFUSED, refused.message)
    if verdict is Verdict.DENIED:
        return replace(judgement, resources=resources)
    return Judgement(
        verdict=verdict,
        reason=_why_in_part(findings, unlisted),
        error_code=judgement.error_code,
        detail=f"{counted} {judgement.detail}",
        resources=resources,
    )


def verdicts_of(findings: Mapping[str, Findings]) -> list[ResourceVerdict]:
    """The verdict on each instance, by region."""
    return [each for region, found in findings.items() for each in _verdicts(region, found)]


def allowed_for_an_absent_one(unlisted: Mapping[str, Reason]) -> Judgement:
    """What an allowed call for a nonexistent instance means, in an account that may have instances
    that the test does not know.
    """
    others = _others_unlisted(unlisted) if unlisted else _OTHERS_LEFT_OUT
    return Judgement(
        verdict=Verdict.INCONCLUSIVE,
        evidence=Evidence.NONE,
        reason=_why_unlisted(unlisted),
        error_code=DRY_RUN,
        detail=f"AWS allows it for an instance that does not exist. {others}",
    )


_OTHERS_LEFT_OUT = (
    "Others were not asked about: AWS's description of one could not be read, or the region has "
    "more than a test lists."
)


def _verdicts(region: str, found: Findings) -> Iterator[ResourceVerdict]:
    for each, refused in found.refused.items():
        yield ResourceVerdict(each, region, Verdict.DENIED, refused.reason)
    for each in found.undecided:
        yield ResourceVerdict(each, region, Verdict.INCONCLUSIVE, Reason.NOT_PROVABLE)
    for each in found.allowed:
        yield ResourceVerdict(each, region, Verdict.ALLOWED)
    for each in found.skipped:
        yield ResourceVerdict(each, region, Verdict.SKIPPED, Reason.NOT_ASKABLE)
    for each in found.unreached:
        yield ResourceVerdict(each, region, Verdict.SKIPPED, Reason.NOT_PROVABLE)


def _why_in_part(findings: Mapping[str, Findings], unlisted: Mapping[str, Reason]) -> Reason | None:
    """`error` if the next test may know more of the others."""
    reasons = {each.reason for each in _unproven(findings)}
    return Reason.ERROR if Reason.ERROR in {*reasons, *unlisted.values()} else None


def _unproven(findings: Mapping[str, Findings]) -> list[Judgement]:
    """The answers that prove nothing. Those that may pass come first."""
    answers = [each.unanswered for each in findings.values() if each.unanswered]
    judgements = [judge(each.error_code, each.message) for each in answers]
    return sorted(judgements, key=lambda each: each.reason is not Reason.ERROR)


def _why_unlisted(unlisted: Mapping[str, Reason]) -> Reason:
    """`error` if AWS did not answer: the next test may know more. Otherwise AWS refused a list."""
    unanswered = Reason.ERROR in unlisted.values()
    return Reason.ERROR if unanswered else Reason.NOT_PROVABLE


def _others_unlisted(unlisted: Mapping[str, Reason]) -> str:
    return f"Those in {', '.join(unlisted)} could not all be listed."


def _first_refused(findings: Mapping[str, Findings], resources: AskedResources) -> Refused:
    """The refusal of the instance that a step names first."""
    first = resources.examples[0]
    return findings[first.region].refused[first.id]


def _undecided(
    findings: Mapping[str, Findings],
    unlisted: Mapping[str, Reason],
    resources: AskedResources,
    counted: str,
) -> Judgement:
    """Why it is inconclusive: an answer that proves nothing, instances that could not be listed, or
    too many to ask about.
    """
    if unproven := _unproven(findings):
        answer = unproven[0]
        detail = f"{counted} The answer about others: {answer.detail}"
        return replace(
            answer,
            reason=_why_in_part(findings, unlisted) or answer.reason,
            detail=detail if resources.allowed else answer.detail,
        )
    if unlisted:
        return Judgement(
            verdict=Verdict.INCONCLUSIVE,
            evidence=Evidence.NONE,
            reason=_why_unlisted(unlisted),
            error_code=DRY_RUN if resources.allowed else REFUSED,
            detail=f"{counted} {_others_unlisted(unlisted)}",
        )
    return Judgement(
        verdict=Verdict.INCONCLUSIVE,
        evidence=Evidence.NONE,
        reason=Reason.NOT_PROVABLE,
        error_code=REFUSED,
        detail=(
            f"AWS refuses it for {resources.denied} of the {resources.asked} instances that Cavok "
            "knows of, and allows it for none. Others were not asked about: the region has more "
            f"than a test asks about, {MAX_CALLS} calls did not suffice, or AWS's description of "
            "one could not be read. Where one of them is under Cavok's control, a test asks about "
            "it first."
        ),
    )
