"""What a request's Idempotency-Key stands for."""

import hashlib
import json
from typing import Any

from pydantic import BaseModel

from cavok.domain.idempotency import IdempotencyKey


def request_key(header: str | None, body: BaseModel) -> IdempotencyKey | None:
    """The key with a hash of the body; null without a key. Secrets are masked before the hash is
    taken, so requests that differ only in a secret are the same.
    """
    return key_of(header, body.model_dump(mode="json", exclude_unset=True))


def key_of(header: str | None, body: Any) -> IdempotencyKey | None:
    """The same of a body as JSON types, without secrets."""
    if header is None:
        return None
    text = json.dumps(body, sort_keys=True)
    return IdempotencyKey(header, hashlib.sha256(text.encode()).hexdigest())
