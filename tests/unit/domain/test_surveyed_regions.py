"""What a test found in the regions of an account: kept, and proposed."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from cavok.domain.access_denied import Reason
from cavok.domain.accounts import Account, Issue, Severity, Status
from cavok.domain.regions import RegionHealth, RegionStatus
from cavok.domain.survey import Survey
from cavok.domain.verifications import finish
from tests.support.builders import NOW, a_verification, an_account, steps_of, under_test

HOME = RegionHealth("us-east-1", RegionStatus.REACHABLE)
REFUSED = RegionHealth("eu-west-1", RegionStatus.REFUSED, Reason.SERVICE_CONTROL_POLICY)
OFF = RegionHealth("af-south-1", RegionStatus.NOT_ENABLED)


def found(survey: Survey) -> dict[str, Any]:
    return {"region_health": survey.region_health, "elsewhere": survey.elsewhere}


def after(survey: Survey, account: Account | None = None) -> Account:
    """The account after a test whose steps all passed."""
    account = account or an_account(regions=("us-east-1", "eu-west-1", "af-south-1"))
    tested, _ = finish(
        under_test(account), a_verification(), steps_of(account), NOW, **found(survey)
    )
    return tested


def issue(account: Account) -> Issue:
    (only,) = account.issues
    return only


def test_account_and_verification_keep_what_a_test_found() -> None:
    account = under_test(an_account())
    survey = Survey(region_health=(HOME, REFUSED))

    tested, verification = finish(
        account, a_verification(), steps_of(account), NOW, **found(survey)
    )

    assert tested.region_health == verification.region_health == survey.region_health
    assert list(tested.unusable_regions) == ["eu-west-1"]


def test_a_test_that_looked_at_no_region_keeps_what_an_earlier_one_found() -> None:
    before = an_account(region_health=(HOME, OFF))

    assert after(Survey(), before).region_health == before.region_health


def test_regions_with_instances_are_proposed_where_the_accounts_have_none() -> None:
    account = after(Survey(region_health=(HOME,), elsewhere=("eu-west-3", "sa-east-1")))

    assert account.status is Status.CONFIRMED
    assert (issue(account).code, issue(account).severity) == (
        "instances_elsewhere",
        Severity.INFORMATION,
    )
    assert issue(account).message == (
        "No instance was found in us-east-1, eu-west-1, af-south-1. "
        "There are instances in eu-west-3, sa-east-1."
    )
    assert issue(account).remedy == (
        "Add the regions that Cavok should use to the account's regions, then press Test."
    )


def test_a_proposal_stays_until_a_test_finds_an_instance_or_looks_again() -> None:
    proposed = after(Survey(region_health=(HOME,), elsewhere=("eu-west-3",)))

    assert after(Survey(region_health=(HOME,)), proposed).issues == proposed.issues
    assert after(Survey(region_health=(HOME,), elsewhere=()), proposed).issues == ()


def test_an_account_that_failed_has_no_issues_of_its_regions() -> None:
    account = under_test(an_account())
    wrong = replace(
        next(step for step in steps_of(account) if step.step == "trust:account-matches"),
        ok=False,
    )

    tested, _ = finish(
        account,
        a_verification(),
        steps_of(account, wrong),
        NOW,
        **found(Survey(region_health=(HOME, OFF), elsewhere=("eu-west-3",))),
    )

    assert [each.code for each in tested.issues] == ["wrong_account"]
