"""One harmless call per permission: what it sends, and what each answer proves."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from botocore import xform_name
from botocore.exceptions import ReadTimeoutError

from cavok.adapters.customer import dry_runs, probes
from cavok.adapters.customer.probed_account import MAX_INLINE_POLICIES
from cavok.domain import permissions
from cavok.domain.access_denied import DENIED_CODES, POLICIES_UNREAD, TRANSIENT_CODES, Reason
from cavok.domain.steps import REGION_DISABLED_CODES, Verdict
from cavok.domain.survey import Survey
from local.settings import ROOT
from tests.support.fake_aws import Aws, a_session, probed, refused
from tests.support.service_authorization import only_reads

ACTIONS = tuple(probes.PROBES)
EC2_CHANGES = tuple(a for a in permissions.EC2.actions if not only_reads(a))
RDS_CHANGES = tuple(a for a in permissions.RDS.actions if not only_reads(a))
READS = tuple(a for a in ACTIONS if a not in (*EC2_CHANGES, *RDS_CHANGES))
RUNNING = "i-0123456789abcdef0"


def instances(*states: tuple[str, str]) -> dict[str, Any]:
    found = [
        {"InstanceId": i, "InstanceType": "t3.micro", "State": {"Name": state}}
        for i, state in states
    ]
    return {"Reservations": [{"Instances": found}]}


def operation(action: str) -> str:
    return action.partition(":")[2]


def method(action: str) -> str:
    """boto3's name of the operation."""
    return xform_name(operation(action))


@pytest.mark.parametrize("action", READS)
def test_reading_that_works_proves_the_permission_to_read(action: str, aws: Aws) -> None:
    aws.answers["ListRolePolicies"] = {"PolicyNames": ["CavokEc2"]}

    assert probes.run(action, probed()).verdict is Verdict.ALLOWED
    assert aws.called(operation(action))


@pytest.mark.parametrize("action", ACTIONS)
@pytest.mark.parametrize("code", sorted(DENIED_CODES))
def test_a_refusal_proves_that_it_is_not_allowed(action: str, code: str, aws: Aws) -> None:
    message = f"not authorized because no permissions boundary allows the {action} action"
    aws.answers[operation(action)] = refused(code, message)

    judgement = probes.run(action, probed())

    assert judgement.verdict is Verdict.DENIED
    assert judgement.reason is Reason.PERMISSIONS_BOUNDARY
    assert (judgement.error_code, judgement.detail) == (code, message)


@pytest.mark.parametrize("action", ACTIONS)
@pytest.mark.parametrize(
    "error",
    [
        *(refused(code) for code in ("Throttling", "RequestLimitExceeded", "InternalError")),
        *(refused(code) for code in sorted(REGION_DISABLED_CODES)),
        refused("ExpiredToken"),
        refused("ValidationError"),
        refused("InvalidParameterValue"),
        ReadTimeoutError(endpoint_url="https://rds.us-east-1.amazonaws.com"),
    ],
    ids=str,
)
def test_any_other_error_proves_nothing(action: str, error: Exception, aws: Aws) -> None:
    aws.answers[operation(action)] = error

    assert probes.run(action, probed()).verdict is Verdict.INCONCLUSIVE


@pytest.mark.parametrize(
    ("action", "code"),
    [
        ("iam:GetRolePolicy", "NoSuchEntity"),
        ("ec2:StartInstances", "DryRunOperation"),
        ("ec2:StopInstances", "DryRunOperation"),
        ("rds:StartDBInstance", "DBInstanceNotFound"),
        ("rds:StopDBInstance", "DBInstanceNotFound"),
        ("rds:StartDBCluster", "DBClusterNotFoundFault"),
        ("rds:StopDBCluster", "DBClusterNotFoundFault"),
    ],
)
def test_some_errors_only_an_authorized_caller_gets(action: str, code: str, aws: Aws) -> None:
    aws.answers[operation(action)] = refused(code)

    judgement = probes.run(action, probed())

    assert (judgement.verdict, judgement.error_code) == (Verdict.ALLOWED, code)


@pytest.mark.parametrize("action", [a for a in ACTIONS if a not in EC2_CHANGES])
def test_a_dry_run_proves_nothing_where_there_is_none(action: str, aws: Aws) -> None:
    aws.answers[operation(action)] = refused("DryRunOperation")

    assert probes.run(action, probed()).verdict is Verdict.INCONCLUSIVE


