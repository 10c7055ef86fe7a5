"""Names of sessions in customers' accounts, as AWS allows them."""

from __future__ import annotations

import re

import pytest
from ulid import ULID

from cavok.domain.kinds import Action
from cavok.domain.session_names import session_name

ALLOWED = re.compile(r"[\w+=,.@-]{2,64}", re.ASCII)
"""Source: AWS STS API Reference, AssumeRole, RoleSessionName."""


@pytest.mark.parametrize("purpose", [*Action, "test", "list", "look"])
def test_a_name_says_what_for_and_leads_to_the_interaction(purpose: str) -> None:
    interaction_id = str(ULID())

    name = session_name(purpose, interaction_id)

    assert name == f"cavok-{purpose}-{interaction_id}"
    assert ALLOWED.fullmatch(name)


def test_what_serves_many_has_the_purpose_alone() -> None:
    assert session_name("logs") == "cavok-logs"
