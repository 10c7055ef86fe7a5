"""Listing the members of an enrollment."""

from collections.abc import Iterator

from cavok.adapters.table.accounts import Accounts
from cavok.adapters.table.members import Members
from cavok.adapters.table.table import BATCH
from cavok.domain.enrollments import Enrollment
from cavok.domain.member_states import MemberState
from cavok.domain.members import Member, MemberShown
from cavok.domain.pages import Page, Position

MOST_READ = 5 * BATCH
"""Members that are read for one page of a filtered list, which may show few or none of them."""


def members_page(
    enrollment: Enrollment,
    *,
    state: MemberState | None,
    unit_id: str | None,
    limit: int,
    after: Position | None,
    members: Members,
    accounts: Accounts,
) -> Page[MemberShown]:
    """Members by account number. A page may end before `limit`, or be empty, if it has read
    MOST_READ for a filter.
    """
    found: list[MemberShown] = []
    last, read = after.key if after else "", 0
    for batch in _batches(enrollment, last, limit, members, filtered=bool(state or unit_id)):
        for shown in _shown(batch, accounts):
            matching = state in (None, shown.state) and (
                unit_id is None or shown.member.place.under([unit_id])
            )
            if matching and len(found) == limit:
                return Page(found, _position(last))
            if matching:
                found.append(shown)
            last = shown.member.account_number
        read += len(batch)
        if read >= MOST_READ:
            return Page(found, _position(last))
    return Page(found, None)


def _batches(
    enrollment: Enrollment, last: str, limit: int, members: Members, *, filtered: bool
) -> Iterator[list[Member]]:
    size = BATCH if filtered else limit + 1
    while True:
        page = members.after(enrollment.organization_id, enrollment.enrollment_id, last, size)
        if page:
            yield page
        if len(page) < size:
            return
        last = page[-1].account_number


def _shown(page: list[Member], accounts: Accounts) -> list[MemberShown]:
    if not page:
        return []
    ids = [member.account_id for member in page if member.account_id]
    listed = accounts.read(page[0].organization_id, ids)
    found = {account.account_id: account for account in listed}
    return [MemberShown.of(member, found.get(member.account_id or "")) for member in page]


def _position(account_number: str) -> Position:
    return Position("member", account_number)
