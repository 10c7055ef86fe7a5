"""A workflow as Step Functions runs it, in reckoned time: its functions run one after another, each
alone on this machine, and the branches of a Map count as if they had run at once.

What a task takes is what its function was measured to take; each state takes the time below.
"""

from __future__ import annotations

import heapq
import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Self

from local.settings import ROOT
from tests.bench.functions import PARAMETERS, ExecutionEnvironment, Invocation, memory_of
from tests.bench.measure import Sample
from tests.bench.reckoning import share_of_a_processor, with_a_share
from tests.bench.stand_in import StandIn
from tests.support.asl import Call, Run

TRANSITION = 0.025
"""Seconds that Step Functions takes for a state, beside what the state waits for."""


def definition(name: str, **changed: str) -> Mapping[str, Any]:
    """A workflow, with the logical ID of a resource in place of each `${IdArn}`, and our parameters
    where customers are served, of which some may be `changed`.
    """
    text = (ROOT / "statemachines" / f"{name}.asl.json").read_text()
    for parameter, value in (PARAMETERS | changed).items():
        text = text.replace(f"${{{parameter}}}", value)
    found: Mapping[str, Any] = json.loads(re.sub(r"\$\{(\w+?)(Arn)?\}", r"\1", text))
    return found


# ---- execution environments in reckoned time


@dataclass(frozen=True)
class Invoked:
    """An invocation of a function; `init` if it had to wait for a new environment."""

    function: str
    init: Sample | None
    invocation: Invocation

    @property
    def seconds(self) -> float:
        return self.invocation.took.wall + (self.init.wall if self.init else 0)


@dataclass
class Pool:
    """Execution environments, by function. One takes an invocation at a time, so what is invoked
    while all are in use starts a new one.
    """

    start: Callable[[str], ExecutionEnvironment]
    one_each: bool = False
    """Whether each function has one environment only, where nobody asks how long things take."""
    init_has_its_share: bool = False
    """Of a processor, as its memory gives, instead of a whole one."""
    invocations: list[Invoked] = field(default_factory=list)
    _free_at: dict[str, list[tuple[float, int, ExecutionEnvironment]]] = field(default_factory=dict)
    _started: list[ExecutionEnvironment] = field(default_factory=list)

    def invoke(self, function: str, event: Any, now: float) -> Invoked:
        """At a moment of reckoned time."""
        waiting = self._free_at.setdefault(function, [])
        if waiting and (self.one_each or waiting[0][0] <= now):
            init, environment = None, heapq.heappop(waiting)[2]
        else:
            environment = self.start(function)
            self._started.append(environment)
            init = environment.init
            if self.init_has_its_share:
                init = with_a_share(init, share_of_a_processor(memory_of(function)))
        invoked = Invoked(function, init, environment.invoke(event))
        self.invocations.append(invoked)
        heapq.heappush(waiting, (now + invoked.seconds, len(self.invocations), environment))
        return invoked

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: object) -> None:
        for environment in self._started:
            environment.end()


# ---- executions


Perform = Callable[[str, Any, float], tuple[Any, float]]
"""Performs a task's `Resource` with its arguments, at a moment of reckoned time. Returns the result
and the seconds that it took.
"""


@dataclass
class Bill:
    """State transitions of an execution, with those in branches."""

    transitions: int = 0


@dataclass(kw_only=True)
class Reckoned(Run):
    """An execution. `now` is where it is in reckoned time."""

    call: Call = field(init=False)
    perform: Perform
    now: float = 0.0
    bill: Bill = field(default_factory=Bill)

    def __post_init__(self) -> None:
        self.call = self._perform

    def _step(self, name: str, state: Mapping[str, Any], data: Any) -> tuple[Any, str | None]:
        self.now += TRANSITION
        self.bill.transitions += 1
        return super()._step(name, state, data)

    def _perform(self, name: str, resource: str, arguments: Any) -> Any:
        result, seconds = self.perform(resource, arguments, self.now)
        self.now += seconds
        return result

    def _map(self, state: Mapping[str, Any], data: Any) -> list[Any]:
        """Each branch begins when one of `MaxConcurrency` has ended. Its states are transitions,
        and the branch of an inline Map itself is none. Source: Step Functions Developer Guide,
        "Transitions in Distributed Map state".
        """
        items, processor = self._items(state, data), state["ItemProcessor"]
        at_once = self._value(state.get("MaxConcurrency"), input=data)
        free = [self.now] * int(at_once or max(1, len(items)))
        results = []
        for item in items:
            began = heapq.heappop(free)
            branch = replace(self, variables=dict(self.variables), now=began)
            results.append(branch.run(processor, item))
            heapq.heappush(free, branch.now)
        self.now = max(free)
        return results


@dataclass(frozen=True)
class Performing:
    """What the states of our workflows ask of AWS."""

    pool: Pool
    aws: StandIn

    def perform(self, resource: str, arguments: Any, now: float) -> tuple[Any, float]:
        """See `Perform`. Raises NotImplementedError for what no workflow asks yet."""
        match resource.removeprefix("arn:aws:states:::"):
            case "lambda:invoke":
                invoked = self.pool.invoke(arguments["FunctionName"], arguments["Payload"], now)
                return {"Payload": invoked.invocation.result}, invoked.seconds
        raise NotImplementedError(resource)
