"""The probes against moto, which knows EC2's dry run: allowed paths, and that nothing changes."""

from __future__ import annotations

import json
from datetime import datetime
from typing import Any

import pytest

from cavok.adapters.customer import probes
from cavok.adapters.customer.logs import VERIFICATIONS
from cavok.adapters.customer.probed_account import ProbedAccount
from cavok.adapters.customer.session import Credentials, CustomerSession
from cavok.domain import permissions
from cavok.domain.kinds import Kind
from cavok.domain.policy_verdicts import RolePolicies
from cavok.domain.regions import RegionHealth, RegionStatus
from cavok.domain.steps import Step, Verdict
from cavok.domain.survey import Survey
from cavok.services.probe_permission import probe_permission
from cavok.services.write_customer_log import write_verification_log
from tests.support.builders import NUMBER, a_step
from tests.support.moto_stack import Clock, client

SESSION = CustomerSession(
    account_number=NUMBER,
    region="us-east-1",
    role_name="CavokCloud",
    credentials=Credentials("ASIAIOSFODNN7EXAMPLE", "secret", "token"),
)


@pytest.fixture
def instances() -> dict[str, str]:
    """A running and a stopped instance, a database and a cluster, by id, with their states."""
    ec2, rds = client("ec2"), client("rds")
    image = ec2.describe_images(Owners=["amazon"])["Images"][0]["ImageId"]
    made = ec2.run_instances(ImageId=image, MinCount=2, MaxCount=2)["Instances"]
    ec2.stop_instances(InstanceIds=[made[1]["InstanceId"]])
    rds.create_db_instance(
        DBInstanceIdentifier="orders", DBInstanceClass="db.t3.micro", Engine="postgres"
    )
    rds.create_db_cluster(
        DBClusterIdentifier="ledger",
        Engine="aurora-postgresql",
        MasterUsername="ada",
        MasterUserPassword="not-a-secret",
    )
    return states()


def states() -> dict[str, str]:
    ec2, rds = client("ec2"), client("rds")
    found = [i for r in ec2.describe_instances()["Reservations"] for i in r["Instances"]]
    return (
        {i["InstanceId"]: i["State"]["Name"] for i in found}
        | {
            d["DBInstanceIdentifier"]: d["DBInstanceStatus"]
            for d in rds.describe_db_instances()["DBInstances"]
        }
        | {c["DBClusterIdentifier"]: c["Status"] for c in rds.describe_db_clusters()["DBClusters"]}
    )


@pytest.fixture
def role() -> None:
    iam = client("iam")
    iam.create_role(RoleName="CavokCloud", AssumeRolePolicyDocument="{}")


@pytest.mark.usefixtures("role")
def test_probes_of_an_account_that_allows_everything_are_allowed_and_change_nothing(
    instances: dict[str, str],
) -> None:
    steps = [probe_permission(action, ProbedAccount(session=SESSION)) for action in probes.PROBES]

    assert [step for step in steps if step.verdict is not Verdict.ALLOWED] == []
    assert states() == instances
    assert set(instances.values()) >= {"running", "stopped", "available"}
    proofs = {step.step: step.error_code for step in steps if step.error_code}
    assert proofs.keys() == {
        action for action, probe in probes.PROBES.items() if probe.dry_run or probe.proofs
    }
    for action, code in proofs.items():
        assert code in (probes.PROBES[action].proofs or {"DryRunOperation"}), action


def groups() -> dict[str, Any]:
    found = client("logs").describe_log_groups(logGroupNamePrefix="/cavok/")["logGroups"]
    return {group["logGroupName"]: group.get("retentionInDays") for group in found}


def write(*steps: Step, now: datetime | None = None) -> list[Step]:
    now = now or Clock.time
    return write_verification_log({"verification_id": "01J"}, steps, SESSION, now)


def test_the_first_summary_makes_a_group_that_forgets_after_fourteen_days() -> None:
    now = Clock.time

    written = write(a_step("ec2:StopInstances"), now=now)

    assert {step.verdict for step in written} == {Verdict.ALLOWED}

    assert groups() == {VERIFICATIONS: 14}
    (event,) = client("logs").get_log_events(
        logGroupName=VERIFICATIONS, logStreamName=f"{now:%Y-%m-%d}"
    )["events"]
    assert '"ec2:StopInstances": "allowed"' in event["message"]
    assert "secret" not in event["message"]


def test_the_next_summary_leaves_the_retention_that_the_customer_chose() -> None:
    write()
    client("logs").put_retention_policy(logGroupName=VERIFICATIONS, retentionInDays=365)

    steps = write()

    assert groups() == {VERIFICATIONS: 365}
    assert {step.verdict for step in steps} == {Verdict.ALLOWED}


def surveyed(*ids: str) -> Survey:
    return Survey(
        region_health=(RegionHealth("us-east-1", RegionStatus.REACHABLE),),
        instances={"us-east-1": ids},
    )


@pytest.mark.parametrize("action", ["ec2:StartInstances", "ec2:StopInstances"])
def test_all_instances_of_the_survey_are_asked_about_and_none_is_changed(
    instances: dict[str, str], action: str
) -> None:
    ids = [each for each in instances if each.startswith("i-")]
    account = ProbedAccount(session=SESSION, survey=surveyed(*ids))

    step = probe_permission(action, account)

    assert step.verdict is Verdict.ALLOWED
    assert step.resources
    assert (step.resources.asked, step.resources.allowed) == (2, 2)
    assert states() == instances


def test_the_policies_and_the_databases_are_read_as_moto_gives_them(role: None) -> None:
    document = {
        "Version": "2012-10-17",
        "Statement": [{"Effect": "Allow", "Action": "rds:*", "Resource": "*"}],
    }
    client("iam").put_role_policy(
        RoleName="CavokCloud", PolicyName="Own", PolicyDocument=json.dumps(document)
    )
    made = client("rds").create_db_instance(
        DBInstanceIdentifier="orders",
        DBInstanceClass="db.t3.micro",
        Engine="postgres",
        Tags=[{"Key": "env", "Value": "dev"}],
    )["DBInstance"]
    account = ProbedAccount(session=SESSION)

    (database,) = account.databases(Kind.RDS).found

    assert account.policies() == RolePolicies((document,), ())
    assert database.arn.split(":")[-2:] == made["DBInstanceArn"].split(":")[-2:]
    assert database.tags == {"env": "dev"}


def test_a_managed_policy_is_known_and_not_read(role: None) -> None:
    client("iam").attach_role_policy(
        RoleName="CavokCloud",
        PolicyArn=client("iam").create_policy(
            PolicyName="Ours", PolicyDocument=json.dumps(permissions.policy_document())
        )["Policy"]["Arn"],
    )

    policies = ProbedAccount(session=SESSION).policies()

    assert policies == RolePolicies((), ("the managed policy Ours",))
