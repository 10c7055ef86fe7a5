"""How long a call to AWS takes at most, by the settings of the clients."""

from __future__ import annotations

from cavok.adapters import making_clients
from cavok.adapters.customer.session import CALL
from cavok.adapters.table.progress import ONCE

A_CALL = CALL.retries["total_max_attempts"] * (CALL.connect_timeout + CALL.read_timeout)
"""The longest that one call takes, in seconds, without the pause between its two tries."""

SHOWING = ONCE.connect_timeout + ONCE.read_timeout
"""The longest that it takes to show a step."""

_TRIES = making_clients.tries(2).retries["total_max_attempts"]
OF_OURS = _TRIES * (making_clients.CONNECTING_SECONDS + making_clients.ANSWERING_SECONDS) + sum(
    2**retry for retry in range(_TRIES - 1)
)
"""The longest that a call of our own takes, with botocore's longest waits between its tries."""
