"""What can go wrong, named. The workflow's Retry and Catch go by these class names; HTTP maps each
to one status.
"""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from cavok.domain.steps import Judgement


class CavokError(Exception):
    """Base of every error that a caller can do something about. The message is safe to show."""


class AccountNotFound(CavokError):
    """No such account in this organization, or it was deleted meanwhile."""


class VerificationNotFound(CavokError):
    """No such verification of this account."""


class WebhookNotFound(CavokError):
    """The organization has set no webhook."""


class Conflict(CavokError):
    """The request does not fit what is there."""


class PreconditionFailed(CavokError):
    """The account changed since the client read it."""


class InvalidField(CavokError):
    """A field of the request is wrong in a way that its shape alone does not show."""

    def __init__(self, field: str, message: str) -> None:
        super().__init__(message)
        self.field = field
        self.message = message


class Forbidden(CavokError):
    """The caller's token does not allow this."""


class ServiceUnavailable(CavokError):
    """One of our own parts does not answer. Trying again later may help."""


class EntryRefused(CavokError):
    """AWS refused AssumeRole on the account's role, or its access key. The message starts with the
    error code.
    """


class EntryRefusedYet(EntryRefused):
    """Like EntryRefused, but worth retrying: the role or key may be seconds old, and IAM is
    eventually consistent. A connection that worked before is also retried before it fails.
    """


class EntryInconclusive(CavokError):
    """The account could not be entered, and the cause may not be the customer's."""


class OurEntryBroken(EntryInconclusive):
    """AWS refused us the account's role and also our own canary role: the cause is ours."""


class ProbeTransient(CavokError):
    """A probe was throttled, timed out or met an outage. A retry may succeed."""


class SealBroken(CavokError):
    """A sealed secret does not open under this encryption context."""


class InstanceNotFound(CavokError):
    """No such instance in this account's regions."""


class ResourceNotFound(CavokError):
    """No such resource of this account."""


class InteractionRefused(CavokError):
    """An instance that cannot be started, stopped or listed as things are; the message says why."""


class LogWritingInconclusive(CavokError):
    """A line could not be written, and AWS did not refuse it either. It may work in a moment."""


class CallFailed(CavokError):
    """AWS refused a call in the customer's account, or did not answer it."""

    def __init__(self, judgement: "Judgement") -> None:
        super().__init__(f"{judgement.error_code}: {judgement.detail}")
        self.judgement = judgement


class UnusableEvent(CavokError):
    """An event that can never be processed. It is dropped, because a repetition fails alike."""


class MalformedEvent(UnusableEvent):
    """An event without its envelope or a required field, or a message that is not JSON."""


class UnknownEvent(UnusableEvent):
    """An event of a type that the registry does not have."""
