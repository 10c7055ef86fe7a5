"""The calls with which a test looks at a region: one per service."""

import time
from collections.abc import Callable, Sequence
from contextlib import nullcontext

from cavok.adapters.aws_errors import AWS_ERRORS, judge_error
from cavok.adapters.customer.described import read_answer
from cavok.adapters.customer.session import CustomerSession, paginator_of
from cavok.domain.deadlines import (
    HUNDRED_INSTANCES_SECONDS,
    NO_DEADLINE,
    Deadline,
    ProcessorTime,
)
from cavok.domain.errors import OutOfTime
from cavok.domain.kinds import DescribedPage, Kind
from cavok.domain.steps import ALLOWED, Judgement, out_of_time
from cavok.domain.survey import ASKED_ABOUT, FoundInstances

PAGE = 100
"""Instances a call. Most regions of most accounts have fewer, and the answer stays small."""

SMALL_PAGE = 20
"""Instances in the only call for a kind that no test asks about. RDS accepts no less."""

MAX_PAGES = 10
PAGING_SECONDS = 6.0
"""No further page is read, so that a region with many instances does not hold up the others."""

_TOKENS = ("NextToken", "Marker")
"""AWS's names for the start of the next page. A page without one is the last."""


def find_instances(
    session: CustomerSession,
    region: str,
    kind: Kind,
    *,
    pages: int = MAX_PAGES,
    clock: Callable[[], float] = time.monotonic,
    deadline: Deadline = NO_DEADLINE,
    share: ProcessorTime | None = None,
) -> tuple[Judgement, FoundInstances]:
    """What the kind's service answers in a region, and its instances in up to `pages` pages; in one
    small page if no test asks about the kind. A page that fails ends the search; the first decides
    what the service answers. With an entry that cannot be read, these are not all.

    No further page is read after the deadline, or without enough of the `share` of processor time.
    Without, a first page is no answer, because the verdicts would be those of fewer instances.
    """
    until = clock() + min(PAGING_SECONDS, deadline.left)
    size, pages = (PAGE, pages) if kind is ASKED_ABOUT else (SMALL_PAGE, 1)
    share, a_page = share if kind is ASKED_ABOUT else None, HUNDRED_INSTANCES_SECONDS
    found: list[DescribedPage] = []
    client = session.client(kind.descriptor.service, region)
    paginator = paginator_of(client, kind.descriptor.describe)
    answers = iter(paginator.paginate(PaginationConfig={"PageSize": size}))
    for number in range(pages):
        try:
            with share.spent(a_page, waiting=until - clock()) if share else nullcontext():
                page = next(answers)
        except OutOfTime as error:
            answer = ALLOWED if number else out_of_time(str(error))
            return answer, _instances(kind, found, answered=number > 0)
        except AWS_ERRORS as error:
            answer = ALLOWED if number else judge_error(error)
            return answer, _instances(kind, found, answered=False)
        found.append(read_answer(kind, page, account_number=session.account_number, region=region))
        if not any(page.get(token) for token in _TOKENS):
            return ALLOWED, _instances(kind, found, complete=True)
        if clock() > until or not deadline.left:
            break
    return ALLOWED, _instances(kind, found)


def _instances(
    kind: Kind,
    pages: Sequence[DescribedPage],
    *,
    complete: bool = False,
    answered: bool = True,
) -> FoundInstances:
    # Not `lists`: a member shows that there is a cluster, and no call here lists clusters.
    present = [
        each
        for page in pages
        for each in page.instances
        if each.state not in kind.descriptor.hidden
    ]
    has_unreadable = any(page.unreadable for page in pages)
    return FoundInstances(
        ids=tuple(each.instance_id for each in present),
        spot=frozenset(each.instance_id for each in present if each.spot),
        complete=complete and not has_unreadable,
        answered=answered,
        has_unreadable=has_unreadable,
    )
