"""Reading what AWS says about instances. An entry that cannot be read hides no other."""

from collections.abc import Mapping
from typing import Any

from cavok.domain.kinds import DescribedPage, Kind
from cavok.observability import count, logger


def read_answer(
    kind: Kind, page: Mapping[str, Any], *, account_number: str, region: str
) -> DescribedPage:
    """The instances in one page of a Describe answer. Entries that cannot be read are logged, and
    counted in the metric `UnreadableInstances`.
    """
    described = kind.descriptor.read_page(page)
    if unreadable := described.unreadable:
        count("UnreadableInstances", len(unreadable))
        why = sorted(set(unreadable))
        logger.warning(
            "Instances not readable",
            account_number=account_number,
            kind=kind.value,
            region=region,
            why=why,
        )
    return described
