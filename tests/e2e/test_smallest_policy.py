"""The smallest policy, by ARN and by tag, put in the place of what a customer's role had."""

from __future__ import annotations

import json
from typing import Any

import pytest

from local import aws
from tests.e2e.using import Use, Used, control
from tests.support.connections import resource_states
from tests.support.http import answer, problem


def replace_policies(used: Used, document: dict[str, Any]) -> None:
    """As the customer would, with the document of the answer."""
    iam, role = used.connected.place.iam, used.prepared.role_name
    for name in iam.list_role_policies(RoleName=role)["PolicyNames"]:
        iam.delete_role_policy(RoleName=role, PolicyName=name)
    iam.put_role_policy(RoleName=role, PolicyName="Cavok", PolicyDocument=json.dumps(document))


@pytest.fixture(scope="module")
def used(use: Use) -> Used:
    """An account with its stopped instance and its database under control, and the smallest policy
    for them in place.
    """
    made = use(write_logs=False)
    control(made, "ec2", made.prepared.instance_ids[1])
    control(made, "rds", made.prepared.db_instance_id)
    replace_policies(made, made.get("least-privilege", by="arn")["policy_document"])
    return made


def test_what_is_under_control_still_starts_and_stops(used: Used) -> None:
    controlled = used.prepared.instance_ids[1]

    assert used.post("ec2", controlled, "start").status_code == 202
    assert used.post("rds", used.prepared.db_instance_id, "stop").status_code == 202

    states = resource_states(used.connected.place)
    assert (states[controlled], states[used.prepared.db_instance_id]) == ("running", "stopped")


def test_everything_else_is_refused(used: Used) -> None:
    other = used.prepared.instance_ids[0]

    for kind, name in (("ec2", other), ("aurora", used.prepared.db_cluster_id)):
        refused = used.post(kind, name, "stop")
        assert problem(refused, 409)["detail"].startswith("AWS refuses ")

    assert resource_states(used.connected.place)[other] == "running"


def test_every_instance_is_still_found(used: Used) -> None:
    listing = used.get("instances")

    assert listing["unavailable"] == []
    assert {item["kind"] for item in listing["items"]} == {"ec2", "rds", "aurora"}


def test_the_policy_of_the_answer_covers_what_is_under_control(used: Used) -> None:
    offered = used.get("least-privilege")

    resources = answer(used.connected.person.get(f"{used.connected.path}/resources"))["items"]
    assert [covered["resource_id"] for covered in offered["covers"]] == [
        resource["resource_id"] for resource in resources
    ]
    assert any("Aurora clusters" in text for text in offered["removes"])


def test_a_viewer_may_read_it(used: Used, organization: Any) -> None:
    offered = answer(organization.viewer.get(f"{used.connected.path}/least-privilege?by=tag"))

    assert len(offered["covers"]) == 2


# ---- by tag --------------------------------------------------------------------------------------

TAG = {"Key": "cavok:managed", "Value": "true"}


@pytest.fixture(scope="module")
def tagged(use: Use) -> Used:
    """An account with its running instance, its stopped one and its database under control, and the
    smallest policy by tag in place. The running instance does not have the tag yet, and another
    value of it is no tag.
    """
    made = use(write_logs=False)
    running, stopped = made.prepared.instance_ids[:2]
    for kind, name in (("ec2", running), ("ec2", stopped), ("rds", made.prepared.db_instance_id)):
        control(made, kind, name)
    offered = made.get("least-privilege", by="tag")
    assert any("set the tag on" in text and running in text for text in offered["removes"])
    replace_policies(made, offered["policy_document"])
    place = made.connected.place
    ec2 = aws.ec2(place.emulator_url, place.account_number)
    ec2.create_tags(Resources=[stopped], Tags=[TAG])
    ec2.create_tags(Resources=[running], Tags=[TAG | {"Value": "false"}])
    rds = aws.rds(place.emulator_url, place.account_number)
    (database,) = rds.describe_db_instances(DBInstanceIdentifier=made.prepared.db_instance_id)[
        "DBInstances"
    ]
    rds.add_tags_to_resource(ResourceName=database["DBInstanceArn"], Tags=[TAG])
    return made


def test_what_has_the_tag_starts_and_stops(tagged: Used) -> None:
    stopped, database = tagged.prepared.instance_ids[1], tagged.prepared.db_instance_id

    assert tagged.post("ec2", stopped, "start").status_code == 202
    assert tagged.post("rds", database, "stop").status_code == 202

    states = resource_states(tagged.connected.place)
    assert (states[stopped], states[database]) == ("running", "stopped")


def test_what_does_not_have_the_tag_is_refused_though_it_is_under_control(tagged: Used) -> None:
    running = tagged.prepared.instance_ids[0]

    for kind, name in (("ec2", running), ("aurora", tagged.prepared.db_cluster_id)):
        refused = tagged.post(kind, name, "stop")
        assert problem(refused, 409)["detail"].startswith("AWS refuses ")

    assert resource_states(tagged.connected.place)[running] == "running"


def test_a_test_names_the_one_under_control_that_lacks_the_tag(tagged: Used) -> None:
    running = tagged.prepared.instance_ids[0]

    tagged.connected.test()

    account = tagged.connected.account()
    refused = [issue for issue in account["issues"] if issue["code"] == "instance_refused"]
    assert account["status"] == "degraded"
    assert refused
    assert all(running in issue["message"] for issue in refused)
    assert tagged.prepared.instance_ids[1] not in str(refused)
