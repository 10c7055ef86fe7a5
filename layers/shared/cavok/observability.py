"""The one logger and the one set of metrics of a function. No event is ever logged whole: it may
carry a seal.
"""

import json
from functools import partial

from aws_lambda_powertools import Logger, Metrics

# In ASCII: text that a client sent, a path with a line separator in it, must not end the line.
_one_line = partial(json.dumps, default=str, separators=(",", ":"))

logger = Logger(log_uncaught_exceptions=False, json_serializer=_one_line)
metrics = Metrics()
