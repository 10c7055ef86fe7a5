"""Where `local/fidelity/` makes the embedded AWS answer as AWS does, other than on dry runs.

Each test works in an account of its own, with nothing of this project in it.
"""

from __future__ import annotations

import base64
import io
import json
import subprocess
import time
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import ClientError

from local import aws, tokens
from local.settings import HOME, ROOT
from local.stack import Stack
from tests.e2e.bare_account import Account
from tests.e2e.using import encrypted_instance
from tests.support.executions import check_that_a_name_is_one_execution
from tests.support.waiting import eventually

FUNCTION = """
import os, time

class DoorIsShut(Exception):
    pass

calls = 0

def handler(event, context):
    global calls
    calls += 1
    time.sleep(event.get("sleep", 0))
    for number in range(event.get("lines", 0)):
        print("line", number, "x" * 200)
    if event.get("exit"):
        os._exit(1)
    if event.get("raise") or "'poison'" in str(event):
        raise DoorIsShut("nobody answers")
    return {"calls": calls}
"""
METRICS = """
import json, time

def handler(event, context):
    metric = {"Namespace": "House", "Dimensions": [["door"]], "Metrics": [{"Name": "Open"}]}
    described = {"Timestamp": int(time.time() * 1000), "CloudWatchMetrics": [metric]}
    print(json.dumps({"_aws": described, "door": "front", "Open": [1.0]}))
"""


@pytest.fixture
def account(stack: Stack, new_account_number: Callable[[], str]) -> Account:
    return Account(stack.emulator_url, new_account_number())


@pytest.fixture
def function(account: Account) -> str:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        archive.writestr("app.py", FUNCTION)
    account.client("lambda").create_function(
        FunctionName="door",
        Runtime="python3.13",
        Handler="app.handler",
        Role=account.role("Door"),
        Code={"ZipFile": packed.getvalue()},
        Timeout=60,
    )
    return "door"


def invoke(account: Account, function: str, **event: Any) -> tuple[str | None, dict[str, Any]]:
    answer = account.client("lambda").invoke(FunctionName=function, Payload=json.dumps(event))
    return answer.get("FunctionError"), json.loads(answer["Payload"].read())


def test_a_function_that_raises_reports_its_exceptions_class_and_stays_warm(
    account: Account, function: str
) -> None:
    assert invoke(account, function) == (None, {"calls": 1})

    kind, error = invoke(account, function, **{"raise": True})

    assert kind == "Unhandled"
    assert (error["errorType"], error["errorMessage"]) == ("DoorIsShut", "nobody answers")
    assert error["requestId"]
    assert any("raise DoorIsShut" in line for line in error["stackTrace"])
    assert invoke(account, function) == (None, {"calls": 3})


def test_the_log_says_of_a_process_that_it_is_gone(account: Account, function: str) -> None:
    kind, error = invoke(account, function, exit=True)

    assert (kind, error["errorType"]) == ("Unhandled", "Runtime.ExitError")
    events = account.client("logs").filter_log_events(logGroupName=f"/aws/lambda/{function}")
    lines = [event["message"] for event in events["events"]]
    assert [line for line in lines if "Runtime exited with error" in line]
    assert invoke(account, function) == (None, {"calls": 1})


FAILING = """
import asyncio
from local import fidelity
from ministack import app

async def fail(*request):
    raise RuntimeError("not decided")

app._dispatch_service_request = fail
fidelity.apply_all()
scope = "AKIA0000000000000000/20260101/us-east-1/sts/aws4_request"
headers = {"authorization": f"AWS4-HMAC-SHA256 Credential={scope}, SignedHeaders=host, Signature=0"}
request = "POST", "/", headers, b"Action=GetSessionToken", {}, "request-1"
print(*asyncio.run(app._dispatch_service_request(*request)))
"""


def test_a_failure_of_a_service_can_be_read_by_who_called_it(account: Account) -> None:
    sts = account.client("sts")

    def misread(params: dict[str, Any], **_: Any) -> None:
        params["body"]["DurationSeconds"] = "an hour"

    sts.meta.events.register("before-call.sts.GetSessionToken", misread)
    with pytest.raises(ClientError) as failed:
        sts.get_session_token()
    assert failed.value.response["Error"]["Code"] == "InternalFailure"
    assert failed.value.response["ResponseMetadata"]["HTTPStatusCode"] == 500
    assert failed.value.response["ResponseMetadata"]["RetryAttempts"] == 2

    (answer,) = printed(FAILING)
    assert answer.startswith("500")
    assert "<Code>InternalFailure</Code>" in answer


