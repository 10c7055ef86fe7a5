"""What Cavok reads of AWS's answers about instances."""

from __future__ import annotations

from collections import Counter
from typing import Any

import pytest

from cavok.domain.instances import EXCLUDE_TAG, Instance
from cavok.domain.kinds import (
    Action,
    DescribedInstance,
    DescribedPage,
    Kind,
    KindDescriptor,
    StateReason,
    tags_of,
)

EC2, RDS, AURORA = (kind.descriptor for kind in (Kind.EC2, Kind.RDS, Kind.AURORA))
WEB: dict[str, Any] = {
    "InstanceId": "i-0123456789abcdef0",
    "InstanceType": "t3.small",
    "State": {"Name": "stopped", "Code": 80},
    "StateReason": {"Code": "Client.UserInitiatedShutdown", "Message": "User initiated."},
    "Tags": [{"Key": "Name", "Value": "web"}, {"Key": "env", "Value": "dev"}],
    "InstanceLifecycle": "spot",
}
BARE: dict[str, Any] = {
    "InstanceId": "i-0123456789abcdef1",
    "InstanceType": "t3.nano",
    "State": {"Name": "running"},
}


def test_a_start_or_stop_permission_is_that_of_one_kind() -> None:
    """A step's verdict, and an instance that it refuses, are of that kind."""
    needed = Counter(kind.descriptor.permission(action) for kind in Kind for action in Action)

    assert set(needed.values()) == {1}


def test_an_ec2_instance_is_read_from_its_reservation() -> None:
    page = {"Reservations": [{"Instances": [WEB]}, {"Instances": [BARE]}]}

    assert list(EC2.read_page(page).instances) == [
        DescribedInstance(
            instance_id="i-0123456789abcdef0",
            name="web",
            state="stopped",
            type="t3.small",
            tags={"Name": "web", "env": "dev"},
            reason=StateReason("Client.UserInitiatedShutdown", "User initiated."),
            spot=True,
        ),
        DescribedInstance(
            instance_id="i-0123456789abcdef1",
            name=None,
            state="running",
            type="t3.nano",
            tags={},
        ),
    ]
    scheduled = WEB | {"InstanceLifecycle": "scheduled"}
    (read,) = EC2.read_page({"Reservations": [{"Instances": [scheduled]}]}).instances
    assert not read.spot


def test_a_database_is_read_and_with_it_the_cluster_that_it_belongs_to() -> None:
    orders = {
        "DBInstanceIdentifier": "orders",
        "DBInstanceStatus": "available",
        "DBInstanceClass": "db.t4g.small",
        "TagList": [{"Key": "env", "Value": "dev"}],
    }
    member = orders | {"DBInstanceIdentifier": "one", "DBClusterIdentifier": "ledger"}
    del member["TagList"]

    assert list(RDS.read_page({"DBInstances": [orders, member]}).instances) == [
        DescribedInstance(
            instance_id="orders",
            name="orders",
            state="available",
            type="db.t4g.small",
            tags={"env": "dev"},
        ),
        DescribedInstance(
            instance_id="one",
            name="one",
            state="available",
            type="db.t4g.small",
            tags={},
            member_of="ledger",
        ),
    ]


def test_of_clusters_those_of_aurora_are_read() -> None:
    ledger = {
        "DBClusterIdentifier": "ledger",
        "Engine": "aurora-postgresql",
        "Status": "stopped",
        "TagList": [{"Key": "env", "Value": "dev"}],
    }
    others = [ledger | {"Engine": engine} for engine in ("mysql", "neptune", "docdb")]

    assert list(AURORA.read_page({"DBClusters": [*others, ledger]}).instances) == [
        DescribedInstance(
            instance_id="ledger",
            name="ledger",
            state="stopped",
            type="aurora-postgresql",
            tags={"env": "dev"},
        )
    ]


ORDERS: dict[str, Any] = {
    "DBInstanceIdentifier": "orders",
    "DBInstanceStatus": "available",
    "DBInstanceClass": "db.t4g.small",
}
LEDGER = {"DBClusterIdentifier": "ledger", "Engine": "aurora-mysql", "Status": "stopped"}


