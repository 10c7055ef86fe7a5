"""Accounts over HTTP: connecting, reading, listing, changing, rotating keys, disconnecting."""

from __future__ import annotations

import base64
import json
from datetime import timedelta
from typing import Any

import pytest

from cavok import wiring
from cavok.adapters.sealing import Sealer
from cavok.adapters.table.accounts import Accounts
from cavok.api.conditions import etag
from cavok.api.router import Router
from cavok.domain.accounts import UNKNOWN_CAPABILITIES
from functions.accounts_api.app import app as accounts_api
from tests.support.api import (
    KEY_ACCOUNT,
    KEYS,
    ROLE_ACCOUNT,
    UNKNOWN_ID,
    Api,
    is_problem,
    number,
    served,
)
from tests.support.builders import (
    KEY_ID,
    NUMBER,
    ORGANIZATION_ID,
    SECRET_KEY,
    VERIFICATION_ID,
    WORKLOAD,
)
from tests.support.messages import STREAMS, matches
from tests.support.moto_stack import TABLE, Clock, Stream, client, items
from tests.support.template import resource
from tests.support.tenants import BODIES

OWNED = sorted(
    (method, path)
    for method, path in served(accounts_api)
    if path.startswith("/v1/accounts/{account_id}")
)
"""Every route of one account, of those that `accounts_api` serves."""


def at(route: str, account_id: str) -> str:
    """The path of a route of this account."""
    return route.format(account_id=account_id, verification_id=VERIFICATION_ID)


def test_a_new_account_is_unconfirmed_and_due_for_its_first_test(admin: Api) -> None:
    answer = admin.post("/v1/accounts", ROLE_ACCOUNT)

    account = answer.json
    assert answer.status == 201
    assert answer.headers["location"] == f"/v1/accounts/{account['account_id']}"
    assert answer.headers["etag"] == etag(account["version"], 1, testing=False)
    assert account == {
        "account_id": account["account_id"],
        "provider": "aws",
        "provider_id": NUMBER,
        "name": "Production1",
        "access_type": "assume_role",
        "role_arn": f"arn:aws:iam::{NUMBER}:role/CavokCloud",
        "role_path": "/",
        "access_key_id": None,
        "write_logs": True,
        "regions": ["us-east-1"],
        "enrollment_id": None,
        "status": "unconfirmed",
        "status_changes": [],
        "issues": [],
        "template": None,
        "capabilities": UNKNOWN_CAPABILITIES,
        "region_health": [],
        "verification": None,
        "testing": False,
        "next_verification_at": account["created_at"],
        "created_at": account["created_at"],
        "created_by": "ada@example.com",
        "updated_at": account["created_at"],
        "version": 1,
    }
    assert account["created_at"].endswith("Z")


def test_an_account_reads_as_it_was_created(admin: Api, viewer: Api) -> None:
    account = admin.account()

    answer = viewer.get(f"/v1/accounts/{account['account_id']}")

    assert (answer.status, answer.json) == (200, account)
    assert answer.headers["etag"] == etag(1, 1, testing=False)


def test_what_is_left_out_has_its_default(admin: Api) -> None:
    body = {k: v for k, v in ROLE_ACCOUNT.items() if k != "regions"}

    account = admin.post("/v1/accounts", body).json

    assert account["regions"] == ["us-east-1"]
    assert account["role_arn"].endswith(":role/CavokCloud")


def test_a_role_may_have_a_path(admin: Api) -> None:
    account = admin.account(role_path="/team/a.b/")

    assert account["role_arn"] == f"arn:aws:iam::{NUMBER}:role/team/a.b/CavokCloud"
    path = f"/v1/accounts/{account['account_id']}"
    assert admin.get(path).json["role_path"] == "/team/a.b/"
    assert admin.patch(path, {"role_path": "/"}).json["role_arn"].endswith(":role/CavokCloud")


