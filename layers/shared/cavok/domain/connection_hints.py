"""Hints of customers' stacks: CloudFormation publishes one to a topic of ours when a stack creates,
updates or deletes its role. Anybody can publish the same. So a hint only says which account may be
worth a test, and its answer goes to nobody but CloudFormation.
"""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any, Self

from cavok.domain.accounts import ROLE_GOES_WITHIN, Account, TestSlot
from cavok.domain.errors import MalformedHint
from cavok.domain.quotas import period_lasts

LONGEST = 16 * 1024
"""Characters of a message. CloudFormation's own has some two thousand."""

_STACK = re.compile(
    r"arn:aws:cloudformation:([a-z0-9-]{1,32}):([0-9]{12}):"
    r"stack/[A-Za-z0-9-]{1,128}/[A-Za-z0-9-]{1,64}"
)
_REQUEST = re.compile(r"[A-Za-z0-9-]{1,64}")
_LOGICAL = re.compile(r"[A-Za-z0-9]{1,255}")
_EXTERNAL_ID = re.compile(r"cavok-[A-Za-z0-9_-]{32}")
_BUCKET = "cloudformation-custom-resource-response-"
_ADDRESS = re.compile(
    rf"https://{_BUCKET}([a-z0-9]+)\.s3(?:[.-]([a-z0-9-]+))?\.amazonaws\.com/[A-Za-z0-9%/._~&=?+:|-]*"
)
"""Of a bucket of CloudFormation's. Sources: CloudFormation User Guide, "Access CloudFormation using
an interface endpoint", "Considerations"; S3 User Guide, "Virtual hosting of buckets".
"""


_LOOPBACK = re.compile(
    rf"http://127\.0\.0\.1:[0-9]{{1,5}}/{_BUCKET}([a-z0-9]+)/[A-Za-z0-9%/._~&=?+:|-]*"
)
"""The same on the local stack, whose S3 is on this machine."""

IN_EFFECT_AFTER = timedelta(seconds=10)
"""So long a change may take until AWS follows it everywhere. Source: IAM User Guide, "Changes that
I make are not always immediately visible", which gives no time.
"""
TRIED_AGAIN_AFTER = timedelta(seconds=30)
TRIED_FOR = timedelta(minutes=7)
"""While another test holds the account: what it finds may be older than the hint. Longer than a
test lasts. Also while an enrollment is not connected: AWS may not follow the new role yet.
"""
ANSWER_TRIED_FOR = timedelta(minutes=10)
"""If S3 does not take the answer. Anybody can publish an address that never answers."""
STRANGERS_ANSWERED_WITHIN = timedelta(minutes=2)
"""With an external ID that nobody here has, or none, a message gets an answer only while its queue
is no further behind. Finding out takes milliseconds, an answer up to five seconds: so strangers who
publish more than can be answered keep customers' stacks waiting no longer than this. An
organization that has used up its share of the time for answers, as `FirstTries` counts it, then
waits for turns.
"""
OTHERS_ANSWERED_WITHIN = timedelta(minutes=30)
"""The same of what nothing follows from although somebody here has the external ID: it may be the
stack of an account that was not added yet, or was deleted. CloudFormation waits for an hour. Until
then all are answered before it is known what follows.
"""
OWN_TURNS_APART = timedelta(seconds=5)
TURNS_APART = timedelta(seconds=0.75)
"""So far apart are the turns at which a process lets such messages of an organization come again.
Those of several may coincide; but with each, the earliest for the next message moves on by so much.
Of messages that are hidden, it lies between half an hour ago and half an hour ahead: so a process
hides 4,800 at most, and 2,400 of a flood that lasts. A queue hides 120,000. Source: SQS
Developer Guide, "Amazon SQS message quotas".
"""


class HintedChange(StrEnum):
    """What the stack does with the connection."""

    CREATE = "Create"
    UPDATE = "Update"
    DELETE = "Delete"


@dataclass(frozen=True, slots=True, kw_only=True)
class ConnectionHint:
    """What a stack says. Nothing of it is proved.

    account_number    of the stack's ID.
    external_id       of the resource's properties; null if it has none of ours.
    response_address  where CloudFormation waits for an answer; null if it is not CloudFormation's.
    """

    change: HintedChange
    account_number: str
    external_id: str | None
    request_id: str
    stack_id: str
    logical_id: str
    response_address: str | None

    @classmethod
    def of_message(cls, text: Any, region: str, *, allow_loopback: bool = False) -> Self:
        """Reads the text of a notification to a topic in this region, which no stack elsewhere can
        name. Source: CloudFormation Template Reference, AWS::CloudFormation::CustomResource,
        ServiceToken. `allow_loopback` is only for the local stack. Raises MalformedHint.
        """
        message = object_in(text)
        stack_id = matching(_STACK, message.get("StackId"), "StackId")
        said_in, number = stack_id.split(":")[3:5]
        if said_in != region:
            raise MalformedHint("region")
        properties = message.get("ResourceProperties")
        external_id = properties.get("ExternalId") if isinstance(properties, dict) else None
        try:
            change = HintedChange(str(message.get("RequestType")))
        except ValueError:
            raise MalformedHint("RequestType") from None
        ours = isinstance(external_id, str) and _EXTERNAL_ID.fullmatch(external_id)
        return cls(
            change=change,
            account_number=number,
            external_id=str(external_id) if ours else None,
            request_id=matching(_REQUEST, message.get("RequestId"), "RequestId"),
            stack_id=stack_id,
            logical_id=matching(_LOGICAL, message.get("LogicalResourceId"), "LogicalResourceId"),
            response_address=response_address(
                message.get("ResponseURL"), region, allow_loopback=allow_loopback
            ),
        )

    def waits(self, sent_at: datetime, now: datetime) -> timedelta:
        """How long to wait before the account is tested; zero: no longer. The stack speaks right
        after it has made or changed the role.
        """
        deleted = self.change is HintedChange.DELETE
        after = ROLE_GOES_WITHIN if deleted else IN_EFFECT_AFTER
        return max(sent_at + after - now, timedelta())

    def waits_for_test(self, sent_at: datetime, now: datetime) -> timedelta:
        """How long to wait while another test holds the account; zero: no longer."""
        return wait_for_test(sent_at, now)

    def shown_by(self, test: TestSlot) -> bool:
        """Whether this running test need not be waited for: never. It may be older than the role,
        or than its end.
        """
        return False

    def noted(self, account: Account, now: datetime, *, due: bool) -> Account:
        """The account after its stack spoke. `due`: as no test starts at once."""
        return account.heard_of(now, deleted=self.change is HintedChange.DELETE, due=due)

    def noted_too_often(self, account: Account, now: datetime) -> Account:
        """The same beyond the limit. The account itself if nothing changes."""
        return account.heard_too_often(now, deleted=self.change is HintedChange.DELETE)

    def response(self) -> Mapping[str, str]:
        """The answer, whatever a test finds: no customer's stack fails or waits for us. At most
        4,096 bytes as JSON. Source: CloudFormation User Guide, "CloudFormation custom resource
        request and response reference".
        """
        return {
            "Status": "SUCCESS",
            "RequestId": self.request_id,
            "StackId": self.stack_id,
            "LogicalResourceId": self.logical_id,
            "PhysicalResourceId": f"cavok-connection-{self.account_number}",
        }


