"""The trust of a role, proven again before something is changed in its account."""

from __future__ import annotations

import itertools
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

import pytest
from botocore.exceptions import ReadTimeoutError

from cavok.adapters.customer.assume_role import CustomerRoles
from cavok.domain.accounts import Account, Status
from cavok.domain.audit import AuditEntry
from cavok.domain.errors import EntryInconclusive, EntryRefused, RoleIsOpen
from cavok.domain.trust import TrustProof, with_open_role
from cavok.services import trust
from cavok.services.trust import TrustGuard
from tests.support.builders import (
    ADA,
    EXTERNAL_ID,
    NOW,
    an_account,
    confirmed,
)
from tests.support.fake_aws import ASSUMED, Aws, refused

MAX_AGE = timedelta(minutes=15)
ACCOUNT = confirmed(an_account())
REFUSED, THROTTLED = refused("AccessDenied"), refused("Throttling")
TIMEOUT = ReadTimeoutError(endpoint_url="https://sts")


@dataclass
class Table:
    """The account and the proof, as far as the guard needs them."""

    account: Account = ACCOUNT
    proof: TrustProof | None = None
    entries: list[AuditEntry] = field(default_factory=list)

    def get(self, *names: Any) -> Any:
        return self.proof if names[-1] == "instances" else self.account

    def put(self, account: Account, purpose: str, proof: TrustProof, kept_for: timedelta) -> None:
        assert purpose == "instances"
        self.proof = proof

    def save(self, before: Account, after: Account, *, entry: AuditEntry) -> None:
        assert before == self.account
        self.account = after
        self.entries.append(entry)


@dataclass
class Customer:
    """What AWS answers without an external ID and with a wrong one: each in turn, the last ever
    after.
    """

    aws: Aws
    table: Table
    guard: TrustGuard

    def answers(self, without: Any, wrong: Any) -> None:
        in_turn = {False: _in_turn(without), True: _in_turn(wrong)}

        def assume(parameters: dict[str, Any]) -> Mapping[str, Any]:
            answer: Mapping[str, Any] = next(in_turn["ExternalId" in parameters])
            return answer

        self.aws.answers["AssumeRole"] = assume

    def enter(self, error: Exception | None = None) -> str:
        def enter() -> str:
            if error:
                raise error
            return "session"

        return self.guard.enter(
            ACCOUNT, enter, purpose="instances", name="cavok-stop-1", requester=ADA, now=NOW
        )

    @property
    def tries(self) -> int:
        return len(self.aws.called("AssumeRole"))


def _in_turn(answers: Any) -> Any:
    given = answers if isinstance(answers, list) else [answers]
    return itertools.chain(given, itertools.repeat(given[-1]))


@pytest.fixture
def customer(aws: Aws, monkeypatch: pytest.MonkeyPatch) -> Customer:
    monkeypatch.setattr(trust, "TRUST_RETRY_WAITS", (0.0, 0.0))
    table, sts = Table(), aws.client("sts", region_name="us-east-1")
    guard = TrustGuard(
        accounts=table,  # type: ignore[arg-type]
        proofs=table,  # type: ignore[arg-type]
        roles=lambda: CustomerRoles(sts, lambda: sts),
        max_age=MAX_AGE,
    )
    made = Customer(aws, table, guard)
    made.answers(REFUSED, REFUSED)
    return made


def test_who_has_not_the_external_id_is_refused_once_in_fifteen_minutes(customer: Customer) -> None:
    assert not customer.guard.proven(ACCOUNT, "instances", NOW)

    assert customer.enter() == "session"

    assert customer.table.proof == TrustProof(ACCOUNT.connection_revision, NOW)
    assert customer.guard.proven(ACCOUNT, "instances", NOW + MAX_AGE - timedelta(seconds=1))
    assert not customer.guard.proven(ACCOUNT, "instances", NOW + MAX_AGE)


def test_a_proof_of_another_connection_is_none(customer: Customer) -> None:
    customer.enter()

    changed = ACCOUNT.reconnected(NOW, role_name="CavokOther")

    assert not customer.guard.proven(changed, "instances", NOW)


ANSWERS = {"refused": REFUSED, "open": ASSUMED, "throttled": THROTTLED, "timed out": TIMEOUT}
ENTRIES = {"enters": None, "refused": EntryRefused("no"), "unknown": EntryInconclusive("?")}


def expected(without: str, wrong: str, entry: str) -> type[Exception] | None:
    """The reference: what becomes of an act, in words of its own."""
    if "open" in (without, wrong):
        return RoleIsOpen
    if entry == "refused":
        return EntryRefused
    proven = entry == "enters" and without == wrong == "refused"
    return None if proven else EntryInconclusive


