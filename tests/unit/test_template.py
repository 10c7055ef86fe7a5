"""The stack's template: what each function may do and no more, and where the file says so."""

from __future__ import annotations

import json
import re
import tomllib
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from fnmatch import fnmatchcase
from functools import cache
from itertools import takewhile
from typing import Any

import pytest
import yaml
from cfnlint.schema import PROVIDER_SCHEMA_MANAGER

from cavok.domain.deadlines import SWEEP_SECONDS
from cavok.domain.role_changes import WHAT_CHANGED
from cavok.domain.verifications import UNTESTED
from local.settings import ROOT
from tests.support.template import (
    BELONGING,
    FUNCTIONS,
    HEADS,
    ORDER,
    RESOURCES,
    folder,
    highest,
    linked,
    listed,
    of_type,
    role,
    template,
)

MAY = {
    "accounts_api": {
        "dynamodb:BatchGetItem",
        "dynamodb:DeleteItem",
        "dynamodb:GetItem",
        "dynamodb:PutItem",
        "dynamodb:Query",
        "dynamodb:UpdateItem",
        "kms:Encrypt",
        "s3:GetObject",
        "s3:PutObject",
        "sqs:SendMessage",
        "states:StartExecution",
    },
    "instances_api": {
        "dynamodb:BatchGetItem",
        "dynamodb:ConditionCheckItem",
        "dynamodb:DeleteItem",
        "dynamodb:GetItem",
        "dynamodb:PutItem",
        "dynamodb:Query",
        "dynamodb:UpdateItem",
        "iam:PassRole",
        "kms:Decrypt",
        "scheduler:CreateSchedule",
        "scheduler:DeleteSchedule",
        "sqs:SendMessage",
        "states:StartExecution",
        "sts:AssumeRole",
    },
    "log_interactions": {
        "dynamodb:BatchGetItem",
        "dynamodb:GetItem",
        "dynamodb:PutItem",
        "dynamodb:UpdateItem",
        "kms:Decrypt",
        "sqs:DeleteMessage",
        "sqs:GetQueueAttributes",
        "sqs:ReceiveMessage",
        "sts:AssumeRole",
    },
    "run_bulk_operation": {
        "dynamodb:BatchGetItem",
        "dynamodb:DeleteItem",
        "dynamodb:GetItem",
        "dynamodb:PutItem",
        "dynamodb:Query",
        "dynamodb:UpdateItem",
        "sqs:ChangeMessageVisibility",
        "sqs:DeleteMessage",
        "sqs:GetQueueAttributes",
        "sqs:ReceiveMessage",
        "sqs:SendMessage",
        "states:StartExecution",
    },
    "follow_outcome": {
        "dynamodb:DeleteItem",
        "dynamodb:GetItem",
        "dynamodb:PutItem",
        "dynamodb:Query",
        "dynamodb:UpdateItem",
        "kms:Decrypt",
        "sqs:ChangeMessageVisibility",
        "sqs:DeleteMessage",
        "sqs:GetQueueAttributes",
        "sqs:ReceiveMessage",
        "sts:AssumeRole",
    },
    "follow_schedule": {
        "dynamodb:DeleteItem",
        "dynamodb:GetItem",
        "dynamodb:PutItem",
        "dynamodb:Query",
        "dynamodb:UpdateItem",
        "kms:Decrypt",
        "scheduler:DeleteSchedule",
        "sqs:ChangeMessageVisibility",
        "sqs:DeleteMessage",
        "sqs:GetQueueAttributes",
        "sqs:ReceiveMessage",
        "sqs:SendMessage",
        "sts:AssumeRole",
    },
    "hear_connections": {
        "dynamodb:BatchGetItem",
        "dynamodb:GetItem",
        "dynamodb:PutItem",
        "dynamodb:Query",
        "dynamodb:UpdateItem",
        "sqs:ChangeMessageVisibility",
        "sqs:DeleteMessage",
        "sqs:GetQueueAttributes",
        "sqs:ReceiveMessage",
        "states:StartExecution",
    },
    "end_resources": {
        "dynamodb:DeleteItem",
        "dynamodb:GetItem",
        "dynamodb:PutItem",
        "dynamodb:Query",
        "dynamodb:UpdateItem",
        "scheduler:DeleteSchedule",
        "sqs:SendMessage",
    },
    "reconcile_clocks": {
        "dynamodb:BatchGetItem",
        "dynamodb:GetItem",
        "dynamodb:Query",
        "iam:PassRole",
        "scheduler:CreateSchedule",
        "scheduler:DeleteSchedule",
        "scheduler:GetSchedule",
        "scheduler:ListSchedules",
        "sqs:SendMessage",
    },
    "dashboard": set(),
    "read_organization": {
        "dynamodb:BatchGetItem",
        "dynamodb:DeleteItem",
        "dynamodb:GetItem",
        "dynamodb:PutItem",
        "dynamodb:Query",
        "dynamodb:UpdateItem",
        "sts:AssumeRole",
    },
    "open_session": {"dynamodb:GetItem", "kms:Decrypt", "kms:Encrypt", "sts:AssumeRole"},
    "probe_permission": {"dynamodb:PutItem", "kms:Decrypt"},
    "probe_account": {"dynamodb:GetItem", "dynamodb:Query", "kms:Decrypt", "sts:AssumeRole"},
    "survey_regions": {"dynamodb:PutItem", "dynamodb:Query", "kms:Decrypt"},
    "sweep_accounts": {
        "dynamodb:BatchGetItem",
        "dynamodb:GetItem",
        "dynamodb:PutItem",
        "dynamodb:Query",
        "dynamodb:UpdateItem",
        "kms:Decrypt",
        "states:ListExecutions",
        "states:StartExecution",
        "sts:AssumeRole",
    },
    "publish_events": {
        "dynamodb:DescribeStream",
        "dynamodb:GetRecords",
        "dynamodb:GetShardIterator",
        "dynamodb:ListStreams",
        "events:PutEvents",
        "sqs:SendMessage",
    },
    "deliver_webhook": {
        "dynamodb:GetItem",
        "dynamodb:PutItem",
        "dynamodb:UpdateItem",
        "kms:Decrypt",
        "sqs:ChangeMessageVisibility",
        "sqs:DeleteMessage",
        "sqs:GetQueueAttributes",
        "sqs:ReceiveMessage",
        "sqs:SendMessage",
    },
    "write_customer_log": {"kms:Decrypt"},
    "record_verification": {
        "dynamodb:BatchGetItem",
        "dynamodb:PutItem",
        "dynamodb:Query",
        "dynamodb:UpdateItem",
        "sqs:SendMessage",
    },
}
"""Every action that each function may perform, besides writing its own log and traces."""

