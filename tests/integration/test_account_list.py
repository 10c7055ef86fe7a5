"""Lists of a fleet: words, filters and orders, each alone and all together."""

from __future__ import annotations

import csv
import io
import random
import re
from collections.abc import Callable
from itertools import product
from typing import Any
from urllib.parse import parse_qsl

import pytest

from cavok import wiring
from cavok.adapters.table import account_list
from cavok.adapters.table.accounts import Accounts
from cavok.adapters.table.members import MemberItem, Members
from cavok.adapters.table.table import Table
from cavok.api.as_csv import LIMIT
from cavok.domain.account_list import BY_URGENCY, AccountSort, has_word
from cavok.domain.accounts import AccessType, Account, Issue, Severity, Status
from cavok.domain.members import Member, Place, Standing
from tests.bench.organization import read_units
from tests.support.api import Api, is_problem, number, walk
from tests.support.builders import an_account
from tests.support.fleets import names, store
from tests.support.moto_stack import TABLE, client

PROBLEM = Issue("permission_lost", "…", "…")
INFORMATION = Issue("permission_scoped", "…", "…", Severity.INFORMATION)
ENROLLMENTS = ("01JN8Q5M3C0000000000000001", "01JN8Q5M3C0000000000000002")
ROOT, SHOPS, NORTH = "r-ab12", "ou-ab12-11111111", "ou-ab12-22222222"
PLACES = ((ROOT,), (ROOT, SHOPS), (ROOT, SHOPS, NORTH), ("r-cd34",))
WORDS = ("Quiet", "House", "house", "Web", "12", "East", "1234", "Prod", "A", "x")


def a_fleet(size: int) -> list[Account]:
    """Accounts of all kinds, in no order."""
    chance = random.Random(17)
    made = []
    for index in range(size):
        status = chance.choice(BY_URGENCY)
        troubled = status in (Status.FAILED, Status.DEGRADED) or (
            status is Status.UNCONFIRMED and chance.random() < 0.3
        )
        keyed = chance.random() < 0.3
        made.append(
            an_account(
                account_id=f"01JN8Q5M3C{chance.randrange(10**16):016}",
                account_number=number(chance.randrange(90_000) * 1000 + index),
                name="".join(chance.choices(WORDS, k=chance.randint(1, 3))),
                status=status,
                issues=(INFORMATION, PROBLEM)[: 2 if troubled else chance.randint(0, 1)],
                access_type=AccessType.ACCESS_KEY if keyed else AccessType.ASSUME_ROLE,
                template_version=chance.choice((None, 1, 2)),
                enrollment_id=chance.choice((None, *ENROLLMENTS)),
                version=1,
            )
        )
    return made


FLEET = a_fleet(40)


def place_of(account: Account) -> tuple[str, ...]:
    """The units around an account, as its member knows them; of no enrollment none."""
    return PLACES[int(account.account_number[-1]) % len(PLACES)] if account.enrollment_id else ()


def store_members(accounts: list[Account]) -> None:
    with MemberItem.batch_write() as batch:
        for each in accounts:
            if each.enrollment_id:
                member = Member(
                    organization_id=each.organization_id,
                    enrollment_id=each.enrollment_id,
                    account_number=each.account_number,
                    name=each.name,
                    place=Place(place_of(each), "…"),
                    standing=Standing.INCLUDED,
                    account_id=each.account_id,
                )
                batch.save(MemberItem.of(member))


