"""docs/operating.md is what an operator has at night: it covers every alarm and queue."""

from __future__ import annotations

import json
import re
import shlex
import subprocess
from itertools import pairwise
from typing import Any

import pytest
from cfnlint.schema import PROVIDER_SCHEMA_MANAGER

from local.release import _index_changes
from local.retained import retained
from local.settings import ROOT
from tests.support import linted
from tests.support.documents import RUNBOOK, runbook_rows
from tests.support.template import HEADS, RESOURCES, folder, linked, parsed, template


def first_column(heading: str, level: int = 2) -> list[str]:
    """The names in the table under a heading."""
    return [name for row in runbook_rows(heading, level) for name in row[0].split(", ")]


def named(kind: str) -> list[str]:
    return [name for name, resource in RESOURCES.items() if resource["Type"] == kind]


def test_the_runbook_explains_every_alarm_once_and_no_others() -> None:
    alarms = [name.removesuffix("Alarm") for name in named("AWS::CloudWatch::Alarm")]

    assert sorted(first_column("Alarms")) == sorted(alarms)
    for name in named("AWS::CloudWatch::Alarm"):
        description = RESOURCES[name]["Properties"]["AlarmDescription"]
        assert description.endswith("See docs/operating.md."), name


def test_the_runbook_splits_several_indexes_into_updates_that_dynamodb_takes() -> None:
    """Each command takes one index out of a template, with the attribute that no other has."""
    commands = re.findall(r"^(sed .+) (\S+\.yaml) > \S+\.yaml$", RUNBOOK, re.M)
    text, tables = (ROOT / "template.yaml").read_text(), [RESOURCES["Table"]]
    for command, _ in commands:
        words = shlex.split(command)
        ran = subprocess.run(words, input=text, capture_output=True, text=True, check=True)
        text = ran.stdout
        tables.append(parsed(text)["Resources"]["Table"])

    assert [read for _, read in commands] == ["template.yaml", "second.yaml"]
    added = [by_index(a).keys() - by_index(b).keys() for a, b in pairwise(tables)]
    assert added == [{"by_number"}, {"by_external_id"}]
    for after, before in pairwise(tables):
        assert list(_index_changes("Table", before, after)) == []
    for table in tables:
        keyed = {each for keys in [*by_index(table).values(), ["pk", "sk"]] for each in keys}
        defined = table["Properties"]["AttributeDefinitions"]
        assert {each["AttributeName"] for each in defined} == keyed
    assert parsed(text)["Resources"] | {"Table": RESOURCES["Table"]} == RESOURCES


def by_index(table: dict[str, Any]) -> dict[str, list[str]]:
    """The attributes of the keys of each index."""
    indexes = table["Properties"]["GlobalSecondaryIndexes"]
    return {
        each["IndexName"]: [key["AttributeName"] for key in each["KeySchema"]] for each in indexes
    }


AT_THE_FIRST = {
    "ComparisonOperator": "GreaterThanThreshold",
    "EvaluationPeriods": 1,
    "Period": 300,
    "Threshold": 0,
    "TreatMissingData": "notBreaching",
}
"""What never happens rings once it does, and silence rings nothing."""

LATER: dict[str, tuple[str, dict[str, Any]]] = {
    "AbortedTests": ("More than five tests in five minutes", {"Threshold": 5}),
    "Concurrency": (
        "In each of five minutes, more than four fifths",
        {"EvaluationPeriods": 5, "Period": 60, "Threshold": 80, "Statistic": "Maximum"},
    ),
    "GatewayFaults": ("For ten minutes", {"EvaluationPeriods": 2}),
    "LateConnections": ("for a quarter of an hour", {"Threshold": 900}),
    "SilentSweeps": (
        "For two quarters of an hour no sweep",
        {
            "ComparisonOperator": "LessThanThreshold",
            "EvaluationPeriods": 2,
            "Period": 900,
            "Statistic": "SampleCount",
            "Threshold": 1,
            "TreatMissingData": "breaching",
        },
    ),
    "UntestedAccounts": (
        "for more than 26 hours",
        {"Period": 900, "Statistic": "Maximum", "Threshold": 26},
    ),
    "WebhookRetries": ("More than 60,000 messages", {"Threshold": 60000}),
}
"""All other alarms: what the runbook says, and how that is set."""

