"""The other end of `piped_emulator.py`. Runs in the emulator's interpreter: a line of JSON on stdin
is a request, and a line on stdout its answer.
"""

from __future__ import annotations

import asyncio
import base64
import json
import os
import sys
from typing import Any, BinaryIO
from urllib.parse import unquote


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

    fidelity.apply_all()
    from ministack.app import app

    read = asyncio.get_running_loop().run_in_executor
    while line := await read(None, sys.stdin.buffer.readline):
        # In a task of its own, so that each request has a context of its own.
        answer = await asyncio.create_task(serve(app, json.loads(line)))
        answers.write(json.dumps(answer).encode() + b"\n")
        answers.flush()
    # Stacks may still wait for responses: nothing else ends their threads.
    os._exit(0)


if __name__ == "__main__":
    # Whatever else prints goes to stderr.
    with os.fdopen(os.dup(1), "wb") as pipe:
        os.dup2(2, 1)
        asyncio.run(main(pipe))
