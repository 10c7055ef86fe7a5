"""What Cognito asks after the password. The page's own handler before a user pool of the test,
whose clients are as template.yaml has them; in the API's place a server that believes any token. By
keyboard alone.
"""

from __future__ import annotations

import re
import secrets
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from local import aws
from local.stack import Stack
from tests.browser.axe import assert_accessible_everywhere
from tests.support import totp
from tests.support.page import built, measures
from tests.support.page.hosted_sign_in import Cognito, Handler
from tests.support.page.keyboard import press, write
from tests.support.page.waiting import HeldRequests
from tests.support.template import resource, template

SENT = f"aA1-{secrets.token_urlsafe(18)}"
CHOSEN = f"{SENT}-of-my-own"
IN = "No accounts yet"
OF_THE_CLIENT = ("ExplicitAuthFlows", "RefreshTokenRotation", "ReadAttributes", "WriteAttributes")


@dataclass
class People:
    """A user pool, and the page before it."""

    cognito: Any
    pool_id: str
    address: str

    def user(self, *, first_time: bool = False) -> str:
        email = f"{secrets.token_hex(4)}@northwind.example"
        of_them = {"UserPoolId": self.pool_id, "Username": email}
        attributes = {"email": email, "custom:organization": "northwind"}
        self.cognito.admin_create_user(
            **of_them,
            MessageAction="SUPPRESS",
            TemporaryPassword=SENT,
            UserAttributes=[{"Name": name, "Value": value} for name, value in attributes.items()],
        )
        if not first_time:
            self.cognito.admin_set_user_password(**of_them, Password=SENT, Permanent=True)
        return email


Open = Callable[[str], People]


@pytest.fixture
def people(stack: Stack, watch: Any, page: Page) -> Iterator[Open]:
    """Opens a page whose installation has the parameter `Mfa`."""
    servers = []

    def start(mfa: str) -> People:
        cognito = aws.cognito(stack.emulator_url)
        pool_id = cognito.create_user_pool(
            PoolName="people",
            UsernameAttributes=["email"],
            Policies=resource("UserPool")["Policies"],
            Schema=[{"Name": "organization", "AttributeDataType": "String", "Mutable": False}],
        )["UserPool"]["Id"]
        cognito.set_user_pool_mfa_config(
            UserPoolId=pool_id,
            SoftwareTokenMfaConfiguration={"Enabled": mfa != "off"},
            MfaConfiguration=template()["Mappings"]["Mfa"]["MfaConfiguration"][mfa],
        )
        client = cognito.create_user_pool_client(
            UserPoolId=pool_id,
            ClientName="page",
            **{name: resource("UserPoolClient")[name] for name in OF_THE_CLIENT},
        )["UserPoolClient"]["ClientId"]
        app = built.app()
        settings = {
            "USER_POOL_CLIENT_ID": client,
            "COGNITO_ENDPOINT": f"{stack.emulator_url}/",
            "MFA": mfa,
        }
        site = app.Site(built.folder() / "site", app.Settings(settings))
        handler = type("Here", (Handler,), {"cognito": Cognito(), "site": site})
        server = ThreadingHTTPServer(("127.0.0.1", 0), BaseHTTPRequestHandler)
        server.RequestHandlerClass = handler
        servers.append(server)
        address = f"http://127.0.0.1:{server.server_port}"
        watch.origins.add(address)
        threading.Thread(target=server.serve_forever, daemon=True).start()
        return People(cognito, pool_id, address)

    yield start
    page.close()
    for server in servers:
        server.shutdown()
        server.server_close()


def sign_in(page: Page, place: People, email: str, password: str, *, set_up: bool = False) -> None:
    page.goto(place.address)
    write(page, "Email", email)
    write(page, "Password", password)
    if set_up:
        press(page, "Set up an authenticator app", "Space")
    press(page, "Sign in")


def answer(page: Page, label: str, text: str) -> None:
    write(page, label, text)
    press(page, "Continue")


def add_to_app(page: Page) -> str:
    """The key that the page shows, and its code entered. Returns the key."""
    shown = page.locator("code")
    expect(shown).to_have_text(re.compile(r"^[A-Z2-7 ]{32,}$"))
    key = shown.inner_text().replace(" ", "")
    answer(page, "Code", totp.code(key))
    return key


def expect_in(page: Page) -> None:
    expect(page.get_by_role("heading", name=IN)).to_be_visible()


