"""An account of the embedded AWS with nothing of this project in it: for tests of the emulator."""

from __future__ import annotations

import json
import time
from typing import Any

import boto3

from local import aws

POLICY = "2012-10-17"


class Account:
    """An AWS account, with the credentials of its owner."""

    def __init__(self, emulator_url: str, number: str) -> None:
        self.emulator_url = emulator_url
        self.number = number

    def client(self, service: str, region: str = "us-east-1") -> Any:
        return aws.client(service, self.emulator_url, self.number, region)

    def role(
        self, name: str, *statements: dict[str, Any], service: str = "lambda", path: str = "/"
    ) -> str:
        principal = {
            "AWS": f"arn:aws:iam::{self.number}:root",
            "Service": f"{service}.amazonaws.com",
        }
        trust = {"Effect": "Allow", "Principal": principal, "Action": "sts:AssumeRole"}
        iam = self.client("iam")
        made = iam.create_role(RoleName=name, Path=path, AssumeRolePolicyDocument=document(trust))
        if statements:
            iam.put_role_policy(
                RoleName=name, PolicyName="Own", PolicyDocument=document(*statements)
            )
        return str(made["Role"]["Arn"])

    def session(
        self,
        role_arn: str,
        service: str,
        session_policy: dict[str, Any] | None = None,
        region: str = "us-east-1",
    ) -> Any:
        limited = {"Policy": document(session_policy)} if session_policy else {}
        assumed = self.client("sts").assume_role(
            RoleArn=role_arn, RoleSessionName="test", **limited
        )
        return boto3.client(
            service,  # type: ignore[call-overload]
            endpoint_url=self.emulator_url,
            region_name=region,
            aws_access_key_id=assumed["Credentials"]["AccessKeyId"],
            aws_secret_access_key=assumed["Credentials"]["SecretAccessKey"],
            aws_session_token=assumed["Credentials"]["SessionToken"],
        )

    def state_machine(self, definition: dict[str, Any]) -> str:
        made = self.client("stepfunctions").create_state_machine(
            name="machine",
            definition=json.dumps({"QueryLanguage": "JSONata", **definition}),
            roleArn=self.role("Machine", service="states"),
        )
        return str(made["stateMachineArn"])

    def ended(self, execution_arn: str, seconds: float = 60) -> dict[str, Any]:
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            found: dict[str, Any] = self.client("stepfunctions").describe_execution(
                executionArn=execution_arn
            )
            if found["status"] != "RUNNING":
                return found
            time.sleep(0.2)
        raise AssertionError(f"still running after {seconds} s: {execution_arn}")


def document(*statements: dict[str, Any]) -> str:
    return json.dumps({"Version": POLICY, "Statement": list(statements)})
