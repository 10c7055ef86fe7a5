"""The bodies of the smallest policy for an account."""

from typing import Any, Self

from cavok.api.models.common import ResponseBody
from cavok.domain import instructions
from cavok.domain.accounts import Account
from cavok.domain.least_privilege import LeastPrivilege


class CoveredBody(ResponseBody):
    """A resource under control, and the IAM actions that the policy allows on it. A policy by tag
    allows them once the instance has the tag.
    """

    resource_id: str
    actions: list[str]


class LeastPrivilegeBody(ResponseBody):
    """The policy as JSON, CloudFormation and Terraform; what it leaves out compared with the policy
    in the instructions; and the resources that it was checked against.
    """

    policy_document: dict[str, Any]
    cloudformation_template: str
    terraform: str
    removes: list[str]
    covers: list[CoveredBody]

    @classmethod
    def of_account(
        cls, account: Account, trust: instructions.Trust, offered: LeastPrivilege
    ) -> Self:
        """The offered policy, in every form."""
        return cls.of(
            offered,
            cloudformation_template=instructions.cloudformation_template(
                account, trust, offered.document_of
            ),
            terraform=instructions.terraform(account, trust, offered.document_of),
        )
