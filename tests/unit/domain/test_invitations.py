"""An invitation opens with its own token, until it expires."""

from __future__ import annotations

import re
from datetime import timedelta

import pytest

from cavok.domain.invitations import Invitation, account_id_of, page_of
from tests.support.builders import ACCOUNT_ID, NOW, ORGANIZATION_ID, an_account

TOKEN, INVITATION = Invitation.new(an_account(), NOW)


def test_a_token_opens_its_invitation_for_seven_days() -> None:
    week = timedelta(days=7)

    assert INVITATION.expires_at == NOW + week
    assert INVITATION.opens_with(TOKEN, NOW + week - timedelta(seconds=1))
    assert not INVITATION.opens_with(TOKEN, NOW + week)


def test_an_invitation_does_not_hold_its_token() -> None:
    assert (INVITATION.organization_id, INVITATION.account_id) == (ORGANIZATION_ID, ACCOUNT_ID)
    assert TOKEN not in repr(INVITATION)
    assert TOKEN.removeprefix(ACCOUNT_ID) not in repr(INVITATION)


def test_tokens_have_256_random_bits() -> None:
    tokens = {Invitation.new(an_account(), NOW)[0] for _ in range(100)}

    assert len(tokens) == 100
    assert {len(each.removeprefix(ACCOUNT_ID)) for each in tokens} == {64}
    for place in range(64):  # none of them is the same in all
        assert len({each[len(ACCOUNT_ID) + place] for each in tokens}) > 4


@pytest.mark.parametrize(
    "other",
    [
        TOKEN[:-1],
        f"{TOKEN}0",
        TOKEN[:-1] + ("0" if TOKEN[-1] != "0" else "1"),
        ACCOUNT_ID,
        ACCOUNT_ID + "0" * 64,
        TOKEN.upper(),
        "",
        INVITATION.digest,
        "é",
    ],
    # The token is another one in each process.
    ids=["shorter", "longer", "other", "account", "zeros", "upper", "empty", "digest", "letter"],
)
def test_nothing_else_opens_it(other: str) -> None:
    assert not INVITATION.opens_with(other, NOW)


def test_a_token_names_its_account_and_malformed_ones_name_none() -> None:
    assert account_id_of(TOKEN) == ACCOUNT_ID
    for other in ("", "x", ACCOUNT_ID, TOKEN[:-1], f"{TOKEN}0", f"{TOKEN}\n", TOKEN.upper()):
        assert account_id_of(other) is None


def test_the_token_is_in_the_fragment_of_the_page_in_letters_and_digits() -> None:
    """No server and no Referer gets it, and no mail program cuts it off."""
    path, _, fragment = page_of(TOKEN).partition("#")

    assert path == "./"
    assert fragment == f"/invitation/{TOKEN}"
    assert re.fullmatch("[0-9A-Za-z]{90}", TOKEN)
