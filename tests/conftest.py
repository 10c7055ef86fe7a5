"""What all tests share."""

from __future__ import annotations

import os
from functools import cache
from pathlib import Path
from typing import Any

from botocore.loaders import JSONFileLoader
from hypothesis import HealthCheck, settings

# A busy machine is no error of the code under test.
settings.register_profile("cavok", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("cavok")

# moto else makes 1,300 machine images for every test, each with a volume: a third of the time.
os.environ["MOTO_AMIS_PATH"] = str(Path(__file__).parent / "support" / "one_image.json")

_read = JSONFileLoader().load_file


@cache
def _read_once(path: str) -> Any:
    return _read(path)


# Every boto3 session else reads the models of its services anew: a sixth of the time.
JSONFileLoader.load_file = lambda _, path: _read_once(path)  # type: ignore[method-assign]
