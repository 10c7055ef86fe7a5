"""`make up`: the stack, then the main job on it."""

from __future__ import annotations

from local import main_job, stack


def main() -> None:
    """Bring the stack up and connect the first sample account over the HTTP API."""
    main_job.run(stack.up())


if __name__ == "__main__":
    stack.run(main)
