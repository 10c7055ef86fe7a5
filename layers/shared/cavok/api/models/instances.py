"""The bodies of instances."""

from cavok.api.models.common import ResponseBody, Timestamp
from cavok.domain.kinds import Kind


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
