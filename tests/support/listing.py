"""The listing of a connected account's instances, without a table."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

from tests.support.builders import ACCOUNT_ID, ADA, NOW, ORGANIZATION_ID


def list_with(session: Any) -> tuple[Any, Any]:
    """What a session lists in us-east-1, and the interaction that was recorded."""
    # Here, because a test imports them anew.
    from cavok.adapters.customer.instances import InstanceClient
    from cavok.domain.accounts import Status
    from cavok.services.connections import ConnectionDependencies, RequestContext
    from cavok.services.instances import list_instances

    account = SimpleNamespace(
        organization_id=ORGANIZATION_ID,
        account_id=ACCOUNT_ID,
        regions=("us-east-1",),
        unusable_regions={},
        status=Status.CONFIRMED,
        write_logs=False,
    )
    recorded: list[Any] = []
    made: Any = SimpleNamespace(
        get=lambda *_: account,
        enter=lambda *_: session,
        record=lambda interaction, _: recorded.append(interaction),
    )
    listing = list_instances(
        RequestContext(
            organization_id=ORGANIZATION_ID, account_id=ACCOUNT_ID, requester=ADA, now=NOW
        ),
        region=None,
        kind=None,
        dependencies=ConnectionDependencies(
            accounts=made,
            verifications=made,
            sessions=made,
            interactions=made,
            connect=InstanceClient,
        ),
    )
    (interaction,) = recorded
    return listing, interaction