def test_a_region_that_is_named_twice_counts_once(admin: Api) -> None:
    account = admin.account(regions=["eu-west-1", "us-east-1", "eu-west-1"])

    assert account["regions"] == ["eu-west-1", "us-east-1"]


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"provider": "gcp"}, "provider"),
        ({"provider_id": "12345678901"}, "provider_id"),
        ({"provider_id": "1234567890123"}, "provider_id"),
        ({"provider_id": "12345678901a"}, "provider_id"),
        ({"provider_id": "１２３４５６７８９０１２"}, "provider_id"),
        ({"provider_id": "123456789012\n"}, "provider_id"),
        ({"provider_id": 123456789012}, "provider_id"),
        ({"name": ""}, "name"),
        ({"name": "x" * 65}, "name"),
        ({"name": "with space"}, "name"),
        ({"name": "Müller"}, "name"),
        ({"name": "a\n"}, "name"),
        ({"name": 7}, "name"),
        ({"access_type": "password"}, "access_type"),
        ({"write_logs": "yes"}, "write_logs"),
        ({"write_logs": 1}, "write_logs"),
        ({"regions": []}, "regions"),
        ({"regions": ["us-east-1"] * 21}, "regions"),
        ({"regions": ["mars-north-1"]}, "regions"),
        ({"regions": "us-east-1"}, "regions"),
        ({"regions": [7]}, "regions"),
        ({"role_name": "Administrator"}, "role_name"),
        ({"role_name": "cavok"}, "role_name"),
        ({"role_name": "Cavok/../Admin"}, "role_name"),
        ({"role_name": "Cavok" + "x" * 60}, "role_name"),
        ({"role_name": "arn:aws:iam::123456789012:role/Cavok"}, "role_name"),
        ({"role_path": "team"}, "role_path"),
        ({"role_path": "/team"}, "role_path"),
        ({"role_path": "//"}, "role_path"),
        ({"role_path": "/*/"}, "role_path"),
        ({"role_path": "/${aws:username}/"}, "role_path"),
        ({"role_path": f"/{'x' * 63}/"}, "role_path"),
        ({"role_arn": "arn:aws:iam::123456789012:role/Cavok"}, "role_arn"),
        ({"external_id": "mine"}, "external_id"),
        ({"organization_id": "org-two"}, "organization_id"),
        ({"credentials": KEYS}, "credentials"),
        *(({name: None}, name) for name in (*ROLE_ACCOUNT, "role_name", "credentials")),
    ],
    ids=str,
)
def test_a_field_that_is_wrong_is_named(change: dict[str, Any], field: str, admin: Api) -> None:
    answer = admin.post("/v1/accounts", ROLE_ACCOUNT | change)

    assert is_problem(answer, 422)
    assert answer.fields == [field]
    assert all(error["message"] for error in answer.json["errors"])
    assert items() == []


@pytest.mark.parametrize("field", ["provider", "provider_id", "name", "access_type", "write_logs"])
def test_a_field_that_is_missing_is_named(field: str, admin: Api) -> None:
    answer = admin.post("/v1/accounts", {k: v for k, v in ROLE_ACCOUNT.items() if k != field})

    assert is_problem(answer, 422)
    assert answer.fields == [field]


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"credentials": None}, "credentials"),
        ({"role_name": "CavokCloud"}, "role_name"),
        ({"role_path": "/"}, "role_path"),
        ({"credentials": KEYS | {"access_key_id": "short"}}, "credentials.access_key_id"),
        (
            {"credentials": KEYS | {"access_key_id": "ASIAIOSFODNN7EXAMPLE"}},
            "credentials.access_key_id",
        ),
        ({"credentials": KEYS | {"secret_access_key": ""}}, "credentials.secret_access_key"),
        ({"credentials": KEYS | {"secret_access_key": None}}, "credentials.secret_access_key"),
        ({"credentials": KEYS | {"session_token": "x"}}, "credentials.session_token"),
        ({"credentials": {"access_key_id": KEY_ID}}, "credentials.secret_access_key"),
        ({"credentials": "AKIA"}, "credentials"),
    ],
    ids=str,
)
def test_a_field_of_an_access_key_that_is_wrong_is_named_and_nothing_of_it_comes_back(
    change: dict[str, Any], field: str, admin: Api
) -> None:
    answer = admin.post("/v1/accounts", KEY_ACCOUNT | change)

    assert is_problem(answer, 422)
    assert answer.fields == [field]
    assert SECRET_KEY not in answer.text
    assert KEY_ID not in answer.text


