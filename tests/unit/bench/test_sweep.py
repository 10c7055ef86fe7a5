"""What `make bench` takes for the bill of a sweep."""

from __future__ import annotations

from unittest.mock import Mock

import pytest

from tests.bench import sweep
from tests.bench.functions import Invocation
from tests.bench.measure import Sample
from tests.bench.stand_in import Call
from tests.bench.sweep import Counted
from tests.bench.workflows import Bill, Invoked

INVOKED = Invoked("SweepAccounts", None, Invocation(Sample(1.0, 1.0), {}, 0, 0))


def swept(service: str, operation: str) -> Counted:
    """A sweep that made one call."""
    call = Call(service, operation, {}, {}, (), 0.0, 0.0, 0)
    return Counted(Mock(bill=Bill(1)), [INVOKED], [call], 0.0)


@pytest.mark.parametrize(
    ("service", "operation"),
    [
        ("monitoring", "PutMetricData"),
        ("s3", ""),
        ("secretsmanager", "GetSecretValue"),
        ("sns", "Publish"),
        ("states", "StartExecution"),
    ],
)
def test_a_call_without_a_price_is_no_free_one(service: str, operation: str) -> None:
    with pytest.raises(
        NotImplementedError, match=rf"no price here: .*\'{service}\', \'{operation}"
    ):
        sweep._used(swept(service, operation), {})


@pytest.mark.parametrize(("rate", "sweeps"), [("1 minute", 1440), ("2 minutes", 720)])
def test_a_day_has_as_many_sweeps_as_the_template_starts(
    monkeypatch: pytest.MonkeyPatch, rate: str, sweeps: int
) -> None:
    given = {"Parameters": {"SweepRate": {"Default": f"rate({rate})"}}}
    monkeypatch.setattr(sweep, "template", lambda: given)

    assert sweep.sweeps_a_day() == sweeps


def test_what_is_counted_or_free_has_a_price() -> None:
    assert sweep._used(swept("kms", "Decrypt"), {}).kms_requests == 1
    for service, operation in (("sts", "AssumeRole"), ("states", "ListExecutions")):
        assert sweep._used(swept(service, operation), {}).kms_requests == 0
