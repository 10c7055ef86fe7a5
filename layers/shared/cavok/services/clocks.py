"""Creating the clocks that a stored schedule lacks."""

from collections.abc import Iterable
from typing import TYPE_CHECKING

from cavok.domain.clocks import Clock, knows
from cavok.domain.resources import Resource

if TYPE_CHECKING:
    from cavok.adapters.scheduler import SchedulerClient
    from cavok.adapters.table.resources import Resources


def complete_clocks(
    resource: Resource,
    clocks: Iterable[Clock],
    *,
    resources: "Resources",
    scheduler: "SchedulerClient",
) -> list[str]:
    """Creates the missing clocks of a stored resource, and returns their names. Raises
    ServiceUnavailable.

    Then reads the resource again, and ends the clocks that a change of its schedule meanwhile made
    needless.
    """
    created = scheduler.create(resource, clocks)
    stored = resources.find(resource.account_id, resource.resource_id) if created else None
    known = [name for name in created if stored and knows(stored, name)]
    scheduler.end(name for name in created if name not in known)
    return known
