"""What is deployed uses nothing that Lambda lacks, and that this machine has. Sources: Lambda
Developer Guide, "Lambda execution environment" and "Lambda quotas": only /tmp is writable;
github.com/aws/aws-lambda-base-images/issues/132: of /dev there are a few static entries, so that
/dev/fd is missing, and /dev/shm too, without which multiprocessing has no locks, pools or queues.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from cavok.adapters.customer.session import _descriptors
from local.settings import ROOT

DEPLOYED = sorted(
    path
    for folder in ("layers/shared/cavok", "functions")
    for path in (ROOT / folder).rglob("*.py")
)
MODULES = re.compile(
    r"(multiprocessing|concurrent\.futures\.(process|ProcessPoolExecutor)|subprocess|pty|posix_ipc)"
    r"(\.|$)"
)
NAMES = {"ProcessPoolExecutor", "SharedMemory", "fork", "forkpty", "expanduser", "expandvars"}
METHODS = {("Path", "home"), ("Path", "cwd"), ("os", "getcwd"), ("os", "getlogin")}
PLACES = re.compile(
    r"^(/dev/|/sys/|/run/|/var/run/|/home/|/root\b|~/)|\blocalhost\b|\b127\.0\.0\.1\b"
)
"""The beginnings of paths, and names that lead to other processes of this machine."""

ALLOWED = {
    ("layers/shared/cavok/domain/webhooks.py", "localhost"): "a receiver's host, which it refuses",
}
"""Path and use; why there is no harm in it."""


def uses(tree: ast.AST) -> Iterator[str]:
    """What a module uses that Lambda may not have, as it is written there."""
    for node in ast.walk(tree):
        match node:
            case ast.Import(names=names):
                yield from (alias.name for alias in names if MODULES.match(alias.name))
            case ast.ImportFrom(module=module, names=names):
                found = [f"{module}.{alias.name}" for alias in names]
                yield from (name for name in found if MODULES.match(name))
                yield from (alias.name for alias in names if alias.name in NAMES)
            case ast.Attribute(value=ast.Name(id=of), attr=name) if (of, name) in METHODS:
                yield f"{of}.{name}"
            case ast.Attribute(attr=name) | ast.Name(id=name) if name in NAMES:
                yield name
            case ast.Constant(value=str(text)) if PLACES.search(text) and "\n" not in text:
                yield text


def test_what_is_deployed_uses_nothing_that_lambda_lacks() -> None:
    found = {
        (str(path.relative_to(ROOT)), use)
        for path in DEPLOYED
        for use in uses(ast.parse(path.read_text()))
    }

    assert len(DEPLOYED) > 100
    assert found - ALLOWED.keys() == set()
    assert ALLOWED.keys() - found == set(), "no longer there"


@pytest.mark.parametrize(
    "code",
    [
        'Path("/dev/fd").iterdir()',
        'open("/dev/shm/kept", "w")',
        "from multiprocessing import Queue",
        "import multiprocessing.pool",
        "from concurrent.futures import ProcessPoolExecutor",
        "import concurrent.futures as f\nf.ProcessPoolExecutor()",
        "import os\nos.fork()",
        'Path("~/.kept").expanduser()',
        "Path.home()",
        'connect("localhost")',
        'connect("http://127.0.0.1:8000")',
    ],
)
def test_a_use_of_what_lambda_lacks_is_noticed(code: str) -> None:
    assert list(uses(ast.parse(code)))


def test_descriptors_are_counted_where_lambda_has_them() -> None:
    """This test runs on Linux as Lambda does."""
    assert 3 <= _descriptors() < 1_000
    assert Path("/proc/self/fd").is_dir()
