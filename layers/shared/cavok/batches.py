"""Batches from streams and queues, processed with Powertools' BatchProcessor."""

from collections.abc import Sequence
from typing import Any

from aws_lambda_powertools.utilities.batch import BatchProcessor

from cavok.domain.errors import UnusableEvent
from cavok.messages import id_of
from cavok.observability import drop


class WholeBatch(BatchProcessor):
    """Hands all records of a batch to the handler at once.

    The handler takes the records as a list and returns one outcome per record, in the same order:
    None, or the error for which Lambda must deliver that record again. An UnusableEvent ends in
    `drop`, so that the record counts as processed.
    """

    def process(self) -> list[tuple[Any, ...]]:
        """Calls the handler once. Powertools asks for a result per record."""
        records = [
            self._to_batch_type(record, event_type=self.event_type) for record in self.records
        ]
        outcomes: Sequence[Exception | None] = self.handler(records)
        return [
            self._outcome_of(record, error) for record, error in zip(records, outcomes, strict=True)
        ]

    def _outcome_of(self, record: Any, error: Exception | None) -> tuple[Any, ...]:
        if isinstance(error, UnusableEvent):
            drop(error, id_of(record))
        elif error:
            return self.failure_handler(record, (type(error), error, error.__traceback__))
        return self.success_handler(record, None)
