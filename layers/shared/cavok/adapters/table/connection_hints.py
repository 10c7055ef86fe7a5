"""What customers' stacks said of their accounts lately."""

from collections.abc import Callable
from datetime import datetime

from pynamodb.attributes import TTLAttribute, UTCDateTimeAttribute, VersionAttribute

from cavok.adapters.table import keys
from cavok.adapters.table.table import Item, JsonAttribute, Table, retry_on_conflict
from cavok.domain.connection_hints import (
    AT_ONCE,
    OF_AN_ACCOUNT,
    REMEMBERED_FOR,
    Admission,
    HintLimit,
    RecentHints,
)
from cavok.domain.errors import ChangedMeanwhile

_BUSY = ChangedMeanwhile("Too many stacks of the organization speak at this moment.")


class HintItem(Item):
    """The latest requests of an account's stacks, or of all of an organization. The version gives
    each request one answer.
    """

    requests = JsonAttribute(dump=list, load=tuple)
    followed = JsonAttribute(dump=list, load=tuple, null=True)
    began_at = UTCDateTimeAttribute()
    expires_at = TTLAttribute()
    version = VersionAttribute()


class Hints:
    """Limits what hints cause, for all processes together. A refused hint writes nothing."""

    def __init__(self, table: Table) -> None:
        self._table = table

    def admit(
        self,
        organization_id: str,
        account_number: str,
        request_id: str,
        now: datetime,
        *,
        answered: bool = False,
    ) -> Admission:
        """Whether to follow a hint about this account, which was `answered`, as `was_answered` then
        says. Raises ChangedMeanwhile.
        """
        request = organization_id, account_number, request_id
        return self._admit(*request, OF_AN_ACCOUNT, now, answered=answered)

    def starts_at_once(
        self, organization_id: str, account_number: str, request_id: str, now: datetime
    ) -> bool:
        """Whether the organization's hints may start another test. Raises ChangedMeanwhile.

        Whoever publishes chooses the request's ID, and may give several accounts the same.
        """
        of_the_account = f"{account_number}:{request_id}"
        admission = self._admit(organization_id, "", of_the_account, AT_ONCE, now)
        return admission is not Admission.TOO_MANY

    def was_tested(self, organization_id: str, account_number: str, request_id: str) -> bool:
        """Whether `note_tested` was called for this hint."""
        return self._was_followed(organization_id, account_number, _tested(request_id))

    def note_tested(
        self, organization_id: str, account_number: str, request_id: str, now: datetime
    ) -> None:
        """The account's part of an admitted hint is done. Raises ChangedMeanwhile."""
        self.note_followed(organization_id, account_number, _tested(request_id), now)

    def was_answered(self, organization_id: str, account_number: str, request_id: str) -> bool:
        """Whether this hint was admitted as `answered`, or `note_answered` was called for it."""
        return self._was_followed(organization_id, account_number, _answered(request_id))

    def note_answered(
        self, organization_id: str, account_number: str, request_id: str, now: datetime
    ) -> None:
        """An admitted hint is answered. Raises ChangedMeanwhile."""
        self.note_followed(organization_id, account_number, _answered(request_id), now)

    def _was_followed(self, organization_id: str, account_number: str, part: str) -> bool:
        key = keys.organization_pk(organization_id), keys.hint_sk(account_number)
        item = self._table.get(HintItem, *key)
        return item is not None and part in (item.followed or ())

    def note_followed(
        self, organization_id: str, account_number: str, request_id: str, now: datetime
    ) -> None:
        """An admitted hint is followed: from now on it is repeated. Raises ChangedMeanwhile."""

        def follow(recent: RecentHints) -> tuple[Admission, RecentHints]:
            return Admission.REPEATED, recent.with_followed(request_id)

        self._change(organization_id, account_number, OF_AN_ACCOUNT, follow, now)

    def _admit(
        self,
        organization_id: str,
        account_number: str,
        request_id: str,
        limit: HintLimit,
        now: datetime,
        *,
        answered: bool = False,
    ) -> Admission:
        def admit(recent: RecentHints) -> tuple[Admission, RecentHints]:
            admission, after = recent.with_request(request_id, limit, now)
            if answered and admission in (Admission.ADMITTED, Admission.AGAIN):
                after = after.with_followed(_answered(request_id))
            return admission, after

        return self._change(organization_id, account_number, limit, admit, now)

    def _change(
        self,
        organization_id: str,
        account_number: str,
        limit: HintLimit,
        change: Callable[[RecentHints], tuple[Admission, RecentHints]],
        now: datetime,
    ) -> Admission:
        key = keys.organization_pk(organization_id), keys.hint_sk(account_number)

        def attempt() -> Admission:
            item = self._table.get(HintItem, *key) or HintItem(*key, requests=(), began_at=now)
            before = RecentHints(item.began_at, item.requests, item.followed or ())
            admission, after = change(before)
            if after != before:
                item.requests, item.followed = after.requests, after.followed
                item.began_at = after.began_at
                item.expires_at = after.began_at + limit.per + REMEMBERED_FOR
                self._table.put(item)
            return admission

        return retry_on_conflict(attempt, or_raise=_BUSY)


def _tested(request_id: str) -> str:
    """A request's own ID has no colon."""
    return f"{request_id}:tested"


def _answered(request_id: str) -> str:
    return f"{request_id}:answered"
