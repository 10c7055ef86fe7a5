"""Who a token says its caller is."""

from __future__ import annotations

from typing import Any

import pytest

from cavok.api.caller import Caller
from cavok.domain.actors import Actor, ActorKind
from cavok.domain.errors import Forbidden

CLAIMS = {
    "custom:organization": "northwind",
    "sub": "9f2d1c3e",
    "email": "a@b.c",
    "email_verified": "true",
}


def actor(**but: Any) -> Actor:
    claims = {name: value for name, value in (CLAIMS | but).items() if value is not None}
    return Caller.of_claims(claims).actor


def test_a_person_is_their_sub_with_the_verified_email_beside_it() -> None:
    assert actor() == Actor(kind=ActorKind.PERSON, sub="9f2d1c3e", email="a@b.c")
    assert actor().name == "a@b.c"


@pytest.mark.parametrize("verified", ["false", "", None])
def test_an_email_that_nobody_verified_names_nobody(verified: str | None) -> None:
    """An admin who renames himself `ceo@…` stays who he is."""
    renamed = actor(email="ceo@b.c", email_verified=verified)

    assert renamed == Actor(kind=ActorKind.PERSON, sub="9f2d1c3e")
    assert renamed.name == "9f2d1c3e"


@pytest.mark.parametrize("missing", ["sub", "custom:organization"])
def test_a_token_without_a_person_or_an_organization_is_refused(missing: str) -> None:
    with pytest.raises(Forbidden):
        actor(**{missing: None})