WITHOUT_RESOURCES = ("dynamodb:ListStreams",)
"""Actions that can only be allowed on everything. Source: Service Authorization Reference."""

each_function = pytest.mark.parametrize("name", FUNCTIONS)


def statements(name: str) -> Iterator[dict[str, Any]]:
    """What a function may do, besides writing its own log and traces."""
    for policy in role(name)["Policies"]:
        for statement in policy["PolicyDocument"]["Statement"]:
            if statement["Sid"] not in ("WriteItsLog", "SendTraces"):
                yield statement


@each_function
def test_a_function_may_perform_the_listed_actions_and_no_others(name: str) -> None:
    actions = [action for s in statements(name) for action in listed(s["Action"])]

    assert set(actions) == MAY[folder(name)]


def test_every_function_folder_is_deployed() -> None:
    folders = {path.parent.name for path in ROOT.glob("functions/*/app.py")}

    assert {folder(name) for name in FUNCTIONS} == folders == set(MAY)


@each_function
def test_no_function_may_do_anything_to_everything(name: str) -> None:
    for statement in statements(name):
        assert statement["Effect"] == "Allow"
        assert not any("*" in action for action in listed(statement["Action"]))
        for action in listed(statement["Action"]):
            assert ("*" in listed(statement["Resource"])) == (action in WITHOUT_RESOURCES)
        assert "NotAction" not in statement
        assert "NotResource" not in statement


ENTERING = {
    "open_session",
    "probe_account",
    "sweep_accounts",
    "instances_api",
    "log_interactions",
    "follow_schedule",
    "follow_outcome",
    "read_organization",
}
WITHOUT_KEYS = {"read_organization"}
"""They enter roles alone."""


def test_few_functions_enter_customers_accounts_and_only_through_our_own_roles() -> None:
    entering = {
        folder(name): statement["Resource"]
        for name in FUNCTIONS
        for statement in statements(name)
        if "sts:AssumeRole" in listed(statement["Action"])
    }

    assert entering == {
        function: ["arn:aws:iam::*:role/Cavok*", "arn:aws:iam::*:role/*/Cavok*"]
        for function in ENTERING
    }


def test_the_public_api_can_neither_enter_an_account_nor_open_a_seal() -> None:
    assert not MAY["accounts_api"] & {"sts:AssumeRole", "kms:Decrypt", "kms:ReEncryptFrom"}


def test_the_api_creates_customers_templates_and_replaces_none() -> None:
    writing = [s for s in statements("AccountsApi") if "s3:PutObject" in listed(s["Action"])]

    (condition,) = (statement["Condition"] for statement in writing)
    assert condition == {"StringEquals": {"s3:if-none-match": "*"}}


def test_templates_are_public_only_if_whoever_deploys_agrees() -> None:
    public = [
        statement
        for statement in RESOURCES["TemplatesBucketPolicy"]["Properties"]["PolicyDocument"][
            "Statement"
        ]
        if statement.get("Effect") != "Deny"
    ]
    blocks = RESOURCES["TemplatesBucket"]["Properties"]["PublicAccessBlockConfiguration"]

    (choice,) = (statement["Fn::If"] for statement in public)
    assert (choice[0], choice[2]) == ("TemplatesArePublic", {"Ref": "AWS::NoValue"})
    unless_public = {"Fn::If": ["TemplatesArePublic", False, True]}
    assert [blocks[name] for name in ("BlockPublicPolicy", "RestrictPublicBuckets")] == [
        unless_public,
        unless_public,
    ]


