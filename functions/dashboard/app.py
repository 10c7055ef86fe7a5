"""Serves the Cloud Accounts page: the files under ``static/``, and ``ui/config.json``.

Standard library only, so that a cold start costs little more than reading 200 kB.

``/`` is the page; ``/ui/{proxy+}`` is everything it loads, for GET and HEAD. Assets live under
``ui/<build>/``, where ``<build>`` is a hash over all of them: one address never changes its
content, so it is cached for a year, and modules can import each other by relative path. The
page itself and its configuration are revalidated each time (ETag, 304).
"""

from __future__ import annotations

import base64
import gzip
import hashlib
import json
import os
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

STATIC = Path(__file__).parent / "static"

CONTENT_TYPES = {
    ".css": "text/css; charset=utf-8",
    ".html": "text/html; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".json": "application/json",
    ".png": "image/png",
    ".svg": "image/svg+xml",
    ".txt": "text/plain; charset=utf-8",
}
# Compressed already.
PACKED = {".png"}
# What no browser opens as a document. It applies a policy to documents alone, and the policy is as
# long as a small module. Source: Content Security Policy Level 3.
LOADED = {".css", ".js", ".json", ".png"}
# Below this size, gzip adds more than it saves.
GZIP_FROM_BYTES = 500

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
        self.hosted_domain = environment.get("HOSTED_DOMAIN", "")
        if self.hosted_domain and "://" not in self.hosted_domain:
            self.hosted_domain = f"https://{self.hosted_domain}"
        self.cognito_endpoint = (
            environment.get("COGNITO_ENDPOINT")
            or f"https://cognito-idp.{self.region}.amazonaws.com/"
        )

    def for_page(self) -> dict[str, str]:
        return {
            "api_base": self.api_base,
            "region": self.region,
            "user_pool_id": self.user_pool_id,
            "client_id": self.client_id,
            "cognito_endpoint": self.cognito_endpoint,
            "hosted_domain": self.hosted_domain,
        }

    def content_security_policy(self) -> str:
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
    """A file to serve. It is compressed once, when a client first accepts gzip."""

    def __init__(self, body: bytes, suffix: str, cache: str) -> None:
        self.body = body
        self.suffix = suffix
        self.cache = cache
        self.etag = f'W/"{hashlib.sha256(body).hexdigest()[:20]}"'
        self._gzipped: bytes | None = None

    @property
    def compressible(self) -> bool:
        return self.suffix not in PACKED and len(self.body) >= GZIP_FROM_BYTES

    @property
    def gzipped(self) -> bytes:
        if self._gzipped is None:
            # mtime=0: the same build gives the same bytes in every warm process.
            self._gzipped = gzip.compress(self.body, compresslevel=9, mtime=0)
        return self._gzipped


class Site:
    """All files, by path. Every other path is a 404."""

    def __init__(self, root: Path, settings: Settings) -> None:
        assets = {
            path.relative_to(root).as_posix(): path.read_bytes()
            for path in sorted(root.rglob("*"))
            if path.is_file() and path.suffix in CONTENT_TYPES
        }
        page = assets.pop("index.html")
        digest = hashlib.sha256()
        for name, body in assets.items():
            digest.update(f"{name}\0{len(body)}\0".encode())
            digest.update(body)
        self.build = digest.hexdigest()[:12]
        self.page = File(page.replace(b"{{build}}", self.build.encode()), ".html", cache=REVALIDATE)
        config = json.dumps(settings.for_page(), indent=2).encode()
        self.files = {"config.json": File(config, ".json", cache=REVALIDATE)}
        for name, body in assets.items():
            self.files[f"{self.build}/{name}"] = File(body, Path(name).suffix, cache=FOREVER)
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
        if file.compressible and self._accepts_gzip(request_headers.get("accept-encoding", "")):
            return self._response(200, {**headers, "content-encoding": "gzip"}, file.gzipped)
        return self._response(200, headers, file.body)

    def other_method(self) -> dict[str, object]:
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

    @staticmethod
    def _accepts_gzip(accept_encoding: str) -> bool:
        for choice in accept_encoding.lower().split(","):
            coding, _, weight = choice.partition(";")
            if coding.strip() in {"gzip", "*"}:
                return weight.replace(" ", "") not in {"q=0", "q=0.0", "q=0.00", "q=0.000"}
        return False


SITE = Site(STATIC, Settings(dict(os.environ)))


def handler(event: dict[str, Any], context: object) -> dict[str, object]:
    method = event["requestContext"]["http"]["method"]
    if method not in {"GET", "HEAD"}:
        return SITE.other_method()
    # Unlike the raw path, the path parameter is the same at a domain's root and under a prefix.
    name = (event.get("pathParameters") or {}).get("proxy")
    headers = {key.lower(): value for key, value in (event.get("headers") or {}).items()}
    answer = SITE.answer(name, headers)
    return answer if method == "GET" else {**answer, "body": ""}
