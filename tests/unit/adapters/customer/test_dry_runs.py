"""Dry runs that name many instances: which of them AWS allows the call for."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from dataclasses import replace
from typing import Any

import pytest

from cavok.adapters.customer.dry_runs import ask
from cavok.domain import dry_run_verdicts
from cavok.domain.access_denied import OUT_OF_TIME, TIMED_OUT, Reason
from cavok.domain.deadlines import CALL_SECONDS, NO_DEADLINE, Deadline, ProcessorTime
from cavok.domain.errors import OutOfTime
from cavok.domain.halving import MAX_CALLS
from cavok.domain.kinds import Kind
from cavok.domain.regions import RegionHealth, RegionStatus
from cavok.domain.steps import Evidence, Judgement, ResourceVerdict, Verdict
from cavok.domain.survey import Survey
from tests.support.builders import NUMBER
from tests.support.fake_aws import Aws, probed, refused

ARN = f"arn:aws:ec2:us-east-1:{NUMBER}:instance"
OTHER_REGION = "eu-west-1"


def ids(count: int, start: int = 0) -> list[str]:
    return [f"i-{number:017x}" for number in range(start, start + count)]


class Ec2:
    """Answers dry runs as AWS does for a role that is allowed these instances."""

    def __init__(
        self,
        allowed: Collection[str] = (),
        gone: Collection[str] = (),
        because: Mapping[str, str] | None = None,
        protected: Collection[str] = (),
        says: tuple[str, str] = ("OperationNotPermitted", "The instance '{}' may not be stopped."),
    ) -> None:
        self.allowed, self.gone, self.because = set(allowed), set(gone), because or {}
        self.protected, self.says = set(protected), says
        self.throttled: dict[int, str] = {}
        self.calls = 0

    def __call__(self, params: dict[str, Any]) -> Any:
        assert params["DryRun"] is True
        self.calls += 1
        if code := self.throttled.get(self.calls):
            raise refused(code, "later")
        named = params["InstanceIds"]
        if gone := sorted(self.gone & set(named)):
            said = f"The instance IDs '{', '.join(gone)}' do not exist"
            raise refused("InvalidInstanceID.NotFound", said)
        if protected := [each for each in named if each in self.protected]:
            raise refused(self.says[0], self.says[1].format(protected[0]))
        if denied := [each for each in named if each not in self.allowed]:
            why = self.because.get(denied[0], "because no identity-based policy allows it")
            raise refused(
                "UnauthorizedOperation",
                f"You are not authorized to perform this operation. User: arn:aws:sts::1:x is not "
                f"authorized to perform: ec2:StopInstances on resource: {ARN}/{denied[0]} {why}. "
                "Encoded authorization failure message: " + "x" * 5_000,
            )
        raise refused("DryRunOperation", "Request would have succeeded")


def survey(
    instances: Mapping[str, list[str]],
    under_control: Collection[str] = (),
    in_part: tuple[str, ...] = (),
) -> Survey:
    return Survey(
        region_health=tuple(RegionHealth(each, RegionStatus.REACHABLE) for each in instances),
        instances={region: tuple(each) for region, each in instances.items()},
        under_control={Kind.EC2: {"us-east-1": tuple(under_control)}},
        asked_in_part=in_part,
    )


def asked(
    aws: Aws,
    ec2: Ec2,
    found: Survey,
    *,
    sleep: Callable[[float], None] = lambda _: None,
    deadline: Deadline = NO_DEADLINE,
    share: ProcessorTime | None = None,
) -> Judgement:
    aws.answers["StopInstances"] = ec2
    account = probed(survey=found, deadline=deadline, weighing=share)
    return ask("stop_instances", account, sleep=sleep)


def counts(judgement: Judgement) -> tuple[int, int, int]:
    assert judgement.resources
    return judgement.resources.asked, judgement.resources.allowed, judgement.resources.denied


def test_a_hundred_instances_are_named_in_one_call_if_all_are_allowed(aws: Aws) -> None:
    ec2 = Ec2(ids(500))

    judgement = asked(aws, ec2, survey({"us-east-1": ids(500)}))

    assert (judgement.verdict, judgement.evidence) == (Verdict.ALLOWED, Evidence.LIVE)
    assert judgement.error_code == "DryRunOperation"
    assert counts(judgement) == (500, 500, 0)
    assert ec2.calls == 5


def test_those_refused_are_found_each_with_its_reason(aws: Aws) -> None:
    first, second, third = ids(41)[7], ids(41)[20], ids(41)[40]
    why = {
        first: "with an explicit deny in an identity-based policy",
        second: "because no permissions boundary allows the ec2:StopInstances action",
        third: "with an explicit deny in a service control policy",
    }

    judgement = asked(
        aws,
        Ec2(set(ids(41)) - why.keys(), because=why),
        survey({"us-east-1": ids(41)}, under_control=[third]),
    )

    assert (judgement.verdict, judgement.reason) == (Verdict.PARTIAL, None)
    assert counts(judgement) == (41, 38, 3)
    assert judgement.resources
    assert [(each.id, each.reason) for each in judgement.resources.examples[:4]] == [
        (third, Reason.SERVICE_CONTROL_POLICY),
        (first, Reason.EXPLICIT_DENY),
        (second, Reason.PERMISSIONS_BOUNDARY),
        (ids(41)[0], None),
    ]
    assert judgement.detail
    assert judgement.detail.startswith("AWS allows it for 38 of 41 instances. You are not")
    assert third in judgement.detail, "AWS's message about the one that is named first"


def test_a_role_limited_to_a_few_instances_is_partial(aws: Aws) -> None:
    allowed = ids(41)[:3]

    judgement = asked(aws, Ec2(allowed), survey({"us-east-1": ids(41)}))

    assert judgement.verdict is Verdict.PARTIAL
    assert counts(judgement) == (41, 3, 38)


def test_none_of_all_is_denied_with_awss_words(aws: Aws) -> None:
    judgement = asked(aws, Ec2(), survey({"us-east-1": ids(4)}))

    assert (judgement.verdict, judgement.reason) == (Verdict.DENIED, Reason.IDENTITY_POLICY)
    assert judgement.error_code == "UnauthorizedOperation"
    assert counts(judgement) == (4, 0, 4)


@pytest.mark.parametrize(
    ("count", "in_part"), [(4, ("us-east-1",)), (500, ())], ids=["not all named", "calls ran out"]
)
def test_none_of_some_is_not_denied(count: int, in_part: tuple[str, ...], aws: Aws) -> None:
    ec2 = Ec2()

    judgement = asked(aws, ec2, survey({"us-east-1": ids(count)}, in_part=in_part))

    assert (judgement.verdict, judgement.reason) == (Verdict.INCONCLUSIVE, Reason.NOT_PROVABLE)
    assert judgement.resources
    assert judgement.resources.denied > 0
    assert judgement.resources.allowed == 0
    assert ec2.calls <= MAX_CALLS
    assert "or AWS's description of one could not be read" in str(judgement.detail)


@pytest.mark.parametrize(
    ("in_part", "more"), [((), ""), (("us-east-1",), " Others were not asked about.")]
)
def test_a_sample_that_is_allowed_says_that_there_are_others(
    in_part: tuple[str, ...], more: str, aws: Aws
) -> None:
    judgement = asked(aws, Ec2(ids(5)), survey({"us-east-1": ids(5)}, in_part=in_part))

    assert judgement.verdict is Verdict.ALLOWED
    assert judgement.detail == f"AWS allows it for 5 of 5 instances.{more}"


def test_the_regions_are_merged_into_one_answer(aws: Aws) -> None:
    here, there = ids(3), ids(2, start=100)

    judgement = asked(aws, Ec2(here), survey({"us-east-1": here, OTHER_REGION: there}))

    assert judgement.verdict is Verdict.PARTIAL
    assert judgement.resources
    assert {(each.region, each.verdict) for each in judgement.resources.examples} == {
        ("us-east-1", Verdict.ALLOWED),
        (OTHER_REGION, Verdict.DENIED),
    }
    assert {region for _, region in aws.made} == {"us-east-1", OTHER_REGION}


def test_regions_that_do_not_answer_are_not_asked(aws: Aws) -> None:
    unreachable = Survey(
        region_health=(
            RegionHealth("us-east-1", RegionStatus.REACHABLE),
            RegionHealth(OTHER_REGION, RegionStatus.REFUSED),
        ),
        instances={"us-east-1": tuple(ids(1)), OTHER_REGION: tuple(ids(1, start=9))},
    )

    judgement = asked(aws, Ec2(ids(1)), unreachable)

    assert judgement.verdict is Verdict.ALLOWED
    assert counts(judgement) == (1, 1, 0)


@pytest.mark.parametrize("status", RegionStatus)
def test_none_is_not_denied_where_a_region_could_not_be_looked_into(
    status: RegionStatus, aws: Aws
) -> None:
    here = survey({"us-east-1": ids(3)})
    beside = replace(here, region_health=(*here.region_health, RegionHealth(OTHER_REGION, status)))

    unknown = status is RegionStatus.UNKNOWN
    expected = Verdict.INCONCLUSIVE if unknown else Verdict.DENIED
    assert asked(aws, Ec2(), beside).verdict is expected


def test_instances_that_are_gone_are_left_out(aws: Aws) -> None:
    judgement = asked(aws, Ec2(ids(8), gone=ids(8)[2:5]), survey({"us-east-1": ids(8)}))

    assert judgement.verdict is Verdict.ALLOWED
    assert counts(judgement) == (5, 5, 0)


def test_if_all_are_gone_an_absent_one_is_named(aws: Aws) -> None:
    judgement = asked(aws, Ec2(ids(2), gone=ids(2)), survey({"us-east-1": ids(2)}))

    named = [call["InstanceIds"] for call in aws.called("StopInstances")]
    assert (judgement.verdict, judgement.resources) == (Verdict.DENIED, None)
    assert named[-1][0] not in ids(2)
    assert all(call["DryRun"] for call in aws.called("StopInstances"))


OTHER_REASONS = [
    (
        "OperationNotPermitted",
        "The instance '{}' may not be stopped. Modify its 'disableApiStop' instance attribute and "
        "try again.",
    ),
    (
        "UnsupportedOperation",
        "You can't stop the Spot Instance '{}' because it is associated with a one-time Spot "
        "Instance request. You can only stop Spot Instances associated with persistent Spot "
        "Instance requests.",
    ),
    ("UnsupportedOperation", "The operation is not supported for this instance."),
    ("IncorrectInstanceState", "The instance '{}' is not in a state from which it can be stopped."),
    ("IncorrectSpotRequestState", "The Spot request of '{}' is not active."),
]
"""The first two as AWS words them: GitHub, cloud-custodian/cloud-custodian #10594 and
diodonfrost/terraform-aws-lambda-scheduler-stop-start #8."""