def test_any_account_may_speak_to_the_topic_of_stacks_and_nobody_without_one() -> None:
    """And do nothing else. Whoever runs a customer's stack publishes, so no list can name them."""
    (statement,) = RESOURCES["ConnectionsPolicy"]["Properties"]["PolicyDocument"]["Statement"]

    assert statement == {
        "Sid": "AccountsMayPublish",
        "Effect": "Allow",
        "Principal": {"AWS": "*"},
        "Action": "sns:Publish",
        "Resource": {"Ref": "Connections"},
        "Condition": {"Null": {"aws:PrincipalAccount": "false"}},
    }


def test_the_topic_of_stacks_keeps_the_name_that_customers_stacks_have() -> None:
    """CloudFormation refuses another ServiceToken, and a stack whose topic is gone cannot be
    deleted.
    """
    topic = RESOURCES["Connections"]["Properties"]

    assert topic == {"TopicName": {"Fn::Sub": "${AWS::StackName}-connections"}}


def test_any_account_may_send_events_of_iam_to_the_bus_of_changes_and_no_others() -> None:
    """AWS alone makes events of `aws.iam`, and our rule takes no others, should the policy not see
    the source. Our own bus takes events of our own account alone.
    """
    bus = RESOURCES["RoleChanges"]["Properties"]
    (statement,) = bus["Policy"]["Statement"]

    assert bus["Name"] == RESOURCES["Connections"]["Properties"]["TopicName"], "as `installed` says"
    assert (statement["Action"], statement["Principal"]) == ("events:PutEvents", {"AWS": "*"})
    assert statement["Condition"] == {
        "Null": {"aws:PrincipalAccount": "false"},
        "ForAllValues:StringEquals": {"events:source": ["aws.iam"]},
    }
    rule = RESOURCES["RoleChangesRule"]["Properties"]
    assert (rule["EventBusName"], rule["EventPattern"]["source"]) == (
        {"Ref": "RoleChanges"},
        ["aws.iam"],
    )
    assert rule["EventPattern"]["detail"] == {
        "errorCode": [{"exists": False}],
        "eventName": list(WHAT_CHANGED),
    }, "what is dropped does not fill the queue"
    assert "Policy" not in RESOURCES["Bus"]["Properties"]


def test_who_hears_of_connections_enters_no_account_and_opens_no_seal() -> None:
    assert not MAY["hear_connections"] & {"sts:AssumeRole", "kms:Decrypt", "sqs:SendMessage"}


def test_who_treats_accounts_in_bulk_reads_what_is_of_an_account_by_its_key_alone() -> None:
    queries = [s["Sid"] for s in statements("RunBulkOperation") if "dynamodb:Query" in s["Action"]]

    assert queries == ["FindLaterOperations", "ReadProgress"]


def test_the_templates_are_read_and_written_over_tls_alone() -> None:
    policy = RESOURCES["TemplatesBucketPolicy"]["Properties"]
    (denied,) = (s for s in policy["PolicyDocument"]["Statement"] if s.get("Effect") == "Deny")
    bucket = {"Fn::GetAtt": ["TemplatesBucket", "Arn"]}

    assert policy["Bucket"] == {"Ref": "TemplatesBucket"}
    assert (denied["Principal"], denied["Action"]) == ("*", "s3:*")
    assert denied["Resource"] == [bucket, {"Fn::Sub": "${TemplatesBucket.Arn}/*"}]
    assert denied["Condition"] == {"Bool": {"aws:SecureTransport": "false"}}


@pytest.mark.parametrize("name", of_type("AWS::Serverless::StateMachine"))
def test_the_log_of_a_workflow_has_no_inputs_and_outputs(name: str) -> None:
    """Those of a test have its session, sealed."""
    logging = RESOURCES[name]["Properties"]["Logging"]

    assert (logging["Level"], logging["IncludeExecutionData"]) == ("ERROR", False)


@pytest.mark.parametrize("name", of_type("AWS::IAM::Role"))
def test_a_service_of_aws_enters_our_roles_for_this_account_alone(name: str) -> None:
    """Lambda names no account when it takes an execution role. It is passed none of another
    account. Source: IAM User Guide, "Grant a user permissions to pass a role to an AWS service".
    """
    for statement in RESOURCES[name]["Properties"]["AssumeRolePolicyDocument"]["Statement"]:
        if statement["Principal"].get("Service", "lambda.amazonaws.com") != "lambda.amazonaws.com":
            assert statement.get("Condition") == {
                "StringEquals": {"aws:SourceAccount": {"Ref": "AWS::AccountId"}}
            }


def test_a_service_of_aws_calls_our_functions_for_resources_of_ours_alone() -> None:
    """A queue's policy: tests/unit/test_connections.py."""
    permissions = of_type("AWS::Lambda::Permission")

    assert permissions
    for name, permission in permissions.items():
        source = permission["SourceArn"]["Fn::Sub"]
        assert "${AWS::AccountId}:${Api}/" in source, name


