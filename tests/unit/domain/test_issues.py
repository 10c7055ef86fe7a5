"""What a person reads about a test, and what they can do about it."""

from __future__ import annotations

import ast
import json
import re
import shlex
from collections.abc import Callable, Collection, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from itertools import product

import pytest

from cavok.domain import permissions
from cavok.domain.access_denied import POLICIES_UNREAD, Reason, sts_is_off
from cavok.domain.accounts import (
    DISCONNECTED_WITHIN,
    ROLE_GOES_WITHIN,
    ROLE_GONE_AFTER,
    Account,
    Capability,
    Fix,
    Issue,
    IssueCode,
    Outcome,
    Severity,
    Status,
)
from cavok.domain.fixes import grant
from cavok.domain.instances import InstanceKey
from cavok.domain.issues import find_issues, refused_for_instances
from cavok.domain.kinds import Kind
from cavok.domain.policy_verdicts import (
    Database,
    DatabaseQuestion,
    Databases,
    RolePolicies,
    judge_databases,
)
from cavok.domain.regions import RegionHealth, RegionStatus
from cavok.domain.steps import (
    MAX_EXAMPLES,
    AskedResources,
    Judgement,
    ResourceVerdict,
    Step,
    Verdict,
    judge,
)
from cavok.domain.verifications import entry_refused, finish
from local.settings import ROOT
from tests.support.builders import (
    NOW,
    NUMBER,
    REFUSALS,
    a_step,
    a_verification,
    actions_of,
    an_account,
    an_account_with_keys,
    confirmed,
    denied,
    steps_of,
)
from tests.support.work import lines_run

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

    assert [issue.message for issue in found] == [
        f"{START} is not allowed; Cavok does without it.",
        f"{STOP} is not allowed; Cavok does without it.",
    ]


def test_several_refusals_of_one_reason_are_told_in_the_plural() -> None:
    (issue,) = issues_of(an_account(), *denied([START, STOP]))

    assert issue.message == f"{START}, {STOP} are not allowed; Cavok does without them."


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


# ---- permissions that hold for some instances only -----------------------------------------------

ONE, TWO, THREE = (
    InstanceKey(Kind.EC2, "us-east-1", f"i-0000000000000000{n}") for n in range(1, 4)
)


def partly(
    step: str,
    *,
    allowed: Sequence[InstanceKey] = (),
    refused: Sequence[InstanceKey] = (),
    reason: Reason = Reason.IDENTITY_POLICY,
    undecided: int = 0,
) -> Step:
    """The step of a permission that was asked for named instances."""
    found = [
        *(ResourceVerdict(key.instance_id, key.region, Verdict.ALLOWED) for key in allowed),
        *(ResourceVerdict(key.instance_id, key.region, Verdict.DENIED, reason) for key in refused),
        *[ResourceVerdict("i-0fffffff", "us-east-1", Verdict.INCONCLUSIVE)] * undecided,
    ]
    verdict = Verdict.PARTIAL if allowed else Verdict.DENIED
    return a_step(step, verdict, None if allowed else reason, resources=AskedResources.of(found))


def judged_by(
    account: Account, *changes: Step, under_control: Collection[InstanceKey] = ()
) -> Account:
    after, _ = finish(
        account, a_verification(), steps_of(account, *changes), NOW, under_control=under_control
    )
    return after


def some_lost() -> tuple[Account, list[Step]]:
    """An account that lost permissions for different reasons, and what the next test finds."""
    reasons = (Reason.IDENTITY_POLICY, Reason.EXPLICIT_DENY, Reason.PERMISSIONS_BOUNDARY)
    actions = ("rds:StopDBInstance", "rds:StartDBInstance", "rds:StopDBCluster")
    lost = [denied([step], reason)[0] for step, reason in zip(actions, reasons, strict=True)]
    return judged_by(confirmed(an_account(), *permissions.STEPS), *lost), lost


def one_refused() -> tuple[Account, list[Step]]:
    refused = judged_by(an_account(), partly(STOP, refused=[ONE]), under_control={ONE})
    return refused, [a_step(STOP, Verdict.INCONCLUSIVE, Reason.ERROR)]


@pytest.mark.parametrize("begin", [some_lost, one_refused])
def test_more_instances_under_control_are_little_more_work(
    begin: Callable[[], tuple[Account, list[Step]]],
) -> None:
    """A sweep judges accounts of all tenants in one process."""
    account, steps = begin()
    assert account.issues

    def work(instances: int) -> int:
        keys = frozenset(
            InstanceKey(Kind.EC2, "us-east-1", f"i-{number:017x}") for number in range(instances)
        )
        return lines_run(lambda: judged_by(account, *steps, under_control=keys))

    work(1)  # What is compiled once.
    assert work(400) - work(200) < 200 * 10


def test_a_role_limited_to_some_instances_is_information_and_no_defect() -> None:
    found = partly(STOP, allowed=[ONE], refused=[TWO, THREE], undecided=2)

    after = judged_by(confirmed(an_account()), found)

    (issue,) = after.issues
    assert (after.status, after.capabilities["ec2"]) == (Status.CONFIRMED, Capability.PARTIAL)
    assert (issue.code, issue.severity) == ("permission_scoped", Severity.INFORMATION)
    assert issue.message == f"{STOP} is allowed for 1 of 5 EC2 instances; 2 could not be decided."
    assert issue.remedy.startswith("If that is intended, there is nothing to do.")
    assert issue.fix is None


def test_permissions_with_the_same_scope_are_one_issue() -> None:
    found = issues_of(
        an_account(),
        *(partly(step, allowed=[ONE], refused=[TWO]) for step in (START, STOP)),
        partly("rds:StopDBInstance", allowed=[ONE], refused=[TWO]),
        partly("rds:StartDBCluster", allowed=[ONE], refused=[TWO]),
    )

    assert [issue.message for issue in found] == [
        f"{START}, {STOP} are allowed for 1 of 2 EC2 instances.",
        "rds:StopDBInstance is allowed for 1 of 2 RDS instances.",
        "rds:StartDBCluster is allowed for 1 of 2 Aurora clusters.",
    ]
    for issue, plural in zip(
        found, ("EC2 instances", "RDS instances", "Aurora clusters"), strict=True
    ):
        assert f"limited to some {plural};" in issue.remedy


def test_a_refusal_for_another_reason_than_the_guide_knows_is_remedied_as_one_without() -> None:
    (issue,) = issues_of(an_account(), *denied([STOP], Reason.ERROR))
    (unstated,) = issues_of(an_account(), *denied([STOP], Reason.UNSTATED))

    assert issue.remedy == unstated.remedy


def test_a_listing_that_is_allowed_in_part_is_of_instances() -> None:
    (issue,) = issues_of(an_account(), a_step("ec2:DescribeInstances", Verdict.PARTIAL))

    assert issue.message == "ec2:DescribeInstances is allowed for some instances only."


def test_a_scope_that_nobody_counted_is_told_without_numbers() -> None:
    (issue,) = issues_of(an_account(), a_step(STOP, Verdict.PARTIAL))

    assert issue.message == f"{STOP} is allowed for some EC2 instances only."


@pytest.mark.parametrize(
    ("reason", "words"),
    [
        (Reason.IDENTITY_POLICY, "extend its Resource or Condition"),
        (Reason.EXPLICIT_DENY, "narrow that Deny statement"),
        (Reason.PERMISSIONS_BOUNDARY, "boundary is limited"),
        (Reason.SERVICE_CONTROL_POLICY, "ask an administrator of AWS Organizations"),
        (Reason.RESOURCE_CONTROL_POLICY, "resource control policy"),
    ],
)
def test_a_scope_is_widened_where_it_comes_from(reason: Reason, words: str) -> None:
    found = partly(STOP, allowed=[ONE], refused=[TWO], reason=reason)

    (issue,) = issues_of(an_account(), found)

    assert words in issue.remedy


def test_an_instance_under_control_that_is_refused_degrades_the_account_and_is_named() -> None:
    steps = [partly(step, allowed=[ONE], refused=[TWO, THREE]) for step in (START, STOP)]

    after = judged_by(an_account(), *steps, under_control={TWO})

    refused, scoped = after.issues
    assert (after.status, scoped.code) == (Status.DEGRADED, "permission_scoped")
    assert (refused.code, refused.severity) == ("instance_refused", Severity.PROBLEM)
    assert refused.message == (
        f"{START}, {STOP} are refused for {TWO.instance_id} in us-east-1, which is under Cavok's "
        "control."
    )
    assert refused.fix
    assert json.loads(str(refused.fix.policy_statement)) == {
        "Effect": "Allow",
        "Action": [START, STOP],
        "Resource": f"arn:aws:ec2:us-east-1:{NUMBER}:instance/{TWO.instance_id}",
    }


