"""One cause is one problem, in however many accounts; another cause is another."""

from __future__ import annotations

import json
import shlex
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import NoReturn

import pytest

from cavok.domain import permissions
from cavok.domain.access_denied import Reason
from cavok.domain.accounts import Account, Fix, Issue, Severity
from cavok.domain.fixes import fix_of_refusal, grant, principal_page
from cavok.domain.instances import InstanceKey
from cavok.domain.issues import confused_deputy, find_issues, log_writing_issues
from cavok.domain.kinds import Kind
from cavok.domain.regions import RegionHealth, RegionStatus
from cavok.domain.role_changes import SAID
from cavok.domain.shared_problems import SharedProblem, cause_of, shared_problems
from cavok.domain.steps import Step, Verdict
from cavok.domain.template_updates import issues_shown
from tests.support.builders import an_account, steps_of

STOP = "ec2:StopInstances"


def of(index: int, *issues: Issue, **changes: object) -> Account:
    """One of a fleet."""
    account = an_account(
        account_id=f"01JN8Q5M3C{index:016}",
        account_number=f"{400_000_000_000 + index}",
        name=f"Account{index}",
    )
    return replace(account, issues=issues, **changes)  # type: ignore[arg-type]


def lost(account: Account, reason: Reason = Reason.IDENTITY_POLICY) -> Issue:
    return Issue(
        "permission_lost",
        f"{STOP} was allowed and no longer is.",
        f"Because of {reason}.",
        fix=fix_of_refusal(account, reason, [STOP]),
        actions=(STOP,),
    )


def having(*accounts: Account) -> list[Account]:
    return [replace(account, issues=(lost(account),)) for account in accounts]


def only(problems: list[SharedProblem]) -> SharedProblem:
    (problem,) = problems
    return problem


def test_no_account_has_no_problem() -> None:
    assert shared_problems([]) == []
    assert shared_problems([of(0)]) == []


@pytest.mark.parametrize("count", [1, 10, 300, 10_000])
def test_one_cause_is_one_problem_with_all_its_accounts(count: int) -> None:
    accounts = having(*map(of, range(count)))

    problem = only(shared_problems(accounts))

    assert list(problem.accounts) == accounts
    assert problem.message == f"{STOP} was allowed and no longer is."
    assert problem.fix
    assert json.loads(problem.fix.policy_statement or "")["Action"] == [STOP]


def test_another_reason_is_another_problem_and_the_first_account_comes_first() -> None:
    one, two = having(of(0), of(1))
    another = of(2, lost(of(2), Reason.EXPLICIT_DENY))

    problems = shared_problems([another, one, two])

    assert [[each.name for each in problem.accounts] for problem in problems] == [
        ["Account2"],
        ["Account0", "Account1"],
    ]
    assert len({problem.cause for problem in problems}) == 2


def test_information_is_no_problem_nor_is_a_refused_log_line_that_is_not_wanted() -> None:
    information = Issue("permission_scoped", "…", "…", Severity.INFORMATION)
    refused = Issue("log_writing_refused", "logs:PutLogEvents is refused.", "…")

    assert shared_problems([of(0, information, refused, write_logs=False)]) == []
    assert (
        only(shared_problems([of(0, information, refused, write_logs=True)])).code == refused.code
    )


def test_the_fix_has_only_what_is_right_for_every_account() -> None:
    alike, other = of(0), of(1, role_name="CavokOther")

    problem = only(shared_problems(having(alike, other)))

    assert problem.fix
    assert problem.fix.policy_statement == grant(alike, [STOP]).policy_statement
    assert problem.fix.cli is None
    assert problem.fix.terraform is None
    assert problem.fix.console_url is None
    assert problem.fix.stack_url is None
    assert problem.differing == ("cli", "console_url", "terraform", "stack_url")
    assert only(shared_problems(having(alike, of(2)))).differing == ()


def test_what_differs_is_with_each_account() -> None:
    accounts = having(of(0), of(1, role_name="CavokOther"))

    shown = [issue.fix for account in accounts for issue in issues_shown(account)]

    assert only(shared_problems(accounts)).differing
    assert shown == [only(shared_problems([account])).fix for account in accounts]


