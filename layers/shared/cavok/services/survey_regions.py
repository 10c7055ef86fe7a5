"""Looking at each region of an account before its permissions are probed."""

import time
from collections.abc import Iterable, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor, wait
from dataclasses import dataclass, field, replace
from datetime import datetime
from functools import partial
from itertools import islice
from typing import Any, TypeVar

from cavok.adapters.customer.probed_account import ProbedAccount
from cavok.adapters.customer.session import CustomerSession
from cavok.adapters.customer.survey import MAX_PAGES, find_instances
from cavok.domain.access_denied import Reason
from cavok.domain.deadlines import NO_DEADLINE, Deadline, ProcessorTime
from cavok.domain.errors import OutOfTime
from cavok.domain.kinds import Kind
from cavok.domain.regions import REGIONS, UNUSABLE, RegionHealth, RegionStatus, judge_regions
from cavok.domain.resources import Resource
from cavok.domain.steps import Judgement, Verdict
from cavok.domain.survey import (
    ASKED_ABOUT,
    MAX_UNDER_CONTROL,
    SURVEYED,
    FoundInstances,
    Survey,
    ask_about,
)
from cavok.domain.template_versions import UNKNOWN, version_in
from cavok.domain.verifications import Trigger
from cavok.services.calls_at_once import call_at_once, no_answer_within

TIME_LIMIT_SECONDS = 15
"""Regions without an answer by then are unknown. The functions live longer."""

CALLS_BESIDE_OTHERS = 12
"""Calls at once in a scheduled test. With 20 regions all calls would take 40 threads, and those of
a sweep's page nearly all that Lambda allows (`AT_ONCE` in `services/sweep.py`).
"""

T = TypeVar("T")