@each_function
def test_every_use_of_the_sealing_key_is_bound_to_an_encryption_context(name: str) -> None:
    for statement in statements(name):
        if any(action.startswith("kms:") for action in listed(statement["Action"])):
            assert statement["Resource"] == {"Fn::GetAtt": ["SealingKey", "Arn"]}
            present = statement["Condition"]["Null"]
            assert set(present.values()) == {"false"}
            assert set(present) & {
                "kms:EncryptionContext:account",
                "kms:EncryptionContext:verification",
                "kms:EncryptionContext:webhook",
            }


@pytest.mark.parametrize("name", ["SurveyRegions", "ProbePermission", "WriteCustomerLog"])
def test_a_state_of_a_test_opens_its_session_but_no_stored_access_key(name: str) -> None:
    (statement,) = (each for each in statements(name) if each["Action"] == "kms:Decrypt")

    assert statement["Condition"] == {"Null": {"kms:EncryptionContext:verification": "false"}}


def test_access_keys_are_sealed_and_opened_under_organization_and_account_only() -> None:
    entering = ENTERING - WITHOUT_KEYS
    opening = {name: "kms:Decrypt" for name in FUNCTIONS if folder(name) in entering}
    for name, action in ({"AccountsApi": "kms:Encrypt"} | opening).items():
        (statement,) = (
            s
            for s in statements(name)
            if s["Action"] == action
            and "kms:EncryptionContext:webhook" not in s["Condition"].get("Null", {})
        )
        keys = statement["Condition"]["ForAllValues:StringEquals"]["kms:EncryptionContextKeys"]
        assert keys == ["organization", "account"]


def test_every_function_has_its_own_role_with_no_managed_policies() -> None:
    roles = [FUNCTIONS[name]["Role"]["Fn::GetAtt"][0] for name in FUNCTIONS]

    assert len(set(roles)) == len(roles)
    for name in FUNCTIONS:
        assert set(role(name)) - {"Path"} == {"AssumeRolePolicyDocument", "Policies"}


@each_function
def test_a_function_writes_only_its_own_log_and_traces(name: str) -> None:
    (policy,) = role(name)["Policies"]
    by_sid = {statement["Sid"]: statement for statement in policy["PolicyDocument"]["Statement"]}
    log = FUNCTIONS[name]["LoggingConfig"]["LogGroup"]["Ref"]

    assert by_sid["WriteItsLog"]["Resource"] == {"Fn::GetAtt": [log, "Arn"]}
    assert by_sid["WriteItsLog"]["Action"] == ["logs:CreateLogStream", "logs:PutLogEvents"]
    assert ("SendTraces" in by_sid) == (FUNCTIONS[name].get("Tracing", "Active") == "Active")
    traces = by_sid.get("SendTraces", {"Action": []})["Action"]
    assert {action.split(":")[0] for action in traces} <= {"xray"}


@each_function
def test_what_a_queue_or_a_stream_calls_begins_no_trace(name: str) -> None:
    """It would be one of a single segment, and cost more than the invocation."""
    sources = {each["Type"] for each in FUNCTIONS[name].get("Events", {}).values()}
    mapped = {
        each["FunctionName"]["Ref"] for each in of_type("AWS::Lambda::EventSourceMapping").values()
    }

    if sources & {"SQS", "DynamoDB"} or name in mapped:
        assert FUNCTIONS[name]["Tracing"] == "PassThrough"


@each_function
def test_every_functions_log_group_has_a_retention(name: str) -> None:
    group = RESOURCES[FUNCTIONS[name]["LoggingConfig"]["LogGroup"]["Ref"]]

    assert group["Type"] == "AWS::Logs::LogGroup"
    assert group["Properties"]["RetentionInDays"] == {"Ref": "LogRetentionDays"}


@each_function
def test_no_environment_variable_holds_a_secret(name: str) -> None:
    variables = FUNCTIONS[name].get("Environment", {}).get("Variables", {})

    assert not any(word in key for key in variables for word in ("SECRET", "PASSWORD", "TOKEN"))


PUBLIC_ROUTES = {
    "ANY /",
    "ANY /ui/{proxy+}",
    "ANY /v1/invitation",
    "ANY /v1/permissions",
    "ANY /v1/providers",
    "$default",
}


def test_every_route_under_v1_needs_a_token_except_the_public_ones() -> None:
    routes = [
        r["Properties"] for r in RESOURCES.values() if r["Type"] == "AWS::ApiGatewayV2::Route"
    ]
    public = {route["RouteKey"] for route in routes if route.get("AuthorizationType") != "JWT"}

    assert public == PUBLIC_ROUTES
    assert "ANY /v1/{proxy+}" in {route["RouteKey"] for route in routes} - public


def test_the_page_reads_what_a_token_must_carry_and_writes_no_organization() -> None:
    client = RESOURCES["UserPoolClient"]["Properties"]

    assert set(client["ReadAttributes"]) == {"email", "email_verified", "custom:organization"}
    assert client["WriteAttributes"] == ["email"]


