"""Entering an account: the first steps, the probes to run, and the sealed session."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import nullcontext
from dataclasses import replace
from typing import Any
from unittest.mock import Mock

import pytest
from botocore.exceptions import EndpointConnectionError

from cavok.adapters.customer.assume_role import CustomerRoles
from cavok.adapters.customer.canary import Canary
from cavok.adapters.sealing import credentials_context, session_context
from cavok.domain import permissions
from cavok.domain.access_denied import Reason
from cavok.domain.accounts import Account
from cavok.domain.errors import (
    AccountNotFound,
    EntryInconclusive,
    EntryRefused,
    EntryRefusedYet,
    OurEntryBroken,
    SealBroken,
)
from cavok.domain.steps import Verdict
from cavok.domain.verifications import Trigger
from cavok.services.enter_account import EntryDependencies
from cavok.services.enter_for_verification import VerificationRequest, enter_for_verification
from cavok.services.open_session import OpenedSession, open_session
from tests.support.builders import (
    ACCOUNT_ID,
    EXTERNAL_ID,
    KEY_ID,
    NOW,
    NUMBER,
    ORGANIZATION_ID,
    SECRET_KEY,
    VERIFICATION_ID,
    a_slot,
    actions_of,
    an_account,
    an_account_with_keys,
    confirmed,
)
from tests.support.fake_aws import ASSUMED, Aws, refused
from tests.support.in_memory import OUR_ROLE, SEALER, Accounts, Organizations, Sealer

PROBED = [group.group for group in permissions.PROBED_GROUPS]
PROBED_WITH_KEYS = [group for group in PROBED if group != "checking"]
KEYS = {"access_key_id": KEY_ID, "secret_access_key": SECRET_KEY}
CUSTOMERS_ROLE = f"arn:aws:iam::{NUMBER}:role/CavokCloud"


def with_keys(account: Account | None = None, secret: Mapping[str, str] = KEYS) -> Accounts:
    context = credentials_context(ORGANIZATION_ID, ACCOUNT_ID)
    return Accounts(account or an_account_with_keys(), SEALER.seal(secret, context))


def opened(
    accounts: Accounts,
    aws: Aws,
    trigger: Trigger = Trigger.MANUAL,
    elsewhere: Aws | None = None,
) -> OpenedSession:
    sts = aws.client("sts", region_name="us-east-1" if elsewhere is None else "eu-west-1")
    other = elsewhere.client("sts", region_name="us-west-2") if elsewhere else sts
    request = VerificationRequest(ORGANIZATION_ID, ACCOUNT_ID, VERIFICATION_ID, trigger)
    dependencies = entry_dependencies(accounts, CustomerRoles(sts, lambda: other))
    canary = Canary(sts, lambda: other, OUR_ROLE, "cavok-canary")
    return open_session(request, dependencies, canary)


def entry_dependencies(accounts: Accounts, roles: CustomerRoles) -> EntryDependencies:
    return EntryDependencies(
        organizations=Organizations(accounts.known),  # type: ignore[arg-type]
        accounts=accounts,  # type: ignore[arg-type]
        roles=lambda: roles,
        sealer=lambda: SEALER,  # type: ignore[arg-type,return-value]
    )


def assuming(customers: Any, ours: Any = ASSUMED) -> Callable[[dict[str, Any]], Any]:
    """What AWS says to who assumes the customer's role, and to who assumes our own."""
    answers = {CUSTOMERS_ROLE: customers, OUR_ROLE: ours}

    def assume(parameters: dict[str, Any]) -> Any:
        return answers[parameters["RoleArn"]]

    return assume


def assumed(aws: Aws) -> list[str]:
    """The roles that somebody assumed or tried to, in order."""
    return [call["RoleArn"] for call in aws.called("AssumeRole")]


@pytest.fixture
def customer(aws: Aws) -> Aws:
    """A customer whose role asks for the external ID, in the right account."""

    def assume(parameters: dict[str, Any]) -> Any:
        right = parameters.get("ExternalId") == EXTERNAL_ID
        return ASSUMED if right else refused("AccessDenied", "is not authorized to perform")

    aws.answers["AssumeRole"] = assume
    aws.answers["GetCallerIdentity"] = {"Account": NUMBER}
    return aws


def test_a_role_is_entered_and_its_trust_tried_without_and_with_a_wrong_id(customer: Aws) -> None:
    session = opened(Accounts(an_account()), customer)

    assert [(s.step, s.verdict, s.ok) for s in session.steps] == [
        (permissions.ASSUME_ROLE, Verdict.ALLOWED, True),
        (permissions.ACCOUNT_MATCHES, Verdict.ALLOWED, True),
        (permissions.WITHOUT_EXTERNAL_ID, Verdict.DENIED, True),
        (permissions.WITH_WRONG_EXTERNAL_ID, Verdict.DENIED, True),
    ]
    assert list(session.probes) == list(actions_of(*PROBED))