LATE = """
import threading, time
from local import fidelity
from ministack.core.lambda_runtime import Worker

fidelity.apply_all()
worker = Worker("door", {}, b"")

def read():
    for line in ("ring", "the bell", "no newline\\x1eend of invocation", "of the next"):
        time.sleep(0.3)
        worker._stderr_queue.put(line)

worker._stderr_thread = threading.Thread(target=read)
worker._stderr_thread.start()
print(worker._drain_stderr_bounded())
"""


def printed(script: str, *arguments: str) -> list[str]:
    """What a script prints that runs in the emulator's Python."""
    command = [str(HOME / "venvs" / "emulator" / "bin" / "python"), "-c", script, *arguments]
    ran = subprocess.run(command, capture_output=True, text=True, cwd=ROOT, check=True)
    return ran.stdout.splitlines()


def test_lines_that_a_busy_machine_reads_late_belong_to_their_invocation() -> None:
    assert printed(LATE) == ["ring", "the bell", "no newline"]


STARTED = """
import io, sys, tempfile, threading, time, zipfile
from pathlib import Path
from local import fidelity
from ministack.core.lambda_runtime import invalidate_worker
from ministack.services import lambda_svc

fidelity.apply_all()
case, tempfile.tempdir = sys.argv[1:]
runs, unpacked = Path(tempfile.tempdir, "runs"), []
app = f'''
import pathlib, time
if {case!r} == "it runs" and not pathlib.Path({str(runs)!r}).exists():
    pathlib.Path({str(runs)!r}).touch()
    time.sleep(60)
def handler(event, context):
    return "rings"
'''

def packed(name, text):
    with zipfile.ZipFile(archive := io.BytesIO(), "w") as made:
        made.writestr(name, text)
    return archive.getvalue()

def layer(_):
    unpacked.append(1)
    if case == "it cannot start":
        raise ValueError(case)
    if case == "it is unpacked" and len(unpacked) == 1:
        invalidate_worker("door")
    return packed("bell.py", "")

def replace_while_it_runs():
    while not runs.exists():
        time.sleep(0.01)
    invalidate_worker("door")

lambda_svc._resolve_layer_zip = layer
threading.Thread(target=replace_while_it_runs, daemon=True).start()
config = {
    "FunctionName": "door",
    "FunctionArn": "arn:aws:lambda:us-east-1:111122223333:function:door",
    "Runtime": "python3.13",
    "Handler": "app.handler",
    "Layers": ["bell"],
}
function = {"config": config, "code_zip": packed("app.py", app)}
outcome = lambda_svc._execute_function_warm(function, {}, "r-1")
print(len(unpacked), outcome["body"] == "rings")
"""


@pytest.mark.parametrize(
    ("case", "says"),
    [("it is unpacked", "2 True"), ("it runs", "2 True"), ("it cannot start", "1 False")],
)
def test_an_environment_that_starts_goes_on_when_its_function_is_replaced(
    case: str, says: str, tmp_path: Path
) -> None:
    """But one that cannot start is not started again."""
    assert printed(STARTED, case, str(tmp_path)) == [says]


@pytest.mark.parametrize("ending", [{}, {"raise": True}])
def test_every_line_of_an_invocation_is_in_the_log_when_it_has_ended(
    account: Account, function: str, ending: dict[str, Any]
) -> None:
    invoke(account, function, lines=9_000, **ending)

    events = account.client("logs").filter_log_events(logGroupName=f"/aws/lambda/{function}")
    lines = [event["message"] for event in events["events"]]

    assert len([line for line in lines if line.startswith("line ")]) == 9_000
    assert not [line for line in lines if "end of invocation" in line]


