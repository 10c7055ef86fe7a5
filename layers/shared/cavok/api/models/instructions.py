"""The bodies of an account's instructions."""

from typing import Any, Self

from cavok.api.models.common import ResponseBody
from cavok.api.models.permissions import GroupChoiceBody
from cavok.domain import instructions
from cavok.domain.accounts import Account
from cavok.domain.chosen_groups import OFFERED, Choice
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
    choice: list[GroupChoiceBody]
    warnings: list[str]

    @classmethod
    def of_account(
        cls,
        account: Account,
        trust: instructions.Trust,
        template: str,
        deploy_url: str,
        update: Update | None,
        *,
        choice: Choice = OFFERED,
    ) -> Self:
        """The instructions for this account, in every form."""
        granted = instructions.granted_groups(account, choice)
        return cls(
            steps=[InstructionStepBody.of(step) for step in instructions.steps(account)],
            trust_policy=instructions.trust_policy(account, trust),
            permissions_policy=policy_document(granted),
            deploy_on_aws_url=deploy_url,
            cloudformation_template=template,
            terraform=instructions.terraform(account, trust, choice=choice),
            cli=instructions.cli(account, trust, choice),
            update=UpdateBody.of(update) if update else None,
            choice=[GroupChoiceBody.of(each) for each in instructions.choice_for(account, choice)],
            warnings=list(instructions.warnings(account, choice)),
        )
