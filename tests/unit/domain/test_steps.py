"""Steps: what is good about an answer, and the JSON they travel as."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC
from itertools import product

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cavok.domain import permissions
from cavok.domain.access_denied import Reason
from cavok.domain.steps import (
    MAX_EXAMPLES,
    REFUSALS_WANTED,
    AskedResources,
    Evidence,
    Judgement,
    ResourceVerdict,
    Step,
    Verdict,
    judge,
    out_of_time,
    skipped,
)
from tests.support.builders import NOW, a_step

JUDGEMENTS = st.builds(
    Judgement,
    verdict=st.sampled_from(Verdict),
    evidence=st.sampled_from(Evidence),
    reason=st.none() | st.sampled_from(Reason),
    error_code=st.none() | st.text(max_size=40),
    detail=st.none() | st.text(max_size=200),
    resources=st.none()
    | st.builds(
        AskedResources,
        st.integers(0, 9),
        st.integers(0, 9),
        st.integers(0, 9),
        st.lists(
            st.builds(
                ResourceVerdict,
                st.text(max_size=9),
                st.just("eu-west-1"),
                st.sampled_from(Verdict),
                st.none() | st.sampled_from(Reason),
            ),
            max_size=3,
        ).map(tuple),
    ),
)
STEPS = st.builds(
    Step.of,
    st.sampled_from(permissions.STEPS),
    JUDGEMENTS,
    started_at=st.datetimes(timezones=st.just(UTC)),
    duration_ms=st.integers(0, 10**6),
    region=st.none() | st.just("eu-west-1"),
)


@given(STEPS)
def test_a_step_survives_its_way_through_the_workflow_as_json(step: Step) -> None:
    assert Step.from_dict(json.loads(json.dumps(step.as_dict()))) == step


def test_times_are_written_in_utc_as_the_api_shows_them() -> None:
    assert a_step("ec2:StopInstances").as_dict()["started_at"] == "2025-03-01T12:00:00Z"


@pytest.mark.parametrize("damage", [{"verdict": "perhaps"}, {"started_at": "yesterday"}])
def test_what_is_no_step_is_refused(damage: dict[str, str]) -> None:
    with pytest.raises(ValueError, match=r"perhaps|yesterday"):
        Step.from_dict(a_step("ec2:StopInstances").as_dict() | damage)


@pytest.mark.parametrize("step", sorted(set(permissions.STEPS) - REFUSALS_WANTED))
def test_a_permission_is_good_where_it_is_allowed(step: str) -> None:
    assert a_step(step, Verdict.ALLOWED).ok is True
    assert a_step(step, Verdict.DENIED).ok is False


@pytest.mark.parametrize("step", sorted(REFUSALS_WANTED))
def test_a_role_is_good_where_it_refuses_whoever_lacks_the_external_id(step: str) -> None:
    refused, open_to_all = a_step(step, Verdict.DENIED), a_step(step, Verdict.ALLOWED)

    assert (refused.ok, refused.reason) == (True, None)
    assert (open_to_all.ok, open_to_all.reason) == (False, Reason.CONFUSED_DEPUTY)


@given(STEPS)
def test_only_an_answer_is_good_or_bad(step: Step) -> None:
    assert (step.ok is None) == (step.verdict in (Verdict.INCONCLUSIVE, Verdict.SKIPPED))


def test_a_refused_assume_role_blames_the_role_as_a_whole() -> None:
    """AWS does not tell a missing role from a wrong trust policy or another external ID."""
    message = "because no identity-based policy allows the sts:AssumeRole action"
    step = Step.of(permissions.ASSUME_ROLE, judge("AccessDenied", message), started_at=NOW)

    assert step.reason is Reason.ROLE_NOT_ASSUMABLE


def test_a_prediction_says_that_it_is_one() -> None:
    live = a_step("ec2:StopInstances", Verdict.INCONCLUSIVE, Reason.NOT_PROVABLE)

    step = live.predicted(Verdict.ALLOWED, None, "The role's inline policies allow it.")

    assert (step.evidence, step.verdict, step.ok) == (Evidence.POLICY, Verdict.ALLOWED, True)
    assert (step.started_at, step.duration_ms) == (live.started_at, live.duration_ms)


STOP = "rds:StopDBInstance"
TWO = AskedResources(2, 1, 1, (ResourceVerdict("orders", "eu-west-1", Verdict.DENIED),))


@pytest.mark.parametrize(
    ("verdict", "evidence", "ok"),
    [
        (Verdict.ALLOWED, Evidence.POLICY, True),
        (Verdict.PARTIAL, Evidence.POLICY, True),
        (Verdict.DENIED, Evidence.POLICY, False),
        (Verdict.INCONCLUSIVE, Evidence.NONE, None),
    ],
)
def test_a_prediction_replaces_what_the_call_said(
    verdict: Verdict, evidence: Evidence, ok: bool | None
) -> None:
    called = a_step(STOP, Verdict.INCONCLUSIVE, Reason.ERROR, error_code="Throttling", detail="no")

    predicted = called.predicted(verdict, Reason.IDENTITY_POLICY, "x" * 2000, TWO)

    assert predicted == replace(
        called,
        verdict=verdict,
        evidence=evidence,
        ok=ok,
        reason=Reason.IDENTITY_POLICY,
        detail="x" * 1500,
        resources=TWO,
    )


def test_what_an_answer_proves_is_said_in_awss_words() -> None:
    proof = judge("DryRunOperation", "Would have succeeded.", {"DryRunOperation"})

    assert proof == Judgement(
        verdict=Verdict.ALLOWED, error_code="DryRunOperation", detail="Would have succeeded."
    )
    assert judge("Throttling", "y" * 2000).detail == "y" * 1500


def test_a_refusal_keeps_awss_code_words_and_reason() -> None:
    message = "User: x is not authorized because no permissions boundary allows the y action"

    assert judge("AccessDenied", message) == Judgement(
        verdict=Verdict.DENIED,
        evidence=Evidence.LIVE,
        reason=Reason.PERMISSIONS_BOUNDARY,
        error_code="AccessDenied",
        detail=message,
    )


def test_an_answer_that_proves_nothing_is_no_evidence() -> None:
    assert judge("Surprise", "What?") == Judgement(
        verdict=Verdict.INCONCLUSIVE,
        evidence=Evidence.NONE,
        reason=Reason.NOT_PROVABLE,
        error_code="Surprise",
        detail="What?",
    )
    assert out_of_time("Too late.") == Judgement(
        verdict=Verdict.INCONCLUSIVE,
        evidence=Evidence.NONE,
        reason=Reason.ERROR,
        error_code="OutOfTime",
        detail="Too late.",
    )


def test_what_was_skipped_is_no_evidence() -> None:
    assert skipped(Reason.NOT_ENTERED, "why") == Judgement(
        verdict=Verdict.SKIPPED, evidence=Evidence.NONE, reason=Reason.NOT_ENTERED, detail="why"
    )


def test_every_step_belongs_to_a_group() -> None:
    groups = {permissions.group_of(step) for step in permissions.STEPS}

    assert groups == {"trust", *(group.group for group in permissions.GRANTED_GROUPS)}
    with pytest.raises(KeyError):
        permissions.group_of("s3:GetObject")


def test_a_prediction_of_a_refusal_that_is_wanted_is_right() -> None:
    wanted = a_step(permissions.WITHOUT_EXTERNAL_ID, Verdict.INCONCLUSIVE)

    assert wanted.predicted(Verdict.DENIED, None, "No.").ok is True
    assert wanted.predicted(Verdict.ALLOWED, None, "Yes.").ok is False


def refused_in(region: str, *ids: str) -> list[ResourceVerdict]:
    return [ResourceVerdict(each, region, Verdict.DENIED, Reason.IDENTITY_POLICY) for each in ids]


def test_the_examples_begin_with_what_is_refused_and_under_control() -> None:
    others = refused_in("us-east-1", *(f"i-{number}" for number in range(MAX_EXAMPLES)))
    verdicts = [
        ResourceVerdict("i-a", "us-east-1", Verdict.ALLOWED),
        *others,
        *refused_in("eu-west-1", "i-x", "i-y"),
    ]

    found = AskedResources.of(verdicts, {"eu-west-1": ("i-y",), "us-east-1": ("i-a", "i-x")})

    assert (found.asked, found.allowed, found.denied) == (23, 1, 22)
    assert len(found.examples) == MAX_EXAMPLES
    assert [each.id for each in found.examples[:2]] == ["i-y", "i-0"]


A, D, OPEN = Verdict.ALLOWED, Verdict.DENIED, Verdict.INCONCLUSIVE


@pytest.mark.parametrize("verdict", [OPEN, Verdict.SKIPPED])
@pytest.mark.parametrize("refused", [0, 5, 19, 20, 21, 100])
def test_what_is_under_control_and_not_allowed_is_among_the_examples(
    refused: int, verdict: Verdict
) -> None:
    """An earlier problem of it stays: this answer proves nothing about it."""
    mine = ResourceVerdict("i-mine", "us-east-1", verdict, Reason.NOT_ASKABLE)
    others = [
        *refused_in("us-east-1", *(f"i-{number}" for number in range(refused))),
        *(ResourceVerdict(f"i-a{number}", "us-east-1", A) for number in range(30)),
    ]

    found = AskedResources.of([*others, mine], {"us-east-1": ("i-mine", "i-a29")})

    assert mine in found.examples
    assert len(found.examples) == MAX_EXAMPLES
    verdicts = [each.verdict for each in found.examples]
    assert verdicts == sorted(verdicts, key=lambda each: each is not D)
    assert verdicts.count(D) == min(refused, MAX_EXAMPLES - 1)


def test_what_could_not_be_asked_about_is_not_in_question() -> None:
    skipped_ones = [ResourceVerdict(f"i-{n}", "us-east-1", Verdict.SKIPPED) for n in range(30)]
    allowed = ResourceVerdict("i-a", "us-east-1", A)

    found = AskedResources.of([*skipped_ones, allowed])

    assert (found.asked, found.allowed, found.denied) == (1, 1, 0)
    assert found.examples == (allowed, *skipped_ones[: MAX_EXAMPLES - 1])
    assert found.verdict(listed=True, complete=True) is A
    assert AskedResources.of(skipped_ones).verdict(listed=True, complete=True) is OPEN


@pytest.mark.parametrize(
    ("verdicts", "complete", "verdict"),
    [
        ([A, A], True, A),
        ([A, A], False, A),  # a sample, of a list that is known
        ([D, D], True, D),
        ([D, D], False, OPEN),
        ([A, D], True, Verdict.PARTIAL),
        ([A, D, OPEN], False, Verdict.PARTIAL),
        ([A, OPEN], True, OPEN),
        ([D, OPEN], True, OPEN),
        ([OPEN], True, OPEN),
        ([], True, OPEN),
    ],
)
def test_what_holds_for_all_resources_together(
    verdicts: list[Verdict], complete: bool, verdict: Verdict
) -> None:
    found = [ResourceVerdict(f"i-{n}", "us-east-1", each) for n, each in enumerate(verdicts)]

    assert AskedResources.of(found).verdict(listed=True, complete=complete) is verdict


@pytest.mark.parametrize("complete", [True, False])
@pytest.mark.parametrize("count", range(4))
def test_nothing_holds_for_all_where_some_are_not_even_known(count: int, complete: bool) -> None:
    for verdicts in product((A, D, OPEN), repeat=count):
        found = [ResourceVerdict(f"i-{n}", "us-east-1", each) for n, each in enumerate(verdicts)]

        verdict = AskedResources.of(found).verdict(listed=False, complete=complete)

        assert verdict is (Verdict.PARTIAL if {A, D} <= {*verdicts} else OPEN)
