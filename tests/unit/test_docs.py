"""What the docs name is there: files, tests, and what they say is in which file."""

from __future__ import annotations

import os
import re
import subprocess
from pathlib import Path

import pytest

from cavok.api.problems import STATUS_OF_CODE
from local.settings import ROOT
from tests.support.template import FUNCTIONS, template

DOCS = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *(ROOT / "docs").rglob("*.md")]
FOLDERS = (
    ROOT,
    ROOT / "layers" / "shared" / "cavok",
    ROOT / "functions" / "dashboard" / "static",
    ROOT / "docs",
)
"""Where a path without a folder at the front begins."""
PATH = (
    r"(?:adapters|api|docs|domain|functions|layers|local|requirements|services|statemachines|tests"
    r"|views)/[\w./-]+\.\w+"
)
each_doc = pytest.mark.parametrize("doc", DOCS, ids=lambda doc: doc.name)


def found(path: str) -> Path | None:
    return next((folder / path for folder in FOLDERS if (folder / path).exists()), None)


@each_doc
def test_every_file_that_a_page_names_is_there(doc: Path) -> None:
    assert [p for p in re.findall(f"`({PATH})`", doc.read_text()) if not found(p)] == []


@each_doc
def test_every_link_to_a_file_leads_to_one(doc: Path) -> None:
    links = re.findall(r"\]\(([^)#:]+)(?:#[^)]*)?\)", doc.read_text())

    assert [link for link in links if not (doc.parent / link).exists()] == []


def test_every_picture_of_the_page_is_described_once() -> None:
    docs = ROOT / "docs"
    named = re.findall(
        r"^- \[(.+)\]\(screens/\1\.png\): .+\.$", (docs / "page.md").read_text(), re.M
    )

    assert sorted(named) == sorted(picture.stem for picture in (docs / "screens").glob("*.png"))


@each_doc
def test_every_name_that_a_page_places_in_a_file_is_in_it(doc: Path) -> None:
    places = re.findall(rf"((?:`\w+`(?:, | and )?)+) (?:in|of) `({PATH})`", doc.read_text())

    assert [
        (name, path)
        for names, path in places
        for name in re.findall(r"\w+", names.replace(" and ", " "))
        if (file := found(path)) and not re.search(rf"\b{name}\b", file.read_text())
    ] == []


def test_what_a_recipe_names_is_in_the_file_that_it_places_it_in() -> None:
    """A sentence names a file, then what is in it; or it says that something is in or of a file."""
    recipes = (ROOT / "docs" / "architecture.md").read_text().partition("\n## Recipes\n")[2]
    placed = []
    for sentence in re.split(r"\n(?=\d\. |- |\n)|(?<=\.)\s", recipes):
        file = ""
        quoted = r"`([\w./-]+)`(?:\s(?:in|of)\s`([\w./-]+)`)?"
        for name, of_it in re.findall(quoted, re.sub(r"\s+", " ", sentence)):
            if found(name) and "." in name:
                file = name
            elif path := of_it or file:
                placed.append((name, path))
                file = path

    assert [
        (name, path)
        for name, path in placed
        if re.fullmatch(r"[A-Za-z]\w+", name) and (file_there := found(path))
        if not re.search(rf"\b{name}\b", file_there.read_text())
    ] == []
    assert len(placed) > 20


def test_the_recipe_for_a_function_names_each_list_of_functions_that_a_test_compares() -> None:
    text = (ROOT / "docs" / "architecture.md").read_text()
    recipe = text.partition("\n### Add a function")[2].partition("\n### ")[0]
    compared = {
        name
        for path in (ROOT / "tests").rglob("test_*.py")
        for line in re.findall(r"assert .*\bFUNCTIONS\b(?!\[).*", path.read_text())
        for name in re.findall(r"\b[A-Z_]{3,}\b", line)
    }

    assert {"EVENTS", "HEAVY", "MAY"} < compared
    assert {name for name in compared - {"FUNCTIONS"} if f"`{name}`" not in recipe} == set()


COMMANDS = sorted(
    {found for doc in DOCS for found in re.findall(r'make (\w+) ARGS="([^"]+)"', doc.read_text())}
)


