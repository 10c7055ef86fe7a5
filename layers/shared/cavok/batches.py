"""Batches from streams and queues, processed with Powertools' BatchProcessor."""

import functools
from collections.abc import Callable, Sequence
from typing import Any

from aws_lambda_powertools.utilities.batch import BatchProcessor

from cavok.domain.errors import UnusableEvent
from cavok.observability import drop


class WholeBatch(BatchProcessor):
    """Hands all records of a batch to the handler at once.

    The handler takes the records as a list and returns one outcome per record, in the same order:
    None, or the error for which Lambda must deliver that record again.
    """

    def process(self) -> list[tuple[Any, ...]]:
        """Calls the handler once. Powertools asks for a result per record."""
        records = [
            self._to_batch_type(record, event_type=self.event_type) for record in self.records
        ]
        outcomes: Sequence[Exception | None] = self.handler(records)
        return [
            self.failure_handler(record, (type(error), error, error.__traceback__))
            if error
            else self.success_handler(record, None)
            for record, error in zip(records, outcomes, strict=True)
        ]


def dropping_unusable(handle: Callable[[Any], None]) -> Callable[[Any], None]:
    """Decorates the handler of one SQS record: an UnusableEvent ends in `drop`, so that the record
    counts as processed.
    """

    @functools.wraps(handle)
    def wrapper(record: Any) -> None:
        try:
            handle(record)
        except UnusableEvent as error:
            drop(error, record.message_id)

    return wrapper
