"""Where a page goes on: moto refuses what DynamoDB refuses, and no cursor makes us send it."""

from __future__ import annotations

import base64
import json
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any

import pytest
from botocore.exceptions import ClientError
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from cavok import wiring
from cavok.api.openapi import described
from cavok.api.router import Router
from cavok.domain.accounts import Issue
from cavok.domain.schedules import DAYS, Schedule, Window
from tests.support.api import Api, is_problem, number, walk
from tests.support.builders import ORGANIZATION_ID, a_resource, an_interaction
from tests.support.interleaving import brought_back
from tests.support.moto_stack import TABLE, client
from tests.support.start_keys import INVALID, NO_MATCH, OUTSIDE
from tests.support.template import resource

NOW = datetime(2025, 3, 1, 12, 0, tzinfo=UTC)
ACCOUNT = "01JN8Q5M3C0000000000000001"


@pytest.fixture(autouse=True)
def _one_month(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Router, "now", staticmethod(lambda: NOW))


# ---- what moto refuses ---------------------------------------------------------------------------

DECLARED = resource("Table")
TABLE_KEY = [each["AttributeName"] for each in DECLARED["KeySchema"]]
INDEXES: dict[str | None, list[str]] = {None: TABLE_KEY} | {
    index["IndexName"]: [each["AttributeName"] for each in index["KeySchema"]]
    for index in DECLARED["GlobalSecondaryIndexes"]
}
TYPES = {each["AttributeName"]: each["AttributeType"] for each in DECLARED["AttributeDefinitions"]}
VALUES = {"S": "x", "N": "1"}

each_index = pytest.mark.parametrize("index", INDEXES, ids=str)


def start_key(index: str | None) -> dict[str, dict[str, str]]:
    names = {*TABLE_KEY, *INDEXES[index]}
    return {name: {TYPES[name]: VALUES[TYPES[name]]} for name in names}


def read(operation: str, index: str | None, start: Any, partition: str = "x") -> None:
    named = {"IndexName": index} if index else {}
    arguments = {"TableName": TABLE, "ExclusiveStartKey": start, **named}
    if operation == "query":
        arguments |= {
            "KeyConditionExpression": "#h = :h",
            "ExpressionAttributeNames": {"#h": INDEXES[index][0]},
            "ExpressionAttributeValues": {":h": {"S": partition}},
        }
    getattr(client("dynamodb"), operation)(**arguments)


@each_index
@pytest.mark.parametrize("operation", ["query", "scan"])
def test_a_key_of_the_table_and_its_index_is_taken_and_any_other_refused(
    operation: str, index: str | None
) -> None:
    good = start_key(index)
    read(operation, index, good)

    wrong = [{name: good[name] for name in good if name != left_out} for left_out in good]
    wrong += [good | {"more": {"S": "x"}}]
    wrong += [good | {name: {"BOOL": True}} for name in good]
    wrong += [good | {name: {"S": ""}} for name in good if TYPES[name] == "S"]
    for start in wrong:
        with pytest.raises(ClientError, match=INVALID) as refused:
            read(operation, index, start)
        assert refused.value.response["Error"]["Code"] == "ValidationException"


@each_index
def test_a_key_of_another_partition_is_refused(index: str | None) -> None:
    with pytest.raises(ClientError, match=OUTSIDE):
        read("query", index, start_key(index), partition="y")


def test_a_key_that_the_condition_leaves_out_is_refused() -> None:
    with pytest.raises(ClientError, match=NO_MATCH):
        client("dynamodb").query(
            TableName=TABLE,
            KeyConditionExpression="pk = :h AND begins_with(sk, :p)",
            ExpressionAttributeValues={":h": {"S": "x"}, ":p": {"S": "y"}},
            ExclusiveStartKey=start_key(None),
        )


# ---- what we send --------------------------------------------------------------------------------


