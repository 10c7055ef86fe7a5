"""Debian's Firefox for Playwright: `python firefox.py ARGUMENTS` starts it behind a proxy.

Playwright drives a Firefox that it did not build by WebDriver BiDi, and sets the colour scheme of
each context with a command that Firefox ESR does not know yet, up to 153. The proxy answers that
one in its place. Source: WebDriver BiDi, "emulation.setMediaFeaturesOverride"; Playwright's
bidiBrowser.ts.
"""

from __future__ import annotations

import asyncio
import json
import re
import shutil
import sys
from pathlib import Path

from playwright.sync_api import Browser, Playwright
from websockets.asyncio.client import connect
from websockets.asyncio.server import ServerConnection, serve

UNKNOWN = "emulation.setMediaFeaturesOverride"
ONE_WORLD = "delete Element.prototype.ariaLabelledByElements;"
"""A script for each page. Playwright reads this property for the names of elements, mostly in a
world of its own, but for `evaluate_all` in the page's. Once both have read it, Firefox 153 crashes.
Without it, Playwright follows the attribute, as the page does.
"""
_LISTENING = "WebDriver BiDi listening on "
_PATIENT = {"max_size": None, "open_timeout": None, "ping_interval": None}
"""Playwright gives up in time; on a busy machine, Firefox takes longer than websockets waits."""


def find() -> str | None:
    """Path of this machine's Firefox ESR."""
    return shutil.which("firefox-esr")


def launch(playwright: Playwright, folder: Path) -> Browser:
    """`folder` is a place for the program that starts Firefox behind its proxy."""
    program = folder / "firefox"
    program.write_text(f'#!/bin/sh\nexec "{sys.executable}" "{__file__}" "$@"\n')
    program.chmod(0o700)
    return playwright.firefox.launch(channel="moz-firefox", executable_path=program)


async def _main(arguments: list[str]) -> None:
    firefox = await asyncio.create_subprocess_exec(
        str(find()), *arguments, stdout=asyncio.subprocess.DEVNULL, stderr=asyncio.subprocess.PIPE
    )
    assert firefox.stderr
    while not (found := re.search(_LISTENING + r"(ws://\S+)", (await _line(firefox.stderr)))):
        pass
    address = f"{found[1]}/session"
    rest = asyncio.create_task(_drain(firefox.stderr))
    async with serve(lambda client: _relay(client, address), "127.0.0.1", 0, **_PATIENT) as ours:
        port = next(iter(ours.sockets)).getsockname()[1]
        print(f"{_LISTENING}ws://127.0.0.1:{port}", file=sys.stderr, flush=True)
        await firefox.wait()
    await rest


async def _line(stream: asyncio.StreamReader) -> str:
    line = await stream.readline()
    if not line:
        raise SystemExit("Firefox ended before it listened.")
    return line.decode(errors="replace")


async def _drain(stream: asyncio.StreamReader) -> None:
    while await stream.readline():
        pass


async def _relay(client: ServerConnection, address: str) -> None:
    """Everything in both directions, but for the command that Firefox does not know."""
    async with connect(address, **_PATIENT) as firefox:

        async def commands() -> None:
            async for message in client:
                command = json.loads(message)
                if command["method"] == UNKNOWN:
                    done = {"type": "success", "id": command["id"], "result": {}}
                    await client.send(json.dumps(done))
                else:
                    await firefox.send(message)

        async def answers() -> None:
            async for message in firefox:
                await client.send(message)

        ways = [asyncio.create_task(commands()), asyncio.create_task(answers())]
        await asyncio.wait(ways, return_when=asyncio.FIRST_COMPLETED)


if __name__ == "__main__":
    asyncio.run(_main(sys.argv[1:]))
