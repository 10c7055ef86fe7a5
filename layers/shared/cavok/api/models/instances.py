"""The bodies of instances."""

import json
from collections import Counter
from itertools import accumulate

from cavok.api.models.common import ResponseBody, Timestamp
from cavok.domain.kinds import Kind
from cavok.services.kept_listings import Listing

LARGEST = 5_000_000
"""Bytes of the items of an answer. Lambda sends 6 MB at most, with what could not be listed.
Source: Lambda Developer Guide, "Lambda quotas".
"""


class InstanceBody(ResponseBody):
    """An instance of any kind. `state` is AWS's own word for it."""

    kind: Kind
    instance_id: str
    name: str | None
    region: str
    state: str
    type: str


class UnavailableBody(ResponseBody):
    """What could not be listed, and why."""

    region: str
    kind: Kind
    detail: str


class InstanceList(ResponseBody):
    items: list[InstanceBody]
    unavailable: list[UnavailableBody]
    as_of: Timestamp

    @classmethod
    def of_listing(cls, listing: Listing) -> "InstanceList":
        """As many instances as one answer takes. `unavailable` says where some are left out."""
        items = [InstanceBody.of(instance) for instance in listing.items]
        fit = sum(size <= LARGEST for size in accumulate(map(_sent, items)))
        left_out = Counter((item.region, item.kind) for item in items[fit:])
        several = len({(item.region, item.kind) for item in items}) > 1
        detail = _LEFT_OUT + _ASK_FOR_LESS if several else _LEFT_OUT
        return cls(
            items=items[:fit],
            unavailable=[
                *map(UnavailableBody.of, listing.unavailable),
                *(
                    UnavailableBody(region=region, kind=kind, detail=detail.format(count))
                    for (region, kind), count in left_out.items()
                ),
            ],
            as_of=listing.as_of,
        )


_LEFT_OUT = "Too many for one answer: {:,} are left out."
_ASK_FOR_LESS = " List this kind in this region alone."


def _sent(item: InstanceBody) -> int:
    """Bytes at most: Lambda sends the body as a string in JSON, so that it is escaped twice."""
    return len(json.dumps(json.dumps(item.model_dump(mode="json"))))
