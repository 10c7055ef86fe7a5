"""What the template leaves to AWS: docs/defaults.md has each default and why it is right."""

from __future__ import annotations

import copy
from collections.abc import Iterator, Mapping
from typing import Any

import pytest
from cfnlint.schema import PROVIDER_SCHEMA_MANAGER

from local.settings import ROOT
from tests.support.template import template

LOOKED_AT = {
    "AWS::DynamoDB::Table": (
        "DeletionProtectionEnabled",
        "PointInTimeRecoverySpecification.PointInTimeRecoveryEnabled",
        "PointInTimeRecoverySpecification.RecoveryPeriodInDays",
        "SSESpecification.SSEEnabled",
        "SSESpecification.KMSMasterKeyId",
        "TimeToLiveSpecification",
        "OnDemandThroughput",
        "ResourcePolicy",
    ),
    "AWS::Cognito::UserPool": (
        "DeletionProtection",
        "AdminCreateUserConfig.AllowAdminCreateUserOnly",
        "UsernameConfiguration.CaseSensitive",
        "MfaConfiguration",
        "AccountRecoverySetting",
        "UserAttributeUpdateSettings.AttributesRequireVerificationBeforeUpdate",
        "UserPoolAddOns",
        "UserPoolTier",
        "Policies.PasswordPolicy.MinimumLength",
        "Policies.PasswordPolicy.RequireLowercase",
        "Policies.PasswordPolicy.RequireNumbers",
        "Policies.PasswordPolicy.RequireSymbols",
        "Policies.PasswordPolicy.RequireUppercase",
        "Policies.PasswordPolicy.TemporaryPasswordValidityDays",
    ),
    "AWS::Cognito::UserPoolClient": (
        "ExplicitAuthFlows",
        "PreventUserExistenceErrors",
        "EnableTokenRevocation",
        "GenerateSecret",
        "IdTokenValidity",
        "AccessTokenValidity",
        "RefreshTokenValidity",
        "RefreshTokenRotation",
        "AuthSessionValidity",
        "ReadAttributes",
        "WriteAttributes",
        "AllowedOAuthFlowsUserPoolClient",
        "SupportedIdentityProviders",
    ),
    "AWS::S3::Bucket": (
        "BucketEncryption",
        "VersioningConfiguration",
        "PublicAccessBlockConfiguration.BlockPublicAcls",
        "PublicAccessBlockConfiguration.IgnorePublicAcls",
        "PublicAccessBlockConfiguration.BlockPublicPolicy",
        "PublicAccessBlockConfiguration.RestrictPublicBuckets",
        "OwnershipControls",
        "LifecycleConfiguration",
        "ObjectLockEnabled",
        "LoggingConfiguration",
    ),
    "AWS::SQS::Queue": (
        "SqsManagedSseEnabled",
        "KmsMasterKeyId",
        "MessageRetentionPeriod",
        "VisibilityTimeout",
        "RedrivePolicy",
        "RedriveAllowPolicy",
    ),
    "AWS::KMS::Key": (
        "KeyPolicy",
        "EnableKeyRotation",
        "RotationPeriodInDays",
        "PendingWindowInDays",
        "KeySpec",
        "MultiRegion",
    ),
    "AWS::Serverless::Function": (
        "Role",
        "Timeout",
        "MemorySize",
        "Tracing",
        "LoggingConfig.LogGroup",
        "LoggingConfig.ApplicationLogLevel",
        "RecursiveLoop",
        "ReservedConcurrentExecutions",
        "EventInvokeConfig",
        "KmsKeyArn",
        "RuntimeManagementConfig",
        "VpcConfig",
        "CodeSigningConfigArn",
    ),
    "AWS::Serverless::StateMachine": ("Role", "Tracing", "Logging", "EncryptionConfiguration"),
    "AWS::ApiGatewayV2::Api": ("DisableExecuteApiEndpoint", "CorsConfiguration"),
    "AWS::ApiGatewayV2::Route": ("AuthorizationType",),
    "AWS::ApiGatewayV2::Stage": (
        "AccessLogSettings",
        "DefaultRouteSettings.ThrottlingBurstLimit",
        "DefaultRouteSettings.ThrottlingRateLimit",
    ),
    "AWS::Scheduler::Schedule": (
        "State",
        "KmsKeyArn",
        "Target.RetryPolicy",
        "Target.DeadLetterConfig",
    ),
    "AWS::Events::EventBus": ("KmsKeyIdentifier", "Policy"),
    "AWS::Logs::LogGroup": ("RetentionInDays", "KmsKeyId", "DataProtectionPolicy", "LogGroupClass"),
    "AWS::SNS::Topic": ("KmsMasterKeyId",),
    "AWS::IAM::Role": ("MaxSessionDuration", "PermissionsBoundary"),
}
"""The properties of each type that decide about state or security."""

