"""Enrollments in the table, with the audit entry of each change."""

from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from typing import TypeVar

from pynamodb.attributes import (
    BooleanAttribute,
    NumberAttribute,
    UnicodeAttribute,
    UTCDateTimeAttribute,
    VersionAttribute,
)
from pynamodb.expressions.update import Action
from pynamodb.transactions import TransactWrite

from cavok.adapters.table import keys
from cavok.adapters.table.audit import add_audit_entry
from cavok.adapters.table.deleted import DeletedItem
from cavok.adapters.table.due import DueItem
from cavok.adapters.table.enrollment_totals import TotalsItem
from cavok.adapters.table.idempotency import add_idempotency_key, made_by_key
from cavok.adapters.table.issues import issue_of, issue_row
from cavok.adapters.table.organizations import OrganizationItem
from cavok.adapters.table.quotas import Count
from cavok.adapters.table.synchronizations import (
    SynchronizationItem,
    end_overtaken,
    end_synchronization,
)
from cavok.adapters.table.table import (
    EnumAttribute,
    Item,
    ItemChanged,
    JsonAttribute,
    Table,
    retry_on_conflict,
)
from cavok.domain.audit import AuditEntry
from cavok.domain.enrollments import (
    AT_MOST,
    Enrollment,
    EnrollmentStatus,
    SynchronizationSlot,
)
from cavok.domain.errors import (
    BusyWithOthers,
    EnrollmentNotFound,
    MadeAndDeleted,
    QuotaExceeded,
    TooManyEnrollments,
)
from cavok.domain.idempotency import IdempotencyKey
from cavok.domain.ids import is_id
from cavok.domain.member_states import MemberState
from cavok.domain.permissions import DEFAULT_ROLE_PATH
from cavok.domain.synchronizations import Synchronization, SynchronizationState

T = TypeVar("T")

CHANGED_BY_OTHERS = "The enrollment is being changed at this moment. Please try again."


def retry_while_changed(attempt: Callable[[], T]) -> T:
    """As `retry_on_conflict`, for enrollments and their members. Raises BusyWithOthers."""
    return retry_on_conflict(attempt, or_raise=BusyWithOthers(CHANGED_BY_OTHERS))