@dataclass(frozen=True)
class Listing:
    path: str
    query: tuple[tuple[str, str], ...] = ()

    def __str__(self) -> str:
        return f"{self.path} {dict(self.query)}"

    def page(self, api: Api, **query: Any) -> Any:
        return api.get(self.path, **dict(self.query), **query)


LISTS = (
    Listing("/v1/accounts"),
    Listing("/v1/accounts", (("q", "Prod"),)),
    Listing("/v1/accounts", (("status", "unconfirmed"),)),
    Listing("/v1/accounts", (("template_version", "1"),)),
    Listing("/v1/accounts", (("status", "unconfirmed"), ("template_version", "1"))),
    Listing("/v1/accounts", (("q", number(0)[:9]),)),
    Listing("/v1/accounts", (("q", "web"),)),
    Listing("/v1/accounts", (("has_problems", "true"), ("access_type", "assume_role"))),
    *(Listing("/v1/accounts", (("sort", sort),)) for sort in ("-name", "status", "-provider_id")),
    Listing("/v1/accounts", (("sort", "-name"), ("q", "prod"))),
    Listing("/v1/accounts", (("sort", "status"), ("q", number(0)[:9]))),
    Listing("/v1/audit"),
    Listing(f"/v1/accounts/{ACCOUNT}/audit"),
    Listing(f"/v1/accounts/{ACCOUNT}/verifications"),
    Listing(f"/v1/accounts/{ACCOUNT}/interactions"),
    Listing("/v1/organization/usage"),
    Listing("/v1/resources"),
    Listing("/v1/resources", (("kind", "ec2"), ("region", "us-east-1"), ("action", "stop"))),
    Listing("/v1/problems"),
)
each_list = pytest.mark.parametrize("listing", LISTS, ids=str)