def test_instances_under_control_that_are_refused_for_different_reasons_are_two_issues() -> None:
    verdicts = [
        ResourceVerdict(ONE.instance_id, ONE.region, Verdict.DENIED, Reason.EXPLICIT_DENY),
        ResourceVerdict(TWO.instance_id, TWO.region, Verdict.DENIED, None),
        ResourceVerdict(THREE.instance_id, THREE.region, Verdict.DENIED, Reason.EXPLICIT_DENY),
    ]
    found = a_step(STOP, Verdict.DENIED, resources=AskedResources.of(verdicts))

    issues = judged_by(an_account(), found, under_control={ONE, TWO, THREE}).issues

    assert [issue.code for issue in issues] == ["instance_refused"] * 2
    assert f"{ONE.instance_id} in us-east-1, {THREE.instance_id} in us-east-1, which are" in (
        issues[0].message
    )
    assert "denies" in issues[0].remedy
    assert TWO.instance_id in issues[1].message
    assert f"Add {STOP} on {TWO.instance_id}" in issues[1].remedy


def test_a_database_is_not_the_cluster_of_the_same_name() -> None:
    cluster = InstanceKey(Kind.AURORA, "us-east-1", "orders")
    database = InstanceKey(Kind.RDS, "us-east-1", "orders")
    found = partly("rds:StopDBInstance", allowed=[ONE], refused=[database])

    assert judged_by(an_account(), found, under_control={cluster}).status is Status.CONFIRMED
    assert judged_by(an_account(), found, under_control={database}).status is Status.DEGRADED


def test_an_instance_of_another_region_is_another_instance() -> None:
    elsewhere = replace(TWO, region="eu-west-1")
    found = partly(STOP, allowed=[ONE], refused=[TWO])

    assert judged_by(an_account(), found, under_control={elsewhere}).status is Status.CONFIRMED


def test_a_permission_that_was_had_for_all_and_is_had_for_some_is_not_lost() -> None:
    after = judged_by(confirmed(an_account(), STOP), partly(STOP, allowed=[ONE], refused=[TWO]))

    assert (after.status, STOP in after.proven) == (Status.CONFIRMED, True)


def test_a_permission_that_was_had_for_some_and_is_had_for_none_is_lost() -> None:
    once = judged_by(an_account(), partly(STOP, allowed=[ONE], refused=[TWO]))

    after = judged_by(once, partly(STOP, refused=[ONE, TWO]), under_control={ONE})

    assert STOP in once.proven
    assert (after.status, [issue.code for issue in after.issues]) == (
        Status.DEGRADED,
        ["permission_lost"],
    )


def test_what_is_lost_is_given_back_to_the_instances_under_control_alone() -> None:
    """A role that was limited to them on purpose must not become wider."""
    before = confirmed(an_account())
    both = [partly(action, refused=[ONE, TWO, THREE]) for action in (START, STOP)]

    def resources(*steps: Step, under_control: Collection[InstanceKey]) -> object:
        (issue, *_) = judged_by(before, *steps, under_control=under_control).issues
        assert issue.code == "permission_lost"
        assert issue.fix
        return json.loads(str(issue.fix.policy_statement))["Resource"]

    arns = [each.arn(NUMBER) for each in (ONE, TWO)]
    assert resources(*both, under_control={TWO, ONE}) == arns
    assert resources(both[0], under_control={ONE}) == arns[0]
    assert resources(*both, under_control=()) == "*"
    none_of_stop = partly(STOP, refused=[THREE])
    assert resources(both[0], none_of_stop, under_control={ONE}) == "*"


def test_a_permission_that_holds_for_some_makes_its_groups_refusals_odd() -> None:
    """The group is in use, so that what else of it is refused was not left out as a whole."""
    steps = [
        *denied(step for step in actions_of("ec2") if step != STOP),
        partly(STOP, allowed=[ONE], refused=[TWO]),
    ]

    assert [issue.code for issue in issues_of(an_account(), *steps)] == [
        "permission_missing",
        "permission_scoped",
    ]


# ---- what could not be proven --------------------------------------------------------------------

RDS_STOP = "rds:StopDBInstance"


def unproven(*changes: Step, account: Account | None = None) -> Issue:
    account = account or an_account()
    (issue,) = issues_of(
        account, a_step(RDS_STOP, Verdict.INCONCLUSIVE, Reason.NOT_PROVABLE), *changes
    )
    assert (issue.code, issue.severity) == ("permission_unproven", Severity.INFORMATION)
    assert issue.message == f"{RDS_STOP} could not be proven: AWS's answer allows no conclusion."
    return issue


def test_what_reading_the_policies_would_prove_is_told_with_the_statement_to_add() -> None:
    issue = unproven(*denied(["iam:GetRolePolicy"]))

    assert "iam:GetRolePolicy" in issue.remedy
    assert issue.fix
    statement = json.loads(str(issue.fix.policy_statement))
    assert statement["Action"] == list(permissions.CHECKING.actions)


def test_policies_that_were_read_and_decide_nothing_are_told_so() -> None:
    issue = unproven()

    assert "names them by ARN" in issue.remedy
    assert issue.fix is None


def behind(words: str, account: Account | None = None) -> Issue:
    """The issue of a database permission that AWS refuses for an absent name, with these words."""
    (issue,) = issues_of(
        account or an_account(),
        *(
            replace(
                a_step(step, Verdict.INCONCLUSIVE, Reason.NOT_PROVABLE),
                error_code="AccessDenied",
                detail=f"The role's policies do not decide. AWS answered: not authorized {words}",
            )
            for step in (RDS_STOP, "rds:StopDBCluster")
        ),
    )
    assert (issue.code, issue.severity) == ("permission_unproven", Severity.INFORMATION)
    return issue


@pytest.mark.parametrize("account", [an_account(), an_account_with_keys()])
@pytest.mark.parametrize(
    ("policy", "remedy", "page"),
    [
        ("permissions boundary", "extend the boundary", "iam/home#/"),
        ("service control policy", "ask an administrator of AWS Organizations", "service-control"),
        (
            "resource control policy",
            "ask an administrator of AWS Organizations",
            "resource-control",
        ),
        ("VPC endpoint policy", "VPC endpoint policy does not allow", None),
        ("resource-based policy", "look at the policy of the resource", None),
    ],
)
def test_behind_a_policy_that_cavok_cannot_read_no_statement_of_the_roles_is_advised(
    account: Account, policy: str, remedy: str, page: str | None
) -> None:
    for words in (
        f"because no {policy} allows the {RDS_STOP} action",
        f"with an explicit deny in a {policy}",
    ):
        issue = behind(words, account)

        assert remedy in issue.remedy
        assert "ARN" not in issue.remedy
        assert "first use" in issue.remedy
        if page:
            assert issue.fix
            assert issue.fix.policy_statement is None
            assert page in str(issue.fix.console_url)
        else:
            assert issue.fix is None


def test_a_refusal_by_cavoks_own_session_policy_keeps_the_status_and_says_whose_it_is() -> None:
    account = confirmed(an_account(), STOP)
    ours = judge("UnauthorizedOperation", f"because no session policy allows the {STOP} action")
    step = Step.of(STOP, ours, started_at=NOW)

    after, test = finish(account, a_verification(), steps_of(account, step), NOW)

    assert (after.status, test.outcome) == (Status.CONFIRMED, Outcome.CONFIRMED)
    assert STOP in after.proven
    (issue,) = after.issues
    assert (issue.code, issue.severity) == ("permission_unproven", Severity.INFORMATION)
    assert issue.message == f"{STOP} could not be proven: a policy of Cavok's own refuses it."
    assert "contact support" in issue.remedy
    assert issue.fix is None


def test_a_permission_behind_a_boundary_is_told_word_for_word() -> None:
    issue = behind(f"because no permissions boundary allows the {RDS_STOP} action")

    assert (issue.message, issue.remedy) == (
        f"{RDS_STOP}, rds:StopDBCluster could not be proven: a policy that Cavok cannot read "
        "refuses it for a nonexistent name.",
        "If that is intended, there is nothing to do. The role's permissions boundary does not "
        f"allow {RDS_STOP}, rds:StopDBCluster; extend the boundary, or set another. Once every "
        "name is allowed, a test proves it. The first use proves it too.",
    )


@pytest.mark.parametrize(
    ("words", "code"),
    [
        (f"because no identity-based policy allows the {RDS_STOP} action", "AccessDenied"),
        ("with an explicit deny in an identity-based policy", "AccessDenied"),
        ("because no permissions boundary allows it", "DBInstanceNotFound"),
    ],
)
def test_what_the_roles_own_policies_refuse_is_proven_by_them(words: str, code: str) -> None:
    step = a_step(RDS_STOP, Verdict.INCONCLUSIVE, Reason.NOT_PROVABLE)
    (issue,) = issues_of(an_account(), replace(step, error_code=code, detail=words))

    assert "names them by ARN" in issue.remedy


