"""What `make bench` demands: one list, and what the bench of an AWS Organization does. Whatever is
measured comes here. What is missed is said at the end, once everything is measured.

A value that depends on the machine is a ratio to other work in the same run, or reckoned for AWS.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from tests.bench.result import Result


@dataclass(frozen=True)
class Target:
    """`at_most` in `unit`. `because` says where the number is from. One that is not `demanded` is
    only told.
    """

    what: str
    at_most: float
    unit: str
    because: str
    demanded: bool = True


LAYER_SIZE = Target("layer, zipped", 10, "MB", "what a start loads")
STARTS = Target(
    "CPU of a start with first clients, of that before",
    40,
    "%",
    "bytecode and short models alone bring it to 34 to 44",
)
NEW_STARTS = Target(
    "yardsticks of a start with first clients, of a function that was not there before",
    4.2,
    "",
    "40 % of what the others took, which was up to 10.4",
)
PAGE_START = Target(
    "yardsticks of the start of the page's function, which has no layer", 0.6, "", "somebody waits"
)
FIRST_ANSWER = Target("accounts_api, cold to its first answer", 1.0, "s", "somebody waits")
COLD_TEST = Target("a person's test, all functions cold", 3.0, "s", "somebody waits")
COLD_TEST_WITH_SHARES = Target(
    "the same if INIT had its share of a processor too (told, not demanded)",
    3.0,
    "s",
    "AWS does not promise INIT its whole processor",
    demanded=False,
)
WARM_TEST = Target("a person's test, warm", 1.3, "s", "somebody waits")
WARM_TEST_AFTER_A_PAUSE = Target(
    "the same after a pause that closed all connections (told, not demanded)",
    1.3,
    "s",
    "AWS does not say how long it keeps an idle connection",
    demanded=False,
)
TRANSITIONS = Target("state transitions of a person's test", 40, "", "each costs money and time")
SWEEP_COST = Target(
    "a million scheduled tests of one region and one instance, through a role, all-in",
    5,
    "USD",
    "stretch: 3",
)
SWEEP_UNITS = Target(
    "units of a sweep over 100,000 accounts, of those over 1,000",
    1.1,
    "x",
    "reads and writes in proportion to what is due",
)
BUSIEST_MINUTE = Target(
    "tests in the busiest minute of a day, of an even share", 2, "x", "no peak in the STS quota"
)
BESIDE_ONE_AT_ITS_LIMITS = Target(
    "95 of 100 requests right after a refusal to another organization, of those alone",
    2,
    "x",
    "one organization at its limits",
)
BESIDE_A_SLOW_RECEIVER = Target(
    "ten messages beside 200 for another organization's slow receiver, later than alone",
    15,
    "s",
    "no receiver delays another",
)
BESIDE_MANY_DUE = Target(
    "tests until that of an account beside 10,000 due ones of another organization",
    24,
    "",
    "a page of a sweep",
)
MEMORY = Target("functions with another memory than measured", 0, "", "cost and latency")
ONE_ACCOUNT = Target(
    "CPU of a request for one account, of a bare boto3 GetItem", 3.5, "x", "it was fine at 2.7"
)
LIST_OF_ACCOUNTS = Target(
    "CPU of a list of 100 accounts, of parsing all that is stored of them",
    0.68,
    "x",
    "12 ms where it had taken 39",
)
FIRST_VIEW_WEIGHT = Target("the page's first view", 50, "kB", "over the wire, empty cache")
FIRST_VIEW_REQUESTS = Target(
    "requests of the page's first view", 8, "", "each may wait for a start"
)
LONGEST_TASK = Target(
    "processor time of the page's longest task, on the reference", 50, "ms", "whoever types waits"
)
PAGE_UNITS = Target(
    "read units of a page beside all accounts, of the same beside a few",
    1,
    "x",
    "a page costs its own size",
)

TARGETS = (
    LAYER_SIZE,
    STARTS,
    NEW_STARTS,
    PAGE_START,
    FIRST_ANSWER,
    COLD_TEST,
    COLD_TEST_WITH_SHARES,
    WARM_TEST,
    WARM_TEST_AFTER_A_PAUSE,
    TRANSITIONS,
    SWEEP_COST,
    SWEEP_UNITS,
    BUSIEST_MINUTE,
    BESIDE_ONE_AT_ITS_LIMITS,
    BESIDE_A_SLOW_RECEIVER,
    BESIDE_MANY_DUE,
    MEMORY,
    ONE_ACCOUNT,
    LIST_OF_ACCOUNTS,
    FIRST_VIEW_WEIGHT,
    FIRST_VIEW_REQUESTS,
    LONGEST_TASK,
)
OF_AN_ORGANIZATION = (PAGE_UNITS,)
"""Those of `tests.bench.organization`, which `make bench` does not run."""


@dataclass(frozen=True)
class Measured:
    """A target's value. `of` says which of several things had it."""

    target: Target
    value: float
    of: str = ""

    @property
    def is_met(self) -> bool:
        return self.value <= self.target.at_most


def missed(measured: Iterable[Measured], targets: Iterable[Target] = TARGETS) -> list[str]:
    """A sentence for each target that is not met, and for each that nothing was measured for."""
    found = list(measured)
    return [
        *(_miss(one) for one in found if one.target.demanded and not one.is_met),
        *_not_measured(found, targets),
    ]


def _miss(one: Measured) -> str:
    over, of = one.value - one.target.at_most, f" ({one.of})" if one.of else ""
    return (
        f"Not met: {one.target.what}{of}: {_amount(one.value, one.target)},"
        f" at most {_amount(one.target.at_most, one.target)}; {_amount(over, one.target)} too much."
    )


def _not_measured(found: list[Measured], targets: Iterable[Target]) -> Iterator[str]:
    seen = {one.target for one in found}
    return (f"Not measured: {target.what}." for target in targets if target not in seen)


def table(measured: Iterable[Measured]) -> Result:
    """Each target with its worst value."""
    worst: dict[Target, Measured] = {}
    for one in measured:
        if one.target not in worst or one.value > worst[one.target].value:
            worst[one.target] = one
    rows = [
        (
            f"{target.what} ({one.of})" if one.of else target.what,
            _amount(target.at_most, target),
            _amount(one.value, target),
            "yes" if one.is_met else "**no**",
        )
        for target, one in worst.items()
    ]
    return Result("Targets", ("what", "at most", "measured", "met"), rows)


def _amount(value: float, target: Target) -> str:
    return f"{value:.3g} {target.unit}".strip()
