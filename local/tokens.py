"""ID tokens of the local stack's people: `python -m local.tokens admin` (make token USER=admin)."""

from __future__ import annotations

import argparse

from local import aws, stack
from local.settings import Problem
from local.stack import Stack
from local.users import User


def id_token(running: Stack, user: str) -> str:
    """A fresh Cognito ID token, valid for an hour. Raises Problem for a user who is not in
    `.local/stack.json`.
    """
    person = running.users.get(user)
    if person is None:
        raise Problem(f"There is no user {user}. There are: {', '.join(running.users)}")
    return sign_in(running, person)


def sign_in(running: Stack, person: User) -> str:
    """A fresh Cognito ID token of a user of this stack's pool."""
    answer = aws.sign_in_client(running.emulator_url).initiate_auth(
        ClientId=running.user_pool_client_id,
        AuthFlow="USER_PASSWORD_AUTH",
        AuthParameters={"USERNAME": person["email"], "PASSWORD": person["password"]},
    )
    return answer["AuthenticationResult"]["IdToken"]


def main() -> None:
    parser = argparse.ArgumentParser(prog="local.tokens", description=__doc__)
    parser.add_argument("user", nargs="?", default="admin")
    print(id_token(stack.load(), parser.parse_args().user))


if __name__ == "__main__":
    stack.run(main)
