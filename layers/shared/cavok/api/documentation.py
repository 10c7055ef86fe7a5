"""The OpenAPI document as a page for people."""

import json
from collections.abc import Iterable, Iterator, Mapping
from html import escape
from typing import Any

from cavok.api import html
from cavok.api.problems import STATUS_OF_CODE

Json = Mapping[str, Any]


def page(document: Json) -> str:
    """Every operation under its tag, every message to a webhook, every header, problem and schema.
    Links are relative, so that they work under every prefix.
    """
    about = document["info"]
    operations = [
        (f"{method.upper()} {path}", operation)
        for path, methods in document["paths"].items()
        for method, operation in methods.items()
    ]
    messages = [(name, each["post"]) for name, each in document["webhooks"].items()]
    parts = [
        f"<h1>{escape(about['title'])}</h1>{_text(about['summary'])}{_text(about['description'])}",
        '<p><a href="openapi.json">openapi.json</a>: the same for tools.</p>',
    ]
    for tag in document["tags"]:
        parts.append(f"<h2>{escape(tag['name'])}</h2>{_text(tag['description'])}")
        parts += [
            show(name, each)
            for show, shown in ((_operation, operations), (_message, messages))
            for name, each in shown
            if tag["name"] in each["tags"]
        ]
    parts.append("<h2>Headers of answers</h2>")
    parts.append(_table("", sorted(set(map(_header, document["components"]["headers"].items())))))
    parts.append("<h2>Problems</h2><p>By their <code>code</code>.</p>")
    parts.append(_table("", map(_problem, sorted(STATUS_OF_CODE))))
    parts.append("<h2>Schemas</h2>")
    parts += [
        _details(_code(name), *_schema(schema), anchor=name)
        for name, schema in sorted(document["components"]["schemas"].items())
    ]
    return html.page(escape(about["title"]), "".join(parts))


def _operation(name: str, operation: Json) -> str:
    return _details(
        f"{_code(name)} {escape(operation['summary'])}",
        _text(operation["description"]),
        "" if operation.get("security") != [] else "<p>Needs no token.</p>",
        *_exchange(operation),
    )


def _message(name: str, message: Json) -> str:
    return _details(_code(name), _text(message["description"]), *_exchange(message))


def _exchange(operation: Json) -> Iterator[str]:
    """What is sent, and what is answered."""
    yield _table("Parameters", map(_parameter, operation.get("parameters", ())))
    for body in operation.get("requestBody", {}).get("content", {}).values():
        yield f"<p>Body: {_type(body['schema'])}</p>{_example('Example', body)}"
    yield _table("Answers", map(_answer, operation["responses"].items()))
    for status, answer in operation["responses"].items():
        if status < "400":  # each problem has a page
            for body in answer.get("content", {}).values():
                yield _example(f"Example of {escape(status)}", body)


def _parameter(given: Json) -> tuple[str, str, str]:
    name = f"<code>{escape(given['name'])}</code> ({escape(given['in'])})"
    text = html.prose(given.get("description") or "")
    if "example" in given:
        text += f" Example: {_code(given['example'])}"
    return name, _type(given.get("schema", {})), text


def _answer(answer: tuple[str, Json]) -> tuple[str, str, str, str]:
    status, said = answer
    types = {_type(one["schema"]) for one in said.get("content", {}).values() if "schema" in one}
    headers = ", ".join(map(_code, said.get("headers", ())))
    return escape(status), " or ".join(sorted(types)), html.prose(said["description"]), headers


def _header(header: tuple[str, Json]) -> tuple[str, str]:
    name, described = header
    return _code(name.removesuffix(".always")), html.prose(described["description"])


def _problem(code: str) -> tuple[str, str]:
    link = f'<a href="docs/problems/{escape(code)}">{escape(code)}</a>'
    return link, str(STATUS_OF_CODE[code].value)


def _schema(schema: Json) -> Iterator[str]:
    yield _text(schema.get("description"))
    yield _fields(schema) or f"<p>{_type(schema)}</p>"
    for each in schema.get("examples", ()):
        yield _example("Example", {"example": each})


def _example(title: str, body: Json) -> str:
    if "example" not in body:
        return ""
    shown = json.dumps(body["example"], indent=1, ensure_ascii=False)
    return f"<h4>{title}</h4><pre>{escape(shown, quote=False)}</pre>"


def _fields(schema: Json) -> str:
    required = schema.get("required", ())
    return _table(
        "",
        (
            (
                f"<code>{escape(name)}</code>{'' if name in required else ' (optional)'}",
                _type(of),
                html.prose(of.get("description") or ""),
            )
            for name, of in schema.get("properties", {}).items()
        ),
    )


def _type(schema: Json) -> str:
    """The allowed values, in words, with links to schemas."""
    if reference := schema.get("$ref"):
        name = escape(reference.rpartition("/")[2])
        return f'<a href="#{name}">{name}</a>'
    if choices := schema.get("anyOf") or schema.get("oneOf") or schema.get("allOf"):
        return " or ".join(map(_type, choices))
    values = schema.get("enum") or ([schema["const"]] if "const" in schema else [])
    if values:
        return " or ".join(map(_code, values)) + _limits(schema)
    if schema.get("type") == "array":
        return f"list of {_type(schema.get('items', {}))}{_limits(schema)}"
    return escape(str(schema.get("format") or schema.get("type") or "anything")) + _limits(schema)


_LIMITS = {
    "minimum": "at least",
    "maximum": "at most",
    "minLength": "characters: at least",
    "maxLength": "characters: at most",
    "minItems": "entries: at least",
    "maxItems": "entries: at most",
    "pattern": "as",
    "default": "default:",
}


def _limits(schema: Json) -> str:
    """The other limits of a value, and its default."""
    return "".join(
        f", {word} {_code(schema[key])}" for key, word in _LIMITS.items() if key in schema
    )


def _code(value: Any) -> str:
    """A value as JSON, but a text without quotes, and a whole number without a fraction."""
    if isinstance(value, float):
        value = f"{value:g}"
    return f"<code>{escape(value if isinstance(value, str) else json.dumps(value))}</code>"


def _text(text: str | None) -> str:
    return "".join(f"<p>{html.prose(part)}</p>" for part in (text or "").split("\n\n") if part)


def _details(summary: str, *parts: str, anchor: str = "") -> str:
    """`anchor`: its name in links. It is inside, because a browser that follows a link opens what
    the target is in, and a summary is not in what it opens.
    """
    target = anchor and f' id="{escape(anchor)}"'
    return f"<details><summary>{summary}</summary><div{target}>{''.join(parts)}</div></details>"


def _table(title: str, rows: Iterable[tuple[str, ...]]) -> str:
    made = "".join("<tr><td>" + "<td>".join(row) for row in rows)
    return made and f"{title and f'<h4>{title}</h4>'}<table>{made}</table>"
