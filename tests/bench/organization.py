"""`python -m tests.bench.organization`: an AWS Organization of 5,000 members, enrolled on the local
stack. Wall-clock, write units and memory of the synchronization that adds all, and of the same
again, which changes nothing; then what the page asks for most takes there and beside ten members.

With `--write`, docs/performance.md gets the tables too. Exit status 1 if a page reads more units
there than beside ten members. The members have no roles, unless `--roles` deploys them: then the
stack set makes 5,000 stacks first. It takes minutes, and leaves 5,000 accounts that nobody tests:
end the stack afterwards (make down).
"""

from __future__ import annotations

import argparse
import os
import secrets
import sys
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from http import HTTPStatus
from pathlib import Path
from threading import Event, Thread
from typing import Any
from unittest.mock import patch
from urllib.parse import parse_qsl

from local import aws, sample_organization
from local import stack as local_stack
from local import sweep as local_sweep
from local.display import console, step
from local.sample_organization import AwsOrganization, Member
from local.settings import ROOT, environment
from local.stack import Stack

sys.path.insert(0, str(ROOT / "layers" / "shared"))

from cavok import wiring
from tests.bench import targets
from tests.bench.capacity import Capacity
from tests.bench.functions import variables_of
from tests.bench.measure import Sample, interleaved
from tests.bench.result import Result, show, write
from tests.bench.targets import Measured
from tests.support.enrolled import Enrolled, enroll
from tests.support.http import answer
from tests.support.inspection import resource_name, stream_records
from tests.support.organizations import new_organization
from tests.support.queues import messages_in
from tests.support.template import resource

READER = "ReadOrganization"
IN_A_UNIT = 100
EMPTY = "Nobody"
"""A unit without accounts, to which the stack set deploys if no roles are wanted."""
FEW = 10
"""Members of the AWS Organization beside which requests are measured: a page of a list."""
SECONDS = 3_600
EVENTS_SECONDS = 420
_SAMPLED_EVERY = 0.5

ASKED = {
    "the list's first page, of ten": "/v1/accounts?limit=10",
    "ten of those whose name begins so": "/v1/accounts?limit=10&q=Workload",
    "the organization, with its counts": "/v1/organization",
    "the enrollments, with their counts": "/v1/enrollments",
    "ten members of one": "{}/members?limit=10",
}
"""Paths; `{}` is the enrollment's."""

Record = Mapping[str, Any]


@dataclass(frozen=True)
class Synchronized:
    """What one synchronization took. `items`: members and accounts that it wrote. `units`: written,
    if every write was in a transaction. `memory`: the most that a process of its function had, in
    bytes; null where /proc does not say.
    """

    found: int
    added: int
    changed: int
    seconds: float
    rounds: int
    items: int
    units: float
    memory: int | None


@dataclass
class Peak:
    """The most memory that processes of one function had, in bytes; null if none was seen."""

    function: str
    proc: Path = Path("/proc")
    bytes: int | None = field(default=None, init=False)

    def look(self) -> None:
        """Asks the kernel for the peak of each of its processes."""
        for process in self._processes():
            with suppress(OSError):  # it has ended
                _, _, peak = (process / "status").read_text().partition("VmHWM:")
                if peak:
                    self.bytes = max(self.bytes or 0, int(peak.split()[0]) * 1024)

    def forget(self) -> None:
        """Lets the peaks begin anew: a warm process has that of what it did before."""
        for process in self._processes():
            with suppress(OSError):
                (process / "clear_refs").write_text("5")

    def _processes(self) -> Iterator[Path]:
        name = f"AWS_LAMBDA_FUNCTION_NAME={self.function}".encode()
        for process in self.proc.glob("[0-9]*"):
            with suppress(OSError):  # another's, or it has ended
                if name in (process / "environ").read_bytes().split(b"\0"):
                    yield process

    @contextmanager
    def watched(self) -> Iterator[None]:
        """Looks again and again, in a thread of its own."""
        self.forget()
        over = Event()

        def watch() -> None:
            while not over.wait(_SAMPLED_EVERY):
                self.look()

        thread = Thread(target=watch)
        thread.start()
        try:
            yield
        finally:
            over.set()
            thread.join()


def written_by(records: Iterable[Record], organization: str) -> tuple[int, float]:
    """How many members and accounts are in an organization's records of the table's stream, and the
    write units of all. Each counts as a write of a transaction, twice: nearly all of a
    synchronization's are.
    """
    pk, capacity = f"ORG#{organization}", Capacity()
    images = (record["dynamodb"] for record in records)
    own = [image for image in images if image["Keys"]["pk"]["S"] == pk]
    items = sum(image["Keys"]["sk"]["S"].startswith(("MEMBER#", "ACCOUNT#")) for image in own)
    changes = [(image.get("OldImage", {}), image.get("NewImage", {})) for image in own]
    capacity.add("TransactWriteItems", {}, {}, changes)
    return items, capacity.written


