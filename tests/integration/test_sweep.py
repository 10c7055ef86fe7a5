"""The index of due times and the leases, on a table with the template's own indexes."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any
from unittest.mock import Mock

import pytest
from pynamodb.exceptions import PynamoDBException

from cavok import wiring
from cavok.adapters.table.keys import DUE_SHARDS, due_shard
from cavok.adapters.table.table import ItemChanged
from cavok.adapters.table.verifications import Verifications
from cavok.domain.accounts import Account
from cavok.domain.deadlines import NO_DEADLINE, Deadline
from cavok.domain.verifications import LEASE, SCHEDULE, State, Trigger, Verification
from cavok.services.sweep import LeasedPage, lease_due_accounts
from functions.list_due_accounts import app
from tests.integration.conftest import TABLE, begin_test, client
from tests.support.api import Api, Context, number
from tests.support.builders import NOW, ORGANIZATION_ID, a_verification, an_account
from tests.support.faults import Calls, Fault, watched

SWEEP = "arn:aws:states:us-east-1:111122223333:execution:reverify-accounts:one"


def add(count: int = 1, *, due: datetime | None = NOW, first: int = 0) -> list[Account]:
    """Accounts of one organization, due at this time."""
    return [
        wiring.accounts().add(
            an_account(
                account_id=f"01JN8Q5M3C{first + index:016}",
                account_number=number(first + index),
                name=f"A{first + index}",
                next_verification_at=due,
            ),
            None,
        )
        for index in range(count)
    ]


def leased(now: datetime = NOW, limit: int = 80) -> list[Verification]:
    return lease_due_accounts(
        SWEEP,
        due=wiring.due_accounts(),
        accounts=wiring.accounts(),
        verifications=wiring.verifications(),
        now=now,
        deadline=NO_DEADLINE,
        limit=limit,
    ).tests


def stored(account: Account) -> Account:
    return wiring.accounts().get(ORGANIZATION_ID, account.account_id)


def test_what_is_due_is_leased_and_its_test_begun() -> None:
    (account,) = add()

    (verification,) = leased()

    begun = wiring.verifications().get(account.account_id, verification.verification_id)
    assert (begun.trigger, begun.actor, begun.state) == (
        Trigger.SCHEDULED,
        SCHEDULE,
        State.RUNNING,
    )
    assert begun.execution_arn == SWEEP
    assert stored(account).testing(NOW)
    assert stored(account).next_verification_at == NOW + LEASE


def test_what_is_not_due_and_what_rests_is_left_alone() -> None:
    add(1, due=NOW + timedelta(seconds=1))
    add(1, due=None, first=1)

    assert leased() == []


def test_a_second_sweep_finds_nothing_of_the_first_ones() -> None:
    add(3)

    assert len(leased()) == 3
    assert leased() == []
    assert leased(NOW + LEASE - timedelta(seconds=1)) == []


def test_two_sweeps_that_read_the_same_page_share_it_without_a_remainder() -> None:
    """Each read before the other wrote, as happens when both start at one moment."""
    add(4)
    page = wiring.due_accounts().page(NOW, 80)

    class SamePage:
        def page(self, now: datetime, limit: int) -> list[Account]:
            return page

    first, second = (
        lease_due_accounts(
            SWEEP,
            due=SamePage(),  # type: ignore[arg-type]
            accounts=wiring.accounts(),
            verifications=wiring.verifications(),
            now=NOW,
            deadline=NO_DEADLINE,
            limit=80,
        ).tests
        for _ in range(2)
    )

    assert (len(first), len(second)) == (4, 0)


def test_a_person_who_pressed_test_is_not_joined_by_a_sweep(admin: Api) -> None:
    account = admin.account()
    test = admin.post(f"/v1/accounts/{account['account_id']}/verifications").json
    now = datetime.fromisoformat(test["started_at"])

    assert leased(now + timedelta(seconds=1)) == []


def test_a_sweep_that_was_first_is_what_a_person_gets(admin: Api) -> None:
    account = admin.account()
    now = datetime.fromisoformat(account["created_at"]) + timedelta(seconds=1)
    (verification,) = leased(now)

    pressed = admin.post(f"/v1/accounts/{account['account_id']}/verifications").json

    assert pressed["verification_id"] == verification.verification_id
    assert pressed["trigger"] == "scheduled"


def test_a_lease_that_somebody_took_in_between_is_not_taken_again() -> None:
    (account,) = add()
    leased()

    with pytest.raises(ItemChanged):
        begin_test(account, a_verification(account_id=account.account_id))


def test_a_sweep_that_died_loses_nothing() -> None:
    """Its tests ended without a report. Each is aborted, and its account is tested again."""
    accounts = add(3)
    dead = leased()
    later = NOW + LEASE

    assert leased(later) == []  # aborted first …
    for verification in dead:
        aborted = wiring.verifications().get(verification.account_id, verification.verification_id)
        assert aborted.state is State.ABORTED
    assert {stored(account).status for account in accounts} == {a.status for a in accounts}
    assert not any(stored(account).testing(later) for account in accounts)

    assert len(leased(later + timedelta(minutes=2))) == 3  # … and tested again


def test_an_account_whose_test_kills_every_sweep_is_tried_ever_more_seldom() -> None:
    (account,) = add()
    now, waits = NOW, []
    for _ in range(4):
        assert len(leased(now)) == 1
        now += LEASE
        leased(now)
        due = stored(account).next_verification_at
        assert due
        waits.append(due - now)
        now = due

    assert waits == [timedelta(minutes=minutes) for minutes in (2, 4, 8, 16)]


def a_page(*, seconds: float = 20, clock: Callable[[], float] = lambda: 0.0) -> LeasedPage:
    return lease_due_accounts(
        SWEEP,
        due=wiring.due_accounts(),
        accounts=wiring.accounts(),
        verifications=wiring.verifications(),
        now=NOW,
        deadline=Deadline.after(seconds, clock),
        limit=80,
    )


@pytest.mark.parametrize("fault", [Fault.THROTTLED, Fault.TIMEOUT, Fault.BUSY])
@pytest.mark.parametrize("lease", range(4))
def test_a_lease_that_fails_concerns_its_account_alone(fault: Fault, lease: int) -> None:
    """Every account that was leased is tested, and every other one is still due."""
    add(4)
    first_lease = len(DUE_SHARDS) + 1

    with watched(Calls(index=first_lease + lease, fault=fault)):
        page = a_page()

    assert len(page.failed) == (fault is Fault.THROTTLED)
    assert len(page.tests) == (4 if fault is Fault.TIMEOUT else 3)
    assert len(leased()) == 4 - len(page.tests)
    tests = {test.account_id: test.verification_id for test in page.tests}
    for account_id, verification_id in tests.items():
        slot = wiring.accounts().get(ORGANIZATION_ID, account_id).slot
        assert slot
        assert slot.verification_id == verification_id


def test_a_page_on_which_nothing_could_be_leased_fails(monkeypatch: pytest.MonkeyPatch) -> None:
    add(2)
    no_answer = PynamoDBException("no answer")
    monkeypatch.setattr(Verifications, "begin", Mock(side_effect=no_answer))

    with pytest.raises(PynamoDBException, match="no answer"):
        a_page()


def test_a_page_ends_before_its_function_does() -> None:
    """What was leased by then is tested; the rest is due on the next page."""
    add(4)
    seconds = iter(range(100))

    page = a_page(seconds=2, clock=lambda: float(next(seconds)))

    assert 0 < len(page.tests) < 4
    assert len(leased()) == 4 - len(page.tests)


@pytest.mark.parametrize(("limit", "pages"), [(16, [16, 8]), (4, [4] * 6), (1, [1] * 24)])
def test_a_page_has_its_limit_and_the_next_one_goes_on(limit: int, pages: list[int]) -> None:
    """Whatever is leased is tested at once, so the limit is the sweep's concurrency. A limit below
    the number of shards still finds every account.
    """
    add(24)

    found = []
    while page := leased(limit=limit):
        found.append(len(page))

    assert found == pages


def test_the_longest_overdue_comes_first() -> None:
    shard = DUE_SHARDS[0]
    ids = [f"01JN8Q5M3C{index:016}" for index in range(400)]
    of_one_shard = [account_id for account_id in ids if due_shard(account_id) == shard][:12]
    for index, account_id in enumerate(of_one_shard):
        wiring.accounts().add(
            an_account(
                account_id=account_id,
                account_number=number(index),
                next_verification_at=NOW - timedelta(minutes=index),
            ),
            None,
        )

    found = {account.account_id for account in wiring.due_accounts().page(NOW, 8)}

    assert found == set(of_one_shard[-8:])


def test_a_change_makes_an_account_due_at_once(admin: Api) -> None:
    account = admin.account()
    path = f"/v1/accounts/{account['account_id']}"
    wiring.accounts().save(
        stored_account := wiring.accounts().get(ORGANIZATION_ID, account["account_id"]),
        replace(stored_account, next_verification_at=NOW + timedelta(days=3650)),
    )

    for change in ({"role_name": "CavokOther"}, {"regions": ["eu-west-1"]}):
        changed = admin.patch(path, change).json
        assert changed["next_verification_at"] == changed["updated_at"]


def test_the_handler_answers_with_inputs_of_the_workflow_and_nothing_secret(
    admin: Api, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(app.metrics.provider, "namespace", "Cavok/Accounts")
    monkeypatch.setenv("SWEEP_TESTS", "4")
    account = admin.account()

    answer = app.handler({"sweep_id": "one", "sweep_arn": SWEEP}, Context())  # type: ignore[arg-type]

    (test,) = answer["accounts"]
    assert test == {
        "organization_id": ORGANIZATION_ID,
        "account_id": account["account_id"],
        "verification_id": test["verification_id"],
        "trigger": "scheduled",
        "correlation_id": "one",
    }


def test_the_index_holds_only_what_is_to_be_verified() -> None:
    add(2)
    add(3, due=None, first=2)

    found: list[Any] = client("dynamodb").scan(TableName=TABLE, IndexName="by_due")["Items"]

    assert len(found) == 2
    assert set(found[0]) == {"pk", "sk", "due_shard", "next_verification_at"}
