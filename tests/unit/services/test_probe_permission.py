"""One permission, one verdict: what is tried again, and what is predicted."""

from __future__ import annotations

import json
import time
from dataclasses import replace
from itertools import count
from typing import Any
from urllib.parse import quote

import pytest
from botocore.exceptions import ReadTimeoutError

from cavok.adapters.customer import dry_runs, probes
from cavok.domain.access_denied import OUT_OF_TIME, TIMED_OUT, WORTH_REPEATING, Reason
from cavok.domain.deadlines import Deadline, ProcessorTime
from cavok.domain.errors import ProbeTransient
from cavok.domain.kinds import Kind
from cavok.domain.regions import RegionHealth, RegionStatus
from cavok.domain.steps import Evidence, Step, Verdict
from cavok.domain.survey import Survey
from cavok.services.probe_permission import probe_permission
from tests.support.builders import NUMBER
from tests.support.fake_aws import Aws, a_session, probed, refused

STOP = "ec2:StopInstances"
ABSENT = refused("InvalidInstanceID.NotFound", "The instance ID does not exist")


def role_says(aws: Aws, effect: str, action: str = "ec2:*", **but: Any) -> None:
    statement = {"Effect": effect, "Action": action, "Resource": "*"} | but
    aws.answers["ListRolePolicies"] = {"PolicyNames": ["Own"]}
    aws.answers["GetRolePolicy"] = {"PolicyDocument": quote(json.dumps({"Statement": statement}))}


def attached(aws: Aws, *names: str) -> None:
    """Managed policies of the role, which Cavok does not read."""
    policies = [
        {"PolicyName": name, "PolicyArn": f"arn:aws:iam::aws:policy/{name}"} for name in names
    ]
    aws.answers["ListAttachedRolePolicies"] = {"AttachedPolicies": policies}


def test_an_answer_of_aws_is_live_evidence_in_its_region(aws: Aws) -> None:
    step = probe_permission("ec2:DescribeInstances", probed(a_session(region="eu-west-1")))

    assert (step.verdict, step.evidence, step.region) == (
        Verdict.ALLOWED,
        Evidence.LIVE,
        "eu-west-1",
    )
    assert step.duration_ms >= 0
    assert probe_permission("iam:GetRolePolicy", probed()).region is None


@pytest.mark.parametrize("code", sorted(WORTH_REPEATING))
def test_what_may_go_away_is_tried_again_by_the_workflow(code: str, aws: Aws) -> None:
    aws.answers["StopInstances"] = refused(code, "later")

    with pytest.raises(ProbeTransient, match=f"{code}: later"):
        probe_permission(STOP, probed())


def test_a_timeout_is_not_tried_again(aws: Aws) -> None:
    """botocore has waited for it twice. A region that hangs must not outlast the test."""
    aws.answers["DescribeDBClusters"] = ReadTimeoutError(endpoint_url="https://rds")

    step = probe_permission("rds:DescribeDBClusters", probed())

    assert (step.verdict, step.evidence) == (Verdict.INCONCLUSIVE, Evidence.NONE)
    assert (step.reason, step.error_code) == (Reason.ERROR, TIMED_OUT)
    assert "Read timeout" in str(step.detail)


def test_what_no_call_can_prove_is_predicted_from_the_roles_policies_and_says_so(aws: Aws) -> None:
    aws.answers["StopInstances"] = ABSENT
    role_says(aws, "Allow")

    step = probe_permission(STOP, probed())

    assert (step.verdict, step.evidence, step.ok) == (Verdict.ALLOWED, Evidence.POLICY, True)
    assert step.detail
    assert "InvalidInstanceID.NotFound" in step.detail


@pytest.mark.parametrize(
    ("call", "permission"),
    [
        ("DescribeInstances", "ec2:DescribeInstances"),
        ("StopInstances", STOP),
        ("StopDBInstance", "rds:StopDBInstance"),
    ],
)
def test_what_cavoks_own_session_policy_refuses_is_neither_refused_nor_predicted(
    call: str, permission: str, aws: Aws
) -> None:
    words = f"because no session policy allows the {permission} action"
    aws.answers[call] = refused("UnauthorizedOperation", words)
    role_says(aws, "Deny", permission)
    survey = Survey(
        region_health=(RegionHealth("us-east-1", RegionStatus.REACHABLE),),
        instances={"us-east-1": ("i-00000000000000001",)},
    )

    step = probe_permission(permission, probed(survey=survey))

    assert (step.verdict, step.evidence) == (Verdict.INCONCLUSIVE, Evidence.NONE)
    assert (step.reason, step.detail) == (Reason.SESSION_POLICY, words)