class EnrollmentItem(Item):
    """An enrollment. Options that were not chosen are not stored."""

    provider = UnicodeAttribute()
    name = UnicodeAttribute()
    include_ous = JsonAttribute(dump=list, load=tuple, null=True)
    exclude_ous = JsonAttribute(dump=list, load=tuple, null=True)
    exclude_accounts = JsonAttribute(dump=list, load=tuple, null=True)
    name_pattern = UnicodeAttribute(null=True)
    regions = JsonAttribute(dump=list, load=tuple)
    write_logs = BooleanAttribute()
    role_path = UnicodeAttribute(null=True)
    permissions_boundary = UnicodeAttribute(null=True)
    tags = JsonAttribute(dump=dict, load=dict, null=True)
    features = JsonAttribute(dump=list, load=tuple)
    management_account_id = UnicodeAttribute(null=True)
    organization_arn = UnicodeAttribute(null=True)
    status = EnumAttribute(EnrollmentStatus)
    issues = JsonAttribute(
        dump=lambda issues: [issue_row(issue) for issue in issues],
        load=lambda rows: tuple(issue_of(row) for row in rows),
        null=True,
    )
    slot_synchronization_id = UnicodeAttribute(null=True)
    slot_expires_at = UTCDateTimeAttribute(null=True)
    last_synchronized_at = UTCDateTimeAttribute(null=True)
    due_shard = UnicodeAttribute(null=True)
    next_synchronization_at = UTCDateTimeAttribute(null=True, attr_name="next_verification_at")
    attempts = NumberAttribute()
    asked = BooleanAttribute(null=True)
    changed_parameters = JsonAttribute(dump=list, load=tuple, null=True)
    ended_at = UTCDateTimeAttribute(null=True)
    created_at = UTCDateTimeAttribute()
    created_by = UnicodeAttribute()
    updated_at = UTCDateTimeAttribute()
    touched_at = UTCDateTimeAttribute()
    # As of an account: PynamoDB makes each write conditional on the number that was read, which
    # every item stores as `version`, so the version that people see is stored as `edition`.
    writes = VersionAttribute(attr_name="version")
    version = NumberAttribute(attr_name="edition")

    @classmethod
    def of(cls, enrollment: Enrollment) -> "EnrollmentItem":
        """The item that stores an enrollment."""
        slot = enrollment.slot
        path = enrollment.role_path
        return cls.of_fields(
            keys.organization_pk(enrollment.organization_id),
            keys.enrollment_sk(enrollment.enrollment_id),
            enrollment,
            include_ous=enrollment.include_ous or None,
            exclude_ous=enrollment.exclude_ous or None,
            exclude_accounts=enrollment.exclude_accounts or None,
            tags=enrollment.tags or None,
            issues=enrollment.issues or None,
            role_path=path if path != DEFAULT_ROLE_PATH else None,
            slot_synchronization_id=slot.synchronization_id if slot else None,
            slot_expires_at=slot.expires_at if slot else None,
            asked=enrollment.asked or None,
            changed_parameters=enrollment.changed_parameters or None,
            due_shard=keys.DUE_ENROLLMENTS if enrollment.next_synchronization_at else None,
            writes=enrollment.writes or None,
        )

    def enrollment(self) -> Enrollment:
        """The stored enrollment."""
        slot = None
        if self.slot_synchronization_id and self.slot_expires_at:
            slot = SynchronizationSlot(self.slot_synchronization_id, self.slot_expires_at)
        return self.as_a(
            Enrollment,
            organization_id=self.pk.removeprefix(keys.ORGANIZATION),
            enrollment_id=self.sk.removeprefix(keys.ENROLLMENT),
            include_ous=self.include_ous or (),
            exclude_ous=self.exclude_ous or (),
            exclude_accounts=self.exclude_accounts or (),
            tags=self.tags or {},
            issues=self.issues or (),
            role_path=self.role_path or DEFAULT_ROLE_PATH,
            slot=slot,
            attempts=int(self.attempts),
            asked=bool(self.asked),
            changed_parameters=self.changed_parameters or (),
            version=int(self.version),
            writes=int(self.writes),
        )


