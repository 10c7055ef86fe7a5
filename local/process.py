"""The emulator's process: starts it, recognizes it as this checkout's own, and stops it."""

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

from local.settings import (
    CLOCK,
    DEFAULT_PORT,
    FURTHER_STACK,
    HOME,
    ROOT,
    STACK_VARIABLE,
    STATE,
    WORKLOAD_ACCOUNT_ID,
    Problem,
    requested_port,
)

_DIRECTORY = STATE / "emulator"
_RECORD = _DIRECTORY / "process.json"
_LOG = _DIRECTORY / "emulator.log"
_INTERPRETER = HOME / "venvs" / "emulator" / "bin" / "python"
_ENVIRONMENT_STAMP = HOME / "venvs" / "emulator" / "made-from"
_START_SECONDS = 60
_STOP_SECONDS = 15
_NO_PROXY = urllib.request.build_opener(urllib.request.ProxyHandler({}))


@dataclass(frozen=True)
class Emulator:
    """A running emulator. Each start has a new `run_id`: its state is lost with the process."""

    pid: int
    port: int
    run_id: str
    made_from: str = ""
    """A hash of its environment, our corrections and its clock, which decide how it behaves."""

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"


def running() -> Emulator | None:
    """This checkout's emulator if it runs and answers, else None."""
    try:
        recorded = Emulator(**json.loads(_RECORD.read_text()))
    except (OSError, ValueError, TypeError):
        return None
    return recorded if _is_ours(recorded) and _answers(recorded.port) else None


def start() -> tuple[Emulator, bool]:
    """This checkout's emulator, and whether it was started by this call.

    An emulator that was made from other files is replaced. Raises Problem if the port is in use, or
    if the emulator does not start.
    """
    current = running()
    requested = requested_port()
    if current and requested not in (None, current.port):
        raise Problem(
            f"This checkout's stack already runs on port {current.port}. Stop it first: make down"
        )
    if current and current.made_from == _made_from():
        return current, False
    stop()
    port = requested or (current.port if current else _default_port())
    _require_free(port)
    return _launch(port), True


def stop() -> bool:
    """Stop this checkout's emulator, and nothing else. Returns whether there was one."""
    try:
        recorded = Emulator(**json.loads(_RECORD.read_text()))
    except (OSError, ValueError, TypeError):
        return False
    ours = _is_ours(recorded)
    if ours:
        _terminate(recorded.pid)
    _RECORD.unlink(missing_ok=True)
    return ours


def _launch(port: int) -> Emulator:
    # Removes the worker folders of a run that was killed.
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
            # Ctrl-C in the terminal stops `make up`, not the emulator.
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
        f"The embedded AWS did not start. The end of {_LOG.relative_to(ROOT)}:\n{tail(_LOG)}"
    )


def _made_from() -> str:
    digest = hashlib.sha256()
    local = ROOT / "local"
    corrections = sorted((local / "fidelity").glob("*.py"))
    modules = [local / f"{name}.py" for name in ("emulator", "faults", "calls")]
    for path in (_ENVIRONMENT_STAMP, *modules, *corrections):
        digest.update(path.read_bytes())
    digest.update(os.environ.get("CLOCK_AHEAD", "").encode())
    return digest.hexdigest()


def _environment(port: int) -> dict[str, str]:
    # Lambda workers inherit this environment, so it holds only what they may see.
    kept = {
        k: os.environ[k]
        for k in ("PATH", "HOME", "LANG", "LC_ALL", "SSL_CERT_FILE", STACK_VARIABLE, *CLOCK)
        if k in os.environ
    }
    return {
        **kept,
        "AUTH": "true",
        "BIND_HOST": "127.0.0.1",
        "GATEWAY_PORT": str(port),
        "MINISTACK_ACCOUNT_ID": WORKLOAD_ACCOUNT_ID,
        # These would listen on every interface, on fixed ports that two checkouts cannot share.
        "IOT_MTLS_ENABLED": "0",
        "SFTP_ENABLED": "0",
        "LAMBDA_WARM_TTL_SECONDS": "900",
        "TMPDIR": str(_DIRECTORY / "tmp"),
        "STATE_DIR": str(_DIRECTORY / "state"),
        "S3_DATA_DIR": str(_DIRECTORY / "s3"),
        "PYTHONUNBUFFERED": "1",
    }


def _default_port() -> int:
    """The documented port for the usual stack, any free one for a further stack."""
    if not FURTHER_STACK:
        return DEFAULT_PORT
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _require_free(port: int) -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
        in_use = probe.connect_ex(("127.0.0.1", port)) == 0
    if in_use:
        raise Problem(
            f"Port {port} is in use by another program. Stop that program, or choose another port: "
            f"CAVOK_PORT={port + 1} make up"
        )


def _answers(port: int) -> bool:
    try:
        with _NO_PROXY.open(f"http://127.0.0.1:{port}/_ministack/health", timeout=60) as answer:
            return bool(answer.status == 200)
    except (OSError, urllib.error.URLError):
        return False


def _is_ours(emulator: Emulator) -> bool:
    """Whether the recorded process still runs. Process IDs are reused, but the run ID on its
    command line is unique.
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
    """Process IDs of this stack's Lambda workers for a function, by its logical ID."""
    listed = subprocess.run(
        ["ps", "-axww", "-o", "pid=,args="], capture_output=True, text=True, check=True
    ).stdout
    found = (line.split(maxsplit=1) for line in listed.splitlines())
    return [int(pid) for pid, args in found if str(_DIRECTORY) in args and f"-{function}-" in args]


def _terminate(pid: int) -> None:
    """SIGTERM, then SIGKILL to the process group, which is the emulator and its Lambda workers."""
    os.kill(pid, signal.SIGTERM)
    deadline = time.monotonic() + _STOP_SECONDS
    while time.monotonic() < deadline and _alive(pid):
        time.sleep(0.05)
    with suppress(ProcessLookupError):
        os.killpg(pid, signal.SIGKILL)


def _alive(pid: int) -> bool:
    try:
        # A child of this process stays a zombie until it is waited for.
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
    """The last lines of a log file, for an error message."""
    try:
        return "\n".join(path.read_text(errors="replace").splitlines()[-lines:])
    except OSError:
        return "(nothing was written)"
