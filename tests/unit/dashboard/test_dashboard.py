"""The page's own server: what it answers, how it is cached, and what it never serves."""

from __future__ import annotations

import base64
import gzip
import json
import re
import subprocess
import sys
from pathlib import Path

import brotli
import pytest

from cavok.api.html import HEADERS
from tests.support.page import built

app = built.app()
FOLDER = Path(app.__file__).parent
SITE = FOLDER / "site"
BUILD = next(path.name for path in SITE.iterdir() if path.is_dir())
ENVIRONMENT = {
    "AWS_REGION": "eu-west-1",
    "USER_POOL_ID": "eu-west-1_Pool",
    "USER_POOL_CLIENT_ID": "client",
}


class Answer:
    def __init__(self, response: dict) -> None:
        self.status = response["statusCode"]
        self.headers = response["headers"]
        self.raw = base64.b64decode(response["body"])
        unpack = {"br": brotli.decompress, "gzip": gzip.decompress, None: bytes}
        self.coding = self.headers.get("content-encoding")
        self.text = unpack[self.coding](self.raw).decode()


@pytest.fixture
def get(monkeypatch):
    def call(
        path: str, environment: dict | None = None, method: str = "GET", **headers: str
    ) -> Answer:
        settings = app.Settings({**ENVIRONMENT, **(environment or {})})
        monkeypatch.setattr(app, "SITE", app.Site(SITE, settings))
        event = {
            "version": "2.0",
            "rawPath": path,
            "requestContext": {"http": {"method": method}},
            "headers": {name.replace("_", "-"): value for name, value in headers.items()},
        }
        if "/ui/" in path:
            event["pathParameters"] = {"proxy": path.split("/ui/", 1)[1]}
        return Answer(app.handler(event, None))

    return call


@pytest.fixture
def assets(get) -> list[str]:
    """Addresses that the page itself names, relative to it."""
    return re.findall(r'(?:src|href)="(ui/[^"]+)"', get("/").text)


def test_the_page_names_only_relative_addresses_that_exist(get, assets):
    assert len(assets) == 4
    for address in assets:
        assert get(f"/{address}").status == 200


def test_the_page_is_the_same_under_a_path_prefix(get):
    assert get("/").text == get("/prod/").text
    build = re.search(r"ui/(\w+)/app\.js", get("/").text)[1]
    assert get(f"/prod/ui/{build}/app.js").text == get(f"/ui/{build}/app.js").text


def test_every_answer_carries_the_security_headers(get, assets):
    for path in ("/", f"/{assets[0]}", "/ui/config.json", "/ui/nothing.js"):
        headers = get(path).headers
        assert headers["x-content-type-options"] == "nosniff"
        assert headers["referrer-policy"] == "no-referrer"
        assert headers["cross-origin-resource-policy"] == "same-origin"
        assert "strict-transport-security" in headers


def test_whatever_a_browser_can_open_as_a_document_carries_the_policy(get, assets):
    pictures = [f"/{address}" for address in assets if address.endswith(".svg")]
    for path in ("/", *pictures, "/ui/nothing.js"):
        headers = get(path).headers
        assert headers["cross-origin-opener-policy"] == "same-origin"
        assert "default-src 'none'" in headers["content-security-policy"]
        assert "permissions-policy" in headers


def test_what_the_page_loads_carries_no_header_that_only_documents_heed(get, assets):
    modules = [f"/{address}" for address in assets if address.endswith((".js", ".css"))]
    assert modules
    for path in (*modules, "/ui/config.json"):
        assert "content-security-policy" not in get(path).headers


def test_the_policy_allows_no_inline_code_and_no_third_party(get):
    policy = get("/").headers["content-security-policy"]
    directives = dict(part.split(" ", 1) for part in policy.split("; "))
    assert directives["script-src"] == "'self'"
    assert directives["style-src"] == "'self'"
    assert directives["connect-src"] == "'self' https://cognito-idp.eu-west-1.amazonaws.com"
    assert directives["form-action"] == "'none'"
    assert directives["frame-ancestors"] == "'none'"
    assert directives["base-uri"] == "'none'"
    assert "unsafe" not in policy
    assert "*" not in policy