@pytest.mark.parametrize("says", OTHER_REASONS)
def test_an_instance_that_no_dry_run_can_ask_about_is_left_out(
    says: tuple[str, str], aws: Aws
) -> None:
    known, protected = ids(8), ids(8)[3]

    for allowed, verdict in ((known, Verdict.ALLOWED), ([], Verdict.DENIED)):
        ec2 = Ec2(allowed, protected=[protected], says=says)
        judgement = asked(aws, ec2, survey({"us-east-1": known}, under_control=[protected]))

        assert judgement.verdict is verdict
        assert counts(judgement) == (7, len(allowed) and 7, 0 if allowed else 7)
        assert judgement.resources
        left_out = ResourceVerdict(protected, "us-east-1", Verdict.SKIPPED, Reason.NOT_ASKABLE)
        assert left_out in judgement.resources.examples


@pytest.mark.parametrize("says", OTHER_REASONS)
@pytest.mark.parametrize("protected", [65, 100, 300])
def test_more_of_these_than_there_are_calls_leave_a_verdict(
    protected: int, says: tuple[str, str], aws: Aws
) -> None:
    known = ids(protected + 10)

    ec2 = Ec2(known, protected=known[:protected], says=says)
    judgement = asked(aws, ec2, survey({"us-east-1": known}, under_control=known[:1]))

    assert ec2.calls <= MAX_CALLS
    assert judgement.verdict is Verdict.ALLOWED
    assert counts(judgement) == (10, 10, 0)


