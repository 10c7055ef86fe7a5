"""Messages to HearConnections, and the tests that they start: on moto."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

import pytest

from cavok import wiring
from cavok.domain.accounts import Account
from cavok.domain.connection_hints import IN_EFFECT_AFTER
from tests.support.builders import ORGANIZATION_ID
from tests.support.messages import invoke, records_of
from tests.support.moto_stack import WORKFLOW, Clock, Json, client, end_test


@dataclass
class Queue:
    """How long messages were hidden."""

    hidden: list[int] = field(default_factory=list)

    def hide(self, receipt_handle: str, seconds: int) -> None:
        self.hidden.append(seconds)

    def install(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """As the queue, and as what sends answers to stacks."""
        monkeypatch.setattr(wiring, "connection_hints", lambda: self)
        monkeypatch.setattr(wiring, "webhook_client", lambda: self)
        monkeypatch.setenv("ALLOW_LOOPBACK_WEBHOOKS", "false")


def hear(*messages: Json, received: int = 1, age: timedelta = IN_EFFECT_AFTER) -> int:
    """How many of these messages come again. `age`: since they were sent."""
    records = records_of("ConnectionHints", list(messages), received, sent_at=Clock.time - age)
    return len(invoke("HearConnections", {"Records": records})["batchItemFailures"])


def started(machine: str = WORKFLOW) -> list[Json]:
    """With what executions of this state machine began."""
    sfn = client("stepfunctions")
    return [
        json.loads(sfn.describe_execution(executionArn=each["executionArn"])["input"])
        for each in sfn.list_executions(stateMachineArn=machine)["executions"]
    ]


def account_of(account_id: str, organization_id: str = ORGANIZATION_ID) -> Account:
    return wiring.accounts().get(organization_id, account_id)


def ends(account_id: str, *steps: Any) -> None:
    """The account's running test ends: see `end_test`."""
    end_test(account_of(account_id), *steps)
