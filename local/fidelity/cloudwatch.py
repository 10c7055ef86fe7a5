"""CloudWatch metrics and alarms."""

from __future__ import annotations

import contextvars
import json
from typing import Any

from ministack.services import cloudwatch, cloudwatch_logs
from ministack.services.cloudformation import provisioners

from local.fidelity.correction import corrects


@corrects(cloudwatch_logs, "_append_log_events")
def extract_embedded_metrics(original: Any, stream: Any, events: list[dict[str, Any]]) -> None:
    """A log line in the Embedded Metric Format becomes the metrics that it describes, and alarms
    see them.

    The emulator stores the line only.
    https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/CloudWatch_Embedded_Metric_Format_Specification.html
    """
    original(stream, events)
    lines = [event["message"] for event in events if event["message"].startswith('{"_aws"')]
    for line in lines:
        _store_metrics(json.loads(line))
    if lines:
        cloudwatch._evaluate_all_alarms()


def _store_metrics(line: dict[str, Any]) -> None:
    at = line["_aws"]["Timestamp"] / 1000
    for directive in line["_aws"]["CloudWatchMetrics"]:
        for names in directive["Dimensions"]:
            dimensions = {name: line[name] for name in names}
            for metric in directive["Metrics"]:
                value = line[metric["Name"]]
                values = value if isinstance(value, list) else [value]
                cloudwatch._store_datum(
                    directive["Namespace"],
                    metric["Name"],
                    dimensions,
                    at,
                    metric.get("Unit", "None"),
                    None,
                    values,
                    None,
                    None,
                )


@corrects(provisioners, "_cw_metric_alarm_record")
def accept_alarms_on_expressions(original: Any, name: str, properties: dict[str, Any]) -> Any:
    """An alarm may watch an expression over metrics.

    The emulator refuses such an alarm, and with it the stack. Here it is stored and never rings:
    the emulator knows no quotas.
    https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-resource-cloudwatch-alarm.html
    """
    if "Metrics" not in properties:
        return original(name, properties)
    watched = next(each["MetricStat"] for each in properties["Metrics"] if "MetricStat" in each)
    kept = {key: value for key, value in properties.items() if key != "Metrics"}
    metric = watched["Metric"] | {"Statistic": watched["Stat"], "Period": watched["Period"]}
    return original(name, kept | metric | {"ActionsEnabled": False})


_alarm_dimensions: contextvars.ContextVar[dict[str, str] | None] = contextvars.ContextVar(
    "alarm_dimensions", default=None
)
"""The dimensions of the alarm that is being evaluated, or None outside of an evaluation."""


@corrects(cloudwatch, "_evaluate_alarm")
def match_the_dimensions_of_an_alarm(original: Any, alarm: dict[str, Any]) -> Any:
    """An alarm watches the metric with exactly its dimensions.

    The emulator takes every metric of the same name.
    https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/cloudwatch_concepts.html#Dimension
    """
    before = _alarm_dimensions.set(cloudwatch._dims_from_list(alarm.get("Dimensions") or []))
    try:
        return original(alarm)
    finally:
        _alarm_dimensions.reset(before)


@corrects(cloudwatch, "_calc_stats")
def _leave_out_other_dimensions(original: Any, points: list[dict[str, Any]]) -> Any:
    watched = _alarm_dimensions.get()
    return original(
        points if watched is None else [p for p in points if p["Dimensions"] == watched]
    )
