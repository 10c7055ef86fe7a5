"""What all tests share."""

from __future__ import annotations

import copy
import os
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from botocore.loaders import JSONFileLoader, Loader
from hypothesis import HealthCheck, settings
from moto.core.loaders import Loader as MotoLoader
from moto.core.model import Shape
from moto.core.serialize import ResponseSerializer, Serialized
from moto.dynamodb.models.table import StreamShard

LONGEST = (
    "test_interleaved_operations",
    "test_every_act_fails",
    "test_every_call_fails",
    "test_interleaved_schedules",
    "test_http_semantics",
    "test_sweep",
    "test_model",
    "test_start_keys",
    "test_conditions",
)
"""Files that take most of the time. They begin first, so that no process waits for one at the end.
"""


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    place = {name: number for number, name in enumerate(LONGEST)}
    items.sort(key=lambda item: place.get(item.path.stem, len(LONGEST)))


# A busy machine is no error of the code under test.
settings.register_profile("cavok", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("cavok")

# moto else makes 1,300 machine images for every test, each with a volume: a third of the time.
os.environ["MOTO_AMIS_PATH"] = str(Path(__file__).parent / "support" / "one_image.json")


class _ReadOnce(JSONFileLoader):
    """Every boto3 session else reads the models of its services anew: a sixth of the time."""

    load_file = staticmethod(cache(JSONFileLoader().load_file))  # type: ignore[assignment]


Loader.FILE_LOADER_CLASS = _ReadOnce
# moto adds to the models that it reads. The clients' must stay as AWS wrote them.
MotoLoader.FILE_LOADER_CLASS = JSONFileLoader


def _with_the_same_records(shard: StreamShard, memo: dict[int, Any]) -> StreamShard:
    """moto copies the table before each transaction, which else takes as long again for all that
    its stream ever told. A record never changes.
    """
    copied = copy.copy(shard)
    memo[id(shard)] = copied
    copied.items, copied.table = list(shard.items), copy.deepcopy(shard.table, memo)
    return copied


StreamShard.__deepcopy__ = _with_the_same_records  # type: ignore[attr-defined]

_serialize_member = ResponseSerializer._serialize_structure_member


def _of_what_is_there(
    self: ResponseSerializer, serialized: Serialized, value: Any, shape: Shape, key: str
) -> None:
    """moto else looks for each of the ten types of a DynamoDB value under six names: a third of the
    time of the integration tests.
    """
    if type(value) is dict and key not in value and shape.parent.name == "AttributeValue":  # type: ignore[attr-defined]
        return
    _serialize_member(self, serialized, value, shape, key)


ResponseSerializer._serialize_structure_member = _of_what_is_there  # type: ignore[method-assign]
