"""The body of an account's access key."""

from typing import Annotated

from pydantic import AfterValidator, Field, SecretStr, StrictStr

from cavok.api.models.common import Matching, RequestBodyWithoutNulls
from cavok.services.accounts import AccessKey


def _long_term_key(value: str) -> str:
    if value.startswith("ASIA"):
        raise ValueError(
            "This is a temporary key. Enter the access key of an IAM user; it starts with AKIA."
        )
    return value


AccessKeyId = Annotated[
    StrictStr,
    Matching(
        r"[A-Za-z0-9_]{16,128}",
        "An access key ID is 16 to 128 letters and digits; it starts with AKIA.",
    ),
    AfterValidator(_long_term_key),
]


def _signable(value: SecretStr) -> SecretStr:
    if not (value.get_secret_value().isascii() and value.get_secret_value().isprintable()):
        raise ValueError("A secret access key is letters, digits, / and +.")
    return value


SecretKey = Annotated[SecretStr, Field(min_length=1, max_length=128), AfterValidator(_signable)]


class CredentialsBody(RequestBodyWithoutNulls):
    """An access key of an IAM user. It is stored encrypted, and no answer ever shows it."""

    access_key_id: AccessKeyId
    secret_access_key: SecretKey

    def access_key(self) -> AccessKey:
        """The key in plaintext, to be sealed at once."""
        return AccessKey(self.access_key_id, self.secret_access_key.get_secret_value())
