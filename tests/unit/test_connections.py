"""What the template connects: each function knows what its code asks for, each message has a way to
its consumer, and a way out.

tests/integration/test_message_contracts.py runs producers and consumers. It sets what AWS would
configure; here the template says so.
"""

from __future__ import annotations

import ast
import json
import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from cavok.domain.accounts import Outcome
from cavok.domain.verifications import State
from cavok.services.reconcile_clocks import Difference
from local.settings import ROOT
from tests.support.messages import TARGETS, target_of
from tests.support.template import FUNCTIONS, RESOURCES, listed, of_type, role, template

Json = dict[str, Any]
PACKAGE = ROOT / "layers" / "shared"


# ---- what a function is told ---------------------------------------------------------------------


@cache
def parsed(path: Path) -> ast.Module:
    return ast.parse(path.read_text())


def modules(path: Path) -> set[Path]:
    """A handler's file, and those beside it and of the package that it imports, directly or through
    others.
    """
    found, ahead = {path}, [path]
    while ahead:
        for node in ast.walk(parsed(ahead.pop())):
            match node:
                case ast.ImportFrom(module=str(module)):
                    names = [module, *(f"{module}.{alias.name}" for alias in node.names)]
                case ast.Call(ast.Name("make_app")):  # imports these at the first request for one
                    names = [f"cavok.api.routes.{module.arg}" for module in node.keywords]
                case _:
                    continue
            files = {
                folder / (name.replace(".", "/") + ".py")
                for name in names
                for folder in (PACKAGE, path.parent)
            }
            new = {file for file in files if file.is_file()} - found - {WIRING}
            found |= new
            ahead += new
    return found


WIRING = PACKAGE / "cavok" / "wiring.py"
MADE = {node.name: node for node in parsed(WIRING).body if isinstance(node, ast.FunctionDef)}
"""The functions of wiring."""


@cache
def used(tree: ast.AST) -> set[str]:
    """The functions of wiring that a handler or a route names."""
    return {
        node.attr
        for node in ast.walk(tree)
        if isinstance(node, ast.Attribute) and getattr(node.value, "id", None) == "wiring"
    }


@cache
def asked(tree: ast.AST) -> set[str]:
    """The variables for which the code calls `setting` or `os.environ.get`."""
    return {
        node.args[0].value
        for node in ast.walk(tree)
        if isinstance(node, ast.Call)
        and node.args
        and isinstance(node.args[0], ast.Constant)
        and re.fullmatch(r"(wiring\.)?setting|(os\.)?environ(ment)?\.get", ast.unparse(node.func))
    }


@cache
def wanted(name: str) -> set[str]:
    """The variables that a function's code asks for, in its own files and in wiring."""
    trees = [parsed(path) for path in modules(ROOT / FUNCTIONS[name]["CodeUri"] / "app.py")]
    found = {variable for tree in trees for variable in asked(tree)}
    seen: set[str] = set()
    ahead = {name for tree in trees for name in used(tree)}
    while ahead:
        seen |= ahead
        bodies = [MADE[one] for one in ahead if one != "setting"]
        found |= {variable for body in bodies for variable in asked(body)}
        names = {n.id for b in bodies for n in ast.walk(b) if isinstance(n, ast.Name)}
        ahead = (names & MADE.keys()) - seen
    return found


OPTIONAL = {
    "API_BASE": "the page's API is where the page is",
    "CLOCKS_ROLE_ARN": "who only deletes schedules sets no target",
    "FIRED_CLOCKS_URL": "likewise",
    "UNFOLLOWED_SCHEDULES_ARN": "likewise",
}
LAMBDA_SETS = {"AWS_REGION"}
SHARED = template()["Globals"]["Function"]["Environment"]["Variables"]


@pytest.mark.parametrize("name", FUNCTIONS)
def test_a_function_is_told_what_its_code_asks_for_and_nothing_else(name: str) -> None:
    given = set(FUNCTIONS[name].get("Environment", {}).get("Variables", {}))

    assert wanted(name) - OPTIONAL.keys() - LAMBDA_SETS - SHARED.keys() <= given, (
        f"set it in `Environment` of {name} in template.yaml"
    )
    assert given <= wanted(name), f"take it out of `Environment` of {name}: no code asks for it"


SETS_CLOCKS = {name for name in FUNCTIONS if "scheduler:CreateSchedule" in json.dumps(role(name))}


