"""A customer's instances as EC2 and RDS tell of them, and starting and stopping them."""

from __future__ import annotations

import boto3
import pytest

from cavok.adapters.customer.instances import InstanceClient
from cavok.adapters.customer.session import CustomerSession
from cavok.domain.errors import CallFailed
from cavok.domain.kinds import Action, Kind
from tests.support.instances import make_cluster, make_database, run_instance

ELSEWHERE = "eu-west-1"


def test_an_instance_has_the_name_of_its_tag_and_awss_word_for_its_state(
    session: CustomerSession,
) -> None:
    web, bare = run_instance(Name="web"), run_instance()

    listed = {
        i.instance_id: i for i in InstanceClient(session, Kind.EC2, "us-east-1").list().instances
    }

    assert (listed[web].name, listed[web].state, listed[web].type) == ("web", "running", "t3.small")
    assert listed[bare].name is None


def test_instances_of_another_region_are_of_another_region(session: CustomerSession) -> None:
    there = run_instance(ELSEWHERE)

    assert InstanceClient(session, Kind.EC2, "us-east-1").list().instances == []
    (instance,) = InstanceClient(session, Kind.EC2, ELSEWHERE).list().instances
    assert (instance.instance_id, instance.region) == (there, ELSEWHERE)


def test_every_page_of_databases_is_read(session: CustomerSession) -> None:
    for number in range(101):
        make_database(f"db-{number:03}")

    assert len(InstanceClient(session, Kind.RDS, "us-east-1").list().instances) == 101


def test_terminated_instances_are_not_shown(session: CustomerSession) -> None:
    gone = run_instance()
    boto3.client("ec2", "us-east-1").terminate_instances(InstanceIds=[gone])

    assert InstanceClient(session, Kind.EC2, "us-east-1").list().instances == []


def test_members_of_a_cluster_are_shown_through_it(session: CustomerSession) -> None:
    make_database("orders")
    make_cluster("ledger")
    make_database(
        "ledger-1", Engine="aurora-postgresql", DBClusterIdentifier="ledger", AllocatedStorage=1
    )
    databases = InstanceClient(session, Kind.RDS, "us-east-1")

    assert [i.instance_id for i in databases.list().instances] == ["orders"]
    member = databases.find("ledger-1")
    assert member
    assert member.member_of == "ledger"
    (cluster,) = InstanceClient(session, Kind.AURORA, "us-east-1").list().instances
    assert (cluster.instance_id, cluster.type) == ("ledger", "aurora-postgresql")


def make_tagged(kind: Kind, value: str) -> str:
    """An instance with the tag that forbids Cavok to start or stop it. Returns its identifier."""
    if kind is Kind.EC2:
        return run_instance(**{"cavok:exclude": value})
    make, name = {Kind.RDS: make_database, Kind.AURORA: make_cluster}[kind], f"db-{value.lower()}"
    make(name, Tags=[{"Key": "cavok:exclude", "Value": value}])
    return name


@pytest.mark.parametrize("kind", Kind)
def test_a_tag_excludes_an_instance_of_every_kind(kind: Kind, session: CustomerSession) -> None:
    excluded, free = make_tagged(kind, "True"), make_tagged(kind, "false")
    instances = InstanceClient(session, kind, "us-east-1")

    listed = {instance.instance_id: instance.excluded for instance in instances.list().instances}
    found = [instances.find(each) for each in (excluded, free)]

    assert listed == {excluded: True, free: False}
    assert [instance.excluded for instance in found if instance] == [True, False]


def test_each_kind_starts_and_stops(session: CustomerSession) -> None:
    make_database("orders")
    make_cluster("ledger")
    names = {Kind.EC2: run_instance(), Kind.RDS: "orders", Kind.AURORA: "ledger"}
    running = {Kind.EC2: "running", Kind.RDS: "available", Kind.AURORA: "available"}
    assert set(names) == set(Kind)
    for kind, name in names.items():
        instances = InstanceClient(session, kind, "us-east-1")

        instances.act(name, Action.STOP)
        stopped = instances.find(name)
        instances.act(name, Action.START)
        started = instances.find(name)

        assert stopped
        assert stopped.state == "stopped"
        assert started
        assert started.state == running[kind]


@pytest.mark.parametrize(
    ("kind", "name"),
    [(Kind.EC2, "i-0123456789abcdef0"), (Kind.RDS, "orders"), (Kind.AURORA, "ledger")],
)
def test_what_does_not_exist_is_not_found(kind: Kind, name: str, session: CustomerSession) -> None:
    assert InstanceClient(session, kind, "us-east-1").find(name) is None


def test_what_aws_refuses_says_which_error(session: CustomerSession) -> None:
    make_database("orders")
    databases = InstanceClient(session, Kind.RDS, "us-east-1")
    databases.act("orders", Action.STOP)

    with pytest.raises(CallFailed) as caught:
        databases.act("orders", Action.STOP)

    assert caught.value.judgement.error_code == "InvalidDBInstanceState"
