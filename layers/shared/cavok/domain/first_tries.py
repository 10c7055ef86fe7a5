"""How long a process waits for receivers of webhooks at first tries. Slow receivers must not keep
the messages of other organizations waiting, however many there are: what is beyond their time is
tried from WebhookRetries.
"""

from datetime import timedelta

SECONDS = 8.0
"""The time of a whole delivery, whatever the receiver does meanwhile."""

PERIOD = timedelta(minutes=1)

SHARED_SECONDS = SECONDS
"""How long a process waits in each period for receivers of all organizations together."""

OWN_SECONDS = 4.0
"""How long it then waits for receivers of each organization. It is enough for two processes to
deliver ten messages to a receiver that takes half a second, even if one of them has most. With
more, organizations that have quick receivers and many messages would keep others waiting.
"""

OWN_TRY_SECONDS = 1.0
"""How long one of these tries may take. A try that is not accepted uses up OWN_SECONDS, so a slow
receiver takes no more than this.
"""

LEAST_SECONDS = 0.5
"""The shortest try: with less time, a quick receiver that is far away could not answer."""


def first_try_seconds(spent: float, spent_on_own: float) -> float:
    """How long a first try may take; 0: it is not made. `spent`: the seconds for which the process
    waited in this period, for all receivers. `spent_on_own`: what `own_seconds` says of the
    organization's tries.
    """
    own = min(OWN_SECONDS - spent_on_own, OWN_TRY_SECONDS)
    left = max(SHARED_SECONDS - spent, own)
    return left if left >= LEAST_SECONDS else 0.0


def own_seconds(waited: float, *, accepted: bool) -> float:
    """What a first try takes of its organization's own seconds."""
    return waited if accepted else max(waited, OWN_SECONDS)
