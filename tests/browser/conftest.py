"""Real Chromium against the running local stack.

Every page is watched: an error in the console, an uncaught exception, a breach of the
Content-Security-Policy or a request to anywhere else fails the test that had it. A test that
provokes an error says so beforehand (`watch.expect_status(422)`).
"""

from __future__ import annotations

import json
import re
import secrets
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import partial
from typing import Any
from urllib.parse import urlsplit

import httpx
import pytest
from playwright.sync_api import (
    Browser,
    BrowserContext,
    ConsoleMessage,
    Page,
    Playwright,
    Response,
    Route,
    expect,
)

from local.stack import Stack
from local.users import User
from tests.browser.conditions import PLAIN, Condition, Network
from tests.browser.shapes import drift_of
from tests.support import at
from tests.support.fixtures import (
    declare,
    invariants,
    let_the_last_test_drain,
    one_month,
    own_organization,
    stack,
)
from tests.support.http import with_token
from tests.support.page import chromium, firefox, samples
from tests.support.page.in_firefox import firefoxes, in_firefox, needs_firefox

__all__ = [
    "declare",
    "firefoxes",
    "in_firefox",
    "invariants",
    "one_month",
    "own_organization",
    "stack",
]

# The first request after a deployment waits for a function to start, on a machine that is busy.
expect.set_options(timeout=30_000)
REPORT_VIOLATIONS = """
document.addEventListener("securitypolicyviolation", (event) =>
  console.error(`CSP: ${event.violatedDirective} ${event.blockedURI}`));
"""


@pytest.hookimpl(trylast=True)  # when -k and -m have chosen
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    let_the_last_test_drain(items)


@dataclass
class Watch:
    """What a page did that it must not do."""

    origins: set[str]
    expected_statuses: set[int] = field(default_factory=set)
    expects_network_failures: bool = False
    expected_texts: list[str] = field(default_factory=list)
    noted: list[str] = field(default_factory=list)

    @property
    def complaints(self) -> list[str]:
        """What was noted and not expected."""
        return [one for one in self.noted if not any(text in one for text in self.expected_texts)]

    def expect_status(self, *statuses: int) -> None:
        self.expected_statuses.update(statuses)

    def expect_complaint(self, *texts: str) -> None:
        """Complaints that contain one of these texts are the test's own doing."""
        self.expected_texts += texts

    def follow(self, page: Page) -> None:
        page.on("console", self._on_console)
        page.on("pageerror", lambda error: self.noted.append(f"uncaught: {error}"))
        page.on("request", lambda request: self._on_request(request.url))
        page.on("response", self._on_response)

    def _on_console(self, message: ConsoleMessage) -> None:
        # The browser's own line about a failed request says nothing that _on_response does not.
        if message.text.startswith("Failed to load resource"):
            if "net::" in message.text and not self.expects_network_failures:
                self.noted.append(message.text)
            return
        if message.type in {"error", "warning"}:
            self.noted.append(f"console {message.type}: {message.text}")

    def _on_request(self, url: str) -> None:
        parts = urlsplit(url)
        if parts.scheme in {"data", "blob"}:
            return
        if f"{parts.scheme}://{parts.netloc}" not in self.origins:
            self.noted.append(f"a request to {url}")

    def _on_response(self, response: Response) -> None:
        # The documented answers where no webhook is set, which the page shows as that.
        webhook = ("/v1/organization/webhook", "/v1/organization/webhook/deliveries")
        if response.status == 404 and response.url.endswith(webhook):
            return
        if response.status >= 400 and response.status not in self.expected_statuses:
            self.noted.append(f"{response.status} from {response.url}")


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """A test that says under which conditions it shows something is run under each, and one that is
    marked so in Firefox too."""
    if metafunc.definition.get_closest_marker("in_firefox"):
        too = pytest.param("in_firefox", marks=needs_firefox)
        metafunc.parametrize("launched", ["in_chromium", too], indirect=True)
    if "network" not in metafunc.fixturenames:
        return
    asked = [each for mark in metafunc.definition.iter_markers("shows") for each in mark.args[1]]
    known = getattr(metafunc.module, "CONDITIONS", tuple(Condition))
    under = [each for each in known if each in asked]
    if under:
        metafunc.parametrize("network", under, indirect=True, ids=str)


