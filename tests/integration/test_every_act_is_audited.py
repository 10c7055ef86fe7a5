"""Every route that changes something leaves exactly one entry an act, in the transaction of the
act; a refused request leaves none. The routes come from the OpenAPI document.
"""

from __future__ import annotations

import json
import re
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import Any

import pytest
from pynamodb.transactions import TransactWrite

from cavok import wiring
from cavok.adapters.customer.assume_role import CustomerRoles
from cavok.adapters.table import keys
from cavok.adapters.table.table import Item, Table
from cavok.api.openapi import document
from cavok.domain.webhooks import PAUSED_AFTER, Delivery, DeliveryStatus
from functions.accounts_api import app as accounts_api
from functions.end_resources import app as end_resources
from functions.follow_schedule import app as follow_schedule
from functions.instances_api import app as instances_api
from tests.support import api as http
from tests.support import moto_stack as stack
from tests.support import operations
from tests.support.api import KEYS, ROLE_ACCOUNT, UNKNOWN_ID, WEBHOOK, Answer, Api, Context, number
from tests.support.builders import KEY_ID, ORGANIZATION_ID, SECRET_KEY, a_bulk_operation
from tests.support.enrollments import NEW
from tests.support.instances import make_database
from tests.support.moto_stack import Clock, Json, begin_bulk, items

pytestmark = pytest.mark.filterwarnings("ignore:No application metrics")

ADMIN = Api(ORGANIZATION_ID, "admin")
HOOK = "/v1/organization/webhook"
OFFICE, LATE = operations.OFFICE, operations.LATE
ORDERS = {"kind": "rds", "instance_id": "billing", "region": stack.REGION}


def send(method: str, path: str, body: Any = None, api: Api = ADMIN) -> Answer:
    inside = re.search("/(instances|resources|detection)", path)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(http, "app", instances_api if inside else accounts_api)
        return api.send(method, path, body)


def mutating() -> Iterator[str]:
    for path, methods in json.loads(document())["paths"].items():
        for method in methods:
            if method not in ("get", "head"):
                yield f"{method.upper()} {path}"


Valid = tuple[str, Any, list[tuple[str, str]]]
"""The path, the body, and the actions and types of targets of the entries that follow."""

ACCOUNT, ONE = "/v1/accounts/{account_id}", "/v1/accounts/{account_id}/resources/{resource_id}"
ANOTHER = NEW | {"management_account_id": "888888888888"}
ENROLLMENT = "/v1/enrollments/{enrollment_id}"
INSTANCE = "/v1/accounts/{account_id}/instances/{kind}/{instance_id}"
DELIVERY = HOOK + "/deliveries/{event_id}/redeliver"
USAGE_DELIVERY = HOOK + "/deliveries/{account_id}/{period}/{percent}/redeliver"