def test_an_access_keys_policies_are_not_read_so_that_its_first_use_proves_it() -> None:
    issue = unproven(account=an_account_with_keys())

    assert "first use" in issue.remedy
    assert issue.fix is None


def test_an_answer_that_did_not_come_is_asked_for_again() -> None:
    (issue,) = issues_of(an_account(), a_step(STOP, Verdict.INCONCLUSIVE, Reason.ERROR))

    assert issue.message == f"{STOP} could not be proven: AWS gave no usable answer."
    assert "next test" in issue.remedy


def test_a_region_that_is_off_is_named_as_the_reason() -> None:
    off = a_step(STOP, Verdict.INCONCLUSIVE, Reason.REGION_DISABLED)
    (issue,) = issues_of(an_account(), replace(off, region="af-south-1"))

    assert issue.message == (
        f"{STOP} could not be proven: the region af-south-1 is not enabled in the account."
    )
    assert issue.fix
    assert issue.fix.cli == "aws account enable-region --region-name af-south-1"


def test_a_region_that_nobody_can_disable_is_not_called_so() -> None:
    """AWS has the same codes for credentials that it does not know any more."""
    rejected = a_step(STOP, Verdict.INCONCLUSIVE, Reason.REGION_DISABLED)

    (issue,) = issues_of(an_account(), replace(rejected, region="us-east-1"))
    (at_home,) = issues_of(an_account(), replace(rejected, region=None))

    assert issue.message == f"{STOP} could not be proven: AWS gave no usable answer."
    assert (issue.fix, at_home) == (None, issue)


def test_the_checking_permissions_need_no_proof() -> None:
    steps = [a_step("iam:GetRolePolicy", Verdict.INCONCLUSIVE, Reason.ERROR)]

    assert issues_of(an_account(), *steps) == ()


# ---- in doubt, the status stays ------------------------------------------------------------------


@pytest.mark.parametrize("reason", [Reason.ERROR, Reason.NOT_PROVABLE, Reason.REGION_DISABLED])
def test_an_answer_that_proves_nothing_does_not_mend_what_was_lost(reason: Reason) -> None:
    lost = judged_by(confirmed(an_account()), *denied([STOP]))

    after = judged_by(lost, a_step(STOP, Verdict.INCONCLUSIVE, reason))

    assert after.status is Status.DEGRADED
    assert [issue.code for issue in after.issues] == ["permission_lost", "permission_unproven"]
    assert after.issues[0] == lost.issues[0]


def test_an_answer_about_another_permission_keeps_nothing_degraded() -> None:
    lost = judged_by(confirmed(an_account()), *denied([STOP]))

    after = judged_by(lost, a_step(START, Verdict.INCONCLUSIVE, Reason.ERROR))

    assert (after.status, [issue.code for issue in after.issues]) == (
        Status.CONFIRMED,
        ["permission_unproven"],
    )


def test_a_name_within_a_longer_one_is_not_named() -> None:
    """ec2:DescribeInstances is not ec2:DescribeInstanceStatus, nor i-0a of i-0ab."""
    status = "ec2:DescribeInstanceStatus"
    shorter = status[:-6]
    lost = replace(
        confirmed(an_account()),
        status=Status.DEGRADED,
        issues=(Issue("permission_lost", f"{status} was allowed and no longer is.", "Add it."),),
    )

    after = judged_by(lost, a_step(f"{shorter}s", Verdict.INCONCLUSIVE, Reason.ERROR))

    assert after.status is Status.CONFIRMED


@pytest.mark.parametrize(("controlled", "status"), [({TWO}, "degraded"), (set(), "confirmed")])
def test_a_refused_instance_stays_refused_in_doubt_while_it_is_under_control(
    controlled: set[InstanceKey], status: str
) -> None:
    refused = judged_by(
        an_account(), partly(STOP, allowed=[ONE], refused=[TWO]), under_control={TWO}
    )

    after = judged_by(
        refused, a_step(STOP, Verdict.INCONCLUSIVE, Reason.ERROR), under_control=controlled
    )

    assert after.status == status


def found_of(step: str, *verdicts: tuple[InstanceKey, Verdict], asked: int = 0) -> Step:
    """A step with what it found of some instances, of `asked` in all."""
    resources = AskedResources.of(
        [
            *(ResourceVerdict(key.instance_id, key.region, verdict) for key, verdict in verdicts),
            *[ResourceVerdict("i-0fffffff", "us-east-1", Verdict.ALLOWED)] * asked,
        ],
        {"us-east-1": [key.instance_id for key, _ in verdicts]},
    )
    return a_step(step, resources.verdict(listed=True, complete=True), resources=resources)


A, D, OPEN, SKIPPED = (
    Verdict.ALLOWED,
    Verdict.DENIED,
    Verdict.INCONCLUSIVE,
    Verdict.SKIPPED,
)


@pytest.mark.parametrize("others", [(), (A,), (D,), (A, D), (A, OPEN), (A, D, OPEN), (D, SKIPPED)])
@pytest.mark.parametrize("mine", [A, D, OPEN, SKIPPED, None])
def test_only_an_answer_about_a_refused_instance_itself_mends_it(
    mine: Verdict | None, others: tuple[Verdict, ...]
) -> None:
    """None: it is gone. What the step says of the others, or of all together, does not matter."""
    refused = judged_by(
        an_account(), partly(STOP, refused=[ONE], allowed=[TWO]), under_control={ONE}
    )
    refused = replace(refused, proven=frozenset())  # nothing can be lost
    rest = [
        (InstanceKey(Kind.EC2, "us-east-1", f"i-{number:017x}"), verdict)
        for number, verdict in enumerate(others, 16)
    ]
    step = found_of(STOP, *([(ONE, mine)] if mine else []), *rest)

    after = judged_by(refused, step, under_control={ONE})

    gone_in_doubt = mine is None and step.verdict is OPEN
    stays = mine in (D, OPEN, SKIPPED) or gone_in_doubt
    assert (after.status is Status.DEGRADED) == stays
    names = [issue.code for issue in after.issues if issue.severity is Severity.PROBLEM]
    assert names == (["instance_refused"] if stays else [])


def test_an_instance_that_its_own_answer_allows_is_mended_while_others_are_in_doubt() -> None:
    """A region whose list is refused must not keep what was granted in another one degraded."""
    refused = judged_by(
        an_account(), partly(STOP, refused=[ONE], allowed=[TWO]), under_control={ONE}
    )

    after = judged_by(refused, found_of(STOP, (ONE, A), (TWO, OPEN)), under_control={ONE})

    assert after.status is Status.CONFIRMED


def test_a_group_is_not_full_while_a_refused_instance_cannot_be_asked_about() -> None:
    """It is protected from being stopped by now: what proves nothing mends nothing."""
    steps = [partly(step, refused=[ONE], allowed=[TWO]) for step in (START, STOP)]
    refused = judged_by(an_account(), *steps, under_control={ONE})
    step = found_of(STOP, (ONE, SKIPPED), (TWO, A))
    assert step.verdict is A

    kept = judged_by(refused, step, under_control={ONE})
    released = judged_by(refused, step)

    assert kept.issues[0].message.startswith(f"{STOP} is refused for {ONE.instance_id}")
    assert kept.capabilities["ec2"] is Capability.PARTIAL
    assert kept.capabilities["rds"] is Capability.FULL
    assert released.capabilities["ec2"] is Capability.FULL


@pytest.mark.parametrize(("others", "stays"), [(19, False), (20, True), (25, True)])
def test_an_instance_that_may_be_hidden_behind_the_examples_is_in_doubt(
    others: int, stays: bool
) -> None:
    """As many as a step names are under control and open."""
    refused = judged_by(
        an_account(), partly(STOP, refused=[ONE], allowed=[TWO]), under_control={ONE}
    )
    keys = [InstanceKey(Kind.EC2, "us-east-1", f"i-{n:017x}") for n in range(100, 100 + others)]
    step = found_of(STOP, *((key, SKIPPED) for key in keys), asked=5)
    assert step.verdict is A

    after = judged_by(refused, step, under_control={ONE, *keys})
    not_mine = judged_by(refused, step, under_control={ONE, *keys[1:]})

    assert (after.status is Status.DEGRADED) == stays
    assert not_mine.status is Status.CONFIRMED


def test_a_refused_instance_is_known_by_its_kind_region_and_name() -> None:
    orders, elsewhere = (InstanceKey(Kind.RDS, r, "orders") for r in ("us-east-1", "us-east-2"))
    cluster = InstanceKey(Kind.AURORA, "us-east-1", "orders")
    step = partly("rds:StopDBInstance", refused=[orders], allowed=[elsewhere])
    refused = judged_by(an_account(), step, under_control={orders})
    in_doubt = found_of("rds:StopDBInstance", (orders, OPEN), (elsewhere, OPEN))

    for under_control, status in (
        ({orders}, Status.DEGRADED),
        ({elsewhere}, Status.CONFIRMED),
        ({cluster}, Status.CONFIRMED),
        (set(), Status.CONFIRMED),
    ):
        assert judged_by(refused, in_doubt, under_control=under_control).status is status


