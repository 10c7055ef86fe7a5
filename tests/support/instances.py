"""A customer's instances, databases and clusters, on moto."""

from __future__ import annotations

from typing import Any

import boto3

from tests.support.moto_stack import client


def run_instance(region: str = "us-east-1", **tags: str) -> str:
    made = boto3.client("ec2", region).run_instances(
        ImageId="ami-12c6146b",
        InstanceType="t3.small",
        MinCount=1,
        MaxCount=1,
        TagSpecifications=[
            {
                "ResourceType": "instance",
                "Tags": [
                    {"Key": key, "Value": value} for key, value in {"made-by": "us", **tags}.items()
                ],
            }
        ],
    )
    return made["Instances"][0]["InstanceId"]


def make_database(name: str, **but: Any) -> None:
    client("rds").create_db_instance(
        DBInstanceIdentifier=name,
        DBInstanceClass="db.t4g.small",
        **{"Engine": "postgres", "AllocatedStorage": 20, "MasterUsername": "root"} | but,
        MasterUserPassword="not-a-secret",
    )


def make_cluster(name: str, engine: str = "aurora-postgresql", **but: Any) -> None:
    client("rds").create_db_cluster(
        DBClusterIdentifier=name,
        Engine=engine,
        MasterUsername="root",
        MasterUserPassword="not-a-secret",
        **but,
    )


def state(instance_id: str) -> str:
    found = client("ec2").describe_instances(InstanceIds=[instance_id])
    return found["Reservations"][0]["Instances"][0]["State"]["Name"]
