"""Using a connection on the deployed stack: a customer's real instances, log group, history and
usage.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import httpx
import pytest

from local import aws, customers
from local.customers import CUSTOMERS, CustomerAccount
from local.stack import Stack
from tests.e2e.using import GROUP, Use, Used
from tests.support import inspection
from tests.support.connections import connect, resource_states
from tests.support.http import answer, problem
from tests.support.months import takes
from tests.support.organizations import Organization
from tests.support.queues import messages_in
from tests.support.waiting import wait_for

pytestmark = pytest.mark.usefixtures("one_month")
OFF, ON = "stopped", {"ec2": "running", "rds": "available", "aurora": "available"}
BURST = 200
USAGE = "/v1/organization/usage"


def interactions_of(events: list[dict[str, Any]]) -> set[str]:
    """The ids of the interactions that the bus has told of."""
    return {
        event["detail"]["interaction_id"]
        for event in events
        if event["detail-type"] == "Instance Interaction"
    }


def test_the_instances_of_an_account_are_listed_with_the_cluster_for_its_member(used: Used) -> None:
    listing = used.get("instances")

    assert listing["unavailable"] == []
    assert {(i["kind"], i["name"], i["type"]) for i in listing["items"]} == {
        ("ec2", "web", "t3.small"),
        ("ec2", "batch", "m7g.large"),
        ("rds", "orders", "db.t4g.small"),
        ("aurora", "ledger", "aurora-postgresql"),
    }
    assert all(
        set(i) == {"kind", "instance_id", "name", "region", "state", "type"}
        for i in listing["items"]
    )


@pytest.mark.parametrize("kind", ["ec2", "rds", "aurora"])
def test_each_kind_stops_and_starts_and_history_line_and_usage_say_so(
    used: Used, kind: str
) -> None:
    prepared, place = used.prepared, used.connected.place
    name = {
        "ec2": prepared.instance_ids[0],
        "rds": prepared.db_instance_id,
        "aurora": prepared.db_cluster_id,
    }[kind]
    before = used.get("usage")["used"]
    on = resource_states(place)[name] != OFF

    for action, state in (("stop", OFF), ("start", ON[kind])) if on else (("start", ON[kind]),):
        response = used.post(kind, name, action)
        interaction = answer(response)

        assert response.status_code == 202
        assert resource_states(place)[name] == state
        assert (interaction["kind"], interaction["instance_id"]) == (kind, name)
        assert (interaction["action"], interaction["outcome"]) == (action, "accepted")
        assert interaction["actor"].startswith("admin@")
        newest = used.history()[0]
        assert newest["interaction_id"] == interaction["interaction_id"]
        before += 1
        assert used.get("usage")["used"] == before

    stored = {item["interaction_id"]: item for item in used.logged_history()}
    assert stored[interaction["interaction_id"]]["logged"] == "written"
    (line,) = [
        each for each in used.lines() if each["interaction_id"] == interaction["interaction_id"]
    ]
    assert line["actor"] == interaction["actor"]
    assert (line["action"], line["instance_id"], line["outcome"]) == ("start", name, "accepted")
    assert line["at"] == interaction["at"]
    assert line["request_id"]


def test_starting_what_runs_is_accepted_and_says_so(used: Used) -> None:
    answer(used.post("rds", "orders", "start"))

    again = answer(used.post("rds", "orders", "start"))

    assert again["detail"] == "It is available already; nothing was done."


def test_every_interaction_has_its_line_and_is_counted(used: Used) -> None:
    used.get("instances")

    history = used.logged_history()

    assert {item["logged"] for item in history} == {"written"}
    assert "test" in {item["action"] for item in history}
    assert sorted(line["interaction_id"] for line in used.lines()) == sorted(
        item["interaction_id"] for item in history
    )
    usage, of_this_month = used.counted()
    assert usage == of_this_month
    place = used.connected.place
    logs = aws.logs(place.emulator_url, place.account_number)
    (group,) = logs.describe_log_groups(logGroupNamePrefix=GROUP)["logGroups"]
    assert group["retentionInDays"] == 14
    streams = logs.describe_log_streams(logGroupName=GROUP)["logStreams"]
    assert {stream["logStreamName"] for stream in streams} == {h["at"][:10] for h in history}


def test_the_same_request_again_is_the_same_interaction(used: Used) -> None:
    key = {"Idempotency-Key": f"k-{time.time_ns()}"}
    before = used.get("usage")["used"]

    answers = [answer(used.post("aurora", "ledger", "start", **key)) for _ in range(3)]

    assert len({each["interaction_id"] for each in answers}) == 1
    assert used.get("usage")["used"] == before + 1


def test_the_month_and_what_is_left_of_it(used: Used) -> None:
    usage = used.get("usage")

    assert set(usage) == {
        "period",
        "free_interactions",
        "used",
        "remaining",
        "billable",
        "resets_at",
        "months",
    }
    assert usage["free_interactions"] == 1000
    assert usage["remaining"] == 1000 - usage["used"]
    assert usage["billable"] == 0
    assert [each["used"] for each in usage["months"]][-1:] == [usage["used"]]
    assert usage["resets_at"].endswith("-01T00:00:00Z")


def test_the_organizations_usage_has_the_same_number_under_the_accounts_name(
    used: Used, organization: Organization, other_organization: Organization
) -> None:
    answer(used.post("rds", "orders", "start"))

    of_all, of_one = answer(organization.viewer.get(USAGE)), used.get("usage")
    (mine,) = [i for i in of_all["items"] if i["account_id"] == used.connected.account_id]

    assert mine["name"] == used.connected.account()["name"]
    of_one.pop("months")  # The organization's are asked for by themselves.
    assert {**of_all, **mine}.items() >= of_one.items()
    counts = [item["used"] for item in of_all["items"]]
    assert counts == sorted(counts, reverse=True)
    assert used.connected.account_id not in other_organization.admin.get(USAGE).text


@pytest.mark.parametrize(
    ("kind", "name", "status"),
    [
        ("ec2", "i-0123456789abcdef0", 404),
        ("ec2", "*", 422),
        ("rds", "nothing", 404),
        ("aurora", "orders", 404),
        ("aurora", "ledger*", 422),
    ],
)
def test_what_does_not_exist_is_not_found(used: Used, kind: str, name: str, status: int) -> None:
    problem(used.post(kind, name, "stop"), status)


def test_a_member_of_a_cluster_is_refused_with_the_clusters_name(used: Used) -> None:
    refused = problem(used.post("rds", "ledger-1", "stop"), 409)

    assert "cluster ledger" in refused["detail"]


def test_an_excluded_instance_is_refused_and_left_alone(used: Used) -> None:
    place, batch = used.connected.place, used.prepared.instance_ids[1]
    ec2 = aws.ec2(place.emulator_url, place.account_number)
    before = resource_states(place)[batch]
    ec2.create_tags(Resources=[batch], Tags=[{"Key": "cavok:exclude", "Value": "true"}])
    try:
        for action in ("start", "stop"):
            assert "cavok:exclude" in problem(used.post("ec2", batch, action), 409)["detail"]
    finally:
        ec2.delete_tags(Resources=[batch], Tags=[{"Key": "cavok:exclude"}])

    assert resource_states(place)[batch] == before
    assert used.history()[0]["outcome"] == "refused"


def test_a_kind_that_is_none_is_a_bad_request(used: Used) -> None:
    assert problem(used.post("lambda", "orders", "stop"), 422)["errors"][0]["field"] == "kind"


def test_another_organizations_account_does_not_exist(
    used: Used, other_organization: Organization
) -> None:
    before = used.get("usage")["used"]
    stranger, path = other_organization.admin, used.connected.path

    for what in ("instances", "interactions", "usage"):
        problem(stranger.get(f"{path}/{what}"), 404)
    for kind, name in (("rds", "orders"), ("ec2", used.prepared.instance_ids[0])):
        problem(stranger.post(f"{path}/instances/{kind}/{name}/stop"), 404)

    assert used.get("usage")["used"] == before


def test_a_viewer_looks_and_changes_nothing(used: Used, organization: Organization) -> None:
    viewer, path = organization.viewer, used.connected.path

    for what in ("instances", "interactions", "usage"):
        answer(viewer.get(f"{path}/{what}"))
    problem(viewer.post(f"{path}/instances/rds/orders/stop"), 403)


def test_an_account_that_is_not_connected_is_refused(
    organization: Organization, new_place: Callable[[], CustomerAccount]
) -> None:
    path = connect(organization.admin, new_place()).path

    for response in (
        organization.admin.get(f"{path}/instances"),
        organization.admin.post(f"{path}/instances/rds/orders/stop"),
    ):
        assert "press Test" in problem(response, 409)["detail"]


def test_what_may_not_be_listed_is_named_and_a_missing_permission_too(use: Use) -> None:
    used = use(CUSTOMERS["ec2-only"])

    listing = used.get("instances")

    assert {i["kind"] for i in listing["items"]} == {"ec2"}
    assert {(u["region"], u["kind"]) for u in listing["unavailable"]} == {
        ("us-east-1", "rds"),
        ("us-east-1", "aurora"),
    }
    assert "rds:DescribeDBInstances" in listing["unavailable"][0]["detail"]
    assert "rds:StopDBInstance" in problem(used.post("rds", "orders", "stop"), 409)["detail"]
    assert resource_states(used.connected.place)["orders"] == "available"


def test_a_permission_taken_away_since_is_refused_by_name(use: Use) -> None:
    used = use()
    customers.deny("ec2:StopInstances")(used.connected.place, str(used.prepared.role_name))
    web = used.prepared.instance_ids[0]

    refused = problem(used.post("ec2", web, "stop"), 409)

    assert "ec2:StopInstances" in refused["detail"]
    assert "Encoded" not in refused["detail"]
    assert resource_states(used.connected.place)[web] == "running"


def test_write_logs_no_writes_nothing(
    use: Use, stack: Stack, bus: Callable[[], list[dict[str, Any]]]
) -> None:
    used = use(write_logs=False)

    stopped = answer(used.post("rds", "orders", "stop"))["interaction_id"]

    assert {item["logged"] for item in used.history()} == {"off"}
    wait_for(lambda: stopped in interactions_of(bus()))
    # The same event has come to the queue of lines by then, as the older of the two rules' targets.
    sqs = aws.client("sqs", stack.emulator_url)
    lines = inspection.resource_name(stack, "InteractionsToLog")
    wait_for(lambda: messages_in(sqs, lines), lambda count: count == 0)
    assert used.log_groups() == set()


def test_log_permission_taken_away_degrades_the_account_and_fails_no_interaction(use: Use) -> None:
    used = use()
    used.logged_history()
    assert used.connected.account()["status"] == "confirmed"
    customers.deny("logs:PutLogEvents")(used.connected.place, str(used.prepared.role_name))

    response = used.post("rds", "orders", "stop")

    assert response.status_code == 202
    assert used.logged_history()[0]["logged"] == "refused"
    account = used.connected.account()
    assert account["status"] == "degraded"
    (issue,) = account["issues"]
    assert issue["code"] == "log_writing_refused"
    assert "logs:PutLogEvents" in issue["remedy"]
    assert resource_states(used.connected.place)["orders"] == "stopped"


def test_a_customer_with_keys_is_used_and_written_to_the_same(
    organization: Organization, new_place: Callable[[], CustomerAccount]
) -> None:
    place, customer = new_place(), CUSTOMERS["access-key"]
    policy = answer(organization.admin.get("/v1/permissions"))["policy_document"]
    prepared = customers.prepare(
        customer, place.emulator_url, account_number=place.account_number, policy_document=policy
    )
    connected = connect(
        organization.admin, place, access_type="access_key", credentials=prepared.credentials
    )
    connected.test()
    used = Used(connected, prepared)

    answer(used.post("rds", "orders", "stop"))

    assert resource_states(place)["orders"] == "stopped"
    assert used.logged_history()[0]["logged"] == "written"
    assert prepared.credentials
    assert prepared.credentials["secret_access_key"] not in json.dumps(used.lines())


def test_another_service_has_its_lines_written_too(used: Used, stack: Stack) -> None:
    interaction_id = f"planner-{time.time_ns()}"
    account = used.connected.account()
    detail = {
        "schema_version": 1,
        "organization_id": _organization_of(used),
        "account_id": account["account_id"],
        "interaction_id": interaction_id,
        "action": "resize",
        "kind": "rds",
        "instance_id": "orders",
        "region": "us-east-1",
        "outcome": "accepted",
        "detail": "To db.t4g.medium.",
        "actor": "planner",
        "at": _now(),
        "request_id": "p-1",
    }
    before = used.get("usage")["used"]
    aws.client("events", stack.emulator_url).put_events(
        Entries=[
            {
                "EventBusName": stack.event_bus_name,
                "Source": "cavok.planner",
                "DetailType": "Instance Interaction",
                "Detail": json.dumps(detail),
            }
        ]
    )

    (line,) = wait_for(
        lambda: [each for each in used.lines() if each["interaction_id"] == interaction_id], bool
    )

    assert (line["service"], line["action"]) == ("cavok.planner", "resize")
    assert used.get("usage")["used"] == before


def test_the_bus_is_told_of_each_interaction(
    used: Used, bus: Callable[[], list[dict[str, Any]]]
) -> None:
    interaction = answer(used.post("rds", "orders", "start"))

    (event,) = wait_for(
        lambda: [
            event
            for event in bus()
            if event["detail"].get("interaction_id") == interaction["interaction_id"]
        ],
        bool,
    )

    assert (event["source"], event["detail-type"]) == ("cavok.accounts", "Instance Interaction")
    assert event["detail"]["organization_id"] == _organization_of(used)


@takes(360)
def test_200_interactions_in_a_burst_are_neither_lost_nor_counted_twice(use: Use) -> None:
    used = use()
    before, web = used.get("usage")["used"], used.prepared.instance_ids[0]

    with ThreadPoolExecutor(8) as pool:
        responses = list(
            pool.map(lambda n: used.post("ec2", web, ("start", "stop")[n % 2]), range(BURST))
        )

    ids = [answer(response)["interaction_id"] for response in responses]
    assert len(set(ids)) == BURST
    assert used.get("usage")["used"] == _among_all(used)["used"] == before + BURST
    history = wait_for(
        used.history, lambda items: all(i["logged"] == "written" for i in items), seconds=120
    )
    assert {item["interaction_id"] for item in history} >= set(ids)
    assert len(history) == before + BURST
    lines = [line["interaction_id"] for line in used.lines()]
    assert sorted(lines) == sorted(item["interaction_id"] for item in history)


@takes(300)
def test_80_and_100_percent_are_told_once_and_what_is_above_is_billable(
    use: Use, stack: Stack, bus: Callable[[], list[dict[str, Any]]]
) -> None:
    used = use(write_logs=False)
    account_id = used.connected.account_id
    period = used.get("usage")["period"]
    key = {"pk": {"S": f"ACCOUNT#{account_id}"}, "sk": {"S": f"USAGE#{period}"}}
    dynamodb = aws.client("dynamodb", stack.emulator_url)

    def crossed() -> list[int]:
        crossings = [e for e in bus() if e["detail-type"] == "Usage Threshold Crossed"]
        return [
            e["detail"]["percent"] for e in crossings if e["detail"]["account_id"] == account_id
        ]

    for almost, percents in ((799, [80]), (999, [80, 100])):
        dynamodb.update_item(
            TableName=stack.table_name,
            Key=key,
            UpdateExpression="SET used = :almost",
            ExpressionAttributeValues={":almost": {"N": str(almost)}},
        )
        for _ in range(3):
            answer(used.post("rds", "orders", "start"))
        wait_for(crossed, lambda crossings, wanted=percents: crossings == wanted)  # type: ignore[misc]

    usage = used.get("usage")
    assert (usage["used"], usage["remaining"], usage["billable"]) == (1002, 0, 2)
    assert usage.items() >= _among_all(used).items()
    # The stream keeps an account's order: with this event, all before it have been published.
    last = answer(used.post("rds", "orders", "start"))["interaction_id"]
    wait_for(lambda: last in interactions_of(bus()))
    assert crossed() == [80, 100]


def test_the_function_that_uses_connections_fails_accounts_and_deletes_none(stack: Stack) -> None:
    """Of the table, it may write what belongs to an account. Under an organization's key it may
    only write that an account failed, or was looked at. It may start a test once a role is found.
    """
    lambdas, iam = aws.client("lambda", stack.emulator_url), aws.client("iam", stack.emulator_url)
    (function,) = [
        each
        for page in lambdas.get_paginator("list_functions").paginate()
        for each in page["Functions"]
        if "InstancesApi" in each["FunctionName"]
    ]
    role = function["Role"].rpartition("/")[2]
    statements = [
        statement
        for name in iam.list_role_policies(RoleName=role)["PolicyNames"]
        for statement in iam.get_role_policy(RoleName=role, PolicyName=name)["PolicyDocument"][
            "Statement"
        ]
    ]
    writing = {
        s["Sid"]: (s["Condition"]["ForAllValues:StringLike"]["dynamodb:LeadingKeys"], s["Action"])
        for s in statements
        if "dynamodb:PutItem" in s["Action"]
    }
    record = ["dynamodb:Query", "dynamodb:PutItem", "dynamodb:UpdateItem", "dynamodb:DeleteItem"]

    assert writing == {
        "FailAccounts": (["ORG#*"], ["dynamodb:PutItem", "dynamodb:UpdateItem"]),
        "RecordInteractionsAndResources": (["ACCOUNT#*"], record),
    }
    assert '"kms:Encrypt"' not in json.dumps(statements)
    (of_states,) = (s for s in statements if "states:" in json.dumps(s))
    assert (of_states["Action"], of_states["Resource"]) == (
        "states:StartExecution",
        stack.state_machines["verify_account"],
    )


def test_one_document_describes_the_whole_api(stack: Stack) -> None:
    document = httpx.get(f"{stack.api_url}/openapi.json", timeout=60, trust_env=False).json()

    assert {
        "/v1/accounts",
        "/v1/accounts/{account_id}/instances",
        "/v1/accounts/{account_id}/instances/{kind}/{instance_id}/start",
        "/v1/accounts/{account_id}/instances/{kind}/{instance_id}/stop",
        "/v1/accounts/{account_id}/interactions",
        "/v1/accounts/{account_id}/usage",
        USAGE,
    } <= set(document["paths"])
    assert {"InstanceList", "InteractionBody", "UsageBody", "AccountBody"} <= set(
        document["components"]["schemas"]
    )


def _organization_of(used: Used) -> str:
    found: str = answer(used.connected.person.get("/v1/organization"))["organization_id"]
    return found


def _among_all(used: Used) -> dict[str, Any]:
    """What the usage of the whole organization says of this account."""
    page = answer(used.connected.person.get(USAGE, params={"limit": 100}))
    (mine,) = [i for i in page["items"] if i["account_id"] == used.connected.account_id]
    return {name: mine[name] for name in ("used", "remaining", "billable")}


def _now() -> str:
    return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())