def test_a_fix_is_also_terraform_and_a_stack() -> None:
    fix = only(shared_problems(having(of(0), of(1)))).fix
    assert fix
    assert fix.cli
    assert fix.terraform
    policy_name = fix.cli.split("--policy-name ")[1].split()[0]
    assert f'name   = "{policy_name}"' in fix.terraform
    assert f'role   = "{permissions.DEFAULT_ROLE_NAME}"' in fix.terraform
    document = fix.terraform.partition("jsonencode(")[2].rpartition(")")[0]
    assert json.loads(document)["Statement"] == [json.loads(fix.policy_statement or "")]
    assert (fix.stack_url or "").startswith("https://us-east-1.console.aws.amazon.com/cloudform")


@pytest.mark.parametrize(
    ("role_name", "enrolled", "links"),
    [
        (permissions.DEFAULT_ROLE_NAME, False, True),
        (permissions.DEFAULT_ROLE_NAME, True, False),
        ("CavokMine", True, True),
    ],
    ids=["alone", "a member", "adopted"],
)
def test_a_stack_is_named_only_in_the_account_that_has_it(
    role_name: str, enrolled: bool, links: bool
) -> None:
    """The stack of a member's role is a stack set's, whose owner is another account."""
    changes = {"role_name": role_name, "enrollment_id": "01JN8Q5M3C0000000000000E01"}
    account = of(0, **changes if enrolled else {"role_name": role_name})

    fix = only(shared_problems(having(account))).fix

    assert fix
    assert fix.cli
    assert f"details/{role_name}?" in (fix.console_url or ""), "the role itself is in the account"
    assert bool(fix.stack_url) is links
    assert (fix.stack_url or "").endswith(f"filteringText={role_name}" if links else "")


def test_what_another_than_the_role_must_allow_is_not_mended_in_a_stack() -> None:
    account = of(0)
    refused = lost(account, Reason.SERVICE_CONTROL_POLICY)

    fix = only(shared_problems([replace(account, issues=(refused,))])).fix

    assert fix
    assert fix.console_url
    assert fix.stack_url is None
    assert fix.terraform is None


@pytest.mark.parametrize("reason", [Reason.EXPLICIT_DENY, Reason.PERMISSIONS_BOUNDARY])
def test_what_our_stack_never_makes_is_not_mended_in_it(reason: Reason) -> None:
    account = of(0)

    fix = only(shared_problems([replace(account, issues=(lost(account, reason),))])).fix

    assert fix
    assert fix.console_url == principal_page(account, "permissions")
    assert fix.stack_url is None


# ---- a role's trust ------------------------------------------------------------------------------

EXTERNAL_ID = "cavok-Zk1bV7q0r3"
TRUST_POLICY = permissions.trust_policy("111122223333", EXTERNAL_ID)


def opened(account: Account) -> Account:
    return replace(account, issues=(confused_deputy(account),))


def shut_out(account: Account) -> Account:
    """Connected before; now its role does not let Cavok in."""
    connected = replace(account, connected_at=datetime(2026, 11, 1, tzinfo=UTC))
    entry = next(step for step in steps_of(account) if step.step == permissions.ASSUME_ROLE)
    refused = replace(entry, reason=Reason.ROLE_NOT_ASSUMABLE)
    return replace(connected, issues=found(connected, refused))


@pytest.mark.parametrize("having_it", [opened, shut_out])
def test_a_role_that_trusts_wrongly_has_the_trust_policy_to_copy(
    having_it: Callable[[Account], Account],
) -> None:
    accounts = [having_it(of(index)) for index in range(40)]

    problem = only(shared_problems(accounts, trust_policy=lambda: TRUST_POLICY))

    assert problem.differing == ()
    fix = problem.fix
    assert fix
    statement = json.loads(fix.policy_statement or "")
    assert [statement] == TRUST_POLICY["Statement"]
    assert statement["Condition"] == {"StringEquals": {"sts:ExternalId": EXTERNAL_ID}}
    *command, document = shlex.split(fix.cli or "", comments=True)
    assert command[:-1] == [
        *("aws", "iam", "update-assume-role-policy"),
        *("--role-name", permissions.DEFAULT_ROLE_NAME),
    ]
    assert json.loads(document) == TRUST_POLICY
    argument = (fix.terraform or "").partition("assume_role_policy = jsonencode(")[2]
    assert json.loads(argument.rpartition(")")[0]) == TRUST_POLICY
    assert fix.stack_url


