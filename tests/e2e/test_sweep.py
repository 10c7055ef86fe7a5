"""What breaks is found, reported and mended without anybody pressing Test."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import pytest
from standardwebhooks import Webhook

from cavok.domain.permissions import STEPS
from local import aws, customers
from local.customers import CUSTOMERS, CustomerAccount
from local.stack import Stack
from tests.support import bus, journeys, sweeps, webhook_receiver
from tests.support.bus import BusListener
from tests.support.connections import Connected, close_role
from tests.support.event_schemas import problems_of
from tests.support.http import Json, answer
from tests.support.organizations import Organization, new_organization
from tests.support.waiting import wait_for
from tests.support.webhook_receiver import Receiver

STOP = "ec2:StopInstances"


@dataclass(frozen=True)
class Break:
    """Something that a customer does to a connection that works, and what must be said of it."""

    key: str
    customer: str
    status: str
    event: str
    issue: str
    breaks: Callable[[Connected], None]
    repairs: Callable[[Connected], None]


def delete_role(account: Connected) -> None:
    cloudformation = aws.cloudformation(account.place.emulator_url, account.place.account_number)
    name = account.offer().stack_name
    cloudformation.delete_stack(StackName=name)
    cloudformation.get_waiter("stack_delete_complete").wait(
        StackName=name, WaiterConfig={"Delay": 1, "MaxAttempts": 30}
    )


def deploy_role(account: Connected) -> None:
    customers.deploy(account.place, account.offer())


def drop_condition(account: Connected) -> None:
    customers.set_trust_condition(None)(account.place, account.offer().role_name)


def deny_stop(account: Connected) -> None:
    customers.deny(STOP)(account.place, account.offer().role_name)


def allow_stop(account: Connected) -> None:
    account.place.iam.delete_role_policy(RoleName=account.offer().role_name, PolicyName="OurRules")


def delete_keys(account: Connected) -> None:
    customers.delete_keys(account.place, customers.USER_NAME)


def rotate_keys(account: Connected) -> None:
    policy = answer(account.person.get("/v1/permissions"))["policy_document"]
    key = customers.make_user(account.place, policy)
    answer(account.person.put(f"{account.path}/credentials", json=key))


BREAKS = (
    Break(
        "role-deleted",
        "all-permissions",
        "failed",
        "Account Failed",
        "role_not_assumable",
        delete_role,
        deploy_role,
    ),
    Break(
        "external-id-dropped",
        "all-permissions",
        "failed",
        "Account Failed",
        "confused_deputy",
        drop_condition,
        close_role,
    ),
    Break(
        "action-denied",
        "all-permissions",
        "degraded",
        "Account Degraded",
        "permission_lost",
        deny_stop,
        allow_stop,
    ),
    Break(
        "keys-deleted",
        "access-key",
        "failed",
        "Account Failed",
        "credentials_rejected",
        delete_keys,
        rotate_keys,
    ),
)


def wait_for_its_lines(account: Connected) -> None:
    """Writing the line of a person's test enters the account: afterwards, it would find what broke
    before a sweep does.
    """
    wait_for(
        lambda: answer(account.person.get(f"{account.path}/interactions"))["items"],
        lambda items: [item["logged"] for item in items] == ["written"],
        what="the line of its test",
        seconds=120,
    )


@dataclass
class Findings:
    """One account on its way: as it was after it broke, and after it was mended."""

    connected: Connected
    broken: Json
    broken_test: Json
    mended: Json
    mended_test: Json


@dataclass
class Story:
    organization: Organization
    listener: BusListener
    receiver: Receiver
    secret: str
    findings: dict[str, Findings]


@pytest.fixture(scope="module")
def story(stack: Stack, new_place: Callable[[], CustomerAccount]) -> Iterator[Story]:
    """Four accounts confirmed, broken, swept, mended, swept. Nobody presses Test after the first
    time.
    """
    with (
        new_organization(stack) as organization,
        bus.bus_listener(stack) as listener,
        webhook_receiver.receiver() as receiver,
    ):
        admin = organization.admin
        every_event = [
            "Account Created",
            "Account Confirmed",
            "Account Degraded",
            "Account Failed",
            "Account Deleted",
            "Verification Finished",
        ]
        saved = answer(
            admin.put("/v1/organization/webhook", json={"url": receiver.url, "events": every_event})
        )
        policy = answer(admin.get("/v1/permissions"))["policy_document"]

        def connected(case: Break) -> Connected:
            customer = CUSTOMERS[case.customer]
            account = journeys.connect_and_test(admin, customer, new_place(), policy).connected
            wait_for_its_lines(account)
            return account

        with ThreadPoolExecutor(2) as pool:
            accounts = dict(
                zip([case.key for case in BREAKS], pool.map(connected, BREAKS), strict=True)
            )
        assert {a.account()["status"] for a in accounts.values()} == {"confirmed"}

        def swept(change: str) -> dict[str, tuple[Json, Json]]:
            for case in BREAKS:
                getattr(case, change)(accounts[case.key])
            sweeps.make_due(stack, organization.name, *accounts.values())
            sweeps.run_sweep(stack)
            return {
                key: (account.account(), sweeps.tests_of(account)[0])
                for key, account in accounts.items()
            }

        broken, mended = swept("breaks"), swept("repairs")
        findings = {
            key: Findings(account, *broken[key], *mended[key]) for key, account in accounts.items()
        }
        yield Story(organization, listener, receiver, saved["secret"], findings)
        answer(admin.delete("/v1/organization/webhook"))


@pytest.fixture(params=BREAKS, ids=lambda case: case.key)
def case(request: pytest.FixtureRequest) -> Break:
    found: Break = request.param
    return found


def test_a_sweep_finds_what_broke_and_says_how_to_mend_it(story: Story, case: Break) -> None:
    findings = story.findings[case.key]

    assert findings.broken["status"] == case.status
    assert [issue["code"] for issue in findings.broken["issues"]] == [case.issue]
    assert all(issue["remedy"] for issue in findings.broken["issues"])
    assert findings.broken_test["trigger"] == "scheduled"
    assert findings.broken_test["outcome"] == case.status


def test_a_sweep_finds_what_was_mended(story: Story, case: Break) -> None:
    findings = story.findings[case.key]

    assert (findings.mended["status"], findings.mended["issues"]) == ("confirmed", [])
    assert findings.mended_test["trigger"] == "scheduled"
    assert findings.mended_test["outcome"] == "confirmed"
    assert len(findings.mended_test["steps"]) == len(STEPS)


def once_a_test(types: list[str]) -> list[str]:
    """On a slow machine, a sweep lasts until a broken account is due again, and tests it twice."""
    pairs = zip(["", *types], types, strict=False)
    return [now for before, now in pairs if (before, now) != ("Verification Finished",) * 2]


def test_the_bus_tells_it_once_and_in_order(story: Story, case: Break) -> None:
    account_id = story.findings[case.key].connected.account_id
    expected = [
        "Account Created",
        "Verification Finished",
        "Account Confirmed",
        "Verification Finished",
        case.event,
        "Verification Finished",
        "Account Confirmed",
    ]

    events = wait_for(
        lambda: story.listener.events_of(account_id),
        lambda heard: once_a_test([event["detail-type"] for event in heard]) == expected,
    )

    versions = [event["detail"]["version"] for event in events]
    assert versions == sorted(versions)
    assert len({event["detail"]["event_id"] for event in events}) == len(events)
    assert {event["source"] for event in events} == {"cavok.accounts"}


def test_the_webhook_tells_it_signed(story: Story, case: Break) -> None:
    account_id = story.findings[case.key].connected.account_id

    delivery = story.receiver.wait_for(
        lambda one: one.json["type"] == case.event and one.json["data"]["account_id"] == account_id,
        f"a message of {case.event}",
    )

    verified = Webhook(story.secret).verify(delivery.body, delivery.headers)
    assert verified["data"]["issues"][0]["code"] == case.issue
    assert delivery.headers["webhook-id"] == verified["data"]["event_id"]


def test_the_audit_trail_says_who_did_it(story: Story, case: Break) -> None:
    connected = story.findings[case.key].connected
    trail = answer(connected.person.get(f"{connected.path}/audit"))["items"]
    admin = story.organization.people["admin"]["email"]
    rotated = [("credentials_rotated", admin)] if case.key == "keys-deleted" else []
    entries = [(entry["action"], entry["actor"]["email"]) for entry in trail]

    assert entries == [*rotated, ("tested", admin), ("created", admin)], "tests are upkeep"


def test_no_event_and_no_message_carries_a_secret(story: Story) -> None:
    texts = [json.dumps(event) for event in story.listener.heard]
    texts += [delivery.body.decode() for delivery in story.receiver.deliveries]
    organization = answer(story.organization.admin.get("/v1/organization"))
    hidden = [story.secret, organization["external_id"]]

    assert texts
    assert not [text for text in texts for secret in hidden if secret in text]


def test_every_event_keeps_to_its_schema(story: Story) -> None:
    heard = story.listener.heard

    assert {event["detail-type"] for event in heard} >= {case.event for case in BREAKS}
    assert [p for e in heard for p in problems_of(e["detail-type"], e["detail"])] == []