def test_who_sets_clocks_is_told_their_target() -> None:
    target = OPTIONAL.keys() - {"API_BASE"}

    assert SETS_CLOCKS
    for name in SETS_CLOCKS:
        assert target <= FUNCTIONS[name]["Environment"]["Variables"].keys(), name


QUEUES = of_type("AWS::SQS::Queue")


@pytest.mark.parametrize("name", FUNCTIONS)
def test_a_function_that_is_told_a_queue_or_bus_may_use_that_one(name: str) -> None:
    """So that two names are not exchanged. Not all who set a clock may send to its queue, too."""
    may = json.dumps(role(name)["Policies"])
    given = {
        value["Ref"]
        for variable, value in FUNCTIONS[name].get("Environment", {}).get("Variables", {}).items()
        if variable not in OPTIONAL
        and isinstance(value, dict)
        and value.get("Ref") in QUEUES.keys() | {"Bus", "VerifyAccount"}
    }

    assert [one for one in given if f'["{one}", "Arn"]' not in may and f'"{one}"' not in may] == []


# ---- the ways of messages ------------------------------------------------------------------------


def mappings() -> dict[str, Json]:
    """Streams and queues that Lambda reads for a function."""
    events = {
        f"{function}.{name}": event["Properties"]
        for function, properties in FUNCTIONS.items()
        for name, event in properties.get("Events", {}).items()
        if event["Type"] in ("DynamoDB", "SQS")
    }
    return events | of_type("AWS::Lambda::EventSourceMapping")


def source_of(mapping: Json) -> str:
    arn = mapping.get("Queue") or mapping.get("Stream") or mapping["EventSourceArn"]
    return str(arn["Fn::GetAtt"][0])


@pytest.mark.parametrize("name", mappings())
def test_one_message_that_fails_repeats_no_other_of_its_batch(name: str) -> None:
    """Without this, Lambda ignores what the handler returns: a failed message counts as done."""
    assert mappings()[name]["FunctionResponseTypes"] == ["ReportBatchItemFailures"]


@pytest.mark.parametrize("name", mappings())
def test_no_message_of_a_queue_is_deleted_unread(name: str) -> None:
    """Lambda deletes what a filter of a queue refuses, and sends it to no dead-letter queue.
    Source: Lambda Developer Guide, "Control which events Lambda sends to your function".
    """
    mapping = mappings()[name]
    assert source_of(mapping) not in QUEUES or "FilterCriteria" not in mapping


CONSUMED = {source_of(mapping) for mapping in mappings().values()} & QUEUES.keys()
DEAD = QUEUES.keys() - CONSUMED


def dead_letters(arn: Json) -> bool:
    return arn["Fn::GetAtt"][0] in DEAD and arn["Fn::GetAtt"][1] == "Arn"


@pytest.mark.parametrize("name", sorted(CONSUMED))
def test_a_queue_gives_up_a_message_after_some_tries(name: str) -> None:
    redrive = QUEUES[name]["RedrivePolicy"]

    assert dead_letters(redrive["deadLetterTargetArn"])
    # At least five, says Lambda. Source: Lambda Developer Guide, "Using Lambda with Amazon SQS".
    assert redrive["maxReceiveCount"] >= 5


SOONER = {"FiredClocks"}
"""Queues whose messages come again earlier: a turn must not wait, and is made once however often
it is taken.
"""


@pytest.mark.parametrize("name", [n for n, one in mappings().items() if source_of(one) in QUEUES])
def test_no_message_comes_again_while_lambda_still_tries_to_have_it_handled(name: str) -> None:
    """Six times the function's timeout, and the batching window. Source: Lambda Developer Guide,
    "Using Lambda with Amazon SQS".
    """
    mapping, queue = mappings()[name], source_of(mappings()[name])
    function = mapping.get("FunctionName", {}).get("Ref") or name.partition(".")[0]
    timeout = FUNCTIONS[function].get("Timeout", template()["Globals"]["Function"]["Timeout"])
    window = mapping.get("MaximumBatchingWindowInSeconds", 0)

    times = 2 if queue in SOONER else 6
    assert QUEUES[queue]["VisibilityTimeout"] >= times * timeout + window


@pytest.mark.parametrize("name", sorted(DEAD))
def test_a_dead_letter_queue_keeps_messages_as_long_as_it_can(name: str) -> None:
    assert QUEUES[name]["MessageRetentionPeriod"] == 14 * 24 * 3600


