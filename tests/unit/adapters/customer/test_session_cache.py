"""Customers' sessions in a warm function: never anybody else's, never an expired one."""

from __future__ import annotations

from datetime import datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from cavok.adapters.customer.session import Credentials, CustomerSession
from cavok.adapters.customer.session_cache import LIFETIME, SessionCache, SessionLimits
from tests.support.builders import NOW, an_account

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