def test_a_workflow_catches_a_function_by_its_exceptions_class(
    account: Account, function: str
) -> None:
    ring = {
        "Type": "Task",
        "Resource": "arn:aws:states:::lambda:invoke",
        "Arguments": {"FunctionName": function, "Payload": {"raise": True}},
        "Catch": [
            {
                "ErrorEquals": ["DoorIsShut"],
                "Output": "{% $parse($states.errorOutput.Cause).errorMessage %}",
                "Next": "GiveUp",
            }
        ],
        "End": True,
    }
    machine = account.state_machine(
        {"StartAt": "Ring", "States": {"Ring": ring, "GiveUp": {"Type": "Succeed"}}}
    )
    started = account.client("stepfunctions").start_execution(stateMachineArn=machine)

    ended = account.ended(started["executionArn"])

    assert (ended["status"], json.loads(ended["output"])) == ("SUCCEEDED", "nobody answers")


def waiting(seconds: int, **rest: Any) -> dict[str, Any]:
    wait = {"Type": "Wait", "Seconds": seconds, "End": True}
    return {"StartAt": "Wait", "States": {"Wait": wait}, **rest}


def test_an_execution_that_outlives_its_machines_timeout_is_timed_out_and_the_bus_is_told(
    account: Account,
) -> None:
    events, queues = account.client("events"), account.client("sqs")
    queue_url = queues.create_queue(QueueName="ended")["QueueUrl"]
    queue_arn = queues.get_queue_attributes(QueueUrl=queue_url, AttributeNames=["QueueArn"])
    events.put_rule(Name="ended", EventPattern=json.dumps({"source": ["aws.states"]}))
    events.put_targets(
        Rule="ended", Targets=[{"Id": "queue", "Arn": queue_arn["Attributes"]["QueueArn"]}]
    )
    machine = account.state_machine(waiting(30, TimeoutSeconds=1))
    started = account.client("stepfunctions").start_execution(stateMachineArn=machine)

    assert account.ended(started["executionArn"])["status"] == "TIMED_OUT"

    statuses: list[str] = []

    def both_were_told() -> bool:
        got = queues.receive_message(QueueUrl=queue_url, MaxNumberOfMessages=10)
        for message in got.get("Messages", []):
            statuses.append(json.loads(message["Body"])["detail"]["status"])
            queues.delete_message(QueueUrl=queue_url, ReceiptHandle=message["ReceiptHandle"])
        return len(statuses) == 2

    eventually(both_were_told, "the bus tells the beginning and the end", seconds=60)
    assert statuses == ["RUNNING", "TIMED_OUT"]


def test_a_running_execution_is_started_again_under_its_name_and_stays_one(
    account: Account,
) -> None:
    client, machine = account.client("stepfunctions"), account.state_machine(waiting(30))

    check_that_a_name_is_one_execution(client, machine)

    assert len(client.list_executions(stateMachineArn=machine)["executions"]) == 1


def events_of(client: Any, execution_arn: str) -> set[str]:
    history = client.get_execution_history(executionArn=execution_arn)["events"]
    return {event["type"] for event in history}


def test_an_execution_that_was_stopped_stays_aborted_when_its_task_fails_later(
    account: Account, function: str
) -> None:
    client = account.client("stepfunctions")
    slow = {"FunctionName": function, "Payload": {"sleep": 15, "raise": True}}
    ring = {"Type": "Task", "Resource": "arn:aws:states:::lambda:invoke", "Arguments": slow}
    machine = account.state_machine({"StartAt": "Ring", "States": {"Ring": {**ring, "End": True}}})
    invoke(account, function)
    execution_arn = client.start_execution(stateMachineArn=machine)["executionArn"]
    eventually(lambda: "TaskScheduled" in events_of(client, execution_arn), "the task runs")
    client.stop_execution(executionArn=execution_arn, error="Operator", cause="by hand")
    eventually(lambda: "TaskFailed" in events_of(client, execution_arn), "the task fails")

    found = client.describe_execution(executionArn=execution_arn)

    assert (found["status"], found["error"], found["cause"]) == ("ABORTED", "Operator", "by hand")


def test_a_policy_may_ask_for_an_encryption_context(account: Account) -> None:
    key_id = account.client("kms").create_key()["KeyMetadata"]["KeyId"]
    role = account.role(
        "Sealer",
        {
            "Effect": "Allow",
            "Action": "kms:Encrypt",
            "Resource": "*",
            "Condition": {
                "StringEquals": {"kms:EncryptionContext:purpose": "session"},
                "ForAllValues:StringEquals": {"kms:EncryptionContextKeys": ["purpose", "account"]},
            },
        },
    )
    kms = account.session(role, "kms")

    def encrypt(context: dict[str, str]) -> None:
        kms.encrypt(KeyId=key_id, Plaintext=b"secret", EncryptionContext=context)

    encrypt({"purpose": "session", "account": "a"})
    for refused in ({"purpose": "other"}, {"purpose": "session", "extra": "x"}, {"account": "a"}):
        with pytest.raises(ClientError, match="AccessDenied"):
            encrypt(refused)