def test_an_explicit_deny_in_the_roles_policies_predicts_a_refusal(aws: Aws) -> None:
    aws.answers["StopInstances"] = ABSENT
    role_says(aws, "Deny", STOP)

    step = probe_permission(STOP, probed())

    assert (step.verdict, step.evidence) == (Verdict.DENIED, Evidence.POLICY)
    assert step.reason is Reason.EXPLICIT_DENY


def test_policies_that_say_nothing_leave_it_open_if_the_role_has_others(aws: Aws) -> None:
    aws.answers["StopInstances"] = ABSENT
    role_says(aws, "Allow", "rds:*")
    attached(aws, "Managed")

    step = probe_permission(STOP, probed())

    assert (step.verdict, step.evidence) == (Verdict.INCONCLUSIVE, Evidence.NONE)
    assert step.reason is Reason.NOT_PROVABLE


def test_policies_that_say_nothing_predict_a_refusal_if_they_are_all(aws: Aws) -> None:
    aws.answers["StopInstances"] = ABSENT
    role_says(aws, "Allow", "rds:*")

    step = probe_permission(STOP, probed())

    assert (step.verdict, step.evidence) == (Verdict.DENIED, Evidence.POLICY)
    assert step.reason is Reason.IDENTITY_POLICY


def test_a_user_has_no_role_whose_policies_could_be_read(aws: Aws) -> None:
    aws.answers["StopInstances"] = ABSENT
    role_says(aws, "Allow")

    assert probe_permission(STOP, probed(a_session(role_name=None))).verdict is Verdict.INCONCLUSIVE
    assert aws.called("GetRolePolicy") == []


@pytest.mark.parametrize(
    "error", [refused("UnauthorizedOperation"), refused("AuthFailure"), refused("DryRunOperation")]
)
def test_nothing_is_predicted_where_aws_has_answered_or_the_region_is_off(
    error: Exception, aws: Aws
) -> None:
    aws.answers["StopInstances"] = error
    role_says(aws, "Allow")

    assert probe_permission(STOP, probed()).evidence is not Evidence.POLICY


# ---- databases -----------------------------------------------------------------------------------

STOP_DB = "rds:StopDBInstance"
ARN = f"arn:aws:rds:*:{NUMBER}:db:"
NO_IDENTITY_POLICY = "because no identity-based policy allows the rds:StopDBInstance action"


def databases(aws: Aws, **tags: dict[str, str]) -> None:
    """Databases by name, with their tags. A `_` stands for a hyphen."""
    aws.answers["DescribeDBInstances"] = {
        "DBInstances": [
            {
                "DBInstanceIdentifier": name.replace("_", "-"),
                "DBInstanceStatus": "available",
                "DBInstanceClass": "db.t3.micro",
                "TagList": [{"Key": key, "Value": value} for key, value in own.items()],
            }
            for name, own in tags.items()
        ]
    }


def stop_refused(aws: Aws, message: str = NO_IDENTITY_POLICY) -> None:
    aws.answers["StopDBInstance"] = refused("AccessDenied", message)


def found(step: Step) -> dict[str, tuple[Verdict, Reason | None]]:
    assert step.resources
    return {each.id: (each.verdict, each.reason) for each in step.resources.examples}


