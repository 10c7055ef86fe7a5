"""Batches of a stream, whose order means something."""

from typing import Any

from aws_lambda_powertools.utilities.batch import BatchProcessor


class Waits(Exception):
    """A record before this one failed, so this one waits for its turn."""


class InOrder(BatchProcessor):
    """Stops at the first record that fails: Lambda takes the stream up again there, and nothing is
    told before what came before it.
    """

    def _process_record(self, record: dict[str, Any]) -> Any:
        if self.fail_messages:
            waiting = self._to_batch_type(record, event_type=self.event_type)
            return self.failure_handler(waiting, (Waits, Waits(), None))
        return super()._process_record(record)
