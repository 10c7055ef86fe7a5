"""The files of the page's function: how each is answered and cached. Standard library only, so that
a cold start costs little.

Assets are under ``<build>/``, where ``<build>`` is a hash over all of them: one address never
changes its content, so it is cached for a year, and modules can import each other by relative path.
The page itself and its configuration are revalidated each time (ETag, 304).
"""

from __future__ import annotations

import base64
import hashlib
import json
import re
from collections.abc import Container
from pathlib import Path
from urllib.parse import urlsplit

PAGE = "index.html"

CONTENT_TYPES = {
    ".css": "text/css; charset=utf-8",
    ".html": "text/html; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".json": "application/json",
    ".png": "image/png",
    ".svg": "image/svg+xml",
    ".txt": "text/plain; charset=utf-8",
}
# Types that no browser opens as a document. Browsers apply the policy to documents alone, and it is
# as long as a small module. Source: Content Security Policy Level 3.
LOADED = {".css", ".js", ".json", ".png"}
# The suffix of a compressed file, by its content coding; the smallest first.
CODINGS = {"br": ".br", "gzip": ".gz"}
# Source: RFC 9110, 12.4.2.
WEIGHT = re.compile(r"0(\.[0-9]{0,3})?|1(\.0{0,3})?")

REVALIDATE = "no-cache"
FOREVER = "public, max-age=31536000, immutable"
# For a 404: the file may belong to another build, so the answer must not be cached.
DO_NOT_KEEP = "no-store"


def origin_of(address: str) -> str:
    """``https://host[:port]`` of a URL, or an empty string if it has none."""
    parts = urlsplit(address)
    return f"{parts.scheme}://{parts.netloc}" if parts.scheme and parts.netloc else ""


class Settings:
    """The stack's settings that the page needs. None of them is secret."""

    def __init__(self, environment: dict[str, str]) -> None:
        self.region = environment.get("AWS_REGION", "us-east-1")
        self.api_base = environment.get("API_BASE", "")
        self.user_pool_id = environment.get("USER_POOL_ID", "")
        self.client_id = environment.get("USER_POOL_CLIENT_ID", "")
        self.mfa = environment.get("MFA", "off")
        self.hosted_domain = environment.get("HOSTED_DOMAIN", "")
        if self.hosted_domain and "://" not in self.hosted_domain:
            self.hosted_domain = f"https://{self.hosted_domain}"
        self.cognito_endpoint = (
            environment.get("COGNITO_ENDPOINT")
            or f"https://cognito-idp.{self.region}.amazonaws.com/"
        )

    def for_page(self) -> dict[str, str]:
        """The content of `ui/config.json`."""
        return {
            "api_base": self.api_base,
            "region": self.region,
            "user_pool_id": self.user_pool_id,
            "client_id": self.client_id,
            "cognito_endpoint": self.cognito_endpoint,
            "hosted_domain": self.hosted_domain,
            "mfa": self.mfa,
        }

    def content_security_policy(self) -> str:
        """The policy of the page: its own files, the API and Cognito, nothing else."""
        addresses = (self.api_base, self.cognito_endpoint, self.hosted_domain)
        origins = {origin_of(address) for address in addresses} - {""}
        return "; ".join(
            (
                "default-src 'none'",
                "script-src 'self'",
                "style-src 'self'",
                "img-src 'self' data:",
                "font-src 'self'",
                " ".join(("connect-src 'self'", *sorted(origins))),
                "form-action 'none'",
                "frame-ancestors 'none'",
                "base-uri 'none'",
                # No string ever becomes markup: account names and AWS's error texts are data.
                "require-trusted-types-for 'script'",
                "trusted-types 'none'",
            )
        )


class File:
    """A file to serve, as it is (``""``) and in each content coding that was made of it."""

    def __init__(self, forms: dict[str, bytes], suffix: str, cache: str) -> None:
        self.forms = forms
        self.suffix = suffix
        self.cache = cache
        self.etag = f'W/"{hashlib.sha256(forms[""]).hexdigest()[:20]}"'


