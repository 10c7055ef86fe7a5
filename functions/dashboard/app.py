"""Serves the Cloud Accounts page: the files that ``build_page.py`` made, and ``ui/config.json``.

``/`` is the page; ``/ui/{proxy+}`` is everything it loads, for GET and HEAD.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from functions.dashboard.served_files import Settings, Site
else:  # On Lambda it lies beside this module.
    from served_files import Settings, Site

SITE = Site(Path(__file__).parent / "site", Settings(dict(os.environ)))


def handler(event: dict[str, Any], context: object) -> dict[str, object]:
    """One HTTP request in API Gateway's payload format 2.0."""
    method = event["requestContext"]["http"]["method"]
    if method not in {"GET", "HEAD"}:
        return SITE.other_method()
    # Unlike the raw path, the path parameter is the same at a domain's root and under a prefix.
    name = (event.get("pathParameters") or {}).get("proxy")
    headers = {key.lower(): value for key, value in (event.get("headers") or {}).items()}
    answer = SITE.answer(name, headers)
    return answer if method == "GET" else {**answer, "body": ""}
