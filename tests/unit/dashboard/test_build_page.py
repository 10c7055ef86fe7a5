"""How the page is built: which modules become one, what stays the same, and what is refused."""

from __future__ import annotations

import gzip
import posixpath
import re
import subprocess
from graphlib import TopologicalSorter
from pathlib import Path

import brotli
import pytest

from functions.dashboard import build_page
from functions.dashboard.build_page import CannotJoin, joined, without_comments
from local.settings import HOME, ROOT

STATIC = ROOT / "functions" / "dashboard" / "static"
NODE = HOME / "venvs" / "simulator" / "bin" / "node"
MODULES = {
    "app.js": (
        'import * as store from "./lib/store.js";\n'
        'import { t } from "./texts.js";\n'
        "store.put(t.greeting);\n"
        "export const shown = store.taken();\n"
        'export const later = () => import("./views/later.js");\n'
    ),
    "lib/store.js": (
        'import { t as words } from "../texts.js";\n'
        "const kept = [words.first];\n"
        "export function put(value) {\n  kept.push(value);\n}\n"
        "export async function wait() {}\n"
        "export function* each() {\n  yield* kept;\n}\n"
        "export const taken = () => kept.join();\n"
    ),
    "texts.js": 'export const t = { first: "one", greeting: "two" };\n',
    "views/later.js": (
        'import {\n  put,\n  taken,\n} from "../lib/store.js";\n'
        'import { own } from "./own.js";\n'
        'import { t as words } from "../texts.js";\n'
        'export { t } from "../texts.js";\n'
        "put(own + words.first);\n"
        "export const all = taken();\n"
    ),
    "views/own.js": 'export const own = "three";\n',
}


def written(modules: dict[str, str], folder: Path) -> Path:
    for name, text in modules.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return folder


