"""The instances of a customer's account in one region: listing, finding, starting and stopping."""

from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from cavok.adapters.aws_errors import AWS_ERRORS, judge_error
from cavok.adapters.customer.session import CustomerSession
from cavok.domain.errors import CallFailed
from cavok.domain.instances import EXCLUDE_TAG, Action, Instance, Kind

_ABSENT = frozenset(
    {
        "InvalidInstanceID.NotFound",
        "InvalidInstanceID.Malformed",
        "DBInstanceNotFound",
        "DBInstanceNotFoundFault",
        "DBClusterNotFoundFault",
    }
)
_GONE = frozenset({"terminated", "shutting-down"})
_SERVICE = {Kind.EC2: "ec2", Kind.RDS: "rds", Kind.AURORA: "rds"}


class InstanceClient:
    """One kind of instance in one region. The client is made here, so that calls may come from any
    thread: making a client is not thread-safe, using one is.
    """

    def __init__(self, session: CustomerSession, kind: Kind, region: str) -> None:
        self.kind = kind
        self.region = region
        self._client = session.client(_SERVICE[kind], region)

    def list(self) -> list[Instance]:
        """All of them, page by page; terminated ones and members of clusters are left out. Raises
        CallFailed.
        """
        with _failures():
            found = list(self._described({}))
        return [i for i in found if i.state not in _GONE and i.member_of is None]

    def find(self, instance_id: str) -> Instance | None:
        """Raises CallFailed."""
        try:
            with _failures():
                return next(self._described(_named(self.kind, instance_id)), None)
        except CallFailed as failure:
            if failure.judgement.error_code in _ABSENT:
                return None
            raise

    def act(self, instance_id: str, action: Action) -> None:
        """Starts or stops. Raises CallFailed."""
        calls = {
            (Kind.EC2, Action.START): "start_instances",
            (Kind.EC2, Action.STOP): "stop_instances",
            (Kind.RDS, Action.START): "start_db_instance",
            (Kind.RDS, Action.STOP): "stop_db_instance",
            (Kind.AURORA, Action.START): "start_db_cluster",
            (Kind.AURORA, Action.STOP): "stop_db_cluster",
        }
        with _failures():
            getattr(self._client, calls[self.kind, action])(**_named(self.kind, instance_id))

    def _described(self, arguments: Mapping[str, Any]) -> Iterator[Instance]:
        match self.kind:
            case Kind.EC2:
                for page in self._pages("describe_instances", arguments):
                    for reservation in page["Reservations"]:
                        yield from (self._ec2(entry) for entry in reservation["Instances"])
            case Kind.RDS:
                for page in self._pages("describe_db_instances", arguments):
                    yield from (self._rds(entry) for entry in page["DBInstances"])
            case Kind.AURORA:
                for page in self._pages("describe_db_clusters", arguments):
                    yield from (
                        self._aurora(entry)
                        for entry in page["DBClusters"]
                        if entry["Engine"].startswith("aurora")
                    )

    def _pages(self, operation: str, arguments: Mapping[str, Any]) -> Iterable[dict[str, Any]]:
        pages: Iterable[dict[str, Any]] = self._client.get_paginator(operation).paginate(
            **arguments
        )
        return pages

    def _ec2(self, entry: Mapping[str, Any]) -> Instance:
        tags = _tags(entry.get("Tags"))
        return Instance(
            kind=Kind.EC2,
            instance_id=entry["InstanceId"],
            name=tags.get("Name"),
            region=self.region,
            state=entry["State"]["Name"],
            type=entry["InstanceType"],
            excluded=_excluded(tags),
        )

    def _rds(self, entry: Mapping[str, Any]) -> Instance:
        return Instance(
            kind=Kind.RDS,
            instance_id=entry["DBInstanceIdentifier"],
            name=entry["DBInstanceIdentifier"],
            region=self.region,
            state=entry["DBInstanceStatus"],
            type=entry["DBInstanceClass"],
            excluded=_excluded(_tags(entry.get("TagList"))),
            member_of=entry.get("DBClusterIdentifier") or None,
        )

    def _aurora(self, entry: Mapping[str, Any]) -> Instance:
        return Instance(
            kind=Kind.AURORA,
            instance_id=entry["DBClusterIdentifier"],
            name=entry["DBClusterIdentifier"],
            region=self.region,
            state=entry["Status"],
            type=entry["Engine"],
            excluded=_excluded(_tags(entry.get("TagList"))),
        )


def _named(kind: Kind, instance_id: str) -> dict[str, Any]:
    match kind:
        case Kind.EC2:
            return {"InstanceIds": [instance_id]}
        case Kind.RDS:
            return {"DBInstanceIdentifier": instance_id}
        case Kind.AURORA:
            return {"DBClusterIdentifier": instance_id}


def _tags(entries: Iterable[Mapping[str, str]] | None) -> dict[str, str]:
    return {entry["Key"]: entry["Value"] for entry in entries or ()}


def _excluded(tags: Mapping[str, str]) -> bool:
    return tags.get(EXCLUDE_TAG, "").lower() == "true"


@contextmanager
def _failures() -> Iterator[None]:
    try:
        yield
    except AWS_ERRORS as error:
        raise CallFailed(judge_error(error)) from error
