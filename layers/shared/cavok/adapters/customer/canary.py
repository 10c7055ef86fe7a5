"""A role of our own that must always let us in. It distinguishes a customer's refusal from our
fault.
"""

from collections.abc import Callable
from typing import TYPE_CHECKING

from cavok.adapters.aws_errors import AWS_ERRORS, judge_error
from cavok.domain.steps import ALLOWED, Judgement

if TYPE_CHECKING:
    from mypy_boto3_sts import STSClient


class Canary:
    """AccessDenied on AssumeRole looks the same whether the customer's trust policy refuses us or
    our own role lacks the permission. The same statement of our policy allows assuming the canary
    role. If AWS refuses that too, the fault is ours.
    """

    def __init__(
        self,
        sts: "STSClient",
        always_enabled: "Callable[[], STSClient]",
        role_arn: str,
        external_id: str,
    ) -> None:
        self._sts = sts
        self._always_enabled = always_enabled
        self._role_arn = role_arn
        self._external_id = external_id

    def judgement(self, through: str | None = None) -> Judgement:
        """Whether we can assume our own role: allowed unless Cavok's own permissions are broken.
        `through`: the region that refused us, as in `CustomerRoles.through`.
        """
        sts = self._always_enabled() if through else self._sts
        try:
            sts.assume_role(
                RoleArn=self._role_arn,
                RoleSessionName="cavok-canary",
                DurationSeconds=900,
                ExternalId=self._external_id,
            )
        except AWS_ERRORS as error:
            return judge_error(error)
        return ALLOWED
