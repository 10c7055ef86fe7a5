"""KMS: a seal opens only under its own encryption context, and policies can depend on contexts."""

from __future__ import annotations

from typing import Any

import pytest

from cavok.adapters.sealing import Sealer, credentials_context, session_context
from cavok.domain.errors import SealBroken
from tests.contract.place import Place

SECRET = {"access_key_id": "AKIAIOSFODNN7EXAMPLE"}
KEYS, SESSION = credentials_context("org", "account"), session_context("org", "account", "test")

_OPENS_SESSIONS = {"Null": {"kms:EncryptionContext:verification": "false"}}
_OPENS_KEYS = {
    "Null": {"kms:EncryptionContext:organization": "false"},
    "ForAllValues:StringEquals": {"kms:EncryptionContextKeys": ["organization", "account"]},
}


@pytest.fixture(scope="module")
def key(place: Place) -> str:
    kms = place.client("kms")
    arn: str = kms.create_key(Description=place.name("key"))["KeyMetadata"]["Arn"]
    place.later(kms.schedule_key_deletion, KeyId=arn, PendingWindowInDays=7)
    return arn


def test_a_seal_does_not_open_under_another_context(place: Place, key: str) -> None:
    sealer = Sealer(place.client("kms"), key)
    sealed = sealer.seal(SECRET, KEYS)
    assert sealer.open(sealed, KEYS) == SECRET
    with pytest.raises(SealBroken):
        sealer.open(sealed, credentials_context("org", "another"))


@pytest.mark.parametrize(
    ("condition", "opens", "refuses"),
    [(_OPENS_SESSIONS, SESSION, KEYS), (_OPENS_KEYS, KEYS, SESSION)],
    ids=["the probes' policy opens no key", "the entering policy opens no session"],
)
def test_a_policy_opens_the_seals_of_its_own_context_alone(
    place: Place, key: str, condition: Any, opens: dict[str, str], refuses: dict[str, str]
) -> None:
    """The two conditions are those of template.yaml. No session policy: the key is ours."""
    statement = {"Effect": "Allow", "Action": "kms:Decrypt", "Resource": key}
    policy = {"Version": "2012-10-17", "Statement": [{**statement, "Condition": condition}]}
    role = place.role(f"kms-{len(opens)}", policy)
    ours = Sealer(place.client("kms"), key)
    theirs = Sealer(place.client_of(role, "kms"), key)
    assert theirs.open(ours.seal(SECRET, opens), opens) == SECRET
    with pytest.raises(Exception, match="AccessDenied"):
        theirs.open(ours.seal(SECRET, refuses), refuses)
