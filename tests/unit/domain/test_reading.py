"""Ids and times of messages, as every consumer reads them."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from cavok.domain.errors import MalformedEvent
from cavok.domain.reading import ids_of, object_of, read_json, time_of, type_and_detail

NOON = datetime(2025, 3, 1, 12, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    ("name", "longest"), [("account_id", 512), ("interaction_id", 128), ("event_id", 900)]
)
def test_an_id_is_a_text_that_fits_into_a_key(name: str, longest: int) -> None:
    for fits in ("x", "x" * longest, "ü" * (longest // 2)):
        assert ids_of({name: fits, "other": 7}, name) == {name: fits}
    for other in (None, 7, [], {}, "", "x" * (longest + 1), "ü" * (longest // 2) + "x", "\ud800"):
        with pytest.raises(MalformedEvent) as refused:
            ids_of({name: other}, name)
        assert str(refused.value) == f"{name} is not a text of 1 to {longest} bytes."
    with pytest.raises(MalformedEvent):
        ids_of({}, name)


@pytest.mark.parametrize(
    "text", ["2025-03-01T12:00:00Z", "2025-03-01T12:00:00+00:00", "2025-03-01T13:00:00.000+01:00"]
)
def test_a_time_is_read_in_utc(text: str) -> None:
    at = time_of({"at": text}, "at")

    assert (at, at.tzinfo) == (NOON, UTC)


@pytest.mark.parametrize(
    "message",
    [
        {},
        *({"at": at} for at in (None, 7, [], "", "yesterday", "2025-03-01", "2025-03-01T12:00:00")),
        {"at": "0001-01-01T00:00:00+14:00"},
    ],
    ids=str,
)
def test_what_is_no_time_or_has_no_zone_is_malformed(message: dict[str, Any]) -> None:
    with pytest.raises(MalformedEvent, match=r"^at is not a time in ISO 8601 with its zone\.$"):
        time_of(message, "at")


@pytest.mark.parametrize("text", ["", "{", "not JSON", "[" * 100_000, None], ids=lambda _: "text")
def test_what_is_not_json_is_malformed(text: Any) -> None:
    with pytest.raises(MalformedEvent, match=r"^Not JSON: ."):
        read_json(text)


@pytest.mark.parametrize("value", [None, 7, "text", []])
def test_what_is_no_object_is_malformed(value: Any) -> None:
    for read in (object_of, type_and_detail):
        with pytest.raises(MalformedEvent):
            read(value)
    for event in ({"detail-type": "A", "detail": value}, {"detail-type": 7, "detail": {}}):
        with pytest.raises(MalformedEvent):
            type_and_detail(event)


def test_an_event_has_a_type_and_a_detail() -> None:
    assert type_and_detail({"detail-type": "A", "detail": {"x": 1}}) == ("A", {"x": 1})
