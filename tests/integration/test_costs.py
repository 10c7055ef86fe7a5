"""A person's test, whole, takes the write units that docs/costs.md tells. What a scheduled one
takes is in test_sweep.py.
"""

from __future__ import annotations

import re
from collections import Counter
from typing import Any

import pytest
from botocore.client import BaseClient

from local.catalog import COSTS
from tests.bench.capacity import Capacity, keys_written
from tests.support.api import KEY_ACCOUNT, Api
from tests.support.builders import NUMBER
from tests.support.messages import environment, nothing_is_dropped
from tests.support.moto_stack import stored_items
from tests.support.workflows import run_started_test

__all__ = ["environment", "nothing_is_dropped"]

pytestmark = pytest.mark.filterwarnings("ignore:No application metrics")

QUOTA = 2
"""What counting the test takes, which the document leaves out of its table."""


@pytest.fixture
def capacity(monkeypatch: pytest.MonkeyPatch) -> Counter[str]:
    """The write units of all clients, by the items that they were for."""
    found, call = Counter[str](), BaseClient._make_api_call  # type: ignore[attr-defined]

    def count(client: Any, operation: str, asked: Any) -> Any:
        keys = [(k["pk"]["S"], k["sk"]["S"]) for _, k in keys_written(operation, asked)]
        before = stored_items()
        answer = call(client, operation, asked)
        after = stored_items()
        for key in keys:
            own = Capacity()
            own.add(operation, asked, answer, [(before.get(key, {}), after.get(key, {}))])
            found[key[0].partition("#")[0] + "/" + key[1].partition("#")[0]] += int(own.written)
        return answer

    monkeypatch.setattr(BaseClient, "_make_api_call", count)
    return found


def test_a_persons_test_takes_the_write_units_that_are_told(
    admin: Api, capacity: Counter[str]
) -> None:
    account = admin.account(**KEY_ACCOUNT | {"provider_id": NUMBER, "write_logs": True})
    for _ in range(2):  # the status stays in the second
        capacity.clear()
        admin.post(f"/v1/accounts/{account['account_id']}/verifications")
        run_started_test("VerifyAccount")

    (row,) = re.findall(r"^\| DynamoDB write units \| (.*)", COSTS.read_text(), re.MULTILINE)
    in_all, progress = (int(n) for n in re.findall(r"^\d+|(?<=progress )\d+", row))
    shown = capacity.pop("PROGRESS/PROGRESS")
    assert capacity.total() == in_all - progress + QUOTA, capacity
    assert 0 < shown <= progress, "an access key has no trust to show, and moto few words"
