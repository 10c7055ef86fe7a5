"""Many accounts of an organization, and what a list shows of them."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from cavok.adapters.table.accounts import AccountItem, ClaimItem
from cavok.adapters.table.keys import claim_sk, organization_pk
from cavok.domain.accounts import Account


def store(accounts: Iterable[Account]) -> None:
    """Many accounts at once, past the transactions that moto takes long for."""
    with AccountItem.batch_write() as batch, ClaimItem.batch_write() as claims:
        for account in accounts:
            pk = organization_pk(account.organization_id)
            sk = claim_sk(account.provider, account.account_number)
            batch.save(AccountItem.of(account))
            claims.save(ClaimItem(pk, sk, account_id=account.account_id))


def names(pages: list[list[dict[str, Any]]]) -> list[str]:
    """The names on the pages of a list."""
    return [account["name"] for page in pages for account in page]
