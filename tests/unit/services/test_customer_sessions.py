"""Entering an account to use its connection: through the role or with the stored key, and only as
often as needed.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import pytest

from cavok.adapters.customer.session import CustomerSession
from cavok.domain.access_denied import Reason
from cavok.domain.accounts import Account
from cavok.domain.actors import SCHEDULE, Actor, Requester
from cavok.domain.errors import EntryInconclusive, EntryRefused, RoleIsOpen
from cavok.domain.organizations import Organization
from cavok.domain.session_names import session_name
from cavok.domain.session_policies import (
    LIFETIME,
    REFUSED_FOR,
    listing_policy,
    logging_policy,
)
from cavok.domain.steps import ALLOWED, Judgement, Verdict
from cavok.services.customer_sessions import CustomerSessions
from cavok.services.enter_account import EntryDependencies
from tests.support.builders import (
    BY_SCHEDULE,
    EXTERNAL_ID,
    KEY_ID,
    NOW,
    SECRET_KEY,
    an_account,
    an_account_with_keys,
    confirmed,
    judged,
)
from tests.support.fake_aws import a_session


class Trust:
    """A guard of the trust; `error` is what it finds. Notes for whom it proved."""

    def __init__(self) -> None:
        self.is_proven = False
        self.error: Exception | None = None
        self.proved_for: list[tuple[str, Actor]] = []

    def proven(self, account: Account, purpose: str, now: datetime) -> bool:
        return self.is_proven

    def enter(
        self,
        account: Account,
        enter: Callable[[], CustomerSession],
        *,
        purpose: str,
        name: str,
        requester: Requester,
        now: datetime,
    ) -> CustomerSession:
        self.proved_for.append((purpose, requester.actor))
        session = enter()
        if self.error:
            raise self.error
        return session


class Entrance:
    """The repositories, roles and sealer as far as entering needs them. Records each entry."""

    def __init__(self, judgement: Judgement = ALLOWED) -> None:
        self.judgement = judgement
        self.assumed: list[tuple[str, str, str | None, str]] = []
        self.opened: list[dict[str, str]] = []
        self.trust = Trust()
        self.sessions = CustomerSessions(
            EntryDependencies(
                organizations=self,  # type: ignore[arg-type]
                accounts=self,  # type: ignore[arg-type]
                roles=lambda: self,  # type: ignore[arg-type, return-value]
                sealer=lambda: self,  # type: ignore[arg-type, return-value]
            ),
            self.trust,  # type: ignore[arg-type]
        )

    def change(self, account: Account, now: datetime = NOW) -> CustomerSession:
        return self.sessions.enter_to_change(
            account,
            logging_policy(),
            "cavok-logs",
            now,
            purpose="logs",
            requester=BY_SCHEDULE,
        )

    def get(self, organization_id: str) -> Organization:
        return Organization(organization_id, EXTERNAL_ID, {})

    def sealed_credentials(self, account: Account) -> str:
        return f"sealed for {account.account_id}"

    def assume(
        self, account: Account, session_name: str, external_id: str | None, policy: str
    ) -> tuple[Judgement, CustomerSession | None]:
        self.assumed.append((account.account_id, session_name, external_id, policy))
        allowed = self.judgement.verdict is Verdict.ALLOWED
        return self.judgement, a_session() if allowed else None

    def through(self, account: Account) -> None:
        return None

    def open(self, sealed: str, context: dict[str, str]) -> dict[str, Any]:
        self.opened.append(context)
        return {"access_key_id": KEY_ID, "secret_access_key": SECRET_KEY}


def test_a_role_is_assumed_once_for_a_purpose_with_the_external_id_and_the_policy() -> None:
    entrance, account = Entrance(), an_account()

    for _ in range(3):
        entrance.sessions.enter(account, listing_policy(), "cavok-look-1", NOW)
    entrance.sessions.enter(account, logging_policy(), "cavok-logs", NOW)

    assert [call[1:3] for call in entrance.assumed] == [
        ("cavok-look-1", EXTERNAL_ID),
        ("cavok-logs", EXTERNAL_ID),
    ]
    assert "ec2:DescribeInstances" in entrance.assumed[0][3]
    assert "ec2:DescribeInstances" not in entrance.assumed[1][3]


def test_no_session_is_used_for_another_act_than_its_name_says() -> None:
    """The customer finds the act by the name, in CloudTrail."""
    entrance, account = Entrance(), an_account()
    entrance.trust.is_proven = True

    for name in ("cavok-stop-1", "cavok-stop-2"):
        entrance.sessions.enter_to_change(
            account, listing_policy(), name, NOW, purpose="instances", requester=BY_SCHEDULE
        )

    assert [name for _, name, _, _ in entrance.assumed] == ["cavok-stop-1", "cavok-stop-2"]


@pytest.mark.parametrize("purpose", ["list", "start", "stop"])
def test_a_session_that_nobody_asks_for_again_is_not_kept(purpose: str) -> None:
    """Its name has the id of one listing or act. In a warm process those would fill the memory."""
    entrance, account = Entrance(), an_account()

    for _ in range(2):
        entrance.sessions.enter(account, listing_policy(), session_name(purpose, "01J"), NOW)

    assert len(entrance.assumed) == 2


def test_a_session_is_renewed_before_it_expires() -> None:
    entrance, account = Entrance(), an_account()

    for age in (0.0, 0.5, 0.95):
        entrance.sessions.enter(account, listing_policy(), "cavok-look-1", NOW + LIFETIME * age)

    assert len(entrance.assumed) == 2


def test_a_stored_key_is_opened_under_its_own_organization_and_account() -> None:
    entrance, account = Entrance(), an_account_with_keys()

    for name in ("cavok-list-1", "cavok-list-2"):
        session = entrance.sessions.enter(account, listing_policy(), name, NOW)

    assert session.credentials.access_key_id == KEY_ID
    assert entrance.opened == [
        {"organization": account.organization_id, "account": account.account_id}
    ]
    assert entrance.assumed == []


def test_a_rotated_key_is_opened_again() -> None:
    entrance, account = Entrance(), an_account_with_keys()

    entrance.sessions.enter(account, listing_policy(), "cavok-list-1", NOW)
    entrance.sessions.enter(
        account.reconnected(NOW, access_key_id_ending="ABCD"), listing_policy(), "cavok-list-1", NOW
    )

    assert len(entrance.opened) == 2


REFUSED = judged(Verdict.DENIED, Reason.UNSTATED, error_code="AccessDenied")
THROTTLED = judged(Verdict.INCONCLUSIVE, Reason.ERROR, error_code="Throttling")


@pytest.mark.parametrize(
    ("judgement", "error"),
    [(REFUSED, EntryRefused), (THROTTLED, EntryInconclusive)],
    ids=["refused", "inconclusive"],
)
def test_refused_and_inconclusive_entries_raise_different_errors_and_are_not_kept(
    judgement: Judgement, error: type[Exception]
) -> None:
    entrance = Entrance(judgement)

    for now in (NOW, NOW + REFUSED_FOR):
        with pytest.raises(error, match=str(judgement.error_code)):
            entrance.sessions.enter(an_account(), listing_policy(), "cavok-look-1", now)

    assert len(entrance.assumed) == 2


def test_a_refused_entry_is_not_tried_again_at_once_for_whatever_purpose() -> None:
    """A client that asks in a loop uses up no quota of AssumeRole."""
    entrance, account = Entrance(REFUSED), an_account()
    almost = NOW + REFUSED_FOR - timedelta(seconds=1)

    for enter in (
        lambda: entrance.sessions.enter(account, listing_policy(), "cavok-list-1", NOW),
        lambda: entrance.sessions.enter(account, logging_policy(), "cavok-logs", almost),
        lambda: entrance.change(account, almost),
    ):
        with pytest.raises(EntryRefused, match="AccessDenied"):
            enter()

    assert len(entrance.assumed) == 1
    assert entrance.trust.proved_for == []


@pytest.mark.parametrize("but", [{"writes": 2}, {"account_id": "x"}, {"organization_id": "x"}])
def test_a_refusal_concerns_one_account_until_it_is_tested_or_changed(but: dict[str, Any]) -> None:
    entrance = Entrance(REFUSED)

    for account in (an_account(writes=1), an_account(**{"writes": 1} | but)):
        with pytest.raises(EntryRefused):
            entrance.sessions.enter(account, listing_policy(), "cavok-list-1", NOW)

    assert len(entrance.assumed) == 2


def test_what_aws_did_not_answer_is_asked_again() -> None:
    entrance, account = Entrance(THROTTLED), an_account()

    for _ in range(2):
        with pytest.raises(EntryInconclusive):
            entrance.change(account)

    assert len(entrance.assumed) == 2


def test_to_change_something_the_trust_is_proven_first() -> None:
    entrance = Entrance()

    entrance.change(an_account())

    assert entrance.trust.proved_for == [("logs", SCHEDULE)]


def test_reading_proves_no_trust() -> None:
    entrance = Entrance()

    entrance.sessions.enter(an_account(), listing_policy(), "cavok-list-1", NOW)

    assert entrance.trust.proved_for == []


def test_the_trust_is_proven_with_a_new_session_and_not_with_a_kept_one() -> None:
    """A session that is minutes old does not say that the right external ID still works."""
    entrance, account = Entrance(), an_account()
    entrance.sessions.enter(account, logging_policy(), "cavok-logs", NOW)

    entrance.change(account)

    assert len(entrance.assumed) == 2


def test_while_a_proof_holds_the_session_of_it_is_used() -> None:
    entrance, account = Entrance(), an_account()
    first = entrance.change(account)
    entrance.trust.is_proven = True

    assert entrance.change(account) is first

    assert len(entrance.assumed) == len(entrance.trust.proved_for) == 1


def test_no_session_comes_of_an_open_role() -> None:
    entrance = Entrance()
    entrance.trust.error = RoleIsOpen("open")

    for _ in range(2):
        with pytest.raises(RoleIsOpen):
            entrance.change(an_account())

    assert len(entrance.trust.proved_for) == 2


def test_an_access_key_has_no_trust_to_prove() -> None:
    entrance = Entrance()

    entrance.change(an_account_with_keys())

    assert entrance.trust.proved_for == []


@pytest.mark.parametrize("change", ["revoked", "reconnected"])
def test_a_session_of_before_is_used_no_more(change: str) -> None:
    entrance, account = Entrance(), confirmed(an_account())
    entrance.sessions.enter(account, listing_policy(), "cavok-look-1", NOW)
    after = {
        "revoked": account.with_use_revoked(NOW),
        "reconnected": account.reconnected(NOW, role_name="CavokOther"),
    }[change]

    for _ in range(2):
        entrance.sessions.enter(after, listing_policy(), "cavok-look-1", NOW)

    assert len(entrance.assumed) == 2, "and one of now is kept"
