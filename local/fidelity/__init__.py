"""Corrections of the embedded AWS: each makes it answer as AWS does where this system would notice.

The emulator is ministack 1.5.33 (`requirements/emulator.in`). One module per AWS service or part of
one, one function per correction; its docstring says what AWS does, with the source, and what the
emulator does instead. `docs/aws-fidelity.md` lists them beside what only a real account can prove.

Only the standard library and ministack may be imported here, as in `local.emulator`.
"""

from __future__ import annotations

import importlib
import pkgutil

from local.fidelity import correction


def apply_all() -> None:
    """Apply the corrections of every module here. Call once, before the first request is served.

    Modules are found by looking, because a forgotten one would let tests pass that AWS fails.
    Raises GapMoved.
    """
    for module in pkgutil.iter_modules(__path__):
        importlib.import_module(f"{__name__}.{module.name}")
    correction.apply_registered()