def test_the_organization_is_read_beside_its_account(
    customer: Aws, monkeypatch: pytest.MonkeyPatch
) -> None:
    both = threading.Barrier(2, timeout=60)
    for kind in (Accounts, Organizations):
        monkeypatch.setattr(kind, "get", _meeting(both, kind.get))

    assert opened(Accounts(an_account()), customer).session


def _meeting(barrier: threading.Barrier, get: Callable[..., Any]) -> Callable[..., Any]:
    def read(*names: Any) -> Any:
        barrier.wait()
        return get(*names)

    return read


def test_the_session_is_sealed_for_this_test_alone(customer: Aws) -> None:
    session = opened(Accounts(an_account()), customer)

    assert session.session
    context = session_context(ORGANIZATION_ID, ACCOUNT_ID, VERIFICATION_ID)
    assert SEALER.open(session.session, context)["credentials"]["session_token"]
    shown = json.dumps(session.as_dict() | {"session": None})
    assert "temporary-" not in shown


def test_the_session_is_sealed_while_its_trust_is_checked(
    customer: Aws, monkeypatch: pytest.MonkeyPatch
) -> None:
    both = threading.Barrier(2, timeout=60)
    monkeypatch.setattr(Sealer, "seal", _meeting(both, Sealer.seal))

    def who(_: dict[str, Any]) -> dict[str, Any]:
        both.wait()
        return {"Account": NUMBER}

    customer.answers["GetCallerIdentity"] = who

    assert opened(Accounts(an_account()), customer).session


@pytest.mark.parametrize(("number", "fails"), [(NUMBER, True), ("999999999999", False)])
def test_a_session_that_cannot_be_sealed_fails_the_entry_unless_it_is_thrown_away(
    number: str, fails: bool, customer: Aws, monkeypatch: pytest.MonkeyPatch
) -> None:
    customer.answers["GetCallerIdentity"] = {"Account": number}
    monkeypatch.setattr(Sealer, "seal", Mock(side_effect=TimeoutError("KMS")))

    with pytest.raises(TimeoutError) if fails else nullcontext():
        assert opened(Accounts(an_account()), customer).session is None


def test_the_probes_name_their_group_for_the_step_of_one_that_crashed(customer: Aws) -> None:
    shown = opened(Accounts(an_account()), customer).as_dict()

    assert {"action": "ec2:StopInstances", "group": "ec2"} in shown["probes"]
    assert shown["region"] == "us-east-1"
    assert shown["write_logs"] is True


def test_a_user_is_entered_with_the_stored_key_and_asked_for_no_trust(customer: Aws) -> None:
    session = opened(with_keys(), customer)

    assert [step.step for step in session.steps] == [permissions.ACCOUNT_MATCHES]
    assert list(session.probes) == list(actions_of(*PROBED_WITH_KEYS))
    assert customer.called("AssumeRole") == []
    assert session.session
    context = session_context(ORGANIZATION_ID, ACCOUNT_ID, VERIFICATION_ID)
    assert SEALER.open(session.session, context)["credentials"]["access_key_id"] == KEY_ID


def test_a_role_that_lets_anyone_in_is_reported_and_tested_anyway(customer: Aws) -> None:
    customer.answers["AssumeRole"] = ASSUMED

    steps = opened(Accounts(an_account()), customer).steps

    assert [step.reason for step in steps[2:]] == [Reason.CONFUSED_DEPUTY] * 2


def test_a_trust_is_not_tried_before_the_right_id_worked(customer: Aws) -> None:
    customer.answers["AssumeRole"] = assuming(refused("AccessDenied"))

    with pytest.raises(EntryRefusedYet):
        opened(Accounts(an_account()), customer)

    assert assumed(customer).count(CUSTOMERS_ROLE) == 1


REFUSED: list[tuple[Account, Trigger, type[Exception]]] = [
    (an_account(), Trigger.MANUAL, EntryRefusedYet),
    (confirmed(an_account()), Trigger.SCHEDULED, EntryRefusedYet),
    (an_account(), Trigger.SCHEDULED, EntryRefusedYet),
]
"""What a customer's refusal means while our own role lets us in, to a test that took the slot."""


@pytest.mark.parametrize(("account", "trigger", "error"), REFUSED)
def test_a_refusal_is_worth_waiting_for_in_a_test_that_no_other_account_waits_for(
    account: Account, trigger: Trigger, error: type[Exception], customer: Aws
) -> None:
    customer.answers["AssumeRole"] = assuming(refused("AccessDenied", "is not authorized"))

    with pytest.raises(EntryRefused, match="AccessDenied: is not authorized") as raised:
        opened(Accounts(account), customer, trigger)

    assert raised.type is error
    assert assumed(customer) == [CUSTOMERS_ROLE, OUR_ROLE]


