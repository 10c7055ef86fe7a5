"""A role of our own that always lets us in: it tells a customer's refusal from a fault of ours."""

from typing import TYPE_CHECKING

from cavok.adapters.aws_errors import AWS_ERRORS, judge_error
from cavok.domain.steps import ALLOWED, Judgement

if TYPE_CHECKING:
    from mypy_boto3_sts import STSClient


class Canary:
    """AccessDenied on AssumeRole reads the same whether the customer's trust policy refuses us or
    our own role lacks the permission. The canary is assumed in the same way, under the same
    statement of our policy; if even that is refused, the customer is not to blame.
    """

    def __init__(self, sts: "STSClient", role_arn: str, external_id: str) -> None:
        self._sts = sts
        self._role_arn = role_arn
        self._external_id = external_id

    def judgement(self) -> Judgement:
        """Whether we get into our own role: allowed while all is well."""
        try:
            self._sts.assume_role(
                RoleArn=self._role_arn,
                RoleSessionName="cavok-canary",
                DurationSeconds=900,
                ExternalId=self._external_id,
            )
        except AWS_ERRORS as error:
            return judge_error(error)
        return ALLOWED
