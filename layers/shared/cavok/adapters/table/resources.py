"""Resources in the table. The caller has read the account in its organization before."""

from collections.abc import Iterator
from datetime import datetime
from typing import Any

from pynamodb.attributes import UnicodeAttribute, UTCDateTimeAttribute

from cavok.adapters.table import keys
from cavok.adapters.table.table import (
    EnumAttribute,
    Item,
    ItemChanged,
    JsonAttribute,
    Table,
    WriteConflict,
    retry_on_conflict,
)
from cavok.domain.errors import Conflict, ResourceNotFound, ServiceUnavailable
from cavok.domain.ids import is_id
from cavok.domain.kinds import Kind
from cavok.domain.resources import Resource
from cavok.domain.schedules import Schedule, Window

_CHANGED_BY_OTHERS = "The resource was changed by others at this moment. Please try again."


def _dump_schedule(schedule: Schedule) -> Any:
    windows = [[list(w.days), w.start, w.stop] for w in schedule.windows]
    return {"time_zone": schedule.time_zone, "windows": windows}


def _load_schedule(stored: Any) -> Schedule:
    windows = (Window(tuple(days), start, stop) for days, start, stop in stored["windows"])
    return Schedule(stored["time_zone"], tuple(windows))


class ResourceItem(Item):
    organization_id = UnicodeAttribute()
    account_id = UnicodeAttribute()
    resource_id = UnicodeAttribute()
    kind = EnumAttribute(Kind)
    instance_id = UnicodeAttribute()
    region = UnicodeAttribute()
    name = UnicodeAttribute(null=True)
    schedule = JsonAttribute(_dump_schedule, _load_schedule, null=True)
    followed_at = UTCDateTimeAttribute()
    stopped_at = UTCDateTimeAttribute(null=True)
    note = UnicodeAttribute(null=True)
    schedule_names = JsonAttribute(dump=list, load=tuple, attr_name="clocks")
    created_at = UTCDateTimeAttribute()
    created_by = UnicodeAttribute()
    updated_at = UTCDateTimeAttribute()

    @classmethod
    def of(cls, resource: Resource) -> "ResourceItem":
        pk = keys.account_pk(resource.account_id)
        return cls.of_fields(pk, keys.resource_sk(resource.resource_id), resource)

    def resource(self) -> Resource:
        return self.as_a(Resource)


class ResourceClaimItem(Item):
    """Ensures that an instance is at most one resource."""

    resource_id = UnicodeAttribute()

    @classmethod
    def of(cls, resource: Resource) -> "ResourceClaimItem":
        sk = keys.resource_claim_sk(resource.kind, resource.region, resource.instance_id)
        return cls(keys.account_pk(resource.account_id), sk, resource_id=resource.resource_id)


class Resources:
    """Reads and writes resources."""

    def __init__(self, table: Table) -> None:
        self._table = table

    def add(self, resource: Resource) -> None:
        """Stores a new resource. Raises Conflict if its instance is a resource already."""

        def attempt() -> None:
            new = ResourceClaimItem.pk.does_not_exist()
            try:
                with self._table.transaction() as transaction:
                    transaction.save(ResourceClaimItem.of(resource), condition=new)
                    transaction.save(ResourceItem.of(resource))
            except ItemChanged:
                raise Conflict(f"{resource.instance_id} is a resource already.") from None

        retry_on_conflict(attempt, or_raise=Conflict(_CHANGED_BY_OTHERS))

    def get(self, account_id: str, resource_id: str) -> Resource:
        """Raises ResourceNotFound."""
        pk, sk = keys.account_pk(account_id), keys.resource_sk(resource_id)
        item = self._table.get(ResourceItem, pk, sk) if is_id(resource_id) else None
        if item is None:
            raise ResourceNotFound("There is no such resource of this account.")
        return item.resource()

    def of_instance(
        self, account_id: str, kind: Kind, region: str, instance_id: str
    ) -> Resource | None:
        """The resource that an instance is; null if it is not under control."""
        claim = self._table.get(
            ResourceClaimItem,
            keys.account_pk(account_id),
            keys.resource_claim_sk(kind, region, instance_id),
        )
        if claim is None:
            return None
        try:
            return self.get(account_id, claim.resource_id)
        except ResourceNotFound:
            return None

    def all_of(self, account_id: str) -> Iterator[Resource]:
        """All resources of an account, oldest first. A hundred of them take a page or two."""
        items = ResourceItem.query(
            keys.account_pk(account_id),
            ResourceItem.sk.startswith(keys.RESOURCE),
            consistent_read=True,
        )
        return (item.resource() for item in items)

    def save(self, resource: Resource, *, as_of: datetime) -> None:
        """Writes a changed resource whose stored `updated_at` is still `as_of`. Raises Conflict if
        it was changed or deleted meanwhile.
        """
        try:
            self._table.put(ResourceItem.of(resource), ResourceItem.updated_at == as_of)
        except WriteConflict:
            raise Conflict(_CHANGED_BY_OTHERS) from None

    def delete(self, resource: Resource) -> None:
        """Deletes a resource and its claim. Idempotent. Raises ServiceUnavailable."""

        def attempt() -> None:
            with self._table.transaction() as transaction:
                transaction.delete(ResourceItem.of(resource))
                transaction.delete(ResourceClaimItem.of(resource))

        retry_on_conflict(attempt, or_raise=ServiceUnavailable(_CHANGED_BY_OTHERS))
