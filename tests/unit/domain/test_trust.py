"""An account is connected only while a test proves that nobody else can enter it.

Every combination of what the steps of the trust may say, against a table written down here.
"""

from __future__ import annotations

from dataclasses import replace
from itertools import product

import pytest

from cavok.domain.access_denied import Reason
from cavok.domain.accounts import Account, Issue, Outcome, Status
from cavok.domain.permissions import (
    ACCOUNT_MATCHES,
    ASSUME_ROLE,
    WITH_WRONG_EXTERNAL_ID,
    WITHOUT_EXTERNAL_ID,
)
from cavok.domain.steps import Verdict
from cavok.domain.verifications import State, Trigger, finish
from tests.support.builders import NOW, a_step, a_verification, an_account, confirmed, steps_of

ALLOWED, DENIED, INCONCLUSIVE = Verdict.ALLOWED, Verdict.DENIED, Verdict.INCONCLUSIVE
OPEN = Issue("confused_deputy", "The role is open.", "Close it.")
BEFORE = {
    Status.UNCONFIRMED: an_account(),
    Status.CONFIRMED: confirmed(an_account()),
    Status.DEGRADED: replace(confirmed(an_account()), status=Status.DEGRADED, issues=(OPEN,)),
    Status.FAILED: replace(an_account(), status=Status.FAILED, issues=(OPEN,)),
}
ANSWERS = list(product((ALLOWED, DENIED, INCONCLUSIVE), repeat=3))
"""Of GetCallerIdentity, and of AssumeRole without an external ID and with a wrong one."""


def expected(match: Verdict, without: Verdict, wrong: Verdict) -> Outcome | None:
    """What the test finds; None if it proves nothing."""
    if match is DENIED or ALLOWED in (without, wrong):
        return Outcome.FAILED
    if (match, without, wrong) == (ALLOWED, DENIED, DENIED):
        return Outcome.CONFIRMED
    return None


@pytest.mark.parametrize("trigger", list(Trigger))
@pytest.mark.parametrize("before", BEFORE.values(), ids=[status.value for status in BEFORE])
@pytest.mark.parametrize(("match", "without", "wrong"), ANSWERS)
def test_only_a_proven_trust_connects_an_account(
    match: Verdict, without: Verdict, wrong: Verdict, before: Account, trigger: Trigger
) -> None:
    steps = steps_of(
        before,
        a_step(ACCOUNT_MATCHES, match, Reason.WRONG_ACCOUNT if match is DENIED else None),
        a_step(WITHOUT_EXTERNAL_ID, without),
        a_step(WITH_WRONG_EXTERNAL_ID, wrong),
    )

    after, verification = finish(before, a_verification(trigger=trigger), steps, NOW)

    outcome = expected(match, without, wrong)
    if outcome is None:
        assert verification.state is State.ABORTED
        assert (after.status, after.issues) == (before.status, before.issues)
        assert after.connected_at == before.connected_at
        assert after.proven == before.proven
        assert after.attempts == before.attempts + 1, "and it is tried again soon"
    else:
        assert (after.status.value, verification.outcome) == (outcome.value, outcome)


@pytest.mark.parametrize("trigger", list(Trigger))
@pytest.mark.parametrize("before", BEFORE.values(), ids=[status.value for status in BEFORE])
def test_an_entry_that_is_not_certain_proves_nothing(before: Account, trigger: Trigger) -> None:
    steps = [a_step(ASSUME_ROLE, INCONCLUSIVE, Reason.ERROR)]

    after, verification = finish(before, a_verification(trigger=trigger), steps, NOW)

    assert verification.state is State.ABORTED
    assert (after.status, after.issues) == (before.status, before.issues)
