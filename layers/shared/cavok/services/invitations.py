"""Inviting somebody without sign-in to create an account's role or user."""

from datetime import datetime

from cavok.adapters.table.accounts import CHANGED_BY_OTHERS, Accounts
from cavok.adapters.table.invitations import Invitations
from cavok.adapters.table.quotas import Quotas
from cavok.adapters.table.table import retry_on_conflict
from cavok.domain import audit
from cavok.domain.accounts import Account
from cavok.domain.actors import Requester
from cavok.domain.errors import AccountNotFound, BusyWithOthers, InvitationNotFound
from cavok.domain.invitations import Invitation, account_id_of
from cavok.domain.quotas import QuotaName

NOT_VALID = "This link is not valid, or not any more. Ask the person who sent it for a new one."


def invite(
    organization_id: str,
    account_id: str,
    *,
    requester: Requester,
    accounts: Accounts,
    invitations: Invitations,
    quotas: Quotas,
    now: datetime,
) -> tuple[str, Invitation]:
    """A token, and the invitation that it opens, in place of the account's last one. Raises
    AccountNotFound, BusyWithOthers, QuotaExceeded.
    """
    account = accounts.get(organization_id, account_id)
    token, invitation = Invitation.new(account, now)
    entry = audit.invited(account, requester, now, invitation.expires_at)
    count = quotas.counting(QuotaName.CHANGES, organization_id, now)
    retry_on_conflict(
        lambda: invitations.save(invitation, entry, count),
        or_raise=BusyWithOthers(CHANGED_BY_OTHERS),
    )
    return token, invitation


def valid_invitations(
    organization_id: str,
    account_id: str,
    *,
    accounts: Accounts,
    invitations: Invitations,
    now: datetime,
) -> list[Invitation]:
    """The account's invitation, if it still opens. Raises AccountNotFound."""
    accounts.get(organization_id, account_id)
    invitation = invitations.get(account_id)
    return [invitation] if invitation and invitation.is_valid(now) else []


def withdraw_invitation(
    organization_id: str,
    account_id: str,
    *,
    requester: Requester,
    accounts: Accounts,
    invitations: Invitations,
    now: datetime,
) -> None:
    """Ends the account's invitation. If it has none, or an expired one, does nothing and writes no
    entry. Raises AccountNotFound, BusyWithOthers.
    """
    account = accounts.get(organization_id, account_id)
    entry = audit.invitation_withdrawn(account, requester, now)

    def attempt() -> None:
        invitation = invitations.get(account_id)
        if invitation and invitation.is_valid(now):
            invitations.remove(invitation, entry)

    retry_on_conflict(attempt, or_raise=BusyWithOthers(CHANGED_BY_OTHERS))


def invited_account(
    token: str, *, accounts: Accounts, invitations: Invitations, now: datetime
) -> tuple[Account, Invitation]:
    """The account that a token opens, and its invitation. Its organization is the stored one, which
    nobody names in a request. Raises InvitationNotFound, with the same words whatever is wrong.
    """
    account_id = account_id_of(token)
    invitation = invitations.get(account_id) if account_id else None
    if not (invitation and invitation.opens_with(token, now)):
        raise InvitationNotFound(NOT_VALID)
    try:
        return accounts.get(invitation.organization_id, invitation.account_id), invitation
    except AccountNotFound:
        raise InvitationNotFound(NOT_VALID) from None
