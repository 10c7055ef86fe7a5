"""Sealing secrets with KMS under an encryption context that names their owner.

KMS refuses to open a seal under any other context, and our functions' policies name the context
keys each may use: `accounts_api` may seal an access key but never open one; a probe may open a
test's session but no stored key. Source: AWS KMS Developer Guide, "Encryption context".
"""

import base64
import json
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from cavok.domain.errors import SealBroken

if TYPE_CHECKING:
    from mypy_boto3_kms import KMSClient

PLAINTEXT_LIMIT = 4096
"""Bytes that KMS Encrypt accepts. An access key has 60, a session about 1,500."""


def credentials_context(organization_id: str, account_id: str) -> dict[str, str]:
    """Context of a customer's stored access key."""
    return {"organization": organization_id, "account": account_id}


def session_context(organization_id: str, account_id: str, verification_id: str) -> dict[str, str]:
    """Context of the temporary credentials of one test."""
    return {"organization": organization_id, "account": account_id, "verification": verification_id}


def webhook_context(organization_id: str, webhook_id: str) -> dict[str, str]:
    """Context of the signing secret of a webhook."""
    return {"organization": organization_id, "webhook": webhook_id}


class Sealer:
    """Seals JSON objects into text and opens them again."""

    def __init__(self, kms: "KMSClient", key_id: str) -> None:
        self._kms = kms
        self._key_id = key_id

    def seal(self, secret: Mapping[str, Any], context: Mapping[str, str]) -> str:
        """Base64 text. ValueError if the secret is larger than KMS encrypts directly."""
        plaintext = json.dumps(secret, separators=(",", ":")).encode()
        if len(plaintext) > PLAINTEXT_LIMIT:
            raise ValueError(
                f"A secret of {len(plaintext)} bytes is more than KMS encrypts ({PLAINTEXT_LIMIT})."
            )
        sealed = self._kms.encrypt(
            KeyId=self._key_id, Plaintext=plaintext, EncryptionContext=context
        )
        return base64.b64encode(sealed["CiphertextBlob"]).decode()

    def open(self, sealed: str, context: Mapping[str, str]) -> dict[str, Any]:
        """The secret. Raises SealBroken if it was sealed under another context or key, or was
        tampered with.
        """
        try:
            opened = self._kms.decrypt(
                KeyId=self._key_id,
                CiphertextBlob=base64.b64decode(sealed),
                EncryptionContext=context,
            )
        except (
            self._kms.exceptions.InvalidCiphertextException,
            self._kms.exceptions.IncorrectKeyException,
        ):
            raise SealBroken("A sealed secret does not open under this context.") from None
        secret: dict[str, Any] = json.loads(opened["Plaintext"])
        return secret
