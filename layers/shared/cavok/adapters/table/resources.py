"""Resources in the table. The caller has read the account in its organization before."""

from collections.abc import Callable, Container, Iterator
from datetime import datetime, timedelta
from typing import Any

from pynamodb.attributes import UnicodeAttribute, UTCDateTimeAttribute
from pynamodb.exceptions import PynamoDBException
from pynamodb.expressions.condition import Condition
from pynamodb.transactions import TransactWrite

from cavok.adapters.table import keys
from cavok.adapters.table.audit import add_audit_entry
from cavok.adapters.table.deleted import DeletedItem
from cavok.adapters.table.table import (
    EnumAttribute,
    Item,
    ItemChanged,
    JsonAttribute,
    Table,
    WriteConflict,
    retry_on_conflict,
)
from cavok.domain import audit
from cavok.domain.audit import AuditEntry
from cavok.domain.errors import (
    AccountNotFound,
    AlreadyControlled,
    BusyWithOthers,
    ChangedMeanwhile,
    ResourceNotFound,
)
from cavok.domain.ids import is_id
from cavok.domain.kinds import Kind
from cavok.domain.pages import Page, Position
from cavok.domain.resources import Resource
from cavok.domain.schedules import Schedule, Window
from cavok.observability import logger

_NOT_THERE = "There is no such resource of this account."
_CHANGED_BY_OTHERS = "The resource was changed by others at this moment. Please try again."


def _dump_schedule(schedule: Schedule) -> Any:
    windows = [[list(w.days), w.start, w.stop] for w in schedule.windows]
    return {"time_zone": schedule.time_zone, "windows": windows}


def _load_schedule(stored: Any) -> Schedule:
    windows = (Window(tuple(days), start, stop) for days, start, stop in stored["windows"])
    return Schedule(stored["time_zone"], tuple(windows))


class ResourceItem(Item):
    """An instance under control. It is in `by_turn`, and in `by_schedule` while it has a schedule.
    One that was stored before there was `by_turn` is in it from its next turn or change on.
    """

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
    scheduled = UnicodeAttribute(null=True)
    turns_of = UnicodeAttribute(null=True)
    turn_key = UnicodeAttribute(null=True)
    revision = UnicodeAttribute(null=True)
    clocks = JsonAttribute(dump=list, load=tuple)
    created_at = UTCDateTimeAttribute()
    created_by = UnicodeAttribute()
    updated_at = UTCDateTimeAttribute()

    @classmethod
    def of(cls, resource: Resource) -> "ResourceItem":
        """The item that stores a resource, in by_schedule if it has a schedule."""
        turn = resource.turn_to_follow
        return cls.of_fields(
            keys.account_pk(resource.account_id),
            keys.resource_sk(resource.resource_id),
            resource,
            scheduled=keys.SCHEDULED if resource.schedule else None,
            turns_of=keys.turns_of(resource.organization_id),
            turn_key=keys.turn_key(
                turn.at if turn else None,
                turn.action if turn else "",
                resource.kind,
                resource.region,
                resource.resource_id,
            ),
        )

    def resource(self) -> Resource:
        """The stored resource."""
        return self.as_a(Resource)


class ResourceClaimItem(Item):
    """Ensures that an instance is at most one resource."""

    resource_id = UnicodeAttribute()

    @classmethod
    def of(cls, resource: Resource) -> "ResourceClaimItem":
        """The claim of a resource on its instance."""
        sk = keys.resource_claim_sk(resource.kind, resource.region, resource.instance_id)
        return cls(keys.account_pk(resource.account_id), sk, resource_id=resource.resource_id)