def test_access_keys_without_credentials_are_refused(admin: Api) -> None:
    body = {k: v for k, v in KEY_ACCOUNT.items() if k != "credentials"}

    assert admin.post("/v1/accounts", body).fields == ["credentials"]


def test_azure_is_coming_soon(admin: Api) -> None:
    answer = admin.post("/v1/accounts", ROLE_ACCOUNT | {"provider": "azure"})

    assert is_problem(answer, 422)
    (error,) = answer.json["errors"]
    assert error["field"] == "provider"
    assert "coming soon" in error["message"]


@pytest.mark.parametrize("body", ["{", "{'a': 1}", b"\xff\xfe{}", "nonsense"])
def test_a_body_that_is_not_json_is_a_bad_request(body: Any, admin: Api) -> None:
    assert is_problem(admin.post("/v1/accounts", body), 400)


@pytest.mark.parametrize("body", ["", "null", "[]", "7", '"text"', "{}"])
def test_json_that_is_not_an_account_is_unprocessable(body: str, admin: Api) -> None:
    answer = admin.post("/v1/accounts", body)

    assert is_problem(answer, 422)
    assert answer.fields


def test_a_body_of_another_type_is_a_bad_request(admin: Api) -> None:
    headers = {"content-type": "text/plain"}

    assert is_problem(admin.send("POST", "/v1/accounts", ROLE_ACCOUNT, headers), 415)


def test_a_number_is_connected_once_in_an_organization(admin: Api, other_admin: Api) -> None:
    admin.account()

    assert is_problem(admin.post("/v1/accounts", ROLE_ACCOUNT | {"name": "Again"}), 409)
    assert other_admin.account()["provider_id"] == NUMBER
    assert admin.get("/v1/organization").json["accounts"]["total"] == 1


def test_the_same_idempotency_key_answers_with_the_same_account(admin: Api) -> None:
    first = admin.post("/v1/accounts", ROLE_ACCOUNT, Idempotency_Key="abc")
    again = admin.post("/v1/accounts", ROLE_ACCOUNT, Idempotency_Key="abc")

    assert (first.status, again.status) == (201, 201)
    assert again.json == first.json
    assert again.headers["location"] == first.headers["location"]
    assert admin.get("/v1/organization").json["accounts"]["total"] == 1


def test_an_idempotency_key_is_good_for_one_body(admin: Api) -> None:
    admin.post("/v1/accounts", ROLE_ACCOUNT, Idempotency_Key="abc")
    other = ROLE_ACCOUNT | {"provider_id": number(1)}

    answer = admin.post("/v1/accounts", other, Idempotency_Key="abc")

    assert is_problem(answer, 422)
    assert answer.fields == ["Idempotency-Key"]
    assert admin.post("/v1/accounts", other, Idempotency_Key="def").status == 201


def test_an_idempotency_key_whose_account_was_deleted_says_so(admin: Api) -> None:
    first = admin.post("/v1/accounts", ROLE_ACCOUNT, Idempotency_Key="abc").json
    admin.delete(f"/v1/accounts/{first['account_id']}")

    answer = admin.post("/v1/accounts", ROLE_ACCOUNT, Idempotency_Key="abc")

    assert is_problem(answer, 409)
    assert "was deleted" in answer.json["detail"]


def test_an_idempotency_key_means_nothing_to_another_organization(
    admin: Api, other_admin: Api
) -> None:
    mine = admin.post("/v1/accounts", ROLE_ACCOUNT, Idempotency_Key="abc").json
    theirs = other_admin.post("/v1/accounts", ROLE_ACCOUNT, Idempotency_Key="abc").json

    assert mine["account_id"] != theirs["account_id"]