NOT_WHEN = ("AlarmActions", "AlarmDescription", "Dimensions", "MetricName", "Metrics", "Namespace")
"""What an alarm says, to whom, and which metric it watches."""


def when(alarm: str) -> dict[str, Any]:
    """When an alarm rings: all other properties. An expression's metrics have one period and
    statistic.
    """
    properties = RESOURCES[f"{alarm}Alarm"]["Properties"]
    found = {name: value for name, value in properties.items() if name not in NOT_WHEN}
    if "Metrics" in properties:
        stats = [each["MetricStat"] for each in properties["Metrics"] if "MetricStat" in each]
        ((found["Period"], found["Statistic"]),) = {(one["Period"], one["Stat"]) for one in stats}
    return found


@pytest.mark.parametrize("alarm", first_column("Alarms"))
def test_an_alarm_rings_when_the_runbook_says(alarm: str) -> None:
    """Events add up. Of a queue, the most messages within the period count."""
    (row,) = (row for row in runbook_rows("Alarms") if alarm in row[0].split(", "))
    of_a_queue = RESOURCES[f"{alarm}Alarm"]["Properties"].get("Namespace") == "AWS/SQS"
    said, but = LATER.get(alarm, ("", {}))

    assert said in row[2]
    assert when(alarm) == {**AT_THE_FIRST, "Statistic": "Maximum" if of_a_queue else "Sum", **but}


COUNTED = {
    "OurEntryBroken": ("counted(OurEntryBroken)", "report_own_refusals("),
    "AbortedTests": ('"Verifications"',),
    "DroppedEvents": ("one_message", "WholeBatch(EventType.SQS"),
    "MissingClocks": ("reconcile_clocks(",),
    "UntestedAccounts": ('"HoursUntested"',),
    "SilentSweeps": ('"HoursUntested"',),
    "ApiFaults": ("make_app(",),
    "WebhookFaults": ('"WebhookFaults"',),
    "LineFaults": ('"LineFaults"',),
}
"""The alarms on metrics of our own, and what the handlers that write these say. `hear_connections`
drops what anybody may publish, and no alarm counts that: test_hear_connections.py.
"""


def ringing(alarm: str) -> set[str]:
    """The folders of the functions, or the workflows, for which an alarm rings."""
    if words := COUNTED.get(alarm):
        handlers = {path.parent.name: path.read_text() for path in ROOT.glob("functions/*/app.py")}
        found = {f for f, text in handlers.items() if any(word in text for word in words)}
        return found - {"hear_connections"} if alarm == "DroppedEvents" else found
    found, seen, ahead = set(), {f"{alarm}Alarm"}, [f"{alarm}Alarm"]
    while ahead:
        here = ahead.pop()
        new = linked(here) - set(named("AWS::SQS::QueuePolicy")) - seen
        found |= new & set(HEADS)
        ahead += new - set(HEADS)
        seen |= new
    return {file_of(head) for head in found}


def file_of(head: str) -> str:
    """A function's folder, or a workflow's file without its endings."""
    if RESOURCES[head]["Type"] == "AWS::Serverless::Function":
        return folder(head)
    uri: str = RESOURCES[head]["Properties"]["DefinitionUri"]
    return uri.removeprefix("statemachines/").removesuffix(".asl.json")


@pytest.mark.parametrize("row", runbook_rows("Alarms"), ids=lambda row: row[0])
def test_the_runbook_names_each_function_or_workflow_for_which_an_alarm_rings(
    row: list[str],
) -> None:
    expected = {name for alarm in row[0].split(", ") for name in ringing(alarm)}

    assert set(re.findall(r"`(\w+)`", row[1])) == (expected or {"accounts_api", "instances_api"})


