"""Resources in the table. An account's are reached only by who reached the account.

| item                                       | pk                | sk                            |
| ------------------------------------------ | ----------------- | ----------------------------- |
| resource                                   | ACCOUNT#<account> | RESOURCE#<ulid>               |
| claim (an instance is a resource but once) | ACCOUNT#<account> | RESOURCE_OF#kind#region#<id>  |
"""

from collections.abc import Iterator
from datetime import datetime
from typing import Any

from pynamodb.attributes import JSONAttribute, UnicodeAttribute, UTCDateTimeAttribute
from pynamodb.exceptions import DoesNotExist, PutError, TransactWriteError

from cavok.adapters.table.accounts import Accounts
from cavok.adapters.table.items import Item, account_pk
from cavok.domain.errors import Conflict, ResourceNotFound
from cavok.domain.ids import is_id
from cavok.domain.instances import Kind
from cavok.domain.resources import Resource
from cavok.domain.schedules import Schedule, Window


class ResourceItem(Item):
    organization_id = UnicodeAttribute()
    account_id = UnicodeAttribute()
    resource_id = UnicodeAttribute()
    kind = UnicodeAttribute()
    instance_id = UnicodeAttribute()
    region = UnicodeAttribute()
    name = UnicodeAttribute(null=True)
    schedule = JSONAttribute(null=True)
    followed_at = UTCDateTimeAttribute()
    stopped_at = UTCDateTimeAttribute(null=True)
    note = UnicodeAttribute(null=True)
    clocks = JSONAttribute()
    created_at = UTCDateTimeAttribute()
    created_by = UnicodeAttribute()
    updated_at = UTCDateTimeAttribute()

    @classmethod
    def of(cls, resource: Resource) -> "ResourceItem":
        return cls(
            account_pk(resource.account_id),
            resource_sk(resource.resource_id),
            organization_id=resource.organization_id,
            account_id=resource.account_id,
            resource_id=resource.resource_id,
            kind=resource.kind.value,
            instance_id=resource.instance_id,
            region=resource.region,
            name=resource.name,
            schedule=_packed(resource.schedule),
            followed_at=resource.followed_at,
            stopped_at=resource.stopped_at,
            note=resource.note,
            clocks=list(resource.clocks),
            created_at=resource.created_at,
            created_by=resource.created_by,
            updated_at=resource.updated_at,
        )

    def resource(self) -> Resource:
        return Resource(
            organization_id=self.organization_id,
            account_id=self.account_id,
            resource_id=self.resource_id,
            kind=Kind(self.kind),
            instance_id=self.instance_id,
            region=self.region,
            name=self.name,
            schedule=_unpacked(self.schedule),
            followed_at=self.followed_at,
            stopped_at=self.stopped_at,
            note=self.note,
            clocks=tuple(self.clocks),
            created_at=self.created_at,
            created_by=self.created_by,
            updated_at=self.updated_at,
        )


class ResourceClaimItem(Item):
    resource_id = UnicodeAttribute()


def resource_sk(resource_id: str) -> str:
    return f"RESOURCE#{resource_id}"


class Resources:
    """Reads and writes resources."""

    def __init__(self, accounts: Accounts) -> None:
        self._accounts = accounts

    def add(self, resource: Resource) -> None:
        """Raises Conflict for an instance that is a resource already."""
        claim = _claim(resource)
        try:
            with self._accounts.transaction() as transaction:
                transaction.save(claim, condition=ResourceClaimItem.pk.does_not_exist())
                transaction.save(ResourceItem.of(resource))
        except TransactWriteError as error:
            if not error.cancellation_reasons:
                raise
            raise Conflict(f"{resource.instance_id} is a resource already.") from None

    def get(self, account_id: str, resource_id: str) -> Resource:
        """Raises ResourceNotFound."""
        try:
            if not is_id(resource_id):
                raise DoesNotExist
            pk, sk = account_pk(account_id), resource_sk(resource_id)
            return ResourceItem.get(pk, sk, consistent_read=True).resource()
        except DoesNotExist:
            raise ResourceNotFound("There is no such resource of this account.") from None

    def all_of(self, account_id: str) -> Iterator[Resource]:
        """In the order of their making. A hundred instances are a page or two."""
        items = ResourceItem.query(
            account_pk(account_id), ResourceItem.sk.startswith("RESOURCE#"), consistent_read=True
        )
        return (item.resource() for item in items)

    def save(self, resource: Resource, *, as_of: datetime) -> None:
        """Writes a changed resource, if nobody changed it since `as_of`, its `updated_at` then.
        Raises Conflict, also where it was deleted.
        """
        try:
            ResourceItem.of(resource).save(ResourceItem.updated_at == as_of)
        except PutError as error:
            if error.cause_response_code != "ConditionalCheckFailedException":
                raise
            raise Conflict(
                "The resource was changed by others at this moment. Please try again."
            ) from None

    def delete(self, resource: Resource) -> None:
        """May be repeated."""
        with self._accounts.transaction() as transaction:
            transaction.delete(ResourceItem.of(resource))
            transaction.delete(_claim(resource))


def _claim(resource: Resource) -> ResourceClaimItem:
    sk = f"RESOURCE_OF#{resource.kind.value}#{resource.region}#{resource.instance_id}"
    return ResourceClaimItem(account_pk(resource.account_id), sk, resource_id=resource.resource_id)


def _packed(schedule: Schedule | None) -> Any:
    if schedule is None:
        return None
    windows = [[list(w.days), w.start, w.stop] for w in schedule.windows]
    return {"time_zone": schedule.time_zone, "windows": windows}


def _unpacked(packed: Any) -> Schedule | None:
    if packed is None:
        return None
    windows = (Window(tuple(days), start, stop) for days, start, stop in packed["windows"])
    return Schedule(packed["time_zone"], tuple(windows))
