from tests.support.fake_aws import aws

__all__ = ["aws"]
