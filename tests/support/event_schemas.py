"""The JSON Schemas of events under docs/events."""

from __future__ import annotations

import json
from functools import cache
from typing import Any

from jsonschema import Draft202012Validator, FormatChecker

from local.settings import ROOT

FOLDER = ROOT / "docs" / "events"


@cache
def validator(detail_type: str) -> Draft202012Validator:
    """The validator of a type's `detail`. A published schema is open, since fields may be added;
    here those that it does not know are problems, so that it says all that there is.
    """
    name = detail_type.lower().replace(" ", "_")
    schema = json.loads((FOLDER / f"{name}.v1.json").read_text())
    Draft202012Validator.check_schema(schema)
    return Draft202012Validator(closed(schema), format_checker=FormatChecker())


def closed(schema: Any) -> Any:
    """The schema, and those in it, without room for other fields."""
    if isinstance(schema, list):
        return [closed(each) for each in schema]
    if not isinstance(schema, dict):
        return schema
    inside = {name: closed(each) for name, each in schema.items()}
    return inside | ({"additionalProperties": False} if "properties" in schema else {})


def problems_of(detail_type: str, detail: dict[str, Any]) -> list[str]:
    """What is wrong with an event, in words."""
    found = validator(detail_type).iter_errors(detail)
    return [f"{detail_type}: {error.json_path}: {error.message}" for error in found]