def expected(fleet: list[Account], query: dict[str, Any]) -> list[str]:
    """The ids that a list has, in its order: all accounts, filtered and sorted."""
    q = query.get("q", "").lower()
    wanted = [
        each
        for each in fleet
        if (has_word(each.name, q) or each.account_number.startswith(q))
        and query.get("status") in (None, each.status)
        and query.get("access_type") in (None, each.access_type)
        and query.get("template_version") in (None, each.template_version)
        and query.get("has_problems") in (None, str(PROBLEM in each.issues).lower())
        and query.get("enrollment_id") in (None, each.enrollment_id)
        and query.get("ou") in (None, *place_of(each))
    ]
    sort = query.get("sort", "")

    def by_name(account: Account) -> Any:
        return account.name.lower(), account.account_id

    def by_relevance(account: Account) -> Any:
        if account.name.lower().startswith(q):
            return 0, by_name(account)
        found = has_word(account.name, q)
        return (1, by_name(account)) if found else (2, (account.account_number, ""))

    orders: dict[str, Callable[[Account], Any]] = {
        "": by_relevance if q else by_name,
        "name": by_name,
        "status": lambda account: (BY_URGENCY.index(account.status), by_name(account)),
        "provider_id": lambda account: account.account_number,
    }
    order = orders[sort.removeprefix("-")]
    return [each.account_id for each in sorted(wanted, key=order, reverse=sort.startswith("-"))]


CHOICES: dict[str, tuple[Any, ...]] = {
    "q": (None, "house", "12", "Web", "1234", "x"),
    "status": (None, None, *BY_URGENCY),
    "access_type": (None, None, *AccessType),
    "has_problems": (None, "true", "false"),
    "template_version": (None, None, 1, 2),
    "enrollment_id": (None, None, *ENROLLMENTS),
    "ou": (None, None, None, ROOT, SHOPS),
    "sort": (None, *AccountSort),
}


def some_queries(count: int) -> list[dict[str, Any]]:
    """Each choice alone, and others together."""
    alone = [{name: value} for name, values in CHOICES.items() for value in values if value]
    chance = random.Random(5)
    together = [
        {name: chance.choice(values) for name, values in CHOICES.items()} for _ in range(count)
    ]
    return [
        *({**one, **two} for one, two in product(alone, ({}, {"q": "house"}))),
        *({name: value for name, value in each.items() if value} for each in together),
    ]


@pytest.fixture
def fleet(admin: Api) -> None:
    admin.get("/v1/organization")
    store(FLEET)
    store_members(FLEET)


