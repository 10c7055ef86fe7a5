"""Entering a customer's account through STS, and finding out who else could."""

import secrets
from typing import TYPE_CHECKING

from botocore.exceptions import ClientError

from cavok.adapters.aws_errors import AWS_ERRORS, code_and_message, judge_error
from cavok.adapters.customer.session import Credentials, CustomerSession
from cavok.domain import session_policies
from cavok.domain.access_denied import Reason
from cavok.domain.accounts import Account
from cavok.domain.steps import ALLOWED, Judgement, Verdict, judge

if TYPE_CHECKING:
    from mypy_boto3_sts import STSClient

REJECTED_CODES = frozenset(
    {"InvalidClientTokenId", "SignatureDoesNotMatch", "AuthFailure", "UnrecognizedClientException"}
)
"""What AWS says of an access key that was deleted, deactivated or mistyped."""


ALWAYS_ENABLED = "us-east-1"
"""A region that no account can turn off: in others, a key that is fine may be called invalid."""


class Entry:
    """Assumes customers' roles with our own credentials."""

    def __init__(self, sts: "STSClient") -> None:
        self._sts = sts

    def with_external_id(
        self, account: Account, verification_id: str, external_id: str
    ) -> tuple[Judgement, CustomerSession | None]:
        """The session, where AWS gives one; and what its answer proves."""
        return self._try(account, verification_id, external_id)

    def without_external_id(self, account: Account, verification_id: str) -> Judgement:
        """Whether the role can be assumed by whoever merely knows its name. What comes back is
        thrown away.
        """
        return self._try(account, verification_id, None)[0]

    def with_wrong_external_id(self, account: Account, verification_id: str) -> Judgement:
        """Whether the role asks for an external ID without checking which."""
        return self._try(account, verification_id, f"cavok-wrong-{secrets.token_urlsafe(24)}")[0]

    def _try(
        self, account: Account, verification_id: str, external_id: str | None
    ) -> tuple[Judgement, CustomerSession | None]:
        policy = session_policies.probing_policy_text()
        return self.assume(account, f"cavok-{verification_id}", external_id, policy)

    def assume(
        self, account: Account, session_name: str, external_id: str | None, policy: str
    ) -> tuple[Judgement, CustomerSession | None]:
        """The account's role, narrowed by a session policy: the session, and what AWS's answer
        proves.
        """
        extra = {"ExternalId": external_id} if external_id else {}
        try:
            answer = self._sts.assume_role(
                RoleArn=str(account.role_arn),
                RoleSessionName=session_name,
                DurationSeconds=session_policies.DURATION_SECONDS,
                Policy=policy,
                **extra,  # type: ignore[arg-type]
            )["Credentials"]
        except AWS_ERRORS as error:
            return judge_error(error), None
        credentials = Credentials(
            answer["AccessKeyId"], answer["SecretAccessKey"], answer["SessionToken"]
        )
        return ALLOWED, session_of(account, credentials)


def session_of(account: Account, credentials: Credentials) -> CustomerSession:
    return CustomerSession(
        account_number=account.account_number,
        region=account.home_region,
        role_name=account.role_name,
        credentials=credentials,
    )


def whose_account(session: CustomerSession) -> Judgement:
    """Whether the session is in the account it should be in (GetCallerIdentity needs no
    permission).
    """
    try:
        actual = session.client("sts", ALWAYS_ENABLED).get_caller_identity()["Account"]
    except ClientError as error:
        code, message = code_and_message(error)
        if code in REJECTED_CODES:
            return Judgement(
                verdict=Verdict.DENIED,
                reason=Reason.CREDENTIALS_REJECTED,
                error_code=code,
                detail=message,
            )
        return judge(code, message)
    except AWS_ERRORS as error:
        return judge_error(error)
    if actual != session.account_number:
        return Judgement(
            verdict=Verdict.DENIED,
            reason=Reason.WRONG_ACCOUNT,
            detail=(
                f"These credentials belong to account {actual}, not to {session.account_number}."
            ),
        )
    return ALLOWED
