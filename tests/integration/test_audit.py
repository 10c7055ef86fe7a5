"""The audit trail, through the API and in the table."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest

from tests.support.api import KEY_ACCOUNT, KEYS, UNKNOWN_ID, Api, number
from tests.support.moto_stack import TABLE, client, let_time_pass


@pytest.fixture(autouse=True)
def _time_passes(monkeypatch: pytest.MonkeyPatch) -> None:
    let_time_pass(monkeypatch)


def trail(api: Api, account_id: str) -> list[tuple[str, str | None]]:
    """Actions and details, newest first."""
    answer = api.get(f"/v1/accounts/{account_id}/audit")
    assert answer.status == 200, answer.text
    return [(entry["action"], entry["detail"]) for entry in answer.json["items"]]


def test_who_did_what_is_told_newest_first(admin: Api) -> None:
    account = admin.account(**KEY_ACCOUNT)
    path = f"/v1/accounts/{account['account_id']}"
    admin.patch(path, {"name": "Renamed", "write_logs": False})
    admin.put(f"{path}/credentials", KEYS)
    test = admin.post(f"{path}/verifications").json

    assert trail(admin, account["account_id"]) == [
        ("tested", f"verification {test['verification_id']}"),
        ("credentials_rotated", None),
        ("changed", "Name: Production1 → Renamed; Write logs: Yes → No"),
        ("created", None),
    ]


def test_what_changes_nothing_leaves_no_entry(admin: Api) -> None:
    account = admin.account()

    admin.patch(f"/v1/accounts/{account['account_id']}", {"name": account["name"]})

    assert [action for action, _ in trail(admin, account["account_id"])] == ["created"]


def test_what_is_refused_leaves_no_entry(admin: Api) -> None:
    account = admin.account()
    path = f"/v1/accounts/{account['account_id']}"

    assert admin.patch(path, {"name": "Other"}, If_Match='"99"').status == 412

    assert [action for action, _ in trail(admin, account["account_id"])] == ["created"]


def test_the_trail_outlives_the_account(admin: Api, viewer: Api) -> None:
    account = admin.account()
    admin.delete(f"/v1/accounts/{account['account_id']}")

    assert [action for action, _ in trail(viewer, account["account_id"])] == ["deleted", "created"]
    (deleted, created) = viewer.get("/v1/audit").json["items"]
    assert (deleted["account_name"], deleted["action"]) == (account["name"], "deleted")
    assert created["actor"]["email"] == account["created_by"]


def test_another_organizations_trail_is_not_there(admin: Api, other_admin: Api) -> None:
    account = admin.account()

    assert other_admin.get(f"/v1/accounts/{account['account_id']}/audit").status == 404
    assert other_admin.get("/v1/audit").json["items"] == []
    assert admin.get(f"/v1/accounts/{UNKNOWN_ID}/audit").status == 404


def test_pages_hold_every_entry_once(admin: Api) -> None:
    accounts = [admin.account(provider_id=number(index), name=f"A{index}") for index in range(5)]
    account_id = accounts[0]["account_id"]
    for name in ("B", "C", "D"):
        admin.patch(f"/v1/accounts/{account_id}", {"name": name})

    for path, count in (("/v1/audit", 8), (f"/v1/accounts/{account_id}/audit", 4)):
        seen, cursor = [], {}
        while True:
            page = admin.get(path, limit=3, **cursor).json
            seen += [entry["entry_id"] for entry in page["items"]]
            if page["next_cursor"] is None:
                break
            cursor = {"cursor": page["next_cursor"]}
        assert len(seen) == len(set(seen)) == count
        assert seen == sorted(seen, reverse=True)


def test_a_cursor_of_another_trail_is_refused(admin: Api) -> None:
    account = admin.account()
    admin.patch(f"/v1/accounts/{account['account_id']}", {"name": "B"})
    cursor = admin.get("/v1/audit", limit=1).json["next_cursor"]

    answer = admin.get(f"/v1/accounts/{account['account_id']}/audit", cursor=cursor)

    assert (answer.status, answer.fields) == (422, ["cursor"])


def test_entries_lapse_after_a_year(admin: Api) -> None:
    admin.account()
    items = client("dynamodb").scan(TableName=TABLE)["Items"]
    (entry,) = [item for item in items if item["sk"]["S"].startswith("AUDIT#")]
    (account,) = [item for item in items if item["sk"]["S"].startswith("ACCOUNT#")]

    created = datetime.strptime(account["created_at"]["S"], "%Y-%m-%dT%H:%M:%S.%f%z")

    assert entry["at"] == account["created_at"]
    assert int(entry["expires_at"]["N"]) == int((created + timedelta(days=365)).timestamp())
