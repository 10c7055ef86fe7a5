"""Organizations of a test's own, with people who really sign in."""

from __future__ import annotations

import secrets
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass

import httpx

from local import aws, users
from local.stack import Stack
from local.users import Person, User
from tests.support.http import signed_in


@dataclass(frozen=True)
class Organization:
    """A new organization. Each person is an HTTP client that sends their ID token."""

    name: str
    admin: httpx.Client
    viewer: httpx.Client
    operator: httpx.Client
    people: dict[str, User]


@contextmanager
def new_organization(stack: Stack) -> Iterator[Organization]:
    """An organization that nobody used before. Its people are gone afterwards, so that the pool
    stays small.
    """
    name = f"e2e-{secrets.token_hex(6)}"
    people: dict[str, User] = {}
    clients: dict[str, httpx.Client] = {}
    with ExitStack() as ending:
        for group in ("admin", "viewer", "operator"):
            person = Person(f"{group}@{name}.example", name, group)
            people[group] = users.create(stack.emulator_url, stack.user_pool_id, person)
            ending.callback(
                aws.cognito(stack.emulator_url).admin_delete_user,
                UserPoolId=stack.user_pool_id,
                Username=person.email,
            )
            clients[group] = ending.enter_context(signed_in(stack, people[group]))
        yield Organization(name, **clients, people=people)
