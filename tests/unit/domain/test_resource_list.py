"""Which resources a list has, and how it is named."""

from __future__ import annotations

from itertools import product

from cavok.domain.kinds import Action, Kind
from cavok.domain.resource_list import ResourceSelection
from tests.support.builders import ACCOUNT_ID

PLACE = (ACCOUNT_ID, "ec2", "us-east-1")


def test_each_filter_must_fit() -> None:
    assert ResourceSelection().has(*PLACE)
    assert ResourceSelection(account_id=ACCOUNT_ID, kind=Kind.EC2, region="us-east-1").has(*PLACE)
    assert not ResourceSelection(account_id="other").has(*PLACE)
    assert not ResourceSelection(kind=Kind.RDS).has(*PLACE)
    assert not ResourceSelection(region="us-east-2").has(*PLACE)
    assert not ResourceSelection(kind=Kind.EC2, region="").has(*PLACE)


def test_no_account_has_what_is_no_id() -> None:
    assert ResourceSelection(account_id="x").is_empty
    assert ResourceSelection(account_id="").is_empty
    assert not ResourceSelection(account_id=ACCOUNT_ID).is_empty
    assert not ResourceSelection().is_empty


def test_no_two_lists_have_one_name() -> None:
    """Of those that may have a cursor: an account's id has no slash."""
    selections = [
        ResourceSelection(account_id=account_id, kind=kind, region=region, action=action)
        for account_id, kind, region, action in product(
            (None, ACCOUNT_ID),
            (None, Kind.EC2, Kind.RDS),
            (None, "ec2", "stop", "ec2/stop", "/"),
            (None, Action.START, Action.STOP),
        )
    ]

    assert len({each.scope("o") for each in selections}) == len(selections)
