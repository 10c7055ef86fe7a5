"""Enumerations whose members have descriptors."""

from enum import StrEnum
from typing import Any, Self


class DescribedEnum(StrEnum):
    """A member is the name in its descriptor, and has the rest in `descriptor`."""

    descriptor: Any

    def __new__(cls, descriptor: Any) -> Self:
        """Takes a descriptor. Typed Any because mypy checks `Kind("ec2")` against this."""
        member = str.__new__(cls, descriptor.name)
        member._value_ = descriptor.name
        member.descriptor = descriptor
        return member
