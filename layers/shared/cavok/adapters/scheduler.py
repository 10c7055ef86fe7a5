"""EventBridge Scheduler: invokes `follow_schedule` at the times of a resource's schedule."""

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
class SchedulerSettings:
    """Where schedules are created and what they invoke. Functions that only delete schedules set
    the group alone.

    target_arn       the function that a schedule invokes.
    role_arn         the role with which it does.
    dead_letter_arn  the queue for invocations that failed.
    """

    group: str
    target_arn: str
    role_arn: str
    dead_letter_arn: str


class SchedulerClient:
    """Creates and deletes EventBridge schedules by name. Both calls are idempotent."""

    def __init__(
        self, scheduler: "EventBridgeSchedulerClient", settings: SchedulerSettings
    ) -> None:
        self._scheduler = scheduler
        self._settings = settings

    def create(self, resource: Resource, crons: Mapping[str, str]) -> tuple[str, ...]:
        """Creates or replaces one schedule for each time of day, `HHMM` in `crons`. Returns their
        names. Raises ServiceUnavailable.
        """
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

    def delete(self, names: Iterable[str]) -> None:
        """Deletes schedules. Skips names that do not exist. Raises ServiceUnavailable."""
        for name in names:
            try:
                self._scheduler.delete_schedule(Name=name, GroupName=self._settings.group)
            except self._scheduler.exceptions.ResourceNotFoundException:
                continue
            except AWS_ERRORS as error:
                raise ServiceUnavailable(
                    "The schedule could not be deleted. Please try again in a moment."
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