STOP_DB = "rds:StopDBInstance"
ORDERS = InstanceKey(Kind.RDS, "us-east-1", "orders")
READERS = permissions.CHECKING.actions


@pytest.mark.parametrize("account", [an_account(), an_account_with_keys()])
@pytest.mark.parametrize(
    "readers",
    list(product((Verdict.ALLOWED, Verdict.DENIED, Verdict.INCONCLUSIVE), repeat=len(READERS))),
)
def test_a_success_on_an_absent_database_mends_no_real_one_unless_the_policies_were_read(
    readers: tuple[Verdict, ...], account: Account
) -> None:
    """The customer took the group Checking away, and the Deny statement is still there."""
    refused = judged_by(account, partly(STOP_DB, refused=[ORDERS]), under_control={ORDERS})
    read = [a_step(action, verdict) for action, verdict in zip(READERS, readers, strict=True)]

    after = judged_by(refused, a_step(STOP_DB), *read, under_control={ORDERS})
    by_policies = replace(partly(STOP_DB, allowed=[ORDERS]), error_code="AccessDenied")
    listed = judged_by(refused, by_policies, *read, under_control={ORDERS})

    all_read = set(readers) == {Verdict.ALLOWED} or account.role_name is None
    assert refused.status is Status.DEGRADED
    assert after.status is (Status.CONFIRMED if all_read else Status.DEGRADED)
    assert after.issues[:1] == (refused.issues[:1] if not all_read else after.issues[:1])
    assert listed.status is Status.CONFIRMED, "this answer is about the database itself"


STOCK, LEDGER = (replace(ORDERS, instance_id=name) for name in ("stock", "ledger"))
SOME_UNREAD = [
    a_step(action, Verdict.ALLOWED, error_code=POLICIES_UNREAD)
    for action in ("iam:ListRolePolicies", "iam:ListAttachedRolePolicies")
]


@pytest.mark.parametrize("unread", SOME_UNREAD, ids=lambda step: step.step)
def test_a_success_mends_no_refusal_that_may_have_moved_to_policies_that_tests_do_not_read(
    unread: Step,
) -> None:
    """The Deny statement moved into a managed policy, or behind the inline policies that are read.
    What the readable ones still deny is refused, and the rest proves nothing.
    """
    refused = judged_by(an_account(), partly(STOP_DB, refused=[ORDERS]), under_control={ORDERS})

    for step, left, verdict in (
        (a_step(STOP_DB), None, Verdict.INCONCLUSIVE),
        (partly(STOP_DB, allowed=[ORDERS, LEDGER], refused=[STOCK]), (3, 1, 1), Verdict.PARTIAL),
        (partly(STOP_DB, allowed=[ORDERS], refused=[STOCK]), (2, 0, 1), Verdict.INCONCLUSIVE),
    ):
        after, verification = finish(
            refused,
            a_verification(),
            steps_of(refused, step, unread),
            NOW,
            under_control={ORDERS, LEDGER},
        )
        (judged,) = [each for each in verification.steps if each.step == STOP_DB]
        found = judged.resources
        assert judged.verdict is verdict
        assert left == (found and (found.asked, found.allowed, found.denied))
        assert (judged.reason is Reason.NOT_PROVABLE) == (verdict is Verdict.INCONCLUSIVE)
        assert judged.detail
        assert "policies that this test could not read" in judged.detail
        assert after.status is Status.DEGRADED
        assert after.issues[0] == refused.issues[0]


@pytest.mark.parametrize("unread", SOME_UNREAD, ids=lambda step: step.step)
def test_policies_that_tests_do_not_read_put_nothing_in_doubt_that_was_not_refused(
    unread: Step,
) -> None:
    refused = judged_by(an_account(), partly(STOP_DB, refused=[ORDERS]), under_control={ORDERS})
    cluster = InstanceKey(Kind.AURORA, "us-east-1", "orders")
    in_part = partly(STOP_DB, allowed=[LEDGER], refused=[STOCK])

    assert issues_of(an_account(), a_step(STOP_DB), unread) == ()
    for step, under_control in (
        (a_step(STOP_DB), {LEDGER}),
        (a_step(STOP_DB), {cluster}),
        (in_part, {LEDGER}),
    ):
        after = judged_by(refused, step, unread, under_control=under_control)
        assert after.status is Status.CONFIRMED
    still = judged_by(refused, partly(STOP_DB, refused=[ORDERS]), unread, under_control={ORDERS})
    assert replace(still, verification=refused.verification) == refused


@pytest.mark.parametrize("others", [1, MAX_EXAMPLES, MAX_EXAMPLES + 5])
@pytest.mark.parametrize("complete", [True, False])
def test_a_refused_database_that_is_gone_is_no_problem_and_one_that_was_not_weighed_is(
    complete: bool, others: int
) -> None:
    """What was not weighed could not be read, or listed. That others are allowed and refused
    proves nothing about it.
    """
    before = judged_by(an_account(), partly(STOP_DB, refused=[ORDERS]), under_control={ORDERS})
    names = [f"{name}-{number}" for number in range(others) for name in ("ledger", "stock")]

    after = judged_by(before, weighed(names, complete=complete), under_control={ORDERS})

    assert after.status is (Status.CONFIRMED if complete else Status.DEGRADED)
    assert (after.issues[0] == before.issues[0]) == (not complete)


@pytest.mark.parametrize(("refused", "complete"), [(1, True), (MAX_EXAMPLES, False)])
def test_a_database_that_was_weighed_and_is_allowed_is_no_problem_though_no_example_names_it(
    refused: int, complete: bool
) -> None:
    before = judged_by(an_account(), partly(STOP_DB, refused=[ORDERS]), under_control={ORDERS})
    step = weighed(["orders", *(f"stock-{n}" for n in range(refused))], complete=complete)

    assert step.verdict is Verdict.PARTIAL
    assert judged_by(before, step, under_control={ORDERS}).status is Status.CONFIRMED


def weighed(names: Sequence[str], *, complete: bool) -> Step:
    """The step of a role that is denied databases named `stock-…`. `complete`: there are no others.
    ORDERS is under control.
    """
    arn = "arn:aws:rds:us-east-1:123456789012:db:"
    policy = {
        "Statement": [
            {"Effect": "Allow", "Action": STOP_DB, "Resource": "*"},
            {"Effect": "Deny", "Action": STOP_DB, "Resource": f"{arn}stock-*"},
        ]
    }
    found = tuple(Database(name, ORDERS.region, f"{arn}{name}", {}) for name in names)
    judgement = judge_databases(
        DatabaseQuestion(
            action=STOP_DB,
            absent_arn=f"{arn}absent",
            answer=Judgement(verdict=Verdict.ALLOWED),
            role_arn=None,
        ),
        RolePolicies((policy,)),
        Databases(found, complete),
        {ORDERS.region: [ORDERS.instance_id]},
    )
    return a_step(STOP_DB, judgement.verdict, judgement.reason, resources=judgement.resources)


def test_a_database_that_no_example_names_is_in_doubt_where_there_are_more_than_examples() -> None:
    denied_ones = [replace(ORDERS, instance_id=f"db-{n:02}") for n in range(MAX_EXAMPLES)]
    found = partly(STOP_DB, allowed=[ORDERS], refused=denied_ones).resources
    named = partly(STOP_DB, allowed=[LEDGER], refused=denied_ones[1:]).resources
    assert found
    assert named

    doubted = found.doubting({("us-east-1", "orders")})

    assert (doubted.asked, doubted.allowed, doubted.denied) == (MAX_EXAMPLES + 1, 0, MAX_EXAMPLES)
    assert doubted.examples == found.examples
    assert named.doubting({("us-east-1", "orders"), ("eu-west-1", "ledger")}) == named


def test_one_that_was_not_weighed_hides_no_allowed_one_from_doubt() -> None:
    stocks = [replace(ORDERS, instance_id=f"stock-{n}") for n in range(MAX_EXAMPLES - 1)]
    not_weighed = ResourceVerdict("ledger", "us-east-1", Verdict.SKIPPED)
    found = partly(STOP_DB, allowed=[ORDERS], refused=stocks).resources
    assert found
    found = replace(found, examples=(*found.examples[:-1], not_weighed))

    assert found.doubting({("us-east-1", "ledger")}) == found
    assert found.doubting({("us-east-1", "orders")}).allowed == 0


