"""Whatever breaks in the middle of a sweep, on our side or under it: nothing is lost, nothing is
stuck, and no customer is called broken for it.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from typing import Any

import pytest

from local import aws, customers, sweep
from local.customers import CUSTOMERS, CustomerAccount
from local.faults import Fault, faults
from local.stack import Stack
from tests.support import bus, inspection, sweeps
from tests.support.connections import Connected, connect
from tests.support.http import answer
from tests.support.invariants import Declare
from tests.support.journeys import connect_and_test
from tests.support.organizations import Organization
from tests.support.waiting import eventually


@pytest.fixture(scope="module")
def confirmed(
    own_organization: Organization, new_place: Callable[[], CustomerAccount]
) -> list[Connected]:
    """Three accounts that work, and were seen to."""
    made = [connect(own_organization.admin, new_place(), write_logs=False) for _ in range(3)]
    for account in made:
        customers.deploy(account.place, account.offer())
        assert account.test()["outcome"] == "confirmed"
    return made


@pytest.fixture(scope="module")
def keyed(own_organization: Organization, new_place: Callable[[], CustomerAccount]) -> Connected:
    """An account that works, with an access key."""
    policy = answer(own_organization.admin.get("/v1/permissions"))["policy_document"]
    journey = connect_and_test(own_organization.admin, CUSTOMERS["access-key"], new_place(), policy)
    assert journey.verification["outcome"] == "confirmed"
    return journey.connected


def statuses(accounts: list[Connected]) -> set[str]:
    return {account.account()["status"] for account in accounts}


def sweep_them(stack: Stack, own_organization: Organization, accounts: list[Connected]) -> None:
    sweeps.make_due(stack, own_organization.name, *accounts)
    assert sweeps.run_sweep(stack).total >= len(accounts)


def seen_again(stack: Stack, own_organization: Organization, accounts: list[Connected]) -> bool:
    """Whether the next sweep finds them as they are."""
    before = [sweeps.last_tested(account) for account in accounts]
    sweep_them(stack, own_organization, accounts)
    return all(
        sweeps.last_tested(account) > earlier and account.account()["status"] == "confirmed"
        for account, earlier in zip(accounts, before, strict=True)
    )


def assert_left_in_peace(accounts: list[Connected]) -> None:
    """The last test proved nothing, the status is what it was, and the account is tried again."""
    for account in accounts:
        now, last = account.account(), sweeps.tests_of(account)[0]
        assert (last["trigger"], last["state"], last["outcome"]) == ("scheduled", "aborted", None)
        assert (now["status"], now["issues"], now["testing"]) == ("confirmed", [], False)
        assert now["next_verification_at"]


@contextmanager
def without_statement(stack: Stack, function: str, sid: str) -> Iterator[None]:
    """A function's own role, for a while without one of its permissions."""
    iam = aws.client("iam", stack.emulator_url)
    role = inspection.role_name(stack, function)
    names = iam.list_role_policies(RoleName=role)["PolicyNames"]
    before = {
        name: iam.get_role_policy(RoleName=role, PolicyName=name)["PolicyDocument"]
        for name in names
    }
    assert sid in json.dumps(before)

    try:
        for name, document in before.items():
            kept = [s for s in document["Statement"] if s.get("Sid") != sid]
            if kept:
                _put(iam, role, name, document | {"Statement": kept})
            else:
                iam.delete_role_policy(RoleName=role, PolicyName=name)
        yield
    finally:
        for name, document in before.items():
            _put(iam, role, name, document)


def _put(iam: Any, role: str, name: str, document: dict[str, Any]) -> None:
    iam.put_role_policy(RoleName=role, PolicyName=name, PolicyDocument=json.dumps(document))


def test_our_own_role_losing_its_permission_fails_no_customer_and_rings_the_operators(
    stack: Stack, own_organization: Organization, confirmed: list[Connected], declare: Declare
) -> None:
    declare("ProbeAccount", "OurEntryBroken", because="its role may not enter accounts")
    with bus.operators(stack, "OurEntryBrokenAlarm") as rung:
        with (
            without_statement(stack, "SweepAccounts", "EnterCustomersRoles"),
            without_statement(stack, "ProbeAccount", "EnterCustomersRoles"),
        ):
            sweep_them(stack, own_organization, confirmed)
        alarm = eventually(rung, "the alarm reaches who subscribed to the topic")

    assert alarm["NewStateValue"] == "ALARM"
    assert "docs/operating.md" in alarm["AlarmDescription"]
    assert_left_in_peace(confirmed)
    assert seen_again(stack, own_organization, confirmed)


@contextmanager
def key_disabled(stack: Stack) -> Iterator[None]:
    kms = aws.client("kms", stack.emulator_url)
    key_id = inspection.resource_name(stack, "SealingKey")
    kms.disable_key(KeyId=key_id)
    try:
        yield
    finally:
        kms.enable_key(KeyId=key_id)


@contextmanager
def key_forbidden(stack: Stack) -> Iterator[None]:
    with (
        without_statement(stack, "SweepAccounts", "OpenAccessKeys"),
        without_statement(stack, "ProbeAccount", "OpenAccessKeys"),
    ):
        yield


