"""Dry runs of EC2's start and stop. A few calls, each for many instances, find the instances for
which AWS allows it.
"""

import secrets
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import nullcontext
from dataclasses import replace
from functools import partial
from itertools import count
from typing import Any

from cavok.adapters.aws_errors import AWS_ERRORS, code_and_message
from cavok.adapters.customer.probed_account import ProbedAccount
from cavok.domain.access_denied import OUT_OF_TIME, WORTH_REPEATING
from cavok.domain.dry_run_verdicts import (
    DRY_RUN,
    allowed_for_an_absent_one,
    answer_of,
    judge_findings,
    verdicts_of,
)
from cavok.domain.errors import OutOfTime
from cavok.domain.halving import Answer, Findings, Permitted, Unanswered, find_refused
from cavok.domain.steps import AskedResources, Judgement, Verdict, judge
from cavok.domain.survey import ASKED_ABOUT

RETRY_WAITS = (1.0, 2.0, 4.0)
"""Seconds until a throttled call is repeated. Earlier findings are kept."""

REGIONS_AT_ONCE = 4


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

    A call without an answer ends the search in its region. Earlier findings count, but if an
    instance was not asked about, the answer is neither `allowed` nor `denied`. Raises OutOfTime if
    the search takes too much of the processor's time.
    """
    asked = account.regions_with_instances
    if not asked:
        return _ask_about_one(operation, account)

    def search(region: str) -> Findings:
        answer = partial(_answer, account.session.client("ec2", region), operation, account, sleep)
        calls = count()

        def ask_once(ids: Sequence[str]) -> Answer:
            with account.further_call() if next(calls) else nullcontext():
                return answer(ids)

        return find_refused(account.survey.instances[region], ask_once)

    with ThreadPoolExecutor(REGIONS_AT_ONCE) as pool:
        found = pool.map(search, asked)
        findings = dict(zip(asked, found, strict=True))
    verdicts = verdicts_of(findings)
    resources = AskedResources.of(verdicts, account.survey.under_control.get(ASKED_ABOUT))
    if resources.asked:
        asked_in_part = bool(account.survey.asked_in_part)
        return judge_findings(findings, resources, account.unlisted, asked_in_part=asked_in_part)
    return replace(_ask_about_one(operation, account), resources=resources if verdicts else None)


def _ask_about_one(operation: str, account: ProbedAccount) -> Judgement:
    """Whether it is allowed for one instance: an absent one, if the test knows none. The answer
    says nothing about instances that the test does not know.
    """
    answer = _answer_about_one(operation, account)
    if answer.verdict is Verdict.ALLOWED and not account.knows_all_instances:
        return allowed_for_an_absent_one(account.unlisted)
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
        page = ec2.describe_instances(MaxResults=5)
        found = ASKED_ABOUT.descriptor.read_page(page).instances
    except AWS_ERRORS:
        found = ()  # reported by the step of ec2:DescribeInstances
    usable = (each.instance_id for each in found if ASKED_ABOUT.descriptor.lists(each))
    return next(usable, None) or _absent()


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
        return answer_of(*code_and_message(error), ids)
    return Permitted()


def _passing(answer: Answer) -> bool:
    return isinstance(answer, Unanswered) and answer.error_code in WORTH_REPEATING