VALID: dict[str, Valid] = {
    "POST /v1/accounts": (
        "/v1/accounts",
        ROLE_ACCOUNT | {"provider_id": number(5), "name": "Another"},
        [("created", "account")],
    ),
    "POST /v1/accounts/import": (
        "/v1/accounts/import",
        {"accounts": [ROLE_ACCOUNT | {"provider_id": number(n), "name": "More"} for n in (6, 7)]},
        [("created", "account"), ("created", "account")],
    ),
    "POST /v1/accounts/bulk": (
        "/v1/accounts/bulk",
        {"action": "delete", "selection": {"filter": {}}},
        [("bulk_requested", "operation")],  # then one entry an account: test_bulk.py
    ),
    "DELETE /v1/operations/{operation_id}": (
        f"/v1/operations/{a_bulk_operation().operation_id}",
        None,
        [("bulk_stopped", "operation")],
    ),
    f"PATCH {ACCOUNT}": (
        "{account}",
        {"name": "Renamed", "write_logs": False},
        [("changed", "account")],
    ),
    f"DELETE {ACCOUNT}": ("{account}", None, [("deleted", "account")]),
    f"PUT {ACCOUNT}/credentials": (
        "{with_key}/credentials",
        KEYS,
        [("credentials_rotated", "account")],
    ),
    f"POST {ACCOUNT}/revoke": ("{account}/revoke", None, [("revoked", "account")]),
    f"POST {ACCOUNT}/invitations": ("{account}/invitations", None, [("invited", "account")]),
    f"DELETE {ACCOUNT}/invitations": (
        "{account}/invitations",
        None,
        [("invitation_withdrawn", "account")],
    ),
    f"POST {ACCOUNT}/verifications": ("{account}/verifications", None, [("tested", "account")]),
    f"POST {ACCOUNT}/detection": ("{waiting}/detection", None, [("tested", "account")]),
    f"POST {INSTANCE}/start": (
        "{account}/instances/rds/orders/start",
        None,
        [("start_requested", "instance")],
    ),
    f"POST {INSTANCE}/stop": (
        "{account}/instances/rds/orders/stop",
        None,
        [("stop_requested", "instance")],
    ),
    f"POST {ACCOUNT}/resources": (
        "{account}/resources",
        ORDERS | {"schedule": OFFICE},
        [("resource_added", "resource"), ("schedule_changed", "resource")],  # two transactions
    ),
    f"PATCH {ONE}": ("{resource}", {"schedule": LATE}, [("schedule_changed", "resource")]),
    f"DELETE {ONE}": ("{resource}", None, [("resource_removed", "resource")]),
    "POST /v1/enrollments": ("/v1/enrollments", ANOTHER, [("enrollment_created", "enrollment")]),
    f"PATCH {ENROLLMENT}": ("{enrollment}", {"name": "R"}, [("enrollment_changed", "enrollment")]),
    f"DELETE {ENROLLMENT}": ("{enrollment}", None, [("enrollment_ended", "enrollment")]),
    f"POST {ENROLLMENT}/synchronizations": (
        "{enrollment}/synchronizations",
        None,
        [("enrollment_synchronized", "enrollment")],
    ),
    f"PUT {HOOK}": (HOOK, WEBHOOK, [("webhook_set", "webhook")]),
    f"DELETE {HOOK}": (HOOK, None, [("webhook_removed", "webhook")]),
    f"POST {HOOK}/test": (f"{HOOK}/test", None, [("webhook_tested", "webhook")]),
    f"POST {HOOK}/resume": (f"{HOOK}/resume", None, [("webhook_resumed", "webhook")]),
    f"POST {DELIVERY}": (
        f"{HOOK}/deliveries/{{event}}/redeliver",
        None,
        [("webhook_redelivered", "delivery")],
    ),
    f"POST {USAGE_DELIVERY}": (
        f"{HOOK}/deliveries/{{usage_event}}/redeliver",
        None,
        [("webhook_redelivered", "delivery")],
    ),
}


UNCOUNTED = {
    f"DELETE {ACCOUNT}",
    f"POST {ACCOUNT}/revoke",
    f"DELETE {ACCOUNT}/invitations",
    f"DELETE {ONE}",
    f"DELETE {ENROLLMENT}",
    f"DELETE {HOOK}",
    "DELETE /v1/operations/{operation_id}",
}
"""They count against no quota but that of requests, because they end something: nobody's use of a
quota must keep that out.
"""


def test_every_route_that_changes_something_is_driven() -> None:
    assert set(VALID) == set(mutating())


