"""Dry runs of EC2's start and stop. Few calls, which name many instances each, find those for which
AWS allows it.
"""

import re
import secrets
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from functools import partial
from typing import Any

from cavok.adapters.aws_errors import AWS_ERRORS, code_and_message
from cavok.adapters.customer.probed_account import ProbedAccount
from cavok.domain.access_denied import (
    DENIED_CODES,
    MAX_MESSAGE,
    OUT_OF_TIME,
    TRANSIENT_CODES,
    WORTH_REPEATING,
    Reason,
    refusal_reason,
)
from cavok.domain.errors import OutOfTime
from cavok.domain.halving import (
    MAX_CALLS,
    Answer,
    Findings,
    Gone,
    Permitted,
    Refused,
    Unanswered,
    Unaskable,
    find_refused,
)
from cavok.domain.kinds import Kind
from cavok.domain.steps import Evidence, Judgement, Resources, ResourceVerdict, Verdict, judge

DRY_RUN = "DryRunOperation"
"""AWS's answer to a dry run of a call that is allowed."""

REFUSED = "UnauthorizedOperation"
"""EC2's code for a call that is not allowed."""

RETRY_WAITS = (1.0, 2.0, 4.0)
"""Seconds until a throttled call is repeated. What was found before is kept."""

REGIONS_AT_ONCE = 4

_UNASKABLE = frozenset({"IncorrectInstanceState", "OperationNotPermitted", "UnsupportedOperation"})
"""Answers about an existing instance to which the operation does not apply: one that is terminated
or protected from being stopped, a Spot instance of a one-time request. Source: EC2 API Reference,
"Error codes".
"""

_INSTANCE = re.compile(r"\bi-[0-9a-f]{8,17}\b")
_REFUSED_INSTANCE = re.compile(r":instance/(i-[0-9a-f]{8,17})\b")


def dry_run_only(ec2: Any, operation: str, instance_ids: Sequence[str]) -> None:
    """Calls an EC2 operation that changes instances, always as a dry run. No other probe calls
    one.
    """
    getattr(ec2, operation)(InstanceIds=list(instance_ids), DryRun=True)


def ask(
    operation: str, account: ProbedAccount, sleep: Callable[[float], None] = time.sleep
) -> Judgement:
    """Whether an operation is allowed for the instances that the survey names, in all reachable
    regions; else for the instance that `_an_instance` finds.

    A call without an answer ends the search in its region. What was found before counts, but if an
    instance was not asked about, the answer is neither `allowed` nor `denied`.
    """
    # Clients are made first: threads must not make them at once.
    asked = {
        region: account.session.client("ec2", region) for region in account.regions_with_instances
    }
    if not asked:
        return _ask_about_one(operation, account)
    with ThreadPoolExecutor(REGIONS_AT_ONCE) as pool:
        found = pool.map(
            lambda region: find_refused(
                account.survey.instances[region],
                partial(_answer, asked[region], operation, account, sleep),
            ),
            asked,
        )
        findings = dict(zip(asked, found, strict=True))
    verdicts = [each for region, found in findings.items() for each in _verdicts(region, found)]
    resources = Resources.of(verdicts, account.survey.under_control)
    if resources.asked:
        return _judgement(findings, resources, account)
    return replace(_ask_about_one(operation, account), resources=resources if verdicts else None)


def _ask_about_one(operation: str, account: ProbedAccount) -> Judgement:
    """Whether it is allowed for one instance: an absent one, if the test knows of none. An answer
    for one says nothing about instances that the test does not know of.
    """
    answer = _answer_about_one(operation, account)
    if answer.verdict is Verdict.ALLOWED and not account.knows_all_instances:
        unlisted = _others_unlisted(account) if account.unlisted else ""
        return Judgement(
            verdict=Verdict.INCONCLUSIVE,
            evidence=Evidence.NONE,
            reason=_why_unlisted(account),
            error_code=DRY_RUN,
            detail=f"AWS allows it for an instance that does not exist. {unlisted}".strip(),
        )
    return answer


def _answer_about_one(operation: str, account: ProbedAccount) -> Judgement:
    ec2 = account.session.client("ec2")
    instance_id = _absent() if account.survey.region_health else _an_instance(ec2)
    account.deadline.check()
    try:
        dry_run_only(ec2, operation, [instance_id])
    except AWS_ERRORS as error:
        return judge(*code_and_message(error), proofs=frozenset({DRY_RUN}))
    return Judgement(verdict=Verdict.ALLOWED)


def _absent() -> str:
    """A well-formed ID that no instance has."""
    return f"i-{secrets.token_hex(9)[:17]}"


def _an_instance(ec2: Any) -> str:
    """The ID of an existing instance, because EC2 may look for the instance before it checks the
    permission. A random ID if there is none.
    """
    try:
        reservations = ec2.describe_instances(MaxResults=5)["Reservations"]
    except AWS_ERRORS:
        reservations = []  # reported by the step of ec2:DescribeInstances
    usable = [
        instance["InstanceId"]
        for reservation in reservations
        for instance in reservation["Instances"]
        if instance["State"]["Name"] not in ("terminated", "shutting-down")
    ]
    return usable[0] if usable else _absent()


