"""CPU time in which each built function starts, with the clients of its first invocation, compared
with what it took before the layer had bytecode and only the models in use.

Both are divided by a yardstick, so the comparison holds on another machine, or if it is busy.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from tests.bench.functions import LAMBDAS, LAYER, artifacts, built_functions, variables_of
from tests.bench.measure import Medians, Sample, interleaved
from tests.bench.yardstick import WORK, running

BEFORE = {
    "AccountsApi": 9.1,
    "DeliverWebhook": 9.7,
    "EndResources": 9.4,
    "FollowOutcome": 9.7,
    "FollowSchedule": 9.6,
    "InstancesApi": 10.4,
    "LogInteractions": 10.1,
    "OpenSession": 9.7,
    "ProbeAccount": 9.7,
    "ProbePermission": 7.1,
    "PublishEvents": 8.0,
    "ReconcileClocks": 9.3,
    "RecordVerification": 7.9,
    "SurveyRegions": 9.2,
    "WriteCustomerLog": 6.7,
}
"""Yardsticks that a start took with its first clients, by function: medians. Measured on 2026-11-26
with Python 3.11 from what `sam build` made of commit e9d5926, the last before the layer had
bytecode.
"""

_TABLE = "wiring.table()"
_OF_ROUTES = (_TABLE, "wiring.accounts()", "wiring.request_quota()")
_FIRST_CLIENTS = {
    "AccountsApi": (*_OF_ROUTES, "app.app.methods_at('/v1/accounts')"),
    "DeliverWebhook": (_TABLE, "wiring.sealer()", "wiring.webhook_retries()"),
    "EndResources": (_TABLE, "wiring.scheduler_client()"),
    "FollowOutcome": (_TABLE, "wiring.customer_roles()"),
    "FollowSchedule": (_TABLE, "wiring.customer_roles()"),
    "HearConnections": (_TABLE, "wiring.express_workflows()"),
    "InstancesApi": (
        *_OF_ROUTES,
        "wiring.customer_roles()",
        "app.app.methods_at('/v1/accounts/x/instances')",
    ),
    "SweepAccounts": (_TABLE, "wiring.customer_roles()", "wiring.express_workflows()"),
    "LogInteractions": (_TABLE, "wiring.customer_roles()"),
    "OpenSession": (_TABLE, "wiring.sealer()", "wiring.customer_roles()"),
    "ProbeAccount": (_TABLE, "wiring.customer_roles()"),
    "ProbePermission": ("wiring.sealer()", "wiring.progress()"),
    "PublishEvents": ("wiring.bus()",),
    "ReconcileClocks": (_TABLE, "wiring.scheduler_client()"),
    "ReadOrganization": (_TABLE, "wiring.customer_roles()"),
    "RecordVerification": (_TABLE,),
    "RunBulkOperation": (_TABLE, "wiring.workflows()"),
    "SurveyRegions": (_TABLE, "wiring.sealer()", "wiring.progress()"),
    "WriteCustomerLog": ("wiring.sealer()",),
}
"""The clients of our own account, and what is made of them, that a function needs at its first
invocation, whether it makes them then or when it is imported. Of the API also the module of routes
that its usual request imports: all were imported at once in `BEFORE`.
"""

WITHOUT_LAYER = frozenset({"DashboardPage"})
"""What the layer saves is nothing to them."""


@dataclass(frozen=True)
class StartUp:
    """How one function starts: in seconds, and in yardsticks."""

    function: str
    imported: Medians
    ready: Medians
    yardstick: Medians

    @property
    def yardsticks(self) -> float:
        return self.ready.cpu / self.yardstick.cpu

    @property
    def of_before(self) -> float | None:
        """The part that is left of the time before; null for a function that was not there, or has
        no layer.
        """
        before = BEFORE.get(self.function)
        return self.yardsticks / before if before else None


def measure(runs: int) -> list[StartUp]:
    """Every built function, in one interleaved run with the yardstick: the least of each, as a
    median of starts varies by more than targets leave, and other load only adds.
    """
    functions = built_functions()
    with artifacts() as built:
        alternatives = {"yardstick": _starting("", [], WORK)}
        for function in functions:
            places = [built / function, built / LAYER / "python"]
            alternatives[function] = _starting(function, places, "import app")
            made = _FIRST_CLIENTS.get(function, ())
            ready = "; ".join(("import app", *["from cavok import wiring"][: len(made)], *made))
            alternatives[f"{function} ready"] = _starting(function, places, ready)
        least = interleaved(alternatives, runs, min)
    return [StartUp(f, least[f], least[f"{f} ready"], least["yardstick"]) for f in functions]


def _starting(function: str, places: list[Path], code: str) -> Callable[[], Sample]:
    """A fresh interpreter with the standard library and `places`."""
    ends_as_before = "import gc; gc.unfreeze()"  # Lambda ends no process, but BEFORE has the end
    whole = f"import sys; sys.path[:0] = {[str(place) for place in places]!r}; {code}"
    environment = dict(LAMBDAS)
    if function:
        environment |= variables_of(function) | {"AWS_LAMBDA_FUNCTION_NAME": function}
    return lambda: running(f"{whole}\n{ends_as_before}", environment)
