"""What `make bench` comes to late in its run, in small: a mistake there costs all that was measured
before.
"""

from __future__ import annotations

from unittest.mock import Mock

import pytest

from tests.bench import warm_request, whole_test


def test_the_plain_script_makes_each_call_of_the_customers_log() -> None:
    session = Mock(account_number="111122223333", region="us-east-1")
    session.client.return_value.put_log_events.return_value = {}

    judgements = whole_test._write_log(session)

    assert len(judgements) == 5


def test_warm_requests_can_be_measured_again_and_again(monkeypatch: pytest.MonkeyPatch) -> None:
    """For the requests themselves, and for those beside an organization at its limits."""
    monkeypatch.setattr(warm_request, "_LIMIT", 50)
    for _ in range(2):
        with warm_request._prepared() as calls:
            assert set(calls) > set(warm_request._CALLS)
