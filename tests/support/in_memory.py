"""What entering an account needs, in memory: one account of one organization, and a seal."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from cavok.domain.accounts import Account
from cavok.domain.errors import AccountNotFound, SealBroken
from cavok.domain.organizations import Organization
from tests.support.builders import EXTERNAL_ID, ORGANIZATION_ID, a_slot

OUR_ROLE = "arn:aws:iam::111122223333:role/CavokCanary/cavok"


class Sealer:
    """Seals that hide nothing but know their context."""

    def seal(self, secret: Mapping[str, Any], context: Mapping[str, str]) -> str:
        return json.dumps([dict(secret), dict(context)])

    def open(self, sealed: str, context: Mapping[str, str]) -> Any:
        secret, sealed_for = json.loads(sealed)
        if sealed_for != context:
            raise SealBroken
        return secret


SEALER = Sealer()


@dataclass
class Accounts:
    """One account of one organization. The test of the builders holds its slot if no other does."""

    account: Account | None
    sealed: str | None = None
    known: Organization | None = field(
        default_factory=lambda: Organization(ORGANIZATION_ID, EXTERNAL_ID, {})
    )

    def get(self, *_: str) -> Account:
        if self.account is None:
            raise AccountNotFound
        return replace(self.account, slot=self.account.slot or a_slot())

    def sealed_credentials(self, _: Account) -> str | None:
        return self.sealed


@dataclass
class Organizations:
    """One organization, or none."""

    known: Organization | None

    def get(self, _: str) -> Organization | None:
        return self.known
