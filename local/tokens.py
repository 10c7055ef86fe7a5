"""ID tokens of the local stack's users: `python -m local.tokens admin` (make token USER=admin)."""

from __future__ import annotations

import argparse

from local import aws, stack
from local.settings import Problem
from local.stack import Stack
from local.users import User


def id_token(running: Stack, user: str) -> str:
    """A new Cognito ID token, valid for one hour. Raises Problem for a user that
    `.local/stack.json` does not name.
    """
    known = running.users.get(user)
    if known is None:
        raise Problem(f"There is no user {user}. Use one of {', '.join(running.users)}")
    return sign_in(running, known)


def sign_in(running: Stack, user: User) -> str:
    """A new Cognito ID token of any user of this stack's pool, valid for one hour."""
    answer = aws.sign_in_client(running.emulator_url).initiate_auth(
        ClientId=running.user_pool_client_id,
        AuthFlow="USER_PASSWORD_AUTH",
        AuthParameters={"USERNAME": user["email"], "PASSWORD": user["password"]},
    )
    return answer["AuthenticationResult"]["IdToken"]


def main() -> None:
    parser = argparse.ArgumentParser(prog="local.tokens", description=__doc__)
    parser.add_argument("user", nargs="?", default="admin")
    print(id_token(stack.load(), parser.parse_args().user))


if __name__ == "__main__":
    stack.run(main)
