"""The items of the table, as PynamoDB models. One table; every key starts from an organization or
an account of it.

| item                                | pk                | sk                       |
| ----------------------------------- | ----------------- | ------------------------ |
| organization                        | ORG#<org>         | ORG                      |
| account                             | ORG#<org>         | ACCOUNT#<account_id>     |
| its sealed access key               | ORG#<org>         | CREDENTIALS#<account_id> |
| claim (a number once per org)       | ORG#<org>         | PROVIDER#aws#<12 digits> |
| idempotency record of a create      | ORG#<org>         | IDEMPOTENCY#…            |
| verification                        | ACCOUNT#<account> | VERIFICATION#<ulid>      |
| finished steps of a running one     | ACCOUNT#<account> | PROGRESS#<ulid>#<step>   |

The indexes by_name and by_status hold keys alone: a verification that changes neither writes
nothing to them, and a page of accounts is one query and one batch read. by_due is sparse: an
account that rests is not in it, so that finding what is due costs as much as is due. by_usage is
sparse too: nothing but the months' counters is in it.
"""

import hashlib
import json
import zlib
from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Any

from pynamodb.attributes import (
    BinaryAttribute,
    BooleanAttribute,
    JSONAttribute,
    NumberAttribute,
    TTLAttribute,
    UnicodeAttribute,
    UTCDateTimeAttribute,
    VersionAttribute,
)
from pynamodb.connection import Connection
from pynamodb.indexes import AllProjection, GlobalSecondaryIndex, KeysOnlyProjection
from pynamodb.models import Model

from cavok.domain.accounts import (
    AccessType,
    Account,
    Capability,
    Issue,
    LastVerification,
    Outcome,
    Status,
    TestSlot,
)
from cavok.domain.permissions import group_of
from cavok.domain.steps import Step
from cavok.domain.verifications import State, Trigger, Verification


def organization_pk(organization_id: str) -> str:
    return f"ORG#{organization_id}"


def account_pk(account_id: str) -> str:
    return f"ACCOUNT#{account_id}"


def account_sk(account_id: str) -> str:
    return f"ACCOUNT#{account_id}"


def claim_sk(provider: str, account_number: str) -> str:
    return f"PROVIDER#{provider}#{account_number}"


def name_key(name: str, account_id: str) -> str:
    """Sorts by name, case aside; `#` sorts before letters and digits, so that `ab` comes before
    `ab1`.
    """
    return f"{name.lower()}#{account_id}"


DUE_SHARDS = tuple(f"DUE#{shard}" for shard in range(8))
"""Partitions of the index of due times. One partition takes 1,000 writes a second, and an account
that is tested is written there twice.
"""


def due_shard(account_id: str) -> str:
    digest = hashlib.blake2b(account_id.encode(), digest_size=2, person=b"due").digest()
    return DUE_SHARDS[int.from_bytes(digest) % len(DUE_SHARDS)]


def status_pk(organization_id: str, status: Status) -> str:
    return f"ORG#{organization_id}#{status}"


class ByName(GlobalSecondaryIndex["AccountItem"]):  # type: ignore[no-untyped-call]
    """Accounts of an organization by name."""

    class Meta:
        index_name = "by_name"
        projection = KeysOnlyProjection()

    pk = UnicodeAttribute(hash_key=True)
    name_key = UnicodeAttribute(range_key=True)


class ByStatus(GlobalSecondaryIndex["AccountItem"]):  # type: ignore[no-untyped-call]
    """Accounts of an organization in one status, by name."""

    class Meta:
        index_name = "by_status"
        projection = KeysOnlyProjection()

    status_pk = UnicodeAttribute(hash_key=True)
    name_key = UnicodeAttribute(range_key=True)


class ByDue(GlobalSecondaryIndex["AccountItem"]):  # type: ignore[no-untyped-call]
    """Accounts of all organizations by the time at which they are to be verified again."""

    class Meta:
        index_name = "by_due"
        projection = KeysOnlyProjection()

    due_shard = UnicodeAttribute(hash_key=True)
    next_verification_at = UTCDateTimeAttribute(range_key=True)


class ByAuditedAccount(GlobalSecondaryIndex[Any]):  # type: ignore[no-untyped-call]
    """Entries of the audit trail by account. An entry says whose account that is."""

    class Meta:
        index_name = "by_audited_account"
        projection = AllProjection()

    audited_account = UnicodeAttribute(hash_key=True)
    sk = UnicodeAttribute(range_key=True)


class ByUsage(GlobalSecondaryIndex[Any]):  # type: ignore[no-untyped-call]
    """Counters of a month, of all accounts of an organization, by what they have counted."""

    class Meta:
        index_name = "by_usage"
        projection = KeysOnlyProjection()

    usage_of = UnicodeAttribute(hash_key=True)
    used = NumberAttribute(range_key=True)