def wait_for_test(sent_at: datetime, now: datetime) -> timedelta:
    """How long to wait while another test holds the account; zero: no longer. The waits double, so
    that the queue does not give the message up.
    """
    age = now - sent_at
    return max(age, TRIED_AGAIN_AFTER) if age < TRIED_FOR else timedelta()


def response_address(given: Any, region: str, *, allow_loopback: bool = False) -> str | None:
    """The address itself if it is in the bucket of CloudFormation in this region of AWS; else null.
    It is compared as text, so that no reader of addresses can understand it otherwise.
    """
    if not isinstance(given, str) or len(given) >= LONGEST:
        return None
    bucket = region.replace("-", "")
    if matched := _ADDRESS.fullmatch(given):
        return given if matched[1] == bucket and matched[2] in (None, region) else None
    local = _LOOPBACK.fullmatch(given) if allow_loopback else None
    return given if local and local[1] == bucket else None


class Admission(StrEnum):
    """Whether a hint is followed. `again`: it was admitted before, is not followed yet, and its
    message came again. `repeated`: it was followed, and its message came again.
    """

    ADMITTED = "admitted"
    AGAIN = "again"
    REPEATED = "repeated"
    TOO_MANY = "too_many"


@dataclass(frozen=True, slots=True)
class HintLimit:
    """At most so many hints within `per` of the first."""

    most: int
    per: timedelta


OF_AN_ACCOUNT = HintLimit(20, timedelta(hours=1))
"""A person who tries a stack again and again causes fewer."""

AT_ONCE = HintLimit(6, timedelta(minutes=1))
"""Tests that an organization's hints start. A stack set tells of thousands of accounts within
minutes: the others become due, and sweeps test them, fair between organizations.
"""


REMEMBERED_FOR = timedelta(minutes=40)
"""How long a message may come again after it was followed, for its answer. What was followed is
remembered for so long beyond its period.
"""


PARTS = 3
"""Of a request at most: that it was answered, that its account was tested, that it is done."""


@dataclass(frozen=True, slots=True)
class RecentHints:
    """What stacks said since `began_at` (UTC): the IDs of CloudFormation's requests, which a topic
    or queue may deliver twice. `followed`: those that are done, and parts of others, also the last
    ones of the period before, because a message may come again in the next.
    """

    began_at: datetime
    requests: tuple[str, ...] = ()
    followed: tuple[str, ...] = ()

    def with_request(
        self, request_id: str, limit: HintLimit, now: datetime
    ) -> tuple[Admission, Self]:
        """Whether to follow a hint, and what to remember then. One that was admitted is followed
        whenever it comes again, until that is done, and counts once.
        """
        lasts = period_lasts(self.began_at, limit.per, now)
        recent = self if lasts else type(self)(now, followed=self.followed[-PARTS * limit.most :])
        if request_id in recent.followed:
            return Admission.REPEATED, recent
        if request_id in recent.requests:
            return Admission.AGAIN, recent
        if len(recent.requests) >= limit.most:
            return Admission.TOO_MANY, recent
        return Admission.ADMITTED, replace(recent, requests=(*recent.requests, request_id))

    def with_followed(self, request_id: str) -> Self:
        """After a request, or a part of it, was followed."""
        if request_id in self.followed:
            return self
        return replace(self, followed=(*self.followed, request_id))


def object_in(text: Any, longest: int = LONGEST) -> dict[str, Any]:
    """The object of a message of at most so many characters. Raises MalformedHint."""
    if not isinstance(text, str) or len(text) > longest:
        raise MalformedHint("no text, or too long")
    try:
        found = json.loads(text)
    except (ValueError, RecursionError):
        raise MalformedHint("not JSON") from None
    if not isinstance(found, dict):
        raise MalformedHint("not an object")
    return found


def matching(pattern: re.Pattern[str], given: Any, name: str) -> str:
    """The text itself if all of it matches. Raises MalformedHint, which says `name`."""
    if not isinstance(given, str) or not pattern.fullmatch(given):
        raise MalformedHint(name)
    return given
