"""What a sweep does with due accounts, on a table with the template's own indexes."""

from __future__ import annotations

import io
import json
import re
import threading
import time
from collections.abc import Callable, Collection, Iterator, Sequence
from concurrent.futures import wait
from contextlib import suppress
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from itertools import count
from typing import Any
from unittest.mock import Mock

import pytest
from aws_lambda_powertools.utilities.data_classes.dynamo_db_stream_event import DynamoDBRecord
from botocore.exceptions import ClientError
from pynamodb.exceptions import PynamoDBException

from cavok import wiring
from cavok.adapters.customer import probes
from cavok.adapters.customer.probed_account import ProbedAccount
from cavok.adapters.customer.session import WrongKey
from cavok.adapters.table.accounts import AccountItem, Accounts
from cavok.adapters.table.due_accounts import DueAccounts
from cavok.adapters.table.keys import DUE_SHARDS
from cavok.adapters.table.stream import change_of
from cavok.adapters.table.table import ItemBusy
from cavok.adapters.table.verifications import Verifications
from cavok.domain import deadlines
from cavok.domain.access_denied import Reason
from cavok.domain.accounts import CONNECTED, Account, LastVerification, Outcome, Status
from cavok.domain.actors import SCHEDULE
from cavok.domain.deadlines import (
    CALL_SECONDS,
    LEAST_WEIGHING_SECONDS,
    NO_DEADLINE,
    SHORT_TEST_SECONDS,
    WEIGHING_SECONDS,
    Deadline,
    ProcessorTime,
)
from cavok.domain.dry_run_verdicts import DRY_RUN, allowed_for_an_absent_one
from cavok.domain.errors import (
    ChangedMeanwhile,
    EntryInconclusive,
    EntryRefused,
    EntryRefusedYet,
    OurEntryBroken,
    OutOfTime,
    ServiceUnavailable,
    SweepFailed,
    VerificationNotStarted,
)
from cavok.domain.events import Event, EventType, events_of
from cavok.domain.fair_queue import AccountKey
from cavok.domain.kinds import Action, Kind
from cavok.domain.organizations import Organization
from cavok.domain.policy_verdicts import Database, DatabaseQuestion, Databases, RolePolicies
from cavok.domain.regions import REGIONS
from cavok.domain.steps import ALLOWED, Evidence, ResourceVerdict, Step, Verdict, judge
from cavok.domain.survey import Survey
from cavok.domain.verifications import (
    FULL_EVERY,
    KEPT_FOR,
    LEASE,
    State,
    Trigger,
    Verification,
    abort,
    begin,
    untested_since,
)
from cavok.services import enter_for_verification as entering
from cavok.services import scheduled_test, sweep
from cavok.services.enter_for_verification import VerificationRequest
from cavok.services.probe_account import probe_account
from cavok.services.scheduled_test import Found
from cavok.services.sweep import Sweep, SweepDependencies, Swept
from functions.sweep_accounts import app
from local.catalog import COSTS
from tests.bench.capacity import Capacity
from tests.support.api import Api, Context, number
from tests.support.builders import (
    ADA,
    EXTERNAL_ID,
    NOW,
    NUMBER,
    ORGANIZATION_ID,
    a_step,
    a_verification,
    an_account,
    confirmed,
    judged,
    steps_of,
)
from tests.support.documents import cost_figures
from tests.support.fake_aws import a_session
from tests.support.faults import Calls, Fault, watched
from tests.support.moto_stack import (
    TABLE,
    client,
    forget_what_expired,
    items,
    written_by_a_newer_release,
)
from tests.support.stream_records import stream_record

ARN = "arn:aws:states:us-east-1:111122223333:execution:reverify-accounts:one"
OLDER = {f"{ARN}-before": NOW - timedelta(minutes=1)}
"""Another sweep, which runs."""

TWENTY = tuple(sorted(REGIONS))[:20]
AN_HOUR_AGO = NOW - timedelta(hours=1)
Find = Callable[[Account], Any]


def works(account: Account) -> list[Any]:
    return steps_of(account)


@dataclass
class Customers:
    """What a test finds in each account: its steps, or what it raises. Notes who was tested."""

    finds: dict[str, Find] = field(default_factory=dict)
    tested: list[str] = field(default_factory=list)
    now: datetime = NOW
    started: list[Verification] = field(default_factory=list)
    other_sweeps: Callable[[], dict[str, datetime]] = dict

    def running_beside(self, execution_arn: str) -> dict[str, datetime]:
        assert execution_arn == ARN
        return self.other_sweeps()

    def test(self, request: VerificationRequest, *_: Any, account: Account, **__: Any) -> Found:
        self.tested.append(request.account_id)
        return Found(self.finds.get(account.name, works)(account), Survey())

    def start(self, test: Verification, correlation_id: str) -> None:
        self.started.append(test)

    def sweep(self, most: int = 80) -> Sweep:
        return Sweep(
            ARN,
            "one",
            self.now,
            most,
            SweepDependencies(
                due=wiring.due_accounts(),
                accounts=wiring.accounts(),
                verifications=wiring.verifications(),
                webhooks=wiring.webhooks(),
                workflows=self,  # type: ignore[arg-type]
                testing=Mock(resources=wiring.resources),
                clock=lambda: self.now,
            ),
        )

    def swept(self, most: int = 80, deadline: Deadline = NO_DEADLINE) -> Swept:
        return self.sweep(most).run(deadline)


@pytest.fixture
def customers(monkeypatch: pytest.MonkeyPatch) -> Iterator[Customers]:
    found = Customers()
    monkeypatch.setattr(sweep, "make_scheduled_test", found.test)
    monkeypatch.setattr(sweep, "PATIENCE_SECONDS", 60.0)  # this machine may be busy
    monkeypatch.setattr(sweep, "HAND_OVER_SECONDS", 60.0)
    monkeypatch.setattr(sweep, "HOLD_UP_SECONDS", 60.0)
    monkeypatch.setattr(sweep, "UNCLEAR_HOLD_UP_SECONDS", 60.0)
    monkeypatch.setenv("ALLOW_LOOPBACK_WEBHOOKS", "false")
    with watched(Calls()):  # one call after another: moto's transactions know no threads
        yield found


def add(
    count: int = 1,
    *,
    due: datetime | None = NOW,
    first: int = 0,
    organization_id: str = ORGANIZATION_ID,
    **but: Any,
) -> list[Account]:
    """Accounts of one organization, due at this time."""
    return [
        wiring.accounts().add(
            an_account(
                organization_id=organization_id,
                account_id=f"01JN8Q5M3C{first + index:016}",
                account_number=number(first + index),
                name=f"A{first + index}",
                next_verification_at=due,
                **but,
            ),
            None,
        )
        for index in range(count)
    ]


def connected(count: int = 1, **but: Any) -> list[Account]:
    """Accounts that were connected before."""
    fresh = confirmed(an_account())
    fields = ("status", "connected_at", "proven")
    return add(count, **{name: getattr(fresh, name) for name in fields} | but)


def wait_for_threads(*, but: Collection[threading.Thread]) -> None:
    """Until all that began since then have ended."""
    for thread in {*threading.enumerate()} - {*but}:
        thread.join(60)
        assert not thread.is_alive()


def stored(account: Account) -> Account:
    return wiring.accounts().get(account.organization_id, account.account_id)


def image(account: Account) -> dict[str, Any]:
    """The stored item, as the stream tells it."""
    found: list[Any] = client("dynamodb").scan(TableName=TABLE)["Items"]
    (item,) = [i for i in found if i["sk"]["S"] == f"ACCOUNT#{account.account_id}"]
    return dict(item)


def stored_tests(account: Account) -> list[Verification]:
    """Those that are stored in full, newest first."""
    return wiring.verifications().page(account.account_id, limit=50, after=None).items


def next_day(customers: Customers, account: Account) -> None:
    due = stored(account).next_verification_at
    assert due
    customers.now = due


# ---- what is tested


def test_what_is_due_is_tested_and_its_result_stored(customers: Customers) -> None:
    (account,) = add()

    swept = customers.swept()

    assert (swept.outcomes, swept.left, customers.started) == ({"confirmed": 1}, False, [])
    after = stored(account)
    assert (after.status, after.slot) == (Status.CONFIRMED, None)
    assert after.next_verification_at
    assert after.next_verification_at > NOW
    (test,) = stored_tests(account)
    assert (test.trigger, test.actor, test.state) == (Trigger.SCHEDULED, SCHEDULE, State.FINISHED)
    assert test.execution_arn == ARN
    assert [i["action"] for i in items() if i["sk"].startswith("AUDIT#")] == []


def test_what_is_not_due_and_what_rests_is_left_alone(customers: Customers) -> None:
    add(1, due=NOW + timedelta(seconds=1))
    add(1, due=None, first=1)

    assert customers.swept().outcomes == {}
    assert customers.tested == []


def test_whoever_is_tested_is_no_longer_due(customers: Customers) -> None:
    add(30)

    assert customers.swept().outcomes.total() == 30
    assert customers.swept().outcomes.total() == 0
    assert sorted(customers.tested) == sorted(set(customers.tested)), "each once"


def test_until_its_result_is_written_nothing_of_a_test_is_stored(customers: Customers) -> None:
    (account,) = add()

    def look(found: Account) -> Any:
        assert stored(account) == account
        assert stored_tests(account) == []
        return works(found)

    customers.finds["A0"] = look

    assert customers.swept().outcomes == {"confirmed": 1}


# ---- what is stored of it


def test_a_test_that_finds_the_same_is_one_write_of_the_account(customers: Customers) -> None:
    (account,) = add()
    customers.swept()
    first = stored(account)
    next_day(customers, account)

    with watched(Calls()) as calls:
        swept = customers.swept()

    assert (swept.outcomes, swept.unchanged) == ({"confirmed": 1}, 1)
    writes = [name for name in calls.made if name not in ("Query", "BatchGetItem", "GetItem")]
    assert writes == ["PutItem"]
    after = stored(account)
    assert (after.version, after.writes) == (first.version, first.writes + 1)
    assert after.verification
    assert first.verification
    assert after.verification.verification_id == first.verification.verification_id
    assert after.verification.finished_at == customers.now, "last tested"
    assert len(stored_tests(account)) == 1


