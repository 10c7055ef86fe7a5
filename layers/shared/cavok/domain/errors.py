"""Errors. The workflows' Retry and Catch name these classes. Those that a route may raise have a
status in `cavok.api.problems`; any other that reaches HTTP is a 500.
"""

import re
from math import ceil
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


class InvitationNotFound(CavokError):
    """No invitation opens with what was sent, or its account was deleted."""


class WebhookNotFound(CavokError):
    """The organization has set no webhook."""


class DeliveryNotFound(CavokError):
    """No such delivery among the newest of the organization's webhook."""


class EnrollmentNotFound(CavokError):
    """No such enrollment in this organization, or it was ended."""


class SynchronizationNotFound(CavokError):
    """No such synchronization of this enrollment, or it is too old."""


class UnitGone(CavokError):
    """A unit or account is not there any more, or a page's token is not accepted any more. `code`:
    what AWS said.
    """

    def __init__(self, code: str, said: str) -> None:
        super().__init__(said)
        self.code = code


class OperationNotFound(CavokError):
    """No such bulk operation of this organization, or it is too old."""


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


class NotSubscribed(Conflict):
    """The webhook does not subscribe to events of this type."""


class AlreadyConnected(Conflict):
    """The organization connects this account number already."""


class AlreadyControlled(Conflict):
    """The instance is a resource already."""


class AlreadyEnrolled(Conflict):
    """The account, or the AWS Organization that it manages, is another enrollment's."""


class TooManyEnrollments(Conflict):
    """The organization has as many enrollments as it may have."""


class HasNoAccountYet(Conflict):
    """The enrollment does not know yet in which account its stack is."""


class HasNoAccessKey(Conflict):
    """The account is entered through a role."""


class MadeAndDeleted(Conflict):
    """What the idempotency key created was deleted, or ended."""


class SelectionChanged(Conflict):
    """A bulk operation would have another number of accounts than the request expects."""


class BusyWithOthers(Conflict):
    """Other requests are changing the same thing at this moment. A retry may succeed."""


class PreconditionFailed(CavokError):
    """What is to be changed is at a version that the condition of the request does not allow."""


class HasNoVersion(PreconditionFailed):
    """What the request is sent to has no version, so that no condition can name one."""


class MalformedHeader(CavokError):
    """A header of the request does not follow its standard."""


class OrganizationUnreadable(CavokError):
    """AWS does not let an enrollment's role list the AWS Organization. The message says why."""


class OrganizationBusy(CavokError):
    """AWS Organizations takes no calls at this moment, or did not answer. A retry may succeed."""


class OrganizationUnclear(CavokError):
    """AWS Organizations refused a call for a reason that says nothing about the role, and that a
    retry at once does not change. The message says why.
    """


class InvalidField(CavokError):
    """A field of the request matches the schema, but its value is invalid."""

    def __init__(self, field: str, message: str) -> None:
        super().__init__(message)
        self.field = field
        self.message = message


class KeyReused(InvalidField):
    """An earlier request with this idempotency key had another body."""


class SelectionTooLarge(InvalidField):
    """A filter selects more accounts than a bulk operation may have."""


class CursorNotIssued(InvalidField):
    """A cursor that this list did not issue, or not to this organization."""


class PolicyTooLong(InvalidField):
    """The smallest policy in this form is longer than IAM allows."""


class Forbidden(CavokError):
    """The caller's token does not allow this."""


class TokenWithoutOrganization(Forbidden):
    """The token names no organization, such as an access token."""


class InNoGroup(Forbidden):
    """The caller is in no group that may read."""


class AdminsOnly(Forbidden):
    """The caller may read, but not make changes."""


class ServiceUnavailable(CavokError):
    """A service that Cavok depends on failed or is busy. A retry may succeed."""


class SynchronizationNotStarted(ServiceUnavailable):
    """Step Functions refused to start a synchronization's execution, so there is none."""


class VerificationNotStarted(ServiceUnavailable):
    """Step Functions refused to start a test's execution, so there is none."""


class CausedOutside(ServiceUnavailable):
    """A temporary failure that the customer's AWS account or the organization's own requests cause.
    No alarm rings for it, because operators cannot fix it.
    """


