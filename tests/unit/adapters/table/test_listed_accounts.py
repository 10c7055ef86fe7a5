"""A list reads less of an account than a request for one does, and shows the same."""

from __future__ import annotations

from dataclasses import fields, replace
from datetime import UTC, timedelta
from unittest.mock import Mock

import pytest
from hypothesis import given
from pynamodb.attributes import UTCDateTimeAttribute

from cavok.adapters.table import table
from cavok.adapters.table.accounts import LISTED, AccountItem, listed
from cavok.adapters.table.table import Row
from cavok.domain.accounts import Account, ListedAccount
from tests.support.builders import NOW, an_account
from tests.support.generated_accounts import accounts


@given(accounts())
def test_a_list_reads_of_an_account_what_reading_it_whole_does(account: Account) -> None:
    # PynamoDB counts what is written.
    stored = AccountItem.of(account).serialize() | {"version": {"N": "1"}}
    names = {getattr(AccountItem, name).attr_name for name in LISTED}

    shown = listed(Row(AccountItem, {name: stored[name] for name in names & set(stored)}))

    whole = AccountItem.from_raw_data(stored).account()
    if last := whole.verification:
        whole = replace(whole, verification=replace(last, unchanged=0, found=None))
    for each in fields(ListedAccount):
        assert getattr(shown, each.name) == getattr(whole, each.name), each.name
    assert shown.updated_at.tzinfo is whole.updated_at.tzinfo is UTC
    now = NOW - timedelta(days=1)
    assert (shown.role_arn, shown.testing(now)) == (whole.role_arn, whole.testing(now))


def test_a_list_reads_times_without_pynamodb(monkeypatch: pytest.MonkeyPatch) -> None:
    """Which takes ten times as long, four times an account."""
    stored = AccountItem.of(an_account(next_verification_at=NOW)).serialize()
    monkeypatch.setattr(UTCDateTimeAttribute, "deserialize", Mock(side_effect=AssertionError))
    table._readers.cache_clear()

    assert Row(AccountItem, stored).next_verification_at == NOW


def test_a_list_reads_nothing_that_it_does_not_show() -> None:
    unread = set(AccountItem.get_attributes()) - LISTED

    tests_own = {"last_unchanged", "last_found"}
    assert {"proven", "touched_at", "attempts", "connection_revision"} | tests_own <= unread
