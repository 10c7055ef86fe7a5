"""The list of accounts as a CSV file: what the API answers, and what the browser has saved."""

from __future__ import annotations

import csv
import re
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

from playwright.sync_api import Page, Route

from cavok.api.as_csv import LIMIT, csv_of
from tests.support.page import samples

EXPORTS = re.compile(r"/v1/accounts(\?[^#]*)?$")


def export_as_the_api_does(page: Page, accounts: list[dict[str, Any]]) -> list[dict[str, str]]:
    """Answers what asks for CSV, in parts. The list that is returned fills with the queries."""
    listed, asked = samples.pages_of(accounts), list[dict[str, str]]()

    def handle(route: Route) -> None:
        if route.request.headers["accept"] != "text/csv":
            return route.fallback()
        query = {
            name: each[0] for name, each in parse_qs(urlsplit(route.request.url).query).items()
        }
        asked.append(query)
        url = f"https://x/v1/accounts?{urlencode({**query, 'limit': LIMIT})}"
        found = listed(type("Request", (), {"url": url}))
        headers = {"content-type": "text/csv; charset=utf-8"}
        if cursor := found["next_cursor"]:
            headers["link"] = f'<?{urlencode({**query, "cursor": cursor})}>; rel="next"'
        lines = csv_of(found["items"], header="cursor" not in query)
        return route.fulfill(headers=headers, body=lines)

    page.route(EXPORTS, handle)
    return asked


def saved(download: Any) -> list[dict[str, str]]:
    with Path(download.path()).open(newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))
