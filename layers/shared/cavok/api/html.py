"""Pages that the API itself serves to people: no script, and nothing from elsewhere."""

import hashlib
import re
from base64 import b64encode
from html import escape

_STYLE = (
    ":root{color-scheme:light dark}"
    "body{font:16px/1.5 system-ui,sans-serif;max-width:60em;margin:2em auto;padding:0 1em}"
    "table{border-collapse:collapse;display:block;overflow-x:auto}"
    "td{vertical-align:top;padding:.2em 1em .2em 0}td:last-child{min-width:9em}"
    "pre{overflow:auto}code{overflow-wrap:anywhere}"
    "summary{cursor:pointer;padding:.2em 0}details>*{margin-left:1em}"
    "details>[id]{scroll-margin-top:3em}"
)
_STYLE_HASH = b64encode(hashlib.sha256(_STYLE.encode()).digest()).decode()

HEADERS = {
    "Content-Security-Policy": f"default-src 'none'; style-src 'sha256-{_STYLE_HASH}'; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=(), payment=(), usb=()",
    "Referrer-Policy": "no-referrer",
    "Strict-Transport-Security": "max-age=63072000",
    "X-Content-Type-Options": "nosniff",
}
"""The headers of the dashboard's page, except that nothing may be loaded."""


def prose(text: str) -> str:
    """A text whose only Markdown is code between backticks."""
    return re.sub("`([^`]+)`", r"<code>\1</code>", escape(text))


def page(title: str, body: str) -> str:
    """A page. `title` and `body` are escaped already."""
    return (
        '<!doctype html><html lang="en"><meta charset="utf-8">'
        f'<meta name="viewport" content="width=device-width"><title>{title}</title>'
        f"<style>{_STYLE}</style>{body}</html>"
    )
