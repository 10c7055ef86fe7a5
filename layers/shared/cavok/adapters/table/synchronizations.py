"""Synchronizations of enrollments in the table, with the place that the walk has reached."""

import json
import zlib
from datetime import datetime

from pynamodb.attributes import (
    BooleanAttribute,
    NumberAttribute,
    TTLAttribute,
    UnicodeAttribute,
    UTCDateTimeAttribute,
)
from pynamodb.expressions.update import Action
from pynamodb.transactions import TransactWrite

from cavok.adapters.table import keys
from cavok.adapters.table.actors import actor_of, stored_actor
from cavok.adapters.table.table import EnumAttribute, Item, PackedAttribute, Table
from cavok.domain.actors import ActorKind
from cavok.domain.enrollments import Enrollment
from cavok.domain.errors import SynchronizationNotFound
from cavok.domain.ids import is_id
from cavok.domain.members import Place
from cavok.domain.synchronizations import (
    KEPT_FOR,
    OVERTAKEN,
    OpenUnit,
    Synchronization,
    SynchronizationState,
    Walk,
)


def pack_walk(walk: Walk) -> bytes:
    """As compressed JSON: a large tree, and thousands of account numbers, fit into an item."""
    units = None
    if walk.open is not None:
        units = [
            [
                list(each.place.unit_ids),
                each.place.path,
                each.accounts,
                each.token,
                *([each.restarts] if each.restarts else ()),
            ]
            for each in walk.open
        ]
    stored = [
        units,
        "".join(sorted(walk.seen)),
        walk.compared,
        *([walk.stuck, sorted(walk.units)] if walk.stuck or walk.units else ()),
    ]
    return zlib.compress(json.dumps(stored, separators=(",", ":")).encode(), 9)


def unpack_walk(packed: bytes) -> Walk:
    """Reads `pack_walk`. Older releases stored less: a walk of theirs begins anew, since it does
    not say which units AWS has listed.
    """
    opened, seen, compared, *others = json.loads(zlib.decompress(packed))
    if len(others) < 2:
        opened = None
    return Walk(
        open=None
        if opened is None
        else tuple(OpenUnit(Place(tuple(ids), path), *rest) for ids, path, *rest in opened),
        seen=frozenset(seen[start : start + 12] for start in range(0, len(seen), 12)),
        compared=compared,
        stuck=others[0] if others else 0,
        units=frozenset(others[1]) if len(others) > 1 else frozenset(),
    )


class SynchronizationItem(Item):
    """A synchronization. Its walk is there while it runs."""

    actor = UnicodeAttribute()
    actor_sub = UnicodeAttribute(null=True)
    actor_kind = EnumAttribute(ActorKind, null=True)
    again = BooleanAttribute()
    state = EnumAttribute(SynchronizationState)
    started_at = UTCDateTimeAttribute()
    finished_at = UTCDateTimeAttribute(null=True)
    found = NumberAttribute()
    added = NumberAttribute()
    changed = NumberAttribute()
    missing = NumberAttribute()
    reason = UnicodeAttribute(null=True)
    walk = PackedAttribute(pack_walk, unpack_walk, null=True)
    expires_at = TTLAttribute()

    @classmethod
    def of(cls, synchronization: Synchronization) -> "SynchronizationItem":
        """The item that stores a synchronization which begins."""
        return cls.of_fields(
            *_key(
                synchronization.organization_id,
                synchronization.enrollment_id,
                synchronization.synchronization_id,
            ),
            synchronization,
            walk=Walk(),
            expires_at=synchronization.started_at + KEPT_FOR,
            **stored_actor(synchronization.actor),
        )

    def synchronization(self) -> Synchronization:
        """The stored synchronization."""
        enrollment_id, own = keys.synchronization_in(self.sk)
        numbers = {
            name: int(getattr(self, name)) for name in ("found", "added", "changed", "missing")
        }
        return self.as_a(
            Synchronization,
            organization_id=self.pk.removeprefix(keys.ORGANIZATION),
            enrollment_id=enrollment_id,
            synchronization_id=own,
            actor=actor_of(self),
            **numbers,
        )


_RUNS = SynchronizationItem.state == SynchronizationState.RUNNING


class Synchronizations:
    """Reads synchronizations, and notes how far they are."""

    def __init__(self, table: Table) -> None:
        self._table = table

    def get(
        self, organization_id: str, enrollment_id: str, synchronization_id: str
    ) -> Synchronization:
        """Raises SynchronizationNotFound."""
        return self.with_walk(organization_id, enrollment_id, synchronization_id)[0]

    def with_walk(
        self, organization_id: str, enrollment_id: str, synchronization_id: str
    ) -> tuple[Synchronization, Walk]:
        """A synchronization, and how far it is. Raises SynchronizationNotFound."""
        key = _key(organization_id, enrollment_id, synchronization_id)
        whole = is_id(enrollment_id) and is_id(synchronization_id)
        item = self._table.get(SynchronizationItem, *key) if whole else None
        if item is None:
            raise SynchronizationNotFound("There is no such synchronization of this enrollment.")
        return item.synchronization(), item.walk or Walk()

    def advance(self, synchronization: Synchronization, walk: Walk) -> None:
        """Stores how far it is, and what it counted itself. Raises ItemChanged if it ended
        meanwhile, ItemBusy.
        """
        actions: list[Action] = [
            SynchronizationItem.walk.set(walk),
            SynchronizationItem.found.set(synchronization.found),
            SynchronizationItem.missing.set(synchronization.missing),
        ]
        self._table.update(_item(synchronization), actions, _RUNS)


def count_changes(
    transaction: TransactWrite, synchronization: Synchronization, *, added: int, changed: int
) -> None:
    """Adds to a transaction that it also counts: repeated rounds count nothing twice, and one that
    was ended meanwhile writes nothing, also nothing that does not count.
    """
    actions: list[Action] = [
        SynchronizationItem.added.add(added),
        SynchronizationItem.changed.add(changed),
    ]
    transaction.update(_item(synchronization), actions, condition=_RUNS)


def end_synchronization(
    transaction: TransactWrite,
    enrollment: Enrollment,
    synchronization_id: str,
    state: SynchronizationState,
    *,
    now: datetime,
    reason: str | None,
) -> None:
    """Adds to a transaction that it ends, if it runs."""
    actions: list[Action] = [
        SynchronizationItem.state.set(state),
        SynchronizationItem.finished_at.set(now),
        SynchronizationItem.walk.remove(),
    ]
    if reason:
        actions.append(SynchronizationItem.reason.set(reason))
    key = _key(enrollment.organization_id, enrollment.enrollment_id, synchronization_id)
    transaction.update(SynchronizationItem(*key), actions, condition=_RUNS)


def end_overtaken(transaction: TransactWrite, enrollment: Enrollment, now: datetime) -> None:
    """Adds to a transaction that the one which holds the slot of this enrollment ends."""
    assert enrollment.slot, "nothing runs"
    own, failed = enrollment.slot.synchronization_id, SynchronizationState.FAILED
    end_synchronization(transaction, enrollment, own, failed, now=now, reason=OVERTAKEN)


def _item(synchronization: Synchronization) -> SynchronizationItem:
    return SynchronizationItem(
        *_key(
            synchronization.organization_id,
            synchronization.enrollment_id,
            synchronization.synchronization_id,
        )
    )


def _key(organization_id: str, enrollment_id: str, synchronization_id: str) -> tuple[str, str]:
    sk = keys.synchronization_sk(enrollment_id, synchronization_id)
    return keys.organization_pk(organization_id), sk
