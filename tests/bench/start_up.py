"""Start-up of each built function as a whole process, against `import boto3` and one DynamoDB
client. Only the function's artifact and the layer are on the path.

The layer brings its bytecode, and none is written: the artifacts stay as they were built.
"""

from __future__ import annotations

import os
import resource
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from local.settings import REGION, ROOT, Problem
from tests.bench.measure import Medians, Sample, interleaved

BUILD = ROOT / ".aws-sam" / "build"
LAYER = BUILD / "SharedLayer" / "python"

LIMITS = {"AccountsApi": 1.8}
"""Maximum ratios to the baseline. `LIMIT` applies to all other functions."""
LIMIT = 1.5
"""The baseline has the layer's short list of endpoints and models too. It is shorter by them."""

_BASELINE = "import boto3; boto3.client('dynamodb')"

_TABLE = (
    "from cavok.adapters.table.table import Table; Table('table', 'us-east-1').connection.client"
)
_FIRST_CLIENTS = {
    "AccountsApi": (_TABLE,),
    "DeliverWebhook": (_TABLE, "wiring.sealer()", "wiring.webhook_messages()"),
    "EndResources": (_TABLE, "wiring.scheduler_client()"),
    "FollowSchedule": (_TABLE, "wiring.customer_roles()"),
    "InstancesApi": (_TABLE, "wiring.customer_roles()"),
    "ListDueAccounts": (_TABLE,),
    "LogInteractions": (_TABLE, "wiring.customer_roles()"),
    "OpenSession": (_TABLE, "wiring.sealer()", "wiring.customer_roles()"),
    "ProbeAccount": (_TABLE, "wiring.customer_roles()"),
    "ProbePermission": ("wiring.sealer()",),
    "PublishEvents": ("wiring.bus()",),
    "ReconcileClocks": (_TABLE, "wiring.scheduler_client()"),
    "RecordVerification": (_TABLE,),
    "SurveyRegions": (_TABLE, "wiring.sealer()"),
    "WriteCustomerLog": ("wiring.sealer()",),
}
"""What a function creates at its first invocation, mostly clients of our own account. `import app`
does not include it. The page creates none.
"""

_ENVIRONMENT = {
    "AWS_REGION": REGION,
    "AWS_DEFAULT_REGION": REGION,
    "AWS_ACCESS_KEY_ID": "AKIAIOSFODNN7EXAMPLE",
    "AWS_SECRET_ACCESS_KEY": "nothing",
    "POWERTOOLS_SERVICE_NAME": "cavok-accounts",
    "POWERTOOLS_METRICS_NAMESPACE": "Cavok/Accounts",
    "TABLE_NAME": "table",
    "SEALING_KEY_ID": "key",
    "EVENT_BUS_NAME": "bus",
    "WEBHOOK_QUEUE_URL": "https://sqs.us-east-1.amazonaws.com/111122223333/queue",
    "CLOCKS_GROUP": "clocks",
}


@dataclass(frozen=True)
class StartUp:
    """How one function starts. `ready` includes the clients of its first invocation; null if there
    are none.
    """

    function: str
    imported: Medians
    ready: Medians | None
    baseline: Medians

    @property
    def ratio(self) -> float:
        """Of CPU time, because other load does not change it. On an idle machine it equals
        the wall-clock's.
        """
        return self.imported.cpu / self.baseline.cpu

    @property
    def ready_ratio(self) -> float | None:
        return self.ready.cpu / self.baseline.cpu if self.ready else None

    @property
    def limit(self) -> float:
        return LIMITS.get(self.function, LIMIT)


def built_functions() -> list[str]:
    """Logical IDs of the functions that `sam build` made. Raises Problem if there are none."""
    names = sorted(path.parent.name for path in BUILD.glob("*/app.py"))
    if not names:
        raise Problem("Nothing is built yet. Build and start the local stack: make up")
    return names


def measure(runs: int) -> list[StartUp]:
    """Every built function, in one interleaved run with the baseline."""
    functions = built_functions()
    alternatives = {"baseline": _starting([LAYER], _BASELINE)}
    for function in functions:
        paths = [BUILD / function, LAYER]
        alternatives[function] = _starting(paths, "import app")
        if clients := _FIRST_CLIENTS.get(function):
            ready = "; ".join(("import app", "from cavok import wiring", *clients))
            alternatives[f"{function} ready"] = _starting(paths, ready)
    medians = interleaved(alternatives, runs)
    return [
        StartUp(f, medians[f], medians.get(f"{f} ready"), medians["baseline"]) for f in functions
    ]


def _starting(paths: list[Path], code: str) -> Callable[[], Sample]:
    """A fresh interpreter without any site-packages: only the standard library and `paths`."""
    path = [str(p) for p in paths]
    whole = f"import sys; sys.path[:0] = {path!r}; {code}"
    command = [sys.executable, "-I", "-S", "-B", "-c", whole]
    environment = {"PATH": os.environ["PATH"], **_ENVIRONMENT}

    def start() -> Sample:
        before, started = _cpu_of_children(), time.perf_counter()
        subprocess.run(command, env=environment, check=True)
        return Sample(time.perf_counter() - started, _cpu_of_children() - before)

    return start


def _cpu_of_children() -> float:
    usage = resource.getrusage(resource.RUSAGE_CHILDREN)
    return usage.ru_utime + usage.ru_stime
