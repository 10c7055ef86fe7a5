"""Work that moto repeats, left out. What it answers stays the same."""

from __future__ import annotations

import copy
import os
from pathlib import Path
from typing import Any

from moto.core.model import Shape
from moto.core.serialize import ResponseSerializer, Serialized
from moto.dynamodb.models.table import StreamShard

_serialize_member = ResponseSerializer._serialize_structure_member


def make_moto_faster() -> None:
    """In this process, for good, before anything asks for EC2. A second time changes nothing."""
    # moto else makes 1,300 machine images for every test, each with a volume: a third of the time.
    os.environ["MOTO_AMIS_PATH"] = str(Path(__file__).with_name("one_image.json"))
    StreamShard.__deepcopy__ = _with_the_same_records  # type: ignore[attr-defined]
    ResponseSerializer._serialize_structure_member = _of_what_is_there  # type: ignore[method-assign]


def _with_the_same_records(shard: StreamShard, memo: dict[int, Any]) -> StreamShard:
    """moto copies the table before each transaction, which else takes as long again for all that
    its stream ever told. A record never changes.
    """
    copied = copy.copy(shard)
    memo[id(shard)] = copied
    copied.items, copied.table = list(shard.items), copy.deepcopy(shard.table, memo)
    return copied


def _of_what_is_there(
    self: ResponseSerializer, serialized: Serialized, value: Any, shape: Shape, key: str
) -> None:
    """moto else looks for each of the ten types of a DynamoDB value under six names: a third of the
    time of the integration tests.
    """
    if type(value) is dict and key not in value and shape.parent.name == "AttributeValue":  # type: ignore[attr-defined]
        return
    _serialize_member(self, serialized, value, shape, key)
