"""The browser that the tests, the pictures and the measurements use."""

from __future__ import annotations

import json
import os
import time
from datetime import timedelta

from playwright.sync_api import Browser, Page, Playwright

from local import chromium, tokens
from local.stack import Stack
from local.users import User
from tests.support import at

_QUIET = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)


def launch(playwright: Playwright, *more: str) -> Browser:
    return playwright.chromium.launch(
        executable_path=os.environ.get("CHROMIUM") or chromium.find(),
        args=[*_QUIET, *more],
        env={**at.without_clock()},
    )


def clock() -> str:
    """A script that gives a page the clock of the tests."""
    return f"""
        window.Date = class extends Date {{
          static now() {{ return super.now() + {at.offset() // timedelta(milliseconds=1)}; }}
          constructor(...given) {{ given.length ? super(...given) : super(Date.now()); }}
        }};
    """


def sign_in(page: Page, stack: Stack, user: User, hash_: str = "") -> None:
    """Signs in through the page, as a person does."""
    page.goto(f"{stack.dashboard_url}{hash_}")
    page.get_by_label("Email").fill(user["email"])
    page.get_by_label("Password").fill(user["password"])
    page.get_by_role("button", name="Sign in").click()
    page.get_by_role("button", name="Sign out").wait_for()


class Sessions:
    """Lets people in as a reload does of who signed in before, at most some minutes ago: the page
    of the sign-in is loaded, filled in and left in a quarter of the time of a short test.
    """

    _RENEWED_AFTER = 300
    """Seconds, of the hour that a token is good for."""

    def __init__(self) -> None:
        self._tokens: dict[str, tuple[float, str]] = {}

    def let_in(self, page: Page, stack: Stack, user: User, hash_: str = "") -> None:
        session = f"{{ id_token: {json.dumps(self._token(stack, user))}, expires_at }}"
        if page.url != "about:blank":
            page.goto("about:blank")
        with page.add_init_script(f"""{{
            const expires_at = Date.now() + 3_600_000;
            // Firefox runs it in the empty page before, too, which may keep nothing.
            if (location.protocol.startsWith("http"))
                sessionStorage.setItem("cavok.session", JSON.stringify({session}));
        }}"""):
            page.goto(f"{stack.dashboard_url}{hash_}")
        page.get_by_role("button", name="Sign out").wait_for()

    def _token(self, stack: Stack, user: User) -> str:
        made, token = self._tokens.get(user["email"], (0.0, ""))
        if not token or time.monotonic() - made > self._RENEWED_AFTER:
            made, token = time.monotonic(), tokens.sign_in(stack, user)
            self._tokens[user["email"]] = made, token
        return token