def test_the_principal_arn_of_a_session_is_its_roles(account: Account) -> None:
    condition = {"ArnEquals": {"aws:PrincipalArn": f"arn:aws:iam::{account.number}:role/Reader"}}
    role = account.role(
        "Reader",
        {"Effect": "Allow", "Action": "iam:ListUsers", "Resource": "*", "Condition": condition},
    )

    assert account.session(role, "iam").list_users()["Users"] == []


def test_the_principal_arn_of_a_session_has_its_roles_path(account: Account) -> None:
    ours = {"aws:PrincipalArn": f"arn:aws:iam::{account.number}:role/cavok/testers/*"}
    to_our_path = {
        "Effect": "Allow",
        "Action": "iam:ListUsers",
        "Resource": "*",
        "Condition": {"ArnLike": ours},
    }
    within = account.role("Reader", to_our_path, path="/cavok/testers/")
    outside = account.role("testers", to_our_path)

    assert account.session(within, "iam").list_users()["Users"] == []
    with pytest.raises(ClientError, match="AccessDenied"):
        account.session(outside, "iam").list_users()


def test_a_pattern_with_many_wildcards_is_matched_at_once(account: Account) -> None:
    """Twenty-four keep a backtracking matcher busy for hours: the test would not end."""
    patterns = [f"ec2:{'*' * 24}y", "ec2:*ribe*Inst?nc*s"]
    role = account.role("Reader", {"Effect": "Allow", "Action": patterns, "Resource": "*"})
    ec2 = account.session(role, "ec2")

    assert ec2.describe_instances()["Reservations"] == []
    with pytest.raises(ClientError, match="UnauthorizedOperation"):
        ec2.describe_volumes()


def instance_of(account: Account, instance_id: str) -> dict[str, Any]:
    found = account.client("ec2").describe_instances(InstanceIds=[instance_id])
    instance: dict[str, Any] = found["Reservations"][0]["Instances"][0]
    return instance


START: dict[str, Any] = {"Effect": "Allow", "Action": "ec2:StartInstances", "Resource": "*"}
CREATE_GRANT: dict[str, Any] = {
    "Effect": "Allow",
    "Action": "kms:CreateGrant",
    "Resource": "*",
    "Condition": {
        "Bool": {"kms:GrantIsForAWSResource": "true"},
        "StringEquals": {"kms:ViaService": "ec2.us-east-1.amazonaws.com"},
    },
}


@pytest.mark.parametrize("session_policy", [None, START])
def test_an_instance_whose_key_its_caller_may_not_grant_falls_back_to_stopped(
    account: Account, session_policy: dict[str, Any] | None
) -> None:
    instance_id = encrypted_instance(account.client("ec2"), account.client("kms"))
    allowed = [START] if session_policy is None else [START, CREATE_GRANT]
    ec2 = account.session(account.role("Starter", *allowed), "ec2", session_policy)

    (started,) = ec2.start_instances(InstanceIds=[instance_id])["StartingInstances"]

    assert started["CurrentState"]["Name"] == "pending"
    eventually(lambda: instance_of(account, instance_id)["State"]["Name"] == "stopped", "it falls")
    assert instance_of(account, instance_id)["StateReason"] == {
        "Code": "Client.InternalError",
        "Message": "Client.InternalError: Client error on launch",
    }


def test_an_instance_whose_key_its_caller_may_grant_starts(account: Account) -> None:
    instance_id = encrypted_instance(account.client("ec2"), account.client("kms"))
    ec2 = account.session(account.role("Starter", START, CREATE_GRANT), "ec2")

    ec2.start_instances(InstanceIds=[instance_id])

    assert instance_of(account, instance_id)["State"]["Name"] == "running"


