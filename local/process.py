"""The emulator's process: started, recognised as this checkout's own, and ended."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import signal
import socket
import subprocess
import time
import urllib.error
import urllib.request
import uuid
from contextlib import suppress
from dataclasses import asdict, dataclass
from pathlib import Path

from local.settings import DEFAULT_PORT, HOME, ROOT, WORKLOAD_ACCOUNT_ID, Problem, requested_port

_DIRECTORY = HOME / "emulator"
_RECORD = _DIRECTORY / "process.json"
_LOG = _DIRECTORY / "emulator.log"
_INTERPRETER = HOME / "venvs" / "emulator" / "bin" / "python"
_STAMP = HOME / "venvs" / "emulator" / "made-from"
_START_SECONDS = 60
_STOP_SECONDS = 15
_NO_PROXY = urllib.request.build_opener(urllib.request.ProxyHandler({}))


@dataclass(frozen=True)
class Emulator:
    """A running emulator. Each start has a new `run_id`: the state is gone with the process."""

    pid: int
    port: int
    run_id: str
    made_from: str = ""
    """What it runs on: its environment and our corrections. Another one would behave otherwise."""

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"


def running() -> Emulator | None:
    """This checkout's emulator if it is alive, else None."""
    try:
        recorded = Emulator(**json.loads(_RECORD.read_text()))
    except (OSError, ValueError, TypeError):
        return None
    return recorded if _is_ours(recorded) and _answers(recorded.port) else None


def start() -> tuple[Emulator, bool]:
    """The emulator of this checkout and whether it had to be started.

    Raises Problem when the port is taken, or when the emulator does not come up.
    """
    current = running()
    asked = requested_port()
    if current and asked not in (None, current.port):
        raise Problem(
            f"This checkout's stack already runs on port {current.port}. End it first: make down"
        )
    if current and current.made_from == _made_from():
        return current, False
    stop()
    port = asked or (current.port if current else DEFAULT_PORT)
    _require_free(port)
    return _launch(port), True


def stop() -> bool:
    """End the emulator of this checkout, and nothing else. Returns whether there was one."""
    try:
        recorded = Emulator(**json.loads(_RECORD.read_text()))
    except (OSError, ValueError, TypeError):
        return False
    ours = _is_ours(recorded)
    if ours:
        _end(recorded.pid)
    _RECORD.unlink(missing_ok=True)
    return ours


def _launch(port: int) -> Emulator:
    # Worker folders of a run that was killed are of no use to the next one.
    shutil.rmtree(_DIRECTORY, ignore_errors=True)
    for name in ("tmp", "state", "s3"):
        (_DIRECTORY / name).mkdir(parents=True)
    run_id = uuid.uuid4().hex
    with _LOG.open("wb") as log:
        process = subprocess.Popen(
            [str(_INTERPRETER), "-m", "local.emulator", run_id],
            cwd=ROOT,
            env=_environment(port),
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=subprocess.STDOUT,
            # Ctrl-C in the terminal ends `make up`, not the stack that it leaves running.
            start_new_session=True,
        )
    emulator = Emulator(process.pid, port, run_id, _made_from())
    _RECORD.write_text(json.dumps(asdict(emulator)))
    deadline = time.monotonic() + _START_SECONDS
    while time.monotonic() < deadline and process.poll() is None:
        if _answers(port):
            return emulator
        time.sleep(0.1)
    stop()
    raise Problem(
        f"The embedded AWS did not start. Its last words, from {_shown(_LOG)}:\n{tail(_LOG)}"
    )


def _made_from() -> str:
    digest = hashlib.sha256()
    local = ROOT / "local"
    corrections = sorted((local / "fidelity").glob("*.py"))
    for path in (_STAMP, local / "emulator.py", local / "faults.py", *corrections):
        digest.update(path.read_bytes())
    return digest.hexdigest()


def _environment(port: int) -> dict[str, str]:
    # Lambda workers inherit this environment: what is not in it cannot leak into a function.
    kept = {
        k: os.environ[k]
        for k in ("PATH", "HOME", "LANG", "LC_ALL", "SSL_CERT_FILE")
        if k in os.environ
    }
    return {
        **kept,
        "AUTH": "true",
        "BIND_HOST": "127.0.0.1",
        "GATEWAY_PORT": str(port),
        "MINISTACK_ACCOUNT_ID": WORKLOAD_ACCOUNT_ID,
        # These two listen on every interface and on a fixed port, which two checkouts cannot share.
        "IOT_MTLS_ENABLED": "0",
        "SFTP_ENABLED": "0",
        "LAMBDA_WARM_TTL_SECONDS": "900",
        "TMPDIR": str(_DIRECTORY / "tmp"),
        "STATE_DIR": str(_DIRECTORY / "state"),
        "S3_DATA_DIR": str(_DIRECTORY / "s3"),
        "PYTHONUNBUFFERED": "1",
    }


def _require_free(port: int) -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
        taken = probe.connect_ex(("127.0.0.1", port)) == 0
    if taken:
        raise Problem(
            f"Port {port} is in use by another program. End that program, or choose another port: "
            f"CAVOK_PORT={port + 1} make up"
        )


def _answers(port: int) -> bool:
    try:
        with _NO_PROXY.open(f"http://127.0.0.1:{port}/_ministack/health", timeout=5) as answer:
            return bool(answer.status == 200)
    except (OSError, urllib.error.URLError):
        return False


def _is_ours(emulator: Emulator) -> bool:
    """Whether the process is the one recorded: numbers are reused, the run id on its command line
    is not.
    """
    return emulator.run_id in _command_line(emulator.pid)


def _command_line(pid: int) -> str:
    try:
        return Path(f"/proc/{pid}/cmdline").read_text().replace("\0", " ")
    except OSError:
        pass
    if Path("/proc/self").exists() or not shutil.which("ps"):
        return ""
    done = subprocess.run(
        ["ps", "-p", str(pid), "-o", "command="], capture_output=True, text=True, check=False
    )
    return done.stdout


def workers_of(function: str) -> list[int]:
    """This stack's processes of a function of the template."""
    listed = subprocess.run(
        ["ps", "-axww", "-o", "pid=,args="], capture_output=True, text=True, check=True
    ).stdout
    found = (line.split(maxsplit=1) for line in listed.splitlines())
    return [int(pid) for pid, args in found if str(_DIRECTORY) in args and f"-{function}-" in args]


def _end(pid: int) -> None:
    """SIGTERM, then SIGKILL to the process group, which is the emulator and its Lambda workers."""
    os.kill(pid, signal.SIGTERM)
    deadline = time.monotonic() + _STOP_SECONDS
    while time.monotonic() < deadline and _alive(pid):
        time.sleep(0.05)
    with suppress(ProcessLookupError):
        os.killpg(pid, signal.SIGKILL)


def _alive(pid: int) -> bool:
    try:
        # A child of this very process stays a zombie until it is waited for.
        if os.waitpid(pid, os.WNOHANG)[0] == pid:
            return False
    except ChildProcessError:
        pass
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


def tail(path: Path, lines: int = 25) -> str:
    """The last lines of a log, for the message that explains a failure."""
    try:
        return "\n".join(path.read_text(errors="replace").splitlines()[-lines:])
    except OSError:
        return "(nothing was written)"


def _shown(path: Path) -> str:
    return str(path.relative_to(ROOT))
