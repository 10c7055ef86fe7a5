"""What a test says of all EC2 instances of an account, in every combination of what it could list,
what AWS answers about the instances, and what can be read of the role's policies.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import combinations_with_replacement
from typing import Any
from urllib.parse import quote

import pytest

from cavok.adapters.customer import dry_runs
from cavok.domain.access_denied import Reason
from cavok.domain.errors import ProbeTransient
from cavok.domain.regions import RegionHealth, RegionStatus
from cavok.domain.steps import Evidence, Step, Verdict
from cavok.domain.survey import Survey
from cavok.domain.verifications import Trigger
from cavok.services.probe_permission import probe_permission
from cavok.services.survey_regions import survey_regions
from tests.support.builders import NOW, NUMBER
from tests.support.fake_aws import Aws, a_session, probed, refused

STOP = "ec2:StopInstances"
REGIONS = ("us-east-1", "eu-west-1")
INSTANCES = dict(zip(REGIONS, ("i-00000000000000001", "i-00000000000000002"), strict=True))

YES, NO, GONE, SILENT = "allowed", "refused", "gone", "throttled"
ERRORS = {
    YES: "DryRunOperation",
    NO: "UnauthorizedOperation",
    GONE: "InvalidInstanceID.NotFound",
    SILENT: "RequestLimitExceeded",
}


@dataclass(frozen=True)
class Region:
    """What a test found in a region. `instance` is AWS's answer about the one that it knows of."""

    instance: str | None = None
    status: RegionStatus = RegionStatus.REACHABLE
    unlisted: Reason | None = None
    in_part: bool = False

    @property
    def known(self) -> bool:
        """Whether each instance of the region was listed."""
        return self.status is not RegionStatus.UNKNOWN and self.unlisted is None


def regions() -> Iterator[Region]:
    yield Region()
    yield Region(unlisted=Reason.ERROR)
    yield Region(unlisted=Reason.IDENTITY_POLICY)
    yield Region(status=RegionStatus.UNKNOWN)
    yield Region(in_part=True)  # AWS's description of its only one cannot be read
    for answer in ERRORS:
        yield Region(answer)
        yield Region(answer, in_part=True)
        yield Region(answer, unlisted=Reason.ERROR)  # a further page did not come


def statement(**more: Any) -> dict[str, Any]:
    return {"Effect": "Allow", "Action": STOP, "Resource": "*", **more}


ONE = f"arn:aws:ec2:*:{NUMBER}:instance/i-00000000000000009"
ALL, SOME, NONE = statement(), statement(Resource=ONE), statement(Action="rds:*")
POLICIES: dict[str, Any] = {
    "all": ALL,
    "some": SOME,
    "none": NONE,
    "not shown": refused("AccessDenied"),
    "not answered": refused("Throttling"),
}


