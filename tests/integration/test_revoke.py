"""Revoking the use of an account, through the API."""

from __future__ import annotations

from typing import Any

import pytest

from cavok import wiring
from cavok.domain.accounts import Account
from cavok.domain.verifications import finish
from tests.support.api import UNKNOWN_ID, Api, is_problem
from tests.support.builders import NOW, ORGANIZATION_ID, a_verification, steps_of
from tests.support.moto_stack import begin_test, items


@pytest.fixture
def connected(admin: Api) -> Account:
    """An account that a test confirmed."""
    account = wiring.accounts().get(ORGANIZATION_ID, admin.account()["account_id"])
    verification = a_verification(account_id=account.account_id)
    tested = begin_test(account, verification)
    after, ended = finish(tested, verification, steps_of(tested), NOW)
    wiring.verifications().finish(tested, after, ended, None)
    return wiring.accounts().get(ORGANIZATION_ID, account.account_id)


def path(account: Account) -> str:
    return f"/v1/accounts/{account.account_id}"


def test_a_revoked_account_is_unconfirmed_until_a_person_tests_it(
    admin: Api, connected: Account
) -> None:
    answer = admin.post(f"{path(connected)}/revoke")

    assert (answer.status, answer.text) == (204, "")
    shown: dict[str, Any] = admin.get(path(connected)).json
    assert shown["status"] == "unconfirmed"
    assert [issue["code"] for issue in shown["issues"]] == ["revoked"]
    assert shown["next_verification_at"] is None
    assert set(shown["capabilities"].values()) == {"unknown"}
    counts = admin.get("/v1/organization").json["accounts"]["by_status"]
    assert (counts["unconfirmed"], counts["confirmed"]) == (1, 0)
    assert wiring.due_accounts().keys(NOW.replace(year=2100), None) == {}


def test_a_repetition_changes_nothing(admin: Api, connected: Account) -> None:
    admin.post(f"{path(connected)}/revoke")
    before = items()

    assert admin.post(f"{path(connected)}/revoke").status == 204

    assert items() == before


def test_who_revoked_is_in_the_trail(admin: Api, connected: Account) -> None:
    admin.post(f"{path(connected)}/revoke")

    newest = admin.get(f"{path(connected)}/audit").json["items"][0]
    assert newest["action"] == "revoked"
    assert newest["actor"]["email"] == admin.get(path(connected)).json["created_by"]


def test_a_test_that_runs_while_an_account_is_revoked_does_not_keep_the_next_one_waiting(
    admin: Api, connected: Account
) -> None:
    running = admin.post(f"{path(connected)}/verifications").json
    admin.post(f"{path(connected)}/revoke")

    another = admin.post(f"{path(connected)}/verifications").json

    assert another["verification_id"] != running["verification_id"]


def test_a_test_for_a_version_of_before_does_not_end_what_a_person_revoked(
    admin: Api, connected: Account
) -> None:
    known = admin.get(path(connected)).headers["etag"]
    admin.post(f"{path(connected)}/revoke")
    revoked = admin.get(path(connected))

    assert is_problem(admin.post(f"{path(connected)}/verifications", If_Match=known), 412)
    assert admin.get(path(connected)) == revoked


def test_only_admins_of_its_organization_revoke_an_account(
    viewer: Api, other_admin: Api, admin: Api, connected: Account
) -> None:
    before = items()

    assert viewer.post(f"{path(connected)}/revoke").status == 403
    assert other_admin.post(f"{path(connected)}/revoke").status == 404
    assert admin.post(f"/v1/accounts/{UNKNOWN_ID}/revoke").status == 404
    assert items() == before