def test_a_role_limited_to_some_databases_is_partial_by_its_policies(aws: Aws) -> None:
    stop_refused(aws)
    databases(aws, dev_orders={}, prod_orders={}, prod_users={})
    role_says(aws, "Allow", STOP_DB, Resource=f"{ARN}dev-*")

    step = probe_permission(STOP_DB, probed())

    assert (step.verdict, step.ok, step.evidence) == (Verdict.PARTIAL, True, Evidence.POLICY)
    assert step.reason is None
    assert found(step) == {
        "prod-orders": (Verdict.DENIED, Reason.IDENTITY_POLICY),
        "prod-users": (Verdict.DENIED, Reason.IDENTITY_POLICY),
        "dev-orders": (Verdict.ALLOWED, None),
    }
    assert step.resources
    assert (step.resources.asked, step.resources.allowed, step.resources.denied) == (3, 1, 2)
    assert step.detail
    assert step.detail.startswith("The role's policies allow it for 1 of 3 databases.")


def test_a_role_limited_by_tag_is_allowed_where_all_databases_have_it(aws: Aws) -> None:
    stop_refused(aws)
    databases(aws, orders={"env": "dev"}, users={"env": "dev"})
    condition = {"StringEquals": {"aws:ResourceTag/env": "dev"}}
    role_says(aws, "Allow", STOP_DB, Condition=condition)

    step = probe_permission(STOP_DB, probed())

    assert (step.verdict, step.evidence) == (Verdict.ALLOWED, Evidence.POLICY)
    assert step.error_code == "AccessDenied"


def test_no_database_that_the_policies_allow_is_denied(aws: Aws) -> None:
    stop_refused(aws)
    databases(aws, prod_orders={})
    role_says(aws, "Allow", STOP_DB, Resource=f"{ARN}dev-*")

    step = probe_permission(STOP_DB, probed())

    assert (step.verdict, step.evidence) == (Verdict.DENIED, Evidence.POLICY)
    assert step.reason is Reason.IDENTITY_POLICY


@pytest.mark.parametrize("action", ["rds:Describe*", "ec2:*"])
def test_a_permission_that_no_policy_names_is_denied_by_aws_itself(action: str, aws: Aws) -> None:
    stop_refused(aws)
    databases(aws, orders={})
    role_says(aws, "Allow", action)

    step = probe_permission(STOP_DB, probed())

    assert (step.verdict, step.evidence) == (Verdict.DENIED, Evidence.LIVE)
    assert step.detail == NO_IDENTITY_POLICY
    assert aws.called("DescribeDBInstances") == [], "no database could change it"


def test_a_refusal_proves_nothing_where_no_policy_can_be_read(aws: Aws) -> None:
    stop_refused(aws)
    databases(aws, orders={})

    user = probe_permission(STOP_DB, probed(a_session(role_name=None)))
    aws.answers["ListRolePolicies"] = refused("AccessDenied")
    role = probe_permission(STOP_DB, probed())

    for step, unread in ((user, "an access key's user"), (role, "inline policies")):
        assert (step.verdict, step.ok, step.evidence) == (
            Verdict.INCONCLUSIVE,
            None,
            Evidence.NONE,
        )
        assert step.reason is Reason.NOT_PROVABLE
        assert step.detail
        assert unread in step.detail
        assert "would prove it" in step.detail
        assert NO_IDENTITY_POLICY in step.detail
    assert aws.called("DescribeDBInstances") == []


def test_a_managed_policy_may_allow_what_the_inline_ones_do_not(aws: Aws) -> None:
    stop_refused(aws)
    databases(aws, dev_orders={}, prod_orders={})
    role_says(aws, "Allow", STOP_DB, Resource=f"{ARN}dev-*")
    attached(aws, "OurDatabases")

    step = probe_permission(STOP_DB, probed())

    assert step.verdict is Verdict.INCONCLUSIVE
    assert step.detail
    assert "the managed policy OurDatabases" in step.detail


def test_an_explicit_deny_holds_whatever_a_managed_policy_says(aws: Aws) -> None:
    stop_refused(aws, "with an explicit deny in an identity-based policy")
    role_says(aws, "Deny", STOP_DB)
    attached(aws, "OurDatabases")

    step = probe_permission(STOP_DB, probed())

    assert (step.verdict, step.reason) == (Verdict.DENIED, Reason.EXPLICIT_DENY)