def test_what_is_in_doubt_is_not_provable_and_stands_behind_what_is_refused() -> None:
    found = partly(STOP_DB, allowed=[ORDERS], refused=[LEDGER]).resources
    assert found

    doubted = found.doubting({(ORDERS.region, ORDERS.instance_id)})

    assert [(each.id, each.verdict, each.reason) for each in doubted.examples[1:]] == [
        (ORDERS.instance_id, Verdict.INCONCLUSIVE, Reason.NOT_PROVABLE)
    ]
    assert doubted.examples[0] == found.examples[0]


def test_unread_policies_are_not_told_to_be_forbidden() -> None:
    """The permissions to read are there; more of them would prove nothing."""
    for unread in SOME_UNREAD:
        assert "without managed policies: tests do not read those" in unproven(unread).remedy


# ---- permissions that are refused for every instance ---------------------------------------------

LOOK = "ec2:DescribeInstances"


def refused_as_a_whole(action: str, *under_control: InstanceKey, **but: object) -> Account:
    step = replace(denied([action])[0], region="us-east-1")
    account = an_account(regions=("us-east-1", "eu-west-1"), **but)
    return judged_by(account, step, under_control=under_control)


def test_what_an_instance_under_control_needs_is_not_what_cavok_does_without() -> None:
    """Nobody has proven it before, so that it is not lost; and it was not left out by choice."""
    there = replace(ONE, region="eu-west-1")

    problem, *more = refused_as_a_whole(STOP, ONE, there, ORDERS).issues

    assert more == []
    assert problem.message == (
        f"{STOP} is refused for {there.instance_id} in eu-west-1, {ONE.instance_id} in us-east-1, "
        "which are under Cavok's control."
    )
    assert problem.fix
    statement = json.loads(str(problem.fix.policy_statement))
    assert statement["Resource"] == [there.arn(NUMBER), ONE.arn(NUMBER)]


def test_a_refusal_of_all_keeps_its_reason() -> None:
    step = replace(denied([STOP])[0], reason=Reason.SERVICE_CONTROL_POLICY)

    (problem,) = judged_by(an_account(), step, under_control={ONE}).issues

    assert "service control policy" in problem.message + problem.remedy


def test_every_action_that_an_issue_names_is_refused() -> None:
    several = Issue(
        IssueCode.INSTANCE_REFUSED, "They are refused for x.", "Add.", actions=(STOP, STOP_DB)
    )
    other = Issue("permission_lost", f"{LOOK} is refused.", "Add it.", actions=(LOOK,))

    assert refused_for_instances([several, other]) == {STOP, STOP_DB}


def test_instances_that_cavok_may_not_see_are_a_problem_in_the_region_that_was_asked() -> None:
    there = replace(ONE, region="eu-west-1")

    problem, *more = refused_as_a_whole(LOOK, ONE, there).issues

    assert more == []
    assert problem.message == (
        f"{LOOK} is refused for {ONE.instance_id} in us-east-1, which is under Cavok's control."
    )
    assert problem.remedy.startswith(f"Add {LOOK} to the role's policy")
    assert problem.fix
    assert json.loads(str(problem.fix.policy_statement))["Resource"] == "*"


@pytest.mark.parametrize(
    ("action", "under_control"),
    [
        (STOP, ()),
        (STOP, (ORDERS,)),
        (STOP, (replace(ONE, region="eu-west-2"),)),
        (LOOK, (replace(ONE, region="eu-west-1"),)),
        ("ec2:DescribeInstanceStatus", (ONE,)),
    ],
)
def test_a_permission_that_nothing_under_control_needs_is_information(
    action: str, under_control: tuple[InstanceKey, ...]
) -> None:
    (issue,) = refused_as_a_whole(action, *under_control).issues

    assert (issue.code, issue.severity) == ("permission_missing", Severity.INFORMATION)


def test_a_refusal_for_all_is_one_of_an_instance_that_no_dry_run_can_ask_about() -> None:
    skipped = replace(denied([STOP])[0], resources=found_of(STOP, (ONE, SKIPPED)).resources)

    after = judged_by(an_account(), skipped, under_control={ONE})

    assert after.status is Status.DEGRADED
    assert after.issues[0].message.startswith(f"{STOP} is refused for {ONE.instance_id}")


def test_a_whole_group_that_something_under_control_needs_was_not_left_out_by_choice() -> None:
    after = judged_by(an_account(), *denied(actions_of("rds")), under_control={ORDERS})

    assert after.status is Status.DEGRADED
    assert [issue.message.partition(" ")[0] for issue in after.issues] == [
        "rds:StartDBInstance,",
    ]


def test_many_instances_are_counted_and_the_fix_is_for_all() -> None:
    """A statement that names them all may be longer than IAM takes."""
    keys = [replace(ONE, instance_id=f"i-{n:017x}") for n in range(MAX_EXAMPLES + 2)]

    few, many = (refused_as_a_whole(STOP, *some).issues[0] for some in (keys[:-2], keys))

    assert " more" not in few.message
    assert few.message.count("us-east-1") == many.message.count("us-east-1") == MAX_EXAMPLES
    assert f"{keys[MAX_EXAMPLES - 1].instance_id} in us-east-1 and 2 more, which" in many.message
    resources = [
        json.loads(str(issue.fix and issue.fix.policy_statement))["Resource"]
        for issue in (few, many)
    ]
    assert resources == [[key.arn(NUMBER) for key in keys[:-2]], "*"]


@pytest.mark.parametrize("action", [STOP, LOOK])
def test_a_refusal_of_all_stays_a_problem_while_it_is_in_doubt(action: str) -> None:
    refused = refused_as_a_whole(action, ONE)
    in_doubt = a_step(action, Verdict.INCONCLUSIVE, Reason.ERROR)

    kept = judged_by(refused, in_doubt, under_control={ONE})
    mended = judged_by(refused, under_control={ONE})

    assert kept.issues[0] == refused.issues[0]
    assert mended.status is Status.CONFIRMED


def test_an_instance_whose_name_ends_like_anothers_is_another() -> None:
    mine = replace(ORDERS, instance_id="my-orders")
    refused = judged_by(
        an_account(), partly(STOP_DB, refused=[mine], allowed=[ORDERS]), under_control={mine}
    )
    in_doubt = found_of(STOP_DB, (mine, OPEN), (ORDERS, OPEN))

    assert judged_by(refused, in_doubt, under_control={mine}).status is Status.DEGRADED
    assert judged_by(refused, in_doubt, under_control={ORDERS}).status is Status.CONFIRMED


def test_a_problem_of_the_trust_is_mended_by_a_proven_trust_alone() -> None:
    open_role = judged_by(an_account(), a_step(permissions.WITHOUT_EXTERNAL_ID, Verdict.ALLOWED))

    after = judged_by(open_role, a_step(STOP, Verdict.INCONCLUSIVE, Reason.ERROR))

    assert (open_role.status, after.status) == (Status.FAILED, Status.CONFIRMED)


# ---- regions -------------------------------------------------------------------------------------

OFF = RegionHealth("af-south-1", RegionStatus.NOT_ENABLED)
ALSO_OFF = RegionHealth("eu-south-1", RegionStatus.NOT_ENABLED)
BY_SCP = RegionHealth("eu-west-1", RegionStatus.REFUSED, Reason.SERVICE_CONTROL_POLICY)
REFUSED = RegionHealth("eu-west-2", RegionStatus.REFUSED, Reason.IDENTITY_POLICY)
FINE = (
    RegionHealth("us-east-1", RegionStatus.REACHABLE),
    RegionHealth("us-east-2", RegionStatus.UNKNOWN),
)


def with_regions(
    *health: RegionHealth,
    under_control: Collection[InstanceKey] = (),
    before: Account | None = None,
) -> Account:
    account = before or an_account()
    after, _ = finish(
        account,
        a_verification(),
        steps_of(account),
        NOW,
        region_health=health,
        under_control=under_control,
    )
    return after


def test_regions_that_answer_or_did_not_answer_once_are_no_issue() -> None:
    assert with_regions(*FINE).issues == ()


def test_unusable_regions_are_information_and_an_scp_is_told_apart() -> None:
    after = with_regions(*FINE, OFF, BY_SCP, ALSO_OFF, REFUSED)

    off, scp, refused = after.issues
    assert after.status is Status.CONFIRMED
    assert {issue.severity for issue in after.issues} == {Severity.INFORMATION}
    assert [off.code, scp.code, refused.code] == [
        "region_not_enabled",
        "region_refused",
        "region_refused",
    ]
    assert "af-south-1, eu-south-1" in off.message
    assert off.fix
    assert off.fix.cli == (
        "aws account enable-region --region-name af-south-1\n"
        "aws account enable-region --region-name eu-south-1"
    )
    assert "service control policy" in scp.message
    assert "AWS Organizations" in scp.remedy
    assert "service control policy" not in refused.message
    assert "Describe" in refused.remedy
    assert (scp.fix, refused.fix) == (None, None)


