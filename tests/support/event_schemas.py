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
    """The validator of a type's `detail`; fields that the schema does not know are problems too,
    so that the schema says all that there is.
    """
    name = detail_type.lower().replace(" ", "_")
    schema = json.loads((FOLDER / f"{name}.v1.json").read_text())
    Draft202012Validator.check_schema(schema)
    return Draft202012Validator(
        {**schema, "additionalProperties": False}, format_checker=FormatChecker()
    )


def problems_of(detail_type: str, detail: dict[str, Any]) -> list[str]:
    """What is wrong with an event, in words."""
    found = validator(detail_type).iter_errors(detail)
    return [f"{detail_type}: {error.json_path}: {error.message}" for error in found]
