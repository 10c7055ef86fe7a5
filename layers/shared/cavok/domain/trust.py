"""A role's trust between tests: how long a proof of it holds, and what an open role means."""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from cavok.domain.accounts import CONNECTED, UNKNOWN_CAPABILITIES, Account, Status
from cavok.domain.issues import confused_deputy
from cavok.domain.reverification import next_verification_at


@dataclass(frozen=True, slots=True)
class TrustProof:
    """When AWS last refused a missing and a wrong external ID, and accepted the right one.
    `connection_revision` is the one that was tried.
    """

    connection_revision: int
    refused_at: datetime

    def holds(self, account: Account, now: datetime, max_age: timedelta) -> bool:
        """Whether it is of this connection, not older than `max_age`, and not older than the last
        test: a role that is opened after its test is noticed at the next act.
        """
        last = account.verification
        return (
            self.connection_revision == account.connection_revision
            and now - self.refused_at < max_age
            and (last is None or last.finished_at < self.refused_at)
        )


def with_open_role(account: Account, now: datetime) -> Account:
    """The connected account whose role turned out to be open: failed, as a test would leave it.

    The trust is not the one that was tested, so the connection revision goes up: earlier sessions
    and proofs end, and a running test decides nothing. The same object if the account is not
    connected.
    """
    if account.status not in CONNECTED:
        return account
    failed = replace(
        account,
        status=Status.FAILED,
        issues=(confused_deputy(account),),
        capabilities=dict(UNKNOWN_CAPABILITIES),
        attempts=account.attempts + 1,
        connection_revision=account.connection_revision + 1,
        updated_at=now,
    )
    return replace(failed, next_verification_at=next_verification_at(failed.attention, now))
