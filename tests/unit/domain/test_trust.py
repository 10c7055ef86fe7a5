"""An account is connected only while a test proves that nobody else can enter it.

Every combination of what the steps of the trust may say, against a table written down here.
"""

from __future__ import annotations

from dataclasses import replace
from itertools import product

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cavok.domain.access_denied import Reason
from cavok.domain.accounts import CONNECTED, Account, Issue, Outcome, Status
from cavok.domain.permissions import (
    ACCOUNT_MATCHES,
    ASSUME_ROLE,
    STEPS,
    TRUST_STEPS,
    WITH_WRONG_EXTERNAL_ID,
    WITHOUT_EXTERNAL_ID,
)
from cavok.domain.reverification import FIRST_RETRY
from cavok.domain.steps import Step, Verdict
from cavok.domain.verifications import State, Trigger, finish
from tests.support.builders import NOW, a_step, a_verification, an_account, confirmed, steps_of

ALLOWED, DENIED = Verdict.ALLOWED, Verdict.DENIED
INCONCLUSIVE, SKIPPED = Verdict.INCONCLUSIVE, Verdict.SKIPPED
OPEN = Issue("confused_deputy", "The role is open.", "Close it.")
BEFORE = {
    Status.UNCONFIRMED: an_account(),
    Status.CONFIRMED: confirmed(an_account()),
    Status.DEGRADED: replace(confirmed(an_account()), status=Status.DEGRADED, issues=(OPEN,)),
    Status.FAILED: replace(an_account(), status=Status.FAILED, issues=(OPEN,)),
}
ANSWERS = tuple(product(Verdict, repeat=4))
"""Of AssumeRole, of GetCallerIdentity, and of AssumeRole without an external ID and with a wrong
one.
"""

KEPT = None
"""The test proves nothing: the status stays as it is, and the account is tested again soon."""


def expected(
    assumed: Verdict, match: Verdict, without: Verdict, wrong: Verdict, before: Account
) -> Status | None:
    """The status after the test: the reference."""
    if assumed in (INCONCLUSIVE, SKIPPED):
        return KEPT
    if ALLOWED in (without, wrong):
        return Status.FAILED
    if assumed is DENIED:  # an account that was never connected is not called failed for that
        return Status.FAILED if before.connected_at else before.status
    if match is DENIED:
        return Status.FAILED
    if (assumed, match, without, wrong) == (ALLOWED, ALLOWED, DENIED, DENIED):
        return Status.CONFIRMED
    return KEPT


def trust_steps(
    assumed: Verdict, match: Verdict, without: Verdict, wrong: Verdict
) -> tuple[Step, ...]:
    return (
        a_step(ASSUME_ROLE, assumed),
        a_step(ACCOUNT_MATCHES, match, Reason.WRONG_ACCOUNT if match is DENIED else None),
        a_step(WITHOUT_EXTERNAL_ID, without),
        a_step(WITH_WRONG_EXTERNAL_ID, wrong),
    )


@pytest.mark.parametrize("trigger", list(Trigger))
@pytest.mark.parametrize("before", BEFORE.values(), ids=[status.value for status in BEFORE])
def test_only_a_proven_trust_connects_an_account(before: Account, trigger: Trigger) -> None:
    for answers in ANSWERS:
        steps = steps_of(before, *trust_steps(*answers))

        after, verification = finish(before, a_verification(trigger=trigger), steps, NOW)

        status = expected(*answers, before)
        if status is KEPT:
            assert verification.state is State.ABORTED, answers
            assert (after.status, after.issues) == (before.status, before.issues), answers
            assert after.capabilities == before.capabilities
            assert (after.connected_at, after.proven) == (before.connected_at, before.proven)
            planned = before.next_verification_at if trigger is Trigger.MANUAL else None
            soon = min(NOW + FIRST_RETRY, planned or NOW + FIRST_RETRY)
            assert after.next_verification_at == soon, "and it is tried again soon"
        else:
            assert verification.state is State.FINISHED, answers
            assert after.status is status, answers
            assert verification.outcome is not None
            assert (verification.outcome is Outcome.FAILED) == (status is not Status.CONFIRMED)


@given(
    verdicts=st.tuples(*[st.sampled_from(Verdict)] * 4),
    others=st.lists(
        st.builds(
            a_step,
            st.sampled_from([step for step in STEPS if step not in TRUST_STEPS]),
            st.sampled_from(Verdict),
        ),
        unique_by=lambda step: step.step,
    ),
    before=st.sampled_from(list(BEFORE.values())),
    trigger=st.sampled_from(Trigger),
)
def test_no_other_step_makes_up_for_a_trust_that_is_not_proven(
    verdicts: tuple[Verdict, Verdict, Verdict, Verdict],
    others: list[Step],
    before: Account,
    trigger: Trigger,
) -> None:
    steps = steps_of(before, *trust_steps(*verdicts), *others)

    after, verification = finish(before, a_verification(trigger=trigger), steps, NOW)

    if verdicts != (ALLOWED, ALLOWED, DENIED, DENIED):
        assert verification.outcome not in (Outcome.CONFIRMED, Outcome.DEGRADED)
        assert after.status in (before.status, Status.FAILED)
        assert (after.connected_at, after.proven) == (before.connected_at, before.proven)
    else:
        assert after.status in CONNECTED


@pytest.mark.parametrize("trigger", list(Trigger))
@pytest.mark.parametrize("before", BEFORE.values(), ids=[status.value for status in BEFORE])
def test_an_entry_that_is_not_certain_proves_nothing(before: Account, trigger: Trigger) -> None:
    steps = [a_step(ASSUME_ROLE, INCONCLUSIVE, Reason.ERROR)]

    after, verification = finish(before, a_verification(trigger=trigger), steps, NOW)

    assert verification.state is State.ABORTED
    assert (after.status, after.issues) == (before.status, before.issues)
