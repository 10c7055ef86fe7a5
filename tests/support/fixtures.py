"""What the e2e and the browser tests share: the stack, what holds on it, an organization."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from local import stack as local_stack
from local import sweep
from local.stack import Stack
from tests.support.invariants import DRAIN_SECONDS, Declare, Invariants, holding
from tests.support.months import seconds_it_takes, stay_within_a_month
from tests.support.organizations import Organization, new_organization


def let_the_last_test_drain(items: list[pytest.Item]) -> None:
    """What ends with the session counts against the limit of its last test: the stack becomes idle,
    and all its logs are read.
    """
    for item in items[-1:]:
        own = item.get_closest_marker("timeout")
        seconds = DRAIN_SECONDS + (own.args[0] if own else 600)
        item.add_marker(pytest.mark.timeout(seconds), append=False)


@pytest.fixture(scope="session")
def stack() -> Iterator[Stack]:
    """The running local stack; `make e2e` and `make browser` start it. Sweeps run on request."""
    running = local_stack.load()
    before = sweep.change_schedule(running, State="DISABLED")
    yield running
    sweep.change_schedule(running, **before)


@pytest.fixture(scope="session", autouse=True)
def invariants(stack: Stack) -> Iterator[Invariants]:
    """Checked after the last test."""
    yield from holding(stack)


@pytest.fixture
def declare(invariants: Invariants) -> Iterator[Declare]:
    """For tests that cause errors on purpose."""
    yield invariants.declare
    invariants.end_of_test()


@pytest.fixture
def one_month(request: pytest.FixtureRequest) -> None:
    """For tests that compare an account's usage with what it was before: each month starts anew."""
    stay_within_a_month(seconds_it_takes(request.node))


@pytest.fixture(scope="module")
def own_organization(stack: Stack) -> Iterator[Organization]:
    """An organization of the module's own, for tests that break things."""
    with new_organization(stack) as made:
        yield made
