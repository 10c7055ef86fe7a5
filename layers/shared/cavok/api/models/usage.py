"""The bodies of usage: the interactions that count in a month."""

from cavok.api.models.common import ResponseBody, Timestamp


class MonthBody(ResponseBody):
    """The interactions of a calendar month, UTC."""

    period: str
    used: int
    complete: bool


class MonthList(ResponseBody):
    """The last twelve calendar months, UTC, oldest first; the last is the current one."""

    items: list[MonthBody]


class UsageBody(ResponseBody):
    """The account's interactions of this calendar month, UTC. Those above the free ones are
    billable; nothing is blocked. `months` has the last twelve, oldest first.
    """

    period: str
    free_interactions: int
    used: int
    remaining: int
    billable: int
    resets_at: Timestamp
    months: list[MonthBody]


class AccountUsageBody(ResponseBody):
    """One account's interactions. `name` is null if the account has been deleted."""

    account_id: str
    name: str | None
    used: int
    remaining: int
    billable: int


class OrganizationUsageBody(ResponseBody):
    """The interactions of this calendar month, UTC, by account. Each account has its own free
    interactions. Those above them are billable; nothing is blocked.
    """

    period: str
    resets_at: Timestamp
    free_interactions: int
    items: list[AccountUsageBody]
    next_cursor: str | None
