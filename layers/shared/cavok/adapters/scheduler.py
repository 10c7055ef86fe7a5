"""EventBridge Scheduler: the clocks, whose messages `follow_schedule` takes."""

import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any

from cavok.adapters.aws_errors import AWS_ERRORS, code_and_message
from cavok.domain.clocks import Clock, ClockMessage
from cavok.domain.errors import InvalidField, ServiceUnavailable
from cavok.domain.resources import Resource

if TYPE_CHECKING:
    from mypy_boto3_scheduler import EventBridgeSchedulerClient


SEND_MESSAGE = "arn:aws:scheduler:::aws-sdk:sqs:sendMessage"
"""A universal target: the schedule's input is the request to SQS. The templated target of a queue
knows a message group for FIFO queues only. Source: EventBridge Scheduler User Guide, "Using
universal targets"; its API Reference, SqsParameters.
"""


@dataclass(frozen=True, slots=True)
class SchedulerSettings:
    """Where clocks are created and what they invoke. Functions that only end clocks set only the
    group.

    queue_url        the queue to which a clock sends its message. It is fair between organizations.
    role_arn         the role with which a clock sends it.
    dead_letter_arn  the queue for messages that could not be sent.
    """

    group: str
    queue_url: str
    role_arn: str
    dead_letter_arn: str


class SchedulerClient:
    """Creates, lists and ends clocks. Creating and ending may be repeated."""

    def __init__(
        self, scheduler: "EventBridgeSchedulerClient", settings: SchedulerSettings
    ) -> None:
        self._scheduler = scheduler
        self._settings = settings

    def create(self, resource: Resource, clocks: Iterable[Clock]) -> tuple[str, ...]:
        """Creates a resource's clocks. Returns the names of those that did not exist. Raises
        InvalidField for a time zone that Scheduler does not know; ServiceUnavailable.
        """
        return tuple(clock.name for clock in clocks if self._create(resource, clock))

    def _create(self, resource: Resource, clock: Clock) -> bool:
        try:
            self._scheduler.create_schedule(**self._schedule(resource, clock))
        except self._scheduler.exceptions.ConflictException:
            return False
        except AWS_ERRORS as error:
            code, message = code_and_message(error)
            # Scheduler has its own list of time zones. An unknown name stays unknown.
            if code == "ValidationException" and "zone" in message.lower():
                raise InvalidField("schedule.time_zone", f"AWS refuses it: {message}") from error
            raise ServiceUnavailable(
                "The schedule could not be set. Please try again in a moment."
            ) from error
        return True

    def end(self, names: Iterable[str]) -> None:
        """Deletes clocks. Skips names that do not exist. Raises ServiceUnavailable."""
        for name in names:
            try:
                self._scheduler.delete_schedule(Name=name, GroupName=self._settings.group)
            except self._scheduler.exceptions.ResourceNotFoundException:
                continue
            except AWS_ERRORS as error:
                raise ServiceUnavailable(
                    "The schedule could not be deleted. Please try again in a moment."
                ) from error

    def all_clocks(self) -> Iterator[tuple[str, datetime]]:
        """Names of all clocks, and when each was created. A thousand take ten calls."""
        pages = self._scheduler.get_paginator("list_schedules").paginate(
            GroupName=self._settings.group, PaginationConfig={"PageSize": 100}
        )
        for page in pages:
            for schedule in page["Schedules"]:
                yield schedule["Name"], schedule["CreationDate"]

    def resource_of(self, name: str) -> tuple[str, str] | None:
        """The account and the resource for which a clock was made; null if it is gone. Raises
        ServiceUnavailable.
        """
        try:
            found = self._scheduler.get_schedule(Name=name, GroupName=self._settings.group)
        except self._scheduler.exceptions.ResourceNotFoundException:
            return None
        except AWS_ERRORS as error:
            raise ServiceUnavailable("The schedule could not be read.") from error
        # Clocks that are older than message groups hold the message itself.
        made_for = ClockMessage.read(found["Target"]["Input"])
        return made_for.account_id, made_for.resource_id

    def _schedule(self, resource: Resource, clock: Clock) -> Any:
        message = ClockMessage.of(resource, clock)
        return {
            "Name": clock.name,
            "GroupName": self._settings.group,
            "Description": f"Resource {resource.resource_id} of account {resource.account_id}.",
            "ScheduleExpression": clock.cron,
            "ScheduleExpressionTimezone": clock.time_zone,
            "FlexibleTimeWindow": {"Mode": "OFF"},
            "Target": {
                "Arn": SEND_MESSAGE,
                "RoleArn": self._settings.role_arn,
                "Input": json.dumps(
                    {
                        "QueueUrl": self._settings.queue_url,
                        "MessageBody": message.body,
                        "MessageGroupId": message.group,
                    }
                ),
                "RetryPolicy": {"MaximumRetryAttempts": 10, "MaximumEventAgeInSeconds": 3600},
                "DeadLetterConfig": {"Arn": self._settings.dead_letter_arn},
            },
        }
