"""Comparing alternatives, interleaved within one run, so that other load affects all alike."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from statistics import median


@dataclass(frozen=True)
class Sample:
    """One measurement, in seconds of wall-clock and of CPU."""

    wall: float
    cpu: float


@dataclass(frozen=True)
class Medians:
    """The medians of one alternative's samples, or their least, in seconds."""

    wall: float
    cpu: float

    @classmethod
    def of(cls, samples: list[Sample], choose: Callable[..., float] = median) -> Medians:
        return cls(choose(s.wall for s in samples), choose(s.cpu for s in samples))


def interleaved(
    alternatives: Mapping[str, Callable[[], Sample]],
    runs: int,
    choose: Callable[..., float] = median,
) -> dict[str, Medians]:
    """Medians of `runs` rounds, after one uncounted warm-up. Each round runs all alternatives and
    starts with another one. `choose`: `min` for short work of which two ratios are compared, as
    other load only adds to it. Source: Python's documentation of `timeit.repeat`.
    """
    names = list(alternatives)
    for name in names:
        alternatives[name]()
    samples: dict[str, list[Sample]] = {name: [] for name in names}
    for run in range(runs):
        first = run % len(names)
        for name in names[first:] + names[:first]:
            samples[name].append(alternatives[name]())
    return {name: Medians.of(samples[name], choose) for name in names}
