"""A role that is opened after its test, met by whatever enters the account next."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any

import boto3
import pytest

from cavok import wiring
from cavok.adapters.customer.session import CustomerSession
from cavok.adapters.table.interactions import Interactions
from cavok.adapters.table.trust_proofs import TrustProofs
from cavok.domain.accounts import Account, Status
from cavok.domain.actors import SCHEDULE
from cavok.domain.errors import InteractionRefused, RoleLetsOthersIn, ServiceUnavailable
from cavok.domain.instances import Operation
from cavok.domain.interactions import InteractionOutcome, Logged
from cavok.domain.kinds import Action, Kind
from cavok.domain.schedules import DAYS, Schedule, Window
from cavok.domain.steps import ALLOWED, Judgement, Verdict
from cavok.services import trust
from cavok.services.accounts import revoke_account
from cavok.services.connections import ConnectionDependencies
from cavok.services.customer_sessions import CustomerSessions
from cavok.services.instances import list_instances
from cavok.services.log_interactions import LogWriting, log_interactions
from cavok.services.resources import add_resource
from cavok.services.start_stop import start_stop
from cavok.services.trust import TrustGuard
from tests.support.builders import (
    ACCOUNT_ID,
    ADA,
    NOW,
    ORGANIZATION_ID,
    judged,
)
from tests.support.instances import make_database, run_instance, state
from tests.support.interaction_events import an_event
from tests.support.moto_stack import Clock, items
from tests.support.schedules import fire, new
from tests.support.start_stop import CONTEXT as AT_THE_TEST
from tests.support.start_stop import Connect, history

MAX_AGE = timedelta(minutes=15)
CONTEXT = replace(AT_THE_TEST, now=NOW + timedelta(minutes=1))
REFUSED = judged(Verdict.DENIED, error_code="AccessDenied")
THROTTLED = judged(Verdict.INCONCLUSIVE, error_code="Throttling")


@dataclass
class Role:
    """A customer's role, as AWS answers whoever assumes it. `tries` counts the wrong entries."""

    session: CustomerSession
    answer: Judgement = REFUSED
    tries: int = 0

    def assume(self, *_: Any) -> tuple[Judgement, CustomerSession]:
        return ALLOWED, self.session

    def through(self, account: Account) -> None:
        return None

    def try_without_external_id(self, *_: Any) -> Judgement:
        self.tries += 1
        return REFUSED

    def try_wrong_external_id(self, *_: Any) -> Judgement:
        self.tries += 1
        return self.answer


@pytest.fixture
def role(session: CustomerSession, monkeypatch: pytest.MonkeyPatch) -> Role:
    monkeypatch.setattr(trust, "TRUST_RETRY_WAITS", ())
    return Role(session)


def process(role: Role) -> CustomerSessions:
    """What a new process of Lambda has of its own."""
    entry = replace(wiring.entry_dependencies(), roles=lambda: role)  # type: ignore[arg-type,return-value]
    guard = TrustGuard(
        accounts=wiring.accounts(),
        proofs=TrustProofs(wiring.table()),
        roles=lambda: role,  # type: ignore[arg-type,return-value]
        max_age=MAX_AGE,
    )
    return CustomerSessions(entry, guard)


@pytest.fixture
def sessions(role: Role) -> CustomerSessions:
    return process(role)


def stop(instance_id: str) -> Operation:
    return Operation(Action.STOP, Kind.EC2, instance_id)


def account() -> Account:
    return wiring.accounts().get(ORGANIZATION_ID, ACCOUNT_ID)


def audit() -> list[Mapping[str, Any]]:
    return [item for item in items() if item["sk"].startswith("AUDIT#")]


def test_a_burst_costs_one_proof_whichever_process_acts(
    connect: Connect, dependencies: ConnectionDependencies, role: Role
) -> None:
    connect()
    for _ in range(3):
        start_stop(CONTEXT, stop(run_instance()), dependencies=dependencies)
    start_stop(
        CONTEXT, stop(run_instance()), dependencies=replace(dependencies, sessions=process(role))
    )

    assert role.tries == 2