def test_nobody_takes_an_address_that_they_do_not_read() -> None:
    """The audit trail shows their email address, which they may change."""
    pool = RESOURCES["UserPool"]["Properties"]

    for setting in (
        pool["AutoVerifiedAttributes"],
        pool["UserAttributeUpdateSettings"]["AttributesRequireVerificationBeforeUpdate"],
    ):
        assert setting == RESOURCES["UserPoolClient"]["Properties"]["WriteAttributes"] == ["email"]


def test_the_pool_asks_for_a_second_factor_as_the_parameter_says() -> None:
    """In Cognito's words. Nobody is asked for one by default, and no default costs more."""
    pool, words = RESOURCES["UserPool"]["Properties"], template()["Mappings"]["Mfa"]

    assert pool["MfaConfiguration"] == {
        "Fn::FindInMap": ["Mfa", "MfaConfiguration", {"Ref": "Mfa"}]
    }
    assert words == {"MfaConfiguration": {"off": "OFF", "optional": "OPTIONAL", "required": "ON"}}
    assert PARAMETERS["Mfa"]["AllowedValues"] == list(words["MfaConfiguration"])
    assert pool["EnabledMfas"] == {
        "Fn::If": ["HasMfa", ["SOFTWARE_TOKEN_MFA"], {"Ref": "AWS::NoValue"}]
    }
    assert pool["UserPoolTier"] == {"Fn::If": ["HasThreatProtection", "PLUS", "ESSENTIALS"]}
    protection = {"AdvancedSecurityMode": {"Ref": "ThreatProtection"}}
    assert pool["UserPoolAddOns"] == {
        "Fn::If": ["HasThreatProtection", protection, {"Ref": "AWS::NoValue"}]
    }
    assert (PARAMETERS["Mfa"]["Default"], PARAMETERS["ThreatProtection"]["Default"]) == (
        "off",
        "OFF",
    )


def test_refresh_tokens_rotate_and_end_at_sign_out() -> None:
    client = RESOURCES["UserPoolClient"]["Properties"]

    assert client["EnableTokenRevocation"]
    assert client["RefreshTokenRotation"] == {"Feature": "ENABLED", "RetryGracePeriodSeconds": 60}
    assert "ALLOW_REFRESH_TOKEN_AUTH" not in client["ExplicitAuthFlows"]


def test_a_refresh_token_that_a_reload_forgot_ends_within_a_working_day() -> None:
    """Nobody can revoke it by signing out. Cognito's default is thirty days."""
    client = RESOURCES["UserPoolClient"]["Properties"]

    assert client["RefreshTokenValidity"] <= 12
    assert client["TokenValidityUnits"]["RefreshToken"] == "hours"


def test_every_parameter_has_a_description() -> None:
    parameters = template()["Parameters"]

    assert [name for name, p in parameters.items() if len(p.get("Description", "")) < 20] == []


def test_every_parameter_has_a_default_and_free_text_a_pattern_that_is_explained() -> None:
    """`sam deploy --guided` asks for each by its name alone."""
    parameters = template()["Parameters"]
    free = {
        name: p for name, p in parameters.items() if not p.keys() & {"AllowedValues", "MinValue"}
    }

    assert [name for name, p in parameters.items() if "Default" not in p] == []
    assert len(free) > 3
    assert [name for name, p in free.items() if not p.get("ConstraintDescription")] == []
    assert [n for n, p in free.items() if not re.fullmatch(p["AllowedPattern"], p["Default"])] == []


KEPT = {"AWS::Cognito::UserPool", "AWS::DynamoDB::Table", "AWS::KMS::Key", "AWS::S3::Bucket"}
"""What cannot be made again, and the bucket, which CloudFormation can delete only while it is
empty.
"""


def test_what_cannot_be_made_again_or_deleted_survives_the_deletion_of_the_stack() -> None:
    kept = {name: r for name, r in RESOURCES.items() if r["Type"] in KEPT}

    assert {resource["Type"] for resource in kept.values()} == KEPT
    for name, resource in kept.items():
        assert resource.get("UpdateReplacePolicy") == "Retain", name
        assert resource.get("DeletionPolicy") == "RetainExceptOnCreate", name


def test_the_profile_prod_protects_the_table_and_the_user_pool_from_deletion() -> None:
    protected = {"Fn::If": ["ProtectsData", True, False]}
    profile = tomllib.loads((ROOT / "samconfig.toml").read_text())["prod"]["deploy"]["parameters"]

    assert RESOURCES["Table"]["Properties"]["DeletionProtectionEnabled"] == protected
    assert RESOURCES["UserPool"]["Properties"]["DeletionProtection"] == {
        "Fn::If": ["ProtectsData", "ACTIVE", "INACTIVE"]
    }
    assert "DeletionProtection=true" in profile["parameter_overrides"].split()


def test_the_alarm_of_untested_accounts_rings_when_no_account_waits_any_longer() -> None:
    threshold = RESOURCES["UntestedAccountsAlarm"]["Properties"]["Threshold"]
    assert threshold == UNTESTED.total_seconds() / 3600