@pytest.fixture(scope="session")
def in_chromium(playwright: Playwright) -> Iterator[Browser]:
    browser = chromium.launch(playwright)
    yield browser
    browser.close()


@pytest.fixture
def launched(request: pytest.FixtureRequest) -> Browser:
    return request.getfixturevalue(getattr(request, "param", "in_chromium"))


@pytest.fixture
def watch(stack: Stack) -> Iterator[Watch]:
    origins = {
        "{0.scheme}://{0.netloc}".format(urlsplit(url))
        for url in (stack.dashboard_url, stack.api_url, stack.emulator_url)
    }
    watching = Watch(origins)
    yield watching
    assert watching.complaints == []


@pytest.fixture
def network(request: pytest.FixtureRequest, watch: Watch) -> Network:
    made = Network(getattr(request, "param", PLAIN))
    if made.condition is Condition.API_DOWN:
        watch.expect_status(503)
    return made


@pytest.fixture
def open_context(launched: Browser, watch: Watch) -> Iterator[Callable[..., BrowserContext]]:
    contexts = []

    def make(**options: Any) -> BrowserContext:
        context = launched.new_context(
            **{
                "viewport": {"width": 1280, "height": 860},
                "locale": "en-GB",
                "timezone_id": "UTC",
                # What moves without end is drawn anew sixty times a second while a view is awaited.
                "reduced_motion": "reduce",
                **options,
            }
        )
        context.add_init_script(REPORT_VIOLATIONS)
        if launched.browser_type.name == "firefox":
            context.add_init_script(firefox.ONE_WORLD)
        elif at.offset():
            context.add_init_script(chromium.clock())
        context.set_default_timeout(30_000)
        context.on("page", watch.follow)
        contexts.append(context)
        return context

    yield make
    for context in contexts:
        context.close()


@pytest.fixture
def context(open_context: Callable[..., BrowserContext]) -> BrowserContext:
    return open_context()


@pytest.fixture
def page(context: BrowserContext) -> Page:
    return context.new_page()


@dataclass
class Person:
    """Somebody signed in, with the page open and the API at hand for preparations."""

    page: Page
    stack: Stack

    def go(self, hash_: str) -> Page:
        self.page.goto(f"{self.stack.dashboard_url}{hash_}")
        return self.page

    def call(self, method: str, path: str, body: Any = None, **headers: str) -> httpx.Response:
        token = self.page.evaluate("JSON.parse(sessionStorage['cavok.session']).id_token")
        with with_token(self.stack, token) as client:
            return client.request(method, path, json=body, headers=headers)

    def add_account(self, **changes: Any) -> dict[str, Any]:
        """An account of its own for one test, with a number that no other has."""
        body = {
            "provider": "aws",
            "provider_id": some_number(),
            "name": f"Test{secrets.token_hex(4)}",
            "access_type": "assume_role",
            "write_logs": True,
            **changes,
        }
        answer = self.call("POST", "/v1/accounts", body)
        assert answer.status_code == 201, answer.text
        return answer.json()


def some_number() -> str:
    return f"3{secrets.randbelow(10**11):011d}"


@pytest.fixture(scope="session")
def sessions() -> chromium.Sessions:
    return chromium.Sessions()


@pytest.fixture
def let_in(sessions: chromium.Sessions) -> Callable[..., None]:
    return sessions.let_in


@pytest.fixture
def sign_in(
    page: Page, stack: Stack, network: Network, let_in: Callable[..., None]
) -> Callable[..., Person]:
    """The page of somebody who is signed in."""

    def enter(
        who: str | User = "admin", hash_: str = "#/accounts", *, on: Page | None = None
    ) -> Person:
        where = on or page
        let_in(where, stack, stack.users[who] if isinstance(who, str) else who, hash_)
        network.attach(where)
        return _with_usage_of_samples(Person(where, stack))

    return enter