class Item(Model):
    """What every item has. The connection is made once, on this class, and shared by all of
    them.
    """

    class Meta:
        table_name: str
        region: str
        # PynamoDB's defaults outlive a function's timeout.
        connect_timeout_seconds = 2
        read_timeout_seconds = 4
        max_retry_attempts = 3

    pk = UnicodeAttribute(hash_key=True)
    sk = UnicodeAttribute(range_key=True)
    by_name = ByName()
    by_status = ByStatus()
    by_due = ByDue()
    by_audited_account = ByAuditedAccount()
    by_usage = ByUsage()


def bind(table_name: str, region: str) -> Connection:
    """Points the models at a table. Once per process, before anything is read or written.

    Made on the base, the connection is shared by all models instead of each making its own.
    """
    Item.Meta.table_name = table_name
    Item.Meta.region = region
    return Item._get_connection().connection


class OrganizationItem(Item):
    external_id = UnicodeAttribute()
    created_at = UTCDateTimeAttribute()
    unconfirmed = NumberAttribute(default=0)
    confirmed = NumberAttribute(default=0)
    degraded = NumberAttribute(default=0)
    failed = NumberAttribute(default=0)


class ClaimItem(Item):
    account_id = UnicodeAttribute()


class CredentialsItem(Item):
    """A customer's access key, sealed. Only the function that enters accounts reads it."""

    sealed = UnicodeAttribute()


class AccountItem(Item):
    """Kept within 1 kB where nothing is wrong: every test writes it twice, and each begun kilobyte
    costs.
    """

    provider = UnicodeAttribute()
    account_number = UnicodeAttribute(attr_name="provider_id")
    name = UnicodeAttribute()
    name_key = UnicodeAttribute()
    status_pk = UnicodeAttribute()
    access_type = UnicodeAttribute()
    role_name = UnicodeAttribute(null=True)
    access_key_id_ending = UnicodeAttribute(null=True)
    write_logs = BooleanAttribute()
    regions = JSONAttribute()
    status = UnicodeAttribute()
    issues = JSONAttribute()
    capabilities = JSONAttribute()
    last_verification_id = UnicodeAttribute(null=True)
    last_outcome = UnicodeAttribute(null=True)
    last_finished_at = UTCDateTimeAttribute(null=True)
    slot_verification_id = UnicodeAttribute(null=True)
    slot_expires_at = UTCDateTimeAttribute(null=True)
    next_verification_at = UTCDateTimeAttribute(null=True)
    due_shard = UnicodeAttribute(null=True)
    created_at = UTCDateTimeAttribute()
    created_by = UnicodeAttribute()
    updated_at = UTCDateTimeAttribute()
    touched_at = UTCDateTimeAttribute()
    connected_at = UTCDateTimeAttribute(null=True)
    attempts = NumberAttribute()
    proven = BinaryAttribute(legacy_encoding=False)
    connection_revision = NumberAttribute()
    version = VersionAttribute()

    @classmethod
    def of(cls, account: Account) -> "AccountItem":
        last, slot = account.verification, account.slot
        item = cls(
            organization_pk(account.organization_id),
            account_sk(account.account_id),
            provider=account.provider,
            account_number=account.account_number,
            name=account.name,
            name_key=name_key(account.name, account.account_id),
            status_pk=status_pk(account.organization_id, account.status),
            access_type=account.access_type.value,
            role_name=account.role_name,
            access_key_id_ending=account.access_key_id_ending,
            write_logs=account.write_logs,
            regions=list(account.regions),
            status=account.status.value,
            issues=[[issue.code, issue.message, issue.remedy] for issue in account.issues],
            capabilities={
                group: capability.value for group, capability in account.capabilities.items()
            },
            last_verification_id=last.verification_id if last else None,
            last_outcome=last.outcome.value if last else None,
            last_finished_at=last.finished_at if last else None,
            slot_verification_id=slot.verification_id if slot else None,
            slot_expires_at=slot.expires_at if slot else None,
            next_verification_at=account.next_verification_at,
            due_shard=due_shard(account.account_id) if account.next_verification_at else None,
            created_at=account.created_at,
            created_by=account.created_by,
            updated_at=account.updated_at,
            touched_at=account.touched_at,
            connected_at=account.connected_at,
            attempts=account.attempts,
            proven=zlib.compress(",".join(sorted(account.proven)).encode(), 9),
            connection_revision=account.connection_revision,
        )
        if account.version:
            item.version = account.version
        return item

    @property
    def organization_id(self) -> str:
        return self.pk.removeprefix("ORG#")

    @property
    def account_id(self) -> str:
        return self.sk.removeprefix("ACCOUNT#")

    def account(self) -> Account:
        last = slot = None
        if self.last_verification_id and self.last_outcome and self.last_finished_at:
            last = LastVerification(
                self.last_verification_id, Outcome(self.last_outcome), self.last_finished_at
            )
        if self.slot_verification_id and self.slot_expires_at:
            slot = TestSlot(self.slot_verification_id, self.slot_expires_at)
        return Account(
            organization_id=self.organization_id,
            account_id=self.account_id,
            provider=self.provider,
            account_number=self.account_number,
            name=self.name,
            access_type=AccessType(self.access_type),
            role_name=self.role_name,
            access_key_id_ending=self.access_key_id_ending,
            write_logs=self.write_logs,
            regions=tuple(self.regions),
            status=Status(self.status),
            issues=tuple(Issue(*fields) for fields in self.issues),
            capabilities={group: Capability(value) for group, value in self.capabilities.items()},
            verification=last,
            slot=slot,
            next_verification_at=self.next_verification_at,
            created_at=self.created_at,
            created_by=self.created_by,
            updated_at=self.updated_at,
            touched_at=self.touched_at,
            connected_at=self.connected_at,
            attempts=int(self.attempts),
            proven=frozenset(filter(None, zlib.decompress(self.proven).decode().split(","))),
            connection_revision=int(self.connection_revision),
            version=int(self.version),
        )