class Enrollments:
    """Reads and writes enrollments. One that was ended is not found, but by `stored` and `due`."""

    def __init__(self, table: Table, audit_kept_for: timedelta) -> None:
        self._table = table
        self._audit_kept_for = audit_kept_for

    def get(self, organization_id: str, enrollment_id: str) -> Enrollment:
        """Raises EnrollmentNotFound."""
        found = self.stored(organization_id, enrollment_id)
        if found is None or found.ended_at:
            raise EnrollmentNotFound("There is no such enrollment in your organization.")
        return found

    def stored(self, organization_id: str, enrollment_id: str) -> Enrollment | None:
        """An enrollment, ended or not."""
        pk, sk = keys.organization_pk(organization_id), keys.enrollment_sk(enrollment_id)
        item = self._table.get(EnrollmentItem, pk, sk) if is_id(enrollment_id) else None
        return item.enrollment() if item else None

    def of_organization(self, organization_id: str) -> list[Enrollment]:
        """All, oldest first."""
        found = EnrollmentItem.query(
            keys.organization_pk(organization_id),
            EnrollmentItem.sk.startswith(keys.ENROLLMENT),
            consistent_read=True,
        )
        return [each for item in found if not (each := item.enrollment()).ended_at]

    def ever_connected(self, organization_id: str) -> int:
        """How many enrollments were connected so far, for `end`. Read it before the others."""
        pk = keys.organization_pk(organization_id)
        item = self._table.get(OrganizationItem, pk, keys.ORGANIZATION_SK)
        return int(item.ever_connected or 0) if item else 0

    def totals(
        self, organization_id: str, enrollment_ids: Sequence[str]
    ) -> dict[str, dict[MemberState, int]]:
        """How many members are in which state, by enrollment."""
        pk = keys.organization_pk(organization_id)
        wanted = [(pk, keys.totals_sk(each)) for each in enrollment_ids]
        found = {
            item.sk.removeprefix(keys.TOTALS): item.totals()
            for item in self._table.get_many(TotalsItem, wanted)
        }
        return {each: found.get(each) or dict.fromkeys(MemberState, 0) for each in enrollment_ids}

    def made_by(
        self, organization_id: str, key: IdempotencyKey, now: datetime
    ) -> Enrollment | None:
        """The enrollment that this key created in the last 24 hours. Raises KeyReused if it came
        with another body, Conflict if the enrollment was ended.
        """
        enrollment_id = made_by_key(self._table, organization_id, key, now)
        if enrollment_id is None:
            return None
        try:
            return self.get(organization_id, enrollment_id)
        except EnrollmentNotFound:
            raise MadeAndDeleted(
                "The enrollment that this Idempotency-Key created was ended. Use a new key."
            ) from None

    def create(
        self,
        enrollment: Enrollment,
        entry: AuditEntry,
        count: Count,
        key: IdempotencyKey | None = None,
    ) -> Enrollment:
        """Stores a new enrollment, and the request's key; or returns the enrollment that the same
        key created meanwhile. `count` counts this against a quota, here and below. Raises
        TooManyEnrollments, QuotaExceeded, Conflict, KeyReused.
        """
        organization_id, now = enrollment.organization_id, enrollment.created_at
        organization = _organization(enrollment)
        allowed = OrganizationItem.enrollments.does_not_exist()
        allowed |= OrganizationItem.enrollments < AT_MOST
        more: list[Action] = [OrganizationItem.enrollments.add(1)]

        def attempt() -> Enrollment:
            item = EnrollmentItem.of(enrollment)
            try:
                with self._table.transaction() as transaction:
                    transaction.save(item)
                    if key:
                        made_id = enrollment.enrollment_id
                        add_idempotency_key(transaction, organization_id, key, made_id, now)
                    transaction.update(organization, more, condition=allowed)
                    count(transaction)
                    add_audit_entry(transaction, entry, self._audit_kept_for)
            except (ItemChanged, QuotaExceeded) as error:
                if key and (made := self.made_by(organization_id, key, now)):
                    return made
                # Puts come before updates: the enrollment, the key, the entry, the organization.
                if isinstance(error, ItemChanged) and 2 + bool(key) in error.failed:
                    raise TooManyEnrollments(
                        f"Your organization may have {AT_MOST} enrollments. End one first."
                    ) from None
                raise
            return item.enrollment()

        return retry_while_changed(attempt)

    def save(
        self,
        before: Enrollment,
        after: Enrollment,
        *,
        entry: AuditEntry | None = None,
        with_items: Callable[[TransactWrite], None] = lambda transaction: None,
    ) -> Enrollment:
        """Stores an enrollment in place of the one that was read. Raises ItemChanged, ItemBusy, and
        what `with_items` raises.
        """
        item = EnrollmentItem.of(after.after(before))
        with self._table.transaction() as transaction:
            transaction.save(item)
            with_items(transaction)
            if entry:
                add_audit_entry(transaction, entry, self._audit_kept_for)
        return item.enrollment()

    def changed(
        self,
        organization_id: str,
        enrollment_id: str,
        change: Callable[[Enrollment], Enrollment],
        *,
        entry_of: Callable[[Enrollment, Enrollment], AuditEntry] | None = None,
        with_items: Callable[[TransactWrite], None] = lambda transaction: None,
        overtaken_at: datetime | None = None,
    ) -> Enrollment:
        """Reads, changes and writes an enrollment, and repeats that if another write came first.
        `overtaken_at`: then a synchronization that loses its slot ends. Raises EnrollmentNotFound,
        Conflict, and what `with_items` raises.
        """

        def attempt() -> Enrollment:
            before = self.get(organization_id, enrollment_id)
            after = change(before)
            if after == before:
                return before
            entry = entry_of(before, after) if entry_of else None

            def add(transaction: TransactWrite) -> None:
                with_items(transaction)
                if overtaken_at and before.slot and not after.slot:
                    end_overtaken(transaction, before, overtaken_at)

            return self.save(before, after, entry=entry, with_items=add)

        return retry_while_changed(attempt)

    def begin(
        self,
        before: Enrollment,
        after: Enrollment,
        synchronization: Synchronization,
        *,
        entry: AuditEntry | None,
        count: Count,
    ) -> None:
        """Stores a synchronization that begins, and the enrollment whose slot it holds; one that
        runs ends. Raises ItemChanged, ItemBusy, QuotaExceeded.
        """
        now = synchronization.started_at

        def add(transaction: TransactWrite) -> None:
            transaction.save(
                SynchronizationItem.of(synchronization),
                condition=SynchronizationItem.pk.does_not_exist(),
            )
            count(transaction)
            if before.synchronizing(now):
                end_overtaken(transaction, before, now)

        self.save(before, after, entry=entry, with_items=add)

    def end(
        self,
        before: Enrollment,
        after: Enrollment,
        synchronization: Synchronization,
        state: SynchronizationState,
        *,
        now: datetime,
        reason: str | None = None,
        connected_before: int | None = None,
    ) -> None:
        """Stores the enrollment after a synchronization, which ends. `connected_before`: it is
        connected for the first time, and only if no other was since so many were. Raises
        ItemChanged, ItemBusy.
        """

        def add(transaction: TransactWrite) -> None:
            own = synchronization.synchronization_id
            end_synchronization(transaction, before, own, state, now=now, reason=reason)
            if connected_before is not None:
                counter = OrganizationItem.ever_connected
                same = counter == connected_before if connected_before else counter.does_not_exist()
                transaction.update(_organization(before), [counter.add(1)], condition=same)

        self.save(before, after, with_items=add)

    def mark_ended(
        self, before: Enrollment, after: Enrollment, entry: AuditEntry, now: datetime
    ) -> None:
        """Stores that a person ended it, and remembers that for a day. Raises ItemChanged,
        ItemBusy.
        """

        def add(transaction: TransactWrite) -> None:
            pk = keys.organization_pk(before.organization_id)
            transaction.save(DeletedItem.of(pk, before.enrollment_id, now))
            less: list[Action] = [OrganizationItem.enrollments.add(-1)]
            transaction.update(_organization(before), less)

        self.save(before, after, entry=entry, with_items=add)

    def was_ended(self, organization_id: str, enrollment_id: str, now: datetime) -> bool:
        """Whether the organization ended this enrollment within a day."""
        pk = keys.organization_pk(organization_id)
        return DeletedItem.find(self._table, pk, enrollment_id, now) is not None

    def remove(self, enrollment: Enrollment) -> None:
        """Removes an enrollment that was ended, and its totals. Raises ItemChanged, ItemBusy."""
        pk = keys.organization_pk(enrollment.organization_id)
        with self._table.transaction() as transaction:
            transaction.delete(EnrollmentItem.of(enrollment))
            transaction.delete(TotalsItem(pk, keys.totals_sk(enrollment.enrollment_id)))

    def due(self, now: datetime, limit: int) -> list[tuple[str, str]]:
        """The organization and the id of enrollments that are due, longest overdue first. Some may
        not be due any more.
        """
        found = DueItem.by_due.query(
            keys.DUE_ENROLLMENTS,
            EnrollmentItem.next_synchronization_at <= now,
            limit=limit,
            page_size=limit,
        )
        return [item.ids(keys.ENROLLMENT) for item in found]


def _organization(enrollment: Enrollment) -> OrganizationItem:
    return OrganizationItem(keys.organization_pk(enrollment.organization_id), keys.ORGANIZATION_SK)
