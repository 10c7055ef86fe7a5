"""What the local stack lets through to the tools that it runs."""

from __future__ import annotations

import os

import pytest

from local import settings
from local.settings import Problem


def test_no_profile_or_session_of_a_real_account_reaches_the_tools(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("AWS_PROFILE", "production")
    monkeypatch.setenv("AWS_SESSION_TOKEN", "real")

    variables = settings.environment("http://127.0.0.1:4566")

    assert "AWS_PROFILE" not in variables
    assert "AWS_SESSION_TOKEN" not in variables
    assert variables["AWS_SHARED_CREDENTIALS_FILE"] == os.devnull
    assert variables["AWS_ENDPOINT_URL"] == "http://127.0.0.1:4566"


@pytest.mark.parametrize("port", ["abc", "80", "70000"])
def test_a_port_that_is_none_is_refused_with_what_to_do(
    monkeypatch: pytest.MonkeyPatch, port: str
) -> None:
    monkeypatch.setenv("CAVOK_PORT", port)

    with pytest.raises(Problem, match="CAVOK_PORT=4567 make up"):
        settings.requested_port()
