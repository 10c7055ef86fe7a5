"""Organizations: accounts, roots and organizational units, page by page."""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Callable
from typing import Any, NamedTuple

from ministack.services import organizations

from local.fidelity.correction import Response, replaces
from local.fidelity.organizations_accounts import Operation, refuse

Record = dict[str, Any]

_PAGE = 20
_PARENT = re.compile(r"r-[0-9a-z]{4,32}|ou-[0-9a-z]{4,32}-[a-z0-9]{8,32}")
_CHILD = re.compile(r"\d{12}|ou-[0-9a-z]{4,32}-[a-z0-9]{8,32}")


class _Refused(Exception):
    def __init__(self, code: str, message: str, **members: str) -> None:
        self.response = refuse(code, message, **members)


class _Listing(NamedTuple):
    """What an operation lists: under which name, what, and how each is shown."""

    name: str
    find: Callable[[Record], list[Record]]
    show: Callable[[Record], Record] = dict


class _Place(NamedTuple):
    """Where the next page begins, and whether an empty one comes before."""

    start: int = 0
    after_an_empty_page: bool = False


@replaces(organizations, "_DISPATCH")
def list_in_pages(operations: dict[str, Any]) -> dict[str, Any]:
    """A page has at most 20 results, or MaxResults. It may be empty although more follow: here, the
    second is. A parent or child that is absent, or none, is refused.

    The emulator answers everything at once, and nothing for a parent that is absent. It lacks
    ListCreateAccountStatus.
    https://docs.aws.amazon.com/organizations/latest/APIReference/API_ListAccounts.html
    https://docs.aws.amazon.com/organizations/latest/APIReference/API_ListAccountsForParent.html
    https://docs.aws.amazon.com/organizations/latest/APIReference/API_ListCreateAccountStatus.html
    https://docs.aws.amazon.com/organizations/latest/APIReference/API_ListParents.html
    """
    listings = {
        "ListAccounts": _Listing("Accounts", _accounts, _account),
        "ListAccountsForParent": _Listing("Accounts", _accounts_of, _account),
        "ListCreateAccountStatus": _Listing("CreateAccountStatuses", _requests),
        "ListOrganizationalUnitsForParent": _Listing("OrganizationalUnits", _units_of, _unit),
        "ListParents": _Listing("Parents", _parents_of),
        "ListRoots": _Listing("Roots", _roots),
    }
    return {**operations, **{name: _listing(name, each) for name, each in listings.items()}}


def _listing(operation: str, listing: _Listing) -> Operation:
    def answer(payload: Record) -> Response:
        organizations._ensure_org()
        try:
            return _page(operation, listing, payload)
        except _Refused as refused:
            return refused.response

    return answer


def _page(operation: str, listing: _Listing, payload: Record) -> Response:
    most = payload.get("MaxResults") or _PAGE
    if not 1 <= most <= _PAGE:
        raise _invalid("MAX_VALUE_EXCEEDED" if most > _PAGE else "MIN_VALUE_EXCEEDED")
    place = _place(operation, payload)
    found = listing.find(payload)
    if place.start == most and not place.after_an_empty_page:
        page, following = [], place._replace(after_an_empty_page=True)
    else:
        page, following = found[place.start : place.start + most], _Place(place.start + most)
    answer: Record = {listing.name: [listing.show(each) for each in page]}
    if following.start < len(found):
        token = json.dumps([operation, *following]).encode()
        answer["NextToken"] = base64.urlsafe_b64encode(token).decode()
    return organizations._json(200, answer)  # type: ignore[no-any-return]


def _place(operation: str, payload: Record) -> _Place:
    token = payload.get("NextToken")
    if token is None:
        return _Place()
    try:
        made_by, *place = json.loads(base64.urlsafe_b64decode(token))
    except ValueError:
        raise _invalid("INVALID_NEXT_TOKEN") from None
    if made_by != operation:
        raise _invalid("INVALID_NEXT_TOKEN")
    return _Place(*place)


def _invalid(reason: str) -> _Refused:
    return _Refused("InvalidInputException", "You specified an invalid value.", Reason=reason)


def _accounts(_payload: Record) -> list[Record]:
    return list(organizations._accounts.values())


def _requests(payload: Record) -> list[Record]:
    states = payload.get("States")
    every = organizations._create_statuses.values()
    return [each for each in every if not states or each["State"] in states]


def _accounts_of(payload: Record) -> list[Record]:
    parent = _parent(payload)
    return [each for each in organizations._accounts.values() if each["_ParentId"] == parent]


def _units_of(payload: Record) -> list[Record]:
    parent = _parent(payload)
    return [each for each in organizations._ous.values() if each["_ParentId"] == parent]


def _roots(_payload: Record) -> list[Record]:
    return list(organizations._roots.values())


def _parents_of(payload: Record) -> list[Record]:
    child = payload["ChildId"]
    if not _CHILD.fullmatch(child):
        raise _invalid("INVALID_PATTERN")
    found = organizations._ous.get(child) or organizations._accounts.get(child)
    if found is None:
        raise _Refused("ChildNotFoundException", "You specified a child that doesn't exist.")
    parent = found["_ParentId"]
    kind = "ROOT" if parent in organizations._roots else "ORGANIZATIONAL_UNIT"
    return [{"Id": parent, "Type": kind}]


def _parent(payload: Record) -> str:
    parent = str(payload["ParentId"])
    if not _PARENT.fullmatch(parent):
        raise _invalid("INVALID_PATTERN")
    if parent not in organizations._roots and parent not in organizations._ous:
        raise _Refused("ParentNotFoundException", "You specified parent that doesn't exist.")
    return parent


# By their names in the emulator, where other corrections change them.
def _account(record: Record) -> Record:
    return organizations._public_account(record)  # type: ignore[no-any-return]


def _unit(record: Record) -> Record:
    return organizations._public_ou(record)  # type: ignore[no-any-return]
