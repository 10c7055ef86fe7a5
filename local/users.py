"""The users of the local stack, in two organizations, with new passwords for each stack."""

from __future__ import annotations

import secrets
from contextlib import suppress
from dataclasses import dataclass
from typing import TypedDict

from local import aws


class User(TypedDict):
    """A created user, as `.local/stack.json` shows it."""

    email: str
    password: str
    organization: str


@dataclass(frozen=True)
class Person:
    """A user to create. `group` names their role in Cavok Accounts."""

    email: str
    organization: str
    group: str


PEOPLE = {
    "admin": Person("admin@northwind.example", "northwind", "admin"),
    "viewer": Person("viewer@northwind.example", "northwind", "viewer"),
    "operator": Person("operator@northwind.example", "northwind", "operator"),
    "other_admin": Person("admin@contoso.example", "contoso", "admin"),
}


def ensure_all(emulator_url: str, pool_id: str, known: dict[str, User]) -> dict[str, User]:
    """Create the users that are missing from the pool. `known` holds the users of an earlier run,
    whose passwords still apply.
    """
    cognito = aws.cognito(emulator_url)
    present = {
        attribute["Value"]
        for user in cognito.list_users(UserPoolId=pool_id)["Users"]
        for attribute in user["Attributes"]
        if attribute["Name"] == "email"
    }
    users = {}
    for name, person in PEOPLE.items():
        kept = known.get(name)
        users[name] = (
            kept if kept and person.email in present else create(emulator_url, pool_id, person)
        )
    return users


def create(emulator_url: str, pool_id: str, person: Person) -> User:
    """Create one user with a random password, or give an existing one a new password."""
    cognito = aws.cognito(emulator_url)
    attributes = {
        "email": person.email,
        "email_verified": "true",
        "custom:organization": person.organization,
    }
    # Contains each kind of character that a password policy may require.
    password = f"{secrets.token_urlsafe(18)}-aA1"
    with suppress(cognito.exceptions.UsernameExistsException):
        cognito.admin_create_user(
            UserPoolId=pool_id,
            Username=person.email,
            MessageAction="SUPPRESS",
            # The emulator's generated one does not satisfy the pool's password policy.
            TemporaryPassword=password,
            UserAttributes=[{"Name": name, "Value": value} for name, value in attributes.items()],
        )
    cognito.admin_set_user_password(
        UserPoolId=pool_id, Username=person.email, Password=password, Permanent=True
    )
    _ensure_group(emulator_url, pool_id, person.group)
    cognito.admin_add_user_to_group(
        UserPoolId=pool_id, Username=person.email, GroupName=person.group
    )
    return {"email": person.email, "password": password, "organization": person.organization}


def _ensure_group(emulator_url: str, pool_id: str, group: str) -> None:
    cognito = aws.cognito(emulator_url)
    with suppress(cognito.exceptions.GroupExistsException):
        cognito.create_group(UserPoolId=pool_id, GroupName=group)
