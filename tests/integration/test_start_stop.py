"""Listing, starting and stopping, from the request to the table, with AWS as moto has it."""

from __future__ import annotations

import threading
from collections.abc import Callable, Collection, Iterator
from concurrent.futures import Future, wait
from dataclasses import dataclass, field, replace
from datetime import timedelta
from typing import Any

import boto3
import pytest

from cavok import wiring
from cavok.adapters.customer.instances import InstanceClient, Listed
from cavok.adapters.customer.session import CustomerSession
from cavok.adapters.table.accounts import Accounts
from cavok.adapters.table.interactions import Interactions
from cavok.domain.access_denied import Reason
from cavok.domain.accounts import Status
from cavok.domain.errors import (
    AccountNotFound,
    AmbiguousInstance,
    CallFailed,
    EntryInconclusive,
    EntryRefused,
    ExcludedByTag,
    InstanceNotFound,
    InvalidField,
    NoCapacity,
    NotAnswered,
    NotConnected,
    NotLetIn,
    NotReadable,
    Overtaken,
    RefusedByAws,
    ServiceUnavailable,
    StillRunning,
    UseEnded,
    WrongState,
)
from cavok.domain.instances import Instance, Operation
from cavok.domain.interactions import InteractionOutcome, Result
from cavok.domain.kinds import Action, DescribedPage, Kind
from cavok.domain.organizations import Organization
from cavok.domain.outcomes import HELD_FOR
from cavok.domain.regions import RegionHealth, RegionStatus
from cavok.domain.schedules import REPEATED_FOR
from cavok.domain.steps import Verdict, judge
from cavok.services import calls_at_once
from cavok.services.connections import ConnectionDependencies
from cavok.services.instances import list_instances
from cavok.services.resources import ResourceDependencies
from cavok.services.start_stop import start_stop
from functions.instances_api import app as instances_api
from tests.support import api
from tests.support.api import Api
from tests.support.builders import ACCOUNT_ID, ADA, NOW, ORGANIZATION_ID, an_account, judged
from tests.support.faults import Died
from tests.support.instances import make_database, run_instance, state
from tests.support.moto_stack import items
from tests.support.start_stop import CONTEXT, ENDS, KEYED, Connect, Sessions, end_meanwhile, history


def test_an_instance_is_stopped_and_that_is_recorded(
    connect: Connect, dependencies: ConnectionDependencies, interactions: Interactions
) -> None:
    connect()
    web = run_instance()

    interaction = start_stop(
        CONTEXT, Operation(Action.STOP, Kind.EC2, web), dependencies=dependencies
    )

    assert state(web) == "stopped"
    assert interaction.detail == "It was running; stop was asked for."
    assert interaction.region == "us-east-1"
    assert history(interactions) == [interaction]


def test_starting_what_runs_is_accepted_and_says_so(
    connect: Connect, dependencies: ConnectionDependencies
) -> None:
    connect()
    start = Operation(Action.START, Kind.EC2, run_instance())

    interaction = start_stop(CONTEXT, start, dependencies=dependencies)

    assert interaction.outcome is InteractionOutcome.ACCEPTED
    assert interaction.detail == "It is running already; nothing was done."


def test_the_session_is_narrowed_to_the_one_call(
    connect: Connect, dependencies: ConnectionDependencies, sessions: Sessions
) -> None:
    connect()
    web = run_instance()
    start_stop(CONTEXT, Operation(Action.STOP, Kind.EC2, web), dependencies=dependencies)

    (policy,) = sessions.policies
    assert policy["Statement"][1]["Action"] == ["ec2:StopInstances"]
    assert policy["Statement"][1]["Resource"].endswith(f":instance/{web}")


@pytest.mark.parametrize("status", [Status.UNCONFIRMED, Status.FAILED])
def test_an_account_that_is_not_connected_is_not_entered(
    status: Status, accounts: Accounts, dependencies: ConnectionDependencies, sessions: Sessions
) -> None:
    wiring.organizations().create(Organization.new(ORGANIZATION_ID), NOW)
    accounts.add(an_account(status=status), None)
    stop = Operation(Action.STOP, Kind.EC2, "i-0123456789abcdef0")

    with pytest.raises(NotConnected, match="press Test"):
        start_stop(CONTEXT, stop, dependencies=dependencies)
    with pytest.raises(NotConnected, match="press Test"):
        list_instances(CONTEXT, region=None, kind=None, dependencies=dependencies)

    assert sessions.policies == []


