"""The survey: one call of each service a region, all at once."""

from __future__ import annotations

import json
import threading
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent import futures
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from functools import partial
from types import SimpleNamespace
from typing import Any

import pytest
from botocore.exceptions import ConnectTimeoutError

from cavok.adapters.customer import probes
from cavok.adapters.customer import survey as adapter
from cavok.adapters.customer.probed_account import DOCUMENTS_AT_ONCE, ProbedAccount
from cavok.adapters.making_clients import MAKING_CLIENTS
from cavok.domain.access_denied import OUT_OF_TIME, Reason
from cavok.domain.deadlines import HUNDRED_INSTANCES_SECONDS, Deadline, ProcessorTime
from cavok.domain.kinds import Kind
from cavok.domain.regions import REGIONS, RegionHealth, RegionStatus
from cavok.domain.resources import Resource
from cavok.domain.steps import ALLOWED, Verdict
from cavok.domain.survey import MAX_ASKED, MAX_ROTATING, SURVEYED, Survey
from cavok.domain.template_versions import UNKNOWN, current, sid_of
from cavok.domain.verifications import Trigger
from cavok.services import survey_regions as service
from cavok.services.calls_at_once import call_at_once
from cavok.services.probe_permission import probe_permission
from cavok.services.survey_regions import survey_regions
from cavok.services.sweep import AT_ONCE, CALLS_OF_A_PAGE, calls_of_a_test
from tests.support.builders import NOW, NUMBER, a_resource
from tests.support.fake_aws import Aws, a_session, nothing_of, probed, refused

US, EU, OFF = "us-east-1", "eu-west-1", "af-south-1"
SCP = refused(
    "UnauthorizedOperation",
    "User: x is not authorized to perform: ec2:DescribeInstances with an explicit deny in a "
    "service control policy",
)
DATABASE = {
    "DBInstanceIdentifier": "orders",
    "DBInstanceStatus": "available",
    "DBInstanceClass": "db.t4g.small",
}


@dataclass
class Region:
    """What one region answers."""

    pages: list[list[str]] = field(default_factory=lambda: [[]])
    databases: int = 0
    ec2_error: Exception | None = None
    others_error: Exception | None = None
    """What every other service answers."""
    state: str = "running"
    fails_at: int = 0
    spot: tuple[str, ...] = ()
    meet: Callable[[], Any] | None = None


@dataclass
class Session:
    """A session in an account whose regions answer as a test says."""

    regions: dict[str, Region] = field(default_factory=dict)
    calls: Counter[tuple[str, str]] = field(default_factory=Counter)
    meet: Callable[[], Any] = lambda: None
    role_name: str | None = None
    account_number: str = NUMBER
    region: str = US

    def client(self, name: str, region: str) -> Client:
        return Client(self, name, region)


@dataclass
class Client:
    session: Session
    service: str
    region: str

    def _answer(self) -> Region:
        self.session.calls[self.service, self.region] += 1
        self.session.meet()
        return self.session.regions.setdefault(self.region, Region())

    def get_paginator(self, operation: str) -> Any:
        pages = self.describe_instances if self.service == "ec2" else self.describe_others
        return SimpleNamespace(paginate=lambda PaginationConfig: pages(**PaginationConfig))  # noqa: N803

    def describe_instances(self, *, PageSize: int) -> Iterator[Any]:  # noqa: N803
        assert PageSize == 100
        number = 0
        while True:
            yield (page := self._page(number))
            if "NextToken" not in page:
                return
            number += 1

    def _page(self, number: int) -> Any:
        region = self._answer()
        if region.meet:
            region.meet()
        if region.ec2_error and number >= region.fails_at:
            raise region.ec2_error
        instances = [
            {"InstanceId": each, "State": {"Name": region.state}, "InstanceType": "t3.small"}
            | ({"InstanceLifecycle": "spot"} if each in region.spot else {})
            for each in region.pages[number]
        ]
        more = {"NextToken": str(number + 1)} if number + 1 < len(region.pages) else {}
        return {"Reservations": [{"Instances": instances}]} | more

    def describe_others(self, *, PageSize: int) -> Iterator[Any]:  # noqa: N803
        """The first page of another service. Only RDS has something."""
        assert PageSize == 20
        region = self._answer()
        if region.others_error:
            raise region.others_error
        (kind,) = (kind for kind in SURVEYED if kind.descriptor.service == self.service)
        found = {"DBInstances": [DATABASE] * region.databases} if kind is Kind.RDS else {}
        yield {**nothing_of(kind), **found, "Marker": "more"}