@pytest.mark.parametrize("action", EC2_CHANGES)
def test_an_absent_instance_proves_nothing_for_ec2_may_look_for_it_first(
    action: str, aws: Aws
) -> None:
    aws.answers[operation(action)] = refused("InvalidInstanceID.NotFound")

    judgement = probes.run(action, probed())

    assert (judgement.verdict, judgement.reason) == (Verdict.INCONCLUSIVE, Reason.NOT_PROVABLE)


@pytest.mark.parametrize("action", EC2_CHANGES)
def test_a_dry_run_is_tried_on_an_instance_that_is_there(action: str, aws: Aws) -> None:
    aws.answers["DescribeInstances"] = instances(
        ("i-0000000000000dead", "terminated"), (RUNNING, "running"), ("i-1", "stopped")
    )

    probes.run(action, probed())

    assert aws.called(operation(action)) == [{"InstanceIds": [RUNNING], "DryRun": True}]


@pytest.mark.parametrize("action", EC2_CHANGES)
@pytest.mark.parametrize("found", [instances(), refused("UnauthorizedOperation")])
def test_without_an_instance_it_is_tried_on_a_well_formed_one_that_is_not_there(
    action: str, found: Any, aws: Aws
) -> None:
    aws.answers["DescribeInstances"] = found

    probes.run(action, probed())
    probes.run(action, probed())

    tried = [call["InstanceIds"][0] for call in aws.called(operation(action))]
    assert all(re.fullmatch("i-[0-9a-f]{17}", instance) for instance in tried)
    assert len(set(tried)) == 2, "an id that is always the same could one day be somebody's"


@pytest.mark.parametrize("action", EC2_CHANGES)
def test_a_describe_that_times_out_is_no_reason_to_give_up(action: str, aws: Aws) -> None:
    aws.answers["DescribeInstances"] = ReadTimeoutError(endpoint_url="https://ec2")
    aws.answers[operation(action)] = refused("DryRunOperation")

    assert probes.run(action, probed()).verdict is Verdict.ALLOWED


@pytest.mark.parametrize("found", [instances(), instances((RUNNING, "running"))])
def test_no_probe_ever_starts_or_stops_an_instance(found: dict[str, Any], aws: Aws) -> None:
    aws.answers["DescribeInstances"] = found
    for action in ACTIONS:
        probes.run(action, probed())

    changes = [call for action in EC2_CHANGES for call in aws.called(operation(action))]
    assert len(changes) == len(EC2_CHANGES)
    assert all(call["DryRun"] is True for call in changes)


def test_no_probe_ever_names_a_database_that_could_exist(aws: Aws) -> None:
    for _ in range(2):
        for action in ACTIONS:
            probes.run(action, probed())

    names = [
        name
        for action in RDS_CHANGES
        for call in aws.called(operation(action))
        for name in call.values()
    ]
    assert len(names) == 2 * len(RDS_CHANGES)
    assert len(set(names)) == len(names)
    assert all(re.fullmatch("cavok-probe-[0-9a-f]{16}", name) for name in names)


def test_probes_send_nothing_but_reads_dry_runs_and_absent_databases(aws: Aws) -> None:
    for action in ACTIONS:
        probes.run(action, probed())

    sent = {name for name, _ in aws.calls}
    changing = {name for name in sent if not name.startswith(("Describe", "List", "Get"))}
    assert changing == {operation(action) for action in (*EC2_CHANGES, *RDS_CHANGES)}


def _calls(path: Path) -> Iterator[tuple[str, ast.AST]]:
    """Each place of a module that names an operation which starts or stops an instance."""
    names = {name for action in EC2_CHANGES for name in (operation(action), method(action))}
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Attribute) and node.attr in names:
            yield node.attr, node
        if isinstance(node, ast.Constant) and node.value in names:
            yield str(node.value), node


def test_the_one_function_that_can_start_or_stop_instances_always_asks_for_a_dry_run() -> None:
    """Of all that runs in a test. Whatever names these operations otherwise is found here."""
    module = Path(dry_runs.__file__)
    tree = ast.parse(module.read_text())
    (function,) = (
        node for node in tree.body if getattr(node, "name", None) == dry_runs.dry_run_only.__name__
    )
    sending = [
        node
        for node in ast.walk(function)
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Call)
    ]
    (keyword,) = (k for k in sending[0].keywords if k.arg == "DryRun")
    assert len(sending) == 1
    assert isinstance(keyword.value, ast.Constant)
    assert keyword.value.value is True

    # getattr(ec2, operation) is only in that function, and all else are the names given to it.
    users = [
        node
        for node in ast.walk(tree)
        if isinstance(node, ast.Call)
        and getattr(node.func, "id", None) == "getattr"
        and getattr(node.args[0], "id", None) == "ec2"
    ]
    assert len(users) == 1
    assert list(_calls(module)) == []
    assert {type(node) for _, node in _calls(Path(probes.__file__))} == {ast.Constant}


