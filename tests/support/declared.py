"""What the API's description says of an answer: its status, and which headers it has."""

from __future__ import annotations

import re
from collections.abc import Collection
from functools import cache
from typing import Any

from cavok.api.openapi import described

UNDESCRIBED = {404: {"cache-control"}, 405: {"cache-control", "allow"}}
"""Answers of no operation: of a path, or of a method, that is not there."""


def check(method: str, path: str, status: int, headers: Collection[str]) -> None:
    """Fails for an answer with a status or a header that its operation does not declare, and for
    one without a header that it always has. `headers` are in lower case.
    """
    sent = set(headers) - {"content-type"}  # OpenAPI declares it with the body
    operation = operation_of("GET" if method == "HEAD" else method, path)
    answer = f"{method} {path}: {status}"
    if operation is None:
        if not path.startswith("/docs"):
            assert sent <= UNDESCRIBED.get(status, sent), f"{answer} has undescribed headers"
        return
    assert str(status) in operation["responses"], f"{answer} is not declared"
    always, sometimes = declared_headers(operation["responses"][str(status)])
    assert sent <= always | sometimes, f"{answer} has undeclared headers"
    assert always <= sent, f"{answer} lacks headers that it always has"


def declared_headers(response: Any) -> tuple[set[str], set[str]]:
    """Those that such an answer always has, and the others; in lower case."""
    always, sometimes = set(), set()
    for name, header in response["headers"].items():
        described = described_api()["components"]["headers"][header["$ref"].rpartition("/")[2]]
        (always if described["required"] else sometimes).add(name.lower())
    return always, sometimes


def operation_of(method: str, path: str) -> Any:
    """The operation that describes a request; None if none does."""
    for pattern, operations in _patterns():
        if pattern.fullmatch(path):
            return operations.get(method.lower())
    return None


@cache
def described_api() -> Any:
    return described()


def whole(document: Any) -> Any:
    """The document with every parameter and answer at its place, and not among the components."""
    components = document["components"]
    shared = {kind: components[kind] for kind in ("parameters", "responses")}

    def at_its_place(shape: Any) -> Any:
        if isinstance(shape, list):
            return [at_its_place(each) for each in shape]
        if not isinstance(shape, dict):
            return shape
        _, _, kind, name = f"{shape.get('$ref')}///".split("/")[:4]
        if kind in shared:
            return shared[kind][name]
        return {name: at_its_place(each) for name, each in shape.items()}

    rest = {name: each for name, each in components.items() if name not in shared}
    return at_its_place({**document, "components": rest})


@cache
def _patterns() -> list[tuple[re.Pattern[str], Any]]:
    """Paths without parameters first, as API Gateway and the routes take them."""
    paths = described_api()["paths"]
    return [
        (re.compile(re.sub(r"{\w+}", "[^/]+", path)), paths[path])
        for path in sorted(paths, key=lambda path: path.count("{"))
    ]
