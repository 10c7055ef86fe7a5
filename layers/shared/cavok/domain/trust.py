"""Which account credentials belong to. A role's trust between tests: how long a proof of it holds,
and what an open role means.
"""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from cavok.domain.access_denied import Reason
from cavok.domain.accounts import CONNECTED, UNKNOWN_CAPABILITIES, Account, Status
from cavok.domain.issues import confused_deputy
from cavok.domain.reverification import next_verification_at
from cavok.domain.steps import ALLOWED, Evidence, Judgement, Verdict, judge

REJECTED_CODES = frozenset(
    {"InvalidClientTokenId", "SignatureDoesNotMatch", "AuthFailure", "UnrecognizedClientException"}
)
"""Error codes for an access key that was deleted, deactivated or mistyped."""

_CLOCKS_DIFFER = ("Signature expired", "Signature not yet current")
"""How AWS's message begins if a request was signed too early or too late for its clock: the code is
SignatureDoesNotMatch too. Cavok signed it.
"""


def judge_identity(actual: str, expected: str) -> Judgement:
    """Whether credentials belong to the expected account, by the number that AWS returns."""
    if actual == expected:
        return ALLOWED
    return Judgement(
        verdict=Verdict.DENIED,
        reason=Reason.WRONG_ACCOUNT,
        detail=f"These credentials belong to account {actual}, not to {expected}.",
    )


def judge_no_identity(error_code: str, message: str, *, is_key: bool) -> Judgement:
    """What it means that AWS did not say whose credentials they are.

    GetCallerIdentity needs no permission, so that a refusal proves nothing. Nor does a rejection of
    a session that STS has just issued; an access key was deleted, deactivated or mistyped then,
    unless Cavok's clock was wrong.
    """
    rejected = error_code in REJECTED_CODES and not message.startswith(_CLOCKS_DIFFER)
    if is_key and rejected:
        return Judgement(
            verdict=Verdict.DENIED,
            reason=Reason.CREDENTIALS_REJECTED,
            error_code=error_code,
            detail=message,
        )
    answer = judge(error_code, message)
    if answer.verdict is not Verdict.DENIED:
        return answer
    return Judgement(
        verdict=Verdict.INCONCLUSIVE,
        evidence=Evidence.NONE,
        reason=Reason.NOT_PROVABLE,
        error_code=error_code,
        detail=message,
    )


@dataclass(frozen=True, slots=True)
class TrustProof:
    """When AWS last refused a missing and a wrong external ID, and accepted the right one.
    `connection_revision` is the revision that was tried.
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

    The trust policy has changed since its test, so the connection revision goes up: earlier
    sessions and proofs end, and a running test decides nothing. The same object if the account is
    not connected.
    """
    if account.status not in CONNECTED:
        return account
    failed = replace(
        account,
        status=Status.FAILED,
        issues=(confused_deputy(account),),
        capabilities=dict(UNKNOWN_CAPABILITIES),
        template_version=None,
        attempts=account.attempts + 1,
        connection_revision=account.connection_revision + 1,
        updated_at=now,
    )
    return replace(failed, next_verification_at=next_verification_at(failed.attention, now))
