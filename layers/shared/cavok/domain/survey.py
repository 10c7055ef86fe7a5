"""What a test finds in an account's regions before it probes: their health, and the instances to
ask about.
"""

import base64
import json
import zlib
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Self

from cavok.domain.access_denied import Reason
from cavok.domain.kinds import Kind
from cavok.domain.regions import RegionHealth, RegionStatus
from cavok.domain.steps import Judgement

MAX_ASKED = 500
"""Instances a region that a person's test asks about."""

MAX_ROTATING = 50
"""Instances a region that a scheduled test asks about, besides those under Cavok's control."""

MAX_UNDER_CONTROL = 750
"""Instances of an account that a test counts as under Cavok's control, the oldest first. With
databases of the longest names, the largest survey leaves 16 KiB of a state free.
"""

MAX_PACKED_POLICIES = 4_096
"""How many characters of packed inline policies travel through the workflow. The 10,240 that IAM
stores rarely become half of it; if they become more, each step that needs them reads them again.
"""

SURVEYED = tuple({kind.descriptor.service: kind for kind in reversed(Kind)}.values())[::-1]
"""The first kind of each service. Its Describe call says what the service answers in a region."""

(ASKED_ABOUT,) = (kind for kind in SURVEYED if kind.descriptor.dry_run)
"""The kind whose instances a test asks about, with dry runs."""

_EC2 = "i-"


@dataclass(frozen=True, slots=True, kw_only=True)
class Survey:
    """`region_health` has one entry for each of the account's regions.

    instances      IDs of the EC2 instances that the test asks about, by region; those under
                   Cavok's control come first.
    under_control  IDs of what is under Cavok's control, by kind and region. A step names these
                   first among those refused.
    asked_in_part  regions that have more instances than the test asks about. If all of those are
                   refused, others may still be allowed.
    unlisted       regions that answer, but whose EC2 instances could not all be listed, and why:
                   `error` if that may pass. The test says nothing about them.
    elsewhere      regions that have instances, if none of the account's regions has one. Null if
                   the test did not look there.
    inline_policies
                   all documents of the role's inline policies, so that the steps need not read
                   them again. Null if some could not be read.
    policy_name    one of these policies, for the step that reads one. Null if none is known.
    template_version
                   the version that they have; UNKNOWN if that cannot be known; null if AWS did not
                   answer.
    proved         what the survey's own calls prove, by permission: allowed or denied. Not in the
                   JSON form: each step of a person's test makes a call of its own.
    """

    region_health: tuple[RegionHealth, ...] = ()
    instances: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    under_control: Mapping[Kind, Mapping[str, tuple[str, ...]]] = field(default_factory=dict)
    asked_in_part: tuple[str, ...] = ()
    unlisted: Mapping[str, Reason] = field(default_factory=dict)
    elsewhere: tuple[str, ...] | None = None
    inline_policies: tuple[Any, ...] | None = None
    policy_name: str | None = None
    template_version: int | None = None
    proved: Mapping[str, Judgement] = field(default_factory=dict, compare=False)

    @property
    def reachable(self) -> tuple[str, ...]:
        """The regions that answer."""
        return tuple(
            each.region for each in self.region_health if each.status is RegionStatus.REACHABLE
        )

    def probing_region(self, home_region: str) -> str:
        """Where permissions are probed, because they hold in every region: the home region, or the
        first that answers if that one does not.
        """
        reachable = self.reachable
        return home_region if home_region in reachable or not reachable else reachable[0]

    def as_dict(self) -> dict[str, Any]:
        """JSON form, for the workflow. It is compact, because 20 regions of 500 instances must
        stay below 256 KiB with all else that a state takes. Source: Step Functions Developer Guide,
        "Service quotas".
        """
        return {
            "region_health": [
                {"region": each.region, "status": each.status, "reason": each.reason}
                for each in self.region_health
            ],
            "instances": {
                region: " ".join(each.removeprefix(_EC2) for each in ids)
                for region, ids in self.instances.items()
            },
            "under_control": {
                kind.value: {region: list(ids) for region, ids in found.items()}
                for kind, found in self.under_control.items()
            },
            "asked_in_part": list(self.asked_in_part),
            "unlisted": dict(self.unlisted),
            "elsewhere": None if self.elsewhere is None else list(self.elsewhere),
            "inline_policies": _packed(self.inline_policies),
            "policy_name": self.policy_name,
            "template_version": self.template_version,
        }

    @property
    def recorded(self) -> "Survey":
        """The part that is needed after the probes."""
        return Survey(
            region_health=self.region_health,
            asked_in_part=self.asked_in_part,
            elsewhere=self.elsewhere,
            template_version=self.template_version,
        )

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
            instances={
                region: tuple(_EC2 + each for each in ids.split())
                for region, ids in data["instances"].items()
            },
            under_control=_under_control(data["under_control"]),
            asked_in_part=tuple(data["asked_in_part"]),
            unlisted={region: Reason(why) for region, why in data.get("unlisted", {}).items()},
            elsewhere=None if data["elsewhere"] is None else tuple(data["elsewhere"]),
            inline_policies=_unpacked(data["inline_policies"]),
            policy_name=data.get("policy_name"),
            template_version=data.get("template_version"),
        )


