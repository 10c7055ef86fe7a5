"""Many accounts with one request: each is created or refused by itself."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from types import SimpleNamespace
from typing import Any
from urllib.parse import urljoin

import pytest
from botocore.exceptions import ReadTimeoutError

from cavok import wiring
from cavok.adapters.sealing import Sealer, credentials_context
from cavok.adapters.table.accounts import ADDED_AT_ONCE, Accounts
from cavok.adapters.table.quotas import Quotas
from cavok.adapters.table.table import ItemBusy, Table
from cavok.api.problem_pages import EXPLANATIONS
from cavok.api.router import Router
from tests.support.api import KEY_ACCOUNT, KEYS, ROLE_ACCOUNT, Answer, Api, is_problem, number
from tests.support.builders import KEY_ID, NOW, ORGANIZATION_ID, SECRET_KEY, WORKLOAD
from tests.support.faults import Calls, watched
from tests.support.moto_stack import items

Json = dict[str, Any]


def role(index: int, **but: Any) -> Json:
    return ROLE_ACCOUNT | {"provider_id": number(index), "name": f"Import{index}"} | but


def send(api: Api, *accounts: Any, **headers: str) -> Answer:
    return api.post("/v1/accounts/import", {"accounts": list(accounts)}, **headers)


def created(answer: Answer) -> list[str]:
    assert answer.status == 200, answer.text
    return [account["name"] for account in answer.json["created"]]


def refused(answer: Answer) -> dict[int, str]:
    """The code of each problem, by its place."""
    assert answer.status == 200, answer.text
    return {each["index"]: each["problem"]["code"] for each in answer.json["refused"]}


def stored(kind: str) -> list[Json]:
    return [item for item in items() if item["sk"].startswith(kind)]


def test_each_account_is_created_or_refused_by_itself(admin: Api) -> None:
    admin.account(provider_id=number(50), name="There")
    wrong: list[tuple[Any, str, list[str]]] = [
        (role(1, name="Two words"), "invalid_fields", ["name"]),
        (role(2, colour="red"), "invalid_fields", ["colour"]),
        (role(3, provider_id=number(3)[:11], regions=[]), "invalid_fields", []),
        (role(4, provider="azure"), "invalid_fields", ["provider"]),
        (role(5, access_type="access_key"), "invalid_fields", ["credentials"]),
        (role(6, provider_id=WORKLOAD), "invalid_fields", ["provider_id"]),
        (role(50), "already_connected", []),
        (role(10, name="Again"), "already_connected", []),
        ("not an account", "invalid_fields", ["body"]),
        (None, "invalid_fields", ["body"]),
        ({}, "invalid_fields", []),
    ]
    right = [role(10), role(11, regions=["eu-west-1", "eu-west-1"])]

    answer = send(admin, right[0], *(each for each, _, _ in wrong), right[1])

    assert created(answer) == ["Import10", "Import11"]
    assert refused(answer) == {place: code for place, (_, code, _) in enumerate(wrong, 1)}
    for entry, (_, _, fields) in zip(answer.json["refused"], wrong, strict=True):
        problem = entry["problem"]
        assert problem["request_id"] == "AbCdEfGhIAMEVvg="
        assert problem["status"] in (409, 422)
        explained = urljoin("https://x/cavok/v1/accounts/import", problem["type"])
        assert explained == f"https://x/cavok/docs/problems/{problem['code']}"
        assert problem["code"] in EXPLANATIONS
        if fields:
            assert [error["field"] for error in problem["errors"]] == fields
    listed = admin.get("/v1/accounts").json["items"]
    assert [each for each in listed if each["name"] != "There"] == answer.json["created"]
    assert answer.json["created"][1]["regions"] == ["eu-west-1"]
    assert admin.get("/v1/organization").json["accounts"]["total"] == 3


def test_an_account_is_as_one_that_is_posted_by_itself(admin: Api, other_admin: Api) -> None:
    (imported,) = send(admin, role(1)).json["created"]
    alone = other_admin.post("/v1/accounts", role(1)).json

    own = ("account_id",)
    assert {k: v for k, v in imported.items() if k not in own} == {
        k: v for k, v in alone.items() if k not in own
    }
    kinds = [
        Counter(item["sk"].partition("#")[0] for item in items() if item["pk"].endswith(each))
        for each in (ORGANIZATION_ID, str(other_admin.organization_id))
    ]
    assert kinds[0] == kinds[1]


def test_many_are_written_in_few_transactions_and_each_has_all_that_belongs_to_it(
    admin: Api,
) -> None:
    count, calls = 2 * ADDED_AT_ONCE + 2, Calls()

    with watched(calls):
        answer = send(admin, *map(role, range(count)), idempotency_key="k")

    assert created(answer) == [f"Import{index}" for index in range(count)]
    assert calls.made.count("TransactWriteItems") == 3
    assert len(calls.made) < 20, "it asks for many at once"
    for kind in ("ACCOUNT#", "PROVIDER#", "AUDIT#", "IDEMPOTENCY#"):
        assert len(stored(kind)) == count
    organization = admin.get("/v1/organization").json
    assert organization["accounts"]["by_status"]["unconfirmed"] == count
    quota = next(each for each in organization["quotas"] if each["name"] == "new_accounts")
    assert quota["limit"] - quota["remaining"] == count
    entries = admin.get("/v1/audit", limit=100).json["items"]
    assert {(each["action"], each["actor"]["email"]) for each in entries} == {
        ("created", "ada@example.com")
    }


def test_access_keys_are_sealed_each_for_its_account(admin: Api) -> None:
    keyed = [KEY_ACCOUNT | {"provider_id": number(n), "name": f"Keyed{n}"} for n in range(3)]
    broken = KEY_ACCOUNT | {"name": "no name", "credentials": KEYS | {"more": SECRET_KEY}}

    answer = send(admin, *keyed, broken, idempotency_key="k")

    assert refused(answer) == {3: "invalid_fields"}
    for account in answer.json["created"]:
        assert account["access_key_id"] == KEY_ID[-4:]
        known = wiring.accounts().get(ORGANIZATION_ID, account["account_id"])
        sealed = wiring.accounts().sealed_credentials(known)
        assert sealed
        context = credentials_context(ORGANIZATION_ID, account["account_id"])
        assert wiring.sealer().open(sealed, context) == KEYS
    for shown in (answer.text, repr(items())):
        assert SECRET_KEY not in shown
        assert KEY_ID not in shown


# ---- repeated ------------------------------------------------------------------------------------


def test_the_same_request_again_creates_nothing_twice(admin: Api) -> None:
    accounts = [role(0), role(1, name="bad name"), role(2)]
    first = send(admin, *accounts, idempotency_key="k")
    before = items()

    again = send(admin, *accounts, idempotency_key="k")

    assert (again.json["created"], refused(again)) == (first.json["created"], {1: "invalid_fields"})
    assert items() == before
    without = send(admin, *accounts)
    assert refused(without) == {0: "already_connected", 1: "invalid_fields", 2: "already_connected"}


def test_a_secret_that_differs_makes_no_other_request(admin: Api) -> None:
    def keyed(secret: str) -> Json:
        return KEY_ACCOUNT | {"credentials": KEYS | {"secret_access_key": secret}}

    first = send(admin, keyed("one"), idempotency_key="k")

    assert send(admin, keyed("two"), idempotency_key="k").json == first.json


def test_a_key_is_good_for_one_body(admin: Api, other_admin: Api) -> None:
    send(admin, role(0), role(1), idempotency_key="k")
    before = items()

    for others in ([role(0), role(2)], [role(1), role(0)], [role(0)]):
        answer = send(admin, *others, idempotency_key="k")
        assert is_problem(answer, 422)
        assert answer.json["code"] == "key_reused"
    assert items() == before
    assert created(send(other_admin, role(0), role(2), idempotency_key="k")) == [
        "Import0",
        "Import2",
    ]
    # An account of its own is another request.
    assert admin.post("/v1/accounts", role(3), idempotency_key="k").status == 201


def test_an_account_that_was_deleted_meanwhile_is_not_created_again(admin: Api) -> None:
    first = send(admin, role(0), role(1), idempotency_key="k").json["created"]
    admin.delete(f"/v1/accounts/{first[0]['account_id']}")

    again = send(admin, role(0), role(1), idempotency_key="k")

    assert (created(again), refused(again)) == (["Import1"], {0: "made_and_deleted"})


def test_a_key_lapses_after_a_day(admin: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    send(admin, role(0), idempotency_key="k")
    later = NOW + timedelta(days=400)
    monkeypatch.setattr(Router, "now", staticmethod(lambda: later))

    assert refused(send(admin, role(0), idempotency_key="k")) == {0: "already_connected"}
    assert created(send(admin, role(1), idempotency_key="k")) == ["Import1"]


def test_what_a_lost_request_has_stored_is_completed_by_the_same_one(
    admin: Api, monkeypatch: pytest.MonkeyPatch
) -> None:
    accounts = [role(index) for index in range(2 * ADDED_AT_ONCE)]
    add_all, tried = Accounts.add_all, []

    def dies(self: Accounts, new: Sequence[Any], **others: Any) -> Any:
        tried.append(len(new))
        if len(tried) == 2:
            raise ReadTimeoutError(endpoint_url="https://aws.example")
        return add_all(self, new, **others)

    monkeypatch.setattr(Accounts, "add_all", dies)
    assert is_problem(send(admin, *accounts, idempotency_key="k"), 503)
    assert len(stored("ACCOUNT#")) == ADDED_AT_ONCE

    answer = send(admin, *accounts, idempotency_key="k")

    assert created(answer) == [each["name"] for each in accounts]
    assert len(stored("ACCOUNT#")) == len(accounts)
    assert admin.get("/v1/organization").json["accounts"]["total"] == len(accounts)


# ---- others in the way ---------------------------------------------------------------------------


def test_a_number_that_another_request_takes_first_keeps_no_other_out(
    admin: Api, monkeypatch: pytest.MonkeyPatch
) -> None:
    claimed = Accounts.claimed

    def taken_just_then(self: Accounts, *asked: Any) -> set[str]:
        found = claimed(self, *asked)
        admin.account(provider_id=number(1), name="Faster")
        return found

    monkeypatch.setattr(Accounts, "claimed", taken_just_then)

    answer = send(admin, role(0), role(1), role(2), idempotency_key="k")

    assert (created(answer), refused(answer)) == (["Import0", "Import2"], {1: "already_connected"})
    organization = admin.get("/v1/organization").json
    assert organization["accounts"]["total"] == 3
    quota = next(each for each in organization["quotas"] if each["name"] == "new_accounts")
    assert quota["limit"] - quota["remaining"] == 3


def test_the_same_request_side_by_side_makes_one_of_each(
    admin: Api, monkeypatch: pytest.MonkeyPatch
) -> None:
    made_by_each, faster = Accounts.made_by_each, list[Answer]()

    def looked_before(self: Accounts, *asked: Any) -> Any:
        found = made_by_each(self, *asked)
        if not faster:
            faster.append(Answer(0, {}, ""))
            faster[0] = send(admin, role(0), role(1), idempotency_key="k")
        return found

    monkeypatch.setattr(Accounts, "made_by_each", looked_before)

    slower = send(admin, role(0), role(1), idempotency_key="k")

    assert slower.json["created"] == faster[0].json["created"]
    assert len(stored("ACCOUNT#")) == 2


def test_a_busy_table_is_waited_for(admin: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("cavok.adapters.table.table.time.sleep", lambda _: None)
    transaction, tried = Table.transaction, []

    def busy(self: Table) -> Any:
        tried.append(self)
        if len(tried) < 4:
            raise ItemBusy("Another transaction.")
        return transaction(self)

    monkeypatch.setattr(Table, "transaction", busy)

    assert len(created(send(admin, role(0), role(1)))) == 2
    assert len(tried) == 4


@pytest.mark.parametrize("busy", [False, True], ids=["slow", "busy"])
def test_what_it_has_no_time_for_is_refused_and_stored_by_the_same_request(
    busy: bool, admin: Api, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each transaction takes four seconds; or the second never has its turn."""
    seconds, tried, transaction = [0.0], list[float](), Table.transaction

    def slow(self: Table) -> Any:
        tried.append(seconds[0])
        seconds[0] += 4
        if busy and len(tried) > 1:
            raise ItemBusy("Another transaction.")
        return transaction(self)

    clock = SimpleNamespace(monotonic=lambda: seconds[0])
    monkeypatch.setattr("cavok.services.import_accounts.time", clock)
    accounts = [role(index) for index in range(2 * ADDED_AT_ONCE + 1)]
    with monkeypatch.context() as patched:
        patched.setattr("cavok.adapters.table.table.time.sleep", lambda _: None)
        patched.setattr(Table, "transaction", slow)
        answer = send(admin, *accounts, idempotency_key="k")

    stored_now = ADDED_AT_ONCE if busy else 2 * ADDED_AT_ONCE
    assert tried == [0, 4]
    assert len(created(answer)) == stored_now
    left = range(stored_now, len(accounts))
    assert refused(answer) == dict.fromkeys(left, "busy_with_others")

    again = send(admin, *accounts, idempotency_key="k")

    assert created(again) == [each["name"] for each in accounts]