def test_a_permission_that_the_last_test_found_missing_is_named_and_not_tried(
    connect: Connect,
    dependencies: ConnectionDependencies,
    sessions: Sessions,
    interactions: Interactions,
) -> None:
    connect("ec2:StopInstances")
    web = run_instance()

    with pytest.raises(RefusedByAws, match="ec2:StopInstances"):
        start_stop(CONTEXT, Operation(Action.STOP, Kind.EC2, web), dependencies=dependencies)

    assert sessions.policies == []
    assert state(web) == "running"
    (interaction,) = history(interactions)
    assert interaction.outcome is InteractionOutcome.REFUSED
    start_stop(CONTEXT, Operation(Action.START, Kind.EC2, web), dependencies=dependencies)


def test_what_does_not_exist_is_not_found_and_recorded(
    connect: Connect, dependencies: ConnectionDependencies, interactions: Interactions
) -> None:
    connect()

    stop = Operation(Action.STOP, Kind.EC2, "i-0123456789abcdef0")
    with pytest.raises(InstanceNotFound):
        start_stop(CONTEXT, stop, dependencies=dependencies)

    (interaction,) = history(interactions)
    assert interaction.outcome is InteractionOutcome.REFUSED


@pytest.mark.parametrize("name", ["*", "orders", "i-" + "0" * 9000, "i-0123456789abcdef\n"])
def test_what_is_no_identifier_is_named_before_anything_is_stored_or_called(
    connect: Connect, dependencies: ConnectionDependencies, sessions: Sessions, name: str
) -> None:
    connect()
    before = items()

    with pytest.raises(InvalidField) as refusal:
        start_stop(KEYED, Operation(Action.STOP, Kind.EC2, name), dependencies=dependencies)

    assert refusal.value.field == "instance_id"
    assert items() == before
    assert sessions.policies == []


def test_an_excluded_instance_is_refused(
    connect: Connect, dependencies: ConnectionDependencies
) -> None:
    connect()
    web = run_instance(**{"cavok:exclude": "true"})

    with pytest.raises(ExcludedByTag, match="excluded"):
        start_stop(CONTEXT, Operation(Action.STOP, Kind.EC2, web), dependencies=dependencies)
    assert state(web) == "running"


def test_without_a_region_all_of_the_accounts_are_searched_and_others_are_not(
    connect: Connect, dependencies: ConnectionDependencies
) -> None:
    connect(regions=("us-east-1", "eu-west-1"))
    there, outside = run_instance("eu-west-1"), run_instance("eu-central-1")

    found = start_stop(CONTEXT, Operation(Action.STOP, Kind.EC2, there), dependencies=dependencies)

    assert found.region == "eu-west-1"
    for region in (None, "eu-central-1"):
        with pytest.raises(InstanceNotFound):
            start_stop(
                CONTEXT,
                Operation(Action.STOP, Kind.EC2, outside, region),
                dependencies=dependencies,
            )


@pytest.fixture
def undescribed(monkeypatch: pytest.MonkeyPatch) -> set[str]:
    """Regions in which AWS describes each database without its class."""
    regions: set[str] = set()
    describe = InstanceClient._describe

    def describing(client: InstanceClient, arguments: dict[str, Any]) -> Iterator[DescribedPage]:
        for page in describe(client, arguments):
            if client.region not in regions:
                yield page
            elif page.instances:
                yield DescribedPage((), ("no DBInstanceClass",))

    monkeypatch.setattr(InstanceClient, "_describe", describing)
    return regions


