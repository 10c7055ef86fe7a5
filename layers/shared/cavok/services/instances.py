"""Listing the instances of a connected account."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from cavok.domain.errors import InvalidField
from cavok.domain.instances import Instance, Unavailable
from cavok.domain.interactions import InteractionAction
from cavok.domain.kinds import Kind
from cavok.domain.session_names import session_name
from cavok.domain.session_policies import listing_policy
from cavok.services.connections import (
    ConnectionDependencies,
    RequestContext,
    enter_connected,
    new_interaction,
    require_connected,
)
from cavok.services.query_instances import query_in_parallel, why_left_out, why_not_described


@dataclass(frozen=True, slots=True)
class Listing:
    """Instances by region and kind, and what could not be listed."""

    items: Sequence[Instance]
    unavailable: Sequence[Unavailable]


def list_instances(
    context: RequestContext,
    *,
    region: str | None,
    kind: Kind | None,
    dependencies: ConnectionDependencies,
) -> Listing:
    """The account's instances in all of its regions, queried in parallel, and what could not be
    listed. `region` and `kind` narrow the listing. Records one interaction. No call is made in a
    region where the last test found that none works.

    Raises AccountNotFound, InvalidField, InteractionRefused, ServiceUnavailable.
    """
    account = dependencies.accounts.get(context.organization_id, context.account_id)
    if region not in (None, *account.regions):
        raise InvalidField("region", f"One of this account's: {', '.join(account.regions)}.")
    require_connected(account)
    interaction = new_interaction(account, context, InteractionAction.LIST)
    name = session_name("list", interaction.interaction_id)
    session = enter_connected(account, listing_policy(), name, context, dependencies)
    regions, kinds = [region] if region else account.regions, [kind] if kind else list(Kind)
    unusable = account.unusable_regions
    clients = [
        dependencies.connect(session, each_kind, each_region)
        for each_region in regions
        for each_kind in kinds
        if each_region not in unusable
    ]
    found, failed = query_in_parallel(clients, lambda client: client.list())
    listing = Listing(
        sorted(
            (instance for instances in found.values() for instance in instances),
            key=lambda i: (i.region, list(Kind).index(i.kind), i.name or "", i.instance_id),
        ),
        [
            *(
                Unavailable(c.region, c.kind, why_not_described(c.kind, j), j.passing)
                for c, j in failed.items()
            ),
            *(
                Unavailable(each_region, each_kind, why_left_out(unusable[each_region]))
                for each_region in regions
                for each_kind in kinds
                if each_region in unusable
            ),
        ],
    )
    missing = f"; {len(listing.unavailable)} could not be listed" if listing.unavailable else ""
    count = len(listing.items)
    detail = f"{count} instance{'' if count == 1 else 's'}{missing}."
    dependencies.interactions.record(replace(interaction, region=region, kind=kind, detail=detail))
    return listing
