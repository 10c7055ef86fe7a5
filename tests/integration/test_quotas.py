"""Quotas of an organization, and listings that a process keeps: what people may cost others."""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import datetime, timedelta
from types import SimpleNamespace
from typing import Any

import pytest

from cavok import wiring
from cavok.adapters.customer.instances import InstanceClient
from cavok.adapters.customer.session import CustomerSession
from cavok.adapters.sealing import Sealer
from cavok.adapters.table.accounts import Accounts
from cavok.adapters.table.interactions import Interactions
from cavok.adapters.table.quotas import Quotas
from cavok.adapters.table.verifications import Verifications
from cavok.adapters.workflows import SynchronizationWorkflows, Workflows
from cavok.api.router import Router
from cavok.domain.accounts import Account, Status
from cavok.domain.errors import CallFailed, EntryRefused, QuotaExceeded, ServiceUnavailable
from cavok.domain.instances import Instance
from cavok.domain.interactions import InteractionOutcome
from cavok.domain.kinds import Kind
from cavok.domain.organizations import Organization
from cavok.domain.quotas import QuotaName
from cavok.domain.steps import judge
from cavok.services.kept_listings import MAX_INSTANCES, MAX_LISTINGS, KeptListings, Listing
from functions.instances_api import app as instances_api
from tests.support import api
from tests.support.api import KEY_ACCOUNT, KEYS, ROLE_ACCOUNT, Answer, Api, is_problem, number
from tests.support.builders import (
    ACCOUNT_ID,
    NOW,
    ORGANIZATION_ID,
    an_account,
    an_interaction,
    confirmed,
)
from tests.support.enrollments import NEW
from tests.support.faults import Calls, watched
from tests.support.instances import run_instance
from tests.support.moto_stack import TABLE, client, items

LIMIT = 3
ACCOUNT = f"/v1/accounts/{ACCOUNT_ID}"
WEBHOOK = "/v1/organization/webhook"
SETTINGS = {"url": "https://example.com/hook", "events": ["Account Created"]}


class Customer:
    """Counts how often its account is entered. And the time."""

    def __init__(self, session: CustomerSession) -> None:
        self.session = session
        self.entered = 0
        self.now: datetime = NOW

    def enter(self, *args: Any, **others: Any) -> CustomerSession:
        self.entered += 1
        return self.session

    enter_to_change = enter

    def wait(self, seconds: float) -> None:
        self.now += timedelta(seconds=seconds)


@pytest.fixture
def customer(session: CustomerSession, monkeypatch: pytest.MonkeyPatch) -> Iterator[Customer]:
    """A connected account with an instance."""
    customer = Customer(session)
    monkeypatch.setattr(wiring, "customer_sessions", lambda: customer)
    monkeypatch.setattr(wiring, "webhook_messages", lambda: SimpleNamespace(send=lambda _: [None]))
    monkeypatch.setattr(Router, "now", staticmethod(lambda: customer.now))
    monkeypatch.setenv("QUOTAS", ",".join(f"{name}:{LIMIT}/60" for name in QuotaName))
    monkeypatch.setenv("QUOTAS", wiring.setting("QUOTAS").replace("requests:3/", "requests:300/"))
    monkeypatch.setenv("ALLOW_LOOPBACK_WEBHOOKS", "false")
    for made in CACHED:
        made.cache_clear()
    wiring.organizations().create(Organization.new(ORGANIZATION_ID), NOW)
    wiring.accounts().add(confirmed(an_account()), None)
    yield customer
    for made in CACHED:
        made.cache_clear()


CACHED = (
    wiring.quotas,
    wiring.request_quota,
    wiring.quota_of_ends,
    wiring.kept_listings,
    wiring.workflows,
)


def in_instances(send: Callable[[], Answer]) -> Answer:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(api, "app", instances_api)
        return send()


def listing(who: Api, **query: Any) -> Answer:
    return in_instances(lambda: who.get(f"{ACCOUNT}/instances", **query))


def act(who: Api, instance: str, action: str = "stop", **headers: str) -> Answer:
    path = f"{ACCOUNT}/instances/ec2/{instance}/{action}"
    return in_instances(lambda: who.post(path, **headers))


def used(who: Api) -> dict[str, int]:
    quotas = who.get("/v1/organization").json["quotas"]
    assert [quota["name"] for quota in quotas] == list(QuotaName)
    return {
        quota["name"]: quota["limit"] - quota["remaining"]
        for quota in quotas
        if quota["name"] != "requests" and quota["limit"] != quota["remaining"]
    }


