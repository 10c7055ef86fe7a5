"""What follows when a line for the customer's log is refused."""

from __future__ import annotations

from dataclasses import replace

import pytest

from cavok.domain.accounts import UNKNOWN_CAPABILITIES, Capability, Status
from cavok.domain.log_writing import with_log_writing_refused
from tests.support.builders import NOW, an_account, confirmed, denied

FULL = dict.fromkeys(UNKNOWN_CAPABILITIES, Capability.FULL)
ACCOUNT = replace(confirmed(an_account()), capabilities=FULL)
REFUSED = denied(["logs:PutLogEvents"])


def test_the_account_is_degraded_with_the_remedy_and_due_for_a_test() -> None:
    degraded = with_log_writing_refused(ACCOUNT, REFUSED, NOW)

    (issue,) = degraded.issues
    assert degraded.status is Status.DEGRADED
    assert issue.code == "log_writing_refused"
    assert "logs:PutLogEvents" in issue.message
    assert issue.remedy == ("Add logs:PutLogEvents to the role's policy, as the Instructions show.")
    assert degraded.capabilities["logs"] is Capability.PARTIAL
    assert degraded.next_verification_at == NOW


def test_what_is_known_is_not_written_again() -> None:
    degraded = with_log_writing_refused(ACCOUNT, REFUSED, NOW)

    assert with_log_writing_refused(degraded, denied(["logs:CreateLogStream"]), NOW) is degraded


@pytest.mark.parametrize("status", [Status.UNCONFIRMED, Status.FAILED])
def test_an_account_of_which_worse_is_said_stays_as_it_is(status: Status) -> None:
    account = replace(ACCOUNT, status=status)

    assert with_log_writing_refused(account, REFUSED, NOW) is account


def test_an_account_that_wants_no_logs_by_now_stays_as_it_is() -> None:
    account = replace(ACCOUNT, write_logs=False)

    assert with_log_writing_refused(account, REFUSED, NOW) is account


def test_other_issues_stay() -> None:
    lost = replace(ACCOUNT, status=Status.DEGRADED, issues=(_issue(),))

    assert [issue.code for issue in with_log_writing_refused(lost, REFUSED, NOW).issues] == [
        "permission_lost",
        "log_writing_refused",
    ]


def _issue() -> object:
    degraded = with_log_writing_refused(ACCOUNT, REFUSED, NOW)
    return replace(degraded.issues[0], code="permission_lost")
