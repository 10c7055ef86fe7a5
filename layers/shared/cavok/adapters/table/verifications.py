"""Verifications in the table. The caller has read the account in its organization before."""

import json
import zlib
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import asdict, replace
from datetime import datetime, timedelta

from pynamodb.attributes import (
    NumberAttribute,
    TTLAttribute,
    UnicodeAttribute,
    UTCDateTimeAttribute,
)
from pynamodb.expressions.condition import Condition
from pynamodb.expressions.update import Action
from pynamodb.transactions import TransactWrite

from cavok.adapters.table import keys
from cavok.adapters.table.accounts import AccountItem, Accounts
from cavok.adapters.table.actors import actor_of, stored_actor
from cavok.adapters.table.interactions import add_interaction
from cavok.adapters.table.region_health import dump_health, load_health
from cavok.adapters.table.table import (
    EnumAttribute,
    Item,
    ItemChanged,
    JsonAttribute,
    PackedAttribute,
    Table,
)
from cavok.domain.accounts import Account, LastVerification, Outcome
from cavok.domain.actors import ActorKind
from cavok.domain.audit import AuditEntry
from cavok.domain.errors import VerificationNotFound
from cavok.domain.ids import is_id
from cavok.domain.interactions import Interaction
from cavok.domain.pages import Page, Position
from cavok.domain.permissions import group_of
from cavok.domain.steps import Step
from cavok.domain.verifications import (
    KEPT_FOR,
    State,
    Trigger,
    Unchanged,
    Verification,
    in_order,
)

_PACKED = ("step", "verdict", "ok", "evidence", "reason", "error_code", "detail", "region")

_WORDS = (
    b"User: arn:aws:sts:::assumed-role/OpenSessionRole-OpenSession is not authorized to perform: "
    b'sts:AssumeRole on resource: arn:aws:iam::role/CavokCloud"],["sts:AssumeRole",'
    b'["trust:account-matches",["trust:without-external-id","denied",true,"live",null,'
    b'"AccessDenied",["trust:with-wrong-external-id","skipped","inconclusive","none","policy",'
    b'"An error occurred, the account could not be entered, so this was not tried.","not_entered",'
    b'"Write logs is No for this account.","write_logs_off","identity_policy","explicit_deny",'
    b'["iam:ListRolePolicies",["iam:ListAttachedRolePolicies",["iam:GetRolePolicy",'
    b'["ec2:DescribeInstances",["ec2:DescribeInstanceStatus",["ec2:StartInstances",'
    b'["ec2:StopInstances","allowed",true,"live",null,"DryRunOperation","Request would have '
    b'succeeded, but DryRun flag is set.",["rds:DescribeDBInstances",["rds:StartDBInstance",'
    b'["rds:StopDBInstance","allowed",true,"live",null,"DBInstanceNotFound","DBInstance '
    b'cavok-probe- not found.",["rds:DescribeDBClusters",["rds:StartDBCluster",'
    b'["rds:StopDBCluster","allowed",true,"live",null,"DBClusterNotFoundFault","DBCluster '
    b'cavok-probe- not found.",["logs:CreateLogGroup","allowed",true,"live",null,'
    b'"ResourceAlreadyExistsException","The specified log group already exists"'
    b'["logs:TagResource",["logs:PutRetentionPolicy","ResourceNotFoundException","The specified '
    b'log group does not exist.",["logs:CreateLogStream",["logs:PutLogEvents","allowed",true,'
    b'"live",null,null,null,"us-east-1",'
)
"""Frequent texts of steps, as a preset dictionary for zlib. Never change it: stored steps were
packed with it. Other texts only become a little larger.
"""


def pack_steps(steps: Sequence[Step]) -> bytes | None:
    """Steps as compressed JSON, a list of values each: a tenth of the size of the plain form. Times
    are kept in milliseconds from the first step. None for no steps.
    """
    if not steps:
        return None
    started = min(step.started_at for step in steps)
    rows = [
        [
            *(getattr(step, name) for name in _PACKED),
            round((step.started_at - started).total_seconds() * 1000),
            step.duration_ms,
            *([asdict(step.resources)] if step.resources else []),
        ]
        for step in steps
    ]
    packer = zlib.compressobj(9, zdict=_WORDS)
    text = json.dumps([started.isoformat(), rows], separators=(",", ":"))
    return packer.compress(text.encode()) + packer.flush()


