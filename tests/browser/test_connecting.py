"""The whole way, as customers go it: accounts added through the page, what each customer did in
their own AWS account, tests watched to their end, a connection that breaks and is mended."""

from __future__ import annotations

import re
import secrets
from typing import Any
from urllib.parse import quote

import pytest
from playwright.sync_api import Locator, Page, expect

from local import aws, customers
from local.customers import CUSTOMERS, CustomerAccount, Offer
from local.stack import Stack
from tests.browser.conditions import EVERY, shows
from tests.browser.conftest import Person, some_number
from tests.support.page import samples
from tests.support.page.waiting import until

TEST_MS = 90_000
EXPECTED = {
    "all-permissions": ("Confirmed", None),
    "ec2-only": ("Confirmed", None),
    "logs-refused": ("Degraded", "logs:PutLogEvents"),
    "stop-denied": ("Confirmed", "ec2:StopInstances"),
    "boundary-cuts-rds": ("Confirmed", None),
    "no-external-id": ("Failed", "without this organization's external ID"),
    "any-external-id": ("Failed", "without this organization's external ID"),
    "access-key": ("Confirmed", None),
    "keys-of-another-account": ("Failed", "200000000099"),
}


def add_through_the_page(
    page: Page, number: str, name: str, credentials: dict[str, str] | None
) -> None:
    page.get_by_role("button", name="New Account").first.click()
    page.get_by_label("Provider ID").fill(number)
    page.get_by_label("Name", exact=True).fill(name)
    if credentials:
        page.get_by_role("radio", name="Access Credentials").check()
        page.get_by_label("Access key ID").fill(credentials["access_key_id"])
        page.get_by_label("Secret access key").fill(credentials["secret_access_key"])
    page.get_by_role("button", name="Add account").click()
    expect(page).to_have_url(re.compile("/connect$"))
    expect(page.get_by_role("heading", name=name, level=1)).to_be_visible()


def go_to_instructions(page: Page) -> None:
    page.evaluate("location.hash = location.hash.replace('/connect', '/instructions')")


def watch_the_test(page: Page, outcome: str) -> None:
    """On the page of a running test, until its end. A test that could not enter an account that
    stays unconfirmed soon says so instead of "Failed".
    """
    said = re.compile("Failed|Not there yet") if outcome == "Failed" else outcome
    expect(page.locator(".test-outcome")).to_contain_text(said, timeout=TEST_MS)
    expect(page.get_by_text("waiting", exact=True)).to_have_count(0)


def press_test(page: Page, name: str, outcome: str) -> None:
    page.get_by_role("button", name="Test", exact=True).click()
    expect(page.locator(".test-outcome")).to_be_visible()
    watch_the_test(page, outcome)
    expect(page.locator(".account-title")).to_contain_text(outcome)


@pytest.fixture(scope="module")
def without_a_role() -> list[str]:
    """The address of a test that is tried again for most of a minute. Meanwhile, the other
    customers are looked at."""
    return []


def test_who_has_no_role_yet_may_test_all_the_same(admin: Person, without_a_role: list[str]):
    page, name = admin.page, f"NoRoleYet{secrets.token_hex(3)}"
    add_through_the_page(page, some_number(), name, None)
    go_to_instructions(page)
    page.get_by_role("button", name="Test now").click()
    expect(page).to_have_url(re.compile("/tests/"))
    expect(page.locator(".test-outcome")).to_be_visible()
    without_a_role.append(page.url)