@pytest.mark.timeout(600)
@pytest.mark.usefixtures("fleet")
@pytest.mark.parametrize("bounded", [False, True], ids=["at once", "in small parts"])
def test_every_list_has_what_is_selected_once_and_in_its_order(
    bounded: bool, admin: Api, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Also where each page may look at little, so that many are short or empty."""
    if bounded:
        monkeypatch.setattr(account_list, "SMALL", 3)
        monkeypatch.setattr(account_list, "MOST_LOOKED_AT", 9)
        monkeypatch.setattr(account_list, "most_read", lambda _: 6)
    for query in some_queries(10)[:: 3 if bounded else 1]:
        pages = walk(admin, limit=8 if bounded else 100, **query)
        found = [account["account_id"] for page in pages for account in page]
        assert found == expected(FLEET, query), query


@pytest.fixture
def calls(monkeypatch: pytest.MonkeyPatch) -> dict[str, int]:
    """What a page asks of DynamoDB: answers to queries, entries in them, accounts read."""
    made = {"entries": 0, "accounts": 0}
    entries, rows = Table.entries, Accounts.rows

    def counted_entries(*words: Any, **named: Any) -> Any:
        for entry in entries(*words, **named):
            made["entries"] += 1
            yield entry

    def counted_rows(self: Accounts, organization_id: str, ids: Any, attributes: Any) -> Any:
        made["accounts"] += len(ids)
        return rows(self, organization_id, ids, attributes)

    monkeypatch.setattr(Table, "entries", counted_entries)
    monkeypatch.setattr(Accounts, "rows", counted_rows)
    return made


@pytest.mark.usefixtures("fleet")
@pytest.mark.parametrize("sort", [None, *AccountSort])
def test_a_page_in_any_order_costs_its_own_size(
    sort: str | None, admin: Api, calls: dict[str, int]
) -> None:
    query: dict[str, Any] = {"sort": sort} if sort else {}
    page = admin.get("/v1/accounts", limit=10, **query)

    assert len(page.json["items"]) == 10
    assert calls["accounts"] == 10
    assert calls["entries"] <= 11


def test_a_page_reads_the_units_of_its_own_accounts_and_their_part_of_the_index(admin: Api) -> None:
    """As the bench counts them beside 5,000 accounts. All entries would be two units here."""
    admin.get("/v1/organization")
    store(a_fleet(120))
    behind = client("dynamodb")
    assert read_units(str(admin.organization_id), "/v1/accounts?limit=10", behind) == 10.5


def test_the_bench_counts_whole_items_as_aws_bills_them_where_a_list_reads_parts(
    admin: Api,
) -> None:
    account_id = admin.account()["account_id"]
    pk, behind = f"ORG#{admin.organization_id}", client("dynamodb")
    behind.update_item(
        TableName=TABLE,
        Key={"pk": {"S": pk}, "sk": {"S": f"ACCOUNT#{account_id}"}},
        UpdateExpression="SET unread = :text",
        ExpressionAttributeValues={":text": {"S": "x" * 8192}},
    )

    assert read_units(str(admin.organization_id), "/v1/accounts", behind) == 3.5
    assert read_units(str(admin.organization_id), "/v1/organization/usage/months", behind) >= 6


@pytest.mark.usefixtures("fleet")
def test_a_search_for_a_word_looks_at_no_more_names_than_it_says(
    admin: Api, calls: dict[str, int], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(account_list, "MOST_LOOKED_AT", 25)

    page = admin.get("/v1/accounts", q="nowhere")

    assert (page.json["items"], calls) == ([], {"entries": 25, "accounts": 0})
    assert page.json["next_cursor"]
    assert names(walk(admin, q="nowhere")) == []


@pytest.mark.usefixtures("fleet")
def test_what_no_account_can_have_reads_nothing(admin: Api, calls: dict[str, int]) -> None:
    queries: list[dict[str, Any]] = [{"q": "a b"}, {"status": "confirmed", "has_problems": "true"}]
    for query in queries:
        answer = admin.get("/v1/accounts", **query).json
        assert answer == {"items": [], "next_cursor": None}
    assert calls == {"entries": 0, "accounts": 0}


@pytest.mark.usefixtures("fleet")
def test_troubled_accounts_are_found_without_reading_the_confirmed_ones(
    admin: Api, calls: dict[str, int]
) -> None:
    found = walk(admin, limit=100, has_problems="true")

    assert found
    confirmed = sum(each.status is Status.CONFIRMED for each in FLEET)
    assert calls["entries"] == len(FLEET) - confirmed


@pytest.mark.usefixtures("fleet")
@pytest.mark.parametrize("sort", [None, *AccountSort])
@pytest.mark.parametrize("small", [account_list.SMALL, 3])
def test_a_small_enrollment_is_read_by_its_members_in_any_order(
    small: int, sort: str | None, admin: Api, calls: dict[str, int], monkeypatch: pytest.MonkeyPatch
) -> None:
    """However many other accounts there are. One whose members left it has the empty list."""
    monkeypatch.setattr(account_list, "SMALL", small)
    query = {"enrollment_id": ENROLLMENTS[0]} | ({"sort": sort} if sort else {})
    own = expected(FLEET, query)

    page = admin.get("/v1/accounts", limit=10, **query).json
    more = admin.get("/v1/accounts", limit=10, cursor=page["next_cursor"], **query).json

    found = [each["account_id"] for each in (*page["items"], *more["items"])]
    assert found == own[: len(found)]
    if small > 3:
        assert (found, more["next_cursor"]) == (own, None)
        assert calls == {"entries": 2 * len(own), "accounts": 2 * len(own) + len(own)}
    else:
        assert calls["entries"] > len(own)


@pytest.mark.usefixtures("fleet")
@pytest.mark.parametrize("query", [{}, {"sort": "-status"}, {"q": "house"}, {"ou": ROOT}])
def test_an_enrollment_that_is_not_there_has_no_account_and_reads_none(
    query: dict[str, Any], admin: Api, other_admin: Api, calls: dict[str, int]
) -> None:
    """Neither has another organization's."""
    unknown = {"enrollment_id": "01JN8Q5M3C0000000000000E99"} | query
    answers = [
        admin.get("/v1/accounts", limit=1, **unknown),
        other_admin.get("/v1/accounts", limit=1, **query | {"enrollment_id": ENROLLMENTS[0]}),
    ]

    assert [each.json for each in answers] == [{"items": [], "next_cursor": None}] * 2
    assert calls == {"entries": 0, "accounts": 0}


@pytest.mark.usefixtures("fleet")
def test_a_page_of_a_unit_reads_no_more_members_than_accounts(
    admin: Api, calls: dict[str, int], monkeypatch: pytest.MonkeyPatch
) -> None:
    """And only of accounts that an enrollment has."""
    monkeypatch.setattr(account_list, "most_read", lambda _: 20)
    asked: list[tuple[str, str]] = []
    inside = Members.inside

    def counted(self: Members, organization_id: str, unit_id: str, members: Any) -> set[str]:
        asked.extend(members)
        return inside(self, organization_id, unit_id, members)

    monkeypatch.setattr(Members, "inside", counted)

    page = admin.get("/v1/accounts", limit=10, ou="ou-ab12-99999999").json

    by_name = sorted(FLEET, key=lambda each: (each.name.lower(), each.account_id))[:20]
    assert (page["items"], calls["accounts"]) == ([], 20)
    assert page["next_cursor"]
    of_members = [(each.enrollment_id, each.account_number) for each in by_name]
    assert sorted(asked) == sorted(each for each in of_members if each[0])


@pytest.mark.usefixtures("fleet")
def test_a_cursor_is_of_one_order_and_one_selection(admin: Api, other_admin: Api) -> None:
    queries: list[dict[str, Any]] = [
        {},
        {"sort": "name"},
        {"sort": "-name"},
        {"sort": "status"},
        {"sort": "-status"},
        {"sort": "provider_id"},
        {"q": "1"},
        {"q": "1", "sort": "name"},
        {"access_type": "assume_role"},
        {"has_problems": "true"},
        {"has_problems": "false"},
        {"enrollment_id": ENROLLMENTS[0]},
        {"ou": ROOT},
    ]
    for asked in queries:
        cursor = admin.get("/v1/accounts", limit=1, **asked).json["next_cursor"]
        for other in queries:
            answer = admin.get("/v1/accounts", cursor=cursor, **other)
            assert (answer.status == 200) == (other == asked), (asked, other)
        refused = other_admin.get("/v1/accounts", cursor=cursor, **asked)
        assert is_problem(refused, 422)
        assert refused.fields == ["cursor"]


@pytest.mark.usefixtures("fleet")
def test_lists_are_of_one_organization(other_admin: Api) -> None:
    other_admin.get("/v1/organization")
    mine = an_account(organization_id=other_admin.organization_id, name="HouseOfOthers")
    wiring.accounts().add(mine, None)

    for query in some_queries(0):
        assert set(names(walk(other_admin, **query))) <= {"HouseOfOthers"}, query


# ---- as CSV --------------------------------------------------------------------------------------

CSV = {"Accept": "text/csv"}


def downloaded(api: Api, **query: Any) -> tuple[str, list[Any]]:
    """All pages of the list as CSV, one after the other, as their links lead."""
    text, answers = "", []
    while True:
        answer = api.get("/v1/accounts", CSV, **query)
        assert answer.status == 200, answer.text
        answers.append(answer)
        text += answer.text
        if "link" not in answer.headers:
            return text, answers
        following = re.fullmatch(r'<\?(.+)>; rel="next"', answer.headers["link"])
        assert following
        query = dict(parse_qsl(following[1]))


def rows_of(text: str) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(text, newline="")))