def test_a_user_cannot_move_to_another_organization(stack: Stack) -> None:
    client = aws.sign_in_client(stack.emulator_url)
    person = stack.users["viewer"]
    tokens_of_viewer = client.initiate_auth(
        ClientId=stack.user_pool_client_id,
        AuthFlow="USER_PASSWORD_AUTH",
        AuthParameters={"USERNAME": person["email"], "PASSWORD": person["password"]},
    )["AuthenticationResult"]

    with pytest.raises(ClientError, match="unauthorized attribute"):
        client.update_user_attributes(
            AccessToken=tokens_of_viewer["AccessToken"],
            UserAttributes=[{"Name": "custom:organization", "Value": "contoso"}],
        )
    assert tokens.id_token(stack, "viewer")


def test_a_user_does_not_take_an_address_that_they_have_not_confirmed(stack: Stack) -> None:
    client, person = aws.sign_in_client(stack.emulator_url), stack.users["viewer"]
    token = client.initiate_auth(
        ClientId=stack.user_pool_client_id,
        AuthFlow="USER_PASSWORD_AUTH",
        AuthParameters={"USERNAME": person["email"], "PASSWORD": person["password"]},
    )["AuthenticationResult"]["AccessToken"]

    client.update_user_attributes(
        AccessToken=token,
        UserAttributes=[{"Name": "email", "Value": "somebody.else@northwind.example"}],
    )

    has = client.get_user(AccessToken=token)["UserAttributes"]
    assert {"Name": "email", "Value": person["email"]} in has


def test_nobody_signs_up_where_only_administrators_create_users(stack: Stack) -> None:
    email = "stranger@northwind.example"
    attributes = {"email": email, "custom:organization": "northwind"}

    with pytest.raises(ClientError, match="NotAuthorizedException"):
        aws.sign_in_client(stack.emulator_url).sign_up(
            ClientId=stack.user_pool_client_id,
            Username=email,
            Password="A-long-enough-1",
            UserAttributes=[{"Name": name, "Value": value} for name, value in attributes.items()],
        )

    found = aws.cognito(stack.emulator_url).list_users(
        UserPoolId=stack.user_pool_id, Filter=f'email = "{email}"'
    )
    assert found["Users"] == []


@pytest.mark.parametrize(
    ("listed", "shown"), [(["custom:team"], {"custom:team"}), (None, {"email"})]
)
def test_a_token_has_the_attributes_that_the_client_may_read(
    account: Account, listed: list[str] | None, shown: set[str]
) -> None:
    cognito = account.client("cognito-idp")
    pool = cognito.create_user_pool(
        PoolName="people",
        UsernameAttributes=["email"],
        Schema=[{"Name": "team", "AttributeDataType": "String"}],
    )["UserPool"]["Id"]
    client = cognito.create_user_pool_client(
        UserPoolId=pool,
        ClientName="page",
        ExplicitAuthFlows=["ALLOW_ADMIN_USER_PASSWORD_AUTH", "ALLOW_REFRESH_TOKEN_AUTH"],
        **({"ReadAttributes": listed} if listed else {}),
    )["UserPoolClient"]["ClientId"]
    user = {"UserPoolId": pool, "Username": "ada@example.com"}
    values = {"email": "ada@example.com", "custom:team": "blue"}
    attributes = [{"Name": name, "Value": value} for name, value in values.items()]
    cognito.admin_create_user(**user, UserAttributes=attributes, MessageAction="SUPPRESS")
    cognito.admin_set_user_password(**user, Password="aA1-not-a-secret", Permanent=True)

    given = cognito.admin_initiate_auth(
        UserPoolId=pool,
        ClientId=client,
        AuthFlow="ADMIN_USER_PASSWORD_AUTH",
        AuthParameters={"USERNAME": "ada@example.com", "PASSWORD": "aA1-not-a-secret"},
    )["AuthenticationResult"]["IdToken"]

    payload = given.split(".")[1]
    claims = json.loads(base64.urlsafe_b64decode(payload + "=" * (-len(payload) % 4)))
    assert claims.keys() & values.keys() == shown


def test_a_policy_may_ask_for_the_source_of_events(account: Account) -> None:
    role = account.role(
        "Teller",
        {
            "Effect": "Allow",
            "Action": "events:PutEvents",
            "Resource": "*",
            "Condition": {
                "Null": {"events:source": "false"},
                "ForAllValues:StringEquals": {"events:source": ["ours"]},
            },
        },
    )
    events = account.session(role, "events")

    def put_events(*sources: str) -> None:
        entries = [{"Source": s, "DetailType": "Told", "Detail": "{}"} for s in sources]
        events.put_events(Entries=entries)

    put_events("ours")
    for refused in (("theirs",), ("ours", "theirs")):
        with pytest.raises(ClientError, match="AccessDenied"):
            put_events(*refused)