@pytest.mark.parametrize(
    "message",
    [
        "because no permissions boundary allows the rds:StopDBInstance action",
        "because no service control policy allows the rds:StopDBInstance action",
        "with an explicit deny in a service control policy",
        "with an explicit deny in an identity-based policy",  # which no readable policy has
    ],
)
def test_what_refuses_and_cannot_be_read_may_be_limited_too(message: str, aws: Aws) -> None:
    """Such as a policy of the organization that denies all but databases with the tag env=dev."""
    stop_refused(aws, message)
    databases(aws, orders={})
    role_says(aws, "Allow", STOP_DB)

    step = probe_permission(STOP_DB, probed())

    assert (step.verdict, step.evidence) == (Verdict.INCONCLUSIVE, Evidence.NONE)
    assert step.detail
    assert "something refuses it that Cavok cannot read" in step.detail
    assert message in step.detail


def test_no_grant_is_advised_where_a_boundary_refuses_and_policies_are_unread(aws: Aws) -> None:
    stop_refused(aws, "because no permissions boundary allows the rds:StopDBInstance action")
    databases(aws, orders={})
    role_says(aws, "Allow", STOP_DB)
    attached(aws, "OurDatabases")

    step = probe_permission(STOP_DB, probed())

    assert step.verdict is Verdict.INCONCLUSIVE
    assert step.detail
    assert "something refuses it that Cavok cannot read" in step.detail
    assert "A grant in" not in step.detail


def test_a_grant_that_denies_some_databases_is_partial_although_an_absent_one_is_allowed(
    aws: Aws,
) -> None:
    aws.answers["StopDBInstance"] = refused("DBInstanceNotFound")
    databases(aws, orders={"env": "prod"}, drafts={})
    condition = {"StringNotEquals": {"aws:ResourceTag/env": "prod"}}
    role_says(aws, "Allow", STOP_DB, Condition=condition)

    step = probe_permission(STOP_DB, probed())

    assert step.verdict is Verdict.PARTIAL
    assert found(step)["orders"] == (Verdict.DENIED, Reason.IDENTITY_POLICY)


def test_an_unconditional_grant_needs_no_look_at_the_databases(aws: Aws) -> None:
    aws.answers["StopDBInstance"] = refused("DBInstanceNotFound")
    databases(aws, orders={})
    role_says(aws, "Allow", "rds:*")
    attached(aws, "Other")

    step = probe_permission(STOP_DB, probed())

    assert (step.verdict, step.evidence, step.resources) == (Verdict.ALLOWED, Evidence.LIVE, None)
    assert aws.called("DescribeDBInstances") == []
    assert aws.called("ListAttachedRolePolicies") == []


SAYS: dict[str, Any] = {
    "all": {"Action": "rds:*"},
    "nothing": {"Action": "ec2:*"},
    "only dev": {"Action": STOP_DB, "Resource": f"{ARN}dev-*"},
    "not shown": refused("AccessDenied"),
    "no answer": refused("Throttling"),
}
LISTED = {"two": ["dev_orders", "prod_orders"], "none": [], "no answer": None}
EXPECTED = {
    # What AWS says of an absent database, what the policies say, the databases: the verdict.
    ("allowed", "all", "two"): Verdict.ALLOWED,
    ("allowed", "all", "none"): Verdict.ALLOWED,
    ("allowed", "all", "no answer"): Verdict.ALLOWED,
    ("allowed", "nothing", "two"): Verdict.DENIED,
    ("allowed", "nothing", "none"): Verdict.ALLOWED,
    ("allowed", "only dev", "two"): Verdict.PARTIAL,
    ("allowed", "only dev", "none"): Verdict.ALLOWED,
    ("allowed", "not shown", "two"): Verdict.ALLOWED,
    ("allowed", "not shown", "none"): Verdict.ALLOWED,
    ("allowed", "not shown", "no answer"): Verdict.ALLOWED,
    ("refused", "nothing", "two"): Verdict.DENIED,
    ("refused", "nothing", "none"): Verdict.DENIED,
    ("refused", "nothing", "no answer"): Verdict.DENIED,
    ("refused", "only dev", "two"): Verdict.PARTIAL,
}
"""All other combinations prove nothing."""