@pytest.mark.parametrize("health", [OFF, BY_SCP, REFUSED])
def test_an_instance_under_control_where_no_call_works_degrades_the_account(
    health: RegionHealth,
) -> None:
    there, here = replace(ONE, region=health.region), replace(TWO, region="us-east-1")

    after = with_regions(*FINE, health, under_control={there, here})

    problem = after.issues[0]
    assert after.status is Status.DEGRADED
    assert (problem.code, problem.severity) == ("instance_refused", Severity.PROBLEM)
    assert f"{ONE.instance_id} in {health.region} is under Cavok's control" in problem.message
    assert TWO.instance_id not in problem.message
    assert "Or end Cavok's control." in problem.remedy


def test_a_region_that_did_not_answer_mends_nothing() -> None:
    there = replace(ONE, region=BY_SCP.region)
    cut_off = with_regions(BY_SCP, under_control={there})
    silent = RegionHealth(BY_SCP.region, RegionStatus.UNKNOWN)

    after = with_regions(silent, under_control={there}, before=cut_off)

    assert (after.status, after.issues) == (Status.DEGRADED, cut_off.issues[:1])


def test_what_an_earlier_test_found_in_the_regions_is_still_told() -> None:
    assert with_regions(before=with_regions(OFF)).issues == with_regions(OFF).issues


# ---- fixes ---------------------------------------------------------------------------------------


def fix_of(account: Account, *changes: Step) -> Fix | None:
    (issue,) = issues_of(account, *changes)
    return issue.fix


def test_a_permission_that_is_not_granted_comes_with_its_statement_and_command() -> None:
    fix = fix_of(an_account(), *denied(["logs:PutLogEvents"]))

    assert fix
    statement = {
        "Effect": "Allow",
        "Action": ["logs:PutLogEvents"],
        "Resource": permissions.LOGS.resource,
    }
    assert json.loads(str(fix.policy_statement)) == statement
    words = shlex.split(str(fix.cli))
    assert words[:5] == ["aws", "iam", "put-role-policy", "--role-name", "CavokCloud"]
    assert json.loads(words[-1]) == {"Version": "2012-10-17", "Statement": [statement]}
    assert fix.console_url == (
        "https://console.aws.amazon.com/iam/home#/roles/details/CavokCloud?section=permissions"
    )


def test_a_command_replaces_no_policy_of_another_fix() -> None:
    """PutRolePolicy replaces a policy of the same name."""
    names = {
        shlex.split(str(found.cli))[6]
        for step in (START, STOP)
        if (found := fix_of(an_account(), *denied([step])))
    }

    assert len(names) == 2
    assert all(re.fullmatch("CavokAdded[0-9a-f]{8}", name) for name in names)


def test_actions_on_different_resources_name_all_of_them() -> None:
    fix = grant(an_account(), [STOP, "logs:PutLogEvents"])

    assert json.loads(str(fix.policy_statement))["Resource"] == ["*", permissions.LOGS.resource]


def test_a_users_policy_has_a_statement_and_no_command() -> None:
    fix = fix_of(an_account_with_keys(), *denied([STOP]))

    assert fix
    assert fix.policy_statement
    assert (fix.cli, fix.console_url) == (None, "https://console.aws.amazon.com/iam/home#/users")


@pytest.mark.parametrize(
    ("reason", "page"),
    [
        (Reason.EXPLICIT_DENY, "iam/home#/roles/details/CavokCloud?section=permissions"),
        (Reason.PERMISSIONS_BOUNDARY, "iam/home#/roles/details/CavokCloud?section=permissions"),
        (
            Reason.SERVICE_CONTROL_POLICY,
            "organizations/v2/home/policies/service-control-policy",
        ),
        (
            Reason.RESOURCE_CONTROL_POLICY,
            "organizations/v2/home/policies/resource-control-policy",
        ),
    ],
)
def test_a_refusal_that_no_statement_mends_leads_to_where_it_comes_from(
    reason: Reason, page: str
) -> None:
    fix = fix_of(an_account(), *denied([STOP], reason))

    assert fix == Fix(console_url=f"https://console.aws.amazon.com/{page}")


@pytest.mark.parametrize(
    "reason", [Reason.SESSION_POLICY, Reason.RESOURCE_POLICY, Reason.VPC_ENDPOINT_POLICY]
)
def test_a_refusal_that_only_a_person_can_place_has_no_fix(reason: Reason) -> None:
    assert fix_of(an_account(), *denied([STOP], reason)) is None


def test_a_role_name_is_quoted_in_an_address() -> None:
    fix = fix_of(an_account(role_name="Cavok+dev@x"), *denied([STOP]))

    assert fix
    assert "/roles/details/Cavok%2Bdev%40x?" in str(fix.console_url)


# ---- the entry -----------------------------------------------------------------------------------


def test_a_role_that_never_let_cavok_in_may_be_there_and_the_issue_says_what_was_tried() -> None:
    account = an_account()
    (issue,) = issues_of(account, entry_refused(account, "AccessDenied", "not authorized", NOW))

    assert "is not there yet, or does not let Cavok in: a test tried to assume it" in issue.message
    assert issue.fix is None


def test_a_role_that_was_there_could_not_be_assumed() -> None:
    account = confirmed(an_account())
    (issue,) = issues_of(account, entry_refused(account, "AccessDenied", "not authorized", NOW))

    assert issue.message.startswith(f"The role {account.role_arn} could not be assumed. Either")
    assert issue.fix
    assert str(issue.fix.console_url).endswith("?section=trust_relationships")


def wrong_account(detail: str | None) -> Issue:
    account = an_account_with_keys()
    (issue,) = issues_of(
        account,
        a_step(permissions.ACCOUNT_MATCHES, Verdict.DENIED, Reason.WRONG_ACCOUNT, detail=detail),
    )
    return issue


def test_credentials_of_another_account_name_both_numbers_and_so_does_the_remedy() -> None:
    issue = wrong_account(f"These credentials belong to account 999999999999, not to {NUMBER}.")

    assert issue.message == (f"These credentials belong to account 999999999999, not to {NUMBER}.")
    assert f"credentials of account {NUMBER}" in issue.remedy
    assert "add account 999999999999" in issue.remedy


@pytest.mark.parametrize("detail", [None, f"They are not of {NUMBER}.", "1234567890123"])
def test_credentials_of_an_account_that_nobody_names_are_told_all_the_same(
    detail: str | None,
) -> None:
    issue = wrong_account(detail)

    assert issue.message == (detail or f"These credentials do not belong to account {NUMBER}.")
    assert NUMBER in issue.remedy


def test_whoever_is_to_rotate_a_key_is_led_to_the_users() -> None:
    account = an_account_with_keys()
    (issue,) = issues_of(account, entry_refused(account, "InvalidClientTokenId", "no", NOW))

    assert issue.code == "credentials_rejected"
    assert issue.fix == Fix(console_url="https://console.aws.amazon.com/iam/home#/users")


# ---- one of several is mended --------------------------------------------------------------------


def test_of_several_lost_permissions_only_those_in_doubt_stay_lost() -> None:
    lost = judged_by(confirmed(an_account()), *denied([START, STOP]))

    after = judged_by(lost, a_step(STOP, Verdict.INCONCLUSIVE, Reason.ERROR))

    problem = after.issues[0]
    assert problem.message == f"{STOP} was allowed and no longer is."
    assert problem.remedy == f"Add {STOP} to the role's policy, as the Instructions show."


def test_of_several_refused_steps_of_log_writing_only_those_in_doubt_stay_refused() -> None:
    make, put = "logs:CreateLogGroup", "logs:PutLogEvents"
    refused = judged_by(an_account(), *denied([make, put]))

    after = judged_by(refused, a_step(put, Verdict.INCONCLUSIVE, Reason.ERROR))

    assert after.issues[0].message == f"{put} is refused, but Write logs is Yes."


def test_of_several_actions_on_a_refused_instance_only_those_in_doubt_stay_refused() -> None:
    steps = [partly(step, allowed=[ONE], refused=[TWO]) for step in (START, STOP)]
    refused = judged_by(an_account(), *steps, under_control={TWO})

    after = judged_by(
        refused, a_step(START, Verdict.INCONCLUSIVE, Reason.ERROR), under_control={TWO}
    )

    assert after.issues[0].message.startswith(f"{START} is refused for {TWO.instance_id}")


def test_several_that_are_all_in_doubt_stay_as_they_were_told() -> None:
    lost = judged_by(confirmed(an_account()), *denied([START, STOP]))

    after = judged_by(
        lost, *(a_step(step, Verdict.INCONCLUSIVE, Reason.ERROR) for step in (START, STOP))
    )

    assert after.issues[0] == lost.issues[0]