def test_the_runbook_says_of_every_alarm_whether_a_customer_can_ring_it() -> None:
    assert sorted(first_column("Alarms that a customer could ring", level=3)) == sorted(
        first_column("Alarms")
    )


def test_the_runbook_says_how_to_redrive_every_dead_letter_queue() -> None:
    feeding = json.dumps(_sources_of_functions())
    dead = [name for name in named("AWS::SQS::Queue") if f'"{name}"' not in feeding]

    assert sorted(first_column("Redriving a dead-letter queue")) == sorted(dead)


CUSTOMERS_FAILURES = {"UndeliveredWebhooks", "UnwrittenLines"}
"""Queues that customers fill. A metric counts what comes there by a fault of ours."""


def test_every_dead_letter_queue_has_an_alarm_unless_customers_fill_it() -> None:
    watched = {
        dimension["Value"]["Fn::GetAtt"][0]
        for alarm in (RESOURCES[name]["Properties"] for name in named("AWS::CloudWatch::Alarm"))
        for dimension in alarm.get("Dimensions", ())
        if dimension["Name"] == "QueueName"
        and alarm["MetricName"] == "ApproximateNumberOfMessagesVisible"
    }

    assert watched | CUSTOMERS_FAILURES == set(first_column("Redriving a dead-letter queue"))
    assert not watched & CUSTOMERS_FAILURES


def test_the_runbook_names_no_resource_that_the_template_lacks() -> None:
    names = re.findall(
        r"`([A-Z][A-Za-z]+(?:Role|Schedule|Messages|ToLog|Events|Accounts))`", RUNBOOK
    )

    assert names
    assert [name for name in names if name not in json.dumps(RESOURCES)] == []


def _sources_of_functions() -> list[object]:
    """The queues and streams that feed functions."""
    events = [
        event["Properties"].get("Queue")
        for resource in RESOURCES.values()
        for event in resource["Properties"].get("Events", {}).values()
    ]
    mappings = named("AWS::Lambda::EventSourceMapping")
    return events + [RESOURCES[name]["Properties"]["EventSourceArn"] for name in mappings]


def test_the_runbook_names_what_identifies_each_resource_that_outlives_the_stack() -> None:
    """For an import into a new stack. Source: the schemas of AWS, which cfn-lint ships."""
    _, _, guide = RUNBOOK.partition("\n## Bringing retained resources into a new stack\n")
    block = re.search(r"```json\n(.*?)```", guide, re.DOTALL)
    assert block
    named = {
        each["LogicalResourceId"]: (each["ResourceType"], [*each["ResourceIdentifier"]])
        for each in json.loads(block[1])
    }
    kept = retained(template())["Resources"]

    assert named == {
        name: (resource["Type"], identifier_of(resource["Type"])) for name, resource in kept.items()
    }
    assert set(named) == {"Table", "SealingKey", "UserPool", "TemplatesBucket"}


def identifier_of(kind: str) -> list[str]:
    schema = PROVIDER_SCHEMA_MANAGER.get_resource_schema("us-east-1", kind).schema
    return [path.removeprefix("/properties/") for path in schema["primaryIdentifier"]]


def test_a_template_for_an_import_refers_to_nothing_that_it_lacks() -> None:
    for_import = retained(template())

    assert all("DeletionPolicy" in resource for resource in for_import["Resources"].values())
    assert [f for f in linted.findings(json.dumps(for_import)) if f.rule.severity == "error"] == []


def test_the_runbook_tells_the_key_by_the_description_that_it_has() -> None:
    """A key has no name of its own by which an operator could find it."""
    description = RESOURCES["SealingKey"]["Properties"]["Description"]

    assert f"“{description}”" in " ".join(RUNBOOK.split())