class Site:
    """All files, by path. Every other path is a 404."""

    def __init__(self, root: Path, settings: Settings) -> None:
        self.files = {
            path.relative_to(root).as_posix(): File(_forms(path), path.suffix, cache=FOREVER)
            for path in sorted(root.rglob("*"))
            if path.suffix in CONTENT_TYPES
        }
        self.page = self.files.pop(PAGE)
        self.page.cache = REVALIDATE
        config = json.dumps(settings.for_page(), indent=2).encode()
        self.files["config.json"] = File({"": config}, ".json", cache=REVALIDATE)
        self.document_headers = {
            "content-security-policy": settings.content_security_policy(),
            "cross-origin-opener-policy": "same-origin",
            "permissions-policy": "camera=(), geolocation=(), microphone=(), payment=(), usb=()",
        }
        self.headers = {
            "cross-origin-resource-policy": "same-origin",
            "referrer-policy": "no-referrer",
            "strict-transport-security": "max-age=63072000",
            "x-content-type-options": "nosniff",
        }

    def answer(self, name: str | None, request_headers: dict[str, str]) -> dict[str, object]:
        """The payload 2.0 response for the page (``None``) or for ``ui/<name>``."""
        file = self.page if name is None else self.files.get(name)
        if file is None:
            return self._response(
                404,
                {
                    **self.document_headers,
                    "cache-control": DO_NOT_KEEP,
                    "content-type": CONTENT_TYPES[".txt"],
                },
                b"There is no such file.\n",
            )
        headers = {
            **({} if file.suffix in LOADED else self.document_headers),
            "cache-control": file.cache,
            "content-type": CONTENT_TYPES[file.suffix],
            "etag": file.etag,
            "vary": "accept-encoding",
        }
        if self._is_known(file.etag, request_headers.get("if-none-match", "")):
            return self._response(304, headers, b"")
        coding = chosen_coding(request_headers.get("accept-encoding", ""), file.forms)
        if coding:
            headers["content-encoding"] = coding
        return self._response(200, headers, file.forms[coding])

    def other_method(self) -> dict[str, object]:
        """The 405 for any method but GET and HEAD."""
        headers = {"allow": "GET, HEAD", "cache-control": DO_NOT_KEEP}
        return self._response(405, {**self.document_headers, **headers}, b"")

    def _response(self, status: int, headers: dict[str, str], body: bytes) -> dict[str, object]:
        return {
            "statusCode": status,
            "headers": {**self.headers, **headers},
            "body": base64.b64encode(body).decode(),
            "isBase64Encoded": True,
        }

    @staticmethod
    def _is_known(etag: str, if_none_match: str) -> bool:
        # Weak comparison (RFC 9110): proxies may add or drop the W/.
        known = {tag.strip().removeprefix("W/") for tag in if_none_match.split(",")}
        return etag.removeprefix("W/") in known or "*" in known


def _forms(path: Path) -> dict[str, bytes]:
    packed = {coding: path.with_name(path.name + suffix) for coding, suffix in CODINGS.items()}
    return {
        coding: form.read_bytes() for coding, form in {"": path, **packed}.items() if form.exists()
    }


def chosen_coding(accept_encoding: str, forms: Container[str]) -> str:
    """The content coding that the client prefers of those available; of equals, the smallest. Empty
    for none, also if the client accepts nothing at all (RFC 9110, 12.5.3).
    """
    weights: dict[str, float] = {}
    for choice in accept_encoding.lower().split(","):
        coding, _, parameter = choice.partition(";")
        weights[coding.strip()] = _weight(parameter)
    chosen, best = "", weights.get("identity", 0.0)
    for coding in reversed(CODINGS):
        weight = weights.get(coding, weights.get("*", 0.0))
        if coding in forms and weight and weight >= best:
            chosen, best = coding, weight
    return chosen


def _weight(parameter: str) -> float:
    name, _, value = parameter.replace(" ", "").partition("=")
    if not name:
        return 1.0
    # A malformed entry counts for nothing.
    return float(value) if name == "q" and WEIGHT.fullmatch(value) else 0.0