def unpack_steps(packed: bytes) -> tuple[Step, ...]:
    """Reads `pack_steps`."""
    started, rows = json.loads(zlib.decompressobj(zdict=_WORDS).decompress(packed))
    start = datetime.fromisoformat(started)
    return tuple(
        Step.from_dict(
            dict(zip(_PACKED, values, strict=True))
            | {
                "group": group_of(values[0]),
                "started_at": (start + timedelta(milliseconds=offset)).isoformat(),
                "duration_ms": duration,
                "resources": resources[0] if resources else None,
            }
        )
        for values, (offset, duration, *resources) in (
            (row[: len(_PACKED)], row[len(_PACKED) :]) for row in rows
        )
    )


class VerificationItem(Item):
    """A test. Its steps are one compressed attribute."""

    organization_id = UnicodeAttribute()
    trigger = EnumAttribute(Trigger)
    actor = UnicodeAttribute()
    actor_sub = UnicodeAttribute(null=True)
    actor_kind = EnumAttribute(ActorKind, null=True)
    connection_revision = NumberAttribute()
    state = EnumAttribute(State)
    outcome = EnumAttribute(Outcome, null=True)
    started_at = UTCDateTimeAttribute()
    finished_at = UTCDateTimeAttribute(null=True)
    execution_arn = UnicodeAttribute(null=True)
    steps = PackedAttribute(pack_steps, unpack_steps, null=True, default=())
    region_health = JsonAttribute(dump_health, load_health, null=True)
    unchanged_tests = NumberAttribute(null=True)
    unchanged_at = UTCDateTimeAttribute(null=True)
    expires_at = TTLAttribute(null=True)

    @classmethod
    def of(cls, verification: Verification, *, expires_at: datetime | None) -> "VerificationItem":
        """The item that stores a verification; null keeps it as long as its account."""
        return cls.of_fields(
            keys.account_pk(verification.account_id),
            keys.verification_sk(verification.verification_id),
            verification,
            region_health=verification.region_health or None,
            expires_at=expires_at,
            **stored_actor(verification.actor),
        )

    def verification(self) -> Verification:
        """The stored verification, without the steps of one that runs."""
        return self.as_a(
            Verification,
            account_id=self.pk.removeprefix(keys.ACCOUNT),
            verification_id=self.sk.removeprefix(keys.VERIFICATION),
            actor=actor_of(self),
            region_health=self.region_health or (),
            unchanged=Unchanged(int(self.unchanged_tests), self.unchanged_at)
            if self.unchanged_tests and self.unchanged_at
            else None,
        )


class ProgressItem(Item):
    """Steps that a running verification finished, as one JSON list. `progress.py` writes it."""

    steps = UnicodeAttribute()
    expires_at = TTLAttribute()

    def finished_steps(self) -> list[Step]:
        """The steps of one function of the test."""
        return [Step.from_dict(step) for step in json.loads(self.steps)]