# What a person's own Start or Stop runs through, outside of any test.
INTERACTIONS = {"instances.py", "interactions.py"}


def test_nothing_else_in_the_layer_or_the_functions_of_a_test_names_these_operations() -> None:
    sources = [*ROOT.glob("layers/shared/cavok/**/*.py"), *ROOT.glob("functions/*/app.py")]
    users = {path.name for path in sources for _ in _calls(path)}

    assert users - INTERACTIONS == {"probes.py"}


MANAGED = {"AttachedPolicies": [{"PolicyName": "ReadOnly", "PolicyArn": "arn"}]}


@pytest.mark.parametrize(
    ("name", "answer", "all_read"),
    [
        ("ListRolePolicies", {"PolicyNames": ["p"] * MAX_INLINE_POLICIES}, True),
        ("ListRolePolicies", {"PolicyNames": ["p"] * (MAX_INLINE_POLICIES + 1)}, False),
        ("ListRolePolicies", {"PolicyNames": ["p"], "IsTruncated": True}, False),
        ("ListRolePolicies", {"PolicyNames": [], "IsTruncated": False}, True),
        ("ListAttachedRolePolicies", {"AttachedPolicies": [], "IsTruncated": False}, True),
        ("ListAttachedRolePolicies", {"AttachedPolicies": [], "IsTruncated": True}, False),
        ("ListAttachedRolePolicies", MANAGED, False),
    ],
)
def test_a_list_says_whether_tests_read_all_that_it_names(
    name: str, answer: dict[str, Any], all_read: bool, aws: Aws
) -> None:
    aws.answers[name] = answer

    judgement = probes.run(f"iam:{name}", probed())

    assert judgement.verdict is Verdict.ALLOWED
    assert (judgement.error_code, judgement.detail is None) == (
        (None, True) if all_read else (POLICIES_UNREAD, False)
    )


@pytest.mark.parametrize("names", [["CavokEc2", "CavokRds"], []])
def test_reading_a_policy_is_tried_on_one_there_is_or_on_one_that_is_not(
    names: list[str], aws: Aws
) -> None:
    aws.answers["ListRolePolicies"] = {"PolicyNames": names}

    probes.run("iam:GetRolePolicy", probed())

    (requested,) = [call["PolicyName"] for call in aws.called("GetRolePolicy")]
    assert requested in names or (not names and requested.startswith("cavok-probe-"))
    assert {call["RoleName"] for call in aws.called("GetRolePolicy")} == {"CavokCloud"}


@pytest.mark.parametrize(
    ("survey", "wanted"),
    [
        (Survey(policy_name="CavokEc2"), "CavokEc2"),
        (Survey(inline_policies=()), "cavok-probe-"),
    ],
)
def test_what_the_survey_knows_of_the_policies_is_not_asked_again(
    survey: Survey, wanted: str, aws: Aws
) -> None:
    probes.run("iam:GetRolePolicy", probed(survey=survey))

    (requested,) = [call["PolicyName"] for call in aws.called("GetRolePolicy")]
    assert requested.startswith(wanted)
    assert not aws.called("ListRolePolicies")


@pytest.mark.parametrize(
    "error", [refused("AccessDenied"), ReadTimeoutError(endpoint_url="https://iam")]
)
def test_policies_that_may_not_be_listed_do_not_decide_whether_they_may_be_read(
    error: Exception, aws: Aws
) -> None:
    aws.answers["ListRolePolicies"] = error

    assert probes.run("iam:GetRolePolicy", probed()).verdict is Verdict.ALLOWED


def test_probes_are_made_in_the_accounts_own_region(aws: Aws) -> None:
    for action in ("ec2:DescribeInstances", "rds:DescribeDBInstances"):
        probes.run(action, probed(a_session(region="eu-west-1")))

    assert aws.made == [("ec2", "eu-west-1"), ("rds", "eu-west-1")]
    assert {a for a in ACTIONS if not probes.region_of(a, probed())} == {
        *permissions.CHECKING.actions
    }


def test_codes_that_may_go_away_are_never_proofs() -> None:
    assert not any(
        probe.proofs & (TRANSIENT_CODES | DENIED_CODES) for probe in probes.PROBES.values()
    )
