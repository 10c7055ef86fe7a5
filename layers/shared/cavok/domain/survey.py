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

    instances      IDs of the EC2 instances that the test asks about, by region; those under
                   Cavok's control come first.
    under_control  IDs of the instances, databases and clusters under Cavok's control, by region.
                   Of those refused, a step names them first.
    asked_in_part  regions that have more instances than the test asks about. Where all that are
                   asked about are refused, others may still be allowed.
    """

    region_health: tuple[RegionHealth, ...] = ()
    instances: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    under_control: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    asked_in_part: tuple[str, ...] = ()

    @property
    def reachable(self) -> tuple[str, ...]:
        """The regions that answer."""
        return tuple(
            each.region for each in self.region_health if each.status is RegionStatus.REACHABLE
        )

    def as_dict(self) -> dict[str, Any]:
        """JSON form, for the workflow."""
        return {
            "region_health": [
                {"region": each.region, "status": each.status, "reason": each.reason}
                for each in self.region_health
            ],
            "instances": {region: list(ids) for region, ids in self.instances.items()},
            "under_control": {region: list(ids) for region, ids in self.under_control.items()},
            "asked_in_part": list(self.asked_in_part),
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
            under_control={region: tuple(ids) for region, ids in data["under_control"].items()},
            asked_in_part=tuple(data.get("asked_in_part", ())),
        )
