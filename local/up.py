"""`make up`: the stack, and a first account connected to it."""

from __future__ import annotations

from local import first_account, stack


def main() -> None:
    """Bring the stack up and connect the first sample account over the HTTP API. Raises Problem."""
    first_account.connect(stack.up())


if __name__ == "__main__":
    stack.run(main)
