"""Instances of which Cavok cannot read AWS's description: others are used all the same."""

from __future__ import annotations

import pytest

from cavok.adapters.customer.instances import InstanceClient
from cavok.domain.errors import CallFailed, NotReadable
from cavok.domain.instances import Unavailable
from cavok.domain.kinds import Kind
from cavok.services.query_instances import why_unavailable
from tests.support.fake_aws import Aws, a_session
from tests.support.listing import list_with

US = "us-east-1"
ORDERS = {
    "DBInstanceIdentifier": "orders",
    "DBInstanceStatus": "available",
    "DBInstanceClass": "db.t4g.small",
}
ODD = {"DBInstanceIdentifier": "odd", "DBInstanceStatus": "creating"}


def test_a_listing_shows_the_others_and_says_that_some_are_missing(aws: Aws) -> None:
    aws.answers["DescribeDBInstances"] = {"DBInstances": [ODD, ORDERS, {}]}

    listing, interaction = list_with(a_session())

    assert [instance.instance_id for instance in listing.items] == ["orders"]
    said = (
        "Of the RDS instances in AWS's answer, 2 cannot be read "
        "(no DBInstanceClass, no DBInstanceIdentifier)."
    )
    assert listing.unavailable == [Unavailable(US, Kind.RDS, said, NotReadable)]
    assert interaction.detail == "1 instance; 1 could not be listed."


def test_looking_for_an_instance_that_cannot_be_read_fails(aws: Aws) -> None:
    """It may exist in any state, and a tag may exclude it."""
    aws.answers["DescribeDBInstances"] = {"DBInstances": [ODD]}

    with pytest.raises(CallFailed) as failed:
        InstanceClient(a_session(), Kind.RDS, US).find("odd")

    assert why_unavailable(failed.value.judgement) is NotReadable
    assert not failed.value.judgement.passing
