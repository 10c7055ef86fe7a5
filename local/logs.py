"""Logs of the functions: `python -m local.logs --function accounts --minutes 15` (make logs)."""

from __future__ import annotations

import argparse
import time

from local import aws, stack
from local.display import console


def main() -> None:
    """Print the matching log lines of all functions, oldest first. Raises Problem."""
    parser = argparse.ArgumentParser(prog="local.logs", description=__doc__)
    parser.add_argument("--function", default="", help="part of a log group's name")
    parser.add_argument("--minutes", type=int, default=15)
    arguments = parser.parse_args()
    client = aws.logs(stack.load().emulator_url)
    since = int((time.time() - 60 * arguments.minutes) * 1000)
    lines = []
    for page in client.get_paginator("describe_log_groups").paginate():
        for group in page["logGroups"]:
            name = group["logGroupName"]
            if _letters(arguments.function) not in _letters(name):
                continue
            found = client.filter_log_events(logGroupName=name, startTime=since)["events"]
            lines += [
                (event["timestamp"], name.rsplit("/", 1)[-1], event["message"].rstrip())
                for event in found
            ]
    for timestamp, name, message in sorted(lines):
        at = time.strftime("%H:%M:%S", time.localtime(timestamp / 1000))
        console.print(f"{at} {name} {message}", markup=False)


def _letters(name: str) -> str:
    """Alike for the template's `FollowSchedule` and the log group's `follow_schedule`."""
    return name.replace("_", "").lower()


if __name__ == "__main__":
    stack.run(main)