def test_the_policy_follows_where_people_sign_in(get):
    policy = get(
        "/",
        {
            "COGNITO_ENDPOINT": "http://127.0.0.1:4566/",
            "HOSTED_DOMAIN": "cavok.auth.eu-west-1.amazoncognito.com",
            "API_BASE": "https://api.example.com/v1/",
        },
    ).headers["content-security-policy"]
    assert (
        "connect-src 'self' http://127.0.0.1:4566 https://api.example.com"
        " https://cavok.auth.eu-west-1.amazoncognito.com;" in policy
    )


def test_the_page_has_no_inline_script_or_style(get):
    page = get("/").text
    assert not re.search(r"<script(?![^>]*\bsrc=)", page)
    assert "<style" not in page
    assert not re.search(r"\son\w+=|\sstyle=", page)


def test_no_module_makes_markup_from_text():
    for path in SITE.rglob("*.js"):
        source = path.read_text()
        for way in ("innerHTML", "outerHTML", "insertAdjacentHTML", "document.write", "eval("):
            assert way not in source, f"{way} in {path.name}"


def test_assets_are_kept_for_a_year_and_the_page_is_asked_for_again(get, assets):
    for address in assets:
        assert get(f"/{address}").headers["cache-control"] == "public, max-age=31536000, immutable"
    assert get("/").headers["cache-control"] == "no-cache"
    assert get("/ui/config.json").headers["cache-control"] == "no-cache"


def test_a_known_etag_is_answered_with_304_and_nothing_else(get, assets):
    for path in ("/", "/ui/config.json", f"/{assets[0]}"):
        etag = get(path).headers["etag"]
        for sent in (etag, etag.removeprefix("W/"), f'"other", {etag}', "*"):
            answer = get(path, if_none_match=sent)
            assert answer.status == 304
            assert answer.raw == b""
            assert answer.headers["etag"] == etag
        assert get(path, if_none_match='"other"').status == 200


@pytest.mark.parametrize(
    ("accepted", "coding"),
    [
        ("gzip, deflate, br", "br"),
        ("gzip, deflate", "gzip"),
        ("GZIP", "gzip"),
        ("br;q=0.8, gzip;q=1.0", "gzip"),
        ("br; q=0.5, gzip; q=0.5", "br"),
        ("*", "br"),
        ("br;q=0, *", "gzip"),
        ("gzip;q=0.001", "gzip"),
        ("identity;q=1, gzip;q=0.5", None),
        ("identity;q=0.5, gzip;q=0.5", "gzip"),
        ("identity", None),
        ("gzip;q=0", None),
        ("gzip;q=0.000, br;q=0", None),
        ("gzip;q=high, br;q=2, br;level=1", None),
        ("*;q=0", None),
        ("", None),
    ],
)
def test_text_comes_in_the_coding_that_a_client_likes_best(get, assets, accepted, coding):
    script = next(address for address in assets if address.endswith("app.js"))
    answer = get(f"/{script}", accept_encoding=accepted)
    assert answer.coding == coding
    assert answer.headers["vary"] == "accept-encoding"
    assert "start();" in answer.text


def test_what_compressing_would_not_make_smaller_is_sent_as_it_is(get, assets):
    icon = next(address for address in assets if address.endswith(".svg"))
    for address in (icon, "ui/config.json"):
        answer = get(f"/{address}", accept_encoding="br, gzip")
        assert answer.coding is None
        assert answer.headers["vary"] == "accept-encoding"


