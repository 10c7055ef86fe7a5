"""Makes the Python environments of this checkout; standard library only, for it runs before
anything is installed.

    python3 local/bootstrap.py dev sam emulator     environments, each made or brought up to date,
    or left alone python3 local/bootstrap.py --chromium           a browser for tests/browser

An environment is stamped with a hash of what it was made from, so that a second run has nothing to
do. Written in the oldest syntax in use, because its first duty is to tell an old interpreter what
is wrong.
"""

import glob
import hashlib
import os
import shutil
import subprocess
import sys
import time

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
OLDEST, NEWEST = (3, 11), (3, 13)
ENVIRONMENTS = {
    "dev": os.path.join(ROOT, ".venv"),
    "sam": os.path.join(ROOT, ".local", "venvs", "sam"),
    "emulator": os.path.join(ROOT, ".local", "venvs", "emulator"),
    "checkov": os.path.join(ROOT, ".local", "venvs", "checkov"),
}
UV_ENVIRONMENT = os.path.join(ROOT, ".local", "venvs", "uv")
CHROMIUM_NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")


class Unable(Exception):
    """What is wrong and what to do about it, in one sentence or two."""


def main(arguments):
    require_python()
    remember_python()
    if arguments == ["--chromium"]:
        return ensure_chromium()
    for name in arguments:
        ensure_environment(name)


def require_python():
    """Continue in a Python that the stack supports, or say that there is none."""
    if OLDEST <= sys.version_info[:2] <= NEWEST:
        return
    for minor in range(NEWEST[1], OLDEST[1] - 1, -1):
        other = shutil.which("python3.%d" % minor)
        if other:
            os.execv(other, [other] + sys.argv)
    raise Unable(
        "Python 3.11 to 3.13 is needed, and python3 is %d.%d. "
        "Install one, or name it: make PYTHON=/path/to/python3.13 up" % sys.version_info[:2]
    )


def remember_python():
    """So that `make token` after `make PYTHON=… up` does not make everything anew with another
    Python.
    """
    if sys.prefix == sys.base_prefix:
        os.makedirs(os.path.join(ROOT, ".local"), exist_ok=True)
        with open(os.path.join(ROOT, ".local", "python"), "w") as file:
            file.write(sys.executable)


def ensure_environment(name):
    """Make the environment `name` from requirements/`name`.txt unless it already is."""
    target = ENVIRONMENTS[name]
    requirements = os.path.join(ROOT, "requirements", name + ".txt")
    wanted = stamp_of(requirements)
    if stamp_in(target) == wanted:
        return
    uv = ensure_uv()
    started = time.time()
    say("Installing requirements/%s.txt … " % name, end="")
    run(
        [uv, "venv", "--quiet", "--clear", "--python", sys.executable, target],
        "The %s environment cannot be made" % name,
    )
    install = [
        uv,
        "pip",
        "sync",
        "--quiet",
        "--python",
        os.path.join(target, "bin", "python"),
        requirements,
    ]
    run(install, "requirements/%s.txt cannot be installed" % name)
    write_stamp(target, wanted)
    say("%.0f s" % (time.time() - started))


def ensure_uv():
    """The pinned uv, which installs in seconds what pip takes minutes for."""
    uv = os.path.join(UV_ENVIRONMENT, "bin", "uv")
    requirements = os.path.join(ROOT, "requirements", "uv.txt")
    wanted = stamp_of(requirements)
    if stamp_in(UV_ENVIRONMENT) == wanted:
        return uv
    try:
        import ensurepip
        import venv
    except ImportError:
        raise Unable(
            "This Python has no venv module with pip. "
            "On Debian and Ubuntu: apt install python%d.%d-venv" % sys.version_info[:2]
        )
    say("Installing uv … ", end="")
    started = time.time()
    venv.create(UV_ENVIRONMENT, with_pip=True, clear=True)
    pip = [
        os.path.join(UV_ENVIRONMENT, "bin", "python"),
        "-m",
        "pip",
        "install",
        "--quiet",
        "--requirement",
        requirements,
    ]
    run(pip, "uv cannot be installed")
    write_stamp(UV_ENVIRONMENT, wanted)
    say("%.0f s" % (time.time() - started))
    return uv


def ensure_chromium():
    """Find Chromium, or install it if that can be done without asking anyone."""
    if find_chromium():
        return
    if hasattr(os, "geteuid") and os.geteuid() == 0 and shutil.which("apt-get"):
        say("Installing Chromium … ", end="")
        environment = dict(os.environ, DEBIAN_FRONTEND="noninteractive")
        for command in (
            ["apt-get", "update", "-qq"],
            ["apt-get", "install", "-qqy", "--no-install-recommends", "chromium"],
        ):
            run(command, "Chromium cannot be installed", environment)
        say("done")
    else:
        playwright = os.path.join(ENVIRONMENTS["dev"], "bin", "playwright")
        subprocess.call([playwright, "install", "chromium"]) if os.path.exists(playwright) else None
    if not find_chromium():
        raise Unable(
            "The browser tests need Chromium, which is not here. "
            "Install it (Debian: apt install chromium) and try again."
        )


def find_chromium():
    """Path of a Chromium or Chrome on this machine, Playwright's own included, or None."""
    for name in CHROMIUM_NAMES:
        if shutil.which(name):
            return shutil.which(name)
    home = os.path.expanduser("~")
    for pattern in (
        home + "/.cache/ms-playwright/chromium-*/chrome-linux*/chrome",
        home + "/Library/Caches/ms-playwright/chromium-*/chrome-mac*/*.app/Contents/MacOS/*",
        "/Applications/Google Chrome.app/Contents/MacOS/Google Chrome",
    ):
        found = sorted(glob.glob(pattern))
        if found:
            return found[-1]
    return None


def stamp_of(requirements):
    with open(requirements, "rb") as file:
        made_from = file.read() + sys.version.encode() + sys.executable.encode()
    return hashlib.sha256(made_from).hexdigest()


def stamp_in(target):
    try:
        with open(os.path.join(target, "made-from")) as file:
            return file.read()
    except OSError:
        return None


def write_stamp(target, stamp):
    with open(os.path.join(target, "made-from"), "w") as file:
        file.write(stamp)


def run(command, failure, environment=None):
    """Run a command silently; on failure raise Unable with its last words."""
    done = subprocess.run(
        command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, env=environment, cwd=ROOT
    )
    if done.returncode:
        raise Unable(
            "%s: %s\nThe command was: %s"
            % (failure, done.stdout.decode(errors="replace").strip()[-1500:], " ".join(command))
        )


def say(text, end="\n"):
    sys.stdout.write(text + end)
    sys.stdout.flush()


if __name__ == "__main__":
    try:
        main(sys.argv[1:])
    except Unable as problem:
        sys.exit("\n%s" % problem)