def test_the_alarm_of_untested_accounts_rings_as_soon_as_a_sweep_says_it_once() -> None:
    """An account that waits for its next try is not due, and not spoken of."""
    alarm = RESOURCES["UntestedAccountsAlarm"]["Properties"]

    assert (alarm["EvaluationPeriods"], alarm["TreatMissingData"]) == (1, "notBreaching")


def test_an_alarm_rings_within_the_time_that_the_runbook_says_if_no_sweep_says_anything() -> None:
    """Each period has a value, which is 0 without a sweep. So CloudWatch looks at no others. Each
    sweep speaks within its function's time: one that dies, and one that takes it apart.
    """
    alarm = RESOURCES["SilentSweepsAlarm"]["Properties"]
    (rate,) = re.findall(r"rate\((\d+) minutes\)", PARAMETERS["SweepRate"]["Default"])
    sweeps, said = alarm["Metrics"]
    period, periods = said["MetricStat"]["Period"], alarm["EvaluationPeriods"]

    assert sweeps["Expression"] == f"FILL({said['Id']}, 0)"
    assert (said["MetricStat"]["Stat"], alarm["Threshold"]) == ("SampleCount", 1)
    assert periods == 2, "the first may have just begun"
    assert period >= 60 * int(rate) + 2 * RESOURCES["SweepAccounts"]["Properties"]["Timeout"]
    for page in ("operating", "sweeping"):
        text = (ROOT / "docs" / f"{page}.md").read_text()
        assert f"within {period * (periods + 1) // 60} minutes" in text


@pytest.mark.parametrize(
    ("rate", "allowed"),
    [
        ("rate(1 minute)", True),
        ("rate(2 minutes)", True),
        ("rate(10 minutes)", True),
        ("rate(11 minutes)", False),
        ("rate(1 hour)", False),
        ("cron(0 3 * * ? *)", False),
    ],
)
def test_sweeps_come_often_enough_for_the_alarm_of_their_silence(rate: str, allowed: bool) -> None:
    """Of which one period is longer than the time between two sweeps."""
    pattern = PARAMETERS["SweepRate"]["AllowedPattern"]
    _, said = RESOURCES["SilentSweepsAlarm"]["Properties"]["Metrics"]

    assert bool(re.fullmatch(pattern, rate)) is allowed
    assert said["MetricStat"]["Period"] > 60 * 10


def test_the_rate_of_sweeps_says_how_long_each_tests() -> None:
    """A slower rate makes no sweep longer."""
    description = PARAMETERS["SweepRate"]["Description"]

    assert f"{SWEEP_SECONDS:.0f} s at most" in description
    assert "rate(10 minutes) tests a fifth" in description


@pytest.mark.parametrize(
    "alarm", [n for n, r in RESOURCES.items() if r["Type"].endswith("::Alarm")]
)
def test_an_alarm_notifies_operators_and_names_the_page_to_read(alarm: str) -> None:
    properties = RESOURCES[alarm]["Properties"]

    assert properties["AlarmActions"] == [{"Ref": "OperatorsTopic"}]
    (page,) = re.findall(r"See (docs/[a-z]+\.md)\.", properties["AlarmDescription"])
    assert (ROOT / page).is_file()


@cache
def heads_of(name: str) -> set[str]:
    """The functions and workflows that a resource serves, directly or through others like it."""
    found: set[str] = set()
    seen, ahead = {name}, [name]
    while ahead:
        here = ahead.pop()
        found |= linked(here) & set(HEADS)
        ahead += [n for n in linked(here) - seen if RESOURCES[n]["Type"] in BELONGING]
        seen |= linked(here)
    return found


BELONGING_NAMES = [n for n in ORDER if RESOURCES[n]["Type"] in BELONGING]


@pytest.mark.parametrize("head", HEADS)
def test_what_serves_one_function_or_workflow_alone_follows_it_without_a_gap(head: str) -> None:
    following = takewhile(lambda n: n not in HEADS, ORDER[ORDER.index(head) + 1 :])
    block = list(takewhile(lambda n: n in BELONGING_NAMES and head in heads_of(n), following))

    assert [n for n in BELONGING_NAMES if heads_of(n) == {head} and n not in block] == []


def test_what_serves_several_functions_follows_one_of_them() -> None:
    for name in BELONGING_NAMES:
        if len(heads_of(name)) > 1:
            before = [n for n in ORDER[: ORDER.index(name)] if n in HEADS]
            assert before[-1] in heads_of(name), name


def test_the_template_can_be_read_in_one_sitting() -> None:
    """Few lines, and none packed."""
    lines = (ROOT / "template.yaml").read_text().splitlines()

    assert len(lines) <= 1500
    assert [line for line in lines if len(line) > 130] == []


