"""boto3 clients for any account of the embedded AWS."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Any, cast

import boto3
from botocore import UNSIGNED
from botocore.config import Config

from local.settings import REGION, WORKLOAD_ACCOUNT_ID

if TYPE_CHECKING:
    from mypy_boto3_cloudformation import CloudFormationClient
    from mypy_boto3_cognito_idp import CognitoIdentityProviderClient
    from mypy_boto3_ec2 import EC2Client
    from mypy_boto3_iam import IAMClient
    from mypy_boto3_logs import CloudWatchLogsClient
    from mypy_boto3_rds import RDSClient
    from mypy_boto3_stepfunctions import SFNClient

ANY_SECRET = "local"
"""For root users: the emulator checks the secrets of IAM users and sessions only."""

# A configured proxy is for the internet, not for loopback.
_LOOPBACK: Any = {
    "proxies": {},
    "inject_host_prefix": False,
    "retries": {"max_attempts": 2, "mode": "standard"},
}


@cache
def client(
    service: str,
    emulator_url: str,
    account_id: str = WORKLOAD_ACCOUNT_ID,
    region: str = REGION,
) -> Any:
    """A client of `service` with the root credentials of the account with this 12-digit ID."""
    return boto3.session.Session().client(
        cast(Any, service),
        endpoint_url=emulator_url,
        region_name=region,
        aws_access_key_id=account_id,
        aws_secret_access_key=ANY_SECRET,
        config=Config(**_LOOPBACK),
    )


@cache
def sign_in_client(emulator_url: str) -> CognitoIdentityProviderClient:
    """Cognito as a browser calls it: without AWS credentials."""
    config = Config(signature_version=UNSIGNED, **_LOOPBACK)
    return boto3.session.Session().client(
        "cognito-idp", endpoint_url=emulator_url, region_name=REGION, config=config
    )


def cloudformation(
    emulator_url: str, account_id: str = WORKLOAD_ACCOUNT_ID
) -> CloudFormationClient:
    return cast("CloudFormationClient", client("cloudformation", emulator_url, account_id))


def cognito(emulator_url: str) -> CognitoIdentityProviderClient:
    return cast("CognitoIdentityProviderClient", client("cognito-idp", emulator_url))


def step_functions(emulator_url: str) -> SFNClient:
    return cast("SFNClient", client("stepfunctions", emulator_url))


def logs(
    emulator_url: str, account_id: str = WORKLOAD_ACCOUNT_ID, region: str = REGION
) -> CloudWatchLogsClient:
    return cast("CloudWatchLogsClient", client("logs", emulator_url, account_id, region))


def ec2(emulator_url: str, account_id: str, region: str = REGION) -> EC2Client:
    return cast("EC2Client", client("ec2", emulator_url, account_id, region))


def rds(emulator_url: str, account_id: str, region: str = REGION) -> RDSClient:
    return cast("RDSClient", client("rds", emulator_url, account_id, region))


def iam(emulator_url: str, account_id: str) -> IAMClient:
    return cast("IAMClient", client("iam", emulator_url, account_id))