def test_a_stream_gives_up_a_record_into_a_dead_letter_queue() -> None:
    streams = {name: one for name, one in mappings().items() if source_of(one) not in QUEUES}

    assert streams
    for name, stream in streams.items():
        assert dead_letters(stream["DestinationConfig"]["OnFailure"]["Destination"]), name
        assert stream["BisectBatchOnFunctionError"], name
        assert 0 < stream["MaximumRetryAttempts"] <= 100, name
        # The stream keeps a record for a day. Source: DynamoDB Developer Guide, "DynamoDB Streams".
        assert stream["MaximumRecordAgeInSeconds"] >= 24 * 3600, name


def senders() -> Iterator[tuple[str, str, str]]:
    """Rule, queue to which it sends, and for what: its messages, or those that it gives up."""
    for name, rule in of_type("AWS::Events::Rule").items():
        for target in rule["Targets"]:
            assert "DeadLetterConfig" in target, f"{name}: give its target a dead-letter queue"
            yield name, target_of(name, target["Arn"]), "target"
            yield name, target["DeadLetterConfig"]["Arn"]["Fn::GetAtt"][0], "dead"
    for function, properties in FUNCTIONS.items():
        for event, source in properties.get("Events", {}).items():
            if dead := source["Properties"].get("DeadLetterConfig"):
                yield f"{function}{event}", dead["Arn"]["Fn::GetAtt"][0], "dead"


def test_a_queue_lets_the_rules_send_that_name_it() -> None:
    """EventBridge needs the queue's own policy. Without it, a rule's messages are lost."""
    allowed = {
        (condition["Fn::GetAtt"][0], arn["Fn::GetAtt"][0])
        for policy in of_type("AWS::SQS::QueuePolicy").values()
        for statement in policy["PolicyDocument"]["Statement"]
        for condition in listed(statement["Condition"]["ArnEquals"]["aws:SourceArn"])
        for arn in listed(statement["Resource"])
        if {"Ref": arn["Fn::GetAtt"][0]} in policy["Queues"]
        and statement["Effect"] == "Allow"
        and statement["Principal"] == {"Service": "events.amazonaws.com"}
        and statement["Action"] == "sqs:SendMessage"
    }

    assert allowed >= {(rule, queue) for rule, queue, _ in senders()}, (
        "name the rule in the queue's own policy"
    )
    assert {queue for _, queue, use in senders() if use == "dead"} <= DEAD


def test_a_queue_lets_the_topic_send_that_it_is_subscribed_to() -> None:
    (subscription,) = of_type("AWS::SNS::Subscription").values()
    topic, queue = subscription["TopicArn"]["Ref"], subscription["Endpoint"]["Fn::GetAtt"][0]
    statements = [
        statement
        for policy in of_type("AWS::SQS::QueuePolicy").values()
        for statement in policy["PolicyDocument"]["Statement"]
        if {"Ref": queue} in policy["Queues"]
        and statement["Principal"] == {"Service": "sns.amazonaws.com"}
    ]

    assert subscription["Protocol"] == "sqs"
    assert queue in CONSUMED
    assert statements == [
        {
            "Effect": "Allow",
            "Principal": {"Service": "sns.amazonaws.com"},
            "Action": "sqs:SendMessage",
            "Resource": {"Fn::GetAtt": [queue, "Arn"]},
            "Condition": {"ArnEquals": {"aws:SourceArn": {"Fn::GetAtt": [topic, "TopicArn"]}}},
        }
    ]


def test_what_anybody_may_publish_arrives_in_an_envelope_that_no_rule_uses() -> None:
    """Else a stranger could publish what looks like an event that AWS stamped."""
    (subscription,) = of_type("AWS::SNS::Subscription").values()

    assert subscription["RawMessageDelivery"] is False


def test_a_function_that_is_invoked_without_an_answer_keeps_what_it_gave_up() -> None:
    invoked = {
        name
        for name, function in FUNCTIONS.items()
        for event in function.get("Events", {}).values()
        if event["Type"] in ("EventBridgeRule", "Schedule")
    }

    assert invoked
    for name in invoked:
        function = FUNCTIONS[name]
        later = function.get("EventInvokeConfig", {}).get("DestinationConfig", {}).get("OnFailure")
        dead = function.get("DeadLetterQueue", {}).get("TargetArn") or later["Destination"]
        assert dead_letters(dead), name