class Verifications:
    """Reads and writes verifications."""

    def __init__(self, table: Table, accounts: Accounts) -> None:
        self._table = table
        self._accounts = accounts

    def get(self, account_id: str, verification_id: str) -> Verification:
        """A verification, with the steps finished so far. Raises VerificationNotFound."""
        return self._with_progress(self.stored(account_id, verification_id))

    def stored(self, account_id: str, verification_id: str) -> Verification:
        """A verification, without the steps of one that runs. Raises VerificationNotFound."""
        pk, sk = keys.account_pk(account_id), keys.verification_sk(verification_id)
        item = self._table.get(VerificationItem, pk, sk) if is_id(verification_id) else None
        if item is None:
            raise _not_found()
        return item.verification()

    def stored_with_account(
        self, organization_id: str, account_id: str, verification_id: str
    ) -> tuple[Verification, Account | None]:
        """A verification as `stored`, and the account, in one call; null if the account was
        deleted. Raises VerificationNotFound, also for one of another organization's account.

        The account may be read before the verification, and either may change in between. The
        conditions of the writes make up for that: an account's version, and that the test runs.
        """
        if not is_id(verification_id):
            raise _not_found()
        account_key = keys.organization_pk(organization_id), keys.account_sk(account_id)
        key = keys.account_pk(account_id), keys.verification_sk(verification_id)
        item, account = self._table.get_both((VerificationItem, *key), (AccountItem, *account_key))
        if item is None or item.organization_id != organization_id:
            raise _not_found()
        return item.verification(), account.account() if account else None

    def page(self, account_id: str, *, limit: int, after: Position | None) -> Page[Verification]:
        """Newest first."""
        pk, prefix = keys.account_pk(account_id), keys.VERIFICATION
        page = self._table.page(VerificationItem, pk, prefix, limit=limit, after=after)
        return page.map(lambda item: self._with_progress(item.verification()))

    def begin(
        self,
        before: Account,
        after: Account,
        verification: Verification,
        entry: AuditEntry | None,
        with_items: Callable[[TransactWrite], None] = lambda transaction: None,
    ) -> Account:
        """Stores a verification, the account whose test slot it holds, the audit entry, and what
        `with_items` adds. Raises ItemChanged, ItemBusy, and what `with_items` raises.
        """
        item = VerificationItem.of(verification, expires_at=verification.kept_until(after))

        def add(transaction: TransactWrite) -> None:
            transaction.save(item, condition=VerificationItem.pk.does_not_exist())
            with_items(transaction)

        return self._accounts.save(before, after, entry=entry, with_items=add)

    def finish(
        self,
        before: Account,
        after: Account,
        verification: Verification,
        interaction: Interaction | None,
        *,
        quiet: bool = False,
    ) -> None:
        """Stores a finished verification, its account and, if it counts as one, its interaction.
        `quiet`: no event says that the test ended. Raises ItemChanged, ItemBusy.
        """
        item = VerificationItem.of(verification, expires_at=verification.kept_until(after))
        running = VerificationItem.state == State.RUNNING

        def save(last: LastVerification | None) -> None:
            def add(transaction: TransactWrite) -> None:
                transaction.save(item, condition=VerificationItem.pk.does_not_exist() | running)
                if interaction:
                    add_interaction(transaction, interaction)
                if last:
                    transaction.update(*_count(before, last))

            self._accounts.save(before, after, with_items=add, quiet=quiet)

        last = before.last_replaced_by(after)
        if last and verification.trigger is Trigger.SCHEDULED:
            with suppress(ItemChanged):  # it has expired
                self._table.update(*_count(before, last))  # nobody waits, and alone it costs half
            last = None
        try:
            save(last)
        except ItemChanged:
            if not last:
                raise
            save(None)  # if it has expired; else another item fails again

    def finish_orphan(self, verification: Verification) -> None:
        """Stores a finished verification whose account was deleted meanwhile."""
        item = VerificationItem.of(verification, expires_at=verification.kept_until(None))
        self._table.put(item)

    def progress(self, verification_id: str) -> tuple[Step, ...]:
        """The steps that a running verification has finished."""
        items = ProgressItem.query(keys.progress_pk(verification_id), consistent_read=True)
        return in_order(step for item in items for step in item.finished_steps())

    def _with_progress(self, verification: Verification) -> Verification:
        if verification.state is not State.RUNNING:
            return verification
        return replace(verification, steps=self.progress(verification.verification_id))


def _count(
    account: Account, last: LastVerification
) -> tuple[VerificationItem, list[Action], Condition]:
    """How the account's count of unchanged tests is copied to its last test, which is kept as long
    as the last of them. Repeating this changes nothing. The condition fails if that test has
    expired.
    """
    item = VerificationItem(
        keys.account_pk(account.account_id), keys.verification_sk(last.verification_id)
    )
    counts: list[Action] = [
        VerificationItem.unchanged_tests.set(last.unchanged),
        VerificationItem.unchanged_at.set(last.finished_at),
        VerificationItem.expires_at.set(last.finished_at + KEPT_FOR),
    ]
    return item, counts, VerificationItem.pk.exists()


def _not_found() -> VerificationNotFound:
    return VerificationNotFound("There is no such verification of this account.")
