"""The kinds of instances: one descriptor each.

Listing, finding, starting and stopping, session policies, the API's `kind` and the items of the
table follow from the descriptors. To add a kind, add one member to `Kind`; its permissions must be
in the catalog of `cavok.domain.permissions`. docs/architecture.md has the recipe.
"""

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from operator import itemgetter
from typing import Any

from cavok.domain.described import DescribedEnum


class Action(StrEnum):
    """What Cavok does to an instance."""

    START = "start"
    STOP = "stop"


@dataclass(frozen=True, slots=True)
class StateReason:
    """Why an instance is in its state, in AWS's words. `code` is for programs."""

    code: str
    message: str


@dataclass(frozen=True, slots=True, kw_only=True)
class DescribedInstance:
    """One instance in the answer of a Describe operation. `state` is AWS's own word for it.

    name       the tag Name of an EC2 instance; the identifier of a database.
    type       the instance class; of an Aurora cluster, its engine.
    member_of  the cluster that starts and stops this database; null if it stands alone.
    reason     the code and the message with which AWS explains the state; null if it does not.
    spot       whether it is a Spot instance. Those of one-time requests cannot be stopped.
    """

    instance_id: str
    name: str | None
    state: str
    type: str
    tags: Mapping[str, str]
    member_of: str | None = None
    reason: StateReason | None = None
    spot: bool = False


@dataclass(frozen=True, slots=True)
class DescribedPage:
    """One page of a Describe answer. `unreadable` says, of each entry that cannot be read, why."""

    instances: tuple[DescribedInstance, ...]
    unreadable: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class KindDescriptor:
    """What Cavok knows about a kind of instance.

    name              the API's word for it.
    plural            the plural in sentences.
    service           boto3's name of the AWS service.
    describe, start, stop
                      the permission that each call needs. The part after the colon is the name of
                      the API operation. Describe must have a boto3 paginator.
    id_parameter      the parameter that names an instance in all three operations.
    id_in_list        whether that parameter takes a list.
    id_pattern        matches every identifier of AWS, and no wildcard: it goes into policies.
    ids_in_any_case   whether AWS takes identifiers in any letter case. It stores them in lower
                      case, and names them so in answers and ARNs.
    arn               the ARN pattern of one instance, with {account_number} and {instance_id}.
    tag_keys          what the condition keys of its tags start with, in lower case. Source: Service
                      Authorization Reference.
    dry_run           whether AWS has a dry run of start and stop. Without one, a test names an
                      instance that no account has, and the role's policies say which real ones the
                      permission holds for. Only one kind may have it: `domain/survey.py`.
    entries           yields the entries of one page of the Describe answer.
    read              reads one entry; null if it is no instance of this kind.
    running … stopped states, in AWS's words. A running instance can be stopped, a stopped one can
                      be started.
    hidden            states of instances that are gone. A listing leaves them out.
    broken            states that only a person ends. An instance in one reaches no other.
    start_failures    codes of state reasons with which a started instance falls back to stopped.
    extra_arns        ARN patterns of other resources that starting one uses, with {account_number}.
    encrypted_volumes whether starting one takes grants of the keys that encrypt its EBS volumes.
                      Only for a kind that EC2 starts: nothing else may use the group
                      `ENCRYPTED_VOLUMES` of the catalog.
    absent            error codes that say that the named instance does not exist.
    wrong_state       error codes that say that it is in another state than the call needs. Such a
                      state ends by itself; the SDK's own first try may have caused it.
    no_capacity       error codes that say that AWS has no capacity now. This ends by itself.
    restarted_by_aws  whether AWS starts a stopped one again after seven days.
    """

    name: str
    plural: str
    service: str
    describe: str
    start: str
    stop: str
    id_parameter: str
    id_in_list: bool = False
    id_pattern: re.Pattern[str]
    ids_in_any_case: bool = False
    arn: str
    tag_keys: tuple[str, ...] = ("aws:resourcetag/",)
    dry_run: bool = False
    entries: Callable[[Mapping[str, Any]], Iterable[Any]]
    read: Callable[[Any], DescribedInstance | None]
    running: str
    starting: str = "starting"
    stopping: str = "stopping"
    stopped: str = "stopped"
    hidden: frozenset[str] = frozenset()
    broken: frozenset[str] = frozenset()
    start_failures: frozenset[str] = frozenset()
    extra_arns: tuple[str, ...] = ()
    encrypted_volumes: bool = False
    absent: frozenset[str]
    wrong_state: frozenset[str]
    no_capacity: frozenset[str]
    restarted_by_aws: bool = False

    def lists(self, instance: DescribedInstance) -> bool:
        """Whether Cavok shows the instance: it is not gone, and not a member of a cluster. A
        cluster starts and stops its members.
        """
        return instance.state not in self.hidden and instance.member_of is None

    def read_page(self, page: Mapping[str, Any]) -> DescribedPage:
        """The instances in one page of the Describe answer. An entry that lacks a field, or has
        another shape than AWS documents, hides no other.
        """
        try:
            entries = list(self.entries(page))
        except _NOT_AS_DOCUMENTED as error:
            return DescribedPage((), (_what_is_wrong(error),))
        found: list[DescribedInstance] = []
        unreadable: list[str] = []
        for entry in entries:
            try:
                described = self.read(entry)
            except _NOT_AS_DOCUMENTED as error:
                unreadable.append(_what_is_wrong(error))
            else:
                found += [described] if described else []
        return DescribedPage(tuple(found), tuple(unreadable))

    def permission(self, action: Action) -> str:
        """The permission that an action needs, besides Describe."""
        return self.start if action is Action.START else self.stop

    def stored_id(self, text: str) -> str:
        """An identifier as AWS stores it."""
        return text.lower() if self.ids_in_any_case else text

    def extra_resources(self, account_number: str) -> list[str]:
        """ARN patterns, in an account, of other resources that starting one uses."""
        return [each.format(account_number=account_number) for each in self.extra_arns]

    def arguments(self, instance_id: str) -> dict[str, Any]:
        """The arguments of a call that names one instance."""
        return {self.id_parameter: [instance_id] if self.id_in_list else instance_id}


