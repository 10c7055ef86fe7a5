"""What `test_interleaved_operations.py` cannot see of an account: which one a repeated request
gets, and which access key is sealed. Each request comes between every two AWS calls of the other.
"""

from __future__ import annotations

from typing import Any

import pytest

from cavok import wiring
from cavok.adapters.sealing import credentials_context
from tests.support.api import KEY_ACCOUNT, KEYS, Api, number
from tests.support.builders import ORGANIZATION_ID
from tests.support.interleaving import interleavings, snapshot

ADMIN = Api(ORGANIZATION_ID, "admin")
OTHER_KEYS = {"access_key_id": "AKIAIOSFODNN7OTHERKY", "secret_access_key": "the other one's"}
NEW = KEY_ACCOUNT | {"provider_id": number(1), "name": "New"}


@pytest.fixture(autouse=True)
def _no_waits(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("time.sleep", lambda seconds: None)


@pytest.mark.parametrize(
    ("keys", "statuses"), [(("one", "one"), [201, 201]), (("one", "two"), [201, 409])]
)
def test_a_number_is_connected_once_and_its_idempotency_key_gets_that_account(
    keys: tuple[str, str], statuses: list[int]
) -> None:
    first, second = (
        lambda key=key: ADMIN.post("/v1/accounts", NEW, Idempotency_Key=key) for key in keys
    )
    for run in interleavings(snapshot(), first, second):
        answers: list[Any] = [run.first.value, run.second.value]
        assert sorted(answer.status for answer in answers) == statuses, run.at
        ids = {answer.json["account_id"] for answer in answers if answer.status == 201}
        assert len(ids) == 1, run.at


def test_the_access_key_that_is_sealed_is_the_one_that_was_set_and_is_shown() -> None:
    account_id = ADMIN.account(**KEY_ACCOUNT)["account_id"]
    path = f"/v1/accounts/{account_id}"
    first, second = (
        lambda key=key: ADMIN.put(f"{path}/credentials", key) for key in (KEYS, OTHER_KEYS)
    )
    for run in interleavings(snapshot(), first, second):
        statuses: list[Any] = [run.first.value.status, run.second.value.status]  # type: ignore[attr-defined]
        account = wiring.accounts().get(ORGANIZATION_ID, account_id)
        sealed = wiring.accounts().sealed_credentials(account)
        assert sealed
        context = credentials_context(ORGANIZATION_ID, account_id)
        key = wiring.sealer().open(sealed, context)

        assert key["access_key_id"].endswith(str(account.access_key_id_ending)), run.at
        if statuses == [204, 409]:
            assert key == KEYS, run.at
        elif statuses == [409, 204]:
            assert key == OTHER_KEYS, run.at
        else:
            assert statuses == [204, 204], run.at
            assert account.connection_revision == 3, run.at
