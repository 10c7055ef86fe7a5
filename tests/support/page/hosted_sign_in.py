"""A server in the place of Cognito, with the page and the API beside it."""

from __future__ import annotations

import base64
import hashlib
import json
import time
from http.server import BaseHTTPRequestHandler
from typing import Any
from urllib.parse import parse_qs, urlsplit

from tests.support.page import samples

API = {
    "/v1/accounts": {"items": [], "next_cursor": None},
    "/v1/organization": samples.organization([]),
    "/v1/organization/usage": samples.usage_of([]),
    "/v1/organization/usage/months": {"items": samples.MONTHS},
    "/v1/organization/webhook": samples.WEBHOOK,
}


def token() -> str:
    claims = {
        "email": "admin@northwind.example",
        "cognito:groups": ["admin"],
        "custom:organization": "northwind",
        "exp": int(time.time()) + 3600,
    }
    parts = ({"alg": "none"}, claims)
    return (
        ".".join(
            base64.urlsafe_b64encode(json.dumps(p).encode()).decode().rstrip("=") for p in parts
        )
        + ".x"
    )


KEY = "JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP"


class Cognito:
    """The hosted sign-in as far as the page meets it, and the page beside it."""

    def __init__(self) -> None:
        self.requests: list[tuple[str, dict[str, Any]]] = []
        self.challenge = ""
        self.tamper_state = False
        self.scope = "openid email"
        self.base = ""

    def authorize(self, query: dict[str, str]) -> str:
        assert query["response_type"] == "code"
        assert query["code_challenge_method"] == "S256"
        assert query["client_id"] == "client"
        assert query["scope"] == self.scope
        assert query["redirect_uri"] == f"{self.base}/"
        self.challenge = query["code_challenge"]
        state = "another" if self.tamper_state else query["state"]
        return f"{query['redirect_uri']}?code=the-code&state={state}"

    def token(self, form: dict[str, str]) -> tuple[int, dict[str, Any]]:
        if form["grant_type"] == "refresh_token":
            assert form["refresh_token"] == "the-refresh-token"
            return 200, {"id_token": token(), "refresh_token": "another", "expires_in": 3600}
        digest = hashlib.sha256(form["code_verifier"].encode()).digest()
        proof = base64.urlsafe_b64encode(digest).decode().rstrip("=")
        if form["code"] != "the-code" or proof != self.challenge:
            return 400, {"error": "invalid_grant"}
        return 200, {
            "id_token": token(),
            "access_token": "the-access-token",
            "refresh_token": "the-refresh-token",
            "expires_in": 3600,
        }


class Handler(BaseHTTPRequestHandler):
    cognito: Cognito
    site: Any

    def log_message(self, *_: Any) -> None:
        """Quiet."""

    def reply(self, status: int, headers: dict[str, str], body: bytes = b"") -> None:
        self.send_response(status)
        for name, value in {**headers, "content-length": str(len(body))}.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)

    def do_GET(self) -> None:
        parts = urlsplit(self.path)
        query = {name: values[0] for name, values in parse_qs(parts.query).items()}
        self.cognito.requests.append((parts.path, query))
        if parts.path == "/oauth2/authorize":
            self.reply(302, {"location": self.cognito.authorize(query)})
        elif parts.path == "/logout":
            self.reply(302, {"location": query["logout_uri"]})
        elif parts.path.startswith("/v1/"):
            body = json.dumps(API[parts.path]).encode()
            self.reply(200, {"content-type": "application/json"}, body)
        else:
            name = parts.path.removeprefix("/ui/") if parts.path != "/" else None
            answer = self.site.answer(name, {})
            self.reply(answer["statusCode"], answer["headers"], base64.b64decode(answer["body"]))

    def do_POST(self) -> None:
        raw = self.rfile.read(int(self.headers["content-length"])).decode()
        if self.path == "/cognito":
            action = self.headers["x-amz-target"].split(".")[1]
            self.cognito.requests.append((action, json.loads(raw)))
            body = json.dumps({"SecretCode": KEY}).encode()
            self.reply(200, {"content-type": "application/x-amz-json-1.1"}, body)
            return
        form = {name: values[0] for name, values in parse_qs(raw).items()}
        self.cognito.requests.append((self.path, form))
        status, body = self.cognito.token(form) if self.path == "/oauth2/token" else (200, {})
        self.reply(status, {"content-type": "application/json"}, json.dumps(body).encode())
