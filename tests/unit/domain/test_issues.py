"""What a person reads about a test, and what they can do about it."""

from __future__ import annotations

from dataclasses import replace

import pytest

from cavok.domain import permissions
from cavok.domain.access_denied import Reason
from cavok.domain.accounts import Account, Issue, Outcome
from cavok.domain.issues import find_issues
from cavok.domain.steps import Step, Verdict
from cavok.domain.verifications import entry_refused, finish
from tests.support.builders import (
    NOW,
    a_step,
    a_verification,
    actions_of,
    an_account,
    an_account_with_keys,
    confirmed,
    denied,
    steps_of,
)
from tests.unit.domain.test_verifications import REFUSALS

STOP, START = "ec2:StopInstances", "ec2:StartInstances"


def issues_of(account: Account, *changes: Step) -> tuple[Issue, ...]:
    after, _ = finish(account, a_verification(), steps_of(account, *changes), NOW)
    return after.issues


@pytest.mark.parametrize("reason", REFUSALS)
@pytest.mark.parametrize(
    ("account", "actions"),
    [
        (an_account(), [STOP]),
        (an_account_with_keys(), [START, STOP]),
        (confirmed(an_account()), [START, STOP]),
        (an_account(), ["logs:PutLogEvents"]),
    ],
)
def test_each_remedy_names_the_actions_it_is_about(
    account: Account, actions: list[str], reason: Reason
) -> None:
    (issue,) = issues_of(account, *denied(actions, reason))

    assert all(action in issue.message for action in actions)
    assert ", ".join(actions) in issue.remedy
    assert "{" not in issue.remedy


@pytest.mark.parametrize(
    ("reason", "words"),
    [
        (Reason.IDENTITY_POLICY, "Add ec2:StopInstances to the role's policy"),
        (Reason.EXPLICIT_DENY, "remove that Deny statement"),
        (Reason.PERMISSIONS_BOUNDARY, "permissions boundary"),
        (Reason.SERVICE_CONTROL_POLICY, "service control policy"),
        (Reason.RESOURCE_CONTROL_POLICY, "resource control policy"),
        (Reason.SESSION_POLICY, "contact support"),
    ],
)
def test_the_remedy_is_where_the_refusal_comes_from(reason: Reason, words: str) -> None:
    (issue,) = issues_of(an_account(), *denied([STOP], reason))

    assert words in issue.remedy


def test_whoever_uses_keys_is_told_of_their_user() -> None:
    (issue,) = issues_of(an_account_with_keys(), *denied([STOP]))

    assert "the user's policy" in issue.remedy


def test_refusals_of_one_reason_are_one_issue_and_of_another_another() -> None:
    found = issues_of(an_account(), *denied([STOP], Reason.EXPLICIT_DENY), *denied([START]))

    assert [issue.message for issue in found] == [f"{START} is refused.", f"{STOP} is refused."]


def test_several_refusals_of_one_reason_are_told_in_the_plural() -> None:
    (issue,) = issues_of(an_account(), *denied([START, STOP]))

    assert issue.message == f"{START}, {STOP} are refused."


def test_what_is_lost_is_not_missing_as_well() -> None:
    (issue,) = issues_of(confirmed(an_account(), STOP), *denied([STOP]))

    assert issue.code == "permission_lost"


def test_an_account_that_fails_is_told_of_that_alone() -> None:
    account = an_account()
    found = issues_of(
        account, a_step(permissions.WITHOUT_EXTERNAL_ID, Verdict.ALLOWED), *denied([STOP])
    )

    assert [issue.code for issue in found] == ["confused_deputy"]
    assert "sts:ExternalId" in found[0].remedy


def test_a_role_that_cannot_be_assumed_may_be_any_of_three_things() -> None:
    """AWS does not say which; so neither do we."""
    account = an_account()
    refused = entry_refused(account, "AccessDenied", "not authorized", NOW)

    (issue,) = issues_of(account, refused)

    assert str(account.role_arn) in issue.message
    for possibility in ("does not exist", "trust policy", "external ID"):
        assert possibility in issue.message


def test_refused_logs_are_no_issue_of_an_account_that_wants_none() -> None:
    account = replace(an_account(), write_logs=False)
    steps = steps_of(an_account(), *denied(actions_of("logs")))

    assert find_issues(account, steps) == (Outcome.CONFIRMED, ())
