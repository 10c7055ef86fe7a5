"""Authorization before existence: what IAM, EC2 and RDS answer to authorized and other callers.

The probes depend on it (`cavok.adapters.customer.probes`), and AWS does not document it.
"""

from __future__ import annotations

import pytest

from cavok.adapters.customer import probes
from cavok.adapters.customer.dry_runs import dry_run_only
from cavok.adapters.customer.probed_account import ProbedAccount
from cavok.adapters.customer.session import CustomerSession
from cavok.domain.access_denied import Reason
from cavok.domain.kinds import Kind
from cavok.domain.permissions import EC2, PROBED_GROUPS
from cavok.domain.steps import Judgement, Verdict
from cavok.services.probe_permission import probe_permission
from tests.contract.place import Place, denying, without
from tests.support.service_authorization import only_reads

PROBED = [action for group in PROBED_GROUPS for action in group.actions]
DRY_RUNS = tuple(action for action in EC2.actions if not only_reads(action))


@pytest.fixture(scope="module")
def lacking(place: Place) -> dict[str, str]:
    """Roles by the one permission that each lacks. Created together, because each takes a while to
    become usable.
    """
    return {action: place.role(f"no-{action.split(':')[1]}", without(action)) for action in PROBED}


@pytest.fixture(scope="module")
def everything(place: Place) -> CustomerSession:
    return place.enter(place.role("everything"))


@pytest.mark.parametrize("action", PROBED)
def test_a_role_that_lacks_a_permission_is_denied_before_anything_is_looked_up(
    action: str, place: Place, lacking: dict[str, str]
) -> None:
    judgement = _run(action, place.enter(lacking[action]))
    assert (judgement.verdict, judgement.reason) == (Verdict.DENIED, Reason.IDENTITY_POLICY)


@pytest.mark.parametrize("action", [action for action in PROBED if action not in DRY_RUNS])
def test_a_role_with_every_permission_is_allowed(action: str, everything: CustomerSession) -> None:
    assert _run(action, everything).verdict is Verdict.ALLOWED


@pytest.mark.parametrize("action", DRY_RUNS)
def test_a_dry_run_is_allowed_or_finds_no_such_instance(
    action: str, everything: CustomerSession
) -> None:
    judgement = _run(action, everything)
    assert judgement.error_code in ("DryRunOperation", "InvalidInstanceID.NotFound")


@pytest.mark.parametrize("operation", ["start_instances", "stop_instances"])
def test_a_dry_run_on_an_absent_instance_is_no_proof_of_the_permission(
    operation: str, everything: CustomerSession
) -> None:
    """If this ever answers DryRunOperation, `InvalidInstanceID.NotFound` can become a proof."""
    with pytest.raises(Exception, match=r"InvalidInstanceID\.NotFound"):
        dry_run_only(everything.client("ec2"), operation, ["i-0123456789abcdef0"])


@pytest.mark.parametrize("operation", ["start_instances", "stop_instances"])
def test_a_dry_run_that_names_several_instances_is_refused_if_one_of_them_is(
    operation: str, place: Place
) -> None:
    """The instances need not exist: AWS checks authorization first, or another test fails."""
    granted, refused = "i-0123456789abcdef0", "i-0fedcba9876543210"
    only_one = without("ec2:StartInstances", "ec2:StopInstances")
    only_one["Statement"].append(
        {
            "Effect": "Allow",
            "Action": ["ec2:StartInstances", "ec2:StopInstances"],
            "Resource": f"arn:aws:ec2:*:*:instance/{granted}",
        }
    )
    ec2 = place.enter(place.role(f"one-{operation}", only_one)).client("ec2")

    for ids in ([granted, refused], [refused, granted], [refused]):
        with pytest.raises(Exception, match=f"UnauthorizedOperation.*{refused}"):
            dry_run_only(ec2, operation, ids)
    with pytest.raises(Exception, match=r"DryRunOperation|InvalidInstanceID\.NotFound"):
        dry_run_only(ec2, operation, [granted])


