"""What a test finds in an account's regions before it probes: their health, and the instances that
it asks about.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Self

from cavok.domain.access_denied import Reason
from cavok.domain.regions import RegionHealth, RegionStatus


@dataclass(frozen=True, slots=True, kw_only=True)
class Survey:
    """`region_health` has one entry for each of the account's regions.

    instances  IDs of the EC2 instances that the test asks about, by region; those under Cavok's
               control come first.
    """

    region_health: tuple[RegionHealth, ...] = ()
    instances: Mapping[str, tuple[str, ...]] = field(default_factory=dict)

    def as_dict(self) -> dict[str, Any]:
        """JSON form, for the workflow."""
        return {
            "region_health": [
                {"region": each.region, "status": each.status, "reason": each.reason}
                for each in self.region_health
            ],
            "instances": {region: list(ids) for region, ids in self.instances.items()},
        }

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Self:
        """Reads `as_dict`. ValueError or KeyError for anything else."""
        return cls(
            region_health=tuple(
                RegionHealth(
                    each["region"],
                    RegionStatus(each["status"]),
                    Reason(each["reason"]) if each["reason"] else None,
                )
                for each in data["region_health"]
            ),
            instances={region: tuple(ids) for region, ids in data["instances"].items()},
        )
