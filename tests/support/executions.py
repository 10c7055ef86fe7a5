"""What Step Functions does when an execution is started again under its name, for the emulator's
correction and for the contract test.
"""

from __future__ import annotations

from typing import Any

import pytest


def check_that_a_name_is_one_execution(client: Any, machine: str) -> None:
    """`machine` is a STANDARD workflow that only waits. A running execution is answered, another
    input or a stopped one is refused. Source: Step Functions API Reference, StartExecution.
    """

    def start(given: str) -> Any:
        return client.start_execution(stateMachineArn=machine, name="once", input=given)

    first, again = start("{}"), start("{}")
    assert (again["executionArn"], again["startDate"]) == (
        first["executionArn"],
        first["startDate"],
    )
    with pytest.raises(client.exceptions.ExecutionAlreadyExists):
        start('{"other": 1}')
    client.stop_execution(executionArn=first["executionArn"])
    with pytest.raises(client.exceptions.ExecutionAlreadyExists):
        start("{}")