def test_an_idempotency_key_has_no_control_characters(admin: Api) -> None:
    """They separate the key from the other parts that are hashed with it. A client that could send
    one could choose the key of a schedule's turn.
    """
    for character in ("\0", "\x1f", "\x7f"):
        answer = admin.post(
            "/v1/accounts", ROLE_ACCOUNT, Idempotency_Key=f"schedule{character}turn"
        )

        assert is_problem(answer, 422)
        assert answer.fields == ["Idempotency-Key"]


def test_a_refused_create_may_be_corrected_under_the_same_idempotency_key(admin: Api) -> None:
    admin.account()
    conflict = admin.post("/v1/accounts", ROLE_ACCOUNT, Idempotency_Key="abc")
    other = ROLE_ACCOUNT | {"provider_id": number(1)}

    assert conflict.status == 409
    assert admin.post("/v1/accounts", other, Idempotency_Key="abc").status == 201


def test_an_idempotency_record_holds_no_secret_and_lapses(admin: Api) -> None:
    admin.post("/v1/accounts", KEY_ACCOUNT, Idempotency_Key="abc")

    (record,) = (item for item in items() if item["sk"].startswith("IDEMPOTENCY"))
    assert SECRET_KEY not in str(record)
    assert KEY_ID not in str(record)
    assert record["pk"] == "ORG#org-one"
    in_a_day = Clock.time + timedelta(days=1)
    assert abs(int(record["expires_at"]) - in_a_day.timestamp()) < 60


def test_an_idempotency_key_that_lapsed_is_a_new_one_though_its_item_is_still_there(
    admin: Api,
) -> None:
    """DynamoDB deletes an item up to two days after it expired."""
    first = admin.post("/v1/accounts", ROLE_ACCOUNT, Idempotency_Key="abc").json
    (record,) = (item for item in items() if item["sk"].startswith("IDEMPOTENCY"))
    client("dynamodb").update_item(
        TableName=TABLE,
        Key={name: {"S": record[name]} for name in ("pk", "sk")},
        UpdateExpression="SET expires_at = :now",
        ExpressionAttributeValues={":now": {"N": str(int(Clock.time.timestamp()))}},
    )
    other = ROLE_ACCOUNT | {"provider_id": number(1)}

    second = admin.post("/v1/accounts", other, Idempotency_Key="abc")

    assert second.status == 201
    assert second.json["account_id"] != first["account_id"]
    again = admin.post("/v1/accounts", other, Idempotency_Key="abc")
    assert again.json == second.json