@pytest.mark.parametrize("operation", ["ListRolePolicies", "GetRolePolicy"])
@pytest.mark.parametrize("databases_are", LISTED)
@pytest.mark.parametrize("said", SAYS)
@pytest.mark.parametrize("answer", ["allowed", "refused"])
def test_evidence_that_is_missing_proves_nothing(
    answer: str, said: str, databases_are: str, operation: str, aws: Aws
) -> None:
    if answer == "refused":
        stop_refused(aws)
    else:
        aws.answers["StopDBInstance"] = refused("DBInstanceNotFound")
    statement = SAYS[said]
    role_says(aws, "Allow", **(statement if isinstance(statement, dict) else {}))
    if isinstance(statement, Exception):
        aws.answers[operation] = statement
    names = LISTED[databases_are]
    if names is None:
        aws.answers["DescribeDBInstances"] = refused("Throttling", "later")
    else:
        databases(aws, **{name: {} for name in names})

    try:
        step = probe_permission(STOP_DB, probed())
    except ProbeTransient:
        assert "no answer" in (said, databases_are)
        return

    expected = EXPECTED.get((answer, said, databases_are), Verdict.INCONCLUSIVE)
    assert step.verdict is expected
    assert (step.evidence is Evidence.NONE) == (expected is Verdict.INCONCLUSIVE)
    if said == "not shown":
        assert step.detail
        assert "could not read" in step.detail


@pytest.mark.parametrize(
    ("code", "reason"),
    [
        (TIMED_OUT, Reason.ERROR),
        ("AccessDenied", Reason.NOT_PROVABLE),
        ("Surprise", Reason.NOT_PROVABLE),
    ],
)
def test_databases_that_cannot_be_listed_leave_it_open(code: str, reason: Reason, aws: Aws) -> None:
    """Only of what stays does the policy's author learn: the next test may list them."""
    stop_refused(aws)
    aws.answers["DescribeDBInstances"] = refused(code, "no")
    role_says(aws, "Allow", STOP_DB, Resource=f"{ARN}dev-*")

    step = probe_permission(STOP_DB, probed())

    assert (step.verdict, step.reason) == (Verdict.INCONCLUSIVE, reason)
    if reason is Reason.ERROR:
        assert step.error_code == code


def test_databases_that_aws_did_not_list_for_a_moment_are_listed_again(aws: Aws) -> None:
    stop_refused(aws)
    aws.answers["DescribeDBInstances"] = refused("Throttling", "later")
    role_says(aws, "Allow", STOP_DB, Resource=f"{ARN}dev-*")
    account = probed()
    with pytest.raises(ProbeTransient, match="Throttling"):
        probe_permission(STOP_DB, account)

    databases(aws, dev_orders={})

    assert probe_permission(STOP_DB, account).verdict is Verdict.ALLOWED


def test_those_under_control_are_named_first(aws: Aws) -> None:
    stop_refused(aws)
    names = {f"prod_{number}": {} for number in range(30)}
    databases(aws, dev_orders={}, **names)
    role_says(aws, "Allow", STOP_DB, Resource=f"{ARN}dev-*")
    survey = Survey(
        region_health=(RegionHealth("us-east-1", RegionStatus.REACHABLE),),
        under_control={Kind.RDS: {"us-east-1": ("prod-29",)}},
    )

    step = probe_permission(STOP_DB, probed(survey=survey))

    assert step.resources
    assert step.resources.examples[0].id == "prod-29"
    assert len(step.resources.examples) == 20


def test_one_under_control_that_could_not_be_read_is_named_in_the_step_of_its_kind(
    aws: Aws,
) -> None:
    stop_refused(aws)
    databases(aws, dev_orders={}, prod_orders={})
    aws.answers["DescribeDBInstances"]["DBInstances"].append({"DBInstanceIdentifier": "odd"})
    role_says(aws, "Allow", STOP_DB, Resource=f"{ARN}dev-*")
    survey = Survey(
        region_health=(RegionHealth("us-east-1", RegionStatus.REACHABLE),),
        under_control={
            Kind.EC2: {"us-east-1": ("i-0123456789abcdef0",)},
            Kind.RDS: {"us-east-1": ("odd", "prod-orders")},
            Kind.AURORA: {"us-east-1": ("ledger",)},
        },
    )

    step = probe_permission(STOP_DB, probed(survey=survey))

    assert found(step) == {
        "prod-orders": (Verdict.DENIED, Reason.IDENTITY_POLICY),
        "odd": (Verdict.SKIPPED, Reason.NOT_PROVABLE),
        "dev-orders": (Verdict.ALLOWED, None),
    }
    assert step.resources
    assert step.resources.asked == 2