@pytest.mark.parametrize(
    ("account", "error"), [(an_account(), EntryRefused), (confirmed(an_account()), EntryRefusedYet)]
)
def test_a_sweep_waits_for_no_role_that_never_let_us_in(
    account: Account, error: type[Exception], customer: Aws
) -> None:
    customer.answers["AssumeRole"] = assuming(refused("AccessDenied", "is not authorized"))
    sts = customer.client("sts", region_name="us-east-1")
    request = VerificationRequest(ORGANIZATION_ID, ACCOUNT_ID, VERIFICATION_ID, Trigger.SCHEDULED)
    dependencies = entry_dependencies(Accounts(account), CustomerRoles(sts, lambda: sts))
    canary = Canary(sts, lambda: sts, OUR_ROLE, "cavok-canary")

    with pytest.raises(EntryRefused) as raised:
        enter_for_verification(request, dependencies, canary, account)

    assert raised.type is error


@pytest.mark.parametrize(("account", "trigger", "_"), REFUSED)
def test_where_our_own_role_refuses_us_too_a_refusal_proves_nothing(
    account: Account, trigger: Trigger, _: type[Exception], customer: Aws
) -> None:
    customer.answers["AssumeRole"] = assuming(
        refused("AccessDenied", "the customer's"), refused("AccessDenied", "ours")
    )

    with pytest.raises(EntryInconclusive, match="AccessDenied: ours") as raised:
        opened(Accounts(account), customer, trigger)

    assert raised.type is OurEntryBroken, "which the alarm counts"


@pytest.mark.parametrize(
    "words",
    [
        "with an explicit deny in a service control policy",
        "because no service control policy allows the sts:AssumeRole action",
        "because no permissions boundary allows the sts:AssumeRole action",
        "because no identity-based policy allows the sts:AssumeRole action",
        "with an explicit deny in a VPC endpoint policy",
    ],
)
def test_where_a_policy_of_our_own_is_blamed_a_refusal_proves_nothing(
    words: str, customer: Aws
) -> None:
    """Even if the canary lets us in: it is in our own account, where such a policy may end."""
    customer.answers["AssumeRole"] = assuming(refused("AccessDenied", f"is not authorized {words}"))

    with pytest.raises(OurEntryBroken, match=words):
        opened(Accounts(confirmed(an_account())), customer, Trigger.SCHEDULED)


@pytest.mark.parametrize(
    "words",
    [
        "because no role trust policy allows the sts:AssumeRole action",
        "with an explicit deny in a resource control policy",
        "with an explicit deny in a resource-based policy",
        "with an explicit deny",
    ],
)
def test_where_a_policy_of_the_customer_is_blamed_a_refusal_counts(
    words: str, customer: Aws
) -> None:
    customer.answers["AssumeRole"] = assuming(refused("AccessDenied", f"is not authorized {words}"))

    with pytest.raises(EntryRefused, match=words):
        opened(Accounts(confirmed(an_account())), customer, Trigger.SCHEDULED)


@pytest.mark.parametrize(
    "error", [refused("Throttling"), EndpointConnectionError(endpoint_url="https://sts")], ids=str
)
def test_where_our_own_role_cannot_be_tried_a_refusal_proves_nothing(
    error: Exception, customer: Aws
) -> None:
    customer.answers["AssumeRole"] = assuming(refused("AccessDenied"), error)

    with pytest.raises(EntryInconclusive) as raised:
        opened(Accounts(an_account()), customer)

    assert raised.type is EntryInconclusive, "which no alarm counts: nothing of ours is broken"


def test_our_own_role_is_tried_as_a_customers_is(customer: Aws) -> None:
    customer.answers["AssumeRole"] = assuming(refused("AccessDenied"))

    with pytest.raises(EntryRefused):
        opened(Accounts(an_account()), customer)

    theirs, ours = customer.called("AssumeRole")
    assert ours["ExternalId"] == "cavok-canary"
    assert ours["DurationSeconds"] == theirs["DurationSeconds"]


@pytest.fixture
def elsewhere(customer: Aws) -> Iterator[Aws]:
    """The region that no account can turn off. In ours, the customer has turned STS off."""
    customer.answers["AssumeRole"] = refused("RegionDisabledException", "is not activated")
    made = Aws()
    yield made
    made.leave()


def test_our_own_role_is_tried_where_the_customers_refused_us(
    customer: Aws, elsewhere: Aws
) -> None:
    elsewhere.answers["AssumeRole"] = assuming(refused("AccessDenied"))

    with pytest.raises(EntryRefused):
        opened(Accounts(an_account()), customer, elsewhere=elsewhere)

    assert assumed(customer) == [CUSTOMERS_ROLE]
    assert assumed(elsewhere) == [CUSTOMERS_ROLE, OUR_ROLE]