def counted(action: str = "list") -> int:
    found = wiring.interactions().page(ACCOUNT_ID, limit=100, after=None).items
    return len([one for one in found if one.action == action])


# ---- quotas --------------------------------------------------------------------------------------


def test_an_organization_sees_its_quotas(admin: Api, customer: Customer) -> None:
    admin.account(provider_id=number(1), name="One")

    quotas = {each["name"]: each for each in admin.get("/v1/organization").json["quotas"]}

    assert quotas["new_accounts"] == {
        "name": "new_accounts",
        "limit": LIMIT,
        "per_seconds": 60,
        "remaining": LIMIT - 1,
    }
    assert quotas["tests"]["remaining"] == LIMIT
    assert quotas["requests"]["remaining"] == 300 - 2
    customer.wait(60)
    assert used(admin) == {}


Do = Callable[[Api, int], Answer]
COSTLY: dict[str, Do] = {
    "tests": lambda who, n: who.post(f"/v1/accounts/{accounts_of(who)[n]}/verifications"),
    "listings": lambda who, n: listing(who, refresh="true"),
    "starts_and_stops": lambda who, n: act(who, run_instance()),
    "webhook_tests": lambda who, n: who.post(f"{WEBHOOK}/test"),
    "webhook_changes": lambda who, n: who.put(WEBHOOK, SETTINGS),
    "new_accounts": lambda who, n: who.post(
        "/v1/accounts", ROLE_ACCOUNT | {"provider_id": number(n + 10), "name": f"New{n}"}
    ),
    "changes": lambda who, n: who.patch(ACCOUNT, CHANGED[n]),
}
CHANGED: list[dict[str, Any]] = [
    {"name": "Other"},
    {"write_logs": False},
    {"regions": ["eu-west-1"]},
    {"role_name": "CavokOther"},
]


def accounts_of(who: Api) -> list[str]:
    return [item["account_id"] for item in who.get("/v1/accounts").json["items"]]


@pytest.mark.parametrize("name", COSTLY)
def test_what_is_beyond_a_quota_is_refused_before_anything_is_written_or_called(
    name: str, admin: Api, customer: Customer, accounts: Accounts
) -> None:
    for index in range(LIMIT + 1):
        other = replace(an_account(), account_id=f"01JN8Q5M3C000000000000001{index}")
        accounts.add(replace(other, account_number=number(90 + index), name=f"A{index}"), None)
    admin.put(WEBHOOK, SETTINGS)
    customer.wait(60)
    do = COSTLY[name]
    for n in range(LIMIT):
        assert do(admin, n).status in (200, 201, 202), name
    assert used(admin) == {name: LIMIT}
    customer.wait(7.5)
    instance = run_instance()
    before, entered = items(), customer.entered

    refused = do(admin, LIMIT) if name != "starts_and_stops" else act(admin, instance)

    assert is_problem(refused, 429)
    assert refused.json["code"] == "quota_exceeded"
    headers = {name.lower(): value for name, value in refused.headers.items()}
    assert headers["retry-after"] == "53"
    assert headers["ratelimit"] == f'"{name}";r=0;t=53'
    assert headers["ratelimit-policy"] == f'"{name}";q={LIMIT};w=60'
    assert items() == before
    assert customer.entered == entered
    customer.wait(52.5)
    assert do(admin, LIMIT).status in (200, 201, 202), "the next minute"


def test_one_organization_at_its_limits_takes_nothing_from_another(
    admin: Api, other_admin: Api, customer: Customer
) -> None:
    for n in range(LIMIT + 1):
        last = COSTLY["new_accounts"](admin, n)
    assert last.status == 429

    assert COSTLY["new_accounts"](other_admin, 1).status == 201
    assert used(other_admin) == {"new_accounts": 1}


def resumed(who: Api) -> Answer:
    for second in range(10):
        wiring.webhooks().count_failure(ORGANIZATION_ID, NOW + timedelta(seconds=second))
    return who.post(f"{WEBHOOK}/resume")


def test_resuming_the_webhook_counts_too(admin: Api, customer: Customer) -> None:
    admin.put(WEBHOOK, SETTINGS)
    assert resumed(admin).status == 204
    assert used(admin) == {"webhook_changes": 2}

    admin.put(WEBHOOK, SETTINGS)
    assert resumed(admin).status == 429


@pytest.fixture
def credentials(admin: Api, customer: Customer) -> str:
    """The path of an access key."""
    account = admin.account(**KEY_ACCOUNT | {"provider_id": number(1), "name": "Keys"})
    return f"/v1/accounts/{account['account_id']}/credentials"


