"""Which accounts may be used, and what a refusal says."""

from __future__ import annotations

import pytest

from cavok.domain.errors import NotConnected, UseRevoked
from cavok.services.connections import require_connected
from tests.support.builders import NOW, an_account, confirmed


def test_a_refusal_says_that_a_person_revoked_the_account_and_what_ends_it() -> None:
    account = confirmed(an_account()).with_use_revoked(NOW)

    with pytest.raises(UseRevoked) as refused:
        require_connected(account)

    assert str(refused.value) == (
        f"A person revoked the use of the account {account.name}: press Test to use it again, and "
        "try again."
    )


def test_an_account_that_was_never_connected_is_sent_to_its_instructions() -> None:
    with pytest.raises(NotConnected, match="follow its Instructions"):
        require_connected(an_account())


def test_a_connected_account_may_be_used() -> None:
    require_connected(confirmed(an_account()))
