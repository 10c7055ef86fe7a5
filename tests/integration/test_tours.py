"""The README's tour, with the commands that stand there and with the generated client, is one."""

from __future__ import annotations

import ast
import re

from cavok.api import openapi
from local.settings import ROOT

CLIENT_TOUR = ROOT / "tests" / "e2e" / "client_tour.py"


def calls_of_readme() -> set[tuple[str, str]]:
    """Method and path of each, with `{}` in place of what a variable holds."""
    readme = (ROOT / "README.md").read_text()
    tour = readme.partition("## A tour of the API")[2].partition("\n## ")[0]
    one_line = re.sub(r",\n", ",", tour).splitlines()
    found = set()
    for line in one_line:
        for path, options in re.findall(r'call "?(/v1[\w/$]+)([^|]*)', line):
            chosen = re.search(r"-X (\w+)", options)
            method = chosen[1] if chosen else "POST" if " -d " in options else "GET"
            found.add((method.lower(), re.sub(r"\$\w+", "{}", path)))
    return found


def calls_of_client() -> set[tuple[str, str]]:
    """Those that it imports: a generated module has the name of an operation."""
    operations = {
        operation["operationId"]: (method, re.sub(r"\{\w+\}", "{}", path))
        for path, methods in openapi.described()["paths"].items()
        for method, operation in methods.items()
    }
    return {
        operations[name.name]
        for node in ast.walk(ast.parse(CLIENT_TOUR.read_text()))
        if isinstance(node, ast.ImportFrom) and str(node.module).startswith("cavok_client.api.")
        for name in node.names
    }


def test_both_tours_make_the_same_calls() -> None:
    assert len(calls_of_readme()) == 17
    assert calls_of_client() == calls_of_readme()
