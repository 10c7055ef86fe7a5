"""Runs a workflow's definition in this process. It evaluates JSONata as Step Functions does, and
leaves what a task does to the caller. A `TaskFailed` goes to the state's Catch at once: Retry is
ignored. Any other error ends the run.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from jsonata import Jsonata
from jsonata.utils import Utils

Call = Callable[[str, str, Any], Any]
"""Performs a task: the state's name, its `Resource` and its evaluated `Arguments` in, the result
out.
"""


class TaskFailed(Exception):
    """An error that a Catch can take: its name, and its cause, which a timeout may lack."""

    def __init__(self, error: str, cause: str | None = None) -> None:
        super().__init__(error, cause)
        self.output = {"Error": error} | ({} if cause is None else {"Cause": cause})

    def is_in(self, names: list[str]) -> bool:
        return "States.ALL" in names or self.output["Error"] in names


@dataclass
class Run:
    """One execution. `context` is what `$states.context` holds. `history`: what Step Functions
    keeps of each visited state, with its name: input, arguments, result, what it assigned, output.
    """

    context: dict[str, Any]
    call: Call
    variables: dict[str, Any] = field(default_factory=dict)
    history: list[tuple[str, Any]] = field(default_factory=list)

    def run(self, machine: Mapping[str, Any], data: Any) -> Any:
        """The machine's output."""
        name: str | None = machine["StartAt"]
        while name:
            state = machine["States"][name]
            given, visited, known = data, name, dict(self.variables)
            data, name = self._step(name, state, data)
            assigned = {k: v for k, v in self.variables.items() if v is not known.get(k)}
            self.history.append((visited, [given, assigned, data]))
        return data

    def _step(self, name: str, state: Mapping[str, Any], data: Any) -> tuple[Any, str | None]:
        if state["Type"] == "Choice":
            chosen = (
                c["Next"] for c in state["Choices"] if self._value(c["Condition"], input=data)
            )
            return data, next(chosen, state.get("Default"))
        try:
            result, after = self._result(name, state, data), state
            known = {"input": data, "result": result}
        except TaskFailed as failed:
            after = next((c for c in state.get("Catch", []) if failed.is_in(c["ErrorEquals"])), {})
            if not after:
                raise
            result, known = failed.output, {"input": data, "errorOutput": failed.output}
        assigned = self._value(after.get("Assign", {}), **known)
        output = data if result is None else result
        if "Output" in after:
            output = self._value(after["Output"], **known)
        self.variables |= assigned
        return output, after.get("Next")

    def _result(self, name: str, state: Mapping[str, Any], data: Any) -> Any:
        if state["Type"] == "Task":
            arguments = self._value(state.get("Arguments", {}), input=data)
            result = self.call(name, state["Resource"], arguments)
            self.history.append((name, [arguments, result]))
            return result
        return self._map(state, data) if state["Type"] == "Map" else None

    def _map(self, state: Mapping[str, Any], data: Any) -> list[Any]:
        return [
            replace(self, variables=dict(self.variables)).run(state["ItemProcessor"], item)
            for item in self._items(state, data)
        ]

    def _items(self, state: Mapping[str, Any], data: Any) -> list[Any]:
        items: list[Any] = self._value(state["Items"], input=data)
        if "ItemBatcher" in state:
            size = int(self._value(state["ItemBatcher"]["MaxItemsPerBatch"], input=data))
            return [{"Items": items[n : n + size]} for n in range(0, len(items), size)]
        return items

    def _value(self, template: Any, **states: Any) -> Any:
        """A template with its expressions evaluated. None stays JSON's null."""
        if isinstance(template, dict):
            return {name: self._value(inner, **states) for name, inner in template.items()}
        if isinstance(template, list):
            return [self._value(inner, **states) for inner in template]
        if not (isinstance(template, str) and template.startswith("{%")):
            return template
        bindings = self.variables | {"states": states | {"context": self.context}}
        expression = Jsonata(template[2:-2].strip())
        return expression.evaluate(None, {n: _with_nulls(v) for n, v in bindings.items()})


def _with_nulls(value: Any) -> Any:
    """JSON's null as the library spells it: to JSONata, None is a missing value."""
    if value is None:
        return Utils.NULL_VALUE
    if isinstance(value, dict):
        return {name: _with_nulls(inner) for name, inner in value.items()}
    if isinstance(value, list):
        return [_with_nulls(inner) for inner in value]
    return value
