"""The bodies of an account's instructions."""

from typing import Any, Self

from cavok.api.models.common import ResponseBody
from cavok.domain import instructions
from cavok.domain.accounts import Account
from cavok.domain.permissions import policy_document
from cavok.domain.template_updates import Update


class InstructionStepBody(ResponseBody):
    title: str
    text: str


class UpdateBody(ResponseBody):
    """How to update a role of an older version."""

    steps: list[InstructionStepBody]
    template_url: str
    console_url: str
    cli: str


class InstructionsBody(ResponseBody):
    """How to give Cavok access, with your organization's external ID. Policies are JSON
    documents.
    """

    steps: list[InstructionStepBody]
    trust_policy: dict[str, Any] | None
    permissions_policy: dict[str, Any]
    deploy_on_aws_url: str
    cloudformation_template: str
    terraform: str
    cli: str
    update: UpdateBody | None

    @classmethod
    def of_account(
        cls,
        account: Account,
        trust: instructions.Trust,
        template: str,
        deploy_url: str,
        update: Update | None,
    ) -> Self:
        """The instructions for this account, in every form."""
        return cls(
            steps=[InstructionStepBody.of(step) for step in instructions.steps(account)],
            trust_policy=instructions.trust_policy(account, trust),
            permissions_policy=policy_document(instructions.granted_groups(account)),
            deploy_on_aws_url=deploy_url,
            cloudformation_template=template,
            terraform=instructions.terraform(account, trust),
            cli=instructions.cli(account, trust),
            update=UpdateBody.of(update) if update else None,
        )