def test_a_name_in_two_regions_needs_the_region(
    connect: Connect, dependencies: ConnectionDependencies, undescribed: set[str]
) -> None:
    """Also if AWS's description of one of them cannot be read."""
    connect(regions=("us-east-1", "eu-west-1"))
    make_database("orders")
    boto3.client("rds", "eu-west-1").create_db_instance(
        DBInstanceIdentifier="orders",
        DBInstanceClass="db.t4g.small",
        Engine="postgres",
        MasterUsername="root",
        MasterUserPassword="not-a-secret",
        AllocatedStorage=20,
    )

    with pytest.raises(AmbiguousInstance, match="us-east-1, eu-west-1"):
        start_stop(CONTEXT, Operation(Action.STOP, Kind.RDS, "orders"), dependencies=dependencies)
    undescribed.add("us-east-1")
    with pytest.raises(AmbiguousInstance, match="us-east-1, eu-west-1"):
        start_stop(CONTEXT, Operation(Action.STOP, Kind.RDS, "orders"), dependencies=dependencies)
    chosen = Operation(Action.STOP, Kind.RDS, "orders", "eu-west-1")
    assert start_stop(CONTEXT, chosen, dependencies=dependencies).region == "eu-west-1"


def test_the_same_key_stops_once_and_is_answered_the_same(
    connect: Connect,
    dependencies: ConnectionDependencies,
    interactions: Interactions,
    sessions: Sessions,
) -> None:
    connect()
    stop = Operation(Action.STOP, Kind.EC2, run_instance())
    context = replace(CONTEXT, idempotency_key="k")

    first = start_stop(context, stop, dependencies=dependencies)
    again = start_stop(
        replace(context, requester=replace(ADA, request_id="r-2")), stop, dependencies=dependencies
    )

    assert again == first
    assert len(sessions.policies) == 1
    assert history(interactions) == [first]


def test_the_same_key_is_refused_the_same(
    connect: Connect, dependencies: ConnectionDependencies, interactions: Interactions
) -> None:
    connect()
    stop = Operation(Action.STOP, Kind.EC2, run_instance(**{"cavok:exclude": "true"}))

    for _ in range(2):
        with pytest.raises(ExcludedByTag, match="excluded"):
            start_stop(replace(CONTEXT, idempotency_key="k"), stop, dependencies=dependencies)
    assert len(history(interactions)) == 1


def test_the_same_key_finds_no_instance_again(
    connect: Connect, dependencies: ConnectionDependencies, interactions: Interactions
) -> None:
    connect()
    stop = Operation(Action.STOP, Kind.EC2, "i-0123456789abcdef0")

    for _ in range(2):
        with pytest.raises(InstanceNotFound, match="There is no ec2 instance"):
            start_stop(replace(CONTEXT, idempotency_key="k"), stop, dependencies=dependencies)
    assert len(history(interactions)) == 1


@pytest.mark.parametrize("key", ["k", None])
@pytest.mark.parametrize("end", ENDS)
def test_nothing_is_done_in_an_account_whose_use_ended_while_its_instance_was_looked_for(
    connect: Connect,
    dependencies: ConnectionDependencies,
    interactions: Interactions,
    monkeypatch: pytest.MonkeyPatch,
    end: Callable[[Accounts], None],
    key: str | None,
) -> None:
    connect(regions=("us-east-1",))
    web = run_instance()
    stop = Operation(Action.STOP, Kind.EC2, web)
    end_meanwhile(monkeypatch, end)

    with pytest.raises(UseEnded, match="Nothing was done"):
        start_stop(replace(CONTEXT, idempotency_key=key), stop, dependencies=dependencies)

    assert state(web) == "running"
    assert [each.outcome for each in history(interactions)] == [InteractionOutcome.REFUSED]


# ---- failures that pass, and answers that are lost -----------------------------------------------


@dataclass
class Aws:
    """Fails with these codes, one a call of start or stop; `after` it was carried out, or before.
    `blind`: so many looks fail after the first.
    """

    codes: list[str] = field(default_factory=list)
    after: bool = False
    blind: int = 0
    calls: int = 0
    looks: int = 0


@pytest.fixture
def aws(monkeypatch: pytest.MonkeyPatch) -> Aws:
    made, act, find = Aws(), InstanceClient.act, InstanceClient.find

    def acting(client: InstanceClient, instance_id: str, action: Action) -> None:
        made.calls += 1
        code = made.codes.pop(0) if made.codes else None
        if code is None or made.after:
            act(client, instance_id, action)
        if code:
            raise CallFailed(judge(code, "Not now."))

    def finding(client: InstanceClient, instance_id: str) -> Instance | None:
        made.looks += 1
        if 1 < made.looks <= 1 + made.blind:
            raise CallFailed(judge("ThrottlingException", "Not now."))
        return find(client, instance_id)

    monkeypatch.setattr(InstanceClient, "act", acting)
    monkeypatch.setattr(InstanceClient, "find", finding)
    return made