def test_the_integrations_and_permissions_of_the_api_are_those_of_their_functions() -> None:
    """Each is named after its function. tests/unit/test_routes.py holds routes to integrations."""
    kinds = {"ApiGatewayV2::Integration": "IntegrationUri", "Lambda::Permission": "FunctionName"}
    for kind, of in kinds.items():
        found = of_type(f"AWS::{kind}")
        assert found
        for name, properties in found.items():
            (function, *_) = listed(next(iter(properties[of].values())))
            assert name == function + kind.rpartition(":")[2]


def test_payloads_of_the_api_have_the_form_that_the_handlers_read() -> None:
    """Powertools' APIGatewayHttpResolver reads version 2.0."""
    integrations = of_type("AWS::ApiGatewayV2::Integration").values()

    assert {one["PayloadFormatVersion"] for one in integrations} == {"2.0"}


# ---- metrics of AWS ------------------------------------------------------------------------------

METRICS: dict[str, dict[str, tuple[str, ...]]] = {
    "AWS/ApiGateway": {"5xx": ("ApiId",), "4xx": ("ApiId",), "Count": ("ApiId",)},
    "AWS/Lambda": {
        "ClaimedAccountConcurrency": (),
        "ConcurrentExecutions": (),
        "Errors": ("FunctionName",),
        "Throttles": (),
    },
    "AWS/SQS": {
        "ApproximateAgeOfOldestMessage": ("QueueName",),
        "ApproximateNumberOfMessagesNotVisible": ("QueueName",),
        "ApproximateNumberOfMessagesVisible": ("QueueName",),
    },
    "AWS/States": {
        "ExecutionsAborted": ("StateMachineArn",),
        "ExecutionsFailed": ("StateMachineArn",),
        "ExecutionsStarted": ("StateMachineArn",),
        "ExecutionsSucceeded": ("StateMachineArn",),
        "ExecutionsTimedOut": ("StateMachineArn",),
    },
}
"""Metrics that AWS writes, and their dimensions. Sources: the pages "Metrics" of the developer
guides of API Gateway (HTTP APIs), Lambda, SQS and Step Functions.
"""
DIMENSIONS = {
    "ApiId": ("Ref", "AWS::ApiGatewayV2::Api"),
    "FunctionName": ("Ref", "AWS::Serverless::Function"),
    "QueueName": ("Fn::GetAtt", "AWS::SQS::Queue"),
    "StateMachineArn": ("Ref", "AWS::Serverless::StateMachine"),
}
"""How the template refers to a value of each: a queue's `Ref` is its address, not its name."""


def watched(ours: bool = False) -> Iterator[tuple[str, Json]]:
    """Each alarm with a metric that it watches: one of AWS, or one of ours."""
    for name, alarm in of_type("AWS::CloudWatch::Alarm").items():
        inner = [
            each["MetricStat"]["Metric"]
            for each in alarm.get("Metrics", ())
            if "MetricStat" in each
        ]
        for metric in inner or [alarm]:
            if metric["Namespace"].startswith("AWS/") is not ours:
                yield name, metric


@pytest.mark.parametrize(("alarm", "metric"), list(watched()))
def test_an_alarm_on_a_metric_of_aws_watches_one_that_there_is(alarm: str, metric: Json) -> None:
    dimensions = metric.get("Dimensions", [])

    expected = METRICS.get(metric["Namespace"], {}).get(metric["MetricName"])
    assert expected is not None, "add it to METRICS, with its dimensions, from AWS's page"
    assert tuple(each["Name"] for each in dimensions) == expected
    for each in dimensions:
        form, kind = DIMENSIONS[each["Name"]]
        (target, *attribute) = listed(each["Value"][form])
        assert RESOURCES[target]["Type"] == kind
        assert attribute in ([], ["QueueName"])


def test_the_dashboard_shows_metrics_of_aws_that_there_are() -> None:
    body = RESOURCES["Dashboard"]["Properties"]["DashboardBody"]["Fn::Sub"]
    for widget in json.loads(body)["widgets"]:
        first, *others = widget["properties"]["metrics"]
        if str(first[0]).startswith("AWS/"):
            namespace, name, dimension, _ = first
            for shown in (name, *(each[1] for each in others)):
                assert METRICS[namespace][shown] == (dimension,)


# ---- metrics of our own --------------------------------------------------------------------------

OURS = template()["Globals"]["Function"]["Environment"]["Variables"]["POWERTOOLS_METRICS_NAMESPACE"]
OUTCOMES = {*Outcome, State.ABORTED}


