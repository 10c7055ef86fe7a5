"""The calls with which a test looks at a region: one per service."""

import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, nullcontext
from typing import Any

from cavok.adapters.aws_errors import AWS_ERRORS, judge_error
from cavok.adapters.customer.described import read_answer
from cavok.adapters.customer.session import CustomerSession, paginator_of
from cavok.domain.deadlines import (
    HUNDRED_INSTANCES_SECONDS,
    NO_DEADLINE,
    Deadline,
    ProcessorTime,
)
from cavok.domain.kinds import DescribedPage, Kind
from cavok.domain.steps import ALLOWED, Judgement
from cavok.domain.survey import ASKED_ABOUT, FoundInstances

PAGE = 100
"""Instances a call. Most regions of most accounts have fewer, and the answer stays small."""

FEWEST = 5
"""Instances in a first page for which too little processor time is left. EC2 accepts no less."""

SMALL_PAGE = 20
"""Instances in the only call for a kind that no test asks about. RDS accepts no less."""

MAX_PAGES = 10
PAGING_SECONDS = 6.0
WAITING_SECONDS = 2.0
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
    Without, the first page is short: it says what the service answers.
    """
    until = clock() + PAGING_SECONDS
    size, pages = (PAGE, pages) if kind is ASKED_ABOUT else (SMALL_PAGE, 1)
    share = share if kind is ASKED_ABOUT else None
    found: list[DescribedPage] = []
    client = session.client(kind.descriptor.service, region)
    paginator = paginator_of(client, kind.descriptor.describe)
    answers: Iterator[Any] | None = None
    for number in range(pages):
        try:
            with _page_of(share) as enough:
                if number and not enough:
                    break
                answers = answers or iter(
                    paginator.paginate(PaginationConfig={"PageSize": size if enough else FEWEST})
                )
                page = next(answers)
        except AWS_ERRORS as error:
            answer = ALLOWED if number else judge_error(error)
            return answer, _instances(kind, found, answered=False)
        found.append(read_answer(kind, page, account_number=session.account_number, region=region))
        if not any(page.get(token) for token in _TOKENS):
            return ALLOWED, _instances(kind, found, complete=True)
        if clock() > until or not deadline.left:
            break
    return ALLOWED, _instances(kind, found)


def _page_of(share: ProcessorTime | None) -> AbstractContextManager[bool]:
    """For reading a page. Yields whether the share has time for it."""
    if share is None:
        return nullcontext(enter_result=True)
    return share.counted(HUNDRED_INSTANCES_SECONDS, waiting=WAITING_SECONDS)


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
