"""How many calls it takes, one after the other, to find ten thousand accounts by each filter. A
person waits for them, and SELECTING_SECONDS bounds that.
"""

from __future__ import annotations

from bisect import bisect_right
from functools import cache
from typing import Any

import pytest

from cavok.adapters.table import keys
from cavok.adapters.table.account_list import AccountList
from cavok.adapters.table.accounts import AccountItem, Accounts
from cavok.adapters.table.members import MemberItem
from cavok.adapters.table.table import Item, Table
from cavok.domain.account_list import Selection
from cavok.domain.accounts import AccessType, Issue, Status
from cavok.domain.deadlines import SELECTING_SECONDS
from cavok.domain.members import Member, Place, Standing
from tests.support.builders import ORGANIZATION_ID, an_account
from tests.support.enrollments import ENROLLMENT_ID

MANY = 10_000
SECONDS_OF_A_CALL = 0.015
"""Above what tests/bench measures of a query, and of a batch of a hundred accounts."""

UNIT = "ou-ab12-11111111"
ISSUE = Issue("role_not_assumable", "It is refused.", "Deploy it.")
OTHER_STATUSES = {
    keys.status_pk(ORGANIZATION_ID, each) for each in Status if each is not Status.FAILED
}
FILTERS = {
    "all": Selection(),
    "word": Selection(q="house"),
    "number": Selection(q="1"),
    "status": Selection(status=Status.FAILED),
    "problems": Selection(has_problems=True),
    "access type": Selection(access_type=AccessType.ASSUME_ROLE),
    "version": Selection(template_version=1),
    "version and status": Selection(template_version=1, status=Status.FAILED),
    "enrollment": Selection(enrollment_id=ENROLLMENT_ID),
    "unit": Selection(unit_id=UNIT),
    "unit and problems": Selection(unit_id=UNIT, has_problems=True, q="house"),
}


@cache
def stored() -> tuple[dict[str, Any], dict[str, Any]]:
    """An account that each filter selects, and its member."""
    account = an_account(
        status=Status.FAILED, issues=(ISSUE,), template_version=1, enrollment_id=ENROLLMENT_ID
    )
    member = Member(
        organization_id=ORGANIZATION_ID,
        enrollment_id=ENROLLMENT_ID,
        account_number=account.account_number,
        name=account.name,
        place=Place(("r-ab12", UNIT), "…"),
        standing=Standing.INCLUDED,
        account_id=account.account_id,
    )
    return AccountItem.of(account).serialize(), MemberItem.of(member).serialize()


class Connection:
    """DynamoDB with many accounts, which are all as one. It counts its calls."""

    names = tuple(f"house{place:05}" for place in range(MANY))

    def __init__(self) -> None:
        self.calls = 0

    def query(
        self, _: str, hash_key: str, *__: Any, exclusive_start_key: Any, limit: int, **___: Any
    ) -> dict[str, Any]:
        self.calls += 1
        if hash_key in OTHER_STATUSES:
            return {"Items": []}
        after = exclusive_start_key["name_key"]["S"] if exclusive_start_key else ""
        start = bisect_right(self.names, after)
        found = [
            {"name_key": {"S": name}, "sk": {"S": keys.account_sk(name)}}
            for name in self.names[start : start + limit]
        ]
        more = start + limit < MANY
        return {"Items": found, "LastEvaluatedKey": found[-1] if more else None}

    def batch_get_item(
        self, table: str, batch: list[Any], *, attributes_to_get: list[str], **_: Any
    ) -> dict[str, Any]:
        self.calls += 1
        account, member = stored()
        found = []
        for key in batch:
            sk = key["sk"]["S"]
            of_account = sk.startswith(keys.ACCOUNT)
            item = (account if of_account else member) | {"sk": {"S": sk}}
            if of_account:
                item["name"] = {"S": f"House{sk[-5:]}"}
            found.append({name: item[name] for name in attributes_to_get if name in item})
        return {"Responses": {table: found}}


@pytest.mark.parametrize("selection", FILTERS.values(), ids=FILTERS)
def test_many_accounts_are_found_long_before_their_time_is_over(
    selection: Selection, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Item.Meta, "table_name", "cavok", raising=False)
    table = Table.__new__(Table)
    table.connection = connection = Connection()  # type: ignore[assignment]
    # An enrollment that was not read yet has no totals.
    monkeypatch.setattr(table, "get", lambda *_: None)
    account_list = AccountList(table, Accounts(table))

    found = [each for ids in account_list.ids(ORGANIZATION_ID, selection) for each in ids]

    assert len(found) == MANY
    assert connection.calls * SECONDS_OF_A_CALL < SELECTING_SECONDS * 2 / 3
