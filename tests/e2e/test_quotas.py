"""Attacks on others' time and money, on the deployed stack. Each succeeds once its remedy is taken
out.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from cavok.domain.quotas import QuotaName
from local import aws
from local.customers import CustomerAccount
from local.stack import Stack
from tests.e2e.using import Used, connect_and_use
from tests.support.connections import connect
from tests.support.http import answer, problem
from tests.support.organizations import Organization, new_organization

pytestmark = pytest.mark.usefixtures("one_month")
NewPlace = Callable[[], CustomerAccount]


@pytest.fixture(scope="module")
def attacker(stack: Stack) -> Iterator[Organization]:
    """An organization that nobody else uses up."""
    with new_organization(stack) as organization:
        yield organization


@pytest.fixture(scope="module")
def theirs(attacker: Organization, new_place: NewPlace) -> Used:
    return connect_and_use(attacker.admin, new_place())


def remaining(organization: Organization) -> dict[str, int]:
    quotas = answer(organization.admin.get("/v1/organization"))["quotas"]
    return {quota["name"]: quota["remaining"] for quota in quotas}


AHEAD = 50
"""Seconds. The API takes a clock that is less than a period ahead for one that differs a little."""


def use_up(stack: Stack, organization: Organization, name: QuotaName) -> None:
    """As if the organization had done it a thousand times just now. It lasts a period of a minute
    and `AHEAD`, so that the next request finds it so, however long it takes.
    """
    began_at = datetime.now(UTC) + timedelta(seconds=AHEAD)
    aws.client("dynamodb", stack.emulator_url).put_item(
        TableName=stack.table_name,
        Item={
            "pk": {"S": f"ORG#{organization.name}"},
            "sk": {"S": f"QUOTA#{name}"},
            "began_at": {"S": f"{began_at:%Y-%m-%dT%H:%M:%S.%f}+0000"},
            "used": {"N": "1000"},
        },
    )


def give_back(stack: Stack, organization: Organization, name: QuotaName) -> None:
    aws.client("dynamodb", stack.emulator_url).delete_item(
        TableName=stack.table_name,
        Key={"pk": {"S": f"ORG#{organization.name}"}, "sk": {"S": f"QUOTA#{name}"}},
    )


def refused(response: Any, name: QuotaName) -> None:
    """429 with all that a client needs to wait."""
    assert problem(response, 429)["code"] == "quota_exceeded"
    assert 0 < int(response.headers["retry-after"]) <= 60 + AHEAD
    assert response.headers["ratelimit"].startswith(f'"{name}";r=0;t=')
    assert response.headers["ratelimit-policy"].startswith(f'"{name}";q=')


def test_sixty_listings_of_a_viewer_raise_the_bill_by_one(
    attacker: Organization, theirs: Used
) -> None:
    theirs.get("instances")
    before = theirs.get("usage")["used"]
    path, started = f"{theirs.connected.path}/instances", datetime.now(UTC)

    seen = [
        answer(attacker.viewer.get(path, params={"kind": ["ec2", "rds", "aurora"][n % 3]}))
        for n in range(60)
    ]

    minutes = (datetime.now(UTC) - started).total_seconds() // 60 + 1
    assert len({listing["as_of"] for listing in seen}) <= 1 + minutes
    assert theirs.get("usage")["used"] - before <= minutes
    assert seen[0]["items"]
    problem(attacker.viewer.get(path, params={"refresh": "true"}), 403)


def test_what_an_organization_used_up_is_its_own_loss_alone(
    stack: Stack, attacker: Organization, organization: Organization, theirs: Used
) -> None:
    account, (web, _) = theirs.connected, theirs.prepared.instance_ids
    before = theirs.get("usage")["used"]
    attacks: dict[QuotaName, Callable[[], Any]] = {
        QuotaName.TESTS: lambda: account.person.post(f"{account.path}/verifications"),
        QuotaName.LISTINGS: lambda: account.person.get(f"{account.path}/instances?refresh=true"),
        QuotaName.STARTS_AND_STOPS: lambda: theirs.post("ec2", web, "stop"),
        QuotaName.NEW_ACCOUNTS: lambda: account.person.post("/v1/accounts", json=NEW),
        QuotaName.WEBHOOK_CHANGES: lambda: account.person.put(
            "/v1/organization/webhook", json=WEBHOOK
        ),
        QuotaName.WEBHOOK_TESTS: lambda: account.person.post("/v1/organization/webhook/test"),
        QuotaName.CHANGES: lambda: account.person.patch(account.path, json={"name": "Renamed"}),
    }
    with ExitStack() as ending:
        ending.callback(account.person.delete, "/v1/organization/webhook")
        answer(account.person.put("/v1/organization/webhook", json=WEBHOOK))
        for name, attack in attacks.items():
            use_up(stack, attacker, name)
            try:
                assert remaining(attacker)[name] == 0
                use_up(stack, attacker, name)
                refused(attack(), name)
                assert remaining(organization)[name] > 0
            finally:
                give_back(stack, attacker, name)
    assert theirs.get("usage")["used"] == before, "nothing was done"


NEW = {
    "provider": "aws",
    "provider_id": "222200002222",
    "name": "More",
    "access_type": "assume_role",
    "write_logs": False,
}
WEBHOOK = {"url": "https://example.com/hook", "events": ["Account Created"]}


def test_a_request_that_was_done_is_answered_again_when_nothing_is_left(
    stack: Stack, attacker: Organization, theirs: Used
) -> None:
    key = {"Idempotency-Key": f"quota-{datetime.now(UTC).timestamp()}"}
    done = answer(theirs.post("aurora", theirs.prepared.db_cluster_id, "start", **key))
    left = remaining(attacker)["starts_and_stops"]
    again = answer(theirs.post("aurora", theirs.prepared.db_cluster_id, "start", **key))
    assert again["interaction_id"] == done["interaction_id"]
    assert remaining(attacker)["starts_and_stops"] >= left, "charged once"
    use_up(stack, attacker, QuotaName.STARTS_AND_STOPS)
    try:
        last = answer(theirs.post("aurora", theirs.prepared.db_cluster_id, "start", **key))
    finally:
        give_back(stack, attacker, QuotaName.STARTS_AND_STOPS)
    assert last["interaction_id"] == done["interaction_id"]


def test_switching_the_logs_again_and_again_makes_no_account_due_again(
    attacker: Organization, theirs: Used
) -> None:
    account = theirs.connected
    account.test()
    tested = account.account()["verification"]["finished_at"]

    for write_logs in (False, True) * 5:
        answer(account.person.patch(account.path, json={"write_logs": write_logs}))

    due = datetime.fromisoformat(account.account()["next_verification_at"])
    assert (due - datetime.fromisoformat(tested)).total_seconds() >= 600


def test_bodies_that_nobody_sends_are_refused_before_they_are_read(
    attacker: Organization, new_place: NewPlace
) -> None:
    path = connect(attacker.admin, new_place()).path
    for body in (
        '{"name": ' + "[" * 40_000 + "]" * 40_000 + "}",
        '{"name": ' + "9" * 5_000 + "}",
        '{"name": "' + "x" * 70_000 + '"}',
    ):
        sent = attacker.admin.patch(
            path, content=body, headers={"content-type": "application/json"}
        )
        problem(sent, 400)
