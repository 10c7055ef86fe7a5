"""The version of a role: told by its policies, believed with care, and never a verdict."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cavok.domain import instructions, permissions, session_policies, template_versions
from cavok.domain.accounts import Account, Issue, IssueCode, Severity, Status
from cavok.domain.least_privilege import Scope, least_privilege
from cavok.domain.permissions import PermissionGroup
from cavok.domain.survey import Survey
from cavok.domain.template_updates import issues_shown, template_outdated, update_of
from cavok.domain.template_versions import (
    UNKNOWN,
    UNNUMBERED,
    VERSIONS,
    TemplateVersion,
    current,
    in_use,
    sid_of,
    template_of,
    version_in,
)
from cavok.domain.trust import with_open_role
from cavok.domain.verifications import entry_refused, entry_unknown, finish, found_again
from local import catalog
from tests.support.builders import (
    EXTERNAL_ID,
    NOW,
    WORKLOAD,
    a_verification,
    an_account,
    an_account_with_keys,
    confirmed,
    steps_of,
    under_test,
)

TRUST = instructions.Trust(trusted_account_id=WORKLOAD, external_id=EXTERNAL_ID)
GRANTED: dict[str, list[dict[str, Any]]] = json.loads(catalog.GRANTED.read_text())
SECOND = TemplateVersion(
    version=2, text="Cavok can restart instances.", adds=("ec2:RebootInstances",)
)
THIRD = TemplateVersion(version=3, text="Fewer are needed.", removes=("a:A", "a:B"))
GROUPS = (*permissions.GRANTED_GROUPS, *permissions.OPTIONAL_GROUPS)


@pytest.fixture
def three(monkeypatch: pytest.MonkeyPatch) -> None:
    """A release with three versions."""
    monkeypatch.setattr(template_versions, "VERSIONS", (*VERSIONS[:1], SECOND, THIRD))


def document(*sids: str) -> dict[str, Any]:
    statements = [{"Sid": sid, "Effect": "Allow", "Action": "a:B"} for sid in sids]
    return {"Version": "2012-10-17", "Statement": statements}


# ---- the registry --------------------------------------------------------------------------------


def test_what_the_catalog_grants_is_what_the_newest_version_granted_when_it_was_made() -> None:
    why = "the catalog grants something else: run `make catalog`"
    assert GRANTED[str(current())] == catalog.granted(), why


def test_versions_are_counted_from_one_and_each_has_its_grants() -> None:
    numbers = [each.version for each in VERSIONS]

    assert numbers == list(range(1, len(VERSIONS) + 1))
    assert GRANTED.keys() == set(map(str, numbers))


def test_a_version_names_the_actions_that_it_adds_and_removes() -> None:
    granted = {int(version): actions_of(statements) for version, statements in GRANTED.items()}
    later: Sequence[TemplateVersion] = VERSIONS[1:]

    for each in later:
        before, after = granted[each.version - 1], granted[each.version]
        assert set(each.adds) == after - before
        assert set(each.removes) == before - after


def actions_of(statements: list[dict[str, Any]]) -> set[str]:
    return {action for statement in statements for action in statement["Action"]}


@pytest.mark.parametrize("each", VERSIONS)
def test_a_version_is_explained_in_one_sentence(each: TemplateVersion) -> None:
    why = "one sentence for customers; `make catalog` has no words for a change of no action"
    assert re.fullmatch(r"[A-Z][^.]+\.", each.text), why


# ---- where it stands -----------------------------------------------------------------------------


@pytest.mark.usefixtures("three")
@pytest.mark.parametrize("account", [an_account(), an_account_with_keys()])
def test_every_form_that_a_customer_gets_says_the_version(account: Account) -> None:
    groups = instructions.template_groups(account.access_type)
    template = instructions.cloudformation_template(account, TRUST)
    smallest = least_privilege(account, Scope.ARN, resources=(), interactions=(), now=NOW)

    for text in (
        template,
        instructions.terraform(account, TRUST),
        instructions.cli(account, TRUST),
        instructions.cloudformation_template(account, TRUST, smallest.document_of),
    ):
        sids = set(re.findall(r'"Sid": "(Cavok\w+)"', text)) - {"CavokCloud"}
        assert {f"{group.policy_name}V3" for group in groups} == sids
    shown = permissions.policy_document(instructions.granted_groups(account))
    assert {version_in([d]) for d in (shown, smallest.policy_document)} == {3}


@pytest.mark.parametrize("group", GROUPS)
def test_a_sid_has_only_what_iam_takes(group: PermissionGroup) -> None:
    assert re.fullmatch("[A-Za-z0-9]+", group.statement()["Sid"])


def test_a_session_policy_has_no_version(monkeypatch: pytest.MonkeyPatch) -> None:
    """A later version changes no session and none of its 2,048 characters."""
    before = session_policies.probing_policy_text()
    monkeypatch.setattr(template_versions, "VERSIONS", (*VERSIONS[:1], SECOND, THIRD))

    assert session_policies.probing_policy_text() == before
    assert "Cavok" not in before


# ---- reading it ----------------------------------------------------------------------------------


@pytest.mark.usefixtures("three")
@pytest.mark.parametrize(
    ("documents", "version"),
    [
        ([document("CavokEc2V3"), document("CavokRdsV3")], 3),
        ([document("CavokEc2V3", "CavokRdsV2")], 2),
        ([document("CavokEc2V3"), document("CavokRds")], 1),
        ([document("CavokEc2V2", "CavokEc2StartAndStop", "Other", "CavokCloud")], 2),
        ([{"Statement": {"Sid": "CavokEc2V2"}}], 2),
        ([document("CavokIpV6V2")], 2),
        ([document(*sorted(UNNUMBERED))], 1),
        ([document("Other"), {"Statement": [{"Effect": "Allow"}]}], UNKNOWN),
        ([document("CavokIpV")], UNKNOWN),
        ([], UNKNOWN),
        ([document("CavokEc2V4")], UNKNOWN),
        ([document("CavokEc2V2", "CavokRdsV999")], UNKNOWN),
        ([document("CavokEc2V0")], UNKNOWN),
        ([document("CavokEc2V02")], UNKNOWN),
        ([document("CavokEc2V1" + "0" * 5_000)], UNKNOWN),
        ([document("CavokEc2V-1"), document("cavokEc2V2"), document("CavokEc2V٢")], UNKNOWN),
        ([document("V" * 100_000), document("Cavok" + "V" * 100_000)], UNKNOWN),
        ([None, [], "CavokEc2V2", {"Statement": [7, None, {"Sid": 2}, {"Sid": None}]}], UNKNOWN),
    ],
)
def test_the_lowest_version_counts_and_one_that_does_not_exist_is_not_believed(
    documents: list[Any], version: int
) -> None:
    assert version_in(documents) == version


@given(
    st.recursive(
        st.none() | st.integers() | st.text(max_size=8) | st.sampled_from([sid_of("CavokEc2")]),
        lambda inner: (
            st.lists(inner, max_size=3)
            | st.dictionaries(st.sampled_from(["Statement", "Sid"]), inner, max_size=2)
        ),
        max_leaves=8,
    )
)
def test_nothing_in_a_document_stops_a_test(found: Any) -> None:
    assert version_in([found]) in (UNKNOWN, current())


@pytest.mark.usefixtures("three")
def test_an_account_says_which_version_it_has_and_what_the_later_ones_change() -> None:
    second = an_account(template_version=2).template

    assert second
    assert (second.version, second.current, second.outdated) == (2, 3, True)
    assert second.changes == (THIRD,)
    newest = template_of(3)
    assert newest
    assert (newest.outdated, newest.changes) == (False, ())


@pytest.mark.parametrize("stored", [None, 0, -1, current() + 1, 999])
def test_of_a_version_that_this_release_does_not_know_it_says_nothing(stored: int | None) -> None:
    """An older release may have to read what a newer one stored."""
    account = an_account(template_version=stored)

    assert account.template is None
    assert template_outdated(account) == ()
    assert update_of(account, "https://t") is None


# ---- a test --------------------------------------------------------------------------------------


def after_test(account: Account, found: int | None, steps: Any = None) -> Account:
    after, _ = finish(
        under_test(account),
        a_verification(),
        steps or steps_of(account),
        NOW,
        template_version=found,
    )
    return after


@pytest.mark.usefixtures("three")
@pytest.mark.parametrize(
    ("before", "found", "after"), [(None, 1, 1), (1, 3, 3), (2, None, 2), (2, UNKNOWN, None)]
)
def test_a_test_keeps_the_version_unless_it_read_another_or_none(
    before: int | None, found: int | None, after: int | None
) -> None:
    """It keeps it if AWS did not answer."""
    account = confirmed(an_account(template_version=before))

    assert after_test(account, found).template_version == after


@pytest.mark.usefixtures("three")
def test_no_version_changes_a_verdict_and_none_is_a_change_of_the_account() -> None:
    account = replace(after_test(confirmed(an_account()), 3), slot=None)
    results = [after_test(account, found) for found in (None, UNKNOWN, 1, 2, 3)]

    for after in results:
        assert replace(after, template_version=None) == replace(results[0], template_version=None)
        assert after.status is Status.CONFIRMED
        assert found_again(account, after)


def test_a_role_that_is_not_entered_or_not_yet_has_no_known_version() -> None:
    account = confirmed(an_account(template_version=1))
    refused = [entry_refused(account, "AccessDenied", "no", NOW)]

    assert account.template
    for after in (
        after_test(account, None, refused),
        with_open_role(account, NOW),
        account.reconnected(NOW, role_name="CavokOther"),
        account.with_use_revoked(NOW),
    ):
        assert after.template is None


def test_a_test_that_proves_nothing_leaves_the_version() -> None:
    account = confirmed(an_account(template_version=1))
    unknown = [entry_unknown(account, "Timeout", "no answer", NOW)]

    assert after_test(account, None, unknown).template_version == 1


def test_the_version_is_carried_from_the_survey_to_the_end() -> None:
    for found in (None, UNKNOWN, 1):
        survey = Survey(template_version=found)
        carried = Survey.from_dict(json.loads(json.dumps(survey.recorded.as_dict())))
        assert carried.template_version == found


# ---- in an organization --------------------------------------------------------------------------


@pytest.mark.usefixtures("three")
def test_an_organization_sees_the_newest_version_and_those_that_accounts_have() -> None:
    def shown(accounts: dict[int, int]) -> list[tuple[int, int, bool]]:
        return [(each.version, each.accounts, each.outdated) for each in in_use(accounts)]

    assert shown({1: 40, 2: 0, 3: 7}) == [(3, 7, False), (1, 40, True)]
    assert shown({1: 40, 2: 2}) == [(3, 0, False), (2, 2, True), (1, 40, True)]
    assert shown({}) == [(3, 0, False)]
    assert shown({4: 1}) == [(3, 0, False)], "of a later release, as an account shows none"


# ---- updating ------------------------------------------------------------------------------------


@pytest.mark.usefixtures("three")
def test_an_older_role_is_information_that_says_what_is_new_and_where_to_get_it() -> None:
    account = an_account(template_version=1, regions=("eu-west-1",), role_name="Cavok+a")

    (issue,) = template_outdated(account)

    found = Issue(IssueCode.PERMISSION_MISSING, "Denied.", "Grant it.")
    assert issues_shown(replace(account, issues=(found,))) == (found, issue)
    assert (issue.code, issue.severity) == ("template_outdated", Severity.INFORMATION)
    assert issue.message == (
        "The role is version 1. Version 2 adds ec2:RebootInstances: Cavok can restart instances. "
        "Version 3 removes a:A, a:B: Fewer are needed."
    )
    assert issue.fix
    assert issue.fix.console_url == (
        "https://eu-west-1.console.aws.amazon.com/cloudformation/home?region=eu-west-1"
        "#/stacks?filteringStatus=active&filteringText=Cavok-a"
    )


@pytest.mark.usefixtures("three")
def test_an_update_is_where_the_link_deploys() -> None:
    account = an_account(template_version=1, regions=("us-east-1", "eu-west-1"))

    (issue,) = template_outdated(account, "eu-west-1")
    update = update_of(account, "https://t", "eu-west-1")

    assert update
    assert issue.fix
    assert issue.fix.console_url == update.console_url
    assert update.console_url.startswith("https://eu-west-1.")
    assert "--region eu-west-1 " in update.cli
    assert (
        "in eu-west-1, in the region in which you deployed it, or the one" in update.steps[0].text
    )


def test_the_newest_role_is_nothing_to_know() -> None:
    account = an_account(template_version=current())

    assert account.template
    assert template_outdated(account) == ()
    assert update_of(account, "https://t") is None


MEMBER = {"enrollment_id": "01JN8Q5M3C0000000000000E01"}
ORIGINS = {
    "alone": (an_account(), "CavokCloud"),
    "a member": (an_account(**MEMBER), None),
    "adopted": (an_account(**MEMBER, role_name="CavokMine"), "CavokMine"),
    "adopted with a key": (an_account_with_keys(**MEMBER), "CavokCloudUser"),
}
"""Where an account comes from, and the stack in it that has made its role or user. That of a member
belongs to a stack set and has another name.
"""
each_origin = pytest.mark.parametrize(("account", "stack"), ORIGINS.values(), ids=ORIGINS)


@pytest.mark.usefixtures("three")
@each_origin
def test_an_outdated_role_leads_to_the_stack_that_made_it(
    account: Account, stack: str | None
) -> None:
    account = replace(account, template_version=1)

    (issue,) = template_outdated(account)
    update = update_of(account, "https://t")

    link = issue.fix.console_url if issue.fix else None
    assert (link or "").endswith(f"filteringText={stack}" if stack else "")
    assert (link is None) is (stack is None)
    assert ("stack of your AWS Organization" in issue.remedy) is (stack is None)
    assert update
    assert (update.steps[0].title == "AWS Organization") is (stack is None)
    of_itself = next(step.text for step in update.steps if step.title == "CloudFormation")
    assert f"stack {stack or 'CavokCloud'} in us-east-1" in of_itself
    assert "ReportConnection is No" in of_itself
    assert "press “Test” after it" in of_itself


@each_origin
def test_the_steps_of_a_member_begin_with_the_stack_that_makes_its_role(
    account: Account, stack: str | None
) -> None:
    first, *others = instructions.steps(account)

    assert (first.title == "AWS Organization") is (stack is None)
    assert "AWS Organization" not in {step.title for step in others}


@each_origin
def test_a_role_that_is_missing_or_gone_is_looked_for_where_it_is_made(
    account: Account, stack: str | None
) -> None:
    if account.role_name is None:
        return
    gone = replace(confirmed(account), stack_deleted_at=NOW)
    for before in (account, confirmed(account), gone):
        refused = [entry_refused(before, "AccessDenied", "no", NOW)]

        (issue,) = after_test(before, None, refused).issues

        assert ("stack set" in issue.remedy) is (stack is None), issue.code
        link = issue.fix.console_url if issue.fix else ""
        assert "cloudformation" not in str(link)