_Look = Mapping[Kind, tuple[Judgement, FoundInstances]]
"""What each service answers in a region, and its instances there."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Role:
    """What is known of the role's inline policies: all documents and the version that they have,
    as in Survey; the name of one; and what reading them proves, by permission.
    """

    documents: tuple[Any, ...] | None = None
    template_version: int | None = None
    policy_name: str | None = None
    proved: Mapping[str, Judgement] = field(default_factory=dict)


def survey_regions(
    regions: Sequence[str],
    session: CustomerSession,
    resources: Iterable[Resource],
    *,
    trigger: Trigger,
    now: datetime,
    of_test: Deadline = NO_DEADLINE,
    share: ProcessorTime | None = None,
) -> Survey:
    """What each service answers in each of the account's regions, the instances to ask about, and
    the role's inline policies. `resources` are those of the account, oldest first. A person's test
    asks all regions at once. `of_test`: the deadline of the whole test. `share`: processor time for
    what comes after the first page of a list; null: as long as it takes.

    If the account's regions have no instance, a person's test looks for some in all others.
    """
    deadline = Deadline.after(min(TIME_LIMIT_SECONDS, of_test.left), time.monotonic)
    pool = ThreadPoolExecutor(1)
    policies = pool.submit(_inline_policies, session, deadline)
    by_person = trigger is Trigger.MANUAL
    calls = len(SURVEYED) * len(regions)
    at_once = calls if by_person else min(calls, CALLS_BESIDE_OTHERS)
    looks = _look(session, regions, at_once, deadline=deadline, share=share)
    wait([policies], timeout=deadline.left)
    pool.shutdown(wait=False)
    answers = {r: tuple(answer for answer, _ in looks[r].values()) for r in regions}
    health = judge_regions(answers)
    under_control = _under_control(islice(resources, MAX_UNDER_CONTROL), regions)
    listed = {region: look[ASKED_ABOUT] for region, look in looks.items()}
    asked = {
        region: ask_about(
            listed[region][1],
            under_control.get(ASKED_ABOUT, {}).get(region, ()),
            rotation=None if by_person else now.toordinal(),
        )
        for region in (h.region for h in health if h.status is RegionStatus.REACHABLE)
    }
    found = any(_has_instances(look) for look in looks.values())
    look_elsewhere = by_person and not found and _all_answered(health, answers)
    role = _result(policies, _Role())
    survey = Survey(
        region_health=health,
        instances={region: ids for region, ids in asked.items() if ids},
        under_control=under_control,
        asked_in_part=tuple(
            region
            for region, ids in asked.items()
            if listed[region][1].answered and listed[region][1].asked_in_part(ids)
        ),
        unlisted={
            region: listed[region][0].reason or Reason.ERROR
            for region in asked
            if not listed[region][1].answered
        },
        elsewhere=() if found else _elsewhere(session, regions) if look_elsewhere else None,
        inline_policies=role.documents,
        policy_name=role.policy_name,
        template_version=role.template_version,
    )
    return replace(survey, proved=_proved(role, looks, survey.probing_region(session.region)))


def _proved(role: _Role, looks: Mapping[str, _Look], region: str) -> dict[str, Judgement]:
    """What is certain of permissions that are probed in this region, and that the survey used."""
    described = {kind.descriptor.describe: answer for kind, (answer, _) in looks[region].items()}
    answers = {**described, **role.proved}
    certain = (Verdict.ALLOWED, Verdict.DENIED)
    return {action: answer for action, answer in answers.items() if answer.verdict in certain}


def _under_control(
    resources: Iterable[Resource], regions: Sequence[str]
) -> dict[Kind, dict[str, tuple[str, ...]]]:
    """IDs of the resources in these regions, by kind and region, in their order."""
    ids = {(kind, region): list[str]() for kind in Kind for region in regions}
    for each in resources:
        if each.region in regions:
            ids[each.kind, each.region].append(each.instance_id)
    return {
        kind: {region: tuple(ids[kind, region]) for region in regions if ids[kind, region]}
        for kind in Kind
    }


def _inline_policies(session: CustomerSession, deadline: Deadline) -> _Role:
    """Reads the role's inline policies. Then no step reads them again: each step of a person's test
    runs in a function of its own.
    """
    account = ProbedAccount(session=session, deadline=deadline)
    try:
        read = account.inline_policies()
    except OutOfTime:
        return _Role()
    role = _Role(policy_name=account.policy_name, proved=account.proved)
    if read.unanswered:
        return role
    if read.unread:
        return replace(role, template_version=UNKNOWN)
    return replace(role, documents=read.documents, template_version=version_in(read.documents))


def _all_answered(
    health: Sequence[RegionHealth], answers: Mapping[str, Sequence[Judgement]]
) -> bool:
    """Whether each region is certain to have no instance that Cavok could use."""
    return all(
        each.status in UNUSABLE
        or (
            each.status is RegionStatus.REACHABLE
            and all(a.verdict is not Verdict.INCONCLUSIVE for a in answers[each.region])
        )
        for each in health
    )


def _elsewhere(session: CustomerSession, regions: Sequence[str]) -> tuple[str, ...]:
    """The regions, of those that are not the account's, that have instances."""
    others = sorted(REGIONS - set(regions))
    deadline = Deadline.after(TIME_LIMIT_SECONDS, time.monotonic)
    looks = _look(session, others, len(SURVEYED) * len(others), pages=1, deadline=deadline)
    return tuple(region for region in others if _has_instances(looks[region]))


def _has_instances(look: _Look) -> bool:
    return any(found.exist for _, found in look.values())


def _look(
    session: CustomerSession,
    regions: Sequence[str],
    at_once: int,
    *,
    deadline: Deadline,
    pages: int = MAX_PAGES,
    share: ProcessorTime | None = None,
) -> dict[str, _Look]:
    """Answers by region, `at_once` of the calls at a time."""
    find = partial(find_instances, session, pages=pages, deadline=deadline, share=share)
    calls = {(region, kind): partial(find, region, kind) for kind in SURVEYED for region in regions}
    seconds = deadline.left
    ended = call_at_once(calls, at_once, seconds=seconds)
    nothing = (no_answer_within(round(seconds)), FoundInstances(answered=False))
    return {
        region: {
            kind: each.result() if (each := ended.get((region, kind))) else nothing
            for kind in SURVEYED
        }
        for region in regions
    }


def _result(answer: Future[T], otherwise: T) -> T:
    return answer.result() if answer.done() and not answer.cancelled() else otherwise
