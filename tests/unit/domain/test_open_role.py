"""A role's trust between tests: how long it holds, and an open role."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest

from cavok.domain.accounts import (
    CONNECTED,
    UNKNOWN_CAPABILITIES,
    Account,
    Capability,
    LastVerification,
    Outcome,
    Status,
)
from cavok.domain.reverification import FIRST_RETRY
from cavok.domain.trust import TrustProof, with_open_role
from cavok.domain.verifications import finish
from tests.support.builders import (
    NOW,
    VERIFICATION_ID,
    a_verification,
    an_account,
    confirmed,
    steps_of,
    under_test,
)


def last_tested(at: datetime) -> Account:
    return an_account(verification=LastVerification(VERIFICATION_ID, Outcome.CONFIRMED, at))


@pytest.mark.parametrize("status", Status)
def test_only_a_connected_account_fails_by_its_open_role(status: Status) -> None:
    account = an_account(status=status)

    after = with_open_role(account, NOW)

    assert (after is not account) == (status in CONNECTED)
    assert (after.status is Status.FAILED) == (status in {*CONNECTED, Status.FAILED})


def test_nothing_of_a_failed_account_is_said_to_work() -> None:
    account = confirmed(an_account(capabilities={"ec2": Capability.FULL}))

    after = with_open_role(account, NOW)

    assert after.capabilities == UNKNOWN_CAPABILITIES
    assert [issue.code for issue in after.issues] == ["confused_deputy"]
    assert (after.attempts, after.updated_at) == (account.attempts + 1, NOW)
    assert after.connection_revision == account.connection_revision + 1
    assert after.next_verification_at == NOW + FIRST_RETRY


def test_a_test_that_ran_meanwhile_does_not_mend_it() -> None:
    """Its checks may have been answered before the role was opened."""
    account = under_test(confirmed(an_account()))
    failed = with_open_role(account, NOW)

    after, ended = finish(failed, a_verification(), steps_of(account), NOW)

    assert ended.outcome is None
    assert (after.status, after.issues) == (Status.FAILED, failed.issues)


AGE = timedelta(minutes=15)
SECOND = timedelta(seconds=1)


@pytest.mark.parametrize(
    ("proof", "account", "holds"),
    [
        (TrustProof(1, NOW), an_account(), True),
        (TrustProof(1, NOW - AGE + SECOND), an_account(), True),
        (TrustProof(1, NOW - AGE), an_account(), False),
        (TrustProof(2, NOW), an_account(), False),
        (TrustProof(1, NOW), an_account(connection_revision=2), False),
        (TrustProof(1, NOW), last_tested(NOW - SECOND), True),
        (TrustProof(1, NOW), last_tested(NOW), False),
        (TrustProof(1, NOW - SECOND), last_tested(NOW), False),
    ],
)
def test_a_proof_holds_for_its_connection_for_a_while_and_until_the_next_test(
    proof: TrustProof, account: Account, holds: bool
) -> None:
    assert proof.holds(account, NOW, AGE) is holds


def test_at_no_age_each_act_proves() -> None:
    assert not TrustProof(1, NOW).holds(an_account(), NOW, timedelta(0))