class VerificationItem(Item):
    organization_id = UnicodeAttribute()
    trigger = UnicodeAttribute()
    actor = UnicodeAttribute()
    connection_revision = NumberAttribute()
    state = UnicodeAttribute()
    outcome = UnicodeAttribute(null=True)
    started_at = UTCDateTimeAttribute()
    finished_at = UTCDateTimeAttribute(null=True)
    execution_arn = UnicodeAttribute(null=True)
    steps = BinaryAttribute(legacy_encoding=False, null=True)
    expires_at = TTLAttribute(null=True)

    @classmethod
    def of(cls, verification: Verification, *, expires_at: Any = None) -> "VerificationItem":
        return cls(
            account_pk(verification.account_id),
            verification_sk(verification.verification_id),
            organization_id=verification.organization_id,
            trigger=verification.trigger.value,
            actor=verification.actor,
            connection_revision=verification.connection_revision,
            state=verification.state.value,
            outcome=verification.outcome.value if verification.outcome else None,
            started_at=verification.started_at,
            finished_at=verification.finished_at,
            execution_arn=verification.execution_arn,
            steps=pack_steps(verification.steps) if verification.steps else None,
            expires_at=expires_at,
        )

    def verification(self) -> Verification:
        return Verification(
            organization_id=self.organization_id,
            account_id=self.pk.removeprefix("ACCOUNT#"),
            verification_id=self.sk.removeprefix("VERIFICATION#"),
            trigger=Trigger(self.trigger),
            actor=self.actor,
            connection_revision=int(self.connection_revision),
            state=State(self.state),
            outcome=Outcome(self.outcome) if self.outcome else None,
            started_at=self.started_at,
            finished_at=self.finished_at,
            execution_arn=self.execution_arn,
            steps=unpack_steps(self.steps) if self.steps else (),
        )


class ProgressItem(Item):
    """Steps that a running verification finished, as one JSON list. The workflow writes it."""

    steps = UnicodeAttribute()
    expires_at = TTLAttribute()

    def finished_steps(self) -> list[Step]:
        return [Step.from_dict(step) for step in json.loads(self.steps)]


def verification_sk(verification_id: str) -> str:
    return f"VERIFICATION#{verification_id}"


def progress_sk_prefix(verification_id: str) -> str:
    return f"PROGRESS#{verification_id}#"


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
"""What steps are made of, for zlib to refer to. Never to be changed: what is stored was packed with
it. A catalog that outgrows it is packed a little larger, and no less rightly.
"""


def pack_steps(steps: Iterable[Step]) -> bytes:
    """Steps as compressed JSON, a list of values each: a tenth of the size of the plain form. Times
    are kept to the millisecond, from the first step on.
    """
    listed = list(steps)
    began = min(step.started_at for step in listed)
    rows = [
        [
            *(getattr(step, name) for name in _PACKED),
            round((step.started_at - began).total_seconds() * 1000),
            step.duration_ms,
        ]
        for step in listed
    ]
    packer = zlib.compressobj(9, zdict=_WORDS)
    text = json.dumps([began.isoformat(), rows], separators=(",", ":"))
    return packer.compress(text.encode()) + packer.flush()


def unpack_steps(packed: bytes) -> tuple[Step, ...]:
    began, rows = json.loads(zlib.decompressobj(zdict=_WORDS).decompress(packed))
    start = datetime.fromisoformat(began)
    return tuple(
        Step.from_dict(
            dict(zip(_PACKED, values, strict=True))
            | {
                "group": group_of(values[0]),
                "started_at": (start + timedelta(milliseconds=offset)).isoformat(),
                "duration_ms": duration,
            }
        )
        for *values, offset, duration in rows
    )
