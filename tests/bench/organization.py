"""`python -m tests.bench.organization`: an AWS Organization of 5,000 members, enrolled on the local
stack. Wall-clock, write units and memory of the synchronization that adds all, and of the same
again; then what a page of the list takes beside 5,000 accounts.

With `--write`, docs/performance.md gets the table too. The members have no roles, unless `--roles`
deploys them: then the stack set makes 5,000 stacks first. It takes minutes, and leaves 5,000
accounts that nobody tests: end the stack afterwards (make down).
"""

from __future__ import annotations

import argparse
import secrets
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path
from threading import Event, Thread
from typing import Any

import httpx

from local import aws, sample_organization
from local import stack as local_stack
from local import sweep as local_sweep
from local.display import step
from local.sample_organization import AwsOrganization, Member
from local.stack import Stack
from tests.bench.capacity import Capacity
from tests.bench.functions import memory_of
from tests.bench.measure import Sample, interleaved
from tests.bench.result import Result, show, write
from tests.support.enrolled import Enrolled, enroll
from tests.support.http import answer
from tests.support.inspection import resource_name, stream_records
from tests.support.organizations import Organization, new_organization

READER = "ReadOrganization"
IN_A_UNIT = 100
EMPTY = "Nobody"
"""A unit without accounts, to which the stack set deploys if no roles are wanted."""
MADE_AT_ONCE = 50
SECONDS = 3_600
_SAMPLED_EVERY = 0.1

Record = Mapping[str, Any]


@dataclass(frozen=True)
class Synchronized:
    """What one synchronization took. `memory`: the most that a process of its function had, in
    bytes; null where /proc does not say. `units`: written, if every write was in a transaction.
    """

    found: int
    added: int
    seconds: float
    rounds: int
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
        name = f"AWS_LAMBDA_FUNCTION_NAME={self.function}".encode()
        for process in self.proc.glob("[0-9]*"):
            try:
                if name not in (process / "environ").read_bytes().split(b"\0"):
                    continue
                status = (process / "status").read_text()
            except OSError:  # another's, or it has ended
                continue
            _, _, peak = status.partition("VmHWM:")
            if peak:
                self.bytes = max(self.bytes or 0, int(peak.split()[0]) * 1024)

    @contextmanager
    def watched(self) -> Iterator[None]:
        """Looks again and again, in a thread of its own."""
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


def units_written(records: Iterable[Record], organization: str) -> float:
    """Write units of an organization's records of the table's stream. Each counts as a write of a
    transaction, twice: nearly all of a synchronization's are.
    """
    pk, capacity = f"ORG#{organization}", Capacity()
    images = (record["dynamodb"] for record in records)
    own = [image for image in images if image["Keys"]["pk"]["S"] == pk]
    changes = [(image.get("OldImage", {}), image.get("NewImage", {})) for image in own]
    capacity.add("TransactWriteItems", {}, {}, changes)
    return capacity.written


def synchronize(stack: Stack, organization: str, enrolled: Enrolled) -> Synchronized:
    """Presses Synchronize, and waits for the end."""
    before, peak = len(stream_records(stack)), Peak(resource_name(stack, READER))
    with peak.watched():
        began = time.perf_counter()
        begun = answer(enrolled.person.post(f"{enrolled.path}/synchronizations"))
        path = f"{enrolled.path}/synchronizations/{begun['synchronization_id']}"
        while (found := answer(enrolled.person.get(path)))["state"] == "running":
            assert time.perf_counter() - began < SECONDS, f"not within {SECONDS} s: {found}"
            time.sleep(0.5)
        seconds = time.perf_counter() - began
    assert found["state"] == "finished", found
    written = stream_records(stack)[before:]
    return Synchronized(
        found=found["found"],
        added=found["added"],
        seconds=seconds,
        rounds=_rounds(stack, begun["synchronization_id"]),
        units=units_written(written, organization),
        memory=peak.bytes,
    )


def _rounds(stack: Stack, synchronization_id: str) -> int:
    """How often the execution invoked its function."""
    machine = resource_name(stack, "SynchronizeOrganization")
    arn = f"{machine.replace(':stateMachine:', ':execution:')}:{synchronization_id}"
    pages = aws.step_functions(stack.emulator_url).get_paginator("get_execution_history")
    events = (event for page in pages.paginate(executionArn=arn) for event in page["events"])
    return sum(event["type"] == "TaskStateEntered" for event in events)