def run(folder: Path) -> str:
    """What Node makes of the modules."""
    script = (
        'const entry = await import("./app.js");'
        "const app = entry.$app ?? entry;"
        "console.log(JSON.stringify([app, await app.later()]));"
    )
    (folder / "main.mjs").write_text(script)
    (folder / "package.json").write_text('{"type": "module"}')
    done = subprocess.run(
        [str(NODE), "main.mjs"], cwd=folder, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_joined_modules_do_what_they_did_apart_and_there_is_one_of_each(tmp_path: Path) -> None:
    together = joined(MODULES)
    assert set(together) == {"app.js", "views/later.js", "views/own.js"}

    apart = run(written(MODULES, tmp_path / "apart"))

    assert run(written(together, tmp_path / "together")) == apart
    assert "one,two,threeone" in apart


@pytest.mark.parametrize(
    ("name", "text", "why"),
    [
        ("texts.js", 'import "./app.js";\nexport const t = {};\n', "form"),
        ("texts.js", 'import t from "./lib/store.js";\n', "form"),
        ("texts.js", "export default {};\n", "form"),
        ("texts.js", "export let t = {};\n", "form"),
        ("texts.js", "const t = {};\nexport { t };\n", "form"),
        ("texts.js", 'import { put } from "./lib/store.js";\nexport const t = {};\n', "each other"),
        ("texts.js", 'import { put } from "./lib/gone.js";\nexport const t = {};\n', "not there"),
        ("lib/store.js", "export const url = import.meta.url;\n", "address"),
        ("views/own.js", 'export const own = import("../texts.js");\n', "two of it"),
        ("app.js", 'export const later = () => import("./texts.js");\n', None),
    ],
)
def test_what_it_cannot_join_rightly_it_refuses(name: str, text: str, why: str | None) -> None:
    modules = MODULES | {name: text}
    if why is None:
        assert set(joined(modules)) == set(MODULES)
        return
    with pytest.raises(CannotJoin, match=why):
        joined(modules)


def test_a_form_that_it_does_not_know_is_refused_in_modules_that_stay_apart_too() -> None:
    for line in ('import t from "../texts.js";', 'export * from "../lib/store.js";'):
        with pytest.raises(CannotJoin, match="form"):
            joined(MODULES | {"views/own.js": f"{line}\nexport const own = 1;\n"})


def page_modules() -> dict[str, str]:
    return {
        path.relative_to(STATIC).as_posix(): without_comments(path.read_text())
        for path in STATIC.rglob("*.js")
    }


@pytest.mark.parametrize(
    ("source", "built"),
    [
        ("a();\n  // why\nb();\n", "a();\n\nb();\n"),
        ("/** What.\n * @param {string} a **/\nf(a); /* c */\n", "\n\nf(a); /* c */\n"),
        ("/* one */ f();\n/* two */\n", "/* one */ f();\n\n"),
        ('get("https://a"); // why\n', 'get("https://a"); // why\n'),
        ('say("/*");\n  // why\nsay("*/");\n', 'say("/*");\n\nsay("*/");\n'),
    ],
)
def test_comments_are_left_out_and_each_line_keeps_its_number(source: str, built: str) -> None:
    assert without_comments(source) == built


def test_the_page_is_served_without_comments_of_their_own_lines(tmp_path: Path) -> None:
    build_page.write_site(STATIC, tmp_path)
    (app,) = tmp_path.glob("*/app.js")
    lines = [line.strip() for line in app.read_text().splitlines()]
    left = [line for line in lines if line.startswith(("//", "/*", "*"))]
    assert left == [f"// {name}" for name in build_page._in_order(page_modules())]
    sheets = [*tmp_path.glob("*/*.css")]
    assert {sheet.name for sheet in sheets} == {sheet.name for sheet in STATIC.glob("*.css")}
    for sheet in sheets:
        assert not re.search(r"^\s*/\*.*\*/$", sheet.read_text(), re.MULTILINE), sheet.name


def test_no_two_modules_of_the_page_import_each_other() -> None:
    """Imports of a module that is loaded later count too."""
    imports = {
        name: {
            posixpath.normpath(posixpath.join(posixpath.dirname(name), path))
            for path in re.findall(r'(?:from |import\()"(\.[^"]+)"', text)
        }
        for name, text in page_modules().items()
    }

    assert "views/challenges.js" in imports["views/sign-in.js"]
    assert {*TopologicalSorter(imports).static_order()} == imports.keys()


def test_the_page_joins_what_its_first_view_loads_and_nothing_else() -> None:
    modules = page_modules()

    together = joined(modules)

    gone = set(modules) - set(together)
    assert {"lib/dom.js", "lib/store.js", "lib/ui.js", "texts.js", "views/accounts.js"} <= gone
    assert {"views/account.js", "views/texts.js", "views/sign-in.js", "theme.js"} <= set(together)
    assert all(f"// {name}\n" in together["app.js"] for name in (*gone, "app.js"))


def test_the_built_modules_are_javascript(tmp_path: Path) -> None:
    for name, text in joined(page_modules()).items():
        module = tmp_path / f"{name.replace('/', '-')}.mjs"
        module.write_text(text)
        subprocess.run([str(NODE), "--check", str(module)], check=True)


def test_what_lies_beside_a_file_is_the_same_file_compressed(tmp_path: Path) -> None:
    build_page.write_site(STATIC, tmp_path)
    packed = list(tmp_path.rglob("*.br"))
    assert len(packed) > 10
    for path in packed:
        plain = path.with_suffix("").read_bytes()
        assert brotli.decompress(path.read_bytes()) == plain
        assert gzip.decompress(path.with_suffix(".gz").read_bytes()) == plain


def test_the_same_sources_make_the_same_bytes(tmp_path: Path) -> None:
    for name in ("one", "two"):
        build_page.write_site(STATIC, tmp_path / name)
    one, two = (
        {
            path.relative_to(tmp_path / name): path.read_bytes()
            for path in (tmp_path / name).rglob("*")
            if path.is_file()
        }
        for name in ("one", "two")
    )
    assert one == two


@pytest.mark.parametrize("changed", ["index.html", "views/own.js", "texts.js"])
def test_a_changed_file_changes_every_address(tmp_path: Path, changed: str) -> None:
    source = written(MODULES | {"index.html": 'src="ui/{{build}}/app.js"'}, tmp_path / "source")
    names = []
    for site in (tmp_path / "before", tmp_path / "after"):
        build_page.write_site(source, site)
        (build,) = (path.name for path in site.iterdir() if path.is_dir())
        assert f'"ui/{build}/app.js"' in (site / "index.html").read_text()
        names.append(build)
        path = source / changed
        path.write_text(path.read_text().replace("one", "1") + " ")
    assert names[0] != names[1]
