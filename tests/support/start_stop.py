"""Starting and stopping in an account that a test found connected, on moto."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from itertools import count
from typing import Any

import pytest

from cavok import wiring
from cavok.adapters.customer.instances import InstanceClient
from cavok.adapters.customer.session import CustomerSession
from cavok.adapters.table.accounts import Accounts
from cavok.adapters.table.interactions import Interactions
from cavok.domain import audit
from cavok.domain.accounts import Account, Outcome, Status
from cavok.domain.actors import Actor, Requester
from cavok.domain.instances import Instance
from cavok.domain.interactions import Interaction
from cavok.domain.organizations import Organization
from cavok.domain.trust import with_open_role
from cavok.domain.verifications import finish
from cavok.services.accounts import revoke_account
from cavok.services.connections import ConnectionDependencies, RequestContext
from tests.support.builders import (
    ACCOUNT_ID,
    ADA,
    NOW,
    ORGANIZATION_ID,
    a_verification,
    an_account,
    by,
    denied,
    steps_of,
)
from tests.support.moto_stack import begin_test

CONTEXT = RequestContext(
    organization_id=ORGANIZATION_ID,
    account_id=ACCOUNT_ID,
    requester=ADA,
    now=NOW,
)


class Sessions:
    """Enters every account with the same session, or refuses all or some as a test says."""

    def __init__(self, session: CustomerSession) -> None:
        self.session = session
        self.error: Exception | None = None
        self.errors: dict[str, Exception] = {}
        self.entered: list[str] = []
        self.policies: list[Any] = []
        self.names: list[str] = []
        self.changing_for: Actor | None = None

    def enter(self, account: Account, policy: Any, name: str, now: object) -> CustomerSession:
        self.policies.append(policy)
        self.names.append(name)
        self.entered.append(account.account_id)
        if error := self.error or self.errors.get(account.account_id):
            raise error
        return self.session

    def enter_to_change(
        self,
        account: Account,
        policy: Any,
        name: str,
        now: object,
        *,
        purpose: str,
        requester: Requester,
    ) -> CustomerSession:
        self.changing_for = requester.actor
        return self.enter(account, policy, name, now)


@pytest.fixture
def sessions(session: CustomerSession) -> Sessions:
    return Sessions(session)


@pytest.fixture
def dependencies(
    accounts: Accounts, interactions: Interactions, sessions: Sessions
) -> ConnectionDependencies:
    return ConnectionDependencies(
        accounts=accounts,
        verifications=wiring.verifications(),
        sessions=sessions,  # type: ignore[arg-type]
        interactions=interactions,
        connect=InstanceClient,
    )


Connect = Callable[..., Account]


@pytest.fixture
def connect(accounts: Accounts) -> Connect:
    """Stores an account that a test found connected, but for the steps it was denied."""

    def connected(*refused: str, **but: Any) -> Account:
        wiring.organizations().create(Organization.new(ORGANIZATION_ID), NOW)
        account = accounts.add(an_account(**but), None)
        if account.status is not Status.UNCONFIRMED:
            return account
        verification = a_verification()
        verifications = wiring.verifications()
        account = begin_test(account, verification)
        after, ended = finish(account, verification, steps_of(account, *denied(refused)), NOW)
        verifications.finish(account, after, ended, None)
        assert ended.outcome is Outcome.CONFIRMED
        return accounts.get(ORGANIZATION_ID, ACCOUNT_ID)

    return connected


def history(interactions: Interactions) -> list[Interaction]:
    """Newest first, but for the test that connected the account."""
    page = interactions.page(ACCOUNT_ID, limit=100, after=None)
    return [interaction for interaction in page.items if interaction.action != "test"]


def revoke(accounts: Accounts) -> None:
    revoke_account(
        ORGANIZATION_ID, ACCOUNT_ID, requester=by("eve@example.com"), accounts=accounts, now=NOW
    )


def delete(accounts: Accounts) -> None:
    account = accounts.get(ORGANIZATION_ID, ACCOUNT_ID)
    accounts.delete(account, entry=audit.deleted(account, by("eve@example.com"), NOW), now=NOW)


def find_open(accounts: Accounts) -> None:
    account = accounts.get(ORGANIZATION_ID, ACCOUNT_ID)
    accounts.save(account, with_open_role(account, NOW))


def fail(accounts: Accounts) -> None:
    """By a test of the same connection."""
    account = accounts.get(ORGANIZATION_ID, ACCOUNT_ID)
    accounts.save(account, replace(account, status=Status.FAILED))


def revoke_and_connect_again(accounts: Accounts) -> None:
    """Its status tells nothing."""
    revoke(accounts)
    account = accounts.get(ORGANIZATION_ID, ACCOUNT_ID)
    accounts.save(account, replace(account, status=Status.CONFIRMED))


ENDS = [revoke, delete, find_open, fail, revoke_and_connect_again]


def end_meanwhile(
    monkeypatch: pytest.MonkeyPatch, end: Callable[[Accounts], None], look: int = 1
) -> None:
    """Ends the use of the account while the instance is looked at for the given time."""
    find, looks = InstanceClient.find, count(1)

    def finding(client: InstanceClient, instance_id: str) -> Instance | None:
        if next(looks) == look:
            end(wiring.accounts())
        return find(client, instance_id)

    monkeypatch.setattr(InstanceClient, "find", finding)


KEYED = replace(CONTEXT, idempotency_key="k")