@pytest.mark.parametrize(
    "name",
    [
        "nothing.js",
        "000000000000/app.js",
        "../app.py",
        "../../app.py",
        "..%2fapp.py",
        "%2e%2e/app.py",
        "/etc/passwd",
        "static/index.html",
        "app.py",
        "served_files.py",
        "index.html",
        f"{BUILD}/app.js.br",
        f"{BUILD}/app.js.gz",
        "",
    ],
)
def test_what_is_not_part_of_the_page_does_not_exist(get, name):
    answer = get(f"/ui/{name}")
    assert answer.status == 404
    assert answer.headers["cache-control"] == "no-store"
    assert "import" not in answer.text


def test_the_configuration_names_the_stack_and_no_secret(get):
    config = json.loads(get("/ui/config.json").text)
    assert config == {
        "api_base": "",
        "region": "eu-west-1",
        "user_pool_id": "eu-west-1_Pool",
        "client_id": "client",
        "cognito_endpoint": "https://cognito-idp.eu-west-1.amazonaws.com/",
        "hosted_domain": "",
        "mfa": "off",
    }


def test_head_is_get_without_a_body(get, assets):
    for path in ("/", "/ui/config.json", f"/{assets[0]}", "/ui/no-such-file"):
        got, head = get(path), get(path, method="HEAD")
        assert (head.status, head.headers, head.raw) == (got.status, got.headers, b"")
    known = get("/").headers["etag"]
    assert get("/", method="HEAD", if_none_match=known).status == 304


def test_the_pages_of_the_api_have_the_same_security_headers(get):
    of_the_page, of_the_api = get("/").headers, {k.lower(): v for k, v in HEADERS.items()}
    different = {name for name, value in of_the_api.items() if of_the_page[name] != value}
    assert different == {"content-security-policy"}
    shared = {"cache-control", "content-encoding", "content-type", "etag", "vary"}
    assert of_the_page.keys() - shared == of_the_api.keys()


@pytest.mark.parametrize("method", ["POST", "PUT", "PATCH", "DELETE", "OPTIONS"])
def test_another_method_is_told_with_those_that_there_are(get, method):
    answer = get("/", method=method)
    assert (answer.status, answer.headers["allow"], answer.raw) == (405, "GET, HEAD", b"")


def test_header_names_are_read_in_any_case(monkeypatch):
    monkeypatch.setattr(app, "SITE", app.Site(SITE, app.Settings(ENVIRONMENT)))
    request = {"requestContext": {"http": {"method": "GET"}}}
    answer = app.handler({**request, "headers": {"Accept-Encoding": "gzip"}}, None)
    assert answer["headers"]["content-encoding"] == "gzip"


def test_starting_loads_nothing_but_the_standard_library():
    code = (
        "import sys; sys.path.insert(0, sys.argv[1]); import app;"
        "print(sorted({name.split('.')[0] for name in sys.modules}"
        " - set(sys.stdlib_module_names) - {'app', 'served_files', '__main__'}))"
    )
    run = subprocess.run(
        [sys.executable, "-I", "-S", "-c", code, str(FOLDER)],
        capture_output=True,
        text=True,
        check=True,
    )
    assert run.stdout.strip() == "[]"


def test_the_first_view_is_small_also_without_brotli(get, assets):
    for accepted, limit in (("br", 46_000), ("gzip", 54_000)):
        weights = {
            path: len(get(path, accept_encoding=accepted).raw)
            for path in ("/", "/ui/config.json", *(f"/{address}" for address in assets))
        }
        assert sum(weights.values()) < limit, weights


def test_no_line_is_over_120_columns_in_whatever_language() -> None:
    """Prettier breaks what it can; a long comment or text it leaves."""
    static = Path(__file__).parents[3] / "functions" / "dashboard" / "static"
    files = [path for path in static.rglob("*") if path.suffix in {".js", ".css", ".html"}]
    assert {path.suffix for path in files} == {".js", ".css", ".html"}
    long = [
        f"{path.relative_to(static)}:{number}"
        for path in files
        for number, line in enumerate(path.read_text().splitlines(), 1)
        if len(line) > 120
    ]
    assert long == []
