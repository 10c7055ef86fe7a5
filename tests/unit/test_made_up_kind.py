"""A made-up kind of instance, added by one descriptor, works in every part that handles kinds.

The tests import `cavok` anew, from a `domain/kinds.py` that has one more member at its end.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import fields, replace
from types import SimpleNamespace
from typing import Any

import boto3
import pytest
from botocore.exceptions import ClientError
from botocore.stub import Stubber

from cavok.domain.kinds import Kind
from local import page_kinds
from tests.support.builders import (
    ACCOUNT_ID,
    ADA,
    NOW,
    NUMBER,
    ORGANIZATION_ID,
)
from tests.support.imported_anew import imported_anew
from tests.support.listing import list_with
from tests.support.made_up_kind import DESCRIPTOR

CLUSTER = {"ClusterIdentifier": "sales", "ClusterStatus": "available", "NodeType": "ra3.large"}
KINDS = [kind.value for kind in Kind]
PAGE = {"Reservations": [], "DBInstances": [], "DBClusters": [], "Clusters": [CLUSTER]}


@pytest.fixture(autouse=True)
def made_up_kind() -> Iterator[None]:
    with imported_anew("cavok.domain.kinds", added=DESCRIPTOR):
        yield


@pytest.fixture
def redshift() -> Iterator[Stubber]:
    client = boto3.client("redshift", "us-east-1", aws_access_key_id="a", aws_secret_access_key="s")
    with Stubber(client) as stubber:
        yield stubber
        stubber.assert_no_pending_responses()


class _Pages:
    """A boto3 client whose every Describe operation answers with one page."""

    def get_paginator(self, operation: str) -> Any:
        assert operation.startswith("describe_")
        return SimpleNamespace(paginate=lambda **_: iter([PAGE]))


class _Unanswering:
    """A boto3 client that is throttled."""

    def get_paginator(self, operation: str) -> Any:
        def pages(**_: Any) -> Iterator[Any]:
            raise ClientError({"Error": {"Code": "Throttling", "Message": "Later."}}, operation)
            yield

        return SimpleNamespace(paginate=pages)


def test_it_is_listed_after_the_others() -> None:
    session = SimpleNamespace(account_number=NUMBER, client=lambda service, region: _Pages())

    listing, _ = list_with(session)

    assert listing.unavailable == []
    (instance,) = listing.items
    assert (instance.kind, instance.name, instance.state, instance.type) == (
        "warehouse",
        "sales",
        "available",
        "ra3.large",
    )


def test_a_test_asks_for_it_in_each_region() -> None:
    """The other kinds do not answer, so that only it tells that the region does, and has some."""
    from cavok.domain.regions import RegionHealth, RegionStatus
    from cavok.domain.verifications import Trigger
    from cavok.services.survey_regions import survey_regions

    asked = []

    def client(service: str, region: str = "us-east-1") -> Any:
        asked.append((service, region))
        return _Pages() if service == "redshift" else _Unanswering()

    session: Any = SimpleNamespace(
        account_number=NUMBER, client=client, role_name=None, region="us-east-1"
    )

    survey = survey_regions(["us-east-1"], session, [], trigger=Trigger.MANUAL, now=NOW)

    assert survey.region_health == (RegionHealth("us-east-1", RegionStatus.REACHABLE),)
    assert set(survey.proved) == {"redshift:DescribeClusters"}
    assert survey.elsewhere == (), "it has instances, so no other region is proposed"
    assert sorted(asked) == [(each, "us-east-1") for each in ("ec2", "rds", "redshift")]


def test_session_policies_allow_what_it_needs_and_no_more() -> None:
    from cavok.domain.instances import Operation
    from cavok.domain.kinds import Action, Kind
    from cavok.domain.session_policies import listing_policy, start_stop_policy

    stop = Operation(Action.STOP, Kind("warehouse"), "sales")

    assert "redshift:DescribeClusters" in listing_policy()["Statement"][0]["Action"]
    assert [(s["Action"], s["Resource"]) for s in start_stop_policy(NUMBER, stop)["Statement"]] == [
        (["redshift:DescribeClusters"], "*"),
        (["redshift:PauseCluster"], f"arn:aws:redshift:*:{NUMBER}:cluster:sales"),
    ]
    start = Operation(Action.START, Kind("warehouse"), "sales")
    _, starting = start_stop_policy(NUMBER, start)["Statement"]
    assert starting["Resource"] == [
        f"arn:aws:redshift:*:{NUMBER}:cluster:sales",
        f"arn:aws:redshift:*:{NUMBER}:snapshot:*",
    ]


def test_a_role_limited_to_some_of_them_is_known_by_its_policies(
    redshift: Stubber, monkeypatch: pytest.MonkeyPatch
) -> None:
    """AWS refuses the absent one, which no policy names. There is no dry run of the real ones."""
    from cavok.adapters.customer import probes
    from cavok.adapters.customer.probed_account import ProbedAccount
    from cavok.domain.steps import Verdict
    from cavok.domain.survey import Survey
    from cavok.services.probe_permission import probe_permission

    allow = {"Effect": "Allow", "Action": "redshift:PauseCluster", "Resource": "*"}
    tagged = allow | {"Condition": {"StringEquals": {"aws:ResourceTag/env": "dev"}}}
    clusters = [{**CLUSTER, "Tags": [{"Key": "env", "Value": "dev"}]}, {"ClusterIdentifier": "hr"}]
    redshift.add_client_error(
        "pause_cluster",
        "AccessDenied",
        "not authorized to perform: redshift:PauseCluster "
        "because no identity-based policy allows the redshift:PauseCluster action",
    )
    redshift.add_response(
        "describe_clusters", {"Clusters": [CLUSTER | cluster for cluster in clusters]}
    )
    probe = probes.Probe(
        lambda account: account.session.client("redshift").pause_cluster(
            ClusterIdentifier="cavok-probe-0"
        )
    )
    monkeypatch.setitem(probes.PROBES, "redshift:PauseCluster", probe)
    monkeypatch.setattr("cavok.domain.steps.group_of", lambda action: "warehouses")
    iam = SimpleNamespace(list_attached_role_policies=lambda **_: {})
    session: Any = SimpleNamespace(
        account_number=NUMBER,
        region="us-east-1",
        role_name="CavokCloud",
        role_arn=f"arn:aws:iam::{NUMBER}:role/CavokCloud",
        client=lambda service, region=None: iam if service == "iam" else redshift.client,
    )
    survey = Survey(inline_policies=({"Version": "2012-10-17", "Statement": [tagged]},))

    step = probe_permission("redshift:PauseCluster", ProbedAccount(session=session, survey=survey))

    assert step.verdict is Verdict.PARTIAL
    assert step.resources
    assert (step.resources.asked, step.resources.allowed, step.resources.denied) == (2, 1, 1)


@pytest.mark.parametrize("by", ["arn", "tag"])
@pytest.mark.parametrize("controlled", [True, False])
def test_the_smallest_policy_has_it_where_a_group_of_the_catalog_grants_it(
    controlled: bool, by: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    from cavok.domain import instructions
    from cavok.domain.accounts import AccessType, Account
    from cavok.domain.instances import InstanceKey
    from cavok.domain.kinds import Kind
    from cavok.domain.least_privilege import Scope, least_privilege
    from cavok.domain.permissions import GRANTED_GROUPS, Permission, PermissionGroup
    from cavok.domain.resources import Resource

    kind = Kind("warehouse")
    group = PermissionGroup(
        group="warehouses",
        title="Redshift clusters",
        why="Operational.",
        permissions=tuple(
            Permission(action, "")
            for action in (kind.descriptor.describe, kind.descriptor.start, kind.descriptor.stop)
        ),
    )
    monkeypatch.setattr(instructions, "GRANTED_GROUPS", (*GRANTED_GROUPS, group))
    account: Any = SimpleNamespace(
        account_number=NUMBER,
        access_type=AccessType.ASSUME_ROLE,
        role_name="CavokCloud",
        role_arn=f"arn:aws:iam::{NUMBER}:role/CavokCloud",
        write_logs=False,
    )
    resource: Any = SimpleNamespace(
        resource_id="r", kind=kind, instance=InstanceKey(kind, "us-east-1", "sales")
    )
    assert {"account_number", "role_name", "write_logs"} <= {each.name for each in fields(Account)}
    assert "resource_id" in Resource.__annotations__
    assert isinstance(Resource.instance, property)

    offered = least_privilege(
        account, Scope(by), resources=[resource] if controlled else [], interactions=[], now=NOW
    )

    looking, *acting = offered.statements["warehouses"]
    also = (["redshift:ResumeCluster"], [f"arn:aws:redshift:*:{NUMBER}:snapshot:*"])
    assert looking["Action"] == ["redshift:DescribeClusters"]
    assert [(s["Action"], s["Resource"]) for s in acting] == [
        (
            ["redshift:ResumeCluster", "redshift:PauseCluster"],
            {
                "arn": [f"arn:aws:redshift:us-east-1:{NUMBER}:cluster:sales"],
                "tag": f"arn:aws:redshift:*:{NUMBER}:cluster:*",
            }[by],
        ),
        also,
    ][: 2 * controlled]
    assert [covered.resource_id for covered in offered.covers] == ["r"] * controlled
    assert any(
        text.startswith("Starting and stopping Redshift clusters") for text in offered.removes
    )
    assert not any("with volumes" in text for text in offered.removes)


def test_it_is_found_stopped_and_started(redshift: Stubber) -> None:
    """Against botocore's model of the service: operations and parameters are real."""
    from cavok.adapters.customer.instances import InstanceClient
    from cavok.domain.instances import PlannedAction, plan
    from cavok.domain.kinds import Action, Kind

    named = {"ClusterIdentifier": "sales"}
    session: Any = SimpleNamespace(
        account_number=NUMBER, client=lambda service, region: redshift.client
    )
    client = InstanceClient(session, Kind("warehouse"), "us-east-1")
    redshift.add_response("describe_clusters", {"Clusters": [CLUSTER]}, named)
    redshift.add_response("pause_cluster", {}, named)
    redshift.add_response("resume_cluster", {}, named)
    redshift.add_client_error("describe_clusters", "ClusterNotFound", expected_params=named)

    instance = client.find("sales")
    client.act("sales", Action.STOP)
    client.act("sales", Action.START)

    assert instance
    assert client.find("sales") is None
    for state, action, planned in (
        ("available", Action.STOP, PlannedAction.CALL),
        ("pausing", Action.STOP, PlannedAction.NOTHING),
        ("paused", Action.START, PlannedAction.CALL),
        ("pausing", Action.START, PlannedAction.REFUSE),
    ):
        assert plan(replace(instance, state=state), action).planned is planned


