"""Listings that are larger than an answer of Lambda: 6 MB, and nobody gets one."""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Iterator
from typing import Any

import pytest

from cavok import wiring
from cavok.api.routes import instances as route
from cavok.domain.instances import Instance
from cavok.domain.kinds import Kind
from cavok.services.kept_listings import Listing
from functions.instances_api import app
from tests.support.api import Context
from tests.support.builders import ACCOUNT_ID, sample_event
from tests.support.moto_stack import Clock

LAMBDA_SENDS = 6 * 1024 * 1024
"""Bytes of a response. Source: Lambda Developer Guide, "Lambda quotas": invocation payload."""
PATH = f"/v1/accounts/{ACCOUNT_ID}/instances"


def fleet(name: str, count: int, *, mixed: bool = True) -> Iterator[Instance]:
    """Of two kinds in two regions, or of one in one."""
    regions, kinds = ("eu-west-1", "us-east-1"), (Kind.EC2, Kind.RDS)
    for region in regions if mixed else regions[:1]:
        for kind in kinds if mixed else kinds[:1]:
            for number in range(count // 4 if mixed else count):
                yield Instance(
                    kind=kind,
                    instance_id=f"i-{number:017x}",
                    name=name,
                    region=region,
                    state="stopped",
                    type="t4g.nano",
                )


@pytest.mark.parametrize(
    ("name", "count", "mixed"),
    [
        ("web", 50_000, True),
        ("中" * 256, 4_000, True),
        ('"\\' * 128, 8_000, True),
        ("web", 400, True),
        ("中" * 256, 4_000, False),
    ],
    ids=[
        "many",
        "names that are escaped",
        "names that are escaped twice",
        "few",
        "one kind in one region",
    ],
)
def test_an_answer_takes_as_many_instances_as_lambda_sends_and_says_what_is_left_out(
    name: str, count: int, mixed: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    listed = list(fleet(name, count, mixed=mixed))
    listing = Listing(listed, [], as_of=Clock.time)
    monkeypatch.setattr(route, "recent_instances", lambda *_, **__: listing)
    monkeypatch.setattr(wiring, "connection_dependencies", lambda: None)
    event = sample_event("api_create_account") | {"rawPath": PATH, "body": None}
    event["requestContext"]["http"] |= {"method": "GET", "path": PATH}

    answer: dict[str, Any] = app.handler(event, Context())  # type: ignore[arg-type]

    assert answer["statusCode"] == 200
    assert len(json.dumps(answer)) < LAMBDA_SENDS
    body = json.loads(answer["body"])
    shown = body["items"]
    assert [each["instance_id"] for each in shown] == [
        each.instance_id for each in listed[: len(shown)]
    ]
    assert len(json.dumps(answer)) > LAMBDA_SENDS / 2 or len(shown) == count
    left_out = Counter((each.region, each.kind) for each in listed[len(shown) :])
    assert [
        (each["region"], each["kind"], re.findall("[0-9,]+ are left out", each["detail"]))
        for each in body["unavailable"]
    ] == [(*where, [f"{number:,} are left out"]) for where, number in left_out.items()]
    for each in body["unavailable"]:
        assert ("alone" in each["detail"]) is mixed, "nobody is advised what they just asked"
