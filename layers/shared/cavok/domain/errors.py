"""Errors. The workflows' Retry and Catch name these classes. Those that a route may raise have a
status in `cavok.api.problems`; any other that reaches HTTP is a 500.
"""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from datetime import timedelta

    from cavok.domain.steps import Judgement


class CavokError(Exception):
    """Base class of expected errors. The message is safe to show to callers."""


class AccountNotFound(CavokError):
    """No such account in this organization, or it has been deleted."""


class VerificationNotFound(CavokError):
    """No such verification of this account."""


class WebhookNotFound(CavokError):
    """The organization has set no webhook."""


class DeliveryNotFound(CavokError):
    """No such delivery among the newest of the organization's webhook."""


class QuotaExceeded(CavokError):
    """The organization has used up a quota: `limit` times in `per`. It may retry after `wait`."""

    def __init__(
        self,
        quota: str,
        limit: int,
        per: "timedelta",
        wait: "timedelta",
        whose: str = "Your organization",
    ) -> None:
        seconds = f"{per.total_seconds():.0f} seconds"
        what = quota.replace("_", " ")
        super().__init__(f"{whose} may have {limit} {what} in {seconds}. Please wait.")
        self.quota, self.limit, self.per, self.wait = quota, limit, per, wait


class Conflict(CavokError):
    """The request conflicts with the stored state."""


class WebhookPaused(Conflict):
    """The webhook is paused: a message waits until it is resumed."""


class AlreadyConnected(Conflict):
    """The organization connects this account number already."""


class AlreadyControlled(Conflict):
    """The instance is a resource already."""


class HasNoAccessKey(Conflict):
    """The account is entered through a role."""


class MadeAndDeleted(Conflict):
    """What the idempotency key made was deleted."""


class BusyWithOthers(Conflict):
    """Other requests are changing the same thing at this moment. A retry may succeed."""


class PreconditionFailed(CavokError):
    """The account changed since the client read it."""


class MalformedHeader(CavokError):
    """A header of the request is not written as its standard says."""


class InvalidField(CavokError):
    """A field of the request matches the schema, but its value is invalid."""

    def __init__(self, field: str, message: str) -> None:
        super().__init__(message)
        self.field = field
        self.message = message


class Forbidden(CavokError):
    """The caller's token does not allow this."""


class ServiceUnavailable(CavokError):
    """A service that Cavok depends on failed or is busy. A retry may succeed."""


class VerificationNotStarted(ServiceUnavailable):
    """Step Functions refused to start a test's execution, so there is none."""


class CausedOutside(ServiceUnavailable):
    """A temporary failure that the customer's AWS account or the organization's own requests cause.
    No alarm rings for it, because operators cannot fix it.
    """


class NotAnswered(CausedOutside):
    """AWS did not answer a call about an instance, or refused it temporarily, such as by
    throttling. `uncertain`: a start or stop may have been carried out all the same.
    """

    def __init__(self, message: str, *, uncertain: bool = False) -> None:
        super().__init__(message)
        self.uncertain = uncertain


class StillRunning(CausedOutside):
    """An earlier request with the same idempotency key may still be carried out."""


class ChangedMeanwhile(CausedOutside):
    """Other requests of the organization kept changing the same item."""


class EntryRefused(CavokError):
    """AWS refused AssumeRole on the account's role, or its access key. The message starts with the
    error code.
    """


class EntryRefusedYet(EntryRefused):
    """Like EntryRefused, but worth retrying: the role or key may be seconds old, and IAM is
    eventually consistent. A connection that worked before is also retried before it fails.
    """


class EntryInconclusive(CavokError):
    """The account could not be entered, and the customer may not be the cause."""


class OurEntryBroken(EntryInconclusive):
    """AWS refused the account's role and also our own canary role, so the cause is ours."""


class RoleIsOpen(CavokError):
    """AWS let us assume the account's role without its organization's external ID. The account has
    failed. The message says what to do.
    """


class ProbeTransient(CavokError):
    """A probe was throttled, timed out or met an outage. A retry may succeed."""


class OutOfTime(CavokError):
    """The test's time ran out before a call to AWS."""


class SealBroken(CavokError):
    """A sealed secret does not open under this encryption context."""


class InstanceNotFound(CavokError):
    """No such instance in this account's regions."""


class ResourceNotFound(CavokError):
    """No such resource of this account."""


class InteractionRefused(CavokError):
    """Instances cannot be started, stopped or listed at present. The message says why. `passing`:
    the cause may end by itself, such as a throttled call.
    """

    def __init__(self, message: str, *, passing: bool = False) -> None:
        super().__init__(message)
        self.passing = passing


class NotConnected(InteractionRefused):
    """The account is not connected, so its instances are not used."""


class Overtaken(InteractionRefused):
    """A later request started or stopped the instance, or its schedule wants something else."""


class LogWritingInconclusive(CavokError):
    """The customer's CloudWatch Logs neither wrote nor refused a line. A retry may succeed."""


class CallFailed(CavokError):
    """AWS refused a call in the customer's account, or did not answer it. `repeated`: the SDK had
    tried it before, and lost that answer.
    """

    def __init__(self, judgement: "Judgement", *, repeated: bool = False) -> None:
        super().__init__(f"{judgement.error_code}: {judgement.detail}")
        self.judgement = judgement
        self.repeated = repeated


class UnusableEvent(CavokError):
    """An event that can never be processed. It is dropped, because a retry would fail too."""


class MalformedEvent(UnusableEvent):
    """An event without its envelope or a required field, or a message that is not JSON."""


class LineDropped(UnusableEvent):
    """CloudWatch Logs took a line and threw it away. The message says why."""


class UnknownClock(CavokError):
    """A clock that no schedule has. What it asks for is not done."""


class UnknownEvent(UnusableEvent):
    """An event of a type that the registry does not have."""