def test_a_log_line_in_the_embedded_metric_format_rings_the_alarm_of_its_dimensions(
    account: Account,
) -> None:
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w") as archive:
        archive.writestr("app.py", METRICS)
    account.client("lambda").create_function(
        FunctionName="meter",
        Runtime="python3.13",
        Handler="app.handler",
        Role=account.role("Meter"),
        Code={"ZipFile": made.getvalue()},
    )
    cloudwatch = account.client("cloudwatch")
    for door in ("front", "back"):
        cloudwatch.put_metric_alarm(
            AlarmName=door,
            Namespace="House",
            MetricName="Open",
            Dimensions=[{"Name": "door", "Value": door}],
            Statistic="Sum",
            Period=300,
            EvaluationPeriods=1,
            Threshold=0,
            ComparisonOperator="GreaterThanThreshold",
        )

    invoke(account, "meter")

    alarms = cloudwatch.describe_alarms()["MetricAlarms"]
    states = {alarm["AlarmName"]: alarm["StateValue"] for alarm in alarms}
    assert states["front"] == "ALARM"
    assert states["back"] != "ALARM"


def test_a_record_that_fails_its_batch_is_discarded_alone(account: Account, function: str) -> None:
    """The function raises for the poison record. The batch is split until that record is alone."""
    dynamodb, queues = account.client("dynamodb"), account.client("sqs")
    queue_url = queues.create_queue(QueueName="given-up")["QueueUrl"]
    queue = queues.get_queue_attributes(QueueUrl=queue_url, AttributeNames=["QueueArn"])
    table = dynamodb.create_table(
        TableName="doors",
        AttributeDefinitions=[{"AttributeName": "id", "AttributeType": "S"}],
        KeySchema=[{"AttributeName": "id", "KeyType": "HASH"}],
        BillingMode="PAY_PER_REQUEST",
        StreamSpecification={"StreamEnabled": True, "StreamViewType": "NEW_IMAGE"},
    )["TableDescription"]
    for name in ("a", "b", "poison", "c"):
        dynamodb.put_item(TableName="doors", Item={"id": {"S": name}})

    account.client("lambda").create_event_source_mapping(
        FunctionName=function,
        EventSourceArn=table["LatestStreamArn"],
        StartingPosition="TRIM_HORIZON",
        BisectBatchOnFunctionError=True,
        MaximumRetryAttempts=2,
        DestinationConfig={"OnFailure": {"Destination": queue["Attributes"]["QueueArn"]}},
    )

    deadline, received = time.monotonic() + 120, []
    while not received and time.monotonic() < deadline:
        received = queues.receive_message(QueueUrl=queue_url, WaitTimeSeconds=1).get("Messages", [])
    (message,) = received
    place = json.loads(message["Body"])
    assert place["requestContext"]["condition"] == "RetryAttemptsExhausted"
    batch = place["DDBStreamBatchInfo"]
    assert batch["batchSize"] == 1
    assert batch["startSequenceNumber"] == batch["endSequenceNumber"]


def test_lines_of_other_times_are_not_kept_and_named(account: Account) -> None:
    logs, now, day = account.client("logs"), int(time.time() * 1000), 24 * 3600 * 1000
    logs.create_log_group(logGroupName="/a")
    logs.create_log_stream(logGroupName="/a", logStreamName="s")

    def put(*times: int) -> Any:
        events = [{"timestamp": at, "message": "m"} for at in times]
        answer = logs.put_log_events(logGroupName="/a", logStreamName="s", logEvents=events)
        return answer.get("rejectedLogEventsInfo")

    old, new = now - 15 * day, now + 3 * 3600 * 1000
    assert put(now) is None
    assert put(old, now, new) == {"tooOldLogEventEndIndex": 1, "tooNewLogEventStartIndex": 2}
    logs.put_retention_policy(logGroupName="/a", retentionInDays=1)
    assert put(now - 3 * day, now) == {"expiredLogEventEndIndex": 1}
    kept = logs.filter_log_events(logGroupName="/a")["events"]
    assert [event["timestamp"] for event in kept] == [now] * 3