def test_what_has_a_name_in_the_file_is_spelled_once() -> None:
    """But in the dashboard, which is a text of its own."""
    events = yaml.parse((ROOT / "template.yaml").read_text())
    scalars = [each for each in events if isinstance(each, yaml.ScalarEvent)]
    named = [each.value for each in scalars if each.anchor]
    values = [each.value for each in scalars if '"widgets"' not in each.value]

    assert "Cavok/Accounts" in named
    spelled = {name: [value for value in values if name in value] for name in named}
    assert {name: found for name, found in spelled.items() if len(found) > 1} == {}


def test_a_list_of_actions_is_spelled_once() -> None:
    """Roles that have the same right share it by an anchor. Lists of one or two are no longer than
    an alias; those of the table differ by role.
    """
    found = re.findall(r"Action: (\[[^\]]*\])", (ROOT / "template.yaml").read_text())
    long = [each for each in found if each.count(":") > 2 and "dynamodb:" not in each]

    assert long
    assert {each for each in long if long.count(each) > 1} == set()


PARAMETERS = template()["Parameters"]
NEW_ACCOUNT = 10
"""Concurrent executions of a new account. Source: Lambda Developer Guide, "Lambda quotas"."""


def queue_consumers() -> list[tuple[str, Any]]:
    """How each function takes messages of each of its queues."""
    events = [
        (name, event["Properties"])
        for name, function in FUNCTIONS.items()
        for event in function.get("Events", {}).values()
        if event["Type"] == "SQS"
    ]
    mappings = [
        r["Properties"] for r in RESOURCES.values() if r["Type"].endswith("::EventSourceMapping")
    ]
    return events + [(mapping["FunctionName"]["Ref"], mapping) for mapping in mappings]


def test_the_defaults_leave_a_new_account_room_for_people() -> None:
    """A sweep, and a queue that is full, take less than half of its executions."""
    sweep, queue = (int(PARAMETERS[name]["Default"]) for name in ("SweepTests", "QueueConcurrency"))

    assert sweep + queue < NEW_ACCOUNT / 2
    assert {n for n, _ in queue_consumers()} >= {
        "DeliverWebhook",
        "FollowOutcome",
        "LogInteractions",
    }
    for name, consumer in queue_consumers():
        concurrency = consumer["ScalingConfig"]["MaximumConcurrency"]
        assert concurrency == {"Ref": "QueueConcurrency"}, name


RESERVED = {
    "AccountsApi": "ReservedForApi",
    "InstancesApi": "ReservedForApi",
    "ProbeAccount": "ReservedForSweeps",
    "FollowSchedule": "ReservedForSchedules",
}


@each_function
def test_concurrency_is_reserved_where_an_operator_says_so(name: str) -> None:
    """By default nowhere: a new account must leave all of its executions unreserved."""
    reserved = FUNCTIONS[name].get("ReservedConcurrentExecutions")
    if name not in RESERVED:
        assert reserved is None
        return
    parameter = RESERVED[name]
    condition = parameter.replace("Reserved", "Reserves")

    assert reserved == {"Fn::If": [condition, {"Ref": parameter}, {"Ref": "AWS::NoValue"}]}
    assert template()["Conditions"][condition] == {
        "Fn::Not": [{"Fn::Equals": [{"Ref": parameter}, 0]}]
    }
    assert PARAMETERS[parameter]["Default"] == 0


LONGEST_STACK_NAME = "Cavok-accounts-of-the-platform-team" + "-and-so-on" * 8
LONGEST_ROLE_NAME = 64


def arn_of_role(function: str, stack: str) -> str:
    """What CloudFormation makes of a role without a name: as much of the stack's and the resource's
    name as fits. Source: CloudFormation User Guide, "Name type".
    """
    logical_id = FUNCTIONS[function]["Role"]["Fn::GetAtt"][0]
    path = role(function).get("Path", {"Fn::Sub": "/"})["Fn::Sub"]
    name = f"{stack[:24]}-{logical_id[:24]}-1A2B3C4D5E6F"[:LONGEST_ROLE_NAME]
    return f"arn:aws:iam::111122223333:role{path}{name}".replace("${AWS::StackName}", stack)


TESTING = {"open_session", "probe_account", "read_organization", "sweep_accounts"}
"""They ask the canary whether a refusal is a customer's."""


@pytest.mark.parametrize("stack", ["cavok", "Cavok", LONGEST_STACK_NAME])
@each_function
def test_the_canary_trusts_the_functions_that_test_accounts_and_no_others(
    name: str, stack: str
) -> None:
    """However long the stack's name is."""
    (trust,) = RESOURCES["CanaryRole"]["Properties"]["AssumeRolePolicyDocument"]["Statement"]
    pattern, names = trust["Condition"]["ArnLike"]["aws:PrincipalArn"]["Fn::Sub"]
    pattern = pattern.replace("${Testers}", names["Testers"]["Fn::Sub"])
    pattern = pattern.replace("${AWS::AccountId}", "111122223333")
    trusted = fnmatchcase(arn_of_role(name, stack), pattern.replace("${AWS::StackName}", stack))

    assert trusted == (folder(name) in TESTING)


