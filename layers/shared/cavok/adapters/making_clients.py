"""Making boto3 clients, one at a time."""

from collections.abc import Callable
from functools import cache, wraps
from threading import Lock
from typing import ParamSpec, TypeVar

P = ParamSpec("P")
T = TypeVar("T")

MAKING_CLIENTS = Lock()
"""Threads may share boto3 clients, but must not create them at the same time. Source: boto3 guide,
"Clients". The lock also saves time: otherwise several threads would load the same paginators.
"""


def made_once(make: Callable[P, T]) -> Callable[P, T]:
    """Like `functools.cache`, for a function whose client several threads may need at once."""
    made = cache(make)

    @wraps(make)
    def alone(*arguments: P.args, **named: P.kwargs) -> T:
        with MAKING_CLIENTS:
            return made(*arguments, **named)  # type: ignore[arg-type]  # all are hashable

    vars(alone).update(cache_clear=made.cache_clear, cache_info=made.cache_info)
    return alone
