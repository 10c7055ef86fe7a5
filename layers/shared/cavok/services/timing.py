"""Timing a step."""

import time
from collections.abc import Callable
from datetime import UTC, datetime

from cavok.domain.steps import Judgement, Step


def timed(step: str, call: Callable[[], Judgement], region: str | None = None) -> Step:
    """Makes a call and returns its step, with the time that it took, in milliseconds."""
    started_at, start = datetime.now(UTC), time.monotonic()
    judgement = call()
    duration_ms = round((time.monotonic() - start) * 1000)
    return Step.of(step, judgement, started_at=started_at, duration_ms=duration_ms, region=region)
