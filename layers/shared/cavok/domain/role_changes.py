"""Changes of customers' roles, as rules of EventBridge in their accounts tell them to our bus. AWS
alone makes events of IAM, and stamps the account on each. So the number is believed, and nothing
else: a change is a hint that this account is worth a test.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any, Self

from cavok.domain.accounts import CONNECTED, Account, TestSlot
from cavok.domain.connection_hints import (
    IN_EFFECT_AFTER,
    ConnectionHint,
    matching,
    object_in,
    wait_for_test,
)
from cavok.domain.errors import MalformedHint
from cavok.domain.verifications import TIME_LIMIT

LONGEST_MESSAGE = 256 * 1024
"""Characters. An event has at most so many bytes. Source: EventBridge User Guide, "Amazon
EventBridge quotas".
"""

SOURCE, DETAIL_TYPE, EVENT_SOURCE = "aws.iam", "AWS API Call via CloudTrail", "iam.amazonaws.com"

_POLICIES, _BOUNDARY = "role's policies were changed", "role's permissions boundary was changed"
WHAT_CHANGED: Mapping[str, str] = {
    "CreateRole": "role was created",
    "DeleteRole": "role was deleted",
    "UpdateAssumeRolePolicy": "role's trust policy was changed",
    "PutRolePolicy": _POLICIES,
    "DeleteRolePolicy": _POLICIES,
    "AttachRolePolicy": _POLICIES,
    "DetachRolePolicy": _POLICIES,
    "PutRolePermissionsBoundary": _BOUNDARY,
    "DeleteRolePermissionsBoundary": _BOUNDARY,
}
"""The calls of IAM after which a test may find something else. Each names the role. A new version
of an attached policy does not, and is left to the sweep.
"""

SAID = "CloudTrail says that the "
"""With this begins what an account says of a change."""

_ACCOUNT = re.compile("[0-9]{12}")
_EVENT = re.compile("[A-Za-z0-9-]{1,64}")
_ROLE = re.compile(r"[A-Za-z0-9+=,.@_-]{1,64}")
_TIME = re.compile(r"20[0-9]{2}-[01][0-9]-[0-3][0-9]T[0-2][0-9]:[0-5][0-9]:[0-5][0-9]Z")
_WHO = re.compile(
    r"arn:aws:(?:iam|sts)::[0-9]{12}:[A-Za-z0-9+=,.@_/-]{1,300}|[a-z0-9.-]+\.amazonaws\.com"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class RoleChange:
    """A change of a role that was made. Proved is `account_number` alone, by AWS's stamp.

    request_id  the event's own ID, which stays if it is delivered twice.
    what        of WHAT_CHANGED.
    by          an ARN, or the service that acted; null if the event does not say it plainly.
    """

    account_number: str
    request_id: str
    role_name: str
    what: str
    at: datetime
    by: str | None

    @classmethod
    def of_event(cls, event: Mapping[str, Any]) -> Self:
        """Reads an event as EventBridge delivers it. Raises MalformedHint."""
        detail = event.get("detail")
        if (event.get("source"), event.get("detail-type")) != (SOURCE, DETAIL_TYPE):
            raise MalformedHint("source")
        if not isinstance(detail, dict) or detail.get("eventSource") != EVENT_SOURCE:
            raise MalformedHint("detail")
        parameters, identity = detail.get("requestParameters"), detail.get("userIdentity")
        what = WHAT_CHANGED.get(str(detail.get("eventName")))
        if what is None or detail.get("errorCode") is not None:
            raise MalformedHint("eventName")
        return cls(
            account_number=matching(_ACCOUNT, event.get("account"), "account"),
            request_id=matching(_EVENT, event.get("id"), "id"),
            role_name=matching(_ROLE, _of(parameters, "roleName"), "roleName"),
            what=what,
            at=_time(detail.get("eventTime")),
            by=_plain(_of(identity, "arn")) or _plain(_of(identity, "invokedBy")),
        )

    @property
    def text(self) -> str:
        """For a person who wonders why a test found something else than the one before."""
        by = self.by or "somebody whom the event does not name"
        return f"{SAID}{self.what} on {self.at:%Y-%m-%d at %H:%M} UTC by {by}."

    def waits(self, now: datetime) -> timedelta:
        """How long to wait until AWS follows the change; zero: no longer."""
        return min(max(self.at + IN_EFFECT_AFTER - now, timedelta()), IN_EFFECT_AFTER)

    def waits_for_test(self, sent_at: datetime, now: datetime) -> timedelta:
        """How long to wait while another test holds the account; zero: no longer."""
        return wait_for_test(sent_at, now)

    def shown_by(self, test: TestSlot) -> bool:
        """Whether this running test began after the change was in effect. So several changes at
        once take two tests.
        """
        return test.expires_at - TIME_LIMIT >= self.at + IN_EFFECT_AFTER

    def noted(self, account: Account, now: datetime, *, due: bool) -> Account:
        """The account after the change was heard of. `due`: as no test starts at once.

        Whoever is not let in may not read who changed it. Nor is a later change why it failed. Of
        changes that arrive in another order than they were made, the last one made is told.
        """
        return self._said_of(account.heard_of(now, deleted=False, due=due))

    def noted_too_often(self, account: Account, now: datetime) -> Account:
        """The same beyond the limit. The account itself if nothing else changes: of a flood, the
        change with which it is written is told.
        """
        heard = account.heard_too_often(now, deleted=False)
        return account if heard == account else self._said_of(heard)

    def _said_of(self, heard: Account) -> Account:
        told_of = heard.role_changed_at
        if heard.status not in CONNECTED or (told_of and told_of > self.at):
            return heard
        return replace(heard, role_change=self.text, role_changed_at=self.at)


def said_in(text: str, region: str, *, allow_loopback: bool = False) -> ConnectionHint | RoleChange:
    """What a message of the queue says, to the topic or bus in this region. SNS wraps what anybody
    may publish, so events come from our rule alone. `allow_loopback` is only for the local stack.
    Raises MalformedHint.

    A stack's request may still be as older versions of our subscription sent it, not wrapped.
    """
    message = object_in(text, LONGEST_MESSAGE)
    if "detail-type" in message:
        return RoleChange.of_event(message)
    published = message.get("Message") if message.get("Type") == "Notification" else text
    return ConnectionHint.of_message(published, region, allow_loopback=allow_loopback)


def _of(found: Any, name: str) -> Any:
    return found.get(name) if isinstance(found, dict) else None


def _plain(given: Any) -> str | None:
    return given if isinstance(given, str) and _WHO.fullmatch(given) else None


def _time(given: Any) -> datetime:
    try:
        return datetime.strptime(matching(_TIME, given, "eventTime"), "%Y-%m-%dT%H:%M:%SZ").replace(
            tzinfo=UTC
        )
    except ValueError:
        raise MalformedHint("eventTime") from None
