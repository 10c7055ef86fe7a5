"""Listing the instances of a connected account."""

from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING

from cavok.domain.accounts import Account
from cavok.domain.errors import InvalidField, RegionUnusable
from cavok.domain.instances import Unavailable
from cavok.domain.interactions import InteractionAction
from cavok.domain.kinds import Kind
from cavok.domain.quotas import QuotaName
from cavok.domain.session_names import session_name
from cavok.domain.session_policies import listing_policy
from cavok.services.connections import (
    ConnectionDependencies,
    RequestContext,
    enter_connected,
    new_interaction,
    require_connected,
)
from cavok.services.kept_listings import KEPT_FOR, KeptListings, Listing
from cavok.services.query_instances import (
    query_in_parallel,
    why_left_out,
    why_not_described,
    why_unavailable,
)

if TYPE_CHECKING:  # a schedule's act loads this module and counts nothing
    from cavok.adapters.table.quotas import Quotas


def list_instances(
    context: RequestContext,
    *,
    region: str | None,
    kind: Kind | None,
    dependencies: ConnectionDependencies,
) -> Listing:
    """The account's instances, of `region` and `kind` if these are not null, read now.
    Records one interaction. Raises AccountNotFound, InvalidField, InteractionRefused,
    ServiceUnavailable.
    """
    account = dependencies.accounts.get(context.organization_id, context.account_id)
    _require_region(account, region)
    require_connected(account)
    return _list(account, context, region, kind, dependencies)


def recent_instances(
    context: RequestContext,
    *,
    region: str | None,
    kind: Kind | None,
    refresh: bool,
    dependencies: ConnectionDependencies,
    quotas: "Quotas",
    kept: KeptListings,
) -> Listing:
    """Like `list_instances`, but reuses a listing that is less than a minute old, unless `refresh`.
    So it reads the whole account, whatever part is requested. Only reading is an interaction and
    counts against the quota. Without `refresh`, it counts toward the free tier once a minute,
    however many processes read.

    Raises AccountNotFound, InvalidField, InteractionRefused, QuotaExceeded, ServiceUnavailable.
    """
    account = dependencies.accounts.get(context.organization_id, context.account_id)
    _require_region(account, region)
    require_connected(account)
    listing = None if refresh else kept.get(account, context.now)
    if listing is None:
        quotas.take(QuotaName.LISTINGS, context.organization_id, context.now)
        once_in = None if refresh else KEPT_FOR
        listing = _list(account, context, None, None, dependencies, once_in=once_in)
        if not any(unavailable.passing for unavailable in listing.unavailable):
            kept.keep(account, listing)
    return listing.only(region, kind)


def _require_region(account: Account, region: str | None) -> None:
    if region not in (None, *account.regions):
        raise InvalidField("region", f"Use a region of the account: {', '.join(account.regions)}.")


def _list(
    account: Account,
    context: RequestContext,
    region: str | None,
    kind: Kind | None,
    dependencies: ConnectionDependencies,
    *,
    once_in: timedelta | None = None,
) -> Listing:
    """Queries in parallel, and records one interaction, which counts `once_in` that time. Calls
    nothing in a region in which the last test found that no call works.
    """
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
    failed |= {client: part.missing for client, part in found.items() if part.missing}
    listing = Listing(
        sorted(
            (instance for part in found.values() for instance in part.instances),
            key=lambda i: (i.region, list(Kind).index(i.kind), i.name or "", i.instance_id),
        ),
        [
            *(
                Unavailable(c.region, c.kind, why_not_described(c.kind, j), why_unavailable(j))
                for c, j in failed.items()
            ),
            *(
                Unavailable(
                    each_region, each_kind, why_left_out(unusable[each_region]), RegionUnusable
                )
                for each_region in regions
                for each_kind in kinds
                if each_region in unusable
            ),
        ],
        as_of=context.now,
    )
    missing = f"; {len(listing.unavailable)} could not be listed" if listing.unavailable else ""
    count = len(listing.items)
    detail = f"{count} instance{'' if count == 1 else 's'}{missing}."
    listed = replace(interaction, region=region, kind=kind, detail=detail)
    dependencies.interactions.record(listed, once_in)
    return listing
