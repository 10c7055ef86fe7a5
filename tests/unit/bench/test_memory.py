"""Which memory a function should have, by what it was measured to take."""

from __future__ import annotations

import pytest

from tests.bench import usual
from tests.bench.measure import Medians
from tests.bench.memory import GIVEN, LAMBDAS_OWN, SIZES, WAITED_FOR, Times, _is_right
from tests.bench.targets import MEMORY, TARGETS
from tests.support.template import FUNCTIONS

IN_A_PERSONS_TEST = {
    *("AccountsApi", "OpenSession", "ProbePermission"),
    *("RecordVerification", "SurveyRegions", "WriteCustomerLog"),
}
MB = 1024**2


def times(
    function: str = "EndResources", *, cpu: float = 0.01, wait: float = 0.1, peak: int = 30
) -> Times:
    """A function whose invocations work and wait for so many seconds, and whose start takes 0.2."""
    took = Medians(cpu + wait, cpu)
    return Times(function, Medians(0.2, 0.2), took, took, peak * MB)


def test_every_function_is_measured() -> None:
    assert usual.EVENTS.keys() | IN_A_PERSONS_TEST == FUNCTIONS.keys()
    assert not usual.EVENTS.keys() & IN_A_PERSONS_TEST
    assert MEMORY in TARGETS


def test_what_is_waited_for_and_what_has_a_size_for_another_reason_is_there() -> None:
    assert FUNCTIONS.keys() >= WAITED_FOR | GIVEN.keys()
    assert not WAITED_FOR & GIVEN.keys()


@pytest.mark.parametrize(("peak", "size"), [(30, 128), (50, 256), (200, 512), (5000, 1769)])
def test_nobody_waits_for_the_cheapest_that_suffices(peak: int, size: int) -> None:
    assert times(peak=peak).size() == size


@pytest.mark.parametrize(
    ("cpu", "size"), [(0.0005, 128), (0.001, 256), (0.004, 512), (0.012, 1024), (0.5, 1769)]
)
def test_who_waits_gets_the_smallest_that_is_hardly_slower(cpu: float, size: int) -> None:
    assert times("AccountsApi", cpu=cpu).size() == size


def test_a_start_has_a_whole_processor_and_what_follows_a_share() -> None:
    one = times(cpu=0.1, wait=0.2)

    assert one.again(1769) == pytest.approx(0.3)
    assert one.again(256) == pytest.approx(0.2 + 0.1 * 1769 / 256)
    assert one.cold(256) == pytest.approx(0.2 + one.again(256))


def test_work_costs_the_same_with_each_size_and_waiting_costs_by_the_memory() -> None:
    """0.20 USD are the requests' own."""
    working, waiting = times(cpu=1, wait=0), times(cpu=0, wait=1)

    costs = [working.dollars_of_a_million(size) - 0.2 for size in SIZES]
    assert max(costs) == pytest.approx(costs[0], rel=0.02)
    assert waiting.dollars_of_a_million(512) - 0.2 == pytest.approx(
        2 * (waiting.dollars_of_a_million(256) - 0.2)
    )


def test_the_template_may_have_what_a_close_run_would_choose(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """At 1,024 MB it is a tenth slower, by a hair."""
    border = times("AccountsApi", cpu=0.0139)
    allowed = []
    for size in SIZES:
        monkeypatch.setattr("tests.bench.memory.memory_of", lambda _, size=size: size)
        if _is_right(border):
            allowed.append(size)

    assert border.size() in allowed
    assert set(allowed) == {1024, 1769}


@pytest.mark.parametrize("function", sorted(GIVEN))
def test_a_size_that_is_given_must_fit_what_was_measured(
    function: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    size, _ = GIVEN[function]
    monkeypatch.setattr("tests.bench.memory.memory_of", lambda _: size)
    half = (size * MB // 2 - LAMBDAS_OWN) // MB

    assert _is_right(times(function, peak=half))
    assert not _is_right(times(function, peak=half + 1))
    assert times(function, peak=half).wanted == f"{size} MB"
    assert times(function, peak=half + 1).wanted == f"more than {size} MB"


def test_no_size_is_right_if_the_largest_does_not_suffice(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tests.bench.memory.memory_of", lambda _: SIZES[-1])
    large = times(peak=5000)

    assert not _is_right(large)
    assert large.wanted == "more than 1769 MB"
