"""Status, capabilities and issues of an account never contradict each other, whatever its tests
find.

Accounts and the tests that follow each other are made up. The sentences that must hold are
written down here, one a line.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from random import Random

from hypothesis import given, settings
from hypothesis import strategies as st

from cavok.domain import permissions
from cavok.domain.access_denied import Reason
from cavok.domain.accounts import (
    CONNECTED,
    UNKNOWN_CAPABILITIES,
    Account,
    Capability,
    Issue,
    Outcome,
    Severity,
    Status,
)
from cavok.domain.instances import InstanceKey
from cavok.domain.interactions import InteractionOutcome, interaction_of_test
from cavok.domain.kinds import Kind
from cavok.domain.regions import RegionHealth, RegionStatus
from cavok.domain.steps import (
    REFUSALS_WANTED,
    AskedResources,
    Evidence,
    Judgement,
    ResourceVerdict,
    Step,
    Verdict,
)
from cavok.domain.verifications import State, Trigger, Verification, finish
from tests.support.builders import NOW, REFUSALS, a_verification, an_account, an_account_with_keys

IDS = ("orders", "stock")
REGIONS = ("us-east-1", "eu-west-1")
KEYS = [InstanceKey(kind, region, i) for kind in Kind for region in REGIONS for i in IDS]
KIND_OF = {
    action: kind for kind in Kind for action in (kind.descriptor.start, kind.descriptor.stop)
}


@dataclass(frozen=True)
class Ended:
    """A test that ended with a verdict: the account before and after it, and the test."""

    before: Account
    after: Account
    verification: Verification
    under_control: frozenset[InstanceKey]

    @property
    def problems(self) -> list[Issue]:
        return [issue for issue in self.after.issues if issue.severity is Severity.PROBLEM]

    def issues_about(self, group: str) -> list[Issue]:
        """The issues that name a permission of the group."""
        actions = {step.step for step in self.verification.steps if step.group == group}
        return [
            issue
            for issue in self.after.issues
            if actions & set(re.findall(r"[a-z0-9]+:[A-Za-z]+", issue.message))
        ]

    def verdicts(self, group: str) -> set[Verdict]:
        return {step.verdict for step in self.verification.steps if step.group == group}


def resources(rng: Random, kind: Kind) -> tuple[Verdict, AskedResources]:
    """What a probe that names instances finds, as its verdict follows from it. Only dry runs skip
    an instance. Where all are skipped, an absent one was asked about.
    """
    some = [key for key in KEYS if key.kind is kind]
    may_be = ["allowed", "denied", "inconclusive", *["skipped"] * kind.descriptor.dry_run]
    found = {key: rng.choice(may_be) for key in some}
    reasons = {"denied": rng.choice(REFUSALS), "skipped": Reason.NOT_ASKABLE}
    verdicts = [
        ResourceVerdict(key.instance_id, key.region, Verdict(verdict), reasons.get(verdict))
        for key, verdict in found.items()
    ]
    counted = AskedResources.of(verdicts)
    if not counted.asked:
        return rng.choice([Verdict.ALLOWED, Verdict.DENIED, Verdict.INCONCLUSIVE]), counted
    return counted.verdict(listed=True, complete=True), counted


def judgement_of(rng: Random, step: str) -> Judgement:
    """An answer that a step may get."""
    found: AskedResources | None = None
    verdict = rng.choice([Verdict.ALLOWED, Verdict.DENIED, Verdict.INCONCLUSIVE])
    if step in KIND_OF and rng.random() < 0.5:
        verdict, found = resources(rng, KIND_OF[step])
    reason = None
    if verdict is Verdict.DENIED:
        reason = rng.choice(REFUSALS)
    elif verdict is Verdict.INCONCLUSIVE:
        reason = rng.choice([Reason.ERROR, Reason.NOT_PROVABLE, Reason.REGION_DISABLED])
    evidence = Evidence.NONE if verdict is Verdict.INCONCLUSIVE else Evidence.LIVE
    return Judgement(verdict=verdict, evidence=evidence, reason=reason, resources=found)


def steps_of(rng: Random, account: Account) -> list[Step]:
    """What a test brings back. Nine in ten times nothing is wrong with the trust; of the other
    steps, most work and each may be anything, or missing.
    """
    found = []
    trust_works = rng.randint(0, 9) > 0
    for step in permissions.STEPS:
        if step in permissions.TRUST_STEPS:
            wanted = Verdict.DENIED if step in REFUSALS_WANTED else Verdict.ALLOWED
            if account.role_name is None and step != permissions.ACCOUNT_MATCHES:
                continue
            judgement = (
                Judgement(verdict=wanted)
                if trust_works
                else Judgement(
                    verdict=rng.choice(list(Verdict)),
                    reason=Reason.WRONG_ACCOUNT if step == permissions.ACCOUNT_MATCHES else None,
                )
            )
        elif (permissions.group_with(step).needs_role and account.role_name is None) or (
            permissions.group_of(step) == "logs" and not account.write_logs
        ):
            continue
        elif rng.randint(0, 3):
            judgement = Judgement(verdict=Verdict.ALLOWED)
        elif rng.randint(0, 9) == 0:
            continue
        else:
            judgement = judgement_of(rng, step)
        found.append(Step.of(step, judgement, started_at=NOW, region="us-east-1"))
    return found


def health(rng: Random) -> list[RegionHealth]:
    if rng.random() < 0.5:
        return []
    return [
        RegionHealth(
            region,
            status := rng.choice(list(RegionStatus)),
            rng.choice(REFUSALS) if status is RegionStatus.REFUSED else None,
        )
        for region in REGIONS
    ]


def history(rng: Random) -> list[Ended]:
    """The tests with a verdict of one account, one after the other."""
    make = rng.choice([an_account, an_account_with_keys])
    account = make(write_logs=rng.random() < 0.5, regions=REGIONS)
    ended = []
    for _ in range(rng.randint(1, 4)):
        before = account
        under_control = frozenset(rng.sample(KEYS, rng.randint(0, 3)))
        account, verification = finish(
            before,
            a_verification(trigger=rng.choice(list(Trigger))),
            steps_of(rng, before),
            NOW,
            log_error=rng.choice([None, "States.Timeout: no answer"]),
            region_health=health(rng),
            under_control=under_control,
        )
        if verification.state is State.FINISHED:
            ended.append(Ended(before, account, verification, under_control))
        else:
            assert (account.status, account.issues) == (before.status, before.issues)
            assert account.capabilities == before.capabilities
    return ended


Sentence = Callable[[Ended], bool]

GROUPS = tuple(UNKNOWN_CAPABILITIES)
INSTANCES = ("ec2", "rds")


def each_group(holds: Callable[[Ended, str], bool]) -> Sentence:
    return lambda ended: all(holds(ended, group) for group in GROUPS)


def implies(given: object, then: object) -> bool:
    return not given or bool(then)


SENTENCES: dict[str, Sentence] = {
    "confirmed never stands with a problem": lambda t: implies(
        t.after.status is Status.CONFIRMED, not t.problems
    ),
    "degraded and failed say why": lambda t: implies(
        t.after.status in (Status.DEGRADED, Status.FAILED), t.problems
    ),
    "unconfirmed after a verdict says what was tried": lambda t: implies(
        t.after.status is Status.UNCONFIRMED, t.problems
    ),
    "the status is what the last verdict says, but for an account that was never entered": (
        lambda t: (
            t.after.status.value == t.verification.outcome
            or (
                t.verification.outcome is Outcome.FAILED
                and t.after.connected_at is None
                and t.after.status is t.before.status
            )
        )
    ),
    "only a connected account has capabilities": lambda t: implies(
        t.after.status not in CONNECTED, t.after.capabilities == UNKNOWN_CAPABILITIES
    ),
    "a failed account has no information beside what it failed by": lambda t: implies(
        t.after.status is Status.FAILED, t.problems == list(t.after.issues)
    ),
    "a problem comes before information": lambda t: (
        list(t.after.issues)
        == sorted(t.after.issues, key=lambda issue: issue.severity is not Severity.PROBLEM)
    ),
    "full means that all of the group is allowed and no issue is about it": each_group(
        lambda t, group: implies(
            t.after.capabilities[group] is Capability.FULL,
            t.verdicts(group) == {Verdict.ALLOWED} and not t.issues_about(group),
        )
    ),
    "partial names what is missing": each_group(
        lambda t, group: implies(
            t.after.capabilities[group] is Capability.PARTIAL, t.issues_about(group)
        )
    ),
    "none means that each permission of the group is refused": each_group(
        lambda t, group: implies(
            t.after.capabilities[group] is Capability.NONE, t.verdicts(group) == {Verdict.DENIED}
        )
    ),
    "unknown after a test of a connected account says why, or log writing is off": each_group(
        lambda t, group: implies(
            t.after.status in CONNECTED and t.after.capabilities[group] is Capability.UNKNOWN,
            any(issue.code == "permission_unproven" for issue in t.issues_about(group))
            or (group == "logs" and not t.after.write_logs),
        )
    ),
    "no step of a connected account says that the account could not be entered": lambda t: implies(
        t.after.status in CONNECTED,
        all(step.reason is not Reason.NOT_ENTERED for step in t.verification.steps),
    ),
    "a permission is not lost and allowed": lambda t: all(
        step.step not in issue.message
        for issue in t.after.issues
        if issue.code == "permission_lost"
        for step in t.verification.steps
        if step.verdict in (Verdict.ALLOWED, Verdict.PARTIAL)
        and not re.search(rf"{step.step}\w", issue.message)
    ),
    "only instances under control are a problem": lambda t: all(
        any(key.instance_id in issue.message for key in t.under_control)
        for issue in t.problems
        if issue.code == "instance_refused"
    ),
    "a refused instance under control is a problem": lambda t: implies(
        t.after.status in CONNECTED and refused_under_control(t),
        t.after.status is Status.DEGRADED,
    ),
    "log writing is refused only where it is on": lambda t: implies(
        not t.after.write_logs,
        all(issue.code != "log_writing_refused" for issue in t.after.issues),
    ),
    "every issue says what to do": lambda t: all(
        issue.message.endswith(".")
        and issue.remedy.endswith((".", "helps"))
        and "{" not in issue.message + issue.remedy
        for issue in t.after.issues
    ),
    "no issue is told twice": lambda t: len(set(t.after.issues)) == len(t.after.issues),
    "an interaction of a test says what the account says": lambda t: implies(
        (done := interaction_of_test(t.after, t.verification)),
        (t.after.status.value in str(done and done.detail))
        == (t.after.status.value == t.verification.outcome)
        and (done and done.outcome is InteractionOutcome.ACCEPTED) == (t.after.status in CONNECTED),
    ),
}


def refused_under_control(ended: Ended) -> bool:
    """By name, or as any instance of the kind is."""
    return any(
        InstanceKey(KIND_OF[step.step], each.region, each.id) in ended.under_control
        for step in ended.verification.steps
        if step.step in KIND_OF and step.resources
        for each in step.resources.examples
        if each.verdict is Verdict.DENIED
    ) or any(
        key.kind is KIND_OF[step.step]
        for key in ended.under_control
        for step in ended.verification.steps
        if step.step in KIND_OF
        and step.verdict is Verdict.DENIED
        and not (step.resources and step.resources.asked)
    )


@settings(max_examples=1500, deadline=None)
@given(st.integers(0, 2**32))
def test_what_an_account_says_of_itself_is_consistent(seed: int) -> None:
    for ended in history(Random(seed)):
        for sentence, holds in SENTENCES.items():
            assert holds(ended), sentence
