"""Which resources of an organization a list has."""

from dataclasses import dataclass

from cavok.domain.accounts import Status
from cavok.domain.ids import is_id
from cavok.domain.kinds import Action, Kind
from cavok.domain.resources import Resource


@dataclass(frozen=True, slots=True, kw_only=True)
class ResourceSelection:
    """Which resources of an organization a list has. Null allows any.

    action  what its schedule does next.
    """

    account_id: str | None = None
    kind: Kind | None = None
    region: str | None = None
    action: Action | None = None

    @property
    def is_empty(self) -> bool:
        """Whether no resource can be in it, so that none need be looked at."""
        return self.account_id is not None and not is_id(self.account_id)

    def has(self, account_id: str, kind: str, region: str) -> bool:
        """Whether a resource is selected, whatever it does next."""
        wanted = (self.account_id, self.kind, self.region)
        there = (account_id, kind, region)
        return all(one is None or one == other for one, other in zip(wanted, there, strict=True))

    def scope(self, organization_id: str) -> str:
        """The name of this list, for its cursors. Only a region may contain a slash, so no two
        lists have one name.
        """
        filters = (self.account_id, self.kind, self.action, self.region)
        return f"{organization_id}/turns/" + "/".join(each or "" for each in filters)


@dataclass(frozen=True, slots=True, kw_only=True)
class ListedResource:
    """A resource with what a list says of its account."""

    resource: Resource
    account_name: str
    account_number: str
    account_status: Status