@pytest.fixture
def admin(sign_in: Callable[..., Person]) -> Person:
    return sign_in("admin")


@pytest.fixture
def other_tab(admin: Person, sign_in: Callable[..., Person]) -> Page:
    """The same person in a second tab."""
    return sign_in("admin", on=admin.page.context.new_page()).page


@pytest.fixture
def viewer(sign_in: Callable[..., Person]) -> Person:
    return sign_in("viewer")


def _fulfill(body: Any, route: Route) -> None:
    route.fulfill(json=body)


def _with_usage_of_samples(person: Person) -> Person:
    """The stack does not know the accounts of samples.py, of which every account's view asks this,
    and Instructions that. What a test answers itself goes first."""
    for asked, answer in (("usage", samples.USAGE), ("detection", {"state": "off"})):
        person.page.route(
            re.compile(rf"/v1/accounts/acc\d{{6}}/{asked}$"),
            partial(_fulfill, answer),
        )
    return person


def _asked(path: str) -> str:
    return rf"^[^?#]*{path}(\?[^#]*)?$"


@pytest.fixture
def answer_with(watch: Watch, network: Network) -> Callable[..., list[Any]]:
    """Answers the page's API requests in the API's place: what no stack does on demand. An answer
    of another shape than the API's fails the test.
    """

    def install(
        page: Page, path: str | dict[str, Any], reply: Any = None, *, method: str = "GET"
    ) -> list[Any]:
        """`reply`: a JSON body, a (status, body) pair, or a function of the request. Replies by
        their paths are installed at once, which takes a tenth of the time; of two that fit, the
        later one is given. The list that is returned fills with the requests that came."""
        seen: list[Any] = []
        replies = path if isinstance(path, dict) else {path: reply}
        known = [(re.compile(_asked(each)), replies[each]) for each in reversed(replies)]

        def handle(route: Any, request: Any) -> None:
            if request.method != method:
                return route.fallback()
            seen.append(request)
            if not network.lets(route):
                return None
            fitting = (reply for asked, reply in known if asked.match(request.url))
            answers = (reply(request) if callable(reply) else reply for reply in fitting)
            answer = next((each for each in answers if each is not None), None)
            if answer is None:
                return route.fallback()
            if answer == "abort":
                return route.abort()
            status, body = answer if isinstance(answer, tuple) else (200, answer)
            text = json.dumps(body)
            if drifted := drift_of(method, urlsplit(request.url).path, status, text):
                watch.noted.append(drifted)
            kind = "application/problem+json" if status >= 400 else "application/json"
            return route.fulfill(status=status, content_type=kind, body=text)

        page.route(re.compile("|".join(map(_asked, replies))), handle)
        return seen

    return install


@pytest.fixture
def answer_connecting(answer_with: Callable[..., list[Any]]) -> Callable[..., None]:
    """Answers what the view that connects this account reads: adding an account leads there."""

    def install(page: Page, account: dict[str, Any]) -> None:
        one = f"/v1/accounts/{account['account_id']}"
        answer_with(page, one, account)
        answer_with(page, f"{one}/instructions", samples.INSTRUCTIONS)
        # With a test, so that the view begins none by itself.
        tests = {"items": [samples.finished_test()], "next_cursor": None}
        answer_with(page, f"{one}/verifications", tests)
        answer_with(page, f"{one}/instances", samples.just_listed())
        answer_with(page, f"{one}/resources", {"items": [], "next_cursor": None})

    return install


@pytest.fixture
def answer_everything(answer_with: Callable[..., list[Any]]) -> Callable[..., None]:
    """Answers all that the page reads of these accounts, or of the samples'."""

    def install(page: Page, *accounts: Any) -> None:
        answer_with(page, samples.everything(*accounts))

    return install
