"""The codes of an authenticator app: RFC 6238 with the defaults that all apps have."""

from __future__ import annotations

import base64
import hashlib
import hmac
import time


def code(key: str, *, steps: int = 0) -> str:
    """The six digits of a base32 key, now or some steps of 30 seconds later."""
    secret = base64.b32decode(key + "=" * (-len(key) % 8))
    counter = int(time.time()) // 30 + steps
    digest = hmac.new(secret, counter.to_bytes(8, "big"), hashlib.sha1).digest()
    offset = digest[-1] & 0x0F
    return f"{(int.from_bytes(digest[offset : offset + 4], 'big') & 0x7FFFFFFF) % 10**6:06d}"
