"""Makes what the page's function serves: `sam build` runs this through the Makefile.

`app.js` and all that it imports, directly or not, become one module, so that the first view takes
few requests. Each module becomes a function that returns the module's exports. Other modules are
fetched when they are needed. They import what the joined module holds from there, so that each
exists once.

Comments that fill their lines are left out of modules and style sheets: they are a quarter of what
the first view would take. Their lines stay, empty, so that a debugger shows the lines of the
sources. Nothing else is left out, and nothing is renamed or shortened.

All files are under a hash of all of them, with copies compressed with brotli and gzip.
"""

import gzip
import hashlib
import posixpath
import re
import shutil
import sys
from collections.abc import Mapping
from pathlib import Path

import brotli

HERE = Path(__file__).resolve().parent
ENTRY, PAGE = "app.js", "index.html"
COMPRESSED_FROM_BYTES = 500
"""Below this size, compressing adds more than it saves."""

_COMMENT = re.compile(r"^[ \t]*(?://.*|/\*[^*]*(?:\*(?!/)[^*]*)*\*/[ \t]*)$", re.MULTILINE)
_IMPORT = re.compile(r'^import (?:\* as (\w+)|(\{[^}]*\})) from "([^"]+)";$', re.MULTILINE)
_PASSED_ON = re.compile(r'^export (\{[^}]*\}) from "([^"]+)";$', re.MULTILINE)
_DYNAMIC = re.compile(r'\bimport\("([^"]+)"\)')
_EXPORT = re.compile(r"^export ((?:async )?function\*?|const|class) (\w+)", re.MULTILINE)
_LEFT = re.compile(r"^(?:import|export)\b.*", re.MULTILINE)


class CannotJoin(Exception):
    """A module uses a form of import or export that this step does not know."""


def main(target: Path) -> None:
    """Writes the function's code and the page's files to `target`."""
    for module in ("app.py", "served_files.py"):
        shutil.copy(HERE / module, target)
    write_site(HERE / "static", target / "site")


def write_site(source: Path, site: Path) -> None:
    """Writes the page and, under its build's hash, everything that it loads."""
    files = {
        path.relative_to(source).as_posix(): path.read_bytes()
        for path in sorted(source.rglob("*"))
        if path.is_file()
    }
    modules = {
        name: without_comments(body.decode())
        for name, body in files.items()
        if name.endswith(".js")
    }
    for name in modules:
        del files[name]
    sheets = {
        name: without_comments(body.decode())
        for name, body in files.items()
        if name.endswith(".css")
    }
    files |= {name: text.encode() for name, text in {**joined(modules), **sheets}.items()}
    page = files.pop(PAGE)
    build = _hash({PAGE: page, **files})
    _write(site / PAGE, page.replace(b"{{build}}", build.encode()))
    for name, body in files.items():
        _write(site / build / name, body)


def without_comments(text: str) -> str:
    """A module or style sheet without the comments that fill their lines, which stay as empty
    ones. ESLint refuses a text over several lines in which one looks like a comment.
    """
    return _COMMENT.sub(lambda comment: "\n" * comment[0].count("\n"), text)


def joined(modules: Mapping[str, str]) -> dict[str, str]:
    """The modules by path; `app.js` contains what it imports. Raises CannotJoin."""
    together = _in_order(modules)
    parts = [_as_function(name, modules[name], together) for name in together]
    exports = ", ".join(_variable(name) for name in together)
    apart = {
        name: _with_imports(name, text, together)
        for name, text in modules.items()
        if name not in together
    }
    return {ENTRY: "\n".join((*parts, f"export {{ {exports} }};\n"))} | apart


def _in_order(modules: Mapping[str, str]) -> list[str]:
    """`app.js` and all that it imports; each after what it imports itself."""
    order: list[str] = []
    open_: list[str] = []

    def visit(name: str) -> None:
        if name in order:
            return
        if name in open_ or name not in modules:
            why = "import each other" if name in open_ else "import a module that is not there"
            raise CannotJoin(f"These {why}: {', '.join((*open_, name))}")
        open_.append(name)
        for *_, path in _IMPORT.findall(modules[name]):
            visit(_resolved(name, path))
        order.append(open_.pop())

    visit(ENTRY)
    return order