class Resources:
    """Reads and writes resources. Audit entries expire after `audit_kept_for`."""

    def __init__(self, table: Table, audit_kept_for: timedelta = audit.KEPT_FOR) -> None:
        self._table = table
        self._audit_kept_for = audit_kept_for

    def add(self, resource: Resource, entry: AuditEntry | None = None) -> Resource:
        """Stores a new resource of an existing account, with its audit entry. Returns it, or the
        resource that the same request made before. Raises AccountNotFound, and Conflict if its
        instance is a resource already.
        """
        account_pk = keys.organization_pk(resource.organization_id)
        account_sk = keys.account_sk(resource.account_id)

        def attempt() -> Resource:
            new = ResourceClaimItem.pk.does_not_exist()
            try:
                with self._table.transaction() as transaction:
                    transaction.condition_check(Item, account_pk, account_sk, Item.pk.exists())
                    transaction.save(ResourceClaimItem.of(resource), condition=new)
                    transaction.save(ResourceItem.of(resource))
                    self._add_audit_entry(transaction, entry)
            except ItemChanged as error:
                if 0 in error.failed:
                    raise AccountNotFound(f"Account {resource.account_id} was deleted.") from None
                there = self.made_before(resource)
                if there is None:
                    raise
                return there
            return resource

        return retry_on_conflict(attempt, or_raise=ChangedMeanwhile(_CHANGED_BY_OTHERS))

    def made_before(self, resource: Resource) -> Resource | None:
        """The resource that the same request made of this instance before; null if there is none.
        Raises Conflict if another request made it.
        """
        there = self.of_instance(
            resource.account_id, resource.kind, resource.region, resource.instance_id
        )
        if there and not resource.repeats(there):
            raise AlreadyControlled(f"{resource.instance_id} is a resource already.")
        return there

    def find(self, account_id: str, resource_id: str) -> Resource | None:
        """Null if there is no such resource."""
        pk, sk = keys.account_pk(account_id), keys.resource_sk(resource_id)
        item = self._table.get(ResourceItem, pk, sk) if is_id(resource_id) else None
        return item.resource() if item else None

    def get(self, account_id: str, resource_id: str) -> Resource:
        """Raises ResourceNotFound."""
        resource = self.find(account_id, resource_id)
        if resource is None:
            raise ResourceNotFound(_NOT_THERE)
        return resource

    def of_instance(
        self, account_id: str, kind: Kind, region: str, instance_id: str
    ) -> Resource | None:
        """The resource that an instance is; null if it is not under control."""
        claim = self._table.get(
            ResourceClaimItem,
            keys.account_pk(account_id),
            keys.resource_claim_sk(kind, region, instance_id),
        )
        return self.find(account_id, claim.resource_id) if claim else None

    def page(self, account_id: str, *, limit: int, after: Position | None) -> Page[Resource]:
        """Resources of an account, oldest first."""
        page = self._table.page(
            ResourceItem,
            keys.account_pk(account_id),
            keys.RESOURCE,
            limit=limit,
            after=after,
            consistent=True,
            oldest_first=True,
        )
        return page.map(ResourceItem.resource)

    def all_of(self, account_id: str) -> Iterator[Resource]:
        """All resources of an account, oldest first. A hundred of them take a page or two."""
        items = ResourceItem.query(
            keys.account_pk(account_id),
            ResourceItem.sk.startswith(keys.RESOURCE),
            consistent_read=True,
        )
        return (item.resource() for item in items)

    def scheduled(self) -> Iterator[tuple[str, Callable[[], Resource]]]:
        """All resources of all accounts that have a schedule, in any order: of each its key, for a
        log, and what reads it. Raises nothing for one that cannot be read.
        """
        found = ((item.pk, item.sk) for item in ResourceItem.by_schedule.query(keys.SCHEDULED))
        return self._table.get_each(ResourceItem, found, ResourceItem.resource)

    def save(
        self, resource: Resource, *, before: Resource, entry: AuditEntry | None = None
    ) -> None:
        """Writes a changed resource whose schedule is still that of `before`, with the audit entry
        if that changes. Raises Conflict if it was changed or the resource deleted meanwhile,
        ChangedMeanwhile.
        """
        item, condition = ResourceItem.of(resource), _unchanged(before)
        if before.schedule is None:
            # A new resource has the revision of its first schedule already: two requests at once
            # would write two entries, or end the schedule without one.
            condition &= ResourceItem.schedule.does_not_exist()

        def attempt() -> None:
            try:
                if entry is None:
                    self._table.put(item, condition)
                    return
                with self._table.transaction() as transaction:
                    transaction.save(item, condition=condition)
                    self._add_audit_entry(transaction, entry)
            except ItemChanged:
                raise BusyWithOthers(_CHANGED_BY_OTHERS) from None

        retry_on_conflict(attempt, or_raise=ChangedMeanwhile(_CHANGED_BY_OTHERS))

    def remove(
        self,
        account_id: str,
        resource_id: str,
        now: datetime,
        versions: Container[str] | None = None,
        entry_of: Callable[[Resource], AuditEntry] | None = None,
    ) -> tuple[str, ...]:
        """Deletes a resource at one of these versions, and its claim, with an audit entry, and
        remembers that for a day. Returns the names of its clocks, even if it was deleted before,
        until they are forgotten. Raises ResourceNotFound, PreconditionFailed, ChangedMeanwhile.
        """
        pk = keys.account_pk(account_id)

        def attempt() -> tuple[str, ...]:
            resource = self.find(account_id, resource_id)
            if resource is None:
                deleted = DeletedItem.find(self._table, pk, resource_id, now)
                if deleted is None:
                    raise ResourceNotFound(_NOT_THERE)
                return tuple(deleted.clocks)
            resource.at_one_of(versions)
            with self._table.transaction() as transaction:
                _delete(transaction, resource)
                transaction.save(DeletedItem.of(pk, resource_id, now, resource.clocks))
                self._add_audit_entry(transaction, entry_of and entry_of(resource))
            return resource.clocks

        return retry_on_conflict(attempt, or_raise=ChangedMeanwhile(_CHANGED_BY_OTHERS))

    def forget_clocks(self, resource: Resource) -> None:
        """The clocks of its ended schedule are gone: nobody need end them again. Does nothing if it
        has a schedule meanwhile.
        """
        self._forget_clocks(ResourceItem.of(resource), _unchanged(resource))

    def forget_clocks_of_deleted(self, account_id: str, resource_id: str) -> None:
        """As `forget_clocks`."""
        deleted = DeletedItem(keys.account_pk(account_id), keys.deleted_sk(resource_id))
        self._forget_clocks(deleted, DeletedItem.pk.exists())

    def _forget_clocks(self, item: ResourceItem | DeletedItem, condition: Condition) -> None:
        """If it fails, what has ended is ended all the same: a repetition ends the clocks again."""
        try:
            self._table.update(item, [type(item).clocks.set(())], condition)
        except (WriteConflict, PynamoDBException) as error:
            logger.warning("Clocks not forgotten", item=item.sk, error=repr(error))

    def clocks_of_deleted(self, account_id: str) -> Iterator[tuple[str, tuple[str, ...]]]:
        """The resources that were deleted within a day, and the names of the clocks of each; none
        once they are forgotten.
        """
        pk = keys.account_pk(account_id)
        found = DeletedItem.query(pk, DeletedItem.sk.startswith(keys.DELETED), consistent_read=True)
        return ((item.sk.removeprefix(keys.DELETED), item.clocks) for item in found)

    def _add_audit_entry(self, transaction: TransactWrite, entry: AuditEntry | None) -> None:
        if entry:
            add_audit_entry(transaction, entry, self._audit_kept_for)


def _unchanged(resource: Resource) -> Condition:
    """The condition that the stored resource has the same schedule."""
    revision = ResourceItem.revision
    unchanged: Condition = revision == resource.revision
    if resource.revision is None:
        unchanged = ResourceItem.pk.exists() & revision.does_not_exist()
    return unchanged


def _delete(transaction: TransactWrite, resource: Resource) -> None:
    """Its claim goes with it. Another resource's claim on the same instance stays."""
    transaction.delete(ResourceItem.of(resource), _unchanged(resource))
    claim = ResourceClaimItem.of(resource)
    transaction.delete(claim, ResourceClaimItem.resource_id == resource.resource_id)
