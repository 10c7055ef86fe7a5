"""How a correction is declared: as the replacement of one function or value of the emulator."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any, TypeVar

Response = tuple[int, dict[str, str], bytes]
"""What the emulator's services answer: HTTP status, headers, body."""

Declared = TypeVar("Declared", bound=Callable[..., Any])

_registered: list[tuple[Any, str, Callable[[Any], Any]]] = []


class GapMoved(Exception):
    """The emulator no longer has the function or text that a correction replaces.

    A correction that silently stops applying would let a test pass that AWS fails.
    """


def corrects(owner: Any, name: str) -> Callable[[Declared], Declared]:
    """Declares the decorated function to be called in place of `owner.name`, a function.

    It receives the original as its first argument, then the arguments of the call.
    """

    def declare(correction: Declared) -> Declared:
        def wrap(original: Any) -> Any:
            @functools.wraps(original)
            def corrected(*args: Any, **kwargs: Any) -> Any:
                return correction(original, *args, **kwargs)

            return corrected

        _registered.append((owner, name, wrap))
        return correction

    return declare


def replaces(owner: Any, name: str) -> Callable[[Declared], Declared]:
    """Declares that the decorated function makes the new value of `owner.name` from the present
    one.
    """

    def declare(correction: Declared) -> Declared:
        _registered.append((owner, name, correction))
        return correction

    return declare


def apply_registered() -> None:
    """Apply every declared correction. Raises GapMoved if the emulator lacks what one replaces."""
    for owner, name, corrected in _registered:
        if not hasattr(owner, name):
            raise GapMoved(
                f"{owner.__name__}.{name} is gone: local/fidelity fits ministack 1.5.33 only"
            )
        setattr(owner, name, corrected(getattr(owner, name)))