def test_a_refusal_does_not_stand_for_those_that_the_calls_did_not_reach(aws: Aws) -> None:
    """What is left behind so many that cannot be asked about may be allowed."""
    known = ids(200)

    def answer(params: dict[str, Any]) -> Any:
        named = params["InstanceIds"]
        if named == [known[0]]:
            raise refused("DryRunOperation")
        raise refused("OperationNotPermitted", f"The instance '{named[-1]}' may not be stopped.")

    aws.answers["StopInstances"] = answer
    account = probed(survey=survey({"us-east-1": known}, under_control=[known[0], known[1]]))
    judgement = ask("stop_instances", account)

    assert judgement.verdict is Verdict.ALLOWED
    assert judgement.resources
    assert judgement.resources.examples[0].verdict is Verdict.SKIPPED, "it may be refused"


@pytest.mark.parametrize("refused_ones", [21, 40])
def test_one_under_control_that_is_left_out_is_named_beside_many_that_are_refused(
    refused_ones: int, aws: Aws
) -> None:
    known = ids(refused_ones + 2)
    ec2 = Ec2(known[-1:], protected=known[:1])

    judgement = asked(aws, ec2, survey({"us-east-1": known}, under_control=known[:1]))

    assert judgement.verdict is Verdict.PARTIAL
    assert counts(judgement) == (refused_ones + 1, 1, refused_ones)
    assert judgement.resources
    assert [each.id for each in judgement.resources.examples][-1] == known[0]
    assert len(judgement.resources.examples) == 20


