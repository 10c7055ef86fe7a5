"""Assuming customers' roles through STS, and checking their trust policies."""

from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING

from cavok.adapters.aws_errors import AWS_ERRORS, code_and_message, judge_error
from cavok.adapters.customer.session import Credentials, CustomerSession
from cavok.domain import session_policies
from cavok.domain.access_denied import sts_is_off
from cavok.domain.accounts import Account
from cavok.domain.organizations import new_external_id
from cavok.domain.steps import ALLOWED, Judgement
from cavok.domain.trust import judge_identity, judge_no_identity

if TYPE_CHECKING:
    from mypy_boto3_sts import STSClient

STS_ALWAYS_ON = "us-east-1"
"""A region in which no account can turn STS off. Elsewhere AWS may call a valid key invalid."""

STS_OFF = "RegionDisabledException"
"""The error code of STS in a region in which the role's account has turned it off. Source: STS API
Reference, AssumeRole.
"""


class CustomerRoles:
    """Assumes customers' roles with our own credentials: in our own region, or in `STS_ALWAYS_ON`
    if the customer has turned STS off in ours. A session of either is valid in every region.
    Source: IAM User Guide, "Manage AWS STS in an AWS Region".
    """

    def __init__(self, sts: "STSClient", always_enabled: Callable[[], "STSClient"]) -> None:
        self._sts = sts
        self._always_enabled = always_enabled
        self._elsewhere: set[str] = set()

    def through(self, account: Account) -> str | None:
        """The region whose STS answered when the account was last entered; null for our own. Other
        checks of its role must go through the same region: two regions may answer differently.
        """
        return STS_ALWAYS_ON if account.account_id in self._elsewhere else None

    def assume(
        self, account: Account, session_name: str, external_id: str | None, policy: str
    ) -> tuple[Judgement, CustomerSession | None]:
        """AWS's answer, and the session if there is one. It is valid for 15 minutes. `policy` is
        the session policy as JSON, which limits what the session may do.
        """
        entered = self._assume(self._sts, account, session_name, external_id, policy)
        here = self._sts.meta.region_name
        if entered[0].error_code != STS_OFF or here == STS_ALWAYS_ON:
            self._elsewhere.discard(account.account_id)
            return entered
        self._elsewhere.add(account.account_id)
        judgement, session = self._assume(
            self._always_enabled(), account, session_name, external_id, policy
        )
        if session is None:
            said = f"{sts_is_off(here)} In {STS_ALWAYS_ON}: {judgement.detail}"
            judgement = replace(judgement, detail=said)
        return judgement, session

    @staticmethod
    def _assume(
        sts: "STSClient", account: Account, session_name: str, external_id: str | None, policy: str
    ) -> tuple[Judgement, CustomerSession | None]:
        extra = {"ExternalId": external_id} if external_id else {}
        try:
            answer = sts.assume_role(
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
        return ALLOWED, CustomerSession.in_account(account, credentials)

    def try_without_external_id(
        self, account: Account, session_name: str, through: str | None
    ) -> Judgement:
        """Whether anyone who knows the role's name could assume it through us. A session is
        discarded. `through` is the region of the entry that this check belongs to: see the method
        `through`.
        """
        return self._try(account, session_name, None, through)

    def try_wrong_external_id(
        self, account: Account, session_name: str, through: str | None
    ) -> Judgement:
        """Whether the role accepts a wrong external ID. It has the shape of a real one and is new
        each time, so that no trust policy can distinguish it. A session is discarded.
        """
        return self._try(account, session_name, new_external_id(), through)

    def _try(
        self, account: Account, session_name: str, external_id: str | None, through: str | None
    ) -> Judgement:
        policy = session_policies.probing_policy_text()
        sts = self._always_enabled() if through else self._sts
        return self._assume(sts, account, session_name, external_id, policy)[0]


def whose_account(session: CustomerSession) -> Judgement:
    """Whether the session's credentials belong to its account."""
    try:
        actual = session.client("sts", STS_ALWAYS_ON).get_caller_identity()["Account"]
    except AWS_ERRORS as error:
        return judge_no_identity(*code_and_message(error), is_key=session.role_name is None)
    return judge_identity(actual, session.account_number)
