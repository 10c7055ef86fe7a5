"""KMS."""

from __future__ import annotations

import json
from typing import Any

from ministack.core import iam_actions

from local.fidelity.correction import corrects


@corrects(iam_actions, "request_tag_context")
def provide_the_encryption_context_keys(
    original: Any, service: str, action: str, body: bytes, params: Any
) -> dict[str, Any]:
    """Policies may have conditions on `kms:EncryptionContext:<key>` and
    `kms:EncryptionContextKeys`. The emulator knows neither.

    https://docs.aws.amazon.com/kms/latest/developerguide/conditions-kms.html#conditions-kms-encryption-context
    """
    context: dict[str, Any] = original(service, action, body, params)
    given = json.loads(body or b"{}").get("EncryptionContext") if service == "kms" else None
    if not given:
        return context
    values = {f"kms:EncryptionContext:{key}": value for key, value in given.items()}
    return {**context, **values, "kms:EncryptionContextKeys": list(given)}
