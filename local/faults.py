"""What a test lets go wrong in the embedded AWS, and for whom: calls that hang, that are slow, or
that AWS answers with an error.

The emulator reads the faults from a file beside its state, so that none outlives it. They concern
our functions and customers' credentials, never an account's root: by that tests look at what became
of it.

Only the standard library and ministack may be imported here, as in `local.emulator`.
"""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

FILE = Path(__file__).resolve().parent.parent / ".local" / "emulator" / "faults.json"

FOREVER = 3600.0


@dataclass(frozen=True)
class Fault:
    """Which calls, and what becomes of them. What is null or empty limits nothing."""

    service: str | None = None
    account: str | None = None
    """Whose credentials sign the call."""
    mentions: str = ""
    """Text in the request's body."""
    seconds: float = 0
    """Time until the answer."""
    status: int = 0
    code: str = ""
    """HTTP status and AWS's error, instead of an answer. Without an error, nonsense."""

    def concerns(self, service: str, account: str, body: bytes) -> bool:
        return (
            self.service in (None, service)
            and self.account in (None, account)
            and self.mentions.encode() in body
        )


@contextmanager
def faults(*wanted: Fault) -> Iterator[None]:
    """For a while, all of these. Used by tests, from outside the emulator."""
    written = FILE.with_suffix(".partial")
    written.write_text(json.dumps([asdict(fault) for fault in wanted]))
    written.replace(FILE)
    try:
        yield
    finally:
        FILE.unlink()


def make_possible(app: Any) -> None:
    """Lets the emulator's `app` have faults. Costs a look for the file a call."""
    from ministack.core.responses import get_account_id

    dispatch: Callable[..., Any] = app._dispatch_service_request

    async def dispatch_with_faults(*request: Any) -> Any:
        method, path, headers, body, query, request_id = request
        key = app.extract_access_key_id(headers, query) or ""
        for fault in [] if key.isdigit() else _present():
            asked = app._routing_params(method, path, headers, body, query)
            service = app.detect_service(method, path, headers, asked)
            if fault.concerns(service, get_account_id(), body):
                await _wait(fault.seconds)
                if fault.status:
                    return _answer(fault, service, headers, request_id)
        return await dispatch(*request)

    app._dispatch_service_request = dispatch_with_faults


async def _wait(seconds: float) -> None:
    """No longer than there are faults, so that nothing hangs when the emulator is to end."""
    end = time.monotonic() + seconds
    while (left := end - time.monotonic()) > 0 and FILE.exists():
        await asyncio.sleep(min(left, 0.5))


def _present() -> list[Fault]:
    try:
        return [Fault(**fault) for fault in json.loads(FILE.read_text())]
    except FileNotFoundError:
        return []


def _answer(fault: Fault, service: str, headers: dict[str, str], request_id: str) -> Any:
    """An error in the protocol of the service, or what is no answer at all."""
    if not fault.code:
        return fault.status, {"Content-Type": "text/plain"}, b"nonsense"
    from ministack.core.iam_actions import access_denied_response

    _, answer_headers, body = access_denied_response(
        service, "", "", request_id, error_code=fault.code, message="A fault.", headers=headers
    )
    return fault.status, answer_headers, body