@pytest.mark.parametrize(
    ("code", "refusal", "looks"),
    [("InvalidClusterState", "WrongState", 1), ("InsufficientClusterCapacity", "NoCapacity", 0)],
)
def test_its_own_error_codes_say_that_a_refusal_may_end_by_itself(
    redshift: Stubber, code: str, refusal: str, looks: int
) -> None:
    from cavok.adapters.customer.instances import InstanceClient
    from cavok.domain.errors import InteractionRefused
    from cavok.domain.kinds import Action, Kind
    from cavok.services import start_stop

    session: Any = SimpleNamespace(
        account_number=NUMBER, client=lambda service, region: redshift.client
    )
    client = InstanceClient(session, Kind("warehouse"), "us-east-1")
    redshift.add_response("describe_clusters", {"Clusters": [CLUSTER]})
    redshift.add_client_error("pause_cluster", code)
    for _ in range(looks):
        redshift.add_response("describe_clusters", {"Clusters": [CLUSTER]})
    instance = client.find("sales")
    assert instance

    with pytest.raises(InteractionRefused, match=code) as refused:
        start_stop._execute(client, instance, Action.STOP, check=lambda: None)

    assert type(refused.value).__name__ == refusal
    assert refused.value.passing


def test_that_aws_started_it_again_is_said_in_its_own_words() -> None:
    from cavok.domain.kinds import Action, Kind
    from cavok.domain.resources import AWS_RESTARTS_AFTER, Resource
    from cavok.domain.schedules import Transition

    stopped = Resource(
        organization_id=ORGANIZATION_ID,
        account_id=ACCOUNT_ID,
        resource_id="r",
        kind=Kind("warehouse"),
        instance_id="sales",
        name="sales",
        region="us-east-1",
        schedule=None,
        followed_at=NOW,
        created_at=NOW,
        created_by=ADA.actor.name,
        updated_at=NOW,
        stopped_at=NOW,
    )
    at = NOW + AWS_RESTARTS_AFTER

    after = stopped.followed(Transition(at, Action.STOP), at, changed=True)

    assert after.note
    assert after.note.startswith("AWS starts stopped Redshift clusters again")


def test_the_api_accepts_it() -> None:
    import json

    from cavok.api import openapi
    from cavok.api.models.resources import NewResourceBody

    body = {"kind": "warehouse", "instance_id": "sales", "region": "us-east-1"}

    assert NewResourceBody.model_validate(body).new_resource().kind == "warehouse"
    document = json.loads(openapi.document())
    assert document["components"]["schemas"]["Kind"]["enum"] == [*KINDS, "warehouse"]
    listing = document["paths"]["/v1/accounts/{account_id}/instances"]["get"]
    (said,) = [each["description"] for each in listing["parameters"] if each.get("name") == "kind"]
    assert "`warehouse` for Redshift clusters" in said


def test_the_page_gets_its_states() -> None:
    """`tests/unit/dashboard/instances.test.mjs` shows that the page goes by them."""
    from cavok.domain.kinds import Kind

    before, _, of_the_kind = page_kinds.text(Kind).partition("  warehouse: {\n")

    assert before + "};\n" == page_kinds.FILE.read_text()
    assert of_the_kind.splitlines() == [
        '    running: "available",',
        '    starting: "resuming",',
        '    stopping: "pausing",',
        '    stopped: "paused",',
        "    restartedByAws: true,",
        "  },",
        "};",
    ]