def test_databases_of_all_reachable_regions_count(aws: Aws) -> None:
    stop_refused(aws)
    databases(aws, dev_orders={})
    role_says(aws, "Allow", STOP_DB, Resource=f"{ARN.replace('*', 'eu-west-1')}dev-*")
    health = (
        RegionHealth("us-east-1", RegionStatus.REACHABLE),
        RegionHealth("eu-west-1", RegionStatus.REACHABLE),
        RegionHealth("eu-west-2", RegionStatus.REFUSED),
    )

    step = probe_permission(STOP_DB, probed(survey=Survey(region_health=health)))

    assert step.resources
    assert [(each.region, each.verdict) for each in step.resources.examples] == [
        ("us-east-1", Verdict.DENIED),
        ("eu-west-1", Verdict.ALLOWED),
    ]


def test_aurora_clusters_are_weighed_as_clusters(aws: Aws) -> None:
    aws.answers["StopDBCluster"] = refused("AccessDenied", NO_IDENTITY_POLICY)
    aws.answers["DescribeDBClusters"] = {
        "DBClusters": [
            {"DBClusterIdentifier": name, "Engine": "aurora-mysql", "Status": "available"}
            for name in ("dev-ledger", "prod-ledger")
        ]
    }
    resource = f"arn:aws:rds:*:{NUMBER}:cluster:dev-*"
    role_says(aws, "Allow", "rds:StopDBCluster", Resource=resource)

    step = probe_permission("rds:StopDBCluster", probed())

    assert step.verdict is Verdict.PARTIAL
    assert found(step)["dev-ledger"] == (Verdict.ALLOWED, None)


# ---- instances -----------------------------------------------------------------------------------

RUNNING = ("i-00000000000000001", "i-00000000000000002", "i-00000000000000003")


def surveyed(*ids: str, in_part: bool = False) -> Survey:
    return Survey(
        region_health=(RegionHealth("us-east-1", RegionStatus.REACHABLE),),
        instances={"us-east-1": ids},
        asked_in_part=("us-east-1",) if in_part else (),
    )


@pytest.mark.parametrize(
    ("resource", "verdict", "evidence"),
    [
        (None, Verdict.DENIED, Evidence.POLICY),
        (f"arn:aws:ec2:*:{NUMBER}:instance/i-00000000000000009", Verdict.INCONCLUSIVE, None),
    ],
)
def test_instances_that_were_not_asked_about_may_be_allowed_if_the_policies_say_so(
    resource: str | None, verdict: Verdict, evidence: Evidence | None, aws: Aws
) -> None:
    aws.answers["StopInstances"] = refused("UnauthorizedOperation")
    role_says(aws, "Allow", STOP if resource else "rds:*", Resource=resource or "*")

    step = probe_permission(STOP, probed(survey=surveyed(*RUNNING, in_part=True)))

    assert step.verdict is verdict
    assert step.evidence is (evidence or Evidence.NONE)
    assert step.resources
    assert step.resources.denied == 3


def test_all_instances_that_there_are_refused_is_denied_by_aws_itself(aws: Aws) -> None:
    aws.answers["StopInstances"] = refused("UnauthorizedOperation")
    role_says(aws, "Allow", STOP, Resource=f"arn:aws:ec2:*:{NUMBER}:instance/i-0a")

    step = probe_permission(STOP, probed(survey=surveyed(*RUNNING)))

    assert (step.verdict, step.evidence) == (Verdict.DENIED, Evidence.LIVE)


