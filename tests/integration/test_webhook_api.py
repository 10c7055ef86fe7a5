"""The webhook over HTTP: setting it, its secret, removing it."""

from __future__ import annotations

import json
from typing import Any

import pytest
from standardwebhooks import Webhook

from cavok import wiring
from cavok.services.webhooks import deliver
from tests.support.api import Api, is_problem
from tests.support.builders import NOW, ORGANIZATION_ID

PATH = "/v1/organization/webhook"
SETTINGS = {"url": "https://hooks.example.com/in", "events": ["Account Failed"]}
EVENT = {
    "detail-type": "Account Failed",
    "detail": {
        "event_id": "e-1",
        "organization_id": ORGANIZATION_ID,
        "account_id": "a",
        "occurred_at": "2025-03-01T12:00:00Z",
    },
}


@pytest.fixture(autouse=True)
def _no_loopback(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ALLOW_LOOPBACK_WEBHOOKS", "false")


class Receiver:
    """Keeps the last message as it came."""

    def __init__(self) -> None:
        self.body, self.headers = b"", dict[str, str]()

    def post(self, url: Any, body: bytes, headers: dict[str, str]) -> int:
        self.body, self.headers = body, headers
        return 200

    def is_signed_with(self, secret: str) -> bool:
        verifier = Webhook(secret)
        try:
            signature = verifier.sign(self.headers["webhook-id"], NOW, self.body.decode())
        except ValueError:
            return False
        return signature == self.headers["webhook-signature"]


def delivered() -> Receiver:
    receiver = Receiver()
    deliver(
        EVENT,
        webhooks=wiring.webhooks(),
        sealer=wiring.sealer(),
        client=receiver,  # type: ignore[arg-type]
        allow_loopback=False,
        now=NOW,
    )
    return receiver


def test_the_secret_is_shown_once_and_signs_each_message(admin: Api, viewer: Api) -> None:
    made = admin.put(PATH, SETTINGS).json

    assert made["secret"].startswith("whsec_")
    assert viewer.get(PATH).json == made | {"secret": None}
    assert delivered().is_signed_with(made["secret"])


def test_9_3_4_setting_the_webhook_is_201_if_there_was_none_and_200_if_there_was(
    admin: Api,
) -> None:
    """RFC 9110, 9.3.4. A new secret is no new webhook."""
    bodies = [SETTINGS, SETTINGS, SETTINGS | {"rotate_secret": True}]
    answers = [admin.put(PATH, body) for body in bodies]

    assert [answer.status for answer in answers] == [201, 200, 200]
    assert [answer.json["secret"] is None for answer in answers] == [False, True, False]
    admin.delete(PATH)
    assert admin.put(PATH, SETTINGS).status == 201


def test_a_change_keeps_the_secret_and_does_not_show_it(admin: Api) -> None:
    first = admin.put(PATH, SETTINGS).json
    other = {"url": "https://hooks.example.com/other", "events": ["Account Created"] * 2}

    changed = admin.put(PATH, other | {"events": [*other["events"], "Account Failed"]}).json

    assert changed["secret"] is None
    assert changed["url"] == other["url"]
    assert changed["events"] == ["Account Created", "Account Failed"]
    assert changed["created_at"] == first["created_at"]
    assert delivered().is_signed_with(first["secret"])


def test_a_rotated_secret_is_shown_and_the_old_one_signs_no_more(admin: Api) -> None:
    first = admin.put(PATH, SETTINGS).json

    rotated = admin.put(PATH, SETTINGS | {"rotate_secret": True}).json

    assert rotated["secret"].startswith("whsec_")
    assert rotated["secret"] != first["secret"]
    assert rotated["created_at"] == first["created_at"]
    assert delivered().is_signed_with(rotated["secret"])
    assert not delivered().is_signed_with(first["secret"])


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"url": "https://user:secret@example.com/"}, "url"),
        ({"url": "https://user@example.com/"}, "url"),
        ({"url": "https://:secret@example.com/"}, "url"),
        ({"url": "http://hooks.example.com/"}, "url"),
        ({"url": "https://10.0.0.1/"}, "url"),
        ({"events": []}, "events"),
        ({"events": ["Account Exploded"]}, "events"),
        ({"rotate_secret": None}, "rotate_secret"),
        ({"rotate_secret": "yes"}, "rotate_secret"),
        ({"secret": "mine"}, "secret"),
    ],
    ids=json.dumps,
)
def test_a_setting_that_is_wrong_is_named_and_nothing_is_set(
    change: dict[str, Any], field: str, admin: Api
) -> None:
    answer = admin.put(PATH, SETTINGS | change)

    assert is_problem(answer, 422)
    assert answer.fields == [field]
    assert is_problem(admin.get(PATH), 404)


def test_a_removed_webhook_is_gone_with_its_secret(admin: Api) -> None:
    first = admin.put(PATH, SETTINGS).json

    assert [admin.delete(PATH).status for _ in range(2)] == [204, 204]

    assert is_problem(admin.get(PATH), 404)
    assert delivered().headers == {}
    assert admin.put(PATH, SETTINGS).json["secret"] != first["secret"]


def test_a_webhook_is_of_one_organization(admin: Api, other_admin: Api) -> None:
    admin.put(PATH, SETTINGS)

    assert is_problem(other_admin.get(PATH), 404)
