"""Looking for the role of an account while somebody reads its instructions."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest

from cavok import wiring
from cavok.adapters.customer.assume_role import CustomerRoles
from cavok.adapters.customer.session import CustomerSession
from cavok.api.router import Router
from cavok.domain.accounts import Account, Status
from cavok.domain.steps import ALLOWED, Judgement, Verdict
from cavok.services.finish_verification import (
    VerificationReport,
    abort_verification,
    finish_verification,
)
from functions.instances_api import app as instances_api
from tests.support import api
from tests.support.api import KEYS, Api, number
from tests.support.builders import NOW, judged
from tests.support.moto_stack import Stream, client, items

REFUSED = judged(Verdict.DENIED, error_code="AccessDenied")


class Sts:
    """Customers' roles as STS answers for them, and the time."""

    def __init__(self, session: CustomerSession) -> None:
        self.session = session
        self.answer: Judgement = REFUSED
        self.asked: list[str] = []
        self.policies: set[str] = set()
        self.now: datetime = NOW
        self.meanwhile: Callable[[], object] = lambda: None

    def assume(
        self, account: Account, name: str, external_id: str, policy: str
    ) -> tuple[Judgement, CustomerSession | None]:
        self.asked.append(account.account_number)
        self.policies.add(policy)
        assert name == "cavok-detection"
        self.meanwhile()
        return self.answer, self.session if self.answer is ALLOWED else None

    def wait(self, seconds: float) -> None:
        self.now += timedelta(seconds=seconds)


@pytest.fixture
def sts(session: CustomerSession, monkeypatch: pytest.MonkeyPatch) -> Iterator[Sts]:
    answering = Sts(session)
    monkeypatch.setattr(CustomerRoles, "assume", answering.assume)
    monkeypatch.setattr(Router, "now", staticmethod(lambda: answering.now))
    wiring.workflows.cache_clear()
    yield answering
    wiring.workflows.cache_clear()


def add(admin: Api, index: int = 0, **changes: Any) -> str:
    account = admin.account(provider_id=number(index), name=f"Account{index}", **changes)
    account_id: str = account["account_id"]
    return account_id


def ask(who: Api, account_id: str) -> api.Answer:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(api, "app", instances_api)
        return who.post(f"/v1/accounts/{account_id}/detection")


def look(who: Api, account_id: str) -> str:
    answer = ask(who, account_id)
    assert answer.status == 200, answer.text
    state: str = answer.json["state"]
    return state


def executions() -> list[Any]:
    sfn = client("stepfunctions")
    arn = wiring.setting("VERIFY_ACCOUNT_ARN")
    found: list[Any] = sfn.list_executions(stateMachineArn=arn)["executions"]
    return found


def history(admin: Api, account_id: str) -> list[Any]:
    tests: list[Any] = admin.get(f"/v1/accounts/{account_id}/verifications").json["items"]
    return tests


def finish(admin: Api, account_id: str, now: datetime, error: str) -> None:
    """The running test ends as one that could not enter, or died."""
    (test,) = history(admin, account_id)
    running = wiring.verifications().get(account_id, test["verification_id"])
    if error == "died":
        abort_verification(running, verifications=wiring.verifications(), now=now)
        return
    report = VerificationReport(
        organization_id=running.organization_id,
        account_id=account_id,
        verification_id=running.verification_id,
        trigger=running.trigger,
        error=error,
        cause="AccessDenied: no",
    )
    finish_verification(
        report,
        verifications=wiring.verifications(),
        resources=wiring.resources,
        now=now,
    )


def test_however_many_look_an_account_is_entered_once_in_five_seconds(admin: Api, sts: Sts) -> None:
    account_id = add(admin)

    for _ in range(120):
        assert look(admin, account_id) == "waiting"
        sts.wait(0.5)

    assert len(sts.asked) == 12


def test_an_organization_is_looked_at_in_few_accounts_at_once(
    admin: Api, other_admin: Api, sts: Sts
) -> None:
    accounts = [add(admin, index) for index in range(8)]
    of_another = add(other_admin)

    answers = [look(admin, account_id) for account_id in accounts]

    assert answers == ["waiting"] * 5 + ["busy"] * 3
    assert len(sts.asked) == 5
    assert look(other_admin, of_another) == "waiting"
    assert len(sts.asked) == 6
    sts.wait(5)
    assert look(admin, accounts[-1]) == "waiting"
    assert len(sts.asked) == 7


def test_a_look_leaves_no_trace_but_its_time_and_costs_nothing(admin: Api, sts: Sts) -> None:
    account_id = add(admin)
    before = items()

    assert look(admin, account_id) == "waiting"

    (left,) = [item for item in items() if item not in before]
    assert (left["sk"], len(items())) == ("LOOKS", len(before) + 1)
    assert executions() == []
    assert sts.policies == {
        '{"Version":"2012-10-17","Statement":[{"Effect":"Deny","Action":"*","Resource":"*"}]}'
    }