@pytest.mark.parametrize(("target", "arguments"), COMMANDS)
def test_a_command_for_some_tests_gives_files_that_are_there_to_what_runs_them(
    target: str, arguments: str
) -> None:
    """The tests of the page's modules run on Node, all others on pytest."""
    without_make = {k: v for k, v in os.environ.items() if not k.startswith(("MAKE", "MFLAGS"))}
    command = ["make", "--dry-run", target, f"ARGS={arguments}"]
    shown = subprocess.run(
        command, cwd=ROOT, env=without_make, capture_output=True, text=True, check=True
    )
    *_, last = shown.stdout.splitlines()

    runner = (
        "node --test --import=./tests/unit/dashboard/ends.mjs"
        if ".mjs" in arguments
        else "python -m pytest"
    )
    assert re.search(rf"{runner} +(tests/{target} )?{re.escape(arguments)}$", last), last
    assert [p for p in re.findall(r"tests/\S+", arguments) if not (ROOT / p).exists()] == []


def test_contributing_says_how_to_run_one_test_of_each_kind() -> None:
    text = (ROOT / "CONTRIBUTING.md").read_text().partition("\n## Run one test\n")[2]
    examples = re.findall(r"make \w+ ARGS=.*", text.partition("\n## ")[0])

    for place in ("tests/unit/domain/", "tests/unit/dashboard/", "tests/e2e/"):
        assert any(place in each for each in examples), place


def attacks(heading: str) -> list[str]:
    """The rows of a table of docs/security.md."""
    page = (ROOT / "docs" / "security.md").read_text()
    table = page.partition(f"## {heading}\n")[2].partition("\n## ")[0]
    return [line for line in table.splitlines() if line.startswith("| ")][2:]


def test_every_attack_has_a_test() -> None:
    stopped = attacks("What stops each")

    assert len(stopped) > 20
    assert [line for line in stopped if not re.search(r"`test_\w+`[^|]*\|$", line)] == []


def test_each_attack_that_the_stack_does_not_try_and_no_other_has_the_reason() -> None:
    """Its row begins as that of the attack does."""
    files = [p for f in ("browser", "contract", "e2e") for p in (ROOT / "tests" / f).rglob("*.py")]
    there = {name for path in files for name in re.findall(r"def (test_\w+)", path.read_text())}
    rows = attacks("What stops each")
    untried = [row for row in rows if there.isdisjoint(re.findall(r"`(test_\w+)`", row))]
    listed = [row[: row.index(" | ")] for row in attacks("Not tried on the stack")]

    assert [row[:60] for row in untried if not row.startswith(tuple(listed))] == []
    assert [row for row in listed if not any(each.startswith(row) for each in untried)] == []


@each_doc
def test_every_test_that_a_page_names_is_there(doc: Path) -> None:
    tests = sorted((ROOT / "tests").rglob("test_*.py"))
    known = {
        *(path.stem for path in tests),
        *(name for path in tests for name in re.findall(r"def (test_\w+)", path.read_text())),
    }

    assert set(re.findall(r"\b(test_\w+)(?!\w*…)\b", doc.read_text())) <= known


def test_every_rule_that_a_schema_cannot_say_has_its_code_in_the_list() -> None:
    """A conflict, a quota, who asks and a wait for another request follow from what is there, not
    from a shape. The rest of 503 is about us or AWS.
    """
    text = (ROOT / "docs/api.md").read_text()
    table = text[text.index("| rule | code |") : text.index("## What may grow")]
    last_cells = [row.strip("| ").rpartition(" | ")[2] for row in table.splitlines()[2:]]
    codes = {code for cell in last_cells for code in re.findall(r"`(\w+)`", cell)}
    semantic = {code for code, status in STATUS_OF_CODE.items() if status in (403, 409, 422, 429)}

    assert codes == semantic | {"still_running", "changed_meanwhile"}


def test_each_function_has_its_memory_and_the_reason_in_the_table_that_make_bench_writes() -> None:
    """A new function, or another size: measure it, with the command under "Memory"."""
    text = (ROOT / "docs" / "performance.md").read_text()
    tables = text.partition("<!-- memory: begin -->")[2].partition("<!-- memory: end -->")[0]
    sizes = tables.rpartition("\n**")[2]
    rows = re.findall(r"^\| (\w+) \|.* \| (\d+) MB \| [^|]+ \|$", sizes, re.MULTILINE)
    default = template()["Globals"]["Function"]["MemorySize"]

    assert {name: int(size) for name, size in rows} == {
        name: one.get("MemorySize", default) for name, one in FUNCTIONS.items()
    }