def _under_control(stored: Mapping[str, Any]) -> dict[Kind, dict[str, tuple[str, ...]]]:
    """The survey of a test that runs during an update has no kinds: an ID may be of any."""
    by_kind = stored if stored.keys() <= set(Kind) else dict.fromkeys(Kind, stored)
    return {
        Kind(kind): {region: tuple(ids) for region, ids in found.items()}
        for kind, found in by_kind.items()
    }


def _packed(documents: Sequence[Any] | None) -> str | None:
    """Null if they are too large to carry."""
    if documents is None:
        return None
    try:
        text = json.dumps(documents, separators=(",", ":"))
    except RecursionError:
        return None
    packed = base64.b64encode(zlib.compress(text.encode())).decode()
    return packed if len(packed) <= MAX_PACKED_POLICIES else None


def _unpacked(packed: str | None) -> tuple[Any, ...] | None:
    return None if packed is None else tuple(json.loads(zlib.decompress(base64.b64decode(packed))))


@dataclass(frozen=True, slots=True, kw_only=True)
class FoundInstances:
    """IDs of a region's instances of one kind. `complete` says whether these are all; `answered`
    whether each page that was asked for came. `spot` are the Spot instances among them.
    `has_unreadable`: there are others of which Cavok cannot read AWS's description.
    """

    ids: tuple[str, ...] = ()
    complete: bool = False
    answered: bool = True
    spot: frozenset[str] = frozenset()
    has_unreadable: bool = False

    @property
    def exist(self) -> bool:
        """Whether the region has any."""
        return bool(self.ids) or self.has_unreadable

    def asked_in_part(self, asked: Collection[str]) -> bool:
        """Whether there are more than these to ask about."""
        return not self.complete or not set(self.ids) - self.spot <= set(asked)


def ask_about(
    found: FoundInstances, controlled: Sequence[str], *, rotation: int | None
) -> tuple[str, ...]:
    """The instances of a region that a test asks about: those under Cavok's control, then others.

    A person's test (`rotation` is null) asks about MAX_ASKED in all. A scheduled test asks about
    MAX_ROTATING others, and about the next ones with each `rotation`: a number that grows by one
    from test to test. Controlled instances that are certainly gone are left out. So are Spot
    instances that are not controlled: if the request is one-time, their dry run always fails.
    Source: EC2 User Guide, "Manage your Spot Instances".
    """
    present: Collection[str] = set(found.ids) if found.complete else {*found.ids, *controlled}
    first = [each for each in controlled if each in present][:MAX_ASKED]
    others = sorted(set(found.ids) - found.spot - set(first))
    if rotation is None:
        return (*first, *others[: MAX_ASKED - len(first)])
    start = rotation * MAX_ROTATING % len(others) if others else 0
    size = min(MAX_ROTATING, MAX_ASKED - len(first))
    return (*first, *(others[start:] + others[:start])[:size])