def test_whoever_else_may_enter_is_asked_where_the_account_was_entered(
    customer: Aws, elsewhere: Aws
) -> None:
    elsewhere.answers["AssumeRole"] = lambda asked: (
        ASSUMED if asked.get("ExternalId") == EXTERNAL_ID else refused("AccessDenied")
    )

    steps = opened(Accounts(an_account()), customer, elsewhere=elsewhere).steps

    assert [step.ok for step in steps] == [True] * 4
    assert len(assumed(customer)) == 1
    assert len(assumed(elsewhere)) == 3


def test_our_own_role_is_left_alone_while_customers_let_us_in(customer: Aws) -> None:
    opened(Accounts(an_account()), customer)

    assert set(assumed(customer)) == {CUSTOMERS_ROLE}


@pytest.mark.parametrize("code", ["Throttling", "RegionDisabledException", "ExpiredToken"])
def test_an_entry_that_failed_otherwise_proves_nothing(code: str, customer: Aws) -> None:
    customer.answers["AssumeRole"] = assuming(refused(code, "why"))

    with pytest.raises(EntryInconclusive, match=f"{code}: why"):
        opened(Accounts(an_account()), customer)

    assert assumed(customer) == [CUSTOMERS_ROLE]


def test_a_key_that_aws_does_not_know_is_refused(customer: Aws) -> None:
    customer.answers["GetCallerIdentity"] = refused("InvalidClientTokenId", "is invalid")

    with pytest.raises(EntryRefusedYet, match="InvalidClientTokenId: is invalid"):
        opened(with_keys(), customer)


def test_a_refused_key_is_no_matter_of_our_own_role(customer: Aws) -> None:
    customer.answers["AssumeRole"] = refused("AccessDenied")
    customer.answers["GetCallerIdentity"] = refused("InvalidClientTokenId")

    with pytest.raises(EntryRefused):
        opened(with_keys(), customer)

    assert assumed(customer) == []


@pytest.mark.parametrize("accounts", [Accounts(an_account()), with_keys()])
def test_nothing_is_probed_or_written_in_somebody_elses_account(
    accounts: Accounts, customer: Aws
) -> None:
    customer.answers["GetCallerIdentity"] = {"Account": "999999999999"}

    session = opened(accounts, customer)

    assert (session.session, session.probes, session.write_logs) == (None, (), False)
    match = next(step for step in session.steps if step.step == permissions.ACCOUNT_MATCHES)
    assert match.reason is Reason.WRONG_ACCOUNT


def test_what_is_missing_on_our_side_proves_nothing_about_the_customer(customer: Aws) -> None:
    with pytest.raises(EntryInconclusive):
        opened(Accounts(an_account(), known=None), customer)
    with pytest.raises(EntryInconclusive):
        opened(Accounts(an_account_with_keys(), sealed=None), customer)


def test_a_key_that_was_sealed_for_another_account_does_not_open(customer: Aws) -> None:
    accounts = with_keys()
    accounts.account = replace(an_account_with_keys(), account_id=VERIFICATION_ID)

    with pytest.raises(SealBroken):
        opened(accounts, customer)


def test_a_deleted_account_is_not_entered(customer: Aws) -> None:
    with pytest.raises(AccountNotFound):
        opened(Accounts(None), customer)
    assert customer.calls == []


def test_an_execution_that_aws_runs_again_enters_no_account_once_its_test_has_ended(
    customer: Aws,
) -> None:
    """EXPRESS ones run "at least once": Step Functions Developer Guide, "Execution guarantees"."""
    another = Accounts(replace(an_account(), slot=a_slot(ACCOUNT_ID)))

    with pytest.raises(EntryInconclusive, match="has ended"):
        opened(another, customer, Trigger.SCHEDULED)

    assert customer.calls == []


def test_an_account_that_was_just_read_is_not_read_again(customer: Aws) -> None:
    account, sts = an_account(), customer.client("sts", region_name="us-east-1")
    dependencies = entry_dependencies(Accounts(None), CustomerRoles(sts, lambda: sts))
    request = VerificationRequest(ORGANIZATION_ID, ACCOUNT_ID, VERIFICATION_ID, Trigger.SCHEDULED)
    canary = Canary(sts, lambda: sts, OUR_ROLE, "cavok-canary")

    entered = enter_for_verification(request, dependencies, canary, account)

    assert entered.account is account
    assert entered.session


def test_a_scheduled_test_does_not_enter_an_account_that_was_revoked_after_it_began(
    customer: Aws,
) -> None:
    revoked = confirmed(an_account()).with_use_revoked(NOW)

    with pytest.raises(EntryInconclusive, match="revoked"):
        opened(Accounts(revoked), customer, Trigger.SCHEDULED)

    assert customer.calls == []
    assert opened(Accounts(revoked), customer, Trigger.MANUAL).session