@pytest.mark.parametrize(
    ("tests_before", "place"),
    [
        (1, r"^(\d+) "),
        (FULL_EVERY, r"weekly and on a change (\d+) in all"),
    ],
    ids=["found again", "weekly"],
)
def test_a_test_takes_the_write_units_that_costs_tell(
    customers: Customers, tests_before: int, place: str
) -> None:
    """docs/costs.md, which DynamoDB's rules are applied to compare."""
    (account,) = add()
    for _ in range(tests_before):
        customers.swept()
        next_day(customers, account)

    capacity = Capacity()
    with capacity.units_of(wiring.table().connection.client, behind=client("dynamodb")):
        customers.swept()

    (row,) = (line for line in COSTS.read_text().splitlines() if "DynamoDB write units" in line)
    documented = re.search(place, row.split(" | ", 2)[2])
    assert documented
    assert capacity.written == int(documented[1])


def test_a_test_takes_the_read_units_that_costs_tell(
    customers: Customers, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each account's, and one an organization. All is real but the calls of customers' accounts."""
    refused = judged(Verdict.DENIED, Reason.UNSTATED, error_code="AccessDenied")
    roles = Mock()
    roles.assume.return_value = ALLOWED, a_session()
    roles.through.return_value = None
    roles.try_without_external_id.return_value = refused
    roles.try_wrong_external_id.return_value = refused

    def survey(*given: Any, **_: Any) -> Survey:
        assert list(given[2]) == [], "the account's resources"
        return Survey()

    monkeypatch.setattr(entering, "whose_account", lambda _: ALLOWED)
    monkeypatch.setattr(scheduled_test, "survey_regions", survey)
    monkeypatch.setattr(scheduled_test, "probe_account", lambda probes, _: map(a_step, probes))
    monkeypatch.setattr(sweep, "make_scheduled_test", scheduled_test.make_scheduled_test)
    monkeypatch.setattr(wiring, "canary", Mock())
    wiring.organizations().create(Organization(ORGANIZATION_ID, EXTERNAL_ID, {}), NOW)

    def swept() -> Swept:
        ours = wiring.sweeping_dependencies()
        testing = replace(ours, entry=replace(ours.entry, roles=lambda: roles))
        one = customers.sweep()
        return replace(one, dependencies=replace(one.dependencies, testing=testing)).run(
            NO_DEADLINE
        )

    tests = 3
    connected(tests, write_logs=False)
    swept()
    customers.now += timedelta(hours=25)
    capacity = Capacity()
    with capacity.units_of(wiring.table().connection.client, behind=client("dynamodb")):
        assert swept().unchanged == tests

    looks = 2  # one finds them, one finds no more
    of_the_index = looks * len(DUE_SHARDS) / 2
    of_an_account = cost_figures("DynamoDB read units")[1]
    assert capacity.read == of_the_index + tests * of_an_account + 1


def webhook_for(admin: Api, *events: EventType) -> None:
    body = {"url": "https://hooks.example.com/", "events": events}
    assert admin.put("/v1/organization/webhook", body).status in (200, 201)


def events_after(account: Account, write: Callable[[], Any]) -> list[Event]:
    """The events that follow from what this writes of an account."""
    before = image(account)
    write()
    record = stream_record(1, (before["pk"]["S"], before["sk"]["S"]), before, image(account))
    change = change_of(DynamoDBRecord(record))
    assert change
    return list(events_of(change, 1000))


def test_a_test_that_finds_the_same_is_told_with_its_own_time(
    customers: Customers, admin: Api
) -> None:
    """Webhooks sort deliveries by it."""
    (account,) = add()
    webhook_for(admin, EventType.VERIFICATION_FINISHED)
    customers.swept()
    for _ in range(3):
        next_day(customers, account)
        (event,) = events_after(account, customers.swept)

        assert (event.type, event.at) == (EventType.VERIFICATION_FINISHED, customers.now)


def test_a_test_that_finds_the_same_is_told_only_where_a_webhook_asks_for_it(
    customers: Customers, admin: Api
) -> None:
    (account,) = add()
    customers.swept()
    next_day(customers, account)
    assert events_after(account, customers.swept) == [], "no webhook"

    webhook_for(admin, EventType.FAILED)
    next_day(customers, account)
    assert events_after(account, customers.swept) == [], "it asks for others"

    webhook_for(admin, EventType.FAILED, EventType.VERIFICATION_FINISHED)
    next_day(customers, account)
    assert len(events_after(account, customers.swept)) == 1


@pytest.mark.parametrize("asked", [False, True], ids=["nobody asks", "a webhook asks"])
def test_the_weekly_one_that_is_stored_in_full_is_told_there_only_too(
    customers: Customers, admin: Api, asked: bool
) -> None:
    (account,) = add()
    customers.swept()
    if asked:
        webhook_for(admin, EventType.VERIFICATION_FINISHED)
    events = []
    for _ in range(FULL_EVERY):
        next_day(customers, account)
        events.append(len(events_after(account, customers.swept)))

    assert len(stored_tests(account)) == 2, "the last one is stored in full"
    assert events == [int(asked)] * FULL_EVERY


def test_whoever_asks_while_the_test_runs_is_told(customers: Customers, admin: Api) -> None:
    (account,) = add()
    customers.swept()
    next_day(customers, account)

    def ask(found: Account) -> Any:
        webhook_for(admin, EventType.VERIFICATION_FINISHED)
        return works(found)

    customers.finds["A0"] = ask

    assert len(events_after(account, customers.swept)) == 1


@pytest.mark.parametrize("days", [1, FULL_EVERY], ids=["counted", "stored in full"])
def test_what_follows_a_test_that_found_the_same_is_told(customers: Customers, days: int) -> None:
    (account,) = add()
    customers.swept()
    for _ in range(days):
        next_day(customers, account)
        assert events_after(account, customers.swept) == []
    next_day(customers, account)
    customers.finds["A0"] = lambda found: steps_of(
        found, a_step("ec2:StopInstances", Verdict.DENIED, Reason.IDENTITY_POLICY)
    )

    assert [e.type for e in events_after(account, customers.swept)] == [
        EventType.VERIFICATION_FINISHED,
        EventType.DEGRADED,
    ]


@pytest.mark.parametrize("days", [1, FULL_EVERY], ids=["counted", "stored in full"])
def test_nobody_is_told_nothing_because_the_webhook_cannot_be_read(
    customers: Customers, monkeypatch: pytest.MonkeyPatch, days: int
) -> None:
    (account,) = add()
    for _ in range(days):
        customers.swept()
        next_day(customers, account)
    before = image(account)
    unread = Mock(side_effect=PynamoDBException("Throttled"))
    monkeypatch.setattr(wiring.webhooks(), "get", unread)

    swept = customers.swept()

    assert list(swept.handed_over) == [account.account_id]
    assert image(account)["last_finished_at"] == before["last_finished_at"]


def test_history_keeps_how_often_a_result_was_found_again(customers: Customers, admin: Api) -> None:
    account = admin.account()
    path = f"/v1/accounts/{account['account_id']}/verifications"
    mine = wiring.accounts().get(ORGANIZATION_ID, account["account_id"])
    customers.now = datetime.fromisoformat(account["created_at"]) + timedelta(seconds=1)
    lasts = []
    for _ in range(FULL_EVERY + 2):
        customers.swept()
        lasts.append(customers.now)
        next_day(customers, mine)

    newest, oldest = admin.get(path).json["items"]

    assert newest["unchanged"]["tests"] == 1
    assert datetime.fromisoformat(newest["unchanged"]["last_at"]) == lasts[-1]
    assert oldest["unchanged"]["tests"] == FULL_EVERY - 1
    assert datetime.fromisoformat(oldest["unchanged"]["last_at"]) == lasts[FULL_EVERY - 1]
    one = admin.get(f"{path}/{newest['verification_id']}").json
    assert one["unchanged"] == newest["unchanged"]
    assert one["steps"]


def test_of_each_of_the_last_90_days_history_tells_on_whichever_day_of_the_week_it_is_read(
    customers: Customers,
) -> None:
    """The last test of an old week is not forgotten with the first, on which it is counted."""
    (account,) = add()
    for day in range(KEPT_FOR.days + FULL_EVERY + 1):
        customers.swept()
        forget_what_expired(customers.now)
        if day > KEPT_FOR.days:
            tests = [test.since(stored(account)) for test in stored_tests(account)]
            counted = sum(test.unchanged.tests for test in tests if test.unchanged)
            assert len(tests) + counted >= KEPT_FOR.days
        next_day(customers, account)

    assert len(tests) <= KEPT_FOR.days // FULL_EVERY + 2, "older ones have gone"


def test_a_change_is_stored_in_full_with_its_status(customers: Customers) -> None:
    (account,) = connected()
    customers.swept()
    next_day(customers, account)
    stop = a_step("ec2:StopInstances", Verdict.DENIED, Reason.IDENTITY_POLICY)
    customers.finds["A0"] = lambda found: steps_of(found, stop)

    swept = customers.swept()

    assert (swept.outcomes, swept.unchanged) == ({"degraded": 1}, 0)
    assert stored(account).status is Status.DEGRADED
    assert [test.outcome for test in stored_tests(account)] == [Outcome.DEGRADED, Outcome.CONFIRMED]


# ---- who is handed over


def refuses(error: Exception) -> Find:
    def find(account: Account) -> Any:
        raise error

    return find


def unsure(account: Account) -> Any:
    step = replace(
        a_step("ec2:StopInstances", Verdict.INCONCLUSIVE),
        ok=None,
        evidence=Evidence.NONE,
        error_code="RequestLimitExceeded",
    )
    return steps_of(account, step)


def unlisted(account: Account) -> Any:
    """In another region than the one that is probed, AWS did not list the instances."""
    judgement = allowed_for_an_absent_one({"eu-west-1": Reason.ERROR})
    assert judgement.error_code == DRY_RUN, "which says nothing of that"
    return steps_of(account, Step.of("ec2:StopInstances", judgement, started_at=NOW))


@pytest.mark.parametrize(
    "find",
    [
        refuses(EntryRefusedYet("AccessDenied: no")),
        refuses(EntryInconclusive("Throttling: slow down")),
        refuses(OurEntryBroken("AccessDenied: ours")),
        refuses(KeyError("nobody foresaw it")),
        unsure,
        unlisted,
        lambda account: [s for s in steps_of(account) if not s.step.startswith("trust:w")],
    ],
    ids=["refused", "inconclusive", "ours", "crashes", "throttled", "unlisted", "trust unproven"],
)
def test_whose_test_comes_to_no_clear_end_gets_a_test_of_its_own(
    customers: Customers, find: Find
) -> None:
    """And keeps its status until then: whoever is to blame, nobody is blamed in passing."""
    odd, other = connected(2)
    customers.finds["A0"] = find

    swept = customers.swept()

    assert swept.outcomes == {"confirmed": 1}
    assert list(swept.handed_over) == [odd.account_id]
    (test,) = customers.started
    assert (test.account_id, test.trigger) == (odd.account_id, Trigger.SCHEDULED)
    after = stored(odd)
    assert after.status is odd.status
    assert after.slot
    assert after.slot.verification_id == test.verification_id
    assert after.next_verification_at == NOW + LEASE, "and is due again if that dies"
    assert stored(other).verification


def test_an_account_that_stays_refused_needs_no_test_of_its_own(customers: Customers) -> None:
    (account,) = add()
    customers.finds["A0"] = refuses(EntryRefused("AccessDenied: no such role"))

    swept = customers.swept()

    assert (swept.outcomes, customers.started) == ({"failed": 1}, [])
    assert stored(account).status is Status.UNCONFIRMED
    assert [issue.code for issue in stored(account).issues] == ["role_not_assumable"]


def test_one_that_hangs_delays_the_others_by_the_patience_alone(
    customers: Customers, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What it answers afterwards changes nothing: its own test decides."""
    hangs, *others = connected(6)
    answered, over = threading.Event(), threading.Event()
    waited, there = [], threading.enumerate()

    def hang(account: Account) -> Any:
        answered.wait(60)
        over.set()
        return [a_step("ec2:StopInstances", Verdict.DENIED)]

    def until_the_others_are_done(tests: Any, patience: float) -> Any:
        waited.append(patience)
        done, _ = wait([test for test, account in tests.items() if account != hangs])
        return dict.fromkeys(done, 0.0)

    customers.finds["A0"] = hang
    monkeypatch.setattr(sweep, "AT_ONCE", 4)
    monkeypatch.setattr(sweep, "seconds_of", until_the_others_are_done)

    swept = customers.swept()

    assert waited[0] == sweep.PATIENCE_SECONDS
    assert swept.outcomes == {"confirmed": len(others)}
    assert swept.handed_over == {hangs.account_id: "no end in time"}
    before = stored(hangs)
    answered.set()
    assert over.wait(60)
    wait_for_threads(but=there)
    assert stored(hangs) == before


def test_an_organization_whose_accounts_all_hang_takes_half_of_the_tests_of_their_own(
    customers: Customers,
) -> None:
    """The rest of its accounts stays due, and the others' are tested."""
    connected(20, organization_id="hanging")
    connected(5, first=50, organization_id="one")
    connected(1, first=60, organization_id="two")
    for index in range(20):
        customers.finds[f"A{index}"] = unsure

    swept = customers.swept(most=4)

    assert len(swept.handed_over) == 2
    assert swept.outcomes == {"confirmed": 6}
    assert len(wiring.due_accounts().keys(NOW, None)) == 18
    assert not swept.left, "they are tried by the next sweep, not again by this one"


def test_organizations_that_use_up_the_tests_of_their_own_keep_nobody_from_being_tested(
    customers: Customers, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One unclear account of the victim, such as one whose role was removed, is no reason to leave
    its others untested, sweep after sweep.
    """
    monkeypatch.setattr(sweep, "AT_ONCE", 3)
    for number_, attacker in enumerate(("attacker", "accomplice")):
        connected(3, first=10 * number_, organization_id=attacker, due=NOW - timedelta(hours=1))
    connected(1, first=50, organization_id="victim", due=NOW - timedelta(minutes=59))
    connected(5, first=51, organization_id="victim")
    for name in ("A0", "A1", "A2", "A10", "A11", "A12", "A50"):
        customers.finds[name] = unsure

    swept = customers.swept(most=2)

    assert len(swept.handed_over) == 2
    assert swept.outcomes == {"confirmed": 5}, "all of the victim's but the unclear one"
    assert not swept.left


def test_a_test_that_died_is_aborted_first_and_tried_ever_more_seldom(
    customers: Customers,
) -> None:
    (account,) = connected()
    customers.finds["A0"] = unsure
    waits = []
    for _ in range(4):
        customers.swept()
        customers.now += LEASE
        assert customers.swept().outcomes == {"aborted": 1}
        due = stored(account).next_verification_at
        assert due
        waits.append(due - customers.now)
        customers.now = due

    assert waits == [timedelta(minutes=minutes) for minutes in (2, 4, 8, 16)]
    assert {test.state for test in stored_tests(account)} == {State.ABORTED}
    assert stored(account).status is account.status


# ---- dying, and two at once


class Died(BaseException):
    """The process is gone."""


def test_a_function_that_is_killed_in_mid_page_loses_nothing(
    customers: Customers, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Here an exception ends it. tests/e2e/test_sweep_survives.py kills the process."""
    accounts = connected(40)

    def die(tests: Any, _: float) -> Any:
        wait(list(tests)[:10])
        raise Died

    with monkeypatch.context() as patch:
        patch.setattr(sweep, "AT_ONCE", 16)
        patch.setattr(sweep, "seconds_of", die)
        with pytest.raises(Died):
            customers.swept()

    customers.swept()
    assert all(stored(account).verification for account in accounts)
    assert {stored(account).status for account in accounts} == {Status.CONFIRMED}


def test_after_a_crash_a_few_get_tests_of_their_own(customers: Customers) -> None:
    """So that the account whose test kills the function dies alone, and the others are tested."""
    accounts = connected(5)

    swept = customers.sweep(most=6).take_apart()

    assert customers.tested == []
    assert len(swept.handed_over) == 3, "half of them for one organization"
    assert customers.swept().outcomes == {"confirmed": len(accounts) - 3}


def test_two_sweeps_that_test_an_account_at_once_store_one_result(customers: Customers) -> None:
    (account,) = connected()
    second: list[Swept] = []

    def meanwhile(found: Account) -> Any:
        if not second:
            second.append(Swept())
            second[0] = customers.swept()
        return works(found)

    customers.finds["A0"] = meanwhile

    assert customers.swept().outcomes == {}
    assert second[0].outcomes == {"confirmed": 1}
    assert len(stored_tests(account)) == 1
    assert customers.started == []


def test_whoever_presses_test_meanwhile_gets_a_test_and_that_decides(
    customers: Customers, admin: Api
) -> None:
    account = admin.account()
    path = f"/v1/accounts/{account['account_id']}"
    customers.now = datetime.fromisoformat(account["created_at"]) + timedelta(seconds=1)
    pressed: list[Any] = []

    def press(found: Account) -> Any:
        pressed.append(admin.post(f"{path}/verifications").json)
        return works(found)

    customers.finds[account["name"]] = press

    assert customers.swept().outcomes == {}
    (test,) = admin.get(f"{path}/verifications").json["items"]
    assert (test["verification_id"], test["trigger"]) == (pressed[0]["verification_id"], "manual")
    assert admin.get(path).json["testing"] is True
    assert customers.swept().outcomes == {}, "nor is it joined"


def test_an_account_that_is_deleted_meanwhile_is_nobodys_fault(
    customers: Customers, admin: Api
) -> None:
    account = admin.account()
    customers.now = datetime.fromisoformat(account["created_at"]) + timedelta(seconds=1)

    def delete(found: Account) -> Any:
        admin.delete(f"/v1/accounts/{account['account_id']}")
        return works(found)

    customers.finds[account["name"]] = delete

    swept = customers.swept()

    assert (swept.outcomes, swept.handed_over) == ({}, {})


# ---- fair, and in proportion


def test_ten_thousand_of_another_delay_an_account_by_no_more_than_a_page(
    customers: Customers, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Fewer here: the pages tell."""
    monkeypatch.setattr(sweep, "AT_ONCE", 4)
    connected(30, due=NOW - timedelta(hours=1), organization_id="many")
    connected(1, first=80, organization_id="few")

    customers.swept()

    assert f"01JN8Q5M3C{80:016}" in customers.tested[:4]


@pytest.fixture
def pages(monkeypatch: pytest.MonkeyPatch) -> list[list[Account]]:
    """The accounts that a sweep tests at once, page by page."""
    found: list[list[Account]] = []
    seconds_of = sweep.seconds_of

    def note(tests: Any, patience: float) -> Any:
        found.append(list(tests.values()))
        return seconds_of(tests, patience)

    monkeypatch.setattr(sweep, "seconds_of", note)
    return found


def test_a_page_holds_few_accounts_of_many_regions(
    customers: Customers, pages: list[list[Account]]
) -> None:
    """Each takes the processor for as long as five of one region, and a page must end in time."""
    connected(30, regions=TWENTY)

    assert customers.swept().outcomes == {"confirmed": 30}

    assert [len(page) for page in pages] == [7, 7, 7, 7, 2]


def test_an_account_of_one_region_is_never_on_a_page_that_is_too_heavy(
    customers: Customers, pages: list[list[Account]]
) -> None:
    """Nor does anybody starve: whoever finds no place on a page is first on the next one."""
    connected(20, organization_id="many", regions=TWENTY, due=AN_HOUR_AGO)
    connected(20, first=20, organization_id="few")
    connected(5, first=50, organization_id="some", regions=TWENTY[:5])

    assert customers.swept().outcomes == {"confirmed": 45}

    assert len(customers.tested) == 45, "each once"
    calls = [sum(sweep.calls_of_a_test(each.regions) for each in page) for page in pages]
    assert all(each <= sweep.CALLS_OF_A_PAGE for each in calls)
    turns = [account.organization_id for page in pages for account in page]
    assert turns[:15] == ["many", "few", "some"] * 5
    assert turns[15:45] == ["many", "few"] * 15


def test_an_account_that_is_too_heavy_for_any_page_has_one_alone(
    customers: Customers, pages: list[list[Account]], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sweep, "CALLS_OF_A_PAGE", 100)
    connected(2, regions=TWENTY, due=AN_HOUR_AGO)
    connected(3, first=5, organization_id="few")

    assert customers.swept().outcomes == {"confirmed": 5}

    assert [len(page) for page in pages] == [1, 1, 1, 2]


def test_what_becomes_due_while_a_sweep_runs_waits_for_no_more_than_a_page(
    customers: Customers, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sweep, "AT_ONCE", 4)
    connected(12, due=NOW - timedelta(hours=1), organization_id="many")

    def add_another(found: Account) -> Any:
        connected(1, first=80, organization_id="few")
        return works(found)

    customers.finds["A0"] = add_another

    customers.swept()

    assert f"01JN8Q5M3C{80:016}" in customers.tested[:8]


def test_what_the_index_shows_late_is_found_by_the_same_sweep() -> None:
    """It may be due before the last look, which did not see it."""
    (account,) = connected(1, due=NOW - timedelta(seconds=10))

    found = wiring.due_accounts().keys(NOW, since=NOW)

    assert list(found) == [AccountKey(ORGANIZATION_ID, account.account_id)]


def test_what_is_no_longer_due_is_not_tested_though_the_index_says_so(
    customers: Customers, monkeypatch: pytest.MonkeyPatch
) -> None:
    (account,) = connected(1, due=NOW + timedelta(seconds=1))
    key = AccountKey(ORGANIZATION_ID, account.account_id)
    monkeypatch.setattr(DueAccounts, "keys", lambda *_: {key: NOW})
    deadline = Deadline(1.0, count().__next__)

    customers.swept(deadline=deadline)

    assert customers.tested == []


def test_each_page_closes_idle_connections(
    customers: Customers, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sweep, "AT_ONCE", 2)
    closed = Mock()
    monkeypatch.setattr(sweep, "close_idle_connections", closed)
    connected(5)

    customers.swept()

    assert closed.call_count == 3


def test_a_test_that_did_not_begin_in_time_never_does(
    customers: Customers, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nobody waits for it, and its account has a test of its own."""
    ends = Mock(wraps=sweep.ThreadPoolExecutor(1))
    monkeypatch.setattr(sweep, "ThreadPoolExecutor", lambda _: ends)
    connected()

    customers.swept()

    ends.shutdown.assert_called_once_with(wait=False, cancel_futures=True)


def test_the_longest_overdue_of_an_organization_comes_first(customers: Customers) -> None:
    for index in range(5):
        connected(1, first=index, due=NOW - timedelta(minutes=index))

    keys = [key.account_id for key in wiring.due_accounts().keys(NOW, None)]

    assert keys == [f"01JN8Q5M3C{index:016}" for index in (4, 3, 2, 1, 0)]


def test_a_sweep_ends_before_its_function_does_and_says_that_some_are_left(
    customers: Customers, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sweep, "AT_ONCE", 4)
    connected(12)
    seconds = iter(range(100))

    swept = customers.swept(deadline=Deadline.after(3, lambda: float(next(seconds))))

    assert swept.left
    assert 0 < swept.outcomes.total() < 12
    assert customers.swept().outcomes.total() == 12 - swept.outcomes.total()


def test_reads_are_in_proportion_to_what_is_due(customers: Customers) -> None:
    connected(3)
    add(40, due=NOW + timedelta(days=1), first=10)

    with watched(Calls()) as calls:
        customers.swept()

    looks = 2  # one finds them, one finds no more
    assert calls.made.count("Query") <= looks * len(DUE_SHARDS)
    assert calls.made.count("BatchGetItem") <= 2


@pytest.mark.parametrize("fault", [Fault.THROTTLED, Fault.TIMEOUT, Fault.BUSY])
def test_a_result_that_cannot_be_written_concerns_its_account_alone(
    customers: Customers, fault: Fault, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sweep, "AT_ONCE", 1)  # one after another, so that calls have an order
    accounts = connected(3)
    with watched(Calls()) as calls:
        customers.swept()
    (first_write, *_) = (n for n, name in enumerate(calls.made) if name.startswith("Trans"))
    for account in accounts:
        wiring.accounts().changed(
            ORGANIZATION_ID,
            account.account_id,
            lambda found: replace(found, next_verification_at=NOW, verification=None),
        )

    with watched(Calls(index=first_write, fault=fault)):
        swept = customers.swept()

    assert swept.outcomes["confirmed"] >= 2
    assert all(stored(account).status is Status.CONFIRMED for account in accounts)
    due = {key.account_id for key in wiring.due_accounts().keys(NOW, None)}
    assert all(stored(a).verification or stored(a).slot or a.account_id in due for a in accounts)


@pytest.mark.parametrize("write", [Accounts.confirm, Accounts.save], ids=["counted", "in full"])
def test_a_result_that_meets_another_in_a_count_is_stored_without_another_test(
    customers: Customers, write: Callable[..., Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Tests that read a new version of their roles meet in the count of their organization."""
    (account,) = connected(template_version=1)
    if write is Accounts.confirm:
        customers.swept()
        next_day(customers, account)
    busy = [ItemBusy("Another transaction holds it."), ItemBusy("And another.")]

    def meet(*arguments: Any, **named: Any) -> Any:
        if busy:
            raise busy.pop()
        return write(*arguments, **named)

    monkeypatch.setattr(Accounts, write.__name__, meet)
    customers.tested.clear()

    assert customers.swept().outcomes == {"confirmed": 1}
    assert customers.tested == [account.account_id]
    assert busy == []
    last = stored(account).verification
    assert last
    assert last.finished_at == customers.now


def test_a_result_that_meets_others_again_and_again_leaves_its_account_due(
    customers: Customers, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nobody waits longer for it than for a test."""
    (account,) = connected()
    deadline = Deadline.after(0, lambda: 0.0)
    monkeypatch.setattr(Deadline, "after", lambda *_: deadline)
    meet = Mock(side_effect=ItemBusy("Another transaction holds it."))
    monkeypatch.setattr(Verifications, "finish", meet)
    page = Deadline(1.0, count().__next__)

    swept = customers.swept(deadline=page)

    assert (swept.outcomes, swept.handed_over) == ({}, {})
    assert meet.call_count == 1
    assert AccountKey(ORGANIZATION_ID, account.account_id) in wiring.due_accounts().keys(NOW, None)


def test_how_long_an_account_went_untested_is_told(customers: Customers) -> None:
    connected(1, woken_at=NOW - timedelta(hours=30), created_at=NOW - timedelta(hours=90))
    connected(1, first=1, woken_at=NOW - timedelta(hours=2))

    assert customers.swept().hours_untested == pytest.approx(30)


@pytest.mark.parametrize("status", [Status.CONFIRMED, Status.UNCONFIRMED])
def test_whoever_presses_test_daily_hides_no_account_whose_tests_are_all_aborted(
    customers: Customers, status: Status
) -> None:
    (account,) = add(status=status, connected_at=NOW if status in CONNECTED else None)
    customers.swept()
    for _ in range(3):
        customers.now += timedelta(hours=24)
        before = stored(account)
        verification = a_verification(started_at=customers.now)
        tested, _ = begin(before, verification, ADA)
        wiring.accounts().save(before, abort(tested, verification, (), customers.now)[0])
    customers.now += timedelta(hours=1)

    assert customers.swept().hours_untested == pytest.approx(73)


# ---- the rest


@pytest.mark.parametrize("change", [{"role_name": "CavokOther"}, {"regions": ["eu-west-1"]}])
def test_a_change_makes_an_account_due_at_once(change: dict[str, Any], admin: Api) -> None:
    account = admin.account()
    path = f"/v1/accounts/{account['account_id']}"
    wiring.accounts().save(
        stored_account := wiring.accounts().get(ORGANIZATION_ID, account["account_id"]),
        replace(
            stored_account,
            next_verification_at=NOW + timedelta(days=3650),
            touched_at=stored_account.touched_at - timedelta(minutes=10),
        ),
    )

    changed = admin.patch(path, change | {"write_logs": not account["write_logs"]}).json

    assert changed["next_verification_at"] == changed["updated_at"]


@pytest.fixture
def handled(customers: Customers, monkeypatch: pytest.MonkeyPatch) -> Customers:
    monkeypatch.setenv("SWEEP_TESTS", "4")
    monkeypatch.setattr(wiring, "express_workflows", lambda: customers)
    monkeypatch.setattr(wiring, "sweeping_dependencies", lambda: Mock(resources=wiring.resources))
    return customers


def handle(*, apart: bool = False) -> Any:
    event = {
        "sweep_id": "one",
        "sweep_arn": ARN,
        "sweep_started_at": NOW.isoformat(),
        "apart": apart,
    }
    return app.handler(event, Context())  # type: ignore[arg-type]


def test_the_handler_answers_with_counts_and_ids(
    handled: Customers, capsys: pytest.CaptureFixture[str]
) -> None:
    fine, odd = connected(2)
    handled.finds["A1"] = unsure

    assert handle(apart=False) == {
        "tested": 1,
        "handed_over": [odd.account_id],
        "left": False,
    }
    assert stored(fine).verification
    lines = [line for line in capsys.readouterr().out.splitlines() if line]
    assert len(lines) <= 4, "one line, and one of each metric, however many accounts"


def test_a_test_that_our_own_session_policy_refuses_rings_our_alarm_and_blames_nobody(
    handled: Customers, capsys: pytest.CaptureFixture[str]
) -> None:
    accounts = connected(2)
    ours = judge("UnauthorizedOperation", "because no session policy allows it")
    step = Step.of("ec2:StopInstances", ours, started_at=NOW)
    handled.finds |= {name: lambda account: steps_of(account, step) for name in ("A0", "A1")}

    assert handle() == {"tested": 2, "handed_over": [], "left": False}

    assert {stored(account).status for account in accounts} == {Status.CONFIRMED}
    lines = [json.loads(line) for line in capsys.readouterr().out.splitlines() if line]
    (counted,) = (line for line in lines if "OurEntryBroken" in line)
    assert counted["OurEntryBroken"] == [1.0]
    assert "outcome" not in counted, "the alarm knows no such dimension"


def test_the_id_in_a_sessions_name_leads_to_the_account_also_if_nothing_is_stored_of_the_test(
    handled: Customers, monkeypatch: pytest.MonkeyPatch
) -> None:
    made: dict[str, str] = {}
    log = io.StringIO()
    monkeypatch.setattr(app.logger.handlers[0], "stream", log)

    def test(request: VerificationRequest, *rest: Any, **but: Any) -> Found:
        made[request.verification_id] = request.account_id
        return handled.test(request, *rest, **but)

    def said() -> list[dict[str, str]]:
        lines = [json.loads(line) for line in log.getvalue().splitlines()]
        log.truncate(log.seek(0))
        return [line["tests"] for line in lines if line["message"] == "Tested"]

    monkeypatch.setattr(sweep, "make_scheduled_test", test)
    monkeypatch.setattr(app, "TESTS_A_LINE", 2)
    account, *_ = connected(3)
    handle()
    first, second = said()
    assert (len(first), first | second) == (2, made)

    next_day(handled, account)
    monkeypatch.setattr(wiring, "sweep_dependencies", lambda: handled.sweep().dependencies)
    made.clear()
    handle()
    assert {test: whose for tests in said() for test, whose in tests.items()} == made
    assert not made.keys() & {each.verification_id for each in stored_tests(account)}


def test_the_handler_says_how_long_accounts_waited_also_if_none_is_due(
    handled: Customers, capsys: pytest.CaptureFixture[str]
) -> None:
    """Its alarm rings if no sweep says so."""
    handle(apart=False)

    lines = [json.loads(line) for line in capsys.readouterr().out.splitlines() if line]
    assert [line["HoursUntested"] for line in lines if "HoursUntested" in line] == [[0.0]]


def test_synchronizations_are_started_after_the_tests_so_that_none_is_lost_by_them(
    handled: Customers, monkeypatch: pytest.MonkeyPatch
) -> None:
    (account,) = connected()
    monkeypatch.setattr(app, "start_due", Mock(side_effect=ServiceUnavailable("no table")))

    with pytest.raises(ServiceUnavailable):
        handle()

    assert stored(account).verification


def test_a_sweep_that_fails_says_what_it_tested_but_not_that_it_looked(
    handled: Customers,
    caplog: pytest.LogCaptureFixture,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    (account,) = connected()
    look = DueAccounts.keys

    def fail_once_tested(self: DueAccounts, now: datetime, since: datetime | None) -> Any:
        if handled.tested:
            raise PynamoDBException("throttled")
        return look(self, now, since)

    monkeypatch.setattr(DueAccounts, "keys", fail_once_tested)

    with pytest.raises(SweepFailed, match="throttled"):
        handle()

    (tested,) = (vars(each)["tests"] for each in caplog.records if each.message == "Tested")
    assert [*tested.values()] == [account.account_id]
    assert "HoursUntested" not in capsys.readouterr().out


def test_a_call_that_another_key_signed_fails_the_sweep_once_all_are_tested(
    handled: Customers, capsys: pytest.CaptureFixture[str]
) -> None:
    """So that the alarm on the function's errors rings."""
    odd, *others = connected(3)
    handled.finds["A0"] = refuses(WrongKey("GET https://iam.amazonaws.com/"))

    with pytest.raises(WrongKey):
        handle()

    assert all(stored(account).verification for account in others)
    assert [test.account_id for test in handled.started] == [odd.account_id]
    assert "HoursUntested" in capsys.readouterr().out


def test_the_handler_leaves_all_to_another_sweep_that_runs(
    handled: Customers, capsys: pytest.CaptureFixture[str]
) -> None:
    """And does not say that it looked."""
    (account,) = connected()
    handled.other_sweeps = lambda: OLDER

    assert handle() == {"tested": 0, "handed_over": [], "left": True}

    assert stored(account) == account
    assert "HoursUntested" not in capsys.readouterr().out


def test_a_sweep_itself_leaves_all_to_another_one(customers: Customers) -> None:
    connected()
    customers.other_sweeps = lambda: OLDER

    assert customers.swept() == Swept(left=True, left_to_another=True)
    assert customers.tested == []


@pytest.mark.parametrize(
    ("arn", "seconds", "left"),
    [
        (f"{ARN}-a", -1, True),
        (f"{ARN}-a", 1, False),
        (ARN.removesuffix("e"), 0, True),
        (f"{ARN}-a", 0, False),
        (f"{ARN}-a", 1 - deadlines.SWEEP_IS_OVER_SECONDS, True),
        (f"{ARN}-a", -deadlines.SWEEP_IS_OVER_SECONDS, False),
    ],
    ids=["older", "younger", "at once, first", "at once, second", "ends soon", "must be over"],
)
def test_a_sweep_leaves_all_only_to_an_older_one_that_may_still_run(
    customers: Customers, arn: str, seconds: float, left: bool
) -> None:
    """Of sweeps that begin in one moment, the first does the work. Step Functions may list one as
    running for a while after its end.
    """
    connected()
    customers.other_sweeps = lambda: {arn: NOW + timedelta(seconds=seconds)}

    assert customers.swept().left_to_another is left
    assert len(customers.tested) == (not left)


def test_a_sweep_of_an_older_definition_began_now(handled: Customers) -> None:
    """While a release is deployed, an execution of the one before may invoke the function."""
    connected()

    app.handler({"sweep_id": "one", "sweep_arn": ARN, "apart": False}, Context())  # type: ignore[arg-type]

    assert len(handled.tested) == 1


def test_a_sweep_that_cannot_find_others_goes_on_and_says_so(
    handled: Customers, caplog: pytest.LogCaptureFixture
) -> None:
    (account,) = connected()
    handled.other_sweeps = Mock(side_effect=ServiceUnavailable("no"))

    assert handle() == {"tested": 1, "handed_over": [], "left": False}

    assert stored(account).verification
    assert "Other sweeps not found" in caplog.messages


def test_the_handler_takes_apart_what_killed_it(handled: Customers) -> None:
    """Also beside another sweep, which may die of the same account."""
    (account,) = connected()
    handled.other_sweeps = lambda: OLDER

    assert handle(apart=True) == {
        "tested": 0,
        "handed_over": [account.account_id],
        "left": False,
    }


def test_the_index_holds_only_what_is_to_be_verified() -> None:
    add(2)
    add(3, due=None, first=2)

    found: list[Any] = client("dynamodb").scan(TableName=TABLE, IndexName="by_due")["Items"]

    assert len(found) == 2
    assert set(found[0]) == {"pk", "sk", "due_shard", "next_verification_at"}


# ---- a failure of ours concerns its account alone


@pytest.mark.parametrize("error", [VerificationNotStarted("no"), ServiceUnavailable("late")])
def test_a_test_of_its_own_that_cannot_be_started_keeps_nobody_from_being_tested(
    customers: Customers, error: Exception, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sweep, "AT_ONCE", 4)
    odd, *others = connected(9)
    customers.finds["A0"] = unsure

    def start(test: Verification, correlation_id: str) -> None:
        raise error

    monkeypatch.setattr(customers, "start", start)

    swept = customers.swept()

    assert swept.outcomes == {"confirmed": len(others)}
    assert list(swept.failed) == [odd.account_id]
    customers.now += LEASE
    assert customers.swept().outcomes == {"aborted": 1}


def test_accounts_are_handed_over_at_once(
    customers: Customers, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A page waits for it."""
    odd = connected(sweep.HAND_OVERS_AT_ONCE)
    customers.finds = {account.name: unsure for account in odd}
    at_once = threading.Barrier(len(odd))

    def start(test: Verification, correlation_id: str) -> None:
        at_once.wait(60)

    monkeypatch.setattr(customers, "start", start)

    assert len(customers.swept().handed_over) == len(odd)


def test_no_page_waits_for_hand_overs_that_get_no_answer_and_no_more_are_tried(
    customers: Customers, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What was begun is due again after its lease, and whoever was not begun still is."""
    monkeypatch.setattr(sweep, "AT_ONCE", 12)
    monkeypatch.setattr(sweep, "HAND_OVER_SECONDS", 0.5)
    odd, others = connected(30), connected(30, first=50, organization_id="others")
    customers.finds = {account.name: unsure for account in odd}
    tried, answered = list[str](), threading.Event()

    def start(test: Verification, correlation_id: str) -> None:
        tried.append(test.account_id)
        answered.wait(60)

    monkeypatch.setattr(customers, "start", start)

    swept = customers.swept()
    answered.set()

    assert swept.outcomes == {"confirmed": len(others)}
    assert (swept.handed_over, swept.failed) == ({}, {})
    assert len(tried) <= 6, "those of one page"


@pytest.mark.parametrize(
    ("error", "tries"), [(ServiceUnavailable("late"), 2), (VerificationNotStarted("no"), 6)]
)
def test_once_step_functions_does_not_answer_nobody_else_is_handed_over(
    customers: Customers, monkeypatch: pytest.MonkeyPatch, error: Exception, tries: int
) -> None:
    """A refusal is an answer, and takes no time."""
    monkeypatch.setattr(sweep, "AT_ONCE", 2)
    odd = connected(6)
    customers.finds = {account.name: unsure for account in odd}
    start = Mock(side_effect=error)
    monkeypatch.setattr(customers, "start", start)

    swept = customers.swept()

    assert (start.call_count, len(swept.failed)) == (tries, tries)


@pytest.mark.parametrize("frozen", ["before", "between"])
def test_a_test_of_its_own_does_not_begin_hours_later(
    customers: Customers, frozen: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Lambda may freeze a process while it hands over. By then another sweep has aborted it."""
    (odd,) = connected()
    customers.finds["A0"] = unsure
    began, start = Verifications.begin, Mock()

    def begin_and_freeze(*arguments: Any) -> Any:
        began(*arguments)
        customers.now += timedelta(hours=3)

    def freeze(*arguments: Any) -> Any:
        customers.now += timedelta(hours=3)
        return begin(*arguments)

    if frozen == "between":
        monkeypatch.setattr(Verifications, "begin", begin_and_freeze)
    else:
        monkeypatch.setattr(sweep, "begin", freeze)
    monkeypatch.setattr(customers, "start", start)

    swept = customers.swept()

    assert list(swept.failed) == [odd.account_id]
    assert swept.handed_over == {}
    assert not start.called
    assert (stored(odd).slot is None) == (frozen == "before")


def test_a_lost_answer_to_a_hand_over_keeps_nobody_from_being_tested(
    customers: Customers, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sweep, "AT_ONCE", 4)
    odd, *others = connected(9)
    customers.finds["A0"] = unsure
    begin = Verifications.begin

    def lose(*arguments: Any) -> Any:
        begin(*arguments)
        raise ConnectionError("the answer is lost")

    monkeypatch.setattr(Verifications, "begin", lose)

    swept = customers.swept()

    assert swept.outcomes == {"confirmed": len(others)}
    assert list(swept.failed) == [odd.account_id]


def test_a_dead_test_that_cannot_be_aborted_keeps_nobody_from_being_tested(
    customers: Customers, monkeypatch: pytest.MonkeyPatch
) -> None:
    (odd,) = connected(1, woken_at=NOW - timedelta(hours=26), created_at=NOW - timedelta(days=9))
    customers.finds["A0"] = unsure
    customers.swept()
    customers.now += LEASE
    others = connected(5, first=1)

    def fail(*_: Any, **__: Any) -> None:
        raise ChangedMeanwhile("again and again")

    monkeypatch.setattr(sweep, "abort_verification", fail)

    swept = customers.swept()

    assert swept.outcomes == {"confirmed": len(others)}
    assert list(swept.failed) == [odd.account_id]
    assert swept.hours_untested > 26, "and an alarm rings"


def test_a_sweep_that_can_start_no_test_after_a_crash_fails(
    customers: Customers, monkeypatch: pytest.MonkeyPatch
) -> None:
    """So that an alarm rings."""
    connected(3)

    def start(test: Verification, correlation_id: str) -> None:
        raise ServiceUnavailable("Step Functions does not answer")

    monkeypatch.setattr(customers, "start", start)

    with pytest.raises(ServiceUnavailable):
        customers.sweep().take_apart()


def test_a_customer_whose_accounts_hang_holds_up_one_page_and_not_each(
    customers: Customers, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Many organizations have accounts due, so each page has one account of the customer's."""
    monkeypatch.setattr(sweep, "AT_ONCE", 4)
    hanging = {a.account_id for a in connected(10, organization_id="hangs", due=AN_HOUR_AGO)}
    for index in range(3):
        connected(8, first=20 + 10 * index, organization_id=f"other{index}")
    held_up, answered = [], threading.Event()

    def hang(account: Account) -> Any:
        answered.wait(60)
        return works(account)

    customers.finds = dict.fromkeys((f"A{index}" for index in range(10)), hang)

    def until_the_others_are_done(tests: Any, _: float) -> Any:
        over = {test for test, account in tests.items() if account.account_id not in hanging}
        wait(over)
        held_up.append(0 < len(over) < len(tests))
        return dict.fromkeys(over, 0.0)

    monkeypatch.setattr(sweep, "seconds_of", until_the_others_are_done)

    swept = customers.swept()
    answered.set()

    assert swept.outcomes == {"confirmed": 24}
    assert len(swept.handed_over) == 10
    assert sum(held_up) == 1


def test_the_account_that_kills_each_sweep_dies_alone_before_long(
    customers: Customers, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is in each first page, but others were due before it, and few tests may be started."""
    monkeypatch.setattr(sweep, "AT_ONCE", 8)
    for index in range(7):
        connected(
            20, first=20 * index, organization_id=f"other{index}", due=NOW - timedelta(hours=1)
        )
    (killer,) = connected(1, first=500, organization_id="killer")

    for _ in range(60):
        customers.sweep(most=2).take_apart()  # the page before was lost
        if killer.account_id in [test.account_id for test in customers.started]:
            return
    raise AssertionError("The sweep dies in its first page for ever.")


def test_the_account_that_killed_a_test_of_its_own_before_is_the_first_to_get_another(
    customers: Customers, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It kills the sweep again when it is due again. So only the first time is a lottery. Accounts
    that were found broken are no suspects.
    """
    broken = {
        "status": Status.FAILED,
        "attempts": 9,
        "verification": LastVerification("a-test", Outcome.FAILED, AN_HOUR_AGO),
        "updated_at": AN_HOUR_AGO,
    }
    for index in range(20):
        but = broken if index % 2 else {}
        connected(1, first=index, organization_id=f"other{index}", due=AN_HOUR_AGO, **but)
    (killer,) = connected(1, first=50, organization_id="killer", attempts=1)

    monkeypatch.setattr(sweep, "HAND_OVERS_AT_ONCE", 1)  # in order
    customers.sweep(most=2).take_apart()

    assert customers.started[0].account_id == killer.account_id


def test_what_answers_after_the_patience_changes_nothing_even_if_it_has_no_test_of_its_own(
    customers: Customers, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Lambda may freeze the process meanwhile: it may be hours until it answers."""
    pair = connected(2)
    answered, begun, over = threading.Event(), threading.Barrier(3), threading.Barrier(3)
    there = threading.enumerate()

    def hang(account: Account) -> Any:
        begun.wait(60)
        answered.wait(60)
        over.wait(60)
        return works(account)

    def once_both_hang(tests: Any, _: float) -> dict[Any, float]:
        begun.wait(60)
        return {}

    customers.finds = {"A0": hang, "A1": hang}
    monkeypatch.setattr(sweep, "seconds_of", once_both_hang)

    swept = customers.swept(most=2)

    assert len(swept.handed_over) == 1
    before = [stored(account) for account in pair]
    answered.set()
    over.wait(60)
    wait_for_threads(but=there)
    assert [stored(account) for account in pair] == before


def test_a_sweep_goes_on_where_nobody_can_say_how_many_connections_are_open(
    customers: Customers,
    monkeypatch: pytest.MonkeyPatch,
    without_lists_of_descriptors: None,
) -> None:
    """On Lambda, the first page of each sweep once was its last."""
    monkeypatch.setattr(sweep, "AT_ONCE", 2)
    connected(5)

    swept = customers.swept()

    assert swept.outcomes == {"confirmed": 5}
    assert not swept.failed


WRONG: dict[str, Any] = {"missing": None, "null": {"NULL": True}, "a map": {"M": {}}}
"""What each attribute may have instead of a value of its own type."""

KEYS = {
    *("pk", "sk", "due_shard", "next_verification_at"),  # without them, no sweep finds the account
    *("name_key", "status_pk", "template_pk"),  # no sweep reads them
    "account_number",  # without it, no account can be read: as without its name
}
"""Of the table and its indexes. DynamoDB refuses another type."""

ATTRIBUTES = {
    attribute.attr_name: name == "writes" or not attribute.null
    for name, attribute in AccountItem.get_attributes().items()
    if name not in KEYS
}
"""All others of an account, by their stored names; whether no account may lack it."""


@pytest.mark.parametrize("apart", [False, True], ids=["tested", "apart"])
@pytest.mark.parametrize("wrong", WRONG)
def test_one_wrong_attribute_of_an_account_keeps_nobody_else_from_being_tested(
    handled: Customers,
    caplog: pytest.LogCaptureFixture,
    monkeypatch: pytest.MonkeyPatch,
    wrong: str,
    apart: bool,
) -> None:
    """Whichever it is, and whoever wrote it. Each odd account has another one. The log names it."""
    monkeypatch.setenv("SWEEP_TESTS", "100")
    monkeypatch.setattr(sweep, "AT_ONCE", 100)
    monkeypatch.setattr(sweep, "CALLS_OF_A_PAGE", 100_000)
    odd = connected(len(ATTRIBUTES), attempts=1)
    others = connected(5, first=len(odd), organization_id="others", attempts=1)
    of = {account.account_id: name for account, name in zip(odd, ATTRIBUTES, strict=True)}
    for account in odd:
        have(account, of[account.account_id], WRONG[wrong])

    handle(apart=apart)

    reached = {test.account_id for test in handled.started} if apart else set(handled.tested)
    assert reached >= {account.account_id for account in others}
    (failed,) = (line for each in caplog.records if (line := vars(each).get("failed")))
    assert not reached & failed.keys()
    assert reached | failed.keys() == {account.account_id for account in [*odd, *others]}
    left_out = {of[account_id] for account_id in failed}
    assert left_out == {a for a, required in ATTRIBUTES.items() if required or wrong == "a map"}


def test_nor_does_what_nobody_foresaw_of_it(
    customers: Customers, monkeypatch: pytest.MonkeyPatch
) -> None:
    odd, *others = connected(3)
    monkeypatch.setattr(
        sweep, "untested_since", lambda found: found.created_at if found != odd else None
    )

    swept = customers.swept()

    assert (swept.outcomes, list(swept.failed)) == ({"confirmed": len(others)}, [odd.account_id])


def have(account: Account, attribute: str, value: dict[str, Any] | None) -> None:
    """Lets the stored account have this value as an attribute, or not have it."""
    item = image(account)
    if value is None:
        item.pop(attribute, None)
    else:
        item[attribute] = value
    client("dynamodb").put_item(TableName=TABLE, Item=item)


@pytest.mark.parametrize("apart", [False, True])
@pytest.mark.parametrize(
    ("attribute", "text"),
    [
        ("status", "newer"),
        ("proven", "packed otherwise"),
        ("next_verification_at", "2000: newer"),
        ("capabilities", "[]"),
        ("capabilities", "null"),
        ("issues", "[1]"),
        pytest.param("issues", "[" * 100_000, id="issues-nested deeply"),
    ],
)
def test_an_account_that_cannot_be_read_keeps_nobody_from_being_tested(
    customers: Customers, attribute: str, text: str, apart: bool
) -> None:
    """Such as one that a newer release wrote, before the older one was deployed again."""
    odd, *others = connected(5)
    written_by_a_newer_release(f"ACCOUNT#{odd.account_id}", attribute, text)

    swept = customers.sweep().run(NO_DEADLINE, apart=apart)

    reached = swept.handed_over if apart else customers.tested
    assert sorted(reached) == [account.account_id for account in others]
    assert list(swept.failed) == [odd.account_id]


def test_an_account_that_cannot_be_read_rings_an_alarm_as_soon_as_it_may_have_to(
    customers: Customers,
) -> None:
    """Nobody can say how long it went without a verdict, but that is never more than
    `UNTESTED` when it becomes due.
    """
    (odd,) = connected(1, due=NOW - timedelta(minutes=6))
    written_by_a_newer_release(f"ACCOUNT#{odd.account_id}", "status")

    assert customers.swept().hours_untested == pytest.approx(26.1)


def test_an_account_whose_due_time_cannot_be_read_rings_an_alarm(customers: Customers) -> None:
    (odd,) = connected(1)
    written_by_a_newer_release(f"ACCOUNT#{odd.account_id}", "next_verification_at")
    wait = timedelta(milliseconds=1)
    later = (NOW + each * wait for each in count())
    one = customers.sweep()
    ticking = replace(one.dependencies, clock=lambda: next(later))

    assert replace(one, dependencies=ticking).run(NO_DEADLINE).hours_untested > 26


Answer = Callable[[str, Any], Any]
"""What DynamoDB answers to a BatchGetItem of throttled keys alone, of this table."""


def leaves_out(table: str, wanted: Any) -> Any:
    return {"Responses": {table: []}, "UnprocessedKeys": {table: wanted}}


def refuses_the_rest(table: str, wanted: Any) -> Any:
    """As DynamoDB does if it can serve no key at all. Source: DynamoDB API reference, BatchGetItem:
    "If none of the items can be processed …, then BatchGetItem returns a
    ProvisionedThroughputExceededException."
    """
    error = {"Code": "ProvisionedThroughputExceededException", "Message": "throttled"}
    raise ClientError({"Error": error}, "BatchGetItem")


def throttle(
    monkeypatch: pytest.MonkeyPatch, organization_id: str, answer: Answer
) -> list[list[str]]:
    """DynamoDB serves no item of an organization. Returns the sort keys that each BatchGetItem asks
    for. Nobody waits.
    """
    dynamodb = wiring.table().connection.client
    call, asked = dynamodb._make_api_call, list[list[str]]()

    def answer_others(operation: str, arguments: dict[str, Any]) -> Any:
        if operation != "BatchGetItem":
            return call(operation, arguments)
        ((table, wanted),) = arguments["RequestItems"].items()
        asked.append([key["sk"]["S"] for key in wanted["Keys"]])
        throttled = {"pk": {"S": f"ORG#{organization_id}"}}
        left = [key for key in wanted["Keys"] if key | throttled == key]
        served = [key for key in wanted["Keys"] if key not in left]
        if not served:
            return answer(table, wanted)
        found = call(operation, {"RequestItems": {table: wanted | {"Keys": served}}})
        return found | {"UnprocessedKeys": {table: {"Keys": left}} if left else {}}

    monkeypatch.setattr(dynamodb, "_make_api_call", answer_others)
    monkeypatch.setattr(time, "sleep", lambda _: None)
    return asked


def test_an_account_that_cannot_be_read_at_this_moment_is_not_taken_for_an_unreadable_one(
    customers: Customers, monkeypatch: pytest.MonkeyPatch
) -> None:
    (odd,) = connected(1, due=NOW - timedelta(minutes=6))
    written_by_a_newer_release(f"ACCOUNT#{odd.account_id}", "status")
    (other,) = connected(1, first=1, due=AN_HOUR_AGO)
    read = DueAccounts.read

    def throttled(self: DueAccounts, wanted: Any, now: datetime) -> Any:
        if [key.account_id for key in wanted] == [other.account_id]:
            raise PynamoDBException("throttled")
        return read(self, wanted, now)

    monkeypatch.setattr(DueAccounts, "read", throttled)

    swept = customers.swept()

    assert set(swept.failed) == {odd.account_id, other.account_id}
    assert swept.hours_untested == pytest.approx(26.1)


@pytest.mark.parametrize("answer", [leaves_out, refuses_the_rest])
def test_what_the_table_leaves_out_of_one_organization_keeps_nobody_else_from_being_tested(
    customers: Customers, monkeypatch: pytest.MonkeyPatch, answer: Answer
) -> None:
    """Its partition is throttled. Its accounts are still due, and no other page waits for them."""
    monkeypatch.setattr(sweep, "AT_ONCE", 4)
    left_out = connected(3, organization_id="throttled", due=AN_HOUR_AGO)
    others = connected(7, first=10, organization_id="others", due=NOW)
    asked = throttle(monkeypatch, "throttled", answer)

    swept = customers.swept()

    assert swept.outcomes == {"confirmed": len(others)}
    assert set(swept.failed) <= {account.account_id for account in left_out}
    assert swept.failed
    ours = {f"ACCOUNT#{account.account_id}" for account in left_out}
    assert len({key for keys in asked for key in keys} & ours) == 2, "those of the first page"
    assert swept.hours_untested == pytest.approx(26), "25 and the hour: nobody read it"
    assert not swept.left


def test_an_account_that_is_gone_is_not_taken_for_one_that_the_table_left_out(
    customers: Customers, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The index shows it for a moment yet. It is due no more, and nobody waits for it."""
    (there,) = connected(1, woken_at=NOW)
    gone = AccountKey(ORGANIZATION_ID, "gone")
    found = {gone: AN_HOUR_AGO, AccountKey(ORGANIZATION_ID, there.account_id): NOW}
    monkeypatch.setattr(DueAccounts, "keys", lambda _, now, since: {} if since else found)

    swept = customers.swept()

    assert (swept.outcomes, swept.failed, swept.hours_untested) == ({"confirmed": 1}, {}, 0)


@pytest.mark.parametrize("answer", [leaves_out, refuses_the_rest])
def test_a_sweep_fails_if_the_table_leaves_out_all(
    customers: Customers, monkeypatch: pytest.MonkeyPatch, answer: Answer
) -> None:
    connected(3, organization_id="throttled")
    throttle(monkeypatch, "throttled", answer)

    with pytest.raises(SweepFailed):
        customers.swept()


def test_after_a_crash_a_sweep_does_not_fail_because_of_what_cannot_be_read(
    customers: Customers,
) -> None:
    (odd,) = connected(1)
    written_by_a_newer_release(f"ACCOUNT#{odd.account_id}", "status")

    swept = customers.sweep().take_apart()

    assert list(swept.failed) == [odd.account_id]


@pytest.mark.parametrize("apart", [False, True])
def test_a_dead_test_that_cannot_be_read_keeps_nobody_from_being_tested(
    customers: Customers, apart: bool
) -> None:
    """The age of its account is told, so that an alarm rings if nobody repairs it."""
    (odd,) = connected(1, woken_at=NOW - timedelta(hours=30), created_at=NOW - timedelta(days=9))
    customers.finds["A0"] = unsure
    customers.swept()
    customers.now += LEASE
    (test,) = stored_tests(odd)
    written_by_a_newer_release(f"VERIFICATION#{test.verification_id}", "trigger")
    others = connected(5, first=1)

    swept = customers.sweep().run(NO_DEADLINE, apart=apart)

    assert list(swept.failed) == [odd.account_id]
    reached = swept.handed_over if apart else customers.tested[1:]
    assert sorted(reached) == [account.account_id for account in others]
    assert swept.hours_untested > 30


def test_a_clock_that_is_set_back_ends_no_sweep(customers: Customers) -> None:
    connected(3)

    def set_back(account: Account) -> Any:
        customers.now = NOW - timedelta(minutes=1)
        return works(account)

    customers.finds["A0"] = set_back

    assert customers.swept().outcomes.total() == 3


def test_no_organizations_policies_take_the_processor_from_anothers_tests(
    customers: Customers, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The worst policies that can be written, on many databases, in half of a page's accounts."""
    worst = connected(12, organization_id="worst")
    others = connected(12, first=12, organization_id="other")
    used, of_this_thread, all_weighed = [0.0], threading.local(), threading.Event()
    first_page = threading.Barrier(24, all_weighed.set)

    def weigh(_: DatabaseQuestion, database: Database, __: RolePolicies) -> ResourceVerdict:
        of_this_thread.seconds = processor_time() + 0.02
        used.append(0.02)
        return ResourceVerdict(database.id, database.region, Verdict.ALLOWED, None)

    def processor_time() -> float:
        return getattr(of_this_thread, "seconds", 0.0)

    def wait_for_all() -> None:
        if not all_weighed.is_set():  # of the first page: what comes after has fewer accounts
            first_page.wait(60)

    def test(request: VerificationRequest, *_: Any, account: Account, **given: Any) -> Found:
        if request.organization_id == "worst":
            weighing = {name: value for name, value in given.items() if "weighing" in name}
            found = probe_account(OF_DATABASES, many_databases(**weighing))
            wait_for_all()
            return Found([*works(account), *found], Survey())
        wait_for_all()
        return Found(
            works(account) if sum(used) < SHORT_TEST_SECONDS else unsure(account), Survey()
        )

    monkeypatch.setattr(time, "thread_time", processor_time)
    monkeypatch.setattr(DatabaseQuestion, "verdict_for", weigh)
    refused = judged(Verdict.DENIED, Reason.IDENTITY_POLICY, error_code="AccessDenied")
    monkeypatch.setattr(probes, "run", lambda *_: refused)
    monkeypatch.setattr(sweep, "make_scheduled_test", test)

    swept = customers.swept()

    assert sum(used) > 0.5, "they are weighed"
    assert swept.outcomes == {"confirmed": len(others)}
    assert swept.handed_over.keys() == {account.account_id for account in worst}
    assert {stored(account).status for account in others} == {Status.CONFIRMED}


def test_a_test_that_is_too_heavy_for_a_page_has_one_alone_and_then_is_handed_over(
    customers: Customers, pages: list[list[Account]], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A role that is narrowed to some of many instances takes many calls. Others' pages come first,
    and on the first one they have the processor as if it were not there. What is left of its
    organization waits for pages alone, since more of it may need some.
    """
    monkeypatch.setattr(sweep, "AT_ONCE", 6)
    *_, heaviest = connected(4, organization_id="narrowed", due=AN_HOUR_AGO)
    connected(8, first=4, organization_id="others")
    needs = {"A0": 0.9, "A1": 0.9, "A2": 0.9, "A3": 1.1}
    of_this_thread = threading.local()

    def processor_time() -> float:
        return getattr(of_this_thread, "seconds", 0.0)

    def test(
        _: VerificationRequest, *__: Any, account: Account, weighing: ProcessorTime, **___: Any
    ) -> Found:
        calls = round(needs.get(account.name, 0.0) * WEIGHING_SECONDS / CALL_SECONDS)
        try:
            for _call in range(calls):
                with weighing.spent(CALL_SECONDS):
                    of_this_thread.seconds = processor_time() + CALL_SECONDS
        except OutOfTime:
            return Found(unsure(account), Survey())
        return Found(works(account), Survey())

    monkeypatch.setattr(time, "thread_time", processor_time)
    monkeypatch.setattr(sweep, "make_scheduled_test", test)
    reads, read = list[int](), DueAccounts.read

    def note(due: DueAccounts, wanted: Sequence[AccountKey], now: datetime) -> Any:
        reads.append(len(wanted))
        return read(due, wanted, now)

    monkeypatch.setattr(DueAccounts, "read", note)

    swept = customers.swept()

    assert reads[2:] == [1, 1, 1, 1], "a page alone reads no account for the next one"
    names = [[account.name for account in page] for page in pages]
    assert {*names[0]} == {"A0", "A1", "A2", "A4", "A5", "A6"}
    assert {*names[1]} == {f"A{n}" for n in range(7, 12)}, "those of others"
    assert names[2:] == [["A0"], ["A1"], ["A2"], ["A3"]]
    assert swept.outcomes == {"confirmed": 11}
    assert [*swept.handed_over] == [heaviest.account_id]


def test_whoever_is_unclear_beside_one_that_is_too_heavy_gets_no_page_alone(
    customers: Customers, pages: list[list[Account]], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Though both share their organization's processor time."""
    heavy, other = connected(2)

    def test(
        _: VerificationRequest, *__: Any, account: Account, weighing: ProcessorTime, **___: Any
    ) -> Found:
        if account.account_id == heavy.account_id:
            with suppress(OutOfTime), weighing.spent(WEIGHING_SECONDS + 1):
                pass
        return Found(unsure(account), Survey())

    monkeypatch.setattr(sweep, "make_scheduled_test", test)

    swept = customers.swept()

    assert [{account.name for account in page} for page in pages] == [{"A0", "A1"}, {"A0"}]
    assert [*swept.handed_over] == [other.account_id, heavy.account_id]


@pytest.fixture
def heavy(customers: Customers, monkeypatch: pytest.MonkeyPatch) -> Iterator[Account]:
    """An account whose test is too heavy beside others. It has been due for an hour."""
    (heavy,) = connected(1, organization_id="heavy", due=AN_HOUR_AGO)

    def test(*given: Any, account: Account, weighing: ProcessorTime, **named: Any) -> Found:
        if account.account_id == heavy.account_id:
            try:
                with weighing.spent(WEIGHING_SECONDS):
                    pass
            except OutOfTime:
                return Found(unsure(account), Survey())
        return customers.test(*given, account=account, **named)

    monkeypatch.setattr(sweep, "make_scheduled_test", test)
    return heavy


def test_who_waits_for_a_page_alone_when_the_time_is_up_is_left_to_the_next_sweep(
    customers: Customers, heavy: Account, pages: list[list[Account]]
) -> None:
    """And counts among those that wait for a verdict."""
    connected(2, first=1, organization_id="others", due=NOW)
    clock = count()

    swept = customers.swept(deadline=Deadline.after(2, lambda: float(next(clock))))

    assert (swept.outcomes, len(pages), swept.left) == ({"confirmed": 2}, 1, True)
    waited = (NOW - untested_since(heavy)).total_seconds() / 3600
    assert swept.hours_untested == pytest.approx(waited)
    assert stored(heavy) == heavy, "it is still due"
    assert customers.swept().outcomes == {"confirmed": 1}


def test_nobody_has_a_page_alone_once_the_sweep_takes_no_more_of_the_organization(
    customers: Customers, heavy: Account, pages: list[list[Account]]
) -> None:
    connected(3, first=1, organization_id="heavy", due=NOW)
    connected(1, first=4, organization_id="others", due=NOW)
    customers.finds |= dict.fromkeys(("A1", "A2", "A3"), unsure)

    swept = customers.swept(most=2)

    assert ([len(page) for page in pages], swept.left) == ([5], False)
    assert stored(heavy) == heavy, "it is still due"


@pytest.mark.parametrize(
    ("changed", "alone", "handed_over"),
    [(False, 0.0, 0), (True, 0.0, 0), (True, WEIGHING_SECONDS + 1, 1)],
    ids=["finds the same", "finds the same alone", "is short alone, too"],
)
def test_what_is_found_with_too_little_processor_time_is_no_change(
    customers: Customers,
    pages: list[list[Account]],
    monkeypatch: pytest.MonkeyPatch,
    changed: bool,
    alone: float,
    handed_over: int,
) -> None:
    """Such as from half of a list, whose other half would have told otherwise."""
    (heavy,) = connected(1, organization_id="heavy")
    customers.swept()
    next_day(customers, heavy)
    connected(1, first=1, organization_id="others", due=customers.now)
    before = stored(heavy)

    def test(*given: Any, account: Account, weighing: ProcessorTime, **named: Any) -> Found:
        found = customers.test(*given, account=account, **named)
        first = customers.tested.count(heavy.account_id) == 2
        if account.account_id == heavy.account_id:
            with suppress(OutOfTime), weighing.spent(WEIGHING_SECONDS if first else alone):
                return found
            lost = a_step("ec2:StopInstances", Verdict.DENIED)
            return Found(steps_of(account, lost), Survey()) if changed else found
        return found

    monkeypatch.setattr(sweep, "make_scheduled_test", test)
    pages.clear()

    swept = customers.swept()

    assert [len(page) for page in pages] == ([2, 1] if changed else [2])
    assert (stored(heavy).status, len(swept.handed_over)) == (before.status, handed_over)
    assert (stored(heavy).verification == before.verification) == bool(handed_over)


@pytest.mark.parametrize(
    ("organizations", "seconds"),
    [
        (1, WEIGHING_SECONDS),
        (2, WEIGHING_SECONDS / 2),
        (5, LEAST_WEIGHING_SECONDS),
        (24, LEAST_WEIGHING_SECONDS),
    ],
)
def test_each_organization_of_a_page_has_time_for_ordinary_policies(
    organizations: int, seconds: float
) -> None:
    """A hundred databases take a fifth of a second of a whole processor."""
    page = [an_account(organization_id=f"organization-{n % organizations}") for n in range(24)]

    assert {each.left for each in sweep._shares(page).values()} == {seconds}


OF_DATABASES = [
    kind.descriptor.permission(action)
    for kind in Kind
    for action in Action
    if not kind.descriptor.dry_run
]


def many_databases(**given: Any) -> ProbedAccount:
    """An account with many databases, all of which its role's policies may concern."""
    arn = "arn:aws:rds:us-east-1:{}:db:{}".format
    found = [Database(f"d{n}", "us-east-1", arn(NUMBER, f"d{n}"), {}) for n in range(200)]
    statement = {"Effect": "Allow", "Action": OF_DATABASES, "Resource": arn("*", "d*")}
    account = ProbedAccount(session=a_session(), **given)
    account._read.update(
        {kind: Databases(tuple(found)) for kind in Kind},
        **{"inline policies": RolePolicies(({"Statement": statement},)), "managed policies": ()},
    )
    return account
