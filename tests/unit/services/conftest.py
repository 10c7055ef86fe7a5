from tests.unit.adapters.aws import aws

__all__ = ["aws"]