def test_requests_with_one_idempotency_key_that_run_side_by_side_make_one_account(
    admin: Api, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = admin.post("/v1/accounts", KEY_ACCOUNT, Idempotency_Key="abc")
    _look_too_early(monkeypatch)

    second = admin.post("/v1/accounts", KEY_ACCOUNT, Idempotency_Key="abc")

    assert (first.status, second.status) == (201, 201)
    assert second.json == first.json
    assert admin.get("/v1/organization").json["accounts"]["total"] == 1


def test_a_key_that_is_used_side_by_side_with_another_body_is_refused(
    admin: Api, monkeypatch: pytest.MonkeyPatch
) -> None:
    admin.post("/v1/accounts", ROLE_ACCOUNT, Idempotency_Key="abc")
    _look_too_early(monkeypatch)
    other = ROLE_ACCOUNT | {"provider_id": number(1)}

    answer = admin.post("/v1/accounts", other, Idempotency_Key="abc")

    assert is_problem(answer, 422)
    assert answer.fields == ["Idempotency-Key"]
    assert admin.get("/v1/organization").json["accounts"]["total"] == 1


def _look_too_early(monkeypatch: pytest.MonkeyPatch) -> None:
    """The next request looks for its key before the request at its side wrote it."""
    look, looks = Accounts.made_by, iter("1")

    def early(*of: Any) -> Any:
        return None if next(looks, None) else look(*of)

    monkeypatch.setattr(Accounts, "made_by", early)


def test_only_the_last_four_characters_of_an_access_key_come_back(admin: Api) -> None:
    account = admin.account(**KEY_ACCOUNT)
    path = f"/v1/accounts/{account['account_id']}"

    assert account["access_key_id"] == KEY_ID[-4:]
    assert account["role_arn"] is None
    for answer in (admin.get(path), admin.get("/v1/accounts"), admin.get(f"{path}/instructions")):
        assert answer.status == 200
        assert KEY_ID not in answer.text
        assert SECRET_KEY not in answer.text


def test_an_access_key_is_in_the_table_only_under_its_seal(
    admin: Api, caplog: pytest.LogCaptureFixture
) -> None:
    admin.account(**KEY_ACCOUNT)

    assert SECRET_KEY not in str(items())
    assert KEY_ID not in str(items())
    assert SECRET_KEY not in caplog.text
    assert KEY_ID not in caplog.text


def test_what_is_left_of_a_replaced_or_deleted_access_key_is_sealed_and_no_function_gets_it(
    admin: Api,
) -> None:
    """The table's stream keeps the images for a day, and its backups for 35 days."""
    stream, other = Stream(), KEYS | {"secret_access_key": SECRET_KEY[::-1]}
    path = f"/v1/accounts/{admin.account(**KEY_ACCOUNT)['account_id']}"
    stream.look()
    assert admin.put(f"{path}/credentials", other).status == 204
    stream.look()
    assert admin.delete(path).status == 204
    stream.look()

    records = stream.new_records()
    for secret in (KEY_ID, SECRET_KEY, SECRET_KEY[::-1]):
        assert secret not in str(records)
    of_the_key = [r for r in records if r["dynamodb"]["Keys"]["sk"]["S"].startswith("CREDENTIALS#")]
    assert [record["eventName"] for record in of_the_key] == ["INSERT", "MODIFY", "REMOVE"]
    for mapping in STREAMS.values():
        for pattern in mapping["FilterCriteria"]["Filters"]:
            assert not [r for r in of_the_key if matches(json.loads(pattern["Pattern"]), r)]
    recovery = resource("Table")["PointInTimeRecoverySpecification"]
    assert recovery == {"PointInTimeRecoveryEnabled": True}, "35 days, says docs/defaults.md"


def test_an_access_key_is_sealed_for_its_organization_and_account_alone(admin: Api) -> None:
    account = admin.account(**KEY_ACCOUNT)
    (credentials,) = (item for item in items() if item["sk"].startswith("CREDENTIALS#"))
    blob = base64.b64decode(credentials["sealed"])
    kms = client("kms")

    context = {"organization": "org-one", "account": account["account_id"]}
    assert (
        SECRET_KEY.encode()
        in kms.decrypt(CiphertextBlob=blob, EncryptionContext=context)["Plaintext"]
    )
    for other in ({}, context | {"organization": "org-two"}, context | {"account": UNKNOWN_ID}):
        with pytest.raises(kms.exceptions.InvalidCiphertextException):
            kms.decrypt(CiphertextBlob=blob, EncryptionContext=other)


def test_a_rotated_key_replaces_the_old_one_and_makes_the_account_unconfirmed(
    admin: Api,
) -> None:
    account = admin.account(**KEY_ACCOUNT)
    path = f"/v1/accounts/{account['account_id']}"
    before = [item["sealed"] for item in items() if "sealed" in item]

    answer = admin.put(
        f"{path}/credentials",
        {"access_key_id": "AKIAIOSFODNN7ROTATED", "secret_access_key": "another"},
    )

    after = admin.get(path).json
    assert (answer.status, answer.text) == (204, "")
    assert after["access_key_id"] == "ATED"
    assert after["status"] == "unconfirmed"
    assert after["version"] == account["version"] + 1
    sealed = [item["sealed"] for item in items() if "sealed" in item]
    assert len(sealed) == 1
    assert sealed != before


def test_of_two_people_who_rotate_a_key_at_once_the_slower_one_is_told(
    admin: Api, monkeypatch: pytest.MonkeyPatch
) -> None:
    account = admin.account(**KEY_ACCOUNT)
    path = f"/v1/accounts/{account['account_id']}"
    faster = {"access_key_id": "AKIAIOSFODNN7FASTERX", "secret_access_key": "the faster one's"}
    seal, waiting = Sealer.seal, [faster]

    def seal_slowly(sealer: Sealer, secret: Any, context: Any) -> str:
        if waiting:
            assert admin.put(f"{path}/credentials", waiting.pop()).status == 204
        return seal(sealer, secret, context)

    monkeypatch.setattr(Sealer, "seal", seal_slowly)

    answer = admin.put(f"{path}/credentials", KEYS)

    assert is_problem(answer, 409)
    assert admin.get(path).json["access_key_id"] == "TERX"
    (sealed,) = (item["sealed"] for item in items() if "sealed" in item)
    context = {"organization": ORGANIZATION_ID, "account": account["account_id"]}
    assert wiring.sealer().open(sealed, context) == faster


def test_a_change_that_others_always_come_before_is_a_conflict(
    admin: Api, monkeypatch: pytest.MonkeyPatch
) -> None:
    account = admin.account()
    save = Accounts.save

    def after_another(accounts: Accounts, before: Any, after: Any, **more: Any) -> Any:
        current = accounts.get(ORGANIZATION_ID, account["account_id"])
        save(accounts, current, current)
        return save(accounts, before, after, **more)

    monkeypatch.setattr(Accounts, "save", after_another)

    answer = admin.patch(f"/v1/accounts/{account['account_id']}", {"name": "Other"})

    assert is_problem(answer, 409)
    assert admin.get(f"/v1/accounts/{account['account_id']}").json["name"] == account["name"]


def test_a_role_has_no_key_to_rotate(admin: Api) -> None:
    account = admin.account()

    assert is_problem(admin.put(f"/v1/accounts/{account['account_id']}/credentials", KEYS), 409)


def test_a_key_that_is_wrong_names_its_field(admin: Api) -> None:
    account = admin.account(**KEY_ACCOUNT)
    path = f"/v1/accounts/{account['account_id']}/credentials"

    assert admin.put(path, {"access_key_id": KEY_ID}).fields == ["secret_access_key"]
    assert admin.put(path, KEYS | {"name": "x"}).fields == ["name"]


@pytest.mark.parametrize(
    ("change", "seen"),
    [
        ({"name": "Renamed"}, {"name": "Renamed"}),
        ({"write_logs": False}, {"write_logs": False}),
        ({"regions": ["eu-west-1"]}, {"regions": ["eu-west-1"]}),
        ({"role_name": "CavokOther"}, {"role_arn": f"arn:aws:iam::{NUMBER}:role/CavokOther"}),
        (
            {"role_path": "/team/"},
            {"role_arn": f"arn:aws:iam::{NUMBER}:role/team/CavokCloud", "role_path": "/team/"},
        ),
    ],
)
def test_a_change_is_made_and_nothing_else_changes(
    change: dict[str, Any], seen: dict[str, Any], admin: Api
) -> None:
    before = admin.account()
    path = f"/v1/accounts/{before['account_id']}"

    answer = admin.patch(path, change)

    after = answer.json
    assert answer.status == 200
    assert answer.headers["etag"] == etag(2, 2, testing=False)
    moving = {"updated_at", "next_verification_at", "version"}
    assert {k: v for k, v in after.items() if before[k] != v and k not in moving} == seen
    assert admin.get(path).json == after


def test_a_change_that_changes_nothing_is_no_error(admin: Api) -> None:
    account = admin.account()
    path = f"/v1/accounts/{account['account_id']}"

    assert admin.patch(path, {}).status == 200
    assert admin.patch(path, {"name": account["name"]}).json["updated_at"] == account["updated_at"]


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"provider_id": number(1)}, "provider_id"),
        ({"access_type": "access_key"}, "access_type"),
        ({"status": "confirmed"}, "status"),
        ({"name": None}, "name"),
        ({"name": ""}, "name"),
        ({"regions": None}, "regions"),
        ({"regions": []}, "regions"),
        ({"write_logs": None}, "write_logs"),
        ({"role_name": "Admin"}, "role_name"),
        ({"credentials": KEYS}, "credentials"),
    ],
    ids=str,
)
def test_a_change_that_is_wrong_names_its_field(
    change: dict[str, Any], field: str, admin: Api
) -> None:
    account = admin.account()
    path = f"/v1/accounts/{account['account_id']}"

    answer = admin.patch(path, change)

    assert is_problem(answer, 422)
    assert answer.fields == [field]
    assert admin.get(path).json == account