class NotAnswered(CausedOutside):
    """AWS did not answer a call about an instance, or refused it temporarily, such as by
    throttling. Nothing was started or stopped.
    """


class PerhapsDone(NotAnswered):
    """AWS did not answer a start or stop. It may have carried it out nevertheless."""


class StillRunning(CausedOutside):
    """An earlier request with the same idempotency key may still be running."""


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
    """A policy of our own refuses us, so AWS's refusal of the account's role proves nothing."""


class SweepFailed(CavokError):
    """A sweep could not go on, such as for a table that does not answer. No account's test is the
    cause, and what it did not test is still due.
    """


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
    """Instances cannot be started, stopped or listed at present. Each cause is a subclass; this
    class is for a refusal that was stored without its cause. `passing`: it may end by itself.
    """

    def __init__(self, message: str, *, passing: bool = False) -> None:
        super().__init__(message)
        self.passing = passing


class NotConnected(InteractionRefused):
    """The account is not connected, so its instances are not used."""


class UseRevoked(NotConnected):
    """A person revoked the use of the account."""


class UseEnded(InteractionRefused):
    """The account was deleted, revoked or changed, or it failed, while the request ran."""


class NotLetIn(InteractionRefused):
    """AWS does not let Cavok into the account."""


class RoleLetsOthersIn(InteractionRefused):
    """The account's role can be assumed without the right external ID."""


class RegionUnusable(InteractionRefused):
    """No call works in the region: the account has not enabled it, or AWS refuses every call."""


class NotReadable(InteractionRefused):
    """AWS describes the instance without a field that Cavok needs: it may be new, or being deleted.
    Nothing was done.
    """

    def __init__(self, message: str, *, passing: bool = True) -> None:
        super().__init__(message, passing=passing)


class RefusedByAws(InteractionRefused):
    """AWS refuses a call that the account's role needs, or did so in the last test."""


class NoCapacity(InteractionRefused):
    """AWS has no capacity for the instance."""


class WrongState(InteractionRefused):
    """The instance cannot be started or stopped from its state."""


class ExcludedByTag(InteractionRefused):
    """A tag of the instance forbids Cavok to start or stop it."""


class MemberOfCluster(InteractionRefused):
    """The instance starts and stops with its cluster."""


class AmbiguousInstance(InteractionRefused):
    """Instances with this identifier are in several regions."""


class LaterRequestPending(InteractionRefused):
    """A later request may be starting or stopping the instance."""


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


class ComesAgain(CavokError):
    """A message is to come again in so many seconds. That is no failure."""

    def __init__(self, seconds: float) -> None:
        self.seconds = max(ceil(seconds), 1)
        super().__init__(f"The message comes again in {self.seconds} seconds.")


class MalformedHint(CavokError):
    """A message that is neither a request of CloudFormation nor an event of IAM. It gets no answer,
    and no repetition. Anybody can send one, so no alarm rings for it.
    """


class UnusableEvent(CavokError):
    """An event that can never be processed. It is dropped, because a retry would fail too."""


class MalformedEvent(UnusableEvent):
    """An event without its envelope or a required field, or with an id or a time that cannot be
    used; or a message that is not JSON.
    """


class LineDropped(UnusableEvent):
    """CloudWatch Logs accepted a line and discarded it. The message says why."""


class UnknownClock(CavokError):
    """A clock that no schedule has. It starts and stops nothing."""


class UnknownEvent(UnusableEvent):
    """An event of a type that the registry does not have, or that its consumer does not take."""


def code_of(kind: type[CavokError]) -> str:
    """The code of a cause, for programs: the name of its class, as `role_lets_others_in`."""
    return re.sub("(?<!^)(?=[A-Z])", "_", kind.__name__).lower()


def refusal_of(code: str | None, message: str, *, passing: bool) -> CavokError:
    """A refusal of a start or stop, restored from its stored form."""
    if code == code_of(InstanceNotFound):
        return InstanceNotFound(message)
    kinds, made = [InteractionRefused], InteractionRefused
    while kinds:
        kind = kinds.pop()
        kinds += kind.__subclasses__()
        if code_of(kind) == code:
            made = kind
    return made(message, passing=passing)