@pytest.mark.parametrize("broken", [key_disabled, key_forbidden])
def test_our_own_key_that_cannot_be_used_fails_no_customer(
    stack: Stack,
    own_organization: Organization,
    confirmed: list[Connected],
    keyed: Connected,
    broken: Callable[[Stack], AbstractContextManager[None]],
    declare: Declare,
) -> None:
    """A scheduled test needs it for stored access keys alone."""
    declare("ProbeAccount", "Decrypt", because="the key opens no access keys")
    before = sweeps.last_tested(confirmed[0])
    with broken(stack):
        sweep_them(stack, own_organization, [keyed, confirmed[0]])

    assert_left_in_peace([keyed])
    assert sweeps.last_tested(confirmed[0]) > before
    assert seen_again(stack, own_organization, [keyed])


def test_a_function_killed_in_mid_sweep_loses_nothing(
    stack: Stack, own_organization: Organization, confirmed: list[Connected], declare: Declare
) -> None:
    """Its accounts get tests of their own, so that one that kills it would die alone."""
    declare("SweepAccounts", "Runtime exited", because="its process is killed")
    before = [sweeps.last_tested(account) for account in confirmed]
    sweeps.make_due(stack, own_organization.name, *confirmed)
    with sweeps.killing_the_workers_of("SweepAccounts", once=True) as killed:
        sweeps.run_sweep(stack)

    assert killed
    assert statuses(confirmed) == {"confirmed"}
    after = [sweeps.last_tested(account) for account in confirmed]
    assert all(now > earlier for now, earlier in zip(after, before, strict=True))


def test_a_test_of_its_own_that_is_killed_blames_nobody(
    stack: Stack, own_organization: Organization, confirmed: list[Connected], declare: Declare
) -> None:
    declare("ProbeAccount", "Runtime exited", because="its process is killed")
    account = confirmed[0]
    sweeps.make_due(stack, own_organization.name, account)
    with throttled(account), sweeps.killing_the_workers_of("ProbeAccount") as killed:
        assert sweeps.run_sweep(stack).handed_over == (account.account_id,)

    assert killed
    assert_left_in_peace([account])
    assert seen_again(stack, own_organization, [account])


def throttled(account: Connected) -> AbstractContextManager[None]:
    """Its test comes to no clear end, so it gets one of its own."""
    number = account.place.account_number
    return faults(Fault("ec2", number, status=503, code="RequestLimitExceeded"))


def test_a_test_that_cannot_even_be_recorded_is_finished_by_a_later_sweep(
    stack: Stack, own_organization: Organization, confirmed: list[Connected], declare: Declare
) -> None:
    declare("RecordVerification", "AccessDenied", because="its role may not record")
    declare("VerifyAccountExpress", "AccessDenied", because="its last state cannot be run")
    account = confirmed[0]
    sweeps.make_due(stack, own_organization.name, account)
    with throttled(account), without_statement(stack, "RecordVerification", "RecordVerifications"):
        tries = records_tried(stack)
        sweep.wait_for(stack, sweep.start(stack), tests=0)
        eventually(lambda: records_tried(stack) >= tries + 5, "it gave up", seconds=120)
    stuck = sweeps.tests_of(account)[0]
    assert stuck["state"] == "running"

    sweeps.let_the_slot_lapse(stack, own_organization.name, account)
    sweeps.run_sweep(stack)

    recorded = account.verification(stuck["verification_id"])
    assert recorded["state"] == "aborted"
    assert account.account()["testing"] is False
    assert seen_again(stack, own_organization, [account])


def records_tried(stack: Stack) -> int:
    lines = inspection.log_lines(stack, "/record_verification")
    return sum(line.startswith("END ") for line in lines)


def test_two_sweeps_and_a_person_at_once_test_an_account_once(
    stack: Stack, own_organization: Organization, confirmed: list[Connected]
) -> None:
    before = [len(sweeps.tests_of(account)) for account in confirmed]
    earlier = [sweeps.last_tested(account) for account in confirmed]
    sweeps.make_due(stack, own_organization.name, *confirmed)

    both = [sweep.start(stack), sweep.start(stack)]
    pressed = confirmed[0].press_test()
    for started in both:
        sweep.wait_for(stack, started)
    confirmed[0].watch(pressed["verification_id"])

    last = [sweeps.last_tested(account) for account in confirmed]
    assert all(now > then for now, then in zip(last, earlier, strict=True)), "one of them worked"
    now = [len(sweeps.tests_of(account)) for account in confirmed]
    assert now[0] == before[0] + 1, "the person's"
    stored = {after - then for after, then in zip(now[1:], before[1:], strict=True)}
    assert stored <= {0, 1}, "found as they were, so counted; or stored in full, but once"
    assert statuses(confirmed) == {"confirmed"}


def test_a_new_role_is_found_without_anyone_pressing_test(
    stack: Stack, own_organization: Organization, new_place: Callable[[], CustomerAccount]
) -> None:
    account = connect(own_organization.admin, new_place(), write_logs=False)
    sweeps.run_sweep(stack)
    assert account.account()["status"] == "unconfirmed"
    assert sweeps.tests_of(account)[0]["outcome"] == "failed"

    customers.deploy(account.place, account.offer())
    sweeps.make_due(stack, own_organization.name, account)
    sweeps.run_sweep(stack)

    assert account.account()["status"] == "confirmed"
