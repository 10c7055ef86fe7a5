"""`make up`: the stack, and a first account connected to it."""

from __future__ import annotations

from local import first_account, stack, sweep


def main() -> None:
    """Bring the stack up, connect the first sample account over the HTTP API, and let sweeps run by
    schedule, as they do on AWS. Raises Problem.
    """
    running = stack.up()
    first_account.connect(running)
    sweep.change_schedule(running, State="ENABLED")


if __name__ == "__main__":
    stack.run(main)