@pytest.fixture
def places(monkeypatch: pytest.MonkeyPatch) -> dict[str, str]:
    """What the paths name: an account with a resource, one with an access key, one that waits for
    its role, and messages of the webhook.
    """
    stack.surround(monkeypatch)
    monkeypatch.setattr(time, "sleep", lambda seconds: None)
    for name in ("orders", "billing"):
        make_database(name)
    world = operations.made_world(has_key=False, running=False, deleted=False)
    with_key = ADMIN.account(**http.KEY_ACCOUNT | {"provider_id": number(1), "name": "WithKey"})
    waiting = ADMIN.account(provider_id=number(2), name="Waiting")
    assert send("PUT", HOOK, WEBHOOK).status == 201
    enrolled = ADMIN.post("/v1/enrollments", NEW).json["enrollment_id"]
    events = {"event": "e-1", "usage_event": f"{world.account_id}/2026-03/80"}
    for event_id in events.values():
        wiring.webhooks().record(
            Delivery(
                organization_id=ORGANIZATION_ID,
                event_id=event_id,
                type="Account Failed",
                at=Clock.time,
                event=json.dumps({"detail-type": "Account Failed", "detail": {}}),
                status=DeliveryStatus.FAILED,
                tries=9,
            ),
            Clock.time,
        )
    return events | {
        "account": world.path,
        "resource": world.resource,
        "enrollment": f"/v1/enrollments/{enrolled}",
        "with_key": f"/v1/accounts/{with_key['account_id']}",
        "waiting": f"/v1/accounts/{waiting['account_id']}",
        "clock": json.dumps(world.clock),
    }