_NOT_AS_DOCUMENTED = (AttributeError, LookupError, TypeError)


def _what_is_wrong(error: Exception) -> str:
    return f"no {error.args[0]}" if isinstance(error, KeyError) else "another shape"


def tags_of(entries: Iterable[Mapping[str, str]] | None) -> dict[str, str]:
    """AWS's list of tags as a dictionary. A tag needs no value."""
    return {entry["Key"]: entry.get("Value", "") for entry in entries or ()}


def _ec2_entries(page: Mapping[str, Any]) -> Iterator[Any]:
    for reservation in page["Reservations"]:
        try:
            yield from reservation["Instances"]
        except _NOT_AS_DOCUMENTED:
            yield None  # an entry that cannot be read


_EC2_GONE = frozenset({"terminated", "shutting-down"})


def _read_ec2_instance(entry: Mapping[str, Any]) -> DescribedInstance:
    tags, why = tags_of(entry.get("Tags")), entry.get("StateReason")
    state = entry["State"]["Name"]
    return DescribedInstance(
        instance_id=entry["InstanceId"],
        name=tags.get("Name", "").strip() or None,
        state=state,
        type=entry.get("InstanceType", "") if state in _EC2_GONE else entry["InstanceType"],
        tags=tags,
        reason=StateReason(why.get("Code", ""), why.get("Message", "")) if why else None,
        spot=entry.get("InstanceLifecycle") == "spot",
    )


def _read_rds_instance(entry: Mapping[str, Any]) -> DescribedInstance:
    return DescribedInstance(
        instance_id=entry["DBInstanceIdentifier"],
        name=entry["DBInstanceIdentifier"],
        state=entry["DBInstanceStatus"],
        type=entry["DBInstanceClass"],
        tags=tags_of(entry.get("TagList")),
        member_of=entry.get("DBClusterIdentifier") or None,
    )


def _read_aurora_cluster(entry: Mapping[str, Any]) -> DescribedInstance | None:
    if not entry["Engine"].startswith("aurora"):
        return None
    return DescribedInstance(
        instance_id=entry["DBClusterIdentifier"],
        name=entry["DBClusterIdentifier"],
        state=entry["Status"],
        type=entry["Engine"],
        tags=tags_of(entry.get("TagList")),
    )


_BROKEN_DATABASE = frozenset(
    {
        "failed",
        "inaccessible-encryption-credentials",
        "inaccessible-encryption-credentials-recoverable",
        "incompatible-create",
        "incompatible-network",
        "incompatible-option-group",
        "incompatible-parameters",
        "incompatible-restore",
        "insufficient-capacity",
        "restore-error",
    }
)
"""Source: RDS User Guide, "Viewing DB instance status"; Aurora User Guide, "Viewing DB cluster
status".
"""

