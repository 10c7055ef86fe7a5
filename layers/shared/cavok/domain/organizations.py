"""An organization: the tenant, and the external ID with which its roles are entered."""

import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Self

from cavok.domain.accounts import Status


@dataclass(frozen=True, slots=True)
class Organization:
    """`external_id` is made here, random, and never changes by itself; `counts` are its accounts by
    status.
    """

    organization_id: str
    external_id: str
    counts: Mapping[Status, int]

    @classmethod
    def new(cls, organization_id: str) -> Self:
        """An organization nobody has used yet, with an external ID of 192 random bits."""
        return cls(organization_id, f"cavok-{secrets.token_urlsafe(24)}", dict.fromkeys(Status, 0))