@pytest.fixture
def five_of_each(admin: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    """Five accounts, whose roles have version 1, each with a problem of its own; the first with
    five tests, five interactions, five audit entries and five resources that stop next.
    """
    with pytest.MonkeyPatch.context() as patch:
        brought_back("five of each", partial(_make_five_of_each, admin, patch))
    monkeypatch.setattr(Router, "now", staticmethod(lambda: NOW + timedelta(minutes=40)))


def _make_five_of_each(admin: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    ids = (f"01JN8Q5M3C{index:016}" for index in range(1, 1000))
    monkeypatch.setattr("cavok.domain.accounts.new_id", lambda: next(ids))
    for index in range(5):
        admin.account(name=f"ProdWeb{index}", provider_id=number(index))
    accounts = wiring.accounts()
    for index, listed in enumerate(wiring.account_list().page(ORGANIZATION_ID, limit=5).items):
        account = accounts.get(ORGANIZATION_ID, listed.account_id)
        issues = (Issue("role_not_assumable", f"Cause {index}", "…"),)
        accounts.confirm(replace(account, template_version=1, issues=issues), quiet=True)
    for index in range(5):
        at = NOW + timedelta(minutes=10 * index)
        monkeypatch.setattr(Router, "now", staticmethod(lambda at=at: at))
        assert admin.post(f"/v1/accounts/{ACCOUNT}/verifications").status == 202
        wiring.interactions().record(an_interaction(index, account_id=ACCOUNT, at=NOW))
        schedule = Schedule("UTC", (Window(DAYS, "04:00", f"{13 + index % 3}:00"),))
        wiring.resources().add(
            a_resource(
                account_id=ACCOUNT,
                resource_id=f"01JN8Q5M3C00000000000000R{index}",
                instance_id=f"i-0123456789abcdef{index}",
                schedule=schedule,
                followed_at=NOW,
            )
        )
    for account in list(wiring.account_list().page(ORGANIZATION_ID, limit=5).items)[1:]:
        wiring.interactions().record(an_interaction(account_id=account.account_id, at=NOW))


def test_every_list_of_the_api_is_here() -> None:
    paths = described()["paths"]
    with_cursor = {
        path
        for path, methods in paths.items()
        if any(each["name"] == "cursor" for each in methods.get("get", {}).get("parameters", []))
    }

    here = {each.path.replace(ACCOUNT, "{account_id}") for each in LISTS}
    # Another function has the resources: test_lists_api.py. Members are made by a synchronization.
    elsewhere = {
        "/v1/accounts/{account_id}/resources",
        "/v1/enrollments/{enrollment_id}/members",
        "/v1/enrollments/{enrollment_id}/units",
    }
    assert here | elsewhere == with_cursor


@each_list
@pytest.mark.usefixtures("five_of_each")
def test_every_page_of_a_list_follows_from_the_one_before(listing: Listing, admin: Api) -> None:
    whole = listing.page(admin, limit=100).json
    assert len(whole["items"]) >= 5
    assert whole["next_cursor"] is None

    for limit in (1, 2):
        pages = walk(admin, listing.path, limit=limit, **dict(listing.query))

        assert [entry for page in pages for entry in page] == whole["items"]


TEXTS = ("", "x", "\ud800", "\0", "~" * 300, f"PROD0#{ACCOUNT}", ACCOUNT, number(3), "7", "-1", "٣")
GARBAGE = (*TEXTS, 7, None, [], 10**25)


@pytest.fixture
def true_cursor(listing: Listing, admin: Api, five_of_each: None) -> str:
    """Of a page with one entry."""
    return str(listing.page(admin, limit=1).json["next_cursor"])


@each_list
def test_a_forged_cursor_is_refused_and_never_fails(
    listing: Listing, admin: Api, true_cursor: str
) -> None:
    """Its field is named. What is shaped like one of ours is one of ours: it names nothing that the
    list does not show anyway.
    """
    true = json.loads(base64.urlsafe_b64decode(true_cursor))
    forged = [
        [*true[:place], garbage, *true[place + 1 :]] for place in range(4) for garbage in GARBAGE
    ]
    forged += [
        [true[0], kind, key, account_id]
        for kind in ("name", "word", "status", "number", "id", "used", "turn", "member")
        for key in (
            f"aaa0#{ACCOUNT}",
            f"prod9#{ACCOUNT}",
            f"failed:prod9#{ACCOUNT}",
            f"unconfirmed:prod2#{ACCOUNT}",
            f"splendid:prod2#{ACCOUNT}",
            number(3),
            "999999999999",
            ACCOUNT,
            "3",
            f"2025-03-01T13:00:00Z#stop#ec2#us-east-1#{ACCOUNT}",
            f"2025-03-01T13:00:00Z##ec2#us-east-1#{ACCOUNT}",
        )
        for account_id in (ACCOUNT, "")
    ]

    answers = [
        listing.page(admin, cursor=base64.urlsafe_b64encode(json.dumps(each).encode()).decode())
        for each in forged
    ]

    refused = [answer for answer in answers if answer.status != 200]
    assert all(is_problem(answer, 422) and answer.fields == ["cursor"] for answer in refused)
    assert len(refused) > len(forged) * 3 / 4


BASE64 = st.text("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_=", max_size=3)
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=30),
    lambda inner: st.lists(inner, max_size=5) | st.dictionaries(st.text(max_size=9), inner),
    max_leaves=9,
)


@each_list
@given(data=st.data())
@settings(
    max_examples=60,
    derandomize=True,
    database=None,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
def test_a_cursor_that_was_tampered_with_is_refused_or_a_place_of_the_list(
    listing: Listing, data: st.DataObject, admin: Api, true_cursor: str
) -> None:
    true = true_cursor
    cut = st.slices(len(true) + 1)
    tampered = st.builds(lambda at, text: true[: at.start] + text + true[at.stop :], cut, BASE64)
    made_up = JSON.map(lambda value: base64.urlsafe_b64encode(json.dumps(value).encode()).decode())

    answer = listing.page(admin, cursor=data.draw(tampered | made_up | st.text(max_size=40)))

    if answer.status != 200:
        assert is_problem(answer, 422)
        assert answer.fields == ["cursor"]
