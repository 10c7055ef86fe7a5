"""Every word of the page is one of its texts, and dates and numbers are the reader's."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator
from contextlib import suppress
from typing import Any

from playwright.sync_api import Error, Page, Response, Route, expect

from cavok.domain.events import EventType
from tests.browser.axe import wait_until_loaded
from tests.support.page import samples
from tests.support.page.views import MODALS, NEEDS_SIGN_IN

WRAP = """
const wrapped = (value) =>
  typeof value === "string" ? value && `[!! ${value} !!]`
  : typeof value === "function" ? (...given) => wrapped(value(...given))
  : Array.isArray(value) ? value.map(wrapped)
  : Object.fromEntries(Object.entries(value).map(([name, each]) => [name, wrapped(each)]));
"""
"""Makes the texts those of a language that nobody speaks."""
BOTH_FILES = re.compile(r"\bstrict\((texts|\{ \.\.\.texts, \.\.\.more \}),")
"""Where the texts of the first view, and of the others, pass."""
A_TEXT = re.compile(r"\[!!(?:(?!\[!!|!!\]).)*!!\]", re.DOTALL)
WHAT_IS_READ = """() => {
  const texts = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  // Documents are the API's; ages are words of the browser; without JavaScript there are no texts.
  const exempt = "pre, time[data-age], noscript, script, [autocomplete=username]";
  const found = [document.title];
  while (texts.nextNode()) {
    if (!texts.currentNode.parentElement.closest(exempt)) found.push(texts.currentNode.data);
  }
  for (const name of ["aria-label", "title", "placeholder", "alt"]) {
    for (const node of document.querySelectorAll(`[${name}]:not(time)`)) {
      found.push(node.getAttribute(name));
    }
  }
  return found;
}"""
NAMES = {"https://", "CavokCloud", "AWS", "Azure", *EventType}
"""The same in every language: of a scheme, of the role that is the default, of providers, of the
API's events.
"""
NAMES_OF_DAYS = """() => ["long", "short"].flatMap((weekday) => [1, 2, 3, 4, 5, 6, 7].map(
  (day) => new Intl.DateTimeFormat("en", { weekday }).format(new Date(2026, 0, day))))"""
"""Words of the browser, as ages are."""
NAMES_IN_DATES = """() => {
  const styles = { weekday: "short", day: "numeric", month: "short" };
  const dates = new Intl.DateTimeFormat("de-DE", styles);
  return Array.from({ length: 84 }, (_, each) => new Date(2026, each % 12, 1 + (each % 7)))
    .flatMap((date) => dates.formatToParts(date).map(({ value }) => value));
}"""
"""Of turns that are due, missed or later, in the reader's locale."""
FILE = re.compile(r"[\w-]+\.(json|tf|sh)")
REGION = re.compile(r"[a-z]{2,3}(-[a-z]+)+-\d")


def leaves(body: Any) -> Iterator[str]:
    if isinstance(body, dict | list):
        for each in body.values() if isinstance(body, dict) else body:
            yield from leaves(each)
    elif isinstance(body, str):
        # Of an ARN the page may show the name alone.
        yield from (body, body.rpartition("/")[2] or body)


def own_words(read: Iterable[str], data: set[str]) -> list[str]:
    """What is left of the texts that are read without the page's texts and what the API sent."""
    sent = sorted((each for each in data if re.search(r"[^\W\d_]", each)), key=len, reverse=True)
    known = re.compile("|".join(rf"(?<!\w){re.escape(each)}(?!\w)" for each in sent))
    found = []
    for text in read:
        rest = text
        while (less := A_TEXT.sub("", rest)) != rest:
            rest = less
        rest = known.sub("", rest).strip()
        named = FILE.fullmatch(rest) or REGION.fullmatch(rest)
        if re.search(r"[^\W\d_]", rest) and not named:
            found.append(text)
    return found


class Translated:
    """The page in a language that nobody speaks, and all that the API has sent to it."""

    def __init__(self, page: Page, email: str) -> None:
        self.page = page
        self.data = {email, *NAMES}
        self._answers: list[Response] = []
        self.found: dict[str, list[str]] = {}
        page.on("response", self._keep)
        # texts.js is among the modules that are joined.
        page.route(re.compile(r"/ui/[^/]+/app\.js$"), self._wrap)

    @staticmethod
    def _wrap(route: Route) -> None:
        source, places = BOTH_FILES.subn(r"strict(wrapped(\1),", route.fetch().text())
        assert places == 2
        route.fulfill(body=WRAP + source, content_type="text/javascript")

    def _keep(self, answer: Response) -> None:
        if "/v1/" in answer.url and answer.request.method != "OPTIONS":
            self._answers.append(answer)

    def look(self, where: str) -> None:
        """Notes what is read here that is neither a text of the page nor sent by the API."""
        wait_until_loaded(self.page)
        self.data.update(self.page.evaluate("Intl.supportedValuesOf('timeZone')"))
        self.data.update(self.page.evaluate(NAMES_OF_DAYS))
        self.data.update(self.page.evaluate(NAMES_IN_DATES))
        while self._answers:
            answer = self._answers.pop()
            # The body of an answer to a page that was left is gone.
            with suppress(Error):
                self.data.update(leaves(json.loads(answer.text() or "null")))
        if own := own_words(self.page.evaluate(WHAT_IS_READ), self.data):
            self.found[where] = own