@pytest.mark.parametrize(
    ("condition", "verdict"),
    [({}, Verdict.DENIED), ({"StringEquals": {"ec2:ResourceTag/env": "dev"}}, None)],
)
def test_without_an_instance_a_refusal_says_nothing_of_a_role_limited_to_some(
    condition: dict[str, Any], verdict: Verdict | None, aws: Aws
) -> None:
    aws.answers["StopInstances"] = refused("UnauthorizedOperation")
    role_says(aws, "Allow", STOP if condition else "rds:*", Condition=condition)

    step = probe_permission(STOP, probed(survey=surveyed()))

    assert step.verdict is (verdict or Verdict.INCONCLUSIVE)


def test_what_was_found_before_a_throttled_call_is_kept(
    aws: Aws, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(dry_runs, "RETRY_WAITS", ())
    answers = iter([refused("UnauthorizedOperation"), refused("DryRunOperation")])

    def answer(params: dict[str, Any]) -> Any:
        raise next(answers, refused("RequestLimitExceeded", "later"))

    aws.answers["StopInstances"] = answer

    step = probe_permission(STOP, probed(survey=surveyed(*RUNNING)))

    assert (step.verdict, step.reason) == (Verdict.INCONCLUSIVE, Reason.ERROR)
    assert step.error_code == "RequestLimitExceeded"
    assert step.resources
    assert (step.resources.asked, step.resources.allowed, step.resources.denied) == (3, 1, 0)


# ---- time ----------------------------------------------------------------------------------------


def ticking(calls: int) -> Deadline:
    """It is over after it was looked at so many times."""
    clock = count()
    return Deadline(calls, lambda: next(clock))


@pytest.mark.parametrize("action", probes.PROBES)
def test_without_time_nothing_is_asked(action: str, aws: Aws) -> None:
    step = probe_permission(action, probed(deadline=ticking(0)))

    assert (step.verdict, step.reason, step.error_code) == (
        Verdict.INCONCLUSIVE,
        Reason.ERROR,
        OUT_OF_TIME,
    )
    assert step.detail
    assert "ran out" in step.detail
    assert aws.calls == []


@pytest.mark.parametrize("calls", range(1, 8))
@pytest.mark.parametrize("answer", ["AccessDenied", "DBInstanceNotFound"])
def test_time_that_runs_out_never_makes_a_refusal(calls: int, answer: str, aws: Aws) -> None:
    aws.answers["StopDBInstance"] = refused(answer, NO_IDENTITY_POLICY)
    databases(aws, orders={})
    role_says(aws, "Allow", STOP_DB, Resource=f"{ARN}orders")

    step = probe_permission(STOP_DB, probed(deadline=ticking(calls)))

    assert step.verdict in (Verdict.ALLOWED, Verdict.INCONCLUSIVE)


@pytest.mark.parametrize("calls", range(1, 12))
def test_time_that_runs_out_before_the_policies_are_weighed_makes_no_success(
    calls: int, aws: Aws
) -> None:
    aws.answers["StopDBInstance"] = refused("DBInstanceNotFound")
    databases(aws, orders={})
    role_says(aws, "Allow", STOP_DB, Resource=f"{ARN}dev-*")

    step = probe_permission(STOP_DB, probed(deadline=ticking(calls)))

    assert step.verdict is (
        Verdict.INCONCLUSIVE if step.error_code == OUT_OF_TIME else Verdict.DENIED
    )


def test_databases_are_weighed_for_as_long_as_the_account_may_take_the_processor(aws: Aws) -> None:
    stop_refused(aws)
    databases(aws, dev_orders={}, prod_orders={})
    role_says(aws, "Allow", STOP_DB, Resource=f"{ARN}dev-*")

    nothing = ProcessorTime(0, time.thread_time)
    step = probe_permission(STOP_DB, replace(probed(), weighing=nothing))

    assert (step.verdict, step.error_code) == (Verdict.INCONCLUSIVE, OUT_OF_TIME)


def test_databases_are_listed_in_the_same_time(aws: Aws) -> None:
    stop_refused(aws)
    databases(aws, dev_orders={})
    role_says(aws, "Allow", STOP_DB, Resource=f"{ARN}dev-*")
    nothing = ProcessorTime(0, lambda: 0.0)

    step = probe_permission(STOP_DB, probed(weighing=nothing))

    assert step.error_code == OUT_OF_TIME
    assert nothing.short
    assert not aws.called("DescribeDBInstances")