@pytest.mark.usefixtures("fleet")
@pytest.mark.parametrize(
    "query",
    [
        {},
        {"limit": 7},
        {"limit": 9, "sort": "-status"},
        {"limit": 3, "q": "house", "access_type": "assume_role"},
        {"status": "failed", "has_problems": "true"},
        {"limit": 2, "enrollment_id": ENROLLMENTS[0], "ou": SHOPS},
    ],
    ids=str,
)
def test_csv_has_the_accounts_of_the_list_in_its_order(query: dict[str, Any], admin: Api) -> None:
    text, answers = downloaded(admin, **query)

    listed = [account for page in walk(admin, **query) for account in page]
    found = rows_of(text)
    for name in ("account_id", "name", "provider_id", "status", "access_type"):
        assert [row[name] for row in found] == [account[name] for account in listed]
    kinds = {"present": 1, "absent": len(answers) - 1}
    for kind, count in kinds.items():
        content_type = f"text/csv; charset=utf-8; header={kind}"
        assert [a.headers["content-type"] for a in answers].count(content_type) == count


@pytest.mark.usefixtures("fleet")
def test_an_answer_as_csv_has_a_thousand_accounts_unless_fewer_are_asked_for(
    admin: Api, monkeypatch: pytest.MonkeyPatch
) -> None:
    text, answers = downloaded(admin)
    assert (len(answers), len(rows_of(text))) == (1, len(FLEET))
    assert len(admin.get("/v1/accounts").json["items"]) == min(50, len(FLEET))
    assert LIMIT == 1_000
    monkeypatch.setattr("cavok.api.as_csv.LIMIT", 11)

    text, answers = downloaded(admin)

    assert (len(answers), len(rows_of(text))) == (-(-len(FLEET) // 11), len(FLEET))
    assert is_problem(admin.get("/v1/accounts", CSV, limit=101), 422)


@pytest.mark.usefixtures("fleet")
def test_caches_know_that_csv_is_another_answer(admin: Api) -> None:
    as_json, as_csv = admin.get("/v1/accounts"), admin.get("/v1/accounts", CSV)

    assert as_json.headers["vary"] == as_csv.headers["vary"] == "Accept"
    assert as_json.headers["content-type"] == "application/json"
    assert as_json.headers["etag"] != as_csv.headers["etag"]
    known = admin.get("/v1/accounts", {**CSV, "If-None-Match": as_csv.headers["etag"]})
    assert (known.status, known.text, known.headers["vary"]) == (304, "", "Accept")
    head = admin.send("HEAD", "/v1/accounts", headers=CSV)
    assert (head.status, head.text) == (200, "")
    assert head.headers["content-type"] == as_csv.headers["content-type"]


@pytest.mark.usefixtures("fleet")
def test_a_problem_is_a_problem_also_for_who_asks_for_csv(admin: Api) -> None:
    assert is_problem(admin.get("/v1/accounts", CSV, sort="newest"), 422)


@pytest.mark.usefixtures("fleet")
def test_csv_is_of_ones_own_organization(admin: Api, other_admin: Api) -> None:
    other_admin.get("/v1/organization")

    text, _ = downloaded(other_admin)

    assert rows_of(text) == []
    assert text.startswith("account_id,")
    cursor = dict(parse_qsl(admin.get("/v1/accounts", CSV, limit=1).headers["link"][2:-13]))
    refused = other_admin.get("/v1/accounts", CSV, limit=1, cursor=cursor["cursor"])
    assert is_problem(refused, 422)
    assert refused.fields == ["cursor"]


def test_a_viewer_may_have_csv(viewer: Api, admin: Api) -> None:
    admin.account()

    text, _ = downloaded(viewer)

    assert len(rows_of(text)) == 1
