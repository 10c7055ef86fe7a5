"""The browser that the tests, the pictures and the measurements use."""

from __future__ import annotations

import os
from datetime import timedelta

from playwright.sync_api import Browser, Page, Playwright

from local import chromium
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
