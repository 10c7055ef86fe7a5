"""The route of an account's instructions."""

from cavok import wiring
from cavok.api.models.instructions import InstructionsBody
from cavok.api.models.permissions import Groups
from cavok.api.responses import answers
from cavok.api.router import Router
from cavok.domain.chosen_groups import OFFERED, choice_of
from cavok.services.instructions import instructions_for, update_for

router = Router()


@router.get(
    "/v1/accounts/<account_id>/instructions",
    summary="Instructions of an account",
    tags=["Accounts"],
    responses=answers("account_not_found"),
)
def get_instructions(account_id: str, groups: Groups = None) -> InstructionsBody:
    """Returns the policies, the “Deploy on AWS” link, CloudFormation, Terraform and CLI commands,
    with your external ID filled in, and how to update a role of an older version. With `groups`,
    all of them grant just these. What you left out on purpose is no problem, unless the account
    asks for it: `warnings` say so.
    """
    choice = choice_of(groups) if groups is not None else OFFERED
    account = wiring.accounts().get(router.caller.organization_id, account_id)
    dependencies = wiring.instruction_dependencies()
    made = instructions_for(account, choice, dependencies=dependencies, now=router.now())
    update = update_for(account, made[0].region, dependencies)
    return InstructionsBody.of_account(account, *made, update, choice=choice)
