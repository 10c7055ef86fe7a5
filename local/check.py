"""Every check that needs no running stack: `python -m local.check [name …]` (make check).

All of them run, even after one fails, as many at a time as there are processors. The exit status
is 1 if any failed.
"""

from __future__ import annotations

import argparse
import os
import re
import subprocess
import sys
import time
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from local.display import console, step
from local.release import NO_RELEASE
from local.settings import HOME, ROOT, environment

_DEV = ROOT / ".venv" / "bin"
_SAM = HOME / "venvs" / "sam" / "bin" / "sam"
_CHECKOV = HOME / "venvs" / "checkov" / "bin" / "checkov"
_API = (f"{_DEV}/python", "-m", "local.api_description")
_PAGE = HOME / "venvs" / "page"
_PAGE_TESTS = "tests/unit/dashboard"
_PAGE_FORMAT = ("--config", "local/page/prettier.json")
_PAGE_FILES = (
    "functions/dashboard/static/**/*.{js,css,html}",
    f"{_PAGE_TESTS}/*.mjs",
    "local/page/*.mjs",
)
SBOM = HOME / "sbom.cdx.json"
_UNREACHABLE = ("could not be audited", "ConnectionError", "ServiceError")


@dataclass(frozen=True)
class Check:
    """One command that `make check` runs."""

    name: str
    title: str
    command: tuple[str, ...]
    unable: tuple[str, ...] = ()
    """Output that means the check could not run. It is then skipped, not failed."""
    because: str = "its data cannot be reached from here"
    """Why it then could not."""
    blind: tuple[str, ...] = ()
    """Output that means the check could not read its input. It then fails, whatever its status."""


@dataclass(frozen=True)
class Result:
    """What became of a check that found nothing."""

    seconds: float
    is_skipped: bool


class Failed(Exception):
    """A check found something. The message is its output."""


def checks() -> list[Check]:
    """The checks, fastest first."""
    workflows = sorted(ROOT.glob("statemachines/*.asl.json"))
    sam = (str(_SAM), "validate", "--lint", "--template", "template.yaml", "--region", "us-east-1")
    audit = (
        f"{_DEV}/pip-audit",
        "--disable-pip",
        "--no-deps",
        "--progress-spinner",
        "off",
        "--requirement",
    )
    return [
        Check("format", "ruff format", (f"{_DEV}/ruff", "format", "--check", "--quiet", ".")),
        Check("lint", "ruff check", (f"{_DEV}/ruff", "check", "--quiet", ".")),
        Check("types", "mypy --strict", (f"{_DEV}/mypy",)),
        *_of_the_page(),
        *(
            Check(tool, f"{title} on the API's description", (*_API, tool))
            for tool, title in (("redocly", "Redocly"), ("spectral", "Spectral"))
        ),
        *(
            Check(
                "statelint",
                f"statelint on {path.name}",
                (f"{_DEV}/statelint", "--ignore=FLOAT,URI", "--eval-jsonata", _deployed(path)),
            )
            for path in workflows
        ),
        Check(
            "release",
            "what an update from the last release would destroy",
            (f"{_DEV}/python", "-m", "local.release"),
            unable=(NO_RELEASE,),
            because=NO_RELEASE,
        ),
        Check("cfn-lint", "cfn-lint", (f"{_DEV}/cfn-lint", "template.yaml")),
        Check("sam", "sam validate --lint", sam),
        Check(
            "checkov",
            "checkov",
            (str(_CHECKOV), "--config-file", ".checkov.yaml"),
            blind=("error parsing",),
        ),
        Check("sbom", f"CycloneDX of the layer ({SBOM.relative_to(ROOT)})", _sbom()),
        Check(
            "audit",
            "pip-audit of the layer",
            (*audit, "layers/shared/requirements.txt"),
            unable=_UNREACHABLE,
        ),
    ]


def _deployed(workflow: Path) -> str:
    """The definition with a number for each of the template's substitutions, since one of them is
    a limit that must be numeric.
    """
    return re.sub(r"\$\{\w+\}", "1", workflow.read_text())


def _sbom() -> tuple[str, ...]:
    """What the functions run on besides Python and our own code, with hashes, as CycloneDX says."""
    to = ("--output-reproducible", "--output-format", "JSON", "--output-file", str(SBOM))
    return (f"{_DEV}/cyclonedx-py", "requirements", *to, "layers/shared/requirements.txt")


def _of_the_page() -> Iterator[Check]:
    """Types by JSDoc, style, and the unit tests of the page's modules, on Node."""
    node, modules = str(_PAGE / "bin" / "node"), _PAGE / "node_modules"
    tsc = (node, str(modules / "typescript" / "bin" / "tsc"), "--project", "local/page")
    eslint = (node, str(modules / "eslint" / "bin" / "eslint.js"))
    config = ("--config", "local/page/eslint.config.mjs")
    style = (*config, "functions/dashboard/static", _PAGE_TESTS, "local/page")
    # They mostly wait.
    several = ("--test", f"--import=./{_PAGE_TESTS}/ends.mjs", "--test-concurrency=4")
    tests = (node, *several, f"{_PAGE_TESTS}/*.test.mjs")
    yield Check("page-types", "tsc --checkJs on the page", tsc)
    prettier = (node, str(modules / "prettier" / "bin" / "prettier.cjs"), *_PAGE_FORMAT, "--check")
    yield Check("page-format", "Prettier on the page", (*prettier, *_PAGE_FILES))
    yield Check("page-style", "ESLint on the page", (*eslint, *style))
    yield Check("page-tests", "node --test on the page", tests)


def main() -> int:
    parser = argparse.ArgumentParser(prog="local.check", description=__doc__)
    known = checks()
    parser.add_argument(
        "names", nargs="*", choices=[[], *(check.name for check in known)], metavar="name"
    )
    names = parser.parse_args().names or [check.name for check in known]
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        running = [(check, pool.submit(_run, check)) for check in known if check.name in names]
        failed = [check.name for check, result in running if not _passes(check, result)]
    if failed:
        console.print(f"[bold red]Failed: {', '.join(failed)}[/]")
    return 1 if failed else 0


def _passes(check: Check, running: Future[Result]) -> bool:
    try:
        with step(check.title) as current:
            result = running.result()
            current.seconds = result.seconds
            if result.is_skipped:
                current.skipped = True
                current.outcome = f"skipped: {check.because}"
    except Failed as failure:
        console.print(str(failure), markup=False)
        return False
    return True


def _run(check: Check) -> Result:
    """Raises Failed if the check found something."""
    started = time.monotonic()
    variables = {
        **environment("http://127.0.0.1:9"),
        "PATH": f"{_DEV}{os.pathsep}{os.environ['PATH']}",
    }
    variables.pop("AWS_ENDPOINT_URL")
    done = subprocess.run(
        check.command, cwd=ROOT, env=variables, capture_output=True, text=True, check=False
    )
    output = (done.stdout + done.stderr).strip()
    # pip-audit exits with 0 even if it could look up nothing.
    is_skipped = any(word in output for word in check.unable)
    if not is_skipped and (done.returncode or any(word in output for word in check.blind)):
        raise Failed(output[-8000:])
    return Result(time.monotonic() - started, is_skipped)


if __name__ == "__main__":
    sys.exit(main())
