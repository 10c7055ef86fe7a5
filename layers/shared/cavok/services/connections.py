"""Shared by every use of a connected account: the request, its dependencies, and entering."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

from cavok.domain.accounts import CONNECTED, Account
from cavok.domain.actors import Requester
from cavok.domain.errors import (
    EntryInconclusive,
    EntryRefused,
    NotAnswered,
    NotConnected,
    NotLetIn,
    RoleIsOpen,
    RoleLetsOthersIn,
    UseRevoked,
)
from cavok.domain.ids import new_id
from cavok.domain.interactions import (
    Interaction,
    InteractionAction,
    InteractionOutcome,
    logged_at_first,
)
from cavok.domain.kinds import Kind

if TYPE_CHECKING:  # a function that only reads the history loads no boto3
    from cavok.adapters.customer.instances import InstanceClient
    from cavok.adapters.customer.session import CustomerSession
    from cavok.adapters.table.accounts import Accounts
    from cavok.adapters.table.interactions import Interactions
    from cavok.adapters.table.verifications import Verifications
    from cavok.services.customer_sessions import CustomerSessions


@dataclass(frozen=True, slots=True, kw_only=True)
class RequestContext:
    """A request about an account: who makes it, and when.

    now              UTC.
    idempotency_key  requests with the same key are one request; null for none.
    """

    organization_id: str
    account_id: str
    requester: Requester
    now: datetime
    idempotency_key: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ConnectionDependencies:
    """What a use of a connected account needs. `connect` makes a session's client for one kind of
    instance in one region.
    """

    accounts: "Accounts"
    verifications: "Verifications"
    sessions: "CustomerSessions"
    interactions: "Interactions"
    connect: "Callable[[CustomerSession, Kind, str], InstanceClient]"


def require_connected(account: Account) -> None:
    """Raises NotConnected."""
    if account.status not in CONNECTED:
        if account.revoked:
            raise UseRevoked(
                f"A person revoked the use of the account {account.name}: press Test to use it "
                "again, and try again."
            )
        raise NotConnected(
            f"The account {account.name} is {account.status.value}, not connected: follow its "
            "Instructions, press Test, and try again."
        )


def enter_connected(
    account: Account,
    policy: dict[str, object],
    name: str,
    context: RequestContext,
    dependencies: ConnectionDependencies,
) -> "CustomerSession":
    """A session for reading, limited by `policy`; `name` is its name. Raises NotLetIn if AWS
    denies the entry, and NotAnswered if the cause is not known.
    """
    return _entered(lambda: dependencies.sessions.enter(account, policy, name, context.now))


def enter_to_change(
    account: Account,
    policy: dict[str, object],
    name: str,
    context: RequestContext,
    dependencies: ConnectionDependencies,
) -> "CustomerSession":
    """Like `enter_connected`, to change something. Also refused if the account's role lets others
    in (which fails the account), or if AWS does not say whether it does.
    """
    return _entered(
        lambda: dependencies.sessions.enter_to_change(
            account, policy, name, context.now, purpose="instances", requester=context.requester
        )
    )


def _entered(enter: "Callable[[], CustomerSession]") -> "CustomerSession":
    try:
        return enter()
    except RoleIsOpen as error:
        raise RoleLetsOthersIn(f"Nothing was done. {error}") from error
    except EntryRefused as error:
        raise NotLetIn(
            f"AWS does not let Cavok into the account: {error} Press Test to see what is wrong."
        ) from error
    except EntryInconclusive as error:
        raise NotAnswered(
            "The account could not be entered, or it could not be proven that its role refuses "
            "others, at this moment. Nothing was done. Please try again."
        ) from error


def new_interaction(
    account: Account, context: RequestContext, action: InteractionAction
) -> Interaction:
    """An accepted interaction. The caller adds the details."""
    return Interaction(
        organization_id=account.organization_id,
        account_id=account.account_id,
        interaction_id=new_id(),
        action=action,
        outcome=InteractionOutcome.ACCEPTED,
        detail="",
        actor=context.requester.actor,
        at=context.now,
        request_id=context.requester.request_id,
        logged=logged_at_first(account),
    )