def synchronize(stack: Stack, organization: str, enrolled: Enrolled) -> Synchronized:
    """Presses Synchronize, and waits for the end."""
    before, peak = len(stream_records(stack)), Peak(resource_name(stack, READER))
    with peak.watched():
        began = time.perf_counter()
        begun = answer(enrolled.person.post(f"{enrolled.path}/synchronizations"))
        path = f"{enrolled.path}/synchronizations/{begun['synchronization_id']}"
        found = begun
        while found["state"] == "running":
            assert time.perf_counter() - began < SECONDS, f"not within {SECONDS} s: {found}"
            time.sleep(0.5)
            response = enrolled.person.get(path)
            if not response.is_server_error:  # a busy machine is late with one
                found = answer(response)
        seconds = time.perf_counter() - began
    assert found["state"] == "finished", found
    items, units = written_by(stream_records(stack)[before:], organization)
    return Synchronized(
        found=found["found"],
        added=found["added"],
        changed=found["changed"],
        seconds=seconds,
        rounds=_rounds(stack, begun["synchronization_id"]),
        items=items,
        units=units,
        memory=peak.bytes,
    )


def _rounds(stack: Stack, synchronization_id: str) -> int:
    """How often the execution invoked its function."""
    machine = resource_name(stack, "SynchronizeOrganization")
    arn = f"{machine.replace(':stateMachine:', ':execution:')}:{synchronization_id}"
    pages = aws.step_functions(stack.emulator_url).get_paginator("get_execution_history")
    events = (event for page in pages.paginate(executionArn=arn) for event in page["events"])
    return sum(event["type"] == "TaskStateEntered" for event in events)


def wait_for_events(stack: Stack) -> None:
    """Waits, but not for ever, until nobody is told of new accounts any more: the embedded AWS does
    that with one message at a time, and it would slow down what is measured next.
    """
    sqs = aws.client("sqs", stack.emulator_url)
    url = resource_name(stack, "WebhookMessages")
    until, quiet = time.monotonic() + EVENTS_SECONDS, 0
    while quiet < 3 and time.monotonic() < until:
        time.sleep(2)
        quiet = 0 if messages_in(sqs, url) else quiet + 1


def members(count: int) -> list[Member]:
    """Their names say in which order they were made."""
    return [
        Member(f"Workload {index:05}", f"Unit {index // IN_A_UNIT:03}") for index in range(count)
    ]


def prepare(stack: Stack, wanted: Sequence[Member]) -> AwsOrganization:
    """A new AWS Organization."""
    number = f"6{secrets.randbelow(10**11):011}"
    return sample_organization.prepare(stack.emulator_url, number, wanted, [EMPTY])


def seconds_of_requests(small: Enrolled, large: Enrolled, runs: int) -> list[tuple[float, ...]]:
    """Medians of what the page asks for, in an organization of a few accounts and in the large one,
    where each shows as much.
    """

    def asking(enrolled: Enrolled, path: str) -> Callable[[], Sample]:
        def sample() -> Sample:
            began = time.perf_counter()
            answer(enrolled.person.get(path.format(enrolled.path)))
            return Sample(time.perf_counter() - began, 0)

        return sample

    def medians(path: str) -> tuple[float, ...]:
        both = {"small": asking(small, path), "large": asking(large, path)}
        return tuple(each.wall for each in interleaved(both, runs).values())

    return [medians(path) for path in ASKED.values()]


def read_units(organization: str, path: str, behind: Any) -> float:
    """What the table reads for a viewer's GET, by the sizes of the items: the embedded AWS tells
    that without them. The handler runs in this process, whose environment says which table.
    `behind` is another client of it.
    """
    from tests.support.api import Api

    units, client = Capacity(), wiring.table().connection.client
    plain, _, query = path.partition("?")
    with units.units_of(client, behind):
        given = Api(organization, "viewer").send("GET", plain, query=dict(parse_qsl(query)))
    assert given.status == HTTPStatus.OK, given.text
    return units.read


