"""Actors in items: the name, which older items store alone, and what is stored beside it."""

from typing import Any, Protocol

from cavok.domain.actors import Actor, ActorKind


class _HasActor(Protocol):
    @property
    def actor(self) -> str: ...
    @property
    def actor_sub(self) -> str | None: ...
    @property
    def actor_kind(self) -> ActorKind | None: ...


def stored_actor(actor: Actor) -> dict[str, Any]:
    """The attributes of an item."""
    return {"actor": actor.name, "actor_sub": actor.sub, "actor_kind": actor.kind}


def actor_of(item: _HasActor) -> Actor:
    """Reads `stored_actor`, and the name alone."""
    return Actor.of_stored(item.actor, item.actor_sub, item.actor_kind)
