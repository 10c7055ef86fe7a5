"""Our evaluator of policies against an independent one: npm's `@cloud-copilot/iam-simulate`, on the
Node of `make simulator`. It is told everything of each request, ours everything or a part.
"""

from __future__ import annotations

import json
import subprocess
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any

import pytest

from cavok.domain.policy_evaluation import Decision, Request, evaluate
from local.settings import ROOT
from tests.support.generated_policies import NUMBER, ROLE_ARN, Case, cases

ENVIRONMENT = ROOT / ".local" / "venvs" / "simulator"
SIMULATOR = ROOT / "tests" / "support" / "simulate.cjs"
COUNT, SEED = 10_500, 20_261_125

AGREE = {
    Decision.ALLOWED: {"Allowed"},
    Decision.DENIED: {"ExplicitlyDenied"},
    # No statement allows it; whether one denies it as well may be unknown.
    Decision.NOT_ALLOWED: {"ImplicitlyDenied", "ExplicitlyDenied"},
    Decision.UNKNOWN: {"Allowed", "ImplicitlyDenied", "ExplicitlyDenied"},
}


@pytest.fixture(autouse=True)
def stack() -> None:
    """No AWS."""


@dataclass(frozen=True, slots=True)
class Statement:
    """One statement of a case, with its parts as lists."""

    case: Case
    resources: list[str]
    conditions: list[tuple[str, str, list[str]]]
    """Operator, key and values."""

    def values(self, key: str) -> tuple[str, ...]:
        actual = {name.lower(): values for name, values in self.case.context.items()}
        return actual.get(key.lower(), ())

    def variables(self) -> Iterator[tuple[str, tuple[str, ...]]]:
        """Each variable, with its default if it has one, and its values in the request."""
        for text in (*self.resources, *(v for _, _, wanted in self.conditions for v in wanted)):
            for part in text.split("${")[1:]:
                variable = part.partition("}")[0]
                if variable != "$":
                    yield variable, self.values(variable.partition(",")[0])


def listed(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]


def statements(case: Case) -> Iterator[Statement]:
    for document in case.documents:
        for statement in listed(document["Statement"]):
            yield Statement(
                case,
                listed(statement.get("Resource", statement.get("NotResource"))),
                [
                    (operator, key, listed(values))
                    for operator, by_key in statement.get("Condition", {}).items()
                    for key, values in by_key.items()
                ],
            )


def has_vague_type(pattern: str) -> bool:
    resource = pattern.split(":", 5)[-1]
    return resource != "*" and any(c in resource.replace(":", "/").split("/")[0] for c in "*?$")


def spans_parts(pattern: str, arn: str) -> bool:
    parts, values = pattern.split(":", 5), arn.split(":", 5)
    by_part = len(parts) == len(values) and all(map(fnmatchcase, values, parts))
    return fnmatchcase(arn, pattern) and not by_part


def differ_in_version(wanted: list[str], actual: tuple[str, ...]) -> bool:
    return any((":" in value) != (":" in actual[0]) for value in wanted)


UNKNOWN_BECAUSE: dict[str, Callable[[Statement], bool]] = {
    # A statement with a variable that has no value "fails to match" (IAM User Guide, "Variables and
    # tags"). With a negated operator, or in NotResource, that may be read in two ways.
    "a variable that is absent and has no default": lambda s: any(
        not values and "," not in variable for variable, values in s.variables()
    ),
    # AWS does not say whether an empty value is one.
    "a variable whose value is empty": lambda s: any("" in values for _, values in s.variables()),
    # AWS does not say whether a wildcard in a tag's value is a wildcard in the policy.
    "a variable whose value holds a wildcard": lambda s: any(
        "*" in value or "?" in value for _, values in s.variables() for value in values
    ),
    "a variable with several values": lambda s: any(len(values) > 1 for _, values in s.variables()),
    # "You can't use a variable to replace parts of the ARN before the fifth colon", says the same
    # page, and not what happens otherwise.
    "a variable before the fifth colon": lambda s: any(
        "${" in part for pattern in s.resources for part in pattern.split(":", 5)[:5]
    ),
    # AWS calls it incorrect ("Identify AWS resources with Amazon Resource Names (ARNs)"). In the
    # simulator it matches nothing, unless it ends the ARN.
    "a wildcard or a variable in the resource type": lambda s: any(
        map(has_vague_type, s.resources)
    ),
    # AWS does not say what a shortened ARN leaves out.
    "an ARN of fewer than six parts": lambda s: any(
        pattern != "*" and pattern.count(":") < 5 for pattern in s.resources
    ),
    # "It can expand to match beyond the colon boundaries" where it ends a part (IAM User Guide,
    # "Resource"). The simulator does not let it.
    "a wildcard that spans parts of an ARN": lambda s: any(
        spans_parts(pattern, s.case.resource) for pattern in s.resources
    ),
    # AWS does not say which of the values counts. The simulator: none.
    "several values and no set operator": lambda s: any(
        len(s.values(key)) > 1 and not operator.startswith("For")
        for operator, key, _ in s.conditions
        if operator != "Null"
    ),
    # Absent keys make …IfExists true and ForAnyValue false; AWS does not say which comes first.
    "ForAnyValue…IfExists of an absent key": lambda s: any(
        operator.startswith("ForAny") and operator.endswith("IfExists") and not s.values(key)
        for operator, key, _ in s.conditions
    ),
    # ForAllValues is also true if "the key values resolve to a null data set, such as an empty
    # string" (IAM User Guide, "Set operators for multivalued context keys").
    "ForAllValues of an empty value": lambda s: any(
        operator.startswith("ForAll") and "" in s.values(key) for operator, key, _ in s.conditions
    ),
    # Null asks for a key that is there and "not null", which an empty tag may be.
    "Null of an empty value": lambda s: any(
        operator == "Null" and "" in s.values(key) for operator, key, _ in s.conditions
    ),
    # AWS does not say whether an IPv6 address is outside an IPv4 range.
    "an address and a range of different versions": lambda s: any(
        "IpAddress" in operator and s.values(key) and differ_in_version(wanted, s.values(key))
        for operator, key, wanted in s.conditions
    ),
}
"""Where ours does not know although it knows the whole request, and the simulator decides."""