def test_if_none_can_be_asked_about_an_absent_one_is_named(aws: Aws) -> None:
    known = ids(20)
    ec2 = Ec2(protected=known)

    judgement = asked(aws, ec2, survey({"us-east-1": known}, under_control=known[:1]))

    assert judgement.verdict is Verdict.DENIED, "as AWS answers about the absent one"
    assert counts(judgement) == (0, 0, 0)
    assert judgement.resources
    assert {each.verdict for each in judgement.resources.examples} == {Verdict.SKIPPED}


def test_a_throttled_call_is_repeated_and_loses_nothing(aws: Aws) -> None:
    ec2 = Ec2(ids(8)[:5])
    ec2.throttled = {2: "RequestLimitExceeded", 4: "Throttling", 5: "Throttling"}
    waits: list[float] = []

    judgement = asked(aws, ec2, survey({"us-east-1": ids(8)}), sleep=waits.append)

    assert judgement.verdict is Verdict.PARTIAL
    assert counts(judgement) == (8, 5, 3)
    assert waits == [1.0, 1.0, 2.0]


@pytest.mark.parametrize("code", ["Throttling", TIMED_OUT, "AuthFailure", "Surprise"])
@pytest.mark.parametrize("allowed", [[], ids(8)[:3], ids(8)])
def test_calls_that_stay_unanswered_never_make_a_refusal(
    code: str, allowed: list[str], aws: Aws
) -> None:
    for first in range(1, 6):
        ec2 = Ec2(allowed)
        ec2.throttled = dict.fromkeys(range(first, 200), code)

        judgement = asked(aws, ec2, survey({"us-east-1": ids(8)}))

        resources = judgement.resources
        assert resources
        assert judgement.verdict is not Verdict.DENIED
        assert resources.denied <= 8 - len(allowed)
        if ec2.calls >= first:
            assert resources.allowed + resources.denied < resources.asked
            assert judgement.verdict is (
                Verdict.PARTIAL if resources.allowed and resources.denied else Verdict.INCONCLUSIVE
            )


@pytest.mark.parametrize(
    ("code", "unlisted", "reason"),
    [
        ("Throttling", {}, Reason.ERROR),
        (TIMED_OUT, {}, Reason.ERROR),
        (OUT_OF_TIME, {}, Reason.ERROR),
        ("Surprise", {}, None),
        (None, {"eu-west-1": Reason.ERROR}, Reason.ERROR),
        (None, {"eu-west-1": Reason.IDENTITY_POLICY}, None),
    ],
)
def test_a_verdict_on_some_says_whether_the_next_test_may_know_more_of_the_others(
    code: str | None, unlisted: dict[str, Reason], reason: Reason | None, aws: Aws
) -> None:
    ec2 = Ec2(ids(8)[:5])
    ec2.throttled = dict.fromkeys(range(6, 200), code) if code else {}

    judgement = asked(aws, ec2, replace(survey({"us-east-1": ids(8)}), unlisted=unlisted))

    assert (judgement.verdict, judgement.reason) == (Verdict.PARTIAL, reason)