def test_roles_of_other_names_have_one_statement_and_each_its_command() -> None:
    accounts = [opened(of(0)), opened(of(1, role_name="CavokOther"))]

    problem = only(shared_problems(accounts, trust_policy=lambda: TRUST_POLICY))

    assert problem.fix
    assert json.loads(problem.fix.policy_statement or "") == TRUST_POLICY["Statement"][0]
    assert problem.fix.terraform
    assert "cli" in problem.differing


def test_a_role_of_a_stack_set_has_no_command_that_makes_it_drift() -> None:
    account = opened(of(0, enrollment_id="01JN8Q5M3C0000000000000E01"))

    fix = only(shared_problems([account], trust_policy=lambda: TRUST_POLICY)).fix

    assert fix
    assert fix.policy_statement
    assert (fix.cli, fix.terraform, fix.stack_url) == (None, None, None)


def test_no_issue_has_the_external_id_before_it_is_shown() -> None:
    """Issues are stored, and sent in events."""
    for account in (opened(of(0)), shut_out(of(0))):
        (issue,) = account.issues
        assert issue.fix == Fix(console_url=principal_page(account, "trust_relationships"))


def test_the_external_id_is_read_only_for_a_role_that_trusts_wrongly() -> None:
    def unexpected() -> NoReturn:
        pytest.fail("nobody asked for it")

    refused = lost(of(0), Reason.EXPLICIT_DENY)
    shared_problems([*having(of(0), of(1)), of(2, refused)], trust_policy=unexpected)


def test_a_user_has_no_role_to_change() -> None:
    keyed = of(0, role_name=None)

    fix = only(shared_problems(having(keyed))).fix

    assert fix
    assert fix.policy_statement
    assert (fix.cli, fix.terraform, fix.stack_url) == (None, None, None)


# ---- what only one account would say -------------------------------------------------------------


def found(account: Account, *steps: Step, **facts: object) -> tuple[Issue, ...]:
    changed = {step.step: step for step in steps}
    whole = [changed.get(step.step, step) for step in steps_of(account)]
    return find_issues(account, whole, **facts)[1]  # type: ignore[arg-type]


def test_a_role_that_cannot_be_assumed_is_one_cause_whatever_its_name() -> None:
    accounts = [of(0), of(1, role_name="CavokOther", role_path="/team/")]
    open_ = [replace(each, issues=(confused_deputy(each),)) for each in accounts]

    problem = only(shared_problems(open_))

    assert problem.message.startswith("The role can be assumed without this organization's")


def test_numbers_are_left_out() -> None:
    def wrong(index: int) -> Account:
        account = of(index)
        other = f"{500_000_000_000 + index}"
        said = f"These credentials belong to account {other}, not to {account.account_number}."
        remedy = f"Enter credentials of account {account.account_number}."
        return replace(account, issues=(Issue("wrong_account", said, remedy),))

    problem = only(shared_problems([wrong(0), wrong(1)]))

    assert problem.message == "These credentials belong to account <number>, not to <number>."
    assert problem.remedy == "Enter credentials of account <number>."


def test_a_deleted_stack_set_is_one_cause_whenever_it_deleted_each_role() -> None:
    def deleted(index: int) -> Account:
        at = datetime(2026, 11, 29, 2, index, tzinfo=UTC)
        account = of(index, connected_at=at, stack_deleted_at=at, role_path=f"/team{index}/")
        entry = next(step for step in steps_of(account) if step.step == permissions.ASSUME_ROLE)
        refused = replace(entry, reason=Reason.ROLE_NOT_ASSUMABLE)
        return replace(account, issues=found(account, refused))

    problem = only(shared_problems([deleted(0), deleted(41)]))

    assert problem.code == "disconnected"
    assert problem.message == (
        "Its stack said that it is being deleted, and the role cannot be assumed since."
    )


def test_a_role_that_went_late_is_one_cause_whenever_cavok_was_last_let_in() -> None:
    said = datetime(2026, 11, 29, 2, tzinfo=UTC)

    def deleted(index: int) -> Account:
        account = of(index, connected_at=said + timedelta(minutes=index), stack_deleted_at=said)
        entry = next(step for step in steps_of(account) if step.step == permissions.ASSUME_ROLE)
        refused = replace(entry, reason=Reason.ROLE_NOT_ASSUMABLE)
        return replace(account, issues=found(account, refused))

    for first, code in ((10, "disconnected"), (50, "role_not_assumable")):
        problem = only(shared_problems([deleted(first), deleted(first + 1)]))
        assert problem.code == code
        assert problem.message.endswith("Cavok was let in after that.")