@pytest.mark.parametrize(
    ("action", "resource"),
    [
        (f"rds:{verb}DB{what}", f"arn:aws:rds:*:*:{name}:dev-*")
        for verb in ("Start", "Stop")
        for what, name in (("Instance", "db"), ("Cluster", "cluster"))
    ],
)
def test_a_grant_for_some_databases_refuses_an_absent_one(
    action: str, resource: str, place: Place
) -> None:
    """So the refusal of a probe proves only that the grant is limited."""
    limited = without(action)
    limited["Statement"].append({"Effect": "Allow", "Action": action, "Resource": resource})
    session = place.enter(place.role(f"dev-{action.split(':')[1]}", limited))

    judgement = _run(action, session)

    assert (judgement.verdict, judgement.reason) == (Verdict.DENIED, Reason.IDENTITY_POLICY)


def test_a_grant_for_some_databases_is_told_by_the_roles_policies(place: Place) -> None:
    """There is no database, so the step stays open and says why; nothing is denied."""
    limited = without("rds:StopDBInstance")
    resource = "arn:aws:rds:*:*:db:dev-*"
    limited["Statement"].append(
        {"Effect": "Allow", "Action": "rds:StopDBInstance", "Resource": resource}
    )
    account = ProbedAccount(session=place.enter(place.role("dev-policy", limited)))

    step = probe_permission("rds:StopDBInstance", account)

    assert account.policies().documents == (limited,)
    assert account.policies().unread == ()
    if not account.databases(Kind.RDS).found:
        assert (step.verdict, step.error_code) == (Verdict.INCONCLUSIVE, "AccessDenied")


def test_a_managed_policy_is_named_and_stays_unread(place: Place) -> None:
    iam = place.client("iam")
    arn = iam.create_policy(PolicyName=place.name("managed"), PolicyDocument=_only("rds:*"))[
        "Policy"
    ]["Arn"]
    place.later(iam.delete_policy, PolicyArn=arn)
    name = place.role("managed", without("rds:StopDBInstance"))
    iam.attach_role_policy(RoleName=name, PolicyArn=arn)
    place.later(iam.detach_role_policy, RoleName=name, PolicyArn=arn)

    policies = ProbedAccount(session=place.enter(name)).policies()

    assert policies.unread == (f"the managed policy {place.name('managed')}",)


def test_an_explicit_deny_is_distinguished_from_a_missing_permission(place: Place) -> None:
    session = place.enter(place.role("deny", denying("ec2:StopInstances", "rds:StopDBInstance")))
    for action in ("ec2:StopInstances", "rds:StopDBInstance"):
        assert _run(action, session).reason is Reason.EXPLICIT_DENY, action


def test_a_permissions_boundary_is_named_as_what_refused(place: Place) -> None:
    iam = place.client("iam")
    arn = iam.create_policy(PolicyName=place.name("boundary"), PolicyDocument=_only("ec2:*"))[
        "Policy"
    ]["Arn"]
    place.later(iam.delete_policy, PolicyArn=arn)
    session = place.enter(place.role("bounded", boundary=arn))
    assert _run("ec2:DescribeInstances", session).verdict is Verdict.ALLOWED
    for action in ("rds:DescribeDBInstances", "rds:StopDBCluster"):
        assert _run(action, session).reason is Reason.PERMISSIONS_BOUNDARY, action


def test_the_session_policy_keeps_a_test_from_stopping_a_real_database(
    everything: CustomerSession,
) -> None:
    """The database need not exist: the session policy allows only names that start with
    `cavok-probe-`.
    """
    with pytest.raises(Exception, match="no session policy allows"):
        everything.client("rds").stop_db_instance(DBInstanceIdentifier="production")


def _run(action: str, session: CustomerSession) -> Judgement:
    return probes.run(action, ProbedAccount(session=session))


def _only(action: str) -> str:
    return (
        '{"Version": "2012-10-17", "Statement": '
        f'[{{"Effect": "Allow", "Action": "{action}", "Resource": "*"}}]}}'
    )
