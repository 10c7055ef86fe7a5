"""Which request bodies are read at all. Others would crash the parser, or cost time for nothing."""

import base64
import binascii
import json
from collections.abc import Mapping
from typing import Any

MAX_BYTES = 64 * 1024
LARGER = {"/v1/accounts/import": 512 * 1024}
"""Where a body may be longer: of 500 accounts, each with twenty regions, it has 450 kB."""
MAX_DEPTH = 32
_TOO_DEEP = f"The body nests lists or objects more than {MAX_DEPTH} deep."
_LONGEST_INTEGER = 20
"""Characters of the longest integer of 64 bits, with its sign. Longer ones are not even read."""


def why_unusable(event: Mapping[str, Any]) -> str | None:
    """What is wrong with a request's body; null if there is none, or it can be read."""
    try:
        _read(event)
    except _Unusable as error:
        return str(error)
    except UnicodeError:
        return "The body is not text in UTF-8."
    except RecursionError:
        return _TOO_DEEP
    except (json.JSONDecodeError, binascii.Error):
        return "The body is not valid JSON."
    return None


class _Unusable(Exception):
    """JSON that no route accepts."""


def _read(event: Mapping[str, Any]) -> None:
    body = event.get("body") or ""
    text = base64.b64decode(body).decode() if event.get("isBase64Encoded") else body
    most = LARGER.get(event.get("rawPath", "").rstrip("/"), MAX_BYTES)
    if len(text.encode()) > most:
        raise _Unusable(f"The body is longer than {most // 1024} kB.")
    if not text:
        return
    value = _parsed(text)
    if _deeper(value, MAX_DEPTH):
        raise _Unusable(_TOO_DEEP)
    # JSON can escape half of a character, which no text in UTF-8 has (RFC 8259, 8.2).
    json.dumps(value, ensure_ascii=False).encode()


def _parsed(text: str) -> Any:
    return json.loads(text, parse_int=_integer, parse_constant=_not_json)


def _not_json(constant: str) -> None:
    """Python reads `NaN` and `Infinity` too, which JSON does not have (RFC 8259, 6)."""
    raise _Unusable(f"The body is not valid JSON: it has {constant}.")


def _integer(digits: str) -> int:
    if len(digits) > _LONGEST_INTEGER or not -(2**63) <= int(digits) < 2**63:
        raise _Unusable("The body has an integer of more than 64 bits.")
    return int(digits)


def _deeper(value: Any, levels: int) -> bool:
    if not isinstance(value, dict | list):
        return False
    inside = value.values() if isinstance(value, dict) else value
    return levels == 0 or any(_deeper(each, levels - 1) for each in inside)
