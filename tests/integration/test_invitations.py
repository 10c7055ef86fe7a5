"""Invitations: who makes them, what whoever has the link sees, and what nobody gets out of it."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest

from cavok import wiring
from cavok.adapters.table.invitations import Invitations
from cavok.domain.permissions import GRANTED_GROUPS
from tests.support.api import KEY_ACCOUNT, UNKNOWN_ID, Answer, Api, is_problem
from tests.support.builders import WORKLOAD
from tests.support.moto_stack import Clock, items

WEEK = timedelta(days=7)


def invited(admin: Api, account: dict[str, Any]) -> str:
    """The token of a new invitation."""
    answer = admin.post(f"/v1/accounts/{account['account_id']}/invitations")
    assert answer.status == 201, answer.text
    token = str(answer.json["url"]).removeprefix("./#/invitation/")
    assert token.startswith(account["account_id"])
    return token


def opened(who: Api, token: str) -> Answer:
    return who.get("/v1/invitation", {"Invitation": token})


@pytest.fixture
def account(admin: Api) -> dict[str, Any]:
    return admin.account(name="Secretly")


def test_an_invitation_shows_what_is_asked_and_nothing_else(
    admin: Api, nobody: Api, account: dict[str, Any]
) -> None:
    admin.account(provider_id="222222222222", name="Another")
    shown = opened(nobody, invited(admin, account))
    guide = admin.get(f"/v1/accounts/{account['account_id']}/instructions").json

    assert shown.status == 200
    assert shown.json == {
        "provider_id": account["provider_id"],
        "role_arn": account["role_arn"],
        "trusted_account_id": WORKLOAD,
        "external_id": admin.get("/v1/organization").json["external_id"],
        "groups": shown.json["groups"],
        "trust_policy": guide["trust_policy"],
        "permissions_policy": guide["permissions_policy"],
        "deploy_on_aws_url": guide["deploy_on_aws_url"],
        "cloudformation_template": guide["cloudformation_template"],
        "expires_at": (Clock.time + WEEK).isoformat().replace("+00:00", "Z"),
    }
    assert [group["group"] for group in shown.json["groups"]] == [
        group.group for group in GRANTED_GROUPS
    ]
    for private in ("org-one", "Secretly", "Another", "ada@", "unconfirmed", account["account_id"]):
        assert private not in shown.text


def test_an_account_with_an_access_key_is_asked_for_a_user_without_trust(
    admin: Api, nobody: Api
) -> None:
    shown = opened(nobody, invited(admin, admin.account(**KEY_ACCOUNT))).json

    nothing = ("role_arn", "trusted_account_id", "external_id", "trust_policy")
    assert [shown[name] for name in nothing] == [None] * 4
    assert "AWS::IAM::User" in shown["cloudformation_template"]


def test_what_is_shown_follows_the_account(
    admin: Api, nobody: Api, account: dict[str, Any]
) -> None:
    token = invited(admin, account)
    admin.patch(f"/v1/accounts/{account['account_id']}", {"role_name": "CavokOther"})

    assert opened(nobody, token).json["role_arn"].endswith("role/CavokOther")


def test_nobody_stores_an_answer(admin: Api, nobody: Api, account: dict[str, Any]) -> None:
    token = invited(admin, account)

    assert opened(nobody, token).headers["cache-control"] == "no-store"
    assert opened(nobody, "x").headers["cache-control"] == "no-store"


# ---- what opens nothing --------------------------------------------------------------------------

Spoil = Callable[[Api, dict[str, Any], str], str]


def guess(_: Api, account: dict[str, Any], token: str) -> str:
    return str(account["account_id"]) + "0" * 64


def mistype(_: Api, account: dict[str, Any], token: str) -> str:
    return token[:-1]


def name_another_account(admin: Api, _: dict[str, Any], token: str) -> str:
    """Whose secret is not known."""
    other = admin.account(provider_id="222222222222", name="Another")
    invited(admin, other)
    return str(other["account_id"] + token[26:])


def name_no_account(_: Api, __: dict[str, Any], token: str) -> str:
    return UNKNOWN_ID + token[26:]


def let_it_expire(_: Api, __: dict[str, Any], token: str) -> str:
    Clock.time += WEEK
    return token


def withdraw(admin: Api, account: dict[str, Any], token: str) -> str:
    assert admin.delete(f"/v1/accounts/{account['account_id']}/invitations").status == 204
    return token


def replace_it(admin: Api, account: dict[str, Any], token: str) -> str:
    assert invited(admin, account) != token
    return token


def delete_its_account(admin: Api, account: dict[str, Any], token: str) -> str:
    assert admin.delete(f"/v1/accounts/{account['account_id']}").status == 204
    return token


def connect_its_number_again(admin: Api, account: dict[str, Any], token: str) -> str:
    delete_its_account(admin, account, token)
    admin.account()
    return token


def send_the_digest(_: Api, account: dict[str, Any], __: str) -> str:
    """As a thief of the table may."""
    (stored,) = [item for item in items() if item["sk"] == "INVITATION"]
    return f"{account['account_id']}{stored['digest']}"


def send_nothing(*_: object) -> str:
    return ""


@pytest.mark.parametrize(
    "spoil",
    [
        guess,
        mistype,
        name_another_account,
        name_no_account,
        let_it_expire,
        withdraw,
        replace_it,
        delete_its_account,
        connect_its_number_again,
        send_the_digest,
        send_nothing,
    ],
)
def test_any_other_link_has_the_same_answer_whoever_sends_it(
    spoil: Spoil, admin: Api, nobody: Api, account: dict[str, Any]
) -> None:
    """Operators, and admins of its own organization, get no more than anybody."""
    token = spoil(admin, account, invited(admin, account))

    for who in (nobody, admin, Api("org-one", "operator"), Api("org-two", "admin")):
        answer = opened(who, token)
        assert is_problem(answer, 404)
        assert answer.json == opened(nobody, "never").json
        assert answer.headers == opened(nobody, "never").headers


def test_a_request_without_the_header_has_that_answer_too(nobody: Api) -> None:
    assert nobody.get("/v1/invitation").json == opened(nobody, "never").json


def test_what_is_no_token_is_not_looked_up(nobody: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    looked: list[str] = []
    monkeypatch.setattr(Invitations, "get", lambda _, account_id: looked.append(account_id))

    for token in ("", "x" * 10_000, UNKNOWN_ID, "ORG#org-one", "../ORG", f"{UNKNOWN_ID}{'g' * 64}"):
        assert opened(nobody, token).status == 404

    assert looked == []


# ---- who makes and withdraws them ----------------------------------------------------------------


def test_only_the_organizations_admins_make_and_withdraw_invitations(
    admin: Api, nobody: Api, account: dict[str, Any]
) -> None:
    token, path = invited(admin, account), f"/v1/accounts/{account['account_id']}/invitations"

    for who, status in (
        (Api("org-one", "viewer"), 403),
        (Api("org-one"), 403),
        (Api("org-two", "admin"), 404),
        (Api("org-two", "operator"), 404),
    ):
        assert who.post(path).status == status
        assert who.delete(path).status == status

    assert opened(nobody, token).status == 200


def test_who_reads_the_account_sees_until_when_its_link_is_good_and_never_the_link(
    admin: Api, account: dict[str, Any]
) -> None:
    path = f"/v1/accounts/{account['account_id']}/invitations"
    assert admin.get(path).json == {"items": [], "next_cursor": None}

    invited(admin, account)
    invited(admin, account)
    ends = (Clock.time + WEEK).isoformat().replace("+00:00", "Z")
    for who in (admin, Api("org-one", "viewer")):
        assert who.get(path).json == {"items": [{"expires_at": ends}], "next_cursor": None}
    for who in (Api("org-two", "admin"), Api("org-two", "operator")):
        assert who.get(path).status == 404


@pytest.mark.parametrize("end", [let_it_expire, withdraw])
def test_a_link_that_has_ended_is_not_listed(
    admin: Api, account: dict[str, Any], end: Callable[[Api, dict[str, Any], str], str]
) -> None:
    end(admin, account, invited(admin, account))
    listed = admin.get(f"/v1/accounts/{account['account_id']}/invitations")
    assert listed.json["items"] == []


def test_withdrawing_again_does_nothing_and_a_new_invitation_opens(
    admin: Api, nobody: Api, account: dict[str, Any]
) -> None:
    path = f"/v1/accounts/{account['account_id']}/invitations"
    invited(admin, account)
    for _ in range(2):
        assert admin.delete(path).status == 204
    actions = [each["action"] for each in admin.get("/v1/audit").json["items"]]

    assert actions == ["invitation_withdrawn", "invited", "created"]
    assert opened(nobody, invited(admin, account)).status == 200


def test_the_token_is_in_one_answer_only(
    admin: Api, nobody: Api, account: dict[str, Any], caplog: pytest.LogCaptureFixture
) -> None:
    token = invited(admin, account)
    secret = token.removeprefix(account["account_id"])
    shown = opened(nobody, token).text
    trail = admin.get("/v1/audit").text

    logged = str([vars(record) for record in caplog.records])
    for place in (shown, trail, str(items()), logged):
        assert secret not in place
    assert "'/v1/invitation'" in logged


def test_an_invitation_that_another_replaced_meanwhile_is_withdrawn_too(
    admin: Api, nobody: Api, account: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whoever withdraws wants no link to be left."""
    invited(admin, account)
    tokens: list[str] = []
    get = Invitations.get

    def then_replaced(self: Invitations, account_id: str) -> Any:
        found = get(self, account_id)
        if not tokens:
            tokens.append(invited(admin, account))
        return found

    monkeypatch.setattr(Invitations, "get", then_replaced)
    assert admin.delete(f"/v1/accounts/{account['account_id']}/invitations").status == 204

    assert opened(nobody, tokens[0]).status == 404
    assert wiring.invitations().get(account["account_id"]) is None