def test_every_word_is_a_text_or_was_sent_by_the_api(
    open_context, stack, sign_in, answer_with, answer_everything, watch
):
    watch.expect_status(503)
    # The German short form of a date has no letters.
    page = open_context(locale="de-DE").new_page()
    translated = Translated(page, stack.users["admin"]["email"])
    answer_everything(page)
    page.goto(stack.dashboard_url)
    translated.look("sign-in")
    page.get_by_role("button", name="Sign in").click()
    translated.look("sign-in, errors")
    person = sign_in("admin", on=page)
    for name, hash_ in {**NEEDS_SIGN_IN, "access details": "#/access-details"}.items():
        page.evaluate("hash => { location.hash = hash; }", hash_)
        translated.look(name)
    for name, hash_ in MODALS:
        person.go("#/accounts")
        page.evaluate("hash => { location.hash = hash; }", hash_)
        page.get_by_role("button", name=f"[!! {name} !!]", exact=True).click()
        page.get_by_role("dialog").wait_for()
        translated.look(f"{name} on {hash_}, a modal")
        page.keyboard.press("Escape")
    person.go("#/accounts/new")
    page.get_by_role("button", name="Add account").click()
    translated.look("new account, errors")
    answer_with(page, "/v1/organization/usage", (503, {"message": "Service Unavailable"}))
    person.go("#/organization")
    page.get_by_role("alert").wait_for()
    translated.look("a view that fails")
    assert translated.found == {}


def test_what_is_no_text_and_was_not_sent_is_found():
    read = ["[!! A [!! b !!] !!]: sent", "[!! A !!] said", "sentence", "eu-west-1", "a.json", "5,0"]
    assert own_words(read, {"sent"}) == ["[!! A !!] said", "sentence"]


def test_dates_and_numbers_are_the_readers(open_context, sign_in, answer_everything):
    page = open_context(locale="de-DE", timezone_id="Europe/Berlin").new_page()
    accounts = [samples.account(index) for index in range(1_200)]
    answer_everything(page, accounts)
    person = sign_in("viewer", on=page)
    expect(page.locator(".filters")).to_contain_text("All1.200")
    person.go("#/accounts/acc000000")
    facts = page.locator(".facts")
    expect(facts).to_contain_text("01.01.2026, 11:00")
    expect(page.get_by_text("842 of 1.000 interactions used")).to_be_visible()
    expect(page.get_by_text("(84\u00a0%)")).to_be_visible()
    expect(page.get_by_text("Starts again on 01.02.2026, UTC.")).to_be_visible()
    person.go("#/accounts/acc000000/tests/test1")
    expect(page.get_by_text("took 9,0 s")).to_be_visible()


def test_ages_are_in_the_language_of_the_texts(open_context, sign_in, answer_with):
    page = open_context(locale="de-DE").new_page()
    answer_with(page, "/v1/accounts", samples.pages_of([samples.account(0)]))
    page.clock.install(time="2026-01-05T12:30:00Z")
    sign_in("admin", on=page)
    expect(page.get_by_role("row").nth(1).locator("time")).to_have_text("2 hours ago")


def test_one_try_is_one_in_digits_of_another_script(open_context, sign_in, answer_with):
    page = open_context(locale="ar-EG").new_page()
    answer_with(page, "/v1/organization/webhook", samples.WEBHOOK)
    deliveries = {"items": samples.DELIVERIES, "next_cursor": None}
    answer_with(page, "/v1/organization/webhook/deliveries", deliveries)
    sign_in("admin", on=page, hash_="#/organization")
    page.get_by_text("Deliveries").click()
    expect(page.locator(".delivery").last).to_contain_text("١ try ·")
    expect(page.locator(".delivery").nth(1)).to_contain_text("٣ tries ·")


def test_what_a_test_counts_is_in_digits_of_another_script_too(
    open_context, sign_in, answer_everything
):
    page = open_context(locale="ar-EG").new_page()
    answer_everything(page, [samples.account(0)])
    sign_in("admin", on=page, hash_="#/accounts/acc000000/tests/test1")
    expect(page.locator(".test-step").first).to_be_visible()
    counted = page.locator(".card-head .muted, .step-resources > p, .step-verdict .muted")
    assert counted.count() > 5
    for said in counted.all_text_contents():
        assert not re.search("[0-9]", said), said