# ---- word for word -------------------------------------------------------------------------------

ROLE_PAGE = "https://console.aws.amazon.com/iam/home#/roles/details/CavokCloud"
WHY = (
    "Either it does not exist, or its trust policy does not name Cavok's account, or it asks for "
    "another external ID. AWS does not say which."
)
DEPLOY = (
    "Deploy the role as the Instructions show, with this organization's external ID, then press "
    "Test."
)


def test_an_open_role_is_told_word_for_word() -> None:
    (issue,) = issues_of(an_account(), a_step(permissions.WITHOUT_EXTERNAL_ID, Verdict.ALLOWED))

    assert issue == Issue(
        "confused_deputy",
        f"The role arn:aws:iam::{NUMBER}:role/CavokCloud can be assumed without this "
        "organization's external ID. Anyone who knows its name could make Cavok act on the "
        "account.",
        "Put the condition StringEquals sts:ExternalId with this organization's external ID into "
        "the role's trust policy, as the Instructions show, then press Test.",
        fix=Fix(console_url=f"{ROLE_PAGE}?section=trust_relationships"),
    )


def test_a_role_that_cannot_be_assumed_is_told_word_for_word() -> None:
    new, known = an_account(), confirmed(an_account())
    refused = entry_refused(new, "AccessDenied", "not authorized", NOW)

    assert issues_of(new, refused) == (
        Issue(
            "role_not_assumable",
            f"The role {new.role_arn} is not there yet, or does not let Cavok in: a test tried to "
            f"assume it with this organization's external ID, and AWS refused. {WHY}",
            DEPLOY,
        ),
    )
    assert issues_of(known, refused) == (
        Issue(
            "role_not_assumable",
            f"The role {new.role_arn} could not be assumed. {WHY}",
            DEPLOY,
            fix=Fix(console_url=f"{ROLE_PAGE}?section=trust_relationships"),
        ),
    )


def test_a_role_that_is_gone_with_its_stack_is_told_word_for_word() -> None:
    known = replace(confirmed(an_account()), stack_deleted_at=NOW)
    refused = entry_refused(known, "AccessDenied", "not authorized", NOW)

    assert issues_of(known, refused) == (
        Issue(
            "disconnected",
            "Its stack said on 2025-03-01 at 12:00 UTC that it is being deleted, and the role "
            f"{known.role_arn} cannot be assumed since.",
            "If the account should be disconnected, delete it here. If not, deploy the role again, "
            "as the Instructions show: Cavok then tests it. If the role is still there, look at "
            "its trust policy: another stack may have been deleted, or ReportConnection of this "
            "one set to No.",
            fix=Fix(console_url=f"{ROLE_PAGE}?section=trust_relationships"),
        ),
    )


def test_a_role_that_let_cavok_in_after_somebody_spoke_of_its_deletion_is_told_word_for_word() -> (
    None
):
    """Anybody can say it. The reason may be another one."""
    known = confirmed(an_account())
    refused = entry_refused(known, "AccessDenied", "not authorized", NOW)
    (said_nothing,) = issues_of(known, refused)
    let_in = NOW + timedelta(minutes=55)

    (issue,) = issues_of(replace(known, stack_deleted_at=NOW, connected_at=let_in), refused)

    assert issue == replace(
        said_nothing,
        message=f"{said_nothing.message} In the name of its stack somebody said on 2025-03-01 at "
        "12:00 UTC that it is being deleted; Cavok was let in after that, until 2025-03-01 at "
        "12:55 UTC.",
    )


@pytest.mark.parametrize(
    ("let_in", "code", "shown"),
    [
        (ROLE_GOES_WITHIN, "disconnected", False),
        (ROLE_GOES_WITHIN + timedelta(seconds=1), "disconnected", True),
        (timedelta(minutes=10), "disconnected", True),
        (DISCONNECTED_WITHIN, "disconnected", True),
        (DISCONNECTED_WITHIN + timedelta(seconds=1), "role_not_assumable", True),
    ],
)
def test_a_role_that_goes_late_with_its_stack_is_disconnected_and_the_issue_says_when(
    let_in: timedelta, code: str, shown: bool
) -> None:
    """Its deletion waits for an answer, which may be late, and tests move on meanwhile."""
    known = confirmed(an_account()).heard_of(NOW, deleted=True, due=False)
    known, _ = finish(known, a_verification(), steps_of(known), NOW + let_in)
    refused = entry_refused(known, "AccessDenied", "not authorized", NOW)

    (issue,) = issues_of(known, refused)

    until = f"Cavok was let in after that, until {NOW + let_in:%Y-%m-%d at %H:%M} UTC."
    assert issue.code == code
    assert issue.message.endswith(until) == shown
    assert issue.message.endswith("cannot be assumed since.") != shown


@pytest.mark.parametrize("let_in", [NOW, NOW + ROLE_GOES_WITHIN + timedelta(seconds=1)])
def test_a_role_that_is_refused_after_its_stacks_deletion_has_the_way_to_its_trust_policy(
    let_in: datetime,
) -> None:
    """An account may have several stacks of ours, one that ceases to report says the same, and who
    forges it after each test hides that Cavok was let in.
    """
    known = replace(confirmed(an_account()), stack_deleted_at=NOW, connected_at=let_in)

    (issue,) = issues_of(known, entry_refused(known, "AccessDenied", "not authorized", NOW))

    assert issue.code == "disconnected"
    assert issue.remedy == (
        "If the account should be disconnected, delete it here. If not, deploy the role again, "
        "as the Instructions show: Cavok then tests it. If the role is still there, look at its "
        "trust policy: another stack may have been deleted, or ReportConnection of this one set to "
        "No."
    )
    assert issue.fix == Fix(console_url=f"{ROLE_PAGE}?section=trust_relationships")


def test_a_stack_that_was_deleted_before_its_role_was_ever_assumed_disconnects_nothing() -> None:
    new = replace(an_account(), stack_deleted_at=NOW)

    (issue,) = issues_of(new, entry_refused(new, "AccessDenied", "no", NOW))

    assert issue.code == "role_not_assumable"


def test_a_test_that_is_let_in_an_hour_later_forgets_that_the_stack_was_deleted() -> None:
    said = NOW - ROLE_GONE_AFTER
    account = judged_by(replace(confirmed(an_account()), stack_deleted_at=said))

    assert (account.status, account.stack_deleted_at) == (Status.CONFIRMED, None)
    assert account.next_verification_at
    assert account.next_verification_at - NOW >= timedelta(hours=1)


def test_a_role_that_its_stack_is_slow_to_delete_is_tested_soon_again() -> None:
    said = NOW - ROLE_GONE_AFTER + timedelta(seconds=1)
    account = judged_by(replace(confirmed(an_account()), stack_deleted_at=said))

    assert (account.status, account.stack_deleted_at) == (Status.CONFIRMED, said)
    assert account.next_verification_at == NOW + timedelta(minutes=10)


@pytest.mark.parametrize("status", [Status.FAILED, Status.UNCONFIRMED])
def test_an_account_that_is_let_in_again_forgets_that_its_stack_was_deleted(
    status: Status,
) -> None:
    """It has another role than the one that goes."""
    gone = replace(
        confirmed(an_account()), status=status, stack_deleted_at=NOW - timedelta(minutes=1)
    )

    account = judged_by(gone)

    assert (account.status, account.stack_deleted_at) == (Status.CONFIRMED, None)


CHANGED = (
    "CloudTrail says that the role's trust policy was changed on 2025-03-01 at 12:00 UTC by x."
)


def test_a_change_of_the_role_is_told_with_the_first_problem_until_there_is_none() -> None:
    known = replace(confirmed(an_account()), role_change=CHANGED)

    refused = judged_by(known, entry_refused(known, "AccessDenied", "no", NOW))
    assert refused.issues[0].message.endswith(f"AWS does not say which. {CHANGED}")
    assert refused.role_change == CHANGED
    assert judged_by(refused).role_change is None
    assert not any(CHANGED in issue.message for issue in judged_by(refused).issues)


def test_a_test_without_a_problem_forgets_when_the_role_was_changed() -> None:
    known = replace(confirmed(an_account()), role_change=CHANGED, role_changed_at=NOW)

    assert judged_by(known).role_changed_at is None
    assert judged_by(known, *denied(["ec2:StartInstances"])).role_changed_at == NOW


def test_a_change_that_took_a_permission_stays_told_while_it_is_missing() -> None:
    known = replace(confirmed(an_account()), role_change=CHANGED)

    degraded = judged_by(known, *denied(["ec2:StartInstances"]))

    assert (degraded.status, degraded.role_change) == (Status.DEGRADED, CHANGED)
    assert (
        degraded.issues[0].message == f"ec2:StartInstances was allowed and no longer is. {CHANGED}"
    )


