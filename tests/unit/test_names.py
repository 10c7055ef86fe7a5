"""One word for one thing: names that the code has given up stay away."""

from __future__ import annotations

import ast
import re
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path

from local.settings import ROOT

GIVEN_UP = {
    "settle": "finish (a verification), store (a finding)",
    "conclude": "finish",
    "Doors": "EntryDependencies",
    "Visit": "VerificationRequest",
    "Entered": "EntryResult",
    "Asked": "RequestContext",
    "Fired": "the message of a clock",
    "Control": "dependencies by name",
    "Turn": "Transition",
    "Clocks": "SchedulerClient",
    "Receivers": "WebhookClient",
    "WaitingMessages": "Queue",
    "Proof": "ActionPlan, Verdict",
    "operate": "start_stop",
    "tell": "add_audit_entry",
    "told": "what it holds: changes, entries, events",
    "taken": "what it holds, or what was done with it: chosen, used, invocations",
    "house": "own_organization, own_account",
    "sessions": "session_policies",
    "policies": "policy_evaluation",
    "refusals": "access_denied",
}
"""The names, and what to say instead. Of modules, classes, functions, arguments and variables.

Prose may use the words. Some names of the template stay: docs/decisions.md, "Three names".
"""

DECLARED = re.compile(r"\b(?:let|const|var|function\*?|class)\s+(\w+|\{[^}]*\}|\[[^\]]*\])")
"""What a script gives a name to."""

CLASS = re.compile(r"^\s*(?:export )?class (\w+)", re.MULTILINE)
"""What a class is called, in Python and in a script."""

VERBS = re.compile(r"\b_?(settl|conclud)(e|es|ed|ing)(?=[A-Z_]|\b)", re.IGNORECASE)
"""What no text says of a verification or an interaction."""


def files(*suffixes: str) -> list[Path]:
    found = [path for path in ROOT.iterdir() if path.is_file()]
    for folder in ("docs", "functions", "layers", "local", "statemachines", "tests"):
        found += (ROOT / folder).rglob("*")
    return [path for path in found if path.suffix in suffixes and "node_modules" not in path.parts]


def names_in(tree: ast.AST) -> Iterator[str]:
    for node in ast.walk(tree):
        match node:
            case ast.FunctionDef(name=name) | ast.AsyncFunctionDef(name=name):
                yield name
            case ast.ClassDef(name=name) | ast.arg(arg=name) | ast.alias(asname=str(name)):
                yield name
            case ast.Name(id=name, ctx=ast.Store()) | ast.Attribute(attr=name, ctx=ast.Store()):
                yield name
            case ast.ExceptHandler(name=str(name)) | ast.MatchMapping(rest=str(name)):
                yield name
            case ast.MatchAs(name=str(name)) | ast.MatchStar(name=str(name)):
                yield name


def test_every_way_to_give_a_name_is_seen() -> None:
    ways = """
def told(told): told = 1
async def told(): self.told = 1
class told: told: int
from x import y as told
for told in x: pass
with x as told: pass
try: pass
except x as told: pass
match x:
    case y() as told: pass
    case [*told]: pass
    case {**told}: pass
(told := 1)
"""
    assert [*names_in(ast.parse(ways))].count("told") == ways.count("told")


def test_no_name_is_one_that_was_given_up() -> None:
    modules = [path for path in files(".py") if "cavok" in path.parts]
    assert [str(path) for path in modules if path.stem in GIVEN_UP] == []
    found = [
        f"{path.relative_to(ROOT)}: {name}, say: {GIVEN_UP[name.strip('_')]}"
        for path in files(".py")
        for name in names_in(ast.parse(path.read_text()))
        if name.strip("_") in GIVEN_UP.keys() - {"sessions", "policies", "refusals"}
    ]
    assert found == []


def test_no_name_of_the_page_is_one_that_was_given_up() -> None:
    found = [
        f"{path.relative_to(ROOT)}: {name}, say: {GIVEN_UP[name]}"
        for path in files(".js", ".mjs")
        for names in DECLARED.findall(path.read_text())
        for name in re.findall(r"\w+", names)
        if name in GIVEN_UP.keys() - {"sessions", "policies", "refusals"}
    ]
    assert found == []


def test_no_class_has_a_name_that_was_given_up_in_another_case() -> None:
    given_up = {name.lower() for name in GIVEN_UP.keys() - {"sessions", "policies", "refusals"}}
    found = [
        f"{path.relative_to(ROOT)}: {name}"
        for path in files(".py", ".js", ".mjs")
        if path != Path(__file__)
        for name in CLASS.findall(path.read_text())
        if name.strip("_").lower() in given_up
    ]
    assert found == []


def test_no_two_public_classes_of_the_code_have_one_name() -> None:
    """A body of the API may have the name of what it shows, in `api/models` alone."""
    layer = ROOT / "layers/shared/cavok"
    named: dict[str, list[str]] = defaultdict(list)
    for path in sorted(layer.rglob("*.py")):
        if "api/models" not in path.as_posix():
            for name in public_types(ast.parse(path.read_text())):
                named[name].append(str(path.relative_to(layer)))

    assert named
    assert {name: places for name, places in named.items() if len(places) > 1} == {}


def test_a_function_of_the_page_has_a_name_of_its_own() -> None:
    """Where a module is imported as a whole, its own name tells: `api.put`, `store.put`. The texts
    of the signed-in views hold those of the others too.
    """
    static = ROOT / "functions/dashboard/static"
    named: dict[str, set[str]] = defaultdict(set)
    for path in sorted(static.rglob("*.js")):
        for names, module in re.findall(r'import \{([^}]*)\} from "([^"]+)"', path.read_text()):
            if module.startswith("."):
                place = str((path.parent / module).resolve().relative_to(static.resolve()))
                for name in re.findall(r"(\w+)(?: as \w+)?,?", names):
                    named[name].add(place)

    assert named.pop("t") == {"texts.js", "views/texts.js"}
    assert {name: places for name, places in named.items() if len(places) > 1} == {}


def public_types(module: ast.Module) -> Iterator[str]:
    """Its classes, and its names for other types, such as unions."""
    for node in module.body:
        match node:
            case ast.ClassDef(name=name) | ast.Assign(targets=[ast.Name(id=name)]):
                if re.match("[A-Z][A-Z]*[a-z]", name):
                    yield name


def test_a_verification_is_finished_and_a_finding_stored() -> None:
    texts = files(".py", ".md", ".js", ".mjs", ".yaml", ".json")
    found = [
        f"{path.relative_to(ROOT)}: {each[0]}"
        for path in texts
        if path != Path(__file__)
        for each in VERBS.finditer(path.read_text())
    ]
    assert found == []
