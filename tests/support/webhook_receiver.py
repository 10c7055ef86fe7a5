"""An organization's own web server, which webhooks are sent to."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from tests.support.http import Json
from tests.support.waiting import eventually


@dataclass(frozen=True)
class Delivery:
    headers: dict[str, str]
    body: bytes

    @property
    def json(self) -> Json:
        parsed: Json = json.loads(self.body)
        return parsed


@dataclass
class Receiver:
    """An organization's own web server. `refuses` is how many messages it answers with 500
    first. It answers each after `seconds`.
    """

    url: str
    deliveries: list[Delivery] = field(default_factory=list)
    refuses: int = 0
    seconds: float = 0.0

    def wait_for(self, seen: Callable[[Delivery], bool], what: str) -> Delivery:
        return eventually(
            lambda: next((one for one in self.deliveries if seen(one)), None), what, seconds=60
        )


@contextmanager
def receiver() -> Iterator[Receiver]:
    made: Receiver

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["content-length"]))
            headers = {name.lower(): value for name, value in self.headers.items()}
            made.deliveries.append(Delivery(headers, body))
            time.sleep(made.seconds)
            self.send_response(500 if made.refuses > 0 else 204)
            made.refuses -= 1
            with suppress(OSError):  # the sender may have gone meanwhile
                self.end_headers()

        def log_message(self, *args: Any) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    made = Receiver(f"http://127.0.0.1:{server.server_port}/cavok?of=e2e")
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield made
    server.shutdown()
    server.server_close()
