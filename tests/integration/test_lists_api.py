"""Lists over HTTP: pages, prefixes, statuses, cursors."""

from __future__ import annotations

import random
from dataclasses import replace
from types import SimpleNamespace
from typing import Any

import pytest

from cavok import wiring
from cavok.adapters.table.account_list import most_read
from cavok.adapters.table.accounts import Accounts
from cavok.adapters.table.resources import ResourceItem
from cavok.domain.accounts import Account, Status
from functions.accounts_api import app as accounts_api
from functions.instances_api import app as instances_api
from tests.support import api
from tests.support.api import Api, is_problem, number, walk
from tests.support.builders import a_resource, an_account
from tests.support.fleets import names, store

STATUSES = (Status.UNCONFIRMED, Status.CONFIRMED, Status.DEGRADED, Status.FAILED)


def connect(
    index: int, name: str, status: Status = Status.UNCONFIRMED, version: int | None = None
) -> Account:
    account = an_account(
        account_id=f"01JN8Q5M3C{index:016}",
        account_number=number(index),
        name=name,
        status=status,
        template_version=version,
    )
    return wiring.accounts().add(account, None)


def test_a_list_of_a_throttled_table_is_given_up_before_its_function_is(
    admin: Api, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It reads on as long as something comes, and here one item comes with each answer."""
    for index in range(40):
        connect(index, f"Account{index}")
    dynamodb, seconds = wiring.table().connection.client, [0.0]
    call = dynamodb._make_api_call

    def throttled(operation: str, arguments: dict[str, Any]) -> Any:
        if operation != "BatchGetItem":
            return call(operation, arguments)
        ((table, wanted),) = arguments["RequestItems"].items()
        now, *left = wanted["Keys"]
        answer = call(operation, {"RequestItems": {table: wanted | {"Keys": [now]}}})
        return answer | {"UnprocessedKeys": {table: {"Keys": left}} if left else {}}

    def sleep(wait: float) -> None:
        seconds[0] += wait

    monkeypatch.setattr(dynamodb, "_make_api_call", throttled)
    monkeypatch.setattr("cavok.api.app.time", SimpleNamespace(monotonic=lambda: seconds[0]))
    monkeypatch.setattr("cavok.adapters.table.table.time", SimpleNamespace(sleep=sleep))
    monkeypatch.setattr(random, "uniform", lambda _, most: most)

    answer = admin.get("/v1/accounts", limit=40)

    assert is_problem(answer, 503)
    assert seconds[0] < 12, "the function has 15"


def walk_sparingly(
    admin: Api, monkeypatch: pytest.MonkeyPatch, query: dict[str, Any]
) -> list[list[str]]:
    """The names on each page of a list. No page may read more accounts than `most_read` beside
    those that it shows.
    """
    read: list[int] = []
    as_it_is = Accounts.rows

    def counted(self: Accounts, organization_id: str, ids: Any, names: Any) -> Any:
        read.append(len(ids))
        return as_it_is(self, organization_id, ids, names)

    monkeypatch.setattr(Accounts, "rows", counted)
    found, cursor = [], dict[str, str]()
    while True:
        del read[:]
        page = admin.get("/v1/accounts", **query, **cursor)
        assert sum(read) <= most_read(query["limit"]) + query["limit"]
        found.append(names([page.json["items"]]))
        if not page.json["next_cursor"]:
            return found
        cursor = {"cursor": page.json["next_cursor"]}


@pytest.fixture
def organization(admin: Api) -> None:
    admin.get("/v1/organization")


@pytest.mark.usefixtures("organization")
def test_250_accounts_come_once_each_by_name_whatever_the_size_of_a_page(admin: Api) -> None:
    order = [(index * 97) % 250 for index in range(250)]
    store(
        an_account(
            account_id=f"01JN8Q5M3C{index:016}",
            account_number=number(index),
            name=f"{'aB'[index % 2]}{index:03}",
            status=STATUSES[index % 4],
            version=1,
        )
        for index in order
    )

    for limit in (100, 30):
        pages = walk(admin, limit=limit)
        found = names(pages)
        assert all(len(page) == limit for page in pages[:-1])
        assert found == sorted(found, key=str.lower)
        assert len(set(found)) == len(found) == 250

    for position, status in enumerate(STATUSES):
        pages = walk(admin, limit=40, status=status.value)
        assert {account["status"] for page in pages for account in page} == {status.value}
        assert len(set(names(pages))) == len(names(pages)) == 63 - position // 2
    assert names(walk(admin, limit=11, q="B", status="confirmed")) == [
        f"B{index:03}" for index in range(250) if index % 4 == 1
    ]
    # All of them start with 12345678901; from number 8 on, they are one digit further.
    by_number = walk(admin, limit=30, q=number(0)[:11])
    assert names(by_number) == [f"{'aB'[i % 2]}{i:03}" for i in range(8)]
    # A page of 100 reads 101, more than one BatchGetItem takes.
    assert [len(page) for page in walk(admin, limit=100, q=number(0)[:8])] == [100, 100, 50]


@pytest.mark.usefixtures("organization")
def test_a_prefix_is_one_of_the_name_whatever_its_case(admin: Api) -> None:
    for index, name in enumerate(["Production1", "production2", "Test1", "Pro"]):
        connect(index, name)

    assert names(walk(admin, q="PROD")) == ["Production1", "production2"]
    assert names(walk(admin, q="pro")) == ["Pro", "Production1", "production2"]
    assert names(walk(admin, q="roduction")) == []
    assert names(walk(admin, q="")) == ["Pro", "Production1", "production2", "Test1"]


@pytest.mark.usefixtures("organization")
def test_digits_find_names_first_and_then_numbers_and_nothing_twice(admin: Api) -> None:
    connect(0, "1234Named")
    connect(1, "Plain")
    connect(2, "Other", Status.CONFIRMED)

    assert names(walk(admin, q="1234")) == ["1234Named", "Plain", "Other"]
    assert names(walk(admin, limit=1, q="1234")) == ["1234Named", "Plain", "Other"]
    assert names(walk(admin, q=number(2))) == ["Other"]
    assert names(walk(admin, limit=1, q="1234", status="unconfirmed")) == ["1234Named", "Plain"]
    assert names(walk(admin, q="99")) == []


@pytest.mark.usefixtures("organization")
@pytest.mark.parametrize("limit", [1, 100])
def test_a_search_by_number_reads_no_more_for_a_page_however_little_it_finds(
    limit: int, admin: Api, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Also in a fleet of one status, and where accounts are named by their numbers."""
    store(
        an_account(
            account_id=f"01JN8Q5M3C{index:016}",
            account_number=number(index),
            name=f"A{index:03}",
            status=Status.FAILED if index in (7, 449) else Status.CONFIRMED,
            version=1,
        )
        for index in range(450)
    )
    query = {"q": number(0)[:8], "status": "failed", "limit": limit}
    assert walk_sparingly(admin, monkeypatch, query) == [["A007"], [], ["A449"]]
    assert [len(page) for page in walk(admin, q=number(0)[:8], status="degraded")] == [0, 0, 0]


@pytest.mark.usefixtures("organization")
def test_a_version_selects_the_accounts_whose_role_has_it_with_any_other_filter(
    admin: Api,
) -> None:
    connect(0, "Zebra", Status.CONFIRMED, 1)
    connect(1, "ant", Status.DEGRADED, 1)
    connect(2, "Bee", Status.CONFIRMED, 2)
    connect(3, "1234Named", Status.CONFIRMED, 1)
    connect(4, "Cat", Status.CONFIRMED)
    connect(5, "Dog", Status.CONFIRMED, 12)

    for limit in (1, 2, 100):
        assert names(walk(admin, limit=limit, template_version=1)) == ["1234Named", "ant", "Zebra"]
        assert names(walk(admin, limit=limit, template_version=2)) == ["Bee"]
        assert names(walk(admin, limit=limit, template_version=3)) == []
        assert names(walk(admin, limit=limit, template_version=1, q="AN")) == ["ant"]
        confirmed = walk(admin, limit=limit, template_version=1, status="confirmed")
        assert names(confirmed) == ["1234Named", "Zebra"]
        numbered = walk(admin, limit=limit, template_version=1, q="1234")
        assert names(numbered) == ["1234Named", "Zebra", "ant"]
        numbered = walk(admin, limit=limit, template_version=1, q="1234", status="degraded")
        assert names(numbered) == ["ant"]
        assert names(walk(admin, limit=limit, template_version=2, status="failed")) == []


def test_a_version_selects_accounts_of_one_organization(admin: Api, other_admin: Api) -> None:
    for each in (admin, other_admin):
        each.get("/v1/organization")
    connect(0, "Mine", version=1)

    assert names(walk(admin, template_version=1)) == ["Mine"]
    assert walk(other_admin, template_version=1) == [[]]


@pytest.mark.usefixtures("organization")
def test_an_account_is_found_under_the_version_that_it_has_now_and_no_longer_once_it_is_gone(
    admin: Api,
) -> None:
    account = connect(0, "Alpha", Status.CONFIRMED, 1)
    connect(1, "Beta", Status.CONFIRMED, 2)
    path = f"/v1/accounts/{account.account_id}"

    admin.patch(path, {"name": "Gamma"})
    assert names(walk(admin, template_version=1)) == ["Gamma"]
    account = wiring.accounts().get(account.organization_id, account.account_id)
    wiring.accounts().confirm(replace(account, template_version=2), quiet=True)
    assert names(walk(admin, template_version=1)) == []
    assert names(walk(admin, template_version=2)) == ["Beta", "Gamma"]
    admin.post(f"{path}/revoke")
    assert names(walk(admin, template_version=2)) == ["Beta"]
    admin.delete("/v1/accounts/01JN8Q5M3C0000000000000001")
    assert names(walk(admin, template_version=2)) == []


@pytest.mark.usefixtures("organization")
@pytest.mark.parametrize(("limit", "q"), [(1, ""), (100, "A"), (100, "1234")])
def test_a_page_by_status_and_version_reads_no_more_however_little_it_finds(
    limit: int, q: str, admin: Api, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Also where accounts are found by name and by number."""
    store(
        an_account(
            account_id=f"01JN8Q5M3C{index:016}",
            account_number=number(index),
            name=f"A{index:03}",
            status=Status.CONFIRMED,
            template_version=2 if index in (7, 449) else 1,
            version=1,
        )
        for index in range(450)
    )
    query = {"q": q, "status": "confirmed", "template_version": 2, "limit": limit}
    assert walk_sparingly(admin, monkeypatch, query) == [["A007"], [], ["A449"]]


@pytest.mark.usefixtures("organization")
def test_a_cursor_is_of_one_version(admin: Api) -> None:
    for index in range(3):
        connect(index, f"A{index}", Status.CONFIRMED, 1)
    pages: list[dict[str, Any]] = [
        {},
        {"template_version": 1},
        {"template_version": 2},
        {"template_version": 1, "status": "confirmed"},
        {"template_version": 1, "q": "a"},
        {"q": "/1"},
    ]
    for asked in pages[:2]:
        cursor = admin.get("/v1/accounts", limit=1, **asked).json["next_cursor"]
        for other in pages:
            answer = admin.get("/v1/accounts", cursor=cursor, **other)
            assert (answer.status == 200) == (other == asked), (asked, other)


@pytest.mark.usefixtures("organization")
def test_a_full_last_page_says_that_it_is_the_last(admin: Api) -> None:
    for index in range(4):
        connect(index, f"Account{index}")

    assert [len(page) for page in walk(admin, limit=2)] == [2, 2]
    assert walk(admin, q="Nothing") == [[]]


@pytest.mark.usefixtures("organization")
def test_a_renamed_account_moves_and_a_deleted_one_is_left_out(admin: Api) -> None:
    account = admin.account(name="Alpha")
    connect(1, "Beta")
    path = f"/v1/accounts/{account['account_id']}"

    admin.patch(path, {"name": "Gamma"})
    assert names(walk(admin)) == ["Beta", "Gamma"]
    admin.delete(path)
    assert names(walk(admin)) == ["Beta"]


def test_a_list_is_of_one_organization(admin: Api, other_admin: Api) -> None:
    admin.account()

    assert walk(other_admin) == [[]]
    assert walk(other_admin, q=number(0)) == [[]]


@pytest.mark.parametrize(
    ("query", "field"),
    [
        ({"limit": 0}, "limit"),
        ({"limit": 101}, "limit"),
        ({"limit": "ten"}, "limit"),
        ({"limit": "1e1"}, "limit"),
        ({"status": "excellent"}, "status"),
        ({"access_type": "password"}, "access_type"),
        ({"has_problems": "1"}, "has_problems"),
        ({"sort": "newest"}, "sort"),
        ({"sort": "--name"}, "sort"),
        ({"sort": ""}, "sort"),
        ({"template_version": 0}, "template_version"),
        ({"template_version": 10_000}, "template_version"),
        ({"template_version": "newest"}, "template_version"),
        ({"template_version": "+1"}, "template_version"),
        ({"enrollment_id": "a/b"}, "enrollment_id"),
        ({"ou": "Shops"}, "ou"),
        ({"q": "x" * 65}, "q"),
        ({"cursor": "nonsense"}, "cursor"),
        ({"cursor": ""}, "cursor"),
        ({"cursor": "x" * 1001}, "cursor"),
    ],
    ids=str,
)
def test_a_query_that_is_out_of_range_is_named(
    query: dict[str, Any], field: str, admin: Api
) -> None:
    answer = admin.get("/v1/accounts", **query)

    assert is_problem(answer, 422)
    assert answer.fields == [field]


@pytest.mark.usefixtures("organization")
def test_a_cursor_is_good_for_the_list_it_was_issued_for_alone(
    admin: Api, other_admin: Api
) -> None:
    for index in range(3):
        connect(index, f"Account{index}")
    cursor = admin.get("/v1/accounts", limit=1).json["next_cursor"]
    account = admin.get("/v1/accounts").json["items"][0]["account_id"]

    for answer in (
        other_admin.get("/v1/accounts", limit=1, cursor=cursor),
        admin.get("/v1/accounts", limit=1, cursor=cursor, q="acc"),
        admin.get("/v1/accounts", limit=1, cursor=cursor, status="confirmed"),
        admin.get(f"/v1/accounts/{account}/verifications", cursor=cursor),
    ):
        assert is_problem(answer, 422)
        assert answer.fields == ["cursor"]
    assert admin.get("/v1/accounts", limit=2, cursor=cursor).status == 200


@pytest.mark.usefixtures("organization")
def test_a_page_goes_on_after_an_entry_that_is_gone(admin: Api) -> None:
    for index in range(4):
        connect(index, f"Account{index}")
    first = admin.get("/v1/accounts", limit=2).json
    for account in first["items"]:
        admin.delete(f"/v1/accounts/{account['account_id']}")

    rest = admin.get("/v1/accounts", limit=2, cursor=first["next_cursor"]).json

    assert [account["name"] for account in rest["items"]] == ["Account2", "Account3"]


@pytest.mark.usefixtures("organization")
def test_an_account_that_changed_its_status_changes_its_list(admin: Api) -> None:
    connect(0, "Account0")
    accounts = wiring.accounts()
    account = accounts.get("org-one", f"01JN8Q5M3C{0:016}")
    accounts.save(account, replace(account, status=Status.FAILED))

    assert names(walk(admin, status="unconfirmed")) == []
    assert names(walk(admin, status="failed")) == ["Account0"]


def test_resources_come_in_pages_oldest_first_and_their_cursors_serve_nobody_else(
    admin: Api, other_admin: Api, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(api, "app", accounts_api)
    mine, also_mine = (admin.account(provider_id=number(n), name=f"A{n}") for n in (1, 2))
    theirs = other_admin.account(provider_id=number(3), name="Theirs")
    monkeypatch.setattr(api, "app", instances_api)
    for index in range(120):
        made = a_resource(
            organization_id=admin.organization_id or "",
            account_id=mine["account_id"],
            resource_id=f"01JN8Q5M3C{index:016}",
            instance_id=f"i-{index:017x}",
        )
        ResourceItem.of(made).save()
    path = f"/v1/accounts/{mine['account_id']}/resources"

    pages = walk(admin, path, limit=50)

    assert [len(page) for page in pages] == [50, 50, 20]
    found = [resource["resource_id"] for page in pages for resource in page]
    assert found == sorted(found)
    assert len(set(found)) == 120
    first = admin.get(path)
    assert len(first.json["items"]) == 50
    cursor = first.json["next_cursor"]
    assert cursor
    assert first.headers["link"].endswith('rel="next"')
    for who, account in ((admin, also_mine), (other_admin, theirs)):
        refused = who.get(f"/v1/accounts/{account['account_id']}/resources", cursor=cursor)
        assert (refused.status, refused.fields) == (422, ["cursor"])
    assert is_problem(admin.get(path, limit=101), 422)
    assert is_problem(other_admin.get(path, cursor=cursor), 404)
