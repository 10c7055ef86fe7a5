"""Signing in on AWS: the hosted page, with PKCE. The page's own handler, and in Cognito's place a
server that checks what Cognito checks."""

from __future__ import annotations

import re
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from tests.browser.axe import assert_accessible_everywhere
from tests.support.page import built
from tests.support.page.hosted_sign_in import KEY, Cognito, Handler
from tests.support.page.keyboard import press, write
from tests.support.page.waiting import HeldRequests


@pytest.fixture
def hosted(watch: Any, page: Page) -> Iterator[Cognito]:
    cognito, app = Cognito(), built.app()
    with ThreadingHTTPServer(("127.0.0.1", 0), BaseHTTPRequestHandler) as server:
        cognito.base = f"http://127.0.0.1:{server.server_port}"
        environment = {
            "USER_POOL_CLIENT_ID": "client",
            "HOSTED_DOMAIN": cognito.base,
            "COGNITO_ENDPOINT": f"{cognito.base}/cognito",
            "MFA": "optional",
        }
        settings = app.Settings(environment)
        site = app.Site(built.folder() / "site", settings)
        server.RequestHandlerClass = type("Here", (Handler,), {"cognito": cognito, "site": site})
        watch.origins.add(cognito.base)
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield cognito
        page.close()  # first, or requests that the page still makes are reset with the server
        server.shutdown()


def test_the_code_is_exchanged_with_its_proof_and_the_place_is_kept(page, hosted):
    page.goto(f"{hosted.base}/#/organization")
    expect(page.get_by_label("Password")).to_have_count(0)
    page.get_by_role("button", name="Continue to sign-in").click()
    expect(page.get_by_role("heading", name="Organization", level=1)).to_be_visible()
    expect(page).to_have_url(f"{hosted.base}/#/organization")
    assert page.evaluate("Object.keys(sessionStorage)") == ["cavok.session"]
    assert page.evaluate("localStorage.length") == 0


def test_the_token_is_renewed_at_the_hosted_domain(page, hosted):
    page.goto(hosted.base)
    page.get_by_role("button", name="Continue to sign-in").click()
    expect(page.get_by_role("heading", name="No accounts yet")).to_be_visible()
    page.wait_for_load_state("networkidle")
    page.clock.set_fixed_time(page.evaluate("Date.now() / 1000") + 3_590)
    with page.expect_response("**/oauth2/token"):
        page.get_by_role("link", name="Organization", exact=True).first.click()
    expect(page.get_by_role("heading", name="Organization", level=1)).to_be_visible()
    assert (
        "/oauth2/token",
        {
            "client_id": "client",
            "grant_type": "refresh_token",
            "refresh_token": "the-refresh-token",
        },
    ) in hosted.requests
    assert page.evaluate("JSON.parse(sessionStorage['cavok.session'])").keys() == {
        "id_token",
        "expires_at",
    }


def test_the_page_is_not_blank_while_cognito_takes_its_time_on_the_way_back(page, hosted):
    page.goto(hosted.base)
    held = HeldRequests(page, "**/oauth2/token")
    page.get_by_role("button", name="Continue to sign-in").click()
    expect(page.locator("main .skeleton")).to_be_visible()
    expect(page.locator("header").get_by_text("Cavok")).to_be_visible()
    held.first().continue_()
    expect(page.get_by_role("heading", name="No accounts yet")).to_be_visible()


def test_a_code_that_this_tab_did_not_ask_for_is_refused(page, hosted):
    hosted.tamper_state = True
    page.goto(hosted.base)
    page.get_by_role("button", name="Continue to sign-in").click()
    expect(page.get_by_role("alert")).to_contain_text("This sign-in was not started from this tab.")
    assert not any(path == "/oauth2/token" for path, _ in hosted.requests)
    assert page.evaluate("sessionStorage.length") == 0


def test_signing_out_revokes_and_ends_the_hosted_session_too(page, hosted):
    """By keyboard alone."""
    page.goto(hosted.base)
    expect(page.get_by_role("button", name="Continue to sign-in")).to_be_visible()
    press(page, "Continue to sign-in")
    expect(page.get_by_role("heading", name="No accounts yet")).to_be_visible()
    page.wait_for_load_state()
    with page.expect_event("load"):  # of the page to which the hosted one leads back
        press(page, "Sign out")
    expect(page.get_by_role("button", name="Continue to sign-in")).to_be_visible()
    paths = [path for path, _ in hosted.requests]
    assert "/oauth2/revoke" in paths
    assert "/logout" in paths
    assert page.evaluate("sessionStorage.length") == 0


def test_who_wants_an_authenticator_sets_it_up_on_the_way_back(page, hosted):
    """The hosted sign-in offers none where it is optional. By keyboard alone."""
    hosted.scope = "openid email aws.cognito.signin.user.admin"
    page.goto(f"{hosted.base}/#/organization")
    assert_accessible_everywhere(page)
    press(page, "Set up an authenticator app", "Space")
    press(page, "Continue to sign-in")
    expect(page.locator("code")).to_have_text(" ".join(re.findall("....", KEY)))
    assert page.evaluate("sessionStorage.length") == 0
    assert_accessible_everywhere(page)
    write(page, "Code", "123456")
    press(page, "Continue")
    expect(page.get_by_role("heading", name="Organization", level=1)).to_be_visible()
    used = {
        action: form for action, form in hosted.requests if action.endswith(("Token", "Preference"))
    }
    assert list(used) == ["AssociateSoftwareToken", "VerifySoftwareToken", "SetUserMFAPreference"]
    assert {form["AccessToken"] for form in used.values()} == {"the-access-token"}


def test_a_version_that_is_gone_on_the_way_back_asks_for_a_reload(page, hosted, watch):
    watch.expect_status(404)
    watch.expects_network_failures = True
    watch.expect_complaint("dynamically imported")
    hosted.scope = "openid email aws.cognito.signin.user.admin"
    page.goto(hosted.base)
    page.route("**/views/challenges.js", lambda route: route.fulfill(status=404))
    page.get_by_label("Set up an authenticator app").check()
    page.get_by_role("button", name="Continue to sign-in").click()
    expect(page.get_by_role("alert")).to_contain_text("a new version has been installed")
