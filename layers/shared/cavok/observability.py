"""The function's logger and metrics. Never log a whole event: it may hold a sealed session."""

import json
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from functools import partial

from aws_lambda_powertools import Logger, Metrics
from aws_lambda_powertools.metrics import MetricUnit, single_metric

from cavok.domain.errors import OurEntryBroken, UnusableEvent

# ASCII only: a line separator in a client's text must not split the log line.
_one_line = partial(json.dumps, default=str, separators=(",", ":"))

# Lambda reads the level of a line only if its time is RFC 3339. Source: Lambda Developer Guide,
# "Log-level filtering".
logger = Logger(log_uncaught_exceptions=False, json_serializer=_one_line, use_rfc3339=True)
metrics = Metrics()


@contextmanager
def counted(error: type[Exception]) -> Iterator[None]:
    """Counts an error in a metric of its class's name, which an alarm watches, and re-raises it."""
    try:
        yield
    except error:
        metrics.add_metric(error.__name__, MetricUnit.Count, 1)
        raise


def count(name: str, value: float = 1) -> None:
    """Writes a metric at once."""
    with single_metric(name, MetricUnit.Count, value):
        pass  # written on exit


def report_own_refusals(actions: Collection[str]) -> None:
    """Rings the operators' alarm if Cavok's own session policy refused some of a test's actions."""
    if actions:
        logger.error("Refused by our own session policy", actions=sorted(actions))
        count(OurEntryBroken.__name__, len(actions))


def drop(error: UnusableEvent, message_id: str | None) -> None:
    """Counts and logs a message that is dropped because no retry can succeed."""
    count("DroppedEvents")
    logger.warning(
        "Event dropped",
        message_id=message_id,
        error=type(error).__name__,
        reason=str(error),
    )
