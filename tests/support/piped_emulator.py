"""The embedded AWS, corrected, in a process of its own that is reached through pipes: for tests of
its corrections that need neither a running stack nor a socket. Its time passes when they say so.
"""

from __future__ import annotations

import base64
import io
import json
import os
import subprocess
from collections.abc import Callable
from itertools import count
from pathlib import Path
from typing import Any, TypeVar
from urllib.parse import urlsplit

import boto3
from botocore.awsrequest import AWSResponse
from botocore.config import Config

from local.aws import ANY_SECRET
from local.settings import CLOCK, HOME, REGION, ROOT, WORKLOAD_ACCOUNT_ID
from tests.support.waiting import wait_for

T = TypeVar("T")

INTERPRETER = HOME / "venvs" / "emulator" / "bin" / "python"
URL = "http://localhost:4566"
"""What the emulator takes itself to be. Nobody listens there."""


class PipedEmulator:
    """One emulator. It ends with `close`."""

    def __init__(self, folder: Path) -> None:
        kept = {
            name: os.environ[name]
            for name in ("PATH", "HOME", "LANG", *CLOCK)
            if name in os.environ
        }
        environment = {
            **kept,
            "AUTH": "true",
            "MINISTACK_ACCOUNT_ID": WORKLOAD_ACCOUNT_ID,
            "TMPDIR": str(folder),
            "STATE_DIR": str(folder),
            "S3_DATA_DIR": str(folder),
        }
        self._session = boto3.session.Session()
        self._numbers = count()
        self._log = (folder / "emulator.log").open("w+b")
        self._process = subprocess.Popen(
            [str(INTERPRETER), "-m", "tests.support.piped_emulator_process"],
            cwd=ROOT,
            env=environment,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self._log,
        )

    def close(self) -> None:
        assert self._process.stdin
        assert self._process.stdout
        self._process.stdin.close()
        self._process.wait(timeout=300)
        self._process.stdout.close()
        self._log.close()

    def request(
        self, method: str, url: str, body: bytes = b"", headers: dict[str, str] | None = None
    ) -> tuple[int, dict[str, str], bytes]:
        """The emulator's answer: status, headers, body."""
        parts = urlsplit(url)
        asked = {
            "method": method,
            "path": parts.path or "/",
            "query": parts.query,
            "headers": {"host": parts.netloc, **(headers or {})},
            "body": base64.b64encode(body).decode(),
        }
        answer = self._answer(asked)
        return answer["status"], answer["headers"], base64.b64decode(answer["body"])

    def let_pass(self, seconds: float) -> None:
        """What the corrections do later is done, if it is due then."""
        self._answer({"seconds": seconds})

    def _answer(self, asked: dict[str, Any]) -> dict[str, Any]:
        number = next(self._numbers)
        assert self._process.stdin
        assert self._process.stdout
        self._process.stdin.write(json.dumps({**asked, "number": number}).encode() + b"\n")
        self._process.stdin.flush()
        while line := self._process.stdout.readline():
            answer: dict[str, Any] = json.loads(line)
            # A test that was interrupted leaves the answer to its last request.
            if answer["number"] == number:
                return answer
        self._log.seek(0)
        raise RuntimeError(f"the emulator ended: {self._log.read()[-3000:].decode()}")

    def client(
        self,
        service: str,
        account_number: str,
        region: str = REGION,
        credentials: dict[str, str] | None = None,
    ) -> Any:
        """A client with these credentials, as STS gives them, or those of the account's root."""
        given = credentials or {"AccessKeyId": account_number, "SecretAccessKey": ANY_SECRET}
        client: Any = self._session.client(
            service,  # type: ignore[call-overload]
            endpoint_url=URL,
            region_name=region,
            aws_access_key_id=given["AccessKeyId"],
            aws_secret_access_key=given["SecretAccessKey"],
            aws_session_token=given.get("SessionToken"),
            config=Config(inject_host_prefix=False, retries={"total_max_attempts": 1}),
        )
        client.meta.events.register("before-send", self._send)
        return client

    def _send(self, request: Any, **_: Any) -> AWSResponse:
        """Answer in place of the network."""
        text = {
            name: value.decode() if isinstance(value, bytes) else str(value)
            for name, value in request.headers.items()
        }
        body = request.body or b""
        read = body.read() if hasattr(body, "read") else body
        content = read if isinstance(read, bytes) else str(read).encode()
        status, headers, answer = self.request(request.method, request.url, content, text)
        return AWSResponse(request.url, status, headers, _Raw(answer))  # type: ignore[arg-type]


class _Raw(io.BytesIO):
    """What botocore reads a response from."""

    def stream(self, **_: Any) -> Any:
        yield self.read()


def in_the_end(look: Callable[[], T | None], good: Callable[[T], Any] = bool, what: str = "") -> T:
    """What `look` finds, once that is `good`: of what the emulator does in threads and tasks. How
    long it takes is up to the machine, so only what never comes fails.
    """
    found = wait_for(look, lambda seen: seen is not None and good(seen), what=what, seconds=300)
    assert found is not None
    return found
