"""The one logger and the one set of metrics of a function. No event is ever logged whole: it may
carry a seal.
"""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial

from aws_lambda_powertools import Logger, Metrics
from aws_lambda_powertools.metrics import MetricUnit

# In ASCII: text that a client sent, a path with a line separator in it, must not end the line.
_one_line = partial(json.dumps, default=str, separators=(",", ":"))

logger = Logger(log_uncaught_exceptions=False, json_serializer=_one_line)
metrics = Metrics()


@contextmanager
def counted(error: type[Exception]) -> Iterator[None]:
    """Counts an error that passes, under its own name, for an alarm to watch."""
    try:
        yield
    except error:
        metrics.add_metric(error.__name__, MetricUnit.Count, 1)
        raise
