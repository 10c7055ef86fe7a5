"""Faults that a test injects into the embedded AWS: calls that hang, are slow, or fail.

The emulator reads them from a file beside its state, so that none outlives it. Root calls are
exempt, so that tests can inspect the result.

Only the standard library, ministack and `local.settings` may be imported here, as in
`local.emulator`.
"""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from typing import Any

from local.settings import STATE

FILE = STATE / "emulator" / "faults.json"

FOREVER = 3600.0


@dataclass(frozen=True)
class Fault:
    """Which calls are affected, and how. A filter that is None or empty matches every call."""

    service: str | None = None
    account: str | None = None
    """The account whose credentials sign the call."""
    body_contains: str | Sequence[str] = ""
    """Text in the body of the request, or several."""
    body_lacks: str = ""
    """Text that is not in the body."""
    seconds: float = 0
    """Delay before the response."""
    status: int = 0
    code: str = ""
    """HTTP status and AWS error code of the response. With a status alone, its body is nonsense.
    Without both, the call goes on after the delay."""

    def matches(self, service: str, account: str, body: bytes) -> bool:
        some = self.body_contains
        texts = [some] if isinstance(some, str) else some
        return (
            self.service in (None, service)
            and self.account in (None, account)
            and all(text.encode() in body for text in texts)
            and not (self.body_lacks and self.body_lacks.encode() in body)
        )


@contextmanager
def faults(*injected: Fault) -> Iterator[None]:
    """Inject these faults while the block runs. Tests call this, outside of the emulator."""
    written = FILE.with_suffix(".partial")
    written.write_text(json.dumps([asdict(fault) for fault in injected]))
    written.replace(FILE)
    try:
        yield
    finally:
        FILE.unlink()


def install(app: Any) -> None:
    """Make the emulator's `app` look for faults. Costs one attempt to read the file per call."""
    from ministack.core.responses import get_account_id

    dispatch: Callable[..., Any] = app._dispatch_service_request

    async def dispatch_with_faults(*request: Any) -> Any:
        method, path, headers, body, query, request_id = request
        key = app.extract_access_key_id(headers, query) or ""
        for fault in [] if key.isdigit() else _present():
            params = app._routing_params(method, path, headers, body, query)
            service = app.detect_service(method, path, headers, params)
            if fault.matches(service, get_account_id(), body):
                await _wait(fault.seconds)
                if fault.status:
                    return _response(fault, service, headers, request_id)
        return await dispatch(*request)

    app._dispatch_service_request = dispatch_with_faults


async def _wait(seconds: float) -> None:
    """Wait, at most until the faults are removed, so that nothing delays the emulator's end."""
    end = time.monotonic() + seconds
    while (left := end - time.monotonic()) > 0 and FILE.exists():
        await asyncio.sleep(min(left, 0.5))


def _present() -> list[Fault]:
    try:
        return [Fault(**fault) for fault in json.loads(FILE.read_text())]
    except FileNotFoundError:
        return []


def _response(fault: Fault, service: str, headers: dict[str, str], request_id: str) -> Any:
    """An error in the protocol of the service, or nonsense if the fault has no error code."""
    if not fault.code:
        return fault.status, {"Content-Type": "text/plain"}, b"nonsense"
    from ministack.core.iam_actions import access_denied_response

    _, response_headers, body = access_denied_response(
        service, "", "", request_id, error_code=fault.code, message="A fault.", headers=headers
    )
    return fault.status, response_headers, body