LATER = replace(KEYED, now=NOW + timedelta(seconds=5), requester=replace(ADA, request_id="r-2"))


@pytest.mark.parametrize(
    ("code", "error"),
    [
        ("RequestLimitExceeded", NotAnswered),
        ("ThrottlingException", NotAnswered),
        ("InternalError", NotAnswered),
        ("RequestTimeout", NotAnswered),
        ("InsufficientInstanceCapacity", NoCapacity),
        ("IncorrectInstanceState", WrongState),
    ],
)
def test_a_failure_that_passes_is_not_remembered_under_its_key(
    connect: Connect,
    dependencies: ConnectionDependencies,
    interactions: Interactions,
    aws: Aws,
    code: str,
    error: type[Exception],
) -> None:
    connect()
    web = run_instance()
    aws.codes = [code]
    stop = Operation(Action.STOP, Kind.EC2, web)

    with pytest.raises(error, match=code):
        start_stop(KEYED, stop, dependencies=dependencies)
    assert history(interactions) == []
    accepted = start_stop(LATER, stop, dependencies=dependencies)

    assert (accepted.outcome, state(web)) == (InteractionOutcome.ACCEPTED, "stopped")
    assert history(interactions) == [accepted]


def test_a_key_tries_again_once_aws_describes_the_instance_in_full(
    connect: Connect,
    dependencies: ConnectionDependencies,
    interactions: Interactions,
    undescribed: set[str],
    aws: Aws,
) -> None:
    connect()
    make_database("orders")
    stop = Operation(Action.STOP, Kind.RDS, "orders")
    undescribed.add("us-east-1")

    with pytest.raises(NotReadable, match="no DBInstanceClass"):
        start_stop(KEYED, stop, dependencies=dependencies)
    assert (history(interactions), aws.calls) == ([], 0)
    undescribed.clear()
    accepted = start_stop(LATER, stop, dependencies=dependencies)

    assert (accepted.outcome, aws.calls) == (InteractionOutcome.ACCEPTED, 1)