def written() -> set[str]:
    """Texts of the modules that write metrics, and errors that are counted by their class."""
    paths = (*PACKAGE.glob("cavok/**/*.py"), *(ROOT / "functions").glob("*/app.py"))
    found: set[str] = {*Difference}
    for path in paths:
        nodes = list(ast.walk(parsed(path)))
        calls = [node for node in nodes if isinstance(node, ast.Call)]
        names = {ast.unparse(call.func) for call in calls}
        if names & {"count", "metrics.add_metric", "one_message"}:
            found |= {str(n.value) for n in nodes if isinstance(n, ast.Constant)}
        found |= {ast.unparse(c.args[0]) for c in calls if ast.unparse(c.func) == "counted"}
    return found


def shown() -> Iterator[tuple[str, list[str]]]:
    """The name and the dimensions of each metric of ours on the dashboard. An expression is a
    search, and "..." stands for what the metric before it begins with. Source: CloudWatch API
    Reference, "Dashboard body structure and syntax".
    """
    body = json.loads(RESOURCES["Dashboard"]["Properties"]["DashboardBody"]["Fn::Sub"])
    for widget in body["widgets"]:
        first, *others = widget["properties"]["metrics"]
        if search := re.search(rf"\{{{OURS},(.+?)\}} (\w+)", json.dumps(first)):
            yield search[2], search[1].split(",")
        elif first[0] == OURS:
            _, name, *pairs = (each for each in first if isinstance(each, str))
            yield name, pairs[::2]
            assert {first[5], *(each[-1] for each in others)} <= OUTCOMES


@pytest.mark.parametrize(("alarm", "metric"), list(watched(ours=True)))
def test_an_alarm_on_a_metric_of_ours_watches_one_that_a_function_writes(
    alarm: str, metric: Json
) -> None:
    dimensions = {each["Name"]: each["Value"] for each in metric["Dimensions"]}

    assert metric["Namespace"] == OURS
    assert metric["MetricName"] in written(), f"no function writes the metric of {alarm}"
    assert dimensions.pop("service") == {"Ref": "AWS::StackName"}
    assert dimensions.keys() == ({"outcome"} if metric["MetricName"] == "Verifications" else set())
    assert set(dimensions.values()) <= OUTCOMES


def test_the_dashboard_shows_metrics_that_functions_write() -> None:
    found = dict(shown())

    assert found.keys() <= written()
    assert found == {
        "Verifications": ["service", "outcome"],
        "ProbeLatency": ["service", "action"],
        "ProbeInconclusive": ["service", "action"],
    }


# ---- names that two places spell -----------------------------------------------------------------


def test_items_expire_by_the_attribute_that_the_table_watches() -> None:
    watched = RESOURCES["Table"]["Properties"]["TimeToLiveSpecification"]
    spelled = {
        target.id
        for path in PACKAGE.glob("cavok/adapters/table/*.py")
        for node in ast.walk(parsed(path))
        if isinstance(node, ast.Assign)
        and isinstance(node.value, ast.Call)
        and ast.unparse(node.value.func) == "TTLAttribute"
        for target in node.targets
        if isinstance(target, ast.Name)
    }

    assert watched == {"AttributeName": next(iter(spelled)), "Enabled": True}
    assert len(spelled) == 1


@pytest.mark.parametrize("name", ["reverify_accounts", "verify_account"])
def test_a_choice_reads_what_an_earlier_state_passes_on(name: str) -> None:
    """Else its default is taken, always and without an error."""
    text = (ROOT / "statemachines" / f"{name}.asl.json").read_text()
    conditions = " ".join(re.findall(r'"Condition": "(.+)"', text))
    passed = set(re.findall(r"'(\w+)':", text)) | set(re.findall(r'"(\w+)": "\{%', text))

    assert set(re.findall(r"\$states\.input\.(\w+)", conditions)) <= passed


# ---- nothing else --------------------------------------------------------------------------------

