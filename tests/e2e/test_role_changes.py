"""EventBridge tells Cavok of a change of a customer's role, and nobody presses Test."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest

from local.customers import CustomerAccount, deploy, set_trust_condition
from tests.support.connections import TEST_SECONDS, connect
from tests.support.organizations import Organization
from tests.support.waiting import wait_for

pytestmark = pytest.mark.timeout(900)  # longer than its waits together
AGAIN_SECONDS = 180
"""A message that was not taken comes again after three minutes."""


def test_a_trust_policy_that_shuts_cavok_out_is_shown_with_when_and_by_whom(
    organization: Organization, new_place: Callable[[], CustomerAccount]
) -> None:
    connected = connect(organization.admin, new_place())
    place, offer = connected.place, connected.offer()
    deploy(place, replace(offer, parameters=offer.parameters | {"ReportChanges": "Yes"}))
    trails = place.client("cloudtrail")
    trails.create_trail(Name="all", S3BucketName="trail")
    trails.start_logging(Name="all")
    assert connected.test()["outcome"] == "confirmed"

    set_trust_condition({"StringEquals": {"sts:ExternalId": "another"}})(place, offer.role_name)

    shown = wait_for(
        connected.account,
        lambda account: account["status"] == "failed",
        what="the change was told",
        seconds=AGAIN_SECONDS + TEST_SECONDS,
    )
    (issue,) = shown["issues"]
    assert issue["code"] == "role_not_assumable"
    assert "CloudTrail says that the role's trust policy was changed on" in issue["message"]
    assert f"by arn:aws:iam::{place.account_number}:" in issue["message"]
