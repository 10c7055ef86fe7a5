"""No secret that went in is found anywhere: not in a state, a log line, an item, the stream, or an
answer.
"""

from __future__ import annotations

import base64
import json
import re
import zlib
from typing import Any
from urllib.parse import quote

import pytest

from local import aws
from local.stack import Stack
from tests.support import inspection
from tests.support.http import answer
from tests.support.journeys import Journey, Journeys
from tests.support.organizations import Organization

TEMPORARY_KEY_ID = re.compile(r"ASIA[A-Z0-9]{12,}")
"""Those of the sessions too that a test opens and throws away, and nobody else ever sees."""


@pytest.fixture(scope="module")
def journeys(journeys_of_all: Journeys) -> list[Journey]:
    return list(journeys_of_all.values())


def text_of(value: Any) -> str:
    """A value with its binaries unpacked, as text to search in."""

    def readable(binary: object) -> str:
        if not isinstance(binary, bytes):
            return str(binary)
        try:
            return zlib.decompress(binary).decode()
        except zlib.error:
            return binary.decode("latin-1")

    return json.dumps(value, default=readable, ensure_ascii=False)


@pytest.fixture(scope="module")
def places_to_look(
    stack: Stack, journeys: list[Journey], organization: Organization
) -> dict[str, str]:
    """All text that the stack holds and shows, by where it was found."""
    ids = [journey.verification["verification_id"] for journey in journeys]
    executions = [
        [inspection.execution(stack, verification_id), inspection.history(stack, verification_id)]
        for verification_id in ids
    ]
    shown = [
        answer(organization.operator.get(f"{journey.connected.path}{path}"))
        for journey in journeys
        for path in ("", "/verifications", "/instructions")
    ]
    return {
        "executions": text_of(executions),
        "logs": text_of(inspection.log_lines(stack)),
        "items": text_of(inspection.items(stack)),
        "stream": text_of(inspection.stream_records(stack)),
        "answers": text_of(shown),
    }


def sealed_session(stack: Stack, journey: Journey) -> str:
    """What OpenSession handed on, as it stands in the execution's history."""
    outputs = [
        json.loads(event["stateExitedEventDetails"]["output"])
        for event in inspection.history(stack, journey.verification["verification_id"])
        if event.get("stateExitedEventDetails", {}).get("name") == "OpenSession"
    ]
    return str(outputs[0]["session"])


def opened(stack: Stack, organization: Organization, journey: Journey) -> dict[str, str]:
    """A sealed session in plain, with the rights of the account's root, who may open everything."""
    plain = aws.client("kms", stack.emulator_url).decrypt(
        CiphertextBlob=base64.b64decode(sealed_session(stack, journey)),
        EncryptionContext={
            "organization": organization.name,
            "account": journey.connected.account_id,
            "verification": journey.verification["verification_id"],
        },
    )["Plaintext"]
    credentials: dict[str, str] = json.loads(plain)["credentials"]
    return credentials


def forms_of(secret: str) -> set[str]:
    """A secret as it might stand in a text: plain, in an address, and in base64."""
    return {
        secret,
        quote(secret, safe=""),
        base64.b64encode(secret.encode()).decode().rstrip("=")[:-1],
    }


def test_the_places_hold_what_they_should(
    places_to_look: dict[str, str], journeys: list[Journey]
) -> None:
    assert len(journeys) >= 12
    for journey in journeys:
        for place, text in places_to_look.items():
            assert journey.verification["verification_id"] in text, place


def test_no_access_key_is_found_anywhere(
    stack: Stack, places_to_look: dict[str, str], journeys: list[Journey]
) -> None:
    entered_with_keys = [journey for journey in journeys if journey.prepared.credentials]
    assert len(entered_with_keys) == 3

    for journey in entered_with_keys:
        key = journey.prepared.credentials or {}
        assert journey.account["access_key_id"] == key["access_key_id"][-4:]
        for secret in key.values():
            for form in forms_of(secret):
                for place, text in places_to_look.items():
                    assert form not in text, place


def test_no_temporary_credential_is_found_anywhere(
    stack: Stack,
    organization: Organization,
    places_to_look: dict[str, str],
    journeys: list[Journey],
) -> None:
    entered = [journey for journey in journeys if journey.customer.change is None]
    sessions = [
        opened(stack, organization, journey)
        for journey in entered
        if journey.account["status"] == "confirmed"
    ]
    tokens = [session["session_token"] for session in sessions if session["session_token"]]
    assert len(tokens) >= 2
    assert all(TEMPORARY_KEY_ID.match(s["access_key_id"]) for s in sessions if s["session_token"])

    for session in sessions:
        for secret in filter(None, session.values()):
            for form in forms_of(secret):
                for place, text in places_to_look.items():
                    assert form not in text, place


def test_no_temporary_key_of_any_kind_is_found_anywhere(places_to_look: dict[str, str]) -> None:
    # A presigned address names the key of ours that signed it, and is good for nothing else.
    presigned = re.compile(r"X-Amz-Credential(=|%3D)ASIA[A-Z0-9]+")
    for place, text in places_to_look.items():
        assert not TEMPORARY_KEY_ID.search(presigned.sub("", text)), place


def test_a_seal_opens_for_its_own_test_alone(
    stack: Stack, organization: Organization, journeys_of_all: Journeys
) -> None:
    journey, other = journeys_of_all["all-permissions"], journeys_of_all["ec2-only"]
    kms = aws.client("kms", stack.emulator_url)
    blob = base64.b64decode(sealed_session(stack, journey))
    context = {
        "organization": organization.name,
        "account": journey.connected.account_id,
        "verification": other.verification["verification_id"],
    }

    with pytest.raises(kms.exceptions.InvalidCiphertextException):
        kms.decrypt(CiphertextBlob=blob, EncryptionContext=context)
