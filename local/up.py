"""`make up`: the stack, a first account connected to it, and a first AWS Organization enrolled."""

from __future__ import annotations

from local import first_account, first_enrollment, stack, sweep


def main() -> None:
    """Bring the stack up, connect the first sample account and enroll the sample AWS Organization
    over the HTTP API, and let sweeps run by schedule, as they do on AWS. Raises Problem.
    """
    running = stack.up()
    first_account.connect(running)
    first_enrollment.enroll(running)
    sweep.change_schedule(running, State="ENABLED")
    first_account.show_next_steps(running)


if __name__ == "__main__":
    stack.run(main)
