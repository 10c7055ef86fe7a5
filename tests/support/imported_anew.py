"""`cavok`, imported anew for one test, with one module of it changed."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from types import ModuleType

from local.settings import ROOT


def _forget() -> dict[str, ModuleType]:
    names = [name for name in sys.modules if name.partition(".")[0] == "cavok"]
    return {name: sys.modules.pop(name) for name in names}


@contextmanager
def imported_anew(name: str, *, before: str = "", added: str) -> Iterator[None]:
    """Replaces `cavok` in `sys.modules`. The module has `added` at its end, or before a line that
    begins so.
    """
    real = _forget()
    try:
        path = ROOT / "layers/shared" / f"{name.replace('.', '/')}.py"
        text = path.read_text()
        assert text.count(f"\n{before}") == 1 or not before, before
        text = text.replace(f"\n{before}", f"\n{added}\n{before}") if before else text + added
        module = ModuleType(name)
        sys.modules[name] = module
        exec(compile(text, path, "exec"), module.__dict__)
        yield
    finally:
        _forget()
        sys.modules.update(real)