SENDS_OR_TAKES = {
    "AWS::DynamoDB::Table",
    "AWS::Events::EventBus",
    "AWS::Events::Rule",
    "AWS::Logs::LogGroup",
    "AWS::SNS::Topic",
    "AWS::SQS::Queue",
    "AWS::Scheduler::ScheduleGroup",
    "AWS::Serverless::Function",
    "AWS::Serverless::StateMachine",
}
PERMITS = ("Policies", "AssumeRolePolicyDocument", "PolicyDocument")
"""Properties that permit a way and make none."""
REFERENCES = {
    "AWS::ApiGatewayV2::Integration": {"IntegrationUri"},
    "AWS::ApiGatewayV2::Stage": {"AccessLogSettings.DestinationArn"},
    "AWS::CloudWatch::Alarm": {"AlarmActions", "Dimensions.Value"},
    "AWS::CloudWatch::Dashboard": {"DashboardBody"},
    "AWS::Events::Rule": {"EventBusName", "Targets.Arn", "Targets.DeadLetterConfig.Arn"},
    "AWS::Lambda::EventSourceMapping": {"EventSourceArn", "FunctionName"},
    "AWS::Lambda::Permission": {"FunctionName"},
    "AWS::SNS::Subscription": {"Endpoint", "TopicArn"},
    "AWS::SNS::TopicPolicy": {"Topics"},
    "AWS::SQS::Queue": {"RedrivePolicy.deadLetterTargetArn"},
    "AWS::SQS::QueuePolicy": {"Queues"},
    "AWS::Scheduler::Schedule": {"Target.Arn", "Target.DeadLetterConfig.Arn"},
    "AWS::Serverless::Function": {
        "DeadLetterQueue.TargetArn",
        "Environment.Variables.*",
        "EventInvokeConfig.DestinationConfig.OnFailure.Destination",
        "Events.*.Properties.DestinationConfig.OnFailure.Destination",
        "Events.*.Properties.Stream",
        "Events.*.Properties.DeadLetterConfig.Arn",
        "Events.*.Properties.EventBusName",
        "Events.*.Properties.Pattern.detail.stateMachineArn",
        "Events.*.Properties.Queue",
        "LoggingConfig.LogGroup",
    },
    "AWS::Serverless::StateMachine": {
        "DefinitionSubstitutions.*",
        "Logging.Destinations.CloudWatchLogsLogGroup.LogGroupArn",
    },
}
"""Where the template refers to what sends or takes. Tests here and in test_message_contracts.py
look at each of these places. An event without a reference, such as a rate, is told by its type.
"""
EVENTS = {"DynamoDB", "SQS", "EventBridgeRule", "Schedule"}


def named_in(key: str, value: Any) -> list[str]:
    """The names in a reference. None in anything else."""
    if key == "Fn::Sub":
        return re.findall(r"\$\{(\w+)", json.dumps(value))
    return listed(value)[:1] if key in ("Ref", "Fn::GetAtt") else []


def references(value: Any, place: str = "") -> Iterator[tuple[str, str]]:
    """The place of each reference, and the resource."""
    for each in listed(value):
        for key, inner in each.items() if isinstance(each, dict) else ():
            yield from ((place, name) for name in named_in(key, inner))
            if key not in PERMITS:
                yield from references(inner, f"{place}{step(key, place)}")


def step(key: str, place: str) -> str:
    """The next part of a place: names that the template gives by itself are `*`."""
    if key.startswith("Fn::"):
        return ""
    named = place in ("Events", "Environment.Variables", "DefinitionSubstitutions")
    return ("." if place else "") + ("*" if named else key)


OF_TARGETS = {"Arn", "DeadLetterConfig", "EventBusName", "Id", "Pattern", "RetryPolicy"}
"""What a target may say. `Input`, `InputPath` and `InputTransformer` change an event on its way."""


@pytest.mark.parametrize("target", TARGETS)
def test_a_rule_passes_events_on_as_they_are(target: str) -> None:
    """Contract tests give a target what its rule lets through."""
    changing = TARGETS[target].keys() - OF_TARGETS

    assert not changing, "let `deliver` of tests/support/messages.py do to events what these do"


def test_producers_and_consumers_are_connected_in_no_other_way() -> None:
    """A new kind of connection fails here, such as a pipe, a subscription, a trigger of the user
    pool, a filter of a log, or an alarm that does something.
    """
    found: dict[str, set[str]] = {}
    for resource in RESOURCES.values():
        for place, name in references(resource["Properties"]):
            if RESOURCES.get(name, {}).get("Type") in SENDS_OR_TAKES:
                found.setdefault(resource["Type"], set()).add(place)
    kinds = {e["Type"] for f in FUNCTIONS.values() for e in f.get("Events", {}).values()}

    assert found == REFERENCES, "let a test look at each new place, then add it to REFERENCES"
    assert kinds == EVENTS, "let test_message_contracts.py send what such an event does"
    by_sam = [n for n, m in of_type("AWS::Serverless::StateMachine").items() if "Events" in m]
    assert by_sam == [], "start it by a rule or a schedule of its own: the tests find these"