@pytest.mark.slow
@pytest.mark.parametrize("key", EXPECTED)
def test_each_kind_of_customer_is_told_the_truth(admin: Person, stack: Stack, key: str):
    page, customer, number = admin.page, CUSTOMERS[key], some_number()
    name = f"{customer.name}{secrets.token_hex(3)}"
    prepared: Any = None
    if customer.access_type == "access_key":
        policy = admin.call("GET", "/v1/permissions").json()["policy_document"]
        prepared = customers.prepare(
            customer, stack.emulator_url, account_number=number, policy_document=policy
        )
    add_through_the_page(page, number, name, prepared and prepared.credentials)
    outcome, said = EXPECTED[key]
    if not prepared:
        go_to_instructions(page)
        link = page.get_by_role("link", name="Deploy on AWS").get_attribute("href")
        customers.prepare(
            customer, stack.emulator_url, account_number=number, offer=Offer.from_link(link)
        )
        page.get_by_role("button", name="Test now").click()
        watch_the_test(page, outcome)
    # The first test of a key begins by itself.
    expect(page.locator(".account-title")).to_contain_text(outcome, timeout=TEST_MS)
    if said:
        found = "Good to know" if outcome == "Confirmed" else "What is wrong"
        expect(page.get_by_role("region", name=found)).to_contain_text(said)
    page.evaluate("location.hash = location.hash.match(/#.accounts.[^/]+/)[0]")
    capabilities = page.locator(".capabilities")
    if key == "all-permissions":
        expect(capabilities.get_by_text("Full.")).to_have_count(3)
    if key == "ec2-only":
        expect(capabilities).to_contain_text(
            "Nothing of RDS is allowed: the test says why. It is optional."
        )


def test_who_has_no_role_yet_is_told_so_when_the_retries_are_over(
    admin: Person, without_a_role: list[str]
):
    page = admin.page
    page.goto(without_a_role[0])
    watch_the_test(page, "Failed")
    expect(page.locator(".account-title")).to_contain_text("Unconfirmed")
    expect(page.get_by_role("region", name="What is wrong")).to_contain_text("not there yet")


@pytest.mark.slow
def test_a_connection_that_breaks_and_is_mended(admin: Person, stack: Stack):
    page, number = admin.page, some_number()
    account = admin.add_account(provider_id=number)
    name = account["name"]
    offer = Offer.from_link(
        admin.call("GET", f"/v1/accounts/{account['account_id']}/instructions").json()[
            "deploy_on_aws_url"
        ]
    )
    customers.prepare(
        CUSTOMERS["all-permissions"], stack.emulator_url, account_number=number, offer=offer
    )
    admin.go(f"#/accounts/{account['account_id']}")
    press_test(page, name, "Confirmed")

    customers.deny("ec2:StopInstances")(
        CustomerAccount(stack.emulator_url, number), offer.role_name
    )
    press_test(page, name, "Degraded")
    stop = page.locator(".test-step").filter(has_text="ec2:StopInstances")
    expect(stop).to_contain_text("A policy of the role or user denies it explicitly.")
    page.get_by_role("link", name="All tests").click()
    page.get_by_role("link", name="What changed").first.click()
    expect(page.locator(".change")).to_have_count(1)
    expect(page.locator(".change")).to_contain_text("ec2:StopInstances")

    iam = aws.iam(stack.emulator_url, number)
    iam.delete_role_policy(RoleName=offer.role_name, PolicyName="OurRules")
    press_test(page, name, "Confirmed")


@pytest.mark.slow
def test_the_instructions_turn_to_confirmed_when_the_role_appears(admin: Person, stack: Stack):
    """Nobody presses Test: the account is looked at while the page is open. Its test may end before
    the page has said that one runs; test_detection.py shows that it says so.
    """
    page, number = admin.page, some_number()
    account = admin.add_account(provider_id=number)
    admin.go(f"#/accounts/{account['account_id']}/instructions")
    expect(page.get_by_text("Waiting for a role that lets Cavok in.")).to_be_visible()
    expect(page.get_by_text("Cavok looks every 5 seconds")).to_be_visible()
    link = page.get_by_role("link", name="Deploy on AWS").get_attribute("href")
    customers.prepare(
        CUSTOMERS["all-permissions"],
        stack.emulator_url,
        account_number=number,
        offer=Offer.from_link(link),
    )
    expect(page.get_by_text("It works. This account is connected.")).to_be_visible(timeout=TEST_MS)
    expect(page.locator(".account-title")).to_contain_text("Confirmed")
    expect(page.locator("#announcer")).to_contain_text("The account is now: Confirmed")
    tests = admin.call("GET", f"/v1/accounts/{account['account_id']}/verifications").json()["items"]
    assert [test["trigger"] for test in tests] == ["manual"]