def test_a_role_in_an_account_without_sts_in_our_region_is_told_word_for_word() -> None:
    known = confirmed(an_account())
    said = f"AccessDenied: {sts_is_off('eu-west-1')} In us-east-1: is not authorized"

    assert issues_of(known, entry_refused(known, "EntryRefused", said, NOW)) == (
        Issue(
            "role_not_assumable",
            f"The role {known.role_arn} could not be assumed. {WHY} AWS STS is turned off in "
            "eu-west-1 in this account, so Cavok tried another region.",
            f"{DEPLOY} If the role is there, turn AWS STS on in eu-west-1: IAM, Account settings.",
            fix=Fix(console_url="https://console.aws.amazon.com/iam/home#/account_settings"),
        ),
    )


def test_credentials_of_another_account_are_told_word_for_word() -> None:
    assert wrong_account(f"They belong to 999999999999, not to {NUMBER}.") == Issue(
        "wrong_account",
        f"These credentials belong to account 999999999999, not to {NUMBER}.",
        f"Enter credentials of account {NUMBER}, or add account 999999999999 as an account of its "
        "own.",
    )
    assert wrong_account(None) == Issue(
        "wrong_account",
        f"These credentials do not belong to account {NUMBER}.",
        f"Enter credentials of account {NUMBER}, or add the account that they belong to.",
    )


def test_what_would_prove_a_permission_is_told_word_for_word() -> None:
    actions = (START, STOP)

    def remedy(account: Account, reason: Reason, *changes: Step) -> tuple[str, str]:
        regions = ("eu-south-1", "af-south-1")
        steps = (
            replace(a_step(step, Verdict.INCONCLUSIVE, reason), region=region)
            for step, region in zip(actions, regions, strict=True)
        )
        (issue,) = issues_of(account, *steps, *changes)
        return issue.message, issue.remedy

    unproven = f"{START}, {STOP} could not be proven"
    assert remedy(an_account(), Reason.ERROR) == (
        f"{unproven}: AWS gave no usable answer.",
        "Nothing to do: the next test asks again.",
    )
    assert remedy(an_account(), Reason.REGION_DISABLED) == (
        f"{unproven}: the region af-south-1, eu-south-1 is not enabled in the account.",
        "Enable the region, or take it out of the account's regions.",
    )
    assert remedy(an_account(), Reason.NOT_PROVABLE) == (
        f"{unproven}: AWS's answer allows no conclusion.",
        "The role's policies do not decide it for the instances of this account. A statement of an "
        "inline policy that names them by ARN, or by their tags, would prove it, in a role without "
        "managed policies: tests do not read those. The first use proves it too.",
    )
    assert remedy(an_account(), Reason.NOT_PROVABLE, *denied(["iam:GetRolePolicy"]))[1] == (
        "Let tests read the role's own policies: add iam:ListRolePolicies, "
        "iam:ListAttachedRolePolicies, iam:GetRolePolicy to the role's policy, as the "
        "Instructions show. The first use proves it too."
    )
    assert remedy(an_account_with_keys(), Reason.NOT_PROVABLE)[1] == (
        f"An instance that {START}, {STOP} could be tried on, or a grant for all, would prove it. "
        "The first use proves it too."
    )


def test_regions_where_no_call_works_are_told_word_for_word() -> None:
    off, scp, refused = with_regions(OFF, ALSO_OFF, BY_SCP, REFUSED).issues

    assert [off.message, scp.message, refused.message] == [
        "Nothing can be used in af-south-1, eu-south-1: the account has not enabled the region.",
        "Nothing can be used in eu-west-1: a service control policy of your AWS organization "
        "refuses every call there.",
        "Nothing can be used in eu-west-2: AWS refuses every call there.",
    ]
    assert [off.remedy, scp.remedy, refused.remedy] == [
        "Enable af-south-1, eu-south-1 in the account, or take it out of the account's regions.",
        "Ask an administrator of AWS Organizations to allow eu-west-1, or take it out of the "
        "account's regions.",
        "Allow the Describe actions in eu-west-2, as the Instructions show, or take it out of the "
        "account's regions.",
    ]
    assert off.fix
    assert off.fix.console_url == "https://console.aws.amazon.com/billing/home#/account"


def test_an_instance_in_a_region_that_is_off_comes_with_the_command_to_enable_it() -> None:
    there = replace(ONE, region=OFF.region)

    problem = with_regions(OFF, under_control={there}).issues[0]

    assert problem.fix
    assert problem.fix.cli == "aws account enable-region --region-name af-south-1"


def test_a_scope_is_told_word_for_word() -> None:
    verdicts = [
        ResourceVerdict(ONE.instance_id, ONE.region, Verdict.ALLOWED),
        ResourceVerdict(TWO.instance_id, TWO.region, Verdict.DENIED, Reason.IDENTITY_POLICY),
        ResourceVerdict(THREE.instance_id, THREE.region, Verdict.DENIED, Reason.RESOURCE_POLICY),
    ]
    steps = [
        a_step(step, Verdict.PARTIAL, resources=AskedResources.of(verdicts))
        for step in (START, STOP)
    ]

    (issue,) = issues_of(an_account(), *steps)

    assert issue.remedy == (
        "If that is intended, there is nothing to do. The role's policy is limited to some EC2 "
        "instances; extend its Resource or Condition. A resource-based policy does not allow "
        f"{START}, {STOP}; look at the policy of the resource."
    )


def test_a_problem_in_doubt_is_kept_beside_one_of_a_region_that_did_not_answer() -> None:
    there = replace(ONE, region="eu-west-1")
    here = partly(STOP, allowed=[THREE], refused=[TWO])
    both = judged_by(an_account(), here, under_control={TWO})
    cut_off = with_regions(BY_SCP, under_control={there})
    before = replace(both, issues=(*cut_off.issues[:1], *both.issues[:1]))
    silent = RegionHealth("eu-west-1", RegionStatus.UNKNOWN)

    after, _ = finish(
        before,
        a_verification(),
        steps_of(before, a_step(STOP, Verdict.INCONCLUSIVE, Reason.ERROR)),
        NOW,
        under_control={there, TWO},
        region_health=(silent,),
    )

    assert after.issues[:2] == before.issues


def test_a_success_on_an_absent_database_is_doubted_only_for_one_under_control() -> None:
    refused = judged_by(an_account(), partly(STOP_DB, refused=[ORDERS]), under_control={ORDERS})
    unread = a_step(READERS[0], Verdict.DENIED)

    kept = judged_by(refused, a_step(STOP_DB), unread, under_control={ORDERS})
    gone = judged_by(refused, a_step(STOP_DB), unread)

    assert (kept.status, gone.status) == (Status.DEGRADED, Status.CONFIRMED)
    (unproven,) = [each for each in kept.issues if each.code == "permission_unproven"]
    assert unproven.message == (
        f"{STOP_DB} could not be proven: AWS's answer allows no conclusion."
    )


def test_a_rejected_access_key_is_told_word_for_word() -> None:
    account = an_account_with_keys()

    (issue,) = issues_of(account, entry_refused(account, "InvalidClientTokenId", "no", NOW))

    assert issue == Issue(
        "credentials_rejected",
        "AWS does not accept the access key: it was deleted, deactivated, or mistyped.",
        "Create a new access key for the IAM user, enter it under Rotate keys, then press Test.",
        fix=Fix(console_url="https://console.aws.amazon.com/iam/home#/users"),
    )


def test_a_problem_in_doubt_is_kept_beside_one_that_is_no_longer_of_interest() -> None:
    elsewhere = Issue("confused_deputy", "The role is open.", "Close it.")
    lost = judged_by(confirmed(an_account()), *denied([STOP]))
    before = replace(lost, issues=(elsewhere, *lost.issues))

    after = judged_by(before, a_step(STOP, Verdict.INCONCLUSIVE, Reason.ERROR))

    assert after.issues[0] == lost.issues[0]
    assert after.issues[0].severity is Severity.PROBLEM


def test_a_group_that_is_refused_as_a_whole_is_no_issue_beside_one_that_works() -> None:
    assert issues_of(an_account(), *denied(actions_of("rds"))) == ()


def test_every_code_of_an_issue_is_one_that_the_api_lists() -> None:
    """Codes are texts, because another release may have stored one; the compiler sees no other."""
    written = [
        call.args[0]
        for path in (ROOT / "layers" / "shared" / "cavok").rglob("*.py")
        for call in ast.walk(ast.parse(path.read_text()))
        if isinstance(call, ast.Call) and ast.unparse(call.func) in ("Issue", "_permission_issues")
    ]
    literal = [ast.unparse(each) for each in written if isinstance(each, ast.Constant)]
    named = {
        name for each in written for name in re.findall(r"IssueCode\.(\w+)", ast.unparse(each))
    }

    assert literal == []
    assert named == set(IssueCode.__members__)