def test_an_alarm_may_watch_an_expression(account: Account) -> None:
    def metric(name: str) -> dict[str, Any]:
        stat = {"Metric": {"Namespace": "AWS/Lambda", "MetricName": name}, "Period": 60}
        return {"Id": name.lower(), "ReturnData": False, "MetricStat": stat | {"Stat": "Maximum"}}

    watched = [
        {"Id": "share", "Expression": "claimed / SERVICE_QUOTA(running)"},
        metric("Claimed"),
        metric("Running"),
    ]
    alarm = {
        "AlarmName": "Share",
        "Metrics": watched,
        "Threshold": 80,
        "EvaluationPeriods": 5,
        "ComparisonOperator": "GreaterThanThreshold",
    }
    resources = {"Alarm": {"Type": "AWS::CloudWatch::Alarm", "Properties": alarm}}
    cloudformation = account.client("cloudformation")
    cloudformation.create_stack(
        StackName="alarms", TemplateBody=json.dumps({"Resources": resources})
    )
    cloudformation.get_waiter("stack_create_complete").wait(
        StackName="alarms", WaiterConfig={"Delay": 1, "MaxAttempts": 30}
    )

    (made,) = account.client("cloudwatch").describe_alarms(AlarmNames=["Share"])["MetricAlarms"]
    assert (made["Threshold"], made["ActionsEnabled"]) == (80, False)


def test_a_query_finds_by_its_key_condition_whatever_was_asked_before(account: Account) -> None:
    dynamodb, keys = account.client("dynamodb"), ("street", "door")
    dynamodb.create_table(
        TableName="streets",
        BillingMode="PAY_PER_REQUEST",
        AttributeDefinitions=[{"AttributeName": key, "AttributeType": "S"} for key in keys],
        KeySchema=[
            {"AttributeName": "street", "KeyType": "HASH"},
            {"AttributeName": "door", "KeyType": "RANGE"},
        ],
    )
    for door in ("a1", "a2", "b1", "b2", "c1"):
        item = {"street": {"S": "main"}, "door": {"S": door}}
        dynamodb.put_item(TableName="streets", Item=item)

    def found(condition: str, *values: str) -> str:
        texts = {f":{index}": {"S": value} for index, value in enumerate(values)}
        answer = dynamodb.query(
            TableName="streets",
            KeyConditionExpression=f"street = :street AND {condition}",
            ExpressionAttributeValues=texts | {":street": {"S": "main"}},
        )
        return " ".join(item["door"]["S"] for item in answer["Items"])

    for _ in range(2):
        assert found("begins_with(door, :0)", "b") == "b1 b2"
        assert found("begins_with(door, :0)", "c") == "c1"
        assert found("door BETWEEN :0 AND :1", "a2", "b1") == "a2 b1"
        assert found("door > :0", "b1") == "b2 c1"
        assert found("door = :0", "a2") == "a2"
    with pytest.raises(ClientError, match="ValidationException"):
        found("begins_with(door, :0, :1)", "b", "c")


def test_a_query_for_a_key_that_is_too_long_is_refused(account: Account) -> None:
    dynamodb, keys = account.client("dynamodb"), {None: "door", "by_street": "street"}
    dynamodb.create_table(
        TableName="house",
        BillingMode="PAY_PER_REQUEST",
        AttributeDefinitions=[{"AttributeName": k, "AttributeType": "S"} for k in keys.values()],
        KeySchema=[{"AttributeName": "door", "KeyType": "HASH"}],
        GlobalSecondaryIndexes=[
            {
                "IndexName": "by_street",
                "KeySchema": [{"AttributeName": "street", "KeyType": "HASH"}],
                "Projection": {"ProjectionType": "KEYS_ONLY"},
            }
        ],
    )

    def query(index: str | None, value: str) -> Any:
        return dynamodb.query(
            TableName="house",
            **({"IndexName": index} if index else {}),
            KeyConditionExpression="#key = :key",
            ExpressionAttributeNames={"#key": keys[index]},
            ExpressionAttributeValues={":key": {"S": value}},
        )

    for index in keys:
        assert query(index, "é" * 1024)["Items"] == []
        with pytest.raises(ClientError, match=r"ValidationException.*limit of2048 bytes"):
            query(index, "é" * 1024 + "x")