def test_other_partitions_are_refused_with_a_sentence_and_arns_name_this_one() -> None:
    """The domain's ARNs and regions are those of the partition aws: half a support is none."""
    (assertion,) = template()["Rules"]["OnlyInThePartitionAws"]["Assertions"]
    arns = re.findall(r"arn:[^:]*", (ROOT / "template.yaml").read_text())

    assert assertion["Assert"] == {"Fn::Equals": [{"Ref": "AWS::Partition"}, "aws"]}
    assert "partition aws" in assertion["AssertDescription"]
    assert set(arns) == {"arn:aws"}


NAMES = {
    "BucketName",
    "DashboardName",
    "Domain",
    "FunctionName",
    "LogGroupName",
    "Name",
    "TopicName",
}
"""Properties with which a resource of its own is named. Others that are called so refer to one."""
NAMED_WITHIN = {
    "AWS::ApiGatewayV2::Authorizer",  # within its API
    "AWS::Cognito::UserPoolDomain",  # by a parameter
    "AWS::Lambda::Permission",  # refers to its function
    "AWS::Lambda::EventSourceMapping",  # likewise
}


def test_two_stacks_in_an_account_share_no_name() -> None:
    names = {
        f"{name}.{key}": value
        for name, resource in RESOURCES.items()
        for key, value in resource.get("Properties", {}).items()
        if key in NAMES and resource["Type"] not in NAMED_WITHIN
    }

    assert len(names) > len(FUNCTIONS)
    assert [each for each, value in names.items() if "AWS::StackName" not in str(value)] == []
    # Dashboards are global. Source: CloudWatch User Guide, "Using Amazon CloudWatch dashboards".
    assert "AWS::Region" in str(names["Dashboard.DashboardName"])


def test_the_metrics_of_a_stack_are_its_own() -> None:
    """So that one stack's alarms do not ring, nor its dashboard rise, for another's tests."""
    variables = template()["Globals"]["Function"]["Environment"]["Variables"]
    alarms = [
        {dimension["Name"]: dimension["Value"] for dimension in r["Properties"]["Dimensions"]}
        for r in RESOURCES.values()
        if r.get("Properties", {}).get("Namespace") == "Cavok/Accounts"
    ]
    body = RESOURCES["Dashboard"]["Properties"]["DashboardBody"]["Fn::Sub"]
    shown = [json.dumps(w["properties"]["metrics"]) for w in json.loads(body)["widgets"]]
    ours = [metrics for metrics in shown if "Cavok/Accounts" in metrics]

    assert variables["POWERTOOLS_SERVICE_NAME"] == {"Ref": "AWS::StackName"}
    assert len(alarms) > 2
    assert all(dimensions["service"] == {"Ref": "AWS::StackName"} for dimensions in alarms)
    assert len(ours) > 2
    assert all("${AWS::StackName}" in metrics for metrics in ours)


def test_no_number_of_days_leads_past_the_last_date() -> None:
    assert datetime(2100, 1, 1, tzinfo=UTC) + timedelta(days=highest("AuditDays"))


@pytest.mark.parametrize("name", ["SweepTests", "TrustMaxAge", "AuditDays", "FreeInteractions"])
def test_no_fraction_is_a_number_that_a_function_counts_with(name: str) -> None:
    """A number of CloudFormation may have one, and `int` refuses it: each request would fail."""
    parameter = PARAMETERS[name]
    assert parameter["Type"] == "String"
    assert re.fullmatch(parameter["AllowedPattern"], parameter["Default"])
    for text in ("1.5", "1.0", "1e2", "-1", "+1", "01", " 1", "", "0x1", "1000000000000"):
        assert not re.fullmatch(parameter["AllowedPattern"], text), text


def test_no_organization_can_have_all_tests_of_their_own_that_a_sweep_starts() -> None:
    """One may have half of them: of a single one, all."""
    allowed = PARAMETERS["SweepTests"]["AllowedPattern"]
    numbers = [n for n in range(1000) if re.fullmatch(allowed, str(n))]

    assert numbers == [*range(2, 121)]
    assert "from 2 to 120" in PARAMETERS["SweepTests"]["ConstraintDescription"]


def test_every_number_that_a_function_reads_is_whole() -> None:
    read = {
        value["Ref"]
        for each in RESOURCES.values()
        for value in each["Properties"].get("Environment", {}).get("Variables", {}).values()
        if isinstance(value, dict) and "Ref" in value
    }
    assert [name for name in read if PARAMETERS.get(name, {}).get("Type") == "Number"] == []


def test_the_documents_say_how_long_a_stack_s_name_may_be() -> None:
    """Clocks of customers are in a group that is named after the stack. AWS's own schemas, which
    cfn-lint ships, know how long each name may be.
    """
    kind = template()["Resources"]["Clocks"]
    schema = PROVIDER_SCHEMA_MANAGER.get_resource_schema("us-east-1", kind["Type"]).schema
    rest = kind["Properties"]["Name"]["Fn::Sub"].replace("${AWS::StackName}", "")
    longest = schema["properties"]["Name"]["maxLength"] - len(rest)

    assert f"at most {longest} characters" in (ROOT / "docs" / "operating.md").read_text()
