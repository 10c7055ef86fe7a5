"""The other end of `piped_emulator.py`. Runs in the emulator's interpreter: a line of JSON on stdin
is a request, or lets time pass, and a line on stdout its answer.
"""

from __future__ import annotations

import asyncio
import base64
import json
import os
import sys
import threading
from collections.abc import Callable
from contextvars import Context, copy_context
from functools import partial
from typing import Any, BinaryIO
from urllib.parse import unquote


class Clock:
    """In place of `local/fidelity/clock.py`: its time passes when a test says so, and not while the
    machine is busy.
    """

    def __init__(self) -> None:
        self._now = 0.0
        self._due: list[tuple[float, Context, Callable[[], Any]]] = []

    def now(self) -> float:
        return self._now

    def later(self, seconds: float, act: Callable[..., Any], *arguments: Any) -> None:
        self._due.append((self._now + seconds, copy_context(), partial(act, *arguments)))

    def wait(self, event: threading.Event, until: float) -> None:
        while self._now < until and not event.wait(0.1):
            pass

    def let_pass(self, seconds: float) -> None:
        self._now += seconds
        due = [each for each in self._due if each[0] <= self._now]
        self._due = [each for each in self._due if each[0] > self._now]
        for _, context, act in due:
            context.run(act)


async def serve(app: Any, asked: dict[str, Any]) -> dict[str, Any]:
    scope = {
        "type": "http",
        "method": asked["method"],
        "path": unquote(asked["path"]),
        "raw_path": asked["path"].encode(),
        "query_string": asked["query"].encode(),
        "headers": [
            (name.lower().encode(), value.encode()) for name, value in asked["headers"].items()
        ],
        "scheme": "http",
        "client": ("127.0.0.1", 0),
    }
    body = base64.b64decode(asked["body"])
    answer: dict[str, Any] = {"body": b""}

    async def receive() -> dict[str, Any]:
        return {"type": "http.request", "body": body, "more_body": False}

    async def send(message: dict[str, Any]) -> None:
        if message["type"] == "http.response.start":
            headers = {name.decode(): value.decode() for name, value in message["headers"]}
            answer.update(status=message["status"], headers=headers)
        else:
            answer["body"] += message.get("body", b"")

    await app(scope, receive, send)
    return {**answer, "body": base64.b64encode(answer["body"]).decode()}


async def main(answers: BinaryIO) -> None:
    from local import fidelity
    from local.fidelity import clock

    ours = Clock()
    clock.now, clock.later, clock.wait = ours.now, ours.later, ours.wait
    fidelity.apply_all()
    from ministack.app import app

    read = asyncio.get_running_loop().run_in_executor
    while line := await read(None, sys.stdin.buffer.readline):
        asked = json.loads(line)
        if "seconds" in asked:
            ours.let_pass(asked["seconds"])
            answer = {}
        else:
            # In a task of its own, so that each request has a context of its own.
            answer = await asyncio.create_task(serve(app, asked))
        answers.write(json.dumps({**answer, "number": asked["number"]}).encode() + b"\n")
        answers.flush()
    # Stacks may still wait for responses: nothing else ends their threads.
    os._exit(0)


if __name__ == "__main__":
    # Whatever else prints goes to stderr.
    with os.fdopen(os.dup(1), "wb") as pipe:
        os.dup2(2, 1)
        asyncio.run(main(pipe))