def reasons(case: Case) -> set[str]:
    return {
        reason
        for reason, applies in UNKNOWN_BECAUSE.items()
        if any(applies(statement) for statement in statements(case))
    }


def simulated(case: Case) -> dict[str, Any]:
    # Keys that have a type of one value take no list.
    context = {key: list(v) if len(v) > 1 else v[0] for key, v in case.context.items()}
    return {
        "documents": case.documents,
        "principal": ROLE_ARN,
        "action": case.action,
        "resource": {"resource": case.resource, "accountId": NUMBER},
        "context": context,
    }


def ours(case: Case, *, hidden: frozenset[str] = frozenset()) -> Decision:
    context = {key.lower(): v for key, v in case.context.items() if key not in hidden}
    absent = frozenset(key.lower() for key in case.keys - hidden - case.context.keys())
    return evaluate(case.documents, Request(case.action, case.resource, context, absent))


@dataclass(frozen=True, slots=True)
class Compared:
    case: Case
    simulator: dict[str, Any]
    fully_told: Decision
    partly_told: Decision


@pytest.fixture(scope="module")
def compared(tmp_path_factory: pytest.TempPathFactory) -> list[Compared]:
    """Every case as both evaluators see it. One process simulates, while this one evaluates."""
    node = ENVIRONMENT / "bin" / "node"
    assert node.exists(), "The simulator is not installed. `make simulator` installs it."
    asked = list(cases(COUNT, seed=SEED))
    requests: Path = tmp_path_factory.mktemp("simulator") / "requests"
    requests.write_text("".join(f"{json.dumps(simulated(case))}\n" for case in asked))
    with requests.open() as stdin, requests.with_name("answers").open("w+") as stdout:
        process = subprocess.Popen(
            [node, SIMULATOR], cwd=ENVIRONMENT, stdin=stdin, stdout=stdout, text=True
        )
        decided = [(ours(case), ours(case, hidden=case.hidden)) for case in asked]
        assert process.wait() == 0
        stdout.seek(0)
        answers = [json.loads(line) for line in stdout]
    return [
        Compared(case, answer, *decisions)
        for case, answer, decisions in zip(asked, answers, decided, strict=True)
    ]


def test_the_simulator_takes_every_case(compared: list[Compared]) -> None:
    """It checks policies, actions, ARNs and condition keys before it evaluates."""
    refused = [(one.simulator, one.case) for one in compared if one.simulator.get("ignored") != []]

    assert len(compared) >= 10_000
    assert refused[:3] == []


def test_the_evaluators_never_contradict_each_other(compared: list[Compared]) -> None:
    contradictions = [
        (decision, one.simulator["result"], one.case)
        for one in compared
        for decision in (one.fully_told, one.partly_told)
        if one.simulator["result"] not in AGREE[decision]
    ]

    assert contradictions[:3] == []


def test_what_ours_does_not_know_of_a_whole_request_has_a_listed_reason(
    compared: list[Compared],
) -> None:
    unknown = [one for one in compared if one.fully_told is Decision.UNKNOWN]
    found = [reasons(one.case) for one in unknown]

    unexplained = [one.case for one, why in zip(unknown, found, strict=True) if not why]
    assert unexplained[:3] == []
    needed = {reason for why in found if len(why) == 1 for reason in why}
    assert needed == UNKNOWN_BECAUSE.keys(), "each reason alone explains a case"
    assert len(unknown) < 0.15 * len(compared)


def test_the_cases_are_of_every_sort(compared: list[Compared]) -> None:
    by_decision = Counter(one.fully_told for one in compared)
    by_knowledge = Counter(one.partly_told for one in compared)

    assert all(by_decision[decision] > 0.2 * len(compared) for decision in list(Decision)[:3])
    assert by_knowledge[Decision.UNKNOWN] > by_decision[Decision.UNKNOWN] > 0
