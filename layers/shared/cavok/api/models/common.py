"""What the bodies and parameters of several resources share."""

import re
from datetime import datetime
from typing import Annotated, Any, Self

from aws_lambda_powertools.event_handler.openapi.params import Header, Query
from pydantic import (
    BaseModel,
    ConfigDict,
    GetCoreSchemaHandler,
    GetJsonSchemaHandler,
    PlainSerializer,
    StrictStr,
    ValidationInfo,
    WithJsonSchema,
    field_validator,
)
from pydantic_core import PydanticCustomError, core_schema

from cavok.domain.access_denied import Reason
from cavok.domain.ids import ULID_PATTERN
from cavok.domain.regions import RegionStatus
from cavok.domain.times import utc_text

Limit = Annotated[int, Query(ge=1, le=100, description="The maximum number of entries to return.")]
Cursor = Annotated[
    str | None, Query(max_length=1000, description="The `next_cursor` of the previous page.")
]
# No control characters: they separate the key from what else is hashed (`key_hash`).
IdempotencyKey = Annotated[
    str | None,
    Header(alias="Idempotency-Key", min_length=1, max_length=255, pattern=r"^[^\x00-\x1f\x7f]*$"),
]
Timestamp = Annotated[
    datetime,
    PlainSerializer(utc_text, return_type=str, when_used="json"),
    WithJsonSchema({"type": "string", "format": "date-time"}),
]
"""ISO 8601, UTC."""


class RequestBody(BaseModel):
    """A body that a client sends. Unknown fields are refused."""

    model_config = ConfigDict(extra="forbid", hide_input_in_errors=True)


class RequestBodyWithoutNulls(RequestBody):
    """A request body in which a field is given or left out, but never null."""

    @field_validator("*", mode="before")
    @classmethod
    def _not_null(cls, value: Any, info: ValidationInfo) -> Any:
        if value is None:
            required = cls.model_fields[str(info.field_name)].is_required()
            raise PydanticCustomError("missing" if required else "null", "Null")
        return value


class ResponseBody(BaseModel):
    """A body that is made from a domain object."""

    @classmethod
    def of(cls, source: object, **others: Any) -> Self:
        """Reads each field from the attribute of the same name, nested objects too. `others` are
        the fields that `source` does not have, or has under another name.
        """
        same = {name: getattr(source, name) for name in cls.model_fields if name not in others}
        return cls.model_validate(same | others, from_attributes=True)


class RegionHealthBody(ResponseBody):
    """What the last test found in a region."""

    region: str
    status: RegionStatus
    reason: Reason | None


class Matching:
    """Accepts a string that matches the whole ASCII pattern; else the error says `message`."""

    def __init__(self, pattern: str, message: str) -> None:
        self._pattern = pattern  # compiled at the first use, which most processes never see
        self._message = message

    def _check(self, value: str) -> str:
        if not re.fullmatch(self._pattern, value, re.ASCII):
            raise ValueError(self._message)
        return value

    def __get_pydantic_core_schema__(
        self, source: Any, handler: GetCoreSchemaHandler
    ) -> core_schema.CoreSchema:
        return core_schema.no_info_after_validator_function(self._check, handler(source))

    def __get_pydantic_json_schema__(
        self, schema: core_schema.CoreSchema, handler: GetJsonSchemaHandler
    ) -> dict[str, Any]:
        return handler(schema) | {"pattern": f"^{self._pattern}$"}


class MayBeLeftOut:
    """Marks a field that may be left out but not be null, so that OpenAPI shows no null."""

    def __get_pydantic_json_schema__(
        self, schema: core_schema.CoreSchema, handler: GetJsonSchemaHandler
    ) -> dict[str, Any]:
        shown = handler(schema)
        (given,) = (option for option in shown.pop("anyOf") if option != {"type": "null"})
        return {**shown, **given}


def left_out() -> None:
    """The default of such a field: a factory, because OpenAPI shows a plain default."""


EnrollmentId = Annotated[
    StrictStr, Matching(ULID_PATTERN, "An enrollment is its id: 26 digits and capitals.")
]
UnitId = Annotated[
    StrictStr,
    Matching(
        "(r-[0-9a-z]{4,32}|ou-[0-9a-z]{4,32}-[0-9a-z]{8,32})",
        "A unit is its id in AWS Organizations, ou-… or, for the root, r-….",
    ),
]
