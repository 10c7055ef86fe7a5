"""Customers' sessions in a warm function: never anybody else's, never a dead one."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cavok.adapters.customer.session import Credentials, CustomerSession
from cavok.adapters.customer.sessions import LIFETIME, CustomerSessions, SessionCache
from cavok.domain.access_denied import Reason
from cavok.domain.accounts import Account
from cavok.domain.errors import EntryInconclusive, EntryRefused
from cavok.domain.organizations import Organization
from cavok.domain.session_policies import listing_policy, logging_policy
from cavok.domain.steps import ALLOWED, Judgement, Verdict
from tests.unit.builders import (
    EXTERNAL_ID,
    KEY_ID,
    NOW,
    SECRET_KEY,
    an_account,
    an_account_with_keys,
    judged,
)

ASKED = st.tuples(
    st.sampled_from(["org-one", "org-two"]),
    st.sampled_from(["01A", "01B"]),
    st.integers(1, 3),
    st.sampled_from(["look", "stop i-1", "stop i-2"]),
    st.integers(0, 700),
)


@given(st.lists(ASKED, max_size=60))
def test_whatever_is_asked_in_whatever_order_a_session_is_ones_own_and_alive(
    asked: list[tuple[str, str, int, str, int]],
) -> None:
    cache, now = SessionCache(), NOW
    for organization_id, account_id, revision, policy, seconds in asked:
        now += timedelta(seconds=seconds)
        account = an_account(
            organization_id=organization_id, account_id=account_id, connection_revision=revision
        )
        owner = f"{organization_id}/{account_id}/{revision}/{policy}"

        session = cache.get(account, policy, now, lambda o=owner, t=now: entered(o, t))  # type: ignore[misc]

        whose, since = session.credentials.access_key_id.split("@")
        assert whose == owner
        assert now < datetime.fromisoformat(since) + LIFETIME


def entered(owner: str, now: datetime) -> tuple[CustomerSession, datetime]:
    credentials = Credentials(f"{owner}@{now.isoformat()}", "secret")
    session = CustomerSession(
        account_number="123456789012", region="us-east-1", role_name=None, credentials=credentials
    )
    return session, now + LIFETIME


class Doors:
    """Accounts, Entry and Sealer as far as entering needs them; counts each way in."""

    def __init__(self, judgement: Judgement = ALLOWED) -> None:
        self.judgement = judgement
        self.assumed: list[tuple[str, str, str | None, str]] = []
        self.opened: list[dict[str, str]] = []
        self.sessions = CustomerSessions(
            self,  # type: ignore[arg-type]
            lambda: self,  # type: ignore[arg-type, return-value]
            lambda: self,  # type: ignore[arg-type, return-value]
        )

    def organization(self, organization_id: str) -> Organization:
        return Organization(organization_id, EXTERNAL_ID, {})

    def sealed_credentials(self, account: Account) -> str:
        return f"sealed for {account.account_id}"

    def assume(
        self, account: Account, session_name: str, external_id: str | None, policy: str
    ) -> tuple[Judgement, CustomerSession | None]:
        self.assumed.append((account.account_id, session_name, external_id, policy))
        allowed = self.judgement.verdict is Verdict.ALLOWED
        return self.judgement, entered("role", NOW)[0] if allowed else None

    def open(self, sealed: str, context: dict[str, str]) -> dict[str, Any]:
        self.opened.append(context)
        return {"access_key_id": KEY_ID, "secret_access_key": SECRET_KEY}


def test_a_role_is_assumed_once_for_a_purpose_with_the_external_id_and_the_policy() -> None:
    doors, account = Doors(), an_account()

    for _ in range(3):
        doors.sessions.enter(account, listing_policy(), "instances", NOW)
    doors.sessions.enter(account, logging_policy(), "logs", NOW)

    assert [call[1:3] for call in doors.assumed] == [
        ("cavok-instances", EXTERNAL_ID),
        ("cavok-logs", EXTERNAL_ID),
    ]
    assert "ec2:DescribeInstances" in doors.assumed[0][3]
    assert "ec2:DescribeInstances" not in doors.assumed[1][3]


def test_a_session_is_renewed_before_it_dies() -> None:
    doors, account = Doors(), an_account()

    doors.sessions.enter(account, listing_policy(), "instances", NOW)
    doors.sessions.enter(account, listing_policy(), "instances", NOW + LIFETIME / 2)
    doors.sessions.enter(account, listing_policy(), "instances", NOW + LIFETIME * 0.95)

    assert len(doors.assumed) == 2


def test_a_stored_key_is_opened_under_its_own_organization_and_account() -> None:
    doors, account = Doors(), an_account_with_keys()

    session = doors.sessions.enter(account, listing_policy(), "instances", NOW)

    assert session.credentials.access_key_id == KEY_ID
    assert doors.opened == [
        {"organization": account.organization_id, "account": account.account_id}
    ]
    assert doors.assumed == []


def test_a_rotated_key_is_opened_anew() -> None:
    doors, account = Doors(), an_account_with_keys()

    doors.sessions.enter(account, listing_policy(), "instances", NOW)
    doors.sessions.enter(
        account.reconnected(NOW, access_key_id_ending="ABCD"), listing_policy(), "instances", NOW
    )

    assert len(doors.opened) == 2


@pytest.mark.parametrize(
    ("judgement", "error"),
    [
        (judged(Verdict.DENIED, Reason.UNSTATED, error_code="AccessDenied"), EntryRefused),
        (judged(Verdict.INCONCLUSIVE, Reason.ERROR, error_code="Throttling"), EntryInconclusive),
    ],
    ids=["refused", "inconclusive"],
)
def test_a_way_that_is_closed_is_told_from_one_that_did_not_answer_and_neither_is_kept(
    judgement: Judgement, error: type[Exception]
) -> None:
    doors = Doors(judgement)

    for _ in range(2):
        with pytest.raises(error, match=str(judgement.error_code)):
            doors.sessions.enter(an_account(), listing_policy(), "instances", NOW)

    assert len(doors.assumed) == 2