def test_an_instance_that_cannot_be_read_is_not_started_stopped_or_put_under_control(
    connect: Connect,
    control: ResourceDependencies,
    undescribed: set[str],
    aws: Aws,
    admin: Api,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """It may exist in any state, and a tag may exclude it."""
    monkeypatch.setattr(api, "app", instances_api)
    monkeypatch.setattr(wiring, "connection_dependencies", lambda: control.connections)
    monkeypatch.setattr(wiring, "resource_dependencies", lambda: control)
    connect()
    make_database("orders")
    undescribed.add("us-east-1")
    account = f"/v1/accounts/{ACCOUNT_ID}"
    orders = {"kind": "rds", "instance_id": "orders", "region": "us-east-1"}

    answers = [
        admin.post(f"{account}/instances/rds/orders/start"),
        admin.post(f"{account}/instances/rds/orders/stop"),
        admin.post(f"{account}/resources", orders),
    ]

    assert [(each.status, each.json["code"]) for each in answers] == [(409, "not_readable")] * 3
    assert aws.calls == 0
    assert list(wiring.resources().all_of(ACCOUNT_ID)) == []


def test_without_a_key_a_failure_that_passes_is_recorded_at_once(
    connect: Connect, dependencies: ConnectionDependencies, interactions: Interactions, aws: Aws
) -> None:
    connect()
    aws.codes = ["ThrottlingException"]

    with pytest.raises(NotAnswered):
        start_stop(
            CONTEXT, Operation(Action.STOP, Kind.EC2, run_instance()), dependencies=dependencies
        )

    (interaction,) = history(interactions)
    assert (interaction.outcome, interaction.result) == (InteractionOutcome.REFUSED, None)


@pytest.mark.parametrize("code", ["RequestTimeout", "InternalError", "InvalidDBInstanceState"])
def test_a_call_that_worked_and_whose_answer_says_otherwise_is_accepted(
    connect: Connect, dependencies: ConnectionDependencies, aws: Aws, code: str
) -> None:
    """A lost answer; or the SDK called again, and the database was on its way by then."""
    connect()
    make_database("orders")
    aws.codes, aws.after = [code], True

    accepted = start_stop(
        KEYED, Operation(Action.STOP, Kind.RDS, "orders"), dependencies=dependencies
    )

    assert (accepted.outcome, accepted.result) == (InteractionOutcome.ACCEPTED, Result.PENDING)
    assert accepted.detail == "It was available; stop was asked for."
    assert aws.calls == 1


def test_after_a_call_without_an_answer_the_instance_is_looked_at_and_not_called_again(
    connect: Connect, dependencies: ConnectionDependencies, interactions: Interactions, aws: Aws
) -> None:
    connect()
    web = run_instance()
    aws.codes, aws.after, aws.blind = ["RequestTimeout"], True, 1
    stop = Operation(Action.STOP, Kind.EC2, web)
    with pytest.raises(NotAnswered):
        start_stop(KEYED, stop, dependencies=dependencies)

    accepted = start_stop(LATER, stop, dependencies=dependencies)

    assert aws.calls == 1
    assert accepted.detail == "It is stopped, perhaps by an earlier try of this request."
    assert (accepted.changed, accepted.result) == (True, Result.REACHED)
    assert history(interactions) == [accepted]


def die_at_the_call(
    monkeypatch: pytest.MonkeyPatch, operation: Operation, dependencies: ConnectionDependencies
) -> None:
    def die(*_: object) -> None:
        raise Died

    with monkeypatch.context() as patch:
        patch.setattr(InstanceClient, "act", die)
        with pytest.raises(Died):
            start_stop(KEYED, operation, dependencies=dependencies)


def test_a_key_waits_while_its_first_request_may_still_call_and_then_tries_again(
    connect: Connect,
    dependencies: ConnectionDependencies,
    interactions: Interactions,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    connect()
    web = run_instance()
    stop = Operation(Action.STOP, Kind.EC2, web)
    die_at_the_call(monkeypatch, stop, dependencies)

    with pytest.raises(StillRunning):
        start_stop(LATER, stop, dependencies=dependencies)
    assert state(web) == "running"
    at = NOW + HELD_FOR
    accepted = start_stop(replace(LATER, now=at), stop, dependencies=dependencies)

    assert (accepted.outcome, state(web)) == (InteractionOutcome.ACCEPTED, "stopped")
    assert history(interactions) == [accepted]


def test_a_key_that_is_sent_for_ever_keeps_no_act_open(
    connect: Connect,
    dependencies: ConnectionDependencies,
    interactions: Interactions,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Its last try ends within an hour, and what became of it is followed for ten minutes more."""
    connect()
    stop = Operation(Action.STOP, Kind.EC2, run_instance())
    die_at_the_call(monkeypatch, stop, dependencies)
    last, late = (NOW + REPEATED_FOR - timedelta(seconds=1), NOW + REPEATED_FOR)

    with pytest.raises(StillRunning):
        start_stop(replace(LATER, now=late), stop, dependencies=dependencies)
    accepted = start_stop(replace(LATER, now=last), stop, dependencies=dependencies)

    assert history(interactions) == [accepted]


def test_a_key_whose_request_was_overtaken_by_another_does_nothing(
    connect: Connect,
    dependencies: ConnectionDependencies,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    connect()
    web = run_instance()
    stop = Operation(Action.STOP, Kind.EC2, web)
    die_at_the_call(monkeypatch, stop, dependencies)
    keep_on = Operation(Action.START, Kind.EC2, web)
    start_stop(replace(CONTEXT, now=LATER.now), keep_on, dependencies=dependencies)

    with pytest.raises(Overtaken, match="A later request"):
        start_stop(replace(LATER, now=NOW + HELD_FOR), stop, dependencies=dependencies)

    assert state(web) == "running"


def test_our_own_fault_is_not_remembered_under_a_key(
    connect: Connect,
    dependencies: ConnectionDependencies,
    interactions: Interactions,
    sessions: Sessions,
) -> None:
    connect()
    stop = Operation(Action.STOP, Kind.EC2, run_instance())
    sessions.error = RuntimeError("a bug")
    with pytest.raises(RuntimeError):
        start_stop(KEYED, stop, dependencies=dependencies)
    sessions.error = None

    accepted = start_stop(LATER, stop, dependencies=dependencies)

    assert history(interactions) == [accepted]


@pytest.mark.parametrize(
    ("error", "expected"),
    [
        (EntryRefused("AccessDenied: no."), NotLetIn),
        (EntryInconclusive("Throttling: slow down."), ServiceUnavailable),
    ],
)
def test_a_refused_entry_and_one_without_an_answer_raise_different_errors(
    error: Exception,
    expected: type[Exception],
    connect: Connect,
    dependencies: ConnectionDependencies,
    sessions: Sessions,
) -> None:
    connect()
    sessions.error = error
    stop = Operation(Action.STOP, Kind.EC2, "i-0123456789abcdef0")

    with pytest.raises(expected):
        start_stop(CONTEXT, stop, dependencies=dependencies)
    with pytest.raises(expected):
        list_instances(CONTEXT, region=None, kind=None, dependencies=dependencies)


def test_another_organizations_account_does_not_exist(
    connect: Connect, dependencies: ConnectionDependencies
) -> None:
    connect()
    context = replace(CONTEXT, organization_id="org-two")

    with pytest.raises(AccountNotFound):
        start_stop(
            context,
            Operation(Action.STOP, Kind.EC2, "i-0123456789abcdef0"),
            dependencies=dependencies,
        )
    with pytest.raises(AccountNotFound):
        list_instances(context, region=None, kind=None, dependencies=dependencies)


class Broken(InstanceClient):
    """RDS refuses, and eu-west-1 does not answer before the test is over."""

    test_is_over = threading.Event()

    def list(self) -> Listed:
        if self.kind is Kind.RDS:
            message = "not authorized"
            raise CallFailed(
                judged(
                    Verdict.DENIED,
                    Reason.IDENTITY_POLICY,
                    error_code="AccessDenied",
                    detail=f"{message}. Encoded authorization failure message: xyz",
                )
            )
        if self.region == "eu-west-1":
            self.test_is_over.wait(30)
        return super().list()


def test_what_cannot_be_listed_is_named_and_the_rest_is_shown(
    connect: Connect,
    dependencies: ConnectionDependencies,
    interactions: Interactions,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def wait_for_all_but_two(futures: Collection[Future[Any]], timeout: float) -> None:
        """Like the real one at its time limit, however slow this machine is."""
        assert timeout == 12
        while sum(not future.done() for future in futures) > 2:
            wait(futures, timeout=0.02)

    monkeypatch.setattr(calls_at_once, "wait", wait_for_all_but_two)
    connect(regions=("us-east-1", "eu-west-1"))
    web = run_instance()

    listing = list_instances(
        CONTEXT, region=None, kind=None, dependencies=replace(dependencies, connect=Broken)
    )
    Broken.test_is_over.set()

    assert [instance.instance_id for instance in listing.items] == [web]
    assert {(u.region, u.kind): u.detail for u in listing.unavailable} == {
        ("us-east-1", Kind.RDS): (
            "AWS refuses rds:DescribeDBInstances: AccessDenied: not authorized."
        ),
        ("eu-west-1", Kind.RDS): (
            "AWS refuses rds:DescribeDBInstances: AccessDenied: not authorized."
        ),
        ("eu-west-1", Kind.EC2): (
            "AWS did not carry out ec2:DescribeInstances: RequestTimeout: "
            "no answer within 12 seconds"
        ),
        ("eu-west-1", Kind.AURORA): (
            "AWS did not carry out rds:DescribeDBClusters: RequestTimeout: "
            "no answer within 12 seconds"
        ),
    }
    assert [i.detail for i in history(interactions)] == ["1 instance; 4 could not be listed."]


REFUSED = RegionHealth("eu-west-1", RegionStatus.REFUSED, Reason.SERVICE_CONTROL_POLICY)
OFF = RegionHealth("af-south-1", RegionStatus.NOT_ENABLED)
LEFT_OUT = {
    "eu-west-1": (
        "The last test found that AWS refuses every call in this region (service_control_policy). "
        "Press Test to look again."
    ),
    "af-south-1": (
        "The last test found that the account has not enabled this region. "
        "Press Test to look again."
    ),
}


def set_health(accounts: Accounts, *health: RegionHealth) -> None:
    """A test found this in regions of the account."""
    accounts.changed(ORGANIZATION_ID, ACCOUNT_ID, lambda now: replace(now, region_health=health))


def test_a_region_where_no_call_works_is_left_out_of_a_listing_and_named(
    connect: Connect, accounts: Accounts, dependencies: ConnectionDependencies
) -> None:
    connect(regions=("us-east-1", "eu-west-1", "af-south-1"))
    home = RegionHealth("us-east-1", RegionStatus.REACHABLE)
    set_health(accounts, home, REFUSED, OFF)
    web, _ = run_instance(), run_instance("eu-west-1")
    called: list[str] = []

    def connecting(session: CustomerSession, kind: Kind, region: str) -> InstanceClient:
        called.append(region)
        return InstanceClient(session, kind, region)

    listing = list_instances(
        CONTEXT, region=None, kind=None, dependencies=replace(dependencies, connect=connecting)
    )

    assert [instance.instance_id for instance in listing.items] == [web]
    assert set(called) == {"us-east-1"}
    assert [(u.region, u.kind, u.detail) for u in listing.unavailable] == [
        (region, kind, detail) for region, detail in LEFT_OUT.items() for kind in Kind
    ]


def test_an_account_whose_regions_are_all_left_out_has_an_empty_listing(
    connect: Connect, accounts: Accounts, dependencies: ConnectionDependencies
) -> None:
    connect(regions=("eu-west-1",))
    set_health(accounts, REFUSED)

    listing = list_instances(CONTEXT, region="eu-west-1", kind=Kind.EC2, dependencies=dependencies)

    assert (listing.items, [u.detail for u in listing.unavailable]) == ([], [LEFT_OUT["eu-west-1"]])


def test_a_region_that_did_not_answer_a_test_is_listed(
    connect: Connect, accounts: Accounts, dependencies: ConnectionDependencies
) -> None:
    connect()
    set_health(accounts, RegionHealth("us-east-1", RegionStatus.UNKNOWN, Reason.IDENTITY_POLICY))
    web = run_instance()

    listing = list_instances(CONTEXT, region=None, kind=None, dependencies=dependencies)

    assert [instance.instance_id for instance in listing.items] == [web]


@pytest.mark.parametrize("region", ["eu-west-1", None])
def test_an_act_is_tried_where_an_earlier_test_found_that_no_call_works(
    region: str | None,
    connect: Connect,
    accounts: Accounts,
    dependencies: ConnectionDependencies,
) -> None:
    """The last test may be a day old, and one call tells. AWS's answer is the truth."""
    connect(regions=("us-east-1", "eu-west-1"))
    set_health(accounts, RegionHealth("us-east-1", RegionStatus.REACHABLE), REFUSED)
    web = run_instance("eu-west-1")

    found = start_stop(
        CONTEXT, Operation(Action.STOP, Kind.EC2, web, region), dependencies=dependencies
    )

    assert (found.region, found.outcome) == ("eu-west-1", InteractionOutcome.ACCEPTED)


def test_one_region_and_one_kind_can_be_asked_for(
    connect: Connect, dependencies: ConnectionDependencies
) -> None:
    connect(regions=("us-east-1", "eu-west-1"))
    here, there = run_instance(), run_instance("eu-west-1")
    make_database("orders")

    of_region = list_instances(CONTEXT, region="eu-west-1", kind=None, dependencies=dependencies)
    of_kind = list_instances(CONTEXT, region=None, kind=Kind.EC2, dependencies=dependencies)

    assert [i.instance_id for i in of_region.items] == [there]
    assert {i.instance_id for i in of_kind.items} == {here, there}
    with pytest.raises(InvalidField, match="us-east-1, eu-west-1"):
        list_instances(CONTEXT, region="eu-west-3", kind=None, dependencies=dependencies)
