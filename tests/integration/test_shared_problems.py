"""`GET /v1/problems`: the causes of a fleet, with all their accounts."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest

from cavok.adapters.table import account_list
from cavok.domain.accounts import Account, Issue, Severity, Status
from cavok.domain.issues import confused_deputy
from tests.support.api import Api, is_problem, number
from tests.support.builders import an_account
from tests.support.fleets import store

LOST = Issue("permission_lost", "ec2:StopInstances was allowed and no longer is.", "Add it.")
REFUSED = Issue("log_writing_refused", "logs:PutLogEvents is refused.", "Add it.")
INFORMATION = Issue("permission_scoped", "…", "…", Severity.INFORMATION)


def account(index: int, *issues: Issue, **changes: Any) -> Account:
    made = an_account(
        account_id=f"01JN8Q5M3C{index:016}",
        account_number=number(index),
        name=f"Account{index:05}",
        status=Status.DEGRADED,
        version=1,
    )
    return replace(made, issues=issues, **changes)


def not_assumable(index: int) -> Account:
    said = f"The role arn:aws:iam::{number(index)}:role/CavokCloud could not be assumed."
    return account(index, Issue("role_not_assumable", said, "Deploy it."), status=Status.FAILED)


def counted(problems: list[dict[str, Any]]) -> dict[str, int]:
    return {each["code"]: len(each["accounts"]) for each in problems}


def all_pages(api: Api, limit: int) -> list[dict[str, Any]]:
    pages: list[dict[str, Any]] = []
    cursor: dict[str, str] = {}
    while True:
        page = api.get("/v1/problems", limit=limit, **cursor).json
        pages.append(page)
        if page["next_cursor"] is None:
            return pages
        cursor = {"cursor": page["next_cursor"]}


def test_no_account_has_a_problem(admin: Api) -> None:
    admin.get("/v1/organization")
    store([account(0, INFORMATION), account(1, status=Status.CONFIRMED)])

    assert admin.get("/v1/problems").json == {"accounts_read": 0, "items": [], "next_cursor": None}


def test_a_refused_log_line_is_none_once_none_is_wanted_nor_is_its_account_in_the_list(
    admin: Api,
) -> None:
    admin.get("/v1/organization")
    wanted, other = (account(index, REFUSED, write_logs=not index) for index in range(2))
    store([wanted, other])

    answer = admin.get("/v1/problems").json
    listed = [
        admin.get("/v1/accounts", has_problems=each).json["items"] for each in ("true", "false")
    ]

    assert answer["accounts_read"] == 1
    assert counted(answer["items"]) == {"log_writing_refused": 1}
    assert [[each["name"] for each in items] for items in listed] == [[wanted.name], [other.name]]


def test_each_cause_has_its_accounts_and_failed_ones_come_first(admin: Api, viewer: Api) -> None:
    admin.get("/v1/organization")
    store([account(0, LOST, INFORMATION), not_assumable(1), not_assumable(2)])
    store([account(3, LOST, REFUSED), account(4, INFORMATION)])

    answer = viewer.get("/v1/problems").json

    assert answer["accounts_read"] == 4
    assert counted(answer["items"]) == {
        "role_not_assumable": 2,
        "permission_lost": 2,
        "log_writing_refused": 1,
    }
    first = answer["items"][0]
    assert first["message"] == "The role could not be assumed."
    assert first["accounts"][0] == {
        "account_id": not_assumable(1).account_id,
        "name": "Account00001",
        "provider_id": number(1),
    }


def test_an_open_role_has_the_same_trust_policy_to_copy_wherever_it_is_shown(
    admin: Api, viewer: Api
) -> None:
    """Viewers see the external ID with their organization anyway."""
    external_id = viewer.get("/v1/organization").json["external_id"]
    made = account(0, writes=1)
    store([replace(made, issues=(confused_deputy(made),), status=Status.FAILED), account(1, LOST)])

    problem, _ = viewer.get("/v1/problems").json["items"]
    listed = viewer.get("/v1/accounts", q="Account00000").json["items"][0]
    one = viewer.get(f"/v1/accounts/{made.account_id}").json

    fixes = [problem["fix"], *(each["issues"][0]["fix"] for each in (listed, one))]
    for fix in fixes:
        statement = json.loads(fix["policy_statement"])
        assert statement["Condition"] == {"StringEquals": {"sts:ExternalId": external_id}}
        assert [fix[part] for part in ("cli", "terraform", "stack_url")] == [
            fixes[0][part] for part in ("cli", "terraform", "stack_url")
        ]
    assert external_id in fixes[0]["cli"]
    assert external_id in problem["fix"]["terraform"]
    assert problem["fix"]["stack_url"]
    assert problem["differing"] == []


def test_every_answer_has_its_bound_and_all_together_have_every_account_once(admin: Api) -> None:
    admin.get("/v1/organization")
    fleet = [not_assumable(index) if index % 3 else account(index, LOST) for index in range(30)]
    store(fleet)

    pages = all_pages(admin, limit=7)

    assert [page["accounts_read"] for page in pages] == [7, 7, 7, 7, 2]
    named = [
        (problem["cause"], each["account_id"])
        for page in pages
        for problem in page["items"]
        for each in problem["accounts"]
    ]
    assert len(named) == len(set(named)) == len(fleet)
    assert len({cause for cause, _ in named}) == 2
    link = admin.get("/v1/problems", limit=7).headers["link"]
    assert "limit=7&cursor=" in link


def test_an_answer_reads_no_more_than_it_says(admin: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever it finds, so that it always ends in time."""
    monkeypatch.setattr(account_list, "most_read", lambda _: 5)
    admin.get("/v1/organization")
    store([account(index, *([LOST] if index > 17 else [])) for index in range(20)])

    pages = all_pages(admin, limit=1000)

    assert [page["accounts_read"] for page in pages] == [0, 0, 0, 2, 0]


def test_problems_of_another_organization_are_never_seen(admin: Api, other_admin: Api) -> None:
    admin.get("/v1/organization")
    store([account(index, LOST) for index in range(3)])
    cursor = admin.get("/v1/problems", limit=1).json["next_cursor"]

    assert other_admin.get("/v1/problems").json["items"] == []
    assert is_problem(other_admin.get("/v1/problems", cursor=cursor), 422)
    foreign = admin.get("/v1/accounts", sort="status", limit=1).json["next_cursor"]
    assert is_problem(admin.get("/v1/problems", cursor=foreign), 422)


@pytest.mark.parametrize("limit", [0, 1001, "x"])
def test_a_limit_out_of_bounds_is_refused(limit: object, admin: Api) -> None:
    assert is_problem(admin.get("/v1/problems", limit=limit), 422)
