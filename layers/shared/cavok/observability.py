"""The one logger and the one set of metrics of a function. No event is ever logged whole: it may
carry a seal.
"""

from aws_lambda_powertools import Logger, Metrics

logger = Logger(log_uncaught_exceptions=False)
metrics = Metrics()
