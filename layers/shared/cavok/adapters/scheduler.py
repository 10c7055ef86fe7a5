"""The clocks that ask whether a resource's schedule wants something: EventBridge Scheduler."""

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from cavok.adapters.aws_errors import AWS_ERRORS
from cavok.domain.errors import ServiceUnavailable
from cavok.domain.resources import Resource

if TYPE_CHECKING:
    from mypy_boto3_scheduler import EventBridgeSchedulerClient


@dataclass(frozen=True, slots=True)
class ClockSettings:
    """The group of the schedules, the function they invoke, the role they invoke it with, and the
    queue of those that could not.
    """

    group: str
    target_arn: str
    role_arn: str
    dead_letter_arn: str


class Clocks:
    """Schedules of Scheduler by name. Both calls may be repeated."""

    def __init__(self, scheduler: "EventBridgeSchedulerClient", settings: ClockSettings) -> None:
        self._scheduler = scheduler
        self._settings = settings

    def set(self, resource: Resource, crons: Mapping[str, str]) -> tuple[str, ...]:
        """One schedule a time of day; returns their names. Raises ServiceUnavailable."""
        names = {f"{resource.resource_id}-{at}": cron for at, cron in crons.items()}
        for name, cron in names.items():
            schedule = self._schedule(resource, name, cron)
            try:
                try:
                    self._scheduler.create_schedule(**schedule)
                except self._scheduler.exceptions.ConflictException:
                    self._scheduler.update_schedule(**schedule)
            except AWS_ERRORS as error:
                raise ServiceUnavailable(
                    "The schedule could not be set. Please try again in a moment."
                ) from error
        return tuple(names)

    def stop(self, names: Iterable[str]) -> None:
        """Raises ServiceUnavailable."""
        for name in names:
            try:
                self._scheduler.delete_schedule(Name=name, GroupName=self._settings.group)
            except self._scheduler.exceptions.ResourceNotFoundException:
                continue
            except AWS_ERRORS as error:
                raise ServiceUnavailable(
                    "The schedule could not be ended. Please try again in a moment."
                ) from error

    def _schedule(self, resource: Resource, name: str, cron: str) -> Any:
        assert resource.schedule
        return {
            "Name": name,
            "GroupName": self._settings.group,
            "Description": f"Resource {resource.resource_id} of account {resource.account_id}.",
            "ScheduleExpression": cron,
            "ScheduleExpressionTimezone": resource.schedule.time_zone,
            "FlexibleTimeWindow": {"Mode": "OFF"},
            "Target": {
                "Arn": self._settings.target_arn,
                "RoleArn": self._settings.role_arn,
                "Input": json.dumps(
                    {
                        "organization_id": resource.organization_id,
                        "account_id": resource.account_id,
                        "resource_id": resource.resource_id,
                        "clock": name,
                    }
                ),
                "RetryPolicy": {"MaximumRetryAttempts": 10, "MaximumEventAgeInSeconds": 3600},
                "DeadLetterConfig": {"Arn": self._settings.dead_letter_arn},
            },
        }