# ---- the quota -----------------------------------------------------------------------------------


@pytest.fixture
def five_a_minute(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[datetime]]:
    """Of new accounts. The list has the time."""
    limits = wiring.setting("QUOTAS").replace("new_accounts:1000000/", "new_accounts:5/")
    now = [NOW]
    monkeypatch.setenv("QUOTAS", limits)
    monkeypatch.setattr(Router, "now", staticmethod(lambda: now[0]))
    wiring.quotas.cache_clear()
    yield now
    wiring.quotas.cache_clear()


def test_what_is_beyond_the_quota_is_refused_before_it_costs_anything(
    admin: Api, five_a_minute: list[datetime], monkeypatch: pytest.MonkeyPatch
) -> None:
    seals: list[Any] = []
    seal = Sealer.seal
    monkeypatch.setattr(Sealer, "seal", lambda self, *of: seals.append(of) or seal(self, *of))
    accounts = [KEY_ACCOUNT | {"provider_id": number(n), "name": f"Keyed{n}"} for n in range(8)]
    admin.post("/v1/accounts", role(50))

    answer = send(admin, *accounts, idempotency_key="k")

    assert len(created(answer)) == 4
    assert refused(answer) == dict.fromkeys(range(4, 8), "quota_exceeded")
    assert answer.json["refused"][0]["problem"]["status"] == 429
    assert len(seals) == 4
    assert len(stored("AUDIT#")) == 5
    again = send(admin, *accounts, idempotency_key="k")
    assert (len(created(again)), len(seals)) == (4, 4)

    five_a_minute[0] += timedelta(seconds=60)
    last = send(admin, *accounts, idempotency_key="k")

    assert (len(created(last)), refused(last)) == (8, {})
    assert admin.get("/v1/organization").json["accounts"]["total"] == 9