def sign_out(page: Page) -> None:
    press(page, "Sign out")
    expect(page.get_by_role("heading", name="Sign in")).to_be_visible()


def test_a_first_sign_in_asks_for_a_password_of_ones_own(page, people, watch):
    watch.expect_status(400)
    place = people("off")
    email = place.user(first_time=True)
    page.add_init_script(measures.RECORD_SHIFTS)
    held = HeldRequests(page, "**/views/challenges.js")
    sign_in(page, place, email, SENT)
    late = held.first()
    page.wait_for_timeout(600)  # what moves sooner after a press counts as its own
    late.continue_()
    expect(page.get_by_label("New password")).to_be_focused()
    page.wait_for_timeout(100)
    assert page.evaluate("window.shifts") < 0.01
    assert_accessible_everywhere(page)
    write(page, "New password", CHOSEN)
    answer(page, "The same again", f"{CHOSEN}x")
    expect(page.get_by_text("The two are not the same.")).to_be_visible()
    write(page, "New password", "short")
    answer(page, "The same again", "short")
    expect(
        page.get_by_text("Password did not conform with policy").locator("visible=true")
    ).to_be_visible()
    write(page, "New password", CHOSEN)
    answer(page, "The same again", CHOSEN)
    expect_in(page)
    sign_out(page)
    sign_in(page, place, email, CHOSEN)
    expect_in(page)


def test_where_a_second_factor_is_required_everybody_sets_one_up_and_is_asked_for_it(
    page, people, watch
):
    watch.expect_status(400)
    place = people("required")
    email = place.user(first_time=True)
    sign_in(page, place, email, SENT)
    write(page, "New password", CHOSEN)
    answer(page, "The same again", CHOSEN)
    expect(page.get_by_label("Code", exact=True)).to_be_focused()
    assert_accessible_everywhere(page)
    answer(page, "Code", "12345")
    expect(page.get_by_text("Enter the six digits.")).to_be_visible()
    answer(page, "Code", "000 000")
    expect(page.get_by_text("This code is wrong.").locator("visible=true")).to_be_visible()
    key = add_to_app(page)
    expect_in(page)

    sign_out(page)
    sign_in(page, place, email, CHOSEN)
    expect(page.get_by_label("Code", exact=True)).to_be_focused()
    assert page.evaluate("sessionStorage.length") == 0
    answer(page, "Code", "000000")
    expect(page.get_by_text("This code is wrong.").locator("visible=true")).to_be_visible()
    answer(page, "Code", totp.code(key))
    expect_in(page)


def test_where_it_is_optional_who_wants_one_sets_it_up(page, people):
    place = people("optional")
    email = place.user()
    sign_in(page, place, email, SENT)
    expect_in(page)
    sign_out(page)
    sign_in(page, place, email, SENT, set_up=True)
    key = add_to_app(page)
    expect_in(page)
    sign_out(page)
    sign_in(page, place, email, SENT)
    answer(page, "Code", totp.code(key))
    expect_in(page)


def test_without_a_second_factor_nobody_is_offered_one(page, people):
    page.goto(people("off").address)
    expect(page.get_by_label("Password")).to_be_visible()
    expect(page.get_by_label("Set up an authenticator app")).to_have_count(0)


def test_a_next_step_that_hangs_says_that_it_takes_long(page, people):
    place = people("off")
    page.route("**/views/challenges.js", lambda _: None)
    sign_in(page, place, place.user(first_time=True), SENT)
    expect(page.get_by_text("This takes longer than usual.")).to_be_visible()
    page.get_by_role("button", name="Try again").click()
    expect(page.get_by_label("Email")).to_be_visible()


def test_a_challenge_that_took_too_long_says_so_and_starts_again(page, people, watch):
    watch.expect_status(400)
    place = people("off")
    sign_in(page, place, place.user(first_time=True), SENT)
    refusal = {"__type": "NotAuthorizedException", "message": "Invalid session for the user."}
    page.route(
        re.compile(rf"^{re.escape(str(place.cognito.meta.endpoint_url))}/?$"),
        lambda route: route.fulfill(status=400, json=refusal),
    )
    write(page, "New password", CHOSEN)
    answer(page, "The same again", CHOSEN)
    expect(page.get_by_role("alert")).to_contain_text("This took too long")
    page.get_by_role("button", name="Start again").click()
    expect(page.get_by_label("Email")).to_be_visible()
