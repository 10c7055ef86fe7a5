"""The bodies of problems that accounts share."""

from typing import Self

from cavok.api.models.accounts import FixBody
from cavok.api.models.common import ResponseBody
from cavok.domain.shared_problems import SharedProblem


class SharedFixBody(FixBody):
    """A remedy to copy for each of the accounts. A part is null if it differs between them."""


class AffectedAccountBody(ResponseBody):
    """An account that has the problem."""

    account_id: str
    name: str
    provider_id: str


class SharedProblemBody(ResponseBody):
    """One cause with one remedy, and the accounts that have it."""

    cause: str
    code: str
    message: str
    remedy: str
    fix: SharedFixBody | None
    differing: list[str]
    accounts: list[AffectedAccountBody]

    @classmethod
    def of_problem(cls, problem: SharedProblem) -> Self:
        """As it is shown."""
        accounts = [
            AffectedAccountBody.of(account, provider_id=account.account_number)
            for account in problem.accounts
        ]
        return cls.of(problem, accounts=accounts)


class SharedProblemPage(ResponseBody):
    """The problems of the accounts at which this answer looks."""

    accounts_read: int
    items: list[SharedProblemBody]
    next_cursor: str | None
