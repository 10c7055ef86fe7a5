"""The routes of invitations."""

from typing import Annotated

from aws_lambda_powertools.event_handler import Response
from aws_lambda_powertools.event_handler.openapi.params import Header

from cavok import wiring
from cavok.api.models.invitations import (
    InvitationBody,
    InvitationPage,
    InvitedBody,
    ValidInvitationBody,
)
from cavok.api.responses import (
    CREATED,
    NO_CONTENT,
    NO_TOKEN,
    answers,
    created,
    no_content,
    public,
)
from cavok.api.router import Router
from cavok.services.instructions import instructions_for
from cavok.services.invitations import (
    invite,
    invited_account,
    valid_invitations,
    withdraw_invitation,
)

router = Router()

Token = Annotated[
    str | None,
    Header(alias="Invitation", description="What follows `#/invitation/` in the link."),
]


@router.post(
    "/v1/accounts/<account_id>/invitations",
    summary="Invite somebody to connect an account",
    tags=["Invitations"],
    responses=answers("account_not_found", "busy_with_others", ok=CREATED),
)
def create_invitation(account_id: str) -> Response[InvitationBody]:
    """Makes a link to a page that shows what the account is asked to grant, and how. Whoever has
    the link sees it without sign-in, for seven days or until it is withdrawn. It replaces the
    account's last link. It is shown once.
    """
    token, invitation = invite(
        router.caller.organization_id,
        account_id,
        requester=router.requester,
        accounts=wiring.accounts(),
        invitations=wiring.invitations(),
        quotas=wiring.quotas(),
        now=router.now(),
    )
    return created(InvitationBody.of_token(token, invitation))


@router.get(
    "/v1/accounts/<account_id>/invitations",
    summary="List the valid invitations of an account",
    tags=["Invitations"],
    responses=answers("account_not_found"),
)
def list_invitations(account_id: str) -> InvitationPage:
    """Returns until when the account's link opens. It has one at most. The link itself is not
    stored.
    """
    found = valid_invitations(
        router.caller.organization_id,
        account_id,
        accounts=wiring.accounts(),
        invitations=wiring.invitations(),
        now=router.now(),
    )
    return InvitationPage(items=[ValidInvitationBody.of(each) for each in found])


@router.delete(
    "/v1/accounts/<account_id>/invitations",
    summary="Withdraw an invitation",
    tags=["Invitations"],
    responses=answers("account_not_found", "busy_with_others", ok=NO_CONTENT),
)
def delete_invitation(account_id: str) -> Response[None]:
    """Ends the account's link. Without one, it does nothing."""
    withdraw_invitation(
        router.caller.organization_id,
        account_id,
        requester=router.requester,
        accounts=wiring.accounts(),
        invitations=wiring.invitations(),
        now=router.now(),
    )
    return no_content()


@router.get(
    "/v1/invitation",
    summary="What an invitation asks for",
    tags=["Invitations"],
    responses=public("invitation_not_found", "service_unavailable"),
    security=NO_TOKEN,
    cache_control="no-store",
)
def get_invitation(invitation: Token = None) -> InvitedBody:
    """Returns what the account is asked to grant, and why, as it is now. The answer to any link
    that is not valid is the same.
    """
    account, found = invited_account(
        invitation or "",
        accounts=wiring.accounts(),
        invitations=wiring.invitations(),
        now=router.now(),
    )
    trust, template, url = instructions_for(
        account, dependencies=wiring.instruction_dependencies(), now=router.now()
    )
    return InvitedBody.of_account(account, trust, template, url, found.expires_at)
