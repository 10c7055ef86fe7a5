"""AWS takes the identifier of a database in any letter case, and stores it in lower case: in its
answers and in ARNs, which policies compare with case.
"""

from __future__ import annotations

from typing import Any

import boto3
import pytest

from cavok import wiring
from cavok.domain.instances import InstanceKey
from cavok.domain.kinds import Kind
from cavok.services.resources import ResourceDependencies
from functions.instances_api import app as instances_api
from tests.support import api
from tests.support.api import Api
from tests.support.builders import ACCOUNT_ID, ORGANIZATION_ID
from tests.support.instances import make_cluster, make_database
from tests.support.start_stop import Connect, Sessions

ACCOUNT = f"/v1/accounts/{ACCOUNT_ID}"
US = "us-east-1"


@pytest.fixture(autouse=True)
def instances_function(
    connect: Connect, control: ResourceDependencies, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The function that serves resources, in an account with two databases of one name."""
    monkeypatch.setattr(api, "app", instances_api)
    monkeypatch.setattr(wiring, "connection_dependencies", lambda: control.connections)
    monkeypatch.setattr(wiring, "resource_dependencies", lambda: control)
    connect()
    make_database("orders")
    make_cluster("orders")


def body(instance_id: str, kind: str = "rds") -> dict[str, Any]:
    return {"kind": kind, "instance_id": instance_id, "region": US}


@pytest.mark.parametrize("kind", [Kind.RDS, Kind.AURORA])
@pytest.mark.parametrize("text", ["orders", "Orders", "ORDERS"])
def test_a_database_is_put_under_control_by_its_name_in_any_letter_case(
    text: str, kind: Kind, admin: Api
) -> None:
    answer = admin.post(f"{ACCOUNT}/resources", body(text, kind))

    assert (answer.status, answer.json["instance_id"]) == (201, "orders")
    (stored,) = wiring.resources().all_of(ACCOUNT_ID)
    assert stored.instance == InstanceKey(kind, US, "orders")


@pytest.mark.parametrize(("first", "second"), [("orders", "Orders"), ("ORDERS", "orders")])
def test_the_same_database_in_another_letter_case_is_there_already(
    first: str, second: str, admin: Api
) -> None:
    assert admin.post(f"{ACCOUNT}/resources", body(first)).status == 201

    another = Api(ORGANIZATION_ID, "admin", {"email": "grace@example.com"})
    assert another.post(f"{ACCOUNT}/resources", body(second)).status == 409
    assert admin.post(f"{ACCOUNT}/resources", body(second, "aurora")).status == 201


def test_an_instance_of_ec2_in_another_letter_case_is_none(admin: Api) -> None:
    assert admin.post(f"{ACCOUNT}/resources", body("I-0123456789ABCDEF0", "ec2")).status == 404


def test_a_database_is_stopped_by_its_name_in_any_letter_case_and_once_a_key(
    admin: Api, sessions: Sessions
) -> None:
    answers = [
        admin.post(f"{ACCOUNT}/instances/rds/{text}/stop", Idempotency_Key="one")
        for text in ("Orders", "orders", "ORDERS")
    ]

    assert {answer.status for answer in answers} == {202}
    assert {answer.json["interaction_id"] for answer in answers} == {
        answers[0].json["interaction_id"]
    }
    assert answers[0].json["instance_id"] == "orders"
    (policy,) = sessions.policies
    assert ":db:orders" in str(policy)
    (found,) = boto3.client("rds", US).describe_db_instances()["DBInstances"]
    assert found["DBInstanceStatus"] != "available"