def ids(count: int, start: int = 0) -> list[str]:
    return [f"i-{number:017x}" for number in range(start, start + count)]


def surveyed(
    session: Session,
    *regions: str,
    resources: list[Resource] | None = None,
    trigger: Trigger = Trigger.MANUAL,
) -> Survey:
    return survey_regions(
        regions,
        session,  # type: ignore[arg-type]
        resources or [],
        trigger=trigger,
        now=NOW,
    )


def controlled(instance_id: str, region: str = US, kind: Kind = Kind.EC2) -> Resource:
    return a_resource(kind=kind, instance_id=instance_id, region=region)


def test_each_region_is_asked_once_of_each_service_and_all_at_the_same_time() -> None:
    regions = sorted(REGIONS)[:20]
    everyone = threading.Barrier(len(SURVEYED) * len(regions), timeout=30)
    session = Session({r: Region([ids(1)]) for r in regions}, meet=everyone.wait)

    survey = surveyed(session, *regions)

    assert survey.reachable == tuple(regions)
    services = [kind.descriptor.service for kind in SURVEYED]
    assert session.calls == Counter({(s, r): 1 for s in services for r in regions})


def test_the_pages_are_of_the_size_that_is_needed(aws: Aws) -> None:
    answers = iter([{"Reservations": [], "NextToken": "more"}, {"Reservations": []}])
    aws.answers["DescribeInstances"] = lambda _: next(answers)
    aws.answers["DescribeDBInstances"] = {"DBInstances": [DATABASE], "Marker": "more"}

    survey_regions((US,), a_session(), [], trigger=Trigger.MANUAL, now=NOW)

    assert aws.called("DescribeInstances") == [
        {"MaxResults": 100},
        {"MaxResults": 100, "NextToken": "more"},
    ]
    assert aws.called("DescribeDBInstances") == [{"MaxRecords": 20}]
    assert aws.called("DescribeDBClusters") == []