def test_revoking_while_the_trust_is_proven_ends_the_act(
    connect: Connect,
    dependencies: ConnectionDependencies,
    role: Role,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    connect()
    instance_id = run_instance()

    def revoke_meanwhile(*_: Any) -> Judgement:
        revoke_account(
            ORGANIZATION_ID,
            ACCOUNT_ID,
            requester=ADA,
            accounts=wiring.accounts(),
            now=CONTEXT.now,
        )
        return REFUSED

    monkeypatch.setattr(role, "try_wrong_external_id", revoke_meanwhile)

    with pytest.raises(ServiceUnavailable):
        start_stop(CONTEXT, stop(instance_id), dependencies=dependencies)

    assert state(instance_id) == "running"
    assert TrustProofs(wiring.table()).get(account(), "instances") is None


def test_an_old_proof_is_none(
    connect: Connect, dependencies: ConnectionDependencies, role: Role
) -> None:
    connect()
    start_stop(CONTEXT, stop(run_instance()), dependencies=dependencies)

    later = replace(CONTEXT, now=CONTEXT.now + MAX_AGE)
    start_stop(later, stop(run_instance()), dependencies=dependencies)

    assert role.tries == 4


def test_what_was_proven_before_a_test_is_proven_again_after_it(
    connect: Connect, dependencies: ConnectionDependencies, role: Role
) -> None:
    connect()
    start_stop(AT_THE_TEST, stop(run_instance()), dependencies=dependencies)
    start_stop(CONTEXT, stop(run_instance()), dependencies=dependencies)

    assert role.tries == 4


def test_the_line_that_follows_a_test_proves_nothing_for_the_next_act(
    connect: Connect, dependencies: ConnectionDependencies, role: Role
) -> None:
    connect()
    now = CONTEXT.now
    log_interactions({"m-1": an_event(at=now.isoformat())}, writing=_log_writing(role), now=now)
    assert role.tries == 2
    role.answer = ALLOWED

    with pytest.raises(InteractionRefused):
        start_stop(CONTEXT, stop(run_instance()), dependencies=dependencies)


def test_a_role_that_was_opened_since_its_test_fails_its_account_before_anything_is_done(
    connect: Connect,
    dependencies: ConnectionDependencies,
    interactions: Interactions,
    role: Role,
) -> None:
    connect()
    web = run_instance()
    role.answer = ALLOWED

    with pytest.raises(RoleLetsOthersIn, match=r"Nothing was done\. The role .* can be assumed"):
        start_stop(CONTEXT, stop(web), dependencies=dependencies)

    assert state(web) == "running"
    failed = account()
    assert failed.status is Status.FAILED
    assert [issue.code for issue in failed.issues] == ["confused_deputy"]
    assert [entry["actor"] for entry in audit() if entry["action"] == "failed"] == [
        CONTEXT.requester.actor.name
    ]
    (newest,) = history(interactions)
    assert newest.outcome is InteractionOutcome.REFUSED
    assert "external ID" in newest.detail
    counts = wiring.organizations().get(ORGANIZATION_ID)
    assert counts
    assert (counts.counts[Status.FAILED], counts.counts[Status.CONFIRMED]) == (1, 0)


def test_what_follows_is_refused_without_asking_aws(
    connect: Connect, dependencies: ConnectionDependencies, role: Role
) -> None:
    connect()
    role.answer = ALLOWED
    for _ in range(2):
        with pytest.raises(InteractionRefused):
            start_stop(CONTEXT, stop(run_instance()), dependencies=dependencies)
    with pytest.raises(InteractionRefused):
        list_instances(CONTEXT, region=None, kind=None, dependencies=dependencies)

    assert role.tries == 2


def test_an_answer_that_proves_nothing_refuses_the_act_and_changes_nothing_else(
    connect: Connect, dependencies: ConnectionDependencies, role: Role, interactions: Interactions
) -> None:
    connect()
    web = run_instance()
    role.answer = THROTTLED
    before = items()

    with pytest.raises(ServiceUnavailable, match="try again"):
        start_stop(CONTEXT, stop(web), dependencies=dependencies)

    assert state(web) == "running"
    assert history(interactions)[0].outcome is InteractionOutcome.REFUSED
    records = ("INTERACTION#", "USAGE#", "AUDIT#")
    assert [i for i in items() if not i["sk"].startswith(records)] == [
        i for i in before if not i["sk"].startswith(records)
    ]

    role.answer = REFUSED
    start_stop(CONTEXT, stop(web), dependencies=dependencies)
    assert state(web) == "stopped"


def test_a_listing_asks_for_no_proof(
    connect: Connect, dependencies: ConnectionDependencies, role: Role
) -> None:
    connect()

    list_instances(CONTEXT, region=None, kind=None, dependencies=dependencies)

    assert role.tries == 0


def test_a_schedules_turn_is_refused_as_a_persons_act_is(
    connect: Connect,
    control: Any,
    interactions: Interactions,
    role: Role,
) -> None:
    connect()
    make_database("orders")
    schedule = Schedule("UTC", (Window(DAYS, "08:00", "18:00"),))
    resource = add_resource(CONTEXT, new(schedule), dependencies=control)
    role.answer = ALLOWED

    assert fire(resource, control, NOW.replace(hour=18)) is None

    assert account().status is Status.FAILED
    newest = history(interactions)[0]
    assert (newest.actor, newest.outcome) == (SCHEDULE, InteractionOutcome.REFUSED)
    assert "external ID" in newest.detail
    found = boto3.client("rds", "us-east-1").describe_db_instances(DBInstanceIdentifier="orders")
    assert found["DBInstances"][0]["DBInstanceStatus"] == "available"


def test_no_line_is_written_into_an_account_whose_role_is_open(
    connect: Connect, interactions: Interactions, role: Role
) -> None:
    connect()
    role.answer = ALLOWED
    writing = _log_writing(role)

    assert log_interactions({"m-1": an_event()}, writing=writing, now=NOW).failed == {}

    assert account().status is Status.FAILED
    groups = boto3.client("logs", "us-east-1").describe_log_groups()["logGroups"]
    assert groups == []


def test_a_line_waits_for_a_proof(connect: Connect, role: Role) -> None:
    connect()
    role.answer = THROTTLED
    writing = _log_writing(role)
    now = Clock.time

    failed = log_interactions({"m-1": an_event()}, writing=writing, now=now).failed
    assert list(failed) == ["m-1"]

    assert account().status is Status.CONFIRMED
    role.answer = REFUSED
    assert log_interactions({"m-1": an_event()}, writing=writing, now=now).failed == {}
    groups = boto3.client("logs", "us-east-1").describe_log_groups()["logGroups"]
    assert [group["logGroupName"] for group in groups] == ["/cavok/interactions"]


def test_the_line_of_a_refused_act_is_refused_too(
    connect: Connect,
    dependencies: ConnectionDependencies,
    interactions: Interactions,
    role: Role,
) -> None:
    connect()
    role.answer = ALLOWED
    with pytest.raises(InteractionRefused):
        start_stop(CONTEXT, stop(run_instance()), dependencies=dependencies)
    (refused,) = history(interactions)

    event = an_event(interaction_id=refused.interaction_id)
    log_interactions({"m-1": event}, writing=_log_writing(role), now=NOW)

    assert history(interactions)[0].logged is Logged.REFUSED


def _log_writing(role: Role) -> LogWriting:
    return LogWriting(
        accounts=wiring.accounts(), interactions=wiring.interactions(), sessions=process(role)
    )
