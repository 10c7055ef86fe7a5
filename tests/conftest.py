"""What all tests share."""

from __future__ import annotations

import gc
from functools import cache

import pytest
from botocore.loaders import JSONFileLoader, Loader
from hypothesis import HealthCheck, settings
from moto.core.loaders import Loader as MotoLoader

from tests.support.moto_speed import make_moto_faster

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


def pytest_collection_finish() -> None:
    """The search for garbage takes a tenth of the time. What is loaded by now stays, and the rest
    is searched less often.
    """
    gc.freeze()
    gc.set_threshold(20_000, 20, 20)


# A busy machine is no error of the code under test.
settings.register_profile("cavok", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("cavok")


class _ReadOnce(JSONFileLoader):
    """Every boto3 session else reads the models of its services anew: a sixth of the time."""

    load_file = staticmethod(cache(JSONFileLoader().load_file))  # type: ignore[assignment]


Loader.FILE_LOADER_CLASS = _ReadOnce
# moto adds to the models that it reads. The clients' must stay as AWS wrote them.
MotoLoader.FILE_LOADER_CLASS = JSONFileLoader

make_moto_faster()