def _answer(
    ec2: Any,
    operation: str,
    account: ProbedAccount,
    sleep: Callable[[float], None],
    ids: Sequence[str],
) -> Answer:
    """AWS's answer to one dry run. A throttled one is repeated."""
    for wait in RETRY_WAITS:
        answer = _answer_once(ec2, operation, account, ids)
        if not _passing(answer) or wait > account.deadline.left:
            return answer
        sleep(wait)
    return _answer_once(ec2, operation, account, ids)


def _answer_once(ec2: Any, operation: str, account: ProbedAccount, ids: Sequence[str]) -> Answer:
    try:
        account.deadline.check()
        dry_run_only(ec2, operation, ids)
    except OutOfTime as error:
        return Unanswered(OUT_OF_TIME, str(error))
    except AWS_ERRORS as error:
        return _read(*code_and_message(error), ids)
    return Permitted()


def _passing(answer: Answer) -> bool:
    return isinstance(answer, Unanswered) and answer.error_code in WORTH_REPEATING


def _read(error_code: str, message: str, ids: Sequence[str]) -> Answer:
    if error_code == DRY_RUN:
        return Permitted()
    message = message[:MAX_MESSAGE]
    if error_code in DENIED_CODES:
        named = _REFUSED_INSTANCE.search(message)
        return Refused(refusal_reason(message), message, named[1] if named else None)
    about = frozenset(_INSTANCE.findall(message)) & frozenset(ids)
    if error_code in Kind.EC2.descriptor.absent:
        return Gone(about)
    if error_code in _UNASKABLE or (about and error_code not in TRANSIENT_CODES):
        return Unaskable(about)
    return Unanswered(error_code, message)


def _judgement(
    findings: Mapping[str, Findings], resources: Resources, account: ProbedAccount
) -> Judgement:
    """One answer for all regions."""
    in_part = account.survey.asked_in_part or any(found.unreached for found in findings.values())
    verdict = resources.verdict(listed=not account.unlisted, complete=not in_part)
    counted = f"AWS allows it for {resources.allowed} of {resources.asked} instances."
    if verdict is Verdict.ALLOWED:
        return Judgement(verdict=verdict, error_code=DRY_RUN, detail=counted, resources=resources)
    if verdict is Verdict.INCONCLUSIVE:
        return replace(_undecided(findings, account, resources, counted), resources=resources)
    refused = _first_refused(findings, resources)
    judgement = judge(REFUSED, refused.message)
    if verdict is Verdict.DENIED:
        return replace(judgement, resources=resources)
    return Judgement(
        verdict=verdict,
        error_code=judgement.error_code,
        detail=f"{counted} {judgement.detail}",
        resources=resources,
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


def _why_unlisted(account: ProbedAccount) -> Reason:
    """`error` if AWS did not answer: the next test may know more. Otherwise AWS refused a list."""
    unanswered = Reason.ERROR in account.unlisted.values()
    return Reason.ERROR if unanswered else Reason.NOT_PROVABLE


def _others_unlisted(account: ProbedAccount) -> str:
    return f"Those in {', '.join(account.unlisted)} could not all be listed."


def _first_refused(findings: Mapping[str, Findings], resources: Resources) -> Refused:
    """The refusal of the instance that a step names first."""
    first = resources.examples[0]
    return findings[first.region].refused[first.id]


def _undecided(
    findings: Mapping[str, Findings], account: ProbedAccount, resources: Resources, counted: str
) -> Judgement:
    """Why it is inconclusive: an answer that proves nothing, instances that could not be listed, or
    too many to ask about.
    """
    for found in findings.values():
        if found.unanswered:
            answer = judge(found.unanswered.error_code, found.unanswered.message)
            detail = f"{counted} The answer about others: {answer.detail}"
            return replace(answer, detail=detail if resources.allowed else answer.detail)
    if account.unlisted:
        return Judgement(
            verdict=Verdict.INCONCLUSIVE,
            evidence=Evidence.NONE,
            reason=_why_unlisted(account),
            error_code=DRY_RUN if resources.allowed else REFUSED,
            detail=f"{counted} {_others_unlisted(account)}",
        )
    return Judgement(
        verdict=Verdict.INCONCLUSIVE,
        evidence=Evidence.NONE,
        reason=Reason.NOT_PROVABLE,
        error_code=REFUSED,
        detail=(
            f"AWS refuses it for {resources.denied} of the {resources.asked} instances that Cavok "
            "knows of, and allows it for none. Others were not asked about: the region has more "
            f"than a test asks about, or {MAX_CALLS} calls did not suffice. Where one of them is "
            "under Cavok's control, a test asks about it first."
        ),
    )
