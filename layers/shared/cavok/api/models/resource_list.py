"""The bodies of the list of an organization's resources."""

from datetime import datetime

from cavok.api.models.common import ResponseBody, Timestamp
from cavok.api.models.resources import ResourceBody
from cavok.domain.accounts import Status
from cavok.domain.resource_list import ListedResource


class ListedResourceBody(ResourceBody):
    """A resource and its account. Nothing starts or stops while the account is neither confirmed
    nor degraded. The list is in the order of `turn_at`.
    """

    turn_at: Timestamp | None
    account_id: str
    account_name: str
    provider_id: str
    account_status: Status

    @classmethod
    def of_listed(cls, listed: ListedResource, now: datetime) -> "ListedResourceBody":
        """What its schedule does next is calculated from its week, at this moment."""
        turn = listed.resource.turn_to_follow
        return cls.of(
            listed.resource,
            turn_at=turn.at if turn else None,
            next_action=listed.resource.next_transition(now),
            account_name=listed.account_name,
            provider_id=listed.account_number,
            account_status=listed.account_status,
        )


class OrganizationResourceList(ResponseBody):
    items: list[ListedResourceBody]
    next_cursor: str | None