def test_a_scheduled_test_of_twenty_regions_leaves_threads_to_the_other_accounts(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A sweep tests 24 accounts at once, and Lambda allows 1,024 threads."""
    threads: set[int] = set()
    all_submitted = threading.Event()

    def meet() -> None:
        assert all_submitted.wait(timeout=60)
        threads.add(threading.get_ident())

    def wait(*arguments: Any, **named: Any) -> Any:
        all_submitted.set()
        return futures.wait(*arguments, **named)

    monkeypatch.setattr("cavok.services.calls_at_once.wait", wait)
    session = Session(meet=meet)
    regions = sorted(REGIONS)[:20]

    found = surveyed(session, *regions, trigger=Trigger.SCHEDULED)

    assert {health.status for health in found.region_health} == {RegionStatus.REACHABLE}
    assert sum(session.calls.values()) == len(SURVEYED) * len(regions)
    assert len(threads) == service.CALLS_BESIDE_OTHERS
    of_the_log = 4
    for number in range(1, 21):
        at_once = min(AT_ONCE, CALLS_OF_A_PAGE // calls_of_a_test(regions[:number]))
        looks = min(len(SURVEYED) * number, service.CALLS_BESIDE_OTHERS)
        threads_of_one = looks + 2 + DOCUMENTS_AT_ONCE + of_the_log
        assert at_once * threads_of_one < 1024 / 2, "a page before may still run"


def test_the_survey_tells_what_each_region_answers() -> None:
    off = refused("AuthFailure", "AWS was not able to validate the provided access credentials")
    session = Session(
        {
            US: Region([ids(2)]),
            EU: Region(
                ec2_error=SCP, others_error=refused("AccessDenied", "service control policy")
            ),
            OFF: Region(ec2_error=off, others_error=refused("InvalidClientTokenId")),
            "eu-west-3": Region(
                ec2_error=ConnectTimeoutError(endpoint_url="https://ec2"),
                others_error=ConnectTimeoutError(endpoint_url="https://rds"),
            ),
        }
    )

    survey = surveyed(session, US, EU, OFF, "eu-west-3")

    assert survey.region_health == (
        RegionHealth(US, RegionStatus.REACHABLE),
        RegionHealth(EU, RegionStatus.REFUSED, Reason.SERVICE_CONTROL_POLICY),
        RegionHealth(OFF, RegionStatus.NOT_ENABLED),
        RegionHealth("eu-west-3", RegionStatus.UNKNOWN, Reason.ERROR),
    )
    assert survey.instances == {US: tuple(ids(2))}


@pytest.mark.parametrize("trigger", Trigger)
def test_the_roles_inline_policies_are_read_once_for_all_steps(aws: Aws, trigger: Trigger) -> None:
    aws.answers["ListRolePolicies"] = {"PolicyNames": ["One", "Two"]}
    aws.answers["GetRolePolicy"] = {"PolicyDocument": "%7B%22Statement%22%3A%5B%5D%7D"}

    survey = survey_regions((US,), a_session(), [], trigger=trigger, now=NOW)

    assert survey.inline_policies == ({"Statement": []},) * 2
    account = probed(survey=Survey.from_dict(survey.as_dict()))
    assert account.inline_policies().documents == survey.inline_policies
    assert account.inline_policies().unread == ()
    assert len(aws.called("ListRolePolicies")) == 1
    assert len(aws.called("GetRolePolicy")) == 2


@pytest.mark.parametrize("operation", ["ListRolePolicies", "GetRolePolicy"])
@pytest.mark.parametrize("code", ["AccessDenied", "Throttling"])
def test_inline_policies_that_could_not_all_be_read_are_left_to_the_steps(
    aws: Aws, operation: str, code: str
) -> None:
    aws.answers["ListRolePolicies"] = {"PolicyNames": ["One"]}
    aws.answers[operation] = refused(code)

    survey = survey_regions((US,), a_session(), [], trigger=Trigger.MANUAL, now=NOW)

    assert survey.inline_policies is None
    assert survey.template_version == {"AccessDenied": UNKNOWN, "Throttling": None}[code]
    assert survey.reachable == (US,)


PROVED_BY_LOOKING = {
    "ec2:DescribeInstances": "DescribeInstances",
    "rds:DescribeDBInstances": "DescribeDBInstances",
    "iam:ListRolePolicies": "ListRolePolicies",
    "iam:GetRolePolicy": "GetRolePolicy",
}


def test_a_scheduled_test_asks_nothing_twice(aws: Aws) -> None:
    """What the survey proves is the step's answer, and no call is made for it."""
    aws.answers["ListRolePolicies"] = {"PolicyNames": ["One", "Two"]}
    aws.answers["GetRolePolicy"] = {"PolicyDocument": "{}"}
    session = a_session(region=EU)

    survey = survey_regions((US, EU), session, [], trigger=Trigger.SCHEDULED, now=NOW)
    before = len(aws.calls)
    account = ProbedAccount.of(session, survey)
    steps = [probe_permission(action, account) for action in PROVED_BY_LOOKING]

    assert [step.verdict for step in steps] == [Verdict.ALLOWED] * len(PROVED_BY_LOOKING)
    assert [step.region for step in steps] == [EU, EU, None, None]
    assert len(aws.calls) == before
    # In a person's test, each step makes its own call.
    carried = ProbedAccount.of(session, Survey.from_dict(survey.as_dict()))
    for action in PROVED_BY_LOOKING:
        probe_permission(action, carried)
    assert len(aws.calls) == before + len(PROVED_BY_LOOKING)
    assert aws.called("GetRolePolicy")[-1]["PolicyName"] == "One"


@pytest.mark.parametrize(("action", "operation"), PROVED_BY_LOOKING.items())
@pytest.mark.parametrize(
    ("code", "certain"), [("AccessDenied", True), ("Throttling", False), ("AuthFailure", False)]
)
def test_the_survey_proves_what_the_steps_own_call_would(
    aws: Aws, action: str, operation: str, code: str, certain: bool
) -> None:
    """An answer that proves nothing, or that may pass, is no step's answer."""
    aws.answers["ListRolePolicies"] = {"PolicyNames": ["One"]}
    aws.answers["GetRolePolicy"] = {"PolicyDocument": "{}"}
    aws.answers[operation] = refused(code)

    survey = survey_regions((US,), a_session(), [], trigger=Trigger.SCHEDULED, now=NOW)

    assert (action in survey.proved) is certain
    if certain:
        assert survey.proved[action] == probes.run(action, probed())
        assert survey.proved[action].verdict is Verdict.DENIED


@pytest.mark.parametrize("page", [{"IsTruncated": True}, {"PolicyNames": ["Other"] * 51}, {}])
def test_policies_that_are_not_read_are_reported_as_by_the_steps_own_call(
    aws: Aws, page: dict[str, Any]
) -> None:
    aws.answers["ListRolePolicies"] = page
    aws.answers["GetRolePolicy"] = {"PolicyDocument": "{}"}

    survey = survey_regions((US,), a_session(), [], trigger=Trigger.SCHEDULED, now=NOW)

    action = "iam:ListRolePolicies"
    assert survey.proved[action] == probes.run(action, probed())
    assert ("iam:GetRolePolicy" in survey.proved) is bool(page.get("PolicyNames"))


def test_a_list_that_is_throttled_once_makes_no_step_another(aws: Aws) -> None:
    """Else an account that is as it was would be stored as changed, and its webhook be told."""
    aws.answers["GetRolePolicy"] = {"PolicyDocument": "{}"}
    found = []
    for first in (None, refused("Throttling")):
        pages = iter([first] if first else [])

        def answer(_: dict[str, Any], pages: Iterator[Exception] = pages) -> dict[str, Any]:
            if error := next(pages, None):
                raise error
            return {"PolicyNames": ["One"]}

        aws.answers["ListRolePolicies"] = answer
        session = a_session()
        survey = survey_regions((US,), session, [], trigger=Trigger.SCHEDULED, now=NOW)
        account = ProbedAccount.of(session, survey)
        steps = [probe_permission(action, account) for action in PROVED_BY_LOOKING]
        found.append([(step.verdict, step.error_code, step.detail) for step in steps])

    assert found[0] == found[1]


def test_a_policy_that_is_gone_when_it_is_read_proves_that_it_may_be(aws: Aws) -> None:
    aws.answers["ListRolePolicies"] = {"PolicyNames": ["Gone"]}
    aws.answers["GetRolePolicy"] = refused("NoSuchEntity")

    survey = survey_regions((US,), a_session(), [], trigger=Trigger.SCHEDULED, now=NOW)

    assert survey.proved["iam:GetRolePolicy"].verdict is Verdict.ALLOWED
    assert survey.inline_policies is None


def test_the_roles_policies_are_read_in_two_rounds(aws: Aws) -> None:
    """A person waits for them. Each of four waits for the others to have begun."""
    together = threading.Barrier(4, timeout=60)

    def read(_: dict[str, Any]) -> dict[str, Any]:
        together.wait()
        return {"PolicyDocument": "{}"}

    aws.answers["ListRolePolicies"] = {"PolicyNames": ["A", "B", "C", "D"]}
    aws.answers["GetRolePolicy"] = read

    survey = survey_regions((US,), a_session(), [], trigger=Trigger.MANUAL, now=NOW)

    assert survey.inline_policies == ({},) * 4


def test_the_version_is_read_with_the_policies_without_a_call_more(aws: Aws) -> None:
    aws.answers["ListRolePolicies"] = {"PolicyNames": ["One"]}
    document = {"Statement": [{"Sid": sid_of("CavokEc2"), "Effect": "Allow"}]}
    aws.answers["GetRolePolicy"] = {"PolicyDocument": json.dumps(document)}

    survey = survey_regions((US,), a_session(), [], trigger=Trigger.SCHEDULED, now=NOW)

    assert survey.template_version == current()
    assert len(aws.called("ListRolePolicies") + aws.called("GetRolePolicy")) == 2


def test_an_access_key_has_no_policies_to_carry(aws: Aws) -> None:
    key = a_session(role_name=None)

    survey = survey_regions((US,), key, [], trigger=Trigger.MANUAL, now=NOW)

    assert (survey.inline_policies, survey.template_version) == (None, UNKNOWN)
    assert not aws.called("ListRolePolicies")


def test_policies_that_take_too_long_hold_up_no_survey(
    aws: Aws, monkeypatch: pytest.MonkeyPatch
) -> None:
    release = threading.Event()

    def slow(_: dict[str, Any]) -> dict[str, Any]:
        release.wait(30)
        return {"PolicyNames": []}

    aws.answers["ListRolePolicies"] = slow
    monkeypatch.setattr(service, "TIME_LIMIT_SECONDS", 0.5)

    survey = survey_regions((US,), a_session(), [], trigger=Trigger.SCHEDULED, now=NOW)
    release.set()

    assert (survey.inline_policies, survey.template_version) == (None, None)


def test_a_role_without_rights_on_databases_reaches_its_regions() -> None:
    denied = refused("AccessDenied", "because no identity-based policy allows the x action")
    session = Session({r: Region([ids(1)], others_error=denied) for r in (US, EU)})

    assert surveyed(session, US, EU).reachable == (US, EU)


def test_a_region_without_an_answer_in_time_is_unknown(monkeypatch: pytest.MonkeyPatch) -> None:
    release = threading.Event()
    session = Session({US: Region([ids(1)])}, meet=lambda: release.wait(30))
    monkeypatch.setattr(service, "TIME_LIMIT_SECONDS", 0)

    survey = surveyed(session, US)
    release.set()

    assert survey.region_health == (RegionHealth(US, RegionStatus.UNKNOWN, Reason.ERROR),)
    assert survey.elsewhere is None


def test_a_person_asks_about_up_to_500_instances_of_a_region_and_is_told_of_more() -> None:
    pages = [ids(100, start) for start in range(0, 700, 100)]
    session = Session({US: Region(pages), EU: Region([ids(3)])})
    mine = controlled(ids(1, 650)[0])

    survey = surveyed(session, US, EU, resources=[mine])

    assert len(survey.instances[US]) == MAX_ASKED
    assert survey.instances[US][0] == mine.instance_id
    assert survey.asked_in_part == (US,)


def test_a_schedule_asks_about_what_is_under_control_and_a_few_others() -> None:
    session = Session({US: Region([ids(90)])})
    mine = controlled(ids(1, 80)[0])

    today = surveyed(session, US, resources=[mine], trigger=Trigger.SCHEDULED)

    assert today.instances[US][0] == mine.instance_id
    assert len(today.instances[US]) == 1 + MAX_ROTATING


def test_spot_instances_are_no_question_and_yet_instances() -> None:
    session = Session({US: Region([ids(70), ids(2, 70)], spot=tuple(ids(70)))})

    survey = surveyed(session, US)
    nothing_else = surveyed(Session({US: Region([ids(1)], spot=tuple(ids(1)))}), US)

    assert survey.instances == {US: tuple(ids(2, 70))}
    assert survey.asked_in_part == ()
    assert (nothing_else.instances, nothing_else.elsewhere) == ({}, ())


def test_each_page_is_asked_for_once_by_the_token_of_the_one_before() -> None:
    pages = [ids(100), ids(100, 100), ids(7, 200)]
    session: Any = Session({US: Region(pages)})

    answer, found = adapter.find_instances(session, US, Kind.EC2)

    assert (answer, found.ids) == (ALLOWED, tuple(ids(207)))
    assert (found.complete, found.answered) == (True, True)
    assert session.calls["ec2", US] == len(pages)


def test_the_pages_of_one_region_are_limited() -> None:
    session = Session({US: Region([ids(1, n) for n in range(40)])})

    survey = surveyed(session, US)

    assert session.calls["ec2", US] == 10
    assert survey.asked_in_part == (US,)


def test_a_list_that_never_ends_leaves_the_survey_what_it_has(aws: Aws) -> None:
    """botocore gives up when the next page is the same again."""
    instance = {"InstanceId": ids(1)[0], "State": {"Name": "running"}, "InstanceType": "t3.small"}
    page = {"Reservations": [{"Instances": [instance]}], "NextToken": "again"}
    aws.answers["DescribeInstances"] = page

    survey = survey_regions((US,), a_session(), [], trigger=Trigger.MANUAL, now=NOW)

    assert len(aws.called("DescribeInstances")) == 2
    assert survey.reachable == (US,)
    assert survey.unlisted == {US: Reason.ERROR}


def test_an_instance_that_cannot_be_read_may_be_allowed_or_not(
    aws: Aws, capsys: pytest.CaptureFixture[str], caplog: pytest.LogCaptureFixture
) -> None:
    """The others are asked about, and are not all; nor is the region without instances."""
    instance = {"InstanceId": ids(1)[0], "State": {"Name": "running"}, "InstanceType": "t3.small"}
    aws.answers["DescribeInstances"] = {"Reservations": [{"Instances": [{}, instance]}]}
    aws.answers["DescribeDBInstances"] = {"DBInstances": [{}]}

    survey = survey_regions((US,), a_session(), [], trigger=Trigger.MANUAL, now=NOW)

    assert survey.instances == {US: tuple(ids(1))}
    assert (survey.reachable, survey.asked_in_part, survey.unlisted) == ((US,), (US,), {})
    assert capsys.readouterr().out.count('"UnreadableInstances":[1.0]') == 2
    # A sweep tests many accounts at once, and nothing else in the line says which one it is.
    assert [vars(line).get("account_number") for line in caplog.records] == [NUMBER] * 2


def test_a_region_with_an_instance_that_cannot_be_read_has_instances(aws: Aws) -> None:
    aws.answers["DescribeDBInstances"] = {"DBInstances": [{}]}

    survey = survey_regions((US,), a_session(), [], trigger=Trigger.MANUAL, now=NOW)

    assert (survey.instances, survey.elsewhere) == ({}, ())
    assert len(aws.called("DescribeDBInstances")) == 1, "it was looked for in another region"


def test_threads_load_what_botocore_knows_of_pages_one_after_another(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    given, alone = Client.get_paginator, []

    def get_paginator(self: Client, operation: str) -> Any:
        alone.append(MAKING_CLIENTS.locked())
        return given(self, operation)

    monkeypatch.setattr(Client, "get_paginator", get_paginator)

    surveyed(Session({US: Region([ids(1)])}), US)

    assert alone == [True] * len(SURVEYED)


NO_POLICY = refused(
    "UnauthorizedOperation",
    "because no identity-based policy allows the ec2:DescribeInstances action",
)


@pytest.mark.parametrize(
    ("error", "fails_at", "reason"),
    [
        (refused("RequestLimitExceeded"), 0, Reason.ERROR),
        (refused("RequestLimitExceeded"), 1, Reason.ERROR),
        (refused("PendingVerification"), 0, Reason.NOT_PROVABLE),  # stays
        (NO_POLICY, 0, Reason.IDENTITY_POLICY),
        (NO_POLICY, 1, Reason.ERROR),  # the first page was allowed
        (SCP, 0, Reason.SERVICE_CONTROL_POLICY),
    ],
)
def test_a_region_whose_instances_could_not_all_be_listed_is_told(
    error: Exception, fails_at: int, reason: Reason
) -> None:
    fails = Region([ids(2), ids(2, 2)], ec2_error=error, fails_at=fails_at)
    session = Session({US: Region([ids(1)]), EU: fails})

    survey = surveyed(session, US, EU)

    assert survey.reachable == (US, EU)
    assert survey.unlisted == {EU: reason}
    assert survey.asked_in_part == ()
    assert survey.instances.get(EU, ()) == tuple(ids(2 * fails_at))


def test_a_list_that_takes_too_long_is_none(monkeypatch: pytest.MonkeyPatch) -> None:
    def without_the_slow(calls: dict[Any, Any], at_once: int, *, seconds: float) -> Any:
        assert 0 < seconds <= service.TIME_LIMIT_SECONDS
        return call_at_once(
            {key: call for key, call in calls.items() if key != (EU, Kind.EC2)}, at_once, seconds=60
        )

    monkeypatch.setattr(service, "call_at_once", without_the_slow)

    survey = surveyed(Session({US: Region([ids(1)]), EU: Region([ids(1)])}), US, EU)

    assert survey.unlisted == {EU: Reason.ERROR}


def test_a_region_whose_pages_are_slow_is_read_no_further() -> None:
    session: Any = Session({US: Region([ids(1, n) for n in range(9)])})
    times = iter([0.0, 2.0, 4.0, adapter.PAGING_SECONDS + 0.1])

    _, found = adapter.find_instances(session, US, Kind.EC2, clock=lambda: next(times))

    assert (len(found.ids), found.complete) == (3, False)


READING = HUNDRED_INSTANCES_SECONDS


class Reading:
    """A processor's clock, at which one looks before each page and after it."""

    def __init__(self) -> None:
        self.used = 0.0

    def __call__(self) -> float:
        self.used += READING
        return self.used


def of_a_thousand() -> Any:
    return Session({US: Region([ids(1, n) for n in range(10)])})


def test_beside_others_a_customer_reads_no_more_pages_than_his_share_of_the_processor_allows() -> (
    None
):
    """All his accounts together. A list of which not even the first page is read is no answer."""
    his, anothers = (ProcessorTime(3.5 * READING, Reading()) for _ in range(2))

    found = [
        adapter.find_instances(of_a_thousand(), US, Kind.EC2, share=share)
        for share in (his, his, anothers)
    ]

    assert [(answer.error_code, len(all_of.ids)) for answer, all_of in found] == [
        (None, 3),
        (OUT_OF_TIME, 0),
        (None, 3),
    ]
    assert [all_of.answered for _, all_of in found] == [True, False, True]
    assert his.short


def test_lists_that_are_read_at_once_take_no_more_of_the_processor_either() -> None:
    """A page of a sweep begins with all of them. They wait for what others give back."""
    share, together, lists = ProcessorTime(8.5 * READING, float), threading.Barrier(8), 24
    counting, at_once, most = threading.Lock(), 0, 0

    def meet() -> None:
        nonlocal at_once, most
        with counting:
            at_once += 1
            most = max(most, at_once)
        together.wait(60)
        with counting:
            at_once -= 1

    with ThreadPoolExecutor(lists) as pool:
        find = partial(adapter.find_instances, Session(meet=meet), US, Kind.EC2, share=share)  # type: ignore[arg-type]
        ended = [pool.submit(find) for _ in range(lists)]

    assert [each.result()[0] for each in ended] == [ALLOWED] * lists
    assert most == 8


def test_after_the_tests_deadline_no_further_page_is_read() -> None:
    """A page of a sweep does not wait for it any more, and the next one needs the processor."""
    answer, found = adapter.find_instances(
        of_a_thousand(), US, Kind.EC2, deadline=Deadline(0, lambda: 1)
    )

    assert (answer, len(found.ids), found.complete) == (ALLOWED, 1, False)


def test_a_survey_takes_no_longer_than_its_test_has(monkeypatch: pytest.MonkeyPatch) -> None:
    given = []

    def note(calls: dict[Any, Any], at_once: int, *, seconds: float) -> Any:
        given.append(seconds)
        return call_at_once(calls, at_once, seconds=60)

    monkeypatch.setattr(service, "call_at_once", note)
    session: Any = Session({US: Region([ids(1)])})

    survey_regions(
        (US,), session, [], trigger=Trigger.SCHEDULED, now=NOW, of_test=Deadline(3, lambda: 0)
    )

    assert 0 <= given[0] <= 3


def test_terminated_instances_are_not_asked_about() -> None:
    session = Session({US: Region([ids(2)], state="terminated")})

    assert surveyed(session, US).instances == {}


def test_what_is_under_control_is_told_by_kind_and_only_of_the_accounts_regions() -> None:
    session = Session({US: Region([ids(1)])})
    resources = [
        controlled(ids(1)[0]),
        controlled("orders", kind=Kind.RDS),
        controlled("hr", "sa-east-1", Kind.RDS),
    ]

    survey = surveyed(session, US, resources=resources)

    assert survey.under_control == {
        Kind.EC2: {US: (ids(1)[0],)},
        Kind.RDS: {US: ("orders",)},
    } | {kind: {} for kind in Kind if kind not in (Kind.EC2, Kind.RDS)}
    assert survey.instances == {US: tuple(ids(1))}, "a database is no EC2 instance"


def test_a_person_is_told_which_other_regions_have_instances() -> None:
    session = Session(
        {
            "eu-west-3": Region([ids(1)]),
            "sa-east-1": Region(databases=1),
            OFF: Region(ec2_error=refused("AuthFailure"), others_error=refused("AuthFailure")),
        }
    )

    survey = surveyed(session, US)

    assert survey.elsewhere == ("eu-west-3", "sa-east-1")
    assert max(session.calls.values()) == 1


@pytest.mark.parametrize(
    ("region", "trigger", "elsewhere"),
    [
        (Region([ids(1)]), Trigger.MANUAL, ()),
        (Region(databases=1), Trigger.MANUAL, ()),
        (Region([ids(1)]), Trigger.SCHEDULED, ()),
        (Region(), Trigger.SCHEDULED, None),
        # It may have instances: nobody can say that there are none.
        (Region(ec2_error=refused("RequestLimitExceeded")), Trigger.MANUAL, None),
        (Region(ec2_error=SCP), Trigger.MANUAL, ()),
    ],
)
def test_nothing_is_proposed_where_instances_are_or_may_be(
    region: Region, trigger: Trigger, elsewhere: tuple[str, ...] | None
) -> None:
    session = Session({US: region})

    assert surveyed(session, US, trigger=trigger).elsewhere == elsewhere