@pytest.mark.parametrize(
    "keys",
    [
        ["1234abcd-12ab-34cd-56ef-1234567890ab", "8765dcba-21ba-43dc-65fe-ba0987654321"],
        ["mrk-1234abcd12ab34cd56ef1234567890ab", "mrk-8765dcba21ba43dc65feba0987654321"],
    ],
    ids=["of one region", "of many"],
)
def test_a_log_group_that_cannot_be_encrypted_is_one_cause_whatever_its_key(
    keys: list[str],
) -> None:
    def unusable(account: Account, key: str) -> Account:
        arn = f"arn:aws:kms:us-east-1:{account.account_number}:key/{key}"
        step = next(each for each in steps_of(account) if each.step == "logs:PutLogEvents")
        failed = replace(
            step,
            verdict=Verdict.INCONCLUSIVE,
            error_code="InvalidParameterException",
            detail=f"The KMS key {arn} is disabled.",
        )
        return replace(account, issues=log_writing_issues(account, [failed]), write_logs=True)

    problem = only(shared_problems(map(unusable, [of(0), of(1)], keys)))

    assert problem.message.endswith(
        "The KMS key arn:aws:kms:us-east-1:<number>:key/<id> is disabled."
    )


def denied(account: Account) -> Step:
    step = next(each for each in steps_of(account) if each.step == STOP)
    return replace(step, verdict=Verdict.DENIED, ok=False, reason=Reason.IDENTITY_POLICY)


def refused_for(account: Account, count: int, region: str = "us-east-1") -> Account:
    number = account.account_number
    keys = [InstanceKey(Kind.EC2, region, f"i-{number}{each:05}") for each in range(count)]
    issues = found(account, denied(account), under_control=keys)
    return replace(
        account, issues=tuple(each for each in issues if each.code == "instance_refused")
    )


def test_instances_are_left_out_however_many_there_are() -> None:
    problem = only(shared_problems([refused_for(of(index), 10**index) for index in range(3)]))

    assert problem.message == (
        f"{STOP} is refused for some instances, which are under Cavok's control."
    )
    assert "i-4" not in problem.remedy
    assert len(problem.accounts) == 3
    assert problem.fix
    assert problem.fix.policy_statement is None, "another one for each account"


def test_a_region_that_is_cut_off_is_a_cause_of_its_own() -> None:
    def cut_off(index: int, region: str) -> Account:
        key = InstanceKey(Kind.EC2, region, f"i-{index}")
        health = [RegionHealth(region, RegionStatus.NOT_ENABLED)]
        account = of(index)
        issues = found(account, region_health=health, under_control=[key])
        return replace(
            account, issues=tuple(each for each in issues if each.code == "instance_refused")
        )

    problems = shared_problems(
        [cut_off(0, "eu-south-1"), cut_off(1, "eu-south-1"), cut_off(2, "ap-east-1")]
    )

    assert [len(problem.accounts) for problem in problems] == [2, 1]
    assert problems[0].message == (
        "Some instances are under Cavok's control, but the account has not enabled the region."
    )
    assert "eu-south-1" in problems[0].remedy


def test_an_account_with_a_problem_twice_is_named_once() -> None:
    account = refused_for(of(0), 1)
    again = replace(account.issues[0], message=account.issues[0].message.replace("i-4", "i-5"))

    problem = only(shared_problems([replace(account, issues=(*account.issues, again))]))

    assert len(problem.accounts) == 1


def test_the_name_of_a_cause_is_the_same_in_every_process() -> None:
    assert cause_of(Issue("code", "message", "remedy")) == "b03bd97695ecf33f"


def test_who_changed_a_role_makes_no_other_cause() -> None:
    """One update of a stack set changes the roles of all its members."""
    accounts = [
        of(index, Issue("role_not_assumable", f"It cannot be assumed. {said}", "Deploy it."))
        for index in range(2)
        for said in [f"{SAID}role was deleted on 2026-11-2{index} at 14:02 UTC by {index}."]
    ]

    assert only(shared_problems(accounts)).message == "It cannot be assumed."
