"""How `make bench` weighs a view of the page."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from unittest.mock import MagicMock

import pytest

from tests.bench import page
from tests.support.page.measures import weigh


@pytest.mark.parametrize(("requests", "came"), [(4, False), (5, True)])
def test_a_view_that_did_not_come_is_no_light_one(requests: int, came: bool) -> None:
    opened = MagicMock()
    session = opened.context.new_cdp_session.return_value

    def visit() -> None:
        for _ in range(requests):
            session.on.call_args.args[1]({"encodedDataLength": 100})

    if came:
        assert weigh(opened, visit) == [100] * requests
    else:
        with pytest.raises(AssertionError):
            weigh(opened, visit)


def test_a_view_is_weighed_once_it_is_there(monkeypatch: pytest.MonkeyPatch) -> None:
    """Not once nothing is asked for: the first function may be starting."""
    seen: list[Any] = []
    monkeypatch.setattr(page, "open_until", lambda *of: seen.append(of[1:]))
    monkeypatch.setattr(page, "weigh_visit", lambda _, visit: visit())
    visitors = MagicMock()
    visitors.stack.dashboard_url = "https://page"

    @contextmanager
    def opened(**_: Any) -> Iterator[MagicMock]:
        yield MagicMock()

    visitors.page = opened
    page._weights(visitors)

    assert seen == [("https://page", "Sign in"), ("https://page", "Cloud Accounts")]