def units_of_requests(stack: Stack, *both: tuple[str, Enrolled]) -> list[tuple[float, ...]]:
    """Read units of what the page asks for, in each of these organizations."""
    function = environment(stack.emulator_url) | variables_of("AccountsApi")
    behind = aws.client("dynamodb", stack.emulator_url)
    here = {"TABLE_NAME": stack.table_name, "POWERTOOLS_LOG_LEVEL": "WARNING"}
    with patch.dict(os.environ, function | here):
        return [
            tuple(read_units(name, path.format(of.path), behind) for name, of in both)
            for path in ASKED.values()
        ]


def deploy(enrolled: Enrolled, *, roles: bool) -> None:
    """Follows the enrollment's link. The stack says nothing to Cavok, so no synchronization starts
    by itself.
    """
    made = enrolled.aws
    target = made.root if roles else made.units[EMPTY]
    made.deploy(enrolled.offer(), seconds=SECONDS, OrganizationalUnitIds=target)


def table(first: Synchronized, again: Synchronized, *, roles: bool) -> Result:
    """A column each."""
    both = (first, again)
    a_member = [f"{each.units / each.found:.2f}" for each in both]
    memory = [f"{each.memory / 1e6:.0f} MB" if each.memory else "not known" for each in both]
    rows = [
        (
            "accounts found, added, changed",
            *(f"{each.found:,}, {each.added:,}, {each.changed:,}" for each in both),
        ),
        ("members and accounts written", *(f"{each.items:,}" for each in both)),
        ("wall-clock", *(f"{each.seconds:.0f} s" for each in both)),
        ("rounds, each one invocation", *(str(each.rounds) for each in both)),
        ("write units", *(f"{each.units:,.0f}" for each in both)),
        ("write units an account", *a_member),
        (f"peak memory of its function, of {resource(READER)['MemorySize']} MB", *memory),
    ]
    deployed = "with their roles" if roles else "without roles"
    title = f"{first.found:,} members {deployed} on the local stack"
    return Result(title, ("", "the first, which adds all", "the same again"), rows)


def pages(seconds: Sequence[tuple[float, ...]], units: Sequence[tuple[float, ...]]) -> list[Any]:
    """A row for each of what the page asks for."""
    return [
        (what, *(f"{each * 1000:.0f} ms" for each in took), *(f"{each:g}" for each in read))
        for what, took, read in zip(ASKED, seconds, units, strict=True)
    ]


def main() -> int:
    parser = argparse.ArgumentParser(prog="tests.bench.organization", description=__doc__)
    parser.add_argument("--members", type=int, default=5_000, help="how many (default 5,000)")
    parser.add_argument("--runs", type=int, default=15, help="pages of the list (default 15)")
    parser.add_argument("--roles", action="store_true", help="deploy a role to each member first")
    parser.add_argument("--write", action="store_true", help="put the table into docs/")
    options = parser.parse_args()
    stack = local_stack.load_current()
    local_sweep.change_schedule(stack, State="DISABLED")  # until the next `make up`
    with step(f"AWS Organization of {options.members:,} members") as current:
        organization = prepare(stack, members(options.members))
        current.outcome = f"{len(organization.units)} units"
    with new_organization(stack) as few, new_organization(stack) as many:
        with step(f"AWS Organization of {FEW} members, enrolled"):
            small = enroll(few.admin, prepare(stack, members(FEW)))
            deploy(small, roles=False)
            synchronize(stack, few.name, small)
        large = enroll(many.admin, organization)
        with step("“Deploy on AWS” followed"):
            deploy(large, roles=options.roles)
        with step("The first synchronization, which adds all"):
            first = synchronize(stack, many.name, large)
        with step("The events of new accounts"):
            wait_for_events(stack)
        with step("The same again"):
            again = synchronize(stack, many.name, large)
        assert (again.added, again.changed, again.items) == (0, 0, 0), again
        with step("What the page asks for"):
            seconds = seconds_of_requests(small, large, options.runs)
            units = units_of_requests(stack, (few.name, small), (many.name, large))
    measured = [
        Measured(targets.PAGE_UNITS, beside_all / beside_few, what)
        for what, (beside_few, beside_all) in zip(ASKED, units, strict=True)
    ]
    beside = (f"beside {FEW + 1} accounts", f"beside {first.found:,}")
    columns = ("", *beside, *(f"read units {each}" for each in beside))
    results = [
        targets.table(measured),
        table(first, again, roles=options.roles),
        Result(
            f"What the page asks for, wall-clock as medians of {options.runs}",
            columns,
            pages(seconds, units),
        ),
    ]
    show(results)
    if options.write:
        write("organization", results)
    misses = targets.missed(measured, targets.OF_AN_ORGANIZATION)
    for sentence in misses:
        console.print(f"[bold red]{sentence}[/]")
    return 1 if misses else 0


if __name__ == "__main__":
    raise SystemExit(main())
