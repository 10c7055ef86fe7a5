"""Our list of regions, held against AWS's."""

from __future__ import annotations

import boto3

from cavok.domain.regions import REGIONS


def test_the_regions_are_those_that_botocore_knows_of_the_aws_partition() -> None:
    """An update of botocore that brings a region fails here, so that customers can choose it."""
    assert set(boto3.Session().get_available_regions("ec2", "aws")) == REGIONS
