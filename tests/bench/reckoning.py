"""What a measured time is on AWS: with the share of a processor that a function's memory gives."""

from __future__ import annotations

from tests.bench.measure import Sample

WHOLE_PROCESSOR = 1769
"""MB of memory with which a function has one whole processor; with less, it has a share of one.
Source: Lambda Developer Guide, "Configure Lambda function memory".
"""


def share_of_a_processor(memory: int) -> float:
    """Of one processor, by memory in MB. May be more than one."""
    return memory / WHOLE_PROCESSOR


def with_a_share(took: Sample, share: float) -> Sample:
    """The time with this share of a processor, from one that was measured with a whole one: each
    second of work takes longer, each second of waiting does not.

    That is right where one thing follows another. SweepAccounts works for one account while it
    waits for others, so its time comes out too long.
    """
    waits = took.cpu * (1 / min(share, 1) - 1)
    return Sample(took.wall + waits, took.cpu)
