"""Lambda reads each line that a function writes, and drops those below its settings' level."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys

import pytest

from local.settings import ROOT
from tests.support.template import template

LEVELS = ("TRACE", "DEBUG", "INFO", "WARN", "ERROR", "FATAL")
ALLOWED = template()["Parameters"]["LogLevel"]["AllowedValues"]
WRITES = """
from cavok.domain.errors import UnusableEvent
from cavok.observability import count, drop, logger
try:
    raise ValueError("Sealed with another key.")
except ValueError:
    logger.exception("Outcome not followed")
count("MissingClocks")
drop(UnusableEvent("No envelope."), "message-1")
"""
RFC_3339 = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)")


def level_of(line: str) -> str:
    """The level that Lambda takes a line of JSON for.

    INFO if it has no level, or no time in RFC 3339. Source: Lambda Developer Guide, "Log-level
    filtering".
    """
    fields = json.loads(line)
    level = {"WARNING": "WARN", "CRITICAL": "FATAL"}.get(fields.get("level"), fields.get("level"))
    readable = RFC_3339.fullmatch(str(fields.get("timestamp")))
    return level if level in LEVELS and readable else "INFO"


def kept(lines: list[str], least: str) -> list[str]:
    return [line for line in lines if LEVELS.index(level_of(line)) >= LEVELS.index(least)]


def written(level: str) -> list[str]:
    """What a function writes whose settings let this level through, as Lambda tells Powertools."""
    environment = os.environ | {
        "PYTHONPATH": str(ROOT / "layers" / "shared"),
        "AWS_LAMBDA_LOG_LEVEL": level,
        "POWERTOOLS_LOG_LEVEL": level,
        "POWERTOOLS_SERVICE_NAME": "cavok-accounts",
        "POWERTOOLS_METRICS_NAMESPACE": "Cavok/Accounts",
    }
    done = subprocess.run(
        [sys.executable, "-c", WRITES], env=environment, capture_output=True, text=True, check=True
    )
    return [line for line in done.stdout.splitlines() if line]


@pytest.mark.parametrize("level", ALLOWED)
def test_every_error_and_every_metric_passes_each_level_that_can_be_deployed(level: str) -> None:
    lines = kept(written(level), level)

    assert [json.loads(line).get("message") for line in lines] == [
        "Outcome not followed",
        None,
        None,
        "Event dropped",
    ]
    assert [level_of(line) for line in lines] == ["ERROR", "INFO", "INFO", "WARN"]
    assert [name for line in lines for name in ("MissingClocks", "DroppedEvents") if name in line]


def test_a_higher_level_would_drop_the_metrics_that_alarms_watch() -> None:
    """Embedded metrics have no level. Nor can Powertools filter above a lower one of Lambda's: the
    level of Lambda's settings takes its place.
    """
    lines = written("INFO")

    assert [line for line in kept(lines, "WARN") if "_aws" in json.loads(line)] == []
    assert set(ALLOWED) <= set(LEVELS[: LEVELS.index("INFO") + 1])


def test_every_function_has_its_lines_filtered_at_that_level() -> None:
    settings = template()["Globals"]["Function"]["LoggingConfig"]

    assert settings == {"LogFormat": "JSON", "ApplicationLogLevel": {"Ref": "LogLevel"}}
    for name, resource in template()["Resources"].items():
        if resource["Type"] == "AWS::Serverless::Function":
            own = set(resource["Properties"]["LoggingConfig"])
            assert own - {"SystemLogLevel"} == {"LogGroup"}, name
            assert "LoggingConfig" not in resource.get("IgnoreGlobals", ()), name
