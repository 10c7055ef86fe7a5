"""docs/operating.md is what an operator has at night: it covers every alarm and queue."""

from __future__ import annotations

import json
import re

from local.settings import ROOT
from tests.support.template import template

RESOURCES = template()["Resources"]
RUNBOOK = (ROOT / "docs" / "operating.md").read_text()


def first_column(heading: str) -> list[str]:
    """The names in the table under a heading."""
    _, _, rest = RUNBOOK.partition(f"\n## {heading}\n")
    section, _, _ = rest.partition("\n## ")
    rows = re.findall(r"^\| ([^|]+) \|", section, re.M)[1:]
    return [name for row in rows for name in row.split(", ") if set(name) != {"-"}]


def named(kind: str) -> list[str]:
    return [name for name, resource in RESOURCES.items() if resource["Type"] == kind]


def test_the_runbook_explains_every_alarm_once_and_no_others() -> None:
    alarms = [name.removesuffix("Alarm") for name in named("AWS::CloudWatch::Alarm")]

    assert sorted(first_column("Alarms")) == sorted(alarms)
    for name in named("AWS::CloudWatch::Alarm"):
        description = RESOURCES[name]["Properties"]["AlarmDescription"]
        assert description.endswith("See docs/operating.md."), name


def test_the_runbook_says_how_to_redrive_every_dead_letter_queue() -> None:
    feeding = json.dumps(_sources_of_functions())
    dead = [name for name in named("AWS::SQS::Queue") if f'"{name}"' not in feeding]

    assert sorted(first_column("Redriving a dead-letter queue")) == sorted(dead)


def test_every_dead_letter_queue_has_an_alarm() -> None:
    watched = {
        dimension["Value"]["Fn::GetAtt"][0]
        for name in named("AWS::CloudWatch::Alarm")
        for dimension in RESOURCES[name]["Properties"]["Dimensions"]
        if dimension["Name"] == "QueueName"
    }

    assert watched == set(first_column("Redriving a dead-letter queue"))


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