def members(count: int) -> list[Member]:
    """Their names say in which order they were made."""
    return [
        Member(f"Workload {index:05}", f"Unit {index // IN_A_UNIT:03}") for index in range(count)
    ]


def prepare(stack: Stack, wanted: Sequence[Member]) -> AwsOrganization:
    """A new AWS Organization, with a part of its members at a time: each new account waits in a
    thread of the emulator.
    """
    left = iter(wanted)
    firsts = list(islice(left, MADE_AT_ONCE))
    number = f"6{secrets.randbelow(10**11):011}"
    units = [*dict.fromkeys(member.unit for member in wanted), EMPTY]
    made = sample_organization.prepare(stack.emulator_url, number, firsts, units)
    while batch := list(islice(left, MADE_AT_ONCE)):
        made.create_accounts(batch)
    return made


def pages(small: httpx.Client, large: httpx.Client, runs: int) -> tuple[float, float]:
    """Seconds of the list's first page of ten: in an organization of a few accounts, and there."""

    def first_page(client: httpx.Client) -> Callable[[], Sample]:
        def sample() -> Sample:
            began = time.perf_counter()
            answer(client.get("/v1/accounts", params={"limit": "10"}))
            return Sample(time.perf_counter() - began, 0)

        return sample

    medians = interleaved({"small": first_page(small), "large": first_page(large)}, runs)
    return medians["small"].wall, medians["large"].wall


def add_a_few(organization: Organization) -> None:
    """Ten accounts: a page of the list."""
    new = {"provider": "aws", "access_type": "assume_role", "write_logs": False}
    accounts = [
        new | {"name": f"Few{index}", "provider_id": f"70000000000{index}"} for index in range(10)
    ]
    answer(organization.admin.post("/v1/accounts/import", json={"accounts": accounts}))


def table(first: Synchronized, again: Synchronized, *, roles: bool) -> Result:
    """A column each."""
    both = (first, again)
    a_member = [f"{each.units / each.found:.2f}" for each in both]
    memory = [f"{each.memory / 1e6:.0f} MB" if each.memory else "not known" for each in both]
    rows = [
        ("accounts found, added", *(f"{each.found:,}, {each.added:,}" for each in both)),
        ("wall-clock", *(f"{each.seconds:.0f} s" for each in both)),
        ("rounds, each one invocation", *(str(each.rounds) for each in both)),
        ("write units", *(f"{each.units:,.0f}" for each in both)),
        ("write units an account", *a_member),
        (f"peak memory of its function, of {memory_of(READER)} MB", *memory),
    ]
    deployed = "with their roles" if roles else "without roles"
    title = f"{first.found:,} members {deployed} on the local stack"
    return Result(title, ("", "the first, which adds all", "the same again"), rows)


def main() -> int:
    parser = argparse.ArgumentParser(prog="tests.bench.organization", description=__doc__)
    parser.add_argument("--members", type=int, default=5_000, help="how many (default 5,000)")
    parser.add_argument("--runs", type=int, default=15, help="pages of the list (default 15)")
    parser.add_argument("--roles", action="store_true", help="deploy a role to each member first")
    parser.add_argument("--write", action="store_true", help="put the table into docs/")
    options = parser.parse_args()
    stack = local_stack.load()
    local_sweep.change_schedule(stack, State="DISABLED")  # until the next `make up`
    with step(f"AWS Organization of {options.members:,} members") as current:
        organization = prepare(stack, members(options.members))
        current.outcome = f"{len(organization.units)} units"
    with new_organization(stack) as few, new_organization(stack) as many:
        enrolled = enroll(many.admin, organization)
        with step("“Deploy on AWS” followed"):
            # The stack says nothing to Cavok, so no synchronization starts by itself.
            target = organization.root if options.roles else organization.units[EMPTY]
            organization.deploy(enrolled.offer(), seconds=SECONDS, OrganizationalUnitIds=target)
        with step("The first synchronization, which adds all"):
            first = synchronize(stack, many.name, enrolled)
        with step("The same again"):
            again = synchronize(stack, many.name, enrolled)
        with step("A page of the list"):
            add_a_few(few)
            small, large = pages(few.admin, many.admin, options.runs)
    results = [
        table(first, again, roles=options.roles),
        Result(
            f"The list's first page of ten accounts there, medians of {options.runs}",
            ("", "wall-clock"),
            [
                ("in an organization of ten accounts", f"{small * 1000:.0f} ms"),
                (f"in one of {first.found:,}", f"{large * 1000:.0f} ms"),
            ],
        ),
    ]
    show(results)
    if options.write:
        write("organization", results)
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