@pytest.fixture(autouse=True)
def no_waits(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(dry_runs, "RETRY_WAITS", ())


def step_of(aws: Aws, found: tuple[Region, Region], absent: str, policies: str) -> Step | None:
    """The step; null if it is tried again."""
    here = dict(zip(REGIONS, found, strict=True))
    answers = {INSTANCES[name]: region.instance for name, region in here.items()}

    def answer(params: dict[str, Any]) -> Any:
        (named,) = params["InstanceIds"]
        raise refused(ERRORS[answers.get(named) or absent], f"About '{named}'")

    said = POLICIES[policies]
    aws.answers["StopInstances"] = answer
    aws.answers["ListRolePolicies"] = {"PolicyNames": ["Own"]}
    if isinstance(said, Exception):
        aws.answers["ListRolePolicies"] = aws.answers["GetRolePolicy"] = said
    else:
        document = quote(json.dumps({"Statement": said}))
        aws.answers["GetRolePolicy"] = {"PolicyDocument": document}
    survey = Survey(
        region_health=tuple(RegionHealth(name, each.status) for name, each in here.items()),
        instances={n: (INSTANCES[n],) for n, each in here.items() if each.instance},
        asked_in_part=tuple(n for n, each in here.items() if each.in_part),
        unlisted={n: each.unlisted for n, each in here.items() if each.unlisted},
    )
    try:
        return probe_permission(STOP, probed(survey=Survey.from_dict(survey.as_dict())))
    except ProbeTransient:
        return None


def proven(
    step: Step, found: tuple[Region, Region], absent: str, policies: str
) -> tuple[bool, bool]:
    """Whether this verdict may be said, by AWS's answers and by the policies."""
    answers = [each.instance for each in found if each.instance not in (None, GONE)]
    about = answers or [absent]
    all_known = all(each.known for each in found)
    all_asked = all_known and not any(each.in_part for each in found)
    match step.verdict:
        case Verdict.ALLOWED:
            live = set(about) == {YES} and (all_known if answers else all_asked)
            return live, policies == "all" and NO not in answers
        case Verdict.DENIED if answers:
            return set(answers) == {NO} and all_asked, policies == "none"
        case Verdict.DENIED:
            return absent == NO and policies == "none", policies == "none"
        case Verdict.PARTIAL:
            return {YES, NO} <= set(answers), False
        case _:
            return True, True


def waits_for_aws(found: tuple[Region, Region], policies: str, aws: Aws) -> bool:
    """Whether AWS did not answer something that would have told more."""
    unlisted = any(not each.known and each.unlisted in (None, Reason.ERROR) for each in found)
    return unlisted or (policies == "not answered" and aws.called("ListRolePolicies") != [])


@pytest.mark.parametrize("policies", POLICIES)
def test_a_verdict_for_all_instances_needs_the_list_of_each_region(policies: str, aws: Aws) -> None:
    said = set()
    for found in combinations_with_replacement(regions(), 2):
        instance_answers = any(each.instance not in (None, GONE) for each in found)
        for absent in (NO,) if instance_answers else (YES, NO, GONE):
            aws.calls.clear()
            step = step_of(aws, found, absent, policies)
            if step is None:
                continue
            by_aws, by_policy = proven(step, found, absent, policies)
            case = (found, absent, policies, step.verdict, step.evidence, step.detail)
            assert by_policy if step.evidence is Evidence.POLICY else by_aws, case
            assert (step.evidence is Evidence.NONE) == (step.verdict is Verdict.INCONCLUSIVE), case
            said.add(step.verdict)
            if step.verdict is Verdict.INCONCLUSIVE and waits_for_aws(found, policies, aws):
                assert step.reason is Reason.ERROR, "whoever reads `not_provable` changes the role"
    assert said == set(Verdict) - {Verdict.SKIPPED}


@pytest.mark.parametrize("policies", POLICIES)
def test_where_each_region_is_listed_and_answers_the_verdict_is_known(
    policies: str, aws: Aws
) -> None:
    expected = {
        (YES, YES): Verdict.ALLOWED,
        (YES, NO): Verdict.PARTIAL,
        (NO, NO): Verdict.DENIED,
    }
    for (one, other), verdict in expected.items():
        step = step_of(aws, (Region(one), Region(other)), GONE, policies)

        assert step
        assert (step.verdict, step.evidence) == (verdict, Evidence.LIVE)


@pytest.mark.parametrize("unlisted", [Reason.ERROR, Reason.IDENTITY_POLICY])
def test_a_region_that_was_not_listed_is_named(unlisted: Reason, aws: Aws) -> None:
    found = (Region(YES), Region(unlisted=unlisted))

    step = step_of(aws, found, GONE, "some")

    assert step
    assert step.verdict is Verdict.INCONCLUSIVE
    assert step.reason is (Reason.ERROR if unlisted is Reason.ERROR else Reason.NOT_PROVABLE)
    assert step.detail == (
        "AWS allows it for 1 of 1 instances. Those in eu-west-1 could not all be listed."
    )
    assert step.resources
    assert (step.resources.asked, step.resources.allowed) == (1, 1)


def test_why_an_absent_instance_does_not_suffice_is_said_where_a_real_one_cannot_be_read(
    aws: Aws,
) -> None:
    step = step_of(aws, (Region(), Region(in_part=True)), YES, "some")

    assert step
    assert (step.verdict, step.reason) == (Verdict.INCONCLUSIVE, Reason.NOT_PROVABLE)
    assert "description of one could not be read" in str(step.detail)


@pytest.mark.parametrize(
    ("answer", "verdict"), [(YES, Verdict.ALLOWED), (NO, Verdict.INCONCLUSIVE)]
)
def test_an_instance_that_cannot_be_read_is_not_refused_with_the_others(
    answer: str, verdict: Verdict, aws: Aws
) -> None:
    """It could not be asked about, from the list that the survey read to the step."""
    region, instance = REGIONS[0], INSTANCES[REGIONS[0]]
    known = {"InstanceId": instance, "State": {"Name": "running"}, "InstanceType": "t3.small"}
    aws.answers["DescribeInstances"] = {"Reservations": [{"Instances": [{}, known]}]}
    aws.answers["StopInstances"] = refused(ERRORS[answer], f"About '{instance}'")
    aws.answers["ListRolePolicies"] = refused("AccessDenied")

    survey = survey_regions((region,), a_session(), [], trigger=Trigger.MANUAL, now=NOW)
    step = probe_permission(STOP, probed(survey=Survey.from_dict(survey.as_dict())))

    assert step.verdict is verdict
    assert "Others were not asked about" in str(step.detail)
