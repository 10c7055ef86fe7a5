"""Writes what the page knows of kinds of instances and of providers, from their descriptors."""

from __future__ import annotations

import json
from collections.abc import Iterable

from cavok.domain.kinds import Kind
from cavok.domain.providers import Provider
from local.settings import ROOT

FILE = ROOT / "functions/dashboard/static/views/kinds.js"
PROVIDERS = ROOT / "functions/dashboard/static/providers.js"
_HEAD = """\
// The kinds of instances, and AWS's words for their states. `make kinds` writes this file.
export const KINDS = {
"""
_HEAD_OF_NAMES = """\
// The names of the cloud providers. `make kinds` writes this file.
export const PROVIDERS = {
"""


def text(kinds: Iterable[Kind]) -> str:
    """The module, formatted as Prettier does it."""
    return f"{_HEAD}{''.join(map(_entry, kinds))}}};\n"


def names(providers: Iterable[Provider]) -> str:
    """The module with the names of providers, formatted as Prettier does it."""
    lines = "".join(f"  {each}: {json.dumps(each.descriptor.title)},\n" for each in providers)
    return f"{_HEAD_OF_NAMES}{lines}}};\n"


def _entry(kind: Kind) -> str:
    known = {
        "running": kind.descriptor.running,
        "starting": kind.descriptor.starting,
        "stopping": kind.descriptor.stopping,
        "stopped": kind.descriptor.stopped,
        "restartedByAws": kind.descriptor.restarted_by_aws,
    }
    lines = "".join(f"    {name}: {json.dumps(value)},\n" for name, value in known.items())
    return f"  {kind}: {{\n{lines}  }},\n"


if __name__ == "__main__":
    FILE.write_text(text(Kind))
    PROVIDERS.write_text(names(Provider))
