"""The contract tests run only if a person requests them and confirms what they will create.

    make contract PROFILE=name

asks on the terminal. Without a terminal, `CAVOK_CONTRACT_ACCOUNT=<account number>` confirms.
"""

from __future__ import annotations

import os
from collections.abc import Iterator

import boto3
import pytest

from tests.contract.place import REFUSALS, WOULD_CREATE, Place

REASON = "talks to a real AWS account: make contract PROFILE=name"
_FOLDER = "tests/contract/"


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--run-contract", action="store_true", help="run tests in a real AWS account")


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    ours = [item for item in items if item.nodeid.startswith(_FOLDER)]
    for item in ours:
        if not config.getoption("--run-contract"):
            item.add_marker(pytest.mark.skip(reason=REASON))


@pytest.fixture(scope="session")
def place(request: pytest.FixtureRequest) -> Iterator[Place]:
    """The account, after a person confirmed what will be created in it."""
    try:
        place = Place(boto3.session.Session())
    except REFUSALS as error:
        pytest.exit(f"AWS does not know who we are: {error}. Nothing was created.", returncode=2)
    _confirm(request.config, place)
    try:
        yield place
    finally:
        place.clean_up()


def _confirm(config: pytest.Config, place: Place) -> None:
    if os.environ.get("CAVOK_CONTRACT_ACCOUNT") == place.account_number:
        return
    listed = "\n".join(f"  - {thing}" for thing in WOULD_CREATE)
    question = (
        f"\n\nThis would create, in AWS account {place.account_number}, {place.region}:\n{listed}\n"
        f"Type the account number to go on: "
    )
    capture = config.pluginmanager.getplugin("capturemanager")
    capture.suspend_global_capture(in_=True)
    try:
        answer = input(question)
    except EOFError:
        answer = ""
    finally:
        capture.resume_global_capture()
    if answer.strip() != place.account_number:
        pytest.exit("Not confirmed. Nothing was created.", returncode=2)
