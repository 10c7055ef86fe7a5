"""The changes of an account's status, through the API: kept with each write that changes it."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta

from cavok.adapters.table.accounts import Accounts
from cavok.domain.accounts import Account, Status
from tests.support.api import Api
from tests.support.builders import NOW


def test_the_list_and_the_account_have_the_changes_in_order(
    admin: Api, viewer: Api, accounts: Accounts
) -> None:
    made = admin.account()
    days = (NOW + timedelta(days=day) for day in range(3))
    for status, at in zip((Status.CONFIRMED, Status.FAILED, Status.CONFIRMED), days, strict=True):

        def turn(account: Account, status: Status = status, at: datetime = at) -> Account:
            return replace(account, status=status, updated_at=at)

        accounts.changed("org-one", made["account_id"], turn)

    expected = [
        {"on": f"{NOW + timedelta(days=day):%Y-%m-%d}", "before": before}
        for day, before in enumerate(("unconfirmed", "confirmed", "failed"))
    ]
    assert made["status_changes"] == []
    assert viewer.get(f"/v1/accounts/{made['account_id']}").json["status_changes"] == expected
    (listed,) = viewer.get("/v1/accounts").json["items"]
    assert listed["status_changes"] == expected


def test_a_person_who_revokes_changes_the_status(admin: Api, accounts: Accounts) -> None:
    made = admin.account()
    accounts.changed(
        "org-one", made["account_id"], lambda account: replace(account, status=Status.CONFIRMED)
    )

    admin.post(f"/v1/accounts/{made['account_id']}/revoke")

    account = admin.get(f"/v1/accounts/{made['account_id']}").json
    assert account["status"] == "unconfirmed"
    assert [each["before"] for each in account["status_changes"]] == ["unconfirmed", "confirmed"]