SAFE: Mapping[tuple[str, str], Any] = {
    ("AWS::DynamoDB::Table", "PointInTimeRecoverySpecification.PointInTimeRecoveryEnabled"): True,
    ("AWS::DynamoDB::Table", "SSESpecification.SSEEnabled"): True,
    ("AWS::Cognito::UserPool", "AdminCreateUserConfig.AllowAdminCreateUserOnly"): True,
    ("AWS::Cognito::UserPoolClient", "PreventUserExistenceErrors"): "ENABLED",
    ("AWS::Cognito::UserPoolClient", "EnableTokenRevocation"): True,
    ("AWS::S3::Bucket", "PublicAccessBlockConfiguration.BlockPublicAcls"): True,
    ("AWS::S3::Bucket", "PublicAccessBlockConfiguration.IgnorePublicAcls"): True,
    ("AWS::SQS::Queue", "SqsManagedSseEnabled"): True,
    ("AWS::KMS::Key", "EnableKeyRotation"): True,
}
"""What the template sets to the safe one of two values, in every resource of the type."""

BENEATH = {"AWS::Serverless::StateMachine": ("AWS::StepFunctions::StateMachine",)}
"""What SAM makes of a type, where it has no property of its own for something."""

Left = tuple[str, str]


def left_to_aws(stack: Mapping[str, Any]) -> set[Left]:
    """Each type and property that some resource of the type does not set."""
    shared = stack["Globals"]["Function"]
    return {
        (kind, path)
        for kind, paths in LOOKED_AT.items()
        for resource in stack["Resources"].values()
        if resource["Type"] == kind
        for path in paths
        if not is_set(resource.get("Properties", {}), path)
        if not (kind.endswith("::Function") and is_set(shared, path))
    }


def is_set(properties: Any, path: str) -> bool:
    return value_at(properties, path) is not None


def value_at(properties: Any, path: str) -> Any:
    """None if nothing is there."""
    for part in path.split("."):
        if not isinstance(properties, Mapping) or part not in properties:
            return None
        properties = properties[part]
    return properties


@pytest.mark.parametrize(("kind", "path"), SAFE)
def test_what_is_set_is_set_to_the_safe_value(kind: str, path: str) -> None:
    stack = template()["Resources"].values()
    found = [value_at(each["Properties"], path) for each in stack if each["Type"] == kind]

    assert found
    assert {*found} == {SAFE[kind, path]}


def rows() -> Iterator[list[str]]:
    for line in (ROOT / "docs" / "defaults.md").read_text().splitlines():
        if line.startswith("| AWS::"):
            yield [cell.strip() for cell in line.strip("|").split("|")]


def test_every_default_that_the_template_relies_on_has_its_row_and_no_other_has() -> None:
    listed = [(row[0], row[1]) for row in rows()]

    assert len(set(listed)) == len(listed)
    assert set(listed) == left_to_aws(template())


def test_a_row_says_what_the_default_is_and_why_it_is_right() -> None:
    assert [row for row in rows() if not (len(row) == 5 and row[2] and len(row[3]) > 10)] == []


@pytest.mark.parametrize("kind", LOOKED_AT)
def test_the_template_has_the_type_and_the_type_has_the_properties(kind: str) -> None:
    known = {name for each in (kind, *BENEATH.get(kind, ())) for name in properties_of(each)}

    assert kind in {resource["Type"] for resource in template()["Resources"].values()}
    assert {path.partition(".")[0] for path in LOOKED_AT[kind]} <= known


def properties_of(kind: str) -> set[str]:
    schema = PROVIDER_SCHEMA_MANAGER.get_resource_schema("us-east-1", kind).schema
    return set(schema["properties"])


def test_the_gate_notices_what_is_no_longer_set_and_what_is_set_now() -> None:
    changed = copy.deepcopy(template())
    resources = changed["Resources"]
    del resources["UserPoolClient"]["Properties"]["PreventUserExistenceErrors"]
    del resources["Table"]["Properties"]["SSESpecification"]["SSEEnabled"]
    resources["SealingKey"]["Properties"]["RotationPeriodInDays"] = 90
    del changed["Globals"]["Function"]["Tracing"]

    before, after = left_to_aws(template()), left_to_aws(changed)

    assert after - before == {
        ("AWS::Cognito::UserPoolClient", "PreventUserExistenceErrors"),
        ("AWS::DynamoDB::Table", "SSESpecification.SSEEnabled"),
        ("AWS::Serverless::Function", "Tracing"),
    }
    assert before - after == {("AWS::KMS::Key", "RotationPeriodInDays")}