def _as_function(name: str, text: str, together: list[str]) -> str:
    def import_(match: re.Match[str]) -> str:
        everything, names, path = match.groups()
        return f"const {everything or _renaming(names)} = {_variable(_resolved(name, path))};"

    body = _DYNAMIC.sub(lambda match: f'import("./{_resolved(name, match[1])}")', text)
    exports = ", ".join(exported for _, exported in _EXPORT.findall(body))
    body = _EXPORT.sub(r"\1 \2", _IMPORT.sub(import_, body))
    _refuse(name, text, together, _IMPORT, _EXPORT)
    if "import.meta" in body and "/" in name:
        raise CannotJoin(f"{name} asks for its own address, which would be another one.")
    return (
        f"// {name}\nconst {_variable(name)} = (() => {{\n{body}return {{ {exports} }};\n}})();\n"
    )


def _with_imports(name: str, text: str, together: list[str]) -> str:
    """A module that is fetched by itself. It imports what the joined module holds from there."""
    _refuse(name, text, together, _IMPORT, _EXPORT, _PASSED_ON)
    used: list[str] = []

    def import_(match: re.Match[str]) -> str:
        everything, names, path = match.groups()
        return instead(match, "const", everything or _renaming(names), path)

    def pass_on(match: re.Match[str]) -> str:
        names, path = match.groups()
        return instead(match, "export const", _renaming(names), path)

    def instead(match: re.Match[str], keyword: str, shown: str, path: str) -> str:
        module = _resolved(name, path)
        if module not in together:
            return match[0]
        used.append(_variable(module))
        return f"{keyword} {shown} = {used[-1]};"

    body = _PASSED_ON.sub(pass_on, _IMPORT.sub(import_, text))
    if not used:
        return body
    entry = posixpath.relpath(ENTRY, posixpath.dirname(name) or ".")
    entry = entry if entry.startswith(".") else f"./{entry}"
    return f'import {{ {", ".join(dict.fromkeys(used))} }} from "{entry}";\n{body}'


def _refuse(name: str, text: str, together: list[str], *known: re.Pattern[str]) -> None:
    """Raises CannotJoin for an unknown form of import or export, and for a second copy of a joined
    module.
    """
    for path in _DYNAMIC.findall(text):
        if _resolved(name, path) in together:
            raise CannotJoin(f"{name} fetches {path}, which is joined: there would be two of it.")
    for form in known:
        text = form.sub("", text)
    if left := _LEFT.search(text):
        raise CannotJoin(f"{name} has a line of a form that is not known here: {left[0]}")


def _resolved(name: str, path: str) -> str:
    return posixpath.normpath(posixpath.join(posixpath.dirname(name), path))


def _variable(name: str) -> str:
    return "$" + re.sub(r"\W", "_", name.removesuffix(".js"))


def _renaming(names: str) -> str:
    """`{ a as b }` of an import, as a destructuring says it."""
    return re.sub(r"(\w+) as (\w+)", r"\1: \2", names)


def _hash(files: Mapping[str, bytes]) -> str:
    digest = hashlib.sha256()
    for name, body in files.items():
        digest.update(f"{name}\0{len(body)}\0".encode())
        digest.update(body)
    return digest.hexdigest()[:12]


def _write(path: Path, body: bytes) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(body)
    if len(body) >= COMPRESSED_FROM_BYTES:
        path.with_name(f"{path.name}.br").write_bytes(brotli.compress(body, quality=11))
        # mtime=0: the same input gives the same bytes.
        packed = gzip.compress(body, compresslevel=9, mtime=0)
        path.with_name(f"{path.name}.gz").write_bytes(packed)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