@pytest.mark.parametrize("change", [{"role_name": "CavokOther"}, {"role_path": "/"}])
def test_a_user_has_no_role_to_change(change: dict[str, str], admin: Api) -> None:
    account = admin.account(**KEY_ACCOUNT)

    answer = admin.patch(f"/v1/accounts/{account['account_id']}", change)

    assert (answer.status, answer.fields) == (422, list(change))


def test_a_deleted_account_is_gone_with_its_secrets_and_its_number_is_free(admin: Api) -> None:
    account = admin.account(**KEY_ACCOUNT)
    path = f"/v1/accounts/{account['account_id']}"

    answer = admin.delete(path)

    assert (answer.status, answer.text) == (204, "")
    left = sorted(items(), key=lambda item: str(item["sk"]))
    kinds = [item["sk"].partition("#")[0] for item in left]
    assert kinds == ["AUDIT", "AUDIT", "DELETED", "ORG", "QUOTA"]
    assert [item["action"] for item in left[:2]] == ["created", "deleted"]
    assert all(secret not in str(left) for secret in (KEY_ID, SECRET_KEY))
    assert is_problem(admin.get(path), 404)
    assert admin.get("/v1/organization").json["accounts"]["total"] == 0
    assert admin.account()["provider_id"] == NUMBER