@pytest.mark.parametrize("when", ["left", "_use"], ids=["after the look", "after the count"])
def test_a_quota_that_another_request_uses_up_meanwhile_is_kept(
    when: str, admin: Api, five_a_minute: list[datetime], monkeypatch: pytest.MonkeyPatch
) -> None:
    admin.post("/v1/accounts", role(90))
    asks, others = getattr(Quotas, when), iter((91, 92))

    def used_just_then(self: Quotas, *asked: Any) -> Any:
        found = asks(self, *asked)
        for each in others:
            assert admin.post("/v1/accounts", role(each)).status == 201
        return found

    monkeypatch.setattr(Quotas, when, used_just_then)

    answer = send(admin, *map(role, range(4)))

    assert created(answer) == ["Import0", "Import1"]
    assert refused(answer) == {2: "quota_exceeded", 3: "quota_exceeded"}
    assert len(stored("ACCOUNT#")) == 5


# ---- bounds --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"accounts": []}, "accounts"),
        ({"accounts": [{}] * 501}, "accounts"),
        ({"accounts": {}}, "accounts"),
        ({}, "accounts"),
        ({"accounts": [{}], "more": 1}, "more"),
    ],
    ids=range(5),
)
def test_a_request_takes_one_to_500_accounts(body: Json, field: str, admin: Api) -> None:
    answer = admin.post("/v1/accounts/import", body)

    assert is_problem(answer, 422)
    assert answer.fields == [field]


def test_500_accounts_are_read(admin: Api) -> None:
    answer = send(admin, *[{}] * 500)

    assert refused(answer) == dict.fromkeys(range(500), "invalid_fields")


def test_only_admins_import(viewer: Api) -> None:
    assert is_problem(send(viewer, role(0)), 403)
    assert items() == []