@pytest.fixture
def names(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Of the sessions that were opened in customers' accounts."""
    opened: list[str] = []
    assume = CustomerRoles.assume

    def noted(roles: CustomerRoles, account: Any, name: str, *rest: Any) -> Any:
        opened.append(name)
        return assume(roles, account, name, *rest)

    monkeypatch.setattr(CustomerRoles, "assume", noted)
    wiring.customer_sessions.cache_clear()
    return opened


def trail() -> dict[str, Json]:
    return {item["sk"]: item for item in items() if item["sk"].startswith("AUDIT#")}


def new_entries(act: Callable[[], object]) -> list[Json]:
    """What the API shows of the entries that this made, the oldest first."""
    before = trail().keys()
    act()
    shown = ADMIN.get("/v1/audit", limit=100).json["items"][::-1]
    return [entry for entry in shown if f"AUDIT#{entry['audit_id']}" not in before]


def uses() -> dict[str, Json]:
    """What is stored of the quotas."""
    return {item["sk"]: item for item in items() if item["sk"].startswith(keys.quota_sk(""))}


def prepared(route: str, places: dict[str, str]) -> None:
    if route == f"DELETE {ACCOUNT}/invitations":
        assert send("POST", f"{places['account']}/invitations").status == 201
    if "{operation_id}" in route:
        begin_bulk(a_bulk_operation(started_at=Clock.time), [UNKNOWN_ID] * 3)
    if route == f"POST {HOOK}/resume":
        for second in range(PAUSED_AFTER):
            wiring.webhooks().count_failure(ORGANIZATION_ID, Clock.time + timedelta(seconds=second))


def drive(route: str, places: dict[str, str], api: Api = ADMIN) -> int:
    path, body, _ = VALID[route]
    return send(route.split(maxsplit=1)[0], path.format(**places), body, api).status


@pytest.mark.parametrize("route", VALID)
def test_each_act_has_one_entry_with_who_what_when_and_from_where_and_a_refused_request_none(
    route: str, places: dict[str, str]
) -> None:
    prepared(route, places)
    viewer, stranger = Api(ORGANIZATION_ID, "viewer"), Api("org-two", "admin")

    assert new_entries(lambda: drive(route, places, viewer)) == []
    if "{" in VALID[route][0]:
        assert new_entries(lambda: drive(route, places, stranger)) == []

    before = uses()
    found = new_entries(lambda: drive(route, places))

    counted = uses() != before
    assert counted == (route not in UNCOUNTED), "count a use in the use case, or say here why not"
    expected = VALID[route][2]
    assert [(entry["action"], entry["target"]["type"]) for entry in found] == expected
    for entry in found:
        assert entry["actor"] == {
            "sub": "9f2d1c3e-0000-4000-8000-000000000001",
            "email": "ada@example.com",
            "kind": "person",
        }
        assert (entry["request_id"], entry["source_ip"]) == ("AbCdEfGhIAMEVvg=", "203.0.113.7")
        assert entry["entry_id"] == entry["audit_id"]
        for secret in (SECRET_KEY, KEY_ID, "whsec_", "/in"):
            assert secret not in json.dumps(entry)
    assert Api("org-two", "admin").get("/v1/audit").json["items"] == []


UNAUDITED = ("LOOKS", "TRUST#", "ORG", "QUOTA#")
"""What is written on the way, and is no act."""


@pytest.mark.parametrize("route", VALID)
def test_a_transaction_that_fails_leaves_neither_the_act_nor_its_entry(
    route: str, places: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    prepared(route, places)
    before = stored()

    @contextmanager
    def doomed(table: Table) -> Iterator[TransactWrite]:
        with transaction(table) as made:
            yield made
            made.condition_check(Item, "no", "such item", Item.pk.exists())

    transaction = Table.transaction
    monkeypatch.setattr(Table, "transaction", doomed)

    # Of many accounts, each is refused by itself.
    assert drive(route, places) >= (200 if route == "POST /v1/accounts/import" else 400)

    assert stored() == before


def stored() -> dict[tuple[str, str], Json]:
    return {
        (item["pk"], item["sk"]): item for item in items() if not item["sk"].startswith(UNAUDITED)
    }


def test_a_start_or_stop_that_is_refused_is_an_act_and_told_once(places: dict[str, str]) -> None:
    path = f"{places['account']}/instances/rds/nowhere/stop"

    (entry,) = new_entries(lambda: send("POST", path))

    (newest, *_) = ADMIN.get(f"{places['account']}/interactions").json["items"]
    assert (newest["interaction_id"], newest["outcome"]) == (entry["audit_id"], "refused")


def test_what_changes_nothing_is_no_act(places: dict[str, str]) -> None:
    assert new_entries(lambda: send("POST", f"{HOOK}/resume")) == []
    assert new_entries(lambda: send("PATCH", places["resource"], {"schedule": OFFICE})) == []
    assert new_entries(lambda: send("DELETE", f"{places['account']}/invitations")) == []
    absent = f"{places['account']}/resources/{UNKNOWN_ID}"
    assert new_entries(lambda: send("DELETE", absent)) == []


def test_a_schedules_act_and_what_follows_from_a_deletion_are_told_too(
    places: dict[str, str],
) -> None:
    Clock.time = operations.EVENING
    clock = json.loads(places["clock"])

    (turn,) = new_entries(lambda: follow_schedule.handler(clock, Context()))  # type: ignore[arg-type]

    assert (turn["action"], turn["target"]["id"]) == ("stop_requested", "orders")
    assert turn["actor"] == {"sub": None, "email": None, "kind": "schedule"}
    assert turn["source_ip"] is None
    assert turn["request_id"]

    send("DELETE", places["account"])
    account_id = places["account"].rpartition("/")[2]
    detail = {
        "event_id": "e-deleted",
        "organization_id": ORGANIZATION_ID,
        "account_id": account_id,
        "occurred_at": "2026-03-01T12:00:00Z",
    }
    event = {"detail-type": "Account Deleted", "detail": detail}

    (ended,) = new_entries(lambda: end_resources.handler(event, Context()))  # type: ignore[arg-type]

    assert ended["action"] == "resource_removed"
    assert (ended["actor"]["kind"], ended["request_id"]) == ("system", "e-deleted")
    assert [change["field"] for change in ended["changes"]] == ["schedule"]


def test_the_customers_cloudtrail_leads_to_the_entry(
    places: dict[str, str], names: list[str]
) -> None:
    (stop,) = new_entries(lambda: send("POST", f"{places['account']}/instances/rds/orders/stop"))
    (start,) = new_entries(lambda: send("POST", f"{places['account']}/instances/rds/orders/start"))
    send("GET", f"{places['account']}/instances")

    (listing, *_) = ADMIN.get(f"{places['account']}/interactions").json["items"]
    assert names == [
        f"cavok-stop-{stop['audit_id']}",
        f"cavok-start-{start['audit_id']}",
        f"cavok-list-{listing['interaction_id']}",
    ]
