"""Handling of single messages: which are dropped, which come again and when, and how failures are
logged and counted.
"""

import functools
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Any, Protocol

from cavok.domain.errors import CausedOutside, ComesAgain, Conflict, UnusableEvent
from cavok.observability import count, drop, logger

Handle = Callable[[Any], Any]


class HidingQueue(Protocol):
    """A queue that can delay a message's next try."""

    def hide(self, receipt_handle: str, seconds: int) -> None:
        """Hides a message for so many seconds."""


def one_message(
    *, failure: str, metric: str | None = None, expected: tuple[type[Exception], ...] = ()
) -> Callable[[Handle], Handle]:
    """Decorates the handler of one message: an SQS record, or an event that a rule sent. Returns
    the handler's result; None for a message that was dropped.

    An UnusableEvent ends in `drop`, so that the message counts as processed. Other errors are
    raised, so that the message is retried. The batch processor reports them only to SQS, without
    the reason, so those that are not `expected` are logged first. They are errors, logged as
    `failure` and counted in `metric`, but for what comes from outside: the customer's account, or
    another message or a person who is at the same thing at this moment.
    """

    foreseen: tuple[type[Exception], ...] = (ComesAgain, *expected)

    def decorate(handle: Handle) -> Handle:
        @functools.wraps(handle)  # The batch processor calls it with `record` by name.
        def wrapper(record: Any) -> Any:
            try:
                return handle(record)
            except UnusableEvent as error:
                drop(error, id_of(record))
            except foreseen:
                raise
            except (CausedOutside, Conflict) as error:
                logger.warning("Message comes again", reason=str(error), exc_info=True)
                raise
            except Exception:
                logger.exception(failure)
                if metric:
                    count(metric)
                raise
            return None

        return wrapper

    return decorate


def comes_again_from(queue: Callable[[], HidingQueue]) -> Callable[[Handle], Handle]:
    """Decorates the handler of one message of this queue, below `one_message`: if it raises
    ComesAgain, the message is hidden for so long.
    """

    def decorate(handle: Handle) -> Handle:
        @functools.wraps(handle)
        def wrapper(record: Any) -> Any:
            try:
                return handle(record)
            except ComesAgain as later:
                queue().hide(record["receiptHandle"], later.seconds)
                raise

        return wrapper

    return decorate


def id_of(message: Mapping[str, Any]) -> str | None:
    """The id of an SQS record or an event."""
    return message.get("messageId") or message.get("id")


def sent_at(record: Mapping[str, Any]) -> datetime:
    """When an SQS record was sent to its queue, UTC."""
    return datetime.fromtimestamp(int(record["attributes"]["SentTimestamp"]) / 1000, UTC)