@pytest.mark.parametrize("entry", ENTRIES)
@pytest.mark.parametrize("wrong", ANSWERS)
@pytest.mark.parametrize("without", ANSWERS)
def test_an_act_happens_only_if_everybody_else_was_refused(
    without: str, wrong: str, entry: str, customer: Customer
) -> None:
    customer.answers(ANSWERS[without], ANSWERS[wrong])
    error = expected(without, wrong, entry)

    if error is None:
        customer.enter(ENTRIES[entry])
    else:
        with pytest.raises(error):
            customer.enter(ENTRIES[entry])

    assert (customer.table.proof is not None) == (error is None)
    is_open = error is RoleIsOpen
    assert customer.table.account == (with_open_role(ACCOUNT, NOW) if is_open else ACCOUNT)
    assert [entry.action for entry in customer.table.entries] == ["failed"] * is_open


@pytest.mark.parametrize("throttled", [1, 2])
def test_a_throttled_check_is_tried_again_before_it_counts(
    throttled: int, customer: Customer
) -> None:
    customer.answers(REFUSED, [THROTTLED] * throttled + [REFUSED])

    assert customer.enter() == "session"

    assert customer.tries == 2 + throttled
    wrong = [c["ExternalId"] for c in customer.aws.called("AssumeRole") if "ExternalId" in c]
    assert len(set(wrong)) == len(wrong) == 1 + throttled, "each try has another wrong ID"


def test_a_check_that_is_throttled_thrice_counts_as_unanswered(customer: Customer) -> None:
    customer.answers(REFUSED, THROTTLED)

    with pytest.raises(EntryInconclusive, match="with-wrong-external-id: Throttling"):
        customer.enter()

    assert customer.tries == 1 + 3


def test_a_check_that_is_throttled_and_then_let_in_is_open(customer: Customer) -> None:
    customer.answers(REFUSED, [THROTTLED, ASSUMED])

    with pytest.raises(RoleIsOpen):
        customer.enter()


def test_a_check_that_timed_out_is_not_tried_again(customer: Customer) -> None:
    customer.answers(TIMEOUT, REFUSED)

    with pytest.raises(EntryInconclusive):
        customer.enter()

    assert customer.tries == 2


def test_a_role_that_is_open_fails_the_account_as_a_test_would(customer: Customer) -> None:
    customer.answers(ASSUMED, ASSUMED)

    with pytest.raises(RoleIsOpen, match="StringEquals sts:ExternalId"):
        customer.enter()

    failed, (entry,) = customer.table.account, customer.table.entries
    assert failed.status is Status.FAILED
    assert [issue.code for issue in failed.issues] == ["confused_deputy"]
    assert failed.connection_revision == ACCOUNT.connection_revision + 1
    assert failed.next_verification_at == NOW + timedelta(minutes=2)
    assert (entry.actor, entry.at) == (ADA.actor, NOW)


@pytest.mark.parametrize("tested_again", [False, True])
def test_an_account_that_was_reconnected_meanwhile_is_left_alone(
    tested_again: bool, customer: Customer
) -> None:
    reconnected = ACCOUNT.reconnected(NOW, role_name="CavokOther")
    reconnected = confirmed(reconnected) if tested_again else reconnected
    customer.table.account = reconnected
    customer.answers(ASSUMED, ASSUMED)

    with pytest.raises(RoleIsOpen):
        customer.enter()

    assert customer.table.account == reconnected
    assert customer.table.entries == []


@pytest.mark.parametrize(
    ("wrong", "raised"), [(REFUSED, None), (ASSUMED, RoleIsOpen), (THROTTLED, EntryInconclusive)]
)
def test_an_account_entered_through_another_region_proves_its_trust_there(
    wrong: Any, raised: type[Exception] | None, customer: Customer
) -> None:
    """What our region says then does not count, whichever way it decides."""
    elsewhere = Aws()
    try:
        ours = customer.aws.client("sts", region_name="eu-west-1")
        roles = CustomerRoles(ours, lambda: elsewhere.client("sts", region_name="us-west-2"))
        guard = TrustGuard(
            accounts=customer.table,  # type: ignore[arg-type]
            proofs=customer.table,  # type: ignore[arg-type]
            roles=lambda: roles,
            max_age=MAX_AGE,
        )
        customer.aws.answers["AssumeRole"] = lambda asked: (
            refused("RegionDisabledException") if asked["RoleSessionName"] == "entry" else ASSUMED
        )
        elsewhere.answers["AssumeRole"] = lambda asked: (
            ASSUMED if asked["RoleSessionName"] == "entry" else wrong
        )

        def enter() -> str:
            judgement, _ = roles.assume(ACCOUNT, "entry", EXTERNAL_ID, "{}")
            return judgement.verdict.value

        def act() -> str:
            return guard.enter(
                ACCOUNT, enter, purpose="instances", name="cavok-x", requester=ADA, now=NOW
            )

        if raised:
            with pytest.raises(raised):
                act()
        else:
            assert act() == "allowed"
    finally:
        elsewhere.leave()
