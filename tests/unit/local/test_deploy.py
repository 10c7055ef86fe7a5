"""What the local stack sets is what the template allows."""

from __future__ import annotations

import re
from typing import Any

import pytest

from local.deploy import parameters
from local.process import Emulator
from tests.support.template import template

_, *SET = parameters(Emulator(pid=1, port=4566, run_id="r", made_from="m"))


@pytest.mark.parametrize("given", SET, ids=lambda given: given.partition("=")[0])
def test_the_template_has_the_parameter_and_allows_its_value(given: str) -> None:
    name, _, value = given.partition("=")
    parameter: dict[str, Any] = template()["Parameters"][name]

    assert re.fullmatch(parameter.get("AllowedPattern", ".*"), value)
    assert value in map(str, parameter.get("AllowedValues", [value]))
