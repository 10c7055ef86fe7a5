"""The calls with which a test looks at a region: one of EC2 and one of RDS."""

import time
from collections.abc import Callable, Iterable
from typing import Any

from cavok.adapters.aws_errors import AWS_ERRORS, judge_error
from cavok.adapters.customer.session import CustomerSession
from cavok.domain.kinds import DescribedInstance, Kind
from cavok.domain.steps import ALLOWED, Judgement
from cavok.domain.survey import FoundInstances

PAGE = 100
"""Instances a call. Most regions of most accounts have fewer, and the answer stays small."""

MAX_PAGES = 10
PAGING_SECONDS = 6.0
"""No further page is read, so that a region with many instances does not hold up the others."""


def find_instances(
    session: CustomerSession,
    region: str,
    *,
    pages: int = MAX_PAGES,
    clock: Callable[[], float] = time.monotonic,
) -> tuple[Judgement, FoundInstances]:
    """EC2's answer in a region, and its instances in up to `pages` pages. A page that fails ends
    the search; the first decides what EC2 answers.
    """
    until = clock() + PAGING_SECONDS
    found: list[DescribedInstance] = []
    client = session.client("ec2", region)
    arguments: dict[str, Any] = {"MaxResults": PAGE}
    for number in range(pages):
        try:
            page = client.describe_instances(**arguments)
        except AWS_ERRORS as error:
            answer = ALLOWED if number else judge_error(error)
            return answer, _instances(found, answered=False)
        found += Kind.EC2.descriptor.read(page)
        if not page.get("NextToken"):
            return ALLOWED, _instances(found, complete=True)
        arguments["NextToken"] = page["NextToken"]
        if clock() > until:
            break
    return ALLOWED, _instances(found)


def _instances(
    described: Iterable[DescribedInstance], *, complete: bool = False, answered: bool = True
) -> FoundInstances:
    present = [each for each in described if each.state not in Kind.EC2.descriptor.hidden]
    return FoundInstances(
        ids=tuple(each.instance_id for each in present),
        spot=frozenset(each.instance_id for each in present if each.spot),
        complete=complete,
        answered=answered,
    )


def find_databases(session: CustomerSession, region: str) -> tuple[Judgement, bool]:
    """RDS's answer in a region, and whether it has a database."""
    try:
        page = session.client("rds", region).describe_db_instances(MaxRecords=20)
    except AWS_ERRORS as error:
        return judge_error(error), False
    return ALLOWED, bool(page["DBInstances"])
