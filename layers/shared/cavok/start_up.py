"""What a function does while Lambda starts it. Garbage collection is off from here, because a
function imports this first, until `prepare`.
"""

import gc
import os
from collections.abc import Callable
from contextlib import suppress

ON_LAMBDA = "AWS_LAMBDA_FUNCTION_NAME" in os.environ

if ON_LAMBDA:
    gc.disable()

from cavok.wiring import NotConfigured  # noqa: E402  while no garbage is collected


def prepare(*adapters: Callable[[], object]) -> None:
    """Makes what each invocation of a function needs; the function's module calls this once, after
    everything else. On Lambda it runs during the start, which has a whole processor, while an
    invocation has its share; docs/decisions.md has the source. No start fails: making clients calls
    nothing, and NotConfigured is raised by the invocation, which has a log line and a caller. Does
    nothing outside Lambda.

    Garbage collection is on from here, but skips what the start made: that lives as long as the
    process, and scanning it repeatedly takes a seventh of a start.
    """
    if ON_LAMBDA:
        for make in adapters:
            with suppress(NotConfigured):
                make()
        gc.freeze()
        gc.enable()
