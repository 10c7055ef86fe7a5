"""Customers' sessions in a warm function: never anybody else's, never an expired one."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cavok.adapters.customer.session import Credentials, CustomerSession
from cavok.adapters.customer.session_cache import SessionCache, SessionLimits
from cavok.domain.accounts import Account
from cavok.domain.errors import EntryRefused
from cavok.domain.session_policies import LIFETIME
from tests.support.builders import NOW, an_account, an_account_with_keys

REQUESTS = st.tuples(
    st.sampled_from(["org-one", "org-two"]),
    st.sampled_from(["01A", "01B"]),
    st.integers(1, 3),
    st.sampled_from(["look", "stop i-1", "stop i-2"]),
    st.integers(0, 700),
)


@given(st.lists(REQUESTS, max_size=60))
def test_whatever_is_asked_in_whatever_order_a_session_is_ones_own_and_alive(
    requests: list[tuple[str, str, int, str, int]],
) -> None:
    cache, now = SessionCache(), NOW
    for organization_id, account_id, revision, policy, seconds in requests:
        now += timedelta(seconds=seconds)
        account = an_account(
            organization_id=organization_id, account_id=account_id, connection_revision=revision
        )
        owner = f"{organization_id}/{account_id}/{revision}/{policy}"

        limits = SessionLimits(policy, f"cavok-{policy}")
        session = cache.get(account, limits, now, lambda o=owner, t=now: opened(o, t))  # type: ignore[misc]

        whose, since = session.credentials.access_key_id.split("@")
        assert whose == owner
        assert now < datetime.fromisoformat(since) + LIFETIME


def opened(owner: str, now: datetime) -> CustomerSession:
    return CustomerSession(
        account_number="123456789012",
        region="us-east-1",
        role_name=None,
        credentials=Credentials(f"{owner}@{now.isoformat()}", "secret"),
    )


KEYS = SessionLimits("", "")
"""An access key's session is its key, as plain text."""


def keys_in(cache: SessionCache) -> list[str]:
    return [session.credentials.access_key_id for session, _ in cache._kept.values()]


@pytest.mark.parametrize("use", [SessionCache.get, SessionCache.renew])
def test_a_process_keeps_no_access_key_that_was_replaced(use: Any) -> None:
    cache, account = SessionCache(), an_account_with_keys()
    cache.get(account, KEYS, NOW, lambda: opened("old", NOW))
    rotated = account.reconnected(NOW, access_key_id_ending="NEWK")

    use(cache, rotated, KEYS, NOW, lambda: opened("new", NOW))

    assert [key.partition("@")[0] for key in keys_in(cache)] == ["new"]


def test_a_process_keeps_no_access_key_of_a_deleted_account_past_its_time() -> None:
    """Nobody asks for it again, but for others'."""
    cache, deleted = SessionCache(), an_account_with_keys()
    cache.get(deleted, KEYS, NOW, lambda: opened("deleted", NOW))
    other = replace(deleted, account_id="01JN8Q5M3C0000000000000002")
    cache.get(other, KEYS, NOW + timedelta(seconds=1), lambda: opened("other", NOW))

    cache.get(other, KEYS, NOW + LIFETIME, lambda: opened("other", NOW + LIFETIME))

    assert [key.partition("@")[0] for key in keys_in(cache)] == ["other"]


LOGS = SessionLimits("{}", "cavok-logs")


def entries(cache: SessionCache, account: Account, *, refused: bool) -> int:
    """How often the account is entered if somebody asks for it now."""
    entered: list[int] = []

    def enter() -> CustomerSession:
        entered.append(1)
        if refused:
            raise EntryRefused("AccessDenied: no.")
        return opened("theirs", NOW)

    try:
        cache.get(account, LOGS, NOW, enter)
    except EntryRefused:
        assert refused
    return len(entered)


@pytest.mark.parametrize("refused", [False, True])
def test_one_organization_drives_out_no_other_from_the_sessions_that_a_process_keeps(
    refused: bool,
) -> None:
    cache, theirs = SessionCache(), an_account(organization_id="org-two")
    assert entries(cache, theirs, refused=refused) == 1

    for n in range(1001):
        mine = an_account(account_id=f"01JN8Q5M3C{n:016}")
        entries(cache, mine, refused=refused)

    assert entries(cache, theirs, refused=refused) == 0
    assert entries(cache, mine, refused=refused) == 0, "its oldest went"
    assert len(cache._kept) + len(cache._refused) == 500
