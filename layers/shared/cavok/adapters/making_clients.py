"""Making boto3 clients, from one session and one at a time."""

from collections.abc import Callable
from functools import cache, wraps
from threading import Lock
from typing import TYPE_CHECKING, ParamSpec, TypeVar

if TYPE_CHECKING:  # a start loads this module before it has turned off garbage collection
    import boto3
    import botocore.session
    from botocore.config import Config

CONNECTING_SECONDS, ANSWERING_SECONDS = 2, 4
"""How long a try of a call to AWS waits. botocore's own time-outs, a minute each, outlive a
function's. A client may set others.
"""

P = ParamSpec("P")
T = TypeVar("T")

MAKING_CLIENTS = Lock()
"""Threads may share boto3 clients, but must not create them at the same time. Source: boto3 guide,
"Clients". The lock also saves time: otherwise several threads would load the same paginators.
"""


@cache
def session() -> "boto3.Session":
    """Makes all our clients but PynamoDB's. A function that only needs that loads no boto3."""
    import boto3

    return boto3.Session(botocore_session=botocore_session())


@cache
def botocore_session() -> "botocore.session.Session":
    """What all clients of a process have in common, PynamoDB's too. What it reads for the first
    one, such as the endpoints of all services, takes longer than making the others.
    """
    from botocore.config import Config
    from botocore.session import get_session

    made = get_session()
    waits = Config(connect_timeout=CONNECTING_SECONDS, read_timeout=ANSWERING_SECONDS)
    made.set_default_client_config(waits)
    return made


def tries(most: int) -> "Config":
    """For a client whose calls a person or other work waits for, or must not be repeated. Without
    an answer, two tries end within thirteen seconds, with a second between them.
    """
    from botocore.config import Config

    return Config(retries={"total_max_attempts": most})


def made_once(make: Callable[P, T]) -> Callable[P, T]:
    """Like `functools.cache`, for a function whose client several threads may need at once."""
    made = cache(make)

    @wraps(make)
    def alone(*arguments: P.args, **named: P.kwargs) -> T:
        with MAKING_CLIENTS:
            return made(*arguments, **named)  # type: ignore[arg-type]  # all are hashable

    vars(alone).update(cache_clear=made.cache_clear, cache_info=made.cache_info)
    return alone
