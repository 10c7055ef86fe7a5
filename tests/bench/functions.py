"""The built functions as Lambda runs them: each execution environment a process, which starts with
a whole processor and then has the share that its memory gives it, from artifacts that hold only
the bytecode of the build.

Start (INIT), first invocation and further ones are told apart.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import IO, Any, Self

from cavok.domain.quotas import QuotaName
from local.settings import REGION, ROOT, Problem
from tests.bench.measure import Sample
from tests.bench.reckoning import share_of_a_processor, with_a_share
from tests.bench.stand_in import StandIn
from tests.bench.yardstick import Yardstick, on_the_reference
from tests.support.template import resource, template

BUILD = ROOT / ".aws-sam" / "build"
LAYER = "SharedLayer"
UNCHECKED_HASH = (0b01).to_bytes(4, "little")
"""The flags of bytecode that a build made. Source: PEP 552."""

_RUNTIME = Path(__file__).with_name("runtime.py")
_PERIOD = 20_000
"""Microseconds in which a group of processes may use its share."""


def built_functions() -> list[str]:
    """Logical IDs of the functions that `sam build` made. Raises Problem if there are none."""
    names = sorted(path.parent.name for path in BUILD.glob("*/app.py"))
    if not names:
        raise Problem("Nothing is built yet. Build and start the local stack: make up")
    return names


@contextmanager
def artifacts() -> Iterator[Path]:
    """A read-only copy of what is built, without bytecode that other processes left there."""
    with tempfile.TemporaryDirectory(prefix="cavok-bench-") as folder:
        copy = Path(folder, "build")
        shutil.copytree(BUILD, copy, ignore=_left_behind)
        for path in copy.rglob("*"):
            path.chmod(0o555 if path.is_dir() else 0o444)
        try:
            yield copy
        finally:
            for path in copy.rglob("*"):
                if path.is_dir():
                    path.chmod(0o755)


def _left_behind(folder: str, names: list[str]) -> list[str]:
    return [
        name
        for name in names
        if name.endswith(".pyc") and Path(folder, name).read_bytes()[4:8] != UNCHECKED_HASH
    ]


# ---- shares of a processor


class Shares:
    """Groups of processes with a share of a processor, by the kernel's quotas (cgroup, version 1 or
    2), where this process may set them.
    """

    def __init__(self) -> None:
        self._groups: list[Path] = []
        root = Path("/sys/fs/cgroup")
        self._root = root / "cpu" if (root / "cpu").is_dir() else root

    @cached_property
    def are_set(self) -> bool:
        """Whether quotas hold. If not, the time that a process would wait is reckoned."""
        return self.group(0.5) is not None

    def group(self, share: float) -> Path | None:
        """A new group; None where there can be none."""
        group = self._root / f"cavok-bench-{os.getpid()}-{len(self._groups)}"
        try:
            group.mkdir()
            self._groups.append(group)
            quota = round(share * _PERIOD)
            if (group / "cpu.cfs_quota_us").exists():
                _set(group / "cpu.cfs_period_us", str(_PERIOD))
                _set(group / "cpu.cfs_quota_us", str(quota))
            else:
                _set(group / "cpu.max", f"{quota} {_PERIOD}")
        except OSError:
            return None
        return group

    def leave(self) -> None:
        for group in self._groups:
            group.rmdir()


def _set(file: Path, value: str) -> None:
    """Raises OSError unless the kernel made this file: in a mere folder, there is none."""
    with file.open("r+") as opened:
        opened.write(value)


def throttled(group: Path | None) -> float:
    """Seconds for which a group has been held back by its quota so far; 0 without a group."""
    if group is None:
        return 0.0
    counts = dict(line.split() for line in (group / "cpu.stat").read_text().splitlines())
    if "throttled_usec" in counts:  # version 2
        return int(counts["throttled_usec"]) / 1e6
    return int(counts.get("throttled_time", 0)) / 1e9


# ---- functions


@dataclass(frozen=True)
class Invocation:
    """What an invocation took and returned, the bytes and lines that the function logged, and the
    most memory that its process has had, in bytes.
    """

    took: Sample
    result: Any
    log_bytes: int
    log_lines: int
    peak: int = 0


class ExecutionEnvironment:
    """A process that has imported a handler. `init` is what that took, with a whole processor."""

    def __init__(
        self,
        command: list[str],
        variables: Mapping[str, str],
        share: float,
        group: Path | None,
        yardstick: Yardstick,
    ) -> None:
        """Invocations have a `share` of a processor: in the group if there is one, else reckoned.
        All times are given as on the machine of the `yardstick`.

        Lambda gives a start a whole processor, whatever the memory. Source: Serverless Land,
        "Effectively running Java on Serverless", "Utilize initialization phase".
        """
        self._share, self._group = 1 if group else share, group
        self._yardstick = yardstick
        slower = yardstick.slower()
        self._logs = tempfile.TemporaryFile()  # noqa: SIM115  closed in `end`
        answers, other_end = os.pipe()
        began = time.perf_counter()
        self._process = subprocess.Popen(
            [*command, str(other_end)],
            env=dict(variables),
            cwd="/",
            stdin=subprocess.PIPE,
            stdout=self._logs,
            stderr=subprocess.STDOUT,
            pass_fds=(other_end,),
            text=True,
        )
        os.close(other_end)
        self._answers: IO[str] = os.fdopen(answers)
        self._read_logs = 0
        imported = self._answer()
        init = Sample(time.perf_counter() - began, imported["cpu"])
        self.init = on_the_reference(init, slower)
        if group:
            (group / "cgroup.procs").write_text(str(self._process.pid))

    def invoke(self, event: Any) -> Invocation:
        """Raises Problem if the handler raises. The yardstick is read before and after."""
        assert self._process.stdin
        slower, held_back = self._yardstick.slower(), throttled(self._group)
        print(json.dumps(event), file=self._process.stdin, flush=True)
        answer = self._answer()
        held_back = throttled(self._group) - held_back
        slower = (slower + self._yardstick.slower()) / 2
        logged = self._logged()
        if "error" in answer:
            raise Problem(f"{self._process.args}: {answer['error']}\n{logged.decode()}")
        measured = Sample(answer["wall"], answer["cpu"])
        took = with_a_share(on_the_reference(measured, slower, held_back), self._share)
        return Invocation(took, answer["result"], len(logged), logged.count(b"\n"), answer["peak"])

    def end(self) -> None:
        assert self._process.stdin
        self._process.stdin.close()
        self._process.wait()
        self._answers.close()
        self._logs.close()

    def _answer(self) -> dict[str, Any]:
        line = self._answers.readline()
        if not line:
            self._process.wait()
            raise Problem(f"{self._process.args} ended.\n{self._logged().decode()}")
        answer: dict[str, Any] = json.loads(line)
        return answer

    def _logged(self) -> bytes:
        self._logs.seek(self._read_logs)
        logged = self._logs.read()
        self._read_logs += len(logged)
        return logged


class Functions:
    """Makes execution environments of the built functions, whose AWS is a stand-in."""

    def __init__(self, built: Path, aws: StandIn, bundle: Path, shares: Shares) -> None:
        self._built, self._shares, self._yardstick = built, shares, Yardstick()
        self._reached = {"AWS_ENDPOINT_URL": aws.url, "AWS_CA_BUNDLE": str(bundle)}

    @classmethod
    @contextmanager
    def of_the_build(cls, aws: StandIn) -> Iterator[Self]:
        built_functions()
        shares = Shares()
        with artifacts() as built, tempfile.NamedTemporaryFile(suffix=".pem") as bundle:
            # Reading the authorities takes time too, so AWS's own are there as well.
            own = built / LAYER / "python" / "amazon-roots.pem"
            bundle.write(own.read_bytes() + aws.authority)
            bundle.flush()
            try:
                yield cls(built, aws, Path(bundle.name), shares)
            finally:
                shares.leave()

    @property
    def how(self) -> str:
        """How a function comes to its share of a processor, for people."""
        if self._shares.are_set:
            return "shares of a processor by the kernel's quota"
        return "shares of a processor reckoned from CPU time, since no quota can be set here"

    def start(self, name: str, memory: int | None = None) -> ExecutionEnvironment:
        """INIT of a function. It finds the standard library, its artifact and the layer. `memory`:
        other MB than the template's.
        """
        memory = memory or memory_of(name)
        share = share_of_a_processor(memory)
        group = self._shares.group(share) if self._shares.are_set else None
        places = [str(self._built / name), str(self._built / LAYER / "python")]
        command = [sys.executable, "-I", "-S", "-B", str(_RUNTIME), *places]
        variables = {
            "AWS_LAMBDA_FUNCTION_NAME": name,
            "AWS_LAMBDA_FUNCTION_MEMORY_SIZE": str(memory),
            **LAMBDAS,
            **variables_of(name),
            **self._reached,
        }
        return ExecutionEnvironment(command, variables, share, group, self._yardstick)


def memory_of(name: str) -> int:
    """MB."""
    default: int = template()["Globals"]["Function"]["MemorySize"]
    return int(resource(name).get("MemorySize", default))


# ---- what a function is told

TABLE, KEY = "cavok-accounts", "alias/cavok-sealing"
OURS = "123456789012"
"""The account in which moto keeps what is ours."""
_MACHINES = f"arn:aws:states:{REGION}:{OURS}:stateMachine"
VERIFY_ACCOUNT = f"{_MACHINES}:verify_account"

LAMBDAS = {
    "AWS_REGION": REGION,
    "AWS_DEFAULT_REGION": REGION,
    "AWS_ACCESS_KEY_ID": "AKIAIOSFODNN7EXAMPLE",
    "AWS_SECRET_ACCESS_KEY": "nothing",
}
"""What Lambda itself sets."""

_RESOURCES = {
    "POWERTOOLS_SERVICE_NAME": "cavok-accounts",
    "TABLE_NAME": TABLE,
    "SEALING_KEY_ID": KEY,
    "VERIFY_ACCOUNT_ARN": VERIFY_ACCOUNT,
    "SYNCHRONIZE_ORGANIZATION_ARN": f"{_MACHINES}:synchronize_organization",
    "OWN_ACCOUNT_ID": OURS,
    "EVENT_BUS_NAME": "cavok",
    "TRUSTED_ACCOUNT_ID": OURS,
    "CONNECTIONS_TOPIC": f"arn:aws:sns:us-east-1:{OURS}:cavok-connections",
    "TEMPLATES_BUCKET": "cavok-templates",
    "CANARY_ROLE_ARN": f"arn:aws:iam::{OURS}:role/canary",
    "CLOCKS_GROUP": "clocks",
    "CLOCKS_ROLE_ARN": f"arn:aws:iam::{OURS}:role/clocks",
    "FIRED_CLOCKS_URL": f"https://sqs.{REGION}.amazonaws.com/{OURS}/fired",
    "UNFOLLOWED_SCHEDULES_ARN": f"arn:aws:sqs:{REGION}:{OURS}:unfollowed",
    "CONNECTION_HINTS_URL": f"https://sqs.{REGION}.amazonaws.com/{OURS}/hints",
    "BULK_OPERATIONS_URL": f"https://sqs.{REGION}.amazonaws.com/{OURS}/bulk",
    "FOLLOWED_ACTS_URL": f"https://sqs.{REGION}.amazonaws.com/{OURS}/acts",
    "USER_POOL_ID": "pool",
    "USER_POOL_CLIENT_ID": "client",
    "HOSTED_DOMAIN": "",
    "WEBHOOK_QUEUE_URL": f"https://sqs.{REGION}.amazonaws.com/{OURS}/webhooks",
    "WEBHOOK_RETRIES_URL": f"https://sqs.{REGION}.amazonaws.com/{OURS}/retries",
    "UNDELIVERED_WEBHOOKS_URL": f"https://sqs.{REGION}.amazonaws.com/{OURS}/undelivered",
}
"""The values of variables that the template takes from its resources."""


PARAMETERS = {"SweepTests": "40", "ProbesAtOnce": "20"}
"""Where a stack with many customers differs from the template's defaults, which fit a new AWS
account. Source: docs/operating.md, "Lambda concurrency".
"""

_ON_LOOPBACK = {"AllowLoopbackWebhooks": "true"}
"""Whom the functions send messages to is on this machine, too."""

_AT_ONCE = {"Quotas": ",".join(f"{name}:100000/60" for name in QuotaName)}
"""A bench does in a minute what people do in hours."""


def variables_of(name: str) -> dict[str, str]:
    """A function's environment as the template sets it. Raises KeyError for a resource that has no
    value here.
    """
    declared = {
        **template()["Globals"]["Function"]["Environment"]["Variables"],
        **resource(name).get("Environment", {}).get("Variables", {}),
    }
    defaults = {name: str(of["Default"]) for name, of in template()["Parameters"].items()}
    values = defaults | PARAMETERS | _ON_LOOPBACK | _AT_ONCE
    found = {}
    for variable, given in declared.items():
        parameter = given.get("Ref") if isinstance(given, dict) else None
        if parameter in values:
            found[variable] = values[parameter]
        else:
            found[variable] = given if isinstance(given, str) else _RESOURCES[variable]
    return found
