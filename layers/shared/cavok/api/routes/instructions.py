"""The route of an account's instructions."""

from cavok import wiring
from cavok.api.models.instructions import InstructionsBody
from cavok.api.responses import answers
from cavok.api.router import Router
from cavok.services.instructions import instructions_for, trust_of

router = Router()


@router.get(
    "/v1/accounts/<account_id>/instructions",
    summary="Instructions of an account",
    tags=["Accounts"],
    responses=answers("account_not_found"),
)
def get_instructions(account_id: str) -> InstructionsBody:
    """Returns the policies, the “Deploy on AWS” link, CloudFormation, Terraform and CLI commands,
    with your external ID filled in, and how to update a role of an older version.
    """
    organization_id = router.caller.organization_id
    account = wiring.accounts().get(organization_id, account_id)
    trust = trust_of(
        organization_id,
        trusted_account_id=wiring.setting("TRUSTED_ACCOUNT_ID"),
        organizations=wiring.organizations(),
        now=router.now(),
    )
    template, url, update = instructions_for(account, trust, templates=wiring.templates())
    return InstructionsBody.of_account(account, trust, template, url, update)