@pytest.mark.parametrize(
    ("kind", "page", "wrong"),
    [
        (EC2, {"Reservations": [{"Instances": [WEB | {"State": {}}, BARE]}]}, "no Name"),
        (EC2, {"Reservations": [{"Instances": [WEB | {"State": None}, BARE]}]}, "another shape"),
        (RDS, {"DBInstances": [{"DBInstanceIdentifier": "odd"}, ORDERS]}, "no DBInstanceStatus"),
        (EC2, {"Reservations": [{}, {"Instances": [BARE]}]}, "another shape"),
        (EC2, {"Reservations": [{"Instances": None}, {"Instances": [BARE]}]}, "another shape"),
        (EC2, {"Reservations": [{"Instances": [BARE]}, None]}, "another shape"),
        (RDS, {"DBInstances": [ORDERS | {"TagList": [{"Value": "a"}]}, ORDERS]}, "no Key"),
        (RDS, {"DBInstances": ["odd", ORDERS]}, "another shape"),
        (AURORA, {"DBClusters": [{"DBClusterIdentifier": "odd"}, LEDGER]}, "no Engine"),
    ],
)
def test_an_entry_that_cannot_be_read_hides_no_other(
    kind: KindDescriptor, page: dict[str, Any], wrong: str
) -> None:
    described = kind.read_page(page)

    assert len(described.instances) == 1
    assert described.unreadable == (wrong,)


@pytest.mark.parametrize(("kind", "wrong"), [(EC2, "no Reservations"), (RDS, "no DBInstances")])
def test_a_page_without_its_list_has_something_that_cannot_be_read(
    kind: KindDescriptor, wrong: str
) -> None:
    assert kind.read_page({}) == DescribedPage((), (wrong,))


def test_what_aws_may_leave_out_makes_no_instance_unreadable() -> None:
    """A tag's value, and the parts of a state's reason. Source: EC2 and RDS API Reference."""
    web = BARE | {"StateReason": {"Code": "Client.UserInitiatedShutdown"}}
    odd = BARE | {"StateReason": {"Message": "User initiated."}, "Tags": [{"Key": EXCLUDE_TAG}]}
    page = {"Reservations": [{"Instances": [web, odd]}]}

    described = EC2.read_page(page)

    assert described.unreadable == ()
    assert [(each.reason, each.tags) for each in described.instances] == [
        (StateReason("Client.UserInitiatedShutdown", ""), {}),
        (StateReason("", "User initiated."), {EXCLUDE_TAG: ""}),
    ]
    assert not Instance.of(described.instances[1], Kind.EC2, "us-east-1").excluded


@pytest.mark.parametrize("state", sorted(EC2.hidden))
def test_an_instance_that_is_gone_needs_no_type(state: str) -> None:
    """Else it makes the region's list incomplete, and no test is sure of the others."""
    gone = {"InstanceId": WEB["InstanceId"], "State": {"Name": state}}

    described = EC2.read_page({"Reservations": [{"Instances": [gone]}]})

    assert [each.state for each in described.instances] == [state]
    assert described.unreadable == ()


@pytest.mark.parametrize(("tag", "name"), [(" ", None), ("", None), (" web ", "web")])
def test_a_name_without_a_sign_is_none(tag: str, name: str | None) -> None:
    instance = WEB | {"Tags": [{"Key": "Name", "Value": tag}]}

    described = EC2.read_page({"Reservations": [{"Instances": [instance]}]})

    assert [each.name for each in described.instances] == [name]


def test_no_tags_are_no_tags() -> None:
    assert tags_of(None) == tags_of([]) == {}


@pytest.mark.parametrize("kind", Kind)
def test_an_action_needs_its_permission_and_names_its_instance(kind: Kind) -> None:
    descriptor = kind.descriptor

    assert descriptor.permission(Action.START) == descriptor.start
    assert descriptor.permission(Action.STOP) == descriptor.stop
    assert EC2.arguments("i-1") == {"InstanceIds": ["i-1"]}
    assert RDS.arguments("orders") == {"DBInstanceIdentifier": "orders"}
    assert AURORA.arguments("ledger") == {"DBClusterIdentifier": "ledger"}


@pytest.mark.parametrize(
    ("tags", "excluded"),
    [
        ({}, False),
        ({EXCLUDE_TAG: "true"}, True),
        ({EXCLUDE_TAG: "True"}, True),
        ({EXCLUDE_TAG: "false"}, False),
        ({"other": "true"}, False),
    ],
)
def test_an_instance_keeps_what_was_read_of_it_and_whether_a_tag_excludes_it(
    tags: dict[str, str], excluded: bool
) -> None:
    described = DescribedInstance(
        instance_id="orders",
        name="Orders",
        state="available",
        type="db.t4g.small",
        tags=tags,
        member_of="ledger",
        reason=StateReason("a", "b"),
    )

    assert Instance.of(described, Kind.RDS, "eu-west-1") == Instance(
        kind=Kind.RDS,
        instance_id="orders",
        name="Orders",
        region="eu-west-1",
        state="available",
        type="db.t4g.small",
        excluded=excluded,
        member_of="ledger",
        reason=StateReason("a", "b"),
    )