@pytest.mark.parametrize(
    ("codes", "unlisted", "reason"),
    [
        (("Surprise", "Throttling"), {}, Reason.ERROR),
        (("Throttling", "Surprise"), {}, Reason.ERROR),
        (("Surprise", "Surprise"), {"eu-west-1": Reason.ERROR}, Reason.ERROR),
        (("Surprise", "Surprise"), {"eu-west-1": Reason.IDENTITY_POLICY}, Reason.NOT_PROVABLE),
    ],
)
@pytest.mark.parametrize("allowed", [[], ids(2)], ids=["none allowed", "one region allowed"])
def test_so_does_one_that_proves_nothing_in_whichever_region_aws_did_not_answer(
    codes: tuple[str, str],
    unlisted: dict[str, Reason],
    reason: Reason,
    allowed: list[str],
    aws: Aws,
) -> None:
    regions = {"ap-east-1": ids(2), "ca-west-1": ids(2, start=10), "eu-north-1": ids(2, start=20)}
    answers = dict(zip([regions["ca-west-1"][0], regions["eu-north-1"][0]], codes, strict=True))

    def answer(params: dict[str, Any]) -> Any:
        asked = params["InstanceIds"][0]
        raise refused(answers.get(asked, "DryRunOperation" if allowed else "UnauthorizedOperation"))

    aws.answers["StopInstances"] = answer
    judgement = ask(
        "stop_instances",
        probed(survey=replace(survey(regions), unlisted=unlisted)),
        sleep=lambda _: None,
    )

    assert (judgement.verdict, judgement.reason) == (Verdict.INCONCLUSIVE, reason)


def test_a_timeout_is_not_repeated(aws: Aws) -> None:
    ec2 = Ec2(ids(2))
    ec2.throttled = {1: TIMED_OUT}

    judgement = asked(aws, ec2, survey({"us-east-1": ids(2)}))

    assert judgement.error_code == TIMED_OUT
    assert ec2.calls == 1


def test_a_region_that_answers_counts_beside_one_that_does_not(aws: Aws) -> None:
    here, there = ids(3), ids(2, start=100)

    def answer(params: dict[str, Any]) -> Any:
        raise refused("Throttling" if params["InstanceIds"][0] in there else "DryRunOperation")

    aws.answers["StopInstances"] = answer
    judgement = ask(
        "stop_instances",
        probed(survey=survey({"us-east-1": here, OTHER_REGION: there})),
        sleep=lambda _: None,
    )

    assert (judgement.verdict, judgement.reason) == (Verdict.INCONCLUSIVE, Reason.ERROR)
    assert counts(judgement) == (5, 3, 0)


def test_after_the_deadline_nothing_is_sent_and_what_was_found_counts(aws: Aws) -> None:
    ec2 = Ec2(ids(8)[:4])
    over = Deadline(0.5, lambda: float(ec2.calls >= 5))

    judgement = asked(aws, ec2, survey({"us-east-1": ids(8)}), deadline=over)

    assert ec2.calls == 5
    assert judgement.resources
    assert judgement.resources.allowed
    assert judgement.verdict is not Verdict.DENIED
    assert judgement.error_code in (OUT_OF_TIME, dry_run_verdicts.REFUSED)


def test_a_hostile_message_is_read_in_little_time(aws: Aws) -> None:
    def answer(params: dict[str, Any]) -> Any:
        raise refused("UnauthorizedOperation", "because no " * 1_000_000)

    aws.answers["StopInstances"] = answer
    judgement = ask("stop_instances", probed(survey=survey({"us-east-1": ids(4)})))

    assert judgement.verdict is Verdict.DENIED
    assert judgement.detail
    assert len(judgement.detail) <= 1_500


def test_a_search_takes_no_more_of_the_processor_than_is_left_for_it(aws: Aws) -> None:
    """It says nothing then: the next one, which has more, counts all of them."""
    ec2, now = Ec2(ids(25)), 0.0

    def answer(params: dict[str, Any]) -> Any:
        nonlocal now
        now += CALL_SECONDS
        return ec2(params)

    share = ProcessorTime(10.5 * CALL_SECONDS, lambda: now)
    aws.answers["StopInstances"] = answer
    account = probed(survey=survey({"us-east-1": ids(50)}), weighing=share)

    with pytest.raises(OutOfTime):
        ask("stop_instances", account)

    assert ec2.calls == 1 + 10
    assert share.short


def test_a_plain_test_leaves_it_to_others(aws: Aws) -> None:
    """Its one call a region and action is among those that limit a page."""
    found, nothing = survey({"us-east-1": ids(50), OTHER_REGION: ids(50)}), ProcessorTime(0, float)

    judgement = asked(aws, Ec2(ids(50)), found, share=nothing)

    assert judgement.verdict is Verdict.ALLOWED
    assert not nothing.short