def expiring_links(page: Page, answer_with: Any) -> Locator:
    """A link, which ends in the number of times that it was read."""
    read: list[int] = []

    def guide(_: Any) -> dict[str, Any]:
        read.append(len(read))
        template = f"https://s3.example/t?X-Amz-Expires=3600&n={len(read)}"
        link = f"https://console.aws.amazon.com/#?templateURL={quote(template, safe='')}"
        return samples.INSTRUCTIONS | {"deploy_on_aws_url": link}

    answer_with(page, "/v1/accounts/acc000005", samples.account(5))
    answer_with(page, "/v1/accounts/acc000005/instructions", guide)
    return page.get_by_role("link", name="Deploy on AWS")


@shows(5, *EVERY)
def test_a_link_that_expires_is_renewed_while_somebody_looks(admin: Person, answer_with, network):
    page = admin.page
    page.clock.install()
    link = expiring_links(page, answer_with)
    admin.go("#/accounts/acc000005/instructions")
    expect(link).to_have_attribute("href", re.compile("n%3D1$"))
    expect(page.get_by_text("The link expires within an hour")).to_be_visible()

    page.clock.fast_forward(60_000)
    expect(link).to_have_attribute("href", re.compile("n%3D1$"))
    with network.outage(page):
        page.clock.fast_forward(10 * 60_000)
    page.clock.fast_forward(16_000)
    expect(link).to_have_attribute("href", re.compile("n%3D2$"))


def test_a_clock_that_is_set_back_lets_no_link_expire(admin: Person, answer_with):
    page = admin.page
    page.clock.install(time="2026-01-05T12:00:00Z")
    link = expiring_links(page, answer_with)
    admin.go("#/accounts/acc000005/instructions")
    expect(link).to_have_attribute("href", re.compile("n%3D1$"))
    page.clock.set_system_time("2026-01-05T10:00:00Z")
    page.clock.fast_forward(10 * 60_000)
    page.clock.fast_forward(16_000)
    expect(link).to_have_attribute("href", re.compile("n%3D2$"))


def test_a_link_that_does_not_expire_is_left_alone(admin: Person):
    page = admin.page
    account = admin.add_account()
    admin.go(f"#/accounts/{account['account_id']}/instructions")

    expect(page.get_by_text("The link does not expire")).to_be_visible()
    link = page.get_by_role("link", name="Deploy on AWS").get_attribute("href")
    assert "X-Amz" not in link
    assert len(link) < 1024


def copied(page):
    return page.evaluate("navigator.clipboard.readText()")


def test_every_way_can_be_copied(sign_in, open_context):
    context = open_context(permissions=["clipboard-read", "clipboard-write"])
    person = sign_in("admin", on=context.new_page())
    page = person.page
    account = person.add_account()
    guide = person.call("GET", f"/v1/accounts/{account['account_id']}/instructions").json()
    person.go(f"#/accounts/{account['account_id']}/instructions")
    for tab, button, wanted in (
        ("CloudFormation", "Copy: CloudFormation template", "AWSTemplateFormatVersion"),
        ("Terraform", "Copy: Terraform", guide["terraform"]),
        ("AWS CLI", "Copy: AWS CLI", guide["cli"]),
        ("Policies by hand", "Copy: Trust policy", "sts:ExternalId"),
    ):
        page.get_by_role("tab", name=tab).click()
        page.get_by_role("button", name=button).click()
        until(page, lambda wanted=wanted: wanted in copied(page), f"{wanted} is copied")
    for step in guide["steps"]:
        expect(page.get_by_role("listitem").filter(has_text=step["title"]).first).to_contain_text(
            step["text"]
        )