def test_the_stream_tells_nobody_of_a_look(admin: Api, sts: Sts) -> None:
    account_id = add(admin)
    stream = Stream()
    stream.look()
    stream.new_records()

    look(admin, account_id)
    stream.look()

    assert [record["dynamodb"]["Keys"]["sk"]["S"] for record in stream.new_records()] == ["LOOKS"]


def test_a_role_that_lets_us_in_starts_one_test_of_who_asked(admin: Api, sts: Sts) -> None:
    account_id = add(admin)
    look(admin, account_id)
    sts.answer = ALLOWED
    sts.wait(5)

    assert look(admin, account_id) == "found"

    for _ in range(3):  # the test runs: whoever began it may have died, so it is started again
        sts.wait(5)
        assert look(admin, account_id) == "found"
    (tests,) = (q for q in admin.get("/v1/organization").json["quotas"] if q["name"] == "tests")
    assert tests["limit"] - tests["remaining"] == 1
    (test,) = history(admin, account_id)
    assert test["trigger"] == "manual"
    assert [one["name"] for one in executions()] == [test["verification_id"]]
    assert admin.get(f"/v1/accounts/{account_id}").json["testing"]
    assert len(sts.asked) == 2


def test_after_a_test_that_proved_nothing_no_look_starts_another(admin: Api, sts: Sts) -> None:
    account_id = add(admin)
    sts.answer = ALLOWED
    assert look(admin, account_id) == "found"

    finish(admin, account_id, sts.now, "died")
    sts.wait(5)

    assert look(admin, account_id) == "off"
    assert len(sts.asked) == 1


@pytest.mark.parametrize("meanwhile", ["revoke", "verifications"])
def test_what_a_person_did_during_a_look_stays(admin: Api, sts: Sts, meanwhile: str) -> None:
    account_id = add(admin)
    sts.answer = ALLOWED
    accounts_api = api.app

    def act() -> None:
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(api, "app", accounts_api)
            assert admin.post(f"/v1/accounts/{account_id}/{meanwhile}").status in (202, 204)

    sts.meanwhile = act

    revoked = meanwhile == "revoke"
    assert look(admin, account_id) == ("waiting" if revoked else "found"), "a test that runs"

    tests, then = (0, "off") if revoked else (1, "found")
    assert len(executions()) == len(history(admin, account_id)) == tests
    sts.wait(5)
    assert look(admin, account_id) == then
    assert len(executions()) == tests


def test_an_account_whose_test_could_not_enter_is_looked_at_again(admin: Api, sts: Sts) -> None:
    account_id = add(admin)
    admin.post(f"/v1/accounts/{account_id}/verifications")
    assert look(admin, account_id) == "found"
    assert sts.asked == []
    finish(admin, account_id, sts.now, "EntryRefused")
    sts.wait(5)

    assert look(admin, account_id) == "waiting"


@pytest.mark.parametrize(
    "case", ["access key", "revoked", "connected", "throttled", "died of another connection"]
)
def test_only_an_account_that_waits_for_its_role_is_entered(
    admin: Api, sts: Sts, case: str
) -> None:
    by_key = {"access_type": "access_key", "credentials": KEYS}
    account_id = add(admin, **(by_key if case == "access key" else {}))
    expected, asked = "off", 0
    match case:
        case "revoked":
            admin.post(f"/v1/accounts/{account_id}/revoke")
        case "connected":
            _connect(admin, account_id)
        case "throttled":
            sts.answer = judged(Verdict.INCONCLUSIVE, error_code="Throttling")
            expected, asked = "waiting", 1
        case "died of another connection":
            admin.post(f"/v1/accounts/{account_id}/verifications")
            finish(admin, account_id, sts.now, "died")
            admin.patch(f"/v1/accounts/{account_id}", {"role_name": "CavokOther"})
            expected, asked = "waiting", 1

    assert look(admin, account_id) == expected
    assert len(sts.asked) == asked


def _connect(admin: Api, account_id: str) -> None:
    organization_id = admin.organization_id
    account = wiring.accounts().get(str(organization_id), account_id)
    wiring.accounts().save(account, replace(account, status=Status.CONFIRMED))


def test_another_organization_and_a_viewer_look_at_nothing(
    admin: Api, viewer: Api, other_admin: Api, sts: Sts
) -> None:
    account_id = add(admin)

    assert ask(other_admin, account_id).status == 404
    assert ask(viewer, account_id).status == 403
    assert sts.asked == []