_DATABASE_IN_WRONG_STATE = frozenset(
    {"InvalidDBClusterStateFault", "InvalidDBInstanceState", "InvalidDBShardGroupState"}
)
_NO_DATABASE_CAPACITY = frozenset({"InsufficientDBInstanceCapacity"})
"""Source: RDS API Reference, errors of StartDBInstance, StopDBInstance, StartDBCluster and
StopDBCluster.
"""

_DATABASE_ID = re.compile(r"[A-Za-z][A-Za-z0-9-]{0,62}")
"""AWS stores it in lower case. Source: RDS API Reference, CreateDBInstance, CreateDBCluster."""


class Kind(DescribedEnum):
    """The kinds of instances, in the order of a listing."""

    # States: EC2 User Guide, "Instance lifecycle"; RDS User Guide, "Viewing DB instance status".
    # Error codes of EC2: EC2 API Reference, "Error codes".

    descriptor: KindDescriptor

    EC2 = KindDescriptor(
        name="ec2",
        plural="EC2 instances",
        service="ec2",
        describe="ec2:DescribeInstances",
        start="ec2:StartInstances",
        stop="ec2:StopInstances",
        id_parameter="InstanceIds",
        id_in_list=True,
        id_pattern=re.compile(r"i-[0-9a-f]{8,17}"),
        arn="arn:aws:ec2:*:{account_number}:instance/{instance_id}",
        tag_keys=("aws:resourcetag/", "ec2:resourcetag/"),
        dry_run=True,
        entries=_ec2_entries,
        read=_read_ec2_instance,
        running="running",
        starting="pending",
        hidden=_EC2_GONE,
        start_failures=frozenset(
            {
                "Client.InternalError",
                "Client.InvalidSnapshot.NotFound",
                "Client.VolumeLimitExceeded",
                "Server.InsufficientInstanceCapacity",
                "Server.InternalError",
            }
        ),
        # StartInstances is authorized on the instance's license configurations, too, which another
        # account may share, and on the group of Capacity Reservations that it targets. Sources:
        # Service Authorization Reference, "Amazon EC2"; License Manager User Guide, "Share a
        # license configuration".
        extra_arns=(
            "arn:aws:license-manager:*:*:license-configuration:*",
            "arn:aws:resource-groups:*:{account_number}:group/*",
        ),
        encrypted_volumes=True,
        absent=frozenset({"InvalidInstanceID.NotFound", "InvalidInstanceID.Malformed"}),
        wrong_state=frozenset({"IncorrectInstanceState"}),
        no_capacity=frozenset(
            {
                "InsufficientAddressCapacity",
                "InsufficientCapacity",
                "InsufficientHostCapacity",
                "InsufficientInstanceCapacity",
            }
        ),
    )
    RDS = KindDescriptor(
        name="rds",
        plural="RDS instances",
        service="rds",
        describe="rds:DescribeDBInstances",
        start="rds:StartDBInstance",
        stop="rds:StopDBInstance",
        id_parameter="DBInstanceIdentifier",
        id_pattern=_DATABASE_ID,
        ids_in_any_case=True,
        arn="arn:aws:rds:*:{account_number}:db:{instance_id}",
        tag_keys=("aws:resourcetag/", "rds:db-tag/"),
        entries=itemgetter("DBInstances"),
        read=_read_rds_instance,
        running="available",
        broken=_BROKEN_DATABASE,
        absent=frozenset({"DBInstanceNotFound", "DBInstanceNotFoundFault"}),
        wrong_state=_DATABASE_IN_WRONG_STATE,
        no_capacity=_NO_DATABASE_CAPACITY,
        restarted_by_aws=True,
    )
    AURORA = KindDescriptor(
        name="aurora",
        plural="Aurora clusters",
        service="rds",
        describe="rds:DescribeDBClusters",
        start="rds:StartDBCluster",
        stop="rds:StopDBCluster",
        id_parameter="DBClusterIdentifier",
        id_pattern=_DATABASE_ID,
        ids_in_any_case=True,
        arn="arn:aws:rds:*:{account_number}:cluster:{instance_id}",
        tag_keys=("aws:resourcetag/", "rds:cluster-tag/"),
        entries=itemgetter("DBClusters"),
        read=_read_aurora_cluster,
        running="available",
        broken=_BROKEN_DATABASE,
        absent=frozenset({"DBClusterNotFoundFault"}),
        wrong_state=_DATABASE_IN_WRONG_STATE,
        no_capacity=_NO_DATABASE_CAPACITY,
        restarted_by_aws=True,
    )