def test_a_delete_repeated_within_a_day_is_answered_alike_to_its_organization_alone(
    admin: Api, other_admin: Api, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = f"/v1/accounts/{admin.account()['account_id']}"
    admin.delete(path)
    before = items()

    again = admin.delete(path)

    assert (again.status, again.text) == (204, "")
    assert items() == before
    assert is_problem(other_admin.delete(path), 404)
    assert is_problem(admin.delete(f"/v1/accounts/{UNKNOWN_ID}"), 404)
    tomorrow = Clock.time + timedelta(days=1)
    monkeypatch.setattr(Router, "now", staticmethod(lambda: tomorrow))
    assert is_problem(admin.delete(path), 404)


@pytest.mark.parametrize(("method", "route"), OWNED)
def test_another_organizations_account_is_not_there(
    method: str, route: str, admin: Api, other_admin: Api
) -> None:
    account = admin.account(**KEY_ACCOUNT)
    path = at(route, account["account_id"])

    answer = other_admin.send(method, path, BODIES.get((method, route)))

    assert is_problem(answer, 404)
    assert admin.get(f"/v1/accounts/{account['account_id']}").json == account


@pytest.mark.parametrize(("method", "route"), OWNED)
@pytest.mark.parametrize("account_id", [UNKNOWN_ID, "nonsense", "ORG", "x" * 3000, "é", "a b"])
def test_an_account_that_does_not_exist_is_not_there(
    method: str, route: str, account_id: str, admin: Api
) -> None:
    answer = admin.send(method, at(route, account_id), BODIES.get((method, route)))

    assert is_problem(answer, 404)


WRITES = [("POST", "/v1/accounts"), *((m, r) for m, r in OWNED if m != "GET")]


@pytest.mark.parametrize(("method", "route"), WRITES)
def test_a_viewer_may_not_change_anything(method: str, route: str, viewer: Api, admin: Api) -> None:
    account = admin.account()
    before = items()

    answer = viewer.send(method, at(route, account["account_id"]), BODIES.get((method, route)))

    assert is_problem(answer, 403)
    assert items() == before


@pytest.mark.parametrize(
    ("method", "route"),
    [
        *WRITES,
        *((m, r) for m, r in OWNED if m == "GET"),
        ("GET", "/v1/organization"),
        ("GET", "/v1/accounts"),
    ],
)
@pytest.mark.parametrize("caller", [Api("", "admin"), Api("org-one", None), Api("org-one", "ops")])
def test_without_an_organization_or_a_group_everything_is_forbidden(
    method: str, route: str, caller: Api
) -> None:
    answer = caller.send(method, at(route, UNKNOWN_ID), BODIES.get((method, route)))

    assert is_problem(answer, 403)
    assert items() == []


@pytest.mark.parametrize(("method", "route"), [*WRITES, ("GET", "/v1/organization")])
def test_a_route_that_the_gateway_let_through_without_a_token_is_forbidden_all_the_same(
    method: str, route: str, nobody: Api
) -> None:
    answer = nobody.send(method, at(route, UNKNOWN_ID), BODIES.get((method, route)))

    assert is_problem(answer, 403)


def test_an_organization_in_the_request_counts_for_nothing(admin: Api, other_admin: Api) -> None:
    account = admin.account()
    path = f"/v1/accounts/{account['account_id']}"

    answer = other_admin.get(path, headers={"x-organization": "org-one"})
    asked = other_admin.get(path, organization_id="org-one")

    assert (answer.status, asked.status, asked.fields) == (404, 422, ["organization_id"])


def test_an_operator_is_an_admin(operator: Api) -> None:
    assert operator.account()["status"] == "unconfirmed"


@pytest.mark.parametrize(
    "value", ["[" * 33 + "]" * 33, "9" * 5_000, f'"{"x" * 70_000}"'], ids="abc"
)
def test_a_body_that_would_crash_the_reading_is_a_bad_request(admin: Api, value: str) -> None:
    answer = admin.send("POST", "/v1/accounts", f'{{"name": {value}}}')

    assert is_problem(answer, 400)


def test_the_account_in_which_cavok_runs_is_refused(admin: Api) -> None:
    answer = admin.post("/v1/accounts", ROLE_ACCOUNT | {"provider_id": WORKLOAD})

    assert (answer.status, answer.fields) == (422, ["provider_id"])


@pytest.mark.parametrize(
    ("but", "says"),
    [
        ({"colour": "red"}, "There is no field colour here."),
        ({"name": 1}, "name is a text."),
        ({"write_logs": "yes"}, "write_logs is true or false."),
        ({"regions": "us-east-1"}, "regions is a list."),
        ({"regions": []}, "regions is too short: at least 1."),
        ({"regions": ["us-east-1"] * 21}, "regions has at most 20 entries."),
        ({"regions": [1, 2]}, "Each entry of regions is a text."),
        ({"name": None}, "name is required."),
        (
            {"role_path": None},
            "role_path is null. Give a value, or leave the field out.",
        ),
        ({"": 1}, 'There is no field "" here.'),
        ({"provider": "x"}, "provider is aws."),
        ({"role_path": f"/{'a' * 64}/"}, "role_path has at most 64 characters."),
        ({"access_type": "x"}, "access_type is one of 'assume_role' or 'access_key'."),
        ({"credentials": 1}, "credentials is a JSON object."),
        (
            {"credentials": {"access_key_id": KEY_ID, "secret_access_key": "a" * 129}},
            "credentials.secret_access_key has at most 128 characters.",
        ),
        (
            {"credentials": {"access_key_id": KEY_ID}},
            "credentials.secret_access_key is required.",
        ),
    ],
)
def test_what_is_wrong_with_a_field_is_one_sentence_that_names_it(
    but: dict[str, Any], says: str, admin: Api
) -> None:
    answer = admin.post("/v1/accounts", ROLE_ACCOUNT | but)

    (error,) = answer.json["errors"]
    assert (answer.status, error["message"]) == (422, says)
    assert error["field"] in says
