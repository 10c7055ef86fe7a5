"""The bodies of invitations."""

from datetime import datetime
from typing import Annotated, Any, Self

from pydantic import Field

from cavok.api.models.common import ResponseBody
from cavok.api.models.permissions import PermissionGroupBody
from cavok.domain import instructions
from cavok.domain.accounts import Account
from cavok.domain.invitations import Invitation, page_of
from cavok.domain.permissions import policy_document


class InvitationBody(ResponseBody):
    """A link for somebody who may create the account's role, without sign-in."""

    url: Annotated[str, Field(json_schema_extra={"format": "uri-reference"})]
    expires_at: datetime

    @classmethod
    def of_token(cls, token: str, invitation: Invitation) -> Self:
        """The only body that has the token."""
        return cls.of(invitation, url=page_of(token))


class ValidInvitationBody(ResponseBody):
    """A link that still opens. Its address is not stored."""

    expires_at: datetime


class InvitationPage(ResponseBody):
    """All of them, so there is no next page."""

    items: list[ValidInvitationBody]
    next_cursor: str | None = None


class InvitedBody(ResponseBody):
    """What an account is asked to grant, and why. Nothing of its organization but what its role's
    trust policy says, and nothing of its state.
    """

    provider_id: str
    role_arn: str | None
    trusted_account_id: str | None
    external_id: str | None
    groups: list[PermissionGroupBody]
    trust_policy: dict[str, Any] | None
    permissions_policy: dict[str, Any]
    deploy_on_aws_url: str
    cloudformation_template: str
    expires_at: datetime

    @classmethod
    def of_account(
        cls,
        account: Account,
        trust: instructions.Trust,
        template: str,
        deploy_url: str,
        expires_at: datetime,
    ) -> Self:
        """What is asked of this account."""
        groups = instructions.granted_groups(account)
        has_role = account.role_arn is not None
        return cls(
            provider_id=account.account_number,
            role_arn=account.role_arn,
            trusted_account_id=trust.trusted_account_id if has_role else None,
            external_id=trust.external_id if has_role else None,
            groups=[PermissionGroupBody.of_group(each) for each in groups],
            trust_policy=instructions.trust_policy(account, trust),
            permissions_policy=policy_document(groups),
            deploy_on_aws_url=deploy_url,
            cloudformation_template=template,
            expires_at=expires_at,
        )