def test_new_credentials_are_changes(admin: Api, credentials: str) -> None:
    for _ in range(LIMIT):
        assert admin.put(credentials, KEYS).status == 204
    assert used(admin) == {"new_accounts": 1, "changes": LIMIT}
    before = items()

    assert is_problem(admin.put(credentials, KEYS), 429)

    assert items() == before


def test_what_is_refused_seals_nothing(
    admin: Api, credentials: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """KMS has one quota of calls for all organizations."""
    sealed: list[Any] = []
    seal = Sealer.seal
    monkeypatch.setattr(Sealer, "seal", lambda *args: sealed.append(args) or seal(*args))
    with_key = {n: KEY_ACCOUNT | {"provider_id": number(n), "name": f"N{n}"} for n in range(1, 9)}
    rotate = SETTINGS | {"rotate_secret": True}

    assert is_problem(admin.post("/v1/accounts", with_key[1]), 409), "its number is connected"
    assert sealed == []
    for n in range(2, LIMIT + 1):
        assert admin.post("/v1/accounts", with_key[n]).status == 201
    for _ in range(LIMIT):
        assert admin.put(credentials, KEYS).status == 204
        assert admin.put(WEBHOOK, rotate).status in (200, 201)
    assert len(sealed) == 3 * LIMIT - 1
    sealed.clear()

    for refused in (
        admin.post("/v1/accounts", with_key[8]),
        admin.put(credentials, KEYS),
        admin.put(WEBHOOK, rotate),
    ):
        assert is_problem(refused, 429)

    assert sealed == []


def test_whoever_counts_at_the_same_time_keeps_nobody_from_changing_an_account(
    admin: Api, credentials: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """They meet at the count, not at the account."""
    use, others = Quotas._use, iter([Quotas.take])

    def met_another(self: Quotas, *args: Any) -> Any:
        stale = use(self, *args)
        for take in others:
            take(self, *args)
        return stale

    monkeypatch.setattr(Quotas, "_use", met_another)

    assert admin.put(credentials, KEYS).status == 204
    assert used(admin) == {"new_accounts": 1, "changes": 2}


def test_a_request_that_changes_nothing_is_no_change(admin: Api, customer: Customer) -> None:
    for _ in range(LIMIT + 1):
        assert admin.patch(ACCOUNT, {"write_logs": True}).status == 200

    assert used(admin) == {}


RESOURCES = f"{ACCOUNT}/resources"


def every_monday(hour: int) -> dict[str, Any]:
    window = {"days": ["mon"], "start": f"0{hour}:00", "stop": "18:00"}
    return {"schedule": {"time_zone": "UTC", "windows": [window]}}


@pytest.fixture
def add(admin: Api, customer: Customer) -> Callable[[], Answer]:
    """Puts one instance under control, with a schedule."""
    body = {"kind": "ec2", "instance_id": run_instance(), "region": "us-east-1"} | every_monday(1)
    return functools.partial(in_instances, lambda: admin.post(RESOURCES, body))


@pytest.fixture
def calls(monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    """What Scheduler is asked: to create a clock, or to end the one of a name."""
    calls: list[Any] = []
    scheduler = SimpleNamespace(
        create=lambda _, clocks: calls.extend(clocks) or (), end=calls.extend
    )
    monkeypatch.setattr(wiring, "scheduler_client", lambda: scheduler)
    # At some minutes of the week a turn is near.
    queue = SimpleNamespace(send=lambda *_, **__: [None])
    monkeypatch.setattr(wiring, "fired_clocks", lambda: queue)
    return calls


def test_schedules_are_changes_before_a_clock_is_asked_for_and_ending_one_is_none(
    admin: Api, customer: Customer, add: Callable[[], Answer], calls: list[Any]
) -> None:
    """Also if it is so already: Scheduler is asked for each clock, and is everybody's."""
    made = f"{RESOURCES}/{add().json['resource_id']}"

    def change(body: dict[str, Any]) -> Answer:
        return in_instances(lambda: admin.patch(made, body))

    assert used(admin) == {"listings": 1}
    for again in (add(), change(every_monday(1)), change(every_monday(1))):
        assert again.status in (200, 201)
    assert used(admin) == {"listings": 1, "changes": LIMIT}
    before = items()
    calls.clear()

    for refused in (add(), change(every_monday(1)), change(every_monday(2))):
        assert is_problem(refused, 429)

    assert calls == []
    assert items() == before
    assert change({"schedule": None}).status == 200
    assert len(calls) > 0


@pytest.mark.parametrize(
    "end",
    [
        lambda who, path: who.patch(path, {"schedule": None}),
        lambda who, path: who.delete(path),
    ],
    ids=["schedule", "resource"],
)
def test_what_has_ended_is_ended_again_without_a_call(
    end: Callable[[Api, str], Answer],
    admin: Api,
    customer: Customer,
    add: Callable[[], Answer],
    calls: list[Any],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Ending has no quota. Only what stopped halfway asks Scheduler again."""
    made = f"{RESOURCES}/{add().json['resource_id']}"
    calls.clear()

    def statuses(times: int) -> list[int]:
        return [in_instances(lambda: end(admin, made)).status for _ in range(times)]

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(wiring.scheduler_client(), "end", unreachable)
        assert statuses(1) == [503]
    (done,) = statuses(1)
    assert len(calls) == 2, "a start and a stop"

    assert statuses(9) == [done] * 9

    assert len(calls) == 2
    assert used(admin) == {"listings": 1}


def unreachable(_: object) -> None:
    raise ServiceUnavailable("Please try again in a moment.")


def test_a_repeated_request_is_neither_charged_twice_nor_refused_once_it_was_done(
    admin: Api, customer: Customer
) -> None:
    body = ROLE_ACCOUNT | {"provider_id": number(1), "name": "One"}
    made = admin.post("/v1/accounts", body, idempotency_key="k").json["account_id"]
    instance = run_instance()
    stopped = act(admin, instance, idempotency_key="k").json["interaction_id"]
    for _ in range(2):
        assert admin.post("/v1/accounts", body, idempotency_key="k").json["account_id"] == made
        assert act(admin, instance, idempotency_key="k").json["interaction_id"] == stopped
    assert used(admin) == {"new_accounts": 1, "starts_and_stops": 1}
    for n in range(2, LIMIT + 2):
        COSTLY["new_accounts"](admin, n)
        COSTLY["starts_and_stops"](admin, n)
    assert used(admin) == {"new_accounts": LIMIT, "starts_and_stops": LIMIT}

    assert admin.post("/v1/accounts", body, idempotency_key="k").json["account_id"] == made
    assert act(admin, instance, idempotency_key="k").json["interaction_id"] == stopped
    refused = act(admin, instance, idempotency_key="other")
    assert is_problem(refused, 429)


@contextmanager
def throttled_acts() -> Iterator[None]:
    def throttled(*_: object) -> None:
        raise CallFailed(judge("ThrottlingException", "Not now."))

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(InstanceClient, "act", throttled)
        yield


def test_each_try_of_a_key_whose_act_is_open_is_charged_as_it_acts(
    admin: Api, customer: Customer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What fails for a while stays open, so that its key may try again: not for nothing."""

    instance = run_instance()
    with throttled_acts():
        tries = [act(admin, instance, idempotency_key="k").status for _ in range(LIMIT + 2)]
    assert tries == [503] * LIMIT + [429] * 2
    assert customer.entered == LIMIT
    assert used(admin) == {"starts_and_stops": LIMIT}

    customer.wait(60)

    assert act(admin, instance, idempotency_key="k").status == 202
    assert used(admin) == {"starts_and_stops": 1}
    assert counted("stop") == 1


def test_a_key_of_another_person_begins_an_act_of_ones_own(
    admin: Api, customer: Customer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whoever took up another's open act would act under that person's name."""

    instance = run_instance()
    with throttled_acts():
        assert act(admin, instance, idempotency_key="k").status == 503
    customer.wait(65)
    bob = Api(ORGANIZATION_ID, "admin", {"sub": "bob", "email": "bob@example.com"})

    assert act(bob, instance, idempotency_key="k").status == 202

    entries = admin.get("/v1/audit").json["items"]
    bobs, adas = entries
    assert bobs["actor"]["sub"] == "bob" != adas["actor"]["sub"]
    assert bobs["audit_id"] != adas["audit_id"]


def test_a_turn_takes_up_its_own_act_whatever_people_used_up(
    admin: Api, customer: Customer, interactions: Interactions
) -> None:
    act_of_turn = replace(an_interaction(), outcome=InteractionOutcome.PENDING, held_until=None)
    interactions.begin(act_of_turn)

    interactions.take_up(act_of_turn, NOW)

    assert used(admin) == {}


def test_pressing_test_again_joins_the_running_one_and_starts_it_again_as_often_as_it_counts(
    admin: Api, customer: Customer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whoever began it may have died. But Step Functions is everybody's."""
    started: list[Any] = []
    start = Workflows.start
    monkeypatch.setattr(Workflows, "start", lambda *args: started.append(args) or start(*args))

    tests = {admin.post(f"{ACCOUNT}/verifications").json["verification_id"] for _ in range(9)}

    assert len(tests) == 1
    assert used(admin) == {"tests": LIMIT}
    assert len(started) == LIMIT


def test_pressing_synchronize_again_starts_the_running_one_again_as_often_as_it_counts(
    admin: Api, customer: Customer, monkeypatch: pytest.MonkeyPatch
) -> None:
    started: list[Any] = []
    monkeypatch.setattr(SynchronizationWorkflows, "start", lambda *args: started.append(args))
    path = f"/v1/enrollments/{admin.post('/v1/enrollments', NEW).json['enrollment_id']}"

    answers = [admin.post(f"{path}/synchronizations") for _ in range(9)]

    assert len({answer.json["synchronization_id"] for answer in answers}) == 1
    assert used(admin)["tests"] == len(started) == LIMIT


@pytest.mark.parametrize("account", [ROLE_ACCOUNT, KEY_ACCOUNT], ids=["role", "key"])
def test_two_who_ask_with_one_key_for_the_last_account_of_a_minute_both_get_it(
    account: dict[str, Any], admin: Api, customer: Customer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The slower one looked for the key before the faster one had stored it."""
    for n in range(LIMIT - 1):
        COSTLY["new_accounts"](admin, n)
    body = account | {"provider_id": number(50), "name": "Last"}
    faster: list[Answer] = []
    look = Accounts.made_by

    def looked_before(self: Accounts, *args: Any) -> Account | None:
        found = look(self, *args)
        if not faster:
            faster.append(Answer(0, {}, ""))
            faster[0] = admin.post("/v1/accounts", body, idempotency_key="k")
        return found

    monkeypatch.setattr(Accounts, "made_by", looked_before)

    slower = admin.post("/v1/accounts", body, idempotency_key="k")

    assert slower.status == faster[0].status == 201
    assert slower.json["account_id"] == faster[0].json["account_id"]


def test_a_look_for_a_role_starts_no_test_beyond_the_quota(
    admin: Api, customer: Customer, accounts: Accounts, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Customer, "lets_us_in", lambda self, account: True, raising=False)
    new = [admin.account(provider_id=number(n), name=f"N{n}")["account_id"] for n in (1, 2, 3)]
    customer.wait(60)
    assert admin.post(f"{ACCOUNT}/verifications").status == 202

    states = [
        in_instances(lambda each=each: admin.post(f"/v1/accounts/{each}/detection")).json["state"]
        for each in new
    ]

    assert states == ["found", "found", "busy"]
    assert used(admin) == {"tests": LIMIT}


def test_requests_are_counted_without_a_write_and_public_routes_not_at_all(
    admin: Api, viewer: Api, nobody: Api, other_admin: Api, customer: Customer
) -> None:
    before = items()
    for _ in range(300):
        wiring.request_quota().take(ORGANIZATION_ID, customer.now)

    for who, path, limit in (
        (admin, "/v1/accounts", 300),
        (viewer, "/v1/accounts", 150),
        (viewer, f"{ACCOUNT}/revoke", 150),
    ):
        refused = who.get(path)
        assert is_problem(refused, 429)
        assert refused.headers["ratelimit-policy"] == f'"requests";q={limit};w=60'
    assert items() == before
    assert nobody.get("/v1/permissions").status == 200
    assert other_admin.get("/v1/accounts").status == 200
    customer.wait(60)
    assert admin.get("/v1/accounts").status == 200


@pytest.mark.parametrize(
    ("status", "send"),
    [
        (400, lambda admin: admin.post("/v1/accounts", "{")),
        (404, lambda admin: admin.get("/v1/nothing")),
        (405, lambda admin: admin.put("/v1/accounts", {})),
        (415, lambda admin: admin.post("/v1/accounts", {}, content_type="text/plain")),
        (422, lambda admin: admin.post("/v1/accounts", {})),
    ],
)
def test_a_request_that_no_route_is_asked_about_counts_as_every_other(
    status: int,
    send: Callable[[Api], Answer],
    admin: Api,
    customer: Customer,
) -> None:
    for _ in range(300 - 1):
        wiring.request_quota().take(ORGANIZATION_ID, customer.now)

    assert is_problem(send(admin), status)
    assert is_problem(send(admin), 429)


@pytest.mark.parametrize("group", ["viewer", None])
@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", "/v1/accounts"),
        ("POST", "/v1/accounts"),
        ("DELETE", ACCOUNT),
        ("POST", f"{ACCOUNT}/revoke"),
    ],
)
def test_whoever_may_not_change_leaves_half_of_the_requests_to_admins(
    method: str, path: str, group: str | None, admin: Api, customer: Customer
) -> None:
    """Also of those that the gate refuses, and that no admin's use would count."""
    member = Api(ORGANIZATION_ID, group)
    for _ in range(150 - 1):
        wiring.request_quota().take(ORGANIZATION_ID, customer.now)
    assert member.send(method, path).status == (200 if group and method == "GET" else 403)

    refused = member.send(method, path)

    assert is_problem(refused, 429)
    assert refused.json["detail"].startswith("Viewers of your organization may have 150 requests")
    assert admin.get("/v1/organization").json["quotas"][0]["remaining"] == 149


def test_viewers_see_their_half_of_the_requests(viewer: Api, customer: Customer) -> None:
    requests = viewer.get("/v1/organization").json["quotas"][0]

    assert (requests["name"], requests["limit"], requests["remaining"]) == ("requests", 150, 149)


def test_nobody_is_kept_from_ending_something(admin: Api, customer: Customer) -> None:
    admin.put(WEBHOOK, SETTINGS)
    for _ in range(300 - 1):
        wiring.request_quota().take(ORGANIZATION_ID, customer.now)
    assert is_problem(admin.get("/v1/accounts"), 429)

    for name in set(QuotaName) - {QuotaName.REQUESTS}:
        for _ in range(LIMIT - wiring.quotas().remaining(ORGANIZATION_ID, NOW)[name], LIMIT):
            wiring.quotas().take(name, ORGANIZATION_ID, customer.now)

    assert admin.delete(WEBHOOK).status == 204
    assert admin.post(f"{ACCOUNT}/revoke").status == 204
    assert admin.delete(ACCOUNT).status == 204


@pytest.mark.parametrize(
    ("method", "path"),
    [("DELETE", f"{ACCOUNT}9"), ("POST", f"{ACCOUNT}/revoke"), ("POST", "/v1/nothing/revoke")],
)
def test_ending_again_and_again_has_a_limit_of_its_own(
    method: str, path: str, admin: Api, other_admin: Api, customer: Customer
) -> None:
    for _ in range(300 - 1):
        wiring.quota_of_ends().take(ORGANIZATION_ID, customer.now)
    assert admin.send(method, path).status != 429

    refused = admin.send(method, path)

    assert is_problem(refused, 429)
    assert int(refused.headers["retry-after"]) <= 60
    assert admin.get("/v1/accounts").status == 200
    assert other_admin.send(method, path).status != 429
    customer.wait(60)
    assert admin.send(method, path).status != 429


def test_quotas_that_cannot_be_read_let_nothing_pass(
    admin: Api, nobody: Api, customer: Customer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("QUOTAS", "requests:none")
    wiring.quotas.cache_clear()

    for answer in (admin.get("/v1/accounts"), listing(admin), act(admin, "i-1")):
        assert is_problem(answer, 500)
    assert nobody.get("/health").status == 200


def test_a_counter_of_before_windows_is_one_that_counts_nothing(
    admin: Api, customer: Customer
) -> None:
    """It lives for a minute while a new version is deployed."""
    times = '["' + NOW.isoformat() + '"]'
    key = {"pk": {"S": f"ORG#{ORGANIZATION_ID}"}, "sk": {"S": "QUOTA#webhook_changes"}}
    client("dynamodb").put_item(
        TableName=TABLE, Item=key | {"taken": {"S": times}, "version": {"N": "1"}}
    )
    assert used(admin) == {}
    assert admin.put(WEBHOOK, SETTINGS).status == 201
    assert used(admin) == {"webhook_changes": 1}


def test_a_press_reads_its_account_and_the_uses_in_one_call(admin: Api, customer: Customer) -> None:
    """A person waits for each call that follows another."""
    with watched(Calls()) as calls:
        assert admin.post(f"{ACCOUNT}/verifications").status == 202

    assert calls.made == ["BatchGetItem", "TransactWriteItems", "StartExecution"]


def test_a_press_that_another_use_overtakes_reads_the_uses_again(
    admin: Api, customer: Customer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Else it would fail on their condition again and again."""
    others = iter([None])
    begin = Verifications.begin

    def overtaken(*args: Any) -> Account:
        if next(others, args) is None:
            wiring.quotas().take(QuotaName.TESTS, ORGANIZATION_ID, customer.now)
        return begin(*args)

    monkeypatch.setattr(Verifications, "begin", overtaken)

    with watched(Calls()) as calls:
        assert admin.post(f"{ACCOUNT}/verifications").status == 202

    assert calls.made.count("TransactWriteItems") == 2
    assert used(admin) == {"tests": 2}


def test_uses_at_once_are_all_counted(customer: Customer) -> None:
    """Each adds one, on condition that the quota is not used up: no earlier read decides."""
    quotas = wiring.quotas()
    stale = quotas._use(QuotaName.TESTS, ORGANIZATION_ID, NOW)
    quotas.take(QuotaName.TESTS, ORGANIZATION_ID, NOW)
    with pytest.raises(Exception, match="changed meanwhile"):
        wiring.table().update(*stale)
    stale = quotas._use(QuotaName.TESTS, ORGANIZATION_ID, NOW)
    quotas.take(QuotaName.TESTS, ORGANIZATION_ID, NOW)
    wiring.table().update(*stale)
    assert quotas.remaining(ORGANIZATION_ID, NOW)[QuotaName.TESTS] == LIMIT - 3
    with pytest.raises(Exception, match="changed meanwhile"):
        wiring.table().update(*stale)
    with pytest.raises(QuotaExceeded):
        quotas.take(QuotaName.TESTS, ORGANIZATION_ID, NOW)


# ---- listings ------------------------------------------------------------------------------------


def test_a_listing_with_a_malformed_condition_is_refused_before_it_counts(
    admin: Api, customer: Customer
) -> None:
    path = f"{ACCOUNT}/instances"

    refused = in_instances(lambda: admin.get(path, headers={"If-Match": "7"}, refresh="true"))

    assert is_problem(refused, 400)
    assert (customer.entered, counted(), used(admin)) == (0, 0, {})


def test_sixty_listings_of_a_viewer_in_a_minute_are_one(
    viewer: Api, admin: Api, customer: Customer
) -> None:
    instance = run_instance()
    answers = []
    for n in range(60):
        narrow: dict[str, Any] = [{}, {"kind": "ec2"}, {"region": "us-east-1"}, {"kind": "rds"}][
            n % 4
        ]
        answers.append(listing(viewer, **narrow))
        customer.wait(0.99)

    assert customer.entered == counted() == 1
    assert used(admin) == {"listings": 1}
    assert {answer.json["as_of"] for answer in answers} == {"2025-03-01T12:00:00Z"}
    found = [[each["instance_id"] for each in answer.json["items"]] for answer in answers]
    assert found == [[instance], [instance], [instance], []] * 15
    customer.wait(1)
    assert listing(viewer).json["as_of"] > "2025-03-01T12:00:59Z"
    assert counted() == 2


@pytest.mark.parametrize("refused", [False, True])
def test_viewers_leave_half_of_the_listings_to_admins(
    refused: bool, viewer: Api, admin: Api, customer: Customer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("QUOTAS", wiring.setting("QUOTAS").replace("listings:3/", "listings:4/"))
    wiring.quotas.cache_clear()
    with pytest.MonkeyPatch.context() as patch:
        if refused:
            patch.setattr(Customer, "enter", refuse)
        for n in range(4):
            wiring.kept_listings.cache_clear()  # as in another process
            answer = listing(viewer)
            assert answer.status == (429 if n >= 2 else 409 if refused else 200)
    assert answer.headers["ratelimit-policy"] == '"listings";q=2;w=60'
    assert answer.json["detail"].startswith("Viewers of your organization may have 2 listings")
    shown = [who.get("/v1/organization").json["quotas"][2] for who in (viewer, admin)]
    assert [(each["limit"], each["remaining"]) for each in shown] == [(2, 0), (4, 2)]

    assert [listing(admin, refresh="true").status for _ in range(3)] == [200, 200, 429]


def refuse(*_: object, **others: object) -> None:
    raise EntryRefused("AccessDenied: no.")


def test_viewers_of_many_processes_raise_the_bill_by_one_a_minute(
    viewer: Api, admin: Api, customer: Customer, interactions: Interactions
) -> None:
    """Each reads for itself, and says so, but one of them counts."""
    quotas = wiring.quotas()
    plenty = replace(quotas.quotas[QuotaName.LISTINGS], limit=1000)
    quotas.quotas = {**quotas.quotas, QuotaName.LISTINGS: plenty}

    def usage() -> int:
        return int(admin.get(f"{ACCOUNT}/usage").json["used"])

    for _ in range(9):
        wiring.kept_listings.cache_clear()
        assert listing(viewer).status == 200
        customer.wait(59.9 / 9)
    assert (customer.entered, usage()) == (9, 1)
    newest, *_, first = interactions.page(ACCOUNT_ID, limit=100, after=None).items
    assert [newest.counted, first.counted] == [False, True]
    assert newest.detail.endswith("It counts once with the one of less than a minute before.")

    customer.wait(0.2)
    wiring.kept_listings.cache_clear()
    listing(viewer)
    assert usage() == 2
    listing(admin, refresh="true")
    assert usage() == 3, "who has it read again, pays for that"
    wiring.kept_listings.cache_clear()
    listing(viewer)
    assert usage() == 3


def test_one_organization_drives_out_no_other_from_what_a_process_keeps() -> None:
    kept, theirs = KeptListings(), an_account(organization_id="org-two")
    kept.keep(theirs, Listing([], [], NOW))
    for n in range(2 * MAX_LISTINGS):
        mine = an_account(account_id=f"01JN8Q5M3C{n:016}")
        kept.keep(mine, Listing([], [], NOW))
    assert kept.get(theirs, NOW)
    assert kept.get(mine, NOW)
    huge = replace(mine, account_id=ACCOUNT_ID)
    many = [Instance(kind=Kind.EC2, instance_id="i-1", name=None, region="", state="", type="")]

    kept.keep(huge, Listing(many * (MAX_INSTANCES + 1), [], NOW))

    assert kept.get(theirs, NOW)
    assert not kept.get(huge, NOW)


def test_what_may_work_in_a_moment_is_not_kept(admin: Api, customer: Customer) -> None:
    def throttled(client: InstanceClient) -> list[Instance]:
        raise CallFailed(judge("ThrottlingException", "Not now."))

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(InstanceClient, "list", throttled)
        assert listing(admin).json["unavailable"]
    customer.wait(1)

    assert listing(admin).json["unavailable"] == []


def test_only_an_admin_has_a_listing_read_again(
    viewer: Api, admin: Api, customer: Customer
) -> None:
    listing(viewer)
    customer.wait(5)

    refused = listing(viewer, refresh="true")
    assert is_problem(refused, 403)
    assert "refresh" in refused.json["detail"], "it is no change"
    assert customer.entered == 1
    assert listing(admin).json["as_of"] == "2025-03-01T12:00:00Z"
    assert listing(admin, refresh="true").json["as_of"] == "2025-03-01T12:00:05Z"
    assert listing(viewer).json["as_of"] == "2025-03-01T12:00:05Z", "and all have it"
    assert counted() == 2


def test_after_an_act_a_listing_is_read_again(admin: Api, customer: Customer) -> None:
    instance = run_instance()
    assert listing(admin).json["items"][0]["state"] == "running"
    customer.wait(1)

    act(admin, instance)

    assert listing(admin).json["items"][0]["state"] != "running"


CHANGES: dict[str, Callable[[Account], Account]] = {
    "role": lambda account: account.reconnected(NOW, role_name="CavokOther"),
    "regions": lambda account: account.reconnected(NOW, regions=("eu-west-1",)),
    "found anew": lambda account: replace(account, issues=()),
}


@pytest.mark.parametrize("change", CHANGES)
def test_an_account_that_was_written_since_is_read_anew(
    change: str, admin: Api, customer: Customer, accounts: Accounts
) -> None:
    listing(admin)
    account = accounts.get(ORGANIZATION_ID, ACCOUNT_ID)
    accounts.save(account, replace(CHANGES[change](account), status=Status.CONFIRMED))

    assert listing(admin).status == 200

    assert customer.entered == 2


@pytest.mark.parametrize(
    ("end", "status"),
    [
        (lambda who: who.post(f"{ACCOUNT}/revoke"), 409),
        (lambda who: who.delete(ACCOUNT), 404),
        (lambda who: who.patch(ACCOUNT, {"role_name": "CavokOther"}), 409),
    ],
)
def test_nothing_that_is_kept_is_shown_once_the_use_of_an_account_ended(
    end: Callable[[Api], Answer], status: int, viewer: Api, admin: Api, customer: Customer
) -> None:
    run_instance()
    assert listing(viewer).json["items"]
    assert end(admin).status in (200, 204)

    assert is_problem(listing(viewer), status)

    assert customer.entered == 1


def test_another_organization_is_shown_nothing_of_what_is_kept(
    viewer: Api, customer: Customer
) -> None:
    listing(viewer)
    assert is_problem(listing(Api("org-two", "viewer")), 404)
