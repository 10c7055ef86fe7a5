"""Who asks for something: a person, a schedule, or Cavok itself."""

from dataclasses import dataclass
from enum import StrEnum
from typing import Self


class ActorKind(StrEnum):
    """`schedule`: an instance's schedule, or the schedule of tests. `system`: Cavok itself, as a
    result of another act.
    """

    PERSON = "person"
    SCHEDULE = "schedule"
    SYSTEM = "system"


@dataclass(frozen=True, slots=True, kw_only=True)
class Actor:
    """`sub` is the user pool's identifier of a person, which nobody can change. `email` is for
    reading: it is verified, but may have belonged to another person before. Both are null if the
    actor is not a person. In older items, one of them is null.
    """

    kind: ActorKind
    sub: str | None = None
    email: str | None = None

    @property
    def name(self) -> str:
        """For people to read. It decides only who repeats the request for a resource
        (`Resource.repeats`): a wrong guess there answers 201 for 409, or 409 for 201.
        """
        return self.email or self.sub or self.kind.value

    @classmethod
    def of_stored(cls, name: str, sub: str | None, kind: ActorKind | None) -> Self:
        """Reads a name and what is stored beside it. Older items have the name alone: an email
        address, a sub or `schedule`.
        """
        if kind is None:
            kind = ActorKind.SCHEDULE if name == ActorKind.SCHEDULE else ActorKind.PERSON
        if kind is not ActorKind.PERSON:
            return cls(kind=kind)
        if "@" in name:
            return cls(kind=kind, sub=sub, email=name)
        return cls(kind=kind, sub=sub or name)


SCHEDULE = Actor(kind=ActorKind.SCHEDULE)
SYSTEM = Actor(kind=ActorKind.SYSTEM)


@dataclass(frozen=True, slots=True, kw_only=True)
class Requester:
    """Who asks for something, in which request, and from which address.

    request_id  finds the HTTP request, the clock's message or the event in Cavok's own logs.
    source_ip   of the HTTP request; null if it is none.
    """

    actor: Actor
    request_id: str
    source_ip: str | None = None
